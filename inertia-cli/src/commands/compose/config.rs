//! `inertia compose config`: the project as it is understood, or one aspect of it.

mod aspect;
mod model;

use super::ComposeOptions;
use crate::failure::Failure;
use crate::render::diagnostic;
use crate::settings::{Output, Settings};
use aspect::Aspect;
use clap::Args;
use compose_core::diagnostic::{Diagnostic, Diagnostics};
use compose_core::load::select::{Dependencies, select_services, without_unused_resources};
use compose_core::load::{Loaded, Loader, Stage, Stages};
use compose_core::model::Project;
use compose_core::names::ServiceName;
use compose_core::source::SourceMap;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag of the reference")]
pub(super) struct ConfigArgs {
    /// Print environment used for interpolation
    #[arg(long)]
    environment: bool,
    /// Format the output. Values: [yaml | json]
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Print the service config hash, one per line; `*` for every service
    #[arg(long, value_name = "SERVICE,…")]
    hash: Option<String>,
    /// Print the image names, one per line
    #[arg(long)]
    images: bool,
    /// Produce an override file with image digests
    #[arg(long)]
    lock_image_digests: bool,
    /// Print the model names, one per line
    #[arg(long)]
    models: bool,
    /// Print the network names, one per line
    #[arg(long)]
    networks: bool,
    /// Don't check model consistency; the output may be no valid project
    #[arg(long)]
    no_consistency: bool,
    /// Accepted for scripts: files of variables are part of the model, which resolves them
    #[arg(long)]
    no_env_resolution: bool,
    /// Don't interpolate environment variables
    #[arg(long)]
    no_interpolate: bool,
    /// Don't normalize compose model
    #[arg(long)]
    no_normalize: bool,
    /// Don't resolve file paths
    #[arg(long)]
    no_path_resolution: bool,
    /// Save to file (default to stdout)
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the profile names, one per line
    #[arg(long)]
    profiles: bool,
    /// Only validate the configuration, don't print anything
    #[arg(short, long)]
    quiet: bool,
    /// Pin image tags to digests
    #[arg(long)]
    resolve_image_digests: bool,
    /// Print the service names, one per line
    #[arg(long = "services")]
    service_names: bool,
    /// Print model variables and default values
    #[arg(long)]
    variables: bool,
    /// Print the volume names, one per line
    #[arg(long)]
    volumes: bool,
    /// Only these services and what they depend on
    #[arg(value_name = "SERVICE")]
    services: Vec<ServiceName>,
}

/// What is needed to answer: flags from before the command and behind it.
#[derive(Clone, Copy)]
struct Request<'a> {
    arguments: &'a ConfigArgs,
    options: &'a ComposeOptions,
    settings: &'a Settings,
}

pub(super) fn run(arguments: &ConfigArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let request = Request {
        arguments,
        options,
        settings,
    };
    match Aspect::asked_for(arguments) {
        Some(aspect) => aspect::print(aspect, request),
        None => model::print(request),
    }
}

impl Request<'_> {
    /// The stages that the flags leave.
    fn stages(self) -> Stages {
        let flags = [
            (self.arguments.no_interpolate, Stage::Interpolation),
            (self.arguments.no_normalize || self.options.compatibility, Stage::Normalization),
            (self.arguments.no_path_resolution, Stage::PathResolution),
            (self.arguments.no_consistency, Stage::Consistency),
            (!self.arguments.quiet, Stage::Advice),
        ];
        let left_out = flags.into_iter().filter(|(left_out, _)| *left_out);
        left_out.fold(Stages::ALL, |stages, (_, stage)| stages.without(stage))
    }

    /// The form that was asked for.
    fn format(&self) -> Option<&str> {
        let asked = self.arguments.format.as_deref();
        asked.or((self.settings.output == Output::Json).then_some("json"))
    }

    /// The loader, with these stages.
    fn loader(self) -> Loader {
        self.options.loader(self.settings).stages(self.stages())
    }

    /// The project: the named services and what they depend on, without what nothing uses.
    fn project(self, loader: &Loader, services: &[ServiceName]) -> Result<Project, Failure> {
        let Loaded {
            project,
            warnings,
            sources,
        } = loader.clone().naming(services.iter().cloned()).load()?;
        self.warn(&warnings, &sources);
        let project = select_services(project, services, Dependencies::Included).map_err(said)?;
        Ok(if self.options.all_resources {
            project
        } else {
            without_unused_resources(project)
        })
    }

    /// Shows what does not stop the command.
    fn warn(self, warnings: &Diagnostics, sources: &SourceMap) {
        diagnostic::warn(warnings, sources, self.settings);
    }
}

/// A finding that blames no file.
fn said(finding: Diagnostic) -> Failure {
    let failure = Failure::new(finding.message);
    match finding.help {
        Some(help) => failure.hint(help),
        None => failure,
    }
}
