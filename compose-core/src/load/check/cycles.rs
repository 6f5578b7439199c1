//! Services that wait for each other.

use super::Places;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::load::path::TreePath;
use crate::model::Project;
use petgraph::algo::kosaraju_scc;
use petgraph::graphmap::DiGraphMap;
use std::collections::{BTreeMap, VecDeque};

/// Reports each knot of services once, by the shortest way around from its first service.
pub(super) fn check(project: &Project, places: Places<'_>, found: &mut Diagnostics) {
    let graph = dependencies(project);
    let mut knots: Vec<Vec<&str>> = kosaraju_scc(&graph)
        .into_iter()
        .filter(|knot| knot.len() > 1 || knot.iter().any(|name| graph.contains_edge(name, name)))
        .collect();
    for knot in &mut knots {
        knot.sort_unstable();
    }
    knots.sort_unstable();
    for knot in knots {
        let way = way_around(&graph, &knot);
        let mut error = Diagnostic::error(Code::DependencyCycle, format!("dependency cycle: {}", way.join(" → ")));
        for (index, pair) in way.windows(2).enumerate() {
            let service = TreePath::SERVICES.key(pair[0]);
            let depends_on = service.key("depends_on");
            let way = depends_on.key(pair[1]);
            if index == 0 {
                error = places.blame(way, error);
                continue;
            }
            if let Some(place) = places.of(way) {
                error = error.related(place, format!("`{}` depends on `{}` here", pair[0], pair[1]));
            }
        }
        found.push(error.help("links, volumes_from and shared namespaces are dependencies too; remove one of them"));
    }
}

fn dependencies(project: &Project) -> DiGraphMap<&str, ()> {
    let mut graph = DiGraphMap::new();
    for (name, service) in &project.services {
        for other in service.lifecycle.depends_on.keys() {
            if project.services.contains_key(other) {
                graph.add_edge(name.as_str(), other.as_str(), ());
            }
        }
    }
    graph
}

/// The shortest way from the knot's first service back to it.
fn way_around<'a>(graph: &DiGraphMap<&'a str, ()>, knot: &[&'a str]) -> Vec<&'a str> {
    let start = knot[0];
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(at) = open.pop_front() {
        let mut next: Vec<&str> = graph.neighbors(at).filter(|name| knot.binary_search(name).is_ok()).collect();
        next.sort_unstable();
        for name in next {
            if name == start {
                return unwind(&came_from, start, at);
            }
            if !came_from.contains_key(name) {
                came_from.insert(name, at);
                open.push_back(name);
            }
        }
    }
    vec![start]
}

fn unwind<'a>(came_from: &BTreeMap<&'a str, &'a str>, start: &'a str, last: &'a str) -> Vec<&'a str> {
    let mut way = vec![start];
    let mut at = last;
    while at != start {
        way.push(at);
        at = came_from.get(at).copied().unwrap_or(start);
    }
    way.push(start);
    way.reverse();
    way
}

#[cfg(test)]
mod tests {
    use super::super::consistency::tests::errors;

    fn cycle(edges: &[(&str, &str)]) -> Vec<String> {
        let names: std::collections::BTreeSet<_> = edges.iter().flat_map(|(from, to)| [from, to]).collect();
        let services: Vec<_> = names
            .into_iter()
            .map(|name| {
                let on = edges.iter().filter(|(from, _)| from == name);
                let on: Vec<_> = on.map(|(_, to)| format!("{to}: {{condition: service_started}}")).collect();
                format!("{name}: {{image: x, depends_on: {{{}}}}}", on.join(", "))
            })
            .collect();
        errors(&format!("services: {{{}}}", services.join(", ")))
    }

    #[test]
    fn cycles_are_named_by_their_chain() {
        for (edges, chains) in [
            (&[("a", "a")][..], vec!["a → a"]),
            (&[("a", "b"), ("b", "a")], vec!["a → b → a"]),
            (&[("x", "a"), ("a", "b"), ("b", "c"), ("c", "a"), ("b", "d")], vec!["a → b → c → a"]),
            (&[("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")], vec!["a → b → a", "c → d → c"]),
            (&[("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")], vec![]),
        ] {
            let expected: Vec<_> = chains.into_iter().map(|chain| format!("dependency cycle: {chain}")).collect();
            assert_eq!(cycle(edges), expected);
        }
    }

    #[test]
    fn a_long_chain_is_no_cycle_and_no_overflow() {
        let names: Vec<String> = (0..500).map(|index| format!("s{index}")).collect();
        let edges: Vec<_> = names.windows(2).map(|pair| (pair[0].as_str(), pair[1].as_str())).collect();
        assert_eq!(cycle(&edges), Vec::<String>::new());
    }
}
