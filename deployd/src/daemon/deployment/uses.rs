//! What of its repository a project uses: a push that touches nothing of it has nothing to deploy.

use compose_core::source::clean;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Paths in a repository; a folder stands for everything in it, and the empty path for all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Uses(BTreeSet<String>);

impl Uses {
    /// A folder of the repository, and those of some paths of the host that lie in its checkout, by their names and by what
    /// links make of them.
    pub(crate) fn new(folder: &str, paths: impl IntoIterator<Item = PathBuf>, checkout: &Path) -> Self {
        let mut uses = Self(BTreeSet::from([folder.to_owned()]));
        for path in paths {
            let path = clean(&path);
            let real = path.canonicalize().ok();
            for path in [Some(path), real].into_iter().flatten() {
                uses.0.extend(path.strip_prefix(checkout).ok().map(textual));
            }
        }
        uses
    }

    /// Whether a file that a push touched is one of it.
    pub(crate) fn concern(&self, file: &str) -> bool {
        self.0.iter().any(|used| is_in(file, used) || is_in(used, file))
    }

    /// The paths.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// A path as text, or where it is none, the folder in which it lies.
fn textual(path: &Path) -> String {
    let text = path.ancestors().find_map(Path::to_str);
    text.unwrap_or_default().to_owned()
}

/// Whether a path is a folder or lies in it.
fn is_in(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt as _;

    fn uses(folder: &str, paths: &[&str]) -> Uses {
        Uses::new(folder, paths.iter().map(PathBuf::from), Path::new("/checkout"))
    }

    #[test]
    fn what_lies_in_the_checkout_is_used_by_its_path_there() {
        let uses = uses(
            "apps/web",
            &["/checkout/apps/web/../../libs", "/checkout/app.env", "/etc/hosts", "/checkouts"],
        );
        assert_eq!(uses.paths().collect::<Vec<_>>(), ["app.env", "apps/web", "libs"]);
    }

    #[test]
    fn a_push_concerns_what_it_touches_of_it() {
        let uses = uses("apps/web", &["/checkout/libs", "/checkout/deep/er/file"]);
        for (file, wanted) in [
            ("apps/web/compose.yaml", true),
            ("apps/web", true),
            ("apps/web2/compose.yaml", false),
            ("libs/a/b", true),
            ("libs2", false),
            ("README", false),
            // A file or a link took the place of a folder.
            ("deep", true),
            ("deep/er/other", false),
        ] {
            assert_eq!(uses.concern(file), wanted, "{file}");
        }
        assert!(self::uses("", &[]).concern("anything"));
        assert!(self::uses("apps/web", &["/checkout"]).concern("anything"));
    }

    #[test]
    fn a_link_is_used_and_so_is_what_it_leads_to() {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let checkout = temp.path().canonicalize().expect("there");
        std::fs::create_dir(checkout.join("real")).expect("made");
        std::os::unix::fs::symlink("real", checkout.join("link")).expect("linked");
        let uses = Uses::new("app", [checkout.join("link")], &checkout);
        assert_eq!(uses.paths().collect::<Vec<_>>(), ["app", "link", "real"]);
    }

    #[test]
    fn what_cannot_be_told_as_text_stands_for_its_folder() {
        let odd = Path::new("/checkout/libs").join(std::ffi::OsStr::from_bytes(b"\xff"));
        let uses = Uses::new("app", [odd], Path::new("/checkout"));
        assert_eq!(uses.paths().collect::<Vec<_>>(), ["app", "libs"]);
    }
}
