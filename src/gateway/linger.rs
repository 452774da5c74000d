//! A connection that does not take its last answer away with it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use pin_project::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// How long a caller may go on sending what nobody will read: long enough to hear the refusal meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);

/// Closes its own half first, and then throws away what still comes of a request that was refused. A
/// socket that is closed over unread bytes is reset: the caller's next write fails, and some clients
/// never read the answer that came before.
#[pin_project]
#[derive(Debug)]
pub(super) struct Linger<T> {
    #[pin]
    inner: T,
    unread: Unread,
    sleep: Option<Pin<Box<Sleep>>>,
}

/// How many bytes of the last request may have been left unread? The connection and the body tell it each other,
/// in one task.
#[derive(Clone, Debug, Default)]
pub(super) struct Unread(Arc<AtomicU64>);

/// The body of a request, of which it is known whether all was taken.
#[pin_project]
#[derive(Debug)]
pub(super) struct Taken<B> {
    #[pin]
    inner: B,
    rest: Rest,
}

#[derive(Debug)]
struct Rest {
    unread: Unread,
    left: u64,
}

/// A body of no more than this that nobody reads has come with its head: hyper passes it over, and the connection
/// can be used again.
const TINY: u64 = 4 << 10;

// === impl Unread ===

impl Unread {
    pub(super) fn is_some(&self) -> bool {
        self.0.load(Relaxed) > 0
    }

    /// Is it too much for the connection to be used again?
    pub(super) fn is_much(&self) -> bool {
        self.0.load(Relaxed) > TINY
    }

    /// The body of the next request.
    pub(super) fn body<B: Body>(&self, inner: B) -> Taken<B> {
        self.0.store(0, Relaxed);
        let rest = Rest {
            unread: self.clone(),
            left: left(&inner),
        };
        Taken { inner, rest }
    }
}

// === impl Rest ===

impl Drop for Rest {
    fn drop(&mut self) {
        if self.left > 0 {
            self.unread.0.store(self.left, Relaxed);
        }
    }
}

fn left(body: &impl Body) -> u64 {
    match body.is_end_stream() {
        true => 0,
        false => body.size_hint().exact().unwrap_or(u64::MAX),
    }
}

// === impl Taken ===

impl<B: Body> Body for Taken<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        this.rest.left = match frame {
            Some(Ok(_)) => left(&*this.inner),
            _ => 0,
        };
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

// === impl Linger ===

impl<T> Linger<T> {
    pub(super) fn new(inner: T, unread: Unread) -> Self {
        Self {
            inner,
            unread,
            sleep: None,
        }
    }
}

impl<T: AsyncRead + AsyncWrite> AsyncWrite for Linger<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, data)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, data)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut this = self.project();
        if this.sleep.is_none() {
            ready!(this.inner.as_mut().poll_shutdown(cx))?;
            if !this.unread.is_some() {
                return Poll::Ready(Ok(()));
            }
        }
        let sleep = this
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(PATIENCE)));
        // First, since who sends without end leaves it no turn after.
        if sleep.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Ok(()));
        }
        let mut away = [0; 8192];
        loop {
            let mut read = ReadBuf::new(&mut away);
            match this.inner.as_mut().poll_read(cx, &mut read) {
                Poll::Ready(Ok(())) if !read.filled().is_empty() => {}
                // The caller has closed its half as well, or is gone.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<T: AsyncRead> AsyncRead for Linger<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.project().inner.poll_read(cx, buffer)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::Instant;

    use super::*;

    fn connection(unread: bool) -> (DuplexStream, Linger<DuplexStream>) {
        let (caller, server) = duplex(64);
        let told = Unread::default();
        told.0.store(u64::from(unread), Relaxed);
        (caller, Linger::new(server, told))
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_neither_leaves_nor_sends_is_not_waited_for_for_ever() {
        let (mut caller, mut server) = connection(true);
        let began = Instant::now();
        let mut byte = [0];
        let (ended, heard) = tokio::join!(server.shutdown(), caller.read(&mut byte));
        assert_eq!(heard.unwrap(), 0, "it is told at once");
        ended.unwrap();
        assert_eq!(began.elapsed(), PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_leaves_ends_it() {
        let (mut caller, mut server) = connection(true);
        let began = Instant::now();
        let send = async move { caller.write_all(&[b'x'; 100_000]).await };
        let (ended, sent) = tokio::join!(server.shutdown(), send);
        sent.unwrap();
        ended.unwrap();
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rest_there_is_nothing_to_wait_for() {
        let (_caller, mut server) = connection(false);
        let began = Instant::now();
        server.shutdown().await.unwrap();
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
