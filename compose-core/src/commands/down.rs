//! `down`: take away what `up` made.

use super::Context;
use crate::apply::ApplyError;
use crate::model::Project;
use crate::names::ProjectName;
use std::time::Duration;

/// Which images go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageRemoval {
    /// Those without a name of their own.
    Local,
    /// All.
    All,
}

/// How `down` goes about it.
#[derive(Clone, Debug, Default)]
pub struct DownOptions {
    /// Named and anonymous volumes go too.
    pub volumes: bool,
    /// Containers of services that the project no longer has go.
    pub remove_orphans: bool,
    /// Which images go.
    pub images: Option<ImageRemoval>,
    /// Grace period over what each service says.
    pub grace: Option<Duration>,
}

/// Takes away a project's containers and networks, by its labels where no file describes it.
pub async fn down(_context: &Context, _name: &ProjectName, _project: Option<&Project>, _options: &DownOptions) -> Result<(), ApplyError> {
    unimplemented!()
}
