use std::sync::Arc;
use std::task::{Context, Poll};

use http::Request;
use tower_service::Service;

use super::future::ResponseFuture;
use super::layer::FallbackLayer;
use crate::call::Call;
use crate::dispatch::common::Common;
use crate::dispatch::kept::Kept;
use crate::error::{BoxError, Error};
use crate::payload::Payload;

/// Turns to the next candidate. See the [module docs](super).
///
/// # Clone
///
/// A clone carries no readiness.
#[derive(Clone, Debug)]
pub struct Fallback<S> {
    inner: S,
    settings: Arc<Common<S, FallbackLayer>>,
}

// === impl Fallback ===

impl<S: Clone> Fallback<S> {
    pub(super) fn new(inner: S, settings: FallbackLayer) -> Self {
        let settings = Common::new(settings, &inner);
        Self { inner, settings }
    }
}

impl<S> Service<Request<Payload>> for Fallback<S>
where
    S: Service<Request<Payload>> + Clone,
    S::Error: Into<BoxError> + 'static,
{
    type Response = S::Response;
    type Error = Error;
    type Future = ResponseFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_inner)
    }

    #[inline]
    fn call(&mut self, mut request: Request<Payload>) -> Self::Future {
        let call = Call::of(request.extensions_mut());
        call.set_fallback(self.settings.tries);
        let call = call.clone();
        // A single candidate as well: `gate` may refuse it from one moment to the next.
        let kept = || Box::new(Kept::new(&request));
        let kept = call.plan().map(|_| kept());
        let first = self.inner.call(request);
        ResponseFuture::new(first, kept, call, self.settings.clone())
    }
}
