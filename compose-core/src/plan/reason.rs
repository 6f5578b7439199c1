//! Why a step is there.

use crate::names::{ContainerName, ImageId, NetworkName, ServiceName, VolumeName};
use crate::observe::{Difference, listed};
use serde::Serialize;
use std::fmt;

/// Why a step is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Reason {
    /// What the step makes is not there.
    Missing,
    /// The caller asked for it.
    Requested,
    /// The caller asked for it whatever the state.
    Forced,
    /// It was made from another configuration.
    ConfigChanged {
        /// The settings that differ, as far as they are known.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        differences: Vec<Difference>,
    },
    /// Somebody changed it since it was made.
    ChangedByHand {
        /// The settings that differ.
        differences: Vec<Difference>,
    },
    /// The reference leads to another image than the container runs.
    ImageChanged {
        /// What it runs.
        from: Option<ImageId>,
        /// What it is to run.
        to: ImageId,
    },
    /// The image is pulled or built first, and only then is it known whether it differs.
    ImagePending,
    /// The container is not in a network it should be in, or the network is made anew.
    NetworkChanged {
        /// The network.
        network: NetworkName,
    },
    /// The container does not mount a volume it should mount, or the volume is made anew.
    VolumeChanged {
        /// The volume.
        volume: VolumeName,
    },
    /// A service that it shares something with is made anew.
    DependencyRecreated {
        /// The service.
        service: ServiceName,
    },
    /// A service that it is restarted with is restarted.
    DependencyRestarted {
        /// The service.
        service: ServiceName,
    },
    /// The engine could not remove it; it cannot run.
    Dead,
    /// It does not run.
    NotRunning,
    /// It was just made or replaced.
    Created,
    /// There are more containers than wanted.
    ScaledDown,
    /// The project has no such service any more.
    Orphaned,
    /// Its service is in no profile that is switched on.
    Disabled,
    /// A container made in its place takes over.
    Replaced,
    /// An interrupted replacement left it under a temporary name.
    Interrupted {
        /// That name.
        name: ContainerName,
    },
    /// Others wait for it before they start.
    NeededBy {
        /// The services that wait.
        services: Vec<ServiceName>,
    },
    /// The service says that it runs at this point.
    Hook,
    /// The pull policy says so.
    PullPolicy {
        /// The policy as written.
        policy: String,
    },
    /// It is the base of another image that is built.
    BaseOf {
        /// The service whose image is built on it.
        service: ServiceName,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("missing"),
            Self::Requested => f.write_str("requested"),
            Self::Forced => f.write_str("forced"),
            Self::ConfigChanged { differences } if differences.is_empty() => f.write_str("configuration changed"),
            Self::ConfigChanged { differences } => write!(f, "configuration changed: {}", listed(differences)),
            Self::ChangedByHand { differences } => write!(f, "changed since it was made: {}", listed(differences)),
            Self::ImageChanged { from, to } => {
                let from = from.as_ref().map_or("unknown", short);
                write!(f, "image changed: {from} → {}", short(to))
            }
            Self::ImagePending => f.write_str("image not known before it is pulled or built"),
            Self::NetworkChanged { network } => write!(f, "network {network} changed"),
            Self::VolumeChanged { volume } => write!(f, "volume {volume} changed"),
            Self::DependencyRecreated { service } => write!(f, "{service} is recreated"),
            Self::DependencyRestarted { service } => write!(f, "{service} is restarted"),
            Self::Dead => f.write_str("dead"),
            Self::NotRunning => f.write_str("not running"),
            Self::Created => f.write_str("created"),
            Self::ScaledDown => f.write_str("scaled down"),
            Self::Orphaned => f.write_str("orphaned"),
            Self::Disabled => f.write_str("its profile is off"),
            Self::Replaced => f.write_str("replaced"),
            Self::Interrupted { name } => write!(f, "left as {name} by an interrupted replacement"),
            Self::NeededBy { services } => {
                f.write_str("needed by ")?;
                for (index, service) in services.iter().enumerate() {
                    write!(f, "{}{service}", if index == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::Hook => f.write_str("hook"),
            Self::PullPolicy { policy } => write!(f, "pull policy {policy}"),
            Self::BaseOf { service } => write!(f, "base of {service}"),
        }
    }
}

/// The first twelve digits of an id, as people know them.
fn short(id: &ImageId) -> &str {
    let digits = id.as_str().strip_prefix("sha256:").unwrap_or(id.as_str());
    digits.get(..12).unwrap_or(digits)
}
