//! From the text of a service to what is printed of it: each attribute in its short and its long
//! form, and what is said when it cannot be read.

mod build;
mod deploy;
mod mounts;
mod networking;
mod process;
mod resources;
mod shared;

use super::{About, decode};
use crate::diagnostic::Diagnostics;
use crate::load::canonical::{ShortForms, canonical};
use crate::load::defaults::set_defaults;
use crate::load::testing::parse;
use crate::model::{Project, Service, StringMap};
use crate::names::ProjectName;
use crate::print;
use crate::print::json::{Layout, write};

/// The project of a text, by the stages that a load runs on one file.
fn project(text: &str) -> Result<Project, Diagnostics> {
    let mut tree = parse(text);
    let mut found = canonical(&mut tree, ShortForms::Strict);
    if found.has_errors() {
        return Err(found);
    }
    set_defaults(&mut tree);
    let about = About {
        name: ProjectName::new("p"),
        working_dir: "/p".into(),
        compose_files: Vec::new(),
        variables: StringMap::from([("TOKEN".to_owned(), "secret".to_owned())]),
        profiles: Vec::new(),
    };
    let project = decode(&tree, about, &mut found);
    if found.has_errors() { Err(found) } else { Ok(project) }
}

/// The service `a` with these attributes.
fn service(attributes: &str) -> Service {
    let project = project(&format!("services: {{a: {{{attributes}}}}}"));
    let mut project = project.unwrap_or_else(|found| panic!("{attributes}: {found:?}"));
    project.services.remove("a").expect("the service is there")
}

/// What is printed of a service with these attributes, without the braces and without command and
/// entrypoint where they are null.
fn printed(attributes: &str) -> String {
    let text = write(&print::service(&service(attributes)), Layout::Compact).expect("no infinite number");
    let text = text
        .replace("\"command\":null,", "")
        .replace("\"entrypoint\":null", "")
        .replace(",,", ",")
        .replace(",}", "}");
    text.trim_start_matches('{')
        .trim_start_matches(',')
        .strip_suffix('}')
        .expect("it is an object")
        .to_owned()
}

/// Each text on the left is printed as the one on the right.
fn assert_printed(table: &[(&str, &str)]) {
    for (attributes, expected) in table {
        assert_eq!(printed(attributes), *expected, "{attributes}");
    }
}

/// Each text is refused with one message, at the column where the value stands.
fn assert_refused(table: &[(&str, &str, &str)]) {
    for (attributes, blamed, message) in table {
        let text = format!("services: {{a: {{{attributes}}}}}");
        let found = project(&text).expect_err(attributes);
        let errors: Vec<_> = found
            .iter()
            .filter(|found| found.severity == crate::diagnostic::Severity::Error)
            .collect();
        let messages: Vec<_> = errors.iter().map(|found| found.message.as_str()).collect();
        assert_eq!(messages, [format!("services.a.{message}")], "{attributes}");
        let start = errors[0]
            .span
            .map(|span| span.start as usize)
            .expect("an error of decoding has a place");
        assert!(text[start..].starts_with(blamed), "{attributes}: blames {}", &text[start..]);
    }
}

#[test]
fn every_mistake_is_reported_at_once() {
    let found = project("services: {a: {mem_limit: lots, healthcheck: {interval: often}}, b: {cpus: few}}").expect_err("three mistakes");
    assert_eq!(found.len(), 3);
}

#[test]
fn the_top_level_is_read() {
    let project = project("{name: other, x-top: {a: [1]}, services: {a: {image: x, x-own: 1}}}").expect("it is fine");
    assert_eq!(project.name, ProjectName::new("other"));
    assert_eq!(project.extensions.keys().collect::<Vec<_>>(), ["x-top"]);
    assert_eq!(project.services["a"].extensions.keys().collect::<Vec<_>>(), ["x-own"]);
}
