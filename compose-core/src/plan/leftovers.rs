//! What an interrupted replacement left behind: of several containers in one place, the one that counts.

use super::naming::is_temporary_form;
use super::reason::Reason;
use crate::names::ReplicaNumber;
use crate::observe::{Activity, ObservedContainer};
use std::collections::BTreeMap;

/// A container, and why it has to be replaced; `None` when it may stay.
pub(super) type Judged<'a> = (Option<Reason>, &'a ObservedContainer);

/// A service's containers, sorted out.
#[derive(Default)]
pub(super) struct SortedOut<'a> {
    /// One for each place.
    pub(super) places: Vec<Judged<'a>>,
    /// Others that run.
    pub(super) beside: Vec<&'a ObservedContainer>,
    /// Others that do not run: nobody needs them.
    pub(super) left_over: Vec<&'a ObservedContainer>,
}

/// Finds the container that counts where a replacement was interrupted: what runs comes before what does not, then what fits,
/// then what bears the name for good, then what ever ran.
pub(super) fn sort_out(judged: Vec<Judged<'_>>) -> SortedOut<'_> {
    let mut numbered: BTreeMap<ReplicaNumber, Vec<Judged<'_>>> = BTreeMap::new();
    let mut sorted = SortedOut::default();
    for (reason, container) in judged {
        match container.owner.number() {
            Some(number) => numbered.entry(number).or_default().push((reason, container)),
            None => sorted.places.push((reason, container)),
        }
    }
    for mut group in numbered.into_values() {
        if !group.iter().any(|(_, container)| is_temporary_form(&container.name)) {
            sorted.places.extend(group);
            continue;
        }
        group.sort_by_key(|(reason, container)| {
            let never_ran = container.activity == Activity::Created;
            let alive = container.activity.is_alive();
            (!alive, reason.is_some(), is_temporary_form(&container.name), never_ran)
        });
        let mut group = group.into_iter();
        sorted.places.extend(group.next());
        for (_, container) in group {
            if container.activity.is_alive() {
                sorted.beside.push(container);
            } else {
                sorted.left_over.push(container);
            }
        }
    }
    sorted
}
