//! What is set for a caller's own key of a provider.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::document::NotSettings;
use crate::caller::{Caller, KeyId};

/// What is set for a caller's own key of a provider: everything but the key.
///
/// See the example of [`ProviderKey`](super::ProviderKey).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderKeySettings {
    /// The slug of the provider.
    pub provider: String,
    /// As much of the key as people may see.
    pub label: String,
    /// The account that it is of.
    pub account: String,
    /// Its name for people.
    pub name: Option<String>,
    /// Is it switched off?
    pub disabled: bool,
    /// Is it used only after the endpoints that all callers share?
    pub fallback: bool,
    /// Are those never asked for whom it can be used?
    pub always: bool,
    /// Its place among those of its provider: the least is used first.
    pub sort: u32,
    /// The models that are asked with it; none: every one. See [`Rights::models`](super::Rights::models).
    pub models: Option<Vec<String>>,
    /// The callers' keys with which it is used; none: every one of the account.
    pub keys: Option<Vec<KeyId>>,
    /// The [creators](super::KeySettings::creator) of such keys; none: whoever it was.
    pub users: Option<Vec<String>>,
    /// When it was made.
    pub created: SystemTime,
}

/// As a store has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spelled {
    provider: String,
    label: String,
    account: String,
    name: Option<String>,
    disabled: bool,
    fallback: bool,
    always: bool,
    sort: u32,
    models: Option<Vec<String>>,
    keys: Option<Vec<String>>,
    users: Option<Vec<String>>,
    /// Microseconds since 1970 began.
    created: u64,
    sealed: String,
}

// === impl ProviderKeySettings ===

impl ProviderKeySettings {
    /// Of a key of this provider, made now for the account [`Caller::ACCOUNT`], which may be used for everything.
    #[must_use]
    pub fn of(provider: impl Into<String>, label: impl Into<String>, created: SystemTime) -> Self {
        Self {
            provider: provider.into(),
            label: label.into(),
            account: Caller::ACCOUNT.to_owned(),
            name: None,
            disabled: false,
            fallback: false,
            always: false,
            sort: 0,
            models: None,
            keys: None,
            users: None,
            created,
        }
    }

    /// As much of a key as people need to tell it from others: its first and its last letters, of a long one.
    ///
    /// ```
    /// use switchtower::keys::ProviderKeySettings;
    ///
    /// let label = ProviderKeySettings::label_of("sk-proj-0123456789abcdef0123AbCd");
    /// assert_eq!(label, "sk-...AbCd");
    /// assert_eq!(ProviderKeySettings::label_of("secret"), "...");
    /// ```
    #[must_use]
    pub fn label_of(key: &str) -> String {
        match (key.get(..3), key.len().checked_sub(4)) {
            (Some(first), Some(last)) if key.len() >= 24 && key.is_ascii() => {
                format!("{first}...{}", &key[last..])
            }
            _ => "...".to_owned(),
        }
    }

    /// As JSON, with the key as it was sealed, from which [`from_json`](Self::from_json) makes the same.
    #[must_use]
    pub fn to_json(&self, sealed: &str) -> String {
        let settings = self.clone();
        let since = settings.created.duration_since(UNIX_EPOCH);
        let keys = settings.keys.as_ref();
        let spelled = Spelled {
            provider: settings.provider,
            label: settings.label,
            account: settings.account,
            name: settings.name,
            disabled: settings.disabled,
            fallback: settings.fallback,
            always: settings.always,
            sort: settings.sort,
            models: settings.models,
            keys: keys.map(|keys| keys.iter().map(KeyId::to_string).collect()),
            users: settings.users,
            created: u64::try_from(since.unwrap_or_default().as_micros()).unwrap_or(u64::MAX),
            sealed: sealed.to_owned(),
        };
        serde_json::to_string(&spelled).expect("text and numbers are JSON")
    }

    /// From the JSON that [`to_json`](Self::to_json) has written: with the key as it was sealed.
    ///
    /// # Errors
    ///
    /// [`NotSettings`] if it is something else, or says something that this version does not know.
    pub fn from_json(json: &str) -> Result<(Self, String), NotSettings> {
        let spelled: Spelled = serde_json::from_str(json).map_err(NotSettings::from)?;
        let ids = |keys: Vec<String>| keys.iter().map(|key| key.parse()).collect();
        let keys = spelled.keys.map(ids).transpose();
        let settings = Self {
            provider: spelled.provider,
            label: spelled.label,
            account: spelled.account,
            name: spelled.name,
            disabled: spelled.disabled,
            fallback: spelled.fallback,
            always: spelled.always,
            sort: spelled.sort,
            models: spelled.models,
            keys: keys.map_err(|why: crate::caller::NotAKeyId| NotSettings::because(why))?,
            users: spelled.users,
            created: UNIX_EPOCH + Duration::from_micros(spelled.created),
        };
        Ok((settings, spelled.sealed))
    }
}
