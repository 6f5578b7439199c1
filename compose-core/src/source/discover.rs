//! Which compose files make up an application.

use super::reader::{PathKind, ResourceReader, clean};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use std::path::{Path, PathBuf};

/// The path that stands for standard input among the files of `-f`.
pub const STANDARD_INPUT: &str = "-";

/// The names of a compose file; the first one wins.
const NAMES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// The names of the file that goes over it; the first one wins.
const OVERRIDE_NAMES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// The files that `-f` or `COMPOSE_FILE` name, as absolute paths; `-` stays.
///
/// `None` when one of them cannot be a compose file; the findings say why.
pub(crate) fn named(
    files: impl IntoIterator<Item = impl AsRef<Path>>,
    cwd: &Path,
    reader: &dyn ResourceReader,
    findings: &mut Diagnostics,
) -> Option<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut complete = true;
    for file in files {
        let file = file.as_ref();
        if file == Path::new(STANDARD_INPUT) {
            found.push(file.to_owned());
            continue;
        }
        let path = clean(&cwd.join(file));
        match refusal(&path, reader.kind(&path)) {
            None => found.push(path),
            Some(refusal) => {
                findings.push(refusal);
                complete = false;
            }
        }
    }
    complete.then_some(found)
}

fn refusal(path: &Path, kind: PathKind) -> Option<Diagnostic> {
    let shown = path.display();
    match kind {
        PathKind::File => None,
        PathKind::Missing => {
            let found = Diagnostic::error(Code::NoComposeFile, format!("compose file {shown} does not exist"));
            Some(found.help("check the path given with -f or in COMPOSE_FILE; it starts at the current folder"))
        }
        PathKind::Directory => {
            let found = Diagnostic::error(Code::NoComposeFile, format!("{shown} is a directory, not a compose file"));
            Some(found.help("name a file with -f or in COMPOSE_FILE; an empty or trailing entry there means the folder itself"))
        }
    }
}

/// Looks for a compose file and its override in a folder and those above it.
///
/// `None` when there is none up to the root; the findings say so.
pub(crate) fn search(start: &Path, reader: &dyn ResourceReader, findings: &mut Diagnostics) -> Option<Vec<PathBuf>> {
    for folder in start.ancestors() {
        let Some(file) = first_of(&NAMES, folder, "compose", reader, findings) else {
            continue;
        };
        let over = first_of(&OVERRIDE_NAMES, folder, "override", reader, findings);
        return Some([file].into_iter().chain(over).collect());
    }
    findings.push(
        Diagnostic::error(
            Code::NoComposeFile,
            format!("no compose file in {} or any folder above it", start.display()),
        )
        .help(format!("name one with -f, or add {}", NAMES[0])),
    );
    None
}

fn first_of(names: &[&str], folder: &Path, what: &str, reader: &dyn ResourceReader, findings: &mut Diagnostics) -> Option<PathBuf> {
    let mut there = names
        .iter()
        .map(|name| folder.join(name))
        .filter(|path| reader.kind(path) == PathKind::File);
    let first = there.next()?;
    let others: Vec<_> = there.map(|path| path.display().to_string()).collect();
    if !others.is_empty() {
        let message = format!(
            "several {what} files stand side by side: using {}, not {}",
            first.display(),
            others.join(", ")
        );
        findings.push(Diagnostic::warning(Code::SeveralComposeFiles, message).help("remove all but one, or name those you mean with -f"));
    }
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::MemoryReader;

    fn reader(files: &[&str]) -> MemoryReader {
        files.iter().fold(MemoryReader::new(), |reader, file| reader.with(file, ""))
    }

    fn searched(start: &str, files: &[&str]) -> (Option<Vec<PathBuf>>, Vec<String>) {
        let mut findings = Diagnostics::new();
        let found = search(Path::new(start), &reader(files), &mut findings);
        (found, findings.iter().map(|found| found.message.clone()).collect())
    }

    #[test]
    fn the_nearest_folder_and_the_first_name_win() {
        for (start, files, expected) in [
            ("/a/b", &["/a/compose.yml"][..], &["/a/compose.yml"][..]),
            (
                "/a/b",
                &["/a/compose.yaml", "/a/b/docker-compose.yaml"],
                &["/a/b/docker-compose.yaml"],
            ),
            (
                "/a/b/c",
                &["/a/compose.yaml", "/a/compose.override.yaml", "/a/b/compose.override.yml"],
                &["/a/compose.yaml", "/a/compose.override.yaml"],
            ),
            (
                "/a",
                &["/a/compose.yaml", "/a/docker-compose.override.yml"],
                &["/a/compose.yaml", "/a/docker-compose.override.yml"],
            ),
            ("/a", &["/compose.yml"], &["/compose.yml"]),
        ] {
            let expected: Vec<_> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(searched(start, files), (Some(expected), Vec::new()), "{start} {files:?}");
        }
    }

    #[test]
    fn several_names_side_by_side_are_told() {
        let (found, findings) = searched("/a", &["/a/compose.yml", "/a/compose.yaml", "/a/docker-compose.yml"]);
        assert_eq!(found, Some(vec!["/a/compose.yaml".into()]));
        assert_eq!(
            findings,
            ["several compose files stand side by side: using /a/compose.yaml, not /a/compose.yml, /a/docker-compose.yml"]
        );
    }

    #[test]
    fn a_folder_of_that_name_is_none() {
        let (found, findings) = searched("/a/b", &["/a/compose.yaml/x"]);
        assert_eq!(found, None);
        assert_eq!(findings, ["no compose file in /a/b or any folder above it"]);
    }

    #[test]
    fn named_files_start_at_the_current_folder() {
        let (reader, mut findings) = (reader(&["/a/x.yaml", "/y.json"]), Diagnostics::new());
        let found = named(["x.yaml", "../y.json", "/a/x.yaml", "-"], Path::new("/a"), &reader, &mut findings);
        assert_eq!(found, Some(["/a/x.yaml", "/y.json", "/a/x.yaml", "-"].map(PathBuf::from).to_vec()));
        assert!(findings.is_empty());

        assert_eq!(named(["", "nope", "x.yaml"], Path::new("/a"), &reader, &mut findings), None);
        let messages: Vec<_> = findings.iter().map(|found| found.message.as_str()).collect();
        assert_eq!(
            messages,
            ["/a is a directory, not a compose file", "compose file /a/nope does not exist"]
        );
    }
}
