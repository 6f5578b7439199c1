//! A project's variables as a deployment sees them: opened, and never written anywhere else.

use crate::daemon::Daemon;
use crate::daemon::problem::ApiError;
use crate::daemon::redact::Redactor;
use crate::daemon::store::{SealedVariable, StoreError};
use crate::daemon::vault::VaultError;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// Names and values.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Environment(BTreeMap<String, Zeroizing<String>>);

/// Why the variables cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnvironmentError {
    /// The database did not give them.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// They do not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<EnvironmentError> for ApiError {
    fn from(error: EnvironmentError) -> Self {
        Self::internal(error)
    }
}

fn place(project: &str, key: &str) -> String {
    format!("env/{project}/{key}")
}

fn release_place(project: &str, deployment: u64) -> String {
    format!("release/{project}/{deployment}")
}

impl Environment {
    /// The variables as they are set now.
    pub(crate) async fn current(daemon: &Daemon, project: &str) -> Result<Self, EnvironmentError> {
        let sealed = daemon.store().sealed_variables(project).await?;
        let mut opened = BTreeMap::new();
        for SealedVariable { key, value } in sealed {
            let value = daemon.vault().open_text(&place(project, &key), &value)?;
            opened.insert(key, value);
        }
        Ok(Self(opened))
    }

    /// Hides every value that a project's containers may know: those that are set now, and those of the releases that are kept.
    /// What runs has the values of its own deployment, whatever was set or removed since.
    pub(crate) async fn hidden(daemon: &Daemon, project: &str) -> Result<Redactor, EnvironmentError> {
        let mut known = vec![Self::current(daemon, project).await?];
        for release in daemon.store().releases(project).await? {
            known.push(Self::of_release(daemon, project, release.deployment, &release.environment)?);
        }
        let values = known.iter().flat_map(|environment| environment.0.values());
        Ok(Redactor::new(values.map(|value| value.as_str())))
    }

    /// The variables as a release had them.
    pub(crate) fn of_release(daemon: &Daemon, project: &str, deployment: u64, sealed: &[u8]) -> Result<Self, VaultError> {
        let text = daemon.vault().open(&release_place(project, deployment), sealed)?;
        let plain: BTreeMap<String, String> = serde_json::from_slice(&text).map_err(|_| VaultError)?;
        Ok(Self(plain.into_iter().map(|(key, value)| (key, Zeroizing::new(value))).collect()))
    }

    /// The variables sealed for a release.
    pub(crate) fn seal_for_release(&self, daemon: &Daemon, project: &str, deployment: u64) -> Vec<u8> {
        let plain: BTreeMap<&str, &str> = self.0.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let text = Zeroizing::new(serde_json::to_vec(&plain).expect("text serialises"));
        daemon.vault().seal(&release_place(project, deployment), &text)
    }

    /// Names and values, for the loader.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.0.iter().map(|(key, value)| (key.clone(), value.to_string()))
    }

    /// What hides the values.
    pub(crate) fn redactor(&self) -> Redactor {
        Redactor::new(self.0.values().map(|value| value.as_str()))
    }

    /// These values and those of another, for hiding both.
    pub(crate) fn redactor_with(&self, other: &Self) -> Redactor {
        Redactor::new(self.0.values().chain(other.0.values()).map(|value| value.as_str()))
    }
}

/// A variable to be kept.
pub(crate) fn seal(daemon: &Daemon, project: &str, key: &str, value: &str) -> SealedVariable {
    SealedVariable {
        key: key.to_owned(),
        value: daemon.vault().seal(&place(project, key), value.as_bytes()),
    }
}

/// Checks a variable's name: a letter or `_`, then letters, digits and `_`.
pub(crate) fn check_key(key: &str) -> Result<(), ApiError> {
    let begins = key.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if begins && key.len() <= 256 && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(());
    }
    let detail = format!("{key:?} is no name of a variable: use letters, digits and '_', not beginning with a digit");
    Err(ApiError::invalid("bad-variable-name", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_variables() {
        for key in ["A", "_x", "SECRET_WORD", "a1"] {
            assert_eq!(check_key(key), Ok(()), "{key}");
        }
        for key in ["", "1A", "A-B", "A.B", "A B", "Ä", &"A".repeat(257)] {
            assert!(check_key(key).is_err(), "{key}");
        }
    }
}
