//! Deployments from the queue to their end, on a database of their own.

use super::super::testing::{put_deployment, with_shop};
use super::*;
use std::collections::{BTreeMap, BTreeSet};

fn push(commit: &str) -> NewDeployment {
    NewDeployment {
        project: "shop".to_owned(),
        reference: "main".to_owned(),
        commit: Some(commit.to_owned()),
        trigger: Trigger::Webhook {
            provider: "github".to_owned(),
        },
    }
}

fn manual() -> NewDeployment {
    NewDeployment {
        commit: None,
        trigger: Trigger::Manual { by: "ann".to_owned() },
        ..push("")
    }
}

fn release(deployment: u64) -> Release {
    Release {
        uses: None,
        deployment,
        commit: "c".to_owned(),
        compose_name: "shop".to_owned(),
        images: BTreeMap::from([
            ("web".into(), format!("sha256:{deployment}").into()),
            ("db".into(), "sha256:db".into()),
        ]),
        contents: BTreeSet::new(),
        environment: vec![],
    }
}

async fn run_to_health(store: &Store, id: u64) {
    for step in [Step::Begin, Step::Build, Step::Start] {
        store.advance("shop", id, step).await.expect("advances");
    }
    store.succeed("shop", release(id)).await.expect("succeeds");
}

#[tokio::test]
async fn a_newer_push_takes_the_place_of_a_waiting_one() {
    let (_temp, store) = with_shop().await;
    assert_eq!(store.admit(push("a"), vec![]).await.expect("queued"), Admission::Queued(1));
    assert_eq!(store.admit(push("b"), vec![]).await.expect("queued"), Admission::Queued(2));
    let first = store.deployment("shop", 1).await.expect("read").expect("there").deployment;
    assert_eq!(first.state, DeploymentState::Superseded);
    assert_eq!(first.reason.as_deref(), Some("deployment 2 took its place"));
    let next = store.next_deployment("shop").await.expect("read").expect("one waits");
    assert_eq!(next.deployment.id, 2);
}

#[tokio::test]
async fn an_interrupted_deployment_comes_before_waiting_ones() {
    let (_temp, store) = with_shop().await;
    store.admit(manual(), vec![]).await.expect("queued");
    store.admit(manual(), vec![]).await.expect("queued");
    store.advance("shop", 2, Step::Begin).await.expect("advances");
    store.advance("shop", 2, Step::Build).await.expect("advances");
    let next = store.next_deployment("shop").await.expect("read").expect("one waits");
    assert_eq!((next.deployment.id, next.deployment.state), (2, DeploymentState::Building));
}

#[tokio::test]
async fn the_eleventh_waiting_one_is_refused_and_leaves_nothing() {
    let (_temp, store) = with_shop().await;
    for id in 1..=10 {
        assert_eq!(store.admit(manual(), vec![]).await.expect("queued"), Admission::Queued(id));
    }
    assert_eq!(store.admit(manual(), vec![]).await.expect("answered"), Admission::TooMany);
    assert_eq!(store.history("shop", 100).await.expect("read").len(), 10);
}

#[tokio::test]
async fn any_known_mark_gives_a_replay_away() {
    let (_temp, store) = with_shop().await;
    let admit = async |marks: &[&str]| {
        let marks = marks.iter().map(|&mark| mark.to_owned()).collect();
        store.admit(push("a"), marks).await.expect("answered")
    };
    assert_eq!(admit(&["id:1", "body:a"]).await, Admission::Queued(1));
    assert_eq!(admit(&["id:1", "body:b"]).await, Admission::Seen);
    assert_eq!(admit(&["id:2", "body:a"]).await, Admission::Seen);
    // A delivery that was turned away leaves no mark of its own.
    assert_eq!(admit(&["id:2", "body:b"]).await, Admission::Queued(2));
}

#[tokio::test]
async fn a_release_is_current_and_only_ten_are_kept() {
    let (_temp, store) = with_shop().await;
    for id in 1..=12 {
        store.admit(manual(), vec![]).await.expect("queued");
        run_to_health(&store, id).await;
    }
    let history = store.history("shop", 100).await.expect("read");
    let kept: Vec<u64> = history.iter().filter(|one| one.release).map(|one| one.id).collect();
    assert_eq!(kept, (3..=12).rev().collect::<Vec<_>>());
    let current: Vec<u64> = history.iter().filter(|one| one.current).map(|one| one.id).collect();
    assert_eq!(current, [12]);
    assert_eq!(store.project("shop").await.expect("read").expect("there").current, Some(12));
    assert!(store.release("shop", 2).await.expect("read").is_none());
}

#[tokio::test]
async fn a_long_history_ends_somewhere_but_releases_stay() {
    let (_temp, store) = with_shop().await;
    store.admit(manual(), vec![]).await.expect("queued");
    run_to_health(&store, 1).await;
    let newest = 2 + unsigned(KEPT_DEPLOYMENTS);
    for id in 2..=newest {
        store.admit(push("c"), vec![]).await.expect("queued");
        store.advance("shop", id, Step::Begin).await.expect("begun");
        store.end("shop", id, Ending::Failed, "no".to_owned()).await.expect("ended");
    }
    let history = store.history("shop", 10_000).await.expect("read");
    let oldest: Vec<u64> = history.iter().rev().map(|one| one.id).take(2).collect();
    assert_eq!(oldest, [1, 3]);
    assert!(store.events_after("shop", 2, 0).await.expect("read").is_empty());
}

#[tokio::test]
async fn every_state_is_told_and_a_final_one_stays() {
    let (_temp, store) = with_shop().await;
    store.admit(manual(), vec![]).await.expect("queued");
    run_to_health(&store, 1).await;
    let states: Vec<_> = store
        .events_after("shop", 1, 0)
        .await
        .expect("read")
        .into_iter()
        .map(|event| (event.seq, event.event))
        .collect();
    let told = |seq, state| (seq, EventBody::State { state, reason: None });
    assert_eq!(
        states,
        [
            told(1, DeploymentState::Queued),
            told(2, DeploymentState::Fetching),
            told(3, DeploymentState::Building),
            told(4, DeploymentState::Starting),
            told(5, DeploymentState::Healthy),
        ]
    );
    assert!(store.end("shop", 1, Ending::Failed, "late".to_owned()).await.is_err());
    assert_eq!(store.events_after("shop", 1, 4).await.expect("read").len(), 1);
}

#[tokio::test]
async fn the_latest_commit_is_that_of_the_branch() {
    let (_temp, store) = with_shop().await;
    let rollback = |reference: &str| NewDeployment {
        reference: reference.to_owned(),
        trigger: Trigger::Rollback {
            by: "ann".to_owned(),
            to: 1,
        },
        ..push("rolled-back")
    };
    let feature = NewDeployment {
        reference: "feature".to_owned(),
        ..push("f")
    };
    assert_eq!(store.latest_commit("shop", "main").await.expect("read"), None);
    for new in [push("a"), push("b"), manual(), feature, rollback("release 1"), rollback("main")] {
        store.admit(new, vec![]).await.expect("queued");
    }
    assert_eq!(store.latest_commit("shop", "main").await.expect("read").as_deref(), Some("b"));
    assert_eq!(store.latest_commit("shop", "feature").await.expect("read").as_deref(), Some("f"));
}

#[tokio::test]
async fn a_commit_that_was_not_found_was_not_deployed() {
    let (_temp, store) = with_shop().await;
    let latest = async || store.latest_commit("shop", "main").await.expect("read");
    for (id, commit, is_found) in [(1, "a", true), (2, "b", false)] {
        store.admit(push(commit), vec![]).await.expect("queued");
        assert_eq!(latest().await.as_deref(), Some(commit));
        store.advance("shop", id, Step::Begin).await.expect("begun");
        if is_found {
            store.note_commit("shop", id, commit, "a title").await.expect("noted");
        }
        store.end("shop", id, Ending::Failed, "no".to_owned()).await.expect("ended");
    }
    assert_eq!(latest().await.as_deref(), Some("a"));
}

#[tokio::test]
async fn what_was_known_before_reaches_back_to_the_last_that_ran() {
    let (_temp, store) = with_shop().await;
    let known = async |id| {
        let mut found = store.commits_before("shop", "main", id).await.expect("read");
        found.sort();
        found
    };
    store.admit(push("a"), vec![]).await.expect("queued");
    assert_eq!(known(1).await, [""; 0]);
    run_to_health(&store, 1).await;
    store.admit(push("c"), vec![]).await.expect("queued");
    run_to_health(&store, 2).await;
    for commit in ["b", "d", "d"] {
        store.admit(push(commit), vec![]).await.expect("queued");
    }
    assert_eq!(known(3).await, ["c"]);
    assert_eq!(known(5).await, ["b", "c", "d"]);
    assert_eq!(store.commits_before("shop", "other", 5).await.expect("read"), [""; 0]);
}

#[tokio::test]
async fn that_containers_began_to_change_outlives_an_interruption() {
    let (_temp, store) = with_shop().await;
    store.admit(manual(), vec![]).await.expect("queued");
    let touched = async || store.next_deployment("shop").await.expect("read").expect("under way").touched;
    for (step, wanted) in [
        (Step::Begin, false),
        (Step::Build, false),
        (Step::Start, true),
        (Step::Begin, true),
        (Step::Build, true),
    ] {
        store.advance("shop", 1, step).await.expect("advances");
        assert_eq!(touched().await, wanted, "{step:?}");
    }
    // One that was taken up again puts the previous release back from wherever it is.
    let reason = "the image is gone".to_owned();
    store.end("shop", 1, Ending::RolledBack, reason).await.expect("ends");
}

#[tokio::test]
async fn a_failure_is_kept_until_the_end() {
    let (_temp, store) = with_shop().await;
    store.admit(manual(), vec![]).await.expect("queued");
    for step in [Step::Begin, Step::Build, Step::Start] {
        store.advance("shop", 1, step).await.expect("advances");
    }
    store.note_failure("shop", 1, "web is unhealthy").await.expect("kept");
    let row = store.next_deployment("shop").await.expect("read").expect("under way");
    assert_eq!(row.failure.as_deref(), Some("web is unhealthy"));
    store
        .end("shop", 1, Ending::RolledBack, "web is unhealthy".to_owned())
        .await
        .expect("ends");
    let row = store.deployment("shop", 1).await.expect("read").expect("there");
    assert_eq!((row.failure, row.deployment.state), (None, DeploymentState::RolledBack));
    assert_eq!(store.next_deployment("shop").await.expect("read"), None);
}

#[tokio::test]
async fn daemons_that_end_in_disorder_are_counted_and_others_are_not() {
    let (temp, store) = with_shop().await;
    put_deployment(&store, &[]).await;
    let path = temp.path().join("db");
    let next = || Store::open(&path).expect("opens");
    let begin = async |store: &Store| store.begin("shop", 1).await.expect("begins");
    assert_eq!(
        (begin(&store).await, begin(&store).await),
        (0, 0),
        "the same daemon may begin it again"
    );
    let second = next();
    assert_eq!(begin(&second).await, 1);
    second.end_in_order().await.expect("noted");
    let third = next();
    assert_eq!(begin(&third).await, 1);
    assert_eq!((begin(&next()).await, begin(&next()).await), (2, 3));
}
