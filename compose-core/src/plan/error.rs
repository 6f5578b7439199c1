//! Why no plan can be made.

use super::size::{MAX_CONTAINERS, MAX_PAIRS};
use crate::names::{ContainerId, ContainerName, ImageRef, NetworkName, ProjectName, ServiceName, VolumeName};
use std::fmt;

/// Why no plan can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A named service is not in the project.
    #[error("no such service: {service}")]
    UnknownService {
        /// The name.
        service: ServiceName,
    },
    /// Services depend on each other in a circle.
    #[error("dependency cycle: {}", .services.iter().map(ServiceName::as_str).collect::<Vec<_>>().join(" -> "))]
    Cycle {
        /// The circle, its first service repeated at the end.
        services: Vec<ServiceName>,
    },
    /// A container's name is fixed, so there can be but one.
    #[error(
        "service {service} has the fixed container_name {name}, so it cannot have {wanted} containers; remove container_name to scale it"
    )]
    FixedNameScaled {
        /// The service.
        service: ServiceName,
        /// The name.
        name: ContainerName,
        /// How many were asked for.
        wanted: u32,
    },
    /// The containers of all services are more than a project may have.
    #[error(
        "services.{service}.{attribute} asks for {wanted} containers, and all of a project together are at most {max}; lower it",
        max = MAX_CONTAINERS
    )]
    TooManyContainers {
        /// The service that makes them too many.
        service: ServiceName,
        /// What says how many it has.
        attribute: &'static str,
        /// How many it asks for.
        wanted: u32,
    },
    /// Containers wait for each other in more pairs than a project may have.
    #[error(
        "services.{service}.depends_on: each of its containers waits for each of what it depends on, which are more than {max} pairs in the project; lower the `scale` of one side",
        max = MAX_PAIRS
    )]
    TooManyPairs {
        /// The service that makes them too many.
        service: ServiceName,
    },
    /// Two services want the same container name.
    #[error("services {first} and {second} both have the container_name {name}")]
    NameTakenTwice {
        /// One service.
        first: ServiceName,
        /// The other.
        second: ServiceName,
        /// The name.
        name: ContainerName,
    },
    /// Something that stays bears the name that a container is to have.
    #[error(
        "service {service}: the container name \"/{name}\" is already in use by container \"{holder}\", {owner}; \
         remove or rename that container, or give the service another container_name"
    )]
    NameInUse {
        /// The service.
        service: ServiceName,
        /// The name.
        name: ContainerName,
        /// The container that bears it.
        holder: ContainerId,
        /// Whose that is.
        owner: NameHolder,
    },
    /// An external network is not there.
    #[error("network {name} declared as external, but could not be found; create it with `docker network create {name}`")]
    ExternalNetworkMissing {
        /// Its name.
        name: NetworkName,
    },
    /// An external volume is not there.
    #[error("external volume {name} not found; create it with `docker volume create {name}`")]
    ExternalVolumeMissing {
        /// Its name.
        name: VolumeName,
    },
    /// A network of that name belongs to another key of the project.
    #[error("network {name} was found but has incorrect label com.docker.compose.network set to \"{found}\" (expected: \"{expected}\")")]
    NetworkOfOtherKey {
        /// Its name.
        name: NetworkName,
        /// The key it was made for.
        found: String,
        /// The key that names it now.
        expected: String,
    },
    /// An image is not there, and nothing may bring it.
    #[error("image {image} of service {service} is not there, and {why}")]
    ImageMissing {
        /// The service.
        service: ServiceName,
        /// The image.
        image: ImageRef,
        /// Why it is neither pulled nor built.
        why: &'static str,
    },
    /// A service has neither an image nor a way to build one.
    #[error("service {service} has neither an image nor a build context specified")]
    NoImage {
        /// The service.
        service: ServiceName,
    },
    /// A pull policy is none that is known.
    #[error("invalid pull policy {policy:?} of service {service}; use always, missing, never, build, daily, weekly or every_<duration>")]
    PullPolicy {
        /// The service.
        service: ServiceName,
        /// As written.
        policy: String,
    },
    /// A service shares something with one that has no container.
    #[error("cannot share {what} with service {peer}: container missing (service {service})")]
    PeerMissing {
        /// The service.
        service: ServiceName,
        /// The one that has no container.
        peer: ServiceName,
        /// What is shared.
        what: &'static str,
    },
    /// A service is run by a program outside of the engine.
    #[error("service {service} is run by the provider {provider}, which Inertia does not call")]
    Provider {
        /// The service.
        service: ServiceName,
        /// The program.
        provider: String,
    },
    /// A service has no container to start.
    #[error("service {service} has no container to start")]
    NothingToStart {
        /// The service.
        service: ServiceName,
    },
}

/// Whose container bears a name that another is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameHolder {
    /// A service of the project that does not take part.
    Aside(ServiceName),
    /// A service that the project no longer has.
    Orphan(ServiceName),
    /// A service of another project.
    OtherProject(ProjectName, ServiceName),
    /// Nobody that labels tell of.
    Unknown,
}

impl fmt::Display for NameHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aside(service) => write!(f, "which is service {service}'s, whose containers are left alone here"),
            Self::Orphan(service) => write!(f, "an orphan of service {service}, which the project no longer has"),
            Self::OtherProject(project, service) => write!(f, "which is service {service}'s of project {project}"),
            Self::Unknown => f.write_str("which belongs to no project"),
        }
    }
}
