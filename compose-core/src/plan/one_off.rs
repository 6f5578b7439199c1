//! A container of `run`: what its service depends on is brought up as `up` would, then it is made.

use super::action::{Action, ContainerRef, NewContainer, OneOffRole, Target};
use super::containers::Planner;
use super::convergence::Deciding;
use super::error::PlanError;
use super::graph::{Plan, StepId};
use super::policy::ContainerPolicy;
use super::reason::Reason;
use super::scope::{Scope, find};
use super::shared::SharedThings;
use super::size::check_size;
use super::stops::Stops;
use crate::model::Project;
use crate::names::{ContainerName, ReplicaNumber, ServiceName};
use crate::observe::Observed;
use std::collections::BTreeMap;

/// A container beside those of `up`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOff {
    /// The service whose container it is.
    pub service: ServiceName,
    /// Its name.
    pub name: ContainerName,
    /// What tells it from replicas.
    pub role: OneOffRole,
}

/// Plans a container of `run`; the step that makes it comes last and is returned too. It is not
/// started: whoever wants its first words connects to it before.
pub fn plan_one_off(
    project: &Project,
    observed: &Observed,
    policy: &ContainerPolicy,
    one_off: &OneOff,
) -> Result<(Plan, StepId), PlanError> {
    let names = std::slice::from_ref(&one_off.service);
    let service = find(project, &one_off.service).ok_or_else(|| PlanError::UnknownService {
        service: one_off.service.clone(),
    })?;
    let scope = Scope::of(project, names, policy.dependencies)?;
    let mut plan = Plan::default();
    let shared = SharedThings::decide(project, &scope, observed, policy, &mut plan)?;
    let dependencies = scope.without(&one_off.service);
    check_size(&dependencies, policy)?;
    let deciding = Deciding {
        project,
        observed,
        policy,
        scope: &dependencies,
        shared: &shared,
    };
    let decisions = deciding.decide()?;
    let image = deciding.image(service)?;
    let mut planner = Planner {
        project,
        observed,
        policy,
        scope: &dependencies,
        decisions: &decisions,
        plan,
        stops: Stops::new(policy.grace),
    };
    let arranged = planner.arrange(&shared, Some(service))?;
    let peers = planner.peer_targets(service, &arranged.targets);
    let mut after = arranged.provided.needed_by(service);
    after.extend(arranged.before_last);
    after.extend(created(&peers));
    let new = NewContainer {
        service: service.name.clone(),
        number: ReplicaNumber::FIRST,
        name: one_off.name.clone(),
        temporary_name: None,
        image: image.reference,
        image_id: image.id,
        replaces: None,
        inherited_volumes: BTreeMap::new(),
        peers,
        one_off: Some(one_off.role.clone()),
    };
    let step = planner.plan.add(after, Action::CreateContainer(new), Reason::Requested);
    Ok((planner.plan, step))
}

/// The steps that make what a container shares something with.
fn created(peers: &BTreeMap<ServiceName, Vec<Target>>) -> impl Iterator<Item = StepId> {
    peers.values().flatten().filter_map(|peer| match peer.at {
        ContainerRef::Created(step) => Some(step),
        ContainerRef::Existing(_) => None,
    })
}

#[cfg(all(test, feature = "engine"))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::model::Condition;
    use crate::plan::DependencyScope;
    use crate::plan::tests::{after_up, nothing_yet};
    use crate::sample::{project, service};

    fn text(project: &Project, observed: &Observed, dependencies: DependencyScope) -> String {
        let policy = ContainerPolicy {
            dependencies,
            ..ContainerPolicy::default()
        };
        let one_off = OneOff {
            service: "web".into(),
            name: "shop-web-run-1f".into(),
            role: OneOffRole {
                slug: "1f".to_owned(),
                auto_remove: true,
                service_aliases: false,
            },
        };
        plan_one_off(project, observed, &policy, &one_off).unwrap().0.to_string()
    }

    #[tokio::test]
    async fn dependencies_are_up_before_it_is_made() {
        let shop = project([
            service("db").mounts("data", "/data"),
            service("init").needs("db", Condition::Started),
            service("web")
                .needs("db", Condition::Healthy)
                .needs("init", Condition::CompletedSuccessfully)
                .mounts("files", "/files"),
            service("cache"),
        ]);
        let first = text(&shop, &nothing_yet(&shop).await, DependencyScope::Include);
        insta::assert_snapshot!("a_first_run", first);
        let alone = text(&shop, &nothing_yet(&shop).await, DependencyScope::Exclude);
        insta::assert_snapshot!("a_run_without_dependencies", alone);
    }

    #[tokio::test]
    async fn what_is_up_is_left_alone() {
        let shop = project([service("db"), service("web").needs("db", Condition::Started)]);
        let beside = text(&shop, &after_up(&shop, &shop).await, DependencyScope::Include);
        assert_eq!(beside, "1. create container shop-web-run-1f (requested)\n");
    }
}
