//! `inertia compose plan`: what `up` would do, and why.

use super::{ComposeOptions, engine, scope};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::render::say;
use crate::settings::{Output, Settings};
use clap::Args;
use compose_core::commands::{self, Context, UpOptions};
use compose_core::model::Project;
use compose_core::names::ServiceName;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// Exit with this code when there is something to do
    #[arg(long, value_name = "CODE", default_value_t = 0)]
    exit_code: u8,
    /// Remove containers of services that the files no longer have
    #[arg(long)]
    remove_orphans: bool,
    /// Only these services and what they depend on
    services: Vec<String>,
}

pub(super) fn run(arguments: &PlanArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let project = scope::load_advised(&arguments.services, options, settings)?;
    let context = engine::context(options, settings)?;
    let wanted = UpOptions {
        services: arguments.services.iter().map(ServiceName::new).collect(),
        remove_orphans: arguments.remove_orphans,
        ..UpOptions::default()
    };
    let plans = block_on(async { Ok(commands::plan(&context, &project, &wanted).await?) })?;
    print(&plans, settings)?;
    Ok(if plans.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(arguments.exit_code)
    })
}

/// Shows what an `up` would do.
pub(super) fn show(context: &Context, project: &Project, wanted: &UpOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let plans = block_on(async { Ok(commands::plan(context, project, wanted).await?) })?;
    print(&plans, settings)
}

pub(super) fn print(plans: &commands::Plans, settings: &Settings) -> Result<ExitCode, Failure> {
    match settings.output {
        Output::Json => say(&serde_json::json!(plans).to_string()),
        Output::Text if plans.is_empty() => say("Nothing to do: what runs is what is wanted."),
        Output::Text => say(&format!("{}{}", plans.images, plans.containers)),
    }
}
