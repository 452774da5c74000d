//! Callers' own keys of providers, sealed in the store and open in memory.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::clock::now;
use crate::error::Error;
use crate::gateway::blocking::{blocking, failed};
use crate::gateway::random::random;
use crate::keys::{
    CannotOpen, KeyRing, MasterKeys, Place, ProviderKey, ProviderKeySettings, Sealed,
};
use crate::kind::Kind;
use crate::settle::store::{Document, Entry, Store, StoreError};

/// Changes them: in the store first, if there is one.
#[derive(Clone)]
pub(in crate::gateway) struct Safe {
    ring: KeyRing,
    store: Option<Arc<dyn Store>>,
    masters: Option<Arc<MasterKeys>>,
    fee: u32,
    /// One change or refresh after the other.
    held: Arc<Mutex<HashMap<String, Held>>>,
}

/// One as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) id: String,
    pub(super) settings: ProviderKeySettings,
    version: u64,
    sealed: String,
}

/// What their documents are about.
const KIND: &str = "byok";
/// Each of an account's is looked at for each of its requests.
const MOST_OF_ACCOUNT: usize = 100;
/// How often a change is tried that somebody else has made impossible meanwhile.
const TRIES: usize = 3;

// === impl Safe ===

impl Safe {
    pub(in crate::gateway) fn new(ring: KeyRing, store: Option<Arc<dyn Store>>) -> Self {
        Self {
            ring,
            store,
            masters: None,
            fee: 0,
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

    pub(in crate::gateway) fn with_fee(mut self, millionths: u32) -> Self {
        self.fee = millionths;
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

    /// Those of this account, by provider and place.
    pub(super) async fn list(&self, account: &str) -> Vec<Held> {
        let held = self.held.lock().await;
        let own = held.values().filter(|it| it.settings.account == account);
        let mut own: Vec<_> = own.cloned().collect();
        own.sort_by(|a, b| {
            let place = |it: &Held| (it.settings.sort, it.settings.created);
            let by = a.settings.provider.cmp(&b.settings.provider);
            by.then(place(a).cmp(&place(b))).then(a.id.cmp(&b.id))
        });
        own
    }

    /// The one of this name, if it is of this account.
    pub(super) async fn get(&self, id: &str, account: &str) -> Result<Held, Error> {
        of_account(&*self.held.lock().await, id, account).cloned()
    }

    /// Keeps a key, behind the others of its provider unless its place is given.
    pub(super) async fn create(
        &self,
        mut settings: ProviderKeySettings,
        place: Option<u32>,
        secret: &str,
    ) -> Result<Held, Error> {
        let mut held = self.held.lock().await;
        let account = settings.account.clone();
        let own = held.values().filter(|it| it.settings.account == account);
        if own.clone().count() >= MOST_OF_ACCOUNT {
            return Err(Error::new(
                Kind::Forbidden,
                "an account has at most 100 keys of providers",
            ));
        }
        let alike = own.filter(|it| it.settings.provider == settings.provider);
        let next = alike.map(|it| it.settings.sort.saturating_add(1)).max();
        settings.sort = place.or(next).unwrap_or(0);
        let id = uuid(random()?);
        let sealed = self.seal(&id, &settings, secret)?;
        let made = Held {
            id,
            version: 1,
            sealed,
            settings,
        };
        let written = self.write(&made.id, 1, Some(&made)).await;
        written.map_err(|why| failed(&why))?;
        held.insert(made.id.clone(), made.clone());
        self.publish(&held, &account);
        Ok(made)
    }

    /// Changes what is set for one, and the key itself if there is another one; none: deletes it.
    pub(super) async fn change(
        &self,
        id: &str,
        account: &str,
        secret: Option<&str>,
        change: impl Fn(&ProviderKeySettings) -> Option<ProviderKeySettings>,
    ) -> Result<Option<Held>, Error> {
        let mut held = self.held.lock().await;
        for _ in 0..TRIES {
            let before = of_account(&held, id, account)?.clone();
            let version = before.version + 1;
            let after = match change(&before.settings) {
                None => None,
                Some(settings) => Some(Held {
                    id: id.to_owned(),
                    version,
                    sealed: match secret {
                        Some(secret) => self.seal(id, &settings, secret)?,
                        None => before.sealed,
                    },
                    settings,
                }),
            };
            match self.write(id, version, after.as_ref()).await {
                Ok(()) => {
                    match after.clone() {
                        Some(after) => held.insert(id.to_owned(), after),
                        None => held.remove(id),
                    };
                    self.publish(&held, account);
                    return Ok(after);
                }
                // Another process was faster.
                Err(StoreError::Conflict(_)) => {
                    self.read(&mut held).await.map_err(|why| failed(&why))?;
                }
                Err(why) => return Err(failed(&why)),
            }
        }
        let message = "the key is being changed by others: try again";
        Err(Error::new(Kind::Overloaded, message))
    }

    /// Lets the requests of this account use what it has now. One that cannot be opened is not used.
    fn publish(&self, held: &HashMap<String, Held>, account: &str) {
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

    fn seal(
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

    async fn read(&self, held: &mut HashMap<String, Held>) -> Result<(), StoreError> {
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

    async fn write(&self, id: &str, version: u64, held: Option<&Held>) -> Result<(), StoreError> {
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

fn of_account<'a>(
    held: &'a HashMap<String, Held>,
    id: &str,
    account: &str,
) -> Result<&'a Held, Error> {
    let found = held.get(id).filter(|it| it.settings.account == account);
    found.ok_or_else(missing)
}

pub(super) fn missing() -> Error {
    Error::new(Kind::NotFound, "there is no key of a provider of this id")
}

/// Version 4 of RFC 9562.
fn uuid(mut random: [u8; 16]) -> String {
    random[6] = random[6] & 0x0f | 0x40;
    random[8] = random[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (place, byte) in random.iter().enumerate() {
        if [4, 6, 8, 10].contains(&place) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

impl fmt::Debug for Safe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Safe")
            .field("masters", &self.masters)
            .field("fee", &self.fee)
            .finish_non_exhaustive()
    }
}
