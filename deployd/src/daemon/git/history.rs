//! Which commit came before which.

use super::Mirror;
use gix::ObjectId;

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

    /// Whether something under a folder differs between two commits; what cannot be told counts as a difference.
    pub(crate) fn differs(&self, folder: &str, from: &str, to: &str) -> bool {
        let content = |commit: &str| {
            let tree = self.repository.find_tree(self.tree_of(commit).ok()?).ok()?;
            let entry = tree.lookup_entry_by_path(folder).ok()?;
            Some(entry.map_or_else(|| ObjectId::null(gix::hash::Kind::Sha1), |entry| entry.object_id()))
        };
        content(from).is_none_or(|before| content(to) != Some(before))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Origin;
    use super::super::{Mirror, Repository};
    use std::sync::atomic::AtomicBool;

    #[test]
    fn knows_what_lies_behind_a_commit() {
        let origin = Origin::new();
        let commits = ["one", "two", "three"].map(|message| origin.commit(message));
        let [one, two, three] = &commits;
        origin.git(&["checkout", "-q", "-b", "other", one]);
        let other = &origin.commit("other");
        let repository = Repository::parse(&origin.url()).expect("an address");
        let mirror = Mirror::update(&origin.temp.path().join("mirror"), &repository, &AtomicBool::new(false)).expect("fetched");
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
}
