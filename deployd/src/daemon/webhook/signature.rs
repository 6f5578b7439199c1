//! Comparing what a host sent with what the secret gives, in constant time.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// Whether the hex digits are the HMAC-SHA-256 of the body under the secret.
pub(super) fn is_hmac(hex_digits: &str, body: &[u8], secret: &str) -> bool {
    let Some(given) = from_hex(hex_digits) else {
        return false;
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    mac.verify_slice(&given).is_ok()
}

/// Whether a text is as long as an HMAC-SHA-256 in hex digits, and made of them.
pub(super) fn may_be_hmac(hex_digits: &str) -> bool {
    from_hex(hex_digits).is_some()
}

/// Whether a token is the secret.
pub(super) fn is_secret(token: &str, secret: &str) -> bool {
    token.as_bytes().ct_eq(secret.as_bytes()).into()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pairs = text.as_bytes().chunks_exact(2);
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_published_example() {
        // From GitHub's documentation on validating deliveries.
        let digits = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let (body, secret) = (b"Hello, World!", "It's a Secret to Everybody");
        assert!(is_hmac(digits, body, secret));
        assert!(is_hmac(&digits.to_uppercase(), body, secret));
        assert!(!is_hmac(digits, b"Hello, World?", secret));
        assert!(!is_hmac(digits, body, "another"));
        assert!(may_be_hmac(digits));
        for bad in ["", "7", &digits[2..], &digits.replace('7', "x"), &format!("{digits}00")] {
            assert!(!is_hmac(bad, body, secret) && !may_be_hmac(bad), "{bad}");
        }
    }

    #[test]
    fn tokens_are_compared_whole() {
        assert!(is_secret("abc", "abc"));
        for bad in ["", "ab", "abcd", "abd"] {
            assert!(!is_secret(bad, "abc"), "{bad}");
        }
    }
}
