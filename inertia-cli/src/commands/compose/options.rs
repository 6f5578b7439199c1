//! The flags before a compose command, and the loader they describe.

use crate::environment::Environment;
use crate::settings::Settings;
use clap::Args;
use compose_core::load::Loader;
use compose_core::source::{DiskReader, WithStandardInput};
use std::path::PathBuf;

/// The flags before a compose command.
#[derive(Clone, Debug, Args)]
pub(crate) struct ComposeOptions {
    /// Include all resources, even those not used by services
    #[arg(long)]
    pub(crate) all_resources: bool,
    /// When to print ANSI control characters: never, always or auto
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) ansi: String,
    /// Run in backward compatibility mode
    #[arg(long)]
    pub(crate) compatibility: bool,
    /// Show what would be done, and do nothing
    #[arg(long, global = true)]
    pub(crate) dry_run: bool,
    /// Specify an alternate environment file
    #[arg(long = "env-file", value_name = "FILE")]
    pub(crate) env_files: Vec<PathBuf>,
    /// Compose configuration files; `-` is standard input
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Most requests to the engine at a time, -1 for the default
    #[arg(long, value_name = "N", default_value_t = -1, allow_negative_numbers = true)]
    pub(crate) parallel: i64,
    /// Specify a profile to enable
    #[arg(long = "profile", value_name = "NAME")]
    pub(crate) profiles: Vec<String>,
    /// Type of progress output: auto, tty, plain, json or quiet
    #[arg(long, value_name = "TYPE", value_parser = ["auto", "tty", "plain", "json", "quiet"])]
    pub(crate) progress: Option<String>,
    /// Specify an alternate working directory (default: the path of the first compose file)
    #[arg(long, visible_alias = "workdir", value_name = "DIR")]
    pub(crate) project_directory: Option<PathBuf>,
    /// Project name
    #[arg(short = 'p', long = "project-name", value_name = "NAME")]
    pub(crate) project_name: Option<String>,
}

impl ComposeOptions {
    /// Whether what containers say is shown in colours.
    pub(crate) fn colored(&self, settings: &Settings) -> bool {
        match self.ansi.as_str() {
            "never" => false,
            "always" => true,
            _ => settings.color_stdout,
        }
    }

    /// A loader for the project that the flags, the variables and the working folder describe.
    pub(crate) fn loader(&self, settings: &Settings) -> Loader {
        let environment = &settings.environment;
        let mut loader = Loader::new(&environment.cwd)
            .variables(environment.variables.clone())
            .reader(WithStandardInput::new(DiskReader, Environment::standard_input));
        for file in &self.files {
            loader = loader.file(file);
        }
        for file in &self.env_files {
            loader = loader.env_file(file);
        }
        for profile in &self.profiles {
            loader = loader.profile(profile);
        }
        if let Some(directory) = &self.project_directory {
            loader = loader.project_directory(directory);
        }
        if let Some(name) = &self.project_name {
            loader = loader.project_name(name);
        }
        loader
    }
}
