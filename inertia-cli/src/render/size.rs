//! Numbers of bytes as docker writes them.

const DECIMAL: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
const BINARY: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/// `1.98MB`: three digits, by thousands.
pub(crate) fn decimal(bytes: u64) -> String {
    scaled(bytes, 1000.0, 3, &DECIMAL)
}

/// `15.62MiB`: four digits, by 1024.
pub(crate) fn binary(bytes: u64) -> String {
    scaled(bytes, 1024.0, 4, &BINARY)
}

#[expect(clippy::cast_precision_loss, reason = "a few digits for people")]
fn scaled(bytes: u64, base: f64, digits: usize, units: &[&str; 7]) -> String {
    let mut amount = bytes as f64;
    let mut unit = 0;
    while amount >= base && unit + 1 < units.len() {
        amount /= base;
        unit += 1;
    }
    format!("{}{}", significant(amount, digits), units[unit])
}

/// A number with so many digits at most, without zeros at its end.
fn significant(amount: f64, digits: usize) -> String {
    let whole = format!("{amount:.0}").len();
    let text = format!("{amount:.*}", digits.saturating_sub(whole));
    if text.contains('.') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{binary, decimal};

    #[test]
    fn sizes_have_a_few_digits() {
        let table = [
            (0, "0B", "0B"),
            (999, "999B", "999B"),
            (1_984_172, "1.98MB", "1.892MiB"),
            (25_000_000, "25MB", "23.84MiB"),
        ];
        for (bytes, by_thousands, by_1024) in table {
            assert_eq!(
                (decimal(bytes).as_str(), binary(bytes).as_str()),
                (by_thousands, by_1024),
                "{bytes}"
            );
        }
        assert_eq!(binary(1 << 30), "1GiB");
    }
}
