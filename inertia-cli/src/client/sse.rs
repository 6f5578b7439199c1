//! Server-sent events, as the HTML standard defines the stream.

use crate::failure::{Failure, chain};
use reqwest::Response;
use std::time::Duration;

/// The longest event that is taken; the daemon's are far below.
const MAX_EVENT: usize = 1024 * 1024;

/// How long a stream may be silent; the daemon gives a sign of life every 15 s.
const SILENCE: Duration = Duration::from_secs(45);

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerEvent {
    /// Its id, for going on after it.
    pub(crate) id: Option<String>,
    /// Its kind.
    pub(crate) kind: Option<String>,
    /// Its data.
    pub(crate) data: String,
}

/// The events of one answer, in order.
pub(crate) struct ServerEvents {
    answer: Response,
    parser: Parser,
}

impl ServerEvents {
    pub(super) fn new(answer: Response) -> Self {
        Self {
            answer,
            parser: Parser::default(),
        }
    }

    /// The next event; `None` at the stream's end.
    pub(crate) async fn next(&mut self) -> Result<Option<ServerEvent>, Failure> {
        loop {
            if let Some(event) = self.parser.next()? {
                return Ok(Some(event));
            }
            match tokio::time::timeout(SILENCE, self.answer.chunk()).await {
                Ok(Ok(Some(bytes))) => self.parser.push(&bytes),
                Ok(Ok(None)) => return Ok(None),
                Ok(Err(error)) => return Err(Failure::new(format!("the stream of events broke off: {}", chain(&error)))),
                Err(_) => return Err(Failure::new("the stream of events fell silent: the connection is lost")),
            }
        }
    }
}

/// Cuts bytes into events.
#[derive(Default)]
struct Parser {
    pending: Vec<u8>,
    /// How much of `pending` was consumed.
    taken: usize,
    event: ServerEvent,
    has_data: bool,
}

impl Parser {
    fn push(&mut self, bytes: &[u8]) {
        self.pending.drain(..self.taken);
        self.taken = 0;
        self.pending.extend_from_slice(bytes);
    }

    fn next(&mut self) -> Result<Option<ServerEvent>, Failure> {
        while let Some(length) = self.pending[self.taken..].iter().position(|&byte| byte == b'\n') {
            let line = String::from_utf8_lossy(&self.pending[self.taken..self.taken + length]).into_owned();
            self.taken += length + 1;
            if let Some(event) = self.line(line.trim_end_matches('\r')) {
                return Ok(Some(event));
            }
        }
        if self.pending.len() - self.taken > MAX_EVENT || self.event.data.len() > MAX_EVENT {
            return Err(Failure::new("the daemon sent an event that is too large"));
        }
        Ok(None)
    }

    /// Takes a line; the event that it ends.
    fn line(&mut self, line: &str) -> Option<ServerEvent> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return std::mem::take(&mut self.has_data).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            "event" => self.event.kind = Some(value.to_owned()),
            "id" => self.event.id = Some(value.to_owned()),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{Parser, ServerEvent};

    fn events(pieces: &[&str]) -> Vec<ServerEvent> {
        let mut parser = Parser::default();
        let mut found = Vec::new();
        for piece in pieces {
            parser.push(piece.as_bytes());
            while let Some(event) = parser.next().expect("events are small") {
                found.push(event);
            }
        }
        found
    }

    #[test]
    fn events_are_cut_at_empty_lines_however_the_bytes_arrive() {
        let whole = "id: 7\nevent: state\ndata: {\"a\":1}\n\n: keep-alive\n\ndata: one\ndata: two\r\n\r\n";
        let expected = vec![
            ServerEvent {
                id: Some("7".into()),
                kind: Some("state".into()),
                data: "{\"a\":1}".into(),
            },
            ServerEvent {
                id: None,
                kind: None,
                data: "one\ntwo".into(),
            },
        ];
        assert_eq!(events(&[whole]), expected);
        let bytes: Vec<String> = whole.chars().map(String::from).collect();
        assert_eq!(events(&bytes.iter().map(String::as_str).collect::<Vec<_>>()), expected);
    }

    #[test]
    fn an_unfinished_event_is_not_given_out() {
        assert_eq!(events(&["data: half\n"]), vec![]);
    }
}
