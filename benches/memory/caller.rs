//! A caller that costs nothing but its socket.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use memchr::memmem;

/// A call under way.
pub(crate) struct Caller(TcpStream);

/// What is asked for, and what becomes of it?
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Json,
    /// A stream that ends well.
    Stream,
    /// A stream that says one thing.
    Idle,
    /// A stream that breaks amid its answer.
    Cut,
    /// Status 500.
    Fail,
}

// === impl Kind ===

impl Kind {
    /// A request with a prompt of about this many bytes, and with these headers besides.
    pub(crate) fn request(self, prompt: usize, headers: &str) -> Vec<u8> {
        let (stream, user) = match self {
            Self::Json => (false, "whole"),
            Self::Stream => (true, "short"),
            Self::Idle => (true, "idle"),
            Self::Cut => (true, "cut"),
            Self::Fail => (false, "fail"),
        };
        let text =
            "The quick brown fox said \\\"jump\\\" over the lazy dog.\\n".repeat(prompt / 52);
        let body = format!(
            r#"{{"model":"acme/swift","stream":{stream},"user":"{user}","messages":[{{"role":"user","content":"{text}"}}]}}"#
        );
        let length = body.len();
        format!(
            "POST /api/v1/chat/completions HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer key\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        )
        .into()
    }
}

// === impl Caller ===

impl Caller {
    pub(crate) fn new(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Asks, and reads until the answer is a stream that has begun.
    pub(crate) fn begin(&mut self, request: &[u8]) -> io::Result<()> {
        self.ask(request, |seen| memmem::find(seen, b" quick").is_some())
    }

    /// Asks, and reads the whole answer.
    pub(crate) fn finish(&mut self, request: &[u8]) -> io::Result<()> {
        self.ask(request, is_complete)
    }

    fn ask(&mut self, request: &[u8], enough: impl Fn(&[u8]) -> bool) -> io::Result<()> {
        self.0.write_all(request)?;
        let (mut seen, mut buffer) = (Vec::new(), [0; 4 << 10]);
        while !enough(&seen) {
            match self.0.read(&mut buffer)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => seen.extend_from_slice(&buffer[..read]),
            }
        }
        Ok(())
    }
}

fn is_complete(answer: &[u8]) -> bool {
    let Some(head) = memmem::find(answer, b"\r\n\r\n") else {
        return false;
    };
    let length = memmem::find(&answer[..head], b"content-length: ").and_then(|at| {
        let digits = answer[at + 16..].split(|byte| *byte == b'\r').next()?;
        std::str::from_utf8(digits).ok()?.parse::<usize>().ok()
    });
    match length {
        Some(length) => answer.len() >= head + 4 + length,
        None => answer.ends_with(b"\r\n0\r\n\r\n"),
    }
}
