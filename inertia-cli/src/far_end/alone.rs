//! One far end at a time: two that make or remove the daemon would undo each other's work.

use crate::failure::Failure;
use std::fs::File;

#[cfg(unix)]
pub(super) use unix::wait;

/// Nothing to wait for: a far end runs on Linux.
#[cfg(not(unix))]
pub(super) async fn wait() -> Result<Option<File>, Failure> {
    Ok(None)
}

#[cfg(unix)]
mod unix {
    use super::{Failure, File};
    use crate::failure::Attempt as _;
    use crate::far_end::tell;
    use crate::far_end::wire::Word;
    use rustix::fs::{FlockOperation, flock};
    use std::path::Path;
    use std::time::{Duration, Instant};

    /// The folder of the engine's socket: everybody who comes to this engine finds it, and may read it.
    const FOLDER: &str = "/var/run";
    /// How long another one may take.
    const PATIENCE: Duration = Duration::from_mins(10);

    /// Waits until no other far end is at work. Others wait for as long as the value lives.
    pub(in crate::far_end) async fn wait() -> Result<Option<File>, Failure> {
        take(Path::new(FOLDER), PATIENCE).await.map(Some)
    }

    async fn take(folder: &Path, patience: Duration) -> Result<File, Failure> {
        let saying = || format!("cannot lock {}", folder.display());
        let file = File::open(folder).attempt(saying())?;
        let begin = Instant::now();
        let mut told = false;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(file),
                Err(rustix::io::Errno::WOULDBLOCK) if begin.elapsed() < patience => {}
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    return Err(Failure::new("somebody else is setting this server up, and does not come to an end")
                        .hint("`sudo pgrep -af far-end` there shows what is at work; when that is stopped, run the command again"));
                }
                Err(error) => return Err(std::io::Error::from(error)).attempt(saying()),
            }
            if !std::mem::replace(&mut told, true) {
                tell(&Word::Step {
                    name: "Wait for somebody else who is setting this server up".to_owned(),
                })?;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[tokio::test]
        async fn one_at_a_time() {
            let folder = tempfile::tempdir().expect("a folder");
            let first = take(folder.path(), Duration::ZERO).await.expect("free");
            let refused = take(folder.path(), Duration::ZERO).await.expect_err("taken");
            assert!(!refused.hints.is_empty());
            drop(first);
            take(folder.path(), Duration::ZERO).await.expect("free again");
        }
    }
}
