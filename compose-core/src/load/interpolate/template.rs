//! The `${…}` grammar: `$NAME`, `${NAME}` and the operators `:-` `-` `:+` `+` `:?` `?`, nested at will.
//!
//! Text is parsed once into a [`Template`]; expanding it and listing its variables both walk that.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use std::fmt;

/// How deep `${A:-${B:-…}}` may go.
const MAX_DEPTH: usize = 64;

/// The longest text that comes out of one value, in bytes. Variables made of variables multiply.
const MAX_LENGTH: usize = 4 * 1024 * 1024;

/// What all values of a file may come to, in bytes.
pub(crate) const MAX_TOTAL: usize = 64 * 1024 * 1024;

/// Text with variables in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template<'t> {
    parts: Box<[Part<'t>]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part<'t> {
    Literal(&'t str),
    Variable { name: &'t str, operand: Option<Operand<'t>> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Operand<'t> {
    operator: Operator,
    template: Template<'t>,
}

/// What an operator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    /// `-`, `:-`: another value instead of a missing one.
    Default(Missing),
    /// `+`, `:+`: another value instead of a present one.
    Alternative(Missing),
    /// `?`, `:?`: an error instead of a missing one.
    Required(Missing),
}

/// When a variable counts as missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    /// When it is not set.
    Unset,
    /// When it is not set, or set to nothing: the operators with a colon.
    UnsetOrEmpty,
}

impl Missing {
    fn applies(self, value: Option<&str>) -> bool {
        match self {
            Self::Unset => value.is_none(),
            Self::UnsetOrEmpty => value.is_none_or(str::is_empty),
        }
    }
}

/// Why text cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TemplateError {
    /// `${` that no rule fits; the text from there on.
    Invalid(String),
    /// A default within a default within …
    TooDeep,
    /// More text than any value needs.
    TooLong,
    /// `:?` or `?` over a missing variable, with its message.
    Required {
        /// The variable.
        name: String,
        /// What the author says about it; may be empty.
        message: String,
    },
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(text) => write!(f, "invalid interpolation format {}", Shortened(text)),
            Self::TooDeep => write!(f, "variables stand more than {MAX_DEPTH} deep in one another"),
            Self::TooLong => write!(f, "variables expand to more than {} MiB", MAX_LENGTH / (1024 * 1024)),
            Self::Required { name, message } if message.is_empty() => {
                write!(f, "required variable {name} is missing a value")
            }
            Self::Required { name, message } => write!(f, "required variable {name} is missing a value: {message}"),
        }
    }
}

impl std::error::Error for TemplateError {}

impl TemplateError {
    /// The finding.
    pub(crate) fn explain(&self) -> Diagnostic {
        let message = self.to_string();
        match self {
            Self::Invalid(text) => Diagnostic::error(Code::InvalidInterpolation, message).help(advice(text)),
            Self::TooDeep | Self::TooLong => Diagnostic::error(Code::TooLarge, message),
            Self::Required { name, .. } => Diagnostic::error(Code::RequiredVariable, message)
                .help(format!("set {name} in the environment or in the project's .env file")),
        }
    }
}

/// What to do about `${` that cannot be read; the text from there on.
fn advice(text: &str) -> &'static str {
    let named = text.strip_prefix("${").unwrap_or(text);
    let behind = &named[name_length(named)..];
    let operand = closing_brace(behind).map(|end| &behind[..end]);
    match (behind.len() < named.len(), operand) {
        (true, None) => "close it with `}`",
        (true, Some(operand)) if operand.contains('\n') => "keep what stands between `${` and `}` on one line",
        (true, Some(_)) => {
            "after the name comes `}` or one of `:-` `-` `:+` `+` `:?` `?`; names hold letters, digits and `_`; write `$$` for a dollar that begins no variable"
        }
        (false, _) => "name a variable after `${`, or write `$$` for a dollar that begins none",
    }
}

/// The finding that the values of a file come to more than [`MAX_TOTAL`].
pub(crate) fn too_much(span: Span) -> Diagnostic {
    let message = format!("the values of this file expand to more than {} MiB", MAX_TOTAL / (1024 * 1024));
    Diagnostic::error(Code::TooLarge, message)
        .at(span)
        .help("look for variables made of variables, which multiply")
}

/// The warning about a variable without a value.
pub(crate) fn unset_variable(name: &str, span: Span) -> Diagnostic {
    Diagnostic::warning(
        Code::UnsetVariable,
        format!("The {name:?} variable is not set. Defaulting to a blank string."),
    )
    .at(span)
    .help(format!(
        "set it in the environment or in the project's .env file; write `${{{name}:-}}` if it may be empty, `$$` for a plain dollar"
    ))
}

/// At most one line of a text, quoted.
pub(super) struct Shortened<'a>(pub(super) &'a str);

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(60) {
            None => write!(f, "{:?}", self.0),
            Some((at, _)) => write!(f, "{:?}…", &self.0[..at]),
        }
    }
}

/// A variable that a file uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsedVariable {
    /// Its name.
    pub name: String,
    /// Whether `?` or `:?` asks for it.
    pub required: bool,
    /// What `-` or `:-` gives instead; empty when there is no default.
    pub default: String,
    /// What `+` or `:+` gives instead; empty when there is no alternative.
    pub alternative: String,
}

impl UsedVariable {
    fn new(name: &str, operand: Option<(Operator, &str)>) -> Self {
        let mut variable = Self {
            name: name.to_owned(),
            ..Self::default()
        };
        match operand {
            Some((Operator::Default(_), raw)) => raw.clone_into(&mut variable.default),
            Some((Operator::Alternative(_), raw)) => raw.clone_into(&mut variable.alternative),
            Some((Operator::Required(_), _)) => variable.required = true,
            None => {}
        }
        variable
    }

    /// Whether it is more than a name.
    pub(in crate::load) fn says_something(&self) -> bool {
        self.required || !self.default.is_empty() || !self.alternative.is_empty()
    }
}

impl<'t> Template<'t> {
    /// Reads text.
    pub(crate) fn parse(text: &'t str) -> Result<Self, TemplateError> {
        Self::parse_at(text, 0)
    }

    fn parse_at(text: &'t str, depth: usize) -> Result<Self, TemplateError> {
        if depth > MAX_DEPTH {
            return Err(TemplateError::TooDeep);
        }
        let (mut parts, mut rest, mut literal) = (Vec::new(), text, 0);
        let flush = |parts: &mut Vec<Part<'t>>, text: &'t str| {
            if !text.is_empty() {
                parts.push(Part::Literal(text));
            }
        };
        while let Some(at) = rest[literal..].find('$').map(|at| at + literal) {
            let after = &rest[at + 1..];
            let read = match after.as_bytes().first() {
                Some(b'$') => {
                    // The first of the two stays in the literal.
                    flush(&mut parts, &rest[..=at]);
                    Some((None, &after[1..]))
                }
                Some(b'{') => {
                    flush(&mut parts, &rest[..at]);
                    let (variable, rest) = braced(&after[1..], depth).map_err(|error| error.unwrap_or_invalid(&rest[at..]))?;
                    Some((Some(variable), rest))
                }
                _ => match name_length(after) {
                    0 => None,
                    length => {
                        flush(&mut parts, &rest[..at]);
                        let (name, rest) = after.split_at(length);
                        Some((Some(Part::Variable { name, operand: None }), rest))
                    }
                },
            };
            if let Some((part, behind)) = read {
                parts.extend(part);
                (rest, literal) = (behind, 0);
            } else {
                literal = at + 1;
            }
        }
        flush(&mut parts, rest);
        Ok(Self { parts: parts.into() })
    }

    /// Puts the values in. Variables without a value and without an operator become nothing and are
    /// told to `unset`. Operands are expanded whether they are needed or not, as Compose does.
    pub(crate) fn expand(&self, lookup: &dyn Fn(&str) -> Option<String>, unset: &mut dyn FnMut(&str)) -> Result<String, TemplateError> {
        let mut out = String::new();
        for part in &*self.parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Variable { name, operand: None } => match lookup(name) {
                    Some(value) => out.push_str(&value),
                    None => unset(name),
                },
                Part::Variable {
                    name,
                    operand: Some(operand),
                } => out.push_str(&operand.apply(name, lookup, unset)?),
            }
            if out.len() > MAX_LENGTH {
                return Err(TemplateError::TooLong);
            }
        }
        Ok(out)
    }
}

impl Operand<'_> {
    fn apply(&self, name: &str, lookup: &dyn Fn(&str) -> Option<String>, unset: &mut dyn FnMut(&str)) -> Result<String, TemplateError> {
        let operand = self.template.expand(lookup, unset)?;
        let value = lookup(name);
        match self.operator {
            Operator::Default(missing) if missing.applies(value.as_deref()) => Ok(operand),
            Operator::Alternative(missing) if !missing.applies(value.as_deref()) => Ok(operand),
            Operator::Required(missing) if missing.applies(value.as_deref()) => Err(TemplateError::Required {
                name: name.to_owned(),
                message: operand,
            }),
            _ => Ok(value.unwrap_or_default()),
        }
    }
}

/// An error whose text the caller knows.
enum BracedError {
    Malformed,
    Inner(TemplateError),
}

impl BracedError {
    fn unwrap_or_invalid(self, text: &str) -> TemplateError {
        match self {
            Self::Malformed => TemplateError::Invalid(text.to_owned()),
            Self::Inner(error) => error,
        }
    }
}

/// Reads `NAME…}` after `${`: the variable, and the text behind its brace.
fn braced(text: &str, depth: usize) -> Result<(Part<'_>, &str), BracedError> {
    let Braced { name, operand, behind } = Braced::read(text).ok_or(BracedError::Malformed)?;
    let operand = match operand {
        None => None,
        Some((operator, raw)) => {
            let template = Template::parse_at(raw, depth + 1).map_err(BracedError::Inner)?;
            Some(Operand { operator, template })
        }
    };
    Ok((Part::Variable { name, operand }, behind))
}

/// What follows `${`.
struct Braced<'t> {
    name: &'t str,
    /// As it is written.
    operand: Option<(Operator, &'t str)>,
    /// What comes after the closing brace.
    behind: &'t str,
}

impl<'t> Braced<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let (name, rest) = text.split_at(name_length(text));
        if name.is_empty() {
            return None;
        }
        if let Some(behind) = rest.strip_prefix('}') {
            return Some(Self {
                name,
                operand: None,
                behind,
            });
        }
        let (operator, rest) = operator(rest)?;
        let end = closing_brace(rest)?;
        Some(Self {
            name,
            operand: Some((operator, &rest[..end])),
            behind: &rest[end + 1..],
        })
    }
}

/// The variables in a text, in order, those of operands after their own; one without a name stands for what
/// begins as a variable and is none.
pub(super) fn variables(text: &str, found: &mut Vec<UsedVariable>) {
    variables_at(text, 0, found);
}

fn variables_at(text: &str, depth: usize, found: &mut Vec<UsedVariable>) {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('$') {
        rest = match after.as_bytes().first() {
            Some(b'$') => &after[1..],
            Some(b'{') => {
                let Some(Braced { name, operand, behind }) = Braced::read(&after[1..]) else {
                    found.push(UsedVariable::default());
                    rest = &after[1..];
                    continue;
                };
                found.push(UsedVariable::new(name, operand));
                match operand {
                    // What is said about a variable that is missing is not looked at.
                    Some((Operator::Required(_), _)) | None => {}
                    Some((_, raw)) if depth < MAX_DEPTH => variables_at(raw, depth + 1, found),
                    Some(_) => {}
                }
                behind
            }
            _ => {
                let (name, behind) = after.split_at(name_length(after));
                found.extend(Some(UsedVariable::new(name, None)).filter(|_| !name.is_empty()));
                behind
            }
        };
    }
}

fn operator(text: &str) -> Option<(Operator, &str)> {
    let (missing, rest) = match text.strip_prefix(':') {
        Some(rest) => (Missing::UnsetOrEmpty, rest),
        None => (Missing::Unset, text),
    };
    let operator = match rest.as_bytes().first()? {
        b'-' => Operator::Default(missing),
        b'+' => Operator::Alternative(missing),
        b'?' => Operator::Required(missing),
        _ => return None,
    };
    Some((operator, &rest[1..]))
}

/// The brace that closes an operand, on its first line.
///
/// The reference counts every `{` as another one that is open, without looking at the character after it. Where the
/// braces do not come out even, the last one of the line closes.
pub(super) fn closing_brace(text: &str) -> Option<usize> {
    let line = text.lines().next().unwrap_or_default();
    let mut open = 1;
    let mut bytes = line.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'{' => {
                open += 1;
                bytes.next();
            }
            b'}' if open == 1 => return Some(at),
            b'}' => open -= 1,
            _ => {}
        }
    }
    line.rfind('}')
}

/// How long the name at the start of a text is: ASCII letters, digits and `_`, not a digit first.
pub(super) fn name_length(text: &str) -> usize {
    let named = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.bytes().take_while(named).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `SET` is `value`, `EMPTY` is set to nothing, `DOLLAR` holds one, all else is not set.
    fn lookup(name: &str) -> Option<String> {
        match name {
            "SET" => Some("value".into()),
            "EMPTY" => Some(String::new()),
            "DOLLAR" => Some("$SET".into()),
            _ => None,
        }
    }

    fn expand(text: &str) -> Result<String, TemplateError> {
        Template::parse(text)?.expand(&lookup, &mut |_| {})
    }

    #[test]
    fn expands() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("$SET", "value"),
            ("${SET}", "value"),
            ("a${SET}b$SET-c", "avaluebvalue-c"),
            ("$SETx", ""),
            ("$UNSET", ""),
            ("$DOLLAR", "$SET"),
            ("$$SET", "$SET"),
            ("$${SET}", "${SET}"),
            ("$$$SET", "$value"),
            ("$5 $(x) cost $ 5 $", "$5 $(x) cost $ 5 $"),
            ("é$é$SET é", "é$évalue é"),
            ("${UNSET:-d}", "d"),
            ("${EMPTY:-d}", "d"),
            ("${EMPTY-d}", ""),
            ("${UNSET-d}", "d"),
            ("${SET:-d}", "value"),
            ("${UNSET:-}", ""),
            ("${SET:+a}", "a"),
            ("${EMPTY:+a}", ""),
            ("${EMPTY+a}", "a"),
            ("${UNSET+a}", ""),
            ("${SET:?no}", "value"),
            ("${EMPTY?no}", ""),
            ("${UNSET:-${SET}}", "value"),
            ("${UNSET:-a${UNSET:-b}c}d", "abcd"),
            ("${UNSET:-{x}}", "{x}"),
            ("${UNSET:-$${SET}}", "${SET}"),
            ("${UNSET:-$$x}", "$x"),
            ("${UNSET:-a:-b}", "a:-b"),
            ("${UNSET-:?x}", ":?x"),
            ("${MY-VAR}", "VAR"),
            ("${UNSET:-x}\n${SET}", "x\nvalue"),
            ("${UNSET:-a\rb}", "a\rb"),
            ("${UNSET:-x} ${SET}", "x value"),
            ("${_under_1:-x}", "x"),
            // Each brace counts, but the character after one that opens is not looked at.
            ("${SET:-{\"a\":1}}", "value"),
            ("${SET:-{b}c}", "value"),
            ("${SET:-{}{}}", "value"),
            ("${SET:-{}} b}", "value"),
            ("${UNSET:-{}} b}", "{}} b"),
            ("${UNSET:-{x}} b}", "{x} b}"),
            ("${UNSET:-{x}", "{x"),
            ("${UNSET:-{1} ${SET}} x}", "{1} value x}"),
        ] {
            assert_eq!(expand(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_no_rule_fits() {
        for text in [
            "${}",
            "${ A }",
            "${1A}",
            "${A",
            "${A:-x",
            "${A:-${B}",
            "${A.B}",
            "${A:=x}",
            "${A:1:2}",
            "${A/x/y}",
            "${#A}",
            "${É}",
            "${A:}",
            "x ${",
        ] {
            let error = expand(text).expect_err(text);
            assert!(matches!(error, TemplateError::Invalid(_)), "{text}: {error:?}");
        }
        assert_eq!(
            expand("${A:-${B").expect_err("refused").to_string(),
            r#"invalid interpolation format "${A:-${B""#
        );
    }

    #[test]
    fn required_variables_stop_it_with_their_message() {
        for (text, message) in [
            ("${UNSET:?}", "required variable UNSET is missing a value"),
            ("${UNSET?set it}", "required variable UNSET is missing a value: set it"),
            ("${EMPTY:?set ${SET}}", "required variable EMPTY is missing a value: set value"),
            // The default is expanded though it is not taken.
            ("${SET:-${UNSET:?inner}}", "required variable UNSET is missing a value: inner"),
        ] {
            assert_eq!(expand(text).expect_err(text).to_string(), message);
        }
    }

    #[test]
    fn tells_of_unset_variables_once_for_each_use() {
        let mut unset = Vec::new();
        Template::parse("$A ${B} ${C:-$D} ${E:+$F} $SET $EMPTY")
            .and_then(|template| template.expand(&lookup, &mut |name| unset.push(name.to_owned())))
            .expect("expands");
        assert_eq!(unset, ["A", "B", "D", "F"]);
    }

    #[test]
    fn lists_variables_with_what_is_said_about_them() {
        let mut found = Vec::new();
        variables("$A $$B ${C:-${D}x} ${E:?m $F} ${G+h}", &mut found);
        let shown: Vec<String> = found
            .iter()
            .map(|used| format!("{}/{}/{}/{}", used.name, used.required, used.default, used.alternative))
            .collect();
        assert_eq!(shown, ["A/false//", "C/false/${D}x/", "D/false//", "E/true//", "G/false//h"]);
    }

    #[test]
    fn long_results_are_an_error() {
        let long = "x".repeat(MAX_LENGTH / 4);
        let expand = |text: &str| Template::parse(text)?.expand(&|_| Some(long.clone()), &mut |_| {});
        assert_eq!(expand("$A$A$A$A").map(|text| text.len()), Ok(MAX_LENGTH));
        assert_eq!(expand("$A$A$A$A."), Err(TemplateError::TooLong));
        assert_eq!(expand("${A:-$A$A$A$A$A}"), Err(TemplateError::TooLong));
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let nested = |depth: usize| format!("{}x{}", "${A:-".repeat(depth), "}".repeat(depth));
        assert_eq!(expand(&nested(MAX_DEPTH)).as_deref(), Ok("x"));
        assert_eq!(expand(&nested(MAX_DEPTH + 1)), Err(TemplateError::TooDeep));
        assert_eq!(expand(&nested(100_000)), Err(TemplateError::TooDeep));
    }

    proptest! {
        #[test]
        fn never_panics(text in r"(\$|\{|\}|:|-|\+|\?|A|SET|é|\n|.){0,40}") {
            let _ = expand(&text);
        }

        #[test]
        fn escaped_text_comes_back(text in ".{0,60}") {
            prop_assert_eq!(expand(&text.replace('$', "$$")), Ok(text));
        }
    }
}
