//! What is there: the containers, networks, volumes and images of one project, read once.

#[cfg(feature = "engine")]
mod collect;
#[cfg(feature = "engine")]
mod compare;
mod differences;
mod state;

#[cfg(feature = "engine")]
pub use collect::{observe, observe_images};
#[cfg(feature = "engine")]
pub use compare::compare;
pub(crate) use differences::listed;
pub use differences::{Difference, Differences, Values};
pub use state::{
    Activity, Observed, ObservedContainer, ObservedImage, ObservedMount, ObservedNetwork, ObservedPort, ObservedVolume, Stranger,
};
