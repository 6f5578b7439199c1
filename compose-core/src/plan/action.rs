//! What a step of a plan does: one request to the engine each, but for a new container, which also
//! joins its networks and gets its files before anything else may touch it.

use super::graph::StepId;
use crate::names::{
    ContainerId, ContainerName, ImageId, ImageRef, NetworkId, NetworkKey, NetworkName, ReplicaNumber, ServiceName, VolumeKey, VolumeName,
};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Fetches an image.
    PullImage {
        /// The image.
        image: ImageRef,
        /// For which platform, where one was asked for.
        platform: Option<String>,
        /// The service for which it is pulled; others may run it too.
        service: ServiceName,
        /// What a failure means.
        on_failure: PullFailure,
    },
    /// Builds a service's image.
    BuildImage {
        /// The service.
        service: ServiceName,
        /// The image's name.
        image: ImageRef,
        /// Whether it depends on what a pull before it gave.
        when: BuildWhen,
    },
    /// Removes a name of an image.
    RemoveImage {
        /// The image.
        image: ImageRef,
    },
    /// Makes a network.
    CreateNetwork {
        /// Its key in the file.
        key: NetworkKey,
        /// Its name.
        name: NetworkName,
    },
    /// Removes a network.
    RemoveNetwork {
        /// Its id.
        id: NetworkId,
        /// Its name.
        name: NetworkName,
    },
    /// Takes a container out of a network.
    LeaveNetwork {
        /// The container.
        container: Target,
        /// The network.
        network: NetworkName,
    },
    /// Makes a volume.
    CreateVolume {
        /// Its key in the file.
        key: VolumeKey,
        /// Its name.
        name: VolumeName,
    },
    /// Removes a volume.
    RemoveVolume {
        /// Its name.
        name: VolumeName,
    },
    /// Makes a container, joins its networks and puts its files into it.
    CreateContainer(NewContainer),
    /// Starts a container.
    StartContainer {
        /// The container.
        container: Target,
    },
    /// Stops a container.
    StopContainer {
        /// The container.
        container: Target,
        /// Grace period, over the container's own.
        grace: Option<Duration>,
    },
    /// Stops and starts a container.
    RestartContainer {
        /// The container.
        container: Target,
        /// Grace period, over the container's own.
        grace: Option<Duration>,
    },
    /// Removes a container.
    RemoveContainer {
        /// The container.
        container: Target,
        /// What becomes of its anonymous volumes.
        anonymous_volumes: AnonymousFate,
    },
    /// Gives a container another name.
    RenameContainer {
        /// The container, by its present name.
        container: Target,
        /// Its name from then on.
        name: ContainerName,
    },
    /// Runs one of a service's hooks in a container.
    RunHook {
        /// The container.
        container: Target,
        /// The service.
        service: ServiceName,
        /// Which list of hooks.
        point: HookPoint,
        /// Which of the list, from 0.
        index: usize,
    },
    /// Waits for a condition of all of a service's containers.
    Wait {
        /// The service.
        service: ServiceName,
        /// The condition.
        condition: WaitCondition,
        /// The containers.
        containers: Vec<Target>,
        /// Whether those that wait can do without it.
        required: bool,
        /// The most to wait, counted from the plan's first wait; without end when `None`.
        deadline: Option<Duration>,
    },
}

/// A container as it is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewContainer {
    /// The service.
    pub service: ServiceName,
    /// Which of its containers.
    pub number: ReplicaNumber,
    /// Its name.
    pub name: ContainerName,
    /// The name it has until the container that it replaces has made way.
    pub temporary_name: Option<ContainerName>,
    /// The image: a reference, or an id that the caller pinned.
    pub image: String,
    /// The image's content id, where it is known when planning.
    pub image_id: Option<ImageId>,
    /// The container that it replaces.
    pub replaces: Option<Target>,
    /// Volumes of the replaced container that go over: destination → volume.
    pub inherited_volumes: BTreeMap<String, VolumeName>,
    /// The containers of services that it shares a namespace, volumes or links with.
    pub peers: BTreeMap<ServiceName, Vec<Target>>,
    /// What makes it a container of `run`; `None` for those of `up`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_off: Option<OneOffRole>,
}

/// What tells a container of `run` from replicas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OneOffRole {
    /// What tells it from others of its kind.
    pub slug: String,
    /// It is removed when it ends.
    pub auto_remove: bool,
    /// It answers to the service's name and aliases too.
    pub service_aliases: bool,
}

/// A container that a step is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    /// Its name when the plan is done.
    pub name: ContainerName,
    /// How to find it.
    pub at: ContainerRef,
}

/// How to find a container that may not be there yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerRef {
    /// It is there.
    Existing(ContainerId),
    /// A step of the plan makes it.
    Created(StepId),
}

/// What a failed pull means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PullFailure {
    /// The plan fails.
    Fails,
    /// The image can be built instead.
    Builds,
    /// Nothing.
    Ignored,
}

/// When a build step builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildWhen {
    /// Always; unchanged steps come from the cache.
    Always,
    /// Only if the image is still missing.
    Missing,
}

/// What becomes of anonymous volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnonymousFate {
    /// They stay.
    Keep,
    /// They go too.
    Remove,
}

/// A point of a container's life at which hooks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HookPoint {
    /// After it started.
    PostStart,
    /// Before it is stopped.
    PreStop,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitCondition {
    /// Its health check passes.
    Healthy,
    /// It ended with exit code 0.
    CompletedSuccessfully,
    /// Its health check passes or, where it has none, it runs.
    RunningOrHealthy,
}
