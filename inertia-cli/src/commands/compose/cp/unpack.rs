//! An archive of a container, unpacked on this machine.

use crate::failure::{Attempt as _, Failure};
use bytes::Bytes;
use compose_core::engine::EngineError;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// An archive that is being received.
pub(super) type Download = BoxStream<'static, Result<Bytes, EngineError>>;

/// Chunks that may wait for the disk.
const WAITING: usize = 4;

/// Under which name an archive arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// Everything under its own.
    Kept,
    /// Its root under this one.
    Root(String),
    /// All that it holds in a folder of this name.
    Content(String),
}

/// Unpacks an archive into a folder. Nothing of it can come to lie outside of that.
pub(super) async fn unpack(mut archive: Download, folder: PathBuf, arrival: Arrival) -> Result<(), Failure> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let shown = folder.display().to_string();
    let unpacking = tokio::task::spawn_blocking(move || {
        let chunks = Chunks {
            receiver,
            rest: Bytes::new(),
        };
        match &arrival {
            Arrival::Kept => write(chunks, &folder),
            Arrival::Root(name) => write_aside(chunks, &folder, |aside| fs::rename(root_of(aside)?, folder.join(name))),
            Arrival::Content(name) => write_aside(chunks, &folder, |aside| fs::rename(aside, folder.join(name))),
        }
    });
    let mut failed = None;
    while let Some(bytes) = archive.next().await {
        match bytes {
            Ok(bytes) => {
                if sender.send(bytes).await.is_err() {
                    break;
                }
            }
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    drop(sender);
    let unpacked = unpacking.await.attempt("cannot unpack the archive")?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    unpacked.attempt(format_args!("cannot write into {shown}"))
}

fn write(chunks: Chunks, folder: &Path) -> io::Result<()> {
    let mut archive = tar::Archive::new(chunks);
    archive.set_preserve_permissions(true);
    archive.set_preserve_mtime(true);
    archive.unpack(folder)?;
    // What follows the end of the archive has to be taken, too, or the engine finds nobody reading.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map(|_| ())
}

/// Unpacks beside the destination first, and moves the archive there when it is whole.
fn write_aside(chunks: Chunks, folder: &Path, arrive: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let aside = folder.join(format!(".inertia-cp-{:016x}", rand::random::<u64>()));
    fs::create_dir(&aside)?;
    let arrived = write(chunks, &aside).and_then(|()| arrive(&aside));
    match fs::remove_dir_all(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => arrived.and(Err(error)),
        _ => arrived,
    }
}

/// The one thing that an archive holds.
fn root_of(aside: &Path) -> io::Result<PathBuf> {
    match fs::read_dir(aside)?.next() {
        Some(entry) => Ok(entry?.path()),
        None => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive is empty")),
    }
}

struct Chunks {
    receiver: mpsc::Receiver<Bytes>,
    rest: Bytes,
}

impl Read for Chunks {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.receiver.blocking_recv() {
                Some(bytes) => self.rest = bytes,
                None => return Ok(0),
            }
        }
        let count = self.rest.len().min(into.len());
        into[..count].copy_from_slice(&self.rest.split_to(count));
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn archive(root: &str) -> Download {
        let mut tar = tar::Builder::new(Vec::new());
        let mut add = |path: &str, text: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o640);
            tar.append_data(&mut header, path, text).unwrap();
        };
        add(&format!("{root}f"), b"text");
        let bytes = tar.into_inner().unwrap();
        let chunks: Vec<_> = bytes.chunks(100).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        futures::stream::iter(chunks).boxed()
    }

    #[tokio::test]
    async fn an_archive_arrives_under_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = || folder.path().to_owned();
        unpack(archive("d/"), at(), Arrival::Kept).await.unwrap();
        unpack(archive("d/"), at(), Arrival::Root("tree".to_owned())).await.unwrap();
        unpack(archive(""), at(), Arrival::Root("file".to_owned())).await.unwrap();
        unpack(archive("./"), at(), Arrival::Content("content".to_owned())).await.unwrap();
        for path in ["d/f", "tree/f", "file", "content/f"] {
            assert_eq!(fs::read_to_string(folder.path().join(path)).unwrap(), "text", "{path}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4, "nothing is left beside");
    }
}
