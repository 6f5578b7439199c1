//! `inertia.toml`: a project's own settings, written by `inertia init` and read from each commit.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The file's name, beside the compose file.
pub const FILE_NAME: &str = "inertia.toml";
/// How long a release may take to become healthy where the file does not say, and its health checks need no longer.
pub const DEFAULT_HEALTH_TIMEOUT: Duration = Duration::from_mins(1);

/// How long the file may be, in bytes.
pub const LONGEST_FILE: usize = 64 * 1024;
/// How long a span of time in it may be.
pub const LONGEST_SPAN: Duration = Duration::from_hours(30 * 24);
/// How many compose files, and how many profiles, it may name.
pub const MOST_NAMES: usize = 100;

/// What `inertia.toml` says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectSettings {
    /// The project's name on the daemon.
    pub name: String,
    /// The compose files, relative to this file; found as Docker Compose finds them when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compose: Vec<String>,
    /// The profiles that are active.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
    /// The branch that is deployed; only `inertia NAME init` reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// How long a release may take to become healthy: `60s`, `5m`; what its health checks need, and a minute at least, when
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "span")]
    pub health_timeout: Option<Duration>,
    /// How often the daemon looks for a new commit by itself: `1m`; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "span")]
    pub poll: Option<Duration>,
}

/// Why an `inertia.toml` was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct SettingsError {
    /// `inertia.toml:LINE:COLUMN`.
    pub place: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl ProjectSettings {
    /// Reads the file's text.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let refused = |message| SettingsError {
            place: FILE_NAME.to_owned(),
            message,
        };
        if text.len() > LONGEST_FILE {
            return Err(refused(format!(
                "the file is longer than {LONGEST_FILE} bytes; it holds settings only"
            )));
        }
        let settings: Self = toml::from_str(text).map_err(|error| located(text, &error))?;
        check_name(&settings.name).map_err(refused)?;
        for (key, names) in [("compose", &settings.compose), ("profiles", &settings.profiles)] {
            if names.len() > MOST_NAMES {
                let count = names.len();
                return Err(refused(format!(
                    "`{key}` has {count} elements, and may have {MOST_NAMES}; name fewer"
                )));
            }
        }
        Ok(settings)
    }
}

/// Checks a project's name: lower-case letters, digits, `-` and `_`, beginning with a letter or digit, at most 63.
pub fn check_name(name: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let begins = name.chars().next().is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if begins && name.len() <= 63 && name.chars().all(fits) {
        return Ok(());
    }
    Err(format!(
        "{name:?} is no project name: use at most 63 lower-case letters, digits, '-' and '_', beginning with a letter or digit"
    ))
}

fn located(text: &str, error: &toml::de::Error) -> SettingsError {
    let place = match error.span() {
        Some(span) => {
            let before = text.get(..span.start).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            format!("{FILE_NAME}:{line}:{column}")
        }
        None => FILE_NAME.to_owned(),
    };
    SettingsError {
        place,
        message: error.message().trim().replace('\n', ", "),
    }
}

/// Reads a span of time as people write it: `90s`, `5m`, `1h`, `250ms`, a plain number of seconds.
pub fn parse_span(text: &str) -> Result<Duration, String> {
    let refused = || format!("{text:?} is no span of time: write 30s, 5m or 1h");
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| refused())?;
    let seconds = match unit {
        "ms" => return Ok(Duration::from_millis(number)),
        "" | "s" => Some(number),
        "m" => number.checked_mul(60),
        "h" => number.checked_mul(3600),
        "d" => number.checked_mul(86400),
        _ => None,
    };
    seconds.map(Duration::from_secs).ok_or_else(refused)
}

/// A span of time in `inertia.toml`.
mod span {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::time::Duration;

    #[expect(clippy::ref_option, reason = "serde's `with` gives the field by reference")]
    pub(super) fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(span) if span.subsec_millis() != 0 => serializer.serialize_str(&format!("{}ms", span.as_millis())),
            Some(span) => serializer.serialize_str(&format!("{}s", span.as_secs())),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let span = super::parse_span(&text).map_err(D::Error::custom)?;
        if span > super::LONGEST_SPAN {
            let most = super::LONGEST_SPAN.as_secs() / 86_400;
            return Err(D::Error::custom(format!(
                "{text:?} is longer than {most} days, the longest that is waited"
            )));
        }
        Ok(Some(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_key() {
        let text =
            "name = \"shop\"\ncompose = [\"a.yml\"]\nprofiles = [\"p\"]\nbranch = \"main\"\nhealth_timeout = \"5m\"\npoll = \"90s\"\n";
        let settings = ProjectSettings::parse(text).expect("valid");
        assert_eq!(settings.health_timeout, Some(Duration::from_mins(5)));
        assert_eq!(settings.poll, Some(Duration::from_secs(90)));
        assert_eq!(settings.compose, ["a.yml"]);
        let again = toml::to_string(&settings).expect("serialises");
        assert_eq!(ProjectSettings::parse(&again), Ok(settings));
    }

    #[test]
    fn says_where_a_file_is_wrong() {
        for (text, place) in [
            ("name = \"shop\"\nbranhc = \"main\"\n", "inertia.toml:2:1"),
            ("name = \"shop\"\npoll = \"soon\"\n", "inertia.toml:2:8"),
            ("name = \"Shop\"\n", "inertia.toml"),
            ("name = \n", "inertia.toml:1:8"),
            ("name = \"shop\"\nhealth_timeout = \"36500d\"\n", "inertia.toml:2:18"),
            ("name = \"shop\"\npoll = \"18446744073709551615\"\n", "inertia.toml:2:8"),
        ] {
            assert_eq!(ProjectSettings::parse(text).expect_err(text).place, place, "{text}");
        }
    }

    #[test]
    fn what_is_waited_and_named_has_bounds() {
        let refused = |text: &str| ProjectSettings::parse(text).expect_err("refused").message;
        assert_eq!(
            refused("name = \"shop\"\nhealth_timeout = \"31d\"\n"),
            "\"31d\" is longer than 30 days, the longest that is waited"
        );
        assert!(ProjectSettings::parse("name = \"shop\"\nhealth_timeout = \"30d\"\n").is_ok());
        let many = format!("name = \"shop\"\nprofiles = [{}]\n", "\"a\",".repeat(MOST_NAMES + 1));
        assert_eq!(refused(&many), "`profiles` has 101 elements, and may have 100; name fewer");
        let long = format!("name = \"shop\"\n#{}\n", "x".repeat(LONGEST_FILE));
        assert_eq!(refused(&long), "the file is longer than 65536 bytes; it holds settings only");
    }

    #[test]
    fn spans_of_time() {
        for (text, seconds) in [("30s", 30), ("5m", 300), ("1h", 3600), ("2d", 172_800), ("7", 7)] {
            assert_eq!(parse_span(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse_span("250ms"), Ok(Duration::from_millis(250)));
        for text in ["", "s", "-1s", "1w", "1.5m", "99999999999999999999s", "9999999999999999999d"] {
            assert!(parse_span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names() {
        for name in ["shop", "a", "0-x_y"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", "-x", "_x", "Shop", "a b", "a/b", "..", &"a".repeat(64)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
