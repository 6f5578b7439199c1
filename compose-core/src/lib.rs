//! A native Compose engine: it loads compose files as Docker Compose does, plans what has to be done,
//! and does it over the Docker Engine API.
//!
//! ```text
//! files, variables ──► load ──► Project ──► plan ──► apply ──► events
//!                                Observed ──┘  (the engine, observed)
//! ```
//!
//! Each arrow is a module whose input and output are plain values. Without the default feature
//! `engine` the crate loads, prints and plans, and needs no async runtime.
//!
//! # Loading
//!
//! A [`Loader`](load::Loader) is told where it stands and what it may see; it reads neither the
//! process's variables nor its working folder by itself. Files come from the disk, or from memory:
//!
//! ```
//! use compose_core::load::Loader;
//! use compose_core::source::MemoryReader;
//!
//! let files = MemoryReader::new().with(
//!     "/srv/shop/compose.yaml",
//!     "services: {web: {image: \"nginx:${TAG:-stable}\", ports: [\"8080:80\"]}}",
//! );
//! let loaded = Loader::new("/srv/shop").reader(files).variable("TAG", "1.29").load()?;
//!
//! let project = loaded.project;
//! assert_eq!(project.name.as_str(), "shop");
//! let web = &project.services["web"];
//! assert_eq!(web.image.as_ref().map(|image| image.as_str()), Some("nginx:1.29"));
//! assert_eq!(web.networking.ports[0].published.as_deref(), Some("8080"));
//! # Ok::<(), compose_core::load::LoadError>(())
//! ```
//!
//! From a folder, as `docker compose` finds it, with the caller's variables and a profile:
//!
//! ```no_run
//! use compose_core::load::Loader;
//!
//! let loaded = Loader::new("/srv/shop").variables(std::env::vars()).profile("debug").load()?;
//! for warning in &loaded.warnings {
//!     eprintln!("{}: {}", warning.code, warning.message);
//! }
//! # Ok::<(), compose_core::load::LoadError>(())
//! ```
//!
//! # What is wrong
//!
//! A project that cannot be loaded is refused with every independent [`Diagnostic`](diagnostic::Diagnostic)
//! at once. Each has a stable code, a message, a place, other places that explain it, and a next step:
//!
//! ```
//! use compose_core::diagnostic::Code;
//! use compose_core::load::Loader;
//! use compose_core::source::MemoryReader;
//!
//! let files = MemoryReader::new().with("/srv/shop/compose.yaml", "services:\n  web:\n    imgae: nginx\n");
//! let refused = Loader::new("/srv/shop").reader(files).load().unwrap_err();
//! let finding = refused.diagnostics.iter().next().unwrap();
//! assert_eq!(finding.code, Code::UnknownKey);
//! assert_eq!(refused.sources.place(finding.span.unwrap()), "/srv/shop/compose.yaml:3:5");
//! assert_eq!(finding.help.as_deref(), Some("did you mean `image`?"));
//! ```
//!
//! # Printing
//!
//! [`print::yaml`] and [`print::json`] give what `docker compose config` prints, byte for byte, and what
//! they print loads to the same project:
//!
//! ```
//! use compose_core::load::Loader;
//! use compose_core::print;
//! use compose_core::source::MemoryReader;
//!
//! let files = MemoryReader::new().with("/srv/shop/compose.yaml", "services: {web: {image: nginx}}");
//! let project = Loader::new("/srv/shop").reader(files).load()?.project;
//! assert!(print::yaml(&project).starts_with("name: shop\nservices:\n  web:\n    image: nginx\n"));
//! # Ok::<(), compose_core::load::LoadError>(())
//! ```
//!
//! The folder `examples` of the crate has these as programs.

pub mod build;
pub mod diagnostic;
pub mod hash;
pub mod labels;
pub mod load;
pub mod model;
pub mod names;
pub mod observe;
pub mod plan;
pub mod print;
#[cfg(any(test, feature = "test-util"))]
pub mod sample;
pub mod source;

#[cfg(feature = "engine")]
pub mod apply;
#[cfg(feature = "engine")]
pub mod commands;
#[cfg(feature = "engine")]
pub mod engine;
#[cfg(feature = "engine")]
pub mod event;
#[cfg(feature = "docker-compose-types")]
pub mod interop;
