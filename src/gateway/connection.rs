//! A connection that looks out for a shutdown.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::server::graceful::GracefulConnection;
use pin_project::pin_project;

use super::closing::{Closing, Moved, moved};
use crate::woken::Woken;

/// A connection under way, as small as it can be: there is one of it for each stream.
#[pin_project]
pub(super) struct Connection<C, P> {
    #[pin]
    inner: C,
    closing: Closing,
    /// Wakes it when the shutdown goes on. Until it begins, a turn of the connection polls no wait for it, which costs less.
    moved: Moved,
    woken: Woken,
    place: P,
}

// === impl Connection ===

impl<C, P> Connection<C, P> {
    pub(super) fn new(inner: C, closing: Closing, place: P) -> Self {
        Self {
            inner,
            moved: closing.moved(),
            woken: Woken::default(),
            closing,
            place,
        }
    }
}

impl<C: GracefulConnection, P> Connection<C, P> {
    /// Has the shutdown gone on? If it does, this is polled again: what is under way on it sees that.
    fn look(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        let mut this = self.project();
        while let Poll::Ready(told) = this.woken.poll(this.moved.as_mut(), cx) {
            *this.moved = moved(told);
            this.inner.as_mut().graceful_shutdown();
        }
    }
}

impl<C: GracefulConnection, P> Future for Connection<C, P> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.woken.is(cx) || self.closing.has_begun() {
            self.as_mut().look(cx);
        }
        // What goes wrong on a caller's connection is the caller's to notice.
        self.project().inner.poll(cx).map(drop)
    }
}
