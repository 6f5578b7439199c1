//! Projects from and for other libraries.

pub mod docker_compose_types;
