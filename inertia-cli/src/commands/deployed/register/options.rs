//! The flags of `inertia NAME init` that are about the git host.

use crate::environment::Environment;
use crate::failure::{Attempt as _, Failure};
use crate::git_hosts::{GitHost, Token};
use crate::render::note;
use crate::settings::Settings;
use clap::Args;
use deployd::hosting::Hosted;
use std::io::Read as _;

/// What stands for a token that is not on the command line.
const ELSEWHERE: &str = "-";

#[derive(Clone, Default, Args)]
pub(crate) struct RegisterArgs {
    /// Add deploy key and webhook at GitHub, with the token in `GITHUB_TOKEN` or from standard input
    #[arg(long, value_name = "TOKEN", num_args = 0..=1, default_missing_value = ELSEWHERE, conflicts_with = "gitlab_token")]
    github_token: Option<String>,
    /// Add deploy key and webhook at GitLab, with the token in `GITLAB_TOKEN` or from standard input
    #[arg(long, value_name = "TOKEN", num_args = 0..=1, default_missing_value = ELSEWHERE)]
    gitlab_token: Option<String>,
    /// Accept the SSH key of the git host that has this fingerprint from now on
    #[arg(long, value_name = "SHA256:…")]
    pub(super) accept_host_key: Option<String>,
    /// Let this repository have a name under which the daemon deploys another one
    #[arg(long)]
    pub(super) replace: bool,
}

impl std::fmt::Debug for RegisterArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegisterArgs")
            .field("github_token", &self.github_token.is_some())
            .field("gitlab_token", &self.gitlab_token.is_some())
            .field("accept_host_key", &self.accept_host_key)
            .field("replace", &self.replace)
            .finish()
    }
}

/// The tokens that were given.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    github: Option<Token>,
    gitlab: Option<Token>,
}

impl RegisterArgs {
    /// Whether none was given.
    pub(crate) fn is_empty(&self) -> bool {
        self.github_token.is_none() && self.gitlab_token.is_none() && self.accept_host_key.is_none() && !self.replace
    }

    /// The tokens, from wherever they are.
    pub(super) fn tokens(&self, settings: &Settings) -> Result<Tokens, Failure> {
        let read = |given: &Option<String>, variable: &str, flag: &str| -> Result<Option<Token>, Failure> {
            let Some(given) = given else { return Ok(None) };
            token(given, variable, flag, settings).map(Some)
        };
        Ok(Tokens {
            github: read(&self.github_token, "GITHUB_TOKEN", "--github-token")?,
            gitlab: read(&self.gitlab_token, "GITLAB_TOKEN", "--gitlab-token")?,
        })
    }
}

type Make = fn(Token, &Hosted, &Environment) -> Result<GitHost, Failure>;

impl Tokens {
    /// The git host of a repository, where there is a token for it.
    pub(super) fn host(self, url: &str, settings: &Settings) -> Result<Option<GitHost>, Failure> {
        let (token, make): (Token, Make) = match (self.github, self.gitlab) {
            (Some(token), _) => (token, GitHost::github),
            (None, Some(token)) => (token, GitHost::gitlab),
            (None, None) => return Ok(None),
        };
        let repository = Hosted::parse(url).ok_or_else(|| {
            Failure::usage(format!("{url} is at no git host, so there is nothing to register with a token")).hint("leave the flag out")
        })?;
        make(token, &repository, &settings.environment).map(Some)
    }
}

fn token(given: &str, variable: &str, flag: &str, settings: &Settings) -> Result<Token, Failure> {
    let text = if given != ELSEWHERE {
        note(&format!(
            "warning: a token on the command line is seen by everybody on this machine; put it into {variable} and write {flag} alone"
        ));
        given.to_owned()
    } else if let Some(text) = settings.environment.variable(variable) {
        text.to_owned()
    } else if settings.environment.stdin_is_terminal {
        if !settings.may_ask {
            return Err(Failure::usage(format!("{flag} has no token and may not ask for one")).hint(format!("put it into {variable}")));
        }
        dialoguer::Password::new()
            .with_prompt("Token")
            .interact()
            .attempt("no token was given")?
    } else {
        let mut text = String::new();
        std::io::stdin()
            .take(4096)
            .read_to_string(&mut text)
            .attempt("cannot read the token from standard input")?;
        text
    };
    Token::new(&text).ok_or_else(|| {
        Failure::usage(format!("what was given with {flag} is no token"))
            .hint(format!("put it into {variable}, or give it on standard input"))
    })
}
