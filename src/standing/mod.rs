//! What has been learned of each endpoint. Pure: every question and every lesson brings its `now`.
//!
//! ```text
//! an attempt began ───────────────────▶ in flight, outstanding tokens, until it ends
//!
//! an attempt ended ─┬─ complete ──────▶ first token, throughput: how they are spread over 5 minutes
//!                   │        ├────────▶ uptime: 5 minutes, 30 minutes, a day ─▶ health ─▶ choose
//!                   │        ├────────▶ outages: 30 seconds ─▶ is it steady? ──────────────▶ choose
//!                   │        └────────▶ tool calls, valid or not: 2 hours
//!                   ├─ failed, theirs ▶ uptime, outages; the circuit ─▶ may it be asked? ────▶ gate
//!                   ├─ limited ───────▶ limits: 30 minutes; outages; the circuit
//!                   └─ failed, caller's or ours; cancelled ─▶ nothing
//!
//! headers came ─────── rate limits ───▶ headroom with this key, less what was begun since ──▶ gate, choose
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

mod backend;
mod breaker;
mod circuit;
mod condition;
mod conversation;
mod density;
mod endpoint;
mod figures;
mod histogram;
mod keys;
mod lateness;
mod latest;
mod limits;
mod load;
mod percentile;
mod roster;
mod scale;
mod seen;
mod slot;
mod sticky;
mod uptime;
mod view;
mod window;

pub use self::backend::Backend;
pub use self::breaker::Breaker;
pub use self::circuit::{Admission, Change, Circuit, Outcome};
pub use self::condition::{Cause, Pass, State};
pub use self::conversation::Conversation;
pub use self::density::Density;
pub use self::endpoint::Standing;
pub use self::keys::{KeyStanding, KeyView};
pub use self::limits::{Headroom, Left, Need};
pub use self::percentile::Percentile;
pub use self::roster::{Lineup, Roster};
pub use self::seen::Validity;
pub use self::sticky::Sticky;
pub use self::uptime::{Health, Period};
pub use self::view::CircuitView;
pub use self::window::{Tally, Window};

pub(crate) use self::keys::{Access, Entry};
pub(crate) use self::limits::FullFor;
