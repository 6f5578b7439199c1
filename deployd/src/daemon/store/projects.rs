//! Registered projects.

use super::{Store, StoreError, from_millis, now, signed, unsigned};
use crate::ssh_address::SshAddress;
use rusqlite::{Connection, OptionalExtension as _, Row};
use std::time::Duration;
use time::OffsetDateTime;

/// A project to register.
#[derive(Clone, Debug)]
pub(crate) struct NewProject {
    /// Its name.
    pub(crate) name: String,
    /// The repository.
    pub(crate) url: String,
    /// The branch that is deployed.
    pub(crate) branch: String,
    /// The folder in the repository.
    pub(crate) path: String,
    /// The private deploy key, sealed.
    pub(crate) deploy_key: Vec<u8>,
    /// Its public half.
    pub(crate) deploy_key_public: String,
    /// The webhook's secret, sealed.
    pub(crate) webhook_secret: Vec<u8>,
    /// The key of its git host that a person accepts, as [`crate::daemon::git::Pin`] writes it; without one, what was known of the
    /// same host stays.
    pub(crate) host_key: Option<String>,
}

/// A registered project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProjectRow {
    /// Its name.
    pub(crate) name: String,
    /// The repository.
    pub(crate) url: String,
    /// The branch that is deployed.
    pub(crate) branch: String,
    /// The folder in the repository.
    pub(crate) path: String,
    /// The private deploy key, sealed.
    pub(crate) deploy_key: Vec<u8>,
    /// Its public half.
    pub(crate) deploy_key_public: String,
    /// The webhook's secret, sealed.
    pub(crate) webhook_secret: Vec<u8>,
    /// When it was registered.
    pub(crate) created_at: OffsetDateTime,
    /// The compose project's name in the engine, once a deployment came so far.
    pub(crate) compose_name: Option<String>,
    /// How often to look for commits.
    pub(crate) poll: Option<Duration>,
    /// The deployment whose release runs, or ran last.
    pub(crate) current: Option<u64>,
    /// What is known of its git host, as [`crate::daemon::git::Pin`] writes it.
    pub(crate) host_key: Option<String>,
    /// The branch's head when it was first looked at, before anything was deployed.
    pub(crate) head_seen: Option<String>,
    /// When the git host first delivered something that was signed with the secret.
    pub(crate) webhook_seen: Option<OffsetDateTime>,
    /// Since when it is down by someone's word: only a person's deployment ends that.
    pub(crate) down_since: Option<OffsetDateTime>,
    /// The commit of the last push that was not deployed because the project was down.
    pub(crate) skipped_commit: Option<String>,
}

const COLUMNS: &str = "name, url, branch, path, deploy_key, deploy_key_public, webhook_secret, created_at, compose_name, poll_ms, current, \
     host_key, head_seen, webhook_seen, down_since, skipped_commit";

fn read(row: &Row<'_>) -> rusqlite::Result<ProjectRow> {
    Ok(ProjectRow {
        name: row.get(0)?,
        url: row.get(1)?,
        branch: row.get(2)?,
        path: row.get(3)?,
        deploy_key: row.get(4)?,
        deploy_key_public: row.get(5)?,
        webhook_secret: row.get(6)?,
        created_at: from_millis(row.get(7)?),
        compose_name: row.get(8)?,
        poll: row.get::<_, Option<i64>>(9)?.map(|millis| Duration::from_millis(unsigned(millis))),
        current: row.get::<_, Option<i64>>(10)?.map(unsigned),
        host_key: row.get(11)?,
        head_seen: row.get(12)?,
        webhook_seen: row.get::<_, Option<i64>>(13)?.map(from_millis),
        down_since: row.get::<_, Option<i64>>(14)?.map(from_millis),
        skipped_commit: row.get(15)?,
    })
}

/// Whether two addresses lead to the same host, whose key is known then.
fn is_same_host(one: &str, other: &str) -> bool {
    let place = |url: &str| {
        let over_ssh = !url.contains("://") || url.starts_with("ssh://");
        SshAddress::parse(url).filter(|_| over_ssh).map(|address| address.place())
    };
    one == other || place(one).is_some_and(|place_of_one| Some(place_of_one) == place(other))
}

fn find(db: &Connection, name: &str) -> Result<Option<ProjectRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM projects WHERE name = ?1");
    Ok(db.query_row(&sql, [name], read).optional()?)
}

impl Store {
    /// Registers a project, or changes where a registered one comes from: its keys and secrets stay. What was seen of
    /// the repository before is forgotten when it is another one, and its deployments so far say nothing about that one.
    pub(crate) async fn put_project(&self, new: NewProject) -> Result<ProjectRow, StoreError> {
        self.run(move |db| {
            let transaction = db.transaction()?;
            let before = find(&transaction, &new.name)?.filter(|before| is_same_host(&before.url, &new.url));
            let host_key = new.host_key.clone().or_else(|| before.and_then(|before| before.host_key));
            transaction.execute(
                "INSERT INTO projects (name, url, branch, path, deploy_key, deploy_key_public, webhook_secret, created_at, host_key)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                 ON CONFLICT (name) DO UPDATE SET url = excluded.url, branch = excluded.branch, path = excluded.path,
                     host_key = excluded.host_key,
                     head_seen = CASE WHEN url = excluded.url AND branch = excluded.branch THEN head_seen END,
                     webhook_seen = CASE WHEN url = excluded.url THEN webhook_seen END,
                     since = CASE WHEN url = excluded.url THEN since
                         ELSE (SELECT COALESCE(MAX(id), 0) FROM deployments WHERE project = excluded.name) END",
                (
                    &new.name,
                    &new.url,
                    &new.branch,
                    &new.path,
                    &new.deploy_key,
                    &new.deploy_key_public,
                    &new.webhook_secret,
                    now(),
                    &host_key,
                ),
            )?;
            let row = find(&transaction, &new.name)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            transaction.commit()?;
            Ok(row)
        })
        .await
    }

    /// A project by its name.
    pub(crate) async fn project(&self, name: &str) -> Result<Option<ProjectRow>, StoreError> {
        let name = name.to_owned();
        self.run(move |db| find(db, &name)).await
    }

    /// Every project, by name.
    pub(crate) async fn projects(&self) -> Result<Vec<ProjectRow>, StoreError> {
        self.run(|db| {
            let mut query = db.prepare(&format!("SELECT {COLUMNS} FROM projects ORDER BY name"))?;
            let rows = query.query_map((), read)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Forgets a project and everything that belongs to it.
    pub(crate) async fn delete_project(&self, name: &str) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.run(move |db| {
            db.execute("DELETE FROM projects WHERE name = ?1", [&name])?;
            Ok(())
        })
        .await
    }

    /// Remembers the key of a project's git host, unless the project was registered with another repository meanwhile.
    pub(crate) async fn pin_host(&self, name: &str, url: &str, key: &str) -> Result<(), StoreError> {
        let values = [name, url, key].map(str::to_owned);
        self.run(move |db| {
            let sql = "UPDATE projects SET host_key = ?3 WHERE name = ?1 AND url = ?2 AND host_key IS NULL";
            db.execute(sql, values)?;
            Ok(())
        })
        .await
    }

    /// Remembers the head of a project's branch at the first look; what the first look saw, now and later. Nothing of either
    /// when the project was registered with another repository or branch since it was looked at.
    pub(crate) async fn first_head(&self, looked_at: &ProjectRow, head: &str) -> Result<Option<String>, StoreError> {
        let (name, url, branch) = (looked_at.name.clone(), looked_at.url.clone(), looked_at.branch.clone());
        let head = head.to_owned();
        self.run(move |db| {
            let sql = "UPDATE projects SET head_seen = ?4 WHERE name = ?1 AND url = ?2 AND branch = ?3 AND head_seen IS NULL";
            db.execute(sql, (&name, &url, &branch, &head))?;
            let now = find(db, &name)?.filter(|now| now.url == url && now.branch == branch);
            Ok(now.and_then(|project| project.head_seen))
        })
        .await
    }

    /// Gives a project another secret for its webhook, sealed; what was delivered with the former one counts no more.
    pub(crate) async fn put_webhook_secret(&self, name: &str, sealed: Vec<u8>) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.run(move |db| {
            let sql = "UPDATE projects SET webhook_secret = ?2, webhook_seen = NULL WHERE name = ?1";
            db.execute(sql, (&name, &sealed))?;
            Ok(())
        })
        .await
    }

    /// Remembers that a signed delivery came; `true` at the first.
    pub(crate) async fn note_delivery(&self, name: &str) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.run(move |db| {
            let sql = "UPDATE projects SET webhook_seen = ?2 WHERE name = ?1 AND webhook_seen IS NULL";
            Ok(db.execute(sql, (&name, now()))? > 0)
        })
        .await
    }

    /// Keeps that a project is taken down, before it is; the first time counts.
    pub(crate) async fn note_down(&self, name: &str) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.run(move |db| {
            let sql = "UPDATE projects SET down_since = ?2, skipped_commit = NULL WHERE name = ?1 AND down_since IS NULL";
            db.execute(sql, (&name, now()))?;
            Ok(())
        })
        .await
    }

    /// Keeps what a deployed commit says about the project as a whole.
    pub(crate) async fn note_settings(&self, name: &str, compose_name: &str, poll: Option<Duration>) -> Result<(), StoreError> {
        let (name, compose_name) = (name.to_owned(), compose_name.to_owned());
        let poll = poll.map(|span| signed(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)));
        self.run(move |db| {
            db.execute(
                "UPDATE projects SET compose_name = ?2, poll_ms = ?3 WHERE name = ?1",
                (&name, &compose_name, poll),
            )?;
            Ok(())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::super::NewDeployment;
    use super::super::testing::{shop, with_shop};
    use super::*;
    use crate::wire::Trigger;

    #[tokio::test]
    async fn registering_again_changes_the_place_and_keeps_the_keys() {
        let (_temp, store) = with_shop().await;
        let again = NewProject {
            branch: "next".to_owned(),
            deploy_key: vec![9],
            webhook_secret: vec![9],
            ..shop()
        };
        let row = store.put_project(again).await.expect("stored");
        assert_eq!(
            (row.branch.as_str(), row.deploy_key, row.webhook_secret),
            ("next", vec![1], vec![2])
        );
        assert_eq!(store.projects().await.expect("listed").len(), 1);
    }

    #[tokio::test]
    async fn what_was_seen_of_a_repository_is_kept_as_long_as_it_is_that_one() {
        let (_temp, store) = with_shop().await;
        assert!(store.note_delivery("shop").await.expect("noted"));
        assert!(!store.note_delivery("shop").await.expect("noted"), "only the first");
        let row = store.project("shop").await.expect("read").expect("there");
        let elsewhere = ProjectRow {
            url: "/elsewhere".to_owned(),
            ..row.clone()
        };
        assert_eq!(store.first_head(&elsewhere, "x").await.expect("ignored"), None);
        for head in ["a", "b"] {
            assert_eq!(store.first_head(&row, head).await.expect("noted").as_deref(), Some("a"));
        }
        assert_eq!(store.first_head(&elsewhere, "x").await.expect("ignored"), None);
        store.pin_host("shop", "/elsewhere", "k0").await.expect("ignored");
        for key in ["k1", "k2"] {
            store.pin_host("shop", "/srv/shop.git", key).await.expect("noted");
        }
        let row = store.project("shop").await.expect("read").expect("there");
        assert_eq!(row.host_key.as_deref(), Some("k1"));
        let row = store.put_project(shop()).await.expect("stored");
        assert!(
            row.webhook_seen.is_some() && row.head_seen.is_some() && row.host_key.is_some(),
            "{row:?}"
        );
        let other = NewProject {
            url: "/srv/other.git".to_owned(),
            ..shop()
        };
        let row = store.put_project(other).await.expect("stored");
        assert_eq!((row.webhook_seen, row.head_seen, row.host_key), (None, None, None));
    }

    #[tokio::test]
    async fn a_key_is_kept_for_its_host_and_no_other() {
        let (_temp, store) = with_shop().await;
        let put = async |url: &str, accepted: Option<&str>| {
            let new = NewProject {
                url: url.to_owned(),
                host_key: accepted.map(str::to_owned),
                ..shop()
            };
            store.put_project(new).await.expect("stored").host_key
        };
        assert_eq!(put("git@a.example:x", Some("k1")).await.as_deref(), Some("k1"));
        assert_eq!(put("ssh://git@a.example/y", None).await.as_deref(), Some("k1"));
        assert_eq!(put("ssh://git@a.example:2222/y", None).await, None);
        put("https://a.example/x", Some("k2")).await;
        assert_eq!(put("https://b.example/x", None).await, None, "\"https\" is no host");
    }

    #[tokio::test]
    async fn another_repository_begins_anew() {
        let (_temp, store) = with_shop().await;
        let new = || NewDeployment {
            project: "shop".to_owned(),
            reference: "main".to_owned(),
            commit: Some("a".to_owned()),
            trigger: Trigger::Poll,
        };
        store.admit(new(), vec![]).await.expect("queued");
        let latest = async || store.latest_commit("shop", "main").await.expect("read");
        assert_eq!(latest().await.as_deref(), Some("a"));
        let other = NewProject {
            url: "/srv/other.git".to_owned(),
            ..shop()
        };
        for _ in 0..2 {
            store.put_project(other.clone()).await.expect("stored");
            assert_eq!(latest().await, None);
        }
        store.admit(new(), vec![]).await.expect("queued");
        assert_eq!(latest().await.as_deref(), Some("a"));
    }

    #[tokio::test]
    async fn settings_of_a_commit_are_kept_and_replaced() {
        let (_temp, store) = with_shop().await;
        store
            .note_settings("shop", "shop-web", Some(Duration::from_mins(1)))
            .await
            .expect("kept");
        let row = store.project("shop").await.expect("read").expect("there");
        assert_eq!(
            (row.compose_name.as_deref(), row.poll),
            (Some("shop-web"), Some(Duration::from_mins(1)))
        );
        store.note_settings("shop", "shop-web", None).await.expect("kept");
        assert_eq!(store.project("shop").await.expect("read").expect("there").poll, None);
    }
}
