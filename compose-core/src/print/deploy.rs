//! The `deploy` section.

use super::resources::device_request;
use super::tree::{Record, Tree};
use crate::model::{Deploy, DeployResources, GenericResource, Placement, ResourceSpec, RestartRule, UpdateConfig};

pub(super) fn deploy(deploy: &Deploy) -> Tree {
    let mut record = Record::new();
    record
        .text("mode", deploy.mode.as_deref())
        .maybe("replicas", deploy.replicas)
        .map("labels", &deploy.labels)
        .maybe("update_config", deploy.update_config.as_ref().map(update))
        .maybe("rollback_config", deploy.rollback_config.as_ref().map(update))
        .record("resources", resources(&deploy.resources))
        .maybe("restart_policy", deploy.restart_policy.as_ref().map(restart))
        .record("placement", placement(&deploy.placement))
        .text("endpoint_mode", deploy.endpoint_mode.as_deref())
        .extensions(&deploy.extensions)
        .tree()
}

fn update(update: &UpdateConfig) -> Tree {
    let mut record = Record::new();
    record
        .maybe("parallelism", update.parallelism)
        .maybe("delay", update.delay)
        .text("failure_action", update.failure_action.as_deref())
        .maybe("monitor", update.monitor)
        .maybe("max_failure_ratio", update.max_failure_ratio)
        .text("order", update.order.as_deref())
        .extensions(&update.extensions)
        .tree()
}

fn resources(resources: &DeployResources) -> Record {
    let mut record = Record::new();
    record
        .maybe("limits", resources.limits.as_ref().map(spec))
        .maybe("reservations", resources.reservations.as_ref().map(spec))
        .extensions(&resources.extensions);
    record
}

fn spec(spec: &ResourceSpec) -> Tree {
    let mut record = Record::new();
    record
        .maybe("cpus", spec.cpus)
        .maybe("memory", spec.memory)
        .maybe("pids", spec.pids)
        .list("devices", spec.devices.iter().map(device_request))
        .list("generic_resources", spec.generic_resources.iter().map(generic))
        .extensions(&spec.extensions)
        .tree()
}

fn generic(resource: &GenericResource) -> Tree {
    let discrete = resource
        .discrete
        .as_ref()
        .map(|(kind, value)| Record::new().field("kind", kind).field("value", *value).tree());
    let mut record = Record::new();
    record
        .maybe("discrete_resource_spec", discrete)
        .extensions(&resource.extensions)
        .tree()
}

fn restart(rule: &RestartRule) -> Tree {
    let mut record = Record::new();
    record
        .text("condition", rule.condition.as_deref())
        .maybe("delay", rule.delay)
        .maybe("max_attempts", rule.max_attempts)
        .maybe("window", rule.window)
        .extensions(&rule.extensions)
        .tree()
}

fn placement(placement: &Placement) -> Record {
    let preferences = placement
        .preferences
        .iter()
        .map(|(spread, extensions)| Record::new().text("spread", spread.as_deref()).extensions(extensions).tree());
    let mut record = Record::new();
    record
        .list("constraints", &placement.constraints)
        .list("preferences", preferences)
        .maybe("max_replicas_per_node", placement.max_replicas_per_node)
        .extensions(&placement.extensions);
    record
}
