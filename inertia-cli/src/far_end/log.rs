//! What the daemon wrote, which only its engine has.

use super::container::Found;
use super::engine;
use crate::commands::block_on;
use crate::failure::{Attempt as _, Failure};
use compose_core::engine::{Engine as _, LogRequest};
use futures::TryStreamExt as _;
use std::io::Write as _;
use std::process::ExitCode;

/// Prints the last lines as they are.
pub(super) fn run(tail: u64) -> Result<ExitCode, Failure> {
    block_on(print(tail))
}

async fn print(tail: u64) -> Result<ExitCode, Failure> {
    let engine = engine().await?;
    let found = Found::on(&engine).await?;
    let daemon = found
        .current
        .or(found.previous)
        .ok_or_else(|| Failure::new("there is no daemon on the server").hint("`inertia NAME init` makes one"))?;
    let request = LogRequest {
        tail: Some(tail),
        ..LogRequest::default()
    };
    let mut chunks = engine.logs(&daemon.id, &request);
    while let Some(chunk) = chunks.try_next().await? {
        std::io::stdout().write_all(&chunk.bytes).attempt("cannot pass the log on")?;
    }
    Ok(ExitCode::SUCCESS)
}
