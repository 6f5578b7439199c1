//! The "natural" order of go-yaml 3's keys: `a9` before `a10`, other signs before letters.

use super::Tree;
use std::cmp::Ordering;

/// Entries by key.
pub(super) fn sorted(entries: &[(String, Tree)]) -> Vec<(&str, &Tree)> {
    let mut sorted: Vec<_> = entries.iter().map(|(key, value)| (key.as_str(), value)).collect();
    sorted.sort_by(|(a, _), (b, _)| compare(a, b));
    sorted
}

/// Compares two keys at the first character in which they differ.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    match a.iter().zip(&b).position(|(a, b)| a != b) {
        None => a.len().cmp(&b.len()),
        Some(at) => compare_at(&a, &b, at),
    }
}

fn compare_at(a: &[char], b: &[char], at: usize) -> Ordering {
    let after_digit = at > 0 && is_digit(a[at - 1]);
    match (a[at].is_alphabetic(), b[at].is_alphabetic()) {
        (true, true) => return a[at].cmp(&b[at]),
        // A letter goes first after a digit (`a1b`, `a1-`), otherwise last (`1-`, `ab`).
        (true, false) if after_digit => return Ordering::Less,
        (false, true) if after_digit => return Ordering::Greater,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let leading = i64::from((a[at] == '0' || b[at] == '0') && inside_number(&a[..at]));
    let (a_number, a_end) = number(&a[at..], leading);
    let (b_number, b_end) = number(&b[at..], leading);
    a_number.cmp(&b_number).then(a_end.cmp(&b_end)).then(a[at].cmp(&b[at]))
}

/// Whether the text ends in digits that are not all zero.
fn inside_number(before: &[char]) -> bool {
    before.iter().rev().take_while(|c| is_digit(**c)).any(|c| *c != '0')
}

/// The number that begins here, and how many digits it has. It wraps, as the reference's does.
fn number(text: &[char], leading: i64) -> (i64, usize) {
    let digits = text.iter().take_while(|c| is_digit(**c));
    digits.fold((leading, 0), |(number, count), c| {
        let digit = i64::from(u32::from(*c)) - i64::from(u32::from('0'));
        (number.wrapping_mul(10).wrapping_add(digit), count + 1)
    })
}

/// A decimal digit of any script.
fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric() && !c.is_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::compare;
    use std::cmp::Ordering;

    #[test]
    fn is_the_order_of_the_reference() {
        let order = [
            "1a", "1-", "9", "10", "A", "a", "a-1", "a.", "a1", "a1a", "a1b", "a1-", "a1.5", "a1.10", "a1_", "a01", "a001", "a2", "a02",
            "a10", "a20", "ab", "x0a", "x00a", "x000", "z", "é",
        ];
        for (i, a) in order.iter().enumerate() {
            for (j, b) in order.iter().enumerate() {
                assert_eq!(compare(a, b), i.cmp(&j), "{a} and {b}");
            }
        }
    }

    #[test]
    fn equal_keys_are_equal() {
        assert_eq!(compare("", ""), Ordering::Equal);
        assert_eq!(compare("a", "a0"), Ordering::Less);
    }
}
