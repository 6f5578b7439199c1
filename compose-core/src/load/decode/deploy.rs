//! `deploy`.

use super::devices::device_request;
use super::service::present;
use super::values::{
    attributes, duration, float, integer, list, nonzero, nonzero_duration, plain_text, size, strings, text, texts, unsigned,
};
use crate::load::report::Report;
use crate::model::{Deploy, DeployResources, Extensions, GenericResource, Placement, ResourceSpec, RestartRule, UpdateConfig};
use crate::source::Node;

/// The `deploy` section.
pub(super) fn deploy(node: &Node, report: &mut Report) -> Deploy {
    let mut deploy = Deploy::default();
    deploy.extensions = attributes(node, report, |key, node, report| {
        match key {
            "endpoint_mode" => deploy.endpoint_mode = text(node, report),
            "labels" => deploy.labels = strings(node, report),
            "mode" => deploy.mode = text(node, report),
            "placement" => deploy.placement = placement(node, report),
            "replicas" => deploy.replicas = integer(node, report),
            "resources" => deploy.resources = resources(node, report),
            "restart_policy" => deploy.restart_policy = present(node).map(|node| restart_rule(node, report)),
            "rollback_config" => deploy.rollback_config = present(node).map(|node| update_config(node, report)),
            "update_config" => deploy.update_config = present(node).map(|node| update_config(node, report)),
            _ => return false,
        }
        true
    });
    deploy
}

fn update_config(node: &Node, report: &mut Report) -> UpdateConfig {
    let mut config = UpdateConfig::default();
    config.extensions = attributes(node, report, |key, node, report| {
        match key {
            "delay" => config.delay = nonzero_duration(node, report),
            "failure_action" => config.failure_action = text(node, report),
            "max_failure_ratio" => config.max_failure_ratio = float(node, report),
            "monitor" => config.monitor = nonzero_duration(node, report),
            "order" => config.order = text(node, report),
            "parallelism" => config.parallelism = unsigned(node, report),
            _ => return false,
        }
        true
    });
    config
}

fn resources(node: &Node, report: &mut Report) -> DeployResources {
    let mut resources = DeployResources::default();
    resources.extensions = attributes(node, report, |key, node, report| {
        match key {
            "limits" => resources.limits = present(node).map(|node| resource_spec(node, report)),
            "reservations" => resources.reservations = present(node).map(|node| resource_spec(node, report)),
            _ => return false,
        }
        true
    });
    resources
}

fn resource_spec(node: &Node, report: &mut Report) -> ResourceSpec {
    let mut spec = ResourceSpec::default();
    spec.extensions = attributes(node, report, |key, node, report| {
        match key {
            "cpus" => spec.cpus = float(node, report),
            "devices" => spec.devices = list(node, report, device_request),
            "generic_resources" => spec.generic_resources = list(node, report, generic_resource),
            "memory" => spec.memory = size(node, report),
            "pids" => spec.pids = nonzero(node, report),
            _ => return false,
        }
        true
    });
    spec
}

fn generic_resource(node: &Node, report: &mut Report) -> GenericResource {
    let mut resource = GenericResource::default();
    resource.extensions = attributes(node, report, |key, node, report| {
        match key {
            "discrete_resource_spec" => resource.discrete = present(node).map(|node| discrete(node, report)),
            _ => return false,
        }
        true
    });
    resource
}

fn discrete(node: &Node, report: &mut Report) -> (String, i64) {
    let (mut kind, mut value) = (String::new(), 0);
    attributes(node, report, |key, node, report| {
        match key {
            "kind" => kind = plain_text(node, report),
            "value" => value = integer(node, report).unwrap_or_default(),
            _ => return false,
        }
        true
    });
    (kind, value)
}

fn restart_rule(node: &Node, report: &mut Report) -> RestartRule {
    let mut rule = RestartRule::default();
    rule.extensions = attributes(node, report, |key, node, report| {
        match key {
            "condition" => rule.condition = text(node, report),
            "delay" => rule.delay = duration(node, report),
            "max_attempts" => rule.max_attempts = unsigned(node, report),
            "window" => rule.window = duration(node, report),
            _ => return false,
        }
        true
    });
    rule
}

fn placement(node: &Node, report: &mut Report) -> Placement {
    let mut placement = Placement::default();
    placement.extensions = attributes(node, report, |key, node, report| {
        match key {
            "constraints" => placement.constraints = texts(node, report),
            "max_replicas_per_node" => placement.max_replicas_per_node = unsigned(node, report).filter(|number| *number != 0),
            "preferences" => placement.preferences = list(node, report, preference),
            _ => return false,
        }
        true
    });
    placement
}

fn preference(node: &Node, report: &mut Report) -> (Option<String>, Extensions) {
    let mut spread = None;
    let extensions = attributes(node, report, |key, node, report| {
        match key {
            "spread" => spread = text(node, report),
            _ => return false,
        }
        true
    });
    (spread, extensions)
}
