//! One aspect of the model, a line each.

use super::{ConfigArgs, Request, said};
use crate::failure::{Attempt as _, Failure};
use crate::render::say_exactly;
use compose_core::hash::config_hash;
use compose_core::load::interpolate::{UsedVariable, used_variables};
use compose_core::load::{Stage, select};
use compose_core::model::{Project, Service};
use compose_core::names::ServiceName;
use compose_core::print;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::process::ExitCode;

/// What is printed instead of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Aspect {
    Services,
    Volumes,
    Networks,
    Models,
    /// Of these services, or of all.
    Hashes(String),
    Profiles,
    Images,
    Variables,
    Environment,
}

impl Aspect {
    /// The first that is asked for, in the reference's order.
    pub(super) fn asked_for(arguments: &ConfigArgs) -> Option<Self> {
        let hashes = arguments.hash.clone().filter(|names| !names.is_empty());
        [
            arguments.service_names.then_some(Self::Services),
            arguments.volumes.then_some(Self::Volumes),
            arguments.networks.then_some(Self::Networks),
            arguments.models.then_some(Self::Models),
            hashes.map(Self::Hashes),
            arguments.profiles.then_some(Self::Profiles),
            arguments.images.then_some(Self::Images),
            arguments.variables.then_some(Self::Variables),
            arguments.environment.then_some(Self::Environment),
        ]
        .into_iter()
        .flatten()
        .next()
    }
}

/// Prints the aspect.
pub(super) fn print(aspect: Aspect, request: Request<'_>) -> Result<ExitCode, Failure> {
    let selected = request.arguments.services.as_slice();
    match aspect {
        Aspect::Services if request.arguments.no_interpolate => raw_services(request),
        Aspect::Services => lines(by_dependency(&without_env_files(request, &[])?)),
        Aspect::Volumes => lines(without_env_files(request, &[])?.volumes.keys()),
        Aspect::Networks => lines(without_env_files(request, &[])?.networks.keys()),
        Aspect::Models => {
            let project = without_env_files(request, &[])?;
            lines(project.models.values().filter_map(|model| model.model.as_ref()))
        }
        Aspect::Hashes(names) => hashes(&names, &without_env_files(request, &[])?),
        Aspect::Profiles => lines(profiles(&without_env_files(request, selected)?)),
        Aspect::Images => {
            let project = without_env_files(request, selected)?;
            lines(project.services.values().map(|service| image(service, &project)))
        }
        Aspect::Variables => variables(request),
        Aspect::Environment => {
            let project = request.project(&request.loader(), selected)?;
            let pairs = project.variables.iter().map(|(name, value)| format!("{name}={value}"));
            if request.arguments.quiet {
                Ok(ExitCode::SUCCESS)
            } else {
                lines(pairs)
            }
        }
    }
}

/// The project for questions to which files of variables, which may be missing, say nothing.
fn without_env_files(request: Request<'_>, services: &[ServiceName]) -> Result<Project, Failure> {
    let stages = request.stages().without(Stage::EnvironmentFiles);
    request.project(&request.loader().stages(stages), services)
}

fn lines<T: ToString>(items: impl IntoIterator<Item = T>) -> Result<ExitCode, Failure> {
    let mut text = String::new();
    for item in items {
        text.push_str(&item.to_string());
        text.push('\n');
    }
    say_exactly(&text)
}

fn raw_services(request: Request<'_>) -> Result<ExitCode, Failure> {
    let loaded = request.loader().load_tree()?;
    request.warn(&loaded.warnings, &loaded.sources);
    let services = loaded.tree.get("services").and_then(|services| services.as_mapping());
    lines(
        services
            .into_iter()
            .flat_map(|services| services.iter().map(|(name, _)| name).collect::<BTreeSet<_>>()),
    )
}

/// A service follows those that it depends on; names decide where dependencies do not.
fn by_dependency(project: &Project) -> Vec<&ServiceName> {
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    // A service is opened, its dependencies after it on the stack, then met again and closed.
    let mut open: Vec<(&ServiceName, bool)> = project.services.keys().rev().map(|name| (name, false)).collect();
    while let Some((name, closing)) = open.pop() {
        if closing {
            order.push(name);
        } else if let Some(service) = project.services.get(name)
            && seen.insert(name)
        {
            open.push((name, true));
            open.extend(service.lifecycle.depends_on.keys().rev().map(|name| (name, false)));
        }
    }
    order
}

fn profiles(project: &Project) -> BTreeSet<&str> {
    let all = project.services.values().chain(project.disabled_services.values());
    all.flat_map(|service| &service.profiles).map(AsRef::as_ref).collect()
}

/// The image that runs: a service that is built has a name for what is built.
fn image(service: &Service, project: &Project) -> String {
    match &service.image {
        Some(image) => image.to_string(),
        None => format!("{}-{}", project.name, service.name),
    }
}

fn hashes(names: &str, project: &Project) -> Result<ExitCode, Failure> {
    let mut names: Vec<&str> = match names {
        "*" => project.services.keys().map(ServiceName::as_str).collect(),
        names => names.split(',').collect(),
    };
    names.sort_unstable();
    let hash = |name: &str| {
        let service = project.services.get(name).ok_or_else(|| no_such_service(name, project))?;
        let service = with_default_platform(service, project)?;
        Ok(format!("{name} {}", config_hash(&service)))
    };
    lines(names.into_iter().map(hash).collect::<Result<Vec<String>, Failure>>()?)
}

fn no_such_service(name: &str, project: &Project) -> Failure {
    if project.disabled_services.contains_key(name) {
        return Failure::new(format!("the service `{name}` is disabled: none of its profiles is active"))
            .hint("activate one with `--profile`");
    }
    said(select::no_such_service(project, name))
}

/// What is built for `DOCKER_DEFAULT_PLATFORM` also runs there.
fn with_default_platform<'a>(service: &'a Service, project: &Project) -> Result<std::borrow::Cow<'a, Service>, Failure> {
    use std::borrow::Cow;
    let default = project
        .variables
        .get("DOCKER_DEFAULT_PLATFORM")
        .filter(|platform| !platform.is_empty());
    let (Some(build), Some(default), None) = (&service.build, default, &service.platform) else {
        return Ok(Cow::Borrowed(service));
    };
    if !build.platforms.is_empty() && !build.platforms.contains(default) {
        let message = format!(
            "service `{}` is not built for `{default}`, which DOCKER_DEFAULT_PLATFORM asks for",
            service.name
        );
        return Err(Failure::new(message).hint("add it to `build.platforms`, or unset the variable"));
    }
    Ok(Cow::Owned(Service {
        platform: Some(default.clone()),
        ..service.clone()
    }))
}

fn variables(request: Request<'_>) -> Result<ExitCode, Failure> {
    let stages = request.stages().without(Stage::Interpolation).without(Stage::EnvironmentFiles);
    let loaded = request.loader().stages(stages).load_tree()?;
    request.warn(&loaded.warnings, &loaded.sources);
    let mut variables = used_variables([&loaded.tree]);
    variables.sort_by(|a, b| a.name.cmp(&b.name));
    match request.format() {
        None | Some("" | "table" | "pretty") => say_exactly(&variables_table(&variables)),
        Some("json") => say_exactly(&format!("{}\n", variables_json(&variables)?)),
        Some("yaml") if request.arguments.quiet => Ok(ExitCode::SUCCESS),
        Some("yaml") => say_exactly(&print::variables_yaml(&variables)),
        Some(other) => Err(Failure::new(format!("unsupported format `{other}`")).hint("the formats are table, yaml and json")),
    }
}

/// Columns of at least 20 characters, three blanks behind the widest cell, as Go's tabwriter is asked for.
fn variables_table(variables: &[UsedVariable]) -> String {
    let head = ["NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE"].map(str::to_owned);
    let rows = variables.iter().map(|variable| {
        [
            variable.name.clone(),
            variable.required.to_string(),
            variable.default.clone(),
            variable.alternative.clone(),
        ]
    });
    let rows: Vec<[String; 4]> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count() + 3).fold(20, usize::max);
    let [name, required, default] = [0, 1, 2].map(width);
    let lines = rows
        .iter()
        .map(|[a, b, c, d]| format!("{a:<name$}{b:<required$}{c:<default$}{d}\n"));
    lines.collect()
}

fn variables_json(variables: &[UsedVariable]) -> Result<String, Failure> {
    let document: Map<String, Value> = variables
        .iter()
        .map(|variable| {
            let fields = json!({
                "Name": variable.name,
                "DefaultValue": variable.default,
                "PresenceValue": variable.alternative,
                "Required": variable.required,
            });
            (variable.name.clone(), fields)
        })
        .collect();
    let mut text = Vec::new();
    let indented = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    serde::Serialize::serialize(&document, &mut serde_json::Serializer::with_formatter(&mut text, indented))
        .attempt("cannot write JSON")?;
    text.push(b'\n');
    String::from_utf8(text).attempt("cannot write JSON")
}
