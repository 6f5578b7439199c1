//! `inertia compose up`.

use super::{ComposeOptions, attach, engine, plan, scope};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::settings::Settings;
use clap::{ArgAction, Args};
use compose_core::commands::{self, BuildChoice, Context, Recreate, UpOptions};
use compose_core::event::{Event, EventSink};
use compose_core::model::Project;
use compose_core::names::ServiceName;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How long `--wait` waits when no limit is given.
pub(super) const NO_LIMIT: Duration = Duration::from_hours(24 * 365);

#[derive(Debug, Args)]
pub(super) struct UpArgs {
    #[command(flatten)]
    attach: attach::AttachArgs,
    /// Recreate dependent containers
    #[arg(long, conflicts_with = "no_recreate")]
    always_recreate_deps: bool,
    /// Build images before starting containers
    #[arg(long, conflicts_with = "no_build")]
    build: bool,
    /// Run containers in the background
    #[arg(short, long)]
    detach: bool,
    /// Recreate containers even if their configuration and image have not changed
    #[arg(long, conflicts_with = "no_recreate")]
    force_recreate: bool,
    /// Do not build an image, even if it is missing
    #[arg(long)]
    no_build: bool,
    /// Do not start what the services depend on
    #[arg(long)]
    no_deps: bool,
    /// If containers exist already, do not recreate them
    #[arg(long)]
    no_recreate: bool,
    /// Do not start the services after creating them
    #[arg(long)]
    no_start: bool,
    /// Pull images before running: always, missing, never or policy
    #[arg(long, value_name = "WHEN", value_parser = ["always", "missing", "never", "policy"])]
    pull: Option<String>,
    /// Do not show what a build says
    #[arg(long)]
    quiet_build: bool,
    /// Do not show how far a pull is
    #[arg(long)]
    quiet_pull: bool,
    /// Remove containers of services that the files no longer have
    #[arg(long)]
    remove_orphans: bool,
    /// Recreate anonymous volumes instead of keeping their data
    #[arg(short = 'V', long)]
    renew_anon_volumes: bool,
    /// Run a service as so many containers: SERVICE=NUM
    #[arg(long, value_name = "SERVICE=NUM", value_parser = scale, action = ArgAction::Append)]
    scale: Vec<(ServiceName, u32)>,
    /// Seconds that containers have to stop
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Wait until services run or are healthy; implies -d
    #[arg(long)]
    wait: bool,
    /// Most seconds to wait
    #[arg(long, value_name = "SECONDS")]
    wait_timeout: Option<u64>,
    /// Answer yes to every question
    #[arg(short, long)]
    yes: bool,
    /// Only these services and what they depend on
    services: Vec<String>,
}

pub(super) fn run(arguments: &UpArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let detached = arguments.detach || arguments.wait || arguments.no_start;
    arguments.attach.check(detached)?;
    let project = scope::load_advised(options, settings)?;
    let project = scope::with_named(project, &arguments.services, options, settings)?;
    let wanted = wanted(arguments, settings);
    let context = Muted::over(engine::context(options, settings)?, arguments.quiet_build, arguments.quiet_pull);
    if options.dry_run {
        return plan::show(&context, &project, &wanted, settings);
    }
    block_on(async {
        if detached {
            engine::interruptible(&context, commands::up(&context, &project, &wanted)).await?;
            return Ok(ExitCode::SUCCESS);
        }
        attached(arguments, &context, &project, &wanted, options.colored(settings)).await
    })
}

async fn attached(
    arguments: &UpArgs,
    context: &Context,
    project: &Project,
    wanted: &UpOptions,
    colored: bool,
) -> Result<ExitCode, Failure> {
    let attachment = attach::Attachment::begin(context, project, &arguments.attach, &arguments.services).await?;
    engine::interruptible(context, commands::up(context, project, wanted)).await?;
    attachment.follow(context, project, wanted.grace, colored).await
}

fn wanted(arguments: &UpArgs, settings: &Settings) -> UpOptions {
    UpOptions {
        services: arguments.services.iter().map(ServiceName::new).collect(),
        recreate: match (arguments.force_recreate, arguments.no_recreate) {
            (true, _) => Recreate::Always,
            (false, true) => Recreate::Never,
            (false, false) => Recreate::Diverged,
        },
        always_recreate_deps: arguments.always_recreate_deps,
        no_deps: arguments.no_deps,
        build: match (arguments.build, arguments.no_build) {
            (true, _) => BuildChoice::Always,
            (false, true) => BuildChoice::Never,
            (false, false) => BuildChoice::Missing,
        },
        pull: arguments.pull.clone().filter(|when| when != "policy"),
        remove_orphans: arguments.remove_orphans || asked(settings, "COMPOSE_REMOVE_ORPHANS"),
        ignore_orphans: asked(settings, "COMPOSE_IGNORE_ORPHANS"),
        no_start: arguments.no_start,
        renew_anonymous_volumes: arguments.renew_anon_volumes,
        recreate_volumes: arguments.yes,
        scale: arguments.scale.iter().cloned().collect::<BTreeMap<_, _>>(),
        grace: arguments.timeout.map(Duration::from_secs),
        wait: arguments.wait.then(|| arguments.wait_timeout.map_or(NO_LIMIT, Duration::from_secs)),
        ..UpOptions::default()
    }
}

/// Whether a variable says yes.
pub(super) fn asked(settings: &Settings, variable: &str) -> bool {
    settings
        .environment
        .variable(variable)
        .is_some_and(|value| matches!(value.to_lowercase().as_str(), "1" | "true" | "t" | "y" | "yes" | "on"))
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

pub(super) fn scale(text: &str) -> Result<(ServiceName, u32), String> {
    let (service, number) = text.split_once('=').ok_or_else(|| format!("'{text}' is not SERVICE=NUM"))?;
    let number = number.parse().map_err(|_| format!("'{number}' is no number of containers"))?;
    Ok((ServiceName::new(service), number))
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
