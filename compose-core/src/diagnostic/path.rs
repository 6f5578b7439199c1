//! Where in a project's model something stands.

use std::fmt;

/// A way down a project's model: `services.web.ports[0]`, in JSON `["services", "web", "ports", 0]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct ModelPath(Vec<Step>);

/// A step down.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(untagged)]
pub enum Step {
    /// To the value of a key.
    Key(String),
    /// To an element of a list, counted from 0.
    Index(usize),
}

impl ModelPath {
    /// The steps, the outermost first.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The service that this is or lies in.
    pub fn service(&self) -> Option<&str> {
        match self.steps() {
            [Step::Key(section), Step::Key(name), ..] if section == "services" => Some(name),
            _ => None,
        }
    }

    /// What lies below a service, network or other entry of a section.
    pub(crate) fn below_entry(&self) -> &[Step] {
        self.0.get(2..).unwrap_or_default()
    }
}

impl FromIterator<Step> for ModelPath {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

impl fmt::Display for ModelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if depth == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
