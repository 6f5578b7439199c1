//! Scenarios: a project is brought up on an engine in memory, something changes, and the text of
//! the next plan is compared as a whole.

#![expect(clippy::unwrap_used, reason = "tests")]

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
            owner: None,
        },
    );
    observed
        .volumes
        .insert("shop_data".into(), crate::observe::ObservedVolume { owner: None });
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
async fn down() {
    let shop = layered();
    let (engine, context) = context(
        engine()
            .with_behaviour(
                "init",
                Behaviour {
                    exits: Some(0),
                    ..Behaviour::default()
                },
            )
            .with_behaviour(
                "db",
                Behaviour {
                    health: Some(true),
                    ..Behaviour::default()
                },
            ),
    );
    up(&context, &shop, &UpOptions::default()).await.unwrap();
    let observed = observe(engine.as_ref(), &shop.name, Some(&shop)).await.unwrap();
    let plan = |project: Option<&Project>, policy: &DownPolicy| {
        plan_down(&ProjectName::new("shop"), project, &observed, policy)
            .unwrap()
            .to_string()
    };
    let everything = DownPolicy {
        volumes: true,
        images: Some(ImageRemoval::All),
        ..DownPolicy::default()
    };
    insta::assert_snapshot!("down_with_everything", plan(Some(&shop), &everything));
    insta::assert_snapshot!(
        "down_without_a_file",
        plan(
            None,
            &DownPolicy {
                volumes: true,
                ..DownPolicy::default()
            }
        )
    );
    let one = DownPolicy {
        services: vec!["init".into()],
        ..DownPolicy::default()
    };
    insta::assert_snapshot!("down_of_one_takes_its_dependents", plan(Some(&shop), &one));
    let stopping = plan_stop(Some(&shop), &observed, &LifecyclePolicy::default()).unwrap();
    insta::assert_snapshot!("stop", stopping);
    let restart = plan_restart(Some(&shop), &observed, &LifecyclePolicy::default()).unwrap();
    insta::assert_snapshot!("restart", restart);
}

#[tokio::test]
async fn start_awaits_conditions() {
    let shop = project([service("db"), service("web").needs("db", Condition::Healthy), service("cache")]);
    let mut observed = after_up(&project([service("db"), service("web"), service("cache")]), &shop).await;
    for container in observed.services.values_mut().flatten() {
        container.activity = Activity::Exited;
    }
    let policy = LifecyclePolicy {
        services: vec!["web".into()],
        ..LifecyclePolicy::default()
    };
    insta::assert_snapshot!("start_with_dependencies", plan_start(Some(&shop), &observed, &policy).unwrap());
    observed.services.clear();
    assert_eq!(
        plan_start(Some(&shop), &observed, &policy).unwrap_err(),
        PlanError::NothingToStart { service: "web".into() }
    );
}

#[tokio::test]
async fn restart_takes_those_with_restart_along() {
    let shop = project([
        service("db"),
        service("web").restarts_with("db"),
        service("cache").needs("db", Condition::Started),
    ]);
    let observed = after_up(&shop, &shop).await;
    let policy = LifecyclePolicy {
        services: vec!["db".into()],
        ..LifecyclePolicy::default()
    };
    insta::assert_snapshot!("restart_with_dependents", plan_restart(Some(&shop), &observed, &policy).unwrap());
    let alone = LifecyclePolicy {
        dependencies: DependencyScope::Exclude,
        ..policy
    };
    insta::assert_snapshot!("restart_alone", plan_restart(Some(&shop), &observed, &alone).unwrap());
}

mod images {
    use super::*;
    use crate::names::{ImageId, ImageRef};
    use crate::observe::ObservedImage;
    use std::fmt::Write as _;

    fn here(names: &[&str]) -> BTreeMap<ImageRef, ObservedImage> {
        let image = |name: &&str| {
            let found = ObservedImage {
                id: ImageId::new("sha256:1"),
                built_for: None,
                tagged_at: Some(1_000_000),
                volumes: Vec::new(),
            };
            (ImageRef::new(name), found)
        };
        names.iter().map(image).collect()
    }

    fn policy(service: crate::model::Service, policy: &str) -> crate::model::Service {
        service.with(|service| service.pull_policy = Some(crate::model::PullPolicy(policy.to_owned())))
    }

    fn text(project: &Project, present: &[&str], policy: &ImagePolicy) -> String {
        match plan_images(project, &here(present), policy) {
            Ok(plan) => plan.to_string(),
            Err(error) => format!("{error}\n"),
        }
    }

    #[test]
    fn each_pull_policy() {
        let mut lines = String::new();
        let day_later = ImagePolicy {
            now: 1_000_000 + 90_000,
            ..ImagePolicy::default()
        };
        for written in [
            "",
            "missing",
            "always",
            "never",
            "build",
            "daily",
            "weekly",
            "every_12h",
            "every_2d",
            "sometimes",
        ] {
            for (kind, one) in [
                ("image", service("db")),
                ("build", service("db").builds()),
                (
                    "both",
                    service("db").with(|db| {
                        *db = db.clone().builds();
                        db.image = Some("db".into());
                    }),
                ),
            ] {
                for present in [&["db", "shop-db"][..], &[]] {
                    let shop = project([policy(one.clone(), written)]);
                    let plan = text(&shop, present, &day_later).replace('\n', "; ");
                    let is = if present.is_empty() { "missing" } else { "present" };
                    writeln!(lines, "{written:10} {kind:5} {is}: {plan}").unwrap();
                }
            }
        }
        insta::assert_snapshot!(lines);
    }

    #[test]
    fn flags_go_over_policies() {
        let shop = project([service("db"), service("web").builds()]);
        let always = ImagePolicy {
            build: BuildChoice::Always,
            ..ImagePolicy::default()
        };
        assert_eq!(
            text(&shop, &["db", "shop-web"], &always),
            "1. build image shop-web of web (forced)\n"
        );
        let never = ImagePolicy {
            build: BuildChoice::Never,
            ..ImagePolicy::default()
        };
        assert_eq!(
            text(&shop, &["db"], &never),
            "image shop-web of service web is not there, and building is switched off\n"
        );
        let pull = ImagePolicy {
            pull: Some("always".to_owned()),
            ..ImagePolicy::default()
        };
        assert_eq!(text(&shop, &["db", "shop-web"], &pull), "1. pull image db (pull policy always)\n");
        let offline = ImagePolicy {
            pull: Some("never".to_owned()),
            ..ImagePolicy::default()
        };
        assert_eq!(
            text(&shop, &["shop-web"], &offline),
            "image db of service db is not there, and its pull policy is never\n"
        );
    }

    #[test]
    fn bases_are_built_first_and_shared_names_one_after_the_other() {
        let base = service("base").builds();
        let on = |name: &str, base: &str| {
            service(name).builds().with(|service| {
                let build = service.build.as_mut().unwrap();
                build.additional_contexts.insert("base".to_owned(), format!("service:{base}"));
            })
        };
        let twin = |name: &str| service(name).builds().with(|service| service.image = Some("twin".into()));
        let shop = project([base, on("app", "middle"), on("middle", "base"), twin("left"), twin("right")]);
        let only = ImagePolicy {
            services: vec!["app".into()],
            build: BuildChoice::Always,
            ..ImagePolicy::default()
        };
        insta::assert_snapshot!("bases_first", text(&shop, &[], &only));
        let twins = ImagePolicy {
            services: vec!["left".into(), "right".into()],
            ..only
        };
        insta::assert_snapshot!("twins_in_turn", text(&shop, &[], &twins));
        let circle = project([on("app", "middle"), on("middle", "app")]);
        assert_eq!(
            text(&circle, &[], &ImagePolicy::default()),
            "dependency cycle: app -> middle -> app\n"
        );
    }

    #[test]
    fn an_image_that_another_service_builds_is_not_pulled() {
        let built = service("web").builds().with(|web| web.image = Some("app".into()));
        let user = service("job").with(|job| job.image = Some("app".into()));
        insta::assert_snapshot!(text(&project([built, user]), &[], &ImagePolicy::default()));
    }

    #[test]
    fn one_pull_for_many_services() {
        let on = |name: &str, platform: Option<&str>| {
            service(name).with(|service| {
                service.image = Some("app".into());
                service.platform = platform.map(str::to_owned);
            })
        };
        let shop = project([on("a", None), on("b", None), on("c", Some("linux/arm64"))]);
        assert_eq!(
            text(&shop, &[], &ImagePolicy::default()),
            "1. pull image app (missing)\n2. pull image app for linux/arm64 (missing)\n"
        );
    }

    #[test]
    fn the_pull_command() {
        let shop = project([
            service("db"),
            policy(service("web"), "never"),
            policy(service("cache"), "missing"),
            policy(service("old:1"), "missing"),
            service("built").builds().with(|built| built.image = Some("app".into())),
        ]);
        let present = here(&["db", "cache", "old:1"]);
        insta::assert_snapshot!("pull", plan_pulls(&shop, &present, &PullChoice::default()).unwrap());
        let choice = PullChoice {
            skip_buildable: true,
            ignore_failures: true,
            ..PullChoice::default()
        };
        insta::assert_snapshot!("pull_what_is_not_built", plan_pulls(&shop, &present, &choice).unwrap());
    }
}

#[tokio::test]
async fn the_json_of_a_plan_says_what_its_text_says() {
    let shop = project([service("db")]);
    let plan = plan_containers(&shop, &nothing_yet(&shop).await, &ContainerPolicy::default()).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&plan).unwrap());
}
