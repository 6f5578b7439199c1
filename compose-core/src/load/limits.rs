//! How much a load may come to, whatever its files say: a few lines of anchors, `extends` or ranges stand for any amount.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Mapping, Node, Span, Value};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

/// This many bytes of text count as one value.
const TEXT_UNIT: usize = 64;

/// What a project may come to.
///
/// Those of [`Limits::default`] are far above what anybody writes, and keep a load from taking all memory. Who loads what
/// others wrote, and for many at a time, sets lower ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many values all stages together may look at: those of every file, those that anchors, `extends`, ranges and files
    /// of variables make of them, and all that stand before a further document once more. Long text counts as several.
    pub values: usize,
    /// How many services there may be.
    pub services: usize,
    /// How many containers the services may ask for together.
    pub containers: u32,
    /// How long the name of an image may be, in bytes.
    pub image_name: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            values: 20_000_000,
            services: 50_000,
            containers: u32::MAX,
            image_name: usize::MAX,
        }
    }
}

/// What is left of a load's [`Limits`], and whether anybody still waits for it.
#[derive(Debug)]
pub(crate) struct Allowance<'l> {
    limits: Limits,
    left: Cell<usize>,
    called_off: Option<&'l AtomicBool>,
}

impl<'l> Allowance<'l> {
    /// All of it; the load ends soon after the flag is set.
    pub(crate) fn new(limits: Limits, called_off: Option<&'l AtomicBool>) -> Self {
        Self {
            left: Cell::new(limits.values),
            limits,
            called_off,
        }
    }

    /// Takes values off.
    ///
    /// # Errors
    /// There are not so many left, or the load was called off.
    pub(crate) fn spend(&self, values: usize) -> Result<(), Diagnostic> {
        if self.called_off.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            return Err(Diagnostic::error(Code::CalledOff, "the load was called off"));
        }
        match self.left.get().checked_sub(values) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(self.too_much()),
        }
    }

    /// Takes text off by its length.
    pub(crate) fn spend_text(&self, bytes: usize) -> Result<(), Diagnostic> {
        self.spend(bytes / TEXT_UNIT + 1)
    }

    /// The finding that nothing is left.
    pub(crate) fn too_much(&self) -> Diagnostic {
        let message = format!(
            "the project comes to more than {} values, with what anchors, `extends`, ranges, files of variables and further documents make of it",
            self.limits.values
        );
        Diagnostic::error(Code::TooLarge, message).help("look for what is repeated by them, and split what is one project into several")
    }

    /// Refuses more services than there may be.
    pub(crate) fn check_services(&self, model: &Node) -> Result<(), Diagnostic> {
        let services = model.get("services");
        let count = services.and_then(Node::as_mapping).map_or(0, Mapping::len);
        if count <= self.limits.services {
            return Ok(());
        }
        let message = format!("`services` holds {count} services, and a project may have {}", self.limits.services);
        let error = Diagnostic::error(Code::TooLarge, message).at(services.map(|services| services.span));
        Err(error.help("split what is one project into several"))
    }

    /// Refuses services that ask for more containers together than there may be, and images with longer names.
    pub(crate) fn check_demands(&self, model: &Node) -> Result<(), Diagnostic> {
        let mut total = 0_u64;
        let services = model.get("services").and_then(Node::as_mapping);
        for (name, entry) in services.into_iter().flat_map(Mapping::iter) {
            self.check_image(name, &entry.node)?;
            let (attribute, count, place) = containers_of(&entry.node);
            total = total.saturating_add(count);
            if total > u64::from(self.limits.containers) {
                let message = format!(
                    "`services.{name}.{attribute}` asks for {count} containers, and a project may have {} together",
                    self.limits.containers
                );
                let error = Diagnostic::error(Code::TooLarge, message).at(place.unwrap_or(entry.key_span));
                return Err(error.help("lower it"));
            }
        }
        Ok(())
    }

    fn check_image(&self, name: &str, service: &Node) -> Result<(), Diagnostic> {
        let Some(image) = service.get("image") else { return Ok(()) };
        let length = image.as_str().map_or(0, str::len);
        if length <= self.limits.image_name {
            return Ok(());
        }
        let most = self.limits.image_name;
        let message = format!("`services.{name}.image` has {length} bytes, and the name of an image may have {most}");
        Err(Diagnostic::error(Code::TooLarge, message)
            .at(image.span)
            .help("write [REGISTRY/]NAME[:TAG][@DIGEST]"))
    }
}

/// What says how many containers a service has, how many, and where that stands.
fn containers_of(service: &Node) -> (&'static str, u64, Option<Span>) {
    let replicas = service.get("deploy").and_then(|deploy| deploy.get("replicas"));
    let said = [("scale", service.get("scale")), ("deploy.replicas", replicas)];
    let number = |node: &Node| match node.value {
        Value::Int(number) => u64::try_from(number).ok(),
        Value::UInt(number) => Some(number),
        _ => None,
    };
    let found = said.into_iter().find_map(|(attribute, node)| {
        let node = node?;
        Some((attribute, number(node)?, Some(node.span)))
    });
    found.unwrap_or(("scale", 1, None))
}

/// How many values a node holds, itself among them; long text counts as several.
pub(crate) fn weight(node: &Node) -> usize {
    1 + match &node.value {
        Value::String(text) | Value::Timestamp(text) => text.len() / TEXT_UNIT,
        Value::Sequence(items) => items.iter().map(weight).sum(),
        Value::Mapping(mapping) => mapping.iter().map(|(_, entry)| weight(&entry.node)).sum(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Loader;
    use crate::source::MemoryReader;
    use std::fmt::Write as _;

    /// Paths and texts.
    type Files<'f> = &'f [(&'f str, &'f str)];

    fn loader(files: Files<'_>, limits: Limits) -> Loader {
        let reader = files
            .iter()
            .fold(MemoryReader::new(), |reader, (path, text)| reader.with(path, *text));
        Loader::new("/p").reader(reader).limits(limits)
    }

    /// What a project is refused with, and where; `None` where it is not.
    fn refused(files: Files<'_>, limits: Limits) -> Option<String> {
        let refused = loader(files, limits).load().err()?;
        let first = refused.diagnostics.iter().next().expect("a reason");
        assert_eq!(first.code, Code::TooLarge, "{}", first.message);
        let place = first.span.map(|span| refused.sources.place(span));
        Some(format!("{}: {}", place.unwrap_or_default(), first.message))
    }

    fn few(values: usize) -> Limits {
        Limits {
            values,
            ..Limits::default()
        }
    }

    /// Services `s0`, `s1`, …, each with these attributes.
    fn services(count: usize, attributes: &str) -> String {
        let mut text = "services:\n".to_owned();
        for number in 0..count {
            let _ = writeln!(text, "  s{number}: {{{attributes}}}");
        }
        text
    }

    /// A thousand lines.
    fn lines(line: impl Fn(usize) -> String) -> String {
        (0..1_000).map(line).collect()
    }

    #[test]
    fn services_and_containers_are_counted() {
        let limits = Limits {
            services: 3,
            containers: 10,
            ..Limits::default()
        };
        let compose = |text: &str| refused(&[("/p/compose.yaml", text)], limits);
        assert_eq!(compose(&services(3, "image: x")), None);
        assert_eq!(
            compose(&services(4, "image: x")).as_deref(),
            Some("/p/compose.yaml:2:3: `services` holds 4 services, and a project may have 3")
        );
        assert_eq!(compose(&services(3, "image: x, scale: 3")), None);
        for (attributes, said) in [
            ("scale: 11", "1:33: `services.a.scale` asks for 11 containers"),
            ("scale: 1000000000000", "1:33: `services.a.scale` asks for 1000000000000 containers"),
            (
                "deploy: {replicas: 11}",
                "1:45: `services.a.deploy.replicas` asks for 11 containers",
            ),
        ] {
            let found = compose(&format!("services: {{a: {{image: x, {attributes}}}}}"));
            let wanted = format!("/p/compose.yaml:{said}, and a project may have 10 together");
            assert_eq!(found.as_deref(), Some(wanted.as_str()));
        }
    }

    #[test]
    fn names_of_images_have_a_length() {
        let limits = Limits {
            image_name: 5,
            ..Limits::default()
        };
        let compose = |image: &str| refused(&[("/p/compose.yaml", &format!("services: {{a: {{image: {image}}}}}"))], limits);
        assert_eq!(compose("abcde"), None);
        assert_eq!(
            compose("abcdef").as_deref(),
            Some("/p/compose.yaml:1:23: `services.a.image` has 6 bytes, and the name of an image may have 5")
        );
    }

    #[test]
    fn an_honest_project_costs_in_proportion_to_what_it_says() {
        let text = |count| services(count, "image: x, command: [a, b], environment: {A: b}, ports: ['80'], tty: true");
        for count in [10, 100, 1_000] {
            assert_eq!(
                refused(&[("/p/compose.yaml", &text(count))], few(60 * count + 100)),
                None,
                "{count}"
            );
        }
    }

    #[test]
    fn whatever_multiplies_is_counted() {
        let variables = lines(|number| format!("A{number}=b\n"));
        let wide = format!(
            "services:\n  base:\n    image: x\n    environment:\n{}",
            lines(|number| format!("      A{number}: b\n"))
        );
        let users = |attributes: &str| services(200, attributes).replace("services:\n", "");
        let anchored = format!("x-a: &a [{}]\n{}", "x, ".repeat(1_000), services(200, "image: x, command: *a"));
        let documents = format!("{}{}", services(1_000, "image: x"), "---\nservices: {a: {image: x}}\n".repeat(100));
        let cases: [(&str, String, Files<'_>); 6] = [
            ("anchors", anchored, &[]),
            ("extends", format!("{wide}{}", users("extends: base")), &[]),
            (
                "files that are extended",
                services(200, "extends: {file: b.yaml, service: base}"),
                &[("/p/b.yaml", &wide)],
            ),
            ("documents", documents, &[]),
            ("ranges", services(20, "image: x, ports: ['1-2000:1-2000']"), &[]),
            (
                "files of variables",
                services(200, "image: x, env_file: e, label_file: [e, e]"),
                &[("/p/e", &variables)],
            ),
        ];
        for (what, text, more) in cases {
            let mut files = vec![("/p/compose.yaml", text.as_str())];
            files.extend(more);
            assert_eq!(refused(&files, Limits::default()), None, "{what}");
            let found = refused(&files, few(60_000)).expect(what);
            assert!(found.starts_with("/p/"), "{what}: {found}");
            assert!(found.contains("the project comes to more than 60000 values"), "{what}: {found}");
        }
    }

    #[test]
    fn includes_copy_what_their_includers_know() {
        let variables = lines(|number| format!("A{number}=b\n"));
        let text = format!("include: [{}]\nservices: {{a: {{image: x}}}}", "i.yaml, ".repeat(100));
        let files = [
            ("/p/compose.yaml", text.as_str()),
            ("/p/.env", &variables),
            ("/p/i.yaml", "services: {b: {image: x}}"),
        ];
        assert_eq!(refused(&files, Limits::default()), None);
        assert!(refused(&files, few(60_000)).is_some());
    }

    #[test]
    fn a_load_that_is_called_off_ends() {
        let called_off = AtomicBool::new(true);
        let text = services(10, "image: x");
        let refused = loader(&[("/p/compose.yaml", &text)], Limits::default()).load_unless(&called_off);
        let refused = refused.expect_err("called off");
        assert_eq!(
            refused.diagnostics.iter().map(|found| found.code).collect::<Vec<_>>(),
            [Code::CalledOff]
        );
        called_off.store(false, Ordering::Relaxed);
        assert!(
            loader(&[("/p/compose.yaml", &text)], Limits::default())
                .load_unless(&called_off)
                .is_ok()
        );
    }
}
