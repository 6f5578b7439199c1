//! JSON over HTTPS with a token: what the APIs of git hosts have in common.

use crate::failure::{Failure, chain};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// How long a git host may take to answer.
const LONGEST_ANSWER: Duration = Duration::from_secs(30);
/// The most that is read of an answer.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// What helps whatever a git host does.
const BY_HAND: &str = "or leave the flag out and add key and webhook by hand";

/// A token of a person at a git host.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl Token {
    /// A token, unless it is none.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let good = !text.is_empty() && text.len() <= 1024 && text.chars().all(|c| c.is_ascii_graphic());
        good.then(|| Self(text.to_owned()))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// An API at an address.
pub(super) struct Api {
    http: Client,
    base: String,
    token: Token,
    /// Header and prefix by which it takes the token.
    header: (&'static str, &'static str),
    name: &'static str,
    /// What a token needs to be allowed.
    scope: &'static str,
}

impl Api {
    pub(super) fn new(
        base: &str,
        token: Token,
        header: (&'static str, &'static str),
        (name, scope): (&'static str, &'static str),
    ) -> Result<Self, Failure> {
        let base = base.trim_end_matches('/').to_owned();
        if !Url::parse(&base).is_ok_and(|url| url.scheme() == "https") {
            return Err(Failure::usage(format!(
                "{base:?} is no https address of {name}'s API, and the token goes nowhere else"
            )));
        }
        let http = Client::builder()
            .tls_certs_merge(deployd::trust::authorities())
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(LONGEST_ANSWER)
            .user_agent(concat!("inertia/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Failure::new(format!("cannot prepare HTTPS: {}", chain(&error))))?;
        Ok(Self {
            http,
            base,
            token,
            header,
            name,
            scope,
        })
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.call(self.request(Method::GET, path), path).await
    }

    pub(super) async fn send(&self, method: Method, path: &str, body: &impl Serialize) -> Result<(), Failure> {
        let _: serde_json::Value = self.call(self.request(method, path).json(body), path).await?;
        Ok(())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let (header, prefix) = self.header;
        self.http
            .request(method, format!("{}{path}", self.base))
            .header(header, format!("{prefix}{}", self.token.0))
            .header("Accept", "application/json")
    }

    async fn call<T: DeserializeOwned>(&self, request: RequestBuilder, path: &str) -> Result<T, Failure> {
        let unreachable = |error: reqwest::Error| {
            let text = chain(&error.without_url());
            Failure::new(format!("{} does not answer at {}: {text}", self.name, self.base))
                .hint("is that its address, and does it answer from here? if so, run the command again")
                .hint(BY_HAND)
        };
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let bytes = self.read(answer).await?;
        if !status.is_success() {
            return Err(self.refused(status, path, &bytes));
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(format!(
                "{} answered {path} with something else than was expected: {error}",
                self.name
            ))
            .hint(format!(
                "is {} really the address of {}'s API, and not of a proxy or a page to sign in?",
                self.base, self.name
            ))
            .hint(BY_HAND)
        })
    }

    async fn read(&self, mut answer: Response) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        loop {
            let piece = answer.chunk().await;
            let piece = piece.map_err(|error| {
                Failure::new(format!("{} broke off: {}", self.name, chain(&error.without_url()))).hint("run the command again")
            })?;
            let Some(piece) = piece else { return Ok(bytes) };
            if bytes.len() + piece.len() > LARGEST_ANSWER {
                return Err(Failure::new(format!("{} answers more than {LARGEST_ANSWER} bytes", self.name)).hint(BY_HAND));
            }
            bytes.extend_from_slice(&piece);
        }
    }

    fn refused(&self, status: StatusCode, path: &str, body: &[u8]) -> Failure {
        let said = words(body);
        let what = match status {
            StatusCode::UNAUTHORIZED => format!("{} does not accept the token", self.name),
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                format!(
                    "{} does not let the token administer this repository ({status} for {path})",
                    self.name
                )
            }
            status => format!("{} refuses {path}: {status}", self.name),
        };
        let failure = Failure::new(format!("{what}{said}"));
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => failure.hint(format!(
                "make a token that {}, or leave the flag out and add key and webhook by hand",
                self.scope
            )),
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                failure.hint("run the command again in a while").hint(BY_HAND)
            }
            _ => failure.hint(BY_HAND),
        }
    }
}

/// What a refusal says, in one line.
fn words(body: &[u8]) -> String {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) else {
        return String::new();
    };
    let mut said = Vec::new();
    for place in ["/message", "/error", "/errors/0/message"] {
        match value.pointer(place) {
            Some(serde_json::Value::String(text)) => said.push(text.clone()),
            Some(other) if !other.is_null() => said.push(other.to_string()),
            _ => {}
        }
    }
    if said.is_empty() {
        return String::new();
    }
    let text: String = said.join(", ").chars().filter(|c| !c.is_control()).take(300).collect();
    format!(": {text}")
}

#[cfg(test)]
mod tests {
    use super::{Api, Token, words};

    #[test]
    fn a_token_is_never_shown_nor_sent_in_clear() {
        let token = Token::new(" secret\n").expect("a token");
        assert_eq!(format!("{token:?}"), "Token(…)");
        for bad in ["", " ", "a b", "a\u{7}b"] {
            assert_eq!(Token::new(bad), None, "{bad}");
        }
        let refused = Api::new("http://api.github.com", token, ("a", ""), ("GitHub", ""))
            .err()
            .expect("refused");
        assert!(!refused.text().contains("secret"), "{}", refused.text());
    }

    #[test]
    fn refusals_are_quoted_in_one_line() {
        assert_eq!(words(br#"{"message":"Not Found","documentation_url":"x"}"#), ": Not Found");
        assert_eq!(
            words(br#"{"message":"Validation Failed","errors":[{"message":"key is already in use"}]}"#),
            ": Validation Failed, key is already in use"
        );
        assert_eq!(words(b"<html>"), "");
    }
}
