use std::task::{Context, Poll};

use http::{Method, Request, Version};
use tower_service::Service;

use super::headers::headers;
use super::rewrite::rewritten;
use super::uri::uri;
use crate::call::Call;
use crate::early::{Early, let_go};
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
    S: Service<Request<Payload>> + Clone,
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
        let call = Call::of(request.extensions_mut());
        if call.candidate().is_none() {
            return Early::Admitted(self.inner.call(request));
        }
        call.attempt(crate::clock::now);
        match address(&mut request) {
            Ok(()) => Early::Admitted(self.inner.call(request)),
            Err(error) => {
                let_go(&mut self.inner);
                Early::refuse(error)
            }
        }
    }
}

/// Writes the upstream's request in the place of the caller's.
fn address(request: &mut Request<Payload>) -> Result<(), Error> {
    let call = request.extensions().get::<Call>();
    let asked = call.and_then(|call| Some((call, call.candidate()?, call.current()?)));
    let (call, candidate, attempt) = asked.expect("an attempt has begun");
    let begun = begun(request.body(), call, candidate);
    if let Some((_, tokens)) = &begun {
        attempt.find(|found| found.goes_on_from = *tokens);
    }
    let payload = begun
        .as_ref()
        .map_or(request.body(), |(payload, _)| payload);
    let stream = payload.view().stream();
    let body = rewritten(payload, &candidate.endpoint, attempt.is_metered());
    let uri = uri(candidate, request.uri().path())?;
    let headers = call.with_headers(|caller| {
        let caller = caller.unwrap_or(request.headers());
        headers(caller, candidate, attempt.key(), stream)
    });
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    *request.version_mut() = Version::default();
    *request.headers_mut() = headers;
    *request.body_mut() = body;
    Ok(())
}

/// The request with the beginning of its answer, where one broke and this endpoint can go on with it.
fn begun(payload: &Payload, call: &Call, candidate: &Candidate) -> Option<(Payload, u64)> {
    let Said { text, tokens } = call.recovery().said()?;
    let prefill = candidate.endpoint.prefill()?;
    let body = prefill.request(payload.bytes(), payload.view(), &text, tokens)?;
    Some((Payload::read(body).ok()?, tokens))
}
