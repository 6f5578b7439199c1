//! The whole model as YAML or JSON.

use super::Request;
use crate::failure::{Attempt as _, Failure};
use crate::render::say_exactly;
use compose_core::print;
use compose_core::source::Node;
use std::process::ExitCode;

/// How the model is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Yaml,
    Json,
}

/// Prints the model, or writes it into a file, or only checks that it can be had.
pub(super) fn print(request: Request<'_>) -> Result<ExitCode, Failure> {
    let arguments = request.arguments;
    if arguments.resolve_image_digests || arguments.lock_image_digests {
        return Err(Failure::new("cannot pin images: Inertia asks no registry for digests")
            .hint("pull the images, then read their digests with `docker image inspect --format '{{.RepoDigests}}' IMAGE`"));
    }
    let text = if arguments.no_interpolate {
        raw(request)?
    } else {
        resolved(request)?
    };
    match &arguments.output {
        _ if arguments.quiet => Ok(ExitCode::SUCCESS),
        None => say_exactly(&text),
        Some(path) => {
            let path = request.settings.environment.cwd.join(path);
            std::fs::write(&path, text).attempt(format_args!("cannot write {}", path.display()))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn resolved(request: Request<'_>) -> Result<String, Failure> {
    let project = request.project(&request.loader(), &request.arguments.services)?;
    match form(request)? {
        Form::Yaml => Ok(print::yaml(&project)),
        Form::Json => print::json(&project).attempt("cannot print the project as JSON"),
    }
}

/// The merged files as they are written. Services are not selected, nor is anything left out.
fn raw(request: Request<'_>) -> Result<String, Failure> {
    let loaded = request.loader().load_tree()?;
    request.warn(&loaded.warnings, &loaded.sources);
    let tree: &Node = &loaded.tree;
    match form(request)? {
        Form::Yaml => Ok(print::raw_yaml(tree)),
        Form::Json => print::raw_json(tree).attempt("cannot print the model as JSON"),
    }
}

fn form(request: Request<'_>) -> Result<Form, Failure> {
    match request.arguments.format.as_deref() {
        None | Some("yaml" | "") => Ok(Form::Yaml),
        Some("json") => Ok(Form::Json),
        Some(other) => Err(Failure::new(format!("unsupported format `{other}`")).hint("the formats are yaml and json")),
    }
}
