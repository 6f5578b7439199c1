//! `inertia NAME up` and `rollback`: a deployment, watched to its end.

use super::origin::OriginArgs;
use super::{Target, local_head, watch};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::render::say;
use crate::settings::{Output, Settings};
use clap::Args;
use deployd::wire::{DeploymentAccepted, DeploymentRequest, RollbackRequest};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    /// A branch, tag or commit; the registered branch's head when left out
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    /// Do not wait for the end
    #[arg(short, long)]
    detach: bool,
    #[command(flatten)]
    origin: OriginArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// The deployment whose release is put back; the one before the current when left out
    deployment: Option<u64>,
    #[command(flatten)]
    origin: OriginArgs,
}

/// Deploys.
pub(crate) fn run(arguments: &UpArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let target = Target::own(settings, arguments.origin.leave())?;
    let request = DeploymentRequest {
        reference: arguments.reference.clone(),
    };
    block_on(async {
        // Whoever names what to deploy need not be told what else it might have been.
        let is_named = arguments.reference.is_some();
        let is_known = is_named || local_head::warn_other_branch(&target, settings).await;
        let accepted: DeploymentAccepted = target.client.post(&target.path("/deployments"), &request).await?;
        if !arguments.detach {
            let ended = watch::to_the_end(&target, accepted.id, settings).await?;
            if let Some(commit) = ended.commit.as_deref().filter(|_| !is_known) {
                local_head::warn_behind(&target, commit, settings);
            }
            return watch::report(&ended, &target, settings);
        }
        match settings.output {
            Output::Json => say(&serde_json::json!(accepted).to_string()),
            Output::Text => say(&format!(
                "Deployment {} is queued. Watch it: inertia {} show {}",
                accepted.id, target.remote, accepted.id
            )),
        }
    })
}

/// Puts an earlier release back.
pub(crate) fn rollback(arguments: &RollbackArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let target = Target::own(settings, arguments.origin.leave())?;
    let request = RollbackRequest { to: arguments.deployment };
    block_on(async {
        let accepted: DeploymentAccepted = target.client.post(&target.path("/rollback"), &request).await?;
        let ended = watch::to_the_end(&target, accepted.id, settings).await?;
        watch::report(&ended, &target, settings)
    })
}
