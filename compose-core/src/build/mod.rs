//! Images that the project builds itself: from a service's `build` section to a request for the
//! engine, and the files that go with it.

pub mod archive;
pub mod context;
pub mod ignore;
pub(crate) mod request;
pub(crate) mod walk;

pub use request::{BuildError, image_name, request};
