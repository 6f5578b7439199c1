//! Yes or no, on a terminal or from a pipe.

use crate::failure::{Attempt as _, Failure};
use crate::settings::Settings;
use std::io::{BufRead as _, Write as _};

/// Asks a question; everything but a yes is a no, also the end of the input.
pub(super) fn confirm(question: &str, settings: &Settings) -> Result<bool, Failure> {
    // Prompts are forbidden, piped answers are not.
    if settings.environment.stdin_is_terminal && !settings.may_ask {
        return Err(Failure::new(format!("{question}? needs an answer")).hint("say yes with -f"));
    }
    let mut screen = anstream::stderr();
    write!(screen, "{question}? [yN] ")
        .and_then(|()| screen.flush())
        .attempt("cannot ask")?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).attempt("cannot read the answer")?;
    Ok(means_yes(&answer))
}

fn means_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "1" | "true" | "t" | "on")
}

#[cfg(test)]
mod tests {
    use super::means_yes;

    #[test]
    fn only_a_yes_is_a_yes() {
        for yes in ["y\n", "YES\r\n", " Y "] {
            assert!(means_yes(yes), "{yes:?}");
        }
        for no in ["", "\n", "n\n", "yeah\n"] {
            assert!(!means_yes(no), "{no:?}");
        }
    }
}
