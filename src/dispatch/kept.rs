//! What it takes to ask again.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Extensions, HeaderMap, Method, Request, Uri, Version};
use tokio::time::Sleep;
use tower_service::Service;

use super::common::Common;
use crate::call::Call;
use crate::error::{BoxError, Error};
use crate::kind::Phase;
use crate::payload::Payload;

/// A request, for another try; and the service for it, once there is one.
///
/// Of the request there are references, no copies, as long as the headers are the call's and nobody has put anything else into
/// the extensions.
#[derive(Debug)]
pub(super) struct Kept<S> {
    /// Taken when it is to be asked again for the first time: the one that is ready answers first.
    service: Option<S>,
    method: Method,
    uri: Uri,
    version: Version,
    headers: Option<Box<HeaderMap>>,
    extensions: Option<Extensions>,
    payload: Payload,
    /// Made when the service is not ready for the first time.
    sleep: Option<Pin<Box<Sleep>>>,
}

// === impl Kept ===

impl<S: Service<Request<Payload>>> Kept<S> {
    pub(in crate::dispatch) fn new(request: &Request<Payload>) -> Self {
        let extensions = request.extensions();
        Self {
            service: None,
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: (!request.headers().is_empty()).then(|| Box::new(request.headers().clone())),
            // The call alone is not worth a copy: it is put in anew.
            extensions: (extensions.len() > 1).then(|| extensions.clone()),
            payload: request.body().clone(),
            sleep: None,
        }
    }

    /// In as little memory as it takes to ask again, for as long as an answer lasts. Nothing refers to the buffer any more that
    /// the request was read into.
    pub(in crate::dispatch) fn laid_by(self) -> Self {
        let uri = self.uri.to_string().parse();
        Self {
            uri: uri.unwrap_or(self.uri),
            payload: self.payload.laid_by(),
            ..self
        }
    }

    /// Asks once more, for this turn of the call, as soon as the service is ready, but not after the time of the call.
    pub(in crate::dispatch) fn poll_ask<T>(
        &mut self,
        cx: &mut Context<'_>,
        call: &Call,
        common: &Common<S, T>,
    ) -> Poll<Result<S::Future, Error>>
    where
        S: Clone,
        S::Error: Into<BoxError> + 'static,
    {
        let service = self.service.get_or_insert_with(|| common.another());
        match service.poll_ready(cx) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => {
                // One that has failed is never ready again.
                self.service = None;
                return Poll::Ready(Err(Error::from_inner(error)));
            }
            Poll::Pending => {
                ready!(self.poll_over(cx, call));
                return Poll::Ready(Err(Error::elapsed(Phase::Total)));
            }
        }
        let mut request = Request::new(self.payload.read_again()?);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = self.version;
        *request.headers_mut() = self.headers.as_deref().cloned().unwrap_or_default();
        *request.extensions_mut() = self.extensions.clone().unwrap_or_default();
        request.extensions_mut().insert(call.clone());
        Poll::Ready(Ok(service.call(request)))
    }

    /// Ready when the time of the call is over.
    fn poll_over(&mut self, cx: &mut Context<'_>, call: &Call) -> Poll<()> {
        let Some(until) = call.until() else {
            return Poll::Pending;
        };
        let sleep = || Box::pin(tokio::time::sleep_until(until.into()));
        self.sleep.get_or_insert_with(sleep).as_mut().poll(cx)
    }
}
