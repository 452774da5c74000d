//! The keys, in the ring and in the store at once.

use std::fmt;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::caller::{Caller, KeyId};
use crate::clock::{now, wall};
use crate::error::Error;
use crate::gateway::blocking::{blocking, failed};
use crate::keys::{KeyRing, KeySettings, RingKey};
use crate::kind::Kind;
use crate::limits::{Limits, Now, Scope};
use crate::settle::store::{Document, Entry, Store, StoreError};

/// Changes keys: in the store first, if there is one, so that what the ring knows outlives the process.
#[derive(Clone)]
pub(in crate::gateway) struct Keeper {
    ring: KeyRing,
    store: Option<Arc<dyn Store>>,
    limits: Option<Limits>,
    /// One change or refresh after the other: what was read before a change must not undo it.
    turn: Arc<Mutex<()>>,
}

/// What a key's document is about.
const KIND: &str = "key";
/// How often a change is tried that somebody else has made impossible meanwhile.
const TRIES: usize = 3;
/// How many keys there may be: a megabyte holds about a thousand.
const MOST_KEYS: usize = 1_000_000;

// === impl Keeper ===

impl Keeper {
    pub(in crate::gateway) fn new(ring: KeyRing, store: Option<Arc<dyn Store>>) -> Self {
        Self {
            ring,
            store,
            limits: None,
            turn: Arc::default(),
        }
    }

    pub(in crate::gateway) fn with_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// What is set for keys is counted by these from now on.
    pub(in crate::gateway) fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self.ring.list().iter().for_each(|key| self.limit(key.id()));
        self
    }

    /// The rules of this key are those that are set for it; of one that is gone, none.
    fn limit(&self, id: KeyId) {
        let Some(limits) = &self.limits else {
            return;
        };
        let key = self.ring.get(id);
        let rules = key.map(|key| key.settings().rules()).unwrap_or_default();
        let now = Now {
            instant: now(),
            wall: wall(),
        };
        let set = limits.set_rules(Scope::Key, &id.to_string(), rules, now);
        set.expect("it is the name of a key");
    }

    pub(in crate::gateway) fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// Reads all keys from the store, which others may have changed.
    ///
    /// # Errors
    ///
    /// If it cannot be read; then the ring stays as it is.
    pub(in crate::gateway) async fn refresh(&self) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        self.read().await
    }

    /// Makes a key.
    pub(super) async fn create(
        &self,
        id: KeyId,
        settings: KeySettings,
    ) -> Result<Arc<RingKey>, Error> {
        let _turn = self.turn.lock().await;
        if self.ring.len() >= MOST_KEYS {
            return Err(Error::new(Kind::Forbidden, "there are too many keys"));
        }
        let written = self.write(id, 1, Some(&settings)).await;
        written.map_err(|why| failed(&why))?;
        self.ring.put(RingKey::new(id, 1, settings));
        self.limit(id);
        self.ring.get(id).ok_or_else(missing)
    }

    /// Changes a key that whoever asks may change; none: deletes it.
    pub(super) async fn change(
        &self,
        id: KeyId,
        by: &Caller,
        change: impl Fn(&KeySettings) -> Option<KeySettings>,
    ) -> Result<Option<Arc<RingKey>>, Error> {
        let _turn = self.turn.lock().await;
        for _ in 0..TRIES {
            let key = self.get(id, by)?;
            if key.is_configured() {
                let message = "this key is set by the operator's configuration, and only there";
                return Err(Error::new(Kind::Forbidden, message));
            }
            let changed = change(key.settings());
            let version = key.version() + 1;
            match self.write(id, version, changed.as_ref()).await {
                Ok(()) => {
                    match changed {
                        Some(settings) => self.ring.put(RingKey::new(id, version, settings)),
                        None => self.ring.remove(id),
                    }
                    self.limit(id);
                    return Ok(self.ring.get(id));
                }
                // Another process was faster.
                Err(StoreError::Conflict(_)) => self.read().await.map_err(|why| failed(&why))?,
                Err(why) => return Err(failed(&why)),
            }
        }
        let message = "the key is being changed by others: try again";
        Err(Error::new(Kind::Overloaded, message))
    }

    /// The key of this name, if it is of the account of whoever asks.
    pub(super) fn get(&self, id: KeyId, by: &Caller) -> Result<Arc<RingKey>, Error> {
        let key = self.ring.get(id);
        let key = key.filter(|key| key.settings().account == by.account_name());
        key.ok_or_else(missing)
    }

    async fn read(&self) -> Result<(), StoreError> {
        let Some(store) = self.store.clone() else {
            return Ok(());
        };
        let documents = blocking(move || store.documents(KIND)).await?;
        let keys = documents.iter().filter_map(|document| {
            // One that is damaged lets nobody in, and takes nobody else along.
            let settings = KeySettings::from_json(document.json.as_deref()?).ok()?;
            Some(RingKey::new(
                document.id.parse().ok()?,
                document.version,
                settings,
            ))
        });
        let before = self.ring.list();
        self.ring.load(keys);
        let (before, after) = (before.iter(), self.ring.list());
        before.chain(&after).for_each(|key| self.limit(key.id()));
        Ok(())
    }

    async fn write(
        &self,
        id: KeyId,
        version: u64,
        settings: Option<&KeySettings>,
    ) -> Result<(), StoreError> {
        let Some(store) = self.store.clone() else {
            return Ok(());
        };
        let document = Document {
            kind: KIND,
            id: id.to_string(),
            version,
            json: settings.map(KeySettings::to_json),
        };
        blocking(move || store.commit(&[Entry::Document(document)])).await
    }
}

pub(super) fn missing() -> Error {
    Error::new(Kind::NotFound, "there is no key of this hash")
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper")
            .field("ring", &self.ring)
            .finish_non_exhaustive()
    }
}
