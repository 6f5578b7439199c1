//! Sending the program to a server: once, compressed, in one stream, seen to be whole before it gets its name.

use super::program::Program;
use super::server::{Server, said};
use super::steps::Steps;
use crate::failure::Failure;
use crate::ssh::quote;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, ReadBuf};

/// Sends the program where it is not there yet. Its path on the server, and how many bytes went over the wire.
pub(super) async fn provide(server: &Server, program: &Program, steps: &mut Steps) -> Result<(String, usize), Failure> {
    let path = format!(
        "{}/.inertia/bin/inertia-{}",
        server.facts.home.trim_end_matches('/'),
        &program.digest[..16]
    );
    let (quoted, digest) = (quote(&path), &program.digest);
    let there = server
        .run(&format!("[ \"$(sha256sum {quoted} 2>/dev/null | cut -c1-64)\" = {digest} ]"))
        .await?;
    let link = link(&path);
    if there.succeeded() {
        server.run(&link).await?;
        steps.finish("it is there already");
        return Ok((path, 0));
    }
    if !server.facts.gzip {
        return Err(Failure::new("there is no gzip on the server").hint("install it there by the system's own way"));
    }
    let compressed = program.compressed()?;
    let total = compressed.len();
    let script = format!(
        "set -e; umask 077; file={quoted}; mkdir -p \"${{file%/*}}\"; new=\"$file.$$.part\"; trap 'rm -f \"$new\"' EXIT; \
         gzip -dc > \"$new\"; [ \"$(sha256sum \"$new\" | cut -c1-64)\" = {digest} ] || {{ echo 'it arrived damaged' >&2; exit 1; }}; \
         chmod 755 \"$new\"; mv -f \"$new\" \"$file\"; {link}"
    );
    let mut error = Vec::new();
    let status = {
        let mut input = Counted {
            rest: &compressed,
            total,
            told: 0,
            steps,
        };
        let command = format!("sh -c {}", quote(&script));
        server
            .session
            .stream(&command, &mut input, &mut |_, bytes| error.extend_from_slice(bytes))
            .await?
    };
    if status != Some(0) {
        let told = crate::ssh::Ended {
            error: String::from_utf8_lossy(&error).into_owned(),
            ..Default::default()
        };
        return Err(Failure::new(format!("the program did not arrive{}", said(&told)))
            .hint("is there room in the home folder (`df -h ~`), and is it writable?"));
    }
    steps.finish(&format!("{total} bytes sent ({:.1} MB)", megabytes(total)));
    Ok((path, total))
}

/// Gives the program a name that stays when another one takes its place: open ways through SSH go by it.
fn link(path: &str) -> String {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    format!("ln -sfn {} {}", quote(name), quote(&lasting_name(path)))
}

/// The name under which the program of a server is found, whichever it is.
pub(super) fn lasting_name(path: &str) -> String {
    let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
    format!("{folder}/inertia")
}

#[expect(clippy::cast_precision_loss, reason = "it is shown with one digit after the point")]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// Bytes that tell how many of them are gone.
struct Counted<'a> {
    rest: &'a [u8],
    total: usize,
    told: usize,
    steps: &'a Steps,
}

impl AsyncRead for Counted<'_> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let done = Pin::new(&mut self.rest).poll_read(cx, buffer);
        let percent = (self.total - self.rest.len()) * 100 / self.total.max(1);
        if percent != self.told {
            self.told = percent;
            self.steps.progress(&format!("{percent} %"));
        }
        done
    }
}
