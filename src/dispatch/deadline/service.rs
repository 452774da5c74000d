use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;

use super::body::Body;
use super::clocks::Clocks;
use super::future::ResponseFuture;
use super::limits::Deadlines;
use super::timer::Timer;
use crate::call::Call;
use crate::clock::{later, now};
use crate::error::{BoxError, Error};
use crate::plan::Candidate;

/// Ends an attempt when one of its clocks runs out. See the [module docs](super).
///
/// # Clone
///
/// A clone carries no readiness.
#[derive(Clone, Debug)]
pub struct Deadline<S> {
    inner: S,
    deadlines: Deadlines,
}

// === impl Deadline ===

impl<S> Deadline<S> {
    pub(super) fn new(inner: S, deadlines: Deadlines) -> Self {
        Self { inner, deadlines }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Deadline<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Error: Into<BoxError> + 'static,
    ResBody: http_body::Body<Data = Bytes>,
    ResBody::Error: Into<BoxError> + 'static,
{
    type Response = Response<Body<ResBody>>;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_inner)
    }

    #[inline]
    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let call = Call::of(request.extensions_mut());
        let total = call.bound(call.wishes().total.unwrap_or(self.deadlines.total));
        let asked = call.attempt(now).started();
        let call = call.clone();
        // First, since it may be somebody inside who reads what the body asks for.
        let future = self.inner.call(request);
        let own = limits(self.deadlines, &call);
        let deadlines = own.with(call.wishes());
        // Whoever has no try left asks no other.
        let others = call.plan().map(|_| call.others_left(asked));
        // Nobody is given all the time for the rest of an answer that somebody reads.
        let others = others.filter(|others| *others > 0 || call.recovery().times() == 0);
        let stream = call.is_stream();
        let clocks = Clocks::new(&deadlines, asked, total, others, stream);
        let own = (deadlines != own).then(|| {
            let total = later(call.started(), own.total);
            Box::new(Clocks::new(&own, asked, total, others, stream))
        });
        ResponseFuture::new(future, Timer::new(clocks, own, call))
    }
}

/// Those of the operator, for this request to this candidate.
fn limits(mut deadlines: Deadlines, call: &Call) -> Deadlines {
    let candidate = call.candidate();
    let reasons = |candidate: &Candidate| candidate.endpoint.reasons();
    if call.reasons() || candidate.is_some_and(reasons) {
        deadlines = deadlines.reasoning();
    }
    if let Some(candidate) = candidate {
        deadlines = deadlines.of(candidate.model.deadlines());
    }
    deadlines
}
