//! Commands about the project as a remote's daemon runs it: `inertia NAME up`, `history`, `env`, ….

pub(crate) mod containers;
pub(crate) mod down;
pub(crate) mod env;
pub(crate) mod history;
mod local_head;
pub(crate) mod logs;
mod origin;
pub(crate) mod plan;
pub(crate) mod register;
pub(crate) mod up;
mod watch;
pub(crate) mod webhook;

use crate::client::Client;
use crate::commands::block_on;
use crate::failure::Failure;
use crate::project_file::{self, ProjectFile};
use crate::remotes::{RemoteAddress, Remotes};
use crate::settings::Settings;
use origin::Leave;

/// The project of this folder at a remote.
struct Target {
    client: Client,
    /// The remote's local name.
    remote: String,
    /// Where others reach it, whatever way leads there from here.
    address: RemoteAddress,
    project: ProjectFile,
}

impl Target {
    /// Finds remote and project from where the person stands.
    fn find(settings: &Settings) -> Result<Self, Failure> {
        let project = project_file::find(&settings.environment.cwd)?;
        let remotes = Remotes::load(&settings.environment.cwd)?;
        let (name, remote) = remotes.find(settings.remote.as_deref())?;
        Ok(Self {
            client: Client::open(name, remote, settings)?,
            remote: name.to_owned(),
            address: RemoteAddress::of(remote),
            project,
        })
    }

    /// The same for what changes something there: the folder has to come from the repository that the project deploys.
    fn own(settings: &Settings, leave: Leave) -> Result<Self, Failure> {
        let target = Self::find(settings)?;
        block_on(origin::check(&target, leave, settings))?;
        Ok(target)
    }

    /// Where a git host reports pushes to.
    fn webhook_url(&self) -> String {
        format!("{}/webhook/{}", self.address.as_str(), self.project.settings.name)
    }

    /// A path of the daemon's API below the project's own.
    fn path(&self, below: &str) -> String {
        format!("/v1/projects/{}{below}", self.project.settings.name)
    }
}
