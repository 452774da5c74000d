//! What is set for a key, as JSON for a store.

use std::fmt;
use std::num::NonZeroU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::rights::Class;
use super::settings::{KeySettings, Rates};
use crate::calendar::Period;

/// A JSON document that is not the settings of a key: it was written by somebody else, or by a newer version.
///
/// ```
/// use switchtower::keys::KeySettings;
///
/// assert!(KeySettings::from_json("{}").is_err());
/// ```
#[derive(Debug)]
pub struct NotSettings(serde_json::Error);

/// Times in microseconds since 1970 began, money in USD as decimal text.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spelled {
    name: String,
    label: String,
    account: String,
    #[serde(default, skip_serializing_if = "is_false")]
    management: bool,
    limit: Option<String>,
    reset: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    include_byok: bool,
    expires: Option<u64>,
    #[serde(default, skip_serializing_if = "is_false")]
    disabled: bool,
    models: Option<Vec<String>>,
    providers: Option<Vec<String>>,
    requests_per_minute: Option<NonZeroU64>,
    requests_per_day: Option<NonZeroU64>,
    tokens_per_minute: Option<NonZeroU64>,
    tokens_per_day: Option<NonZeroU64>,
    creator: Option<String>,
    created: u64,
    updated: Option<u64>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

// === impl KeySettings ===

impl KeySettings {
    /// As JSON, from which [`from_json`](Self::from_json) makes the same, to the microsecond.
    ///
    /// ```
    /// use std::time::UNIX_EPOCH;
    /// use switchtower::keys::KeySettings;
    ///
    /// let settings = KeySettings::named("team", "sk-or-v1-abc...123", UNIX_EPOCH);
    /// assert_eq!(KeySettings::from_json(&settings.to_json()).unwrap(), settings);
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        let settings = self.clone();
        let spelled = Spelled {
            name: settings.name,
            label: settings.label,
            account: settings.account,
            management: settings.class == Class::Management,
            limit: settings.limit.map(|limit| limit.to_string()),
            reset: settings.reset.map(|reset| reset.as_str().to_owned()),
            include_byok: settings.include_byok,
            expires: settings.expires.map(micros),
            disabled: settings.disabled,
            models: settings.models,
            providers: settings.providers,
            requests_per_minute: settings.rates.requests_per_minute,
            requests_per_day: settings.rates.requests_per_day,
            tokens_per_minute: settings.rates.tokens_per_minute,
            tokens_per_day: settings.rates.tokens_per_day,
            creator: settings.creator,
            created: micros(settings.created),
            updated: settings.updated.map(micros),
        };
        serde_json::to_string(&spelled).expect("text and numbers are JSON")
    }

    /// From the JSON that [`to_json`](Self::to_json) has written.
    ///
    /// # Errors
    ///
    /// [`NotSettings`] if it is something else, or says something that this version does not know: a limit that is not
    /// understood must not be lost.
    pub fn from_json(json: &str) -> Result<Self, NotSettings> {
        let spelled: Spelled = serde_json::from_str(json).map_err(NotSettings)?;
        let limit = spelled.limit.map(|limit| limit.parse()).transpose();
        let limit = limit.map_err(NotSettings::because)?;
        let reset = spelled.reset.map(|reset| named(&reset)).transpose();
        let reset = reset.map_err(NotSettings::because)?;
        Ok(Self {
            name: spelled.name,
            label: spelled.label,
            account: spelled.account,
            class: match spelled.management {
                true => Class::Management,
                false => Class::Inference,
            },
            limit,
            reset,
            include_byok: spelled.include_byok,
            expires: spelled.expires.map(time),
            disabled: spelled.disabled,
            models: spelled.models,
            providers: spelled.providers,
            rates: Rates {
                requests_per_minute: spelled.requests_per_minute,
                requests_per_day: spelled.requests_per_day,
                tokens_per_minute: spelled.tokens_per_minute,
                tokens_per_day: spelled.tokens_per_day,
            },
            creator: spelled.creator,
            created: time(spelled.created),
            updated: spelled.updated.map(time),
        })
    }
}

fn named(name: &str) -> Result<Period, &'static str> {
    let all = [Period::Daily, Period::Weekly, Period::Monthly];
    let found = all.into_iter().find(|period| period.as_str() == name);
    found.ok_or("no such period")
}

fn micros(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

fn time(micros: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(micros)
}

// === impl NotSettings ===

impl NotSettings {
    pub(super) fn because(why: impl fmt::Display) -> Self {
        Self(serde::de::Error::custom(why))
    }
}

impl From<serde_json::Error> for NotSettings {
    fn from(why: serde_json::Error) -> Self {
        Self(why)
    }
}

impl fmt::Display for NotSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "these are no settings of a key: {}", self.0)
    }
}

impl std::error::Error for NotSettings {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
