//! The project and what its services share.

use super::StringMap;
use super::extension::Extensions;
use super::network::Network;
use super::service::Service;
use crate::names::{ConfigKey, ModelKey, NetworkKey, ProfileName, ProjectName, SecretKey, ServiceName, VolumeKey, VolumeName};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A compose application.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    /// The prefix of everything it owns in the engine.
    pub name: ProjectName,
    /// Where relative paths start; absolute.
    pub working_dir: PathBuf,
    /// The files it was loaded from, absolute, in order; without extended and included ones.
    pub compose_files: Vec<PathBuf>,
    /// The variables that interpolation saw: the caller's over those of `.env`.
    pub variables: StringMap,
    /// The profiles that were asked for.
    pub profiles: Vec<ProfileName>,
    /// The services that take part.
    pub services: BTreeMap<ServiceName, Service>,
    /// The services that no active profile enables, and those a selection left out.
    pub disabled_services: BTreeMap<ServiceName, Service>,
    /// Networks by key; `default` included where a service uses it.
    pub networks: BTreeMap<NetworkKey, Network>,
    /// Volumes by key.
    pub volumes: BTreeMap<VolumeKey, Volume>,
    /// Secrets by key.
    pub secrets: BTreeMap<SecretKey, Secret>,
    /// Configs by key.
    pub configs: BTreeMap<ConfigKey, Config>,
    /// Language models by key.
    pub models: BTreeMap<ModelKey, Model>,
    /// Top-level `x-…` keys.
    pub extensions: Extensions,
}

impl Project {
    /// A project of this name that has nothing yet, whose relative paths start in `working_dir`.
    pub fn new(name: ProjectName, working_dir: PathBuf) -> Self {
        Self {
            name,
            working_dir,
            compose_files: Vec::new(),
            variables: StringMap::new(),
            profiles: Vec::new(),
            services: BTreeMap::new(),
            disabled_services: BTreeMap::new(),
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            secrets: BTreeMap::new(),
            configs: BTreeMap::new(),
            models: BTreeMap::new(),
            extensions: Extensions::new(),
        }
    }
}

/// A volume that services mount.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Volume {
    /// Its name in the engine.
    pub name: Option<VolumeName>,
    /// The volume driver; `None` for the engine's default.
    pub driver: Option<String>,
    /// The driver's options.
    pub driver_opts: StringMap,
    /// It exists already and is neither created nor removed.
    pub external: bool,
    /// Labels for the engine.
    pub labels: StringMap,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// Where the content of a secret or a config comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SecretSource {
    /// Nothing was said: only an external one may do so.
    #[default]
    None,
    /// A file; absolute.
    File(PathBuf),
    /// A variable of the project: its name, and its value where the variable is set.
    Environment {
        /// The variable.
        variable: String,
        /// Its value at load time. Never printed.
        value: Option<String>,
    },
    /// The text itself (configs only).
    Content(String),
}

/// A secret that services are granted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Secret {
    /// Its name.
    pub name: Option<String>,
    /// Where the content comes from.
    pub source: SecretSource,
    /// It exists in the platform already.
    pub external: bool,
    /// Labels for the platform.
    pub labels: StringMap,
    /// A secret driver.
    pub driver: Option<String>,
    /// The driver's options.
    pub driver_opts: StringMap,
    /// A template driver.
    pub template_driver: Option<String>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// A config that services are granted; of the same shape as a secret.
pub type Config = Secret;

/// A language model that services use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// Its name.
    pub name: Option<String>,
    /// The model's artifact.
    pub model: Option<String>,
    /// Tokens of context.
    pub context_size: Option<i64>,
    /// Flags for the runtime.
    pub runtime_flags: Vec<String>,
    /// `x-…` keys.
    pub extensions: Extensions,
}
