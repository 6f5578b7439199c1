//! Questions to the person at the terminal; where nobody may be asked, there is no answer.

use crate::failure::{Attempt as _, Failure};
use crate::settings::Settings;
use zeroize::Zeroizing;

/// Who can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// The person at the terminal.
    Terminal,
    /// Nobody.
    Nobody,
}

impl Ask {
    /// Who can be asked under these settings.
    pub(crate) fn of(settings: &Settings) -> Self {
        if settings.may_ask { Self::Terminal } else { Self::Nobody }
    }

    /// Makes sure that what cannot be undone is meant. Where nobody can be asked, a flag has to say so.
    pub(crate) fn insist(self, question: impl FnOnce() -> Result<String, Failure>) -> Result<(), Failure> {
        if self == Self::Nobody {
            return Err(Failure::usage("this removes things, and nobody can be asked").hint("say that it is meant: --yes"));
        }
        match self.confirm(&question()?)? {
            Some(true) => Ok(()),
            Some(false) | None => Err(Failure::new("nothing was removed")),
        }
    }

    /// Yes or no, as a line of its own, of which only a yes is one; `None` where nobody can be asked.
    pub(crate) fn confirm(self, question: &str) -> Result<Option<bool>, Failure> {
        if self == Self::Nobody {
            return Ok(None);
        }
        let answer = dialoguer::Input::<String>::new()
            .with_prompt(format!("{question} [y/N]"))
            .allow_empty(true)
            .interact_text();
        let answer = answer.attempt("no answer could be read")?;
        Ok(Some(is_yes(&answer)))
    }

    /// A line of text, with an answer that is meant when none is given; `None` where nobody can be asked.
    pub(crate) fn text(self, question: &str, usual: Option<&str>) -> Result<Option<String>, Failure> {
        if self == Self::Nobody {
            return Ok(None);
        }
        let mut input = dialoguer::Input::<String>::new().with_prompt(question);
        if let Some(usual) = usual {
            input = input.default(usual.to_owned());
        }
        input.interact_text().attempt("no answer could be read").map(Some)
    }

    /// Something that is not shown while it is typed; `None` where nobody can be asked.
    pub(crate) fn secret(self, question: &str) -> Result<Option<Zeroizing<String>>, Failure> {
        if self == Self::Nobody {
            return Ok(None);
        }
        let answer = dialoguer::Password::new()
            .with_prompt(question)
            .allow_empty_password(true)
            .interact();
        answer.attempt("no answer could be read").map(Zeroizing::new).map(Some)
    }
}

fn is_yes(answer: &str) -> bool {
    let answer = answer.trim();
    answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes")
}

#[cfg(test)]
mod tests {
    use super::is_yes;

    #[test]
    fn what_is_no_clear_yes_is_a_no() {
        for yes in ["y", "Y", " yes ", "YES"] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["", "n", "no way", "maybe", "yeah", "y n", "why"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
