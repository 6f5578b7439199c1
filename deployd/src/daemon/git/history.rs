//! Which commit came before which.

use super::{GitError, Mirror};
use gix::ObjectId;
use gix::objs::tree::{EntryKind, EntryMode};

/// How far back a commit is looked for.
const MOST_COMMITS: usize = 100_000;

impl Mirror {
    /// Whether any of some commits has another one behind it. Commits that are not here have nothing behind them.
    pub(crate) fn leads_back(&self, tips: &[String], commit: &str) -> bool {
        let id = |text: &str| ObjectId::from_hex(text.as_bytes()).ok();
        let Some(commit) = id(commit) else { return false };
        let others = tips.iter().filter_map(|tip| id(tip)).filter(|tip| *tip != commit);
        let here: Vec<_> = others.filter(|tip| self.repository.has_object(tip)).collect();
        let walk = self.repository.rev_walk(here).all();
        walk.is_ok_and(|walk| walk.take(MOST_COMMITS).any(|step| step.is_ok_and(|step| step.id == commit)))
    }

    /// The first of some paths at which something differs between two commits; what cannot be told counts as a difference.
    pub(crate) fn differing<'a>(&self, paths: impl IntoIterator<Item = &'a str>, from: &str, to: &str) -> Option<&'a str> {
        let (from, to) = (self.tree_of(from), self.tree_of(to));
        paths.into_iter().find(|path| {
            let entry = |tree: &Result<ObjectId, GitError>| self.entry(*tree.as_ref().ok()?, path).ok();
            entry(&from).is_none_or(|before| entry(&to) != Some(before))
        })
    }

    /// What stands at a path of a tree: its mode and content. Where a link, a file or a submodule is on the way, it is that one.
    pub(super) fn entry(&self, tree: ObjectId, path: &str) -> Result<Option<(EntryMode, ObjectId)>, GitError> {
        let mut found: (EntryMode, ObjectId) = (EntryKind::Tree.into(), tree);
        for name in path.split('/').filter(|name| !name.is_empty()) {
            if !found.0.is_tree() {
                break;
            }
            let tree = self.repository.find_tree(found.1).map_err(|error| self.damaged(&error))?;
            match tree.find_entry(name) {
                Some(entry) => found = (entry.mode(), entry.object_id()),
                None => return Ok(None),
            }
        }
        Ok(Some(found))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Origin;
    use super::super::{Mirror, Repository, Stop};

    #[test]
    fn knows_what_lies_behind_a_commit() {
        let origin = Origin::new();
        let commits = ["one", "two", "three"].map(|message| origin.commit(message));
        let [one, two, three] = &commits;
        origin.git(&["checkout", "-q", "-b", "other", one]);
        let other = &origin.commit("other");
        let repository = Repository::parse(&origin.url()).expect("an address");
        let mirror = Mirror::update(&origin.temp.path().join("mirror"), &repository, &Stop::default()).expect("fetched");
        for (tip, commit, wanted) in [
            (three, one, true),
            (three, two, true),
            (one, three, false),
            (two, two, false),
            (other, two, false),
            (three, other, false),
            (&"0".repeat(40), one, false),
        ] {
            assert_eq!(mirror.leads_back(std::slice::from_ref(tip), commit), wanted, "{tip} {commit}");
        }
        let several = |tips: &[&String]| tips.iter().map(|tip| (*tip).clone()).collect::<Vec<_>>();
        assert!(mirror.leads_back(&several(&[one, other, &"0".repeat(40), three]), two));
        assert!(!mirror.leads_back(&several(&[one, other, two]), two));
        assert!(!mirror.leads_back(&[], two));
    }

    #[test]
    fn differences_are_told_by_path_and_those_of_links_on_the_way_count() {
        let origin = Origin::new();
        origin.write("apps/web/file", "1");
        origin.write("libs/lib", "1");
        origin.write("other/lib", "1");
        std::os::unix::fs::symlink("libs", origin.work().join("link")).expect("linked");
        let before = origin.commit("before");
        origin.write("libs/lib", "2");
        origin.write("new", "1");
        std::fs::remove_file(origin.work().join("link")).expect("removed");
        std::os::unix::fs::symlink("other", origin.work().join("link")).expect("linked");
        origin.git(&["add", "-A"]);
        origin.git(&["update-index", "--chmod=+x", "other/lib"]);
        origin.git(&["commit", "-qm", "after"]);
        let after = origin.git(&["rev-parse", "HEAD"]);
        let repository = Repository::parse(&origin.url()).expect("an address");
        let mirror = Mirror::update(&origin.temp.path().join("mirror"), &repository, &Stop::default()).expect("fetched");
        for (path, differs) in [
            ("", true),
            ("apps", false),
            ("apps/web/file", false),
            ("apps/web/file/below", false),
            ("libs", true),
            ("libs/lib", true),
            ("link/lib", true),
            ("other/lib", true),
            ("new", true),
            ("nowhere/at/all", false),
        ] {
            assert_eq!(mirror.differing([path], &before, &after), differs.then_some(path), "{path:?}");
            assert_eq!(mirror.differing([path], &before, &before), None, "{path:?}");
            assert_eq!(mirror.differing([path], &before, &"1".repeat(40)), Some(path), "{path:?}");
        }
        assert_eq!(mirror.differing(["apps", "libs", "new"], &before, &after), Some("libs"));
    }
}
