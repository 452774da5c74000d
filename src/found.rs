//! What one answer says about itself.

use std::time::Duration;

use crate::money::Money;
use crate::short::Short;
use crate::usage::Usage;
use crate::wire::{BadCall, Finish, Tier};

/// What the answer said about itself.
///
/// [`Attempt::found`](crate::Attempt::found) gives it.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The HTTP status of the upstream, once it answered.
    pub status: Option<u16>,
    /// The tokens that the upstream reported; the last report wins.
    pub usage: Option<Usage>,
    /// How much content had come by then, in events and in bytes.
    pub usage_after: (u32, u64),
    /// What the upstream says that it bills; the last word wins. The [`meter`](crate::meter) says how that is spelled.
    pub cost: Option<Money>,
    /// The tier in which the upstream says that it answered.
    pub tier: Option<Tier>,
    /// Why the model stopped.
    pub finish: Option<Finish>,
    /// The choices that have begun and have no finish reason yet: bit *i* for index *i*.
    pub unfinished: u128,
    /// Are the calls such as the tools can take? Of an answer that ended in calls to a request with tools, unless there
    /// was too much of it. [`meter`](crate::meter) says how this is judged.
    pub tool_calls: Option<Result<(), BadCall>>,
    /// About how many tokens of an answer that broke it was given to go on from; 0 if it was asked for all of it.
    pub goes_on_from: u64,
    /// Events that were no JSON: they have been left out, but for the last if the answer failed by it.
    pub malformed_events: u32,
    /// Was the answer too large to be read, so that nobody knows its usage?
    pub unread: bool,
    /// How long the upstream asked to be left alone, when it refused.
    pub retry_after: Option<Duration>,
    /// The upstream's own id of the answer.
    pub upstream_id: Option<Short>,
}
