//! The `inertia` command.
//!
//! As typed ([`args`]) → as meant ([`settings`]) → one command of [`commands`] → exit code. What is
//! shown to people is made in [`render`]; the outside world comes in through [`environment`]. Servers
//! are reached by [`ssh`], set up by [`bootstrap`], and worked on there by [`far_end`].

mod args;
mod ask;
mod bootstrap;
mod client;
mod commands;
mod environment;
mod failure;
mod far_end;
mod git_hosts;
mod project_file;
mod remotes;
mod render;
mod repository;
mod settings;
mod ssh;
mod terminal;

use environment::Environment;
use std::process::ExitCode;

fn main() -> ExitCode {
    // One provider of cryptography for everything that speaks TLS without having been given one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let environment = Environment::of_process();
    let settings = match args::parse(&environment) {
        Ok(arguments) => settings::Settings::new(arguments, environment),
        Err(stop) => return stop.print(),
    };
    match commands::run(&settings) {
        Ok(code) => code,
        Err(failure) => render::failure::print(&failure, &settings),
    }
}
