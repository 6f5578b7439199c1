//! What is checked out here, beside what the server deploys: commits that were not pushed stay behind without a word
//! otherwise.

use super::Target;
use crate::render::note;
use crate::repository::Repository;
use crate::settings::{Settings, Volume};

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
