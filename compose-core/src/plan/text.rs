//! The one canonical text of a plan: a line for each step with its number, what it does, why, and
//! what must be done before. Snapshots, `--dry-run` and the daemon's audit log show it.

use super::action::{Action, BuildWhen, ContainerRef, HookPoint, NewContainer, PullFailure, WaitCondition};
use super::graph::{Plan, StepId};
use std::fmt;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, step) in self.steps() {
            write!(f, "{id}. {} ({})", step.action, step.reason)?;
            write_ids(f, " after ", &self.before(id))?;
            writeln!(f)?;
        }
        Ok(())
    }
}

fn write_ids(f: &mut fmt::Formatter<'_>, lead: &str, ids: &[StepId]) -> fmt::Result {
    for (index, id) in ids.iter().enumerate() {
        write!(f, "{}{id}", if index == 0 { lead } else { ", " })?;
    }
    Ok(())
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PullImage {
                image,
                platform,
                on_failure,
                ..
            } => {
                write!(f, "pull image {image}")?;
                if let Some(platform) = platform {
                    write!(f, " for {platform}")?;
                }
                f.write_str(match on_failure {
                    PullFailure::Fails => "",
                    PullFailure::Builds => ", or build it",
                    PullFailure::Ignored => ", if possible",
                })
            }
            Self::BuildImage { service, image, when } => {
                let when = match when {
                    BuildWhen::Always => "",
                    BuildWhen::Missing => ", if still missing",
                };
                write!(f, "build image {image} of {service}{when}")
            }
            Self::RemoveImage { image } => write!(f, "remove image {image}"),
            Self::CreateNetwork { name, .. } => write!(f, "create network {name}"),
            Self::RemoveNetwork { name, .. } => write!(f, "remove network {name}"),
            Self::LeaveNetwork { container, network } => write!(f, "take container {} out of network {network}", container.name),
            Self::CreateVolume { name, .. } => write!(f, "create volume {name}"),
            Self::RemoveVolume { name } => write!(f, "remove volume {name}"),
            Self::CreateContainer(new) => fmt::Display::fmt(new, f),
            Self::StartContainer { container } => write!(f, "start container {}", container.name),
            Self::StopContainer { container, .. } => write!(f, "stop container {}", container.name),
            Self::RestartContainer { container, .. } => write!(f, "restart container {}", container.name),
            Self::RemoveContainer {
                container,
                anonymous_volumes,
            } => {
                write!(f, "remove container {}", container.name)?;
                f.write_str(match anonymous_volumes {
                    super::AnonymousFate::Keep => "",
                    super::AnonymousFate::Remove => " with its anonymous volumes",
                })
            }
            Self::RenameContainer { container, name } => match &container.at {
                ContainerRef::Existing(_) => write!(f, "rename container {} to {name}", container.name),
                ContainerRef::Created(step) => write!(f, "rename container of {step} to {name}"),
            },
            Self::RunHook {
                container, point, index, ..
            } => {
                let point = match point {
                    HookPoint::PostStart => "post_start",
                    HookPoint::PreStop => "pre_stop",
                };
                write!(f, "run {point} hook {} in container {}", index + 1, container.name)
            }
            Self::Wait {
                service,
                condition,
                required,
                ..
            } => {
                write!(
                    f,
                    "wait until {service} {condition}{}",
                    if *required { "" } else { ", or go on without" }
                )
            }
        }
    }
}

impl fmt::Display for NewContainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "create container {}", self.name)?;
        match (&self.temporary_name, &self.replaces) {
            (Some(name), Some(old)) => write!(f, " as {name} in place of {}", old.name),
            (Some(name), None) => write!(f, " as {name}"),
            (None, _) => Ok(()),
        }
    }
}

impl fmt::Display for WaitCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Healthy => "is healthy",
            Self::CompletedSuccessfully => "has completed successfully",
            Self::RunningOrHealthy => "runs or is healthy",
        })
    }
}
