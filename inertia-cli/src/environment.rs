//! The one door to what the process was given: variables, working folder, terminal.

use compose_core::source::MAX_FILE_SIZE;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

/// What the process was given.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    /// The command line, the program's name first.
    pub(crate) arguments: Vec<OsString>,
    /// Variables whose name and value are UTF-8; others cannot be spoken of in a compose file.
    pub(crate) variables: BTreeMap<String, String>,
    /// The working folder, as the shell calls it.
    pub(crate) cwd: PathBuf,
    /// Standard input is a terminal.
    pub(crate) stdin_is_terminal: bool,
    /// Standard output is a terminal.
    pub(crate) stdout_is_terminal: bool,
    /// Standard error is a terminal.
    pub(crate) stderr_is_terminal: bool,
}

impl Environment {
    /// Reads it from this process.
    pub(crate) fn of_process() -> Self {
        let mut variables: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let cwd = logical_cwd(variables.get("PWD").map(Path::new));
        // Shells set it; a program that another one started has it with Docker Compose too.
        if let Some(cwd) = cwd.to_str() {
            variables.entry("PWD".to_owned()).or_insert_with(|| cwd.to_owned());
        }
        Self {
            arguments: std::env::args_os().collect(),
            variables,
            cwd,
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// All that standard input holds, up to a little more than a compose file may have.
    pub(crate) fn standard_input() -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        std::io::stdin().lock().take(MAX_FILE_SIZE + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// A variable that is set to something.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The person's home folder.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.variable("HOME").or_else(|| self.variable("USERPROFILE")).map(PathBuf::from)
    }
}

/// The working folder under the name that `PWD` gives it, when that is the same folder: symbolic
/// links on the way stay visible, as they do in the shell.
fn logical_cwd(pwd: Option<&Path>) -> PathBuf {
    let physical = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    match pwd {
        Some(pwd) if pwd.is_absolute() && pwd.canonicalize().is_ok_and(|real| real == physical) => pwd.to_owned(),
        _ => physical,
    }
}
