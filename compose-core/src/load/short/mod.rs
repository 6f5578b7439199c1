//! The short syntaxes: text in which a whole setting is packed, such as `127.0.0.1:8080:80/udp`.
//!
//! Each module reads one syntax and knows nothing of the tree it stands in.

pub(crate) mod command;
pub(crate) mod device;
pub(crate) mod hosts;
pub(crate) mod port;
pub(crate) mod volume;

/// Why a text is not of its short syntax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// What is wrong with it.
    pub(crate) what: String,
    /// What to write instead.
    pub(crate) help: &'static str,
}

impl Malformed {
    fn new(what: impl Into<String>, help: &'static str) -> Self {
        Self { what: what.into(), help }
    }
}
