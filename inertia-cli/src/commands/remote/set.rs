//! `inertia remote set`: changes how a remote is reached.

use super::add::{check_host, warn_of_missing_key};
use super::done;
use crate::failure::Failure;
use crate::remotes::{Remotes, SshAccess};
use crate::settings::Settings;
use crate::ssh::Destination;
use clap::{Args, ValueEnum};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// The remote
    name: String,
    /// What to change
    key: Key,
    /// What it becomes; empty text for what is usual
    value: String,
}

/// What can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Key {
    /// The server's name or address
    Host,
    /// The user to connect as
    User,
    /// The port of SSH
    SshPort,
    /// The private key to show
    #[value(name = "key")]
    Identity,
    /// Whether the next connection may take a host key that is not known yet: true or false
    #[value(name = "accept-new-host-key")]
    NewHost,
    /// The daemon's port on the server
    Port,
    /// Whether the daemon is reached through SSH: true or false
    Tunnel,
}

/// Changes a remote.
pub(super) fn run(arguments: &SetArgs, remotes: &mut Remotes, settings: &Settings) -> Result<ExitCode, Failure> {
    let (name, value) = (&arguments.name, arguments.value.trim());
    let mut remote = remotes.find(Some(name))?.1.clone();
    let mut access = match remote.ssh.take() {
        Some(access) => access,
        None if arguments.key == Key::Host => SshAccess::default(),
        None => {
            return Err(Failure::new(format!("the remote '{name}' is not reached over SSH"))
                .hint(format!("say where its server is first: `inertia remote set {name} host ADDRESS`")));
        }
    };
    let given = (!value.is_empty()).then(|| value.to_owned());
    let mut then = String::new();
    match arguments.key {
        Key::Host => {
            check_host(value)?;
            value.clone_into(&mut access.host);
            // It was said about the host of before.
            access.accept_new_host_key = false;
            then = format!(" Next: inertia {name} init");
        }
        Key::User => access.user = given,
        Key::SshPort => {
            access.port = given.map(|value| port(&value)).transpose()?;
            access.accept_new_host_key = false;
        }
        Key::Identity => {
            access.key = given.map(|value| settings.environment.cwd.join(value));
            // What else is wrong with the way there is no matter of the key.
            if let Ok(destination) = Destination::resolve(&access.wanted(), &settings.environment) {
                warn_of_missing_key(name, &destination);
            }
        }
        Key::Port => {
            access.daemon_port = given.map(|value| port(&value)).transpose()?;
            then = format!(" Next: inertia {name} init");
        }
        Key::NewHost => access.accept_new_host_key = truth(value)?,
        Key::Tunnel => remote.tunnel = truth(value)?,
    }
    remote.ssh = Some(access);
    remotes.record(name, remote)?;
    done(settings, name, &format!("Changed the remote '{name}'.{then}"))
}

fn truth(text: &str) -> Result<bool, Failure> {
    text.parse()
        .map_err(|_| Failure::usage(format!("'{text}' is neither true nor false")))
}

fn port(text: &str) -> Result<u16, Failure> {
    text.parse()
        .ok()
        .filter(|&port| port > 0)
        .ok_or_else(|| Failure::usage(format!("'{text}' is no port: a number from 1 to 65535 is expected")))
}
