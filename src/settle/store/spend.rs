//! What was spent: by day, model, provider, key, user and tag.

use crate::calendar::Day;
use crate::caller::KeyId;

/// What is asked of the books: the sums of which days, of whom, and split by what.
#[derive(Clone, Debug, PartialEq)]
pub struct SpendQuery {
    /// The first day.
    pub from: Day,
    /// The day after the last one.
    pub to: Day,
    /// The sums are apart for each value of these, in this order.
    pub by: Vec<Dimension>,
    /// Only of this account.
    pub account: Option<String>,
    /// Only of these keys.
    pub keys: Option<Vec<KeyId>>,
    /// Only for this end user.
    pub user: Option<String>,
    /// Only with this tag.
    pub tag: Option<String>,
    /// At most so many sums, the first ones in the order of their values.
    pub limit: usize,
}

/// By what are sums split?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// The day, UTC, on which the request came.
    Day,
    /// The account.
    Account,
    /// The key.
    Key,
    /// The model that answered.
    Model,
    /// The provider that answered.
    Provider,
    /// The endpoint that answered.
    Endpoint,
    /// The end user.
    User,
    /// The tag.
    Tag,
}

/// The sums of one combination of values. Money is in picodollars, which are exact.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spend {
    /// The values of [`SpendQuery::by`], in its order; none where the requests have none.
    pub of: Vec<Option<String>>,
    /// Requests.
    pub requests: u64,
    /// Requests of which nobody knows what is to be paid.
    pub charge_unknown: u64,
    /// What was held for them, which limits count.
    pub charge_unknown_held: i128,
    /// What keys pay.
    pub charge: i128,
    /// Of that, what rests on an estimate of what was used.
    pub charge_estimated: i128,
    /// The operator's fees.
    pub fee: i128,
    /// What providers bill the operator by the usage that they reported.
    pub cost_exact: i128,
    /// What providers bill the operator by our estimate.
    pub cost_estimated: i128,
    /// Attempts whose cost nobody knows.
    pub cost_unknown: u64,
    /// The most that providers bill the operator for all of these in truth, but for those that nobody
    /// [bounds](Self::cost_no_bound). The least is what is exact.
    pub cost_at_most: i128,
    /// Attempts of which nobody knows the most that they cost.
    pub cost_no_bound: u64,
    /// What providers bill callers whose own keys they were asked with: in no other cost.
    pub byok_cost: i128,
    /// Attempts with such keys whose cost nobody knows.
    pub byok_unknown: u64,
    /// What limits of keys count beside charge and fee, since the [key says so](crate::keys::KeySettings::include_byok).
    pub byok_counted: i128,
    /// Tokens read, cached ones among them.
    pub prompt_tokens: u64,
    /// Of them, read from the provider's cache.
    pub cached_tokens: u64,
    /// Tokens written, reasoning among them.
    pub completion_tokens: u64,
    /// Of them, thought.
    pub reasoning_tokens: u64,
}

// === impl Dimension ===

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Day,
        Self::Account,
        Self::Key,
        Self::Model,
        Self::Provider,
        Self::Endpoint,
        Self::User,
        Self::Tag,
    ];

    /// `day`, `account`, `key`, `model`, `provider`, `endpoint`, `user` or `tag`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Account => "account",
            Self::Key => "key",
            Self::Model => "model",
            Self::Provider => "provider",
            Self::Endpoint => "endpoint",
            Self::User => "user",
            Self::Tag => "tag",
        }
    }
}
