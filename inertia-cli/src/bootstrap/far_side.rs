//! Talking to the program on the other side: one request in, lines out.

use super::server::{Server, Tail};
use crate::failure::{Attempt as _, Failure};
use crate::far_end::wire::Word;
use crate::ssh::{Source, quote};
use serde::Serialize;

/// Runs a part of the far end as root and hands on what it says on the way; its last word.
pub(super) async fn call(
    server: &Server,
    program: &str,
    part: &str,
    request: &impl Serialize,
    hear: &mut (dyn FnMut(Word) + Send),
) -> Result<Word, Failure> {
    let request = serde_json::to_vec(request).attempt("cannot write the request")?;
    let mut lines = Lines::default();
    let mut tail = Tail::default();
    let mut last = None;
    let command = format!("exec {} far-end {part}", quote(program));
    let status = server
        .as_root(&command, &request, &mut |source, bytes| match source {
            Source::Error => tail.take(bytes),
            Source::Out => {
                for line in lines.take(bytes) {
                    match serde_json::from_str::<Word>(&line) {
                        Ok(word @ (Word::Step { .. } | Word::Warning { .. })) => hear(word),
                        Ok(word) => last = Some(word),
                        // Not shown either: an answer that is not understood may hold the administrator's token.
                        Err(_) => {}
                    }
                }
            }
        })
        .await?;
    match last {
        Some(Word::Failed { message, hints }) => Err(hints.into_iter().fold(Failure::new(message), Failure::hint)),
        Some(word) => Ok(word),
        None if status == Some(126) => Err(
            Failure::new(format!("the program cannot be started on the server{}", tail.after(":\n", 3)))
                .hint("the home folder may be mounted without the right to execute (`noexec`); connect as a user whose home allows it"),
        ),
        None => Err(Failure::new(format!(
            "the program on the server ended without an answer that is understood ({}){}",
            status.map_or_else(|| "by a signal".to_owned(), |status| format!("exit status {status}")),
            tail.after(":\n", 5)
        ))
        .hint("it may be of another version than this one: `inertia NAME upgrade` sends this one; the memory may be short: `free -m` there tells")),
    }
}

/// Lines from pieces of text.
#[derive(Debug, Default)]
struct Lines(Vec<u8>);

impl Lines {
    /// How long a line may be.
    const LONGEST: usize = 1 << 20;

    /// The lines that are complete with these bytes.
    fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        self.0.extend_from_slice(bytes);
        let mut lines = Vec::new();
        while let Some(end) = self.0.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.0.drain(..=end).collect();
            lines.push(String::from_utf8_lossy(&line).trim().to_owned());
        }
        if self.0.len() > Self::LONGEST {
            self.0.clear();
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn lines_come_whole() {
        let mut lines = Lines::default();
        assert!(lines.take(b"{\"a\"").is_empty());
        assert_eq!(lines.take(b":1}\r\nb\nc"), ["{\"a\":1}", "b"]);
        assert_eq!(lines.take(b"\n"), ["c"]);
    }
}
