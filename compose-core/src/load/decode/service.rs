//! Services: which part of the model each attribute belongs to.

use super::values::{
    attributes, duration, flag, integer, list, map, optional_flag, plain_text, readable_map, scalar, scalars, strings, text, text_or_list,
    texts, unsigned,
};
use super::{build, deploy, mounts, networking, process, resources};
use crate::diagnostic::{Code, Diagnostic};
use crate::load::report::Report;
use crate::model::{
    Condition, CredentialSpec, Dependency, Extends, HealthCheck, HealthTest, Isolation, Lifecycle, Logging, ModelGrant, NamespaceMode,
    Provider, PullPolicy, RestartPolicy, Service,
};
use crate::names::{ImageRef, ProfileName, ServiceName};
use crate::source::{Mapping, Node, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// All services.
pub(super) fn services(node: &Node, report: &mut Report) -> BTreeMap<ServiceName, Service> {
    let mut services = BTreeMap::new();
    for (name, entry) in node.as_mapping().into_iter().flat_map(Mapping::iter) {
        let name = ServiceName::new(name);
        let service = report.within(name.as_str(), |report| service(name.clone(), &entry.node, report));
        services.insert(name, service);
    }
    services
}

fn service(name: ServiceName, node: &Node, report: &mut Report) -> Service {
    let mut service = Service::new(name);
    service.extensions = attributes(node, report, |key, node, report| {
        own(&mut service, key, node, report)
            || process::set(&mut service.process, key, node, report)
            || networking::set(&mut service.networking, key, node, report)
            || mounts::set(&mut service.storage, key, node, report)
            || resources::set(&mut service.resources, key, node, report)
            || isolation(&mut service.isolation, key, node, report)
            || lifecycle(&mut service.lifecycle, key, node, report)
    });
    service
}

/// The attributes that say what a service is.
fn own(service: &mut Service, key: &str, node: &Node, report: &mut Report) -> bool {
    match key {
        "annotations" => service.annotations = strings(node, report),
        "build" => service.build = present(node).map(|node| Box::new(build::build(node, report))),
        "container_name" => service.container_name = text(node, report),
        "deploy" => service.deploy = present(node).map(|node| Box::new(deploy::deploy(node, report))),
        "develop" => service.develop = present(node).map(|node| build::develop(node, report)),
        "image" => service.image = text(node, report).map(ImageRef::from),
        "label_file" => service.label_files = text_or_list(node, report),
        "labels" => service.labels = strings(node, report),
        "models" => {
            service.models = map(node, report, |node, report| present(node).map(|node| model_grant(node, report)));
        }
        "platform" => service.platform = text(node, report),
        "profiles" => service.profiles = texts(node, report).into_iter().map(ProfileName::from).collect(),
        "provider" => service.provider = present(node).map(|node| provider(node, report)),
        "pull_policy" => service.pull_policy = text(node, report).map(PullPolicy),
        "pull_refresh_after" => {
            let warning = Diagnostic::warning(Code::NotActedUpon, "is not acted upon").at(node.span);
            report.push(warning.help("use `pull_policy: daily`, `weekly` or `every_…`"));
        }
        "extends" => service.extends = present(node).map(|node| extends(node, report)),
        _ => return false,
    }
    true
}

fn extends(node: &Node, report: &mut Report) -> Extends {
    let mut extends = Extends::default();
    attributes(node, report, |key, node, report| {
        match key {
            "file" => extends.file = text(node, report).map(PathBuf::from),
            "service" => extends.service = plain_text(node, report),
            // The schema lets other keys pass.
            _ => {}
        }
        true
    });
    extends
}

/// The node unless it is null.
pub(super) fn present(node: &Node) -> Option<&Node> {
    (!node.is_null()).then_some(node)
}

fn isolation(isolation: &mut Isolation, key: &str, node: &Node, report: &mut Report) -> bool {
    match key {
        "cap_add" => isolation.cap_add = texts(node, report),
        "cap_drop" => isolation.cap_drop = texts(node, report),
        "cgroup" => isolation.cgroup = text(node, report),
        "cgroup_parent" => isolation.cgroup_parent = text(node, report),
        "credential_spec" => isolation.credential_spec = present(node).map(|node| credential_spec(node, report)),
        "ipc" => isolation.ipc = namespace(node, report),
        "isolation" => isolation.isolation = text(node, report),
        "pid" => isolation.pid = namespace(node, report),
        "privileged" => isolation.privileged = flag(node, report),
        "runtime" => isolation.runtime = text(node, report),
        "security_opt" => isolation.security_opt = texts(node, report),
        "sysctls" => isolation.sysctls = strings(node, report),
        "use_api_socket" => isolation.use_api_socket = flag(node, report),
        "userns_mode" => isolation.userns_mode = text(node, report),
        "uts" => isolation.uts = namespace(node, report),
        _ => return false,
    }
    true
}

/// A namespace shared with someone.
pub(super) fn namespace(node: &Node, report: &mut Report) -> Option<NamespaceMode> {
    text(node, report).map(|text| NamespaceMode::parse(&text))
}

fn credential_spec(node: &Node, report: &mut Report) -> CredentialSpec {
    let mut spec = CredentialSpec::default();
    spec.extensions = attributes(node, report, |key, node, report| {
        match key {
            "config" => spec.config = text(node, report),
            "file" => spec.file = text(node, report),
            "registry" => spec.registry = text(node, report),
            _ => return false,
        }
        true
    });
    spec
}

fn lifecycle(lifecycle: &mut Lifecycle, key: &str, node: &Node, report: &mut Report) -> bool {
    match key {
        "attach" => lifecycle.attach = optional_flag(node, report),
        "depends_on" => lifecycle.depends_on = map(node, report, dependency),
        "healthcheck" => lifecycle.healthcheck = present(node).map(|node| health_check(node, report)),
        "logging" => lifecycle.logging = present(node).map(|node| logging(node, report)),
        "post_start" => lifecycle.post_start = list(node, report, process::hook),
        "pre_stop" => lifecycle.pre_stop = list(node, report, process::hook),
        "restart" => lifecycle.restart = text(node, report).map(RestartPolicy),
        "scale" => lifecycle.scale = integer(node, report),
        "stop_grace_period" => lifecycle.stop_grace_period = duration(node, report),
        "stop_signal" => lifecycle.stop_signal = text(node, report),
        _ => return false,
    }
    true
}

fn dependency(node: &Node, report: &mut Report) -> Dependency {
    let mut dependency = Dependency {
        condition: Condition::Started,
        restart: false,
        required: false,
        extensions: BTreeMap::new(),
    };
    dependency.extensions = attributes(node, report, |key, node, report| {
        match key {
            "condition" => dependency.condition = condition(node, report),
            "restart" => dependency.restart = flag(node, report),
            "required" => dependency.required = flag(node, report),
            _ => return false,
        }
        true
    });
    dependency
}

fn condition(node: &Node, report: &mut Report) -> Condition {
    const ALL: [Condition; 3] = [Condition::Started, Condition::Healthy, Condition::CompletedSuccessfully];
    let word = plain_text(node, report);
    ALL.into_iter().find(|condition| condition.as_str() == word).unwrap_or_else(|| {
        report.push(
            Diagnostic::error(Code::UnknownWord, format!("unknown condition `{word}`"))
                .at(node.span)
                .help("use service_started, service_healthy or service_completed_successfully"),
        );
        Condition::Started
    })
}

fn health_check(node: &Node, report: &mut Report) -> HealthCheck {
    let mut check = HealthCheck::default();
    check.extensions = attributes(node, report, |key, node, report| {
        match key {
            "disable" => check.disable = flag(node, report),
            "interval" => check.interval = duration(node, report),
            "retries" => check.retries = unsigned(node, report),
            "start_interval" => check.start_interval = duration(node, report),
            "start_period" => check.start_period = duration(node, report),
            "test" => check.test = health_test(node, report),
            "timeout" => check.timeout = duration(node, report),
            _ => return false,
        }
        true
    });
    check
}

/// Text runs in a shell.
fn health_test(node: &Node, report: &mut Report) -> Option<HealthTest> {
    let words = match &node.value {
        Value::String(line) => vec!["CMD-SHELL".to_owned(), line.clone()],
        _ => texts(node, report),
    };
    Some(words).filter(|words| !words.is_empty()).map(HealthTest)
}

fn logging(node: &Node, report: &mut Report) -> Logging {
    let mut logging = Logging::default();
    logging.extensions = attributes(node, report, |key, node, report| {
        match key {
            "driver" => logging.driver = text(node, report),
            "options" => logging.options = strings(node, report),
            _ => return false,
        }
        true
    });
    logging
}

fn model_grant(node: &Node, report: &mut Report) -> ModelGrant {
    let mut grant = ModelGrant::default();
    grant.extensions = attributes(node, report, |key, node, report| {
        match key {
            "endpoint_var" => grant.endpoint_variable = text(node, report),
            "model_var" => grant.model_variable = text(node, report),
            _ => return false,
        }
        true
    });
    grant
}

fn provider(node: &Node, report: &mut Report) -> Provider {
    let mut provider = Provider::default();
    provider.extensions = attributes(node, report, |key, node, report| {
        match key {
            "type" => provider.kind = plain_text(node, report),
            "options" => provider.options = readable_map(node, report, provider_option),
            _ => return false,
        }
        true
    });
    provider
}

/// One value or several; an option without any is dropped.
fn provider_option(node: &Node, report: &mut Report) -> Option<Vec<String>> {
    let values = match &node.value {
        Value::Sequence(_) => scalars(node, report),
        _ => scalar(node, report).into_iter().collect(),
    };
    Some(values).filter(|values| !values.is_empty())
}
