use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;

use super::body::Body;
use super::expected::Expected;
use super::future::ResponseFuture;
use super::layer::MeterLayer;
use crate::call::Call;
use crate::clock::now;
use crate::error::{BoxError, Error};
use crate::payload::Payload;

/// Scans every answer once. See the [module docs](super).
///
/// # Clone
///
/// A clone carries no readiness.
#[derive(Clone, Debug)]
pub struct Meter<S> {
    inner: S,
    settings: MeterLayer,
}

// === impl Meter ===

impl<S> Meter<S> {
    pub(super) fn new(inner: S, settings: MeterLayer) -> Self {
        Self { inner, settings }
    }
}

impl<S, ResBody> Service<Request<Payload>> for Meter<S>
where
    S: Service<Request<Payload>, Response = Response<ResBody>>,
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

    fn call(&mut self, mut request: Request<Payload>) -> Self::Future {
        let call = Call::of(request.extensions_mut());
        call.attempt(now).metered();
        let call = call.clone();
        call.hear(request.body());
        let expected = Expected::of(request.body(), &call, self.settings);
        ResponseFuture::new(self.inner.call(request), call, expected)
    }
}
