//! Floats with the digits and the notation that Go gives them.

/// The shortest digits of a number, as text with an exponent: `1.25e-7`.
pub(crate) trait Shortest: Copy {
    /// The digits and the exponent of a finite number.
    fn scientific(self) -> String;
    /// The number as a double, to compare it.
    fn wide(self) -> f64;
}

impl Shortest for f64 {
    fn scientific(self) -> String {
        format!("{self:e}")
    }

    fn wide(self) -> f64 {
        self
    }
}

impl Shortest for f32 {
    fn scientific(self) -> String {
        format!("{self:e}")
    }

    fn wide(self) -> f64 {
        self.into()
    }
}

/// As YAML has it: an exponent below 1e-4 and from 1e6 on.
pub(crate) fn yaml(number: impl Shortest) -> String {
    let wide = number.wide();
    if wide.is_nan() {
        return ".nan".to_owned();
    }
    if wide.is_infinite() {
        return if wide > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let parts = Parts::of(number);
    if (-4..6).contains(&parts.exponent) {
        parts.positional()
    } else {
        parts.exponential(2)
    }
}

/// As JSON has it: an exponent below 1e-6 and from 1e21 on. JSON knows finite numbers only.
pub(crate) fn json(number: impl Shortest) -> Option<String> {
    let wide = number.wide();
    if !wide.is_finite() {
        return None;
    }
    let parts = Parts::of(number);
    let plain = wide == 0.0 || (-6..21).contains(&parts.exponent);
    Some(if plain { parts.positional() } else { parts.exponential(1) })
}

/// A finite number, taken apart.
struct Parts {
    negative: bool,
    /// The digits, without a point.
    digits: String,
    /// The power of ten of the first digit.
    exponent: i32,
}

impl Parts {
    fn of(number: impl Shortest) -> Self {
        let text = number.scientific();
        let (mantissa, exponent) = text.split_once('e').expect("the format with an exponent has one");
        Self {
            negative: mantissa.starts_with('-'),
            digits: mantissa.chars().filter(char::is_ascii_digit).collect(),
            exponent: exponent.parse().expect("an exponent is an integer"),
        }
    }

    fn sign(&self) -> &'static str {
        if self.negative { "-" } else { "" }
    }

    fn exponential(&self, least_digits: usize) -> String {
        let (first, rest) = self.digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let sign = if self.exponent < 0 { '-' } else { '+' };
        let exponent = self.exponent.unsigned_abs();
        format!("{}{first}{point}{rest}e{sign}{exponent:0least_digits$}", self.sign())
    }

    fn positional(&self) -> String {
        let sign = self.sign();
        let digits = &self.digits;
        let Ok(power) = usize::try_from(self.exponent) else {
            let zeros = self.exponent.unsigned_abs() as usize - 1;
            return format!("{sign}0.{}{digits}", "0".repeat(zeros));
        };
        match digits.split_at_checked(power + 1) {
            None | Some((_, "")) => format!("{sign}{digits:0<width$}", width = power + 1),
            Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{json, yaml};

    #[test]
    fn has_gos_notation() {
        for (number, in_yaml, in_json) in [
            (1.0, "1", "1"),
            (0.0, "0", "0"),
            (-0.0, "-0", "-0"),
            (0.1, "0.1", "0.1"),
            (-2.5, "-2.5", "-2.5"),
            (1e21, "1e+21", "1e+21"),
            (1e20, "1e+20", "100000000000000000000"),
            (123_456_789.0, "1.23456789e+08", "123456789"),
            (1_234_567.5, "1.2345675e+06", "1234567.5"),
            (0.00001, "1e-05", "0.00001"),
            (1e-7, "1e-07", "1e-7"),
            (1.5e300, "1.5e+300", "1.5e+300"),
            (100_000.0, "100000", "100000"),
            (1_000_000.0, "1e+06", "1000000"),
            (2_100_000.0, "2.1e+06", "2100000"),
        ] {
            assert_eq!(yaml(number), in_yaml);
            assert_eq!(json(number).as_deref(), Some(in_json));
        }
    }

    #[test]
    fn has_the_digits_of_its_width() {
        assert_eq!(yaml(0.1_f32), "0.1");
        assert_eq!(yaml(f64::from(0.1_f32)), "0.10000000149011612");
        assert_eq!(json(16_777_216.0_f32).as_deref(), Some("16777216"));
    }

    #[test]
    fn json_has_no_infinity() {
        assert_eq!(json(f64::INFINITY), None);
        assert_eq!(json(f32::NAN), None);
        assert_eq!(
            [yaml(f64::INFINITY), yaml(f64::NEG_INFINITY), yaml(f64::NAN)],
            [".inf", "-.inf", ".nan"]
        );
    }
}
