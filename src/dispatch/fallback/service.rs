use std::task::{Context, Poll};
use std::time::Duration;

use http::Request;
use tower_service::Service;

use super::future::ResponseFuture;
use crate::call::Call;
use crate::dispatch::kept::Kept;
use crate::dispatch::retry::Budgets;
use crate::error::{BoxError, Error};
use crate::payload::Payload;
use crate::plan::Candidate;

/// Turns to the next candidate. See the [module docs](super).
///
/// # Clone
///
/// A clone carries no readiness.
#[derive(Clone, Debug)]
pub struct Fallback<S> {
    inner: S,
    tries: u32,
    budgets: Budgets,
    wait: Duration,
}

// === impl Fallback ===

impl<S> Fallback<S> {
    pub(super) fn new(inner: S, tries: u32, budgets: Budgets, wait: Duration) -> Self {
        Self {
            inner,
            tries,
            budgets,
            wait,
        }
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

    fn call(&mut self, mut request: Request<Payload>) -> Self::Future {
        let call = Call::of(request.extensions_mut());
        call.set_tries(self.tries);
        let call = call.clone();
        // The last one is asked again only if `gate` refuses it now.
        let is_admitted = |candidate: &Candidate| candidate.standing.circuit().is_admitting();
        let once = call.others() == 0 && call.candidate().is_none_or(is_admitted);
        let kept = (!once).then(|| Kept::new(&request, self.inner.clone()));
        let first = self.inner.call(request);
        ResponseFuture::new(first, kept, call, self.budgets.clone(), self.wait)
    }
}
