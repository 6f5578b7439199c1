//! Keeps the values of a project's variables out of everything that is written or shown.

use zeroize::Zeroizing;

/// Values shorter than this are no secrets: hiding every `1` or `on` would hide the text itself.
const SHORTEST: usize = 4;
/// What stands in place of a value.
const MASK: &str = "[redacted]";

/// Replaces secret values in text.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    /// Longest first, so that a value that contains another is replaced whole.
    values: Vec<Zeroizing<String>>,
}

impl Redactor {
    /// Hides these values, and each line of those with several.
    pub(crate) fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hidden: Vec<&str> = Vec::new();
        for value in values {
            hidden.push(value);
            hidden.extend(value.lines().map(str::trim));
        }
        hidden.retain(|value| value.len() >= SHORTEST && !is_plain(value));
        let mut redactor = Self::default();
        redactor.add(Self {
            values: hidden.into_iter().map(|value| Zeroizing::new(value.to_owned())).collect(),
        });
        redactor
    }

    /// Hides what another one hides as well.
    pub(crate) fn add(&mut self, other: Self) {
        self.values.extend(other.values);
        self.values.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        self.values.dedup();
    }

    /// The text without any of the values.
    pub(crate) fn clean(&self, text: String) -> String {
        self.values.iter().filter(|value| !value.is_empty()).fold(text, |text, value| {
            if text.contains(value.as_str()) {
                text.replace(value.as_str(), MASK)
            } else {
                text
            }
        })
    }
}

/// Words that are settings rather than secrets.
fn is_plain(value: &str) -> bool {
    ["true", "false", "null", "none", "debug", "info", "production", "development"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(values: &[&str], text: &str) -> String {
        Redactor::new(values.iter().copied()).clean(text.to_owned())
    }

    #[test]
    fn hides_values_wherever_they_stand() {
        assert_eq!(clean(&["xyzzy"], "a xyzzy=xyzzy!"), "a [redacted]=[redacted]!");
        assert_eq!(clean(&["pass", "password"], "password pass"), "[redacted] [redacted]");
    }

    #[test]
    fn hides_longer_values_first_whoever_names_them() {
        let mut redactor = Redactor::new(["pass"]);
        redactor.add(Redactor::new(["password", "pass"]));
        assert_eq!(redactor.clean("password pass".to_owned()), "[redacted] [redacted]");
    }

    #[test]
    fn hides_each_line_of_a_key() {
        let key = "-----BEGIN-----\nabcdef\n-----END-----";
        assert_eq!(clean(&[key], "read abcdef"), "read [redacted]");
        assert_eq!(clean(&[key], key), "[redacted]");
    }

    #[test]
    fn leaves_settings_readable() {
        assert_eq!(clean(&["1", "on", "true", "", "\n\n"], "true is 1 on"), "true is 1 on");
    }
}
