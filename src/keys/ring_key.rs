//! One key of a ring.

use std::sync::Arc;
use std::time::SystemTime;

use super::api_key::ApiKey;
use super::not_admitted::NotAdmitted;
use super::provider_keys::ProviderKeys;
use super::rights::Class;
use super::settings::KeySettings;
use crate::caller::{Caller, KeyId};

/// One key of a [`KeyRing`](super::KeyRing): its name, and what is set for it.
///
/// See the example of the [module](super).
#[derive(Clone, Debug)]
pub struct RingKey {
    id: KeyId,
    version: u64,
    settings: KeySettings,
    caller: Arc<Caller>,
}

// === impl RingKey ===

impl RingKey {
    /// The version of a key that no store holds.
    pub const CONFIGURED: u64 = 0;

    /// The key of this name, as the store has it in this version; [`CONFIGURED`](Self::CONFIGURED) if it is in no store.
    #[must_use]
    pub fn new(id: KeyId, version: u64, settings: KeySettings) -> Self {
        let caller = Caller::new(id).account(&*settings.account);
        Self {
            id,
            version,
            caller: Arc::new(caller.with_rights(settings.rights())),
            settings,
        }
    }

    /// With these keys of its account at providers.
    #[must_use]
    pub fn with_provider_keys(mut self, keys: ProviderKeys) -> Self {
        let caller = Caller::clone(&self.caller);
        self.caller = Arc::new(caller.with_provider_keys(keys));
        self
    }

    /// A key that the operator's configuration names, of the account [`Caller::ACCOUNT`].
    #[must_use]
    pub fn configured(key: &str, class: Class) -> Self {
        let label = ApiKey::label_of(key);
        let settings = KeySettings {
            class,
            ..KeySettings::named("configured", label, SystemTime::UNIX_EPOCH)
        };
        Self::new(KeyId::of(key), Self::CONFIGURED, settings)
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// How often it was written.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Is it the operator's word, which no API changes?
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.version == Self::CONFIGURED
    }

    /// What is set for it.
    #[must_use]
    pub fn settings(&self) -> &KeySettings {
        &self.settings
    }

    /// Who brings it.
    #[must_use]
    pub fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    /// May it be used at this time?
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn admit(&self, wall: SystemTime) -> Result<&Arc<Caller>, NotAdmitted> {
        match &self.settings {
            settings if settings.disabled => Err(NotAdmitted::Disabled),
            settings if settings.is_expired(wall) => Err(NotAdmitted::Expired),
            _ => Ok(&self.caller),
        }
    }
}
