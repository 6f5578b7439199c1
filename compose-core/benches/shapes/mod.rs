//! Inputs of one kind each, as large as wanted.

mod attributes;
mod files;
mod services;
mod yaml;

use std::fmt::Write as _;

/// Files by their paths; `/p/compose.yaml` is loaded.
pub(crate) type Files = Vec<(String, String)>;

/// A kind of input.
pub(crate) struct Shape {
    /// What it is called.
    pub(crate) name: &'static str,
    /// Files of so many bytes together, more or less.
    pub(crate) files: fn(usize) -> Files,
}

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = &'static Shape> {
    [services::SHAPES, attributes::SHAPES, yaml::SHAPES, files::SHAPES]
        .into_iter()
        .flatten()
}

fn compose(text: String) -> Files {
    vec![("/p/compose.yaml".into(), text)]
}

/// A small compose file beside a file of variables.
fn env(text: String) -> Files {
    vec![
        ("/p/compose.yaml".into(), "services: {a: {image: x}}".into()),
        ("/p/.env".into(), text),
    ]
}

fn services(size: usize, service: impl Fn(usize) -> String) -> String {
    format!("services:\n{}", lines(size, service))
}

fn services_upto(count: usize, service: impl Fn(usize) -> String) -> String {
    let mut text = "services:\n".to_owned();
    text.extend((0..count).map(service));
    text
}

/// A service with a long list.
fn one(size: usize, attribute: &str, item: impl Fn(usize) -> String) -> String {
    format!(
        "services:\n  a:\n    image: x\n    {attribute}:\n{}",
        lines(size, |n| format!("    - {}\n", item(n)))
    )
}

/// A service with a large mapping.
fn map(size: usize, attribute: &str, entry: impl Fn(usize) -> String) -> String {
    format!(
        "services:\n  a:\n    image: x\n    {attribute}:\n{}",
        lines(size, |n| format!("      {}\n", entry(n)))
    )
}

/// As many lines as fill so many bytes.
fn lines(size: usize, line: impl Fn(usize) -> String) -> String {
    let mut text = String::with_capacity(size + 100);
    let mut number = 0;
    while text.len() < size {
        text.push_str(&line(number));
        number += 1;
    }
    text
}

fn list(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(", ")
}

/// Aliases of aliases.
fn multiplied(levels: usize) -> String {
    let mut text = String::from("x-l0: &l0 [a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a]\n");
    for level in 0..levels {
        let _ = writeln!(text, "x-l{0}: &l{0} [{1}]", level + 1, list(20, |_| format!("*l{level}")));
    }
    text
}

/// A number in letters.
fn letters(number: usize) -> String {
    number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
}

fn root(number: usize) -> usize {
    number.isqrt()
}
