//! `inertia NAME up` and `rollback`: a deployment, watched to its end.

use super::{Target, local_head, watch};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::render::say;
use crate::settings::{Output, Settings};
use clap::Args;
use deployd::wire::{Deployment, DeploymentAccepted, DeploymentRequest, RollbackRequest};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    /// A branch, tag or commit; the registered branch's head when left out
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    /// Do not wait for the end
    #[arg(short, long)]
    detach: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// The deployment whose release is put back; the one before the current when left out
    deployment: Option<u64>,
}

/// Deploys.
pub(crate) fn run(arguments: &UpArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let target = Target::find(settings)?;
    let request = DeploymentRequest {
        reference: arguments.reference.clone(),
    };
    block_on(async {
        let accepted: DeploymentAccepted = target.client.post(&target.path("/deployments"), &request).await?;
        if !arguments.detach {
            let ended = watch::to_the_end(&target, accepted.id, settings).await;
            if arguments.reference.is_none() {
                warn_behind(&target, accepted.id, settings).await;
            }
            return ended;
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

/// Compares what was deployed with what is checked out, where that can be learned.
async fn warn_behind(target: &Target, id: u64, settings: &Settings) {
    let deployment: Result<Deployment, Failure> = target.client.get(&target.path(&format!("/deployments/{id}"))).await;
    if let Some(commit) = deployment.ok().and_then(|deployment| deployment.commit) {
        local_head::warn_behind(target, &commit, settings);
    }
}

/// Puts an earlier release back.
pub(crate) fn rollback(arguments: &RollbackArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let target = Target::find(settings)?;
    let request = RollbackRequest { to: arguments.deployment };
    block_on(async {
        let accepted: DeploymentAccepted = target.client.post(&target.path("/rollback"), &request).await?;
        watch::to_the_end(&target, accepted.id, settings).await
    })
}
