//! Registering projects.

use super::extract::{At, Body};
use super::{Api, delete, get, post, put};
use crate::daemon::Daemon;
use crate::daemon::auth::{Admin, Caller, Viewer};
use crate::daemon::deployment::operations::Operation;
use crate::daemon::deployment::origin::deploy_key_place;
use crate::daemon::git::{RepositoryUrl, is_fingerprint};
use crate::daemon::limits::LONGEST_REFERENCE;
use crate::daemon::problem::ApiError;
use crate::daemon::state_dir::random;
use crate::daemon::store::{NewProject, ProjectRow};
use crate::settings::check_name;
use crate::wire::{ProjectInfo, ProjectRegistration, Role};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::http::request::Parts;
use compose_core::hash::hex;
use russh::keys::PrivateKey;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use std::path::{Component, Path};

pub(super) fn routes(api: Api) -> Api {
    api.add(
        get("/v1/projects", "The registered projects")
            .needs(Role::Viewer)
            .answers(200, "[ProjectInfo]"),
        list,
    )
    .add(
        get("/v1/projects/{p}", "A project").needs(Role::Viewer).answers(200, "ProjectInfo"),
        show,
    )
    .add(
        put("/v1/projects/{p}", "Register a project, or say anew where it comes from")
            .needs(Role::Admin)
            .body("ProjectRegistration")
            .answers(200, "ProjectInfo"),
        register,
    )
    .add(
        post(
            "/v1/projects/{p}/webhook/rotate",
            "Give the webhook another secret; the former one holds no more",
        )
        .needs(Role::Admin)
        .answers(200, "ProjectInfo"),
        rotate,
    )
    .add(
        delete(
            "/v1/projects/{p}",
            "Forget a project that does not run; what its application wrote stays",
        )
        .needs(Role::Admin)
        .answers_nothing(),
        forget,
    )
}

/// The project of a request, or the error that there is none.
pub(super) async fn find(daemon: &Daemon, name: &str) -> Result<ProjectRow, ApiError> {
    daemon.store().project(name).await?.ok_or_else(|| ApiError::no_project(name))
}

async fn list(State(daemon): State<Daemon>, Viewer(caller): Viewer, parts: Parts) -> Result<Json<Vec<ProjectInfo>>, ApiError> {
    let projects = daemon.store().projects().await?;
    let infos = projects.into_iter().map(|project| info(&daemon, project, &caller, &parts));
    Ok(Json(infos.collect::<Result<_, _>>()?))
}

async fn show(
    State(daemon): State<Daemon>,
    Viewer(caller): Viewer,
    At(name): At<String>,
    parts: Parts,
) -> Result<Json<ProjectInfo>, ApiError> {
    let project = find(&daemon, &name).await?;
    Ok(Json(info(&daemon, project, &caller, &parts)?))
}

async fn register(
    State(daemon): State<Daemon>,
    Admin(caller): Admin,
    At(name): At<String>,
    parts: Parts,
    Body(registration): Body<ProjectRegistration>,
) -> Result<Json<ProjectInfo>, ApiError> {
    let registration = checked(&name, &registration)?;
    let new = new_project(&daemon, &name, registration)?;
    let detail = format!("{} {} {}", new.url, new.branch, new.path);
    let project = daemon.store().put_project(new).await?;
    daemon
        .store()
        .audit(caller.author(), "project.put", Some(&name), Some(detail))
        .await?;
    daemon.workers().wake(&daemon, &name);
    Ok(Json(info(&daemon, project, &caller, &parts)?))
}

async fn rotate(
    State(daemon): State<Daemon>,
    Admin(caller): Admin,
    At(name): At<String>,
    parts: Parts,
) -> Result<Json<ProjectInfo>, ApiError> {
    find(&daemon, &name).await?;
    daemon.store().put_webhook_secret(&name, new_secret(&daemon, &name)).await?;
    daemon.store().audit(caller.author(), "webhook.rotate", Some(&name), None).await?;
    // Until the git host knows the new secret, the daemon looks for commits by itself.
    daemon.workers().wake(&daemon, &name);
    let project = find(&daemon, &name).await?;
    Ok(Json(info(&daemon, project, &caller, &parts)?))
}

async fn forget(State(daemon): State<Daemon>, Admin(caller): Admin, At(name): At<String>) -> Result<StatusCode, ApiError> {
    find(&daemon, &name).await?;
    daemon.workers().operate(&daemon, &name, Operation::Forget).await?;
    daemon.store().audit(caller.author(), "project.delete", Some(&name), None).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn checked(name: &str, registration: &ProjectRegistration) -> Result<ProjectRegistration, ApiError> {
    check_name(name).map_err(|message| ApiError::invalid("bad-name", message))?;
    let url = RepositoryUrl::parse(&registration.url).map_err(|error| ApiError::invalid("bad-url", error.to_string()))?;
    if let Some(print) = registration.host_key.as_deref().filter(|print| !is_fingerprint(print)) {
        let detail = format!("{print:?} is no fingerprint of a key: write it as `ssh-keygen -l` does, SHA256:…");
        return Err(ApiError::invalid("bad-host-key", detail));
    }
    let branch = registration.branch.trim();
    if branch.len() > LONGEST_REFERENCE || !is_branch(branch) {
        return Err(ApiError::invalid("bad-branch", format!("{branch:?} is no name of a branch")));
    }
    Ok(ProjectRegistration {
        url: url.as_str().to_owned(),
        branch: branch.to_owned(),
        path: folder(&registration.path)?,
        host_key: registration.host_key.clone(),
    })
}

fn is_branch(name: &str) -> bool {
    let full = format!("refs/heads/{name}");
    !name.starts_with('-') && gix::validate::reference::name(full.as_str().into()).is_ok()
}

/// Checks what is to be a branch, a tag or a commit.
pub(super) fn check_reference(reference: &str) -> Result<(), ApiError> {
    if reference.len() > LONGEST_REFERENCE {
        let detail = format!(
            "the name of a branch, a tag or a commit has at most {LONGEST_REFERENCE} bytes, and this one {}",
            reference.len()
        );
        return Err(ApiError::invalid("bad-ref", detail));
    }
    if !is_branch(reference) {
        return Err(ApiError::invalid(
            "bad-ref",
            format!("{reference:?} is no name of a branch, a tag or a commit"),
        ));
    }
    Ok(())
}

/// A folder of the repository, without anything but names.
fn folder(path: &str) -> Result<String, ApiError> {
    let mut names = Vec::new();
    for part in Path::new(path.trim_end_matches('/')).components() {
        match part {
            Component::Normal(name) => names.push(name.to_string_lossy().into_owned()),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                let detail = format!("{path:?} is no folder in the repository: write it from the repository's root, without '..'");
                return Err(ApiError::invalid("bad-path", detail));
            }
        }
    }
    Ok(names.join("/"))
}

/// Where the webhook's secret of a project is sealed.
pub(crate) fn secret_place(project: &str) -> String {
    format!("webhook/{project}")
}

/// A secret for the webhook, sealed.
fn new_secret(daemon: &Daemon, project: &str) -> Vec<u8> {
    daemon.vault().seal(&secret_place(project), hex(&random::<32>()).as_bytes())
}

fn new_project(daemon: &Daemon, name: &str, registration: ProjectRegistration) -> Result<NewProject, ApiError> {
    let pair = KeypairData::from(Ed25519Keypair::from_seed(&random()));
    let key = PrivateKey::new(pair, format!("inertia-{name}")).map_err(ApiError::internal)?;
    let private = key.to_openssh(LineEnding::LF).map_err(ApiError::internal)?;
    Ok(NewProject {
        name: name.to_owned(),
        url: registration.url,
        branch: registration.branch,
        path: registration.path,
        deploy_key: daemon.vault().seal(&deploy_key_place(name), private.as_bytes()),
        deploy_key_public: key.public_key().to_openssh().map_err(ApiError::internal)?,
        webhook_secret: new_secret(daemon, name),
        host_key: registration.host_key,
    })
}

fn info(daemon: &Daemon, project: ProjectRow, caller: &Caller, parts: &Parts) -> Result<ProjectInfo, ApiError> {
    let secret = match caller.role {
        Role::Admin => {
            let secret = daemon.vault().open_text(&secret_place(&project.name), &project.webhook_secret)?;
            Some(secret.to_string())
        }
        Role::Deployer | Role::Viewer => None,
    };
    Ok(ProjectInfo {
        webhook_url: format!("https://{}/webhook/{}", own_host(parts), project.name),
        webhook_secret: secret,
        name: project.name,
        url: project.url,
        branch: project.branch,
        path: project.path,
        deploy_key: project.deploy_key_public,
        webhook_seen: project.webhook_seen,
        created_at: project.created_at,
    })
}

/// Host and port by which the caller reached the daemon.
fn own_host(parts: &Parts) -> String {
    let from_uri = parts.uri.authority().map(ToString::to_string);
    let from_header = || parts.headers.get(HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    from_uri.or_else(from_header).unwrap_or_else(|| "localhost".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_plain_names() {
        for (path, wanted) in [("", ""), (".", ""), ("./a/b/", "a/b"), ("a//b", "a/b"), ("a/./b", "a/b")] {
            assert_eq!(folder(path).as_deref(), Ok(wanted), "{path}");
        }
        for path in ["/a", "..", "a/../..", "a/.."] {
            assert!(folder(path).is_err(), "{path}");
        }
    }

    #[test]
    fn branches_are_what_git_takes() {
        for name in ["main", "feature/x", "v1.0"] {
            assert!(is_branch(name), "{name}");
        }
        for name in ["", "-x", "a b", "a..b", "a~1", "a:b", "/a", "a/", "a.lock"] {
            assert!(!is_branch(name), "{name}");
        }
    }
}
