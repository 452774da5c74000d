//! Does a layer keep Tower's contract?
//!
//! ```text
//!  Probe::check ──▶ your layer ──▶ ProbeService ──▶ ProbeFuture ──▶ ProbeBody
//!                                       └─────── Tally ◀──┴──────────────┘
//! ```
//!
//! The invariants are what the *inner* service sees. So a layer may forward readiness, or be always
//! ready and ask for it in its future.

mod ask;
mod base;
mod body;
mod calls;
mod drops;
mod future;
mod report;
mod scene;
mod scenes;
mod service;
mod state;
mod tally;
mod waits;
mod woken;

pub use ask::Ask;
pub use base::Probe;
pub use body::ProbeBody;
pub use future::ProbeFuture;
pub use report::{Check, Report, Violation};
pub use service::ProbeService;
pub use tally::Tally;
