//! The webhook deliveries that were acted on, so that none is acted on twice.

use super::{StoreError, now};
use rusqlite::Transaction;

/// How long a delivery is remembered, in milliseconds.
const REMEMBERED: i64 = 90 * 86_400_000;

/// Remembers a delivery by all of its marks, inside the caller's transaction; `false` when any of them was seen before.
pub(super) fn first_sight(db: &Transaction<'_>, project: &str, marks: &[String]) -> Result<bool, StoreError> {
    db.execute("DELETE FROM deliveries WHERE at < ?1", [now() - REMEMBERED])?;
    for mark in marks {
        let sql = "INSERT OR IGNORE INTO deliveries (project, id, at) VALUES (?1, ?2, ?3)";
        if db.execute(sql, (project, mark, now()))? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}
