//! When a daemon was last there, and with which run of the engine.

use super::{Store, StoreError, from_millis, now};
use crate::daemon::presence::Seen;
use rusqlite::OptionalExtension as _;

impl Store {
    /// When a daemon was last there, where that is known.
    pub(crate) async fn presence(&self) -> Result<Option<Seen>, StoreError> {
        self.run(|db| {
            let read = |row: &rusqlite::Row<'_>| {
                Ok(Seen {
                    engine_run: row.get(0)?,
                    at: from_millis(row.get(1)?),
                })
            };
            Ok(db.query_row("SELECT engine_run, at FROM presence", (), read).optional()?)
        })
        .await
    }

    /// A daemon is there now.
    pub(crate) async fn note_presence(&self, engine_run: String) -> Result<(), StoreError> {
        self.run(move |db| {
            db.execute(
                "INSERT OR REPLACE INTO presence (only_row, engine_run, at) VALUES (1, ?1, ?2)",
                (&engine_run, now()),
            )?;
            Ok(())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use crate::daemon::store::testing::with_shop;

    #[tokio::test]
    async fn the_last_word_counts() {
        let (_temp, store) = with_shop().await;
        assert_eq!(store.presence().await.expect("read"), None);
        for run in ["one", "two"] {
            store.note_presence(run.to_owned()).await.expect("written");
            let seen = store.presence().await.expect("read").expect("there");
            assert_eq!(seen.engine_run, run);
        }
    }
}
