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

#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// The file
    file: PathBuf,
    /// Where it goes, below the home folder; under its own name when left out
    path: Option<PathBuf>,
}

/// Sends a file.
pub(crate) fn run(arguments: &SendArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let remotes = Remotes::load(&settings.environment.cwd)?;
    let (name, remote) = remotes.find(settings.remote.as_deref())?;
    let access = bootstrap::access(name, remote)?;
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
        steps.begin(format!("Send {} to ~/{target}", arguments.file.display()));
        let mut input = tokio::fs::File::open(&file).await.attempt(saying())?;
        let script = format!(
            "set -e; cd; file={}; case \"$file\" in */*) mkdir -p \"./${{file%/*}}\" ;; esac; new=\"./$file.$$.part\"; \
             trap 'rm -f \"$new\"' EXIT; cat > \"$new\"; [ \"$(wc -c < \"$new\")\" -eq {} ]; mv -f \"$new\" \"./$file\"",
            quote(&target),
            about.len()
        );
        let mut said = Vec::new();
        let status = session
            .stream(&format!("sh -c {}", quote(&script)), &mut input, &mut |_, bytes| {
                said.extend_from_slice(&bytes[..bytes.len().min(4096)]);
            })
            .await?;
        session.close().await;
        if status == Some(0) {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        Err(Failure::new(format!("it did not arrive: {said}")).hint("is there room (`df -h ~` there), and may the user write there?"))
    });
    sent.map_err(|failure| steps.failed(failure))?;
    steps.finish(&format!("{} bytes", about.len()));
    match settings.output {
        Output::Json => say(&serde_json::json!({ "path": target, "bytes": about.len() }).to_string()),
        Output::Text => Ok(ExitCode::SUCCESS),
    }
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
    use super::target;
    use std::path::Path;

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
