//! The releases that can be put back: what ran when a deployment became healthy.

use super::{Store, StoreError, from_json, signed, to_json, unsigned};
use crate::daemon::deployment::uses::Uses;
use compose_core::names::{ImageId, ServiceName};
use rusqlite::{Connection, OptionalExtension as _, Row};
use std::collections::{BTreeMap, BTreeSet};

/// How many releases of a project are kept.
const KEPT_RELEASES: i64 = 10;

/// Everything needed to make an earlier state run again without building.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    /// The deployment that made it.
    pub(crate) deployment: u64,
    /// The commit its files come from.
    pub(crate) commit: String,
    /// The compose project's name in the engine.
    pub(crate) compose_name: String,
    /// The image of each service.
    pub(crate) images: BTreeMap<ServiceName, ImageId>,
    /// The names of the content copies that its mounts lead to.
    pub(crate) contents: BTreeSet<String>,
    /// The project's variables at that time, sealed.
    pub(crate) environment: Vec<u8>,
    /// What it uses of its repository, where that was told.
    pub(crate) uses: Option<Uses>,
}

/// The release that a push is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    /// Its commit.
    pub(crate) commit: String,
    /// What it uses of the repository.
    pub(crate) uses: Uses,
}

type Columns = (i64, String, String, String, String, Vec<u8>, Option<String>);

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok((
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
        row.get(6)?,
    ))
}

fn read((deployment, commit, compose_name, images, contents, environment, uses): Columns) -> Result<Release, StoreError> {
    Ok(Release {
        deployment: unsigned(deployment),
        commit,
        compose_name,
        images: from_json("list of images", &images)?,
        contents: from_json("list of contents", &contents)?,
        environment,
        uses: uses.map(|uses| from_json("list of used paths", &uses)).transpose()?,
    })
}

const SELECT: &str = "SELECT deployment, commit_id, compose_name, images, contents, environment, uses FROM releases";

/// Keeps a release and forgets those beyond the last ten, inside the caller's transaction.
pub(super) fn keep(db: &Connection, project: &str, release: &Release) -> Result<(), StoreError> {
    db.execute(
        "INSERT OR REPLACE INTO releases (project, deployment, commit_id, compose_name, images, contents, environment, uses)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        (
            project,
            signed(release.deployment),
            &release.commit,
            &release.compose_name,
            to_json(&release.images),
            to_json(&release.contents),
            &release.environment,
            release.uses.as_ref().map(to_json),
        ),
    )?;
    db.execute(
        "DELETE FROM releases WHERE project = ?1 AND deployment NOT IN
             (SELECT deployment FROM releases WHERE project = ?1 ORDER BY deployment DESC LIMIT ?2)",
        (project, KEPT_RELEASES),
    )?;
    Ok(())
}

impl Store {
    /// The release that a push is compared with: the one that runs, unless something was tried after it that went wrong, or
    /// another repository was registered since. `judged` is the deployment that asks.
    pub(crate) async fn settled(&self, project: &str, judged: Option<u64>) -> Result<Option<Settled>, StoreError> {
        let project = project.to_owned();
        self.run(move |db| {
            let sql = "SELECT r.commit_id, r.uses FROM projects p JOIN releases r ON r.project = p.name AND r.deployment = p.current
                WHERE p.name = ?1 AND p.current > p.since AND r.uses IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM deployments d WHERE d.project = p.name AND d.id > p.current AND d.id IS NOT ?2
                        AND d.state NOT IN ('superseded', 'cancelled'))";
            let found = db
                .query_row(sql, (&project, judged.map(signed)), |row| {
                    Ok((row.get(0)?, row.get::<_, String>(1)?))
                })
                .optional()?;
            let Some((commit, uses)) = found else { return Ok(None) };
            let uses = from_json("list of used paths", &uses)?;
            Ok(Some(Settled { commit, uses }))
        })
        .await
    }

    /// The release of a deployment, while it is kept.
    pub(crate) async fn release(&self, project: &str, deployment: u64) -> Result<Option<Release>, StoreError> {
        let project = project.to_owned();
        self.run(move |db| {
            let sql = format!("{SELECT} WHERE project = ?1 AND deployment = ?2");
            let found = db.query_row(&sql, (&project, signed(deployment)), columns).optional()?;
            found.map(read).transpose()
        })
        .await
    }

    /// The kept releases of a project, newest first.
    pub(crate) async fn releases(&self, project: &str) -> Result<Vec<Release>, StoreError> {
        let project = project.to_owned();
        self.run(move |db| {
            let mut query = db.prepare(&format!("{SELECT} WHERE project = ?1 ORDER BY deployment DESC"))?;
            let rows: Vec<Columns> = query.query_map([&project], columns)?.collect::<Result<_, _>>()?;
            rows.into_iter().map(read).collect()
        })
        .await
    }
}
