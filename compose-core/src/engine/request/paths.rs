//! How the engine's host calls our paths.

use std::path::{Path, PathBuf};

/// Translates paths of this process to paths of the engine's host.
///
/// A caller that lives in a container sees the host's folders under other names; the engine knows
/// only the host's. The longest prefix that fits decides; a path under none stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathMap {
    prefixes: Vec<(PathBuf, PathBuf)>,
}

impl PathMap {
    /// For a caller that lives beside the engine: every path stays as it is.
    pub fn identity() -> Self {
        Self::default()
    }

    /// Adds a folder: what is `inside` for this process is `host` for the engine.
    #[must_use]
    pub fn with(mut self, inside: impl Into<PathBuf>, host: impl Into<PathBuf>) -> Self {
        self.prefixes.push((inside.into(), host.into()));
        self.prefixes
            .sort_by_key(|(inside, _)| std::cmp::Reverse(inside.components().count()));
        self
    }

    /// The path by which the engine's host knows a path of this process.
    pub fn to_host(&self, path: &Path) -> PathBuf {
        for (inside, host) in &self.prefixes {
            if let Ok(rest) = path.strip_prefix(inside) {
                return if rest.as_os_str().is_empty() {
                    host.clone()
                } else {
                    host.join(rest)
                };
            }
        }
        path.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_decides() {
        let map = PathMap::identity()
            .with("/", "/rootfs")
            .with("/srv/app", "/home/me/app")
            .with("/srv", "/mnt/srv");
        for (inside, host) in [
            ("/srv/app", "/home/me/app"),
            ("/srv/app/data", "/home/me/app/data"),
            ("/srv/apple", "/mnt/srv/apple"),
            ("/etc/x", "/rootfs/etc/x"),
        ] {
            assert_eq!(map.to_host(Path::new(inside)), Path::new(host));
        }
        assert_eq!(PathMap::identity().to_host(Path::new("/srv")), Path::new("/srv"));
    }
}
