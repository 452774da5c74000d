//! Keys are made, changed and deleted: in the store first, then in the ring, and whole, whoever leaves meanwhile.

use std::sync::Arc;

use super::keeper::{Keeper, missing, none, of_key};
use crate::caller::KeyId;
use crate::error::Error;
use crate::gateway::blocking::{blocking, failed, to_its_end};
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

    /// Changes a key of this account, or of whichever; none: deletes it.
    pub(super) async fn change(
        &self,
        id: KeyId,
        account: Option<String>,
        change: impl Fn(&KeySettings) -> Option<KeySettings> + Send + Sync + 'static,
    ) -> Result<Option<Arc<RingKey>>, Error> {
        let keeper = self.clone();
        let changed = async move { keeper.make_other(id, account.as_deref(), &change).await };
        to_its_end(changed).await
    }

    async fn make(&self, id: KeyId, settings: KeySettings) -> Result<Arc<RingKey>, Error> {
        let _turn = self.turn.lock().await;
        if self.ring.len() >= MOST_KEYS {
            return Err(Error::new(Kind::Forbidden, "there are too many keys"));
        }
        let key = RingKey::new(id, 1, settings);
        let accounts = [key.settings().account.as_str().into()];
        let made = async {
            let mut wanted = self.accounts.wanted(&self.counts, accounts).await?;
            wanted.push(of_key(&key));
            let write = self.write(id, 1, Some(key.settings()));
            self.counts.set(wanted, write).await
        };
        made.await.map_err(|why: StoreError| failed(&why))?;
        self.ring.put(key);
        self.ring.get(id).ok_or_else(missing)
    }

    async fn make_other(
        &self,
        id: KeyId,
        account: Option<&str>,
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
            let settings = changed.as_ref().map(RingKey::settings);
            let write = self.write(id, version, settings);
            let written = match &changed {
                Some(key) => self.counts.set(vec![of_key(key)], write).await,
                None => blocking(write).await,
            };
            match (written, changed) {
                (Ok(()), Some(key)) => {
                    self.ring.put(key);
                    return Ok(self.ring.get(id));
                }
                (Ok(()), None) => {
                    self.ring.remove(id);
                    self.counts.end(vec![none(id)]);
                    return Ok(None);
                }
                // Another process was faster.
                (Err(StoreError::Conflict(_)), _) => {
                    self.read().await.map_err(|why| failed(&why))?;
                }
                (Err(why), _) => return Err(failed(&why)),
            }
        }
        let message = "the key is being changed by others: try again";
        Err(Error::new(Kind::Overloaded, message))
    }
}
