//! Variables and labels from files, put beneath what the service says itself.

use super::check::Places;
use super::limits::Allowance;
use super::path::TreePath;
use super::pipeline::Pipeline;
use super::suggest::similar;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{EnvFile, Project, Service, StringMap};
use crate::names::ServiceName;
use crate::source::{EnvFile as Assignments, EnvFormat, PathKind, ResourceReader, SourceMap};
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};

/// So many bytes of a file count as one value, each time it is read for a service.
const BYTES_OF_A_VALUE: usize = 16;

/// Which files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Files {
    /// `env_file` and `label_file`.
    All,
    /// `label_file` alone; `env_file` stays as it is.
    Labels,
}

/// Resolves `label_file` of every enabled service, `env_file` of those services alone if some are given, and the
/// variables in `environment` that have no value yet. Afterwards no service names a file that was to be read.
///
/// What a service says itself wins over its files, even where it gives a variable no value. While a
/// file is expanded, the project's variables win over the service's, and those over what stands above.
/// Label files see earlier labels alone.
pub(crate) fn resolve_files(
    project: &mut Project,
    files: Files,
    of: Option<&BTreeSet<ServiceName>>,
    places: Places<'_>,
    pipeline: &mut Pipeline<'_>,
) -> Diagnostics {
    let mut reading = Reading {
        reader: pipeline.reader,
        allowance: pipeline.allowance,
        contents: HashMap::new(),
        sources: &mut pipeline.sources,
        found: Diagnostics::new(),
    };
    let Project {
        variables,
        services,
        working_dir,
        ..
    } = project;
    let is_read = |service: &Service| files == Files::All && of.is_none_or(|of| of.contains(&service.name));
    // Without path resolution they are relative still.
    let read = services.values_mut().filter(|service| is_read(service));
    let files_of = read.flat_map(|service| &mut service.process.env_files);
    for file in files_of.filter(|file| !file.path.as_os_str().is_empty()) {
        file.path = working_dir.join(&file.path);
    }
    let label_files = services.values_mut().flat_map(|service| &mut service.label_files);
    for file in label_files.filter(|file| !file.is_empty()) {
        *file = working_dir.join(&*file).to_string_lossy().into_owned();
    }
    for service in services.values_mut() {
        for (variable, value) in service.process.environment.iter_mut().filter(|(_, value)| value.is_none()) {
            *value = variables.get(variable).cloned();
        }
        if is_read(service) {
            reading.environment_of(service, variables, places);
        }
        reading.labels_of(service, places);
        if reading.found.is_full() {
            break;
        }
    }
    reading.found
}

struct Reading<'a> {
    reader: &'a dyn ResourceReader,
    allowance: &'a Allowance<'a>,
    /// Services tend to share their files.
    contents: HashMap<PathBuf, Vec<u8>>,
    sources: &'a mut SourceMap,
    found: Diagnostics,
}

/// Which element of which list names a file.
#[derive(Clone, Copy)]
struct By<'a> {
    places: Places<'a>,
    list: &'static str,
    /// Where the element stands.
    way: TreePath<'a>,
}

impl Reading<'_> {
    fn environment_of(&mut self, service: &mut Service, variables: &StringMap, places: Places<'_>) {
        let environment = &mut service.process.environment;
        let own: StringMap = environment
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), value.clone()?)))
            .collect();
        let lookup = |key: &str| variables.get(key).or_else(|| own.get(key)).cloned();
        let mut all = StringMap::new();
        let list = "env_file";
        let way = TreePath::SERVICES.key(service.name.as_str());
        let way = way.key(list);
        for (index, file) in service.process.env_files.drain(..).enumerate() {
            let way = way.index(index);
            let by = By { places, list, way };
            self.env_file(&file, &mut all, &lookup, by);
        }
        for (key, value) in all {
            environment.entry(key).or_insert(Some(value));
        }
    }

    fn labels_of(&mut self, service: &mut Service, places: Places<'_>) {
        let mut labels = StringMap::new();
        let list = "label_file";
        let way = TreePath::SERVICES.key(service.name.as_str());
        let way = way.key(list);
        for (index, file) in service.label_files.drain(..).enumerate() {
            let earlier = labels.clone();
            let lookup = |key: &str| earlier.get(key).cloned();
            let way = way.index(index);
            let by = By { places, list, way };
            self.assignments(Path::new(&file), EnvFormat::Compose, &mut labels, &lookup, by);
        }
        for (key, value) in labels {
            service.labels.entry(key).or_insert(value);
        }
    }

    fn env_file(&mut self, file: &EnvFile, known: &mut StringMap, lookup: &dyn Fn(&str) -> Option<String>, by: By<'_>) {
        if !file.required && (file.path.as_os_str().is_empty() || self.reader.kind(&file.path) == PathKind::Missing) {
            return;
        }
        match format(file.format.as_deref()) {
            Ok(format) => self.assignments(&file.path, format, known, lookup, by),
            Err(unknown) => self.found.push(by.blame("format", unknown)),
        }
    }

    fn assignments(&mut self, path: &Path, format: EnvFormat, known: &mut StringMap, lookup: &dyn Fn(&str) -> Option<String>, by: By<'_>) {
        if path.as_os_str().is_empty() {
            let error = Diagnostic::error(Code::InvalidValue, format!("an element of `{}` names no file", by.list));
            let error = error.help("write its path, or remove it");
            return self.found.push(by.blame("path", error));
        }
        if !self.contents.contains_key(path) {
            match self.reader.read(path) {
                Ok(bytes) => {
                    self.contents.insert(path.to_owned(), bytes);
                }
                Err(error) => return self.found.push(by.unreadable(path, &error)),
            }
        }
        if let Some(bytes) = self.contents.get(path) {
            if let Err(reason) = self.allowance.spend(known.len() + bytes.len() / BYTES_OF_A_VALUE) {
                return self.found.push(by.blame("path", reason));
            }
            Assignments { path, bytes, format }.read_into(known, lookup, self.sources, &mut self.found);
        }
    }
}

fn format(word: Option<&str>) -> Result<EnvFormat, Diagnostic> {
    match word {
        None => Ok(EnvFormat::Compose),
        Some("raw") => Ok(EnvFormat::Raw),
        Some(other) => {
            let error = Diagnostic::error(Code::UnknownWord, format!("unknown format `{other}` of an env file"));
            Err(error.help(match similar(other, ["raw"]) {
                Some(_) => "did you mean `raw`?",
                None => "use `raw`, or leave it out",
            }))
        }
    }
}

impl By<'_> {
    /// The finding, about a key of the element, or the element where it has none.
    fn blame(self, key: &str, finding: Diagnostic) -> Diagnostic {
        self.places.blame(self.way.key(key), finding)
    }

    fn unreadable(self, path: &Path, error: &io::Error) -> Diagnostic {
        let path = path.display();
        let found = match error.kind() {
            io::ErrorKind::NotFound if self.list == "env_file" => Diagnostic::error(Code::FileNotFound, format!("{path} does not exist"))
                .help("create it; an env file that may be absent says so by `required: false`"),
            io::ErrorKind::NotFound => {
                Diagnostic::error(Code::FileNotFound, format!("{path} does not exist")).help("create it, or correct the path")
            }
            io::ErrorKind::IsADirectory => {
                Diagnostic::error(Code::FileUnreadable, format!("{path} is a folder, not a file")).help("name a file in it")
            }
            io::ErrorKind::FileTooLarge => Diagnostic::error(Code::TooLarge, format!("{path} is larger than 16 MiB")),
            _ => Diagnostic::error(Code::FileUnreadable, format!("{path} cannot be read: {error}")),
        };
        self.blame("path", found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::check::testing_project;
    use crate::load::limits::Limits;
    use crate::load::stage::Stages;
    use crate::load::testing::{error_messages, parse};
    use crate::source::{MemoryReader, Node};

    /// What [`resolve_files`] finds in all services.
    fn resolve(project: &mut Project, files: Files, tree: &Node, reader: &MemoryReader) -> Diagnostics {
        let allowance = Allowance::new(Limits::default(), None);
        let mut pipeline = Pipeline::new(reader, None, Stages::ALL, &allowance);
        resolve_files(project, files, None, Places(tree), &mut pipeline)
    }

    /// Environment and labels of service `a`, the project knowing `OUTER=o`.
    fn resolved(service: &str, files: &[(&str, &str)]) -> Result<(String, String), Vec<String>> {
        let text = format!("services: {{a: {{image: x, {service}}}}}");
        let mut project = testing_project(&text);
        project.variables.insert("OUTER".to_owned(), "o".to_owned());
        let reader = files
            .iter()
            .fold(MemoryReader::new(), |reader, (path, text)| reader.with(*path, *text));
        let tree = parse(&text);
        let found = resolve(&mut project, Files::All, &tree, &reader);
        if found.has_errors() {
            return Err(error_messages(&found));
        }
        let service = &project.services["a"];
        assert!(service.process.env_files.is_empty() && service.label_files.is_empty());
        let environment = service.process.environment.iter();
        let environment: Vec<_> = environment
            .map(|(key, value)| format!("{key}={}", value.as_deref().unwrap_or("-")))
            .collect();
        let labels: Vec<_> = service.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        Ok((environment.join(" "), labels.join(" ")))
    }

    #[test]
    fn what_the_service_says_wins() {
        for (service, environment) in [
            ("env_file: [{path: /e, required: true}]", "A=1 B=o B2=1"),
            (
                "env_file: [{path: /e}], environment: {A: own, OUTER: null}",
                "A=own B=o B2=own OUTER=o",
            ),
            ("env_file: [{path: /e}], environment: {A: null}", "A=- B=o B2=1"),
            ("env_file: [{path: /e}, {path: /f}]", "A=2 B=o B2=1"),
            ("env_file: [{path: /e, format: raw}]", "A=1 B=$OUTER B2=$A"),
            ("env_file: [{path: /absent, required: false}]", ""),
        ] {
            let got = resolved(service, &[("/e", "A=1\nB=$OUTER\nB2=$A\n"), ("/f", "A=2\n")]);
            assert_eq!(got, Ok((environment.to_owned(), String::new())), "{service}");
        }
    }

    #[test]
    fn files_of_variables_can_be_left_unread() {
        let text = "services: {a: {image: x, env_file: [{path: /none, required: true}], environment: {OUTER: null}, label_file: [/l]}}";
        let mut project = testing_project(text);
        project.variables.insert("OUTER".to_owned(), "o".to_owned());
        let reader = MemoryReader::new().with("/l", "x=1\n");
        let tree = parse(text);
        let found = resolve(&mut project, Files::Labels, &tree, &reader);
        assert!(!found.has_errors(), "no file of variables is read");
        let service = &project.services["a"];
        assert_eq!(service.process.env_files.len(), 1);
        assert_eq!(service.process.environment["OUTER"].as_deref(), Some("o"));
        assert_eq!(service.labels["x"], "1");
    }

    #[test]
    fn labels_come_from_files_too() {
        let got = resolved(
            "label_file: [/l, /m], labels: {own: 1, both: mine}",
            &[("/l", "both=file\nx=1\n"), ("/m", "y=$x\nz=$OUTER\n")],
        );
        assert_eq!(got, Ok((String::new(), "both=mine own=1 x=1 y=1 z=".to_owned())));
    }

    #[test]
    fn files_that_cannot_be_read_are_named() {
        for (service, message) in [
            ("env_file: [{path: /absent, required: true}]", "/absent does not exist"),
            ("label_file: [/absent]", "/absent does not exist"),
            ("env_file: [{path: '', required: true}]", "an element of `env_file` names no file"),
            ("env_file: [{path: /d, required: false}]", "/d is a folder, not a file"),
            ("env_file: [{path: /e, format: toml}]", "unknown format `toml` of an env file"),
        ] {
            assert_eq!(
                resolved(service, &[("/e", ""), ("/d/x", "")]),
                Err(vec![message.to_owned()]),
                "{service}"
            );
        }
    }
}
