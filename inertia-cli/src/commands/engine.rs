//! The engine that this process drives: which one, and with what credentials.

use crate::environment::Environment;
use crate::failure::{Attempt as _, Failure};
use compose_core::engine::{Credentials, DockerEngine, EngineAddress};
use std::io::ErrorKind;
use std::path::PathBuf;

/// The engine that `DOCKER_HOST` names, else the one of this machine, with the registry credentials
/// of docker's own configuration. Nothing is sent yet.
pub(crate) fn connect(environment: &Environment) -> Result<DockerEngine, Failure> {
    let config = config(environment)?;
    let host = environment.variable("DOCKER_HOST");
    if host.is_none() {
        refuse_context(environment, config.as_deref())?;
    }
    if environment.variable("DOCKER_TLS_VERIFY").is_some() && host.is_some_and(|host| host.starts_with("tcp://")) {
        return Err(
            Failure::new("engines over TLS are not supported yet, and DOCKER_TLS_VERIFY asks for it")
                .hint("forward the engine's socket over SSH and name it: DOCKER_HOST=unix:///path/to/socket"),
        );
    }
    let address: EngineAddress = host.unwrap_or_default().parse()?;
    let engine = DockerEngine::connect(&address)?;
    match config {
        Some(text) => Ok(engine.with_credentials(Credentials::parse(&text).attempt("cannot use docker's config.json")?)),
        None => Ok(engine),
    }
}

/// The text of docker's `config.json`, where there is one.
fn config(environment: &Environment) -> Result<Option<String>, Failure> {
    let folder = environment
        .variable("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(|| environment.home().map(|home| home.join(".docker")));
    let Some(path) = folder.map(|folder| folder.join("config.json")) else {
        return Ok(None);
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error).attempt(format_args!("cannot read {}", path.display())),
    }
}

/// A context of docker's that names another engine than this machine's is not passed over in silence.
fn refuse_context(environment: &Environment, config: Option<&str>) -> Result<(), Failure> {
    let chosen = config
        .and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok())
        .and_then(|config| config["currentContext"].as_str().map(str::to_owned));
    let context = environment.variable("DOCKER_CONTEXT").map(str::to_owned).or(chosen);
    match context.filter(|context| context != "default") {
        Some(context) => Err(Failure::new(format!(
            "docker's context '{context}' is chosen, and contexts are not supported yet"
        ))
        .hint("name its engine: DOCKER_HOST=$(docker context inspect --format '{{.Endpoints.docker.Host}}')")
        .hint("or choose this machine's: docker context use default")),
        None => Ok(()),
    }
}
