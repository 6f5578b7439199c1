//! `inertia NAME send`: a file into the home folder of the server's user.

use super::block_on;
use crate::bootstrap::{self, Steps};
use crate::failure::{Attempt as _, Failure};
use crate::remotes::Remotes;
use crate::render::say;
use crate::settings::{Output, Settings};
use crate::ssh::{Destination, quote};
use clap::Args;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

/// How large a file may be.
const LARGEST: u64 = 16 << 30;
/// How much is kept of what the server says.
const MOST_SAID: usize = 4096;

#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// The file
    file: PathBuf,
    /// Where it goes, below the home folder; under its own name when left out
    path: Option<PathBuf>,
}

/// Sends a file.
pub(crate) fn run(arguments: &SendArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let mut remotes = Remotes::load(&settings.environment.cwd)?;
    let (name, remote) = remotes.find(settings.remote.as_deref())?;
    let (name, access) = (name.to_owned(), bootstrap::access(name, remote)?.clone());
    let file = settings.environment.cwd.join(&arguments.file);
    let target = target(&file, arguments.path.as_deref())?;
    let saying = || format!("cannot read {}", file.display());
    let about = std::fs::metadata(&file).attempt(saying())?;
    if !about.is_file() {
        return Err(Failure::usage(format!("{} is not a file", file.display())).hint("pack a folder first: `tar czf folder.tgz FOLDER`"));
    }
    if about.len() > LARGEST {
        return Err(Failure::usage(format!("{} is larger than 16 GiB", file.display())));
    }
    let destination = Destination::resolve(&access.wanted(), &settings.environment)?;
    let mut steps = Steps::new(settings);
    steps.begin_asking(format!("Connect to {}", destination.shown()));
    let sent = block_on(async {
        let session = bootstrap::session(&destination, access.accept_new_host_key, settings).await?;
        remotes.host_key_taken(&name)?;
        steps.begin(format!("Send {} to ~/{target}", arguments.file.display()));
        let mut input = tokio::fs::File::open(&file).await.attempt(saying())?;
        let script = script(&target, about.len(), mode(&about));
        let mut said = Vec::new();
        let status = session
            .stream(&format!("sh -c {}", quote(&script)), &mut input, &mut |_, bytes| {
                let room = MOST_SAID.saturating_sub(said.len());
                said.extend_from_slice(&bytes[..bytes.len().min(room)]);
            })
            .await?;
        session.close().await;
        if status == Some(0) {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        Err(Failure::new(format!("it did not arrive: {said}")).hint("is there room (`df -h ~` there), and may the user write there?"))
    });
    sent.map_err(|failure| steps.failed(failure).about(&name))?;
    steps.finish(&format!("{} bytes", about.len()));
    match settings.output {
        Output::Json => say(&serde_json::json!({ "path": target, "bytes": about.len() }).to_string()),
        Output::Text => Ok(ExitCode::SUCCESS),
    }
}

/// Takes a file from standard input: nobody else reads it before it has its own mode, and what was there stays until all has arrived.
fn script(target: &str, bytes: u64, mode: u32) -> String {
    format!(
        "set -e; cd; file={}; \
         if [ -d \"./$file\" ]; then echo \"~/$file is a folder: name the file in it, as in $file/NAME\" >&2; exit 1; fi; \
         case \"$file\" in */*) mkdir -p \"./${{file%/*}}\" ;; esac; \
         new=\"./$file.$$.part\"; trap 'rm -f \"$new\"' EXIT; umask 077; cat > \"$new\"; \
         [ \"$(wc -c < \"$new\")\" -eq {bytes} ] || {{ echo 'not all of it came' >&2; exit 1; }}; \
         chmod {mode:o} \"$new\"; mv -f \"$new\" \"./$file\"",
        quote(target)
    )
}

/// Who may do what with a file, as it is here.
#[cfg(unix)]
fn mode(about: &std::fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    about.permissions().mode() & 0o777
}

/// Nothing is known here about who may read it, so its owner alone may.
#[cfg(not(unix))]
fn mode(_: &std::fs::Metadata) -> u32 {
    0o600
}

/// The path below the home folder; one that leaves it is refused.
fn target(file: &Path, path: Option<&Path>) -> Result<String, Failure> {
    let own = || file.file_name().map(PathBuf::from);
    let path = match path {
        Some(path) if path.as_os_str().to_string_lossy().ends_with('/') => own().map(|name| path.join(name)),
        Some(path) => Some(path.to_owned()),
        None => own(),
    };
    let path = path.ok_or_else(|| Failure::usage(format!("{} has no name", file.display())))?;
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::CurDir => {}
            _ => {
                return Err(Failure::usage(format!("{} leads out of the home folder", path.display()))
                    .hint("give a path below it; `inertia NAME ssh` moves a file further"));
            }
        }
    }
    if parts.is_empty() {
        return Err(Failure::usage("the file needs a name there"));
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{script, target};
    use std::path::Path;

    /// Runs the script as a server would; whether it succeeded, and what it said.
    #[cfg(unix)]
    fn receive(home: &Path, script: &str, text: &str) -> (bool, String) {
        use std::io::Write as _;
        use std::process::{Command, Stdio};
        let mut shell = Command::new("sh")
            .args(["-c", script])
            .env("HOME", home)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell");
        // One that refuses does not read.
        let _ = shell.stdin.take().expect("its input").write_all(text.as_bytes());
        let ended = shell.wait_with_output().expect("an end");
        (ended.status.success(), String::from_utf8_lossy(&ended.stderr).into_owned())
    }

    #[cfg(unix)]
    #[test]
    fn a_file_arrives_with_its_mode_and_never_in_a_folder_of_its_name() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().expect("a folder");
        let told = receive(home.path(), &script("new/.env", 6, 0o640), "SECRET");
        assert!(told.0, "{told:?}");
        let path = home.path().join("new/.env");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "SECRET");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o640);
        let told = receive(home.path(), &script("new", 6, 0o600), "SECRET");
        assert!(!told.0 && told.1.contains("~/new is a folder"), "{told:?}");
        let told = receive(home.path(), &script("new/.env", 9, 0o600), "SECRET");
        assert!(!told.0 && told.1.contains("not all of it came"), "{told:?}");
        let names: Vec<_> = std::fs::read_dir(home.path().join("new"))
            .expect("there")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        assert_eq!(names, [".env"], "nothing is left over");
    }

    #[test]
    fn files_stay_below_the_home_folder() {
        for (path, expected) in [
            (None, Some("a.txt")),
            (Some("b.txt"), Some("b.txt")),
            (Some("./x/y"), Some("x/y")),
            (Some("x/"), Some("x/a.txt")),
            (Some("../b"), None),
            (Some("x/../../b"), None),
            (Some("/etc/passwd"), None),
            (Some("."), None),
        ] {
            let found = target(Path::new("/work/a.txt"), path.map(Path::new)).ok();
            assert_eq!(found.as_deref(), expected, "{path:?}");
        }
    }
}
