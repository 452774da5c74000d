/// How are the endpoints of a model ranked, where a caller has no wish of its own?
///
/// The operator chooses it per model. OpenRouter has only the first.
///
/// | strategy | the first is |
/// |---|---|
/// | [`Balanced`](Self::Balanced) | drawn by 1/price² |
/// | [`Weighted`](Self::Weighted) | drawn by the weights of the endpoints |
/// | [`Listed`](Self::Listed) | the first in the catalogue |
/// | [`LeastInFlight`](Self::LeastInFlight) | the one that answers the fewest requests just now |
/// | [`PowerOfTwo`](Self::PowerOfTwo) | of two that are drawn, the one with less to write and a sooner first token |
/// | [`ExpectedCost`](Self::ExpectedCost) | the one where this request is likely to cost least |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Strategy {
    /// `balanced`
    #[default]
    Balanced,
    /// `weighted`
    Weighted,
    /// `listed`
    Listed,
    /// `least_in_flight`
    LeastInFlight,
    /// `power_of_two`
    PowerOfTwo,
    /// `expected_cost`
    ExpectedCost,
}

// === impl Strategy ===

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Balanced,
        Self::Weighted,
        Self::Listed,
        Self::LeastInFlight,
        Self::PowerOfTwo,
        Self::ExpectedCost,
    ];

    /// How a catalogue spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Balanced => "balanced",
            Self::Weighted => "weighted",
            Self::Listed => "listed",
            Self::LeastInFlight => "least_in_flight",
            Self::PowerOfTwo => "power_of_two",
            Self::ExpectedCost => "expected_cost",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|strategy| strategy.name() == name)
    }
}
