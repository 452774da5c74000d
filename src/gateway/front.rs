use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::Body;
use axum::routing::future::RouteFuture;
use bytes::Bytes;
use http::{Method, Request, Response};
use tower_service::Service;

use super::ask::Asked;
use super::router::Door;
use crate::error::BoxError;
use crate::wire::Operation;

/// The gateway as a service: what is asked of a model goes straight to the stack, the rest through the router.
///
/// [`Gateway::service`](super::Gateway::service) makes it.
///
/// # Clone
///
/// It is always ready, so there is no readiness to carry.
#[derive(Clone, Debug)]
pub struct Front(Arc<Ways>);

/// Where requests may go.
#[derive(Debug)]
struct Ways {
    doors: [Door; 2],
    rest: Router,
}

/// The future of [`Front`].
pub struct ResponseFuture(Way);

/// Which way does a request go?
enum Way {
    Straight(Asked),
    Routed(Pin<Box<RouteFuture<Infallible>>>),
}

// === impl Front ===

impl Front {
    pub(super) fn new(doors: [Door; 2], rest: Router) -> Self {
        Self(Arc::new(Ways { doors, rest }))
    }

    /// Where somebody asks a model.
    fn door<B>(&self, request: &Request<B>) -> Option<&Door> {
        let path = request.uri().path();
        let asks = |door: &&Door| {
            let rest = path.strip_prefix(door.prefix());
            let rest = rest.and_then(|rest| rest.strip_prefix('/'));
            rest.is_some_and(|rest| Operation::of(rest).is_some_and(|what| what.path() == rest))
        };
        let doors = self.0.doors.iter();
        doors
            .filter(|_| request.method() == Method::POST)
            .find(asks)
    }
}

impl<B> Service<Request<B>> for Front
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        ResponseFuture(match self.door(&request) {
            Some(door) => Way::Straight(door.ask(request.map(Body::new))),
            None => Way::Routed(Box::pin(self.0.rest.clone().call(request))),
        })
    }
}

// === impl ResponseFuture ===

impl Future for ResponseFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Way::Straight(asked) => Poll::Ready(Ok(ready!(asked.as_mut().poll(cx)))),
            Way::Routed(routed) => routed.as_mut().poll(cx),
        }
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
