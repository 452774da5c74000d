//! Callers' own keys of providers, sealed in the store and open in memory.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::clock::now;
use crate::error::Error;
use crate::gateway::blocking::blocking;
use crate::gateway::random::random;
use crate::keys::{
    CannotOpen, KeyRing, MasterKeys, Place, ProviderKey, ProviderKeySettings, Sealed,
};
use crate::kind::Kind;
use crate::money::Ratio;
use crate::settle::store::{Document, Entry, Store, StoreError};

/// Keeps them: in the store first, if there is one.
#[derive(Clone)]
pub(in crate::gateway) struct Safe {
    ring: KeyRing,
    store: Option<Arc<dyn Store>>,
    masters: Option<Arc<MasterKeys>>,
    fee: Ratio,
    /// One change or refresh after the other.
    pub(super) held: Arc<Mutex<HashMap<String, Held>>>,
}

/// One as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) id: String,
    pub(super) settings: ProviderKeySettings,
    pub(super) version: u64,
    pub(super) sealed: String,
}

/// What their documents are about.
const KIND: &str = "byok";

// === impl Safe ===

impl Safe {
    pub(in crate::gateway) fn new(ring: KeyRing, store: Option<Arc<dyn Store>>) -> Self {
        Self {
            ring,
            store,
            masters: None,
            fee: Ratio::ZERO,
            held: Arc::default(),
        }
    }

    pub(in crate::gateway) fn with_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    pub(in crate::gateway) fn with_masters(mut self, masters: MasterKeys) -> Self {
        self.masters = Some(Arc::new(masters));
        self
    }

    pub(in crate::gateway) fn with_fee(mut self, fee: Ratio) -> Self {
        self.fee = fee;
        self
    }

    /// Reads all from the store, which others may have changed, and seals anew what is not sealed under the newest master key.
    pub(in crate::gateway) async fn refresh(&self) -> Result<(), StoreError> {
        let mut held = self.held.lock().await;
        self.read(&mut held).await?;
        let all: Vec<Held> = held.values().cloned().collect();
        for one in all {
            let Some(secret) = self.outdated(&one) else {
                continue;
            };
            let version = one.version + 1;
            let Ok(sealed) = self.seal(&one.id, &one.settings, &secret) else {
                continue;
            };
            let anew = Held {
                version,
                sealed,
                ..one
            };
            match self.write(&anew.id, version, Some(&anew)).await {
                Ok(()) => drop(held.insert(anew.id.clone(), anew)),
                // Another process is about it.
                Err(StoreError::Conflict(_)) => {}
                Err(why) => return Err(why),
            }
        }
        for account in self.ring.accounts() {
            self.publish(&held, &account);
        }
        Ok(())
    }

    /// Those of this account, or of all: by account, provider and place.
    pub(super) async fn list(&self, account: Option<&str>) -> Vec<Held> {
        let held = self.held.lock().await;
        let own = held.values().filter(|it| is_of(it, account));
        let mut own: Vec<_> = own.cloned().collect();
        own.sort_by(|a, b| {
            let of = |it: &Held| (it.settings.sort, it.settings.created);
            let by = a.settings.account.cmp(&b.settings.account);
            by.then_with(|| a.settings.provider.cmp(&b.settings.provider))
                .then_with(|| of(a).cmp(&of(b)))
                .then_with(|| a.id.cmp(&b.id))
        });
        own
    }

    /// The one of this name, if it is of this account; none: of whichever.
    pub(super) async fn get(&self, id: &str, account: Option<&str>) -> Result<Held, Error> {
        of_account(&*self.held.lock().await, id, account).cloned()
    }

    /// Lets the requests of this account use what it has now. One that cannot be opened is not used.
    pub(super) fn publish(&self, held: &HashMap<String, Held>, account: &str) {
        let wallet = self.ring.provider_keys(account);
        let known = wallet.load();
        let own = held.values().filter(|it| it.settings.account == account);
        let ready = own.filter_map(|held| {
            let mut known = known.iter();
            let same = known.find(|it| it.id() == held.id && it.version() == held.version);
            if let Some(same) = same {
                return Some(same.clone());
            }
            let secret = self.open(held).ok()?;
            let secret = std::str::from_utf8(&secret).ok()?;
            let settings = held.settings.clone();
            let key = ProviderKey::new(&held.id, held.version, settings, secret, now());
            Some(Arc::new(key.ok()?.with_fee(self.fee)))
        });
        wallet.set(ready);
    }

    pub(super) fn seal(
        &self,
        id: &str,
        settings: &ProviderKeySettings,
        secret: &str,
    ) -> Result<String, Error> {
        let masters = self.masters.as_ref().ok_or_else(|| {
            let message = "keys of providers are not kept here: the operator has set no master key";
            Error::new(Kind::Invalid, message)
        })?;
        let place = place(id, settings);
        Ok(masters
            .seal(secret.as_bytes(), &place, random()?)
            .to_string())
    }

    fn open(&self, held: &Held) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let masters = self.masters.as_ref().ok_or(CannotOpen)?;
        masters.open(&held.sealed.parse()?, &place(&held.id, &held.settings))
    }

    /// The key, if it can be opened and is better sealed anew.
    fn outdated(&self, held: &Held) -> Option<Zeroizing<String>> {
        let sealed: Sealed = held.sealed.parse().ok()?;
        if self.masters.as_ref()?.is_newest(&sealed) {
            return None;
        }
        let secret = self.open(held).ok()?;
        Some(Zeroizing::new(
            std::str::from_utf8(&secret).ok()?.to_owned(),
        ))
    }

    pub(super) async fn read(&self, held: &mut HashMap<String, Held>) -> Result<(), StoreError> {
        let Some(store) = self.store.clone() else {
            return Ok(());
        };
        let documents = blocking(move || store.documents(KIND)).await?;
        let read = documents.into_iter().filter_map(|document| {
            let read = ProviderKeySettings::from_json(document.json.as_deref()?).ok();
            let (settings, sealed) = read?;
            let held = Held {
                id: document.id,
                version: document.version,
                settings,
                sealed,
            };
            // So that the ring knows of the account.
            let _ = self.ring.provider_keys(&held.settings.account);
            Some((held.id.clone(), held))
        });
        *held = read.collect();
        Ok(())
    }

    pub(super) async fn write(
        &self,
        id: &str,
        version: u64,
        held: Option<&Held>,
    ) -> Result<(), StoreError> {
        let Some(store) = self.store.clone() else {
            return Ok(());
        };
        let document = Document {
            kind: KIND,
            id: id.to_owned(),
            version,
            json: held.map(|held| held.settings.to_json(&held.sealed)),
        };
        blocking(move || store.commit(&[Entry::Document(document)])).await
    }
}

fn place<'a>(id: &'a str, settings: &'a ProviderKeySettings) -> Place<'a> {
    Place {
        kind: KIND,
        id,
        account: &settings.account,
    }
}

pub(super) fn of_account<'a>(
    held: &'a HashMap<String, Held>,
    id: &str,
    account: Option<&str>,
) -> Result<&'a Held, Error> {
    let found = held.get(id).filter(|it| is_of(it, account));
    found.ok_or_else(missing)
}

fn is_of(held: &Held, account: Option<&str>) -> bool {
    account.is_none_or(|it| held.settings.account == it)
}

pub(super) fn missing() -> Error {
    Error::new(Kind::NotFound, "there is no key of a provider of this id")
}

impl fmt::Debug for Safe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Safe")
            .field("masters", &self.masters)
            .field("fee", &self.fee)
            .finish_non_exhaustive()
    }
}
