//! The keys, in the ring and in the store at once.

use std::collections::HashSet;
use std::fmt;
use std::sync::{self, Arc, PoisonError};

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::accounts::{Accounts, Tier};
use super::counts::{Counts, Wanted};
use super::misses::Misses;
use crate::caller::{Caller, KeyId};
use crate::clock::now;
use crate::error::Error;
use crate::gateway::blocking::{blocking, to_its_end};
use crate::keys::{FreeModels, KeyRing, KeySettings, RingKey};
use crate::kind::Kind;
use crate::limits::{Limits, Scope};
use crate::settle::Books;
use crate::settle::store::{Document, Entry, Store, StoreError};
use crate::telemetry;

/// Keeps the keys, in the store first, if there is one, so that what the ring knows outlives the process.
#[derive(Clone)]
pub(in crate::gateway) struct Keeper {
    pub(super) ring: KeyRing,
    store: Option<Arc<dyn Store>>,
    pub(super) counts: Counts,
    pub(super) accounts: Accounts,
    misses: Arc<sync::Mutex<Misses>>,
    /// One change or refresh after the other: what was read before a change must not undo it.
    pub(super) turn: Arc<Mutex<()>>,
}

/// What a key's document is about.
const KIND: &str = "key";

// === impl Keeper ===

impl Keeper {
    /// What is set for keys is counted by the limits of these books, and by those of a quota.
    pub(in crate::gateway) fn new(ring: KeyRing, books: &Books, quota: &Limits) -> Self {
        let limits = [books.limits().clone(), quota.clone()];
        Self {
            ring,
            store: books.store().cloned(),
            counts: Counts::new(limits, books.store().cloned()),
            accounts: Accounts::default(),
            misses: Arc::default(),
            turn: Arc::default(),
        }
    }

    pub(in crate::gateway) fn with_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    pub(in crate::gateway) fn prepaid(mut self) -> Self {
        self.accounts.prepaid = true;
        self
    }

    pub(in crate::gateway) fn with_free_models(mut self, free: FreeModels) -> Self {
        self.accounts.free = Some(free);
        self
    }

    /// What is set for keys and accounts limits them from now on, if it does not yet.
    pub(in crate::gateway) fn begin(&self) {
        let mut wanted = self.accounts.without_credit(self.ring.accounts());
        wanted.extend(self.ring.list().iter().map(|key| of_key(key)));
        self.counts.begin(wanted);
    }

    /// What this account was given is what it may spend, from now on.
    ///
    /// # Errors
    ///
    /// If the books cannot be read.
    pub(in crate::gateway) async fn credit(&self, account: &str) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        let wanted = self.accounts.wanted(&self.counts, [account.into()]).await?;
        self.set(wanted).await
    }

    pub(in crate::gateway) fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// While this is held, nothing that is set for keys and accounts changes here.
    pub(in crate::gateway) async fn turn(&self) -> OwnedMutexGuard<()> {
        self.turn.clone().lock_owned().await
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

    /// Does any rule count from now on, though the books know of more?
    pub(super) fn is_blind(&self) -> bool {
        self.counts.any_is_blind()
    }

    /// Is there anything that others may change?
    pub(super) fn is_stored(&self) -> bool {
        self.store.is_some() || self.counts.books().is_some()
    }

    /// Does nobody know this key here, but perhaps elsewhere?
    pub(in crate::gateway) fn may_be_elsewhere(&self, id: KeyId) -> bool {
        self.store.is_some() && self.ring.get(id).is_none()
    }

    /// Reads the keys from the store for the sake of this one, unless they have just been read.
    pub(in crate::gateway) async fn look(&self, id: KeyId) {
        let keeper = self.clone();
        let looked = async move {
            keeper.look_up(id).await;
            Ok(())
        };
        // What fails is told there.
        let _ = to_its_end(looked).await;
    }

    async fn look_up(&self, id: KeyId) {
        let may = self.misses().ask(id, now());
        // Whoever came with it at the same time waits for what is being read.
        let _turn = self.turn.lock().await;
        if !may {
            return;
        }
        let began = now();
        if let Err(error) = self.read().await {
            telemetry::not_read(&error);
        }
        if self.ring.get(id).is_none() {
            self.misses().missed(id, began, now());
        }
    }

    fn misses(&self) -> sync::MutexGuard<'_, Misses> {
        self.misses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is told to this caller of free models, and of whether it has paid.
    pub(super) async fn tier(&self, caller: &Caller) -> Result<Tier, StoreError> {
        self.accounts.tier(&self.counts, caller).await
    }

    /// The key of this name, if it is of this account; none: of whichever.
    pub(super) fn get(&self, id: KeyId, account: Option<&str>) -> Result<Arc<RingKey>, Error> {
        let key = self.ring.get(id);
        let key = key.filter(|key| account.is_none_or(|it| key.settings().account == it));
        key.ok_or_else(missing)
    }

    pub(super) async fn read(&self) -> Result<(), StoreError> {
        let documents = match self.store.clone() {
            Some(store) => blocking(move || store.documents(KIND)).await?,
            None => return self.read_accounts().await,
        };
        let keys = documents.iter().filter_map(|document| {
            // One that is damaged lets nobody in, and takes nobody else along.
            let settings = KeySettings::from_json(document.json.as_deref()?).ok()?;
            Some(RingKey::new(
                document.id.parse().ok()?,
                document.version,
                settings,
            ))
        });
        let keys: Vec<_> = keys.collect();
        let mut accounts = self.ring.accounts();
        accounts.extend(
            keys.iter()
                .map(|key| key.settings().account.as_str().into()),
        );
        let mut wanted = self.accounts.wanted(&self.counts, accounts).await?;
        let is_new = |key: &RingKey| {
            let known = self.ring.get(key.id());
            known.is_none_or(|known| known.version() != key.version())
        };
        let of_keys = keys.iter().map(|key| (is_new(key), of_key(key)));
        let begin = of_keys.filter(|(new, of_key)| *new || self.counts.is_blind(of_key));
        wanted.extend(begin.map(|(_, of_key)| of_key));
        let stored: HashSet<_> = keys.iter().map(RingKey::id).collect();
        let others = self.ring.list();
        let others = others.iter().filter(|key| !stored.contains(&key.id()));
        let (configured, gone): (Vec<_>, Vec<_>) = others.partition(|key| key.is_configured());
        wanted.extend(configured.into_iter().map(|key| of_key(key)));
        // What limits them comes first, and goes last.
        self.set(wanted).await?;
        self.ring.load(keys);
        let gone = gone.iter().map(|key| none(key.id()));
        self.counts.end(gone.collect());
        Ok(())
    }

    async fn read_accounts(&self) -> Result<(), StoreError> {
        let wanted = self.accounts.wanted(&self.counts, self.ring.accounts());
        self.set(wanted.await?).await
    }

    async fn set(&self, wanted: Vec<Wanted>) -> Result<(), StoreError> {
        self.counts.set(wanted, || Ok(())).await
    }

    /// Writes it, if there is a store: when it is asked to, which blocks.
    pub(super) fn write(
        &self,
        id: KeyId,
        version: u64,
        settings: Option<&KeySettings>,
    ) -> impl FnOnce() -> Result<(), StoreError> + Send + use<> {
        let document = Document {
            kind: KIND,
            id: id.to_string(),
            version,
            json: settings.map(KeySettings::to_json),
        };
        let store = self.store.clone();
        move || {
            let commit = |store: Arc<dyn Store>| store.commit(&[Entry::Document(document)]);
            store.map_or(Ok(()), commit)
        }
    }
}

/// What is set for it.
pub(super) fn of_key(key: &RingKey) -> Wanted {
    Wanted::new(Scope::Key, key.id().to_string(), key.settings().rules())
}

/// It has no rules any more.
pub(super) fn none(id: KeyId) -> Wanted {
    Wanted::new(Scope::Key, id.to_string(), Vec::new())
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
