//! Patterns of host names as OpenSSH writes them: `*`, `?`, and `!` in front of what is left out.

/// Whether a text fits a pattern of `*` and `?`.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    // The last star seen and where in the text it was tried: going back to it alone keeps this linear in practice.
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, tried)) => {
                    star = Some((at, tried + 1));
                    p = at + 1;
                    t = tried + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

/// Whether a name is meant by a list of patterns: one fits, and none that begins with `!` does.
pub(super) fn meant<'a>(patterns: impl IntoIterator<Item = &'a str>, name: &str) -> bool {
    let name = name.to_lowercase();
    let mut meant = false;
    for pattern in patterns {
        let pattern = pattern.to_lowercase();
        match pattern.strip_prefix('!') {
            Some(pattern) if fits(pattern, &name) => return false,
            Some(_) => {}
            None => meant |= fits(&pattern, &name),
        }
    }
    meant
}

#[cfg(test)]
mod tests {
    use super::{fits, meant};

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "anything", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("*.example.com", "www.example.com", true),
            ("*.example.com", "example.com", false),
            ("10.0.0.?", "10.0.0.7", true),
            ("10.0.0.?", "10.0.0.17", false),
            ("a*b*c", "a-b-b-c", true),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_left_out_wins() {
        assert!(meant(["*.Example.com", "!db.example.com"], "WWW.example.com"));
        assert!(!meant(["*.example.com", "!db.example.com"], "db.example.com"));
        assert!(!meant(["!db.example.com"], "www.example.com"), "a list of exceptions means nobody");
    }
}
