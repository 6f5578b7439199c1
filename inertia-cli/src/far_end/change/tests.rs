use super::*;
use compose_core::engine::fake::{Behaviour, FakeEngine};
use std::collections::BTreeSet;
use std::sync::Mutex;

/// Daemons whose images are named do not work.
#[derive(Default)]
struct Judge<'a> {
    broken: BTreeSet<&'a str>,
    /// This many answers are no, whoever is asked.
    deaf: Mutex<usize>,
    /// So often somebody finds a deployment under way; each time the old daemon must still run.
    busy: Mutex<usize>,
    engine: Option<&'a FakeEngine>,
}

impl Proof for Judge<'_> {
    async fn prove(&self, id: &ContainerId, _at: &Whereabouts, _patience: Duration) -> Result<Proven, Failure> {
        let engine = self.engine.expect("given");
        let details = engine.inspect_container(id).await?.expect("there");
        let deaf = {
            let mut deaf = self.deaf.lock().expect("not poisoned");
            let is = *deaf > 0;
            *deaf = deaf.saturating_sub(1);
            is
        };
        if deaf || self.broken.contains(details.image.as_str()) || details.state.status != ContainerStatus::Running {
            return Err(Failure::new("it is not well"));
        }
        Ok(Proven {
            pin: details.image,
            token: String::new(),
        })
    }

    async fn under_way(&self, id: &ContainerId, _at: &Whereabouts) -> Result<Vec<String>, Failure> {
        let details = self
            .engine
            .expect("given")
            .inspect_container(id)
            .await
            .expect("answered")
            .expect("there");
        assert_eq!((details.image.as_str(), details.state.status), ("old", ContainerStatus::Running));
        let mut busy = self.busy.lock().expect("not poisoned");
        let is = *busy > 0;
        *busy = busy.saturating_sub(1);
        match *busy {
            // One answer that does not come is not the end of what was under way.
            1 => Err(Failure::new("it is busy")),
            _ => Ok(is.then(|| "deployment 3 of shop".to_owned()).into_iter().collect()),
        }
    }
}

fn wanted(image: &str) -> Specification {
    Specification {
        image: image.to_owned(),
        image_id: format!("sha256:{image}"),
        pulled: None,
        port: 8081,
        state: "/s".to_owned(),
        home: "/".to_owned(),
    }
}

/// An engine with the images of two daemons; what runs under an image's id is the keeper, which ends at once.
fn engine() -> FakeEngine {
    let ends = Behaviour {
        exits: Some(0),
        ..Behaviour::default()
    };
    FakeEngine::new()
        .with_image("old")
        .with_image("new")
        .with_behaviour("sha256:old", ends.clone())
        .with_behaviour("sha256:new", ends)
}

async fn place(engine: &FakeEngine, name: &str, image: &str, runs: bool) {
    let id = engine
        .create_container(&ContainerName::new(name), None, &wanted(image).body())
        .await;
    let id = id.expect("made");
    if runs {
        engine.start_container(&id).await.expect("started");
    }
}

async fn upgrade(engine: &FakeEngine, broken: &[&str], deaf: usize) -> Result<(Outcome, String), Failure> {
    upgrade_at(0, engine, broken, deaf).await
}

/// The same at another time; the containers were made at the beginning of 1970.
async fn upgrade_at(now: i64, engine: &FakeEngine, broken: &[&str], deaf: usize) -> Result<(Outcome, String), Failure> {
    let judge = Judge {
        broken: broken.iter().copied().collect(),
        deaf: Mutex::new(deaf),
        engine: Some(engine),
        ..Judge::default()
    };
    let change = Change {
        engine,
        proof: &judge,
        program: "/p",
        now,
    };
    let found = change.mend().await?;
    let (outcome, proven) = change.converge(&found, &wanted("new")).await?;
    Ok((outcome, proven.pin))
}

/// The daemons there: name, image, whether it runs.
fn there(engine: &FakeEngine) -> Vec<(String, String, bool)> {
    let containers = engine.containers().into_iter();
    containers
        .map(|(name, status)| {
            let image = engine.body(&name).expect("there").image;
            (name, image, status == ContainerStatus::Running)
        })
        .collect()
}

fn only(image: &str) -> Vec<(String, String, bool)> {
    vec![(NAME.to_owned(), image.to_owned(), true)]
}

/// How often the database was copied, there or back.
fn copies(engine: &FakeEngine) -> usize {
    engine.calls().iter().filter(|call| *call == "start inertia-daemon-keeper").count()
}

#[tokio::test]
async fn a_daemon_is_made_left_alone_started_and_restarted() {
    let engine = engine();
    assert_eq!(upgrade(&engine, &[], 0).await.expect("made").0, Outcome::Created);
    assert_eq!(upgrade(&engine, &[], 0).await.expect("left").0, Outcome::LeftAlone);
    engine.exit(NAME, 1);
    assert_eq!(upgrade(&engine, &[], 0).await.expect("started").0, Outcome::Started);
    assert_eq!(upgrade(&engine, &[], 1).await.expect("restarted").0, Outcome::Started);
    assert!(engine.calls().contains(&format!("restart {NAME}")));
    assert_eq!(there(&engine), only("new"));
}

#[tokio::test]
async fn the_database_is_kept_between_the_old_daemon_and_the_new_one() {
    let engine = engine();
    place(&engine, NAME, "old", true).await;
    let before = engine.calls().len();
    assert_eq!(
        upgrade(&engine, &[], 0).await.expect("replaced"),
        (Outcome::Replaced, "new".to_owned())
    );
    assert_eq!(there(&engine), only("new"));
    insta::assert_snapshot!(engine.calls()[before..].join("\n"));
}

#[tokio::test]
async fn what_the_old_daemon_deploys_comes_to_its_end_first() {
    let engine = engine();
    place(&engine, NAME, "old", true).await;
    let judge = Judge {
        busy: Mutex::new(3),
        engine: Some(&engine),
        ..Judge::default()
    };
    let change = Change {
        engine: &engine,
        proof: &judge,
        program: "/p",
        now: 0,
    };
    let found = change.mend().await.expect("nothing to mend");
    change.converge(&found, &wanted("new")).await.expect("replaced");
    assert_eq!(*judge.busy.lock().expect("not poisoned"), 0);
    assert_eq!(there(&engine), only("new"));
}

#[tokio::test]
async fn a_new_daemon_that_does_not_work_makes_room_for_the_old_one_and_its_database() {
    let engine = engine();
    place(&engine, NAME, "old", true).await;
    let before = engine.calls().len();
    let failure = upgrade(&engine, &["new"], 0).await.expect_err("broken");
    assert!(failure.hints.concat().contains("runs again, with its state"), "{:?}", failure.hints);
    assert!(!failure.hints.concat().contains("--daemon"), "that log is gone with its container");
    assert_eq!(there(&engine), only("old"));
    insta::assert_snapshot!(engine.calls()[before..].join("\n"));
}

#[tokio::test]
async fn success_is_not_claimed_for_an_old_daemon_that_does_not_work_either() {
    let engine = engine();
    place(&engine, NAME, "old", true).await;
    let failure = upgrade(&engine, &["new", "old"], 0).await.expect_err("broken");
    assert!(
        failure.hints.concat().contains("could not be put back: it is not well"),
        "{:?}",
        failure.hints
    );
}

/// Each call of an upgrade fails once: the old daemon runs on, and the next attempt succeeds.
#[tokio::test]
async fn whatever_fails_on_the_way_one_daemon_runs_and_the_next_attempt_succeeds() {
    for (call, copied) in [
        ("create inertia-daemon-next", 0),
        ("stop inertia-daemon", 0),
        ("create inertia-daemon-keeper", 0),
        ("start inertia-daemon-keeper", 1),
        ("rename inertia-daemon inertia-daemon-previous", 1),
        ("rename inertia-daemon-next inertia-daemon", 1),
        // The first time is that of the old one, when it is placed.
        ("start inertia-daemon", 2),
    ] {
        let engine = engine();
        place(&engine, NAME, "old", true).await;
        engine.fail(call, 0);
        let failure = upgrade(&engine, &[], 0).await.expect_err(call);
        assert_eq!(there(&engine), only("old"), "{call}: {}", failure.text());
        assert_eq!(copies(&engine), copied, "{call}");
        assert_eq!(upgrade(&engine, &[], 0).await.expect(call).0, Outcome::Replaced);
        assert_eq!(there(&engine), only("new"), "{call}");
    }
}

/// The new daemon does not work, and each call of the way back fails once: the old one runs, under whatever name.
#[tokio::test]
async fn whatever_fails_on_the_way_back_the_old_daemon_runs() {
    for (call, skip) in [
        ("stop inertia-daemon", 1),
        ("create inertia-daemon-keeper", 1),
        ("start inertia-daemon-keeper", 1),
        ("remove inertia-daemon-keeper", 1),
        ("remove inertia-daemon", 0),
        ("rename inertia-daemon-previous inertia-daemon", 0),
    ] {
        let engine = engine();
        place(&engine, NAME, "old", true).await;
        engine.fail(call, skip);
        let failure = upgrade(&engine, &["new"], 0).await.expect_err(call);
        let running: Vec<String> = there(&engine)
            .into_iter()
            .filter(|(.., runs)| *runs)
            .map(|(_, image, _)| image)
            .collect();
        assert_eq!(running, ["old"], "{call}: {failure:?}");
        assert_eq!(upgrade(&engine, &[], 0).await.expect(call).0, Outcome::Replaced);
        assert_eq!(there(&engine), only("new"), "{call}");
    }
}

#[tokio::test]
async fn what_could_not_be_put_back_is_told() {
    for (call, skip, told) in [
        (
            "start inertia-daemon-keeper",
            1,
            "runs again, but its database could not be put back",
        ),
        (
            "rename inertia-daemon-previous inertia-daemon",
            0,
            "runs again, but not under its name",
        ),
    ] {
        let engine = engine();
        place(&engine, NAME, "old", true).await;
        engine.fail(call, skip);
        let failure = upgrade(&engine, &["new"], 0).await.expect_err(call);
        assert!(failure.hints.concat().contains(told), "{call}: {:?}", failure.hints);
        assert!(!failure.hints.concat().contains("state as it was"), "{call}: {:?}", failure.hints);
    }
}

/// The daemon that came back could have neither its name nor that of the new one removed.
#[tokio::test]
async fn a_daemon_that_came_back_under_another_name_gets_its_own_and_its_database_is_left_alone() {
    let engine = engine();
    place(&engine, PREVIOUS, "old", true).await;
    place(&engine, NAME, "new", false).await;
    engine.fail("create inertia-daemon-next", 0);
    upgrade(&engine, &[], 0).await.expect_err("cut off");
    assert_eq!(there(&engine), only("old"));
    assert_eq!(copies(&engine), 0);
}

/// Once the new daemon was seen to work, what fails is no failure of the upgrade, and nobody doubts it any more.
#[tokio::test]
async fn an_old_daemon_that_cannot_be_removed_is_no_reason_to_go_back() {
    let engine = engine();
    place(&engine, NAME, "old", true).await;
    let old = Found::on(&engine).await.expect("seen").current.expect("there").id;
    let name = leftover(&old);
    engine.fail(&format!("remove {name}"), 0);
    assert_eq!(upgrade(&engine, &[], 0).await.expect("replaced").0, Outcome::Replaced);
    assert!(there(&engine).contains(&(name.clone(), "old".to_owned(), false)));

    engine.fail(&format!("remove {name}"), 0);
    upgrade(&engine, &["new"], 0).await.expect_err("it does not answer");
    assert!(there(&engine).contains(&only("new")[0]));
    assert_eq!(copies(&engine), 1, "the database was kept, and not put back");

    upgrade(&engine, &[], 0).await.expect("it answers again");
    assert_eq!(there(&engine), only("new"));
}

#[tokio::test]
async fn an_old_daemon_that_keeps_its_name_is_removed_all_the_same() {
    let engine = engine();
    place(&engine, NAME, "old", true).await;
    let old = Found::on(&engine).await.expect("seen").current.expect("there").id;
    engine.fail(&format!("rename {PREVIOUS} {}", leftover(&old)), 0);
    assert_eq!(upgrade(&engine, &[], 0).await.expect("replaced").0, Outcome::Replaced);
    assert_eq!(there(&engine), only("new"));
}

/// The upgrade was cut off before its daemon was seen to work, which then served for long.
#[tokio::test]
async fn a_daemon_that_runs_for_long_keeps_its_database() {
    let engine = engine();
    place(&engine, PREVIOUS, "old", false).await;
    place(&engine, NAME, "new", true).await;
    let before = there(&engine);
    let failure = upgrade_at(1_000_000, &engine, &["new"], 0).await.expect_err("it does not answer");
    assert!(failure.hints[0].contains("overloaded"), "{:?}", failure.hints);
    assert_eq!(there(&engine), before);
    assert_eq!(copies(&engine), 0);
    assert_eq!(
        upgrade_at(1_000_000, &engine, &[], 0).await.expect("it answers").0,
        Outcome::LeftAlone
    );
    assert_eq!(there(&engine), only("new"));
}

/// A database that was coming back is whole before any daemon starts.
#[tokio::test]
async fn what_was_begun_with_the_database_is_finished_before_a_daemon_starts() {
    for containers in [&[(PREVIOUS, "old"), (NAME, "new")][..], &[(PREVIOUS, "old")]] {
        let engine = engine();
        for (name, image) in containers {
            place(&engine, name, image, false).await;
        }
        upgrade(&engine, &[], 0).await.expect("taken up");
        let calls = engine.calls();
        let first = calls.iter().find(|call| call.starts_with("start ")).expect("something was started");
        assert_eq!(first, "start inertia-daemon-keeper", "{containers:?}");
    }
}

#[tokio::test]
async fn a_name_that_something_else_has_is_told_and_the_old_daemon_runs_on() {
    let engine = engine();
    place(&engine, NAME, "old", true).await;
    let body = ContainerBody {
        image: "old".to_owned(),
        ..ContainerBody::default()
    };
    engine
        .create_container(&ContainerName::new(PREVIOUS), None, &body)
        .await
        .expect("made");
    let failure = upgrade(&engine, &[], 0).await.expect_err("taken");
    assert!(
        failure.text().contains(PREVIOUS) && failure.hints[0].contains("docker inspect"),
        "{failure:?}"
    );
    assert!(there(&engine).contains(&only("old")[0]));
}

/// What is there, each with whether it runs; the images that do not work; what comes of it; what is left.
type Interrupted = (
    &'static [(&'static str, &'static str, bool)],
    &'static [&'static str],
    Result<Outcome, ()>,
    &'static str,
);

/// The connection was lost, or the server went off, at each point of an upgrade.
#[tokio::test]
async fn an_interrupted_upgrade_is_taken_up() {
    let cases: [Interrupted; 7] = [
        (&[(NAME, "old", false), (NEXT, "new", false)], &[], Ok(Outcome::Replaced), "new"),
        (&[(NAME, "old", false), (KEEPER, "old", false)], &[], Ok(Outcome::Replaced), "new"),
        (&[(PREVIOUS, "old", false), (NEXT, "new", false)], &[], Ok(Outcome::Replaced), "new"),
        (&[(PREVIOUS, "old", false), (NEXT, "new", false)], &["new"], Err(()), "old"),
        (
            &[(PREVIOUS, "old", false), (NAME, "new", false)],
            &[],
            Ok(Outcome::LeftAlone),
            "new",
        ),
        (&[(PREVIOUS, "old", false), (NAME, "new", true)], &[], Ok(Outcome::LeftAlone), "new"),
        // It runs and was never seen to work: the old one is not thrown away.
        (&[(PREVIOUS, "old", false), (NAME, "new", true)], &["new"], Err(()), "old"),
    ];
    for (containers, broken, outcome, left) in cases {
        let engine = engine();
        for (name, image, runs) in containers {
            place(&engine, name, image, *runs).await;
        }
        let done = upgrade(&engine, broken, 0).await;
        assert_eq!(done.map(|(outcome, _)| outcome).map_err(drop), outcome, "{containers:?}");
        assert_eq!(there(&engine), only(left), "{containers:?}");
    }
}
