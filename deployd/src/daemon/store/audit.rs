//! Who did what.

use super::{Store, StoreError, from_millis, now, signed, unsigned};
use crate::daemon::peer::Peer;
use crate::wire::AuditEntry;
use rusqlite::Row;

/// How many entries are kept.
const KEPT: i64 = 10_000;

fn read(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    Ok(AuditEntry {
        id: unsigned(row.get(0)?),
        at: from_millis(row.get(1)?),
        actor: row.get(2)?,
        action: row.get(3)?,
        project: row.get(4)?,
        detail: row.get(5)?,
        address: row.get(6)?,
    })
}

/// Who does something, and from where.
#[derive(Clone, Debug)]
pub(crate) struct Author {
    /// Who.
    pub(crate) name: String,
    /// From where.
    pub(crate) peer: Peer,
}

impl Store {
    /// Writes down what someone did; never a value.
    pub(crate) async fn audit(
        &self,
        author: Author,
        action: &'static str,
        project: Option<&str>,
        detail: Option<String>,
    ) -> Result<(), StoreError> {
        let project = project.map(str::to_owned);
        self.run(move |db| {
            db.execute(
                "INSERT INTO audit (at, actor, action, project, detail, address) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                (now(), &author.name, action, &project, &detail, author.peer.text()),
            )?;
            db.execute("DELETE FROM audit WHERE id <= ?1", [db.last_insert_rowid() - KEPT])?;
            Ok(())
        })
        .await
    }

    /// The latest entries, newest first.
    pub(crate) async fn audit_log(&self, limit: u64) -> Result<Vec<AuditEntry>, StoreError> {
        self.run(move |db| {
            let mut query = db.prepare("SELECT id, at, actor, action, project, detail, address FROM audit ORDER BY id DESC LIMIT ?1")?;
            let rows = query.query_map([signed(limit)], read)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::with_shop;
    use super::*;
    use std::net::IpAddr;

    #[tokio::test]
    async fn entries_come_back_newest_first() {
        let (_temp, store) = with_shop().await;
        let ann = Author {
            name: "ann".to_owned(),
            peer: IpAddr::from([192, 0, 2, 1]).into(),
        };
        for detail in ["A", "B", "C"] {
            store
                .audit(ann.clone(), "env.set", Some("shop"), Some(detail.to_owned()))
                .await
                .expect("written");
        }
        let log = store.audit_log(2).await.expect("read");
        let details: Vec<_> = log.iter().filter_map(|entry| entry.detail.as_deref()).collect();
        assert_eq!(details, ["C", "B"]);
        assert_eq!((log[0].actor.as_str(), log[0].action.as_str()), ("ann", "env.set"));
        assert_eq!(log[0].address.as_deref(), Some("192.0.2.1"));
    }
}
