//! Pull policies as written, and what they mean.

use super::error::PlanError;
use crate::model::Service;

const DAY: i64 = 24 * 60 * 60;

/// When an image is pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullRule {
    /// Every time.
    Always,
    /// When it is not here.
    Missing,
    /// Not at all.
    Never,
    /// Not at all; it is built every time.
    Build,
    /// When it has not been pulled for so many seconds.
    Refresh(i64),
}

impl PullRule {
    /// Reads a policy; `None` when it is none that is known.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "" | "missing" | "if_not_present" => Self::Missing,
            "always" => Self::Always,
            "never" => Self::Never,
            "build" => Self::Build,
            "daily" => Self::Refresh(DAY),
            "weekly" => Self::Refresh(7 * DAY),
            other => Self::Refresh(seconds(other.strip_prefix("every_")?)?),
        })
    }

    /// The rule for a service, and how it was written.
    pub(super) fn of(service: &Service, over: Option<&str>) -> Result<(Self, String), PlanError> {
        let own = service.pull_policy.as_ref().map(|policy| policy.0.as_str());
        let text = over.filter(|text| *text != "policy").or(own).unwrap_or_default();
        let rule = Self::parse(text).ok_or_else(|| PlanError::PullPolicy {
            service: service.name.clone(),
            policy: text.to_owned(),
        })?;
        Ok((rule, text.to_owned()))
    }
}

/// Seconds of `1w2d3h4m5s`, each unit once at most and in this order or another.
fn seconds(text: &str) -> Option<i64> {
    let mut total = 0_i64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let amount: i64 = rest[..digits].parse().ok()?;
        let (unit, length) = match rest.as_bytes()[digits] {
            b'w' => (7 * DAY, 1),
            b'd' => (DAY, 1),
            b'h' => (60 * 60, 1),
            b'm' => (60, 1),
            b's' => (1, 1),
            _ => return None,
        };
        total = total.checked_add(amount.checked_mul(unit)?)?;
        rest = &rest[digits + length..];
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies() {
        for (text, rule) in [
            ("", Some(PullRule::Missing)),
            ("if_not_present", Some(PullRule::Missing)),
            ("always", Some(PullRule::Always)),
            ("never", Some(PullRule::Never)),
            ("build", Some(PullRule::Build)),
            ("daily", Some(PullRule::Refresh(86_400))),
            ("weekly", Some(PullRule::Refresh(604_800))),
            ("every_12h", Some(PullRule::Refresh(43_200))),
            ("every_1w2d3h4m5s", Some(PullRule::Refresh(604_800 + 172_800 + 10_800 + 240 + 5))),
            ("every_", None),
            ("every_h", None),
            ("every_5", None),
            ("every_5µ", None),
            ("every_99999999999999999999s", None),
            ("sometimes", None),
        ] {
            assert_eq!(PullRule::parse(text), rule, "{text:?}");
        }
    }
}
