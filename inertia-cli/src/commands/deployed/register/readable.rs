//! Waiting until the daemon can read the repository: a deploy key has to be added by a person.

use super::Session;
use crate::ask::Ask;
use crate::failure::Failure;
use crate::render::note;
use deployd::hosting::Hosted;
use deployd::wire::{ProjectInfo, ProjectRegistration, RepositoryProblem, RepositoryReport};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// How often to ask the daemon whether the key was added.
const LOOK_AGAIN: Duration = Duration::from_secs(4);

/// The SSH address of a repository that cannot be read over https as nobody in particular.
pub(super) fn over_ssh(seen: &RepositoryReport, url: &str) -> Option<String> {
    let problem = seen.problem.as_ref()?;
    let hidden = matches!(problem.code.as_str(), "repository-private" | "repository-not-found");
    let hosted = Hosted::parse(url).filter(|_| hidden && url.starts_with("https://"))?;
    Some(hosted.ssh_url())
}

/// The address to register for an origin: the SSH one where the daemon has come to read the same repository by it, so that
/// what it knows of the host and of the branch is kept.
pub(super) fn as_known(origin: String, known: Option<&ProjectInfo>) -> String {
    let ssh = Hosted::parse(&origin)
        .filter(|_| origin.starts_with("https://"))
        .map(|hosted| hosted.ssh_url());
    match known {
        Some(known) if ssh.as_ref() == Some(&known.url) => known.url.clone(),
        _ => origin,
    }
}

/// Whether a person can mend it by letting the deploy key in.
fn is_about_key(problem: &RepositoryProblem) -> bool {
    matches!(problem.code.as_str(), "key-refused" | "repository-not-found")
}

impl Session<'_> {
    /// Sees to it that the repository can be read, as far as there is somebody to do something.
    pub(super) async fn until_readable(
        &self,
        mut seen: RepositoryReport,
        registration: &mut ProjectRegistration,
        made: &ProjectInfo,
    ) -> Result<RepositoryReport, Failure> {
        if let Some(print) = seen.problem.as_ref().and_then(|problem| self.new_host_key(&seen, problem)) {
            registration.host_key = Some(accepted(print)?);
            self.put(registration).await?;
            seen = self.look().await?;
        }
        match &seen.problem {
            Some(problem) if is_about_key(problem) && registration.url.starts_with("https://") => Ok(seen),
            Some(problem) if is_about_key(problem) => {
                ask_for_key(problem, made);
                if self.settings.may_ask { self.wait().await } else { Ok(seen) }
            }
            _ => Ok(seen),
        }
    }

    /// The changed key of the git host, where a person can be asked about it.
    fn new_host_key(&self, seen: &RepositoryReport, problem: &RepositoryProblem) -> Option<String> {
        let changed = problem.code == "host-key-changed" && self.settings.may_ask;
        seen.host_key.clone().filter(|_| changed)
    }

    async fn wait(&self) -> Result<RepositoryReport, Failure> {
        note("Waiting until the key is there. Enter looks at once; Ctrl-C ends, and the registration is kept.");
        let mut lines = lines();
        loop {
            let is_open = tokio::select! {
                () = sleep(LOOK_AGAIN) => true,
                line = lines.recv() => line.is_some(),
            };
            let seen = self.look().await?;
            match &seen.problem {
                Some(problem) if is_about_key(problem) && is_open => {}
                Some(_) | None => return Ok(seen),
            }
        }
    }
}

/// The key, when a person accepts it.
fn accepted(print: String) -> Result<String, Failure> {
    note("warning: the git host shows another key than before; someone may be listening in between");
    let question = format!("Accept the key {print}, which you compared with the one of the host?");
    if Ask::Terminal.confirm(&question)? == Some(true) {
        return Ok(print);
    }
    Err(Failure::new("the key of the git host was not accepted"))
}

fn ask_for_key(problem: &RepositoryProblem, made: &ProjectInfo) {
    note(&format!("{}\n", problem.detail));
    let place = Hosted::parse(&made.url).map_or_else(|| "the git host".to_owned(), |hosted| hosted.key_place());
    note(&format!(
        "Add this deploy key, which only needs to read, at\n  {place}\n\n  {}\n",
        made.deploy_key
    ));
}

/// The lines that a person enters; reading cannot be called off, so it is done by a thread of its own.
fn lines() -> mpsc::Receiver<()> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut line = String::new();
        while std::io::stdin().read_line(&mut line).is_ok_and(|length| length > 0) {
            if sender.blocking_send(()).is_err() {
                return;
            }
            line.clear();
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(code: Option<&str>) -> RepositoryReport {
        RepositoryReport {
            url: String::new(),
            branch: "main".to_owned(),
            head: None,
            host_key: None,
            problem: code.map(|code| RepositoryProblem {
                code: code.to_owned(),
                detail: String::new(),
                help: None,
            }),
        }
    }

    #[test]
    fn an_origin_that_is_read_over_ssh_stays_so() {
        let known = |url: &str| ProjectInfo {
            name: "shop".to_owned(),
            url: url.to_owned(),
            branch: "main".to_owned(),
            path: String::new(),
            deploy_key: String::new(),
            webhook_url: String::new(),
            webhook_secret: None,
            webhook_seen: None,
            created_at: time::OffsetDateTime::UNIX_EPOCH,
        };
        let (https, ssh) = ("https://github.com/ann/shop", "git@github.com:ann/shop.git");
        for (origin, before, wanted) in [
            (https, Some(ssh), ssh),
            (https, Some(https), https),
            (https, Some("git@github.com:ann/other.git"), https),
            (https, None, https),
            ("git@github.com:ann/shop", Some(ssh), "git@github.com:ann/shop"),
            ("/srv/shop.git", Some(ssh), "/srv/shop.git"),
        ] {
            assert_eq!(
                as_known(origin.to_owned(), before.map(known).as_ref()),
                wanted,
                "{origin} {before:?}"
            );
        }
    }

    #[test]
    fn hidden_repositories_are_read_over_ssh_and_others_as_they_are() {
        let (https, ssh) = ("https://github.com/ann/shop.git", "git@github.com:ann/shop.git");
        for code in ["repository-private", "repository-not-found"] {
            assert_eq!(over_ssh(&seen(Some(code)), https).as_deref(), Some(ssh), "{code}");
            assert_eq!(over_ssh(&seen(Some(code)), ssh), None, "{code}");
            assert_eq!(over_ssh(&seen(Some(code)), "/srv/shop"), None, "{code}");
        }
        for code in [None, Some("unreachable"), Some("certificate-untrusted")] {
            assert_eq!(over_ssh(&seen(code), https), None, "{code:?}");
        }
    }
}
