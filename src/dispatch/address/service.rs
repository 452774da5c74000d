use std::task::{Context, Poll};

use http::{Method, Request};
use tower_service::Service;

use super::headers::headers;
use super::rewrite::rewritten;
use super::uri::uri;
use crate::attempt::Attempt;
use crate::call::Call;
use crate::early::Early;
use crate::error::{BoxError, Error};
use crate::payload::Payload;
use crate::plan::Candidate;
use crate::recovery::Said;

/// The service of [`AddressLayer`](super::AddressLayer).
///
/// # Clone
///
/// A clone carries no readiness.
#[derive(Clone, Debug)]
pub struct Address<S> {
    pub(super) inner: S,
}

// === impl Address ===

impl<S> Service<Request<Payload>> for Address<S>
where
    S: Service<Request<Payload>>,
    S::Error: Into<BoxError> + 'static,
{
    type Response = S::Response;
    type Error = Error;
    type Future = Early<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_inner)
    }

    #[inline]
    fn call(&mut self, mut request: Request<Payload>) -> Self::Future {
        let mut call = Call::of(request.extensions_mut()).clone();
        let Some(candidate) = call.candidate().cloned() else {
            return Early::Admitted(self.inner.call(request));
        };
        let attempt = call.attempt(crate::clock::now).clone();
        if let Some((payload, tokens)) = begun(request.body(), &call, &candidate) {
            attempt.find(|found| found.goes_on_from = tokens);
            *request.body_mut() = payload;
        }
        match addressed(request, &call, &candidate, &attempt) {
            Ok(request) => Early::Admitted(self.inner.call(request)),
            Err(error) => Early::refuse(error),
        }
    }
}

/// The request with the beginning of its answer, where one broke and this endpoint can go on with it.
fn begun(payload: &Payload, call: &Call, candidate: &Candidate) -> Option<(Payload, u64)> {
    let Said { text, tokens } = call.recovery().said()?;
    let prefill = candidate.endpoint.prefill()?;
    let body = prefill.request(payload.bytes(), payload.view(), &text, tokens)?;
    Some((Payload::read(body).ok()?, tokens))
}

fn addressed(
    request: Request<Payload>,
    call: &Call,
    candidate: &Candidate,
    attempt: &Attempt,
) -> Result<Request<Payload>, Error> {
    let (parts, payload) = request.into_parts();
    let stream = payload.view().stream();

    let mut addressed = Request::new(rewritten(
        &payload,
        &candidate.endpoint,
        attempt.is_metered(),
    ));
    *addressed.method_mut() = Method::POST;
    *addressed.extensions_mut() = parts.extensions;
    *addressed.uri_mut() = uri(candidate, parts.uri.path())?;
    *addressed.headers_mut() = call.with_headers(|caller| {
        let caller = caller.unwrap_or(&parts.headers);
        headers(caller, candidate, attempt.key(), stream)
    });
    Ok(addressed)
}
