//! `inertia compose push`: images that are built go to their registries.

use super::{ComposeOptions, engine, scope};
use crate::commands::block_on;
use crate::failure::{Failure, chain};
use crate::settings::{Settings, Volume};
use clap::Args;
use compose_core::commands::Context;
use compose_core::engine::{Console as _, DockerEngine, EngineError};
use compose_core::event::{Event, Phase, Subject, Verb};
use compose_core::load::select::{Dependencies, select_services};
use compose_core::model::Project;
use compose_core::names::{ImageRef, ServiceName};
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Instant;

#[derive(Debug, Args)]
pub(super) struct PushArgs {
    /// Push what can be pushed and pass over the rest
    #[arg(long)]
    ignore_push_failures: bool,
    /// Push the images of what the services depend on too
    #[arg(long)]
    include_deps: bool,
    /// Do not show progress
    #[arg(short, long)]
    quiet: bool,
    /// Only these services
    services: Vec<String>,
}

pub(super) fn run(arguments: &PushArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let project = scope::load_without_variables(&arguments.services, options, settings)?;
    let names: Vec<ServiceName> = arguments.services.iter().map(ServiceName::new).collect();
    let dependencies = if arguments.include_deps {
        Dependencies::Included
    } else {
        Dependencies::Left
    };
    let project = select_services(project, &names, dependencies).map_err(|finding| Failure::new(finding.message))?;
    let console = engine::connect(settings)?;
    let volume = arguments.quiet.then_some(Volume::Quiet);
    let context = engine::context_on(console.clone(), options, settings, volume);
    block_on(engine::interruptible(&context, async {
        for image in images(&project) {
            match push(&console, &context, &image).await {
                Err(error) if arguments.ignore_push_failures => context.events.emit(Event::Warning {
                    message: format!("{image} was not pushed: {}", chain(&error)),
                }),
                other => other?,
            }
        }
        Ok::<(), EngineError>(())
    }))?;
    Ok(ExitCode::SUCCESS)
}

/// The images that are built here and have a name of their own.
fn images(project: &Project) -> BTreeSet<ImageRef> {
    let built = project.services.values().filter(|service| service.build.is_some());
    built.filter_map(|service| service.image.clone()).collect()
}

async fn push(console: &DockerEngine, context: &Context, image: &ImageRef) -> Result<(), EngineError> {
    let began = Instant::now();
    let tell = |phase| {
        context.events.emit(Event::Action {
            subject: Subject::Image(image.to_string()),
            verb: Verb::Push,
            phase,
        });
    };
    tell(Phase::Started);
    let mut progress = |progress| {
        context.events.emit(Event::Pull {
            image: image.to_string(),
            progress,
        });
    };
    let pushed = console.push_image(image, &mut progress).await;
    tell(match &pushed {
        Ok(()) => Phase::Done { took: began.elapsed() },
        Err(error) => Phase::Failed {
            message: error.to_string(),
        },
    });
    pushed
}
