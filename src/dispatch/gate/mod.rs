//! Not now: whoever fails is left alone for a while, whoever has no room is not asked, and each attempt has a key.
//!
//! ```text
//! request ─▶ may this endpoint be asked? ─┬─ Ask ──────▶ an attempt
//!                  ▲                      ├─ Probe ────▶ an attempt, and no other one meanwhile
//!                  │                      └─ NotUntil ─▶ Err(Ejected), with Retry-After: no attempt, no try
//!                  └────── its end, or its drop ◀───── the attempt
//! ```
//!
//! Each endpoint has one [`Circuit`](crate::standing::Circuit), which has a picture of its own. An endpoint is ejected
//! after too many failures, for a time that doubles until it is trusted again; for as long as it says itself, in
//! `Retry-After` or `retry-after-ms`; or by the operator. After that
//! one request, a real one, is let through to find out. What a caller caused, its own bad request, its timeout or its goodbye,
//! does not count; a probe that ends in such a way leaves its turn to the next request. Nor do the failures of a
//! request's retries: they are one incident, and a request has one vote. Whoever is back is on trial for a
//! while: asked by few at first, and left alone for longer if it fails again.
//!
//! An endpoint whose first token takes [several times](crate::standing::Breaker::slow) as long as at the other endpoints of its
//! model counts as failed here, though not in its figures: the answer was whole, but the next request had better go
//! elsewhere. That is known when the token comes, long before the end.
//!
//! # Rate limits
//!
//! Most providers say on every answer how much more they would take ([`RateLimits`](crate::wire::limits::RateLimits) knows how
//! each spells it). What was begun since is taken off, whether it is under way or over, with the tokens that it was
//! [expected](crate::Call::need) to move. Where nothing is left for a request, it is refused until the reset, before a 429 is
//! provoked; [`choose`](crate::choose) moves such an endpoint behind all others. When the reset has come, as much as the limit is
//! let through until an answer says what is left. A request that is larger than the whole limit is let through when nothing else is.
//!
//! The operator's own limits, the [`Pace`](crate::catalog::Pace) of an endpoint and of a key, are kept likewise. Their tokens are
//! corrected at the end of the attempt by what it moved. One that is larger than the bucket takes all of it, and those that come
//! after it wait for the rest.
//!
//! # Keys
//!
//! Of the keys of a provider the one with the most headroom is taken; of those alike in that (by quarters) the one with the fewest
//! attempts under way, then the one that was used the least. [`address`](super::address) sends it.
//!
//! | the provider answers | with one key | with several |
//! |---|---|---|
//! | 401, or that its credit or quota is used up | the key is benched for five minutes at all its endpoints, so that none of them is asked | the key is benched likewise, and [`retry`](super::retry) asks at once with another one, within the attempt budget |
//! | 403 | may be about the request: five in a row count against the endpoint | may be about the request: five in a row bench the key; another one is asked at once |
//! | 429 | the endpoint is left alone as long as it says | the key is, at this endpoint; another one is asked at once |
//!
//! After its time one request, a real one, is let through with a benched key. Where there is no key at all, all of this is the
//! endpoint's own. [`KeyStanding`](crate::standing::KeyStanding) benches and readmits by hand.
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
