//! Whether two addresses lead to one repository, by whatever way.

use deployd::hosting::{Host, Hosted};
use std::path::{Component, Path, PathBuf};

/// Whether two addresses lead to one repository. `base` is the folder from which a relative one leads.
pub(crate) fn same_repository(one: &str, other: &str, base: &Path) -> bool {
    one == other || Identity::of(one, base) == Identity::of(other, base)
}

/// An https address without what stands before the host: often a user's name, and sometimes a token.
pub(crate) fn without_user(url: String) -> String {
    let Some(rest) = url.strip_prefix("https://") else { return url };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("https://{host}/{path}"),
        None => url,
    }
}

/// What an address leads to.
#[derive(Debug, PartialEq, Eq)]
enum Identity {
    /// A repository at a host. Ports say by which door it is reached, and users who asks.
    Hosted { host: String, path: String },
    /// A folder.
    Folder(PathBuf),
    /// Something that is not known.
    Other(String),
}

impl Identity {
    fn of(url: &str, base: &Path) -> Self {
        if let Some(folder) = folder(url) {
            return Self::Folder(resolved(&base.join(folder)));
        }
        // Over either, a host gives the same repositories as over https.
        let secure = ["http://", "git://"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme))
            .map(|rest| format!("https://{rest}"));
        match Hosted::parse(secure.as_deref().unwrap_or(url)) {
            Some(hosted) => Self::hosted(&hosted),
            None => Self::Other(url.to_owned()),
        }
    }

    fn hosted(hosted: &Hosted) -> Self {
        let path = match hosted.host {
            // These make no difference between large and small letters.
            Host::GitHub | Host::GitLab | Host::Bitbucket | Host::Gitea => hosted.path.to_lowercase(),
            Host::Other => hosted.path.clone(),
        };
        Self::Hosted {
            host: hosted.main_name().to_owned(),
            path,
        }
    }
}

/// The folder that an address is.
fn folder(url: &str) -> Option<&str> {
    if let Some(rest) = url.strip_prefix("file://") {
        return Some(rest.strip_prefix("localhost").filter(|rest| rest.starts_with('/')).unwrap_or(rest));
    }
    // Git takes `a:b` for a host unless a slash comes first.
    let is_remote = url.find(':').is_some_and(|colon| !url[..colon].contains('/'));
    (!is_remote).then_some(url)
}

/// A repository's folder as the system knows it: `.git` may be left out, or be what is meant.
fn resolved(folder: &Path) -> PathBuf {
    let mut with_end = folder.as_os_str().to_owned();
    with_end.push(".git");
    let found = folder.canonicalize().or_else(|_| Path::new(&with_end).canonicalize());
    let path = found.unwrap_or_else(|_| plain(folder));
    match path.file_name() {
        Some(name) if name == ".git" => path.parent().map_or_else(|| path.clone(), Path::to_owned),
        _ => path,
    }
}

/// A path without `.`, `..` and the end that may be left out, where nothing is there to ask.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => _ = plain.pop(),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    if plain.extension().is_some_and(|end| end == "git") && plain.file_stem().is_some_and(|stem| !stem.is_empty()) {
        plain.set_extension("");
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{same_repository, without_user};
    use std::path::Path;

    #[test]
    fn what_stands_before_the_host_stays_here() {
        for (url, wanted) in [
            ("https://ann@bitbucket.org/ann/shop.git", "https://bitbucket.org/ann/shop.git"),
            ("https://ann:token@github.com/ann/shop", "https://github.com/ann/shop"),
            ("https://github.com/ann/sh@p", "https://github.com/ann/sh@p"),
            ("git@github.com:ann/shop", "git@github.com:ann/shop"),
        ] {
            assert_eq!(without_user(url.to_owned()), wanted);
        }
    }

    #[test]
    fn one_repository_has_many_addresses() {
        let https = "https://github.com/ann/shop.git";
        for (other, same) in [
            (https, true),
            ("https://github.com/ann/shop", true),
            ("https://github.com/ann/shop/", true),
            ("https://ann:token@GitHub.com/Ann/Shop.git", true),
            ("http://github.com/ann/shop", true),
            ("git@github.com:ann/shop.git", true),
            ("git@github.com:/ann/shop", true),
            ("ssh://git@github.com/ann/shop.git", true),
            ("ssh://git@ssh.github.com:443/ann/shop.git", true),
            ("git@github.com:ann/other.git", false),
            ("git@github.com:bob/shop.git", false),
            ("https://gitlab.com/ann/shop.git", false),
            ("/srv/shop.git", false),
        ] {
            assert_eq!(same_repository(https, other, Path::new("/")), same, "{other}");
        }
        let own = "git@git.example.com:ann/Shop.git";
        assert!(!same_repository(own, "git@git.example.com:ann/shop.git", Path::new("/")));
    }

    #[cfg(unix)]
    #[test]
    fn folders_are_compared_by_where_they_lead() {
        let temp = tempfile::tempdir().expect("a folder");
        let here = temp.path().canonicalize().expect("is there");
        std::fs::create_dir_all(here.join("shop.git")).expect("made");
        std::fs::create_dir_all(here.join("work/.git")).expect("made");
        std::os::unix::fs::symlink(here.join("shop.git"), here.join("link")).expect("linked");
        let at = |path: &str| format!("{}/{path}", here.display());
        for (one, other, same) in [
            (at("shop.git"), at("link"), true),
            (at("shop.git"), format!("file://{}", at("shop.git")), true),
            (at("shop.git"), at("shop"), true),
            (at("shop.git"), at("work/../shop.git/"), true),
            (at("shop.git"), "../shop.git".to_owned(), true),
            (at("work"), at("work/.git"), true),
            (at("work"), at("shop.git"), false),
            // What lies on another machine is compared by its name.
            ("/srv/nowhere/shop.git".to_owned(), "file:///srv/nowhere/shop".to_owned(), true),
            ("/srv/nowhere/shop.git".to_owned(), "/srv/nowhere/other.git".to_owned(), false),
        ] {
            assert_eq!(same_repository(&one, &other, &here.join("work")), same, "{one} {other}");
        }
    }
}
