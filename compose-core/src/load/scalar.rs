//! How a YAML scalar reads where an attribute wants text.

use crate::source::Value;

/// The text of a scalar as the reference writes it, `None` for lists and mappings.
///
/// Floats lose their trailing zeros (`1.0` → `1`) and get an exponent below 1e-4 and from 1e6 on.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => float_text(*number),
        Value::Timestamp(text) | Value::String(text) => text.clone(),
        Value::Sequence(_) | Value::Mapping(_) => return None,
    })
}

fn float_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number != 0.0 && !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    number.to_string()
}

/// A boolean's words: `true`, `yes`, `on`, `y` and their opposites, in any case.
pub(crate) fn truth_of(text: &str) -> Option<bool> {
    let is = |words: [&str; 4]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(["true", "yes", "on", "y"]) {
        Some(true)
    } else if is(["false", "no", "off", "n"]) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_read_as_go_prints_them() {
        for (number, text) in [
            (1.0, "1"),
            (1e3, "1000"),
            (0.5, "0.5"),
            (123_456.5, "123456.5"),
            (1e6, "1e+06"),
            (1_234_567_890.125, "1.234567890125e+09"),
            (1e100, "1e+100"),
            (1.5e-7, "1.5e-07"),
            (0.0001, "0.0001"),
            (-0.0, "-0"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(text_of(&Value::Float(number)).as_deref(), Some(text));
        }
    }

    #[test]
    fn booleans_have_eight_words() {
        assert_eq!(truth_of("YES"), Some(true));
        assert_eq!(truth_of("n"), Some(false));
        assert_eq!(truth_of("1"), None);
        assert_eq!(truth_of(""), None);
    }
}
