//! In what something that is there differs from what would be made now.

use serde::Serialize;
use std::fmt;

/// One setting that differs, by its name in a compose file: `restart`, `environment.MODE`. Only limits tell their values:
/// the rest may be secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Difference {
    /// The setting.
    pub field: String,
    /// What it is and what it is to be, where that is told.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub values: Option<Values>,
}

/// What a setting is, and what it is to be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Values {
    /// What it is.
    pub found: String,
    /// What it is to be.
    pub wanted: String,
}

impl Difference {
    /// A setting whose values are not told.
    pub fn of(field: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            values: None,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.values {
            None => f.write_str(&self.field),
            Some(Values { found, wanted }) => write!(f, "{} ({found}, not {wanted})", self.field),
        }
    }
}

/// Several in a row.
pub(crate) fn listed(differences: &[Difference]) -> String {
    let texts: Vec<String> = differences.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

/// In what a container differs from what its service asks for now. Empty where nobody compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// What can be changed while it is there, as `docker update` does: its configuration hash knows nothing of it.
    pub limits: Vec<Difference>,
    /// What it was made with.
    pub settings: Vec<Difference>,
}

impl Differences {
    /// Everything.
    pub fn all(&self) -> Vec<Difference> {
        self.settings.iter().chain(&self.limits).cloned().collect()
    }
}
