//! Read the body once, into a [`Payload`](crate::Payload).
//!
//! ```text
//! always ready ─▶ collect, within a limit ─▶ one pass: View ─▶ is the inner service ready? ─▶ call
//!                  413, 408                  400, naming the byte or the field
//! ```
//!
//! What its headers ask for, its [`Wishes`](crate::Wishes), is read before the body; a header that says nothing sensible is
//! a 400 that names it. So is `stream` where vectors are asked for, which come as one document: who answers with it would be taken for
//! broken.
//!
//! The inner service is asked only once the body is here, so that a slow upload holds nothing. Any
//! content type is accepted, or none: a bare `curl -d` sends `application/x-www-form-urlencoded`.
//!
//! ```
//! use switchtower::{Payload, admit::read::ReadLayer};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let service = ServiceBuilder::new().layer(ReadLayer::new()).service(service_fn(
//!     |request: http::Request<Payload>| async move {
//!         Ok::<_, std::convert::Infallible>(http::Response::new(request.into_body()))
//!     },
//! ));
//! let error = service.oneshot(http::Request::new(r#"{"model": "#.to_owned())).await.unwrap_err();
//! assert_eq!(error.status(), 400);
//! # }
//! ```
//!
//! **When to use**: outside every layer that takes a `Payload`; without it such a stack does not
//! compile. **When it acts**: once per request; when dropped before the body is here, the service inside has
//! not been asked. **Order**: inside `key`, outside all others.

mod future;
mod idle;
mod layer;
mod service;

pub use self::future::ResponseFuture;
pub use self::layer::ReadLayer;
pub use self::service::Read;
