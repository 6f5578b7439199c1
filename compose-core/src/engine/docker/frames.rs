//! The engine's framing of a process's two outputs over one connection.

use super::super::{LogChunk, LogStream};
use bytes::{Buf as _, Bytes};

/// How a process's output comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// One stream, byte for byte: the process has a terminal.
    Raw,
    /// Frames of eight bytes of header and a payload.
    Multiplexed,
}

/// Takes the frames apart. A payload is passed on as it comes, so no frame is held in memory.
pub(super) struct Frames {
    framing: Framing,
    header: Vec<u8>,
    stream: Source,
    rest: usize,
}

#[derive(Clone, Copy)]
enum Source {
    Process(LogStream),
    /// The engine itself says why there is no more output.
    Engine,
}

const HEADER: usize = 8;

impl Frames {
    pub(super) fn new(framing: Framing) -> Self {
        Self {
            framing,
            header: Vec::with_capacity(HEADER),
            stream: Source::Process(LogStream::Stdout),
            rest: 0,
        }
    }

    /// The output in the next bytes of the connection; an error is the engine's word on why there is no more.
    pub(super) fn push(&mut self, mut bytes: Bytes) -> Result<Vec<LogChunk>, String> {
        let mut chunks = Vec::new();
        if self.framing == Framing::Raw {
            chunks.push(LogChunk {
                stream: LogStream::Stdout,
                bytes: bytes.to_vec(),
            });
            return Ok(chunks);
        }
        while !bytes.is_empty() {
            if self.rest == 0 {
                self.read_header(&mut bytes)?;
                continue;
            }
            let payload = bytes.split_to(self.rest.min(bytes.len()));
            self.rest -= payload.len();
            match self.stream {
                Source::Process(stream) => chunks.push(LogChunk {
                    stream,
                    bytes: payload.to_vec(),
                }),
                Source::Engine => return Err(String::from_utf8_lossy(payload.trim_ascii()).into_owned()),
            }
        }
        Ok(chunks)
    }

    fn read_header(&mut self, bytes: &mut Bytes) -> Result<(), String> {
        let part = bytes.split_to((HEADER - self.header.len()).min(bytes.len()));
        self.header.extend_from_slice(&part);
        if self.header.len() < HEADER {
            return Ok(());
        }
        let mut header = &self.header[..];
        self.stream = match header.get_u8() {
            0 | 1 => Source::Process(LogStream::Stdout),
            2 => Source::Process(LogStream::Stderr),
            3 => Source::Engine,
            other => return Err(format!("unknown kind {other} of output")),
        };
        header.advance(3);
        self.rest = header.get_u32() as usize;
        self.header.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![kind, 0, 0, 0];
        frame.extend_from_slice(&u32::try_from(payload.len()).expect("small").to_be_bytes());
        frame.extend_from_slice(payload);
        frame
    }

    fn read(bytes: &[u8], cuts: usize) -> (Vec<u8>, Vec<u8>) {
        let mut frames = Frames::new(Framing::Multiplexed);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        for part in bytes.chunks(cuts.max(1)) {
            for chunk in frames.push(Bytes::copy_from_slice(part)).expect("frames") {
                match chunk.stream {
                    LogStream::Stdout => out.extend(chunk.bytes),
                    LogStream::Stderr => err.extend(chunk.bytes),
                }
            }
        }
        (out, err)
    }

    proptest! {
        #[test]
        fn output_does_not_depend_on_how_the_connection_is_cut(
            parts in proptest::collection::vec((1u8..3, proptest::collection::vec(any::<u8>(), 0..40)), 0..12),
            cuts in 1usize..30,
        ) {
            let bytes: Vec<u8> = parts.iter().flat_map(|(kind, payload)| frame(*kind, payload)).collect();
            let of = |kind: u8| -> Vec<u8> { parts.iter().filter(|part| part.0 == kind).flat_map(|part| part.1.clone()).collect() };
            prop_assert_eq!(read(&bytes, cuts), (of(1), of(2)));
        }
    }

    #[test]
    fn a_terminal_is_passed_on_byte_for_byte() {
        let mut frames = Frames::new(Framing::Raw);
        let chunks = frames.push(Bytes::from_static(&[1, 0, 0])).expect("raw");
        assert_eq!(chunks[0].bytes, [1, 0, 0]);
    }

    #[test]
    fn the_engine_s_own_word_is_an_error() {
        let mut frames = Frames::new(Framing::Multiplexed);
        assert_eq!(
            frames.push(frame(3, b"log driver broke\n").into()),
            Err("log driver broke".to_owned())
        );
        assert_eq!(
            Frames::new(Framing::Multiplexed).push(frame(9, b"x").into()),
            Err("unknown kind 9 of output".to_owned())
        );
    }
}
