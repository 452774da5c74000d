//! The keys that may come in.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;

use super::not_admitted::NotAdmitted;
use super::provider_keys::ProviderKeys;
use super::rights::Class;
use super::ring_key::RingKey;
use crate::caller::{Caller, KeyId};

/// The keys that may come in: one handle, shared by all its clones. To look one up takes no lock.
///
/// See the example of the [module](super).
#[derive(Clone, Default)]
pub struct KeyRing(Arc<Shared>);

/// A change copies the one part that it is in, so that a thousand new keys do not copy a thousand times a thousand.
struct Shared {
    parts: [ArcSwap<Part>; PARTS],
    /// What each account has of its own at providers.
    wallets: ArcSwap<HashMap<Arc<str>, ProviderKeys>>,
}

type Part = HashMap<KeyId, Arc<RingKey>>;

/// By the first bits of a hash, which are as good as drawn.
const PARTS: usize = 64;

// === impl KeyRing ===

impl KeyRing {
    /// With these keys for the account [`Caller::ACCOUNT`], which may ask everything.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use switchtower::{KeyId, keys::KeyRing};
    ///
    /// let ring = KeyRing::of(["sk-or-v1-a"]);
    /// assert!(ring.admit(KeyId::of("sk-or-v1-a"), SystemTime::now()).is_ok());
    /// assert!(ring.admit(KeyId::of("sk-or-v1-b"), SystemTime::now()).is_err());
    /// ```
    pub fn of<K: AsRef<str>>(keys: impl IntoIterator<Item = K>) -> Self {
        let ring = Self::default();
        for key in keys {
            ring.put(RingKey::configured(key.as_ref(), Class::Inference));
        }
        ring
    }

    /// Whose key is it, if it may be used at this time?
    ///
    /// # Errors
    ///
    /// Why nobody may come in with it.
    pub fn admit(&self, id: KeyId, wall: SystemTime) -> Result<Arc<Caller>, NotAdmitted> {
        let part = self.part(id).load();
        let key = part.get(&id).ok_or(NotAdmitted::Unknown)?;
        key.admit(wall).cloned()
    }

    /// The key of this name.
    #[must_use]
    pub fn get(&self, id: KeyId) -> Option<Arc<RingKey>> {
        self.part(id).load().get(&id).cloned()
    }

    /// All of them, the newest first.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<RingKey>> {
        let mut all: Vec<_> = (self.0.parts.iter())
            .flat_map(|part| part.load().values().cloned().collect::<Vec<_>>())
            .collect();
        all.sort_unstable_by_key(|key| (std::cmp::Reverse(key.settings().created), key.id()));
        all
    }

    /// Those of them that are asked for, the newest first: so many, behind so many others. None of the others is copied.
    ///
    /// ```
    /// use switchtower::keys::KeyRing;
    ///
    /// let ring = KeyRing::of(["a", "b", "c"]);
    /// let (first, rest) = (ring.page(|_| true, 0, 2), ring.page(|_| true, 2, 2));
    /// assert_eq!((first.len(), rest.len()), (2, 1));
    /// ```
    #[must_use]
    pub fn page(
        &self,
        shown: impl Fn(&RingKey) -> bool,
        skip: usize,
        take: usize,
    ) -> Vec<Arc<RingKey>> {
        let place = |key: &RingKey| (std::cmp::Reverse(key.settings().created), key.id());
        let mut places = Vec::new();
        for part in &self.0.parts {
            let part = part.load();
            let shown = part.values().filter(|key| shown(key));
            places.extend(shown.map(|key| place(key)));
        }
        // The page alone is sorted.
        let end = skip.saturating_add(take).min(places.len());
        if end < places.len() {
            places.select_nth_unstable(end);
        }
        let start = skip.min(end);
        if 0 < start && start < end {
            places[..end].select_nth_unstable(start);
        }
        let page = &mut places[start..end];
        page.sort_unstable();
        page.iter().filter_map(|(_, id)| self.get(*id)).collect()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.parts.iter().map(|part| part.load().len()).sum()
    }

    /// Is there none, so that nobody may come in?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts this key in, in the place of another one of its name.
    pub fn put(&self, key: RingKey) {
        let (id, key) = (key.id(), self.holding(key));
        self.part(id).rcu(|part| {
            let mut part = Part::clone(part);
            part.insert(id, key.clone());
            part
        });
    }

    /// Takes this key out.
    pub fn remove(&self, id: KeyId) {
        self.part(id).rcu(|part| {
            let mut part = Part::clone(part);
            part.remove(&id);
            part
        });
    }

    /// Puts these keys, which are all that a store holds, in the place of those that came from it before. Those of the
    /// configuration stay, and one of a store that is the same in its version stays as it is.
    pub fn load(&self, keys: impl IntoIterator<Item = RingKey>) {
        let mut parts: [Part; PARTS] = std::array::from_fn(|_| Part::new());
        for key in keys {
            parts[at(key.id())].insert(key.id(), self.holding(key));
        }
        for (part, loaded) in self.0.parts.iter().zip(parts) {
            part.rcu(|before| {
                let mut after = loaded.clone();
                for (id, key) in before.iter() {
                    let newer = after.get(id);
                    if key.is_configured() || newer.is_some_and(|it| it.version() == key.version())
                    {
                        after.insert(*id, key.clone());
                    }
                }
                after
            });
        }
    }

    /// The keys of this account at providers, which all that come in with its keys share.
    #[must_use]
    pub fn provider_keys(&self, account: &str) -> ProviderKeys {
        if let Some(known) = self.0.wallets.load().get(account) {
            return known.clone();
        }
        let (account, new): (Arc<str>, _) = (account.into(), ProviderKeys::default());
        let wallets = self.0.wallets.rcu(|wallets| {
            let mut wallets = HashMap::clone(wallets);
            wallets
                .entry(account.clone())
                .or_insert_with(|| new.clone());
            wallets
        });
        // What was there before that, if another one was faster.
        wallets.get(&account).cloned().unwrap_or(new)
    }

    /// The accounts of which keys, or keys of providers, are known.
    #[must_use]
    pub fn accounts(&self) -> Vec<Arc<str>> {
        self.0.wallets.load().keys().cloned().collect()
    }

    fn holding(&self, key: RingKey) -> Arc<RingKey> {
        let wallet = self.provider_keys(&key.settings().account);
        Arc::new(key.with_provider_keys(wallet))
    }

    fn part(&self, id: KeyId) -> &ArcSwap<Part> {
        &self.0.parts[at(id)]
    }
}

fn at(id: KeyId) -> usize {
    usize::from(id.as_bytes()[0]) % PARTS
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("keys", &self.len())
            .finish()
    }
}

// === impl Shared ===

impl Default for Shared {
    fn default() -> Self {
        Self {
            parts: std::array::from_fn(|_| ArcSwap::default()),
            wallets: ArcSwap::default(),
        }
    }
}
