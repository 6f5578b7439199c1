//! Removing the containers of services and leaving everything else of the project.

use super::action::AnonymousFate;
use super::error::PlanError;
use super::graph::Plan;
use super::policy::RemovalPolicy;
use super::reason::Reason;
use super::relations::Relations;
use super::stops::Stops;
use crate::model::Project;
use crate::observe::Observed;

/// Plans `rm`: containers that do not run; those that do as well, dependents first, where the policy stops them.
pub fn plan_removal(project: Option<&Project>, observed: &Observed, policy: &RemovalPolicy) -> Result<Plan, PlanError> {
    let relations = Relations::of(project, observed);
    let chosen = relations.choose(&policy.services)?;
    let fate = if policy.volumes {
        AnonymousFate::Remove
    } else {
        AnonymousFate::Keep
    };
    let mut plan = Plan::default();
    let mut stops = Stops::new(None);
    relations.dependents_first(&chosen, |name, after| {
        let service = relations.service(name);
        let mut own = Vec::new();
        for container in observed
            .service(name)
            .iter()
            .filter(|container| policy.stop || !container.activity.is_alive())
        {
            own.extend(stops.stop(&mut plan, container, service, &Reason::Requested, after));
            stops.remove(&mut plan, container, service, fate, &Reason::Requested, &[]);
        }
        own
    })?;
    Ok(plan)
}

#[cfg(all(test, feature = "engine"))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::model::Condition;
    use crate::names::ServiceName;
    use crate::observe::Activity;
    use crate::plan::tests::after_up;
    use crate::sample::{project, service};

    fn policy(stop: bool, services: &[&str]) -> RemovalPolicy {
        RemovalPolicy {
            services: services.iter().map(ServiceName::new).collect(),
            stop,
            volumes: true,
        }
    }

    #[tokio::test]
    async fn only_what_does_not_run_is_removed_unless_it_is_stopped_first() {
        let shop = project([service("db"), service("web").needs("db", Condition::Started)]);
        let mut observed = after_up(&shop, &shop).await;
        let text = |observed: &Observed, policy| plan_removal(Some(&shop), observed, &policy).unwrap().to_string();
        assert_eq!(text(&observed, policy(false, &[])), "");
        insta::assert_snapshot!("running_ones_are_stopped_dependents_first", text(&observed, policy(true, &[])));
        observed.services.get_mut("db").unwrap()[0].activity = Activity::Exited;
        insta::assert_snapshot!("one_that_ended_goes", text(&observed, policy(false, &[])));
        assert_eq!(text(&observed, policy(false, &["web"])), "");
        let unknown = plan_removal(Some(&shop), &observed, &policy(false, &["ghost"]));
        assert!(matches!(unknown, Err(PlanError::UnknownService { .. })));
    }
}
