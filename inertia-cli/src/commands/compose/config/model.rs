//! The whole model as YAML or JSON.

use super::super::engine;
use super::Request;
use crate::commands::block_on;
use crate::failure::{Attempt as _, Failure};
use crate::render::say_exactly;
use compose_core::names::ImageRef;
use compose_core::print;
use compose_core::source::{Mapping, Node, Value};
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
    if pins(request) {
        let images = project.services.values().filter_map(|service| service.image.clone()).collect();
        let pinned = block_on(digests(images, request))?;
        for image in project.services.values_mut().filter_map(|service| service.image.as_mut()) {
            if let Some(pinned) = pinned.get(image) {
                image.clone_from(pinned);
            }
        }
    }
    match (form(request)?, arguments.lock_image_digests) {
        (Form::Yaml, false) => Ok(print::yaml(&project)),
        (Form::Yaml, true) => Ok(print::images_yaml(&project)),
        (Form::Json, false) => print::json(&project).attempt("cannot print the project as JSON"),
        (Form::Json, true) => print::images_json(&project).attempt("cannot print the images as JSON"),
    }
}

/// Whether images are to be named by their digests.
fn pins(request: Request<'_>) -> bool {
    request.arguments.resolve_image_digests || request.arguments.lock_image_digests
}

/// Images by the digests that their registries have now; each is asked for once.
async fn digests(images: BTreeSet<ImageRef>, request: Request<'_>) -> Result<BTreeMap<ImageRef, ImageRef>, Failure> {
    let engine = engine::connect(request.settings)?;
    let asked = stream::iter(images.into_iter().map(|image| async {
        let pinned = engine.pinned(&image).await.map_err(Failure::from)?;
        Ok::<_, Failure>((image, pinned))
    }));
    asked.buffer_unordered(AT_A_TIME).try_collect().await
}

/// The merged files as they are written. Services are not selected, nor is anything left out.
fn raw(request: Request<'_>) -> Result<String, Failure> {
    let loaded = request.loader().load_tree()?;
    request.warn(&loaded.warnings, &loaded.sources);
    let mut tree = loaded.tree;
    if pins(request) {
        let images = self::images(&mut tree).map(|image| ImageRef::new(&*image)).collect();
        let pinned = block_on(digests(images, request))?;
        for image in self::images(&mut tree) {
            if let Some(pinned) = pinned.get(&ImageRef::new(&*image)) {
                *image = pinned.to_string();
            }
        }
    }
    if request.arguments.lock_image_digests {
        keep_images(&mut tree);
    }
    match form(request)? {
        Form::Yaml => Ok(print::raw_yaml(&tree)),
        Form::Json => print::raw_json(&tree).attempt("cannot print the model as JSON"),
    }
}

/// The services of a tree, their nodes.
fn services(tree: &mut Node) -> impl Iterator<Item = &mut Node> {
    let sections = tree.as_mapping_mut();
    let services = sections.and_then(|sections| sections.get_mut("services")?.as_mapping_mut());
    services.into_iter().flat_map(Mapping::iter_mut).map(|(_, entry)| &mut entry.node)
}

/// The images that the services of a tree name.
fn images(tree: &mut Node) -> impl Iterator<Item = &mut String> {
    let images = services(tree).filter_map(|service| service.as_mapping_mut()?.get_mut("image"));
    images.filter_map(|image| match &mut image.value {
        Value::String(image) => Some(image),
        _ => None,
    })
}

/// Takes all but the images of the services out of a tree.
fn keep_images(tree: &mut Node) {
    if let Some(sections) = tree.as_mapping_mut() {
        sections.retain(|section, _| section == "services");
    }
    for service in services(tree).filter_map(Node::as_mapping_mut) {
        service.retain(|attribute, _| attribute == "image");
    }
}

fn form(request: Request<'_>) -> Result<Form, Failure> {
    match request.format() {
        None | Some("yaml" | "") => Ok(Form::Yaml),
        Some("json") => Ok(Form::Json),
        Some(other) => Err(Failure::new(format!("unsupported format `{other}`")).hint("the formats are yaml and json")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use compose_core::source::{SourceMap, parse_text};

    #[test]
    fn of_a_tree_only_the_images_are_kept() {
        let text = "name: n\nservices: {a: {image: $A, tty: true}, b: {build: .}}\nnetworks: {default: {}}";
        let mut tree = parse_text("compose.yaml", text, &mut SourceMap::default())
            .expect("it parses")
            .remove(0);
        for image in images(&mut tree) {
            image.push_str("@sha256:0");
        }
        keep_images(&mut tree);
        assert_eq!(print::raw_yaml(&tree), "services:\n  a:\n    image: $A@sha256:0\n  b: {}\n");
    }
}
