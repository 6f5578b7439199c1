//! Makes one tree of two, attribute by attribute, as the rule table says; a later file wins.

mod convert;
mod pools;
mod unique;

pub(super) use unique::remove_repeats;

use super::path::TreePath;
use super::schema::rule::{Merge, Rule};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{Mapping, Node, Value};
use convert::{into_list, into_names};

/// Puts `over` on top of `base`, both described by `rule`.
///
/// Where the two do not go together the finding is noted and the base stands.
pub(super) fn merge(base: Node, over: Node, rule: &Rule, path: TreePath<'_>, found: &mut Diagnostics) -> Node {
    Merger { found }.merge(base, over, rule, path)
}

struct Merger<'f> {
    found: &'f mut Diagnostics,
}

impl Merger<'_> {
    fn merge(&mut self, base: Node, over: Node, rule: &Rule, path: TreePath<'_>) -> Node {
        match rule.merge {
            Merge::Deep => self.deep(base, over, rule, path),
            Merge::Replace => over,
            Merge::Sequence => sequence(base, over),
            Merge::ExtraHosts => extra_hosts(base, over),
            Merge::Build => self.build(base, over, rule, path),
            Merge::DependsOn => self.names(base, over, default_dependency, rule, path),
            Merge::Names => self.names(base, over, |_| Value::Null, rule, path),
            Merge::Logging => self.logging(base, over, rule, path),
            Merge::AddressPools => self.address_pools(base, &over, rule, path),
        }
    }

    fn deep(&mut self, mut base: Node, over: Node, rule: &Rule, path: TreePath<'_>) -> Node {
        match (&mut base.value, over.value) {
            (_, Value::Null) => base,
            (Value::Mapping(keys), Value::Mapping(more)) => {
                self.mappings(keys, more, rule, path);
                base
            }
            (Value::Sequence(items), Value::Sequence(more)) => {
                items.extend(more);
                base
            }
            (Value::Mapping(_) | Value::Sequence(_), value) => {
                let over = Node { value, ..over };
                self.mismatch(&base, &over, path);
                base
            }
            (_, value) => Node { value, ..over },
        }
    }

    fn mappings(&mut self, base: &mut Mapping, over: Mapping, rule: &Rule, path: TreePath<'_>) {
        for (key, entry) in over {
            match base.get_mut(&key) {
                Some(slot) => {
                    let was = std::mem::replace(slot, Node::new(Value::Null, entry.node.span));
                    *slot = self.merge(was, entry.node, rule.of_key(&key), path.key(&key));
                }
                None => {
                    base.insert(key, entry.key_span, entry.node);
                }
            }
        }
    }

    /// Both sides are made mappings first; what can be neither says nothing, silently, as in the
    /// reference: `depends_on: web` over a mapping changes nothing.
    fn names(&mut self, base: Node, over: Node, default: fn(&Node) -> Value, rule: &Rule, path: TreePath<'_>) -> Node {
        let span = if over.is_null() { base.span } else { over.span };
        let mut keys = self.names_of(base, default, path);
        let more = self.names_of(over, default, path);
        self.mappings(&mut keys, more, rule, path);
        Node::new(Value::Mapping(keys), span)
    }

    fn names_of(&mut self, node: Node, default: fn(&Node) -> Value, path: TreePath<'_>) -> Mapping {
        into_names(node, default).unwrap_or_else(|odd| {
            let message = format!("`{path}` must be a list of names, not of {}s", odd.value.kind());
            self.found
                .push(Diagnostic::error(Code::WrongType, message).at(odd.span).about(path));
            Mapping::new()
        })
    }

    fn build(&mut self, base: Node, over: Node, rule: &Rule, path: TreePath<'_>) -> Node {
        self.deep(with_context(base), with_context(over), rule, path)
    }

    /// The options of a driver mean nothing to another one.
    fn logging(&mut self, base: Node, over: Node, rule: &Rule, path: TreePath<'_>) -> Node {
        let other_driver = match (base.get("driver"), over.get("driver")) {
            (Some(one), Some(other)) => one.value != other.value,
            _ => false,
        };
        if base.as_mapping().is_none() || over.as_mapping().is_none() {
            self.mismatch(&base, &over, path);
            base
        } else if other_driver {
            over
        } else {
            self.deep(base, over, rule, path)
        }
    }

    fn address_pools(&mut self, base: Node, over: &Node, rule: &Rule, path: TreePath<'_>) -> Node {
        let span = over.span;
        let (Some(below), Some(above)) = (pools::mappings(&base), pools::mappings(over)) else {
            self.mismatch(&base, over, path);
            return base;
        };
        let merged = pools::merge(below, &above, |one, more| self.mappings(one, more, rule, path));
        Node::new(Value::Sequence(merged), span)
    }

    fn mismatch(&mut self, base: &Node, over: &Node, path: TreePath<'_>) {
        let message = format!(
            "`{path}` cannot be put over what was there: {} over {}",
            over.value.kind_with_article(),
            base.value.kind_with_article()
        );
        let mismatch = Diagnostic::error(Code::CannotMerge, message)
            .at(over.span)
            .about(path)
            .related(base.span, "first said here")
            .help("write both in the same form, or tag this one `!override`");
        self.found.push(mismatch);
    }
}

/// `build: .` is `build: {context: .}`.
fn with_context(node: Node) -> Node {
    if node.as_str().is_none() {
        return node;
    }
    let span = node.span;
    let context = std::iter::once(("context".to_owned(), crate::source::Entry { key_span: span, node }));
    Node::new(Value::Mapping(context.collect()), span)
}

/// What the short form of a dependency means.
fn default_dependency(name: &Node) -> Value {
    let mut dependency = Mapping::new();
    dependency.insert("condition", name.span, Node::string("service_started", name.span));
    dependency.insert("required", name.span, Node::new(Value::Bool(true), name.span));
    Value::Mapping(dependency)
}

fn sequence(base: Node, over: Node) -> Node {
    let span = if over.is_null() { base.span } else { over.span };
    let mut items = into_list(base);
    items.extend(into_list(over));
    Node::new(Value::Sequence(items), span)
}

fn extra_hosts(base: Node, over: Node) -> Node {
    let span = if over.is_null() { base.span } else { over.span };
    let mut items = into_list(base);
    let known: std::collections::HashSet<String> = items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect();
    items.extend(
        into_list(over)
            .into_iter()
            .filter(|item| item.as_str().is_none_or(|text| !known.contains(text))),
    );
    Node::new(Value::Sequence(items), span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::schema::table::COMPOSE_FILE;
    use crate::load::testing::{error_messages, flow, parse};
    use proptest::prelude::*;

    /// The tree of two files, or what is wrong with them.
    fn merged(base: &str, over: &str) -> Result<String, Vec<String>> {
        let mut found = Diagnostics::new();
        let mut tree = merge(parse(base), parse(over), &COMPOSE_FILE, TreePath::ROOT, &mut found);
        found.extend(remove_repeats(&mut tree));
        if found.has_errors() {
            Err(error_messages(&found))
        } else {
            Ok(flow(&tree))
        }
    }

    /// The value of an attribute of a service that both files set.
    fn attribute(base: &str, over: &str) -> String {
        let service = |text: &str| format!("services: {{web: {{{text}}}}}");
        let merged = merged(&service(base), &service(over)).expect("they go together");
        let inner = merged.strip_prefix("{services: {web: {").and_then(|rest| rest.strip_suffix("}}}"));
        inner.expect("one service").to_owned()
    }

    #[test]
    fn attributes_merge_by_their_rule() {
        for (base, over, expected) in [
            ("image: a", "image: b", "image: b"),
            ("image: a", "image: null", "image: a"),
            ("command: [a, b]", "command: c", "command: c"),
            ("command: [a, b]", "command: null", "command: null"),
            (
                "healthcheck: {test: [CMD, a], retries: 1}",
                "healthcheck: {test: b}",
                "healthcheck: {test: b, retries: 1}",
            ),
            ("cap_add: [A, B]", "cap_add: [B, C]", "cap_add: [A, B, C]"),
            ("security_opt: [a]", "security_opt: [a]", "security_opt: [a, a]"),
            (
                "environment: {B: 1.0, A: null}",
                "environment: [B=2, C]",
                "environment: [A, B=2, C]",
            ),
            (
                "labels: {a: {x: [1, null], b: true}}",
                "labels: {}",
                "labels: ['a=map[b:true x:[1 <nil>]]']",
            ),
            ("dns: 1.1.1.1", "dns: [8.8.8.8]", "dns: [1.1.1.1, 8.8.8.8]"),
            ("dns: [1.1.1.1]", "dns: 5", "dns: [1.1.1.1]"),
            (
                "extra_hosts: {a: [1.1.1.1, 2.2.2.2]}",
                "extra_hosts: [a=1.1.1.1, b=3.3.3.3]",
                "extra_hosts: [a=1.1.1.1, a=2.2.2.2, b=3.3.3.3]",
            ),
            ("build: .", "build: {target: t}", "build: {context: ., target: t}"),
            ("build: {context: ., target: t}", "build: dir", "build: {context: dir, target: t}"),
            (
                "networks: [a]",
                "networks: {b: {priority: 1}}",
                "networks: {a: null, b: {priority: 1}}",
            ),
            (
                "depends_on: {db: {condition: service_healthy, restart: true}}",
                "depends_on: [db, mq]",
                "depends_on: {db: {condition: service_started, restart: true, required: true}, mq: {condition: service_started, required: true}}",
            ),
            (
                "depends_on: {db: {condition: service_healthy}}",
                "depends_on: db",
                "depends_on: {db: {condition: service_healthy}}",
            ),
            (
                "logging: {driver: a, options: {x: 1}}",
                "logging: {options: {y: 2}}",
                "logging: {driver: a, options: {x: 1, y: 2}}",
            ),
            (
                "logging: {driver: a, options: {x: 1}}",
                "logging: {driver: b}",
                "logging: {driver: b}",
            ),
            (
                "ulimits: {nofile: {soft: 1, hard: 2}, nproc: 3}",
                "ulimits: {nofile: 9}",
                "ulimits: {nofile: 9, nproc: 3}",
            ),
            ("hostname: a", "hostname: {b: c}", "hostname: {b: c}"),
            ("ports: [8080:80]", "ports: [8080:80, 9090:90]", "ports: ['8080:80', '9090:90']"),
            (
                "ports: [{target: 80, published: 8080}]",
                "ports: [{target: 80, published: 8080, mode: host}]",
                "ports: [{target: 80, published: 8080, mode: host}]",
            ),
            (
                "ports: [{target: 80, published: 8080}]",
                "ports: [{target: 80, published: '8080'}]",
                "ports: [{target: 80, published: 8080}, {target: 80, published: 8080}]",
            ),
            (
                "volumes: [one:/x, two:/y]",
                "volumes: [{type: bind, source: c, target: /x}]",
                "volumes: [{type: bind, source: c, target: /x}, 'two:/y']",
            ),
            (
                "devices: [/dev/a:/dev/x]",
                "devices: [/dev/b:/dev/x:r]",
                "devices: ['/dev/b:/dev/x:r']",
            ),
            (
                "secrets: [s]",
                "secrets: [{source: t, target: /run/secrets/s}]",
                "secrets: [{source: t, target: /run/secrets/s}]",
            ),
            ("tmpfs: /run", "tmpfs: [/run=size, /tmp]", "tmpfs: [/run=size, /tmp]"),
            (
                "env_file: a",
                "env_file: [{path: a, required: false}]",
                "env_file: [{path: a, required: false}]",
            ),
            ("expose: [80]", "expose: ['80', 81]", "expose: [80, 81]"),
        ] {
            assert_eq!(attribute(base, over), expected, "{base} and {over}");
        }
    }

    #[test]
    fn address_pools_merge_in_the_way_people_rely_on() {
        let pools = |text: &str| format!("networks: {{n: {{ipam: {{config: [{text}]}}}}}}");
        for (base, over, expected) in [
            ("{subnet: 1}", "{subnet: 1, gateway: g}", "{subnet: 1, gateway: g}"),
            ("{subnet: 1}", "{subnet: 2}", "{subnet: 2}"),
            ("{subnet: 1}", "{gateway: g}", "{gateway: g}"),
            (
                "{subnet: 1, gateway: a}, {subnet: 2}",
                "{subnet: 1, gateway: b}",
                "{subnet: 1, gateway: b}",
            ),
            ("{subnet: 1}", "{subnet: 2}, {subnet: 3}", "{subnet: 2}, {subnet: 3}"),
        ] {
            assert_eq!(
                merged(&pools(base), &pools(over)).as_deref(),
                Ok(format!("{{{}}}", pools(expected)).as_str()),
                "{base} and {over}"
            );
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for (base, over, message) in [
            (
                "x-a: [1]",
                "x-a: {b: 1}",
                "`x-a` cannot be put over what was there: a mapping over a list",
            ),
            (
                "services: {a: {cap_add: [A]}}",
                "services: {a: {cap_add: B}}",
                "`services.a.cap_add` cannot be put over what was there: a string over a list",
            ),
            (
                "services: {a: {logging: {driver: a}}}",
                "services: {a: {logging: null}}",
                "`services.a.logging` cannot be put over what was there: null over a mapping",
            ),
            (
                "services: {a: {networks: [b]}}",
                "services: {a: {networks: [1]}}",
                "`services.a.networks` must be a list of names, not of integers",
            ),
            (
                "services: {a: {}}",
                "services: {a: {volumes: [{type: bind}]}}",
                "`services.a.volumes[0]` lacks the `target` to mount at",
            ),
            (
                "services: {a: {}}",
                "services: {a: {ports: [{published: 1}]}}",
                "`services.a.ports[0]` lacks the `target` port of the container",
            ),
            (
                "services: {a: {}}",
                "services: {a: {expose: [80.5]}}",
                "`services.a.expose[0]` is no port",
            ),
        ] {
            assert_eq!(merged(base, over), Err(vec![message.to_owned()]), "{base} and {over}");
        }
    }

    #[test]
    fn the_winner_keeps_its_place() {
        let base = parse("services: {web: {image: a, hostname: h}}");
        let over = parse("\n\nservices: {web: {image: b}}");
        let tree = merge(base, over, &COMPOSE_FILE, TreePath::ROOT, &mut Diagnostics::new());
        let line = |key| tree.get("services")?.get("web")?.get(key).map(|node| node.span.line);
        assert_eq!((line("image"), line("hostname")), (Some(3), Some(1)));
    }

    fn service() -> impl Strategy<Value = String> {
        let attribute = prop_oneof![
            Just("image: x"),
            Just("command: [a, b]"),
            Just("environment: {A: 1}"),
            Just("labels: [a=b]"),
            Just("build: {context: .}"),
            Just("depends_on: {db: {condition: service_started}}"),
            Just("networks: {n: null}"),
            Just("ports: ['80', {target: 90}]"),
            Just("ulimits: {nofile: 1}"),
            Just("logging: {driver: d}"),
            Just("x-note: {a: [1]}"),
        ];
        proptest::collection::btree_set(attribute, 0..8)
            .prop_map(|attributes| format!("services: {{web: {{{}}}}}", attributes.into_iter().collect::<Vec<_>>().join(", ")))
    }

    proptest! {
        #[test]
        fn nothing_over_a_tree_changes_nothing(text in service(), nothing in prop_oneof![Just("{}"), Just("services: {}"), Just("services: {web: {}}"), Just("services: {web: null}")]) {
            prop_assume!(!text.ends_with("{}}") || nothing != "services: {web: null}");
            prop_assert_eq!(merged(&text, nothing), Ok(flow(&parse(&text))));
        }

        #[test]
        fn a_tree_over_nothing_is_the_tree(text in service()) {
            prop_assert_eq!(merged("{}", &text), Ok(flow(&parse(&text))));
        }
    }
}
