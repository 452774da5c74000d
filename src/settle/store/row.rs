//! A record as it is stored.

use std::time::SystemTime;

use crate::caller::KeyId;
use crate::generation::GenerationId;
use crate::money::Money;
use crate::settle::Certainty;
use crate::usage::Usage;

/// What remains of a request, with nothing borrowed from the catalogue: a [`Record`](crate::settle::Record) as it is stored.
///
/// No prompt, no answer, no key. Of the names it is what they were then.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The request's name.
    pub id: GenerationId,
    /// When it came, to the microsecond.
    pub created: SystemTime,
    /// The account that pays.
    pub account: String,
    /// The key that was brought.
    pub key: Option<KeyId>,
    /// The end user, by the caller's word.
    pub user: Option<String>,
    /// The caller's own word for what it was about.
    pub tag: Option<String>,
    /// The model that the caller named.
    pub requested: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// The display name of the provider that answered.
    pub provider: Option<String>,
    /// The slug of the endpoint that answered.
    pub endpoint: Option<String>,
    /// `chat`, `completion` or `embedding`.
    pub operation: String,
    /// Did the caller ask for an event stream?
    pub streamed: bool,
    /// How it ended: the words of [`End::as_str`](crate::End::as_str), or [`ABANDONED`](Self::ABANDONED).
    pub end: String,
    /// Why the model stopped.
    pub finish: Option<String>,
    /// What the answer used.
    pub usage: Usage,
    /// What the key pays; none where the price is unknown.
    pub charge: Option<Money>,
    /// How sure is that?
    pub certainty: Certainty,
    /// The operator's fee, which the key pays beside the charge.
    pub fee: Money,
    /// What was claimed for it.
    pub held: Money,
    /// What the limits of the key count beside what is [drawn](Self::drawn): what the caller's own key of a provider was
    /// billed, if [the key says so](crate::keys::KeySettings::include_byok), and else nothing.
    pub byok_counted: Money,
    /// From the arrival of the request to its first content, in microseconds.
    pub first_token: Option<u64>,
    /// From the arrival of the request to its end, in microseconds.
    pub took: u64,
    /// The caller's `HTTP-Referer`.
    pub referer: Option<String>,
    /// The caller's title.
    pub title: Option<String>,
    /// The caller's `User-Agent`.
    pub user_agent: Option<String>,
    /// All attempts, in order. An attempt's name is that of the request and its place here.
    pub attempts: Vec<AttemptRow>,
    /// The place of the attempt that answered.
    pub answered_by: Option<u32>,
}

/// One attempt, as its [`Row`] remembers it.
#[derive(Clone, Debug, PartialEq)]
pub struct AttemptRow {
    /// The model that it served.
    pub model: Option<String>,
    /// The display name of the provider.
    pub provider: Option<String>,
    /// The slug of the endpoint.
    pub endpoint: Option<String>,
    /// The provider's own id of the answer.
    pub upstream_id: Option<String>,
    /// The name of the provider's key, never a part of it.
    pub key: Option<String>,
    /// Is that one of the caller's own, so that the caller is billed, and not the operator?
    pub byok: bool,
    /// The HTTP status, if it answered.
    pub status: Option<u16>,
    /// How it ended.
    pub end: String,
    /// From asking to the first content of a stream, in microseconds.
    pub first_token: Option<u64>,
    /// From asking to the end, in microseconds.
    pub took: u64,
    /// Was it sent, and no word came back?
    pub ambiguous: bool,
    /// The tokens: reported, else estimated.
    pub usage: Usage,
    /// What the provider bills for it to whom its key belongs; none where that is unknown.
    pub cost: Option<Money>,
    /// How sure is that?
    pub certainty: Certainty,
    /// The most that it may be in truth; none if nobody knows.
    pub at_most: Option<Money>,
    /// What the provider itself says that it bills, be that the cost or not.
    pub reported: Option<Money>,
    /// The tier in which the provider says that it has answered.
    pub tier: Option<String>,
}

// === impl Row ===

impl Row {
    /// The end of a request of which nothing is known but its hold, since the process ended before it did.
    pub const ABANDONED: &str = "abandoned";

    /// Is it all that is known of a request whose process ended before it did, as a start has found it?
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.end == Self::ABANDONED
    }

    /// Does it take the place of this one of its name? What has become of a request, told late, takes that of a guess.
    pub(crate) fn supersedes(&self, known: &Self) -> bool {
        known.is_abandoned() && !self.is_abandoned()
    }

    /// The attempt that answered, or the last that did not.
    #[must_use]
    pub fn answer(&self) -> Option<&AttemptRow> {
        let place = usize::try_from(self.answered_by?).ok()?;
        self.attempts.get(place)
    }

    /// What limits count of it: what is paid, or what was held where nobody knows that.
    #[must_use]
    pub fn drawn(&self) -> Money {
        let paid = |charge: Money| charge.saturating_add(self.fee);
        self.charge.map_or(self.held, paid)
    }
}
