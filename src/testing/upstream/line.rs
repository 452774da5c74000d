use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A connection that a script can break.
pub(super) struct Line {
    stream: TokioIo<TcpStream>,
    signals: Arc<Signals>,
}

/// What a response body and its connection tell each other. Both run in one task.
#[derive(Debug, Default)]
pub(super) struct Signals {
    fault: AtomicU8,
    blocked: AtomicBool,
}

/// How is the connection to be broken?
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    Cut = 1,
    Reset = 2,
}

// === impl Line ===

impl Line {
    pub(super) fn new(stream: TcpStream, signals: Arc<Signals>) -> Self {
        Self {
            stream: TokioIo::new(stream),
            signals,
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.signals.fault.load(Relaxed) == Fault::Reset as u8 {
            // A socket that is gone already cannot be reset.
            let _ = self.stream.inner().set_zero_linger();
        }
    }
}

impl Read for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl Write for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.signals.watch(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.signals.watch(written)
    }
}

// === impl Signals ===

impl Signals {
    pub(super) fn ask(&self, fault: Fault) {
        self.fault.store(fault as u8, Relaxed);
    }

    /// Was a break asked for, and has everything before it been written?
    pub(super) fn is_due(&self) -> bool {
        self.fault.load(Relaxed) != 0 && !self.blocked.load(Relaxed)
    }

    fn watch<T>(&self, written: Poll<T>) -> Poll<T> {
        self.blocked.store(written.is_pending(), Relaxed);
        written
    }
}
