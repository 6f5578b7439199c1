//! `build` and `develop`.

use super::mounts::grant;
use super::network::hosts;
use super::resources::ulimit;
use super::service::hook;
use super::tree::{Record, Tree};
use crate::model::{Build, Develop, Hook, SshKey, WatchAction, WatchRule};

pub(super) fn build(build: &Build) -> Tree {
    let mut record = Record::new();
    record
        .text("context", build.context.as_deref())
        .text("dockerfile", build.dockerfile.as_deref())
        .text("dockerfile_inline", build.dockerfile_inline.as_deref())
        .list("entitlements", &build.entitlements)
        .map("args", &build.args)
        .text("provenance", build.provenance.as_deref())
        .text("sbom", build.sbom.as_deref())
        .list("ssh", build.ssh.iter().map(ssh))
        .map("labels", &build.labels)
        .list("cache_from", &build.cache_from)
        .list("cache_to", &build.cache_to)
        .flag("no_cache", build.no_cache)
        .list("no_cache_filter", &build.no_cache_filter)
        .map("additional_contexts", &build.additional_contexts)
        .flag("pull", build.pull)
        .maybe("extra_hosts", hosts(&build.extra_hosts))
        .text("isolation", build.isolation.as_deref())
        .text("network", build.network.as_deref())
        .text("target", build.target.as_deref())
        .list("secrets", build.secrets.iter().map(grant))
        .maybe("shm_size", build.shm_size)
        .list("tags", &build.tags)
        .map("ulimits", build.ulimits.iter().map(|(name, limit)| (name, ulimit(limit))))
        .list("platforms", &build.platforms)
        .flag("privileged", build.privileged)
        .extensions(&build.extensions)
        .tree()
}

/// The reference cannot print keys with a path as JSON; here they read as in YAML.
fn ssh(key: &SshKey) -> String {
    match &key.path {
        Some(path) => format!("{}: {path}", key.id),
        None => key.id.clone(),
    }
}

pub(super) fn develop(develop: &Develop) -> Tree {
    Record::new()
        .list("watch", develop.watch.iter().map(rule))
        .extensions(&develop.extensions)
        .tree()
}

fn rule(rule: &WatchRule) -> Tree {
    let nothing = Hook::default();
    let mut record = Record::new();
    record
        .field("path", &rule.path)
        .field("action", rule.action.map_or("", action))
        .text("target", rule.target.as_deref())
        .record("exec", hook(rule.exec.as_ref().unwrap_or(&nothing)))
        .list("include", &rule.include)
        .list("ignore", &rule.ignore)
        .flag("initial_sync", rule.initial_sync)
        .extensions(&rule.extensions)
        .tree()
}

fn action(action: WatchAction) -> &'static str {
    match action {
        WatchAction::Sync => "sync",
        WatchAction::Rebuild => "rebuild",
        WatchAction::Restart => "restart",
        WatchAction::SyncRestart => "sync+restart",
        WatchAction::SyncExec => "sync+exec",
    }
}
