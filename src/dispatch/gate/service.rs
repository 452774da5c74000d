use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{Request, Response};
use tower_service::Service;

use super::future::ResponseFuture;
use crate::call::Call;
use crate::clock::now;
use crate::early::let_go;
use crate::error::{BoxError, Error, Upstream};
use crate::kind::Kind;
use crate::permit::Permit;
use crate::standing::{Breaker, Cause, Standing};
use crate::telemetry;

/// Refuses what would only fail. See the [module docs](super).
///
/// # Clone
///
/// A clone carries no readiness. All share the circuit of the service inside, for requests without a plan.
#[derive(Clone, Debug)]
pub struct Gate<S> {
    inner: S,
    shared: Arc<Shared>,
}

/// What all clones share.
#[derive(Debug)]
struct Shared {
    breaker: Arc<Breaker>,
    alone: Arc<Standing>,
}

// === impl Gate ===

impl<S> Gate<S> {
    pub(super) fn new(inner: S, breaker: Arc<Breaker>, now: Instant) -> Self {
        let alone = Arc::new(Standing::new(now));
        let shared = Arc::new(Shared { breaker, alone });
        Self { inner, shared }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Gate<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    S::Error: Into<BoxError> + 'static,
{
    type Response = Response<ResBody>;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_inner)
    }

    #[inline]
    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let (now, Shared { breaker, alone }) = (now(), &*self.shared);
        let call = Call::of(request.extensions_mut());
        let candidate = call.candidate();
        let standing = candidate.map_or(alone, |candidate| &candidate.standing);
        let (need, tried) = (call.need(), |key| call.has_tried(key));
        let permit = match Permit::ask(standing, breaker, need, tried, now) {
            Ok(permit) => permit,
            Err((until, cause)) => {
                let wait = until.saturating_duration_since(now);
                let error = refusal(call, cause, wait);
                let_go(&mut self.inner);
                return ResponseFuture::refused(error);
            }
        };
        if permit.is_probe() {
            telemetry::probing(call);
        }
        let attempt = call.gated(permit, now).clone();
        ResponseFuture::new(self.inner.call(request), attempt)
    }
}

fn refusal(call: &Call, cause: Cause, wait: Duration) -> Error {
    let provider = call
        .candidate()
        .map(|candidate| candidate.endpoint.provider().name());
    let who = provider.unwrap_or("the provider");
    let message = match cause {
        Cause::Failures | Cause::Rate => format!("{who} has failed too often of late"),
        Cause::Slow => format!("{who} is far slower than others just now"),
        Cause::Limited => format!("{who} is rate-limiting this model"),
        Cause::Key => format!("{who} did not accept the key configured for it"),
        Cause::Quota => format!("the quota at {who} is used up"),
        Cause::Operator => format!("{who} is not asked just now"),
    };
    let error = Error::new(Kind::Ejected(cause), message).with_retry_after(wait);
    match provider {
        Some(provider) => error.with_upstream(Upstream {
            provider: Some(provider.into()),
            ..Upstream::default()
        }),
        None => error,
    }
}
