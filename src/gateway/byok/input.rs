//! What a caller sets for a key of a provider.

use zeroize::Zeroizing;

use crate::caller::KeyId;
use crate::error::Error;
use crate::gateway::input::{Given, Input, present, wrong};
use crate::gateway::router::Door;
use crate::keys::ProviderKeySettings;

/// What is to change, or is set from the start.
#[derive(Clone, Debug, Default)]
pub(super) struct Change {
    pub(super) name: Given<String>,
    pub(super) disabled: Option<bool>,
    pub(super) fallback: Option<bool>,
    pub(super) always: Option<bool>,
    pub(super) sort: Option<u32>,
    pub(super) models: Given<Vec<String>>,
    pub(super) keys: Given<Vec<KeyId>>,
    pub(super) users: Given<Vec<String>>,
}

/// As OpenRouter's.
const LONGEST_NAME: usize = 255;
const MOST_NAMES: usize = 100;
/// A header must carry it.
const LONGEST_KEY: usize = 8 * 1024;

// === impl Change ===

impl Change {
    pub(super) fn read(input: &mut Input, door: &Door, account: &str) -> Result<Self, Error> {
        let sort = present(
            "sort_order",
            input.number("sort_order")?,
            "must be a number",
        )?;
        let sort = sort.map(u32::try_from);
        let sort = sort.transpose();
        Ok(Self {
            name: input.text("name", LONGEST_NAME)?,
            disabled: input.flag("disabled")?,
            fallback: input.flag("is_fallback")?,
            always: input.flag("always_use")?,
            sort: sort.map_err(|_| wrong("sort_order", "is too large"))?,
            models: input.names("allowed_models", MOST_NAMES)?,
            keys: keys(input, door, account)?,
            users: input.names("allowed_user_ids", MOST_NAMES)?,
        })
    }

    pub(super) fn of(self, before: &ProviderKeySettings) -> ProviderKeySettings {
        let before = before.clone();
        ProviderKeySettings {
            name: self.name.unwrap_or(before.name),
            disabled: self.disabled.unwrap_or(before.disabled),
            fallback: self.fallback.unwrap_or(before.fallback),
            always: self.always.unwrap_or(before.always),
            sort: self.sort.unwrap_or(before.sort),
            models: self.models.unwrap_or(before.models),
            keys: self.keys.unwrap_or(before.keys),
            users: self.users.unwrap_or(before.users),
            ..before
        }
    }
}

/// The key itself, which a header must be able to carry.
pub(super) fn secret(input: &mut Input) -> Result<Option<Zeroizing<String>>, Error> {
    let secret = input.text("key", LONGEST_KEY)?;
    let secret = present("key", secret, "must be a string")?.map(Zeroizing::new);
    let sound = |secret: &Zeroizing<String>| secret.bytes().all(|it| (0x21..0x7f).contains(&it));
    match &secret {
        Some(secret) if !sound(secret) => Err(wrong(
            "key",
            "has letters that no header can carry, or blanks",
        )),
        _ => Ok(secret),
    }
}

fn keys(input: &mut Input, door: &Door, account: &str) -> Result<Given<Vec<KeyId>>, Error> {
    const FIELD: &str = "allowed_api_key_hashes";
    let Some(given) = input.names(FIELD, MOST_NAMES)? else {
        return Ok(None);
    };
    let ring = door.gateway.keeper.ring();
    let own = |hash: String| {
        let id = hash.parse().ok();
        let known = id.filter(|id| {
            let key = ring.get(*id);
            key.is_some_and(|key| key.settings().account == account)
        });
        known.ok_or_else(|| wrong(FIELD, "has an entry that is no key of this account"))
    };
    let ids = given.map(|hashes| hashes.into_iter().map(own).collect());
    Ok(Some(ids.transpose()?))
}
