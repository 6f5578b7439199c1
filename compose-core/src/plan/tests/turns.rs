//! When what runs makes way, and for whom.

use super::*;
use crate::model::{Endpoint, Service};
use crate::observe::Stranger;

fn changed(service: Service) -> Service {
    service.env("N", "2")
}

fn named(name: &str, container_name: &str) -> Service {
    service(name).with(|service| service.container_name = Some(container_name.to_owned()))
}

fn shares_network(name: &str, peer: &str) -> Service {
    service(name).restarts_with(peer).with(|service| {
        service.networking.networks.clear();
        service.networking.network_mode = Some(NamespaceMode::Service(peer.into()));
    })
}

fn at(name: &str, address: &str) -> Service {
    service(name).with(|service| {
        let endpoint = Endpoint {
            ipv4_address: Some(address.to_owned()),
            ..Endpoint::default()
        };
        service.networking.networks.insert("default".into(), Some(Box::new(endpoint)));
    })
}

pub(super) fn remove_orphans() -> ContainerPolicy {
    ContainerPolicy {
        orphans: Orphans::Remove,
        ..ContainerPolicy::default()
    }
}

/// The text of the plan from one project to the next.
async fn between(before: Project, after: Project) -> String {
    text(&after, &after_up(&before, &after).await, &remove_orphans())
}

#[tokio::test]
async fn what_runs_goes_on_until_the_job_before_its_successor_has_ended() {
    let web = || service("web").needs("init", Condition::CompletedSuccessfully).scale(2);
    let before = project([service("init"), web()]).with(|shop| {
        // Nothing waits for what never ends on the engine in memory.
        shop.services.get_mut("web").unwrap().lifecycle.depends_on.clear();
    });
    insta::assert_snapshot!(between(before, project([changed(service("init")), changed(web())])).await);
}

#[tokio::test]
async fn a_chain_makes_way_link_by_link() {
    let chain = |change: fn(Service) -> Service| {
        project([
            change(service("db")),
            change(service("cache").needs("db", Condition::Started)),
            change(service("web").needs("cache", Condition::Started)),
        ])
    };
    insta::assert_snapshot!(between(chain(|service| service), chain(changed)).await);
}

#[tokio::test]
async fn what_is_restarted_with_a_job_is_restarted_after_it() {
    let restarted = |condition| {
        let dependency = Dependency {
            condition,
            restart: true,
            required: true,
            extensions: Extensions::new(),
        };
        service("web").depends("init", dependency)
    };
    let before = project([service("init"), restarted(Condition::Started)]);
    let after = project([changed(service("init")), restarted(Condition::CompletedSuccessfully)]);
    let mut observed = after_up(&before, &after).await;
    observed.services.get_mut("init").unwrap()[0].activity = Activity::Exited;
    insta::assert_snapshot!(text(&after, &observed, &ContainerPolicy::default()));
}

#[tokio::test]
async fn what_shares_a_namespace_stops_before_it_goes() {
    let shop = |change: fn(Service) -> Service| {
        project([
            service("db"),
            change(service("base").needs("db", Condition::Started)),
            shares_network("side", "base"),
            service("web").needs("side", Condition::Started),
        ])
    };
    insta::assert_snapshot!(between(shop(|service| service), shop(changed)).await);
}

#[tokio::test]
async fn what_shares_a_namespace_with_what_is_restarted_is_restarted_too() {
    let shop = |change: fn(Service) -> Service| {
        project([
            change(service("db")),
            service("base").restarts_with("db"),
            shares_network("side", "base"),
        ])
    };
    insta::assert_snapshot!(between(shop(|service| service), shop(changed)).await);
}

#[tokio::test]
async fn a_renamed_service_takes_over_from_what_it_was_called() {
    let db = || service("db").mounts("data", "/data");
    let by_name = between(project([named("web", "x")]), project([named("side", "x")])).await;
    insta::assert_snapshot!("renamed_with_a_fixed_name", by_name);
    let by_port = between(
        project([db(), service("web").publishes("80")]),
        project([db(), service("side").publishes("80").needs("db", Condition::Started)]),
    )
    .await;
    insta::assert_snapshot!("renamed_with_a_port", by_port);
    let by_volume = between(project([db()]), project([service("base").mounts("data", "/data")])).await;
    insta::assert_snapshot!("renamed_with_a_volume", by_volume);
}

#[tokio::test]
async fn names_move_between_services() {
    let moved = between(project([named("web", "x")]), project([service("web"), named("cache", "x")])).await;
    insta::assert_snapshot!("a_name_moves", moved);
    let swapped = between(
        project([named("db", "x"), named("web", "y").needs("db", Condition::Started)]),
        project([named("db", "y"), named("web", "x").needs("db", Condition::Started)]),
    )
    .await;
    insta::assert_snapshot!("names_are_exchanged", swapped);
}

#[tokio::test]
async fn an_address_moves_between_services() {
    let before = project([at("db", "10.0.0.5"), service("web").needs("db", Condition::Started)]);
    let after = project([service("db"), at("web", "10.0.0.5").needs("db", Condition::Started)]);
    insta::assert_snapshot!("an_address_moves_down", between(before.clone(), after.clone()).await);
    insta::assert_snapshot!("an_address_moves_up", between(after, before).await);
}

#[tokio::test]
async fn orphans_go_when_everything_else_is_done() {
    let before = project([service("cache"), service("db"), service("web").needs("db", Condition::Started)]);
    let after = project([service("db"), changed(service("web").needs("db", Condition::Started))]);
    insta::assert_snapshot!(between(before, after).await);
}

#[tokio::test]
async fn host_networks_are_given_up_first_but_not_by_what_waits() {
    let on_the_host = |name| {
        service(name).with(|service| {
            service.networking.networks.clear();
            service.networking.network_mode = Some(NamespaceMode::Other("host".to_owned()));
        })
    };
    let shop = |change: fn(Service) -> Service| {
        project([
            change(on_the_host("db")),
            change(on_the_host("cache")),
            change(on_the_host("web").needs("db", Condition::Started)),
        ])
    };
    insta::assert_snapshot!(between(shop(|service| service), shop(changed)).await);
}

/// What is told where a name is borne by something that stays.
fn refused(after: &Project, observed: &Observed, policy: &ContainerPolicy) -> String {
    plan_containers(after, observed, policy).unwrap_err().to_string()
}

#[tokio::test]
async fn a_name_that_something_keeps_is_refused_with_whose_it_is() {
    let after = project([named("web", "x"), service("db")]);
    let stranger = |owner: Option<(&str, &str)>| {
        let owner = owner.map(|(project, service)| (project.into(), service.into()));
        BTreeMap::from([(
            "x".into(),
            Stranger {
                id: "9b7f7dd0".into(),
                owner,
            },
        )])
    };
    let mut observed = nothing_yet(&after).await;
    let mut messages = Vec::new();
    for owner in [None, Some(("blog", "front"))] {
        observed.strangers = stranger(owner);
        messages.push(refused(&after, &observed, &remove_orphans()));
    }
    let orphaned = after_up(&project([named("cache", "x"), service("db")]), &after).await;
    messages.push(refused(&after, &orphaned, &ContainerPolicy::default()));
    let aside = after_up(&project([named("db", "x")]), &after).await;
    let only_web = ContainerPolicy {
        services: vec!["web".into()],
        ..ContainerPolicy::default()
    };
    messages.push(refused(&after, &aside, &only_web));
    insta::assert_snapshot!("names_that_are_kept", messages.join("\n"));
    let by_default = project([named("web", "shop-db-1"), service("db")]);
    let twice = refused(&by_default, &nothing_yet(&by_default).await, &ContainerPolicy::default());
    assert_eq!(twice, "services db and web both have the container_name shop-db-1");
}
