use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project::pin_project;

use super::body::Body;
use super::clocks::Progress;
use super::timer::Timer;
use crate::attempt::End;
use crate::clock::now;
use crate::error::{BoxError, Error};
use crate::kind::Kind;

/// The future of [`Deadline`](super::Deadline).
#[pin_project]
#[derive(Debug)]
pub struct ResponseFuture<F> {
    #[pin]
    inner: F,
    timer: Option<Pin<Box<Timer>>>,
}

// === impl ResponseFuture ===

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, timer: Pin<Box<Timer>>) -> Self {
        Self {
            inner,
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
        let answer = this.inner.poll(cx);
        let timer = this.timer.as_mut().expect("polled after completion");
        match answer {
            Poll::Ready(Ok(response)) => {
                let mut timer = this.timer.take().expect("it was there above");
                timer.as_mut().follow(response.extensions());
                Poll::Ready(Ok(response.map(|inner| Body::new(inner, timer))))
            }
            Poll::Ready(Err(error)) => {
                let error = Error::from_inner(error);
                timer.attempt().end(End::Failed(error.kind()), now());
                Poll::Ready(Err(error))
            }
            Poll::Pending => {
                let phase = ready!(timer.as_mut().poll(Progress::Asked, cx));
                let attempt = timer.attempt();
                if !timer.is_fair(Progress::Asked) {
                    attempt.excuse();
                }
                attempt.end(End::Failed(Kind::Elapsed(phase)), now());
                Poll::Ready(Err(Error::elapsed(phase)))
            }
        }
    }
}
