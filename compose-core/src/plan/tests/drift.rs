//! What differs from what is wanted although no label says so, and what reasons name.

use super::{ContainerPolicy, DivergedVolumes, Orphans, after_up, context, engine, text};
use crate::commands::{UpOptions, up};
use crate::engine::fake::FakeEngine;
use crate::engine::request::{PathMap, RestartPolicyBody};
use crate::model::{Project, RestartPolicy};
use crate::observe::{Observed, compare, observe};
use crate::sample::{With, project, service};
use std::sync::Arc;

/// Brings a project up, lets something happen to it, and compares it with another version of the project.
async fn compared(first: &Project, then: &Project, meanwhile: impl FnOnce(&FakeEngine)) -> Observed {
    let (engine, context) = context(engine());
    up(&context, first, &UpOptions::default()).await.unwrap();
    meanwhile(&engine);
    let engine: Arc<FakeEngine> = engine;
    let mut observed = observe(engine.as_ref(), &then.name, Some(then)).await.unwrap();
    compare(engine.as_ref(), then, &PathMap::identity(), &mut observed).await.unwrap();
    observed
}

fn deploying() -> ContainerPolicy {
    ContainerPolicy {
        orphans: Orphans::RemoveDisabledToo,
        diverged_volumes: DivergedVolumes::Report,
        ..ContainerPolicy::default()
    }
}

fn rich() -> Project {
    project([
        service("db").mounts("data", "/data").mounts("", "/cache").env("A", "1").with(|db| {
            db.lifecycle.restart = Some(RestartPolicy("unless-stopped".to_owned()));
            db.process.command = Some(vec!["run".to_owned()]);
        }),
        // A port of the host that the engine chooses: both have one.
        service("web")
            .publishes("8080")
            .with(|web| web.networking.ports[0].published = None)
            .scale(2),
    ])
}

#[tokio::test]
async fn what_was_just_made_differs_in_nothing() {
    let shop = rich();
    let observed = compared(&shop, &shop, |_| {}).await;
    assert!(
        observed.containers().all(|container| container.differences.all().is_empty()),
        "{observed:?}"
    );
    assert_eq!(text(&shop, &observed, &deploying()), "");
}

#[tokio::test]
async fn a_limit_changed_by_hand_is_put_right() {
    let shop = rich();
    let observed = compared(&shop, &shop, |engine| {
        engine.update("shop-web-1", |host| {
            host.restart_policy = Some(RestartPolicyBody {
                name: "always".to_owned(),
                maximum_retry_count: 0,
            });
            host.resources.memory = Some(64 << 20);
        });
    })
    .await;
    let plan = text(&shop, &observed, &deploying());
    let reason = "changed since it was made: mem_limit (64m, not none), restart (always, not no)";
    assert!(
        plan.contains(reason) && !plan.contains("shop-web-2") && !plan.contains("shop-db"),
        "{plan}"
    );
}

#[tokio::test]
async fn reasons_name_the_fields_and_no_values() {
    let shop = rich();
    let changed = rich().with(|shop| {
        let db = shop.services.get_mut("db").unwrap();
        db.process.environment.insert("A".to_owned(), Some("hidden".to_owned()));
        db.process.environment.insert("B".to_owned(), Some("hidden".to_owned()));
        db.process.command = None;
        let web = shop.services.get_mut("web").unwrap();
        web.networking.ports[0].published = Some("8081".to_owned());
        web.lifecycle.restart = Some(RestartPolicy("always".to_owned()));
    });
    let plan = text(&changed, &compared(&shop, &changed, |_| {}).await, &deploying());
    assert!(
        plan.contains("(configuration changed: command, environment.A, environment.B)"),
        "{plan}"
    );
    assert!(plan.contains("(configuration changed: ports, restart (no, not always))"), "{plan}");
    assert!(!plan.contains("hidden"), "{plan}");
}

#[tokio::test]
async fn a_volume_that_differs_stays_and_is_told_field_by_field() {
    let shop = rich();
    let changed = rich().with(|shop| {
        let data = shop.volumes.get_mut("data").unwrap();
        data.driver_opts.insert("o".to_owned(), "password=hidden".to_owned());
    });
    let plan = text(&changed, &after_up(&shop, &changed).await, &deploying());
    assert_eq!(
        plan,
        "warning: volume shop_data differs from the compose file in driver_opts.o; it is kept as it is, with its data\n"
    );
}

#[tokio::test]
async fn a_network_that_differs_is_made_anew_for_the_fields_that_differ() {
    let shop = project([service("db")]);
    let changed = project([service("db")]).with(|shop| shop.networks.get_mut("default").unwrap().internal = true);
    let plan = text(&changed, &after_up(&shop, &changed).await, &deploying());
    assert!(
        plan.contains("remove network shop_default (configuration changed: internal)"),
        "{plan}"
    );
}

#[tokio::test]
async fn containers_whose_profile_was_switched_off_go() {
    let shop = rich();
    let without = rich().with(|shop| {
        let web = shop.services.remove("web").unwrap();
        shop.disabled_services.insert(web.name.clone(), web);
    });
    let observed = after_up(&shop, &without).await;
    let plan = text(&without, &observed, &deploying());
    for name in ["shop-web-1", "shop-web-2"] {
        assert!(plan.contains(&format!("remove container {name} (its profile is off)")), "{plan}");
    }
    assert_eq!(text(&without, &observed, &ContainerPolicy::default()), "");
}
