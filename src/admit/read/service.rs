use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Request;
use tower_service::Service;

use super::future::ResponseFuture;
use super::idle::Idle;
use super::layer::ReadLayer;
use crate::call::Call;
use crate::error::{BoxError, Error};
use crate::payload::Payload;
use crate::wishes::Wishes;

/// Collects a body. See the [module docs](super).
///
/// # Clone
///
/// It is always ready: the inner service is asked later, so there is no readiness to carry.
#[derive(Debug)]
pub struct Read<S> {
    inner: Arc<Idle<S>>,
    settings: ReadLayer,
}

// === impl Read ===

impl<S> Read<S> {
    pub(super) fn new(inner: S, settings: ReadLayer) -> Self {
        let inner = Arc::new(Idle::new(inner));
        Self { inner, settings }
    }
}

impl<S> Read<S>
where
    S: Service<Request<Payload>> + Clone,
{
    /// A call of what is always ready, and whose caller need not be ready either.
    pub(crate) fn ask<B>(&self, mut request: Request<B>) -> ResponseFuture<S, B> {
        // The request's time begins here, with its first byte.
        let mut wishes = Wishes::read(request.headers(), &self.settings.allowed);
        let call = Call::of(request.extensions_mut());
        if call.is_used() {
            if let (Ok(wishes), Some(tag)) = (&mut wishes, &call.wishes().tag) {
                let wishes = wishes.get_or_insert_default();
                wishes.tag.get_or_insert_with(|| tag.clone());
            }
            *call = call.anew();
        }
        let call = call.clone();
        match wishes {
            Ok(None) => {}
            Ok(Some(wishes)) => call.set_wishes(wishes),
            Err(error) => return ResponseFuture::refused(error),
        }
        if let Some(total) = call.wishes().total.or(self.settings.total) {
            call.bound(total);
        }
        ResponseFuture::new(self.inner.clone(), request, call, self.settings)
    }
}

impl<S> Clone for Read<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            settings: self.settings,
        }
    }
}

impl<S, ReqBody> Service<Request<ReqBody>> for Read<S>
where
    S: Service<Request<Payload>> + Clone,
    S::Error: Into<BoxError> + 'static,
    ReqBody: http_body::Body<Data = Bytes>,
    ReqBody::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = Error;
    type Future = ResponseFuture<S, ReqBody>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        self.ask(request)
    }
}
