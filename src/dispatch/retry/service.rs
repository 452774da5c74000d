use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

use http::Request;
use tower_service::Service;

use super::future::ResponseFuture;
use super::layer::RetryLayer;
use crate::call::Call;
use crate::clock::now;
use crate::dispatch::common::Common;
use crate::dispatch::kept::Kept;
use crate::error::{BoxError, Error};
use crate::payload::Payload;

/// Repeats a request. See the [module docs](super).
///
/// # Clone
///
/// A clone carries no readiness.
#[derive(Clone, Debug)]
pub struct Retry<S> {
    inner: S,
    shared: Arc<Common<S, Shared>>,
}

/// What all clones share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: RetryLayer,
    /// Requests that have failed.
    failed: AtomicU64,
}

// === impl Retry ===

impl<S: Clone> Retry<S> {
    pub(super) fn new(inner: S, settings: RetryLayer) -> Self {
        let failed = AtomicU64::new(0);
        let shared = Common::new(Shared { settings, failed }, &inner);
        Self { inner, shared }
    }
}

// === impl Shared ===

impl Shared {
    /// Every request that fails draws its own jitter, repeatably.
    pub(super) fn seed(&self) -> u64 {
        let failed = self.failed.fetch_add(1, Relaxed);
        self.settings.seed.wrapping_add(failed)
    }
}

impl<S> Service<Request<Payload>> for Retry<S>
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
        let call = Call::of(request.extensions_mut()).clone();
        call.hear(request.body());
        let candidate = call.candidate();
        let provider = candidate.map_or("", |it| it.endpoint.provider().slug());
        let (now, settings) = (now(), &self.shared.settings);
        // What `gate` refuses is no question, nor does a second one earn what it was paid for from.
        let asks = candidate.is_none_or(|it| it.standing.circuit().is_admitting());
        // A caller's own key earns nothing, and spends nothing: others share what is earned.
        let own = candidate.is_some_and(|it| it.own_key.is_some());
        if asks && !own && !call.has_asked(provider) {
            settings.budgets.deposit(provider, now);
        }
        // Nobody is asked again while there are others who may be asked, unless with another key, see `should_retry`.
        let keys = candidate.map_or(1, |it| it.standing.accesses().len());
        let first = settings.dispositions.ask_again_first();
        let again = !own && (keys > 1 || first || !call.has_others(now));
        let kept = again.then(|| Box::new(Kept::new(&request)));
        let first = self.inner.call(request);
        ResponseFuture::new(first, kept, call, self.shared.clone(), now)
    }
}
