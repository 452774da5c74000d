use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use pin_project::pin_project;

use super::events::Events;
use super::whole::Whole;
use crate::attempt::{Attempt, End};
use crate::clock::now;
use crate::error::{BoxError, Error};

/// An answer that is being watched.
#[pin_project]
#[derive(Debug)]
pub struct Body<B> {
    #[pin]
    inner: B,
    scan: Scan,
    // Declared after `inner`: the upstream call is cancelled before the attempt ends.
    guard: Guard,
}

#[derive(Debug)]
enum Scan {
    Events(Events),
    Whole(Whole),
    Over,
}

/// Whose drop means that the caller left, unless everything had been said.
#[derive(Debug)]
pub(super) struct Guard(Attempt);

// === impl Body ===

impl<B> Body<B> {
    /// An answer that is a stream, or one JSON document, to a request that wanted a stream, or did not.
    pub(super) fn new(inner: B, guard: Guard, stream: bool, wanted: bool, hide: bool) -> Self {
        let scan = if stream {
            Scan::Events(Events::new(hide))
        } else {
            Scan::Whole(Whole::new(wanted))
        };
        Self { inner, scan, guard }
    }
}

impl<B> http_body::Body for Body<B>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError> + 'static,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let mut this = self.project();
        let attempt = &this.guard.0;
        loop {
            if let Scan::Events(events) = this.scan {
                match events.next(attempt) {
                    Some(Ok(event)) => return Poll::Ready(Some(Ok(Frame::data(event)))),
                    Some(Err(error)) => return Poll::Ready(end(this.scan, attempt, Err(error))),
                    None => {}
                }
            }
            if let Scan::Over = this.scan {
                return Poll::Ready(None);
            }
            let verdict = match ready!(this.inner.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => match (frame.into_data(), &mut *this.scan) {
                    (Ok(data), Scan::Events(events)) => {
                        events.feed(data);
                        continue;
                    }
                    (Ok(data), Scan::Whole(whole)) => {
                        whole.feed(&data, attempt);
                        if this.inner.is_end_stream() {
                            // Nobody may ask again, so this is the moment.
                            if let Err(error) = whole.finish(attempt) {
                                return Poll::Ready(end(this.scan, attempt, Err(error)));
                            }
                            let _ = end(this.scan, attempt, Ok(()));
                        }
                        return Poll::Ready(Some(Ok(Frame::data(data))));
                    }
                    (Err(trailers), _) => return Poll::Ready(Some(Ok(trailers))),
                    (Ok(_), Scan::Over) => Ok(()),
                },
                Some(Err(_)) if attempt.is_finished() || attempt.is_done() => Ok(()),
                Some(Err(error)) => Err(Error::from_inner(error)),
                None => match this.scan {
                    Scan::Events(events) => match events.finish(attempt) {
                        Ok(Some(event)) => return Poll::Ready(Some(Ok(Frame::data(event)))),
                        Ok(None) => Ok(()),
                        Err(error) => Err(error),
                    },
                    Scan::Whole(whole) => whole.finish(attempt),
                    Scan::Over => Ok(()),
                },
            };
            return Poll::Ready(end(this.scan, attempt, verdict));
        }
    }

    /// Only after the last event: the end of an answer has to be judged.
    fn is_end_stream(&self) -> bool {
        matches!(self.scan, Scan::Over)
    }

    fn size_hint(&self) -> SizeHint {
        match self.scan {
            Scan::Events(_) => SizeHint::default(),
            Scan::Whole(_) => self.inner.size_hint(),
            Scan::Over => SizeHint::with_exact(0),
        }
    }
}

fn end(
    scan: &mut Scan,
    attempt: &Attempt,
    verdict: Result<(), Error>,
) -> Option<Result<Frame<Bytes>, Error>> {
    *scan = Scan::Over;
    match verdict {
        Ok(()) => {
            attempt.end(End::Complete, now());
            None
        }
        Err(error) => {
            attempt.end(End::Failed(error.kind()), now());
            Some(Err(error))
        }
    }
}

// === impl Guard ===

impl Guard {
    pub(super) fn new(attempt: Attempt) -> Self {
        Self(attempt)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let whole = self.0.is_finished() || self.0.is_done();
        self.0
            .end(if whole { End::Complete } else { End::Cancelled }, now());
    }
}
