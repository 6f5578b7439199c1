//! From files to located nodes: finding the files, reading them through the one door, parsing
//! YAML and `.env`. Nothing here knows what an attribute means.

pub(crate) mod discover;
mod dotenv;
mod node;
mod parse;
mod reader;
mod span;

pub use discover::STANDARD_INPUT;
pub(crate) use dotenv::definitions;
pub use dotenv::{EnvFile, EnvFormat};
pub use node::{Directive, Entry, Mapping, Node, Value};
pub(crate) use parse::{is_plain_text, parse_within};
pub use parse::{parse, parse_text};
pub use reader::{DiskReader, MAX_FILE_SIZE, MemoryReader, PathKind, ResourceReader, WithStandardInput, clean};
pub use span::{SourceFile, SourceId, SourceMap, Span};
