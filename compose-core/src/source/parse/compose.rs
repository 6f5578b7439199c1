//! From events to nodes: anchors and aliases, merge keys, tags, duplicate keys, limits.

use super::anchors::Anchors;
use super::events::{Event, Events};
use super::scalar::{self, ScalarTag};
use super::{Fatal, limit};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::load::Allowance;
use crate::source::node::{Directive, Mapping, Node, Value};
use crate::source::span::{SourceId, Span};
use libyaml_safer::{EventData, ScalarStyle, VersionDirective};

/// How deep lists and mappings may stand in one another, aliases expanded.
///
/// All that follows walks the tree recursively, also on the small stacks of worker threads.
pub(super) const MAX_DEPTH: usize = 200;

/// How many values a file may hold, aliases expanded; long text counts as several.
pub(super) const MAX_WEIGHT: usize = 1_000_000;

/// How long a key may be, in bytes: whatever is found below it is told with it.
const MAX_KEY: usize = 8 * 1024;

/// This many bytes of text weigh as much as one value.
const TEXT_UNIT: usize = 64;

/// How many findings are enough.
const MAX_FINDINGS: usize = 50;

/// The tag of a merge key, when somebody writes it out.
const MERGE_TAG: &str = "tag:yaml.org,2002:merge";

/// The documents of a text.
pub(super) fn compose(text: &str, source: SourceId, allowance: &Allowance<'_>) -> Result<Vec<Node>, Diagnostics> {
    let mut composer = Composer {
        allowance,
        events: Events::new(text, source),
        anchors: Anchors::default(),
        findings: Vec::new(),
        weight: 0,
        depth: 0,
        in_override: false,
    };
    let documents = composer.stream();
    let mut findings = composer.findings;
    match documents {
        Ok(documents) if findings.is_empty() => return Ok(documents),
        Ok(_) => {}
        Err(fatal) => findings.push(*fatal),
    }
    let mut diagnostics = Diagnostics::new();
    diagnostics.extend(findings);
    Err(diagnostics)
}

/// A node and how many levels it has.
struct Built {
    node: Node,
    height: usize,
}

/// A key, or the sign that the value is to be merged.
enum Key {
    Text(String),
    Merge,
    /// Not text; already reported.
    Refused,
}

/// The properties in front of a node.
struct Properties {
    anchor: Option<String>,
    tag: Option<String>,
}

struct Composer<'a> {
    allowance: &'a Allowance<'a>,
    events: Events<'a>,
    anchors: Anchors,
    findings: Vec<Diagnostic>,
    weight: usize,
    depth: usize,
    /// Below `!override` nothing is reset: the tag is one that nobody knows.
    in_override: bool,
}

impl Composer<'_> {
    fn stream(&mut self) -> Result<Vec<Node>, Fatal> {
        let mut documents = Vec::new();
        loop {
            let event = self.events.next_event()?;
            match event.data {
                EventData::StreamEnd => return Ok(documents),
                EventData::DocumentStart { version_directive, .. } => {
                    check_version(version_directive.as_ref(), event.span)?;
                    let root = self.events.next_event()?;
                    documents.push(self.node(root)?.node);
                }
                _ => {}
            }
        }
    }

    fn node(&mut self, event: Event) -> Result<Built, Fatal> {
        self.charge(1, event.span)?;
        let span = event.span;
        match event.data {
            EventData::Alias { anchor } => self.alias(&anchor, span),
            EventData::Scalar {
                anchor, tag, value, style, ..
            } => self.scalar(Properties { anchor, tag }, value, style, span),
            EventData::SequenceStart { anchor, tag, .. } => self.collection(Properties { anchor, tag }, span, Self::sequence),
            EventData::MappingStart { anchor, tag, .. } => self.collection(Properties { anchor, tag }, span, Self::mapping),
            _ => Err(Box::new(
                Diagnostic::error(Code::YamlSyntax, "did not find expected node content").at(span),
            )),
        }
    }

    fn scalar(&mut self, properties: Properties, text: String, style: ScalarStyle, span: Span) -> Result<Built, Fatal> {
        self.charge(text.len() / TEXT_UNIT, span)?;
        self.check_escapes(style, span);
        let directive = self.directive(properties.tag.as_deref());
        let tag = ScalarTag::of(properties.tag.as_deref());
        let value = if directive == Some(Directive::Reset) {
            Value::Null
        } else {
            scalar::resolve(text, tag, style == ScalarStyle::Plain).unwrap_or_else(|message| {
                self.report(Diagnostic::error(Code::YamlTag, message).at(span));
                Value::Null
            })
        };
        let node = Node { value, span, directive };
        if let Some(anchor) = properties.anchor {
            let weight = 1 + node.as_str().map_or(0, |text| text.len() / TEXT_UNIT);
            self.charge(weight, span)?;
            self.anchors.remember(anchor, &node, weight, 0);
        }
        Ok(Built { node, height: 0 })
    }

    fn collection(
        &mut self,
        properties: Properties,
        start: Span,
        content: impl FnOnce(&mut Self, &mut u32) -> Result<(Value, usize), Fatal>,
    ) -> Result<Built, Fatal> {
        self.depth += 1;
        check_depth(self.depth, start)?;
        let opened = properties.anchor.map(|anchor| self.anchors.open(anchor));
        let directive = self.directive(properties.tag.as_deref());
        let (weight, reported, in_override) = (self.weight, self.findings.len(), self.in_override);
        self.in_override |= directive == Some(Directive::Override);
        let mut end = start.end;
        let (mut value, height) = content(self, &mut end)?;
        self.in_override = in_override;
        if directive == Some(Directive::Reset) {
            value = Value::Null;
            self.findings.truncate(reported);
        }
        self.depth -= 1;
        let built = Built {
            node: Node {
                value,
                span: Span { end, ..start },
                directive,
            },
            height: height + 1,
        };
        if let Some(opened) = opened {
            let weight = self.weight - weight + 1;
            self.charge(weight, start)?;
            self.anchors.close(opened, &built.node, weight, built.height);
        }
        Ok(built)
    }

    fn sequence(&mut self, end: &mut u32) -> Result<(Value, usize), Fatal> {
        let (mut items, mut height) = (Vec::new(), 0);
        loop {
            let event = self.events.next_event()?;
            if event.data == EventData::SequenceEnd {
                // A block ends where the next token starts; its last item says where it really ends.
                *end = (*end).max(self.flow_end(event.span, ']'));
                return Ok((Value::Sequence(items), height));
            }
            let item = self.node(event)?;
            *end = (*end).max(item.node.span.end);
            height = height.max(item.height);
            if item.node.directive != Some(Directive::Reset) {
                items.push(item.node);
            }
        }
    }

    fn mapping(&mut self, end: &mut u32) -> Result<(Value, usize), Fatal> {
        let (mut mapping, mut merges, mut height) = (Mapping::new(), Vec::new(), 0);
        let mut merge_key = None;
        loop {
            let event = self.events.next_event()?;
            if event.data == EventData::MappingEnd {
                *end = (*end).max(self.flow_end(event.span, '}'));
                break;
            }
            let key_span = event.span;
            let key = self.key(event)?;
            let value_event = self.events.next_event()?;
            let value = self.node(value_event)?;
            *end = (*end).max(value.node.span.end).max(key_span.end);
            height = height.max(value.height);
            match key {
                Key::Refused => {}
                Key::Merge => {
                    if let Some(first) = merge_key.replace(key_span) {
                        let twice = duplicate("<<", key_span, first);
                        self.report(twice.help("put all into one list: `<<: [*one, *other]`"));
                    } else {
                        self.gather_merges(value.node, &mut merges);
                    }
                }
                Key::Text(key) => match mapping.entry(&key) {
                    Some(first) => {
                        let found = duplicate(&key, key_span, first.key_span);
                        self.report(found);
                    }
                    None => {
                        mapping.insert(key, key_span, value.node);
                    }
                },
            }
        }
        for merged in merges {
            for (key, entry) in merged {
                if !mapping.contains_key(&key) {
                    mapping.insert(key, entry.key_span, entry.node);
                }
            }
        }
        Ok((Value::Mapping(mapping), height))
    }

    /// The end of a flow collection; that of a block is elsewhere.
    fn flow_end(&self, span: Span, bracket: char) -> u32 {
        if self.events.slice(span).starts_with(bracket) {
            span.end
        } else {
            0
        }
    }

    fn key(&mut self, mut event: Event) -> Result<Key, Fatal> {
        let is_merge = match &event.data {
            EventData::Scalar { value, tag, style, .. } => {
                value == "<<"
                    && tag
                        .as_deref()
                        .map_or(*style == ScalarStyle::Plain, |tag| tag == MERGE_TAG || tag == "!")
            }
            _ => false,
        };
        let span = event.span;
        let written = self.events.slice(span);
        if let EventData::Scalar { tag: Some(tag), .. } = &mut event.data
            && self.directive(Some(tag)).is_some()
        {
            // Of a key it is a tag that nobody knows.
            "!key".clone_into(tag);
        }
        let key = self.node(event)?.node;
        match key.value {
            _ if is_merge => Ok(Key::Merge),
            Value::String(text) if text.len() > MAX_KEY => {
                let message = format!("a key has {} bytes, and may have {MAX_KEY}", text.len());
                Err(Box::new(limit(message).at(span)))
            }
            Value::String(text) => Ok(Key::Text(text)),
            other => {
                self.report(key_not_text(&other, written).at(span));
                Ok(Key::Refused)
            }
        }
    }

    /// The mappings under a merge key, the first of which wins.
    fn gather_merges(&mut self, value: Node, merges: &mut Vec<Mapping>) {
        if value.directive == Some(Directive::Reset) {
            return;
        }
        let span = value.span;
        let items = match value.value {
            Value::Sequence(items) => items,
            other => vec![Node::new(other, span)],
        };
        for item in items {
            match item.value {
                Value::Mapping(mapping) => merges.push(mapping),
                _ => self.report(
                    Diagnostic::error(Code::YamlMergeKey, "map merge requires map or sequence of maps as the value")
                        // Of an alias the place is the alias, not where its anchor stands.
                        .at(if span.holds(item.span) { item.span } else { span })
                        .help("put a mapping or an alias of one after `<<:`"),
                ),
            }
        }
    }

    fn alias(&mut self, anchor: &str, span: Span) -> Result<Built, Fatal> {
        let original = self.anchors.find(anchor, span)?;
        self.charge(original.weight, span)?;
        check_depth(self.depth + original.height, span)?;
        Ok(Built {
            node: Node {
                span,
                ..original.node.clone()
            },
            height: original.height,
        })
    }

    fn directive(&self, tag: Option<&str>) -> Option<Directive> {
        match tag? {
            "!reset" if !self.in_override => Some(Directive::Reset),
            "!override" if !self.in_override => Some(Directive::Override),
            _ => None,
        }
    }

    /// `\/` is JSON's, not one that Compose takes.
    fn check_escapes(&mut self, style: ScalarStyle, span: Span) {
        if style != ScalarStyle::DoubleQuoted {
            return;
        }
        let mut characters = self.events.slice(span).chars();
        while let Some(character) = characters.next() {
            if character == '\\' && characters.next() == Some('/') {
                let found = Diagnostic::error(Code::YamlSyntax, "found unknown escape character: `\\/`").at(span);
                self.report(found.help("a slash needs no backslash"));
                return;
            }
        }
    }

    fn report(&mut self, found: Diagnostic) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(found);
        }
    }

    fn charge(&mut self, weight: usize, span: Span) -> Result<(), Fatal> {
        self.weight = self.weight.saturating_add(weight);
        if self.weight <= MAX_WEIGHT {
            return self.allowance.spend(weight).map_err(|reason| Box::new(reason.at(span)));
        }
        let found = limit(format!("the file holds more than {MAX_WEIGHT} values, aliases expanded")).at(span);
        Err(Box::new(found.help("look for aliases of aliases, which multiply")))
    }
}

fn check_depth(depth: usize, span: Span) -> Result<(), Fatal> {
    if depth <= MAX_DEPTH {
        return Ok(());
    }
    Err(Box::new(
        limit(format!("lists and mappings stand more than {MAX_DEPTH} deep in one another")).at(span),
    ))
}

fn check_version(version: Option<&VersionDirective>, span: Span) -> Result<(), Fatal> {
    match version {
        Some(version) if (version.major, version.minor) != (1, 1) => Err(Box::new(
            Diagnostic::error(Code::YamlSyntax, "found incompatible YAML document")
                .at(span)
                .help("leave the %YAML line out"),
        )),
        _ => Ok(()),
    }
}

fn duplicate(key: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::error(
        Code::DuplicateKey,
        format!("mapping key {key:?} already defined at line {}", first.line),
    )
    .at(span)
    .related(first, "first defined here")
    .help("keep one of them")
}

fn key_not_text(value: &Value, written: &str) -> Diagnostic {
    match value {
        Value::Mapping(_) if written.starts_with('{') => {
            Diagnostic::error(Code::KeyNotText, "a mapping cannot be a key").help("a text that begins with `{` belongs in quotes")
        }
        Value::Sequence(_) | Value::Mapping(_) => {
            Diagnostic::error(Code::KeyNotText, format!("a {} cannot be a key", value.kind())).help("keys are text")
        }
        Value::Int(_) => Diagnostic::error(Code::KeyNotText, format!("non-string key: {written} (integer)")).help(format!(
            "put it in quotes: \"{written}\"; a port has no space after its `:`, as in \"80:80\""
        )),
        Value::Null if written.is_empty() => Diagnostic::error(Code::KeyNotText, "a key is missing before `:`"),
        _ => Diagnostic::error(Code::KeyNotText, format!("non-string key: {written} ({})", value.kind()))
            .help(format!("put it in quotes: \"{written}\"")),
    }
}
