//! Files in large-file storage: what stands for one, where they are kept, and getting them.

use super::url::{RepositoryUrl, Transport};
use super::{Stop, advice};
use crate::trust::authorities;
use compose_core::hash::hex;
use reqwest::{Client, Url};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::sleep;

/// The most bytes of what stands for a file.
pub(super) const LARGEST_POINTER: u64 = 1024;
/// How many files are asked for at once.
const BATCH: usize = 100;
/// How large an answer to that may be.
const LARGEST_ANSWER: usize = 4 << 20;
/// How long connecting may take.
const LONGEST_CONNECT: Duration = Duration::from_secs(20);
/// How long a server may be silent.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);
/// How often to look whether the work was called off.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// What the protocol's messages are called.
const MEDIA_TYPE: &str = "application/vnd.git-lfs+json";

/// What stands for a file in a commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub(super) struct Pointer {
    /// The digest of the file.
    oid: String,
    /// Its size in bytes.
    size: u64,
}

/// Why files are not here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LargeError {
    /// The storage does not answer.
    #[error("{0} does not answer: {1}")]
    Silent(String, String),
    /// The storage does not give it.
    #[error("{0}; a repository over SSH or https has its storage read without a password: make it public, or keep the file elsewhere")]
    Refused(String),
    /// It is not in the repository's folder.
    #[error("{} has it not; push it there with `git lfs push --all`", .0.display())]
    NotThere(PathBuf),
    /// What arrived is another file.
    #[error("what arrived is not the file that the commit names")]
    Other,
    /// It cannot be kept.
    #[error("cannot write {}: {source}{}", path.display(), advice(source))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// There is more than is taken.
    #[error("the files of the commit in large-file storage have more than {0} GiB")]
    TooMuch(u64),
    /// Nobody waits any more.
    #[error("interrupted")]
    Interrupted,
}

impl Pointer {
    /// Takes what stands for a file apart; `None` where it is a file itself.
    pub(super) fn parse(data: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(data).ok()?.lines();
        let version = lines.next()?.strip_prefix("version ")?;
        if !version.starts_with("https://git-lfs.github.com/spec/") && !version.starts_with("https://hawser.github.com/spec/") {
            return None;
        }
        let fields: HashMap<_, _> = lines.filter_map(|line| line.split_once(' ')).collect();
        let oid = fields.get("oid")?.strip_prefix("sha256:")?;
        let is_digest = oid.len() == 64 && oid.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        Some(Self {
            oid: is_digest.then(|| oid.to_owned())?,
            size: fields.get("size")?.parse().ok()?,
        })
    }

    /// The digest of the file.
    pub(super) fn oid(&self) -> &str {
        &self.oid
    }

    /// Its size in bytes.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The file, where it is kept.
    pub(super) fn kept(&self, store: &Path) -> Option<PathBuf> {
        let path = store.join(&self.oid);
        let is_whole = fs::metadata(&path).is_ok_and(|found| found.len() == self.size);
        is_whole.then_some(path)
    }
}

/// Gets files that are not kept yet.
pub(super) fn bring(pointers: &[Pointer], url: &RepositoryUrl, store: &Path, stop: &Stop) -> Result<(), LargeError> {
    fs::create_dir_all(store).map_err(writing(store))?;
    let missing: Vec<&Pointer> = pointers.iter().filter(|pointer| pointer.kept(store).is_none()).collect();
    if let Some(folder) = url.folder() {
        return missing.into_iter().try_for_each(|pointer| copy(pointer, folder, store, stop));
    }
    if missing.is_empty() {
        return Ok(());
    }
    let storage = Storage::of(url).ok_or_else(|| LargeError::Refused(format!("{} has no storage over https", url.as_str())))?;
    let download = async {
        for batch in missing.chunks(BATCH) {
            storage.download(batch, store).await?;
        }
        Ok(())
    };
    let Ok(runtime) = Handle::try_current() else {
        return Err(LargeError::Interrupted);
    };
    runtime.block_on(async {
        tokio::select! {
            done = download => done,
            () = stopped(stop) => Err(LargeError::Interrupted),
        }
    })
}

async fn stopped(stop: &Stop) {
    while !stop.load(Ordering::Relaxed) {
        sleep(LOOK_AGAIN).await;
    }
}

fn writing(path: &Path) -> impl Fn(io::Error) -> LargeError {
    let path = path.to_owned();
    move |source| LargeError::Write {
        path: path.clone(),
        source,
    }
}

/// A file that is being kept: it has its name once it is whole and the right one.
struct Arriving<'a> {
    pointer: &'a Pointer,
    path: PathBuf,
    file: File,
    digest: Sha256,
    left: u64,
}

impl<'a> Arriving<'a> {
    fn new(pointer: &'a Pointer, store: &Path) -> Result<Self, LargeError> {
        let path = store.join(&pointer.oid).with_extension("part");
        let file = File::create(&path).map_err(writing(&path))?;
        Ok(Self {
            pointer,
            path,
            file,
            digest: Sha256::new(),
            left: pointer.size,
        })
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), LargeError> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(LargeError::Other)?;
        self.digest.update(bytes);
        self.file.write_all(bytes).map_err(writing(&self.path))
    }

    fn keep(self) -> Result<(), LargeError> {
        if self.left > 0 || hex(&self.digest.finalize()) != self.pointer.oid {
            return Err(LargeError::Other);
        }
        let kept = self
            .file
            .sync_all()
            .and_then(|()| fs::rename(&self.path, self.path.with_extension("")));
        kept.map_err(writing(&self.path))
    }
}

/// Copies a file out of a repository of this machine.
fn copy(pointer: &Pointer, repository: &Path, store: &Path, stop: &Stop) -> Result<(), LargeError> {
    let name = Path::new("lfs/objects")
        .join(&pointer.oid[..2])
        .join(&pointer.oid[2..4])
        .join(&pointer.oid);
    let places = [repository.join(&name), repository.join(".git").join(&name)];
    let mut file = places
        .iter()
        .find_map(|place| File::open(place).ok())
        .ok_or_else(|| LargeError::NotThere(repository.to_owned()))?;
    let mut arriving = Arriving::new(pointer, store)?;
    let mut piece = vec![0; 64 << 10];
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(LargeError::Interrupted);
        }
        match file.read(&mut piece).map_err(writing(&arriving.path))? {
            0 => return arriving.keep(),
            read => arriving.take(&piece[..read])?,
        }
    }
}

/// The storage of a repository, over https.
struct Storage {
    batch: Url,
}

#[derive(Serialize)]
struct Ask<'a> {
    operation: &'static str,
    transfers: [&'static str; 1],
    hash_algo: &'static str,
    objects: &'a [&'a Pointer],
}

#[derive(Deserialize)]
struct Answer {
    objects: Vec<Offer>,
}

#[derive(Deserialize)]
struct Offer {
    oid: String,
    #[serde(default)]
    actions: Option<Actions>,
    #[serde(default)]
    error: Option<OfferError>,
}

#[derive(Deserialize)]
struct OfferError {
    message: String,
}

#[derive(Deserialize)]
struct Actions {
    download: Option<Download>,
}

#[derive(Deserialize)]
struct Download {
    href: String,
    #[serde(default)]
    header: HashMap<String, String>,
}

impl Storage {
    /// Where the storage of a repository is unless somebody says otherwise.
    fn of(url: &RepositoryUrl) -> Option<Self> {
        let address = match url.transport() {
            Transport::Https => url.as_str().to_owned(),
            Transport::Ssh => url.over_https()?,
            Transport::File => return None,
        };
        let address = address.trim_end_matches('/').trim_end_matches(".git");
        let batch = Url::parse(&format!("{address}.git/info/lfs/objects/batch")).ok()?;
        Some(Self { batch })
    }

    fn place(&self) -> String {
        format!("the large-file storage at {}", self.batch.host_str().unwrap_or_default())
    }

    fn silent(&self, error: &reqwest::Error) -> LargeError {
        LargeError::Silent(self.place(), super::trouble::chain(error))
    }

    async fn download(&self, pointers: &[&Pointer], store: &Path) -> Result<(), LargeError> {
        let client = Client::builder()
            .tls_certs_merge(authorities())
            .https_only(true)
            .connect_timeout(LONGEST_CONNECT)
            .read_timeout(LONGEST_SILENCE)
            .build()
            .map_err(|error| self.silent(&error))?;
        let offers = self.ask(&client, pointers).await?;
        for pointer in pointers {
            let offer = offers.iter().find(|offer| offer.oid == pointer.oid);
            self.get(&client, pointer, offer, store).await?;
        }
        Ok(())
    }

    async fn ask(&self, client: &Client, pointers: &[&Pointer]) -> Result<Vec<Offer>, LargeError> {
        let ask = Ask {
            operation: "download",
            transfers: ["basic"],
            hash_algo: "sha256",
            objects: pointers,
        };
        let body = serde_json::to_vec(&ask).map_err(|error| LargeError::Refused(error.to_string()))?;
        let request = client
            .post(self.batch.clone())
            .header("accept", MEDIA_TYPE)
            .header("content-type", MEDIA_TYPE);
        let mut response = request.body(body).send().await.map_err(|error| self.silent(&error))?;
        self.check(&response)?;
        let mut text = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.silent(&error))? {
            text.extend_from_slice(&piece);
            if text.len() > LARGEST_ANSWER {
                return Err(LargeError::Refused(format!("{} answers too much", self.place())));
            }
        }
        let answer: Answer =
            serde_json::from_slice(&text).map_err(|_| LargeError::Refused(format!("{} does not answer as such", self.place())))?;
        Ok(answer.objects)
    }

    async fn get(&self, client: &Client, pointer: &Pointer, offer: Option<&Offer>, store: &Path) -> Result<(), LargeError> {
        if let Some(error) = offer.and_then(|offer| offer.error.as_ref()) {
            let message: String = error.message.chars().filter(|c| !c.is_control()).take(200).collect();
            return Err(LargeError::Refused(format!("{} says: {message}", self.place())));
        }
        let download = offer.and_then(|offer| offer.actions.as_ref()?.download.as_ref());
        let download = download.ok_or_else(|| LargeError::Refused(format!("{} has it not", self.place())))?;
        let mut request = client.get(&download.href);
        for (name, value) in &download.header {
            request = request.header(name, value);
        }
        let mut response = request.send().await.map_err(|error| self.silent(&error))?;
        self.check(&response)?;
        let mut arriving = Arriving::new(pointer, store)?;
        while let Some(piece) = response.chunk().await.map_err(|error| self.silent(&error))? {
            arriving.take(&piece)?;
        }
        arriving.keep()
    }

    fn check(&self, response: &reqwest::Response) -> Result<(), LargeError> {
        let status = response.status();
        if status.is_success() {
            Ok(())
        } else if status.is_server_error() || status.as_u16() == 429 {
            Err(LargeError::Silent(self.place(), status.to_string()))
        } else {
            Err(LargeError::Refused(format!("{} answers {status}", self.place())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer(data: &[u8]) -> Pointer {
        Pointer {
            oid: hex(&Sha256::digest(data)),
            size: data.len() as u64,
        }
    }

    #[test]
    fn what_stands_for_a_file_is_told_from_a_file() {
        let oid = "a".repeat(64);
        let text = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12345\n");
        assert_eq!(Pointer::parse(text.as_bytes()), Some(Pointer { oid, size: 12345 }));
        for other in [
            "",
            "text",
            "version https://git-lfs.github.com/spec/v1\n",
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            "version https://git-lfs.github.com/spec/v1\noid sha256:../../../x\nsize 1\n",
            &text.replace("12345", "-1"),
            &text.replace("version", "about"),
        ] {
            assert_eq!(Pointer::parse(other.as_bytes()), None, "{other:?}");
        }
    }

    #[test]
    fn the_storage_is_beside_the_repository() {
        for (url, wanted) in [
            (
                "https://example.com/a/b.git",
                Some("https://example.com/a/b.git/info/lfs/objects/batch"),
            ),
            (
                "https://example.com/a/b",
                Some("https://example.com/a/b.git/info/lfs/objects/batch"),
            ),
            (
                "git@example.com:a/b.git",
                Some("https://example.com/a/b.git/info/lfs/objects/batch"),
            ),
            ("/srv/b.git", None),
        ] {
            let storage = Storage::of(&RepositoryUrl::parse(url).expect("an address"));
            assert_eq!(storage.map(|storage| storage.batch.to_string()).as_deref(), wanted, "{url}");
        }
    }

    #[test]
    fn files_of_a_folder_are_kept_once_they_are_whole_and_the_right_ones() {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let (origin, store) = (temp.path().join("origin"), temp.path().join("store"));
        let url = RepositoryUrl::parse(&origin.display().to_string()).expect("an address");
        let (good, bad) = (pointer(b"large"), pointer(b"other"));
        let place = |pointer: &Pointer, data: &str| {
            let folder = origin.join(".git/lfs/objects").join(&pointer.oid[..2]).join(&pointer.oid[2..4]);
            fs::create_dir_all(&folder).expect("made");
            fs::write(folder.join(&pointer.oid), data).expect("written");
        };
        let bring = |pointer: &Pointer| bring(std::slice::from_ref(pointer), &url, &store, &Stop::default());
        assert!(matches!(bring(&good), Err(LargeError::NotThere(_))));
        place(&good, "large");
        place(&bad, "forged");
        bring(&good).expect("kept");
        assert_eq!(fs::read(good.kept(&store).expect("kept")).expect("there"), b"large");
        assert!(matches!(bring(&bad), Err(LargeError::Other)));
        place(&bad, "forge");
        assert!(matches!(bring(&bad), Err(LargeError::Other)));
        assert_eq!(bad.kept(&store), None);
    }

    #[test]
    fn answers_of_the_protocol_are_understood() {
        let text = r#"{"transfer":"basic","objects":[
            {"oid":"a","size":1,"actions":{"download":{"href":"https://example.com/a","header":{"x":"y"},"expires_in":9}}},
            {"oid":"b","size":2,"error":{"code":404,"message":"gone"}}]}"#;
        let answer: Answer = serde_json::from_str(text).expect("understood");
        let download = answer.objects[0].actions.as_ref().and_then(|actions| actions.download.as_ref());
        assert_eq!(download.expect("offered").href, "https://example.com/a");
        assert_eq!(answer.objects[1].error.as_ref().expect("refused").message, "gone");
    }
}
