//! `inertia compose run`.

use super::provision::ImageArgs;
use super::session::{self, Peer, Wiring};
use super::up;
use super::words::{self, Words};
use super::{ComposeOptions, engine, scope};
use crate::commands::block_on;
use crate::failure::{Attempt as _, Failure};
use crate::render::say;
use crate::settings::{Settings, Volume};
use clap::Args;
use compose_core::commands::{self, BuildChoice, Context, Overrides, Publish, RunOptions, UpOptions};
use compose_core::diagnostic::{Diagnostics, Severity};
use compose_core::engine::{Console as _, DockerEngine, Ending, Engine as _, Input};
use compose_core::hash::hex;
use compose_core::model::{OptionalStringMap, StringMap};
use compose_core::names::{ContainerId, ServiceName};
use compose_core::source::{EnvFile, EnvFormat, SourceMap};
use std::process::ExitCode;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag of the reference")]
pub(super) struct RunArgs {
    /// Build the images first
    #[arg(long)]
    build: bool,
    /// Add a Linux capability
    #[arg(long, value_name = "CAPABILITY")]
    cap_add: Vec<String>,
    /// Drop a Linux capability
    #[arg(long, value_name = "CAPABILITY")]
    cap_drop: Vec<String>,
    /// Run in the background and print the container's id
    #[arg(short, long)]
    detach: bool,
    /// Another entrypoint than the image's
    #[arg(long, value_name = "COMMAND")]
    entrypoint: Option<String>,
    /// Set a variable: KEY=VALUE, or KEY for the value it has here
    #[arg(short, long, value_name = "KEY[=VALUE]")]
    env: Vec<String>,
    /// Set the variables of a file
    #[arg(long, value_name = "FILE")]
    env_from_file: Vec<std::path::PathBuf>,
    /// Set a label
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = label)]
    label: Vec<(String, String)>,
    /// The container's name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Do not start what the service depends on
    #[arg(long)]
    no_deps: bool,
    /// Publish a port of the container
    #[arg(short, long, value_name = "PORT", conflicts_with = "service_ports")]
    publish: Vec<String>,
    /// Say nothing but what the command says
    #[arg(short, long)]
    quiet: bool,
    /// Remove containers of services that the files no longer have
    #[arg(long)]
    remove_orphans: bool,
    /// Remove the container when it ends
    #[arg(long)]
    rm: bool,
    /// Publish the service's ports
    #[arg(short = 'P', long)]
    service_ports: bool,
    #[command(flatten)]
    images: ImageArgs,
    #[command(flatten)]
    streams: words::StreamArgs,
    /// Answer to the service's aliases in its networks
    #[arg(long)]
    use_aliases: bool,
    /// Run as this user
    #[arg(short, long, value_name = "USER")]
    user: Option<String>,
    /// Mount something: TARGET, SOURCE:TARGET or SOURCE:TARGET:OPTIONS
    #[arg(short, long, value_name = "VOLUME")]
    volume: Vec<String>,
    /// The working folder in the container
    #[arg(short, long, value_name = "FOLDER")]
    workdir: Option<String>,
    /// The service, and the command where it is not the service's own
    #[arg(required = true, num_args = 1.., trailing_var_arg = true, value_names = ["SERVICE", "COMMAND"])]
    words: Vec<String>,
}

pub(super) fn run(arguments: &RunArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let Words { service, command } = Words::of(&arguments.words);
    let wiring = Wiring {
        tty: session::wants_terminal(arguments.streams.terminal(), arguments.streams.interactive, &settings.environment)?,
        input: arguments.streams.interactive && !arguments.detach,
    };
    let project = scope::load(&arguments.words[..1], options, settings)?;
    let overrides = Overrides {
        command: command.to_vec(),
        environment: environment(arguments, &project.variables)?,
        tty: wiring.tty,
        ..arguments.overrides()
    };
    let service = ServiceName::new(service);
    let project = overrides
        .apply(project, &service, &settings.environment.cwd)
        .map_err(|error| Failure::new(error.what).hint(error.help))?;
    let console = engine::connect(settings)?;
    let volume = arguments.quiet.then_some(Volume::Quiet);
    let context = engine::context_on(console.clone(), options, settings, volume);
    let context = arguments.images.mute(context);
    let wanted = arguments.wanted(settings);
    let run = Run {
        console: &console,
        context: &context,
        wiring,
        auto_remove: arguments.rm,
    };
    block_on(async {
        let made = commands::make_one_off(&context, &project, &service, &wanted);
        let (id, _) = engine::interruptible(&context, made).await?;
        if arguments.detach {
            console.start_container(&id).await?;
            return say(id.as_str());
        }
        run.attached(&id).await
    })
}

impl RunArgs {
    fn overrides(&self) -> Overrides {
        Overrides {
            entrypoint: self.entrypoint.clone(),
            labels: self.label.iter().cloned().collect(),
            user: self.user.clone(),
            working_dir: self.workdir.clone(),
            cap_add: self.cap_add.clone(),
            cap_drop: self.cap_drop.clone(),
            ports: if self.service_ports {
                Publish::OfService
            } else {
                Publish::These(self.publish.clone())
            },
            volumes: self.volume.clone(),
            stdin_open: self.streams.interactive,
            ..Overrides::default()
        }
    }

    fn wanted(&self, settings: &Settings) -> RunOptions {
        RunOptions {
            up: UpOptions {
                no_deps: self.no_deps,
                build: if self.build { BuildChoice::Always } else { BuildChoice::Missing },
                pull: self.images.pull(),
                remove_orphans: self.remove_orphans,
                ignore_orphans: up::asked(settings, "COMPOSE_IGNORE_ORPHANS"),
                ..UpOptions::default()
            },
            name: self.name.as_deref().map(Into::into),
            slug: slug(),
            auto_remove: self.rm,
            service_aliases: self.use_aliases,
        }
    }
}

/// A container that was made and is to run in the foreground.
struct Run<'a> {
    console: &'a DockerEngine,
    context: &'a Context,
    wiring: Wiring,
    auto_remove: bool,
}

impl Run<'_> {
    async fn attached(&self, id: &ContainerId) -> Result<ExitCode, Failure> {
        let ending = if self.auto_remove { Ending::Removal } else { Ending::Exit };
        let end = self.console.await_end(id, ending).await?;
        let input = if self.wiring.input { Input::Connected } else { Input::Ignored };
        let streams = self.console.attach(id, input).await?;
        self.context.engine.start_container(id).await?;
        session::connect(self.console, Peer::Container(id), self.wiring, streams).await?;
        Ok(session::exit(session::exit_code(self.console, id, end).await?))
    }
}

/// The variables of `-e` over those of the files.
fn environment(arguments: &RunArgs, known: &StringMap) -> Result<OptionalStringMap, Failure> {
    let mut all = words::assignments(&arguments.env, known);
    for path in &arguments.env_from_file {
        let bytes = std::fs::read(path).attempt(format_args!("cannot read {}", path.display()))?;
        let (mut read, mut findings) = (StringMap::new(), Diagnostics::new());
        let lookup = |key: &str| all.get(key).cloned();
        let file = EnvFile {
            path,
            bytes: &bytes,
            format: EnvFormat::Compose,
        };
        file.read_into(&mut read, &lookup, &mut SourceMap::default(), &mut findings);
        if let Some(found) = findings.iter().find(|found| found.severity == Severity::Error) {
            return Err(Failure::new(format!("{}: {}", path.display(), found.message)));
        }
        for (key, value) in read {
            all.entry(key).or_insert(value);
        }
    }
    Ok(all.into_iter().map(|(key, value)| (key, Some(value))).collect())
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("a label is written KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// What tells this container from others of its kind.
fn slug() -> String {
    hex(&rand::random::<[u8; 32]>())
}
