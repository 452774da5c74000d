//! With which body?

use bytes::Bytes;

use super::reasoning::reasoning;
use crate::catalog::Endpoint;
use crate::payload::Payload;
use crate::wire::{Edits, Field, Fields, Tier, View};

/// What OpenRouter understands and a provider may refuse.
const NOT_FOR_UPSTREAMS: Fields = Fields::of(&[
    Field::Models,
    Field::Route,
    Field::Provider,
    Field::Usage,
    Field::SessionId,
    Field::Trace,
    Field::Debug,
    Field::Plugins,
    Field::Preset,
    Field::Transforms,
]);

/// A copy of so much takes longer than to make three pieces of it, and to send them.
const LONG: usize = 32 << 10;

/// The body for this endpoint, by one splice. See the [module docs](super).
pub(super) fn rewritten(payload: &Payload, endpoint: &Endpoint, metered: bool) -> Payload {
    let (view, body) = (payload.view(), payload.bytes());
    let reasoned;
    let mut edits = Edits::new(view)
        .remove_all(NOT_FOR_UPSTREAMS)
        .set(Field::Model, endpoint.upstream_model_json());
    if metered && view.stream() {
        edits = edits.ask_for_usage();
    }
    match (endpoint.tier(), view.tier()) {
        (Some(Tier::Flex), _) => edits = edits.set(Field::ServiceTier, "\"flex\""),
        (Some(Tier::Priority), _) => edits = edits.set(Field::ServiceTier, "\"priority\""),
        (_, Some(Tier::Flex | Tier::Priority)) => edits = edits.remove(Field::ServiceTier),
        _ => {}
    }
    if let Some(supported) = endpoint.parameters() {
        edits = edits.remove_all(unsupported(supported.asked_for(view.parameters())));
        edits = limited(edits, view, body, supported);
        reasoned = reasoning(view, body, supported);
        if let Some((field, value)) = &reasoned {
            edits = edits.set(*field, value);
        }
    }
    match body.len() < LONG {
        true => Payload::spliced(edits.apply(body)),
        false => Payload::in_pieces(edits.apart(body)),
    }
}

/// The parameters that mean nothing to an endpoint that supports these; the limit of an answer apart.
fn unsupported(supported: Fields) -> Fields {
    let supported = match supported.contains(Field::Tools) {
        true => supported,
        false => supported.without(Fields::OF_TOOLS),
    };
    Fields::PARAMETERS
        .without(supported)
        .without(Fields::LIMITS)
}

/// The limit of an answer in the spelling that the endpoint understands, if it understands one of the two alone.
fn limited<'a>(edits: Edits<'a>, view: &View, body: &'a Bytes, supported: Fields) -> Edits<'a> {
    let (new, old) = (Field::MaxCompletionTokens, Field::MaxTokens);
    let (known, unknown) = match (supported.contains(new), supported.contains(old)) {
        (true, false) => (new, old),
        (false, true) => (old, new),
        _ => return edits,
    };
    if !view.has(unknown) {
        return edits;
    }
    let edits = edits.remove(unknown);
    let values = [new, old].map(|field| view.value(field).map(|value| value.of(body)));
    let limit = values.into_iter().flatten().find(|value| *value != b"null");
    match limit.and_then(|limit| std::str::from_utf8(limit).ok()) {
        Some(limit) => edits.set(known, limit),
        None => edits,
    }
}
