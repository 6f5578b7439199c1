//! A daemon of its own, as a process: what the command line talks to over HTTPS.

use crate::place::Place;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

pub(crate) struct Daemon {
    process: Child,
    state: PathBuf,
}

impl Daemon {
    /// Starts one with these variables and makes it the remote `local`.
    pub(crate) fn start(place: &Place, variables: &[(&str, &str)]) -> Self {
        let state = place.path().join("daemon-state");
        // A daemon before this one left its own.
        let _ = std::fs::remove_file(state.join("address"));
        let log = std::fs::File::create(place.path().join("daemon.log")).unwrap();
        let process = place
            .command(&place.path())
            .args(["daemon", "--listen", "127.0.0.1:0", "--state", state.to_str().unwrap()])
            .envs(variables.iter().copied())
            // Repositories in folders are read with git's own program, wherever it is here.
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let daemon = Self { process, state };
        let there = || {
            ["address", "cert.sha256", "admin.token"]
                .iter()
                .all(|file| daemon.state.join(file).is_file())
        };
        for _ in 0..500 {
            if there() {
                let added = place.inertia(&["remote", "add", "local", "--local", "daemon-state"]);
                assert_eq!(added.code, 0, "{added:?}");
                return daemon;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{}", std::fs::read_to_string(place.path().join("daemon.log")).unwrap_or_default());
    }

    /// What it logged.
    pub(crate) fn log(place: &Place) -> String {
        std::fs::read_to_string(place.path().join("daemon.log")).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
