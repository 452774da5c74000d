//! With whose key is each endpoint asked?

use std::sync::Arc;
use std::time::Instant;

use super::entry::Entry;
use crate::caller::Caller;
use crate::keys::ProviderKey;
use crate::plan::{Candidate, Reason};

/// An endpoint in its turn: with the operator's key, or one of the caller's own.
#[derive(Clone, Debug)]
pub(super) struct Turn<'e, 'a> {
    pub(super) entry: &'e Entry<'a>,
    pub(super) key: Option<Arc<ProviderKey>>,
}

/// An endpoint, and the caller's own keys for it.
type Keyed<'e, 'a> = (&'e Entry<'a>, Vec<Arc<ProviderKey>>);

/// The endpoints in their order, with the keys to ask them with. Of each model, or of all where a sort ranges over them, those
/// come first that can be asked with a key of the caller's own; then all, unless the caller never wants that; then those
/// for which it has a key to fall back on. Of several keys for one endpoint each has its turn.
pub(super) fn turns<'e, 'a>(
    entries: &'e [Entry<'a>],
    caller: Option<&Caller>,
) -> Vec<Turn<'e, 'a>> {
    let keys = caller.map(|caller| (caller, caller.provider_keys()));
    let keys = keys.filter(|(_, keys)| !keys.is_empty());
    let Some((caller, keys)) = keys.map(|(caller, keys)| (caller, keys.load())) else {
        return entries.iter().map(Turn::shared).collect();
    };
    let serving = |entry: &Entry<'_>| {
        let of_entry =
            |key: &&Arc<ProviderKey>| key.serves(caller, entry.wanted.model, entry.endpoint);
        keys.iter().filter(of_entry).cloned().collect::<Vec<_>>()
    };
    let keyed: Vec<Keyed<'e, 'a>> = entries
        .iter()
        .map(|entry| (entry, serving(entry)))
        .collect();
    let mut turns = Vec::with_capacity(entries.len());
    for (at, (entry, keys)) in keyed.iter().enumerate() {
        let is_like = |it: &&Keyed<'_, '_>| it.0.place.model == entry.place.model;
        let own = |fallback: bool| {
            let each = keyed.iter().filter(is_like);
            each.flat_map(move |(entry, keys)| {
                let keys = keys
                    .iter()
                    .filter(move |it| it.settings().fallback == fallback);
                keys.map(|key| Turn {
                    entry,
                    key: Some(key.clone()),
                })
            })
        };
        if !keyed[..at].iter().any(|it| is_like(&it)) {
            turns.extend(own(false));
        }
        if !keys.iter().any(|key| key.settings().always) {
            turns.push(Turn::shared(entry));
        }
        if !keyed[at + 1..].iter().any(|it| is_like(&it)) {
            turns.extend(own(true));
        }
    }
    turns
}

// === impl Turn ===

impl<'e, 'a> Turn<'e, 'a> {
    fn shared(entry: &'e Entry<'a>) -> Self {
        Self { entry, key: None }
    }

    pub(super) fn candidate(&self, now: Instant) -> Candidate {
        let shared = self.entry.candidate();
        match &self.key {
            None => shared,
            Some(key) => Candidate {
                standing: key.standing(&shared.endpoint, shared.standing.density(), now),
                reason: Reason::CallersKey,
                own_key: Some(key.clone()),
                ..shared
            },
        }
    }

    /// Is it the same endpoint, with keys of the same owner?
    pub(super) fn is_like(&self, other: &Self) -> bool {
        Arc::ptr_eq(self.entry.endpoint, other.entry.endpoint)
            && self.key.is_some() == other.key.is_some()
    }
}
