use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project::pin_project;

use super::body::Body;
use super::hold::Hold;
use crate::early::Early;
use crate::error::{BoxError, Error};

/// The future of [`Quota`](super::Quota).
#[pin_project]
#[derive(Debug)]
pub struct ResponseFuture<F> {
    #[pin]
    inner: Early<F>,
    // Declared after what is inside: the attempt ends before its tokens are counted.
    hold: Option<Box<Hold>>,
}

// === impl ResponseFuture ===

impl<F> ResponseFuture<F> {
    pub(super) fn asking(inner: F, hold: Option<Box<Hold>>) -> Self {
        Self {
            inner: Early::Admitted(inner),
            hold,
        }
    }

    pub(super) fn refused(error: Error) -> Self {
        Self {
            inner: Early::refuse(error),
            hold: None,
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
        let answer = ready!(this.inner.poll(cx));
        let mut hold = this.hold.take();
        let nearest = hold.as_deref().map(Hold::nearest);
        Poll::Ready(match answer {
            Ok(mut response) => {
                // The others that might have answered are free for whoever asks meanwhile.
                if let Some(hold) = &mut hold {
                    hold.answered();
                }
                if let Some(nearest) = nearest {
                    response.extensions_mut().insert(nearest);
                }
                Ok(response.map(|body| Body::new(body, hold)))
            }
            Err(mut error) => {
                if let Some(hold) = hold {
                    hold.failed(&error);
                }
                if let Some(nearest) = nearest {
                    error = error.with_nearest(nearest);
                }
                Err(error)
            }
        })
    }
}
