//! Looking for commits where no webhook reports them.

use super::origin::{self, Before};
use crate::daemon::Daemon;
use crate::daemon::store::{Admission, NewDeployment, ProjectRow, StoreError};
use crate::wire::Trigger;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The shortest time between two looks for commits.
const SHORTEST_POLL: Duration = Duration::from_secs(5);
/// How often to look for commits as long as nobody knows whether the git host's webhooks arrive.
const UNPROVEN_POLL: Duration = Duration::from_mins(1);

/// How long after a delivery was turned away to look for what it would have reported, however many are.
const AFTER_DELIVERY: Duration = Duration::from_secs(30);

/// When to look for what a delivery may have reported that could not be taken in.
pub(super) fn after_delivery() -> Instant {
    Instant::now() + AFTER_DELIVERY
}

/// When to look next: by the project's interval, or for what was `missed`.
pub(super) fn next_look(project: &ProjectRow, missed: Option<Instant>) -> Option<Instant> {
    let polled = interval(project).map(|interval| Instant::now() + interval);
    polled.into_iter().chain(missed).min()
}

/// How often to look for commits: as the project says, and until the git host first reported a push in any case.
pub(super) fn interval(project: &ProjectRow) -> Option<Duration> {
    let unproven = project.webhook_seen.is_none().then_some(UNPROVEN_POLL);
    project.poll.map(|wanted| wanted.max(SHORTEST_POLL)).or(unproven)
}

/// Looks for a new commit at a time, and queues it; when to look again where the repository did not answer. What was there
/// before anybody deployed anything is not new, nor is what changes nothing under the project's folder: it is passed.
pub(super) async fn look_at(
    time: Instant,
    daemon: &Daemon,
    project: &ProjectRow,
    passed: &mut Option<String>,
) -> Result<Option<Instant>, StoreError> {
    sleep_until(time).await;
    let again = || Instant::now() + UNPROVEN_POLL;
    let head = match origin::look(daemon, project).await.outcome {
        Ok(head) => head,
        Err(error) => {
            tracing::warn!(%error, project = project.name, "cannot look for commits");
            return Ok(Some(again()));
        }
    };
    // It came while the project was down, and whoever brought it up again may have chosen another.
    if project.skipped_commit.as_ref() == Some(&head) {
        return Ok(None);
    }
    let store = daemon.store();
    let (known, before) = match store.latest_commit(&project.name, &project.branch).await? {
        Some(deployed) => (deployed, Before::Deployed),
        // Without one, the project was registered with another repository or branch meanwhile.
        None => match store.first_head(project, &head).await? {
            Some(first) => (first.clone(), Before::First(first)),
            None => return Ok(None),
        },
    };
    if known == head || passed.as_ref() == Some(&head) {
        return Ok(None);
    }
    match origin::is_touched(daemon, project, before, head.clone()).await {
        Ok(true) => {}
        Ok(false) => {
            *passed = Some(head);
            return Ok(None);
        }
        Err(error) => {
            tracing::warn!(%error, project = project.name, "cannot compare commits");
            return Ok(Some(again()));
        }
    }
    let new = NewDeployment {
        project: project.name.clone(),
        reference: project.branch.clone(),
        commit: Some(head),
        trigger: Trigger::Poll,
    };
    match daemon.store().admit(new, Vec::new()).await? {
        Admission::Queued(_) | Admission::TooMany | Admission::Seen | Admission::Down(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::git::testing::Origin;
    use crate::daemon::store::NewProject;
    use crate::daemon::store::testing::{shop, with_shop};
    use crate::daemon::testing::daemon;

    #[tokio::test]
    async fn a_project_is_polled_until_a_webhook_came_or_as_it_says() {
        let (_temp, store) = with_shop().await;
        let project = store.project("shop").await.expect("read").expect("there");
        let row = |poll, seen: bool| ProjectRow {
            poll,
            webhook_seen: seen.then_some(time::OffsetDateTime::UNIX_EPOCH),
            ..project.clone()
        };
        let minutes = Duration::from_mins;
        for (poll, seen, wanted) in [
            (None, false, Some(UNPROVEN_POLL)),
            (None, true, None),
            (Some(minutes(5)), false, Some(minutes(5))),
            (Some(minutes(5)), true, Some(minutes(5))),
            (Some(Duration::from_millis(1)), true, Some(SHORTEST_POLL)),
        ] {
            assert_eq!(interval(&row(poll, seen)), wanted, "{poll:?} {seen}");
        }
    }

    #[tokio::test]
    async fn what_was_missed_is_looked_for_also_where_nobody_polls_and_until_it_is_known() {
        let (_temp, daemon) = daemon().await;
        let registered = NewProject {
            url: "/nowhere/at/all".to_owned(),
            ..shop()
        };
        let project = daemon.store().put_project(registered).await.expect("stored");
        let proven = ProjectRow {
            webhook_seen: Some(time::OffsetDateTime::UNIX_EPOCH),
            ..project
        };
        assert_eq!(next_look(&proven, None), None);
        let now = Instant::now();
        assert_eq!(next_look(&proven, Some(now)), Some(now));
        let again = look_at(now, &daemon, &proven, &mut None).await.expect("looked");
        assert!(again.is_some(), "the repository did not answer");
    }

    #[tokio::test]
    async fn only_what_is_new_since_the_first_look_is_deployed() {
        let origin = Origin::new();
        let first = origin.commit("one");
        let (_temp, daemon) = daemon().await;
        let registered = NewProject {
            url: origin.url(),
            ..shop()
        };
        let project = daemon.store().put_project(registered).await.expect("stored");
        let waiting = async || {
            look_at(Instant::now(), &daemon, &project, &mut None).await.expect("looked");
            let next = daemon.store().next_deployment("shop").await.expect("read");
            next.and_then(|row| row.deployment.commit)
        };
        assert_eq!(waiting().await, None, "what was there before is not new");
        assert_eq!(waiting().await, None);
        let second = origin.commit("two");
        assert_eq!(waiting().await, Some(second));
        // From now on, what was deployed counts, also when the branch is put back.
        origin.git(&["reset", "-q", "--hard", &first]);
        assert_eq!(waiting().await, Some(first));
    }

    #[tokio::test]
    async fn a_look_does_not_undo_a_rollback() {
        let origin = Origin::new();
        let commits = ["one", "two"].map(|message| origin.commit(message));
        let (_temp, daemon) = daemon().await;
        let registered = NewProject {
            url: origin.url(),
            ..shop()
        };
        let store = daemon.store();
        let project = store.put_project(registered).await.expect("stored");
        let back = Trigger::Rollback {
            to: 1,
            by: "ann".to_owned(),
        };
        for (commit, trigger) in [(&commits[0], Trigger::Poll), (&commits[1], Trigger::Poll), (&commits[0], back)] {
            let new = NewDeployment {
                project: "shop".to_owned(),
                reference: "main".to_owned(),
                commit: Some(commit.clone()),
                trigger,
            };
            store.admit(new, Vec::new()).await.expect("queued");
        }
        let known = store.history("shop", 10).await.expect("read");
        look_at(Instant::now(), &daemon, &project, &mut None).await.expect("looked");
        assert_eq!(store.history("shop", 10).await.expect("read"), known);
    }

    #[tokio::test]
    async fn what_changes_elsewhere_in_the_repository_is_passed() {
        let origin = Origin::new();
        origin.write("apps/shop/compose.yaml", "one");
        origin.commit("one");
        let (_temp, daemon) = daemon().await;
        let registered = NewProject {
            url: origin.url(),
            path: "apps/shop".to_owned(),
            ..shop()
        };
        let project = daemon.store().put_project(registered).await.expect("stored");
        let mut passed = None;
        for (file, text, is_new) in [
            ("apps/shop/compose.yaml", "one", false),
            ("apps/other/compose.yaml", "x", false),
            ("apps/shop/compose.yaml", "two", true),
        ] {
            origin.write(file, text);
            let head = origin.commit(text);
            look_at(Instant::now(), &daemon, &project, &mut passed).await.expect("looked");
            let next = daemon.store().next_deployment("shop").await.expect("read");
            assert_eq!(next.and_then(|row| row.deployment.commit), is_new.then_some(head), "{file} {text}");
        }
    }
}
