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
                    back: row.get::<_, Option<i64>>(2)?.map(from_millis),
                })
            };
            Ok(db.query_row("SELECT engine_run, at, back FROM presence", (), read).optional()?)
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

    /// The engine is back from an outage that the daemon outlived; the first word about it counts.
    pub(crate) async fn note_return(&self) -> Result<(), StoreError> {
        self.run(|db| {
            db.execute("UPDATE presence SET back = coalesce(back, ?1)", (now(),))?;
            Ok(())
        })
        .await
    }

    /// It is not known any more when a daemon was there.
    pub(crate) async fn forget_presence(&self) -> Result<(), StoreError> {
        self.run(|db| {
            db.execute("DELETE FROM presence", ())?;
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
        store.forget_presence().await.expect("written");
        assert_eq!(store.presence().await.expect("read"), None);
    }
}
