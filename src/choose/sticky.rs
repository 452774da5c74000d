//! Which conversation does the request belong to?

use super::ask::Ask;
use crate::standing::Conversation;
use crate::wire::{Field, Preferences};

/// Of a message or a name so many bytes at either end tell conversations apart, and its length: a long one is not read again.
const ENDS: usize = 256;

/// What is it known by: its name, or else how it began?
#[derive(Hash)]
enum By<'a> {
    Session(Ends<'a>),
    CacheKey(Ends<'a>),
    Opening([Option<Ends<'a>>; 2]),
}

/// A message or a name, as far as it is looked at.
#[derive(Hash)]
struct Ends<'a> {
    head: &'a [u8],
    tail: &'a [u8],
    len: usize,
}

/// Its conversation, if conversations are remembered, and the caller has not said whom to ask.
pub(super) fn conversation(ask: &Ask<'_>, wish: &Preferences) -> Option<Conversation> {
    let sticky = ask.sticky.filter(|_| wish.order.is_empty())?;
    let (view, body) = (ask.payload.view(), ask.payload.bytes());
    let text = |field| view.text(field, body).filter(|text| !text.is_empty());
    let session = text(Field::SessionId);
    let session = match &session {
        Some(session) => Some(session.as_bytes()),
        None => ask.session.filter(|session| !session.is_empty()),
    };
    let cache_key = text(Field::PromptCacheKey);
    let by = match (session, &cache_key) {
        (Some(session), _) => By::Session(Ends::of(session)),
        (None, Some(key)) => By::CacheKey(Ends::of(key.as_bytes())),
        (None, None) => By::Opening(view.opening().map(|span| Some(Ends::of(span?.of(body))))),
    };
    let named = matches!(by, By::Session(_));
    // Without a word there is nothing to tell it by.
    if matches!(by, By::Opening([None, None])) {
        return None;
    }
    let id = sticky.hash((ask.tenant, by));
    Some(Conversation::new(sticky.clone(), id, named))
}

/// Does the request name its conversation?
pub(super) fn is_named(ask: &Ask<'_>) -> bool {
    ask.session.is_some_and(|session| !session.is_empty())
        || ask.payload.view().has(Field::SessionId)
}

// === impl Ends ===

impl<'a> Ends<'a> {
    fn of(text: &'a [u8]) -> Self {
        let (head, rest) = text.split_at(text.len().min(ENDS));
        Self {
            head,
            tail: &rest[rest.len().saturating_sub(ENDS)..],
            len: text.len(),
        }
    }
}
