//! Callers' own keys of providers are made, changed and deleted: in the store first, then in memory, and whole, whoever leaves
//! meanwhile.

use zeroize::Zeroizing;

use super::safe::{Held, Safe, of_account};
use crate::error::Error;
use crate::gateway::blocking::{failed, to_its_end};
use crate::gateway::random::random;
use crate::keys::ProviderKeySettings;
use crate::kind::Kind;
use crate::settle::store::StoreError;

/// Each of an account's is looked at for each of its requests.
const MOST_OF_ACCOUNT: usize = 100;
/// How often a change is tried that somebody else has made impossible meanwhile.
const TRIES: usize = 3;

// === impl Safe ===

impl Safe {
    /// Keeps a key, behind the others of its provider unless its place is given.
    pub(super) async fn create(
        &self,
        settings: ProviderKeySettings,
        place: Option<u32>,
        secret: Zeroizing<String>,
    ) -> Result<Held, Error> {
        let safe = self.clone();
        to_its_end(async move { safe.make(settings, place, &secret).await }).await
    }

    /// Changes what is set for one, and the key itself if there is another one; none: deletes it.
    pub(super) async fn change(
        &self,
        id: &str,
        account: &str,
        secret: Option<Zeroizing<String>>,
        change: impl Fn(&ProviderKeySettings) -> Option<ProviderKeySettings> + Send + Sync + 'static,
    ) -> Result<Option<Held>, Error> {
        let (safe, id, account) = (self.clone(), id.to_owned(), account.to_owned());
        let changed = async move {
            let secret = secret.as_ref().map(|secret| &***secret);
            safe.make_other(&id, &account, secret, &change).await
        };
        to_its_end(changed).await
    }

    async fn make(
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

    async fn make_other(
        &self,
        id: &str,
        account: &str,
        secret: Option<&str>,
        change: &(impl Fn(&ProviderKeySettings) -> Option<ProviderKeySettings> + Sync),
    ) -> Result<Option<Held>, Error> {
        let mut held = self.held.lock().await;
        for _ in 0..TRIES {
            let before = of_account(&held, id, Some(account))?.clone();
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
                    self.publish(&held, account);
                }
                Err(why) => return Err(failed(&why)),
            }
        }
        let message = "the key is being changed by others: try again";
        Err(Error::new(Kind::Overloaded, message))
    }
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
