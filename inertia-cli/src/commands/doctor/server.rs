//! What can be seen on a remote's server.

use super::finding::{Findings, State};
use crate::ask::Ask;
use crate::bootstrap::{self, Inspection, Server};
use crate::failure::Failure;
use crate::remotes::SshAccess;
use crate::repository::Repository;
use crate::settings::Settings;
use crate::ssh::{Destination, quote};
use std::time::{SystemTime, UNIX_EPOCH};

/// Below this a server is short of memory.
const SHORT_OF_MEMORY_MIB: u64 = 400;
/// Below this images will not fit much longer.
const SHORT_OF_ROOM_MIB: u64 = 3 * 1024;

/// A server that we are connected to, and what its engine says.
pub(super) struct Seen {
    pub(super) server: Server,
    pub(super) inspection: Option<Inspection>,
}

/// Connects to the server and looks around.
pub(super) async fn look(access: &SshAccess, settings: &Settings, findings: &mut Findings) -> Option<Seen> {
    let mut server = match connect(access, settings).await {
        Ok(server) => server,
        Err(failure) => {
            findings.failure("ssh", &failure);
            return None;
        }
    };
    findings.good("ssh", format!("connected to {}", server.session.destination().shown()));
    facts(&server, findings);
    dns(&server, settings, findings).await;
    let inspection = engine(&mut server, access, settings, findings).await;
    Some(Seen { server, inspection })
}

async fn connect(access: &SshAccess, settings: &Settings) -> Result<Server, Failure> {
    let destination = Destination::resolve(&access.wanted(), &settings.environment)?;
    Server::look(bootstrap::session(&destination, access.accept_new_host_key, settings).await?).await
}

fn facts(server: &Server, findings: &mut Findings) {
    let facts = &server.facts;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    for (area, checked) in bootstrap::look_over(facts, i64::try_from(now).unwrap_or(i64::MAX)) {
        match checked {
            Ok(good) => findings.good(area, good),
            Err(failure) => findings.failure(area, &failure),
        }
    }
    if let Some(free) = facts.free_images_mib.filter(|&free| (1024..SHORT_OF_ROOM_MIB).contains(&free)) {
        findings.warning(
            "disk",
            format!("{free} MiB are left for images"),
            "`docker system df` there shows what Docker keeps, `docker image prune -a` removes images that no container uses",
        );
    }
    if let Some(memory) = facts.memory_mib.filter(|&memory| memory < SHORT_OF_MEMORY_MIB) {
        findings.warning(
            "memory",
            format!("{memory} MiB"),
            "builds may need more: add swap, or build elsewhere",
        );
    }
}

/// Whether the server finds the host of the project's repository.
async fn dns(server: &Server, settings: &Settings, findings: &mut Findings) {
    let origin = Repository::discover(&settings.environment.cwd).and_then(|repository| repository.origin().ok());
    let Some(host) = origin.as_deref().and_then(host_of) else {
        findings.add(
            "dns",
            State::Skipped,
            "this folder has no repository on another host to look for",
            None,
        );
        return;
    };
    match server.run(&format!("getent hosts {} || getent ahosts {0}", quote(&host))).await {
        Ok(told) if told.succeeded() => findings.good("dns", format!("the server finds {host}")),
        Ok(_) => findings.bad(
            "dns",
            format!("the server does not find the address of {host}"),
            "`cat /etc/resolv.conf` there: a name server that answers is needed",
        ),
        Err(error) => findings.failure("dns", &error.into()),
    }
}

/// The host in a repository's URL; `None` for paths.
fn host_of(url: &str) -> Option<String> {
    let rest = match url.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => rest.split('/').next()?,
        // scp's form: `user@host:path`.
        None => url
            .split_once(':')
            .map(|(before, _)| before)
            .filter(|before| !before.contains('/'))?,
    };
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.chars().all(|c| c.is_ascii_digit()) => host,
        _ => host,
    };
    (!host.is_empty()).then(|| host.to_owned())
}

async fn engine(server: &mut Server, access: &SshAccess, settings: &Settings, findings: &mut Findings) -> Option<Inspection> {
    if server.facts.docker.is_none() {
        findings.bad("engine", "there is no Docker on the server", "`inertia NAME init` installs it");
        return None;
    }
    let Some(program) = &access.program else {
        findings.bad("daemon", "the server was not set up yet", "set it up: `inertia NAME init`");
        return None;
    };
    let needed = !server.facts.socket_writable;
    if let Err(failure) = server.become_root(needed, &settings.environment, Ask::of(settings)).await {
        findings.add(
            "engine",
            State::Skipped,
            format!("not looked at: {}", failure.text()),
            failure.hints.first().cloned(),
        );
        return None;
    }
    match bootstrap::inspect(server, program).await {
        Ok(inspection) => {
            findings.good("engine", format!("Docker {}, API {}", inspection.engine, inspection.api));
            Some(inspection)
        }
        Err(failure) => {
            findings.failure("engine", &failure);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn hosts_of_repositories() {
        for (url, host) in [
            ("https://git.example.com/a/b.git", Some("git.example.com")),
            ("https://me:secret@git.example.com:8443/b.git", Some("git.example.com")),
            ("ssh://git@git.example.com:22/b.git", Some("git.example.com")),
            ("git@git.example.com:a/b.git", Some("git.example.com")),
            ("file:///srv/b.git", None),
            ("/srv/b.git", None),
            ("./b:c.git", None),
        ] {
            assert_eq!(host_of(url).as_deref(), host, "{url}");
        }
    }
}
