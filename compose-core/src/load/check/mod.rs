//! What the schema cannot say: [`early`] on the tree, then [`consistency`] on the typed project.

pub(crate) mod advice;
pub(crate) mod consistency;
mod cycles;
pub(crate) mod early;
mod limits;
mod places;
mod references;

pub(crate) use places::Places;
pub(in crate::load) use references::depends_on_disabled;

#[cfg(test)]
pub(crate) fn testing_project(text: &str) -> crate::model::Project {
    consistency::tests::project(text).0
}
