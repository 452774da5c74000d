use crate::money::Money;

/// What does a hold claim?
///
/// A claim is taken of a spending limit before anybody is asked, and becomes the charge when the answer is over. See
/// [`claim`](crate::settle::claim), which has the formulas. A catalogue says it for all (`hold` and `max_debt`); where it
/// does not, the [stack](crate::Stack::hold) does.
///
/// ```
/// use switchtower::catalog::{Catalog, HoldPolicy};
///
/// let text = "hold = \"estimate\"\nmax_debt = \"0.25\"";
/// let catalog = Catalog::from_toml(text, "switchtower.toml", |_| None)?;
/// assert_eq!(catalog.hold(), Some(HoldPolicy::Estimate { max_debt: "0.25".parse()? }));
/// assert_eq!(HoldPolicy::default(), HoldPolicy::Strict);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HoldPolicy {
    /// `strict`: the most that the request can cost, so that no limit is ever exceeded.
    #[default]
    Strict,
    /// `estimate`: what it is likely to cost, so that more requests fit under a limit at once. One that costs more leaves a
    /// debt.
    Estimate {
        /// By so much may one request exceed its claim at the most. Where it could cost more than that beyond the
        /// estimate, the claim is larger.
        max_debt: Money,
    },
}

// === impl HoldPolicy ===

impl HoldPolicy {
    /// The debt that is allowed where nobody says another: 1 USD.
    pub const MAX_DEBT: Money = Money::from_picodollars(1_000_000_000_000);

    /// The names of both.
    pub const NAMES: [&str; 2] = ["strict", "estimate"];

    /// Likely costs, with the usual debt.
    #[must_use]
    pub const fn estimate() -> Self {
        Self::Estimate {
            max_debt: Self::MAX_DEBT,
        }
    }

    /// How a catalogue spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Estimate { .. } => "estimate",
        }
    }

    /// The one of that name, with the usual debt.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Strict, Self::estimate()]
            .into_iter()
            .find(|policy| policy.name() == name)
    }
}
