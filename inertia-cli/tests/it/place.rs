//! A folder with nothing in it, and a process with nothing but a PATH that leads nowhere.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) struct Place {
    folder: tempfile::TempDir,
}

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The program under test, run by an emulator where it is for another architecture.
fn program() -> Command {
    let inertia = env!("CARGO_BIN_EXE_inertia");
    let Some(emulator) = std::env::var_os("INERTIA_EMULATOR") else {
        return Command::new(inertia);
    };
    let mut command = Command::new(emulator);
    command.arg(inertia);
    command
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn inertia(&self, arguments: &[&str]) -> Told {
        self.inertia_in(&self.path(), arguments)
    }

    pub(crate) fn inertia_in(&self, folder: &Path, arguments: &[&str]) -> Told {
        self.inertia_with(folder, arguments, &[])
    }

    /// The program with nothing around it.
    pub(crate) fn command(&self, folder: &Path) -> Command {
        let mut command = program();
        command
            .current_dir(folder)
            .env_clear()
            .env("PATH", "/nowhere")
            .env("HOME", self.path())
            .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn inertia_with(&self, folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Told {
        let mut command = self.command(folder);
        let done = command.args(arguments).envs(variables.iter().copied()).output().unwrap();
        let here = self.path().display().to_string();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&here, "[HERE]");
        Told {
            code: done.status.code().unwrap_or(-1),
            out: text(done.stdout),
            err: text(done.stderr),
        }
    }

    /// Runs git where the tests run; the program itself never does.
    pub(crate) fn git(&self, arguments: &[&str]) {
        let done = Command::new("git")
            .args([
                "-c",
                "user.name=t",
                "-c",
                "user.email=t@example.com",
                "-c",
                "init.defaultBranch=main",
            ])
            .args(arguments)
            .current_dir(self.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
}
