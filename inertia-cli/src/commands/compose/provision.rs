//! Flags about how images and containers come to be, which `up`, `create` and `run` share.

use super::up::asked;
use crate::settings::Settings;
use clap::{ArgAction, Args};
use compose_core::commands::{BuildChoice, Context, Recreate, UpOptions};
use compose_core::event::{Event, EventSink};
use compose_core::names::ServiceName;
use std::sync::Arc;

/// How images come, for commands that build as well as pull.
#[derive(Debug, Args)]
pub(super) struct ImageArgs {
    /// Pull images first: always, missing, never or policy
    #[arg(long, value_name = "WHEN", value_parser = ["always", "missing", "never", "policy"])]
    pull: Option<String>,
    /// Do not show what a build says
    #[arg(long)]
    quiet_build: bool,
    /// Do not show how far a pull is
    #[arg(long)]
    quiet_pull: bool,
}

impl ImageArgs {
    /// When to pull, where it is not as each service says.
    pub(super) fn pull(&self) -> Option<String> {
        when(self.pull.as_ref())
    }

    /// The same context without what builds and pulls say on the way, as far as that is not wanted.
    pub(super) fn mute(&self, context: Context) -> Context {
        Muted::over(context, self.quiet_build, self.quiet_pull)
    }
}

/// When to pull; `policy` is as each service says.
pub(super) fn when(pull: Option<&String>) -> Option<String> {
    pull.filter(|when| *when != "policy").cloned()
}

/// What is made anew and what is not, for commands that bring all containers up to date.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag of the reference")]
pub(super) struct ConvergeArgs {
    /// Build images before making containers
    #[arg(long, conflicts_with = "no_build")]
    build: bool,
    /// Recreate containers even if their configuration and image have not changed
    #[arg(long, conflicts_with = "no_recreate")]
    force_recreate: bool,
    /// Do not build an image, even if it is missing
    #[arg(long)]
    no_build: bool,
    /// If containers exist already, do not recreate them
    #[arg(long)]
    no_recreate: bool,
    /// Remove containers of services that the files no longer have
    #[arg(long)]
    remove_orphans: bool,
    /// Make so many containers of a service: SERVICE=NUM
    #[arg(long, value_name = "SERVICE=NUM", value_parser = scale, action = ArgAction::Append)]
    scale: Vec<(ServiceName, u32)>,
    /// Answer yes to every question
    #[arg(short, long)]
    yes: bool,
    /// Only these services and what they depend on
    pub(super) services: Vec<String>,
}

impl ConvergeArgs {
    /// What the flags and variables ask for.
    pub(super) fn wanted(&self, settings: &Settings) -> UpOptions {
        UpOptions {
            services: self.services.iter().map(ServiceName::new).collect(),
            recreate: match (self.force_recreate, self.no_recreate) {
                (true, _) => Recreate::Always,
                (false, true) => Recreate::Never,
                (false, false) => Recreate::Diverged,
            },
            build: match (self.build, self.no_build) {
                (true, _) => BuildChoice::Always,
                (false, true) => BuildChoice::Never,
                (false, false) => BuildChoice::Missing,
            },
            remove_orphans: self.remove_orphans || asked(settings, "COMPOSE_REMOVE_ORPHANS"),
            ignore_orphans: asked(settings, "COMPOSE_IGNORE_ORPHANS"),
            recreate_volumes: self.yes,
            scale: self.scale.iter().cloned().collect(),
            ..UpOptions::default()
        }
    }
}

/// A service and how many containers it is to have.
pub(super) fn scale(text: &str) -> Result<(ServiceName, u32), String> {
    let (service, number) = text.split_once('=').ok_or_else(|| format!("'{text}' is not SERVICE=NUM"))?;
    let number = number.parse().map_err(|_| format!("'{number}' is no number of containers"))?;
    Ok((ServiceName::new(service), number))
}

/// Progress without what the flags do not want to see.
pub(super) struct Muted {
    build: bool,
    pull: bool,
    shown: Arc<dyn EventSink>,
}

impl Muted {
    /// The same context without what builds, or pulls, say on the way.
    pub(super) fn over(context: Context, build: bool, pull: bool) -> Context {
        let shown = Arc::clone(&context.events);
        Context {
            events: Arc::new(Self { build, pull, shown }),
            ..context
        }
    }
}

impl EventSink for Muted {
    fn emit(&self, event: Event) {
        let muted = matches!(event, Event::Build { .. }) && self.build || matches!(event, Event::Pull { .. }) && self.pull;
        if !muted {
            self.shown.emit(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::scale;

    #[test]
    fn a_scale_is_a_service_and_a_number() {
        assert_eq!(scale("web=3"), Ok(("web".into(), 3)));
        for bad in ["web", "web=", "web=-1", "web=x"] {
            assert!(scale(bad).is_err(), "{bad}");
        }
    }
}
