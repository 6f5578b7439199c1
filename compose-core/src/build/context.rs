//! The files of a build: a folder, its Dockerfile wherever that is, and what `.dockerignore` leaves of them.

use super::ignore::{Ignore, PatternError};
use crate::engine::DockerfileSource;
use crate::hash::hex;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Why the files of a build cannot be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// There is no such folder.
    #[error("the build context {} is no folder that can be read", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// There is no such Dockerfile.
    #[error("cannot read the Dockerfile {}: {source}", path.display())]
    Dockerfile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Something in the folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A pattern is wrong.
    #[error("{}: {source}", path.display())]
    Pattern {
        /// The file of patterns.
        path: PathBuf,
        /// What is wrong, and where in it.
        #[source]
        source: PatternError,
    },
    /// A file became shorter while it was read.
    #[error("{} changed while it was sent; build again when nothing writes to it", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// Something that is neither file, folder, link nor pipe.
    #[error("{} is a device, which cannot be part of a build; leave it out with .dockerignore", path.display())]
    Device {
        /// The device.
        path: PathBuf,
    },
    /// The builder needs names in UTF-8.
    #[error("the name of {} is not UTF-8; leave the file out with .dockerignore", path.display())]
    Name {
        /// The file.
        path: PathBuf,
    },
    /// The engine stopped reading: its answer says why.
    #[error("the engine stopped reading the build context")]
    Abandoned,
}

impl ContextError {
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }
}

/// The files of a build.
#[derive(Debug)]
pub struct Context {
    pub(crate) folder: PathBuf,
    pub(crate) ignore: Ignore,
    pub(crate) dockerfile: Dockerfile,
    /// The file of patterns that belongs to the Dockerfile alone.
    own_ignore: Option<PathBuf>,
}

/// Where the Dockerfile is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Dockerfile {
    /// In the folder, at this path.
    Inside(String),
    /// Elsewhere: the name it is added under, and its text.
    Added {
        /// A name that nothing else has.
        name: String,
        /// Its text.
        text: Vec<u8>,
    },
}

impl Dockerfile {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Inside(name) | Self::Added { name, .. } => name,
        }
    }

    fn added(text: Vec<u8>) -> Self {
        let name = format!(".dockerfile.{}", hex(&Sha256::digest(&text)[..10]));
        Self::Added { name, text }
    }
}

impl Context {
    /// Finds the Dockerfile and reads the patterns of a folder. Blocks.
    pub fn open(folder: &Path, dockerfile: &DockerfileSource) -> Result<Self, ContextError> {
        let folder = fs::canonicalize(folder)
            .and_then(|real| {
                if real.is_dir() {
                    Ok(real)
                } else {
                    Err(io::ErrorKind::NotADirectory.into())
                }
            })
            .map_err(|source| ContextError::Folder {
                path: folder.to_owned(),
                source,
            })?;
        let (dockerfile, own_ignore) = match dockerfile {
            DockerfileSource::Inline(text) => (Dockerfile::added(text.clone().into_bytes()), None),
            DockerfileSource::Path(path) => find_dockerfile(&folder, path)?,
        };
        let ignore = read_ignore(&folder, own_ignore.clone())?;
        Ok(Self {
            folder,
            ignore,
            dockerfile,
            own_ignore,
        })
    }

    /// The name of the Dockerfile without its folder, and by their names itself and the file of patterns that is its own. Blocks.
    pub(crate) fn dockerfile_texts(&self) -> Result<(String, BTreeMap<String, Vec<u8>>), ContextError> {
        let path = self.dockerfile.name();
        let name = path.rsplit_once('/').map_or(path, |(_, name)| name).to_owned();
        let mut texts = BTreeMap::new();
        if let Some(path) = &self.own_ignore {
            texts.insert(format!("{name}.dockerignore"), fs::read(path).map_err(ContextError::read(path))?);
        }
        let text = match &self.dockerfile {
            Dockerfile::Added { text, .. } => text.clone(),
            Dockerfile::Inside(inside) => {
                let path = self.folder.join(inside);
                fs::read(&path).map_err(|source| ContextError::Dockerfile { path, source })?
            }
        };
        texts.insert(name.clone(), text);
        Ok((name, texts))
    }
}

/// The Dockerfile, and the file of patterns that is its own.
fn find_dockerfile(folder: &Path, path: &Path) -> Result<(Dockerfile, Option<PathBuf>), ContextError> {
    let mut wanted = folder.join(path);
    if path == Path::new("Dockerfile") && !wanted.exists() && folder.join("dockerfile").is_file() {
        wanted = folder.join("dockerfile");
    }
    let failed = |source| ContextError::Dockerfile {
        path: wanted.clone(),
        source,
    };
    let real = fs::canonicalize(&wanted).map_err(failed)?;
    let own_ignore = [&wanted, &real]
        .into_iter()
        .map(|file| with_suffix(file, ".dockerignore"))
        .find(|file| file.is_file());
    let dockerfile = match real.strip_prefix(folder).ok().and_then(slashed) {
        Some(inside) if real.is_file() => Dockerfile::Inside(inside),
        _ => Dockerfile::added(fs::read(&real).map_err(failed)?),
    };
    Ok((dockerfile, own_ignore))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn read_ignore(folder: &Path, own: Option<PathBuf>) -> Result<Ignore, ContextError> {
    let path = own.unwrap_or_else(|| folder.join(".dockerignore"));
    let text = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(ContextError::read(&path)(error)),
    };
    Ignore::parse(&String::from_utf8_lossy(&text)).map_err(|source| ContextError::Pattern { path, source })
}

/// A relative path as text, separated by `/`; `None` when it is not UTF-8 or not plain.
pub(crate) fn slashed(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path
        .components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    Some(parts?.join("/"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn open(files: &[(&str, &str)], dockerfile: &str) -> (tempfile::TempDir, Result<Context, ContextError>) {
        let top = tempfile::tempdir().unwrap();
        fs::create_dir(top.path().join("ctx")).unwrap();
        for (name, text) in files {
            let path = top.path().join("ctx").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let context = Context::open(&top.path().join("ctx"), &DockerfileSource::Path(dockerfile.into()));
        (top, context)
    }

    #[test]
    fn finds_the_dockerfile_wherever_it_is() {
        let inside = |name: &str| Dockerfile::Inside(name.to_owned());
        assert_eq!(
            open(&[("Dockerfile", "")], "Dockerfile").1.unwrap().dockerfile,
            inside("Dockerfile")
        );
        assert_eq!(
            open(&[("dockerfile", "")], "Dockerfile").1.unwrap().dockerfile,
            inside("dockerfile")
        );
        assert_eq!(open(&[("d/My", "")], "d/../d/My").1.unwrap().dockerfile, inside("d/My"));
        let (_top, outside) = open(&[("../out", "FROM x")], "../out");
        let Dockerfile::Added { name, text } = outside.unwrap().dockerfile else {
            panic!("it lies outside")
        };
        assert_eq!(text, b"FROM x");
        assert!(name.starts_with(".dockerfile.") && name.len() == 32, "{name}");
    }

    #[test]
    fn the_patterns_of_the_dockerfile_win() {
        let files = [("A", ""), ("A.dockerignore", "a"), (".dockerignore", "b"), ("Dockerfile", "")];
        let own = open(&files, "A").1.unwrap().ignore;
        assert!(own.ignores("a") && !own.ignores("b"));
        let shared = open(&files, "Dockerfile").1.unwrap().ignore;
        assert!(shared.ignores("b") && !shared.ignores("a"));
    }

    #[test]
    fn errors_name_the_path() {
        for (files, dockerfile, needle) in [
            (&[][..], "Dockerfile", "ctx/Dockerfile"),
            (
                &[("Dockerfile", ""), (".dockerignore", "ok\n[")][..],
                "Dockerfile",
                ".dockerignore: line 2",
            ),
        ] {
            let message = open(files, dockerfile).1.unwrap_err().to_string();
            assert!(message.contains(needle), "{message}");
        }
        let gone = Context::open(Path::new("/no/such/folder"), &DockerfileSource::default()).unwrap_err();
        assert!(gone.to_string().contains("/no/such/folder"), "{gone}");
    }
}
