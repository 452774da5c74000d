use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use pin_project::pin_project;
use tower_service::Service;

use super::body::Body;
use super::watch::{Asked, Watch};
use crate::error::{BoxError, Error};
use crate::payload::Payload;

/// The future of [`Recover`](super::Recover).
#[pin_project]
#[derive(Debug)]
pub struct ResponseFuture<S: Service<Request<Payload>>> {
    #[pin]
    inner: S::Future,
    /// None where nothing is mended, as of most that are no stream.
    asked: Option<Box<Asked<S>>>,
}

// === impl ResponseFuture ===

impl<S: Service<Request<Payload>>> ResponseFuture<S> {
    pub(super) fn new(inner: S::Future, asked: Option<Box<Asked<S>>>) -> Self {
        Self { inner, asked }
    }
}

impl<S, B> Future for ResponseFuture<S>
where
    S: Service<Request<Payload>, Response = Response<B>>,
    S::Error: Into<BoxError> + 'static,
    B: http_body::Body<Data = Bytes>,
{
    type Output = Result<Response<Body<S, B>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(cx)).map_err(Error::from_inner)?;
        let watch = this
            .asked
            .take()
            .and_then(|asked| Watch::over(*asked, &response));
        Poll::Ready(Ok(response.map(|body| Body::new(body, watch))))
    }
}
