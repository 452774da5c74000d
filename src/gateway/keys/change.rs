//! Keys are made, changed and deleted: in the store first, then in the ring, and whole, whoever leaves meanwhile.

use std::sync::Arc;

use super::keeper::{Keeper, missing, none, of_key};
use crate::caller::KeyId;
use crate::error::Error;
use crate::gateway::blocking::{failed, to_its_end};
use crate::keys::{KeySettings, RingKey};
use crate::kind::Kind;
use crate::settle::store::StoreError;

/// How often a change is tried that somebody else has made impossible meanwhile.
const TRIES: usize = 3;
/// How many keys there may be: a megabyte holds about a thousand.
const MOST_KEYS: usize = 1_000_000;

// === impl Keeper ===

impl Keeper {
    /// Makes a key.
    pub(super) async fn create(
        &self,
        id: KeyId,
        settings: KeySettings,
    ) -> Result<Arc<RingKey>, Error> {
        let keeper = self.clone();
        to_its_end(async move { keeper.make(id, settings).await }).await
    }

    /// Changes a key of this account; none: deletes it.
    pub(super) async fn change(
        &self,
        id: KeyId,
        account: &str,
        change: impl Fn(&KeySettings) -> Option<KeySettings> + Send + Sync + 'static,
    ) -> Result<Option<Arc<RingKey>>, Error> {
        let (keeper, account) = (self.clone(), account.to_owned());
        to_its_end(async move { keeper.make_other(id, &account, &change).await }).await
    }

    async fn make(&self, id: KeyId, settings: KeySettings) -> Result<Arc<RingKey>, Error> {
        let _turn = self.turn.lock().await;
        if self.ring.len() >= MOST_KEYS {
            return Err(Error::new(Kind::Forbidden, "there are too many keys"));
        }
        let key = RingKey::new(id, 1, settings);
        let accounts = [key.settings().account.as_str().into()];
        let ready = async {
            let mut wanted = self.accounts.wanted(&self.counts, accounts).await?;
            wanted.push(of_key(&key));
            let ready = self.counts.ready(wanted).await?;
            self.write(id, 1, Some(key.settings())).await?;
            Ok(ready)
        };
        ready.await.map_err(|why: StoreError| failed(&why))?.set();
        self.ring.put(key);
        self.ring.get(id).ok_or_else(missing)
    }

    async fn make_other(
        &self,
        id: KeyId,
        account: &str,
        change: &(impl Fn(&KeySettings) -> Option<KeySettings> + Sync),
    ) -> Result<Option<Arc<RingKey>>, Error> {
        let _turn = self.turn.lock().await;
        for _ in 0..TRIES {
            let key = self.get(id, account)?;
            if key.is_configured() {
                let message = "this key is set by the operator's configuration, and only there";
                return Err(Error::new(Kind::Forbidden, message));
            }
            let version = key.version() + 1;
            let changed = change(key.settings());
            let changed = changed.map(|settings| RingKey::new(id, version, settings));
            let wanted = changed.as_ref().map_or_else(|| none(id), of_key);
            // Before it is written: if the books cannot be read, nothing has changed.
            let ready = self.counts.ready(vec![wanted]).await;
            let ready = ready.map_err(|why| failed(&why))?;
            let settings = changed.as_ref().map(RingKey::settings);
            match self.write(id, version, settings).await {
                Ok(()) => {
                    match changed {
                        Some(key) => {
                            ready.set();
                            self.ring.put(key);
                        }
                        None => {
                            self.ring.remove(id);
                            ready.set();
                        }
                    }
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
}
