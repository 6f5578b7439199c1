//! Whether the daemon can read a project's repository.

use super::extract::At;
use super::projects::find;
use super::{Api, get};
use crate::daemon::Daemon;
use crate::daemon::auth::Viewer;
use crate::daemon::deployment::origin::{Read, look};
use crate::daemon::deployment::source::SourceError;
use crate::daemon::git::GitError;
use crate::daemon::problem::ApiError;
use crate::wire::{RepositoryProblem, RepositoryReport, Role};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

pub(super) fn routes(api: Api) -> Api {
    api.add(
        get("/v1/projects/{p}/repository", "Whether the daemon can read the repository now")
            .needs(Role::Viewer)
            .answers(200, "RepositoryReport"),
        repository,
    )
}

async fn repository(State(daemon): State<Daemon>, Viewer(_): Viewer, At(name): At<String>) -> Result<Json<RepositoryReport>, ApiError> {
    let project = find(&daemon, &name).await?;
    let _turn = daemon.looks().turn(&name).await.ok_or_else(|| {
        let detail = format!("the repository of {name} is being looked at, and does not answer");
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).help("ask again in a minute")
    })?;
    let Read { outcome, host_key } = look(&daemon, &project).await;
    let (head, problem) = match outcome {
        Ok(head) => {
            // What is there before anything is deployed is not a push.
            daemon.store().first_head(&project, &head).await?;
            (Some(head), None)
        }
        Err(error) => (None, Some(problem(error, &project.branch)?)),
    };
    Ok(Json(RepositoryReport {
        url: project.url,
        branch: project.branch,
        head,
        host_key,
        problem,
    }))
}

fn problem(error: SourceError, branch: &str) -> Result<RepositoryProblem, ApiError> {
    match error {
        SourceError::Git(GitError::Unreadable(unreadable)) => Ok(RepositoryProblem {
            code: unreadable.trouble.code().to_owned(),
            detail: format!("cannot read the repository {}: {}", unreadable.url, unreadable.reason),
            help: unreadable.help,
        }),
        SourceError::Git(GitError::NoReference { .. }) => Ok(RepositoryProblem {
            code: "branch-not-found".to_owned(),
            detail: format!("the repository has no branch {branch}"),
            help: Some(format!("push it: `git push -u origin {branch}`")),
        }),
        SourceError::Git(error) => Ok(RepositoryProblem {
            code: "unreadable".to_owned(),
            detail: error.to_string(),
            help: None,
        }),
        other => Err(ApiError::internal(other)),
    }
}
