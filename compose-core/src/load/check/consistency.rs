//! Whether the parts of a project fit together: each enabled service on its own, what it refers to,
//! and the order of dependencies.

use super::{Places, cycles, limits, references};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::load::found::{Found, once_each};
use crate::load::path::TreePath;
use crate::model::{Project, SecretSource, Service, WatchAction};
use crate::names::ServiceName;
use crate::source::Span;
use std::collections::BTreeMap;

/// Checks a project whose profiles are applied. Where a service has both `scale` and `deploy`, its
/// replicas become the scale, as the reference does here.
///
/// Of parts in which something was found wrong before, nothing is said about what they lack.
pub(crate) fn check_consistency(project: &mut Project, places: Places<'_>, before: &Found) -> Diagnostics {
    let mut found = Diagnostics::new();
    for service in project.services.values() {
        if found.is_full() {
            break;
        }
        let mut findings = Findings {
            service,
            way: TreePath::SERVICES.key(service.name.as_str()),
            places,
            found: &mut found,
        };
        findings.check_alone();
        if !places.is_damaged("services", service.name.as_str(), before) {
            findings.check_origin();
            limits::check(&mut findings);
        }
        references::check(project, &mut findings, before);
    }
    let mut found = once_each(found);
    container_names(project, places, &mut found);
    secrets(project, places, before, &mut found);
    cycles::check(project, places, &mut found);
    for service in project.services.values_mut() {
        if let (Some(scale), Some(deploy)) = (service.lifecycle.scale, &mut service.deploy) {
            deploy.replicas = Some(scale);
        }
    }
    found
}

/// What is found about one service.
pub(super) struct Findings<'a> {
    pub(super) service: &'a Service,
    /// Where the service stands.
    pub(super) way: TreePath<'a>,
    pub(super) places: Places<'a>,
    found: &'a mut Diagnostics,
}

impl Findings<'_> {
    /// An error about a part of the service; names the service.
    pub(super) fn error(&self, code: Code, way: TreePath<'_>, message: impl Into<String>) -> Diagnostic {
        let error = Diagnostic::error(code, message).within(format_args!("service `{}` ", self.service.name));
        self.places.blame(way, error)
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Whether nobody would be told of another one.
    pub(super) fn are_enough(&self) -> bool {
        self.found.is_full()
    }

    /// The error, with the place of the attribute that goes with it.
    fn beside(&self, error: Diagnostic, attribute: &str, way: TreePath<'_>) -> Diagnostic {
        match self.places.of(way) {
            Some(place) => error.related(place, format!("`{attribute}` stands here")),
            None => error,
        }
    }

    fn check_origin(&mut self) {
        let service = self.service;
        if service.build.is_none() && service.image.is_none() && service.provider.is_none() {
            // One that is empty stands there all the same.
            let image = self.way.key("image");
            let way = if self.places.text(image).is_some() { image } else { self.way };
            let error = self.error(Code::NoImage, way, "has neither an image nor a build");
            self.push(error.help("add `image`, `build` or `provider`"));
        }
    }

    fn check_alone(&mut self) {
        self.check_build();
        self.check_networking();
        self.check_health_test();
        self.check_watch();
        self.check_targets();
    }

    fn check_build(&mut self) {
        let Some(build) = &self.service.build else {
            return;
        };
        let way = self.way;
        let way = way.key("build");
        if build.dockerfile.is_some() && build.dockerfile_inline.is_some() {
            let error = self.error(
                Code::ConflictingKeys,
                way.key("dockerfile_inline"),
                "has both `dockerfile` and `dockerfile_inline`",
            );
            let error = self.beside(error, "dockerfile", way.key("dockerfile"));
            self.push(error.help("keep one of them"));
        }
        if let Some(platform) = &self.service.platform
            && !build.platforms.is_empty()
            && !build.platforms.contains(platform)
        {
            let message = format!("runs on `{platform}`, for which it is not built");
            let error = self.error(Code::PlatformNotBuilt, way.key("platforms"), message);
            self.push(error.help(format!("add `{platform}` to `build.platforms`")));
        }
    }

    fn check_networking(&mut self) {
        let networking = &self.service.networking;
        if networking.network_mode.is_some() && !networking.networks.is_empty() {
            let error = self.error(
                Code::ConflictingKeys,
                self.way.key("network_mode"),
                "has both `network_mode` and `networks`",
            );
            let error = self.beside(error, "networks", self.way.key("networks"));
            self.push(error.help("keep one of them"));
        }
    }

    fn check_health_test(&mut self) {
        let test = self.service.lifecycle.healthcheck.as_ref().and_then(|check| check.test.as_ref());
        let Some(first) = test.and_then(|test| test.0.first()) else {
            return;
        };
        if !matches!(first.as_str(), "CMD" | "CMD-SHELL" | "NONE") {
            let message = format!("has a health check that begins with `{first}`");
            let error = self.error(Code::UnknownWord, self.way.key("healthcheck").key("test"), message);
            self.push(error.help("begin the list with CMD, CMD-SHELL or NONE, or give the command as text"));
        }
    }

    fn check_watch(&mut self) {
        let rules = self.service.develop.iter().flat_map(|develop| &develop.watch);
        for (index, rule) in rules.enumerate() {
            let needs_none = matches!(rule.action, Some(WatchAction::Rebuild | WatchAction::Restart));
            if rule.target.is_none() && !needs_none {
                let way = self.way.key("develop");
                let message = "watches a path without a `target` to copy it to";
                let error = self.error(Code::MissingKey, way.key("watch").index(index), message);
                self.push(error.help("add `target`, or make the action `rebuild` or `restart`"));
            }
        }
    }

    /// Two mounts on one path hide each other.
    fn check_targets(&mut self) {
        let storage = &self.service.storage;
        let tmpfs = storage.tmpfs.iter().map(|mount| mount.split(':').next().unwrap_or_default());
        let volumes = storage.volumes.iter().map(|mount| mount.target.as_str());
        let all = tmpfs.enumerate().map(|(index, target)| ("tmpfs", index, target));
        let all = all.chain(volumes.enumerate().map(|(index, target)| ("volumes", index, target)));
        let mut seen = BTreeMap::new();
        for (list, index, target) in all {
            let Some((first_list, first)) = seen.insert(target, (list, index)) else {
                continue;
            };
            let message = format!("mounts `{target}` twice");
            let mut error = self.error(Code::TargetTwice, self.way.key(list).index(index), message);
            if let Some(place) = self.places.of(self.way.key(first_list).index(first)) {
                error = error.related(place, "the other mount");
            }
            self.push(error.help("mount one of them at another path"));
        }
    }
}

/// Two places in the order in which a reader comes to them.
pub(super) fn in_order(one: Option<Span>, other: Option<Span>) -> (Option<Span>, Option<Span>) {
    if one > other { (other, one) } else { (one, other) }
}

fn container_names(project: &Project, places: Places<'_>, found: &mut Diagnostics) {
    let mut users: BTreeMap<&str, &ServiceName> = BTreeMap::new();
    for service in project.services.values() {
        let Some(name) = &service.container_name else {
            continue;
        };
        let Some(other) = users.insert(name, &service.name) else {
            continue;
        };
        let place = |service: &ServiceName| places.of(TreePath::SERVICES.key(service.as_str()).key("container_name"));
        let message = format!("services `{other}` and `{}` have the same container name `{name}`", service.name);
        let (first, second) = in_order(place(other), place(&service.name));
        let mut error = Diagnostic::error(Code::ContainerNameTwice, message)
            .at(second)
            .about(TreePath::SERVICES.key(service.name.as_str()).key("container_name"));
        if let Some(place) = first.filter(|first| Some(*first) != second) {
            error = error.related(place, "first used here");
        }
        found.push(error.help("rename one of them, or leave `container_name` out"));
    }
}

fn secrets(project: &Project, places: Places<'_>, before: &Found, found: &mut Diagnostics) {
    for (key, secret) in &project.secrets {
        let sourced = matches!(secret.source, SecretSource::File(_) | SecretSource::Environment { .. });
        if !secret.external && !sourced && !places.is_damaged("secrets", key.as_str(), before) {
            let error = Diagnostic::error(Code::MissingKey, format!("secret `{key}` has no source"));
            let error = places.blame(TreePath::ROOT.key("secrets").key(key.as_str()), error);
            found.push(error.help("add `file` or `environment`, or `external: true`"));
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::load::decode::{About, decode};
    use crate::load::testing::{error_messages, parse};
    use crate::names::ProjectName;

    /// The project of a canonical text, with its tree.
    pub(crate) fn project(text: &str) -> (Project, crate::source::Node) {
        let tree = parse(text);
        let about = About {
            name: ProjectName::new("p"),
            working_dir: "/p".into(),
            compose_files: Vec::new(),
            variables: crate::model::StringMap::new(),
            profiles: Vec::new(),
        };
        let project = decode(&tree, about, &mut Diagnostics::new());
        (project, tree)
    }

    /// The errors of a canonical text.
    pub(crate) fn errors(text: &str) -> Vec<String> {
        let (mut project, tree) = project(text);
        error_messages(&check_consistency(&mut project, Places(&tree), &Found::default()))
    }

    #[test]
    fn refuses_services_that_contradict_themselves() {
        for (service, message) in [
            ("{}", "has neither an image nor a build"),
            (
                "{build: {dockerfile: a, dockerfile_inline: b}}",
                "has both `dockerfile` and `dockerfile_inline`",
            ),
            ("{build: {platforms: [a]}, platform: b}", "runs on `b`, for which it is not built"),
            (
                "{image: x, network_mode: host, networks: {default: null}}",
                "has both `network_mode` and `networks`",
            ),
            (
                "{image: x, healthcheck: {test: [curl]}}",
                "has a health check that begins with `curl`",
            ),
            (
                "{image: x, develop: {watch: [{path: a, action: sync}]}}",
                "watches a path without a `target` to copy it to",
            ),
            (
                "{image: x, tmpfs: ['/a:size=1'], volumes: [{type: volume, target: /a}]}",
                "mounts `/a` twice",
            ),
        ] {
            let text = format!("{{services: {{a: {service}}}, networks: {{default: {{}}}}}}");
            assert_eq!(errors(&text), [format!("service `a` {message}")], "{service}");
        }
    }

    #[test]
    fn passes_services_that_make_sense() {
        for service in [
            "{provider: {type: x}}",
            "{build: {platforms: [a, b]}, platform: b}",
            "{image: x, healthcheck: {test: [NONE]}}",
            "{image: x, develop: {watch: [{path: a, action: rebuild}, {path: b, action: restart}]}}",
        ] {
            assert_eq!(errors(&format!("services: {{a: {service}}}")), Vec::<String>::new(), "{service}");
        }
    }

    #[test]
    fn places_are_told() {
        let (mut project, tree) =
            project("services:\n  a:\n    image: x\n    container_name: n\n  b:\n    image: x\n    container_name: n\n");
        let found = check_consistency(&mut project, Places(&tree), &Found::default());
        let first = found.iter().next().expect("one error");
        assert_eq!(first.message, "services `a` and `b` have the same container name `n`");
        assert_eq!(first.span.map(|span| (span.line, span.column)), Some((7, 21)));
        assert_eq!(first.related.iter().map(|(span, _)| span.line).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn secrets_need_a_source() {
        assert_eq!(errors("secrets: {s: {driver: d}}"), ["secret `s` has no source"]);
        assert_eq!(errors("secrets: {s: {external: true}, t: {file: /x}}"), Vec::<String>::new());
    }

    #[test]
    fn replicas_follow_scale() {
        let (mut project, tree) = project("services: {a: {image: x, scale: 3, deploy: {mode: replicated}}}");
        assert!(check_consistency(&mut project, Places(&tree), &Found::default()).is_empty());
        assert_eq!(project.services["a"].deploy.as_ref().and_then(|deploy| deploy.replicas), Some(3));
    }
}
