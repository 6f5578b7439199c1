//! The order in which services have their turns.

use crate::model::Service;
use crate::names::ServiceName;
use std::collections::{BTreeMap, BTreeSet};

/// What a service still has to come after.
#[derive(Default)]
struct Open {
    /// Services that it depends on.
    dependencies: usize,
    /// Services that had better come first.
    wishes: usize,
}

/// Keeps an order of dependencies, but lets each service come after those that `earlier` names, as far as dependencies allow.
pub(super) fn in_order<'a>(services: &[&'a Service], earlier: &BTreeMap<&ServiceName, BTreeSet<&ServiceName>>) -> Vec<&'a Service> {
    let places: BTreeMap<&ServiceName, usize> = services.iter().enumerate().map(|(place, service)| (&service.name, place)).collect();
    let mut open: Vec<Open> = Vec::with_capacity(services.len());
    let mut dependents = vec![Vec::new(); services.len()];
    let mut wishers = vec![Vec::new(); services.len()];
    for (place, service) in services.iter().enumerate() {
        let mut own = Open::default();
        for before in service.lifecycle.depends_on.keys().filter_map(|name| places.get(name)) {
            dependents[*before].push(place);
            own.dependencies += 1;
        }
        let wishes = earlier.get(&service.name).into_iter().flatten();
        for before in wishes.filter_map(|name| places.get(*name)) {
            wishers[*before].push(place);
            own.wishes += 1;
        }
        open.push(own);
    }
    // What has all its wishes comes first, then what was first.
    let rank = |open: &[Open], place: usize| (open[place].wishes > 0, place);
    let mut ready: BTreeSet<(bool, usize)> = (0..services.len())
        .filter(|place| open[*place].dependencies == 0)
        .map(|place| rank(&open, place))
        .collect();
    let mut order = Vec::with_capacity(services.len());
    while let Some((_, next)) = ready.pop_first() {
        order.push(services[next]);
        for place in &wishers[next] {
            let was_ready = ready.remove(&rank(&open, *place));
            open[*place].wishes -= 1;
            if was_ready {
                ready.insert(rank(&open, *place));
            }
        }
        for place in &dependents[next] {
            open[*place].dependencies -= 1;
            if open[*place].dependencies == 0 {
                ready.insert(rank(&open, *place));
            }
        }
    }
    order
}

#[cfg(all(test, feature = "engine"))]
mod tests {
    use super::*;
    use crate::model::Condition;
    use crate::sample::service;

    fn ordered(services: &[Service], earlier: &[(&str, &[&str])]) -> Vec<String> {
        let names: Vec<(ServiceName, Vec<ServiceName>)> = earlier
            .iter()
            .map(|(name, before)| (ServiceName::new(name), before.iter().map(ServiceName::new).collect()))
            .collect();
        let earlier = names.iter().map(|(name, before)| (name, before.iter().collect())).collect();
        let services: Vec<&Service> = services.iter().collect();
        in_order(&services, &earlier)
            .into_iter()
            .map(|service| service.name.to_string())
            .collect()
    }

    #[test]
    fn wishes_count_as_far_as_dependencies_allow() {
        let free = [service("a"), service("b"), service("c")];
        assert_eq!(ordered(&free, &[]), ["a", "b", "c"]);
        assert_eq!(ordered(&free, &[("a", &["c"])]), ["b", "c", "a"]);
        assert_eq!(
            ordered(&free, &[("a", &["b"]), ("b", &["a"])]),
            ["c", "a", "b"],
            "a circle of wishes"
        );
        let bound = [service("a"), service("b"), service("c").needs("a", Condition::Started)];
        assert_eq!(
            ordered(&bound, &[("a", &["c"])]),
            ["b", "a", "c"],
            "what depends on it cannot come before it"
        );
        assert_eq!(ordered(&bound, &[("a", &["gone"])]), ["a", "b", "c"]);
    }
}
