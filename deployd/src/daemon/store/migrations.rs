//! The database's tables, as the steps by which they came about.

use super::StoreError;
use rusqlite::Connection;

/// One step a format; never changed once released, only added to.
const STEPS: &[&str] = &[
    "
    CREATE TABLE projects (
        name TEXT PRIMARY KEY, url TEXT NOT NULL, branch TEXT NOT NULL, path TEXT NOT NULL,
        deploy_key BLOB NOT NULL, deploy_key_public TEXT NOT NULL, webhook_secret BLOB NOT NULL,
        created_at INTEGER NOT NULL, compose_name TEXT, poll_ms INTEGER, current INTEGER
    ) STRICT;
    CREATE TABLE deployments (
        project TEXT NOT NULL REFERENCES projects(name) ON DELETE CASCADE, id INTEGER NOT NULL,
        state TEXT NOT NULL, reference TEXT NOT NULL, commit_id TEXT, message TEXT, cause TEXT NOT NULL,
        reason TEXT, failure TEXT, touched INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, started_at INTEGER, finished_at INTEGER,
        PRIMARY KEY (project, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE events (
        project TEXT NOT NULL, deployment INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (project, deployment, seq),
        FOREIGN KEY (project, deployment) REFERENCES deployments(project, id) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE releases (
        project TEXT NOT NULL, deployment INTEGER NOT NULL, commit_id TEXT NOT NULL, compose_name TEXT NOT NULL,
        images TEXT NOT NULL, contents TEXT NOT NULL, environment BLOB NOT NULL,
        PRIMARY KEY (project, deployment),
        FOREIGN KEY (project, deployment) REFERENCES deployments(project, id) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE environment (
        project TEXT NOT NULL REFERENCES projects(name) ON DELETE CASCADE, key TEXT NOT NULL, version INTEGER NOT NULL,
        value BLOB NOT NULL, updated_at INTEGER NOT NULL, PRIMARY KEY (project, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tokens (
        id TEXT PRIMARY KEY, subject TEXT NOT NULL, role TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
        revoked INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE deliveries (
        project TEXT NOT NULL REFERENCES projects(name) ON DELETE CASCADE, id TEXT NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (project, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, project TEXT, detail TEXT
    ) STRICT;
",
    "
    ALTER TABLE projects ADD COLUMN host_key TEXT;
    ALTER TABLE projects ADD COLUMN head_seen TEXT;
    ALTER TABLE projects ADD COLUMN webhook_seen INTEGER;
",
    "
    CREATE TABLE users (
        name TEXT PRIMARY KEY, role TEXT NOT NULL, created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE join_codes (
        user TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE, code BLOB NOT NULL, expires_at INTEGER NOT NULL, used_at INTEGER,
        PRIMARY KEY (user, code)
    ) STRICT, WITHOUT ROWID;
    ALTER TABLE tokens ADD COLUMN owner TEXT;
",
    "
    ALTER TABLE join_codes ADD COLUMN invited_by TEXT;
    ALTER TABLE projects ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
",
    "
    CREATE TABLE presence (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1), engine_run TEXT NOT NULL, at INTEGER NOT NULL
    ) STRICT;
",
    "
    ALTER TABLE releases ADD COLUMN uses TEXT;
    ALTER TABLE deliveries ADD COLUMN deployment INTEGER;
",
    "
    ALTER TABLE audit ADD COLUMN address TEXT;
",
    "
    ALTER TABLE deployments ADD COLUMN begun_by INTEGER;
    ALTER TABLE deployments ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;
",
    "
    ALTER TABLE projects ADD COLUMN down_since INTEGER;
    ALTER TABLE projects ADD COLUMN skipped_commit TEXT;
    CREATE TABLE image_marks (
        project TEXT NOT NULL REFERENCES projects(name) ON DELETE CASCADE, deployment INTEGER NOT NULL, service TEXT NOT NULL,
        image TEXT NOT NULL, built_as TEXT, PRIMARY KEY (project, deployment, service)
    ) STRICT, WITHOUT ROWID;
",
];

/// Brings the database to the newest format.
pub(super) fn migrate(db: &mut Connection) -> Result<(), StoreError> {
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let found: i64 = db.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    let done = usize::try_from(found).unwrap_or(0);
    for (at, step) in STEPS.iter().enumerate().skip(done) {
        let transaction = db.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", i64::try_from(at + 1).unwrap_or(i64::MAX))?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_once_and_refuses_what_it_does_not_know() {
        let mut db = Connection::open_in_memory().expect("opens");
        migrate(&mut db).expect("makes the tables");
        migrate(&mut db).expect("finds them");
        db.pragma_update(None, "user_version", 99).expect("set");
        assert!(matches!(migrate(&mut db), Err(StoreError::TooNew { found: 99, .. })));
    }

    #[tokio::test]
    async fn what_the_first_format_held_is_read_by_this_one() {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let path = temp.path().join("db");
        let db = Connection::open(&path).expect("opens");
        db.execute_batch(STEPS[0]).expect("makes the first format");
        db.execute_batch(
            "PRAGMA user_version = 1;
             INSERT INTO projects VALUES ('shop', '/srv/shop.git', 'main', '', x'01', 'ssh-ed25519 AAAA', x'02', 1000, 'shop', 60000, 1);
             INSERT INTO deployments VALUES
                 ('shop', 1, 'healthy', 'main', 'a', 'first', '{\"kind\":\"poll\"}', NULL, NULL, 1, 1000, 1000, 2000);
             INSERT INTO events VALUES ('shop', 1, 1, 1000, '{\"type\":\"state\",\"state\":\"queued\"}');
             INSERT INTO releases VALUES ('shop', 1, 'a', 'shop', '{}', '[]', x'');
             INSERT INTO environment VALUES ('shop', 'KEY', 1, x'03', 1000);
             INSERT INTO tokens VALUES ('t', 'admin', 'admin', 1000, 9999999999999, 0);
             INSERT INTO deliveries VALUES ('shop', 'body:x', 1000);
             INSERT INTO audit VALUES (1, 1000, 'admin', 'project.put', 'shop', NULL);",
        )
        .expect("filled");
        drop(db);
        let store = super::super::Store::open(&path).expect("migrates");
        let project = store.project("shop").await.expect("read").expect("there");
        assert_eq!((project.current, project.host_key, project.webhook_seen), (Some(1), None, None));
        assert_eq!(store.history("shop", 9).await.expect("read").len(), 1);
        assert_eq!(store.latest_commit("shop", "main").await.expect("read").as_deref(), Some("a"));
        assert_eq!(store.events_after("shop", 1, 0).await.expect("read").len(), 1);
        assert!(store.release("shop", 1).await.expect("read").is_some());
        assert_eq!(store.token("t".to_owned()).await.expect("read").expect("holds").owner, None);
        assert_eq!(store.users().await.expect("read"), []);
        assert_eq!(store.presence().await.expect("read"), None);
        assert_eq!(store.audit_log(9).await.expect("read").len(), 1);
    }
}
