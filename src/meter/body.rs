use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use pin_project::pin_project;

use super::events::Events;
use super::expected::Expected;
use super::whole::Whole;
use crate::attempt::{Attempt, End};
use crate::clock::now;
use crate::error::{BoxError, Error};

/// An answer that is being watched. See the [module docs](super).
#[pin_project]
#[derive(Debug)]
pub struct Body<B> {
    #[pin]
    inner: B,
    // Declared after `inner`: the upstream call is cancelled before the attempt ends.
    watch: Watch,
}

/// Reads, when dropped, what has come and nobody has taken out, and ends the attempt then.
#[derive(Debug)]
struct Watch {
    scan: Scan,
    guard: Guard,
}

#[derive(Debug)]
enum Scan {
    Events(Events),
    Whole(Whole),
    /// The upstream's body is over, and its last event is out: the end, or what is wrong with it.
    Closing(Option<Result<Option<Frame<Bytes>>, Error>>),
    Over,
}

/// Whose drop means that the caller left, unless everything had been said.
#[derive(Debug)]
pub(super) struct Guard(Attempt);

// === impl Body ===

impl<B> Body<B> {
    pub(super) fn new(inner: B, guard: Guard, stream: bool, expected: Expected) -> Self {
        let scan = if stream {
            Scan::Events(Events::new(
                !expected.usage,
                expected.choices,
                expected.calls,
            ))
        } else {
            Scan::Whole(Whole::new(expected))
        };
        let watch = Watch { scan, guard };
        Self { inner, watch }
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
        let Watch { scan, guard } = this.watch;
        let attempt = &guard.0;
        loop {
            if let Scan::Events(events) = scan
                && !events.is_empty()
            {
                match events.next(attempt) {
                    Some(Ok(event)) => return Poll::Ready(Some(Ok(Frame::data(event)))),
                    Some(Err(error)) => return Poll::Ready(end(scan, attempt, Err(error))),
                    None => {}
                }
            }
            match scan {
                Scan::Over => return Poll::Ready(None),
                Scan::Closing(verdict) => {
                    let verdict = verdict.take().unwrap_or(Ok(None));
                    return Poll::Ready(end(scan, attempt, verdict));
                }
                Scan::Events(_) | Scan::Whole(_) => {}
            }
            let last = match ready!(this.inner.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => match (frame.into_data(), &mut *scan) {
                    (Ok(data), Scan::Events(events)) => {
                        events.feed(data);
                        continue;
                    }
                    (Ok(data), Scan::Whole(whole)) => {
                        whole.feed(&data, attempt);
                        if !this.inner.is_end_stream() {
                            return Poll::Ready(Some(Ok(Frame::data(data))));
                        }
                        // Nobody may ask again, so this is the moment.
                        Some(Frame::data(data))
                    }
                    (Ok(data), _) => Some(Frame::data(data)),
                    // Nothing follows them, so nobody may ask again either.
                    (Err(trailers), _) => Some(trailers),
                },
                Some(Err(_)) if attempt.is_finished() || attempt.is_done() => {
                    return Poll::Ready(end(scan, attempt, Ok(None)));
                }
                Some(Err(error)) => {
                    let error = Error::from_inner(error);
                    return Poll::Ready(end(scan, attempt, Err(error)));
                }
                None => None,
            };
            let verdict = match scan {
                Scan::Events(events) => match events.last(attempt) {
                    Some(Ok(event)) => {
                        let verdict = events.complete(attempt).map(|()| last);
                        *scan = Scan::Closing(Some(verdict));
                        return Poll::Ready(Some(Ok(Frame::data(event))));
                    }
                    Some(Err(error)) => Err(error),
                    None => events.complete(attempt),
                },
                Scan::Whole(whole) => whole.finish(attempt),
                Scan::Closing(_) | Scan::Over => Ok(()),
            };
            return Poll::Ready(end(scan, attempt, verdict.map(|()| last)));
        }
    }

    /// Only after the last event: the end of an answer has to be judged.
    fn is_end_stream(&self) -> bool {
        matches!(self.watch.scan, Scan::Over)
    }

    fn size_hint(&self) -> SizeHint {
        match self.watch.scan {
            Scan::Events(_) | Scan::Closing(_) => SizeHint::default(),
            Scan::Whole(_) => self.inner.size_hint(),
            Scan::Over => SizeHint::with_exact(0),
        }
    }
}

/// Ends the attempt. With a good end comes the last frame, if there is one yet.
fn end(
    scan: &mut Scan,
    attempt: &Attempt,
    verdict: Result<Option<Frame<Bytes>>, Error>,
) -> Option<Result<Frame<Bytes>, Error>> {
    *scan = Scan::Over;
    match verdict {
        Ok(last) => {
            attempt.end(End::Complete, now());
            last.map(Ok)
        }
        Err(error) => {
            attempt.end(End::Failed(error.kind()), now());
            Some(Err(error))
        }
    }
}

// === impl Watch ===

impl Drop for Watch {
    fn drop(&mut self) {
        let attempt = &self.guard.0;
        if let Scan::Events(events) = &mut self.scan
            && attempt.ended().is_none()
        {
            events.rest(attempt);
        }
    }
}

// === impl Guard ===

impl Guard {
    pub(super) fn new(attempt: Attempt) -> Self {
        Self(attempt)
    }

    pub(super) fn attempt(&self) -> &Attempt {
        &self.0
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.0.ended().is_none() {
            let whole = self.0.is_finished() || self.0.is_done();
            let end = if whole { End::Complete } else { End::Cancelled };
            self.0.end(end, now());
        }
    }
}
