//! A caller's own key of a provider, ready to be used.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::header::AUTHORIZATION;

use super::provider_key_settings::ProviderKeySettings;
use crate::caller::{Caller, KeyId};
use crate::catalog::{Endpoint, Key, Model, Pace, Pattern, Provider, Secret};
use crate::money::Ratio;
use crate::standing::{Density, KeyStanding, Standing};

/// A caller's own key of a provider, ready to be used. Nothing prints it.
///
/// It has a standing of its own, and so has each endpoint that is asked with it: what it comes to is nothing that other
/// callers hear of.
///
/// ```
/// use std::time::{Instant, UNIX_EPOCH};
/// use switchtower::Money;
/// use switchtower::keys::{ProviderKey, ProviderKeySettings};
///
/// let settings = ProviderKeySettings::of("acme", "sk-...AbCd", UNIX_EPOCH);
/// let key = ProviderKey::new("11111111", 1, settings, "sk-secret", Instant::now())?.with_fee("0.05".parse()?);
/// assert_eq!(key.fee().of(Money::from_picodollars(1000)), Money::from_picodollars(50));
/// assert!(!format!("{key:?}").contains("secret"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ProviderKey {
    id: Box<str>,
    version: u64,
    settings: ProviderKeySettings,
    models: Option<Box<[Pattern]>>,
    /// For the header that takes `Bearer`, and for one that takes the key alone.
    standings: [Arc<KeyStanding>; 2],
    endpoints: Mutex<HashMap<Box<str>, Arc<Standing>>>,
    fee: Ratio,
}

/// Of how many endpoints it is remembered how they do with a key: more than one provider serves.
const MOST_ENDPOINTS: usize = 4096;

// === impl ProviderKey ===

impl ProviderKey {
    /// This key, as the store has it in this version.
    ///
    /// # Errors
    ///
    /// If it holds bytes that no header can carry.
    pub fn new(
        id: &str,
        version: u64,
        settings: ProviderKeySettings,
        secret: &str,
        now: Instant,
    ) -> Result<Self, http::header::InvalidHeaderValue> {
        // As records tell it.
        let label = format!("byok {id}");
        let standing = |secret| {
            let key = Key::new(secret).with_label(&label);
            Arc::new(KeyStanding::of(key, Pace::default(), now))
        };
        let models = settings.models.as_ref();
        Ok(Self {
            id: id.into(),
            version,
            models: models.map(|them| them.iter().map(|it| Pattern::new(it)).collect()),
            standings: [Secret::bearer(secret)?, Secret::plain(secret)?].map(standing),
            endpoints: Mutex::default(),
            fee: Ratio::ZERO,
            settings,
        })
    }

    /// The operator's fee for a request with it: this part of what the request would have cost otherwise.
    #[must_use]
    pub fn with_fee(mut self, fee: Ratio) -> Self {
        self.fee = fee;
        self
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How often it was written.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// What is set for it.
    #[must_use]
    pub fn settings(&self) -> &ProviderKeySettings {
        &self.settings
    }

    /// May it be used by this caller, for this model at this endpoint?
    #[must_use]
    pub fn serves(&self, caller: &Caller, model: &Model, endpoint: &Endpoint) -> bool {
        let settings = &self.settings;
        let listed = |keys: &Vec<KeyId>| keys.contains(&caller.key());
        let of_user = |users: &Vec<String>| {
            let creator = caller.rights().made_by();
            creator.is_some_and(|creator| users.iter().any(|user| user == creator))
        };
        let matches = |name: &str| self.models.iter().flatten().any(|it| it.matches(name));
        let of_model = || {
            let mut names = [model.id(), model.canonical_slug()].into_iter();
            names.any(matches) || model.aliases().any(matches)
        };
        !settings.disabled
            && settings.provider == endpoint.provider().slug()
            && settings.keys.as_ref().is_none_or(listed)
            && settings.users.as_ref().is_none_or(of_user)
            && (self.models.is_none() || of_model())
    }

    /// As this provider wants it.
    pub(crate) fn key(&self, provider: &Provider) -> Option<&Key> {
        self.of(provider).key()
    }

    /// How this endpoint does with it, whose model has tokens of that density.
    pub(crate) fn standing(
        &self,
        endpoint: &Endpoint,
        density: &Arc<Density>,
        now: Instant,
    ) -> Arc<Standing> {
        let mut endpoints = self
            .endpoints
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = endpoints.get(endpoint.key()) {
            return known.clone();
        }
        if endpoints.len() >= MOST_ENDPOINTS {
            endpoints.clear();
        }
        let key = self.of(endpoint.provider());
        let standing = Arc::new(Standing::of_key(key, density.clone(), now));
        endpoints.insert(endpoint.key().into(), standing.clone());
        standing
    }

    /// The operator's fee for it, of what the request would have cost otherwise.
    #[must_use]
    pub fn fee(&self) -> Ratio {
        self.fee
    }

    fn of(&self, provider: &Provider) -> &Arc<KeyStanding> {
        let bearer = *provider.key_header() == AUTHORIZATION;
        &self.standings[usize::from(!bearer)]
    }
}

impl fmt::Debug for ProviderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderKey")
            .field("id", &self.id)
            .field("provider", &self.settings.provider)
            .finish_non_exhaustive()
    }
}
