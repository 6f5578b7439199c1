//! `inertia doctor`: walks everything between this folder and a running project, and says what to mend.

mod daemon;
mod finding;
mod here;
mod project;
mod server;

use super::block_on;
use crate::failure::Failure;
use crate::remotes::{Remote, Remotes};
use crate::render::say;
use crate::settings::{Output, Settings};
use clap::Args;
use finding::{Findings, State};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The remote; the only one when left out
    name: Option<String>,
}

/// Looks at everything; exits with 1 when something is wrong.
pub(crate) fn run(arguments: &DoctorArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let mut findings = Findings::default();
    let remotes = here::look(settings, &mut findings);
    let named = arguments.name.as_deref().or(settings.remote.as_deref());
    if let Some((name, remote)) = chosen(remotes.as_ref(), named, &mut findings) {
        findings.remote = Some(name.clone());
        block_on(remote_findings(&name, &remote, settings, &mut findings))?;
    }
    match settings.output {
        Output::Json => say(&findings.document().to_string())?,
        Output::Text => say(&findings.text(settings.color_stdout))?,
    };
    Ok(ExitCode::from(u8::from(findings.worst() == State::Bad)))
}

/// The remote to look at; why there is none is a finding.
fn chosen(remotes: Option<&Remotes>, named: Option<&str>, findings: &mut Findings) -> Option<(String, Remote)> {
    let found = remotes?.find(named);
    match found {
        Ok((name, remote)) => Some((name.to_owned(), remote.clone())),
        Err(failure) => {
            let hint = failure.hints.first().cloned().unwrap_or_default();
            // Nobody named one, so that nothing is wrong: there is only nothing more to look at.
            let state = if named.is_some() { State::Bad } else { State::Skipped };
            findings.add("remote", state, failure.text(), Some(hint));
            None
        }
    }
}

async fn remote_findings(name: &str, remote: &Remote, settings: &Settings, findings: &mut Findings) -> Result<(), Failure> {
    let seen = match &remote.ssh {
        Some(access) => server::look(access, settings, findings).await,
        None => None,
    };
    daemon::look(name, remote, seen.as_ref(), settings, findings).await;
    if let Some(seen) = seen {
        seen.server.session.close().await;
    }
    Ok(())
}
