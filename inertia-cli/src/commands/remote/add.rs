//! `inertia remote add`: a server by its address, or a daemon's state folder on this machine.

use super::done;
use crate::ask::Ask;
use crate::failure::{Attempt as _, Failure};
use crate::remotes::{Remote, Remotes, SshAccess};
use crate::render::note;
use crate::settings::Settings;
use crate::ssh::{Destination, Wanted};
use clap::Args;
use deployd::wire::{ADDRESS_FILE, ADMIN_TOKEN_FILE, PIN_FILE};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How long a daemon on this machine may take to begin.
const STARTING: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// What to call it here
    name: String,
    /// The server's name or address, or a Host of ~/.ssh/config
    #[arg(short, long, value_name = "HOST")]
    address: Option<String>,
    /// The user to connect as: root, or one who may use sudo
    #[arg(short, long)]
    user: Option<String>,
    /// The port of SSH
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    ssh_port: Option<u16>,
    /// The daemon's port on the server [default: 8081]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// The private key to show
    #[arg(short = 'i', long = "identity", value_name = "KEY")]
    identity: Option<PathBuf>,
    /// Remember the server's host key without asking when it is not known yet, at the first connection
    #[arg(long)]
    accept_new_host_key: bool,
    /// The state folder of a daemon on this machine
    #[arg(long, value_name = "DIR", conflicts_with_all = ["address", "user", "ssh_port", "port", "identity", "accept_new_host_key"])]
    local: Option<PathBuf>,
}

/// Adds a remote.
pub(super) fn run(arguments: &AddArgs, remotes: &mut Remotes, settings: &Settings) -> Result<ExitCode, Failure> {
    let name = &arguments.name;
    let (remote, place) = match &arguments.local {
        Some(state) => {
            let remote = local(&settings.environment.cwd.join(state))?;
            let place = remote.address.clone();
            (remote, place)
        }
        None => server(arguments, settings)?,
    };
    remotes.add(name, remote)?;
    remotes.save()?;
    done(
        settings,
        name,
        &format!("Added the remote '{name}' at {place}. Next: inertia {name} init"),
    )
}

fn server(arguments: &AddArgs, settings: &Settings) -> Result<(Remote, String), Failure> {
    let ask = Ask::of(settings);
    let given = match &arguments.address {
        Some(address) => Some(address.clone()),
        None => ask.text("Address of the server", None)?,
    };
    let given = given.ok_or_else(|| {
        Failure::usage("where is the server?")
            .hint(format!("give its address: `inertia remote add {} -a HOST -u USER`", arguments.name))
            .hint("or name the state folder of a daemon on this machine: `--local DIR`")
    })?;
    let (user, host) = match given.trim().rsplit_once('@') {
        Some((user, host)) => (Some(user.to_owned()), host.to_owned()),
        None => (None, given.trim().to_owned()),
    };
    check_host(&host)?;
    let mut access = SshAccess {
        host,
        user: arguments.user.clone().or(user),
        port: arguments.ssh_port,
        key: arguments.identity.as_ref().map(|key| settings.environment.cwd.join(key)),
        daemon_port: arguments.port,
        accept_new_host_key: arguments.accept_new_host_key,
        program: None,
    };
    let destination = Destination::resolve(&access.wanted(), &settings.environment)?;
    if access.user.is_none() && arguments.address.is_none() {
        access.user = ask.text("User there", Some(&destination.user))?;
    }
    let wanted = Wanted {
        user: access.user.clone(),
        ..access.wanted()
    };
    let destination = Destination::resolve(&wanted, &settings.environment)?;
    warn_of_missing_key(&arguments.name, &destination);
    let place = destination.shown();
    let remote = Remote {
        ssh: Some(access),
        ..Remote::default()
    };
    Ok((remote, place))
}

/// A key may be made later; a slip in its name shows now.
pub(super) fn warn_of_missing_key(name: &str, destination: &Destination) {
    if let Some(path) = destination.missing_key() {
        note(&format!(
            "warning: there is no key {}; `inertia remote set {name} key KEY` names another",
            path.display()
        ));
    }
}

/// Refuses what cannot be a host.
pub(super) fn check_host(host: &str) -> Result<(), Failure> {
    let fits = !host.is_empty() && !host.starts_with('-') && host.chars().all(|c| c.is_alphanumeric() || "-._:%".contains(c));
    // More than one colon is an IPv6 address.
    if fits && host.matches(':').count() != 1 {
        return Ok(());
    }
    Err(Failure::usage(format!("'{host}' is no address of a server"))
        .hint("a name (web.example.com), an IPv4 or an IPv6 address is expected; ports have flags of their own: --ssh-port, --port"))
}

/// A daemon that was just started is given a moment to write where it is.
fn local(state: &Path) -> Result<Remote, Failure> {
    let begun = Instant::now();
    while !state.join(ADDRESS_FILE).exists() && begun.elapsed() < STARTING {
        std::thread::sleep(Duration::from_millis(50));
    }
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
    Ok(Remote {
        address: read(ADDRESS_FILE)?,
        pin: read(PIN_FILE)?,
        token: read(ADMIN_TOKEN_FILE)?,
        state: Some(state.to_owned()),
        ..Remote::default()
    })
}
