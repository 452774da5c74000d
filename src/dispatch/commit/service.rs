use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;

use super::body::Body;
use super::future::ResponseFuture;
use super::layer::Bounds;
use crate::call::Call;
use crate::clock::now;
use crate::error::{BoxError, Error};

/// Resolves when the answer has begun. See the [module docs](super).
///
/// # Clone
///
/// A clone carries no readiness.
#[derive(Clone, Debug)]
pub struct Commit<S> {
    inner: S,
    bounds: Bounds,
}

// === impl Commit ===

impl<S> Commit<S> {
    pub(super) fn new(inner: S, bounds: Bounds) -> Self {
        Self { inner, bounds }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Commit<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Error: Into<BoxError> + 'static,
    ResBody: http_body::Body<Data = Bytes>,
    ResBody::Error: Into<BoxError> + 'static,
{
    type Response = Response<Body<ResBody>>;
    type Error = Error;
    type Future = ResponseFuture<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_inner)
    }

    #[inline]
    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let call = Call::of(request.extensions_mut());
        call.attempt(now);
        let call = call.clone();
        ResponseFuture::new(self.inner.call(request), call, self.bounds)
    }
}
