//! Sends the files of a build to BuildKit, and only those that it asks for: it knows by size and time
//! what it has from the last time.

use crate::build::archive::{is_pipe, is_socket};
use crate::build::context::{ContextError, slashed};
use crate::build::ignore::Ignore;
use crate::build::walk::{Entry, Next, walk};
use bollard::fsutil::types::packet::PacketType;
use bollard::fsutil::types::{Packet, Stat};
use bollard::moby::filesync::packet::file_sync_server::FileSync;
use futures::stream::BoxStream;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::UNIX_EPOCH;
use tokio::sync::mpsc;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};

/// Bytes of a file that are sent at a time.
const CHUNK: usize = 128 * 1024;
/// Packets that may wait for BuildKit.
const WAITING: usize = 32;
/// Links that are followed in a row.
const LINKS: usize = 255;

/// Something that BuildKit knows by a name.
#[derive(Clone, Debug)]
pub(super) enum Served {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A few files that are made up.
    Texts(BTreeMap<String, Vec<u8>>),
}

/// Why a file could not be sent, for whoever started the build.
pub(super) type Blame = Arc<Mutex<Option<ContextError>>>;

/// Everything that BuildKit may ask for, by name.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) served: BTreeMap<String, Served>,
    pub(super) blame: Blame,
}

type Sender = mpsc::Sender<Result<Packet, Status>>;

#[async_trait::async_trait]
impl FileSync for Files {
    type DiffCopyStream = BoxStream<'static, Result<Packet, Status>>;
    type TarStreamStream = BoxStream<'static, Result<Packet, Status>>;

    async fn diff_copy(&self, request: Request<Streaming<Packet>>) -> Result<Response<Self::DiffCopyStream>, Status> {
        let wanted = Wanted::read(request.metadata())?;
        let served = self.served.get(&wanted.name).cloned();
        let served = served.ok_or_else(|| Status::not_found(format!("there is no context {}", wanted.name)))?;
        let (sender, receiver) = mpsc::channel(WAITING);
        let transfer = Transfer {
            sent: Arc::default(),
            blame: Arc::clone(&self.blame),
            sender,
        };
        tokio::spawn(transfer.run(served, wanted, request.into_inner()));
        let packets = futures::stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) });
        Ok(Response::new(Box::pin(packets)))
    }

    async fn tar_stream(&self, _request: Request<Streaming<Packet>>) -> Result<Response<Self::TarStreamStream>, Status> {
        Err(Status::unimplemented("files are sent by difference only"))
    }
}

/// What BuildKit wants of a context.
#[derive(Debug)]
struct Wanted {
    name: String,
    /// Only these paths and what they lead to; everything when empty.
    follow: Vec<String>,
    exclude: Ignore,
}

impl Wanted {
    fn read(metadata: &MetadataMap) -> Result<Self, Status> {
        let exclude = values(metadata, "exclude-patterns");
        Ok(Self {
            name: values(metadata, "dir-name").pop().unwrap_or_default(),
            follow: values(metadata, "followpaths")
                .into_iter()
                .chain(values(metadata, "include-patterns"))
                .collect(),
            exclude: Ignore::from_patterns(exclude.iter().map(String::as_str))
                .map_err(|error| Status::invalid_argument(error.to_string()))?,
        })
    }
}

/// The values of a key; newer versions of BuildKit escape what is not ASCII and say so.
fn values(metadata: &MetadataMap, key: &str) -> Vec<String> {
    let escaped = metadata.contains_key(format!("{key}-encoded"));
    let texts = metadata.get_all(key).iter().map(|value| value.as_encoded_bytes().to_vec());
    texts
        .map(|bytes| if escaped { unescape(&bytes) } else { bytes })
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

/// Undoes the escapes of a query: `%2F` and `+`.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let hex = tail
            .get(..2)
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = &tail[2..];
                continue;
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(*first),
        }
        rest = tail;
    }
    out
}

/// Where the bytes of something are whose description was sent.
#[derive(Clone, Debug)]
enum Bytes {
    File(PathBuf),
    Text(Vec<u8>),
    None,
}

#[derive(Clone)]
struct Transfer {
    /// By the number under which BuildKit asks for it.
    sent: Arc<Mutex<Vec<Bytes>>>,
    blame: Blame,
    sender: Sender,
}

fn packet(kind: PacketType, id: u32, data: Vec<u8>) -> Packet {
    Packet {
        r#type: kind.into(),
        stat: None,
        id,
        data,
    }
}

impl Transfer {
    async fn run(self, served: Served, wanted: Wanted, questions: Streaming<Packet>) {
        let describing = self.clone();
        let description = tokio::task::spawn_blocking(move || {
            let described = describing.describe(&served, &wanted);
            describing.settle(described);
        });
        let (asking, asked) = std::sync::mpsc::channel();
        let sending = self.clone();
        let files = tokio::task::spawn_blocking(move || {
            let sent = asked.iter().try_for_each(|id| sending.send_bytes(id));
            sending.settle(sent);
        });
        let answered = answer(questions, asking).await;
        let (_, _) = tokio::join!(description, files);
        // The last packet on success, the reason otherwise; nobody may be left to hear it.
        let _ = self
            .sender
            .send(answered.map(|()| packet(PacketType::PacketFin, 0, Vec::new())))
            .await;
    }

    /// Passes an error on to BuildKit, and to who started the build.
    fn settle(&self, outcome: Result<(), ContextError>) {
        let Err(error) = outcome else { return };
        let _ = self.sender.blocking_send(Err(Status::aborted(error.to_string())));
        if let (Ok(mut blame), false) = (self.blame.lock(), matches!(error, ContextError::Abandoned)) {
            blame.get_or_insert(error);
        }
    }

    fn send(&self, packet: Packet) -> Result<(), ContextError> {
        self.sender.blocking_send(Ok(packet)).map_err(|_| ContextError::Abandoned)
    }

    /// Says what there is, in order. Blocks.
    fn describe(&self, served: &Served, wanted: &Wanted) -> Result<(), ContextError> {
        match served {
            Served::Texts(texts) => {
                for (name, text) in texts {
                    self.announce(text_stat(name, text), Bytes::Text(text.clone()))?;
                }
            }
            Served::Folder(folder) => {
                let selected = Selected::new(folder, &wanted.follow);
                walk(folder, &wanted.exclude, &mut |entry| {
                    let Some(path) = slashed(&entry.path) else {
                        return Err(ContextError::Name { path: entry.source });
                    };
                    if !selected.takes(&path) {
                        return Ok(Next::Past);
                    }
                    if let Some(stat) = stat(&entry, path)? {
                        self.announce(stat, Bytes::File(entry.source))?;
                    }
                    Ok(Next::Inside)
                })?;
            }
        }
        self.send(packet(PacketType::PacketStat, 0, Vec::new()))
    }

    fn announce(&self, stat: Stat, bytes: Bytes) -> Result<(), ContextError> {
        // Only the bytes of plain files are ever asked for.
        let plain = stat.mode & !PERMISSIONS & !SPECIAL_BITS == 0;
        if let Ok(mut sent) = self.sent.lock() {
            sent.push(if plain { bytes } else { Bytes::None });
        }
        self.send(Packet {
            r#type: PacketType::PacketStat.into(),
            stat: Some(stat),
            id: 0,
            data: Vec::new(),
        })
    }

    fn send_bytes(&self, id: u32) -> Result<(), ContextError> {
        let index = usize::try_from(id).unwrap_or(usize::MAX);
        let bytes = self
            .sent
            .lock()
            .ok()
            .and_then(|sent| sent.get(index).cloned())
            .unwrap_or(Bytes::None);
        match bytes {
            Bytes::None => {}
            Bytes::Text(text) => {
                for part in text.chunks(CHUNK) {
                    self.send(packet(PacketType::PacketData, id, part.to_vec()))?;
                }
            }
            Bytes::File(path) => {
                let mut file = fs::File::open(&path).map_err(ContextError::read(&path))?;
                loop {
                    let mut data = Vec::with_capacity(CHUNK);
                    let part = std::io::Read::by_ref(&mut file).take(CHUNK as u64).read_to_end(&mut data);
                    if part.map_err(ContextError::read(&path))? == 0 {
                        break;
                    }
                    self.send(packet(PacketType::PacketData, id, data))?;
                }
            }
        }
        self.send(packet(PacketType::PacketData, id, Vec::new()))
    }
}

/// Passes on which files BuildKit asks for, until it has everything. It asks faster than files are read, and
/// what it asks must be taken from the connection at once.
async fn answer(mut questions: Streaming<Packet>, asking: std::sync::mpsc::Sender<u32>) -> Result<(), Status> {
    while let Some(question) = questions.message().await? {
        match question.r#type() {
            PacketType::PacketReq => {
                // A sender that stopped has said why.
                let _ = asking.send(question.id);
            }
            PacketType::PacketFin => return Ok(()),
            PacketType::PacketErr => return Err(Status::aborted(String::from_utf8_lossy(&question.data).into_owned())),
            PacketType::PacketStat | PacketType::PacketData => {
                return Err(Status::invalid_argument("files are sent in one direction only"));
            }
        }
    }
    Ok(())
}

/// The paths that BuildKit asked for, and those that their links lead to.
struct Selected(Option<BTreeSet<String>>);

impl Selected {
    fn new(folder: &Path, follow: &[String]) -> Self {
        let mut paths = BTreeSet::new();
        for path in follow {
            let path = path.trim_matches('/');
            // A pattern is not expanded: what it could be in is sent whole.
            let plain: Vec<&str> = path.split('/').take_while(|part| !part.contains(['*', '?', '[', '\\'])).collect();
            if !add(folder, &plain.join("/"), &mut paths, 0) {
                return Self(None);
            }
        }
        Self((!paths.is_empty()).then_some(paths))
    }

    fn takes(&self, path: &str) -> bool {
        let below = |inner: &str, outer: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.0
            .as_ref()
            .is_none_or(|paths| paths.iter().any(|wanted| below(path, wanted) || below(wanted, path)))
    }
}

/// Adds a path with the links on it; false when that is the whole folder.
fn add(folder: &Path, path: &str, paths: &mut BTreeSet<String>, depth: usize) -> bool {
    let mut at = PathBuf::new();
    let mut parts = Path::new(path).components();
    while let Some(part) = parts.next() {
        match part {
            std::path::Component::Normal(name) => at.push(name),
            std::path::Component::ParentDir => {
                at.pop();
                continue;
            }
            _ => continue,
        }
        let Ok(target) = fs::read_link(folder.join(&at)) else { continue };
        if depth >= LINKS {
            return false;
        }
        paths.extend(slashed(&at));
        let base = if target.is_absolute() {
            PathBuf::new()
        } else {
            at.parent().map(Path::to_owned).unwrap_or_default()
        };
        let target = target.strip_prefix("/").unwrap_or(&target);
        let next = base.join(target).join(parts.as_path());
        return next.to_str().is_some_and(|next| add(folder, next, paths, depth + 1));
    }
    match slashed(&at) {
        Some(path) if !path.is_empty() => {
            paths.insert(path);
            true
        }
        _ => false,
    }
}

// The bits of a file's mode as BuildKit writes them, which are not those of Unix.
const PERMISSIONS: u32 = 0o777;
const FOLDER: u32 = 1 << 31;
const LINK: u32 = 1 << 27;
const PIPE: u32 = 1 << 25;
const SET_USER: u32 = 1 << 23;
const SET_GROUP: u32 = 1 << 22;
const STICKY: u32 = 1 << 20;
const SPECIAL_BITS: u32 = SET_USER | SET_GROUP | STICKY;

#[cfg(unix)]
fn mode_bits(metadata: &Metadata) -> u32 {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
    [(0o4000, SET_USER), (0o2000, SET_GROUP), (0o1000, STICKY)]
        .into_iter()
        .filter(|(bit, _)| mode & bit != 0)
        .fold(mode & PERMISSIONS, |bits, (_, bit)| bits | bit)
}

#[cfg(not(unix))]
fn mode_bits(_metadata: &Metadata) -> u32 {
    0o755
}

/// How something is described; `None` for what cannot be sent.
fn stat(entry: &Entry, path: String) -> Result<Option<Stat>, ContextError> {
    let kind = entry.metadata.file_type();
    let mut stat = Stat {
        path,
        mode: mode_bits(&entry.metadata),
        mod_time: entry.metadata.modified().map_or(0, nanoseconds),
        ..Stat::default()
    };
    if kind.is_dir() {
        stat.mode |= FOLDER;
    } else if kind.is_symlink() {
        let target = fs::read_link(&entry.source).map_err(ContextError::read(&entry.source))?;
        stat.mode = LINK | PERMISSIONS;
        stat.linkname = target.to_str().map(str::to_owned).ok_or_else(|| ContextError::Name {
            path: entry.source.clone(),
        })?;
    } else if kind.is_file() {
        stat.size = i64::try_from(entry.metadata.len()).unwrap_or(i64::MAX);
    } else if is_pipe(kind) {
        stat.mode |= PIPE;
    } else if is_socket(kind) {
        return Ok(None);
    } else {
        return Err(ContextError::Device {
            path: entry.source.clone(),
        });
    }
    Ok(Some(stat))
}

fn nanoseconds(time: std::time::SystemTime) -> i64 {
    let signed = |duration: std::time::Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => signed(after),
        Err(before) => -signed(before.duration()),
    }
}

/// A made-up file has no time of its own: its content stands for it, so that a change is seen.
fn text_stat(name: &str, text: &[u8]) -> Stat {
    let digest = Sha256::digest(text);
    let time = digest.iter().take(7).fold(0_i64, |time, byte| (time << 8) | i64::from(*byte));
    Stat {
        path: name.to_owned(),
        mode: 0o644,
        size: i64::try_from(text.len()).unwrap_or(i64::MAX),
        mod_time: time,
        ..Stat::default()
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn selected(make: impl Fn(&Path), follow: &[&str]) -> Selected {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path());
        let follow: Vec<String> = follow.iter().map(|&path| path.to_owned()).collect();
        Selected::new(folder.path(), &follow)
    }

    #[test]
    fn only_what_was_asked_for_is_taken() {
        let some = selected(|_| {}, &["a/b", "/c/"]);
        for (path, taken) in [
            ("a", true),
            ("a/b", true),
            ("a/b/x", true),
            ("a/c", false),
            ("c/d", true),
            ("cd", false),
        ] {
            assert_eq!(some.takes(path), taken, "{path}");
        }
        assert!(selected(|_| {}, &[]).takes("x"), "no wish is every wish");
        assert!(selected(|_| {}, &["a", "."]).takes("x"), "the folder itself is everything");
        let pattern = selected(|_| {}, &["d/*.txt"]);
        assert!(pattern.takes("d/x") && !pattern.takes("e"));
        assert!(selected(|_| {}, &["*.txt"]).takes("anything"));
    }

    #[test]
    fn links_lead_to_what_they_point_at() {
        let make = |folder: &Path| {
            fs::create_dir_all(folder.join("real/deep")).unwrap();
            symlink("real", folder.join("dir")).unwrap();
            symlink("../other", folder.join("real/up")).unwrap();
            symlink("loop", folder.join("loop")).unwrap();
        };
        let some = selected(make, &["dir/up/f"]);
        for (path, taken) in [
            ("dir", true),
            ("real", true),
            ("real/up", true),
            ("other", true),
            ("other/f", true),
            ("real/deep", false),
        ] {
            assert_eq!(some.takes(path), taken, "{path}");
        }
        assert!(selected(make, &["loop"]).takes("anything"), "a loop ends");
    }

    #[test]
    fn files_are_described_in_buildkits_own_bits() {
        let folder = tempfile::tempdir().unwrap();
        let describe = |name: &str| {
            let source = folder.path().join(name);
            let metadata = fs::symlink_metadata(&source).unwrap();
            let entry = Entry {
                path: name.into(),
                source,
                metadata,
            };
            stat(&entry, name.to_owned()).unwrap().unwrap()
        };
        fs::write(folder.path().join("f"), "12345").unwrap();
        fs::set_permissions(folder.path().join("f"), fs::Permissions::from_mode(0o4750)).unwrap();
        fs::create_dir(folder.path().join("d")).unwrap();
        symlink("no/where", folder.path().join("l")).unwrap();
        let file = describe("f");
        assert_eq!((file.mode, file.size, file.uid), (0o750 | SET_USER, 5, 0));
        assert!(file.mod_time > 1_000_000_000_000_000_000);
        assert_eq!(describe("d").mode & FOLDER, FOLDER);
        assert_eq!((describe("l").mode, describe("l").linkname.as_str()), (LINK | 0o777, "no/where"));
        assert_ne!(text_stat("x", b"a").mod_time, text_stat("x", b"b").mod_time);
    }

    #[test]
    fn wishes_are_read_from_the_headers() {
        let mut metadata = MetadataMap::new();
        metadata.insert("dir-name", "context".parse().unwrap());
        metadata.append("exclude-patterns", "a%2Fb+c".parse().unwrap());
        metadata.append("exclude-patterns", "%21a".parse().unwrap());
        metadata.insert("exclude-patterns-encoded", "1".parse().unwrap());
        metadata.append("followpaths", "x%y".parse().unwrap());
        let wanted = Wanted::read(&metadata).unwrap();
        assert_eq!((wanted.name.as_str(), wanted.follow), ("context", vec!["x%y".to_owned()]));
        assert!(wanted.exclude.ignores("a/b c"));
        metadata.append("exclude-patterns", "[".parse().unwrap());
        assert_eq!(Wanted::read(&metadata).unwrap_err().code(), tonic::Code::InvalidArgument);
    }
}
