//! Reading what lies beneath a folder: links are followed as long as they stay in it, whatever happens to the paths meanwhile.

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};

/// How many links may lie on the way to a file, as the kernel has it.
const MOST_LINKS: usize = 40;
/// How often the kernel is asked again, when something was moved while it looked.
const TRIES: usize = 8;

/// How a file is opened: never waited for, were it a pipe.
const FLAGS: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// A folder out of which no path leads.
#[derive(Debug)]
pub(crate) struct Beneath(OwnedFd);

impl Beneath {
    /// Opens a folder whose own path nobody else can change.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        Ok(Self(File::open(folder)?.into()))
    }

    /// Opens what is at a path relative to the folder.
    pub(crate) fn file(&self, path: &Path) -> io::Result<File> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let opened = match self.ask_kernel(path) {
            // A kernel before 5.6, or a filter of system calls that does not know this one.
            Err(Errno::NOSYS | Errno::PERM | Errno::AGAIN) => self.walk(path),
            opened => opened,
        };
        opened.map(File::from).map_err(|error| match error {
            Errno::XDEV => io::Error::new(io::ErrorKind::PermissionDenied, OUTSIDE),
            error => error.into(),
        })
    }

    fn ask_kernel(&self, path: &Path) -> Result<OwnedFd, Errno> {
        let within = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        for _ in 1..TRIES {
            match rustix::fs::openat2(&self.0, path, FLAGS, Mode::empty(), within) {
                Err(Errno::AGAIN) => {}
                opened => return opened,
            }
        }
        rustix::fs::openat2(&self.0, path, FLAGS, Mode::empty(), within)
    }

    /// The same from one open folder to the next.
    fn walk(&self, path: &Path) -> Result<OwnedFd, Errno> {
        let mut way = vec![rustix::io::dup(&self.0)?];
        let mut rest = steps(path)?;
        let mut links = 0;
        while let Some(step) = rest.pop() {
            let Step::Into(name) = step else {
                way.pop();
                if way.is_empty() {
                    return Err(Errno::XDEV);
                }
                continue;
            };
            let at = way.last().ok_or(Errno::XDEV)?.as_fd();
            match rustix::fs::readlinkat(at, &name, Vec::new()) {
                Ok(target) => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(Errno::LOOP);
                    }
                    rest.extend(steps(&PathBuf::from(OsString::from_vec(target.into_bytes())))?);
                }
                Err(Errno::INVAL) => {
                    let folder = if rest.is_empty() { OFlags::empty() } else { OFlags::DIRECTORY };
                    let next = rustix::fs::openat(at, &name, FLAGS | OFlags::NOFOLLOW | folder, Mode::empty())?;
                    way.push(next);
                }
                Err(error) => return Err(error),
            }
        }
        way.pop().ok_or(Errno::XDEV)
    }
}

/// Why a path is not read that leads elsewhere.
pub(crate) const OUTSIDE: &str = "it leads out of the repository, where nothing is read for a project; keep it in the repository";

/// One step of a path.
enum Step {
    Into(OsString),
    Up,
}

/// The steps of a path, the first one last.
fn steps(path: &Path) -> Result<Vec<Step>, Errno> {
    let steps = path.components().rev().filter_map(|component| match component {
        Component::Normal(name) => Some(Ok(Step::Into(name.to_owned()))),
        Component::ParentDir => Some(Ok(Step::Up)),
        Component::CurDir => None,
        Component::RootDir | Component::Prefix(_) => Some(Err(Errno::XDEV)),
    });
    steps.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    /// What is read by the kernel's way and by ours, which have to agree.
    fn read(beneath: &Beneath, path: &str) -> Result<String, Errno> {
        let content = |opened: OwnedFd| io::read_to_string(File::from(opened)).map_err(|_| Errno::ISDIR);
        let walked = beneath.walk(Path::new(path)).and_then(content);
        let asked = beneath.ask_kernel(Path::new(path));
        if !matches!(asked, Err(Errno::NOSYS | Errno::PERM)) {
            assert_eq!(asked.and_then(content), walked, "{path}");
        }
        walked
    }

    #[test]
    fn links_are_followed_as_long_as_they_stay() {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let at = |path: &str| temp.path().join(path);
        fs::create_dir_all(at("in/d/e")).expect("made");
        fs::write(at("in/d/a"), "inside").expect("written");
        fs::write(at("secret"), "outside").expect("written");
        for (link, target) in [
            ("in/near", "d/a"),
            ("in/d/e/up", "../../near"),
            ("in/folder", "d/e"),
            ("in/out", "../secret"),
            ("in/back", "../in/d/a"),
            ("in/round", "round"),
            ("in/proc", "/proc/self/environ"),
        ] {
            symlink(target, at(link)).expect("linked");
        }
        symlink(at("secret"), at("in/absolute")).expect("linked");
        let beneath = Beneath::open(&at("in")).expect("opened");
        for path in ["d/a", "near", "d/e/up", "folder/up", "d/e/../a", "./d/./a"] {
            assert_eq!(read(&beneath, path).as_deref(), Ok("inside"), "{path}");
        }
        for path in ["out", "absolute", "proc", "back", "../secret", "d/../../secret", "/secret"] {
            assert_eq!(read(&beneath, path), Err(Errno::XDEV), "{path}");
        }
        assert_eq!(read(&beneath, "round"), Err(Errno::LOOP));
        assert_eq!(read(&beneath, "none"), Err(Errno::NOENT));
        assert_eq!(read(&beneath, "d/a/b"), Err(Errno::NOTDIR));
        let refused = beneath.file(Path::new("proc")).expect_err("refused");
        assert_eq!(refused.to_string(), OUTSIDE);
    }
}
