//! `inertia compose cp`: files between containers and this machine.

pub(super) mod pack;
mod place;
mod unpack;

use super::scope::Scope;
use super::targets::{self, Choice, Pick};
use super::{ComposeOptions, engine};
use crate::commands::block_on;
use crate::failure::{Attempt as _, Failure};
use crate::settings::Settings;
use clap::Args;
use compose_core::commands::{ContainerRow, Context};
use compose_core::engine::{Console as _, DockerEngine, Ownership, PathKind, PathStat};
use compose_core::event::{Event, Phase, Subject, Verb};
use compose_core::names::ContainerId;
use futures::StreamExt as _;
use place::{Destination, End};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use unpack::Arrival;

#[derive(Debug, Args)]
pub(super) struct CpArgs {
    /// Include containers made by `run`
    #[arg(long)]
    all: bool,
    /// Give the files to the container's user
    #[arg(short, long)]
    archive: bool,
    /// Follow a symbolic link that is the source
    #[arg(short = 'L', long)]
    follow_link: bool,
    /// The container of this number
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// What is copied: SERVICE:PATH, PATH, or - for an archive on standard input
    source: String,
    /// Where to: SERVICE:PATH, PATH, or - for an archive on standard output
    destination: String,
}

pub(super) fn run(arguments: &CpArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let copy = match (place::end(&arguments.source), place::end(&arguments.destination)) {
        (End::Container { .. }, End::Container { .. }) => return Err(Failure::new("copying between services is not supported")),
        (End::Local(_), End::Local(_)) => {
            return Err(Failure::new("unknown copy direction").hint("one side is a service: SERVICE:PATH"));
        }
        (End::Container { service, path }, End::Local(local)) => Copy {
            service,
            inside: path,
            local,
            outward: true,
        },
        (End::Local(local), End::Container { service, path }) => Copy {
            service,
            inside: path,
            local,
            outward: false,
        },
    };
    let scope = Scope::find(options, settings)?;
    let console = engine::connect(settings)?;
    let context = engine::context_on(console.clone(), options, settings, None);
    let hands = Hands {
        console: &console,
        arguments,
        cwd: &settings.environment.cwd,
        copy,
    };
    block_on(async {
        for row in containers(&context, &scope, &hands).await? {
            let began = Instant::now();
            let tell = |phase| {
                let subject = Subject::Container(row.summary.name.to_string());
                let verb = Verb::Copy;
                context.events.emit(Event::Action { subject, verb, phase });
            };
            tell(Phase::Started);
            hands.copy(&row.summary.id).await?;
            tell(Phase::Done { took: began.elapsed() });
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// A copy: between a path of a service's containers and one of this machine.
#[derive(Clone, Copy)]
struct Copy<'a> {
    service: &'a str,
    inside: &'a str,
    local: &'a str,
    outward: bool,
}

/// Into every container of the service, or out of the first.
async fn containers(context: &Context, scope: &Scope, hands: &Hands<'_>) -> Result<Vec<ContainerRow>, Failure> {
    let (arguments, service) = (hands.arguments, hands.copy.service);
    if arguments.index.is_some_and(|index| index > 0) {
        let pick = Pick {
            service,
            index: arguments.index,
            one_offs: false,
            stopped: true,
        };
        return Ok(vec![targets::one(context, scope.name(), pick).await?]);
    }
    let choice = Choice {
        services: &[service.to_owned()],
        one_offs: arguments.all,
        stopped: true,
        orphans: true,
    };
    let mut rows = targets::find(context, scope, choice).await?;
    if hands.copy.outward {
        rows.truncate(1);
    }
    if rows.is_empty() {
        return Err(Failure::new(format!("no container found for service \"{service}\"")).hint("make one: inertia compose create"));
    }
    Ok(rows)
}

struct Hands<'a> {
    console: &'a DockerEngine,
    arguments: &'a CpArgs,
    cwd: &'a Path,
    copy: Copy<'a>,
}

impl Hands<'_> {
    async fn copy(&self, id: &ContainerId) -> Result<(), Failure> {
        if self.copy.outward {
            self.out_of(id).await
        } else {
            self.into(id).await
        }
    }

    async fn into(&self, id: &ContainerId) -> Result<(), Failure> {
        let (path, stat) = self.followed(id, self.copy.inside).await?;
        let is_folder = stat.as_ref().map(|stat| stat.kind == PathKind::Folder);
        let destination = Destination { path: &path, is_folder };
        let ownership = if self.arguments.archive {
            Ownership::Container
        } else {
            Ownership::Archive
        };
        if self.copy.local == "-" {
            if is_folder != Some(true) {
                return Err(Failure::new(format!(
                    "{}:{path} is no folder, and an archive needs one",
                    self.copy.service
                )));
            }
            self.console
                .upload_stream(id, &path, ownership, pack::from_standard_input())
                .await?;
            return Ok(());
        }
        let local = place::keep_end(self.cwd.join(self.copy.local), self.copy.local);
        let found = if self.arguments.follow_link {
            std::fs::metadata(&local)
        } else {
            std::fs::symlink_metadata(&local)
        };
        let found = found.attempt(format_args!("cannot copy {}", local.display()))?;
        let target = place::target(found.is_dir(), destination)?;
        let local = if self.arguments.follow_link {
            local.canonicalize().unwrap_or(local)
        } else {
            local
        };
        let name = target.name.unwrap_or_else(|| place::base(self.copy.local).to_owned());
        let archive = pack::archive(local, PathBuf::from(name));
        self.console.upload_stream(id, &target.folder, ownership, archive).await?;
        Ok(())
    }

    async fn out_of(&self, id: &ContainerId) -> Result<(), Failure> {
        let inside = self.copy.inside;
        let missing = || {
            let service = self.copy.service;
            Failure::new(format!("could not find the file {inside} in a container of {service}"))
        };
        let (path, stat) = if self.arguments.follow_link {
            self.followed(id, inside).await?
        } else {
            (inside.to_owned(), self.console.stat(id, inside).await?)
        };
        let stat = stat.ok_or_else(missing)?;
        let archive = self.console.download(id, &path).await?;
        if self.copy.local == "-" {
            return to_standard_output(archive).await;
        }
        let local = place::keep_end(self.cwd.join(self.copy.local), self.copy.local);
        let is_folder = std::fs::metadata(&local).ok().map(|found| found.is_dir());
        let text = local.to_string_lossy().into_owned();
        let target = place::target(stat.kind == PathKind::Folder, Destination { path: &text, is_folder })?;
        // A followed link keeps its own name.
        let name = target.name.or_else(|| (path != inside).then(|| place::base(inside).to_owned()));
        let arrival = match name {
            None => Arrival::Kept,
            Some(name) if place::base(inside) == "." => Arrival::Content(name),
            Some(name) => Arrival::Root(name),
        };
        unpack::unpack(archive, PathBuf::from(target.folder), arrival).await
    }

    /// A path of the container, and what it leads to when it is a link.
    async fn followed(&self, id: &ContainerId, path: &str) -> Result<(String, Option<PathStat>), Failure> {
        let stat = self.console.stat(id, path).await?;
        match &stat {
            Some(PathStat {
                kind: PathKind::Link(target),
                ..
            }) => {
                let path = place::beside(path, target);
                let stat = self.console.stat(id, &path).await?;
                Ok((path, stat))
            }
            _ => Ok((path.to_owned(), stat)),
        }
    }
}

async fn to_standard_output(mut archive: unpack::Download) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    while let Some(bytes) = archive.next().await {
        out.write_all(&bytes?).attempt("cannot write to standard output")?;
    }
    out.flush().attempt("cannot write to standard output")
}
