//! Where a load starts: the files, the project's folder, and the variables with their precedence.
//!
//! The caller's variables win over those of files, `--env-file` takes the place of `.env`, and
//! `.env` is looked for where the search began and then in the project's folder.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::StringMap;
use crate::source::{EnvFile, EnvFormat, PathKind, ResourceReader, STANDARD_INPUT, SourceMap, clean, discover};
use std::io;
use std::path::{Path, PathBuf};

/// The variables that steer Compose itself.
mod names {
    pub(super) const DISABLE_ENV_FILE: &str = "COMPOSE_DISABLE_ENV_FILE";
    pub(super) const ENV_FILES: &str = "COMPOSE_ENV_FILES";
    pub(super) const FILE: &str = "COMPOSE_FILE";
    pub(super) const PATH_SEPARATOR: &str = "COMPOSE_PATH_SEPARATOR";
    pub(super) const PROFILES: &str = "COMPOSE_PROFILES";
    pub(super) const PROJECT_NAME: &str = "COMPOSE_PROJECT_NAME";
}

/// What the caller says about a load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'r> {
    /// Where relative paths and the search for files start; absolute.
    pub(crate) cwd: &'r Path,
    /// `-f`; found otherwise when empty.
    pub(crate) files: &'r [PathBuf],
    /// `--project-directory`.
    pub(crate) project_directory: Option<&'r Path>,
    /// `--project-name`; empty as if it were not given.
    pub(crate) project_name: Option<&'r str>,
    /// `--profile`.
    pub(crate) profiles: &'r [String],
    /// `--env-file`; `.env` when empty.
    pub(crate) env_files: &'r [PathBuf],
    /// The caller's variables.
    pub(crate) variables: &'r StringMap,
}

/// What a load works with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    /// The compose files in order, absolute, or [`STANDARD_INPUT`].
    pub(crate) files: Vec<PathBuf>,
    /// Where relative paths of the files start; absolute.
    pub(crate) project_directory: PathBuf,
    /// The name that wins over `name:` of the files; valid. It may be `None`.
    pub(crate) project_name: Option<String>,
    /// The active profiles; `*` is every profile.
    pub(crate) profiles: Vec<String>,
    /// The caller's variables and those of the files of variables.
    pub(crate) variables: StringMap,
}

/// Finds the files and reads the variables. `None` when there are errors among the findings.
pub(crate) fn start(
    request: &Request<'_>,
    reader: &dyn ResourceReader,
    sources: &mut SourceMap,
    findings: &mut Diagnostics,
) -> Option<Start> {
    let mut reading = Reading {
        request,
        reader,
        sources,
        findings,
    };
    let mut env_files = reading.env_files();
    let first = reading.first_folder();
    let mut variables = request.variables.clone();
    match &env_files {
        EnvFiles::Named(files) => {
            let files: Vec<_> = files.iter().map(|file| clean(&request.cwd.join(file))).collect();
            let found = read_env_files(&files, request.variables, reader, reading.sources, reading.findings);
            merge_under(&mut variables, found);
        }
        EnvFiles::Default => {
            reading.dot_env(&first, &mut variables);
            // The file itself may say so; of it, only what steers Compose counts then.
            if !request.variables.contains_key(names::DISABLE_ENV_FILE) && reading.disabled(&variables) {
                variables.retain(|name, _| name.starts_with("COMPOSE_") || request.variables.contains_key(name));
                env_files = EnvFiles::Disabled;
            }
        }
        EnvFiles::Disabled => {}
    }
    let files = reading.files(&first, &variables)?;
    let project_directory = reading.project_directory(&files);
    if matches!(env_files, EnvFiles::Default) && project_directory != first {
        reading.dot_env(&project_directory, &mut variables);
    }
    let project_name = imposed_name(request.project_name, &variables, findings);
    if findings.has_errors() {
        return None;
    }
    Some(Start {
        files,
        project_directory,
        project_name,
        profiles: profiles(request.profiles, &variables),
        variables,
    })
}

/// Reads files of variables that must exist; later ones win over earlier ones.
///
/// Expansions in them see `current` first, then what stands above. What is returned does not hold
/// `current`: lay it under with [`merge_under`]. Paths are absolute.
pub(crate) fn read_env_files(
    files: &[PathBuf],
    current: &StringMap,
    reader: &dyn ResourceReader,
    sources: &mut SourceMap,
    findings: &mut Diagnostics,
) -> StringMap {
    let mut known = StringMap::new();
    for path in files {
        match reader.read(path) {
            Ok(bytes) => EnvFile {
                path,
                bytes: &bytes,
                format: EnvFormat::Compose,
            }
            .read_into(&mut known, &|name| current.get(name).cloned(), sources, findings),
            Err(error) => findings.push(unreadable(path, &error)),
        }
    }
    known
}

/// Adds the variables that are not set yet.
pub(crate) fn merge_under(variables: &mut StringMap, others: StringMap) {
    for (name, value) in others {
        variables.entry(name).or_insert(value);
    }
}

/// Why a file of variables cannot be read.
pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    let shown = path.display();
    let (code, message) = match error.kind() {
        io::ErrorKind::NotFound => (Code::FileNotFound, format!("env file {shown} does not exist")),
        io::ErrorKind::IsADirectory => (Code::FileUnreadable, format!("env file {shown} is a directory")),
        io::ErrorKind::FileTooLarge => (Code::TooLarge, format!("env file {shown} is larger than 16 MiB")),
        _ => (Code::FileUnreadable, format!("env file {shown} cannot be read: {error}")),
    };
    Diagnostic::error(code, message).help("check the path given with --env-file, in COMPOSE_ENV_FILES or by `include`")
}

/// Lower case, without what a project name cannot hold; empty when nothing is left.
pub(crate) fn normalized_name(text: &str) -> String {
    let kept: String = text
        .to_lowercase()
        .chars()
        .filter(|character| matches!(character, 'a'..='z' | '0'..='9' | '_' | '-'))
        .collect();
    kept.trim_start_matches(['_', '-']).to_owned()
}

/// The name that `-p` or `COMPOSE_PROJECT_NAME` imposes; it must be valid as it stands.
fn imposed_name(option: Option<&str>, variables: &StringMap, findings: &mut Diagnostics) -> Option<String> {
    let variable = || variables.get(names::PROJECT_NAME).map(String::as_str);
    let name = option
        .filter(|name| !name.is_empty())
        .or_else(|| variable().filter(|name| !name.is_empty()))?;
    if normalized_name(name) == name {
        return Some(name.to_owned());
    }
    let mut found = Diagnostic::error(
        Code::InvalidProjectName,
        format!(
            "invalid project name {name:?}: must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number"
        ),
    );
    let suggestion = normalized_name(name);
    if !suggestion.is_empty() {
        found = found.help(format!("{suggestion:?} would do"));
    }
    findings.push(found);
    None
}

fn profiles(options: &[String], variables: &StringMap) -> Vec<String> {
    if !options.is_empty() {
        return options.to_vec();
    }
    let listed = variables.get(names::PROFILES).map_or("", String::as_str);
    let named: Vec<_> = listed.split(',').map(|name| name.trim().to_owned()).collect();
    // An empty name beside others is a profile, too.
    if named.iter().all(String::is_empty) { Vec::new() } else { named }
}

/// Which files of variables count.
enum EnvFiles {
    /// `.env` where the search begins and in the project's folder.
    Default,
    /// These, which must exist.
    Named(Vec<PathBuf>),
    /// None, by `COMPOSE_DISABLE_ENV_FILE`.
    Disabled,
}

struct Reading<'r, 's> {
    request: &'r Request<'r>,
    reader: &'r dyn ResourceReader,
    sources: &'s mut SourceMap,
    findings: &'s mut Diagnostics,
}

impl Reading<'_, '_> {
    fn env_files(&mut self) -> EnvFiles {
        if !self.request.env_files.is_empty() {
            return EnvFiles::Named(self.request.env_files.to_vec());
        }
        let variables = self.request.variables;
        if let Some(listed) = variables.get(names::ENV_FILES).filter(|listed| !listed.is_empty()) {
            return EnvFiles::Named(listed.split(',').map(PathBuf::from).collect());
        }
        if self.disabled(variables) {
            EnvFiles::Disabled
        } else {
            EnvFiles::Default
        }
    }

    /// Whether variables say that `.env` does not count.
    fn disabled(&mut self, variables: &StringMap) -> bool {
        let Some(word) = variables.get(names::DISABLE_ENV_FILE) else {
            return false;
        };
        match word.as_str() {
            "1" | "t" | "T" | "true" | "True" | "TRUE" => return true,
            "0" | "f" | "F" | "false" | "False" | "FALSE" => {}
            _ => self.findings.push(
                Diagnostic::error(
                    Code::InvalidSetting,
                    format!("{} is {word:?}, which is neither true nor false", names::DISABLE_ENV_FILE),
                )
                .help("set it to 1 or 0, or unset it"),
            ),
        }
        false
    }

    /// Where the search begins: what is known of the project's folder before any file is found.
    fn first_folder(&self) -> PathBuf {
        self.project_directory(self.request.files)
    }

    fn project_directory(&self, files: &[PathBuf]) -> PathBuf {
        let cwd = self.request.cwd;
        if let Some(folder) = self.request.project_directory {
            return clean(&cwd.join(folder));
        }
        let file = files.iter().find(|file| *file != Path::new(STANDARD_INPUT));
        let folder = file.map(|file| clean(&cwd.join(file)));
        folder.as_deref().and_then(Path::parent).unwrap_or(cwd).to_owned()
    }

    fn files(&mut self, folder: &Path, variables: &StringMap) -> Option<Vec<PathBuf>> {
        let cwd = self.request.cwd;
        if !self.request.files.is_empty() {
            return discover::named(self.request.files, cwd, self.reader, self.findings);
        }
        let Some(listed) = variables.get(names::FILE) else {
            return discover::search(folder, self.reader, self.findings);
        };
        let separator = variables.get(names::PATH_SEPARATOR).filter(|separator| !separator.is_empty());
        let separator = separator.map_or(":", String::as_str);
        discover::named(listed.split(separator), cwd, self.reader, self.findings)
    }

    /// Reads `.env` of a folder, if there is such a file.
    fn dot_env(&mut self, folder: &Path, variables: &mut StringMap) {
        let path = folder.join(".env");
        if self.reader.kind(&path) == PathKind::File {
            let found = read_env_files(&[path], variables, self.reader, self.sources, self.findings);
            merge_under(variables, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::MemoryReader;

    /// A load from `/p/work` unless said otherwise.
    #[derive(Default)]
    struct Case<'c> {
        files: &'c [&'c str],
        project_directory: Option<&'c str>,
        project_name: Option<&'c str>,
        profiles: &'c [&'c str],
        env_files: &'c [&'c str],
        variables: &'c [(&'c str, &'c str)],
        disk: &'c [(&'c str, &'c str)],
    }

    impl Case<'_> {
        fn start(&self) -> Result<Start, Vec<String>> {
            let reader = self
                .disk
                .iter()
                .fold(MemoryReader::new(), |reader, (path, text)| reader.with(path, *text));
            let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
            let (files, env_files) = (paths(self.files), paths(self.env_files));
            let profiles: Vec<_> = self.profiles.iter().map(|name| (*name).to_owned()).collect();
            let pairs = self.variables.iter();
            let variables: StringMap = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let request = Request {
                cwd: Path::new("/p/work"),
                files: &files,
                project_directory: self.project_directory.map(Path::new),
                project_name: self.project_name,
                profiles: &profiles,
                env_files: &env_files,
                variables: &variables,
            };
            let mut findings = Diagnostics::new();
            start(&request, &reader, &mut SourceMap::default(), &mut findings)
                .ok_or_else(|| findings.iter().map(|found| found.message.clone()).collect())
        }

        fn started(&self) -> Start {
            self.start().expect("it starts")
        }

        fn value(&self, name: &str) -> Option<String> {
            self.started().variables.get(name).cloned()
        }
    }

    const PARENT: &[(&str, &str)] = &[
        ("/p/compose.yaml", ""),
        ("/p/.env", "A=project\nB=project\nCOMPOSE_PROFILES=one, two\n"),
        ("/p/work/.env", "A=work\nC=work\n"),
    ];

    #[test]
    fn the_callers_variables_win_then_the_folder_of_the_search() {
        let case = Case {
            variables: &[("C", ""), ("D", "shell")],
            disk: PARENT,
            ..Case::default()
        };
        let started = case.started();
        assert_eq!(started.files, [PathBuf::from("/p/compose.yaml")]);
        assert_eq!(started.project_directory, Path::new("/p"));
        assert_eq!(started.profiles, ["one", "two"]);
        let shown: Vec<_> = ["A", "B", "C", "D"]
            .map(|name| started.variables.get(name).map_or("-", String::as_str))
            .to_vec();
        assert_eq!(shown, ["work", "project", "", "shell"]);
    }

    #[test]
    fn named_files_say_where_the_project_is() {
        let disk = &[
            ("/p/one/a.yaml", ""),
            ("/p/b.yaml", ""),
            ("/p/one/.env", "V=one"),
            ("/p/work/.env", "V=work"),
            ("/p/.env", "W=top"),
        ];
        let case = Case {
            files: &["-", "../one/a.yaml", "../b.yaml"],
            disk,
            ..Case::default()
        };
        assert_eq!(case.started().project_directory, Path::new("/p/one"));
        assert_eq!((case.value("V").as_deref(), case.value("W")), (Some("one"), None));
        let case = Case {
            project_directory: Some("nowhere"),
            ..case
        };
        assert_eq!(case.started().project_directory, Path::new("/p/work/nowhere"));
        assert_eq!(case.value("V"), None);
        let case = Case {
            files: &["-"],
            project_directory: None,
            ..case
        };
        assert_eq!(case.started().project_directory, Path::new("/p/work"));
        assert_eq!(case.started().files, [PathBuf::from("-")]);
    }

    #[test]
    fn the_search_starts_in_the_project_directory() {
        let case = Case {
            project_directory: Some("../other"),
            disk: &[("/p/other/compose.yml", ""), ("/p/work/compose.yaml", "")],
            ..Case::default()
        };
        assert_eq!(case.started().files, [PathBuf::from("/p/other/compose.yml")]);
    }

    #[test]
    fn compose_file_counts_where_the_search_begins() {
        let disk = &[
            ("/p/work/a.yaml", ""),
            ("/p/b.yaml", ""),
            ("/p/compose.yaml", ""),
            ("/p/work/.env", "COMPOSE_FILE=a.yaml,../b.yaml\nCOMPOSE_PATH_SEPARATOR=,\n"),
        ];
        let case = Case { disk, ..Case::default() };
        assert_eq!(case.started().files, [PathBuf::from("/p/work/a.yaml"), "/p/b.yaml".into()]);
        let case = Case {
            disk: &[("/p/.env", "COMPOSE_FILE=b.yaml"), ("/p/b.yaml", ""), ("/p/compose.yaml", "")],
            ..Case::default()
        };
        assert_eq!(case.started().files, [PathBuf::from("/p/compose.yaml")]);
        for (listed, message) in [
            ("", "/p/work is a directory, not a compose file"),
            ("../b.yaml,", "/p/work is a directory, not a compose file"),
            ("nope.yaml", "compose file /p/work/nope.yaml does not exist"),
        ] {
            let variables = &[("COMPOSE_FILE", listed)];
            assert_eq!(
                Case {
                    variables,
                    disk,
                    ..Case::default()
                }
                .start(),
                Err(vec![message.to_owned()])
            );
        }
    }

    #[test]
    fn env_files_take_the_place_of_dot_env() {
        let disk = &[
            ("/p/work/compose.yaml", ""),
            ("/p/work/.env", "A=dot\nD=dot\nCOMPOSE_ENV_FILES=one.env\n"),
            ("/p/work/one.env", "A=one\nB=one\n"),
            ("/p/work/two.env", "B=two\nC=$A+$B+$SHELL\nSHELL=file\n"),
        ];
        let case = Case {
            env_files: &["one.env", "two.env"],
            variables: &[("SHELL", "sh")],
            disk,
            ..Case::default()
        };
        assert_eq!(case.value("C").as_deref(), Some("one+two+sh"));
        assert_eq!(case.value("SHELL").as_deref(), Some("sh"));
        assert_eq!(case.value("D"), None);
        let by_variable = Case {
            env_files: &[],
            variables: &[("COMPOSE_ENV_FILES", "one.env,two.env"), ("COMPOSE_DISABLE_ENV_FILE", "1")],
            ..case
        };
        assert_eq!(by_variable.value("C").as_deref(), Some("one+two+"));
        let dot = Case {
            variables: &[],
            ..by_variable
        };
        assert_eq!((dot.value("A").as_deref(), dot.value("B")), (Some("dot"), None));
        let own = &[
            ("/p/work/compose.yaml", ""),
            ("/p/work/.env", "COMPOSE_DISABLE_ENV_FILE=1\nCOMPOSE_PROFILES=p\nA=dot"),
        ];
        let own = Case {
            disk: own,
            ..Case::default()
        };
        assert_eq!((own.value("A"), own.started().profiles), (None, vec!["p".to_owned()]));
        for (word, expected) in [("true", None), ("0", Some("dot".to_owned()))] {
            let variables = &[("COMPOSE_DISABLE_ENV_FILE", word)];
            assert_eq!(
                Case {
                    variables,
                    disk,
                    ..Case::default()
                }
                .value("A"),
                expected
            );
        }
    }

    #[test]
    fn what_cannot_be_is_refused_in_words() {
        let disk = &[("/p/work/compose.yaml", ""), ("/p/work/conf/x", "")];
        let refused = |case: Case<'_>| case.start().expect_err("refused");
        let env_files = |env_files| Case {
            env_files,
            disk,
            ..Case::default()
        };
        assert_eq!(refused(env_files(&["nope.env"])), ["env file /p/work/nope.env does not exist"]);
        assert_eq!(refused(env_files(&["a.env", "b.env"])).len(), 2);
        assert_eq!(refused(Case::default()), ["no compose file in /p/work or any folder above it"]);
        let variables = &[("COMPOSE_DISABLE_ENV_FILE", "yes")];
        assert_eq!(
            refused(Case {
                variables,
                disk,
                ..Case::default()
            }),
            ["COMPOSE_DISABLE_ENV_FILE is \"yes\", which is neither true nor false"]
        );
        let broken = &[("/p/work/compose.yaml", ""), ("/p/work/.env", "A B=1")];
        assert_eq!(
            refused(Case {
                disk: broken,
                ..Case::default()
            }),
            ["key cannot contain a space"]
        );
    }

    #[test]
    fn a_name_is_imposed_by_the_option_then_by_the_variable() {
        let disk = &[("/p/work/compose.yaml", ""), ("/p/work/.env", "COMPOSE_PROJECT_NAME=from-dot-env")];
        let named = |project_name, variables| Case {
            project_name,
            variables,
            disk,
            ..Case::default()
        };
        let bad = &[("COMPOSE_PROJECT_NAME", "Not Valid")];
        assert_eq!(named(Some("opt_1"), bad).started().project_name.as_deref(), Some("opt_1"));
        assert_eq!(named(Some(""), &[]).started().project_name.as_deref(), Some("from-dot-env"));
        assert_eq!(named(None, &[("COMPOSE_PROJECT_NAME", "")]).started().project_name, None);
        for refused in [
            named(None, bad),
            named(Some("_x"), &[]),
            named(Some("Name"), &[]),
            named(Some("na.me"), &[]),
        ] {
            assert!(refused.start().expect_err("refused")[0].starts_with("invalid project name"));
        }
    }

    #[test]
    fn names_are_normalized() {
        for (text, expected) in [("My.Other_Dir", "myother_dir"), ("_-1a-", "1a-"), ("___", ""), ("Żaba", "aba")] {
            assert_eq!(normalized_name(text), expected);
        }
    }

    #[test]
    fn profiles_of_the_option_replace_those_of_the_variable() {
        let case = Case {
            profiles: &["three"],
            disk: PARENT,
            ..Case::default()
        };
        assert_eq!(case.started().profiles, ["three"]);
        let case = Case {
            profiles: &[],
            variables: &[("COMPOSE_PROFILES", "")],
            ..case
        };
        assert_eq!(case.started().profiles, Vec::<String>::new());
        for (listed, expected) in [(",", &[][..]), ("one,", &["one", ""]), (" , two", &["", "two"])] {
            let case = Case {
                variables: &[("COMPOSE_PROFILES", listed)],
                disk: PARENT,
                ..Case::default()
            };
            assert_eq!(case.started().profiles, expected, "{listed}");
        }
    }
}
