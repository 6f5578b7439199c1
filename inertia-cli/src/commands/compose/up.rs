//! `inertia compose up`.

use super::provision::{ConvergeArgs, ImageArgs};
use super::{ComposeOptions, attach, engine, plan, scope};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::settings::Settings;
use clap::Args;
use compose_core::commands::{self, Context, UpOptions};
use compose_core::model::Project;
use std::process::ExitCode;
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
    /// Run containers in the background
    #[arg(short, long)]
    detach: bool,
    /// Do not start what the services depend on
    #[arg(long)]
    no_deps: bool,
    /// Do not start the services after creating them
    #[arg(long)]
    no_start: bool,
    /// Recreate anonymous volumes instead of keeping their data
    #[arg(short = 'V', long)]
    renew_anon_volumes: bool,
    /// Seconds that containers have to stop
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Wait until services run or are healthy; implies -d
    #[arg(long)]
    wait: bool,
    /// Most seconds to wait
    #[arg(long, value_name = "SECONDS")]
    wait_timeout: Option<u64>,
    #[command(flatten)]
    images: ImageArgs,
    #[command(flatten)]
    converge: ConvergeArgs,
}

pub(super) fn run(arguments: &UpArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let detached = arguments.detach || arguments.wait || arguments.no_start;
    arguments.attach.check(detached)?;
    let project = scope::load_advised(&arguments.converge.services, options, settings)?;
    let wanted = wanted(arguments, settings);
    let context = arguments.images.mute(engine::context(options, settings)?);
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
    let attachment = attach::Attachment::begin(context, project, &arguments.attach, &arguments.converge.services).await?;
    engine::interruptible(context, commands::up(context, project, wanted)).await?;
    attachment.follow(context, project, wanted.grace, colored).await
}

fn wanted(arguments: &UpArgs, settings: &Settings) -> UpOptions {
    UpOptions {
        always_recreate_deps: arguments.always_recreate_deps,
        no_deps: arguments.no_deps,
        pull: arguments.images.pull(),
        no_start: arguments.no_start,
        renew_anonymous_volumes: arguments.renew_anon_volumes,
        grace: arguments.timeout.map(Duration::from_secs),
        wait: arguments.wait.then(|| arguments.wait_timeout.map_or(NO_LIMIT, Duration::from_secs)),
        ..arguments.converge.wanted(settings)
    }
}

/// Whether a variable says yes.
pub(super) fn asked(settings: &Settings, variable: &str) -> bool {
    settings
        .environment
        .variable(variable)
        .is_some_and(|value| matches!(value.to_lowercase().as_str(), "1" | "true" | "t" | "y" | "yes" | "on"))
}
