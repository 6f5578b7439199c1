//! Files of this machine as a tar archive, made while it is sent.

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// Bytes that are handed over at a time.
const CHUNK: usize = 256 * 1024;
/// Chunks that may wait for the engine.
const WAITING: usize = 4;

/// A file or folder under a name; `.` is a folder's content.
pub(in crate::commands::compose) fn archive(path: PathBuf, name: PathBuf) -> BoxStream<'static, io::Result<Bytes>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    std::thread::spawn(move || {
        if let Err(error) = write(&path, &name, sender.clone()) {
            // Breaks the upload off; nobody may be left to hear of it.
            let _ = sender.blocking_send(Err(error));
        }
    });
    stream(receiver)
}

/// An archive that comes in on standard input.
pub(super) fn from_standard_input() -> BoxStream<'static, io::Result<Bytes>> {
    let bytes = futures::stream::unfold(crate::terminal::standard_input(), async |mut typed| {
        typed.recv().await.map(|bytes| (Ok(Bytes::from(bytes)), typed))
    });
    bytes.boxed()
}

fn stream(receiver: mpsc::Receiver<io::Result<Bytes>>) -> BoxStream<'static, io::Result<Bytes>> {
    let chunks = futures::stream::unfold(receiver, async |mut receiver| receiver.recv().await.map(|chunk| (chunk, receiver)));
    chunks.boxed()
}

fn write(path: &Path, name: &Path, sender: mpsc::Sender<io::Result<Bytes>>) -> io::Result<()> {
    let mut tar = tar::Builder::new(BufWriter::with_capacity(CHUNK, Chunks(sender)));
    tar.follow_symlinks(false);
    append(&mut tar, path, name)?;
    tar.into_inner()?.flush()
}

/// Adds what stands at a path and everything below it. Sockets cannot be copied and are left out, as docker does.
fn append(tar: &mut tar::Builder<impl Write>, path: &Path, name: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    if !found.is_dir() {
        return if is_socket(&found) {
            Ok(())
        } else {
            tar.append_path_with_name(path, name)
        };
    }
    tar.append_dir(name, path)?;
    let mut names: Vec<_> = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<Result<_, _>>()?;
    names.sort();
    for child in names {
        append(tar, &path.join(&child), &name.join(&child))?;
    }
    Ok(())
}

#[cfg(unix)]
fn is_socket(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    found.file_type().is_socket()
}

#[cfg(not(unix))]
fn is_socket(_: &fs::Metadata) -> bool {
    false
}

struct Chunks(mpsc::Sender<io::Result<Bytes>>);

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let chunk = Bytes::copy_from_slice(bytes);
        self.0.blocking_send(Ok(chunk)).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
