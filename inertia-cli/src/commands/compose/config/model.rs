//! The whole model as YAML or JSON.

use super::super::engine;
use super::Request;
use crate::commands::block_on;
use crate::failure::{Attempt as _, Failure};
use crate::render::say_exactly;
use compose_core::model::Project;
use compose_core::names::ImageRef;
use compose_core::print;
use compose_core::source::Node;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

/// How many digests are asked for at a time.
const AT_A_TIME: usize = 8;

/// How the model is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Yaml,
    Json,
}

/// Prints the model, or writes it into a file, or only checks that it can be had.
pub(super) fn print(request: Request<'_>) -> Result<ExitCode, Failure> {
    let arguments = request.arguments;
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
    let arguments = request.arguments;
    let mut project = request.project(&request.loader(), &arguments.services)?;
    if arguments.resolve_image_digests || arguments.lock_image_digests {
        project = block_on(pinned(project, request))?;
    }
    match (form(request)?, arguments.lock_image_digests) {
        (Form::Yaml, false) => Ok(print::yaml(&project)),
        (Form::Yaml, true) => Ok(print::images_yaml(&project)),
        (Form::Json, false) => print::json(&project).attempt("cannot print the project as JSON"),
        (Form::Json, true) => print::images_json(&project).attempt("cannot print the images as JSON"),
    }
}

/// The project with every image by the digest that its registry has now; each is asked for once.
async fn pinned(mut project: Project, request: Request<'_>) -> Result<Project, Failure> {
    let engine = engine::connect(request.settings)?;
    let images: BTreeSet<ImageRef> = project.services.values().filter_map(|service| service.image.clone()).collect();
    let asked = stream::iter(images.into_iter().map(|image| async {
        let pinned = engine.pinned(&image).await.map_err(Failure::from)?;
        Ok::<_, Failure>((image, pinned))
    }));
    let pinned: BTreeMap<ImageRef, ImageRef> = asked.buffer_unordered(AT_A_TIME).try_collect().await?;
    for image in project.services.values_mut().filter_map(|service| service.image.as_mut()) {
        if let Some(pinned) = pinned.get(image) {
            image.clone_from(pinned);
        }
    }
    Ok(project)
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
    match request.format() {
        None | Some("yaml" | "") => Ok(Form::Yaml),
        Some("json") => Ok(Form::Json),
        Some(other) => Err(Failure::new(format!("unsupported format `{other}`")).hint("the formats are yaml and json")),
    }
}
