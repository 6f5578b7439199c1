//! `inertia remote …`: the daemons that this folder knows.

use crate::client::Client;
use crate::failure::{Attempt as _, Failure};
use crate::remotes::{Remote, Remotes};
use crate::render::{say, table};
use crate::settings::{Output, Settings};
use clap::{Args, Subcommand};
use deployd::wire::{ADDRESS_FILE, ADMIN_TOKEN_FILE, PIN_FILE, ServerInfo};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct RemoteArgs {
    #[command(subcommand)]
    command: RemoteCommand,
}

#[derive(Debug, Subcommand)]
enum RemoteCommand {
    /// Add a daemon under a local name
    Add {
        /// What to call it here
        name: String,
        /// The state folder of a daemon on this machine
        #[arg(long, value_name = "DIR", required = true)]
        local: PathBuf,
    },
    /// List the remotes
    Ls,
    /// Show a remote, without its token
    Show {
        /// Its name; may be left out when there is one
        name: Option<String>,
    },
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
        RemoteCommand::Add { name, local } => add(&mut remotes, name, local, settings),
        RemoteCommand::Ls => list(&remotes, settings),
        RemoteCommand::Show { name } => show(&remotes, named(name).as_deref(), settings),
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

fn add(remotes: &mut Remotes, name: &str, state: &Path, settings: &Settings) -> Result<ExitCode, Failure> {
    let state = settings.environment.cwd.join(state);
    let read = |file: &str| -> Result<String, Failure> {
        let path = state.join(file);
        let text = std::fs::read_to_string(&path)
            .attempt(format_args!("cannot read {}", path.display()))
            .map_err(|failure| {
                failure.hint(format!(
                    "is {} the state folder of a daemon that was started? `inertia daemon --state DIR` starts one",
                    state.display()
                ))
            })?;
        Ok(text.trim().to_owned())
    };
    let remote = Remote {
        address: read(ADDRESS_FILE)?,
        pin: read(PIN_FILE)?,
        token: read(ADMIN_TOKEN_FILE)?,
        state: Some(state.clone()),
    };
    let address = remote.address.clone();
    remotes.add(name, remote)?;
    remotes.save()?;
    done(
        settings,
        name,
        &format!("Added the remote '{name}' at {address}. Next: inertia {name} init"),
    )
}

fn list(remotes: &Remotes, settings: &Settings) -> Result<ExitCode, Failure> {
    match settings.output {
        Output::Json => say(&remotes
            .iter()
            .map(|(name, remote)| document(name, remote))
            .collect::<serde_json::Value>()
            .to_string()),
        Output::Text => say(&table::render(
            &["NAME", "ADDRESS"],
            remotes.iter().map(|(name, remote)| vec![name.to_owned(), remote.address.clone()]),
        )),
    }
}

fn show(remotes: &Remotes, name: Option<&str>, settings: &Settings) -> Result<ExitCode, Failure> {
    let (name, remote) = remotes.find(name)?;
    match settings.output {
        Output::Json => say(&document(name, remote).to_string()),
        Output::Text => {
            let state = remote
                .state
                .as_ref()
                .map(|state| format!("\nstate folder: {}", state.display()))
                .unwrap_or_default();
            say(&format!(
                "name: {name}\naddress: {}\npinned key: {}{state}",
                remote.address, remote.pin
            ))
        }
    }
}

fn document(name: &str, remote: &Remote) -> serde_json::Value {
    serde_json::json!({ "name": name, "address": remote.address, "pin": remote.pin, "state": remote.state })
}

fn status(remotes: &Remotes, name: Option<&str>, settings: &Settings) -> Result<ExitCode, Failure> {
    let (name, remote) = remotes.find(name)?;
    let client = Client::new(name, remote)?;
    let about: ServerInfo = super::block_on(client.get("/"))?;
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
