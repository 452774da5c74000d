//! What tests need: a scriptable [`Upstream`], a contract [`Probe`] for any layer, a [`WatchedStore`]
//! for bad days of the books, and a [`WallClock`] to set.
//!
//! ```
//! use switchtower::testing::{Point, Script, Upstream};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! // A provider that breaks its first answer in the middle, and gives all others whole.
//! let upstream = Upstream::start().await;
//! upstream.next(Script::new().tokens(20).cut(Point::After(5)));
//!
//! // … point a client at `upstream.base_url()`, then ask the upstream what it saw:
//! assert!(upstream.seen().is_empty());
//! assert_eq!(upstream.book().calls, 0);
//! # }
//! ```
//!
//! ```text
//!           ┌───────── your stack ─────────┐
//!  test ───▶│ layer ▸ layer ▸ … ▸ client   │═══ TCP ═══▶ Upstream ◀── Script
//!           └──────────────────────────────┘                └──▶ seen(), book()
//!
//!  test ───▶ Probe::check: your layer ▸ ProbeService  ──▶ Report
//! ```
//!
//! # When to use
//!
//! [`Upstream`] when the fault is in the network or in the answer: a stall, a reset, an error inside a
//! 200, a client that leaves. It is an honest server on a real socket, and keeps its own
//! [`Book`] of what it served, against which a ledger can be held.
//!
//! [`Probe`] when you write a layer, to be sure that it asks for readiness, waits, cancels and
//! propagates as Tower's contract demands.
//!
//! [`WatchedStore`] when the fault is in the store: it fails, waits or counts on your word, around any [`Store`].
//!
//! [`Store`]: crate::settle::store::Store
//!
//! # Time
//!
//! All waiting is Tokio's. A paused clock moves as soon as every task is idle, and a task that waits for
//! a socket is idle: next to a paused clock, let scripts wait long and expect order, not durations.
//!
//! Dates are another matter: limits that begin anew at midnight, keys that expire. [`WallClock`] sets them.

mod probe;
mod script;
mod upstream;
mod wall_clock;
mod watched_store;

pub use probe::{
    Ask, Check, Probe, ProbeBody, ProbeFuture, ProbeService, Report, Tally, Violation,
};
pub use script::{Failure, Point, Script, UsageManner};
pub use upstream::{Book, Ending, Entry, Prices, Seen, Tokens, Upstream, UpstreamBuilder};
pub use wall_clock::WallClock;
pub use watched_store::{Question, WatchedStore};
