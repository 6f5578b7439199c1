//! What is checked out here, beside what the server deploys: commits that were not pushed stay behind without a word
//! otherwise.

use super::Target;
use crate::render::note;
use crate::repository::Repository;
use crate::settings::{Settings, Volume};
use deployd::wire::ProjectInfo;

/// Warns where the commit that is deployed is an earlier one than the one that is checked out.
pub(super) fn warn_behind(target: &Target, commit: &str, settings: &Settings) {
    let Some(repository) = Repository::discover(&target.project.folder) else {
        return;
    };
    let Some(head) = repository.head() else { return };
    if settings.volume == Volume::Quiet || head == commit || !repository.holds(&head, commit) {
        return;
    }
    let short = |id: &str| id.get(..12).unwrap_or(id).to_owned();
    note(&format!(
        "warning: HEAD ({}) was not pushed: this is about {}, the newest commit that the server can fetch; `git push` first to deploy HEAD",
        short(&head),
        short(commit)
    ));
}

/// Warns where `inertia.toml` here names another branch than the one that the server was told to deploy; whether it does.
pub(super) async fn warn_other_branch(target: &Target, settings: &Settings) -> bool {
    let Some(wanted) = target.project.settings.branch.as_deref() else {
        return false;
    };
    // What is wrong with the remote or the project is told by what is asked next.
    let Ok(registered) = target.client.get::<ProjectInfo>(&target.path("")).await else {
        return false;
    };
    if registered.branch == wanted {
        return false;
    }
    if settings.volume != Volume::Quiet {
        let (remote, branch) = (&target.remote, &registered.branch);
        note(&format!(
            "warning: inertia.toml names the branch '{wanted}', and '{remote}' was told to deploy '{branch}': \
             `inertia {remote} init` tells it the other one"
        ));
    }
    true
}
