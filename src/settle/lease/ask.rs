//! What a replica and the keeper of a counter tell each other.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::lessor::Replica;

/// What a replica has spent of a counter since its life began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// What it has charged.
    pub charged: u64,
    /// What it has claimed for requests that are under way.
    pub held: u64,
    /// Of what it has charged, what is beyond what was claimed for it: that counts, whatever is left.
    pub over: u64,
}

/// What a replica says of a counter. All amounts are totals since its life began, so that the same may be told twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Counts what the replica says about this counter: each ask by a [whole number](Self::ASK), and what is drawn meanwhile by
    /// parts of it. What is older than what was heard is not listened to; but an ask is, as long as no later one was made, though
    /// what was drawn after it was heard first.
    pub turn: u64,
    /// What it has spent.
    pub spent: Spent,
    /// Of it, what it has ever spent before it was recorded: so much of the reserve is used.
    pub unrecorded: u64,
}

/// What a replica wants of a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The counter: of a rule, a value and a window. At most 1,024 bytes.
    pub counter: String,
    /// When its window ends; none: never. A day later it may be forgotten.
    pub ends: Option<SystemTime>,
    /// The limit, as the replica knows it.
    pub limit: u64,
    /// What the books say was spent of it, by whomever, with what it has charged itself that is still to be written; if the
    /// replica has looked: the first time that it asks. What of that nobody has told counts as spent before anybody leased.
    pub opening: Option<u64>,
    /// What it has spent.
    pub told: Told,
    /// How much it wants to have been granted.
    pub target: u64,
    /// Less than this would be of no use: then nothing is added.
    pub need: u64,
    /// And then, of what it has been granted, it wants to keep no more than this.
    pub keep: u64,
    /// How much of it may be spent without a record.
    pub reserve: u64,
    /// So much may be drawn before the answer is heard: of that nothing becomes reserve.
    pub covered: u64,
    /// For how long.
    pub term: Duration,
    /// How long after their end others' leases are taken back.
    pub skew: Duration,
}

/// What a replica has of a counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// All that it was granted.
    pub granted: u64,
    /// Of it, what may be spent without a record.
    pub reserve: u64,
    /// What nobody has leased.
    pub left: u64,
    /// Was there too little for somebody? Then give back what is not needed.
    pub wanted: bool,
    /// What others have charged, and what was spent before anybody leased.
    pub charged: u64,
    /// What others have claimed, or may have spent since they are gone.
    pub held: u64,
}

/// What a replica has drawn from its lease: written in one transaction with the holds and the rows that it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// The counter.
    pub counter: String,
    /// Who.
    pub replica: Replica,
    /// What it has spent.
    pub told: Told,
    /// Is it for rows alone? Then what was charged is recorded, whatever the lease covers, and of what is held no more than was
    /// known.
    pub is_settled: bool,
}

/// The lease does not cover what was drawn from it: it was taken back, or its replica's name has another life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lapsed;

// === impl Told ===

impl Told {
    /// So much more is the turn of the next ask, at least.
    pub const ASK: u64 = 1 << 24;

    /// The turn of the next ask.
    #[must_use]
    pub fn next_ask(turn: u64) -> u64 {
        (turn / Self::ASK)
            .saturating_add(1)
            .saturating_mul(Self::ASK)
    }

    /// Was a later ask made before the other was said, or is it the same?
    #[must_use]
    pub fn is_behind(&self, other: &Self) -> bool {
        self.turn / Self::ASK < other.turn / Self::ASK || self.turn == other.turn
    }
}

// === impl Spent ===

impl Spent {
    /// So much more.
    pub fn add(&mut self, more: Self) {
        self.charged = self.charged.saturating_add(more.charged);
        self.held = self.held.saturating_add(more.held);
        self.over = self.over.saturating_add(more.over);
    }

    /// All that it has charged and claimed.
    #[must_use]
    pub fn drawn(&self) -> u64 {
        self.charged.saturating_add(self.held)
    }
}

// === impl Lapsed ===

impl fmt::Display for Lapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lease was taken back")
    }
}

impl std::error::Error for Lapsed {}
