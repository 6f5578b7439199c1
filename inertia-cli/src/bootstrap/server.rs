//! A server that we are connected to, and how root is had there.

use super::probe::{self, Facts, Sudo};
use crate::ask::Ask;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::ssh::{Ended, Session, Source, SshError, quote};
use tokio::io::AsyncReadExt as _;
use zeroize::Zeroizing;

/// The variable that holds the password for sudo where nobody can be asked.
const PASSWORD_VARIABLE: &str = "INERTIA_SUDO_PASSWORD";
/// How often a password may be mistyped.
const MOST_PASSWORDS: usize = 3;

/// What helps where sudo refuses.
const WITHOUT_SUDO: &str =
    "`sudo -v` there tells whether the password is right and sudo allowed (group sudo, or wheel on RHEL; no `requiretty`)";
/// What helps without sudo.
const AS_ROOT: &str = "or connect as root: `inertia remote set NAME user root`";

/// Whether sudo refuses a password, and not the person or the way: another one may do.
fn is_mistyped(reason: &str) -> bool {
    !["sudoers", "not allowed", "tty", "may not run"]
        .iter()
        .any(|sign| reason.contains(sign))
}

/// How commands are run that only root may run.
enum Privilege {
    /// As they are: we are root, or root is not needed.
    AsIs,
    /// By sudo, which asks for nothing.
    Sudo,
    /// By sudo, which wants this on its standard input.
    SudoWith(Zeroizing<String>),
}

/// A server that we are connected to.
pub(crate) struct Server {
    pub(crate) session: Session,
    pub(crate) facts: Facts,
    privilege: Privilege,
}

impl Server {
    /// Asks a server what it is like.
    pub(crate) async fn look(session: Session) -> Result<Self, Failure> {
        let told = session.run("sh -s", probe::SCRIPT.as_bytes()).await?;
        let facts = Facts::parse(&told.out).ok_or_else(|| {
            let failure = Failure::new(format!("the server did not answer as a shell does{}", said(&told)));
            failure.hint("the user's login shell must run commands that come over SSH: `ssh USER@HOST true` shows whether it does")
        })?;
        Ok(Self {
            session,
            facts,
            privilege: Privilege::AsIs,
        })
    }

    /// Makes sure that root can be had, where it is needed. The password is asked for at most here.
    pub(crate) async fn become_root(&mut self, needed: bool, environment: &Environment, ask: Ask) -> Result<(), Failure> {
        self.privilege = match self.facts.sudo {
            Sudo::Root | Sudo::None => Privilege::AsIs,
            Sudo::Free => Privilege::Sudo,
            Sudo::Password if !needed => Privilege::AsIs,
            Sudo::Password => Privilege::SudoWith(self.password(environment, ask).await?),
        };
        Ok(())
    }

    /// Whether scripts that are run as root are.
    pub(super) fn has_root(&self) -> bool {
        self.facts.sudo == Sudo::Root || !matches!(self.privilege, Privilege::AsIs)
    }

    async fn password(&self, environment: &Environment, ask: Ask) -> Result<Zeroizing<String>, Failure> {
        let user = self.session.destination().shown();
        if let Some(password) = environment.variable(PASSWORD_VARIABLE) {
            let password = Zeroizing::new(password.to_owned());
            return match self.fits(&password).await? {
                None => Ok(password),
                Some(reason) => Err(Failure::new(format!(
                    "sudo does not let {user} become root with the password of {PASSWORD_VARIABLE}: {reason}"
                ))
                .hint(WITHOUT_SUDO)
                .hint(AS_ROOT)),
            };
        }
        let mut reason = String::new();
        for _ in 0..MOST_PASSWORDS {
            let Some(password) = ask.secret(&format!("Password of {user} for sudo"))? else {
                return Err(Failure::new("sudo wants a password, and nobody can be asked for it")
                    .hint(format!("give it in the environment: {PASSWORD_VARIABLE}"))
                    .hint(AS_ROOT));
            };
            match self.fits(&password).await? {
                None => return Ok(password),
                Some(refusal) => reason = refusal,
            }
            if !is_mistyped(&reason) {
                break;
            }
        }
        Err(Failure::new(format!("sudo does not let {user} become root: {reason}"))
            .hint(WITHOUT_SUDO)
            .hint(AS_ROOT))
    }

    /// Whether sudo takes a password; if not, why.
    async fn fits(&self, password: &Zeroizing<String>) -> Result<Option<String>, SshError> {
        let line = Zeroizing::new(format!("{}\n", password.as_str()));
        let told = self.session.run("sudo -S -k -p '' true", line.as_bytes()).await?;
        if told.succeeded() {
            return Ok(None);
        }
        let said = told.error.lines().rev().find(|line| !line.trim().is_empty());
        Ok(Some(said.unwrap_or("it does not say why").trim().to_owned()))
    }

    /// Runs a script as ourselves.
    pub(crate) async fn run(&self, script: &str) -> Result<Ended, SshError> {
        self.session.run(&format!("sh -c {}", quote(script)), b"").await
    }

    /// Runs a script as root, handing on what it says as it comes.
    pub(crate) async fn as_root(
        &self,
        script: &str,
        input: &[u8],
        take: &mut (dyn FnMut(Source, &[u8]) + Send),
    ) -> Result<Option<u32>, SshError> {
        let command = format!("sh -c {}", quote(script));
        let (command, password) = match &self.privilege {
            Privilege::AsIs => (command, Zeroizing::new(String::new())),
            Privilege::Sudo => (format!("sudo -n {command}"), Zeroizing::new(String::new())),
            // `-k` makes sudo read the line in any case, so that it never reaches the command.
            Privilege::SudoWith(password) => (
                format!("sudo -S -k -p '' {command}"),
                Zeroizing::new(format!("{}\n", password.as_str())),
            ),
        };
        let mut input = password.as_bytes().chain(input);
        self.session.stream(&command, &mut input, take).await
    }

    /// Runs a script as root and keeps the end of what it says.
    pub(crate) async fn script_as_root(&self, script: &str, tail: &mut Tail) -> Result<Option<u32>, SshError> {
        self.as_root(script, b"", &mut |_, bytes| tail.take(bytes)).await
    }
}

/// The end of what a command says, in the order in which it says it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tail(Vec<u8>);

impl Tail {
    /// How much is kept.
    const MOST: usize = 8 * 1024;

    /// Takes more in.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        let over = self.0.len().saturating_sub(Self::MOST);
        self.0.drain(..over);
    }

    /// Its last lines that say something.
    pub(crate) fn lines(&self, most: usize) -> String {
        let text = String::from_utf8_lossy(&self.0);
        let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(most)..].join("\n")
    }

    /// The same behind something, where there is anything.
    pub(super) fn after(&self, before: &str, most: usize) -> String {
        let lines = self.lines(most);
        if lines.is_empty() { lines } else { format!("{before}{lines}") }
    }
}

/// What a command said on its error stream, as the end of a sentence.
pub(super) fn said(told: &Ended) -> String {
    let text = told.error.trim();
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

#[cfg(test)]
mod tests {
    use super::{Tail, is_mistyped};

    #[test]
    fn another_password_is_asked_for_only_where_it_may_do() {
        for (reason, mistyped) in [
            ("Sorry, try again.", true),
            ("sudo: no password was provided", true),
            ("me is not in the sudoers file.", false),
            ("sudo: sorry, you must have a tty to run sudo", false),
            ("Sorry, user me is not allowed to execute '/usr/bin/true' as root on vps.", false),
        ] {
            assert_eq!(is_mistyped(reason), mistyped, "{reason}");
        }
    }

    #[test]
    fn the_end_is_kept() {
        let mut tail = Tail::default();
        assert_eq!(tail.after(": ", 2), "");
        tail.take(b"a\n\nb  \n");
        tail.take(b"c");
        assert_eq!(tail.after(": ", 2), ": b\nc");
    }
}
