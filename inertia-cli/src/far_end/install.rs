//! Making the daemon's container, or putting another in its place, with a way back.

use super::container::{Found, NAME, NEXT, PREVIOUS, Specification, USUAL_PORT, is_as};
use super::wire::{InstallRequest, Installed, Outcome, Word};
use super::{engine, files, image, tell};
use crate::client::Client;
use crate::commands::block_on;
use crate::environment::Environment;
use crate::failure::{Attempt as _, Failure};
use crate::remotes::Remote;
use compose_core::engine::request::ContainerBody;
use compose_core::engine::{AnonymousVolumes, ContainerStatus, DockerEngine, Engine as _, LogRequest, Selector};
use compose_core::names::{ContainerId, ContainerName};
use deployd::wire::{ADMIN_TOKEN_FILE, PIN_FILE};
use futures::StreamExt as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a new daemon may take to answer.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long the old one may take to stop.
const GRACE: Duration = Duration::from_secs(30);

/// Does what the request on standard input says.
pub(super) fn run() -> Result<Word, Failure> {
    let request = Environment::standard_input().attempt("cannot read the request")?;
    let request: InstallRequest = serde_json::from_slice(&request).attempt("the request is not understood")?;
    block_on(install(&request)).map(Word::Installed)
}

async fn install(request: &InstallRequest) -> Result<Installed, Failure> {
    let engine = engine().await?;
    let found = mend(&engine).await?;
    let state = found
        .state()
        .unwrap_or_else(|| format!("{}/.inertia", request.home.trim_end_matches('/')));
    let port = request.port.or(found.port()).unwrap_or(USUAL_PORT);
    if found.port() != Some(port) || found.current.is_none() {
        port_is_free(&engine, port).await?;
    }
    std::fs::create_dir_all(&state).attempt(format_args!("cannot make the state folder {state}"))?;
    let image = image::provide(&engine, request.image.as_deref()).await?;
    let image_id = engine
        .inspect_image(&image)
        .await?
        .ok_or_else(|| Failure::new(format!("the image {image} vanished again")))?
        .id;
    let specification = Specification {
        home: Path::new(&state)
            .parent()
            .map_or_else(|| request.home.clone(), |parent| parent.display().to_string()),
        image_id: image_id.to_string(),
        image,
        port,
        state,
    };
    let (outcome, id) = converge(&engine, &found, &specification.body(), &specification).await?;
    let installed = answers(&engine, &id, &specification, outcome).await;
    let installed = match (installed, outcome) {
        (Ok(installed), _) => installed,
        (Err(failure), Outcome::Replaced) => return Err(put_back(&engine, &id, failure).await),
        (Err(failure), _) => return Err(failure),
    };
    if let Some(previous) = Found::on(&engine).await?.previous {
        engine.remove_container(&previous.id, AnonymousVolumes::Remove).await?;
        if previous.image_id.as_str() != image_id.as_str() {
            // Another container may still use it.
            let _ = engine.remove_image(&previous.image).await;
        }
    }
    remove_older_programs();
    Ok(installed)
}

/// Takes up what an interrupted attempt left behind: what has no place goes, what was put aside comes back.
async fn mend(engine: &DockerEngine) -> Result<Found, Failure> {
    let found = Found::on(engine).await?;
    for unplaced in &found.others {
        if unplaced.name.as_str() == NEXT {
            engine.remove_container(&unplaced.id, AnonymousVolumes::Remove).await?;
        }
    }
    if let (None, Some(previous)) = (&found.current, &found.previous) {
        engine.rename_container(&previous.id, &ContainerName::new(NAME)).await?;
    }
    if let (Some(current), Some(previous)) = (&found.current, &found.previous) {
        if current.status == ContainerStatus::Running {
            engine.remove_container(&previous.id, AnonymousVolumes::Remove).await?;
        } else {
            engine.remove_container(&current.id, AnonymousVolumes::Remove).await?;
            engine.rename_container(&previous.id, &ContainerName::new(NAME)).await?;
        }
    }
    Found::on(engine).await
}

/// The container as it should be, running.
async fn converge(
    engine: &DockerEngine,
    found: &Found,
    body: &ContainerBody,
    specification: &Specification,
) -> Result<(Outcome, ContainerId), Failure> {
    let Some(current) = &found.current else {
        tell(&Word::Step {
            name: format!("Start the daemon on port {}", specification.port),
        })?;
        let id = create(engine, NAME, body).await?;
        engine.start_container(&id).await?;
        return Ok((Outcome::Created, id));
    };
    if is_as(current, body) {
        let outcome = if current.status == ContainerStatus::Running {
            Outcome::LeftAlone
        } else {
            Outcome::Started
        };
        engine.start_container(&current.id).await?;
        return Ok((outcome, current.id.clone()));
    }
    tell(&Word::Step {
        name: "Put the new daemon in the place of the old one".to_owned(),
    })?;
    let next = create(engine, NEXT, body).await?;
    engine.stop_container(&current.id, Some(GRACE)).await?;
    engine.rename_container(&current.id, &ContainerName::new(PREVIOUS)).await?;
    engine.rename_container(&next, &ContainerName::new(NAME)).await?;
    match engine.start_container(&next).await {
        Ok(()) => Ok((Outcome::Replaced, next)),
        Err(error) => Err(put_back(engine, &next, error.into()).await),
    }
}

async fn create(engine: &DockerEngine, name: &str, body: &ContainerBody) -> Result<ContainerId, Failure> {
    let created = engine.create_container(&ContainerName::new(name), None, body).await;
    created.map_err(|error| match error.status() {
        Some(409) => Failure::new(format!("a container named {name} is there that inertia did not make")).hint(format!(
            "look at it with `docker inspect {name}`; rename or remove it, then run the command again"
        )),
        _ => error.into(),
    })
}

/// Waits until the daemon answers, and takes what the client needs to know.
async fn answers(engine: &DockerEngine, id: &ContainerId, specification: &Specification, outcome: Outcome) -> Result<Installed, Failure> {
    let begin = Instant::now();
    let mut reason = "it does not answer".to_owned();
    while begin.elapsed() < PATIENCE {
        match ask(engine, id, specification, outcome).await {
            Ok(Some(installed)) => return Ok(installed),
            Ok(None) => {}
            Err(failure) => reason = failure.text(),
        }
        if let Some(details) = engine.inspect_container(id).await?
            && details.state.restart_count > 3
        {
            reason = format!("it ends again and again, last with exit code {}", details.state.exit_code);
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let said = last_words(engine, id).await;
    Err(Failure::new(format!(
        "the daemon was started and is not well after {} s: {reason}{said}",
        begin.elapsed().as_secs()
    )))
}

/// What it said last.
async fn last_words(engine: &DockerEngine, id: &ContainerId) -> String {
    let request = LogRequest {
        tail: Some(15),
        ..LogRequest::default()
    };
    let mut said = String::new();
    let mut chunks = engine.logs(id, &request);
    while let Some(Ok(chunk)) = chunks.next().await {
        said.push_str(&String::from_utf8_lossy(&chunk.bytes));
    }
    if said.is_empty() {
        return String::new();
    }
    format!("; its last words:\n{}", said.trim_end())
}

async fn ask(
    engine: &DockerEngine,
    id: &ContainerId,
    specification: &Specification,
    outcome: Outcome,
) -> Result<Option<Installed>, Failure> {
    let state = &specification.state;
    let (Some(pin), Some(token)) = (
        files::read(engine, id, state, PIN_FILE).await?,
        files::read(engine, id, state, ADMIN_TOKEN_FILE).await?,
    ) else {
        return Ok(None);
    };
    let remote = Remote {
        address: format!("https://127.0.0.1:{}", specification.port),
        pin: pin.clone(),
        token: token.clone(),
        ..Remote::default()
    };
    Client::new("inertia-daemon", &remote)?.lives().await?;
    Ok(Some(Installed {
        outcome,
        port: specification.port,
        state: state.clone(),
        pin,
        token,
        engine: engine.info().await?.version,
    }))
}

/// The new daemon does not work: the old one comes back.
async fn put_back(engine: &DockerEngine, new: &ContainerId, failure: Failure) -> Failure {
    let back = async {
        engine.remove_container(new, AnonymousVolumes::Remove).await?;
        let Some(previous) = Found::on(engine).await?.previous else {
            return Err(Failure::new("it is gone"));
        };
        engine.rename_container(&previous.id, &ContainerName::new(NAME)).await?;
        engine.start_container(&previous.id).await?;
        Ok(())
    };
    match back.await {
        Ok(()) => failure.hint("the daemon that was there before runs again, with its state"),
        Err(error) => failure.hint(format!("the daemon that was there before could not be put back: {}", error.text())),
    }
}

/// Refuses a port that something else has.
async fn port_is_free(engine: &DockerEngine, port: u16) -> Result<(), Failure> {
    let remedy = format!("choose another: `inertia remote set NAME port {}`", port.saturating_add(1));
    let everything = Selector { labels: Vec::new() };
    for container in engine.list_containers(&everything).await? {
        let publishes = container.ports.iter().any(|listed| listed.public == Some(port));
        if publishes && !container.labels.contains_key(super::container::LABEL) {
            return Err(Failure::new(format!("port {port} of the server is taken by the container {}", container.name)).hint(remedy));
        }
        if publishes {
            return Ok(());
        }
    }
    match TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)) {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Err(Failure::new(format!("port {port} of the server is taken by another program"))
                .hint(remedy)
                .hint(format!("`sudo ss -ltnp 'sport = :{port}'` there tells which")))
        }
        _ => Ok(()),
    }
}

/// Programs of earlier versions beside this one are of no use any more.
fn remove_older_programs() {
    let Ok(own) = std::env::current_exe() else { return };
    let Some(entries) = own.parent().and_then(|folder| std::fs::read_dir(folder).ok()) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let ours = entry.file_name().to_string_lossy().starts_with("inertia-");
        if ours && entry.path() != own {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
