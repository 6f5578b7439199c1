//! `inertia compose logs`.

use super::scope::Scope;
use super::{ComposeOptions, engine};
use crate::commands::block_on;
use crate::commands::moment::moment;
use crate::failure::{Attempt as _, Failure};
use crate::render::log_lines::{LogLines, Prefix};
use crate::settings::Settings;
use clap::Args;
use compose_core::commands::{self, LogOptions};
use compose_core::engine::{LogChunk, LogRequest};
use compose_core::names::{ContainerName, ProjectName, ServiceName};
use futures::StreamExt as _;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct LogsArgs {
    /// Follow log output
    #[arg(short, long)]
    follow: bool,
    /// Only the container of this number
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// Without colours
    #[arg(long)]
    no_color: bool,
    /// Without names before the lines
    #[arg(long)]
    no_log_prefix: bool,
    /// Only from here on: a time, or how long ago (42m)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only this many of each container's last lines
    #[arg(short = 'n', long, value_name = "LINES", default_value = "all")]
    tail: String,
    /// With the time of each line
    #[arg(short, long)]
    timestamps: bool,
    /// Only up to here: a time, or how long ago (42m)
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only these services
    services: Vec<String>,
}

pub(super) fn run(arguments: &LogsArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let scope = Scope::of_services(&arguments.services, options, settings)?;
    let wanted = LogOptions {
        services: arguments.services.iter().map(ServiceName::new).collect(),
        number: arguments.index,
        stays: false,
        request: LogRequest {
            follow: arguments.follow,
            tail: tail(&arguments.tail)?,
            since: arguments.since.as_deref().map(moment),
            until: arguments.until.as_deref().map(moment),
            timestamps: arguments.timestamps,
        },
    };
    let prefix = Prefix::of(arguments.no_log_prefix, arguments.no_color || !options.colored(settings));
    let context = engine::context(options, settings)?;
    block_on(async {
        let containers = commands::ps(&context, scope.name()).await?;
        let names: Vec<String> = containers.iter().map(|row| short_name(&row.summary.name, scope.name())).collect();
        let mut screen = LogLines::new(prefix, names.iter().map(String::as_str));
        let mut lines = commands::logs(&context, scope.name(), &wanted).await?;
        while let Some(line) = lines.next().await {
            let line = line?;
            let chunk = LogChunk {
                stream: line.stream,
                bytes: (line.text + "\n").into_bytes(),
            };
            match screen.push(&short_name(&line.container, scope.name()), &chunk) {
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => break,
                written => written.attempt("cannot write to standard output")?,
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// A container's name without its project's, as docker compose shows it.
pub(super) fn short_name(container: &ContainerName, project: &ProjectName) -> String {
    let name = container.as_str();
    name.strip_prefix(project.as_str())
        .and_then(|rest| rest.strip_prefix('-'))
        .unwrap_or(name)
        .to_owned()
}

fn tail(text: &str) -> Result<Option<u64>, Failure> {
    match text {
        "all" => Ok(None),
        number => number
            .parse()
            .map(Some)
            .map_err(|_| Failure::new(format!("--tail {number} is neither `all` nor a number of lines"))),
    }
}

#[cfg(test)]
mod tests {
    use super::tail;

    #[test]
    fn a_tail_is_all_or_a_number() {
        assert_eq!(tail("all").ok(), Some(None));
        assert_eq!(tail("3").ok(), Some(Some(3)));
        assert!(tail("some").is_err());
    }
}
