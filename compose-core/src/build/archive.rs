//! Streams the files of a build as a tar archive, never more of it in memory than a few chunks.

use super::context::{Context, ContextError, Dockerfile};
use super::walk::{Entry, Next, walk};
use bytes::{Bytes, BytesMut};
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _, Write};
use std::path::Path;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Bytes that are handed over at a time.
const CHUNK: usize = 512 * 1024;
/// Chunks that may wait for the engine.
const WAITING: usize = 4;

/// An archive that is being made.
#[derive(Debug)]
pub struct Archive {
    /// The bytes, in order; an error where the archive breaks off.
    pub chunks: mpsc::Receiver<io::Result<Bytes>>,
    /// Whether everything was read. Ready when `chunks` has ended or was dropped.
    pub outcome: JoinHandle<Result<(), ContextError>>,
}

impl Archive {
    /// Begins to archive a context on a thread of its own. Needs a tokio runtime.
    pub fn start(context: Context) -> Self {
        let (sender, chunks) = mpsc::channel(WAITING);
        let outcome = tokio::task::spawn_blocking(move || {
            let result = write(&context, ChunkWriter::new(sender.clone()));
            if result.is_err() {
                // Breaks the upload off; nobody may be left to hear of it.
                let _ = sender.blocking_send(Err(io::Error::other("the build context could not be read")));
            }
            result
        });
        Self { chunks, outcome }
    }
}

struct ChunkWriter {
    buffer: BytesMut,
    sender: mpsc::Sender<io::Result<Bytes>>,
}

impl ChunkWriter {
    fn new(sender: mpsc::Sender<io::Result<Bytes>>) -> Self {
        Self {
            buffer: BytesMut::with_capacity(CHUNK),
            sender,
        }
    }

    fn send(&mut self) -> io::Result<()> {
        let chunk = std::mem::replace(&mut self.buffer, BytesMut::with_capacity(CHUNK)).freeze();
        self.sender.blocking_send(Ok(chunk)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for ChunkWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() >= CHUNK {
            self.send()?;
        }
        let taken = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() { Ok(()) } else { self.send() }
    }
}

fn write(context: &Context, out: ChunkWriter) -> Result<(), ContextError> {
    let dockerignore = needed_dockerignore(context)?;
    let mut ignore = context.ignore.clone();
    // The engine needs these two; it takes them out again where the patterns say so.
    for needed in [".dockerignore", context.dockerfile.name()] {
        if ignore.ignores(needed) {
            ignore = ignore.with_exception(needed);
        }
    }
    let mut tar = tar::Builder::new(out);
    walk(&context.folder, &ignore, &mut |entry| {
        // The one that goes with an added Dockerfile takes its place.
        if dockerignore.is_none() || entry.path != Path::new(".dockerignore") {
            append(&mut tar, &entry)?;
        }
        Ok(Next::Inside)
    })?;
    if let (Dockerfile::Added { name, text }, Some(patterns)) = (&context.dockerfile, &dockerignore) {
        append_text(&mut tar, name, text)?;
        append_text(&mut tar, ".dockerignore", patterns)?;
    }
    tar.into_inner()
        .and_then(|mut out| out.flush())
        .map_err(|_| ContextError::Abandoned)
}

/// The `.dockerignore` that keeps an added Dockerfile, and itself where it was not there, out of the image.
fn needed_dockerignore(context: &Context) -> Result<Option<Vec<u8>>, ContextError> {
    let Dockerfile::Added { name, .. } = &context.dockerfile else {
        return Ok(None);
    };
    let path = context.folder.join(".dockerignore");
    let mut text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => b".dockerignore".to_vec(),
        Err(error) => return Err(ContextError::read(&path)(error)),
    };
    text.extend_from_slice(format!("\n{name}\n").as_bytes());
    Ok(Some(text))
}

fn append_text(tar: &mut tar::Builder<ChunkWriter>, name: &str, text: &[u8]) -> Result<(), ContextError> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o600);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(text.len() as u64);
    tar.append_data(&mut header, name, text).map_err(|_| ContextError::Abandoned)
}

fn append(tar: &mut tar::Builder<ChunkWriter>, entry: &Entry) -> Result<(), ContextError> {
    let kind = entry.metadata.file_type();
    if kind.is_file() {
        return append_file(tar, entry);
    }
    let mut header = header(&entry.metadata, 0);
    if kind.is_dir() {
        header.set_entry_type(tar::EntryType::Directory);
        return tar
            .append_data(&mut header, &entry.path, io::empty())
            .map_err(|_| ContextError::Abandoned);
    }
    if kind.is_symlink() {
        header.set_entry_type(tar::EntryType::Symlink);
        let target = fs::read_link(&entry.source).map_err(ContextError::read(&entry.source))?;
        return tar
            .append_link(&mut header, &entry.path, target)
            .map_err(|_| ContextError::Abandoned);
    }
    if is_socket(kind) {
        return Ok(());
    }
    if is_pipe(kind) {
        header.set_entry_type(tar::EntryType::Fifo);
        return tar
            .append_data(&mut header, &entry.path, io::empty())
            .map_err(|_| ContextError::Abandoned);
    }
    Err(ContextError::Device {
        path: entry.source.clone(),
    })
}

fn append_file(tar: &mut tar::Builder<ChunkWriter>, entry: &Entry) -> Result<(), ContextError> {
    let file = File::open(&entry.source).map_err(ContextError::read(&entry.source))?;
    // A file that grows meanwhile is sent as long as it was when it was opened.
    let size = file.metadata().map_err(ContextError::read(&entry.source))?.len();
    let mut reader = Measured {
        file: file.take(size),
        read: 0,
        failed: None,
    };
    let appended = tar.append_data(&mut header(&entry.metadata, size), &entry.path, &mut reader);
    if let Some(error) = reader.failed {
        return Err(ContextError::read(&entry.source)(error));
    }
    appended.map_err(|_| ContextError::Abandoned)?;
    if reader.read == size {
        Ok(())
    } else {
        Err(ContextError::Changed {
            path: entry.source.clone(),
        })
    }
}

/// Tells errors of the file from those of the archive that it is copied to.
struct Measured {
    file: io::Take<File>,
    read: u64,
    failed: Option<io::Error>,
}

impl io::Read for Measured {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.file.read(buffer) {
            Ok(count) => {
                self.read += count as u64;
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let kind = error.kind();
                self.failed = Some(error);
                Err(kind.into())
            }
        }
    }
}

/// Everything belongs to root, so that who builds makes no difference to the cache.
fn header(metadata: &Metadata, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_metadata_in_mode(metadata, tar::HeaderMode::Complete);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size);
    header
}

#[cfg(unix)]
pub(crate) fn is_socket(kind: fs::FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_socket(&kind)
}

#[cfg(unix)]
pub(crate) fn is_pipe(kind: fs::FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&kind)
}

#[cfg(not(unix))]
pub(crate) fn is_socket(_kind: fs::FileType) -> bool {
    false
}

#[cfg(not(unix))]
pub(crate) fn is_pipe(_kind: fs::FileType) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::engine::DockerfileSource;
    use std::collections::BTreeMap;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    async fn bytes(mut archive: Archive) -> (Vec<u8>, Result<(), ContextError>) {
        let mut all = Vec::new();
        while let Some(chunk) = archive.chunks.recv().await {
            match chunk {
                Ok(chunk) => all.extend_from_slice(&chunk),
                Err(_) => break,
            }
        }
        (all, archive.outcome.await.unwrap())
    }

    async fn archive(folder: &Path, dockerfile: DockerfileSource) -> Vec<u8> {
        let (all, outcome) = bytes(Archive::start(Context::open(folder, &dockerfile).unwrap())).await;
        outcome.unwrap();
        all
    }

    /// Type, mode and content (or target) of each entry.
    fn entries(tar: &[u8]) -> BTreeMap<String, (tar::EntryType, u32, String)> {
        let mut out = BTreeMap::new();
        for entry in tar::Archive::new(tar).entries().unwrap() {
            let mut entry = entry.unwrap();
            let header = entry.header().clone();
            assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
            let path = entry.path().unwrap().display().to_string();
            let mut text = entry
                .link_name()
                .unwrap()
                .map(|link| link.display().to_string())
                .unwrap_or_default();
            entry.read_to_string(&mut text).unwrap();
            out.insert(path, (header.entry_type(), header.mode().unwrap() & 0o7777, text));
        }
        out
    }

    #[tokio::test]
    async fn keeps_modes_links_and_long_names() {
        let folder = tempfile::tempdir().unwrap();
        let long = "l".repeat(120);
        fs::create_dir_all(folder.path().join(&long).join("empty")).unwrap();
        fs::write(folder.path().join(&long).join(&long), "deep").unwrap();
        fs::write(folder.path().join("Dockerfile"), "FROM scratch").unwrap();
        fs::write(folder.path().join("run.sh"), "x").unwrap();
        fs::set_permissions(folder.path().join("run.sh"), fs::Permissions::from_mode(0o750)).unwrap();
        symlink("../no/where", folder.path().join("dangling")).unwrap();
        symlink(&long, folder.path().join("folder-link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();

        let one = archive(folder.path(), DockerfileSource::default()).await;
        let found = entries(&one);
        assert_eq!(found["run.sh"], (tar::EntryType::Regular, 0o750, "x".to_owned()));
        assert_eq!(found["dangling"].2, "../no/where");
        assert_eq!((found["folder-link"].0, &found["folder-link"].2), (tar::EntryType::Symlink, &long));
        assert_eq!(found[&format!("{long}/{long}")].2, "deep");
        assert!(found.contains_key(&format!("{long}/empty/")) || found.contains_key(&format!("{long}/empty")));
        assert!(!found.contains_key("socket"), "a socket cannot be sent");
        assert_eq!(
            one,
            archive(folder.path(), DockerfileSource::default()).await,
            "the same bytes every time"
        );
    }

    #[tokio::test]
    async fn the_engine_gets_the_dockerfile_even_when_it_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Dockerfile"), "FROM scratch").unwrap();
        fs::write(folder.path().join(".dockerignore"), "*\n!keep").unwrap();
        fs::write(folder.path().join("keep"), "k").unwrap();
        fs::write(folder.path().join("drop"), "d").unwrap();
        let found = entries(&archive(folder.path(), DockerfileSource::default()).await);
        assert_eq!(found.keys().collect::<Vec<_>>(), [".dockerignore", "Dockerfile", "keep"]);
    }

    #[tokio::test]
    async fn an_inline_dockerfile_is_added_and_kept_out_of_the_image() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("f"), "x").unwrap();
        let found = entries(&archive(folder.path(), DockerfileSource::Inline("FROM y".into())).await);
        let name = found.keys().find(|name| name.starts_with(".dockerfile.")).unwrap().clone();
        assert_eq!(found[&name].2, "FROM y");
        assert_eq!(found[".dockerignore"].2, format!(".dockerignore\n{name}\n"));

        fs::write(folder.path().join(".dockerignore"), "no").unwrap();
        let found = entries(&archive(folder.path(), DockerfileSource::Inline("FROM y".into())).await);
        assert_eq!(found[".dockerignore"].2, format!("no\n{name}\n"));
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("short"), "12345").unwrap();
        let entry = |name: &str| Entry {
            path: name.into(),
            source: folder.path().join(name),
            metadata: fs::metadata(folder.path().join("short")).unwrap(),
        };
        let (sender, _receiver) = mpsc::channel(WAITING);
        let mut tar = tar::Builder::new(ChunkWriter::new(sender));
        let gone = append_file(&mut tar, &entry("gone")).unwrap_err().to_string();
        assert!(gone.contains("/gone"), "{gone}");
    }

    #[tokio::test]
    async fn nobody_reading_ends_the_walk() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Dockerfile"), vec![0; (WAITING + 3) * CHUNK]).unwrap();
        let archive = Archive::start(Context::open(folder.path(), &DockerfileSource::default()).unwrap());
        drop(archive.chunks);
        assert!(matches!(archive.outcome.await.unwrap(), Err(ContextError::Abandoned)));
    }
}
