//! That a folder and the project it names belong together: a fork has the same `inertia.toml` and the same remotes.

use super::Target;
use crate::ask::Ask;
use crate::failure::Failure;
use crate::repository::{Repository, same_repository, without_user};
use crate::settings::Settings;
use clap::Args;
use deployd::wire::ProjectInfo;

/// What every command takes that changes something.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct OriginArgs {
    /// Act on the project also where this folder's origin is another repository than the one that the project deploys
    #[arg(long)]
    other_origin: bool,
}

impl OriginArgs {
    /// Where the origin may be another.
    pub(super) fn leave(self) -> Leave {
        if self.other_origin { Leave::Given } else { Leave::Asked }
    }
}

/// Whether a folder of another repository may act on the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// A flag says so.
    Given,
    /// The person at the terminal has to say so; without one it may not.
    Asked,
}

/// Refuses, or asks, where the project deploys another repository than this folder comes from. A folder without an origin has
/// nothing to compare, and what is wrong with the remote or the project is told by what is asked next.
pub(super) async fn check(target: &Target, leave: Leave, settings: &Settings) -> Result<(), Failure> {
    if leave == Leave::Given {
        return Ok(());
    }
    let Some(repository) = Repository::discover(&target.project.folder) else {
        return Ok(());
    };
    let Ok(origin) = repository.origin() else { return Ok(()) };
    let Ok(registered) = target.client.get::<ProjectInfo>(&target.path("")).await else {
        return Ok(());
    };
    if same_repository(&registered.url, &origin, repository.root()) {
        return Ok(());
    }
    confirm(target, &without_user(origin), &without_user(registered.url), settings)
}

fn confirm(target: &Target, origin: &str, registered: &str, settings: &Settings) -> Result<(), Failure> {
    let (name, remote) = (&target.project.settings.name, &target.remote);
    let question = format!("'{name}' deploys {registered} at '{remote}', and this folder's origin is {origin}. Act on it all the same?");
    match Ask::of(settings).confirm(&question)? {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new("nothing was done")),
        None => Err(Failure::new(format!(
            "'{name}' deploys {registered} at '{remote}', and this folder's origin is {origin}; nothing was done"
        ))
        .hint("another project needs another `name` in inertia.toml")
        .hint(format!("if the repository has moved: `inertia {remote} init --replace`"))
        .hint("if this project is meant all the same: --other-origin")),
    }
}
