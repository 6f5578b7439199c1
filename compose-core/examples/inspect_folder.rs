//! Loads the project of a folder as `docker compose` would, and says what it consists of:
//!
//! ```text
//! cargo run -p compose-core --no-default-features --example inspect_folder -- FOLDER
//! ```
#![expect(clippy::print_stdout, reason = "an example says what it found")]

use compose_core::load::{LoadError, Loader};
use compose_core::model::Project;
use std::path::PathBuf;

fn main() -> Result<(), LoadError> {
    let folder = std::env::args().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let folder = folder.canonicalize().unwrap_or(folder);
    // The library never looks at the process: the caller hands its variables over.
    let loaded = Loader::new(folder).variables(std::env::vars()).load()?;
    for warning in &loaded.warnings {
        let place = warning.span.map(|span| loaded.sources.place(span) + ": ").unwrap_or_default();
        println!("{place}warning: {}", warning.message);
    }
    describe(&loaded.project);
    Ok(())
}

fn describe(project: &Project) {
    println!("project {}", project.name);
    for (name, service) in &project.services {
        let image = service.image.as_ref().map_or("an image that is built", |image| image.as_str());
        println!("  {name} runs {image}");
        for port in &service.networking.ports {
            let published = port.published.as_deref().unwrap_or("a port of the engine's choice");
            println!("    publishes {} as {published}", port.target);
        }
        for (other, dependency) in &service.lifecycle.depends_on {
            println!("    starts after {other} ({:?})", dependency.condition);
        }
    }
}
