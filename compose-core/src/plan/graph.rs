//! A plan as a graph: steps, and which must be done before which.
//!
//! A step may only come after steps that were added before it, so that no cycle can be built and
//! the order of the numbers is an order in which the plan can be carried out.

use super::action::{Action, Target};
use super::reason::Reason;
use crate::diagnostic::Diagnostics;
use crate::names::ContainerName;
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// The number of a step in its plan; the first is printed as 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(u32);

impl StepId {
    /// Its place among the steps, from 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    fn node(self) -> NodeIndex {
        NodeIndex::new(self.index())
    }

    fn of(node: NodeIndex) -> Self {
        Self(u32::try_from(node.index()).expect("petgraph's default index is 32 bits wide"))
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&(self.index() + 1), f)
    }
}

impl Serialize for StepId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.index() as u64 + 1)
    }
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What.
    #[serde(flatten)]
    pub action: Action,
    /// Why.
    pub reason: Reason,
}

/// The steps by which a container makes way for others, for putting it back when they are not all done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// The container that makes way.
    pub old: Target,
    /// It ran when it was observed.
    pub was_alive: bool,
    /// Stops it.
    pub stop: Option<StepId>,
    /// Takes its name away, where another gets it.
    pub rename_old: Option<StepId>,
    /// What takes its place, or what it held.
    pub successors: Vec<Successor>,
    /// Removes it; from here on there is no way back.
    pub remove: StepId,
}

/// The steps by which a container takes another's place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Successor {
    /// Makes it, unless it was there before.
    pub create: Option<StepId>,
    /// Gives it its name, unless it had that from the beginning.
    pub rename: Option<StepId>,
    /// Starts it.
    pub start: Option<StepId>,
}

impl Successor {
    /// The step by which it has taken the place.
    pub fn last(&self) -> Option<StepId> {
        self.start.or(self.rename).or(self.create)
    }
}

/// What has to be done, in which order, and why.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    graph: DiGraph<Step, ()>,
    replacements: Vec<Replacement>,
    unchanged: Vec<ContainerName>,
    warnings: Diagnostics,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.graph.node_count() == 0
    }

    /// How many steps it has.
    pub fn len(&self) -> usize {
        self.graph.node_count()
    }

    /// The steps, in an order in which they can be done.
    pub fn steps(&self) -> impl Iterator<Item = (StepId, &Step)> {
        self.graph.node_indices().map(|node| (StepId::of(node), &self.graph[node]))
    }

    /// One step.
    ///
    /// # Panics
    ///
    /// When the id is another plan's.
    pub fn step(&self, id: StepId) -> &Step {
        &self.graph[id.node()]
    }

    /// The steps that must be done before this one, ascending.
    pub fn before(&self, id: StepId) -> Vec<StepId> {
        self.neighbours(id, Direction::Incoming)
    }

    /// The steps that wait for this one, ascending.
    pub fn after(&self, id: StepId) -> Vec<StepId> {
        self.neighbours(id, Direction::Outgoing)
    }

    /// The replacements among its steps.
    pub fn replacements(&self) -> &[Replacement] {
        &self.replacements
    }

    /// The containers that already are what is wanted.
    pub fn unchanged(&self) -> &[ContainerName] {
        &self.unchanged
    }

    /// What was noticed while planning.
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }

    /// The steps that no other waits for.
    pub(super) fn ends(&self) -> Vec<StepId> {
        self.graph.externals(Direction::Outgoing).map(StepId::of).collect()
    }

    fn neighbours(&self, id: StepId, direction: Direction) -> Vec<StepId> {
        let mut found: Vec<StepId> = self.graph.neighbors_directed(id.node(), direction).map(StepId::of).collect();
        found.sort_unstable();
        found
    }

    pub(super) fn add(&mut self, after: impl IntoIterator<Item = StepId>, action: Action, reason: Reason) -> StepId {
        let before: BTreeSet<StepId> = after.into_iter().collect();
        let node = self.graph.add_node(Step { action, reason });
        for earlier in before {
            self.graph.add_edge(earlier.node(), node, ());
        }
        StepId::of(node)
    }

    pub(super) fn replacement(&mut self, replacement: Replacement) {
        self.replacements.push(replacement);
    }

    pub(super) fn keep(&mut self, name: ContainerName) {
        self.unchanged.push(name);
    }

    pub(super) fn warn(&mut self, warning: crate::diagnostic::Diagnostic) {
        self.warnings.push(warning);
    }
}

impl Serialize for Plan {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Row<'a> {
            id: StepId,
            after: Vec<StepId>,
            #[serde(flatten)]
            step: &'a Step,
        }
        serializer.collect_seq(self.steps().map(|(id, step)| Row {
            id,
            after: self.before(id),
            step,
        }))
    }
}
