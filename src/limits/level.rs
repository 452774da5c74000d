//! How much is left?

use std::sync::Arc;
use std::time::SystemTime;

use super::rule::Rule;
use super::unit::Unit;

/// How much of a limit is used, and how much is left. In the unit of its rule: requests, tokens, or picodollars.
///
/// [`Limits::levels`](super::Limits::levels) tells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// Which limit.
    pub rule: Arc<Rule>,
    /// So much at the most: the limit, or the burst of a bucket.
    pub most: u64,
    /// What counts of requests that are over; of requests and tokens also what is under way. More than the limit, if an
    /// answer had more tokens than were expected.
    pub used: u64,
    /// What is held by requests that are under way: of money and concurrency.
    pub held: u64,
    /// When nothing counts any more of what counts now. None: never, or nothing does.
    pub resets_at: Option<SystemTime>,
}

// === impl Level ===

impl Level {
    /// So much may be taken.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.most
            .saturating_sub(self.used)
            .saturating_sub(self.held)
    }

    /// Of the limit, rounded down: what is spent of money, what is under way of concurrency.
    pub(super) fn percent(&self) -> u64 {
        let counted = match self.rule.unit() {
            Unit::Concurrency => self.held,
            Unit::Money | Unit::Requests | Unit::Tokens => self.used,
        };
        let percent = u128::from(counted) * 100 / u128::from(self.most.max(1));
        u64::try_from(percent).unwrap_or(u64::MAX)
    }

    /// Is a smaller share left of it?
    pub(super) fn is_nearer(&self, other: &Self) -> bool {
        let share = |one: &Self, of: &Self| u128::from(one.remaining()) * u128::from(of.most);
        let (ours, theirs) = (share(self, other), share(other, self));
        ours < theirs || (ours == theirs && self.most < other.most)
    }
}
