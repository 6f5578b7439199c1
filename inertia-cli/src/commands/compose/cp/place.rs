//! Which of two paths is where, and under which name a copy arrives. The rules are those of docker's `cp`.

use crate::failure::Failure;
use std::path::{Path, PathBuf};

/// One end of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End<'a> {
    /// A path of a service's containers.
    Container { service: &'a str, path: &'a str },
    /// A path of this machine.
    Local(&'a str),
}

/// Reads one end. A path with a colon begins with a dot or a slash.
pub(super) fn end(text: &str) -> End<'_> {
    match text.split_once(':') {
        Some((service, path)) if !service.starts_with('.') && !Path::new(text).is_absolute() => End::Container { service, path },
        _ => End::Local(text),
    }
}

/// Where it goes; `None` when nothing is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Destination<'a> {
    pub(super) path: &'a str,
    pub(super) is_folder: Option<bool>,
}

/// The folder into which a copy goes, and its name there; its own when there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) folder: String,
    pub(super) name: Option<String>,
}

/// Decides where a file or a folder arrives.
pub(super) fn target(is_folder: bool, destination: Destination<'_>) -> Result<Target, Failure> {
    let path = destination.path;
    match destination.is_folder {
        Some(true) => Ok(Target {
            folder: path.to_owned(),
            name: None,
        }),
        Some(false) if is_folder => Err(Failure::new(format!("cannot copy a folder onto the file {path}"))),
        None if !is_folder && path.ends_with('/') => {
            Err(Failure::new(format!("no such folder: {path}")).hint("make it first, or leave the slash at the end out"))
        }
        _ => Ok(renamed(path)),
    }
}

fn renamed(path: &str) -> Target {
    let trimmed = path.trim_end_matches('/');
    let (folder, name) = trimmed.rsplit_once('/').unwrap_or((".", trimmed));
    Target {
        folder: if folder.is_empty() { "/" } else { folder }.to_owned(),
        name: Some(name.to_owned()),
    }
}

/// The last part of a path; `.` for a folder's content.
pub(super) fn base(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit('/').next() {
        Some("" | "..") | None => ".",
        Some(name) => name,
    }
}

/// Where a link leads that stands at a path.
pub(super) fn beside(link: &str, target: &str) -> String {
    if target.starts_with('/') {
        return target.to_owned();
    }
    let folder = link.trim_end_matches('/').rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{target}")
}

/// The path with the `/` or `/.` at its end that joining takes away.
pub(super) fn keep_end(path: PathBuf, written: &str) -> PathBuf {
    if !written.ends_with('/') && !written.ends_with("/.") && written != "." {
        return path;
    }
    let mut text = path.into_os_string();
    if !text.to_string_lossy().ends_with('/') && !text.to_string_lossy().ends_with("/.") {
        text.push(if written.ends_with('.') { "/." } else { "/" });
    }
    PathBuf::from(text)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_service_stands_before_the_first_colon() {
        let inside = |service, path| End::Container { service, path };
        let table = [
            ("web:/x", inside("web", "/x")),
            ("web:/x:y", inside("web", "/x:y")),
            ("./a:b", End::Local("./a:b")),
            ("/a:b", End::Local("/a:b")),
            ("plain", End::Local("plain")),
            ("-", End::Local("-")),
        ];
        for (text, want) in table {
            assert_eq!(end(text), want, "{text}");
        }
    }

    #[test]
    fn a_copy_arrives_in_a_folder_or_under_a_new_name() {
        let table = [
            ("f", false, "/tmp/", Some(true), Some(("/tmp/", None))),
            ("f", false, "/renamed", None, Some(("/", Some("renamed")))),
            ("f", false, "/a/old", Some(false), Some(("/a", Some("old")))),
            ("d", true, "/tree/", None, Some(("/", Some("tree")))),
            ("d", true, "name", None, Some((".", Some("name")))),
            ("d", true, "/file", Some(false), None),
            ("f", false, "/none/", None, None),
        ];
        for (from, is_folder, to, there, want) in table {
            let destination = Destination {
                path: to,
                is_folder: there,
            };
            let got = target(is_folder, destination);
            let want = want.map(|(folder, name): (&str, Option<&str>)| Target {
                folder: folder.to_owned(),
                name: name.map(str::to_owned),
            });
            assert_eq!(got.ok(), want, "{from} to {to}");
        }
    }

    #[test]
    fn the_name_of_a_folders_content_is_a_dot() {
        for (path, want) in [("d/.", "."), ("d", "d"), ("d/", "d"), ("/", "."), ("a/..", "."), ("a/b", "b")] {
            assert_eq!(base(path), want, "{path}");
        }
        assert_eq!(keep_end(PathBuf::from("/x/d"), "d/").to_str().unwrap(), "/x/d/");
        assert_eq!(beside("/a/b", "c"), "/a/c");
        assert_eq!(beside("/a", "c"), "/c");
        assert_eq!(beside("/a/b", "/c"), "/c");
    }
}
