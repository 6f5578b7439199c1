//! `build` and `develop`.

use super::extension::Extensions;
use super::mounts::FileGrant;
use super::resources::Ulimit;
use super::service::{ExtraHosts, Hook};
use super::units::ByteSize;
use super::{OptionalStringMap, StringMap};
use std::collections::BTreeMap;

/// How an image is built.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Build {
    /// A folder (absolute), a URL of a git repository or archive, or `service:NAME`.
    pub context: Option<String>,
    /// The Dockerfile, relative to the context or absolute.
    pub dockerfile: Option<String>,
    /// The Dockerfile's text.
    pub dockerfile_inline: Option<String>,
    /// Entitlements of BuildKit.
    pub entitlements: Vec<String>,
    /// Build arguments; `None` takes the variable of that name.
    pub args: OptionalStringMap,
    /// Provenance attestation.
    pub provenance: Option<String>,
    /// SBOM attestation.
    pub sbom: Option<String>,
    /// SSH keys and agents for the build.
    pub ssh: Vec<SshKey>,
    /// Labels of the image.
    pub labels: StringMap,
    /// Caches to read.
    pub cache_from: Vec<String>,
    /// Caches to write.
    pub cache_to: Vec<String>,
    /// Nothing is taken from the cache.
    pub no_cache: bool,
    /// Stages that take nothing from the cache.
    pub no_cache_filter: Vec<String>,
    /// Further named contexts.
    pub additional_contexts: StringMap,
    /// The base image is pulled even when present.
    pub pull: bool,
    /// Extra lines of `/etc/hosts`.
    pub extra_hosts: ExtraHosts,
    /// Isolation (Windows).
    pub isolation: Option<String>,
    /// The network of `RUN` steps.
    pub network: Option<String>,
    /// The stage to build.
    pub target: Option<String>,
    /// Secrets for the build.
    pub secrets: Vec<BuildSecret>,
    /// Size of `/dev/shm`.
    pub shm_size: Option<ByteSize>,
    /// Further tags of the image.
    pub tags: Vec<String>,
    /// `ulimits` by name.
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Platforms to build for.
    pub platforms: Vec<String>,
    /// `RUN --security=insecure` is allowed.
    pub privileged: bool,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// A secret given to a build.
pub type BuildSecret = FileGrant;

/// An SSH key or agent given to a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshKey {
    /// Its id; `default` for the agent.
    pub id: String,
    /// The key's file or the agent's socket.
    pub path: Option<String>,
}

/// How a service follows its sources while people develop it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Develop {
    /// What is watched.
    pub watch: Vec<WatchRule>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// One thing that is watched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WatchRule {
    /// The folder or file; absolute.
    pub path: String,
    /// What a change leads to.
    pub action: Option<WatchAction>,
    /// Where changed files go in the container.
    pub target: Option<String>,
    /// What runs after a sync.
    pub exec: Option<Hook>,
    /// Patterns that count.
    pub include: Vec<String>,
    /// Patterns that do not.
    pub ignore: Vec<String>,
    /// Everything is copied at the start.
    pub initial_sync: bool,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// What a change of a watched file leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchAction {
    /// Copy the file.
    Sync,
    /// Build and recreate.
    Rebuild,
    /// Restart the container.
    Restart,
    /// Copy, then restart.
    SyncRestart,
    /// Copy, then run a command.
    SyncExec,
}

impl WatchAction {
    /// Every action.
    pub const ALL: [Self; 5] = [Self::Sync, Self::Rebuild, Self::Restart, Self::SyncRestart, Self::SyncExec];

    /// The word of the Compose specification.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Rebuild => "rebuild",
            Self::Restart => "restart",
            Self::SyncRestart => "sync+restart",
            Self::SyncExec => "sync+exec",
        }
    }
}
