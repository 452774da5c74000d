//! What is set for a key, as rules.

use std::num::NonZeroU64;
use std::time::Duration;

use super::settings::KeySettings;
use crate::calendar::Period;
use crate::limits::{Rule, Scope, Unit, Window};
use crate::money::Money;

/// A minute ago is forgotten.
const MINUTE: Window = Window::Rolling(Duration::from_secs(60));
const DAY: Window = Window::Calendar(Period::Daily);

// === impl KeySettings ===

impl KeySettings {
    /// The name of the rule that its [`limit`](Self::limit) becomes.
    pub const LIMIT: &str = "key-limit";

    /// The rules that its limit and its rates are: of the key, for [`Limits::set_rules`](crate::limits::Limits::set_rules).
    ///
    /// ```
    /// use std::time::UNIX_EPOCH;
    /// use switchtower::keys::KeySettings;
    ///
    /// let settings = KeySettings {
    ///     limit: Some("50".parse()?),
    ///     ..KeySettings::named("team", "sk-or-v1-abc...123", UNIX_EPOCH)
    /// };
    /// assert_eq!(settings.rules()[0].name(), KeySettings::LIMIT);
    /// # Ok::<(), switchtower::ParsePriceError>(())
    /// ```
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        let window = self.reset.map_or(Window::Forever, Window::Calendar);
        let limit = self.limit.map(|limit| {
            let limit = limit.max(Money::ZERO).picodollars().unsigned_abs();
            rule(Self::LIMIT, Unit::Money, window, limit)
        });
        let rates = &self.rates;
        let rates = [
            (
                "key-requests-per-minute",
                Unit::Requests,
                MINUTE,
                rates.requests_per_minute,
            ),
            (
                "key-requests-per-day",
                Unit::Requests,
                DAY,
                rates.requests_per_day,
            ),
            (
                "key-tokens-per-minute",
                Unit::Tokens,
                MINUTE,
                rates.tokens_per_minute,
            ),
            (
                "key-tokens-per-day",
                Unit::Tokens,
                DAY,
                rates.tokens_per_day,
            ),
        ];
        let rates = rates.into_iter().filter_map(|(name, unit, window, most)| {
            Some(rule(name, unit, window, most.map(NonZeroU64::get)?))
        });
        limit.into_iter().chain(rates).collect()
    }
}

/// What no count reaches is as good as no limit.
fn rule(name: &str, unit: Unit, window: Window, limit: u64) -> Rule {
    let limit = limit.min(i64::MAX as u64);
    Rule::new(name, Scope::Key, unit, window, limit).expect("a sound name, window and limit")
}
