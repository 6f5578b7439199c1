//! `inertia remote …`: the daemons that this folder knows.

mod add;
mod set;

use crate::client::Client;
use crate::failure::Failure;
use crate::remotes::{Remote, Remotes};
use crate::render::{say, table};
use crate::settings::{Output, Settings};
use clap::{Args, Subcommand};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct RemoteArgs {
    #[command(subcommand)]
    command: RemoteCommand,
}

#[derive(Debug, Subcommand)]
enum RemoteCommand {
    /// Add a server, or a daemon on this machine, under a local name; asks for what is missing
    Add(add::AddArgs),
    /// List the remotes
    Ls,
    /// Show a remote, without its token
    Show {
        /// Its name; may be left out when there is one
        name: Option<String>,
    },
    /// Change how a remote is reached
    Set(set::SetArgs),
    /// Forget a remote; the daemon and what it runs stay as they are
    Rm {
        /// Its name
        name: String,
    },
    /// Ask a remote whether it accepts requests
    Status {
        /// Its name; may be left out when there is one
        name: Option<String>,
    },
}

/// Runs a `remote` command.
pub(crate) fn run(arguments: &RemoteArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let mut remotes = Remotes::load(&settings.environment.cwd)?;
    let named = |name: &Option<String>| name.clone().or_else(|| settings.remote.clone());
    match &arguments.command {
        RemoteCommand::Add(arguments) => add::run(arguments, &mut remotes, settings),
        RemoteCommand::Ls => list(&remotes, settings),
        RemoteCommand::Show { name } => show(&remotes, named(name).as_deref(), settings),
        RemoteCommand::Set(arguments) => set::run(arguments, &mut remotes, settings),
        RemoteCommand::Rm { name } => {
            remotes.remove(name)?;
            remotes.save()?;
            done(settings, name, &format!("Forgot the remote '{name}'."))
        }
        RemoteCommand::Status { name } => status(&remotes, named(name).as_deref(), settings),
    }
}

fn done(settings: &Settings, name: &str, text: &str) -> Result<ExitCode, Failure> {
    match settings.output {
        Output::Json => say(&serde_json::json!({ "name": name }).to_string()),
        Output::Text => say(text),
    }
}

fn list(remotes: &Remotes, settings: &Settings) -> Result<ExitCode, Failure> {
    match settings.output {
        Output::Json => say(&remotes
            .iter()
            .map(|(name, remote)| document(name, remote))
            .collect::<serde_json::Value>()
            .to_string()),
        Output::Text => say(&table::render(
            &["NAME", "ADDRESS", "SERVER"],
            remotes
                .iter()
                .map(|(name, remote)| vec![name.to_owned(), shown_address(remote).to_owned(), place(remote)]),
        )),
    }
}

fn shown_address(remote: &Remote) -> &str {
    if remote.address.is_empty() {
        "(not set up)"
    } else {
        &remote.address
    }
}

/// Where its daemon runs.
fn place(remote: &Remote) -> String {
    match (&remote.ssh, &remote.state) {
        (Some(access), _) => access
            .user
            .as_ref()
            .map_or_else(|| access.host.clone(), |user| format!("{user}@{}", access.host)),
        (None, Some(state)) => state.display().to_string(),
        (None, None) => String::new(),
    }
}

fn show(remotes: &Remotes, name: Option<&str>, settings: &Settings) -> Result<ExitCode, Failure> {
    let (name, remote) = remotes.find(name)?;
    if settings.output == Output::Json {
        return say(&document(name, remote).to_string());
    }
    let mut lines = vec![
        format!("name: {name}"),
        format!("address: {}", shown_address(remote)),
        format!("pinned key: {}", remote.pin),
    ];
    if let Some(state) = &remote.state {
        lines.push(format!("state folder: {}", state.display()));
    }
    if let Some(access) = &remote.ssh {
        let or_config = |value: Option<String>| value.unwrap_or_else(|| "as ~/.ssh/config says".to_owned());
        lines.extend([
            format!("host: {}", access.host),
            format!("user: {}", or_config(access.user.clone())),
            format!("ssh-port: {}", or_config(access.port.map(|port| port.to_string()))),
            format!("key: {}", or_config(access.key.as_ref().map(|key| key.display().to_string()))),
            format!("port: {}", access.daemon_port.unwrap_or(crate::bootstrap::DAEMON_PORT)),
            format!("tunnel: {}", remote.tunnel),
        ]);
    }
    say(&lines.join("\n"))
}

fn document(name: &str, remote: &Remote) -> serde_json::Value {
    serde_json::json!({
        "name": name,
        "address": remote.address,
        "pin": remote.pin,
        "state": remote.state,
        "tunnel": remote.tunnel,
        "ssh": remote.ssh,
    })
}

fn status(remotes: &Remotes, name: Option<&str>, settings: &Settings) -> Result<ExitCode, Failure> {
    let (name, remote) = remotes.find(name)?;
    let client = Client::open(name, remote, settings)?;
    let about = super::block_on(client.about())?;
    match settings.output {
        Output::Json => {
            say(&serde_json::json!({ "name": name, "address": remote.address, "version": about.version, "accepting": true }).to_string())
        }
        Output::Text => say(&format!(
            "Remote instance '{name}' accepting requests at {}\nversion {}",
            remote.address, about.version
        )),
    }
}
