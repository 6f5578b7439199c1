//! What is there: the containers, networks, volumes and images of one project, read once.

#[cfg(feature = "engine")]
mod collect;
mod state;

#[cfg(feature = "engine")]
pub use collect::{observe, observe_images};
pub use state::{
    Activity, Observed, ObservedContainer, ObservedImage, ObservedMount, ObservedNetwork, ObservedPort, ObservedVolume, Stranger,
};
