use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;

use super::body::Body;
use super::future::ResponseFuture;
use super::layer::RecoverLayer;
use super::shape;
use super::watch::Asked;
use crate::call::Call;
use crate::dispatch::common::Common;
use crate::dispatch::kept::Kept;
use crate::error::{BoxError, Error};
use crate::payload::Payload;

/// Mends answers that break. See the [module docs](super).
///
/// # Clone
///
/// A clone carries no readiness.
#[derive(Clone, Debug)]
pub struct Recover<S> {
    inner: S,
    settings: Arc<Common<S, RecoverLayer>>,
}

// === impl Recover ===

impl<S: Clone> Recover<S> {
    pub(super) fn new(inner: S, settings: RecoverLayer) -> Self {
        let settings = Common::new(settings, &inner);
        Self { inner, settings }
    }
}

impl<S, ResBody> Service<Request<Payload>> for Recover<S>
where
    S: Service<Request<Payload>, Response = Response<ResBody>> + Clone,
    S::Error: Into<BoxError> + 'static,
    ResBody: http_body::Body<Data = Bytes>,
    ResBody::Error: Into<BoxError> + 'static,
{
    type Response = Response<Body<S, ResBody>>;
    type Error = Error;
    type Future = ResponseFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_inner)
    }

    fn call(&mut self, mut request: Request<Payload>) -> Self::Future {
        let call = Call::of(request.extensions_mut());
        let call = wanted(call, &self.settings).then(|| call.clone());
        let view = request.body().view();
        let call = call.filter(|call| shape::is_text(view, call.operation()));
        let asked = call.map(|call| {
            Box::new(Asked {
                kept: Kept::new(&request),
                goes_on: shape::goes_on(view),
                call,
                settings: self.settings.clone(),
            })
        });
        ResponseFuture::new(self.inner.call(request), asked)
    }
}

/// May any answer to this request be mended? Who answers it says the last word.
fn wanted(call: &Call, settings: &RecoverLayer) -> bool {
    let on = call.wishes().recover.or(settings.on);
    if settings.times == 0 {
        return false;
    }
    on.unwrap_or(false) || {
        let candidates = call.plan().map_or(&[][..], |plan| &plan.candidates);
        let own = |candidate: &crate::Candidate| candidate.endpoint.recovers() == Some(true);
        call.wishes().recover.is_none() && candidates.iter().any(own)
    }
}
