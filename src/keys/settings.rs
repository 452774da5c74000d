//! What is set for one key.

use std::num::NonZeroU64;
use std::time::SystemTime;

use super::rights::{Class, Rights};
use crate::calendar::Period;
use crate::caller::Caller;
use crate::money::Money;

/// What is set for one key.
///
/// See the example of the [module](super).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySettings {
    /// Its name for people.
    pub name: String,
    /// As much of it as people may see.
    pub label: String,
    /// The account that pays.
    pub account: String,
    /// What it is for.
    pub class: Class,
    /// The most that may be spent with it, of now or of each [`reset`](Self::reset).
    pub limit: Option<Money>,
    /// When that begins anew; none: never.
    pub reset: Option<Period>,
    /// Does it count what is spent with the caller's own keys of providers?
    pub include_byok: bool,
    /// From when on it is not good any more.
    pub expires: Option<SystemTime>,
    /// Is it switched off?
    pub disabled: bool,
    /// The models that may be asked with it; none: every one. See [`Rights::models`].
    pub models: Option<Vec<String>>,
    /// The providers that may be asked with it; none: every one.
    pub providers: Option<Vec<String>>,
    /// How often it may be used.
    pub rates: Rates,
    /// Who has made it, by the word of who made it.
    pub creator: Option<String>,
    /// When it was made.
    pub created: SystemTime,
    /// When it was changed last.
    pub updated: Option<SystemTime>,
}

/// How often may a key be used? None: as often as you like.
///
/// ```
/// use std::num::NonZeroU64;
/// use switchtower::keys::Rates;
///
/// let rates = Rates { requests_per_minute: NonZeroU64::new(60), ..Rates::default() };
/// assert_eq!(rates.tokens_per_day, None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Requests a minute.
    pub requests_per_minute: Option<NonZeroU64>,
    /// Requests a day, UTC.
    pub requests_per_day: Option<NonZeroU64>,
    /// Tokens a minute, of prompts and answers together.
    pub tokens_per_minute: Option<NonZeroU64>,
    /// Tokens a day, UTC.
    pub tokens_per_day: Option<NonZeroU64>,
}

// === impl KeySettings ===

impl KeySettings {
    /// Of a key of this name and label, made now: without any limit.
    #[must_use]
    pub fn named(name: impl Into<String>, label: impl Into<String>, created: SystemTime) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            account: Caller::ACCOUNT.to_owned(),
            class: Class::Inference,
            limit: None,
            reset: None,
            include_byok: false,
            expires: None,
            disabled: false,
            models: None,
            providers: None,
            rates: Rates::default(),
            creator: None,
            created,
            updated: None,
        }
    }

    /// Has it expired?
    #[must_use]
    pub fn is_expired(&self, wall: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= wall)
    }

    /// What its bearer may do.
    #[must_use]
    pub fn rights(&self) -> Rights {
        let mut rights = Rights::default()
            .class(self.class)
            .creator(self.creator.as_deref())
            .include_byok(self.include_byok);
        if let Some(models) = &self.models {
            rights = rights.models(models);
        }
        if let Some(providers) = &self.providers {
            rights = rights.providers(providers);
        }
        rights
    }
}
