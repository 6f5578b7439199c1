//! What happened in each deployment, in order.

use super::{Store, StoreError, from_json, from_millis, signed, to_json, to_millis, unsigned};
use crate::wire::{EventBody, StreamEvent};
use rusqlite::Connection;
use time::OffsetDateTime;

/// How many events one read returns at most.
const PAGE: i64 = 500;

/// Adds an event at the end of a deployment's list, inside the caller's transaction.
pub(super) fn append(db: &Connection, project: &str, deployment: u64, at: i64, body: &EventBody) -> Result<(), StoreError> {
    db.prepare(
        "INSERT INTO events (project, deployment, seq, at, body)
         SELECT ?1, ?2, COALESCE(MAX(seq), 0) + 1, ?3, ?4 FROM events WHERE project = ?1 AND deployment = ?2",
    )?
    .execute((project, signed(deployment), at, to_json(body)))?;
    Ok(())
}

impl Store {
    /// Adds events of one deployment.
    pub(crate) async fn add_events(
        &self,
        project: &str,
        deployment: u64,
        events: Vec<(OffsetDateTime, EventBody)>,
    ) -> Result<(), StoreError> {
        let project = project.to_owned();
        self.run(move |db| {
            let transaction = db.transaction()?;
            for (at, body) in &events {
                append(&transaction, &project, deployment, to_millis(*at), body)?;
            }
            Ok(transaction.commit()?)
        })
        .await
    }

    /// The next events after a number, at most a page of them.
    pub(crate) async fn events_after(&self, project: &str, deployment: u64, seq: u64) -> Result<Vec<StreamEvent>, StoreError> {
        let project = project.to_owned();
        self.run(move |db| {
            let mut query =
                db.prepare("SELECT seq, at, body FROM events WHERE project = ?1 AND deployment = ?2 AND seq > ?3 ORDER BY seq LIMIT ?4")?;
            let rows = query.query_map((&project, signed(deployment), signed(seq), PAGE), |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
            })?;
            rows.map(|row| {
                let (seq, at, body) = row?;
                Ok(StreamEvent {
                    seq: unsigned(seq),
                    at: from_millis(at),
                    event: from_json("event", &body)?,
                })
            })
            .collect()
        })
        .await
    }
}
