use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use pin_project::pin_project;

use super::hold::Hold;
use super::ledger::Slot;
use crate::attempt::{Attempt, End};
use crate::kind::Kind;

/// An answer whose end settles its request. See the [module docs](super).
#[pin_project]
pub struct Body<B, S: Slot> {
    #[pin]
    inner: B,
    attempt: Option<Attempt>,
    over: bool,
    // Declared after `inner`: the attempt ends before the hold settles.
    hold: Hold<S>,
}

// === impl Body ===

impl<B, S: Slot> Body<B, S> {
    pub(super) fn new(inner: B, mut hold: Hold<S>) -> Self {
        Self {
            inner,
            attempt: hold.answered(),
            over: false,
            hold,
        }
    }
}

impl<B, S> http_body::Body for Body<B, S>
where
    B: http_body::Body<Data = Bytes>,
    S: Slot,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        if *this.over {
            return Poll::Ready(None);
        }
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        // The attempt ends before its last event is handed out, so that whoever has seen that event
        // finds the record. And hyper asks no more once `is_end_stream` is true.
        let ended = this
            .attempt
            .as_mut()
            .is_some_and(|attempt| attempt.ended().is_some() && this.hold.is_over(attempt));
        *this.over = !matches!(frame, Some(Ok(_)));
        if let Some(Err(_)) = frame {
            // Where no attempt says what broke, it was the transfer.
            this.hold.settle(End::Failed(Kind::Disconnected));
        } else if ended || frame.is_none() || this.inner.is_end_stream() {
            this.hold.settle(End::Complete);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
