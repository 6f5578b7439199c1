//! What was found, and how it is shown.

use serde::Serialize;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// It was not looked at.
    Skipped,
    /// As it should be.
    Good,
    /// It works, and could be better.
    Warning,
    /// It does not work.
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    /// Of what: `ssh`, `engine`, ….
    area: &'static str,
    state: State,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// Everything that was found, in the order in which it was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    all: Vec<Finding>,
    /// What the remedies call the remote.
    pub(super) remote: Option<String>,
}

impl Findings {
    /// Something that is as it should be.
    pub(super) fn good(&mut self, area: &'static str, message: impl Into<String>) {
        self.add(area, State::Good, message, None);
    }

    /// Something that does not work, with what to do.
    pub(super) fn bad(&mut self, area: &'static str, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(area, State::Bad, message, Some(remedy.into()));
    }

    /// Something that could be better, with what to do.
    pub(super) fn warning(&mut self, area: &'static str, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(area, State::Warning, message, Some(remedy.into()));
    }

    /// A failure, with its hints as the remedy.
    pub(super) fn failure(&mut self, area: &'static str, failure: &crate::failure::Failure) {
        self.bad(area, failure.text(), failure.hints.join("; "));
    }

    /// Any finding.
    pub(super) fn add(&mut self, area: &'static str, state: State, message: impl Into<String>, remedy: Option<String>) {
        self.all.push(Finding {
            area,
            state,
            message: message.into(),
            remedy: remedy.filter(|remedy| !remedy.is_empty()).map(|remedy| match &self.remote {
                Some(name) => remedy.replace("NAME", name),
                None => remedy,
            }),
        });
    }

    /// The worst state of all.
    pub(super) fn worst(&self) -> State {
        self.all.iter().map(|finding| finding.state).max().unwrap_or(State::Good)
    }

    /// For programs.
    pub(super) fn document(&self) -> serde_json::Value {
        serde_json::json!({ "healthy": self.worst() < State::Bad, "findings": self.all })
    }

    /// For people.
    pub(super) fn text(&self, colored: bool) -> String {
        let width = self.all.iter().map(|finding| finding.area.len()).max().unwrap_or_default();
        let mut lines = Vec::new();
        for finding in &self.all {
            let (mark, color) = match finding.state {
                State::Skipped => ("-", "2"),
                State::Good => ("✔", "32"),
                State::Warning => ("!", "33"),
                State::Bad => ("✘", "31"),
            };
            let mark = if colored {
                format!("\u{1b}[{color}m{mark}\u{1b}[0m")
            } else {
                mark.to_owned()
            };
            lines.push(format!("{mark} {:width$}  {}", finding.area, finding.message));
            if let Some(remedy) = &finding.remedy {
                lines.push(format!("  {:width$}  → {remedy}", ""));
            }
        }
        let bad = self.all.iter().filter(|finding| finding.state == State::Bad).count();
        lines.push(match bad {
            0 => "Nothing is wrong.".to_owned(),
            1 => "One thing is wrong.".to_owned(),
            many => format!("{many} things are wrong."),
        });
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_shown_with_their_remedies() {
        let mut findings = Findings::default();
        findings.good("ssh", "connected to root@web");
        findings.warning("memory", "200 MiB", "add swap");
        findings.bad("daemon", "it does not answer", "inertia web init");
        findings.add("dns", State::Skipped, "there is no repository here", None);
        insta::assert_snapshot!(findings.text(false), @"
        ✔ ssh     connected to root@web
        ! memory  200 MiB
                  → add swap
        ✘ daemon  it does not answer
                  → inertia web init
        - dns     there is no repository here
        One thing is wrong.
        ");
        assert_eq!(findings.worst(), State::Bad);
        assert_eq!(findings.document()["findings"][2]["remedy"], "inertia web init");
        assert_eq!(Findings::default().worst(), State::Good);
    }
}
