//! From a bare server to a daemon that answers: every step is safe to take again.
//!
//! Connect → look (`probe`, `checks`) → become root (`server`) → Docker (`docker`) → send this program
//! (`program`, `upload`) → let it make the daemon there (`far_side`, [`crate::far_end`]) → write down how
//! the daemon is reached → prove it (`prove`).

mod checks;
mod docker;
mod far_side;
mod firewall;
mod log;
mod probe;
mod program;
mod prove;
mod server;
mod steps;
mod upload;

pub(crate) use crate::far_end::wire::Inspection;
pub(crate) use checks::look_over;
pub(crate) use log::daemon_log;
pub(crate) use prove::Closed;
pub(crate) use server::Server;
pub(crate) use steps::Steps;

use crate::ask::Ask;
use crate::failure::Failure;
use crate::far_end::wire::{InstallRequest, Installed, Outcome, RemoveRequest, Removed, Word};
use crate::remotes::{Remote, Remotes, SshAccess};
use crate::settings::Settings;
use crate::ssh::{Destination, NewHostKeys, Session};
use checks::Room;
use clap::Args;
use probe::Sudo;
use program::Program;
use server::Tail;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// The port of the daemon on a server where nobody said another.
pub(crate) use crate::far_end::USUAL_PORT as DAEMON_PORT;

/// How a server is set up.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct BootstrapArgs {
    /// Remember the key of a host that is not known yet without asking
    #[arg(long)]
    pub(crate) accept_new_host_key: bool,
    /// The program to send to the server, for one of another architecture
    #[arg(long, value_name = "FILE")]
    daemon_binary: Option<PathBuf>,
    /// An image for the daemon to pull, instead of making one from the program
    #[arg(long, value_name = "REF")]
    daemon_image: Option<String>,
    /// Let this program's older daemon take the place of a newer one
    #[arg(long)]
    allow_downgrade: bool,
}

/// What a server is set up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// A daemon that works, of the image that was asked for when it was made.
    Work,
    /// The daemon that this program brings.
    Upgrade,
}

/// What setting up came to.
pub(crate) struct Done {
    /// What the far end says about the daemon.
    pub(crate) installed: Installed,
    /// How it is reached from now on.
    pub(crate) remote: Remote,
    /// What keeps its port from answering, where something does.
    pub(crate) closed_by: Option<Closed>,
}

/// Sets a remote's server up, or finds it set up, and writes down how its daemon is reached.
pub(crate) async fn run(
    name: &str,
    remotes: &mut Remotes,
    (goal, options): (Goal, &BootstrapArgs),
    steps: &mut Steps,
    settings: &Settings,
) -> Result<Done, Failure> {
    let remote = remotes.find(Some(name))?.1.clone();
    let access = access(name, &remote)?.clone();
    let mut server = connect(&access, options.accept_new_host_key, steps, settings).await?;
    remotes.host_key_taken(name)?;
    look_closer(&server, &remote, &access, steps)?;
    let needed = server.facts.docker.is_none() || !server.facts.socket_writable;
    let program = prepare(&mut server, needed, options, steps, settings).await?;
    docker::provide(&server, steps).await?;
    steps.begin("Send the program");
    let (path, _) = upload::provide(&server, &program, steps).await?;
    let installed = install(&server, &path, &access, (goal, options), steps).await?;
    let remote = reached(&remote, &access, &path, &installed, &server);
    // Written before it is proven: whatever happens next, the token is not lost.
    remotes.record(name, remote.clone())?;
    let (remote, closed_by) = prove::prove(name, remote, &server, steps, settings).await?;
    remotes.record(name, remote.clone())?;
    server.session.close().await;
    Ok(Done {
        installed,
        remote,
        closed_by,
    })
}

/// Takes the daemon away from a remote's server; what was found there.
pub(crate) async fn uninstall(
    remote: (&str, &Remote),
    data: bool,
    options: &BootstrapArgs,
    steps: &mut Steps,
    settings: &Settings,
) -> Result<Removed, Failure> {
    let access = access(remote.0, remote.1)?;
    let mut server = connect(access, options.accept_new_host_key, steps, settings).await?;
    if server.facts.docker.is_none() && !data {
        steps.finish("there is no Docker, and so no daemon");
        return Ok(Removed::default());
    }
    // A full disk or a wrong clock is no reason to keep a daemon.
    steps.begin_asking("Check that it will do");
    let user = &server.session.destination().user;
    checks::rights(&server.facts, user)?;
    if data {
        checks::root(&server.facts, user)?;
    }
    let needed = data || !server.facts.socket_writable;
    let program = prepare(&mut server, needed, options, steps, settings).await?;
    if server.facts.docker.is_some() {
        docker::wake(&server, steps).await?;
    }
    steps.begin("Send the program");
    let (path, _) = upload::provide(&server, &program, steps).await?;
    steps.begin("Look for the daemon");
    let request = RemoveRequest {
        data,
        home: server.facts.home.clone(),
    };
    let removed = far_side::call(&server, &path, "remove", &request, &mut |word| steps.hear(word)).await?;
    let Word::Removed(removed) = removed else {
        return Err(unexpected());
    };
    steps.begin("Remove the program");
    let folder = crate::ssh::quote(path.rsplit_once('/').map_or(path.as_str(), |(folder, _)| folder));
    let script = format!("rm -rf {folder}/inertia {folder}/inertia-* {folder}/.image-*; rmdir {folder} 2>/dev/null; true");
    server.script_as_root(&script, &mut Tail::default()).await?;
    steps.finish("");
    server.session.close().await;
    Ok(removed)
}

/// What engine and daemon of a server are like, as the program that was sent there sees them.
pub(crate) async fn inspect(server: &Server, program: &str) -> Result<Inspection, Failure> {
    match far_side::call(server, program, "inspect", &(), &mut |_| {}).await? {
        Word::Inspected(inspection) => Ok(inspection),
        _ => Err(unexpected()),
    }
}

/// How a remote's server is reached over SSH.
pub(crate) fn access<'a>(name: &str, remote: &'a Remote) -> Result<&'a SshAccess, Failure> {
    remote.ssh.as_ref().ok_or_else(|| {
        Failure::new(format!("the remote '{name}' is not reached over SSH"))
            .hint(format!("say where its server is: `inertia remote set {name} host ADDRESS`"))
    })
}

/// Connects to a server and looks at it.
pub(crate) async fn connect(access: &SshAccess, accept_new: bool, steps: &mut Steps, settings: &Settings) -> Result<Server, Failure> {
    let destination = Destination::resolve(&access.wanted(), &settings.environment)?;
    steps.begin_asking(format!("Connect to {}", destination.shown()));
    let session = session(&destination, accept_new || access.accept_new_host_key, settings).await?;
    steps.begin("Look at the server");
    let server = Server::look(session).await?;
    let facts = &server.facts;
    let memory = facts.memory_mib.map(|mib| format!(", {mib} MiB of memory")).unwrap_or_default();
    let engine = if facts.docker.is_some() { "with Docker" } else { "without Docker" };
    let seen = format!("{} on {}{memory}, {engine}", facts.os_name, facts.machine);
    steps.finish(&seen);
    Ok(server)
}

/// A connection to a destination.
pub(crate) async fn session(destination: &Destination, accept_new: bool, settings: &Settings) -> Result<Session, Failure> {
    let ask = Ask::of(settings);
    let policy = if accept_new { NewHostKeys::Accept } else { NewHostKeys::Ask(ask) };
    Ok(Session::connect(destination, policy, ask).await?)
}

/// Everything that can be refused before the server is touched.
fn look_closer(server: &Server, remote: &Remote, access: &SshAccess, steps: &mut Steps) -> Result<(), Failure> {
    steps.begin_asking("Check that it will do");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let port = access.daemon_port.unwrap_or(DAEMON_PORT);
    // What mends a daemon that is there is not refused for the room that a new one would need.
    let room = if remote.pin.is_empty() { Room::ForAll } else { Room::ForRepair };
    checks::server(&server.facts, port, i64::try_from(now).unwrap_or(i64::MAX), room)?;
    checks::rights(&server.facts, &server.session.destination().user)
}

/// The program that the server will run; root is had, where it is needed.
async fn prepare(
    server: &mut Server,
    needed: bool,
    options: &BootstrapArgs,
    steps: &mut Steps,
    settings: &Settings,
) -> Result<Program, Failure> {
    let file = options.daemon_binary.as_ref().map(|file| settings.environment.cwd.join(file));
    let program = Program::fitting(file.as_deref(), &server.facts.machine)?;
    server.become_root(needed, &settings.environment, Ask::of(settings)).await?;
    steps.finish(match server.facts.sudo {
        Sudo::Root => "as root",
        Sudo::Free => "with sudo",
        Sudo::Password if needed => "with sudo and its password",
        Sudo::Password | Sudo::None => "by the engine's socket",
    });
    Ok(program)
}

async fn install(
    server: &Server,
    program: &str,
    access: &SshAccess,
    (goal, options): (Goal, &BootstrapArgs),
    steps: &mut Steps,
) -> Result<Installed, Failure> {
    steps.begin("Look at the daemon");
    let request = InstallRequest {
        port: access.daemon_port,
        home: server.facts.home.clone(),
        image: options.daemon_image.clone(),
        keep_image: goal == Goal::Work && options.daemon_binary.is_none(),
        allow_downgrade: options.allow_downgrade,
    };
    let Word::Installed(installed) = far_side::call(server, program, "install", &request, &mut |word| steps.hear(word)).await? else {
        return Err(unexpected());
    };
    steps.finish(match installed.outcome {
        Outcome::Created => "it runs",
        Outcome::LeftAlone => "it runs already, and is as it should be",
        Outcome::Started => "it did not answer, and runs again",
        Outcome::Replaced => "it runs; its state was kept",
    });
    Ok(installed)
}

fn unexpected() -> Failure {
    Failure::new("the program on the server gave another answer than was expected")
        .hint("is `--daemon-binary` of the same version as this one?")
}

/// How the daemon is reached, as far as that is known before it was tried.
fn reached(remote: &Remote, access: &SshAccess, program: &str, installed: &Installed, server: &Server) -> Remote {
    let host = &server.session.destination().host;
    let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    Remote {
        address: format!("https://{host}:{}", installed.port),
        pin: installed.pin.clone(),
        token: installed.token.clone(),
        ssh: Some(SshAccess {
            daemon_port: Some(installed.port),
            program: Some(upload::lasting_name(program)),
            // Used up by the connection that this was learned through.
            accept_new_host_key: false,
            ..access.clone()
        }),
        ..remote.clone()
    }
}
