//! How often free models may be asked.

use std::time::Duration;

use crate::calendar::Period;
use crate::limits::{Rule, Scope, Unit, Window};
use crate::money::Money;

/// How often an account may ask models whose names end in `:free`, all of them together.
///
/// ```
/// use switchtower::keys::FreeModels;
///
/// // OpenRouter's: https://openrouter.ai/docs/api-reference/limits
/// let free = FreeModels::default();
/// assert_eq!((free.per_minute, free.per_day, free.per_day_if_paid), (20, 50, 1000));
/// assert_eq!(free.rules("10".parse()?)[1].limit(), 1000);
/// # Ok::<(), switchtower::ParsePriceError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreeModels {
    /// Requests in a minute.
    pub per_minute: u64,
    /// Requests a day, UTC.
    pub per_day: u64,
    /// The same for an account that was ever granted as much as [`paid_from`](Self::paid_from).
    pub per_day_if_paid: u64,
    /// How much must an account have been granted, in all?
    pub paid_from: Money,
}

// === impl FreeModels ===

impl FreeModels {
    /// The name of the rule of a day.
    pub const PER_DAY: &str = "free-models-per-day";
    /// The name of the rule of a minute.
    pub const PER_MINUTE: &str = "free-models-per-min";

    /// The rules of an account that was granted so much, in all.
    #[must_use]
    pub fn rules(&self, granted: Money) -> [Rule; 2] {
        let per_day = match granted >= self.paid_from {
            true => self.per_day_if_paid,
            false => self.per_day,
        };
        let minute = Window::Rolling(Duration::from_secs(60));
        let day = Window::Calendar(Period::Daily);
        [
            rule(Self::PER_MINUTE, minute, self.per_minute),
            rule(Self::PER_DAY, day, per_day),
        ]
    }
}

/// What no count reaches is as good as no limit.
fn rule(name: &str, window: Window, limit: u64) -> Rule {
    let limit = limit.min(i64::MAX as u64);
    let rule = Rule::new(name, Scope::Account, Unit::Requests, window, limit);
    rule.expect("a sound name, window and limit")
        .models("*:free")
}

impl Default for FreeModels {
    /// As OpenRouter's: 20 a minute, 50 a day, 1000 from ten dollars on.
    fn default() -> Self {
        Self {
            per_minute: 20,
            per_day: 50,
            per_day_if_paid: 1000,
            paid_from: Money::from_picodollars(10_000_000_000_000),
        }
    }
}
