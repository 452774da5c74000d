//! The next candidate.
//!
//! ```text
//! plan:  acme ──✗ 503──▶ beta ──✗ silent──▶ gamma ──▶ 200, content
//!                                              the caller sees this, and no trace of the others
//! ```
//!
//! One loop over a `Result`: an `Err` asks its kind's [`Rule`](crate::Rule) whether another candidate
//! may be asked. A caller's own 400 would be refused everywhere, so it stops; a prompt that is too
//! long goes only to a larger context; everything else goes on, within the attempt budget and the
//! time of the request. When nobody is left, what is reported is what all have in common: every
//! attempt rate-limited is a 429 with the shortest `Retry-After` of all, every one a passing failure
//! a 503, otherwise the last error.
//!
//! ```
//! use switchtower::{Payload, dispatch::fallback::FallbackLayer};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let client = service_fn(|_: http::Request<Payload>| async {
//!     Ok::<_, std::convert::Infallible>(http::Response::new("hi"))
//! });
//! // Without a plan there is one candidate, the service inside.
//! let service = ServiceBuilder::new().layer(FallbackLayer::new()).service(client);
//! let response = service.oneshot(http::Request::new(Payload::default())).await.unwrap();
//! assert_eq!(*response.body(), "hi");
//! # }
//! ```
//!
//! **When to use**: wherever `choose` makes a plan. **When it acts**: on an `Err`; the failed attempt
//! is dropped before the next one begins. **Order**: outside `retry`, so that a candidate has had its
//! second chance before the next one gets its first.

mod future;
mod layer;
mod service;
mod verdict;

pub use self::future::ResponseFuture;
pub use self::layer::FallbackLayer;
pub use self::service::Fallback;
