//! Which commit came before which.

use super::Mirror;
use gix::ObjectId;

/// How far back a commit is looked for.
const MOST_COMMITS: usize = 100_000;

impl Mirror {
    /// Whether a commit has another one behind it.
    pub(crate) fn leads_back(&self, tip: &str, commit: &str) -> bool {
        let id = |text: &str| ObjectId::from_hex(text.as_bytes()).ok();
        let (Some(tip), Some(commit)) = (id(tip), id(commit)) else {
            return false;
        };
        let walk = self.repository.rev_walk([tip]).all();
        tip != commit && walk.is_ok_and(|walk| walk.take(MOST_COMMITS).any(|step| step.is_ok_and(|step| step.id == commit)))
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
            assert_eq!(mirror.leads_back(tip, commit), wanted, "{tip} {commit}");
        }
    }
}
