//! With whose key is each endpoint asked?

use std::sync::Arc;
use std::time::Instant;

use super::entry::Entry;
use crate::caller::Caller;
use crate::keys::ProviderKey;
use crate::plan::{Candidate, Reason};
use crate::standing::Backend;

/// An endpoint, and the caller's own keys for it.
type Keyed<'e, 'a> = (&'e Entry<'a>, Vec<Arc<ProviderKey>>);

/// The endpoints in their order, with the keys to ask them with. Of each model, or of all where a sort ranges over them, those
/// come first that can be asked with a key of the caller's own; then all, unless the caller never wants that; then those
/// for which it has a key to fall back on. Of several keys for one endpoint each has its turn.
pub(super) fn turns(
    entries: &[Entry<'_>],
    caller: Option<&Caller>,
    now: Instant,
) -> Vec<Candidate> {
    let keys = caller.map(|caller| (caller, caller.provider_keys()));
    let keys = keys.filter(|(_, keys)| !keys.is_empty());
    let Some((caller, keys)) = keys.map(|(caller, keys)| (caller, keys.load())) else {
        return entries.iter().map(Entry::candidate).collect();
    };
    let serving = |entry: &Entry<'_>| {
        let of_entry = |key: &&Arc<ProviderKey>| key.serves(caller, &entry.model, &entry.endpoint);
        keys.iter().filter(of_entry).cloned().collect::<Vec<_>>()
    };
    let keyed: Vec<Keyed<'_, '_>> = entries
        .iter()
        .map(|entry| (entry, serving(entry)))
        .collect();
    let mut turns = Vec::with_capacity(entries.len());
    for (at, (entry, keys)) in keyed.iter().enumerate() {
        let is_like = |it: &&Keyed<'_, '_>| it.0.place.model == entry.place.model;
        let owned = |fallback: bool| {
            let each = keyed.iter().filter(is_like);
            each.flat_map(move |(entry, keys)| {
                let keys = keys
                    .iter()
                    .filter(move |it| it.settings().fallback == fallback);
                keys.map(move |key| own(entry, key, now))
            })
        };
        if !keyed[..at].iter().any(|it| is_like(&it)) {
            turns.extend(owned(false));
        }
        if !keys.iter().any(|key| key.settings().always) {
            turns.push(entry.candidate());
        }
        if !keyed[at + 1..].iter().any(|it| is_like(&it)) {
            turns.extend(owned(true));
        }
    }
    turns
}

/// The endpoint with this key of the caller's own.
fn own(entry: &Entry<'_>, key: &Arc<ProviderKey>, now: Instant) -> Candidate {
    let backend = Backend {
        standing: key.standing(&entry.endpoint, entry.standing.density(), now),
        ..Backend::clone(entry.backend)
    };
    Candidate {
        backend: Arc::new(backend),
        reason: Reason::CallersKey,
        own_key: Some(key.clone()),
    }
}
