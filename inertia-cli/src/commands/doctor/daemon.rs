//! What a remote's daemon says, and what is seen of it.

use super::finding::{Findings, State};
use super::server::Seen;
use crate::client::{Client, Greeting};
use crate::failure::Failure;
use crate::remotes::{Reach, Remote, RemoteAddress};
use crate::settings::Settings;
use deployd::wire::ProjectInfo;
use std::time::Duration;

/// How long the daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks at the daemon from outside and from its own server.
pub(super) async fn look(name: &str, remote: &Remote, seen: Option<&Seen>, settings: &Settings, findings: &mut Findings) {
    if remote.pin.is_empty() {
        if seen.is_none_or(|seen| seen.inspection.is_none()) {
            return;
        }
        findings.bad(
            "daemon",
            "the server was not set up yet",
            format!("set it up: `inertia {name} init`"),
        );
        return;
    }
    container(name, remote, seen, findings);
    // An SSH connection that failed once would only fail again.
    if remote.tunnel && remote.ssh.is_some() && seen.is_none() {
        findings.add("daemon", State::Skipped, "it is reached through SSH, which does not work", None);
        return;
    }
    let client = match Client::open(name, remote, settings) {
        Ok(client) => client,
        Err(failure) => return findings.failure("daemon", &failure),
    };
    match client.greet().await {
        Greeting::Daemon(info) => {
            let by = if remote.tunnel { "through SSH" } else { "from here" };
            findings.good("daemon", format!("it answers at {} {by}, version {}", remote.address, info.version));
            findings.good("certificate", "it shows the key that is pinned");
            version(name, &info.version, findings);
        }
        Greeting::AnotherKey(failure) => return findings.failure("certificate", &failure),
        Greeting::Silence(failure) | Greeting::Stranger(failure) => return findings.failure("daemon", &failure),
    }
    if let Err(failure) = patient(client.ready()).await {
        findings.bad(
            "daemon",
            format!("it is not ready: {}", failure.text()),
            format!("its words: `inertia {name} logs --daemon`"),
        );
    }
    match patient(client.get::<Vec<ProjectInfo>>("/v1/projects")).await {
        Ok(projects) => {
            findings.good("token", format!("it is accepted; {} project(s) are registered", projects.len()));
            super::project::look(&client, &projects, settings, findings).await;
        }
        Err(failure) => findings.failure("token", &failure),
    }
    webhook(name, remote, findings);
}

pub(super) async fn patient<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => done,
        Err(_) => Err(Failure::new(format!("it does not answer within {} seconds", PATIENCE.as_secs()))
            .hint("a firewall may swallow what is sent to its port: open it, or set the remote up again to go through SSH")),
    }
}

/// The container, as its engine sees it.
fn container(name: &str, remote: &Remote, seen: Option<&Seen>, findings: &mut Findings) {
    let Some(inspection) = seen.and_then(|seen| seen.inspection.as_ref()) else {
        return;
    };
    let remedy = format!("`inertia {name} init` mends it");
    match &inspection.daemon {
        None => findings.bad("container", "there is no daemon on the server", remedy),
        Some(daemon) if !daemon.running => findings.bad("container", format!("the daemon is {}", daemon.status), remedy),
        Some(daemon) => {
            findings.good("container", format!("{}, {}", daemon.image, daemon.status));
            if daemon.pin.as_ref().is_some_and(|pin| *pin != remote.pin) {
                findings.bad(
                    "certificate",
                    "the daemon has another key than the one that is pinned here",
                    format!("if the server was set up anew, take its new key over SSH: `inertia {name} init`"),
                );
            }
        }
    }
}

fn version(name: &str, found: &str, findings: &mut Findings) {
    let own = env!("CARGO_PKG_VERSION");
    if found != own {
        findings.warning(
            "version",
            format!("the daemon is {found}, this program {own}"),
            format!("`inertia {name} upgrade` brings this one's"),
        );
    }
}

/// Whether a git host can reach the daemon.
fn webhook(name: &str, remote: &Remote, findings: &mut Findings) {
    let address = RemoteAddress::of(remote);
    match address.reach() {
        Reach::Nobody => findings.warning(
            "webhook",
            "the daemon's port is closed from outside: no git host reaches it; until one has reported a push, it looks for new commits every minute by itself",
            format!("open the port and run `inertia {name} init` again"),
        ),
        Reach::Here | Reach::Nearby => findings.warning(
            "webhook",
            format!(
                "git hosts on the internet cannot reach {}; until one has reported a push, the daemon looks for new commits every minute by itself",
                address.host()
            ),
            "a public address, or a port that is passed on, lets webhooks in",
        ),
        Reach::Anywhere => findings.good(
            "webhook",
            format!(
                "this machine reaches it at {}; whether a git host does shows with its first delivery",
                address.as_str()
            ),
        ),
    }
}
