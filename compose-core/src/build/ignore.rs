//! Which files of a folder take part in a build: the patterns of `.dockerignore`, matched as the
//! Docker Engine matches them.
//!
//! Patterns are anchored at the folder, the last one that matches wins, `!` takes a file back in,
//! `**` stands for any number of folders, and what matches a folder matches everything below it.

use regex::Regex;

/// How many patterns a file may have.
const MOST_PATTERNS: usize = 10_000;
/// How many of them may be such that an automaton has to be made of them.
const MOST_COMPILED: usize = 1_000;

/// A pattern that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {pattern:?} is no valid pattern: {reason}")]
pub struct PatternError {
    /// The line, from 1.
    pub line: usize,
    /// The pattern as written.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// A list of patterns, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    rules: Vec<Rule>,
}

/// What was found out about one path; the paths below it are judged with it.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    ignored: bool,
    matched: Vec<bool>,
}

impl Verdict {
    /// The path takes no part in the build.
    pub fn ignored(&self) -> bool {
        self.ignored
    }
}

#[derive(Clone, Debug)]
struct Rule {
    text: String,
    exception: bool,
    matcher: Matcher,
}

#[derive(Clone, Debug)]
enum Matcher {
    /// Nothing special in it.
    Exact(String),
    /// `dir/**`.
    Prefix(String),
    /// `**/name`: the rest after the stars.
    Suffix(String),
    /// Everything else.
    Regex(Regex),
}

impl Matcher {
    fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(text) => path == text,
            Self::Prefix(text) => path.starts_with(text),
            Self::Suffix(text) => path.ends_with(text) || text.strip_prefix('/').is_some_and(|name| path == name),
            Self::Regex(regex) => regex.is_match(path),
        }
    }
}

impl Ignore {
    /// Reads the text of a `.dockerignore`.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let (mut rules, mut compiled) = (Vec::new(), 0);
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let refused = |reason| PatternError {
                line: index + 1,
                pattern: line.trim().to_owned(),
                reason,
            };
            if rules.len() == MOST_PATTERNS {
                return Err(refused(
                    "there are 10000 before it, and each path is compared with all; ignore whole folders",
                ));
            }
            let rule = Rule::parse(line.trim()).map_err(refused)?;
            compiled += usize::from(matches!(rule.matcher, Matcher::Regex(_)));
            if compiled > MOST_COMPILED {
                return Err(refused("there are 1000 with wildcards before it; ignore whole folders"));
            }
            rules.push(rule);
        }
        Ok(Self { rules })
    }

    /// Takes patterns that come one by one; a `#` begins no comment there.
    #[cfg(feature = "engine")]
    pub(crate) fn from_patterns<'a>(patterns: impl Iterator<Item = &'a str>) -> Result<Self, PatternError> {
        let mut rules = Vec::new();
        for (index, pattern) in patterns.enumerate() {
            rules.push(Rule::parse(pattern.trim()).map_err(|reason| PatternError {
                line: index + 1,
                pattern: pattern.to_owned(),
                reason,
            })?);
        }
        Ok(Self { rules })
    }

    /// The same patterns, with an exception for a file that is needed whatever they say.
    #[must_use]
    pub fn with_exception(mut self, path: &str) -> Self {
        self.rules.push(Rule {
            text: path.to_owned(),
            exception: true,
            matcher: Matcher::Exact(path.to_owned()),
        });
        self
    }

    /// Judges a path (relative, separated by `/`) by what was found out about its folder:
    /// the default verdict for what lies at the top.
    pub fn judge(&self, path: &str, folder: &Verdict) -> Verdict {
        let mut ignored = false;
        let mut matched = vec![false; self.rules.len()];
        for (index, rule) in self.rules.iter().enumerate() {
            let inherited = folder.matched.get(index).copied().unwrap_or(false);
            // A rule that would not change the answer is not asked, and then not inherited either.
            if !inherited && rule.exception != ignored {
                continue;
            }
            if inherited || rule.matcher.matches(path) {
                matched[index] = true;
                ignored = !rule.exception;
            }
        }
        Verdict { ignored, matched }
    }

    /// Judges a path from the top.
    pub fn ignores(&self, path: &str) -> bool {
        let mut verdict = Verdict::default();
        for (end, _) in path.match_indices('/').chain(std::iter::once((path.len(), ""))) {
            verdict = self.judge(&path[..end], &verdict);
        }
        verdict.ignored
    }

    /// Nothing below an ignored folder can be taken back in, so it need not be read.
    pub fn prunes(&self, folder: &str) -> bool {
        !self.rules.iter().any(|rule| rule.exception && rule.may_match_below(folder))
    }
}

impl Rule {
    fn parse(line: &str) -> Result<Self, &'static str> {
        let (exception, pattern) = match line.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, line),
        };
        if pattern.is_empty() {
            return Err("an exception needs a path");
        }
        let text = clean(pattern);
        Ok(Self {
            matcher: compile(&text)?,
            text,
            exception,
        })
    }

    fn may_match_below(&self, folder: &str) -> bool {
        let mut segments = self.text.split('/');
        for part in folder.split('/') {
            match segments.next() {
                None => return false,
                Some(segment) if segment.contains("**") => return true,
                Some(segment) if is_literal(segment) && segment != part => return false,
                Some(_) => {}
            }
        }
        segments.next().is_some()
    }
}

fn is_literal(segment: &str) -> bool {
    !segment.contains(['*', '?', '[', '\\'])
}

/// The path without `.`, `..`, doubled and outer slashes.
fn clean(pattern: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let rooted = pattern.starts_with('/');
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            _ => parts.push(part),
        }
    }
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

fn compile(pattern: &str) -> Result<Matcher, &'static str> {
    if is_literal(pattern) {
        return Ok(Matcher::Exact(pattern.to_owned()));
    }
    if let Some(rest) = pattern.strip_prefix("**")
        && is_literal(rest)
    {
        return Ok(Matcher::Suffix(rest.to_owned()));
    }
    if let Some(rest) = pattern.strip_suffix("**")
        && is_literal(rest)
    {
        return Ok(Matcher::Prefix(rest.to_owned()));
    }
    let expression = translate(pattern)?;
    Regex::new(&expression)
        .map(Matcher::Regex)
        .map_err(|_| "it is too large, or a range in it is reversed")
}

fn translate(pattern: &str) -> Result<String, &'static str> {
    let mut out = String::from("^(?:");
    let mut rest = pattern.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '*' if rest.next_if_eq(&'*').is_some() => {
                rest.next_if_eq(&'/');
                out.push_str(if rest.peek().is_none() { ".*" } else { "(?:.*/)?" });
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '[' => class(&mut rest, &mut out)?,
            '\\' => push_literal(rest.next().ok_or("nothing follows the backslash")?, &mut out),
            other => push_literal(other, &mut out),
        }
    }
    out.push_str(")$");
    Ok(out)
}

fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) -> Result<(), &'static str> {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut empty = true;
    loop {
        match rest.next().ok_or("the bracket is not closed")? {
            ']' if empty => return Err("the brackets are empty"),
            ']' => break,
            '-' => out.push('-'),
            '\\' => push_literal(rest.next().ok_or("nothing follows the backslash")?, out),
            other => push_literal(other, out),
        }
        empty = false;
    }
    out.push(']');
    Ok(())
}

fn push_literal(character: char, out: &mut String) {
    out.push_str(&regex::escape(character.encode_utf8(&mut [0; 4])));
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    /// Patterns (separated by spaces), paths that they ignore, paths that they do not: each line was tried with the Docker CLI.
    const TABLE: &[(&str, &[&str], &[&str])] = &[
        ("*.md", &["a.md"], &["sub/a.md", "amd"]),
        ("foo", &["foo", "foo/bar", "foo/x/y"], &["sub/foo", "foobar"]),
        ("/foo", &["foo"], &["sub/foo"]),
        ("foo/", &["foo", "foo/bar"], &["sub/foo"]),
        ("**/foo", &["foo", "sub/foo", "a/b/foo", "a/foo/b"], &["xfoo", "sub/xfoo"]),
        ("**foo", &["foo", "xfoo", "sub/xfoo"], &["foox"]),
        ("foo/**", &["foo/bar", "foo/x/y"], &["foo", "x/foo/y"]),
        ("foo**", &["foo", "foox", "foo/x", "foox/y"], &["xfoo"]),
        ("**", &["a", "a/b"], &[]),
        ("*", &["a", "a/b"], &[]),
        ("*/b", &["a/b", "a/b/c"], &["b", "a/x/b"]),
        ("**/*.tmp", &["f.tmp", "d/e/f.tmp"], &["f.tmpx"]),
        ("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["b", "ab"]),
        ("a**b", &["ab", "ax/b"], &["axb"]),
        ("secret?.txt", &["secret1.txt"], &["secret12.txt", "secret.txt"]),
        ("[a-c]x", &["ax", "cx"], &["dx", "-x"]),
        ("[^a]x", &["bx"], &["ax"]),
        ("a\\*b", &["a*b"], &["axb"]),
        ("a.b", &["a.b"], &["axb"]),
        ("a+(b){1}$|", &["a+(b){1}$|"], &["a"]),
        ("./x/../foo", &["foo"], &["x"]),
        ("* !keep", &["a", "b/keep"], &["keep", "keep/x"]),
        ("*.log !keep.log", &["a.log"], &["keep.log", "d/a.log"]),
        ("!keep.log *.log", &["keep.log"], &[]),
        ("a !a/keep", &["a", "a/x"], &["a/keep", "a/keep/y"]),
        ("a !a/keep a/keep/no", &["a/keep/no"], &["a/keep", "a/keep/y"]),
        ("** !**/*.rs", &["x", "a/x"], &["a.rs", "a/b.rs"]),
        (". /", &[], &["a"]),
    ];

    fn ignore(patterns: &str) -> Ignore {
        Ignore::parse(&patterns.replace(' ', "\n")).unwrap()
    }

    #[test]
    fn matches_as_the_engine_does() {
        for (patterns, ignored, kept) in TABLE {
            let ignore = ignore(patterns);
            for path in *ignored {
                assert!(ignore.ignores(path), "{patterns:?} must ignore {path}");
            }
            for path in *kept {
                assert!(!ignore.ignores(path), "{patterns:?} must keep {path}");
            }
        }
    }

    #[test]
    fn comments_blanks_and_a_byte_order_mark_are_no_patterns() {
        let ignore = Ignore::parse("\u{feff}# top\n\n  spaced  \n#x\n ! spaced/in \r\n").unwrap();
        assert!(ignore.ignores("spaced"));
        assert!(!ignore.ignores("spaced/in"));
        assert!(!ignore.ignores("#x"));
        assert_eq!(ignore.rules.len(), 2);
    }

    #[test]
    fn bad_patterns_name_their_line() {
        for (text, line) in [("ok\n[a", 2), ("a\\", 1), ("[]", 1), ("x\ny\n!", 3), ("[z-a]", 1)] {
            let error = Ignore::parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}: {error}");
        }
    }

    #[test]
    fn prunes_only_where_no_exception_reaches() {
        for (patterns, folder, expected) in [
            ("node_modules", "node_modules", true),
            ("a !b", "a", true),
            ("a !a/keep", "a", false),
            ("a !a/keep", "a/x", true),
            ("a !a/*/keep", "a/x", false),
            ("a !a", "a", true),
            ("** !**/*.rs", "a/b", false),
            ("** !src/**", "src/x", false),
            ("** !src/**", "doc", true),
        ] {
            assert_eq!(ignore(patterns).prunes(folder), expected, "{patterns:?} at {folder}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[ab*?!#/\\\\\\[\\].\\^-]{0,12}", path in "[ab/.]{0,8}") {
            if let Ok(ignore) = Ignore::parse(&text) {
                ignore.ignores(&path);
                ignore.prunes(&path);
            }
        }

        #[test]
        fn pruning_loses_nothing(
            patterns in proptest::collection::vec("!?(\\*\\*/)?[ab*]{1,2}(/[ab*]{1,2}){0,2}", 1..5),
            path in "[ab]{1,2}(/[ab]{1,2}){1,3}",
        ) {
            let ignore = Ignore::parse(&patterns.join("\n")).unwrap();
            let mut verdict = Verdict::default();
            for (end, _) in path.match_indices('/') {
                verdict = ignore.judge(&path[..end], &verdict);
                if verdict.ignored() && ignore.prunes(&path[..end]) {
                    prop_assert!(ignore.ignores(&path), "{patterns:?} prunes {} but keeps {path}", &path[..end]);
                }
            }
        }
    }

    #[test]
    fn a_file_has_so_many_patterns() {
        let many = |pattern: &str, count: usize| Ignore::parse(&format!("{pattern}\n").repeat(count));
        assert!(many("a/b", MOST_PATTERNS).is_ok() && many("a?b*", MOST_COMPILED).is_ok());
        for (refused, line) in [
            (many("a/b", MOST_PATTERNS + 1), MOST_PATTERNS + 1),
            (many("a?b*", MOST_COMPILED + 1), MOST_COMPILED + 1),
        ] {
            assert_eq!(refused.unwrap_err().line, line);
        }
    }
}
