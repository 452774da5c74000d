//! What has been learned of each endpoint. Pure: every question and every lesson brings its `now`.
//!
//! ```text
//! an attempt ended ─┬─ complete ──────────────────▶ Average   first token, throughput
//!                   │                    └────────▶ Window    successes and failures of 30 seconds
//!                   ├─ failed, theirs ────────────▶ Window        └─▶ is it steady? ─▶ choose
//!                   └─ failed, caller's or ours; cancelled ─▶ nothing
//! ```
//!
//! One [`Standing`] per endpoint, read without a lock. Only the end of an attempt teaches, and only
//! what the provider or the way to it caused: a caller's own 400, timeout or goodbye does not count,
//! and a failure never improves a latency figure.
//!
//! ```
//! use std::time::{Duration, Instant};
//! use switchtower::standing::Standing;
//!
//! let start = Instant::now();
//! let standing = Standing::new(start);
//! standing.failed(start);
//! assert!(!standing.is_steady(start));
//! // The outage window is thirty seconds long.
//! assert!(standing.is_steady(start + Duration::from_secs(31)));
//! ```

mod average;
mod endpoint;
mod roster;
mod window;

pub use self::average::Average;
pub use self::endpoint::Standing;
pub use self::roster::{Lineup, Roster};
pub use self::window::{Tally, Window};
