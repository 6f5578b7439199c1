//! Gives included models the values of variables that only they can see, while their files are at hand.

use crate::model::{Config, Project, SecretSource, StringMap};
use crate::source::{Mapping, Node, Value};
use std::collections::BTreeMap;

/// What secrets and configs of included models take from variables, by section and name.
///
/// Kept apart from the tree, which is printed.
pub(super) type Granted = BTreeMap<(&'static str, String), String>;

/// Notes the values of the secrets and configs that come from a model's variables.
pub(super) fn note_granted(model: &Node, variables: &StringMap, granted: &mut Granted) {
    for section in ["secrets", "configs"] {
        let resources = model.get(section).and_then(Node::as_mapping);
        for (name, entry) in resources.into_iter().flat_map(Mapping::iter) {
            let variable = entry.node.get("environment").and_then(Node::as_str);
            if let Some(value) = variable.and_then(|variable| variables.get(variable)) {
                granted.insert((section, name.to_owned()), value.clone());
            }
        }
    }
}

/// Gives secrets and configs the values that only the model they were included with could see.
pub(super) fn grant(project: &mut Project, granted: &Granted) {
    let secrets = project.secrets.iter_mut().map(|(key, secret)| ("secrets", key.as_str(), secret));
    let configs = project.configs.iter_mut().map(|(key, config)| ("configs", key.as_str(), config));
    for (section, name, resource) in secrets.chain(configs) {
        let resource: &mut Config = resource;
        if let SecretSource::Environment { value: value @ None, .. } = &mut resource.source {
            *value = granted.get(&(section, name.to_owned())).cloned();
        }
    }
}

/// Puts values to the variables that services take over (`environment: [NAME]`).
///
/// Only lists are looked at, as in the reference; mappings get their values with the whole project's.
pub(super) fn resolve_environment(model: &mut Node, variables: &StringMap) {
    let services = model
        .as_mapping_mut()
        .and_then(|model| model.get_mut("services"))
        .and_then(Node::as_mapping_mut);
    for (_, entry) in services.into_iter().flat_map(Mapping::iter_mut) {
        let environment = entry.node.as_mapping_mut().and_then(|service| service.get_mut("environment"));
        let Some(Value::Sequence(items)) = environment.map(|node| &mut node.value) else {
            continue;
        };
        for item in items {
            if let Value::String(text) = &mut item.value
                && let Some(value) = variables.get(text.as_str())
            {
                *text = format!("{text}={value}");
            }
        }
    }
}
