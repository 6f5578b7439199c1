//! Scenarios: a project is brought up on an engine in memory, something changes, and the text of
//! the next plan is compared as a whole.

#![expect(clippy::unwrap_used, reason = "tests")]

mod drift;
mod images;
mod lifecycle;
mod properties;
mod turns;

use super::*;
use crate::commands::{Context, UpOptions, up};
use crate::engine::Engine;
use crate::engine::fake::{Behaviour, FakeEngine};
use crate::engine::request::PathMap;
use crate::event::NoEvents;
use crate::model::{Condition, Dependency, Extensions, Hook, NamespaceMode, Project};
use crate::names::{ContainerName, ProjectName, ServiceName};
use crate::observe::{Activity, Observed, ObservedContainer, observe};
use crate::sample::{With, project, service};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

fn engine() -> FakeEngine {
    let images = ["db", "web", "cache", "init", "base", "side"];
    images.into_iter().fold(FakeEngine::new(), FakeEngine::with_image)
}

fn context(engine: FakeEngine) -> (Arc<FakeEngine>, Context) {
    let engine = Arc::new(engine);
    let context = Context {
        engine: Arc::clone(&engine) as Arc<dyn Engine>,
        paths: PathMap::identity(),
        events: Arc::new(NoEvents),
        cancel: tokio_util::sync::CancellationToken::new(),
        parallel: 4,
    };
    (engine, context)
}

/// Brings a project up on a new engine and looks at it through another version of the project.
pub(super) async fn after_up(first: &Project, then: &Project) -> Observed {
    let (engine, context) = context(engine());
    up(&context, first, &UpOptions::default()).await.unwrap();
    observe(engine.as_ref(), &then.name, Some(then)).await.unwrap()
}

pub(super) async fn nothing_yet(project: &Project) -> Observed {
    observe(&engine(), &project.name, Some(project)).await.unwrap()
}

fn text(project: &Project, observed: &Observed, policy: &ContainerPolicy) -> String {
    let plan = plan_containers(project, observed, policy).unwrap();
    let warnings: Vec<String> = plan
        .warnings()
        .iter()
        .map(|warning| format!("warning: {}\n", warning.message))
        .collect();
    format!("{plan}{}", warnings.concat())
}

fn layered() -> Project {
    project([
        service("db").mounts("data", "/data").scale(2),
        service("web")
            .needs("db", Condition::Healthy)
            .needs("init", Condition::CompletedSuccessfully),
        service("init").needs("db", Condition::Started),
    ])
}

#[tokio::test]
async fn first_up() {
    let shop = layered();
    insta::assert_snapshot!(text(&shop, &nothing_yet(&shop).await, &ContainerPolicy::default()));
}

#[tokio::test]
async fn second_up_does_nothing() {
    let shop = project([
        service("db").mounts("data", "/data").scale(2),
        service("web").needs("db", Condition::Started),
    ]);
    let plan = plan_containers(&shop, &after_up(&shop, &shop).await, &ContainerPolicy::default()).unwrap();
    assert_eq!(plan.to_string(), "");
    assert_eq!(
        plan.unchanged(),
        [ContainerName::new("shop-db-1"), "shop-db-2".into(), "shop-web-1".into()]
    );
}

#[tokio::test]
async fn changed_configuration() {
    let shop = project([service("db"), service("web").needs("db", Condition::Started)]);
    let changed = project([service("db"), service("web").needs("db", Condition::Started).env("N", "2")]);
    insta::assert_snapshot!(text(&changed, &after_up(&shop, &changed).await, &ContainerPolicy::default()));
}

#[tokio::test]
async fn dependents_with_restart_are_stopped_first_and_started_again() {
    let plain = service("cache").needs("db", Condition::Started);
    let shop = project([service("db"), service("web").restarts_with("db"), plain.clone()]);
    let changed = project([service("db").env("N", "2"), service("web").restarts_with("db"), plain]);
    insta::assert_snapshot!(text(&changed, &after_up(&shop, &changed).await, &ContainerPolicy::default()));
}

#[tokio::test]
async fn shared_namespaces_follow() {
    let side = || {
        service("side").restarts_with("base").with(|side| {
            side.networking.networks.clear();
            side.networking.network_mode = Some(NamespaceMode::Service(ServiceName::new("base")));
        })
    };
    let shop = project([service("base"), side()]);
    let unchanged = plan_containers(&shop, &after_up(&shop, &shop).await, &ContainerPolicy::default()).unwrap();
    assert_eq!(unchanged.to_string(), "", "the hash is taken with the container's id filled in");
    let changed = project([service("base").env("N", "2"), side()]);
    insta::assert_snapshot!(text(&changed, &after_up(&shop, &changed).await, &ContainerPolicy::default()));
}

#[tokio::test]
async fn another_image_under_the_same_name() {
    let shop = project([service("db"), service("web")]);
    let (engine, context) = context(engine());
    up(&context, &shop, &UpOptions::default()).await.unwrap();
    engine.set_image("web", "sha256:ffffffffffffffff");
    let observed = observe(engine.as_ref(), &shop.name, Some(&shop)).await.unwrap();
    insta::assert_snapshot!(text(&shop, &observed, &ContainerPolicy::default()));
}

#[tokio::test]
async fn scaling() {
    let shop = project([service("web").scale(3)]);
    let observed = after_up(&shop, &shop).await;
    let scaled = |count| ContainerPolicy {
        scale: BTreeMap::from([(ServiceName::new("web"), count)]),
        ..ContainerPolicy::default()
    };
    insta::assert_snapshot!("scaling_down_drops_the_highest", text(&shop, &observed, &scaled(1)));
    insta::assert_snapshot!("scaling_up_adds", text(&shop, &observed, &scaled(4)));
    let mut gap = observed.clone();
    gap.services.get_mut("web").unwrap().remove(1);
    insta::assert_snapshot!("a_gap_is_filled", text(&shop, &gap, &ContainerPolicy::default()));
}

#[tokio::test]
async fn scaling_down_drops_outdated_containers_first() {
    let shop = project([service("web").scale(3)]);
    let mut observed = after_up(&shop, &shop).await;
    observed.services.get_mut("web").unwrap()[0].owner.config_hash = None;
    let policy = ContainerPolicy {
        scale: BTreeMap::from([(ServiceName::new("web"), 2)]),
        ..ContainerPolicy::default()
    };
    insta::assert_snapshot!(text(&shop, &observed, &policy));
}

#[tokio::test]
async fn stopped_containers_are_started_in_order() {
    let shop = project([service("db"), service("web").needs("db", Condition::Healthy)]);
    let mut observed = after_up(&project([service("db"), service("web")]), &shop).await;
    for container in observed.services.values_mut().flatten() {
        container.activity = Activity::Exited;
    }
    insta::assert_snapshot!(text(&shop, &observed, &ContainerPolicy::default()));
}

#[tokio::test]
async fn a_changed_network_is_made_anew() {
    let shop = project([
        service("db").joins(&["back"]),
        service("web").joins(&["back", "default"]),
        service("cache"),
    ]);
    let changed = shop.clone().with(|shop| {
        let network = shop.networks.get_mut("back").unwrap();
        network.labels.insert("v".to_owned(), "2".to_owned());
    });
    let observed = after_up(&shop, &changed).await;
    insta::assert_snapshot!("network_anew", text(&changed, &observed, &ContainerPolicy::default()));
    let only_db = ContainerPolicy {
        services: vec!["db".into()],
        ..ContainerPolicy::default()
    };
    insta::assert_snapshot!("network_anew_for_one_service", text(&changed, &observed, &only_db));
}

#[tokio::test]
async fn a_changed_volume_is_kept_unless_its_loss_is_agreed_to() {
    let shop = project([service("db").mounts("data", "/data")]);
    let changed = shop.clone().with(|shop| {
        let volume = shop.volumes.get_mut("data").unwrap();
        volume.labels.insert("v".to_owned(), "2".to_owned());
    });
    let observed = after_up(&shop, &changed).await;
    insta::assert_snapshot!("volume_kept", text(&changed, &observed, &ContainerPolicy::default()));
    let agreed = ContainerPolicy {
        diverged_volumes: DivergedVolumes::Recreate,
        ..ContainerPolicy::default()
    };
    insta::assert_snapshot!("volume_anew", text(&changed, &observed, &agreed));
}

#[tokio::test]
async fn a_container_that_lost_a_network_is_replaced() {
    let shop = project([service("db").joins(&["back", "default"])]);
    let mut observed = after_up(&shop, &shop).await;
    observed.services.get_mut("db").unwrap()[0].networks.remove("shop_back");
    let text = text(&shop, &observed, &ContainerPolicy::default());
    assert!(
        text.starts_with("1. create container shop-db-1 as 000000000000_shop-db-1 in place of shop-db-1 (network shop_back changed)"),
        "{text}"
    );
}

#[tokio::test]
async fn orphans() {
    let shop = project([service("db"), service("web")]);
    let smaller = project([service("db")]);
    let observed = after_up(&shop, &smaller).await;
    insta::assert_snapshot!("orphans_are_named", text(&smaller, &observed, &ContainerPolicy::default()));
    let remove = ContainerPolicy {
        orphans: Orphans::Remove,
        ..ContainerPolicy::default()
    };
    insta::assert_snapshot!("orphans_go", text(&smaller, &observed, &remove));
    let ignore = ContainerPolicy {
        orphans: Orphans::Ignore,
        ..ContainerPolicy::default()
    };
    assert_eq!(super::tests::text(&smaller, &observed, &ignore), "");
}

#[tokio::test]
async fn policies_of_recreation() {
    let shop = project([service("db"), service("web").needs("db", Condition::Started)]);
    let changed = project([
        service("db").env("N", "2"),
        service("web").needs("db", Condition::Started).env("N", "2"),
    ]);
    let observed = after_up(&shop, &changed).await;
    let policy = |recreate, recreate_dependencies| ContainerPolicy {
        services: vec!["web".into()],
        recreate,
        recreate_dependencies,
        ..ContainerPolicy::default()
    };
    assert_eq!(text(&changed, &observed, &policy(Recreate::Never, Recreate::Never)), "");
    let creations = |policy: &ContainerPolicy, project: &Project| {
        let plan = plan_containers(project, &observed, policy).unwrap();
        let made = plan.steps().filter_map(|(_, step)| match &step.action {
            Action::CreateContainer(new) => Some(format!("{} {}", new.service, step.reason)),
            _ => None,
        });
        made.collect::<Vec<_>>()
    };
    assert_eq!(creations(&policy(Recreate::Always, Recreate::Diverged), &shop), ["web forced"]);
    assert_eq!(
        creations(&policy(Recreate::Always, Recreate::Always), &shop),
        ["db forced", "web forced"]
    );
    assert_eq!(
        creations(&policy(Recreate::Diverged, Recreate::Never), &changed),
        ["web configuration changed"]
    );
}

#[tokio::test]
async fn only_making_starts_nothing() {
    let shop = project([service("db"), service("web").restarts_with("db")]);
    let policy = ContainerPolicy {
        start: StartChoice::CreateOnly,
        ..ContainerPolicy::default()
    };
    insta::assert_snapshot!("create_only", text(&shop, &nothing_yet(&shop).await, &policy));
    let changed = project([service("db").env("N", "2"), service("web").restarts_with("db")]);
    insta::assert_snapshot!("create_only_replaces", text(&changed, &after_up(&shop, &changed).await, &policy));
}

#[tokio::test]
async fn without_dependencies_only_the_named_service_is_touched() {
    let shop = project([service("db"), service("web").needs("db", Condition::Healthy)]);
    let policy = ContainerPolicy {
        services: vec!["web".into()],
        dependencies: DependencyScope::Exclude,
        ..ContainerPolicy::default()
    };
    insta::assert_snapshot!(text(&shop, &nothing_yet(&shop).await, &policy));
}

#[tokio::test]
async fn optional_dependencies() {
    let optional = Dependency {
        condition: Condition::Healthy,
        restart: false,
        required: false,
        extensions: Extensions::new(),
    };
    let shop = project([service("db"), service("web").depends("db", optional.clone())]);
    insta::assert_snapshot!(
        "optional_dependency_is_awaited",
        text(&shop, &nothing_yet(&shop).await, &ContainerPolicy::default())
    );
    let without = project([service("web").depends("db", optional)]);
    insta::assert_snapshot!(
        "absent_optional_dependency",
        text(&without, &nothing_yet(&without).await, &ContainerPolicy::default())
    );
}

#[tokio::test]
async fn hooks_run_at_their_points() {
    let hook = |command: &str| Hook {
        command: Some(vec![command.to_owned()]),
        ..Hook::default()
    };
    let hooked = service("db").with(|db| {
        db.lifecycle.post_start = vec![hook("warm"), hook("check")];
        db.lifecycle.pre_stop = vec![hook("drain")];
    });
    let shop = project([hooked.clone(), service("web").needs("db", Condition::Started)]);
    insta::assert_snapshot!(
        "hooks_after_start",
        text(&shop, &nothing_yet(&shop).await, &ContainerPolicy::default())
    );
    let observed = after_up(&shop, &shop).await;
    let down = plan_down(&shop.name, Some(&shop), &observed, &DownPolicy::default()).unwrap();
    insta::assert_snapshot!("hooks_before_stop", down);
}

#[tokio::test]
async fn a_port_is_given_up_before_another_service_takes_it() {
    let shop = project([service("db").publishes("8080"), service("web")]);
    let changed = project([service("db"), service("web").publishes("8080")]);
    insta::assert_snapshot!(text(&changed, &after_up(&shop, &changed).await, &ContainerPolicy::default()));
}

#[tokio::test]
async fn interrupted_replacements_are_finished() {
    let shop = project([service("db")]);
    let observed = after_up(&shop, &shop).await;
    let fresh = observed.service(&"db".into())[0].clone();
    let temporary = |container: &ObservedContainer| container.clone().with(|copy| copy.name = "0123456789ab_shop-db-1".into());
    let only = observed.clone().with(|observed| {
        observed.services.insert("db".into(), vec![temporary(&fresh)]);
    });
    insta::assert_snapshot!("interrupted_after_removal", text(&shop, &only, &ContainerPolicy::default()));
    let both = observed.clone().with(|observed| {
        let old = fresh.clone().with(|old| {
            old.id = "e".repeat(64).into();
            old.owner.config_hash = None;
        });
        let new = temporary(&fresh).with(|new| new.activity = Activity::Created);
        observed.services.insert("db".into(), vec![old, new]);
    });
    insta::assert_snapshot!("interrupted_before_removal", text(&shop, &both, &ContainerPolicy::default()));
    let back = observed.clone().with(|observed| {
        let old = fresh.clone().with(|old| {
            old.name = "eeeeeeeeeeee_shop-db-1_replaced".into();
            old.activity = Activity::Exited;
        });
        let new = fresh.clone().with(|new| {
            new.id = "f".repeat(64).into();
            new.owner.config_hash = None;
        });
        observed.services.insert("db".into(), vec![old, new]);
    });
    insta::assert_snapshot!("interrupted_and_undone", text(&shop, &back, &ContainerPolicy::default()));
}

#[tokio::test]
async fn dead_and_paused_containers() {
    let shop = project([service("db"), service("web")]);
    let mut observed = after_up(&shop, &shop).await;
    observed.services.get_mut("db").unwrap()[0].activity = Activity::Dead;
    observed.services.get_mut("web").unwrap()[0].activity = Activity::Paused;
    insta::assert_snapshot!(text(&shop, &observed, &ContainerPolicy::default()));
}

#[tokio::test]
async fn waiting_for_everything() {
    let shop = layered();
    let policy = ContainerPolicy {
        wait: WaitChoice::Healthy(Some(Duration::from_secs(5))),
        ..ContainerPolicy::default()
    };
    insta::assert_snapshot!(text(&shop, &nothing_yet(&shop).await, &policy));
}

#[tokio::test]
async fn anonymous_volumes_go_over() {
    let shop = project([service("db").mounts("", "/own").mounts("data", "/data")]);
    let changed = project([service("db").mounts("", "/own").mounts("data", "/data").env("N", "2")]);
    let mut observed = after_up(&shop, &changed).await;
    observed.services.get_mut("db").unwrap()[0]
        .volumes
        .push(crate::observe::ObservedMount {
            volume: "gone".into(),
            destination: "/no-longer".to_owned(),
        });
    let inherited = |policy: &ContainerPolicy| {
        let plan = plan_containers(&changed, &observed, policy).unwrap();
        let found = plan.steps().find_map(|(_, step)| match &step.action {
            Action::CreateContainer(new) => Some(new.inherited_volumes.keys().cloned().collect::<Vec<_>>()),
            _ => None,
        });
        found.unwrap()
    };
    assert_eq!(inherited(&ContainerPolicy::default()), ["/own"]);
    let renew = ContainerPolicy {
        anonymous_volumes: AnonymousVolumes::Renew,
        ..ContainerPolicy::default()
    };
    assert_eq!(inherited(&renew), Vec::<String>::new());
}

#[tokio::test]
async fn foreign_networks_and_volumes_are_used_with_a_warning() {
    let shop = project([service("db").mounts("data", "/data")]);
    let mut observed = nothing_yet(&shop).await;
    observed.networks.insert(
        "shop_default".into(),
        crate::observe::ObservedNetwork {
            id: "n".into(),
            differences: Vec::new(),
            owner: None,
        },
    );
    observed.volumes.insert(
        "shop_data".into(),
        crate::observe::ObservedVolume {
            owner: None,
            differences: Vec::new(),
        },
    );
    insta::assert_snapshot!(text(&shop, &observed, &ContainerPolicy::default()));
}

#[tokio::test]
async fn what_cannot_be_planned() {
    let refuse = |project: Project, policy: ContainerPolicy| async move {
        plan_containers(&project, &nothing_yet(&project).await, &policy)
            .unwrap_err()
            .to_string()
    };
    let named = |name: &str| ContainerPolicy {
        services: vec![name.into()],
        ..ContainerPolicy::default()
    };
    let fixed = |name: &str| service(name).with(|service| service.container_name = Some("one".to_owned()));
    let external = project([service("db").mounts("data", "/data")]).with(|shop| {
        shop.networks.get_mut("default").unwrap().external = true;
    });
    let external_volume = project([service("db").mounts("data", "/data")]).with(|shop| {
        shop.volumes.get_mut("data").unwrap().external = true;
    });
    let circle = project([
        service("a").needs("b", Condition::Started),
        service("b").needs("c", Condition::Started),
        service("c").needs("b", Condition::Started),
    ]);
    let lonely = project([service("side").with(|side| side.isolation.ipc = Some(NamespaceMode::Service("gone".into())))]);
    let provided = project([service("db").with(|db| {
        db.provider = Some(crate::model::Provider {
            kind: "cloud".to_owned(),
            ..crate::model::Provider::default()
        });
    })]);
    let messages = [
        refuse(project([service("db")]), named("nope")).await,
        refuse(circle, ContainerPolicy::default()).await,
        refuse(project([fixed("db").scale(2)]), ContainerPolicy::default()).await,
        refuse(project([fixed("db"), fixed("web")]), ContainerPolicy::default()).await,
        refuse(external, ContainerPolicy::default()).await,
        refuse(external_volume, ContainerPolicy::default()).await,
        refuse(project([service("unheard-of")]), ContainerPolicy::default()).await,
        refuse(lonely, ContainerPolicy::default()).await,
        refuse(provided, ContainerPolicy::default()).await,
    ];
    insta::assert_snapshot!(messages.join("\n"));
}

#[tokio::test]
async fn the_json_of_a_plan_says_what_its_text_says() {
    let shop = project([service("db")]);
    let plan = plan_containers(&shop, &nothing_yet(&shop).await, &ContainerPolicy::default()).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&plan).unwrap());
}
