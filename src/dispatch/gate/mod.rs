//! Not now: whoever fails is left alone for a while.
//!
//! ```text
//! request ─▶ may this endpoint be asked? ─┬─ Ask ──────▶ an attempt
//!                  ▲                      ├─ Probe ────▶ an attempt, and no other one meanwhile
//!                  │                      └─ NotUntil ─▶ Err(Ejected), with Retry-After: no attempt, no try
//!                  └────── its end, or its drop ◀───── the attempt
//! ```
//!
//! Each endpoint has one [`Circuit`](crate::standing::Circuit), which has a picture of its own. An endpoint is ejected
//! after too many failures, for a time that doubles with each probe that fails; for as long as it says itself, in
//! `Retry-After` or `retry-after-ms`; for longer, when it refuses our key or our credit; or by the operator. After that
//! one request, a real one, is let through to find out. What a caller caused, its own bad request, its timeout or its goodbye,
//! does not count; a probe that ends in such a way leaves its turn to the next request.
//!
//! The layer only refuses; [`fallback`](super::fallback) asks the next candidate, and when all were refused, waits for
//! the one that is back first. A refusal takes nothing from the attempt budget, since nobody was asked.
//!
//! ```
//! use std::time::Duration;
//! use switchtower::standing::Breaker;
//! use switchtower::{Kind, dispatch::gate::GateLayer, standing::Cause};
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), switchtower::BoxError> {
//! let broken = service_fn(|_: http::Request<String>| async {
//!     Ok::<_, std::io::Error>(http::Response::builder().status(500).body(()).unwrap())
//! });
//! let mut service = ServiceBuilder::new().layer(GateLayer::new(Breaker::default())).service(broken);
//! for _ in 0..5 {
//!     let answer = service.ready().await?.call(http::Request::new("hi".to_owned())).await?;
//!     assert_eq!(answer.status(), 500);
//! }
//! // The sixth is not asked.
//! let error = service.ready().await?.call(http::Request::new("hi".to_owned())).await.unwrap_err();
//! assert_eq!(error.kind(), Kind::Ejected(Cause::Failures));
//! assert!(error.retry_after().unwrap() <= Duration::from_secs(5));
//! # Ok(()) }
//! ```
//!
//! **When to use**: whenever the same endpoints are asked again and again. It does not read the request, so it fits a
//! tonic channel as well. Without `choose` the service inside is one endpoint, whose circuit all clones of the layer's
//! service share. **When it acts**: before an attempt, and once at its end, however it ends; when its
//! future or the body is dropped, a probe leaves its turn to the next request. Without [`meter`](crate::meter) nobody sees the
//! end of a body, so that an `Err` or the status decides. **Order**: inside `retry`, so that each attempt passes it,
//! and outside `commit`, whose errors it learns from.

mod future;
mod layer;
mod service;

pub use self::future::ResponseFuture;
pub use self::layer::GateLayer;
pub use self::service::Gate;
