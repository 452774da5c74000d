//! How the thread that writes comes by what several processes share.
//!
//! ```text
//! a claim without room ▸ wish ▸ wishes, by their counters ─┐
//! a draw that lapsed, or is locked ▸ stalled ──────────────┼▸ asks ▸ asker, a thread of its own ▸ the lessor
//! what is old, little, or wanted by others ────────────────┘            └ opening: what the books say was spent
//! ```

mod asker;
mod asks;
mod counters;
mod leases;
mod opening;
mod stalled;
mod wish;
mod wishes;
mod wishing;

pub(super) use leases::Leases;
pub(super) use wish::Wish;
