//! The webhook deliveries that were acted on, so that none is acted on twice.

use super::{StoreError, now, signed};
use rusqlite::Transaction;

/// How many marks of deliveries to one project are remembered, however old: a clock may be wrong for a while.
const REMEMBERED: u32 = 10_000;

/// Whether a delivery was acted on before, by any of its marks. One whose deployment failed before it changed anything was
/// not: whoever delivers it again wants it tried again.
pub(super) fn is_done(db: &Transaction<'_>, project: &str, marks: &[String]) -> Result<bool, StoreError> {
    let mut query = db.prepare(
        "SELECT 1 FROM deliveries v LEFT JOIN deployments d ON d.project = v.project AND d.id = v.deployment
         WHERE v.project = ?1 AND v.id = ?2 AND (d.state = 'failed' AND NOT d.touched) IS NOT TRUE",
    )?;
    for mark in marks {
        if query.exists((project, mark))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Remembers a delivery by all of its marks, with the deployment to which it led.
pub(super) fn remember(db: &Transaction<'_>, project: &str, marks: &[String], deployment: u64) -> Result<(), StoreError> {
    db.execute(
        "DELETE FROM deliveries WHERE project = ?1 AND id IN
             (SELECT id FROM deliveries WHERE project = ?1 ORDER BY at DESC LIMIT -1 OFFSET ?2)",
        (project, REMEMBERED),
    )?;
    for mark in marks {
        let sql = "INSERT OR REPLACE INTO deliveries (project, id, at, deployment) VALUES (?1, ?2, ?3, ?4)";
        db.execute(sql, (project, mark, now(), signed(deployment)))?;
    }
    Ok(())
}
