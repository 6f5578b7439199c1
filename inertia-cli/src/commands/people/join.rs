//! `inertia join`: a second person takes a remote over, with a token of their own.

use super::line::Line;
use crate::client::Client;
use crate::commands::block_on;
use crate::failure::Failure;
use crate::remotes::{Remote, Remotes};
use crate::render::say;
use crate::settings::{Output, Settings};
use clap::Args;
use deployd::wire::{JoinRequest, TokenCreated};
use std::process::ExitCode;

#[derive(Args)]
pub(crate) struct JoinArgs {
    /// The line that `user add` printed, in quotes
    line: String,
    /// What to call the remote here; like its host when left out
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
}

impl std::fmt::Debug for JoinArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinArgs").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Exchanges the line for a token and keeps it as a remote.
pub(crate) fn run(arguments: &JoinArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let line = Line::parse(&arguments.line)?;
    let name = arguments.name.clone().unwrap_or_else(|| line.usual_remote());
    let mut remotes = Remotes::load(&settings.environment.cwd)?;
    let remote = |token: String| Remote {
        address: line.address.clone(),
        pin: line.pin.clone(),
        token,
        ..Remote::default()
    };
    // The line is good once: whatever else may fail comes before it is used.
    remotes.add(&name, remote(String::new()))?;
    remotes.save()?;
    let joined = exchange(&name, &remote(String::new()), &line);
    remotes.remove(&name)?;
    let joined = match joined {
        Ok(joined) => joined,
        Err(failure) => {
            remotes.save()?;
            return Err(failure);
        }
    };
    remotes.add(&name, remote(joined.token))?;
    remotes.save()?;
    let info = joined.info;
    match settings.output {
        Output::Json => say(&serde_json::json!({ "name": name, "address": line.address, "role": info.role }).to_string()),
        Output::Text => say(&format!(
            "You are {} ({}) at '{name}', {}. Next: inertia {name} status",
            info.subject, info.role, line.address
        )),
    }
}

fn exchange(name: &str, remote: &Remote, line: &Line) -> Result<TokenCreated, Failure> {
    let client = Client::new(name, remote)?;
    let request = JoinRequest {
        name: line.name.clone(),
        code: line.code.clone(),
    };
    block_on(client.introduce("/v1/join", &request))
}
