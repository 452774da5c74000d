use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::queue::Queue;
use crate::attempt::Attempt;
use crate::call::Call;
use crate::error::{BoxError, Error};
use crate::telemetry;
use crate::wire::events;

/// An answer to which the stack has committed: what was held back, then the rest as it comes.
///
/// It never fails: on an event stream a failure is one last event and a clean end, and any other answer is
/// held as a whole before it is promised. Only where [`recover`](super::super::recover) is around it, a failure is its to mend. See the
/// [module docs](super).
#[derive(Debug)]
pub struct Body<B> {
    held: Queue,
    inner: Option<Pin<Box<B>>>,
    stream: bool,
    done: bool,
    /// With its attempt.
    call: Call,
}

// === impl Body ===

impl<B: http_body::Body> Body<B> {
    pub(super) fn new(held: Queue, inner: Option<Pin<Box<B>>>, stream: bool, call: Call) -> Self {
        Self {
            held,
            inner: inner.filter(|_| stream),
            stream,
            done: false,
            call,
        }
    }
}

impl<B> Body<B> {
    fn attempt(&self) -> &Attempt {
        self.call.current().expect("who answers was asked")
    }

    /// Lets one frame through. Before a `[DONE]` that follows no finish reason comes the finish
    /// reason that the upstream forgot, and before trailers the `[DONE]`.
    fn pass(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        if !self.stream || self.done || !self.held.is_empty() {
            return frame;
        }
        let attempt = self.attempt();
        if frame.is_trailers() && attempt.is_metered() && !attempt.is_done() {
            self.done = true;
            self.held.push_back(frame);
            return Frame::data(events::done());
        }
        // A frame is one event, and those after `[DONE]` are not for anyone: so this one is it.
        let (done, finished) = (attempt.is_done(), attempt.is_finished());
        self.done = done;
        if !done || finished {
            return frame;
        }
        let unfinished = self.attempt().with_found(|found| found.unfinished);
        if unfinished == 0 {
            return frame;
        }
        self.held.push_back(frame);
        Frame::data(events::finish(&self.call, unfinished))
    }

    /// The upstream's answer is over: what is missing for a proper end?
    fn close(&mut self) {
        self.inner = None;
        if self.stream && !self.done && self.attempt().is_metered() {
            self.held.push_back(Frame::data(events::done()));
        }
        self.done = true;
    }

    /// The upstream broke after content: one error chunk, then `[DONE]`.
    fn break_off(&mut self, error: &Error) {
        telemetry::broke_after_content(&self.call, error);
        // Dropping the body cancels the upstream call at once.
        self.inner = None;
        self.held
            .push_back(Frame::data(events::error(error, &self.call)));
        self.held.push_back(Frame::data(events::done()));
        self.done = true;
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
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        loop {
            if let Some(frame) = this.held.pop_front() {
                return Poll::Ready(Some(Ok(this.pass(frame))));
            }
            let Some(inner) = this.inner.as_mut() else {
                if this.stream && !this.done {
                    // It was over before it was let go.
                    this.close();
                    continue;
                }
                return Poll::Ready(None);
            };
            match inner.as_mut().poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    return Poll::Ready(Some(Ok(this.pass(frame))));
                }
                Poll::Ready(Some(Err(error))) => {
                    let error = Error::from_inner(error);
                    if this.call.recovery().is_announced() {
                        (this.inner, this.done) = (None, true);
                        return Poll::Ready(Some(Err(error)));
                    }
                    this.break_off(&error);
                }
                Poll::Ready(None) => this.close(),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Never before the last event of a stream: hyper stops asking once this is true.
    fn is_end_stream(&self) -> bool {
        self.held.is_empty() && self.inner.is_none() && (self.done || !self.stream)
    }

    fn size_hint(&self) -> SizeHint {
        match self.stream {
            true => SizeHint::default(),
            false => SizeHint::with_exact(self.held.bytes()),
        }
    }
}
