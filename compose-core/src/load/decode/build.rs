//! `build` and `develop`.

use super::devices::ulimits;
use super::mounts::file_grant;
use super::networking::extra_hosts;
use super::process::hook;
use super::service::present;
use super::values::{attributes, environment, flag, list, optional_strings, plain_text, size, strings, text, text_or_list, texts};
use crate::diagnostic::{Code, Diagnostic};
use crate::load::report::Report;
use crate::model::{Build, Develop, SshKey, WatchAction, WatchRule};
use crate::source::Node;

/// How an image is built.
pub(super) fn build(node: &Node, report: &mut Report) -> Build {
    let mut build = Build::default();
    build.extensions = attributes(node, report, |key, node, report| set(&mut build, key, node, report));
    build
}

fn set(build: &mut Build, key: &str, node: &Node, report: &mut Report) -> bool {
    match key {
        "additional_contexts" => build.additional_contexts = strings(node, report),
        "args" => build.args = environment(node, report),
        "cache_from" => build.cache_from = text_or_list(node, report),
        "cache_to" => build.cache_to = text_or_list(node, report),
        "context" => build.context = text(node, report),
        "dockerfile" => build.dockerfile = text(node, report),
        "dockerfile_inline" => build.dockerfile_inline = text(node, report),
        "entitlements" => build.entitlements = texts(node, report),
        "extra_hosts" => build.extra_hosts = extra_hosts(node, report),
        "isolation" => build.isolation = text(node, report),
        "labels" => build.labels = strings(node, report),
        "network" => build.network = text(node, report),
        "no_cache" => build.no_cache = flag(node, report),
        "no_cache_filter" => build.no_cache_filter = text_or_list(node, report),
        "platforms" => build.platforms = text_or_list(node, report),
        "privileged" => build.privileged = flag(node, report),
        "provenance" => build.provenance = text(node, report),
        "pull" => build.pull = flag(node, report),
        "sbom" => build.sbom = text(node, report),
        "secrets" => build.secrets = list(node, report, file_grant),
        "shm_size" => build.shm_size = size(node, report),
        "ssh" => build.ssh = ssh(node, report),
        "tags" => build.tags = text_or_list(node, report),
        "target" => build.target = text(node, report),
        "ulimits" => build.ulimits = ulimits(node, report),
        _ => return false,
    }
    true
}

fn ssh(node: &Node, report: &mut Report) -> Vec<SshKey> {
    let keys = optional_strings(node, report).into_iter();
    keys.map(|(id, path)| SshKey {
        id,
        path: path.filter(|path| !path.is_empty()),
    })
    .collect()
}

/// How a service follows its sources.
pub(super) fn develop(node: &Node, report: &mut Report) -> Develop {
    let mut develop = Develop::default();
    develop.extensions = attributes(node, report, |key, node, report| {
        match key {
            "watch" => develop.watch = list(node, report, watch_rule),
            _ => return false,
        }
        true
    });
    develop
}

fn watch_rule(node: &Node, report: &mut Report) -> WatchRule {
    let mut rule = WatchRule::default();
    rule.extensions = attributes(node, report, |key, node, report| {
        match key {
            "action" => rule.action = watch_action(node, report),
            "exec" => rule.exec = present(node).map(|node| hook(node, report)),
            "ignore" => rule.ignore = text_or_list(node, report),
            "include" => rule.include = text_or_list(node, report),
            "initial_sync" => rule.initial_sync = flag(node, report),
            "path" => rule.path = plain_text(node, report),
            "target" => rule.target = text(node, report),
            _ => return false,
        }
        true
    });
    rule
}

fn watch_action(node: &Node, report: &mut Report) -> Option<WatchAction> {
    let word = text(node, report)?;
    let action = WatchAction::ALL.into_iter().find(|action| action.as_str() == word);
    if action.is_none() {
        let help = "use rebuild, sync, restart, sync+restart or sync+exec";
        report.push(
            Diagnostic::error(Code::UnknownWord, format!("unknown action `{word}`"))
                .at(node.span)
                .help(help),
        );
    }
    action
}
