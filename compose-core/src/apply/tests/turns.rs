//! What runs while others are waited for.

use super::*;
use crate::model::Service;

/// The calls that were made after these, those about one container alone.
fn about<'a>(calls: &'a [String], container: &str) -> Vec<&'a str> {
    let calls = calls.iter().map(String::as_str);
    calls.filter(|call| call.split(' ').any(|word| word == container)).collect()
}

fn web() -> Service {
    service("web").needs("init", Condition::CompletedSuccessfully)
}

#[tokio::test(start_paused = true)]
async fn the_old_container_serves_until_the_job_has_ended() {
    let stage = Stage::new(FakeEngine::new().with_behaviour("init", exits(0)));
    stage.up(&project([service("init"), web()])).await.unwrap();
    let before = stage.engine.calls().len();
    let second = project([service("init").with(|init| init.image = Some("side".into())), web().env("N", "2")]);
    let job = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        let running = stage.running();
        stage.engine.exit("shop-init-1", 0);
        (running, stage.engine.calls().split_off(before))
    };
    let (result, (running, calls)) = tokio::join!(stage.up(&second), job);
    result.unwrap();
    assert_eq!(running, ["shop-init-1", "shop-web-1"]);
    assert_eq!(about(&calls, "shop-web-1"), Vec::<&str>::new(), "nothing happens to it meanwhile");
    assert_eq!(stage.running(), ["shop-web-1"]);
    assert!(
        stage
            .plan(&second)
            .await
            .steps()
            .all(|(_, step)| !matches!(step.action, crate::plan::Action::CreateContainer(_)))
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_that_fails_leaves_everything_else_untouched() {
    let stage = Stage::new(FakeEngine::new().with_behaviour("init", exits(0)).with_behaviour("side", exits(1)));
    let others = || [service("db"), service("cache").restarts_with("web")];
    let shop = |init: Service, web: Service| project(others().into_iter().chain([init, web]));
    stage.up(&shop(service("init"), web())).await.unwrap();
    let before = stage.engine.calls().len();
    let bad = service("init").with(|init| init.image = Some("side".into()));
    stage.up(&shop(bad, web().env("N", "2"))).await.unwrap_err();
    let calls = stage.engine.calls().split_off(before);
    assert_eq!(stage.running(), ["shop-cache-1", "shop-db-1", "shop-web-1"]);
    for untouched in ["shop-web-1", "shop-db-1", "shop-cache-1"] {
        assert_eq!(about(&calls, untouched), Vec::<&str>::new(), "{calls:#?}");
    }
    assert_eq!(stage.engine.containers().len(), 4, "what was made for nothing is gone");
}

#[tokio::test(start_paused = true)]
async fn a_renamed_service_that_does_not_start_is_put_back() {
    let named = |name: &str| service(name).with(|service| service.container_name = Some("x".to_owned()));
    let stage = Stage::new(FakeEngine::new());
    stage.up(&project([named("web")])).await.unwrap();
    stage.engine.fail("start x", 0);
    let options = UpOptions {
        remove_orphans: true,
        ..UpOptions::default()
    };
    let renamed = project([named("cache")]);
    up(&stage.context, &renamed, &options).await.unwrap_err();
    assert_eq!(stage.running(), ["x"]);
    assert_eq!(stage.engine.containers().len(), 1);
    assert!(stage.plan(&project([named("web")])).await.is_empty());
    up(&stage.context, &renamed, &options).await.unwrap();
    assert!(stage.plan(&renamed).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn exchanged_names_are_put_back() {
    let pair = |db: &str, web: &str| {
        let named = |name: &str, container: &str| service(name).with(|service| service.container_name = Some(container.to_owned()));
        project([named("db", db), named("web", web)])
    };
    for call in ["start x", "start y"] {
        let stage = Stage::new(FakeEngine::new());
        stage.up(&pair("x", "y")).await.unwrap();
        stage.engine.fail(call, 0);
        stage.up(&pair("y", "x")).await.unwrap_err();
        assert_eq!(stage.running().len(), 2, "{call}: {:?}", stage.running());
        stage.up(&pair("y", "x")).await.unwrap();
        assert_eq!(stage.running(), ["x", "y"], "{call}");
        assert!(stage.plan(&pair("y", "x")).await.is_empty(), "{call}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_shares_a_namespace_is_put_back_with_it() {
    let side = || {
        service("side").restarts_with("base").with(|side| {
            side.networking.networks.clear();
            side.networking.network_mode = Some(NamespaceMode::Service("base".into()));
        })
    };
    let stage = Stage::new(FakeEngine::new());
    stage.up(&project([service("base"), side()])).await.unwrap();
    stage.engine.fail("start shop-base-1", 0);
    let before = stage.engine.calls().len();
    stage.up(&project([service("base").env("N", "2"), side()])).await.unwrap_err();
    let calls = stage.engine.calls().split_off(before);
    assert!(in_order(&calls, "stop shop-side-1", "stop shop-base-1"), "{calls:#?}");
    assert_eq!(stage.running(), ["shop-base-1", "shop-side-1"]);
    assert_eq!(stage.engine.containers().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn stopping_takes_nothing_of_the_time_for_waiting() {
    let stage = Stage::new(FakeEngine::new().with_behaviour("a", healthy()).with_behaviour("b", healthy()));
    let shop = |n: &str| {
        project([
            service("a").env("N", n),
            service("b").env("N", n).needs("a", Condition::Healthy),
            service("c").env("N", n).needs("b", Condition::Healthy),
        ])
    };
    stage.up(&shop("1")).await.unwrap();
    stage.engine.delay("stop ", Duration::from_secs(9));
    let options = UpOptions {
        wait: Some(Duration::from_secs(5)),
        ..UpOptions::default()
    };
    up(&stage.context, &shop("2"), &options).await.unwrap();
    assert_eq!(stage.running().len(), 3);
}

/// What an interruption can leave of a container.
type Left = Option<(&'static str, ContainerStatus)>;

#[tokio::test(start_paused = true)]
async fn no_leftovers_of_an_interruption_are_in_the_way() {
    const OLD: &str = "shop-db-1";
    const TEMPORARY: &str = "000000000000_shop-db-1";
    const ASIDE: &str = "000000000000_shop-db-1_replaced";
    let (runs, ended, made) = (ContainerStatus::Running, ContainerStatus::Exited, ContainerStatus::Created);
    let left: [[Left; 2]; 10] = [
        [Some((OLD, runs.clone())), Some((TEMPORARY, made.clone()))],
        [Some((OLD, ended.clone())), Some((TEMPORARY, made.clone()))],
        [Some((ASIDE, ended.clone())), Some((TEMPORARY, made.clone()))],
        [Some((ASIDE, ended.clone())), Some((OLD, made.clone()))],
        [Some((ASIDE, ended.clone())), Some((OLD, runs.clone()))],
        [Some((ASIDE, ended.clone())), Some((OLD, ended.clone()))],
        [Some((ASIDE, ended)), None],
        [Some((ASIDE, runs.clone())), None],
        [None, Some((TEMPORARY, made))],
        [Some((OLD, runs.clone())), Some((TEMPORARY, runs))],
    ];
    let shop = |n: &str| project([service("db").env("N", n)]);
    for left in left {
        // The next release is the old one, the one that was interrupted, or a third.
        for next in ["1", "2", "3"] {
            let stage = Stage::new(FakeEngine::new());
            for (n, container) in ["1", "2"].into_iter().zip(&left) {
                if let Some((name, status)) = container {
                    stage.leave(&shop(n), name, status).await;
                }
            }
            let what = format!("{left:?}, then {next}");
            stage.up(&shop(next)).await.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(stage.engine.containers().len(), 1, "{what}: {:?}", stage.engine.containers());
            assert_eq!(stage.running(), [OLD], "{what}");
            assert!(stage.plan(&shop(next)).await.is_empty(), "{what}");
        }
    }
}

impl Stage {
    /// Leaves a container of a project's only service as an interruption would, beside what is there.
    async fn leave(&self, project: &Project, name: &str, status: &ContainerStatus) {
        let there: Vec<_> = self.engine.containers().into_keys().collect();
        for (index, name) in there.iter().enumerate() {
            self.rename(name, &format!("kept-{index}")).await;
        }
        let options = UpOptions {
            no_start: *status == ContainerStatus::Created,
            ..UpOptions::default()
        };
        let alone = crate::observe::Observed {
            services: BTreeMap::new(),
            ..observe(self.engine.as_ref(), &project.name, Some(project)).await.unwrap()
        };
        let plan = plan_containers(project, &alone, &options.container_policy()).unwrap();
        apply(&self.context, &project.name, Some(project), &plan).await.unwrap();
        if *status == ContainerStatus::Exited {
            self.engine.exit("shop-db-1", 0);
        }
        self.rename("shop-db-1", name).await;
        for (index, name) in there.iter().enumerate() {
            self.rename(&format!("kept-{index}"), name).await;
        }
    }

    async fn rename(&self, from: &str, to: &str) {
        let found = self.engine.list_containers(&crate::engine::Selector::default()).await.unwrap();
        let container = found.into_iter().find(|container| container.name.as_str() == from).unwrap();
        if from != to {
            self.engine.rename_container(&container.id, &to.into()).await.unwrap();
        }
    }
}
