use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use pin_project::pin_project;

use super::body::Body;
use super::hold::Hold;
use super::ledger::Slot;
use crate::attempt::End;
use crate::error::{BoxError, Error};

/// The future of [`Settle`](super::Settle).
#[pin_project]
pub struct ResponseFuture<F, S: Slot> {
    #[pin]
    inner: F,
    // Declared after `inner`: the attempt ends before the hold settles.
    hold: Option<Hold<S>>,
}

// === impl ResponseFuture ===

impl<F, S: Slot> ResponseFuture<F, S> {
    pub(super) fn new(inner: F, hold: Hold<S>) -> Self {
        Self {
            inner,
            hold: Some(hold),
        }
    }
}

impl<F, B, E, S> Future for ResponseFuture<F, S>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError> + 'static,
    B: http_body::Body<Data = Bytes>,
    S: Slot,
{
    type Output = Result<Response<Body<B, S>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.inner.poll(cx));
        let mut hold = this.hold.take().expect("polled after completion");
        match answer {
            Ok(response) => {
                // Nobody polls a body that is over before it began.
                if response.body().is_end_stream() {
                    hold.settle(End::Complete);
                }
                Poll::Ready(Ok(response.map(|body| Body::new(body, hold))))
            }
            Err(error) => {
                let error = Error::from_inner(error);
                hold.settle(End::Failed(error.kind()));
                Poll::Ready(Err(error))
            }
        }
    }
}
