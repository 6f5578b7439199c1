//! `inertia compose commit` and `export`: a container as an image, or as an archive.

use super::scope::Scope;
use super::targets::{self, Pick};
use super::{ComposeOptions, engine};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::settings::Settings;
use clap::{ArgAction, Args};
use compose_core::commands::ContainerRow;
use compose_core::engine::{CommitRequest, Console as _, DockerEngine, EngineError};
use compose_core::event::Verb;
use compose_core::names::ImageRef;
use futures::StreamExt as _;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct CommitArgs {
    /// Who makes the image
    #[arg(short, long, value_name = "AUTHOR")]
    author: Option<String>,
    /// An instruction of a Dockerfile to apply to the image
    #[arg(short, long, value_name = "INSTRUCTION")]
    change: Vec<String>,
    /// The container of this number
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// What the image is made for
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Freeze the container meanwhile
    #[arg(short, long, default_value_t = true, num_args = 0..=1, default_missing_value = "true", require_equals = true, action = ArgAction::Set)]
    pause: bool,
    /// The service
    service: String,
    /// The image's name
    #[arg(value_name = "REPOSITORY[:TAG]")]
    image: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The container of this number
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The service
    service: String,
}

pub(super) fn commit(arguments: &CommitArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let request = CommitRequest {
        name: arguments.image.as_ref().map(ImageRef::new),
        author: arguments.author.clone(),
        comment: arguments.message.clone(),
        changes: arguments.change.clone(),
        pause: arguments.pause,
    };
    let work = async |console: &DockerEngine, row: &ContainerRow| console.commit(&row.summary.id, &request).await.map(|_| ());
    of_container(&arguments.service, arguments.index, Verb::Commit, options, settings, &work)
}

pub(super) fn export(arguments: &ExportArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    if arguments.output.is_none() && settings.environment.stdout_is_terminal {
        return Err(Failure::new("an archive is nothing for a terminal").hint("name a file with -o, or pipe the output elsewhere"));
    }
    let work = async |console: &DockerEngine, row: &ContainerRow| {
        let broken = |error: &std::io::Error| EngineError::Transport {
            attempt: match &arguments.output {
                Some(path) => format!("write {}", path.display()),
                None => "write to standard output".to_owned(),
            },
            message: error.to_string(),
        };
        let mut archive = console.export(&row.summary.id).await?;
        let mut out: Box<dyn Write> = match &arguments.output {
            Some(path) => Box::new(std::fs::File::create(path).map_err(|error| broken(&error))?),
            None => Box::new(std::io::stdout()),
        };
        while let Some(bytes) = archive.next().await {
            out.write_all(&bytes?).map_err(|error| broken(&error))?;
        }
        out.flush().map_err(|error| broken(&error))
    };
    of_container(&arguments.service, arguments.index, Verb::Export, options, settings, &work)
}

fn of_container<F>(
    service: &str,
    index: Option<u32>,
    verb: Verb,
    options: &ComposeOptions,
    settings: &Settings,
    work: &F,
) -> Result<ExitCode, Failure>
where
    F: AsyncFn(&DockerEngine, &ContainerRow) -> Result<(), EngineError>,
{
    let scope = Scope::find(options, settings)?;
    let console = engine::connect(settings)?;
    let context = engine::context_on(console.clone(), options, settings, None);
    let pick = Pick {
        service,
        index,
        one_offs: true,
        stopped: false,
    };
    block_on(async {
        let rows = [targets::one(&context, scope.name(), pick).await?];
        targets::each(&context, &rows, verb, async |row: &ContainerRow| work(&console, row).await).await?;
        Ok(ExitCode::SUCCESS)
    })
}
