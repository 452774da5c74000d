use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project::pin_project;

use super::body::Body;
use super::clocks::Progress;
use super::timer::Timer;
use crate::attempt::{Attempt, End};
use crate::clock::now;
use crate::error::{BoxError, Error};
use crate::kind::Kind;

/// The future of [`Deadline`](super::Deadline).
#[pin_project]
#[derive(Debug)]
pub struct ResponseFuture<F> {
    #[pin]
    inner: F,
    attempt: Attempt,
    timer: Option<Pin<Box<Timer>>>,
}

// === impl ResponseFuture ===

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, attempt: Attempt, timer: Pin<Box<Timer>>) -> Self {
        Self {
            inner,
            attempt,
            timer: Some(timer),
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError> + 'static,
{
    type Output = Result<Response<Body<B>>, Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.inner.poll(cx) {
            Poll::Ready(Ok(response)) => {
                let timer = this.timer.take().expect("polled after completion");
                let body = |inner| Body::new(inner, this.attempt.clone(), timer);
                Poll::Ready(Ok(response.map(body)))
            }
            Poll::Ready(Err(error)) => {
                let error = Error::from_inner(error);
                this.attempt.end(End::Failed(error.kind()), now());
                Poll::Ready(Err(error))
            }
            Poll::Pending => {
                let timer = this.timer.as_mut().expect("polled after completion");
                let phase = ready!(timer.as_mut().poll(Progress::Asked, cx));
                if !timer.is_fair(Progress::Asked) {
                    this.attempt.excuse();
                }
                this.attempt.end(End::Failed(Kind::Elapsed(phase)), now());
                Poll::Ready(Err(Error::elapsed(phase)))
            }
        }
    }
}
