use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use pin_project::pin_project;

use super::hold::Hold;
use super::ledger::Slot;
use crate::attempt::{Attempt, End};
use crate::error::{BoxError, Error};
use crate::kind::Kind;

/// An answer whose end settles its request. See the [module docs](super).
#[pin_project]
pub struct Body<B, S: Slot> {
    #[pin]
    inner: B,
    attempt: Option<Attempt>,
    /// What comes last waits here until its record is safe, where that takes time.
    last: Option<Box<Last>>,
    over: bool,
    // Declared after `inner`: the attempt ends before the hold settles.
    hold: Hold<S>,
}

/// What comes last?
enum Last {
    Frame(Frame<Bytes>),
    End,
}

// === impl Body ===

impl<B, S: Slot> Body<B, S> {
    pub(super) fn new(inner: B, mut hold: Hold<S>) -> Self {
        Self {
            inner,
            attempt: hold.answered(),
            last: None,
            over: false,
            hold,
        }
    }
}

impl<B, S> http_body::Body for Body<B, S>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError> + 'static,
    S: Slot,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let mut this = self.project();
        if *this.over {
            return Poll::Ready(None);
        }
        let last = match this.last.take() {
            Some(last) => *last,
            None => {
                let frame = ready!(this.inner.as_mut().poll_frame(cx));
                // The attempt ends before its last event is handed out, so that whoever has seen that event
                // finds the record. And hyper asks no more once `is_end_stream` is true.
                let ended = this
                    .attempt
                    .as_mut()
                    .is_some_and(|attempt| attempt.ended().is_some() && this.hold.is_over(attempt));
                let last = match frame {
                    Some(Err(error)) => {
                        *this.over = true;
                        // Where no attempt says what broke, it was the transfer.
                        this.hold.settle(End::Failed(Kind::Disconnected));
                        return Poll::Ready(Some(Err(Error::from_inner(error))));
                    }
                    Some(Ok(frame)) if !ended && !this.inner.is_end_stream() => {
                        return Poll::Ready(Some(Ok(frame)));
                    }
                    Some(Ok(frame)) => Last::Frame(frame),
                    None => Last::End,
                };
                this.hold.settle(End::Complete);
                last
            }
        };
        match (this.hold.poll_written(cx), last) {
            (Poll::Pending, last) => {
                *this.last = Some(Box::new(last));
                Poll::Pending
            }
            (Poll::Ready(Ok(())), Last::Frame(frame)) => Poll::Ready(Some(Ok(frame))),
            (Poll::Ready(written), _) => {
                *this.over = true;
                Poll::Ready(written.err().map(Err))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over || (self.last.is_none() && self.inner.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
