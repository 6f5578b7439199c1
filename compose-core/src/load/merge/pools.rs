//! `networks.*.ipam.config`: address pools become one list by their subnet.

use crate::source::{Mapping, Node, Value};

/// The pools of a list, `None` where it is none or holds something else.
pub(super) fn mappings(node: &Node) -> Option<Vec<Node>> {
    let items = node.as_sequence()?;
    items.iter().all(|item| item.as_mapping().is_some()).then(|| items.to_vec())
}

/// Puts pools over pools.
///
/// The reference goes through all pairs and merges in place, so that pools of *different* subnets
/// can end up mixed when there are several on both sides, and a base pool is lost when the only
/// other one has another subnet. People's files depend on what comes out, so this walks the same
/// way: `merged` refers to pools that later pairs may still change.
pub(super) fn merge(mut base: Vec<Node>, over: &[Node], mut put: impl FnMut(&mut Mapping, Mapping)) -> Vec<Node> {
    let mut merged: Vec<Place> = Vec::new();
    for one in 0..base.len() {
        for (other, pool) in over.iter().enumerate() {
            if subnet(pool) != subnet(&base[one]) && !merged.iter().any(|place| subnet(place.of(&base, over)) == subnet(pool)) {
                merged.push(Place::Over(other));
                continue;
            }
            if let (Value::Mapping(keys), Value::Mapping(more)) = (&mut base[one].value, &pool.value) {
                put(keys, more.clone());
            }
            let same = merged.iter().position(|place| subnet(place.of(&base, over)) == subnet(&base[one]));
            match same {
                Some(index) => merged[index] = Place::Base(one),
                None => merged.push(Place::Base(one)),
            }
        }
    }
    merged.into_iter().map(|place| place.of(&base, over).clone()).collect()
}

/// A pool, by its list and position.
#[derive(Clone, Copy)]
enum Place {
    Base(usize),
    Over(usize),
}

impl Place {
    fn of<'a>(self, base: &'a [Node], over: &'a [Node]) -> &'a Node {
        match self {
            Self::Base(index) => &base[index],
            Self::Over(index) => &over[index],
        }
    }
}

fn subnet(pool: &Node) -> Option<&Value> {
    pool.get("subnet")
        .map(|subnet| &subnet.value)
        .filter(|subnet| !matches!(subnet, Value::Null))
}
