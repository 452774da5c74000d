//! The same candidate again, after a backoff, within a budget.
//!
//! ```text
//! error ─▶ may it be asked again? ─▶ how long to wait? ─▶ is that within the time left?
//!            by its Disposition,       Retry-After, else     and the attempt budget of the request,
//!            never a silent one        jittered backoff      and the retry budget of the provider
//!            nor a slow one
//! ```
//!
//! A request that failed in one place may be asked again in the same place only where that is the
//! best that can be done. A failure is better answered by the next candidate, so as long as there is one that may be asked,
//! nothing is retried here. Nor is a failure that [took long](RetryLayer::fast): the caller would wait as long once more.
//! A `Retry-After` is obeyed when it fits into
//! the time left and is at most [`Backoff::max`]; a longer one means to move on, not to wait.
//!
//! The [`Budget`] keeps retries from multiplying the load on a provider that is already failing: each
//! request's first question to a provider earns a fifth of a retry, and ten retries a second are always there
//! (an [`Allowance`] of your own says otherwise).
//!
//! ```
//! use switchtower::{Payload, dispatch::retry::RetryLayer};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//! use std::sync::atomic::{AtomicU32, Ordering};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! static CALLS: AtomicU32 = AtomicU32::new(0);
//! let client = service_fn(|_: http::Request<Payload>| async {
//!     match CALLS.fetch_add(1, Ordering::Relaxed) {
//!         0 => Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
//!         _ => Ok(http::Response::new("hi")),
//!     }
//! });
//! let service = ServiceBuilder::new().layer(RetryLayer::new().seed(1)).service(client);
//! let response = service.oneshot(http::Request::new(Payload::default())).await.unwrap();
//! assert_eq!((*response.body(), CALLS.load(Ordering::Relaxed)), ("hi", 2));
//! # }
//! ```
//!
//! **When to use**: around one provider, or inside `fallback`. **When it acts**: on an `Err`; a status
//! becomes one only through `meter`, a stream that breaks before its first token only through
//! `commit`. When dropped, it drops the attempt that is under way, or the wait for the next one; a retry that was
//! taken from the budget is not given back. **Order**: inside `fallback`, outside `commit`.

mod backoff;
mod budget;
mod future;
mod layer;
mod policy;
mod service;

pub use self::backoff::Backoff;
pub use self::budget::{Allowance, Budget, Budgets};
pub use self::future::ResponseFuture;
pub use self::layer::RetryLayer;
pub use self::policy::{ShouldRetry, Situation, should_retry};
pub use self::service::Retry;
