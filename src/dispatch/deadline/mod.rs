//! Headers, first token, idle, throughput, total: five clocks, one timer.
//!
//! ```text
//! request came            asked        headers      first token    token     token
//!  ├────────────────────────┼──────────────┼──────────────┼──────────┼─────────┼──── …
//!  │                        ├── headers ──▶│              ├── idle ─▶├─ idle ─▶│
//!  │                        ├───────── first token ──────▶│
//!  │                        ├──── fail over ────▶ next    ├───────── throughput ────────▶
//!  ├───────────────────────────────────── total ──────────────────────────────────────▶
//! ```
//!
//! Headers and first token are counted from the moment at which this attempt was made, so that none pays for the one
//! before it; idle from the last *content* (keep-alives and empty deltas do not count), total from the moment at which the
//! request came, backoff and failed attempts included. Connecting has its own limit in the client. An answer that comes
//! token by token, but so slowly that it will never be done, falls under the [`Floor`].
//!
//! | how long? | answers at once | [reasons](Deadlines::reasoning) | per model | per request |
//! |---|---|---|---|---|
//! | headers | 10 s | 30 s | `headers_ms` | `x-switchtower-headers-ms` |
//! | first token, while another candidate may be asked | 20 s | 60 s | `fail_over_ms` | `x-switchtower-first-token-ms` |
//! | first token, without a plan | 60 s | 180 s | `first_token_ms` | `x-switchtower-first-token-ms` |
//! | idle | 30 s | 90 s | `idle_ms` | `x-switchtower-idle-ms` |
//! | 32 bytes of content | 1 min | 3 min | | |
//! | total | 10 min | 10 min | | `x-switchtower-total-ms` |
//!
//! What is further to the right counts. [`Deadlines`] are the columns of numbers, [`ModelDeadlines`] that of the model,
//! [`Wishes`](crate::Wishes) that of the request; a wish is bounded by what is [`Allowed`](crate::Allowed).
//!
//! Who asks for less time than the operator gives may be told that it is over, but holds it against nobody: an endpoint that
//! would still have been in time without that wish is neither ejected nor thought the worse of.
//!
//! Two rules bend the clocks to the request. An attempt after which nobody may be asked (no candidate is left, all
//! that are left are ejected, or no try is) gets all the time that is left: failing early would help nobody; but where it is
//! asked for the rest of an answer ([`recover`](super::recover)), a caller is in the middle of it, and the clocks go on. An answer
//! that is not streamed is silent until it is done, so there headers and first token are one clock, an equal share of
//! the time left for each candidate that may be asked; without a plan that is all of it.
//!
//! [`ModelDeadlines`]: crate::catalog::ModelDeadlines
//!
//! ```
//! use std::time::Duration;
//! use switchtower::dispatch::deadline::{Deadlines, DeadlineLayer};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! let silent = service_fn(|_: http::Request<String>| {
//!     std::future::pending::<Result<http::Response<String>, std::convert::Infallible>>()
//! });
//! let deadlines = Deadlines { total: Duration::from_secs(90), ..Deadlines::default() };
//! let service = ServiceBuilder::new().layer(DeadlineLayer::new(deadlines)).service(silent);
//!
//! let error = service.oneshot(http::Request::new("hi".to_owned())).await.unwrap_err();
//! assert!(matches!(error.kind(), switchtower::Kind::Elapsed(_)));
//! # }
//! ```
//!
//! **When to use**: around anything that may fall silent; it does not read the request, so it fits a
//! tonic channel as well (example `tonic`), where each message is content. **When it acts**: data is
//! polled before the clock, so that what came in time is never thrown away because its reader was slow;
//! on expiry the attempt has failed before what is inside is dropped. When dropped itself, it says nothing:
//! `meter` takes that for a cancelled attempt. **Order**: inside `commit`, outside
//! `meter`; without `meter` any byte counts as content.

mod body;
mod clocks;
mod future;
mod layer;
mod limits;
mod service;
mod timer;

pub use self::body::Body;
pub use self::clocks::{Clocks, Progress, Window};
pub use self::future::ResponseFuture;
pub use self::layer::DeadlineLayer;
pub use self::limits::{Deadlines, Floor};
pub use self::service::Deadline;
