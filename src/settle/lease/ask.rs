//! What a replica and the keeper of a counter tell each other.

use std::fmt;
use std::time::Duration;

use super::lessor::Replica;

/// What a replica wants of a counter. All amounts are totals since the replica's life began, so that the same may be told
/// twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The counter: of a rule, a value and a window. At most 1,024 bytes.
    pub counter: String,
    /// The limit, as the replica knows it.
    pub limit: u64,
    /// What was spent before anybody leased; looked at where the counter is new.
    pub opening: u64,
    /// Counts what the replica says about this counter. What is older than what was heard is not listened to.
    pub turn: u64,
    /// What it has charged.
    pub charged: u64,
    /// What it has claimed for requests that are under way.
    pub held: u64,
    /// Of it, what it has ever spent before it was recorded: so much of the reserve is used.
    pub unrecorded: u64,
    /// How much it wants to have been granted.
    pub target: u64,
    /// Less than this would be of no use: then nothing is added.
    pub need: u64,
    /// How much of it may be spent without a record.
    pub reserve: u64,
    /// For how long.
    pub term: Duration,
    /// How long after their end others' leases are taken back.
    pub skew: Duration,
}

/// What a replica has of a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// All that it was granted.
    pub granted: u64,
    /// Of it, what may be spent without a record.
    pub reserve: u64,
    /// What nobody has leased.
    pub left: u64,
    /// Was there too little for somebody? Then give back what is not needed.
    pub wanted: bool,
}

/// What a replica has drawn from its lease: written in one transaction with the holds that it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// The counter.
    pub counter: String,
    /// Who.
    pub replica: Replica,
    /// As in [`Ask`].
    pub turn: u64,
    /// As in [`Ask`].
    pub charged: u64,
    /// As in [`Ask`].
    pub held: u64,
    /// As in [`Ask`].
    pub unrecorded: u64,
}

/// The lease does not cover what was drawn from it: it was taken back, or its replica's name has another life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lapsed;

// === impl Lapsed ===

impl fmt::Display for Lapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lease was taken back")
    }
}

impl std::error::Error for Lapsed {}
