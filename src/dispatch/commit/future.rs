use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Response, header, response};
use http_body::Frame;
use pin_project::pin_project;

use super::body::Body;
use super::layer::Bounds;
use super::queue::Queue;
use crate::attempt::{Attempt, End};
use crate::call::Call;
use crate::clock::now;
use crate::error::{BoxError, Error};
use crate::kind::Kind;
use crate::wire::headers::is_event_stream;

/// The future of [`Commit`](super::Commit).
#[pin_project]
#[derive(Debug)]
pub struct ResponseFuture<F, B> {
    #[pin]
    state: State<F, B>,
    /// It goes on to the body.
    call: Option<Call>,
    bounds: Bounds,
}

#[pin_project(project = StateProj)]
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "every request holds an answer")]
enum State<F, B> {
    Asking(#[pin] F),
    Holding(Option<Held<B>>),
}

/// An answer that has begun to come and is not promised to anyone yet.
#[derive(Debug)]
struct Held<B> {
    parts: response::Parts,
    body: Pin<Box<B>>,
    frames: Queue,
    bytes: usize,
    stream: bool,
}

// === impl ResponseFuture ===

impl<F, B> ResponseFuture<F, B> {
    pub(super) fn new(inner: F, call: Call, bounds: Bounds) -> Self {
        Self {
            state: State::Asking(inner),
            call: Some(call),
            bounds,
        }
    }
}

impl<F, E, B> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError> + 'static,
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError> + 'static,
{
    type Output = Result<Response<Body<B>>, Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let call = this.call.as_mut().expect("polled after completion");
        loop {
            match this.state.as_mut().project() {
                StateProj::Asking(future) => match ready!(future.poll(cx)) {
                    Ok(response) => {
                        call.follow(response.extensions());
                        // Asking → Holding
                        this.state.set(State::Holding(Some(Held::new(response))));
                    }
                    Err(error) => return Poll::Ready(Err(failed(call.attempt(now), error))),
                },
                StateProj::Holding(slot) => {
                    let attempt = call.attempt(now);
                    let held = slot.as_mut().expect("polled after completion");
                    let mut over = false;
                    match held.body.as_mut().poll_frame(cx) {
                        Poll::Ready(Some(Ok(frame))) => {
                            held.push(frame);
                            if let Some(error) = held.too_large(this.bounds) {
                                attempt.end(End::Failed(error.kind()), now());
                                *slot = None;
                                return Poll::Ready(Err(error));
                            }
                            if !held.is_enough(attempt, this.bounds) {
                                continue;
                            }
                        }
                        Poll::Ready(Some(Err(error))) => {
                            // The upstream is let go before anybody is asked again.
                            let error = failed(attempt, error);
                            *slot = None;
                            return Poll::Ready(Err(error));
                        }
                        Poll::Ready(None) => over = true,
                        Poll::Pending => return Poll::Pending,
                    }
                    let held = slot.take().expect("it was there above");
                    let call = this.call.take().expect("it was there above");
                    return Poll::Ready(Ok(held.release(over, call)));
                }
            }
        }
    }
}

/// Where a `meter` watches, it has ended the attempt already, and this changes nothing.
fn failed<E: Into<BoxError> + 'static>(attempt: &Attempt, error: E) -> Error {
    let error = Error::from_inner(error);
    attempt.end(End::Failed(error.kind()), now());
    error
}

// === impl Held ===

impl<B: http_body::Body<Data = Bytes>> Held<B> {
    fn new(response: Response<B>) -> Self {
        let (parts, body) = response.into_parts();
        let stream = is_event_stream(&parts.headers);
        Self {
            parts,
            body: Box::pin(body),
            frames: Queue::default(),
            bytes: 0,
            stream,
        }
    }

    fn push(&mut self, frame: Frame<Bytes>) {
        // Each frame has its own weight: an upstream may send them with a byte each.
        self.bytes += frame.data_ref().map_or(0, Bytes::len) + size_of::<Frame<Bytes>>();
        self.frames.push_back(frame);
    }

    /// What cannot be held whole cannot be promised either.
    fn too_large(&self, bounds: &Bounds) -> Option<Error> {
        let most = bounds.whole_bytes;
        let message = || format!("the provider's answer is larger than {most} bytes");
        (!self.stream && self.bytes > most).then(|| Error::new(Kind::Malformed, message()))
    }

    fn is_enough(&self, attempt: &Attempt, bounds: &Bounds) -> bool {
        if self.stream {
            !attempt.is_metered()
                || attempt.content_events() > 0
                || attempt.is_finished()
                || self.bytes > bounds.stream_bytes
                || self.frames.len() > bounds.stream_events
        } else {
            self.body.is_end_stream()
        }
    }

    /// Lets go of what is held; a body that is `over` is not asked again.
    fn release(mut self, over: bool, call: Call) -> Response<Body<B>> {
        if self.stream {
            // What is said at the end of a stream may be ours.
            self.parts.headers.remove(header::CONTENT_LENGTH);
            call.lay_by();
        }
        let rest = (!over).then_some(self.body);
        let body = Body::new(self.frames, rest, self.stream, call);
        Response::from_parts(self.parts, body)
    }
}
