//! From text to numbers and booleans, once variables are put in.
//!
//! `scale: ${N}` is text in the file; the schema behind wants a number. Attributes without a cast in
//! their row of the rule table keep their text and rely on their own checks, as in the reference.

use crate::diagnostic::Code;
use crate::load::scalar::truth_of;
use crate::load::schema::rule::Cast;
use crate::source::Value;
use std::fmt;

impl Cast {
    /// The value that a text spells, if it does.
    pub(super) fn apply(self, text: &str) -> Option<Value> {
        match self {
            Self::Integer => text.parse().ok().map(Value::Int),
            Self::Float => parse_float(text).map(Value::Float),
            Self::Float32 => parse_float(text).map(|number| Value::Float(to_single(number))),
            Self::Boolean => truth_of(text).map(Value::Bool),
        }
    }

    /// What a text is called that spells no such value.
    pub(super) fn failure(self) -> Code {
        match self {
            Self::Integer | Self::Float | Self::Float32 => Code::NotANumber,
            Self::Boolean => Code::NotABoolean,
        }
    }
}

impl fmt::Display for Cast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integer => "a whole number",
            Self::Float | Self::Float32 => "a number",
            Self::Boolean => "true or false",
        })
    }
}

/// A number with `_` between its digits if it likes; finite, since no attribute has a use for others.
fn parse_float(text: &str) -> Option<f64> {
    let digit = |at: Option<usize>| at.and_then(|at| text.as_bytes().get(at)).is_some_and(u8::is_ascii_digit);
    let well_placed = text
        .match_indices('_')
        .all(|(at, _)| digit(at.checked_sub(1)) && digit(Some(at + 1)));
    if !well_placed {
        return None;
    }
    text.replace('_', "").parse().ok().filter(|number: &f64| number.is_finite())
}

/// The shortest double that is the same number once it is held in single precision.
fn to_single(number: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, reason = "single precision is what is asked for")]
    let single = number as f32;
    single.to_string().parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casts_text() {
        for (cast, text, expected) in [
            (Cast::Integer, "5", Some(Value::Int(5))),
            (Cast::Integer, "+5", Some(Value::Int(5))),
            (Cast::Integer, "-5", Some(Value::Int(-5))),
            (Cast::Integer, " 5", None),
            (Cast::Integer, "0x10", None),
            (Cast::Integer, "1_0", None),
            (Cast::Integer, "5.0", None),
            (Cast::Integer, "", None),
            (Cast::Float, "1.5", Some(Value::Float(1.5))),
            (Cast::Float, ".5", Some(Value::Float(0.5))),
            (Cast::Float, "1_0", Some(Value::Float(10.0))),
            (Cast::Float, "_1", None),
            (Cast::Float, "1,5", None),
            (Cast::Float, "inf", None),
            (Cast::Float32, "0.333333333333", Some(Value::Float(0.333_333_34))),
            (Cast::Float32, "0.1", Some(Value::Float(0.1))),
            (Cast::Boolean, "yEs", Some(Value::Bool(true))),
            (Cast::Boolean, "OFF", Some(Value::Bool(false))),
            (Cast::Boolean, "1", None),
            (Cast::Boolean, "t", None),
            (Cast::Boolean, "", None),
        ] {
            assert_eq!(cast.apply(text), expected, "{cast:?} {text:?}");
        }
    }
}
