//! `deploy`: replicas, limits and update policy.

use super::StringMap;
use super::extension::Extensions;
use super::resources::DeviceRequest;
use super::units::{ByteSize, Duration};

/// The `deploy` section.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deploy {
    /// `replicated`, `global`, `replicated-job` or `global-job`.
    pub mode: Option<String>,
    /// How many containers.
    pub replicas: Option<i64>,
    /// Labels of the Swarm service.
    pub labels: StringMap,
    /// How an update goes.
    pub update_config: Option<UpdateConfig>,
    /// How a rollback goes.
    pub rollback_config: Option<UpdateConfig>,
    /// Limits and reservations.
    pub resources: DeployResources,
    /// When a container is started again.
    pub restart_policy: Option<RestartRule>,
    /// Where it may run.
    pub placement: Placement,
    /// `vip` or `dnsrr`.
    pub endpoint_mode: Option<String>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// How an update or a rollback goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdateConfig {
    /// Containers at a time.
    pub parallelism: Option<u64>,
    /// Time between them.
    pub delay: Option<Duration>,
    /// What a failure leads to.
    pub failure_action: Option<String>,
    /// Time after which an update has succeeded.
    pub monitor: Option<Duration>,
    /// Failures that are borne.
    pub max_failure_ratio: Option<f32>,
    /// `stop-first` or `start-first`.
    pub order: Option<String>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// Limits and reservations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeployResources {
    /// The most.
    pub limits: Option<ResourceSpec>,
    /// What is kept.
    pub reservations: Option<ResourceSpec>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// An amount of each resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceSpec {
    /// CPUs, as the reference keeps them: a 32-bit float.
    pub cpus: Option<f32>,
    /// Memory.
    pub memory: Option<ByteSize>,
    /// Processes.
    pub pids: Option<i64>,
    /// Devices.
    pub devices: Vec<DeviceRequest>,
    /// Resources of a person's own naming.
    pub generic_resources: Vec<GenericResource>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// A countable resource of a person's own naming.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GenericResource {
    /// Its kind and amount; `None` for an empty entry.
    pub discrete: Option<(String, i64)>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// When a container is started again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RestartRule {
    /// `none`, `on-failure` or `any`.
    pub condition: Option<String>,
    /// Time between attempts.
    pub delay: Option<Duration>,
    /// Most attempts.
    pub max_attempts: Option<u64>,
    /// Time in which attempts are counted.
    pub window: Option<Duration>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// Where containers may run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Placement {
    /// Conditions on nodes.
    pub constraints: Vec<String>,
    /// What containers are spread over.
    pub preferences: Vec<(Option<String>, Extensions)>,
    /// Most containers on one node.
    pub max_replicas_per_node: Option<u64>,
    /// `x-…` keys.
    pub extensions: Extensions,
}
