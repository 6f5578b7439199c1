//! The variables of projects; their values only sealed.

use super::{Store, StoreError, from_millis, now, unsigned};
use crate::daemon::limits::{ALL_VALUES, MOST_VARIABLES};
use crate::wire::EnvEntry;

/// A variable as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealedVariable {
    /// Its name.
    pub(crate) key: String,
    /// Its value, sealed.
    pub(crate) value: Vec<u8>,
}

/// Whether a variable was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// It was.
    Done,
    /// There are as many as a project may have.
    TooMany,
    /// The values would come to more bytes than a project's may.
    TooLarge,
}

impl Store {
    /// Sets a variable, unless the project would have too many.
    pub(crate) async fn set_variable(&self, project: &str, variable: SealedVariable) -> Result<Setting, StoreError> {
        let project = project.to_owned();
        self.run(move |db| {
            let transaction = db.transaction()?;
            let (others, bytes): (i64, i64) = transaction.query_row(
                "SELECT COUNT(*), COALESCE(SUM(LENGTH(value)), 0) FROM environment WHERE project = ?1 AND key <> ?2",
                (&project, &variable.key),
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            if unsigned(others) >= MOST_VARIABLES as u64 {
                return Ok(Setting::TooMany);
            }
            if unsigned(bytes) + variable.value.len() as u64 > ALL_VALUES as u64 {
                return Ok(Setting::TooLarge);
            }
            transaction.execute(
                "INSERT INTO environment (project, key, version, value, updated_at) VALUES (?1, ?2, 1, ?3, ?4)
                 ON CONFLICT (project, key) DO UPDATE SET
                     version = version + 1, value = excluded.value, updated_at = excluded.updated_at",
                (&project, &variable.key, &variable.value, now()),
            )?;
            transaction.commit()?;
            Ok(Setting::Done)
        })
        .await
    }

    /// Removes a variable; `false` when there was none.
    pub(crate) async fn remove_variable(&self, project: &str, key: &str) -> Result<bool, StoreError> {
        let (project, key) = (project.to_owned(), key.to_owned());
        self.run(move |db| {
            let removed = db.execute("DELETE FROM environment WHERE project = ?1 AND key = ?2", (&project, &key))?;
            Ok(removed > 0)
        })
        .await
    }

    /// The variables without their values, by name.
    pub(crate) async fn variables(&self, project: &str) -> Result<Vec<EnvEntry>, StoreError> {
        let project = project.to_owned();
        self.run(move |db| {
            let mut query = db.prepare("SELECT key, version, updated_at FROM environment WHERE project = ?1 ORDER BY key")?;
            let rows = query.query_map([&project], |row| {
                Ok(EnvEntry {
                    key: row.get(0)?,
                    version: unsigned(row.get(1)?),
                    updated_at: from_millis(row.get(2)?),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The variables with their sealed values, by name.
    pub(crate) async fn sealed_variables(&self, project: &str) -> Result<Vec<SealedVariable>, StoreError> {
        let project = project.to_owned();
        self.run(move |db| {
            let mut query = db.prepare("SELECT key, value FROM environment WHERE project = ?1 ORDER BY key")?;
            let rows = query.query_map([&project], |row| {
                Ok(SealedVariable {
                    key: row.get(0)?,
                    value: row.get(1)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::with_shop;
    use super::*;

    #[tokio::test]
    async fn setting_again_counts_and_removing_forgets() {
        let (_temp, store) = with_shop().await;
        for value in [1, 2] {
            let variable = SealedVariable {
                key: "KEY".to_owned(),
                value: vec![value],
            };
            assert_eq!(store.set_variable("shop", variable).await.expect("asked"), Setting::Done);
        }
        let listed = store.variables("shop").await.expect("listed");
        assert_eq!((listed[0].key.as_str(), listed[0].version), ("KEY", 2));
        assert_eq!(store.sealed_variables("shop").await.expect("listed")[0].value, [2]);
        assert!(store.remove_variable("shop", "KEY").await.expect("removed"));
        assert!(!store.remove_variable("shop", "KEY").await.expect("looked"));
    }

    #[tokio::test]
    async fn there_is_room_for_so_many_variables_and_bytes() {
        let (_temp, store) = with_shop().await;
        let set = async |key: String, length: usize| {
            let value = vec![0; length];
            store.set_variable("shop", SealedVariable { key, value }).await.expect("asked")
        };
        assert_eq!(set("LONG".to_owned(), ALL_VALUES + 1).await, Setting::TooLarge);
        assert_eq!(set("LONG".to_owned(), ALL_VALUES - MOST_VARIABLES).await, Setting::Done);
        assert_eq!(
            set("LONG".to_owned(), ALL_VALUES - MOST_VARIABLES).await,
            Setting::Done,
            "it takes its own place"
        );
        for number in 1..MOST_VARIABLES {
            assert_eq!(set(format!("K{number}"), 1).await, Setting::Done);
        }
        assert_eq!(set("ONE_MORE".to_owned(), 1).await, Setting::TooMany);
        assert_eq!(set("K1".to_owned(), 2).await, Setting::Done, "one that is there can be changed");
        assert_eq!(set("K1".to_owned(), MOST_VARIABLES).await, Setting::TooLarge);
    }
}
