use std::ops::AddAssign;

/// What the inner service of a [`Probe`](super::Probe) has seen.
///
/// ```
/// use switchtower::testing::Tally;
///
/// let tally = Tally::default();
/// assert_eq!(tally.unready_calls, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often it was asked whether it is ready.
    pub polls: u64,
    /// How often it was called.
    pub calls: u64,
    /// How many of these calls came to a clone that had not said it is ready.
    pub unready_calls: u64,
    /// How often it was cloned.
    pub clones: u64,
    /// How many clones are ready now, and have not been called.
    pub reserved: u64,
    /// How many calls run now.
    pub in_flight: u64,
    /// The most calls that ever ran at once.
    pub peak: u64,
    /// How many calls were dropped before they ended.
    pub cancelled: u64,
    /// How many bodies were made.
    pub bodies: u64,
    /// How many of them were read to their end.
    pub bodies_ended: u64,
    /// How many of them were dropped, read to their end or not.
    pub bodies_dropped: u64,
    /// How often a held body was asked for more than it has.
    pub bodies_stalled: u64,
}

// === impl Tally ===

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.polls += more.polls;
        self.calls += more.calls;
        self.unready_calls += more.unready_calls;
        self.clones += more.clones;
        self.reserved += more.reserved;
        self.in_flight += more.in_flight;
        self.peak = self.peak.max(more.peak);
        self.cancelled += more.cancelled;
        self.bodies += more.bodies;
        self.bodies_ended += more.bodies_ended;
        self.bodies_dropped += more.bodies_dropped;
        self.bodies_stalled += more.bodies_stalled;
    }
}
