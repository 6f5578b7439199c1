//! `inertia NAME plan`: what `up` would do, and why.

use super::{Target, local_head, logs::encode};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::render::{note, say, say_lines};
use crate::settings::{Output, Settings, Volume};
use clap::Args;
use deployd::wire::PlanReport;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// A branch, tag or commit; the registered branch's head when left out
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    /// Exit with this code when what runs is not what is wanted
    #[arg(long, value_name = "CODE", default_value_t = 0)]
    exit_code: u8,
}

/// Shows the plan.
pub(crate) fn run(arguments: &PlanArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let target = Target::find(settings)?;
    let query = arguments
        .reference
        .as_ref()
        .map(|reference| format!("?ref={}", encode(reference)))
        .unwrap_or_default();
    let plan: PlanReport = block_on(target.client.get(&target.path(&format!("/plan{query}"))))?;
    if arguments.reference.is_none() {
        local_head::warn_behind(&target, &plan.commit, settings);
    }
    match settings.output {
        Output::Json => say(&serde_json::json!(plan).to_string())?,
        Output::Text => tell(&plan, settings)?,
    };
    Ok(if plan.changes || !plan.differs.is_empty() {
        ExitCode::from(arguments.exit_code)
    } else {
        ExitCode::SUCCESS
    })
}

fn tell(plan: &PlanReport, settings: &Settings) -> Result<ExitCode, Failure> {
    if settings.volume != Volume::Quiet {
        for warning in &plan.warnings {
            note(&format!("warning: {warning}"));
        }
    }
    if plan.changes {
        say(&plan.text)?;
    }
    match (plan.changes, plan.differs.as_slice()) {
        (true, []) => Ok(ExitCode::SUCCESS),
        (false, []) => say("Nothing to do: what runs is what is wanted."),
        (_, differing) => {
            say("A deployment does not change this:")?;
            say_lines(differing)
        }
    }
}
