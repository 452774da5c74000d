use std::sync::Arc;
use std::task::{Context, Poll};

use http::Request;
use tower_service::Service;

use super::future::ResponseFuture;
use super::layer::HedgeLayer;
use super::policy::is_wanted;
use crate::call::Call;
use crate::clock::now;
use crate::dispatch::common::Common;
use crate::dispatch::kept::Kept;
use crate::error::{BoxError, Error};
use crate::payload::Payload;

/// Asks two, and takes the first who answers. See the [module docs](super).
///
/// # Clone
///
/// A clone carries no readiness.
#[derive(Clone, Debug)]
pub struct Hedge<S> {
    inner: S,
    settings: Arc<Common<S, HedgeLayer>>,
}

// === impl Hedge ===

impl<S: Clone> Hedge<S> {
    pub(super) fn new(inner: S, settings: HedgeLayer) -> Self {
        let settings = Common::new(settings, &inner);
        Self { inner, settings }
    }
}

impl<S> Service<Request<Payload>> for Hedge<S>
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
        if !is_wanted(call, self.settings.all) {
            return ResponseFuture::alone(self.inner.call(request));
        }
        let call = call.clone();
        let kept = Kept::new(&request);
        let first = self.inner.call(request);
        ResponseFuture::hedged(first, kept, call, self.settings.clone(), now())
    }
}
