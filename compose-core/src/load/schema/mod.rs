//! What the Compose specification allows at each place of a file, as one table, and the check of a
//! tree against it. The merge and the casts read their rules from the same table.

mod hint;
pub(super) mod rule;
pub(super) mod table;
mod validate;

pub(super) use validate::validate;

use rule::Rule;

/// A place of a model, as far as printing must know of it.
#[derive(Clone, Copy)]
pub(crate) struct Place(&'static Rule);

impl Place {
    /// The file itself.
    pub(crate) fn file() -> Self {
        Self(&table::COMPOSE_FILE)
    }

    /// The value of a key of the mapping here.
    pub(crate) fn key(self, key: &str) -> Self {
        const FREE: &Rule = &Rule::FREE;
        // What takes values from variables is made anew behind this, in the reference.
        let made_anew = matches!(key, "environment" | "args");
        Self(if made_anew { FREE } else { self.0.of_key(key) })
    }

    /// Whether a list here is freed of repeats: such a list is there even when nothing is in it.
    pub(crate) fn is_kept_unique(self) -> bool {
        self.0.unique.is_some()
    }
}
