//! A bridge from standard input and output to a port or a socket of this machine.

use crate::failure::{Attempt as _, Failure};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

/// Connects, and passes bytes on in both directions until the other side has said everything.
pub(super) fn run(target: &str) -> Result<ExitCode, Failure> {
    let saying = format!("cannot connect to {target}");
    #[cfg(unix)]
    if target.starts_with('/') {
        let stream = UnixStream::connect(target).attempt(&saying)?;
        let write = stream.try_clone().attempt(&saying)?;
        return pass(stream, write, |stream| stream.shutdown(Shutdown::Write)).attempt(saying);
    }
    let stream = TcpStream::connect(target).attempt(&saying)?;
    // Not fatal: it only makes small messages wait.
    let _ = stream.set_nodelay(true);
    let write = stream.try_clone().attempt(&saying)?;
    pass(stream, write, |stream| stream.shutdown(Shutdown::Write)).attempt(saying)
}

fn pass<S: Read + Write + Send + 'static>(
    mut read: S,
    mut write: S,
    end: impl FnOnce(&S) -> std::io::Result<()> + Send + 'static,
) -> std::io::Result<ExitCode> {
    std::thread::spawn(move || {
        // An end of either side ends this direction; the other one tells how it went.
        let _ = copy(&mut std::io::stdin().lock(), &mut write);
        let _ = end(&write);
    });
    copy(&mut read, &mut std::io::stdout().lock())?;
    Ok(ExitCode::SUCCESS)
}

/// Every piece is passed on at once: somebody waits for it.
fn copy(from: &mut dyn Read, to: &mut dyn Write) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(()),
            read => {
                to.write_all(&buffer[..read])?;
                to.flush()?;
            }
        }
    }
}
