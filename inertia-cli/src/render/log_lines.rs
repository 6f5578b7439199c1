//! Output of several containers on one screen: whole lines, each behind its container's name.

use compose_core::engine::{LogChunk, LogStream};
use std::collections::BTreeMap;
use std::io::Write as _;

/// The colours that containers get in turn, as terminals number them.
const COLORS: [u8; 10] = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

/// How lines are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefix {
    /// Without a name.
    None,
    /// Behind the container's name.
    Plain,
    /// Behind the container's name in its colour.
    Colored,
}

impl Prefix {
    /// What the flags of a command ask for.
    pub(crate) fn of(without: bool, plain: bool) -> Self {
        match (without, plain) {
            (true, _) => Self::None,
            (false, true) => Self::Plain,
            (false, false) => Self::Colored,
        }
    }
}

/// Puts chunks together to lines and prints them on standard output.
pub(crate) struct LogLines {
    prefix: Prefix,
    width: usize,
    seen: Vec<String>,
    pending: BTreeMap<(String, bool), Vec<u8>>,
}

impl LogLines {
    /// For containers of these names; others may come later.
    pub(crate) fn new<'a>(prefix: Prefix, names: impl IntoIterator<Item = &'a str>) -> Self {
        let width = names.into_iter().map(|name| name.chars().count()).max().unwrap_or_default();
        Self {
            prefix,
            width,
            seen: Vec::new(),
            pending: BTreeMap::new(),
        }
    }

    /// Takes what a container wrote and prints the lines that are whole.
    pub(crate) fn push(&mut self, name: &str, chunk: &LogChunk) -> std::io::Result<()> {
        let pending = self
            .pending
            .entry((name.to_owned(), chunk.stream == LogStream::Stderr))
            .or_default();
        pending.extend_from_slice(&chunk.bytes);
        let Some(end) = pending.iter().rposition(|&byte| byte == b'\n') else {
            return Ok(());
        };
        let rest = pending.split_off(end + 1);
        let whole = std::mem::replace(pending, rest);
        let head = self.head(name);
        let mut out = std::io::stdout().lock();
        for line in whole.split_inclusive(|&byte| byte == b'\n') {
            out.write_all(head.as_bytes())?;
            out.write_all(line)?;
        }
        out.flush()
    }

    fn head(&mut self, name: &str) -> String {
        self.width = self.width.max(name.chars().count());
        let width = self.width + 1;
        match self.prefix {
            Prefix::None => String::new(),
            Prefix::Plain => format!("{name:width$} | "),
            Prefix::Colored => {
                let at = self.seen.iter().position(|known| known == name).unwrap_or_else(|| {
                    self.seen.push(name.to_owned());
                    self.seen.len() - 1
                });
                format!("\u{1b}[{}m{name:width$} | \u{1b}[0m", COLORS[at % COLORS.len()])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LogLines, Prefix};

    #[test]
    fn names_are_padded_to_the_longest() {
        let mut lines = LogLines::new(Prefix::Plain, ["web-1", "database-1"]);
        assert_eq!(lines.head("web-1"), "web-1       | ");
        assert_eq!(lines.head("database-1"), "database-1  | ");
    }

    #[test]
    fn each_container_keeps_its_colour() {
        let mut lines = LogLines::new(Prefix::Colored, ["a", "b"]);
        let first = lines.head("a");
        assert_ne!(first, lines.head("b").replace('b', "a"));
        assert_eq!(first, lines.head("a"));
    }
}
