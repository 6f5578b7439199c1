//! Deployments: admitting them, moving them from state to state, finding the next.

use super::{Release, Store, StoreError, corrupt, deliveries, events, from_json, from_millis, now, releases, signed, to_json, unsigned};
use crate::daemon::deployment::queue::{self, Waiting};
use crate::daemon::deployment::state::{Step, next};
use crate::wire::{Deployment, DeploymentState, EventBody, Trigger};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction};
use time::OffsetDateTime;

/// A deployment as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeploymentRow {
    /// What everyone may know.
    pub(crate) deployment: Deployment,
    /// Why it cannot succeed any more, from the moment that was found out until the previous release is back.
    pub(crate) failure: Option<String>,
    /// Its containers have begun to change: whatever ends it from here on has to put the previous release back.
    pub(crate) touched: bool,
}

/// A deployment to queue.
#[derive(Clone, Debug)]
pub(crate) struct NewDeployment {
    /// The project.
    pub(crate) project: String,
    /// A branch, tag or commit.
    pub(crate) reference: String,
    /// The commit, where it is known already.
    pub(crate) commit: Option<String>,
    /// Why it was asked for.
    pub(crate) trigger: Trigger,
}

/// Whether a deployment was queued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It was, under this number.
    Queued(u64),
    /// Too many wait already.
    TooMany,
    /// The delivery that asks for it was acted on before.
    Seen,
    /// It is a push, and the project is down since then: the commit is noted.
    Down(OffsetDateTime),
}

/// How a deployment ends other than healthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It failed and nothing was put back.
    Failed,
    /// The previous release was put back.
    RolledBack,
    /// It was called off, or there is nothing to do.
    Cancelled,
    /// A newer deployment takes its place.
    Superseded,
}

impl Ending {
    fn step(self) -> Step {
        match self {
            Self::Failed => Step::Fail,
            Self::RolledBack => Step::RollBack,
            Self::Cancelled => Step::Cancel,
            Self::Superseded => Step::Supersede,
        }
    }
}

/// How many deployments a project's history reaches back.
const KEPT_DEPLOYMENTS: i64 = 500;

const SELECT: &str = "
    SELECT d.project, d.id, d.state, d.reference, d.commit_id, d.message, d.cause, d.reason, d.created_at, d.started_at, d.finished_at,
           d.failure, p.current IS d.id, r.deployment IS NOT NULL, d.touched
    FROM deployments d JOIN projects p ON p.name = d.project
    LEFT JOIN releases r ON r.project = d.project AND r.deployment = d.id";

/// The row with its two encoded columns still as text.
struct Raw {
    row: DeploymentRow,
    state: String,
    trigger: String,
}

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    let time = |at: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(at)?.map(from_millis));
    let deployment = Deployment {
        project: row.get(0)?,
        id: unsigned(row.get(1)?),
        state: DeploymentState::Queued,
        reference: row.get(3)?,
        commit: row.get(4)?,
        message: row.get(5)?,
        trigger: Trigger::Poll,
        reason: row.get(7)?,
        created_at: from_millis(row.get(8)?),
        started_at: time(9)?,
        finished_at: time(10)?,
        current: row.get(12)?,
        release: row.get(13)?,
    };
    Ok(Raw {
        row: DeploymentRow {
            deployment,
            failure: row.get(11)?,
            touched: row.get(14)?,
        },
        state: row.get(2)?,
        trigger: row.get(6)?,
    })
}

fn decode(raw: Raw) -> Result<DeploymentRow, StoreError> {
    let Raw { mut row, state, trigger } = raw;
    row.deployment.state = parse_state(&state)?;
    row.deployment.trigger = from_json("trigger", &trigger)?;
    Ok(row)
}

fn parse_state(text: &str) -> Result<DeploymentState, StoreError> {
    let known = DeploymentState::ALL.into_iter().find(|state| state.as_str() == text);
    known.ok_or_else(|| corrupt("state", text))
}

fn select(db: &Connection, rest: &str, values: impl rusqlite::Params) -> Result<Vec<DeploymentRow>, StoreError> {
    let mut query = db.prepare(&format!("{SELECT} {rest}"))?;
    let rows: Vec<Raw> = query.query_map(values, raw)?.collect::<Result<_, _>>()?;
    rows.into_iter().map(decode).collect()
}

/// Moves a deployment one step on, and says so in its events.
fn advance(db: &Transaction<'_>, project: &str, id: u64, step: Step, reason: Option<&str>) -> Result<DeploymentState, StoreError> {
    let sql = "SELECT state FROM deployments WHERE project = ?1 AND id = ?2";
    let from: String = db.query_row(sql, (project, signed(id)), |row| row.get(0))?;
    let from = parse_state(&from)?;
    let to = next(from, step).ok_or_else(|| corrupt("deployment state", format!("{from}, which {step:?} does not follow")))?;
    let at = now();
    db.execute(
        "UPDATE deployments SET state = ?3, reason = COALESCE(?4, reason),
             started_at = CASE WHEN ?5 THEN COALESCE(started_at, ?7) ELSE started_at END,
             finished_at = CASE WHEN ?6 THEN ?7 ELSE finished_at END,
             failure = CASE WHEN ?6 THEN NULL ELSE failure END,
             touched = touched OR ?8
         WHERE project = ?1 AND id = ?2",
        (
            project,
            signed(id),
            to.as_str(),
            reason,
            step == Step::Begin,
            to.is_final(),
            at,
            step == Step::Start,
        ),
    )?;
    let body = EventBody::State {
        state: to,
        reason: reason.map(str::to_owned),
    };
    events::append(db, project, id, at, &body)?;
    Ok(to)
}

fn insert(db: &Transaction<'_>, new: &NewDeployment) -> Result<u64, StoreError> {
    let sql = "SELECT COALESCE(MAX(id), 0) + 1 FROM deployments WHERE project = ?1";
    let id: i64 = db.query_row(sql, [&new.project], |row| row.get(0))?;
    db.execute(
        "INSERT INTO deployments (project, id, state, reference, commit_id, cause, created_at) VALUES (?1, ?2, 'queued', ?3, ?4, ?5, ?6)",
        (&new.project, id, &new.reference, &new.commit, to_json(&new.trigger), now()),
    )?;
    let body = EventBody::State {
        state: DeploymentState::Queued,
        reason: None,
    };
    events::append(db, &new.project, unsigned(id), now(), &body)?;
    forget_old(db, &new.project, id)?;
    Ok(unsigned(id))
}

/// Forgets deployments, and with them their events, that ended long ago and whose release is not kept.
fn forget_old(db: &Transaction<'_>, project: &str, newest: i64) -> Result<(), StoreError> {
    db.execute(
        "DELETE FROM deployments WHERE project = ?1 AND id <= ?2 AND finished_at IS NOT NULL
             AND id NOT IN (SELECT deployment FROM releases WHERE project = ?1)",
        (project, newest - KEPT_DEPLOYMENTS),
    )?;
    Ok(())
}

fn down_since(db: &Connection, project: &str) -> Result<Option<OffsetDateTime>, StoreError> {
    let sql = "SELECT down_since FROM projects WHERE name = ?1";
    let since: Option<Option<i64>> = db.query_row(sql, [project], |row| row.get(0)).optional()?;
    Ok(since.flatten().map(from_millis))
}

impl Store {
    /// Queues a deployment by the queue's rules. `marks` are those of the delivery that asks for it.
    pub(crate) async fn admit(&self, new: NewDeployment, marks: Vec<String>) -> Result<Admission, StoreError> {
        self.run(move |db| {
            let transaction = db.transaction()?;
            if deliveries::is_done(&transaction, &new.project, &marks)? {
                return Ok(Admission::Seen);
            }
            if new.trigger.is_push()
                && let Some(since) = down_since(&transaction, &new.project)?
            {
                let sql = "UPDATE projects SET skipped_commit = ?2 WHERE name = ?1";
                transaction.execute(sql, (&new.project, &new.commit))?;
                transaction.commit()?;
                return Ok(Admission::Down(since));
            }
            let rows = select(
                &transaction,
                "WHERE d.project = ?1 AND d.state = 'queued' ORDER BY d.id",
                [&new.project],
            )?;
            let waiting: Vec<Waiting> = rows
                .iter()
                .map(|row| Waiting::new(row.deployment.id, &row.deployment.trigger))
                .collect();
            let Some(superseded) = queue::admit(&waiting, &new.trigger) else {
                return Ok(Admission::TooMany);
            };
            let id = insert(&transaction, &new)?;
            deliveries::remember(&transaction, &new.project, &marks, id)?;
            let reason = format!("deployment {id} took its place");
            for older in superseded {
                advance(&transaction, &new.project, older, Step::Supersede, Some(&reason))?;
            }
            transaction.commit()?;
            Ok(Admission::Queued(id))
        })
        .await
    }

    /// The deployment that has to run now: one that was interrupted, else the one that waits longest.
    pub(crate) async fn next_deployment(&self, project: &str) -> Result<Option<DeploymentRow>, StoreError> {
        let project = project.to_owned();
        self.run(move |db| {
            let open = "WHERE d.project = ?1 AND d.finished_at IS NULL ORDER BY d.state = 'queued', d.id LIMIT 1";
            Ok(select(db, open, [&project])?.pop())
        })
        .await
    }

    /// The rollback that waits for a deployment which has changed nothing so far and need not be waited for.
    pub(crate) async fn overtaking(&self, project: &str, id: u64) -> Result<Option<u64>, StoreError> {
        let project = project.to_owned();
        self.run(move |db| {
            let sql = "SELECT MIN(r.id) FROM deployments r JOIN deployments d ON d.project = r.project AND d.id = ?2
                WHERE r.project = ?1 AND r.id > d.id AND r.state = 'queued' AND r.cause ->> 'kind' = 'rollback'
                    AND NOT d.touched AND d.finished_at IS NULL AND d.cause ->> 'kind' <> 'rollback'";
            let overtaking: Option<i64> = db.query_row(sql, (&project, signed(id)), |row| row.get(0))?;
            Ok(overtaking.map(unsigned))
        })
        .await
    }

    /// The deployment that was asked for last, where it waits and another one is older.
    pub(crate) async fn newer(&self, project: &str, id: u64) -> Result<Option<u64>, StoreError> {
        let project = project.to_owned();
        self.run(move |db| {
            let sql = "SELECT MAX(id) FROM deployments WHERE project = ?1 AND id > ?2 AND state = 'queued'";
            let newer: Option<i64> = db.query_row(sql, (&project, signed(id)), |row| row.get(0))?;
            Ok(newer.map(unsigned))
        })
        .await
    }

    /// One deployment.
    pub(crate) async fn deployment(&self, project: &str, id: u64) -> Result<Option<DeploymentRow>, StoreError> {
        let project = project.to_owned();
        self.run(move |db| Ok(select(db, "WHERE d.project = ?1 AND d.id = ?2", (&project, signed(id)))?.pop()))
            .await
    }

    /// The latest deployments, newest first.
    pub(crate) async fn history(&self, project: &str, limit: u64) -> Result<Vec<Deployment>, StoreError> {
        let project = project.to_owned();
        self.run(move |db| {
            let rows = select(db, "WHERE d.project = ?1 ORDER BY d.id DESC LIMIT ?2", (&project, signed(limit)))?;
            Ok(rows.into_iter().map(|row| row.deployment).collect())
        })
        .await
    }

    /// How many deployments are in each state, over all projects.
    pub(crate) async fn count_states(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.run(|db| {
            let mut query = db.prepare("SELECT state, COUNT(*) FROM deployments GROUP BY state ORDER BY state")?;
            let rows = query.query_map((), |row| Ok((row.get(0)?, unsigned(row.get(1)?))))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Moves a deployment on while it is under way.
    pub(crate) async fn advance(&self, project: &str, id: u64, step: Step) -> Result<DeploymentState, StoreError> {
        let project = project.to_owned();
        self.run(move |db| {
            let transaction = db.transaction()?;
            let state = advance(&transaction, &project, id, step, None)?;
            transaction.commit()?;
            Ok(state)
        })
        .await
    }

    /// Begins a deployment, or begins it again. How many daemons before this one began it and neither ended it nor in order.
    pub(crate) async fn begin(&self, project: &str, id: u64) -> Result<u32, StoreError> {
        let (project, run) = (project.to_owned(), self.run);
        self.run(move |db| {
            let transaction = db.transaction()?;
            let deaths = transaction.query_row(
                "UPDATE deployments SET deaths = deaths + (begun_by IS NOT NULL AND begun_by <> ?3), begun_by = ?3
                 WHERE project = ?1 AND id = ?2 RETURNING deaths",
                (&project, signed(id), run),
                |row| row.get(0),
            )?;
            advance(&transaction, &project, id, Step::Begin, None)?;
            transaction.commit()?;
            Ok(deaths)
        })
        .await
    }

    /// Notes that the daemon ends in order: what is under way is not what ends it.
    pub(crate) async fn end_in_order(&self) -> Result<(), StoreError> {
        self.run(|db| {
            db.execute("UPDATE deployments SET begun_by = NULL WHERE finished_at IS NULL", ())?;
            Ok(())
        })
        .await
    }

    /// Ends a deployment that did not become healthy.
    pub(crate) async fn end(&self, project: &str, id: u64, ending: Ending, reason: String) -> Result<(), StoreError> {
        let project = project.to_owned();
        self.run(move |db| {
            let transaction = db.transaction()?;
            advance(&transaction, &project, id, ending.step(), Some(&reason))?;
            Ok(transaction.commit()?)
        })
        .await
    }

    /// Ends a deployment that became healthy: its release is the current one from now on, and the project is up.
    pub(crate) async fn succeed(&self, project: &str, release: Release) -> Result<(), StoreError> {
        let project = project.to_owned();
        self.run(move |db| {
            let transaction = db.transaction()?;
            advance(&transaction, &project, release.deployment, Step::Succeed, None)?;
            releases::keep(&transaction, &project, &release)?;
            let sql = "UPDATE projects SET current = ?2, down_since = NULL WHERE name = ?1";
            transaction.execute(sql, (&project, signed(release.deployment)))?;
            Ok(transaction.commit()?)
        })
        .await
    }

    /// Keeps which commit a deployment is about, so that a resumed one is about the same.
    pub(crate) async fn note_commit(&self, project: &str, id: u64, commit: &str, message: &str) -> Result<(), StoreError> {
        let (project, commit, message) = (project.to_owned(), commit.to_owned(), message.to_owned());
        self.run(move |db| {
            db.execute(
                "UPDATE deployments SET commit_id = ?3, message = ?4 WHERE project = ?1 AND id = ?2",
                (&project, signed(id), &commit, &message),
            )?;
            Ok(())
        })
        .await
    }

    /// Keeps that a deployment cannot succeed any more, before the previous release is put back.
    pub(crate) async fn note_failure(&self, project: &str, id: u64, failure: &str) -> Result<(), StoreError> {
        let (project, failure) = (project.to_owned(), failure.to_owned());
        self.run(move |db| {
            db.execute(
                "UPDATE deployments SET failure = ?3 WHERE project = ?1 AND id = ?2",
                (&project, signed(id), &failure),
            )?;
            Ok(())
        })
        .await
    }
}

impl Store {
    /// The commit that was last deployed from a branch of the repository that is registered now, whatever became of it.
    /// Rollbacks and deployments of anything else say nothing about the branch: they are no reason to deploy its head
    /// once more. A commit that was reported and not found was not deployed: it may come yet.
    pub(crate) async fn latest_commit(&self, project: &str, branch: &str) -> Result<Option<String>, StoreError> {
        let (project, branch) = (project.to_owned(), branch.to_owned());
        self.run(move |db| {
            let sql = "SELECT commit_id FROM deployments
                WHERE project = ?1 AND reference = ?2 AND commit_id IS NOT NULL AND cause ->> 'kind' IS NOT 'rollback'
                    AND id > (SELECT since FROM projects WHERE name = ?1) AND (state <> 'failed' OR message IS NOT NULL)
                ORDER BY id DESC LIMIT 1";
            Ok(db.query_row(sql, (&project, &branch), |row| row.get(0)).optional()?)
        })
        .await
    }

    /// The commits of a branch that were known before a deployment: the one that ran last, and those that others took the
    /// place of since then.
    pub(crate) async fn commits_before(&self, project: &str, branch: &str, id: u64) -> Result<Vec<String>, StoreError> {
        let (project, branch) = (project.to_owned(), branch.to_owned());
        self.run(move |db| {
            let mut query = db.prepare(
                "WITH known AS (
                     SELECT id, commit_id, started_at FROM deployments
                     WHERE project = ?1 AND reference = ?2 AND id < ?3 AND commit_id IS NOT NULL AND cause ->> 'kind' IS NOT 'rollback'
                         AND id > (SELECT since FROM projects WHERE name = ?1))
                 SELECT DISTINCT commit_id FROM known
                 WHERE id >= COALESCE((SELECT MAX(id) FROM known WHERE started_at IS NOT NULL), 0)",
            )?;
            let rows = query.query_map((&project, &branch, signed(id)), |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}

#[cfg(test)]
mod tests;
