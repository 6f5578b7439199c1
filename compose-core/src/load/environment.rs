//! Gives included models the values of variables that only they can see, while their files are at hand.

use crate::model::StringMap;
use crate::source::{Mapping, Node, Value};

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
