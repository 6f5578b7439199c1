//! The program that is sent to a server: this very one, or a file, when it fits the server's architecture.

use crate::failure::{Attempt as _, Failure};
use compose_core::hash::hex;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// How large a program may be.
const LARGEST: u64 = 512 << 20;

/// What an executable was made for, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Elf {
    /// 32 or 64.
    bits: u8,
    /// The number that ELF gives the architecture.
    machine: u16,
    /// It needs a loader, and with it libraries of the system.
    dynamic: bool,
}

/// A program that a server can run.
pub(super) struct Program {
    /// SHA-256 of it, in hexadecimal.
    pub(super) digest: String,
    bytes: Vec<u8>,
}

impl Program {
    /// The program for a server of this architecture (`uname -m`): `file`, or the one that runs.
    pub(super) fn fitting(file: Option<&Path>, machine: &str) -> Result<Self, Failure> {
        let own = || std::env::current_exe().attempt("cannot find this program's own file");
        let path: PathBuf = match file {
            Some(file) => file.to_owned(),
            None => own()?,
        };
        let saying = || format!("cannot read {}", path.display());
        let size = std::fs::metadata(&path).attempt(saying())?.len();
        if size > LARGEST {
            return Err(Failure::new(format!("{} is too large to be the daemon's program", path.display()))
                .hint("name a release's program, or one that was stripped: --daemon-binary FILE"));
        }
        let bytes = std::fs::read(&path).attempt(saying())?;
        check(&bytes, machine).map_err(|reason| {
            let failure = Failure::new(format!("{} cannot run on the server: {reason}", path.display()));
            match file {
                Some(_) => failure.hint("name the one that fits with --daemon-binary FILE"),
                None => failure
                    .hint(format!("name a release's program for {machine}: --daemon-binary FILE"))
                    .hint("from the sources, `make dist` makes programs that need no libraries, in target/dist/"),
            }
        })?;
        let digest = hex(&Sha256::digest(&bytes));
        Ok(Self { digest, bytes })
    }

    /// The program, compressed for the way.
    pub(super) fn compressed(&self) -> Result<Vec<u8>, Failure> {
        let mut encoder = GzEncoder::new(Vec::with_capacity(self.bytes.len() / 2), Compression::default());
        let written = encoder.write_all(&self.bytes).and_then(|()| encoder.finish());
        written.attempt("cannot compress the program")
    }
}

/// Whether a server of this architecture can run a program in an image that holds nothing else.
fn check(bytes: &[u8], machine: &str) -> Result<(), String> {
    let elf = Elf::read(bytes).ok_or("it is no program for Linux")?;
    let fits = match machine {
        "x86_64" | "amd64" => (elf.bits, elf.machine) == (64, 62),
        "aarch64" | "arm64" => (elf.bits, elf.machine) == (64, 183),
        "armv7l" | "armv6l" | "armv8l" => (elf.bits, elf.machine) == (32, 40),
        "i386" | "i486" | "i586" | "i686" => (elf.bits, elf.machine) == (32, 3),
        "riscv64" => (elf.bits, elf.machine) == (64, 243),
        "ppc64le" => (elf.bits, elf.machine) == (64, 21),
        "s390x" => (elf.bits, elf.machine) == (64, 22),
        _ => false,
    };
    if !fits {
        return Err(format!("it was made for {}, and the server is {machine}", architecture(elf)));
    }
    if elf.dynamic {
        return Err("it needs libraries of this machine's system, and only a statically linked program runs everywhere".to_owned());
    }
    Ok(())
}

fn architecture(elf: Elf) -> String {
    match (elf.bits, elf.machine) {
        (64, 62) => "x86_64".to_owned(),
        (64, 183) => "aarch64".to_owned(),
        (32, 40) => "arm (32 bits)".to_owned(),
        (32, 3) => "i686".to_owned(),
        (64, 243) => "riscv64".to_owned(),
        (bits, machine) => format!("an architecture that ELF numbers {machine} ({bits} bits)"),
    }
}

impl Elf {
    /// Reads the header and the kinds of the segments.
    fn read(bytes: &[u8]) -> Option<Self> {
        const INTERPRETER: u32 = 3;
        let header = bytes.get(..20)?;
        if header[..4] != *b"\x7fELF" {
            return None;
        }
        let bits = match header[4] {
            1 => 32,
            2 => 64,
            _ => return None,
        };
        let big = header[5] == 2;
        let number = |at: usize, length: usize| -> Option<u64> {
            let field = bytes.get(at..at.checked_add(length)?)?;
            let shift = |value: u64, &byte: &u8| value << 8 | u64::from(byte);
            Some(if big {
                field.iter().fold(0, shift)
            } else {
                field.iter().rev().fold(0, shift)
            })
        };
        let (offset, size, count) = if bits == 64 {
            (number(32, 8)?, number(54, 2)?, number(56, 2)?)
        } else {
            (number(28, 4)?, number(42, 2)?, number(44, 2)?)
        };
        let mut dynamic = false;
        for segment in 0..count {
            let at = offset.checked_add(segment * size)?;
            let kind = number(usize::try_from(at).ok()?, 4)?;
            dynamic |= kind == u64::from(INTERPRETER);
        }
        Some(Self {
            bits,
            machine: u16::try_from(number(18, 2)?).ok()?,
            dynamic,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A little-endian header with one segment of this kind.
    fn elf(bits: u8, machine: u16, segment: u32) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56];
        bytes[..4].copy_from_slice(b"\x7fELF");
        bytes[4] = if bits == 64 { 2 } else { 1 };
        bytes[5] = 1;
        bytes[18..20].copy_from_slice(&machine.to_le_bytes());
        let (offset, size, count) = if bits == 64 { (32, 54, 56) } else { (28, 42, 44) };
        bytes[offset] = 64;
        bytes[size] = 56;
        bytes[count] = 1;
        bytes[64..68].copy_from_slice(&segment.to_le_bytes());
        bytes
    }

    #[test]
    fn programs_fit_or_it_is_said_why_not() {
        for (bytes, machine, says) in [
            (elf(64, 62, 1), "x86_64", None),
            (elf(64, 183, 1), "aarch64", None),
            (elf(32, 40, 1), "armv7l", None),
            (elf(64, 62, 1), "aarch64", Some("it was made for x86_64, and the server is aarch64")),
            (elf(64, 183, 1), "x86_64", Some("made for aarch64")),
            (elf(32, 62, 1), "x86_64", Some("ELF numbers 62 (32 bits)")),
            (elf(64, 62, 1), "loongarch64", Some("the server is loongarch64")),
            (elf(64, 62, 3), "x86_64", Some("statically linked")),
            (b"#!/bin/sh\n".to_vec(), "x86_64", Some("no program for Linux")),
            (elf(64, 62, 1)[..60].to_vec(), "x86_64", Some("no program for Linux")),
            (Vec::new(), "x86_64", Some("no program for Linux")),
        ] {
            let refused = check(&bytes, machine).err();
            match (refused, says) {
                (None, None) => {}
                (Some(refused), Some(says)) => assert!(refused.contains(says), "{refused}"),
                (refused, says) => panic!("{machine}: {refused:?} instead of {says:?}"),
            }
        }
    }

    #[test]
    fn a_header_that_leads_nowhere_is_refused() {
        let mut bytes = elf(64, 62, 1);
        bytes[32..40].fill(0xff);
        assert!(Elf::read(&bytes).is_none());
        bytes[32..40].fill(0);
        bytes[56..58].fill(0xff);
        assert!(Elf::read(&bytes).is_none());
    }
}
