//! `inertia NAME logs`: what the containers wrote, or what a deployment said.

use super::{Target, watch};
use crate::bootstrap;
use crate::commands::block_on;
use crate::commands::moment::moment;
use crate::failure::Failure;
use crate::remotes::Remotes;
use crate::render::say;
use crate::settings::{Output, Settings};
use clap::Args;
use deployd::wire::{BuildLine, EventBody, LogLine, StreamEvent};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// Only these services
    services: Vec<String>,
    /// Go on with what is written from now on
    #[arg(short, long)]
    follow: bool,
    /// Only this many of each container's last lines
    #[arg(short = 'n', long, value_name = "N")]
    tail: Option<u64>,
    /// Only from here on: RFC 3339, or how long ago (10m)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// What a deployment said instead, its builds included
    #[arg(long, value_name = "N", conflicts_with_all = ["services", "follow", "tail", "since"])]
    deployment: Option<u64>,
    /// What the daemon itself wrote, read on its server over SSH
    #[arg(long, conflicts_with_all = ["services", "follow", "since", "deployment"])]
    daemon: bool,
}

/// How many lines of the daemon's own log are shown where nobody says it.
const DAEMON_LINES: u64 = 200;
/// How many at most.
const MOST_DAEMON_LINES: u64 = 100_000;

/// Shows what the containers wrote, or what a deployment said.
pub(crate) fn run(arguments: &LogsArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    if arguments.daemon {
        return daemon(arguments.tail.unwrap_or(DAEMON_LINES), settings);
    }
    let target = Target::find(settings)?;
    match arguments.deployment {
        Some(id) => block_on(deployment(&target, id, settings)),
        None => block_on(containers(&target, arguments, settings)),
    }
}

fn daemon(lines: u64, settings: &Settings) -> Result<ExitCode, Failure> {
    let remotes = Remotes::load(&settings.environment.cwd)?;
    let (name, remote) = remotes.find(settings.remote.as_deref())?;
    let log =
        block_on(bootstrap::daemon_log(name, remote, lines.min(MOST_DAEMON_LINES), settings)).map_err(|failure| failure.about(name))?;
    match settings.output {
        Output::Json => say(&serde_json::json!(log.lines().collect::<Vec<_>>()).to_string()),
        Output::Text => say(log.trim_end()),
    }
}

async fn containers(target: &Target, arguments: &LogsArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let mut query = Vec::new();
    if !arguments.services.is_empty() {
        query.push(format!("service={}", encode(&arguments.services.join(","))));
    }
    if arguments.follow {
        query.push("follow=true".to_owned());
    }
    query.extend(arguments.tail.map(|tail| format!("tail={tail}")));
    query.extend(arguments.since.as_ref().map(|since| format!("since={}", encode(&moment(since)))));
    let mut events = target
        .client
        .events(&target.path(&format!("/logs?{}", query.join("&"))), None)
        .await?;
    let mut lines: Vec<LogLine> = Vec::new();
    while let Some(event) = events.next().await? {
        let line: LogLine = serde_json::from_str(&event.data)
            .map_err(|error| Failure::new(format!("the daemon sent a line that is not understood: {error}")))?;
        match settings.output {
            Output::Json if arguments.follow => say(&serde_json::json!(line).to_string())?,
            Output::Json => {
                lines.push(line);
                ExitCode::SUCCESS
            }
            Output::Text => say(&format!("{}  | {}", line.container, line.line))?,
        };
    }
    match settings.output {
        Output::Json if !arguments.follow => say(&serde_json::json!(lines).to_string()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

async fn deployment(target: &Target, id: u64, settings: &Settings) -> Result<ExitCode, Failure> {
    let mut events: Vec<StreamEvent> = Vec::new();
    let mut broken_pipe = Ok(ExitCode::SUCCESS);
    watch::follow(target, id, |event| match settings.output {
        Output::Json => events.push(event),
        Output::Text if broken_pipe.is_ok() => broken_pipe = say(&text(&event.event)),
        Output::Text => {}
    })
    .await?;
    match settings.output {
        Output::Json => say(&serde_json::json!(events).to_string()),
        Output::Text => broken_pipe,
    }
}

fn text(event: &EventBody) -> String {
    match event {
        EventBody::State { state, reason } => reason
            .as_ref()
            .map_or_else(|| format!("== {state}"), |reason| format!("== {state}: {reason}")),
        EventBody::Note { message } => message.clone(),
        EventBody::Warning { message } => format!("warning: {message}"),
        EventBody::Step { subject, verb, phase } => crate::render::progress::step_line(subject, *verb, &watch::of_wire(phase.clone())),
        EventBody::Pull { image, layer, status } => format!("{image} {} {status}", layer.as_deref().unwrap_or_default()),
        EventBody::Build { service, kind, text } => match kind {
            BuildLine::Step => format!("{service}: {text}"),
            BuildLine::Cached => format!("{service}: CACHED {text}"),
            BuildLine::Line => format!("{service}:   {text}"),
        },
        EventBody::Output { container, line, .. } => format!("{container}  | {line}"),
    }
}

/// Percent-encodes a query's value.
pub(super) fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
