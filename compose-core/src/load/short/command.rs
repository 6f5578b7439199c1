//! Commands given as text, split into words as the reference does: a shell's quoting without its
//! expansions.

use super::Malformed;

const HELP: &str = "close every quote and parenthesis, or give the command as a list";

/// The words of a command.
///
/// Quotes and backslashes work as in a shell, except that a backslash also escapes anything in
/// double quotes. `$(…)` and backquotes stay as they are. An unquoted `&`, `|`, `;`, `<` or `>`
/// ends the command without a word about the rest.
pub(crate) fn split(text: &str) -> Result<Vec<String>, Malformed> {
    Ok(read(text)?.0)
}

/// What [`split`] leaves out of a command: from the `&` or the like that ends it.
pub(crate) fn left_out(text: &str) -> Option<&str> {
    let (_, rest) = read(text).ok()?;
    Some(rest).filter(|rest| !rest.is_empty())
}

/// The words, and what is left when they end before the text does.
fn read(text: &str) -> Result<(Vec<String>, &str), Malformed> {
    let mut words = Words::default();
    let mut rest = "";
    for (at, c) in text.char_indices() {
        match words.take(c) {
            Step::Go => {}
            Step::End => {
                rest = &text[at..];
                break;
            }
            Step::Fail => return Err(malformed(text)),
        }
    }
    if words.started {
        words.end_word();
    }
    if words.escaped || words.open != Open::default() {
        return Err(malformed(text));
    }
    Ok((words.done, rest))
}

fn malformed(text: &str) -> Malformed {
    Malformed::new(format!("`{text}` is no well-formed command"), HELP)
}

/// Which quotes are open; backquotes may hold others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Open(u8);

const SINGLE: u8 = 1;
const DOUBLE: u8 = 2;
const BACK: u8 = 4;
/// Inside `$(…)`.
const DOLLAR: u8 = 8;

impl Open {
    fn any(self, of: u8) -> bool {
        self.0 & of != 0
    }

    fn toggle(&mut self, one: u8) {
        self.0 ^= one;
    }
}

enum Step {
    Go,
    End,
    Fail,
}

#[derive(Default)]
struct Words {
    done: Vec<String>,
    word: String,
    /// The word counts even when it is empty.
    started: bool,
    escaped: bool,
    open: Open,
}

impl Words {
    fn take(&mut self, c: char) -> Step {
        if self.escaped {
            self.escaped = false;
            return self.push(c);
        }
        match c {
            // The reference lets neither of these two begin a word.
            '\\' if self.open.any(SINGLE) => self.word.push(c),
            ' ' | '\t' | '\r' | '\n' if self.open != Open::default() => self.word.push(c),
            '\\' => self.escaped = true,
            ' ' | '\t' | '\r' | '\n' => {
                if self.started {
                    self.end_word();
                }
            }
            '"' if !self.open.any(SINGLE | DOLLAR) => self.toggle(DOUBLE),
            '\'' if !self.open.any(DOUBLE | DOLLAR) => self.toggle(SINGLE),
            '`' if !self.open.any(SINGLE | DOUBLE | DOLLAR) => return self.toggle_and_keep(BACK, c),
            ')' if !self.open.any(SINGLE | DOUBLE | BACK) => return self.toggle_and_keep(DOLLAR, c),
            '(' if !self.open.any(SINGLE | DOUBLE | BACK) => {
                if self.open.any(DOLLAR) || !self.word.ends_with('$') {
                    return Step::Fail;
                }
                return self.toggle_and_keep(DOLLAR, c);
            }
            ';' | '&' | '|' | '<' | '>' if self.open == Open::default() => {
                // `2>` redirects a stream: the number is no word.
                if c == '>' && self.word.starts_with(|first: char| first.is_ascii_digit()) {
                    self.started = false;
                }
                return Step::End;
            }
            _ => return self.push(c),
        }
        Step::Go
    }

    fn push(&mut self, c: char) -> Step {
        self.started = true;
        self.word.push(c);
        Step::Go
    }

    fn toggle_and_keep(&mut self, quote: u8, c: char) -> Step {
        self.open.toggle(quote);
        self.push(c)
    }

    /// Opens or closes a quote; a closed one makes a word even of nothing.
    fn toggle(&mut self, quote: u8) {
        self.started |= self.open.any(quote);
        self.open.toggle(quote);
    }

    fn end_word(&mut self) {
        self.done.push(std::mem::take(&mut self.word));
        self.started = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn splits_as_the_reference_does() {
        for (text, words) in [
            ("", vec![]),
            ("   ", vec![]),
            ("one two", vec!["one", "two"]),
            ("a 'b c' \"d e\"", vec!["a", "b c", "d e"]),
            ("a''b \"\"", vec!["ab", ""]),
            ("a\\ b 'c\\d' \"e\\f\"", vec!["a b", "c\\d", "ef"]),
            ("echo $(date +%s) `id -u`", vec!["echo", "$(date +%s)", "`id -u`"]),
            ("echo hi && rm x", vec!["echo", "hi"]),
            ("echo hi 2> x", vec!["echo", "hi"]),
            ("echo 'a;b' | c", vec!["echo", "a;b"]),
            ("A=1 #c", vec!["A=1", "#c"]),
            ("`echo \"a b\"`", vec!["`echo a b`"]),
        ] {
            assert_eq!(
                split(text).as_deref(),
                Ok(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>().as_slice()),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_what_stays_open() {
        for text in ["a 'b", "a \"b", "a `b", "a\\", "(a)", "a)", "$(a $(b))", "a(b"] {
            assert!(split(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn quoted_words_come_back(words in proptest::collection::vec("[a-z \"$;|()`]{0,6}", 0..5)) {
            let text = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(split(&text), Ok(words));
        }

        #[test]
        fn any_text_is_split_or_refused(text in "[a-z \"'`()$;&|<>0-9\\\\\t]{0,16}|.{0,10}") {
            let _ = split(&text);
        }
    }
}
