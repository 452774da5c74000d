//! The next candidate.
//!
//! ```text
//! plan:  acme ──✗ 503──▶ beta ──✗ silent──▶ gamma ──▶ 200, content
//!                                              the caller sees this, and no trace of the others
//! ```
//!
//! One loop over a `Result`: an `Err` asks the table of [`Dispositions`](crate::Dispositions) whether another candidate
//! may be asked. A caller's own 400 would be refused everywhere, so it stops; a prompt that is too
//! long goes only to a larger context; content that is refused only to another model; everything else goes on, within the
//! attempt budget and the time of the request. Whom [`gate`](super::gate) refuses has not been asked: when nobody else is left, the one that may
//! be asked first is waited for, within the time of the request, and asked then, or within a quarter of that
//! time afterwards, five seconds at the most, so that not all who wait come at once. Otherwise what is reported is what all have in common: every
//! attempt rate-limited is a 429 with the shortest `Retry-After` of all, every one a passing failure
//! a 503, otherwise the last error; with the time at which the first of all may be asked again: as it says itself, or as
//! its circuit reopens. The error knows [all attempts](crate::Error::attempts), and whether it
//! [helps](crate::Error::should_retry) to come back.
//!
//! ```
//! use std::io::{Error, ErrorKind};
//! use std::sync::Arc;
//! use switchtower::{BoxError, Call, Payload, catalog::Catalog, choose::ChooseLayer, dispatch::fallback::FallbackLayer};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
//! let catalog = Catalog::from_toml(r#"
//!     providers.acme.base_url = "https://api.acme.example/v1"
//!     providers.beta.base_url = "https://api.beta.example/v1"
//!     [[models.swift.endpoints]]
//!     provider = "acme"
//!     model = "swift-2"
//!     [[models.swift.endpoints]]
//!     provider = "beta"
//!     model = "swift-2"
//! "#, "switchtower.toml", |_| None)?;
//! let client = service_fn(|request: http::Request<Payload>| async move {
//!     let call = request.extensions().get::<Call>().unwrap();
//!     match call.candidate().unwrap().endpoint.tag() {
//!         "acme" => Err(Error::from(ErrorKind::ConnectionReset)),
//!         tag => Ok(http::Response::new(tag.to_owned())),
//!     }
//! });
//! let service = ServiceBuilder::new()
//!     .layer(ChooseLayer::new(Arc::new(catalog)))
//!     .layer(FallbackLayer::new())
//!     .service(client);
//!
//! let payload = Payload::read(r#"{"model":"swift","provider":{"order":["acme","beta"]}}"#)?;
//! assert_eq!(service.oneshot(http::Request::new(payload)).await?.body(), "beta");
//! # Ok(()) }
//! ```
//!
//! **When to use**: wherever `choose` makes a plan; without one there is one candidate, the service inside.
//! **When it acts**: on an `Err`; the failed attempt is dropped before the next one begins. When dropped itself, it
//! drops the attempt that is under way and asks nobody else. **Order**: outside `retry`, so that a candidate has had its
//! second chance before the next one gets its first.

mod future;
mod layer;
mod service;
mod verdict;

pub use self::future::ResponseFuture;
pub use self::layer::FallbackLayer;
pub use self::service::Fallback;
