//! The line by which a person comes in: `https://HOST:PORT/#NAME.PIN.CODE`.
//!
//! Everything secret stands after the `#`, which no browser sends anywhere.

use crate::failure::Failure;
use reqwest::Url;

/// A line, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// `https://HOST:PORT`.
    pub(super) address: String,
    /// The person's name.
    pub(super) name: String,
    /// SHA-256 of the public key of the daemon's certificate.
    pub(super) pin: String,
    /// The one-time code.
    pub(super) code: String,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Line({} at {})", self.name, self.address)
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { address, name, pin, code } = self;
        write!(f, "{}/#{name}.{pin}.{code}", address.trim_end_matches('/'))
    }
}

impl Line {
    /// Takes a line apart.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let refused = || {
            Failure::usage("this is no line of `user add`").hint("take the whole of it, in quotes: `inertia join 'https://HOST:PORT/#…'`")
        };
        let (address, rest) = text.trim().split_once("/#").ok_or_else(refused)?;
        let mut parts = rest.rsplitn(3, '.');
        let (code, pin, name) = (parts.next(), parts.next(), parts.next());
        let url = Url::parse(address).ok().filter(|url| url.scheme() == "https" && url.path() == "/");
        match (url, name, pin, code) {
            (Some(_), Some(name), Some(pin), Some(code)) if !name.is_empty() && is_hex(pin) && is_hex(code) => Ok(Self {
                address: address.to_owned(),
                name: name.to_owned(),
                pin: pin.to_owned(),
                code: code.to_owned(),
            }),
            _ => Err(refused()),
        }
    }

    /// What the remote may be called here: the first word of the host's name.
    pub(super) fn usual_remote(&self) -> String {
        let url = Url::parse(&self.address).ok();
        match url.as_ref().and_then(Url::domain).and_then(|domain| domain.split('.').next()) {
            Some(word) if !word.is_empty() => word.to_owned(),
            _ => "server".to_owned(),
        }
    }
}

fn is_hex(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn a_line_is_read_back_and_shows_nothing() {
        for name in ["ann", "ann.b@example.com"] {
            let line = Line {
                address: "https://203.0.113.5:8081".to_owned(),
                name: name.to_owned(),
                pin: "ab".repeat(32),
                code: "cd".repeat(32),
            };
            assert_eq!(Line::parse(&format!(" {line}\n")).expect("read"), line);
            assert!(!format!("{line:?}").contains("cd"), "{line:?}");
            assert_eq!(line.usual_remote(), "server");
        }
    }

    #[test]
    fn the_remote_is_called_like_its_host() {
        let text = format!("https://shop.example.com:8081/#ann.{}.{}", "a".repeat(64), "b".repeat(64));
        assert_eq!(Line::parse(&text).expect("read").usual_remote(), "shop");
    }

    #[test]
    fn half_a_line_is_refused() {
        let (pin, code) = ("a".repeat(64), "b".repeat(64));
        for text in [
            String::new(),
            "https://host:1".to_owned(),
            format!("https://host:1/#ann.{pin}"),
            format!("https://host:1/#ann.{pin}.{}", &code[1..]),
            format!("http://host:1/#ann.{pin}.{code}"),
            format!("https://host:1/x/#ann.{pin}.{code}"),
            format!("https://host:1/#.{pin}.{code}"),
        ] {
            assert_eq!(Line::parse(&text).expect_err(&text).code, 2);
        }
    }
}
