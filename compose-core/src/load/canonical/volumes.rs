//! `volumes` of a service.

use super::lists::refuse;
use super::{ShortForms, text, wrong_kind};
use crate::load::report::Report;
use crate::load::short::volume::{self, ShortKind, ShortVolume};
use crate::source::{Mapping, Node, Span, Value};

/// A short mount becomes a long one.
pub(super) fn volume(node: &mut Node, forms: ShortForms, report: &mut Report) {
    let Value::String(mount) = &node.value else {
        if node.as_mapping().is_none() {
            wrong_kind(node, "text or a mapping", report);
        }
        return;
    };
    match volume::parse(mount) {
        Ok(short) => node.value = long_form(short, node.span),
        Err(malformed) => refuse(node, malformed, forms, report),
    }
}

fn long_form(short: ShortVolume, span: Span) -> Value {
    let mut mount = Settings::new(span);
    let bind = short.kind == ShortKind::Bind;
    mount.set("type", text(if bind { "bind" } else { "volume" }));
    mount.set_text("source", short.source);
    mount.set("target", text(short.target));
    if short.read_only {
        mount.set("read_only", Value::Bool(true));
    }
    let mut bind_options = Settings::new(span);
    bind_options.set_text("selinux", short.selinux);
    bind_options.set_text("propagation", short.propagation);
    if bind {
        bind_options.set("create_host_path", Value::Bool(true));
    }
    if bind || !bind_options.mapping.is_empty() {
        mount.set("bind", Value::Mapping(bind_options.mapping));
    }
    let mut volume_options = Settings::new(span);
    if short.nocopy {
        volume_options.set("nocopy", Value::Bool(true));
    }
    if short.kind == ShortKind::Volume || short.nocopy {
        mount.set("volume", Value::Mapping(volume_options.mapping));
    }
    Value::Mapping(mount.mapping)
}

/// A mapping under construction, all of it at one place.
struct Settings {
    mapping: Mapping,
    span: Span,
}

impl Settings {
    fn new(span: Span) -> Self {
        Self {
            mapping: Mapping::new(),
            span,
        }
    }

    fn set(&mut self, key: &str, value: Value) {
        self.mapping.insert(key, self.span, Node::new(value, self.span));
    }

    fn set_text(&mut self, key: &str, value: Option<String>) {
        if let Some(value) = value {
            self.set(key, text(value));
        }
    }
}
