//! A project's repository: read with the project's deploy key, its host remembered.

use super::conversations::Partner;
use super::dirs::ProjectDirs;
use super::source::SourceError;
use super::uses::Uses;
use crate::daemon::Daemon;
use crate::daemon::git::{
    Commit, GitError, KnownHosts, Mirror, Missing, Pin, Repository, SshAccess, Stop, Transport, Trouble, Unreadable, bring,
};
use crate::daemon::store::{ProjectRow, Settled};
use crate::wire::{Deployment, Trigger};
use russh::keys::PrivateKey;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// The longest that bringing a repository here may take.
const LONGEST_FETCH: Duration = Duration::from_mins(10);
/// The longest that a look may take.
const LONGEST_LOOK: Duration = Duration::from_mins(1);

/// Where a project's deploy key is sealed.
pub(crate) fn deploy_key_place(project: &str) -> String {
    format!("deploy-key/{project}")
}

/// Finds what was asked for, and brings the repository here before that, unless it is a whole commit's id that is here
/// already: an interrupted deployment goes on without a network. Gives up after [`LONGEST_FETCH`].
pub(crate) async fn fetch(daemon: &Daemon, project: &ProjectRow, reference: String) -> Result<Commit, SourceError> {
    let mirror = ProjectDirs::new(daemon.dir().project(&project.name)).mirror();
    let (path, id) = (mirror.clone(), reference.clone());
    let commit = if let Some(known) = blocking(daemon, move |_| Ok(Mirror::recall(&path, &id))).await? {
        known
    } else {
        let fetched = read(daemon, project, LONGEST_FETCH, move |repository, stop| {
            match Mirror::update(&mirror, repository, stop)?.find(&reference) {
                Err(GitError::Mirror { .. }) => Mirror::renew(&mirror, repository, stop)?.find(&reference),
                found => found,
            }
        });
        fetched.await.outcome?
    };
    complete(daemon, project, commit.id.clone()).await?;
    Ok(commit)
}

/// Brings what a commit leads to outside of its repository. What the project does not use as far as that is known may be
/// missing; whether it uses it is looked at again once it is loaded.
async fn complete(daemon: &Daemon, project: &ProjectRow, commit: String) -> Result<(), SourceError> {
    let dirs = ProjectDirs::new(daemon.dir().project(&project.name));
    let beside = dirs.beside(daemon.dir().root());
    let releases = daemon.store().releases(&project.name).await?;
    let mut kept: Vec<String> = releases.into_iter().map(|release| release.commit).collect();
    kept.push(commit.clone());
    let brought = read(daemon, project, LONGEST_FETCH, move |repository, stop| {
        let path = dirs.mirror();
        if let Err(error) = Mirror::consolidate(&path, repository, &kept, stop) {
            tracing::warn!(%error, "a mirror stays as it is");
        }
        let mirror = Mirror::open(&path)?;
        let mirror = match mirror.check(&commit) {
            Ok(()) => mirror,
            Err(error) => {
                tracing::warn!(%error, "a mirror is fetched anew");
                Mirror::renew(&path, repository, stop)?
            }
        };
        bring(&mirror, &commit, repository, &beside, stop)
    });
    let missing = brought.await.outcome?;
    let folder = Uses::new(&project.path, [], Path::new(""));
    let uses = daemon.store().settled(&project.name, None).await?.map(|settled| settled.uses);
    let are_used = |missing: &Missing| {
        let path = missing.path.to_string_lossy();
        folder.concern(&path) || uses.as_ref().is_some_and(|uses| uses.concern(&path))
    };
    match missing.into_iter().find(are_used) {
        Some(missing) => Err(GitError::from(missing).into()),
        None => Ok(()),
    }
}

/// The commit to deploy, which is the one that was found unless a later commit of the same branch was known before.
///
/// Reports may arrive out of order, and a look may see what a report has overtaken. A commit that lies behind one that ran
/// or was known since would take the project back: the branch's head is deployed instead, to which all of them have led.
pub(crate) async fn in_order(daemon: &Daemon, project: &ProjectRow, deployment: &Deployment, found: Commit) -> Result<Commit, SourceError> {
    let Deployment {
        id, reference, trigger, ..
    } = deployment;
    if matches!(trigger, Trigger::Manual { .. } | Trigger::Rollback { .. }) {
        return Ok(found);
    }
    let before = daemon.store().commits_before(&project.name, reference, *id).await?;
    if before.is_empty() {
        return Ok(found);
    }
    let mirror = ProjectDirs::new(daemon.dir().project(&project.name)).mirror();
    let branch = format!("refs/heads/{reference}");
    let head = branch.clone();
    let in_order = blocking(daemon, move |_| {
        let mirror = Mirror::open(&mirror)?;
        let is_head = || mirror.find(&head).is_ok_and(|head| head == found);
        Ok((!mirror.leads_back(&before, &found.id) || is_head()).then_some(found))
    });
    match in_order.await? {
        Some(found) => Ok(found),
        // It may have been found without asking for the branch.
        None => fetch(daemon, project, branch).await,
    }
}

/// What came of a look at a repository.
pub(crate) struct Read<T> {
    /// What was found.
    pub(crate) outcome: Result<T, SourceError>,
    /// The fingerprint of the key that its host showed, where it is reached over SSH.
    pub(crate) host_key: Option<String>,
}

/// The commit that the project's branch leads to now, without bringing it here.
pub(crate) async fn look(daemon: &Daemon, project: &ProjectRow) -> Read<String> {
    let scratch = ProjectDirs::new(daemon.dir().project(&project.name)).look();
    let branch = project.branch.clone();
    read(daemon, project, LONGEST_LOOK, move |repository, stop| {
        Mirror::look(&scratch, repository, &branch, stop)
    })
    .await
}

/// What a branch led to before.
pub(crate) enum Before {
    /// This commit, which was there before anything was deployed.
    First(String),
    /// Commits that were deployed.
    Deployed,
}

/// Whether a commit differs from what runs in anything that the project uses; it is brought here where that cannot be known
/// without. What cannot be told is touched: a deployment that changes nothing does no harm.
pub(crate) async fn is_touched(daemon: &Daemon, project: &ProjectRow, before: Before, to: String) -> Result<bool, SourceError> {
    let settled = match before {
        _ if project.path.is_empty() => None,
        Before::Deployed => daemon.store().settled(&project.name, None).await?,
        Before::First(commit) => Some(Settled {
            commit,
            uses: Uses::new(&project.path, [], Path::new("")),
        }),
    };
    let Some(settled) = settled else { return Ok(true) };
    let mirror = ProjectDirs::new(daemon.dir().project(&project.name)).mirror();
    let folder = project.path.clone();
    read(daemon, project, LONGEST_FETCH, move |repository, stop| {
        let mirror = Mirror::update(&mirror, repository, stop)?;
        Ok(differs(&mirror, &folder, &settled, &to))
    })
    .await
    .outcome
}

/// Why a pushed commit that is here need not be deployed; `None` where it has to be.
pub(crate) async fn needless(
    daemon: &Daemon,
    project: &ProjectRow,
    deployment: &Deployment,
    commit: &str,
) -> Result<Option<String>, SourceError> {
    let is_push = matches!(deployment.trigger, Trigger::Webhook { .. } | Trigger::Poll);
    if !is_push || project.path.is_empty() {
        return Ok(None);
    }
    let Some(settled) = daemon.store().settled(&project.name, Some(deployment.id)).await? else {
        return Ok(None);
    };
    let mirror = ProjectDirs::new(daemon.dir().project(&project.name)).mirror();
    let (folder, to) = (project.path.clone(), commit.to_owned());
    let running = settled.commit.clone();
    let differs = blocking(daemon, move |_| Ok(differs(&Mirror::open(&mirror)?, &folder, &settled, &to))).await?;
    let folder = &project.path;
    Ok(
        (!differs)
            .then(|| format!("skipped: nothing under {folder} or elsewhere that the project uses differs from {running}, which runs")),
    )
}

fn differs(mirror: &Mirror, folder: &str, settled: &Settled, to: &str) -> bool {
    let paths = std::iter::once(folder).chain(settled.uses.paths());
    mirror.differing(paths, &settled.commit, to).is_some()
}

async fn read<T: Send + 'static>(
    daemon: &Daemon,
    project: &ProjectRow,
    limit: Duration,
    work: impl FnOnce(&Repository, &Stop) -> Result<T, GitError> + Send + 'static,
) -> Read<T> {
    let repository = match repository(daemon, project) {
        Ok(repository) => Arc::new(repository),
        Err(error) => {
            return Read {
                outcome: Err(error),
                host_key: None,
            };
        }
    };
    let shared = Arc::clone(&repository);
    let partner = repository.host().map_or(Partner::Here, Partner::Host);
    let conversation = converse(daemon, partner, move |stop| Ok(work(&shared, stop)?));
    let outcome = within(limit, &repository, conversation).await;
    let remembered = remember(daemon, project, &repository).await;
    Read {
        outcome: outcome.and_then(|found| remembered.map(|()| found)),
        host_key: repository.shown(),
    }
}

fn repository(daemon: &Daemon, project: &ProjectRow) -> Result<Repository, SourceError> {
    let repository = Repository::parse(&project.url).map_err(GitError::from)?;
    match repository.url().transport() {
        Transport::Ssh => {
            let access = access(daemon, project, &repository)?;
            Ok(repository.with_ssh(access))
        }
        // Its submodules may be reached over SSH.
        Transport::Https | Transport::File => Ok(match access(daemon, project, &repository) {
            Ok(access) => repository.with_ssh(access),
            Err(_) => repository,
        }),
    }
}

fn access(daemon: &Daemon, project: &ProjectRow, repository: &Repository) -> Result<SshAccess, SourceError> {
    let private = daemon.vault().open_text(&deploy_key_place(&project.name), &project.deploy_key)?;
    let key = PrivateKey::from_openssh(private.as_str()).map_err(|error| {
        let unreadable = Unreadable::new(repository.url(), Trouble::Other, format!("its deploy key is damaged: {error}"));
        GitError::from(unreadable)
    })?;
    let known = KnownHosts {
        file: daemon.known_hosts().map(ToOwned::to_owned),
        pin: project.host_key.as_deref().map(|text| pin(repository, text)).transpose()?,
    };
    Ok(SshAccess::new(key, known))
}

/// What the project remembers of its host; what cannot be read is not as if there were nothing.
fn pin(repository: &Repository, text: &str) -> Result<Pin, GitError> {
    Pin::parse(text).ok_or_else(|| {
        Unreadable::new(repository.url(), Trouble::Other, "the remembered key of its host is damaged")
            .help("say which key is the host's: `inertia NAME init --accept-host-key SHA256:…`")
            .into()
    })
}

/// Remembers the key of a host that was new, also when the repository could not be read.
async fn remember(daemon: &Daemon, project: &ProjectRow, repository: &Repository) -> Result<(), SourceError> {
    if let Some(pin) = repository.learned() {
        tracing::info!(project = project.name, key = pin.fingerprint(), "the git host's key is remembered");
        daemon.store().pin_host(&project.name, &project.url, &pin.to_text()).await?;
    }
    Ok(())
}

/// Gives work on a repository so much time.
async fn within<T>(limit: Duration, repository: &Repository, work: impl Future<Output = Result<T, SourceError>>) -> Result<T, SourceError> {
    timeout(limit, work).await.unwrap_or_else(|_| {
        let reason = format!("it did not arrive within {} s", limit.as_secs());
        let unreadable = Unreadable::new(repository.url(), Trouble::Unreachable, reason)
            .help("check that the server reaches its host, and how large the repository is, and try again");
        Err(SourceError::Git(unreadable.into()))
    })
}

/// Speaks with a git host, which ends when its caller has gone or the daemon ends.
async fn converse<T: Send + 'static>(
    daemon: &Daemon,
    partner: Partner,
    work: impl FnOnce(&Stop) -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    let stop = StopOnDrop(Stop::default());
    let told = Arc::clone(&stop.0);
    // It speaks over the network by the runtime, which must not end before it.
    let running = daemon.git_work().token();
    let conversation = daemon.conversations().run(partner, move || {
        let _running = running;
        work(&told)
    });
    tokio::select! {
        ended = conversation => ended.unwrap_or(Err(SourceError::Defect)),
        () = daemon.stopping().cancelled() => Err(SourceError::Interrupted),
    }
}

/// Runs blocking work on what is here of a repository, which is told when its caller has gone or the daemon ends.
async fn blocking<T: Send + 'static>(
    daemon: &Daemon,
    work: impl FnOnce(&AtomicBool) -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    blocking_until(daemon.stopping(), work).await
}

struct StopOnDrop(Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs blocking work that is told when it is called off, or when its caller has gone. A caller that stays gets an answer
/// once the work has ended: from then on it touches nothing any more.
pub(super) async fn blocking_until<T: Send + 'static>(
    call_off: &CancellationToken,
    work: impl FnOnce(&AtomicBool) -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    let stop = Stop::default();
    let guard = StopOnDrop(Arc::clone(&stop));
    let mut running = tokio::task::spawn_blocking(move || work(&stop));
    let ended = tokio::select! {
        biased;
        ended = &mut running => ended,
        () = call_off.cancelled() => {
            drop(guard);
            running.await
        }
    };
    ended.unwrap_or_else(|error| {
        Err(if error.is_panic() {
            SourceError::Defect
        } else {
            SourceError::Interrupted
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_key_is_not_the_same_as_none() {
        let repository = Repository::parse("git@example.com:ann/shop.git").expect("an address");
        assert!(pin(&repository, "ssh-ed25519 AAAA").is_err());
        assert!(pin(&repository, &format!("SHA256:{}", "a".repeat(43))).is_ok());
    }

    #[tokio::test]
    async fn what_is_called_off_has_ended_when_that_is_known() {
        let (ended, has_ended) = std::sync::mpsc::channel();
        let call_off = CancellationToken::new();
        call_off.cancel();
        let work = blocking_until(&call_off, move |stop| {
            while !stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(5));
            }
            ended.send(()).expect("someone listens");
            Ok(())
        });
        work.await.expect("ended");
        has_ended.try_recv().expect("it had ended");
    }

    #[tokio::test]
    async fn a_defect_is_called_one() {
        let error = blocking_until::<()>(&CancellationToken::new(), |_| panic!("a defect"))
            .await
            .expect_err("it broke down");
        assert!(error.to_string().contains("defect"), "{error}");
    }

    #[tokio::test]
    async fn a_repository_that_does_not_arrive_is_given_up_and_its_fetch_told_to_stop() {
        let (told, is_told) = std::sync::mpsc::channel();
        let call_off = CancellationToken::new();
        let work = blocking_until::<()>(&call_off, move |stop| {
            while !stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(5));
            }
            told.send(()).expect("someone listens");
            Ok(())
        });
        let repository = Repository::parse("https://example.com/shop.git").expect("an address");
        let error = within(Duration::from_secs(1), &repository, work).await.expect_err("too slow");
        assert_eq!(
            error.to_string(),
            "cannot read the repository https://example.com/shop.git: it did not arrive within 1 s; \
             check that the server reaches its host, and how large the repository is, and try again"
        );
        is_told.recv_timeout(Duration::from_secs(10)).expect("it was told");
    }
}
