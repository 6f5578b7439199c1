//! What the Compose specification allows at each place of a file, as one table, and the check of a
//! tree against it. The merge reads its rules from the same table.

mod hint;
pub(super) mod rule;
pub(super) mod table;
mod validate;

pub(super) use validate::validate;
