//! A change of what is set for a key.

use std::time::SystemTime;

use super::settings::{KeySettings, Rates};
use crate::calendar::Period;
use crate::money::Money;

/// What is to change? None: it stays as it is; where a setting may be absent, `Some(None)` takes it away.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use switchtower::keys::{KeyChange, KeySettings};
///
/// let settings = KeySettings::named("team", "sk-or-v1-abc...123", UNIX_EPOCH);
/// let change = KeyChange { disabled: Some(true), ..KeyChange::default() };
/// let changed = change.of(&settings, UNIX_EPOCH + Duration::from_secs(1));
/// assert!(changed.disabled && changed.name == "team");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyChange {
    /// Another name.
    pub name: Option<String>,
    /// Switched off, or on.
    pub disabled: Option<bool>,
    /// Another limit.
    pub limit: Option<Option<Money>>,
    /// Another time at which the limit begins anew.
    pub reset: Option<Option<Period>>,
    /// Do own keys of providers count?
    pub include_byok: Option<bool>,
    /// Another end.
    pub expires: Option<Option<SystemTime>>,
    /// Other models.
    pub models: Option<Option<Vec<String>>>,
    /// Other providers.
    pub providers: Option<Option<Vec<String>>>,
    /// Other rates.
    pub rates: Option<Rates>,
}

// === impl KeyChange ===

impl KeyChange {
    /// These settings after the change. Nothing else of them changes but when they were changed.
    #[must_use]
    pub fn of(self, settings: &KeySettings, at: SystemTime) -> KeySettings {
        let before = settings.clone();
        KeySettings {
            name: self.name.unwrap_or(before.name),
            disabled: self.disabled.unwrap_or(before.disabled),
            limit: self.limit.unwrap_or(before.limit),
            reset: self.reset.unwrap_or(before.reset),
            include_byok: self.include_byok.unwrap_or(before.include_byok),
            expires: self.expires.unwrap_or(before.expires),
            models: self.models.unwrap_or(before.models),
            providers: self.providers.unwrap_or(before.providers),
            rates: self.rates.unwrap_or(before.rates),
            updated: Some(at),
            ..before
        }
    }
}
