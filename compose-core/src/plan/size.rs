//! How large a plan may be. A number in a file asks for as many containers as it likes: what is more than an engine could
//! ever run is refused before any of it is written out.

use super::error::PlanError;
use super::policy::ContainerPolicy;
use super::scope::Scope;
use crate::model::Service;
use crate::names::ServiceName;
use std::collections::BTreeMap;

/// How many containers one project may have.
pub const MAX_CONTAINERS: u32 = 10_000;
/// How many pairs of containers may wait for each other: each of a service for each of what it depends on.
pub const MAX_PAIRS: u32 = 250_000;

/// Refuses a project that asks for more containers, or for more order among them, than a plan may have.
pub(super) fn check_size(scope: &Scope<'_>, policy: &ContainerPolicy) -> Result<(), PlanError> {
    let mut counted: BTreeMap<&ServiceName, u32> = BTreeMap::new();
    let (mut containers, mut pairs) = (0_u32, 0_u64);
    for service in &scope.services {
        let own = policy.containers_of(service);
        containers = containers.saturating_add(own);
        if containers > MAX_CONTAINERS {
            return Err(PlanError::TooManyContainers {
                service: service.name.clone(),
                attribute: attribute(service, policy),
                wanted: own,
            });
        }
        // What comes before a service in the scope is counted already.
        let before = service.lifecycle.depends_on.keys().filter_map(|other| counted.get(other));
        pairs += before.map(|other| u64::from(*other) * u64::from(own)).sum::<u64>();
        if pairs > u64::from(MAX_PAIRS) {
            return Err(PlanError::TooManyPairs {
                service: service.name.clone(),
            });
        }
        counted.insert(&service.name, own);
    }
    Ok(())
}

/// What says how many containers a service has.
fn attribute(service: &Service, policy: &ContainerPolicy) -> &'static str {
    match &service.deploy {
        _ if policy.scale.contains_key(&service.name) => "--scale",
        _ if service.lifecycle.scale.is_some() => "scale",
        Some(deploy) if deploy.replicas.is_some() => "deploy.replicas",
        _ => "scale",
    }
}

#[cfg(all(test, feature = "engine"))]
mod tests {
    use super::*;
    use crate::model::{Condition, Deploy};
    use crate::observe::Observed;
    use crate::plan::plan_containers;
    use crate::sample::{With as _, project, service};

    /// Why a project is refused; `None` where its size is not to blame.
    fn refused(services: Vec<Service>, scale: Option<u32>) -> Option<String> {
        let project = project(services);
        let policy = ContainerPolicy {
            scale: scale.into_iter().map(|count| ("web".into(), count)).collect(),
            ..ContainerPolicy::default()
        };
        let refused = plan_containers(&project, &Observed::default(), &policy).expect_err("no image is there");
        (!matches!(refused, PlanError::ImageMissing { .. })).then(|| refused.to_string())
    }

    fn scaled(name: &str, scale: i64) -> Service {
        service(name).with(|service| service.lifecycle.scale = Some(scale))
    }

    #[test]
    fn more_containers_than_an_engine_runs_are_refused_with_what_asks_for_them() {
        let said = |attribute: &str, wanted: u32| {
            format!("services.web.{attribute} asks for {wanted} containers, and all of a project together are at most 10000; lower it")
        };
        for scale in [10_001, 1_000_000_000, i64::from(u32::MAX), i64::MAX] {
            let wanted = u32::try_from(scale).unwrap_or(u32::MAX);
            assert_eq!(refused(vec![scaled("web", scale)], None), Some(said("scale", wanted)));
        }
        let replicated = service("web").with(|service| {
            service.deploy = Some(Box::new(Deploy {
                replicas: Some(1_000_000),
                ..Deploy::default()
            }));
        });
        assert_eq!(refused(vec![replicated], None), Some(said("deploy.replicas", 1_000_000)));
        assert_eq!(
            refused(vec![scaled("db", 9_000), scaled("web", 1_001)], None),
            Some(said("scale", 1_001))
        );
        let by_hand = refused(vec![service("web")], Some(20_000)).expect("refused");
        assert!(by_hand.contains("--scale asks for 20000"), "{by_hand}");
        assert_eq!(refused(vec![scaled("web", 10_000)], None), None);
    }

    #[test]
    fn what_waits_for_each_other_multiplies_and_is_bounded_too() {
        let pair = |count| {
            let web = scaled("web", count).needs("db", Condition::Started);
            refused(vec![scaled("db", count), web], None)
        };
        let said = pair(501).expect("refused");
        assert_eq!(
            said,
            "services.web.depends_on: each of its containers waits for each of what it depends on, \
             which are more than 250000 pairs in the project; lower the `scale` of one side"
        );
        assert_eq!(pair(500), None);
    }
}
