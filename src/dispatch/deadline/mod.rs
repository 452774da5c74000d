//! Headers, first token, idle, total: four clocks, one timer.
//!
//! ```text
//! request came            asked        headers      first token    token     token
//!  ├────────────────────────┼──────────────┼──────────────┼──────────┼─────────┼──── …
//!  │                        ├── headers ──▶│              ├── idle ─▶├─ idle ─▶│
//!  │                        ├───────── first token ──────▶│
//!  ├───────────────────────────────────── total ──────────────────────────────────────▶
//! ```
//!
//! Headers and first token are counted from the moment at which this attempt was made, idle from the
//! last *content* (keep-alives and empty deltas do not count), total from the moment at which the
//! request came, backoff and failed attempts included. Connecting has its own limit in the client.
//!
//! Two rules bend the clocks to the request. An attempt with no candidate after it gets all the time
//! that is left: failing early would help nobody. An answer that is not streamed is silent until it
//! is done, so there headers and first token are one clock, an equal share of the time left for each
//! candidate that is left; without a plan that is all of it.
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
mod service;
mod timer;

pub use self::body::Body;
pub use self::clocks::{Clocks, Deadlines, Progress};
pub use self::future::ResponseFuture;
pub use self::layer::DeadlineLayer;
pub use self::service::Deadline;
