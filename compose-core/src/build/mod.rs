//! Images that the project builds itself: from a service's `build` section to a request for the
//! engine, and the files that go with it.

#[cfg(feature = "engine")]
pub mod archive;
#[cfg(feature = "engine")]
pub mod context;
pub mod ignore;
#[cfg(feature = "engine")]
pub(crate) mod request;
#[cfg(feature = "engine")]
pub(crate) mod walk;

#[cfg(feature = "engine")]
pub use request::{BuildError, image_name, request};
