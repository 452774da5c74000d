//! How hard to think, as the endpoint understands it.

use crate::wire::json::{Cursor, Kind, Span};
use crate::wire::{Field, Fields, View};

/// What OpenRouter takes for an effort where none is named, but that there be some:
/// <https://openrouter.ai/docs/use-cases/reasoning-tokens>.
const USUAL: &str = "\"medium\"";

/// The effort in the spelling that the endpoint understands, if it understands one of the two alone and the request has the
/// other.
pub(super) fn reasoning(view: &View, body: &[u8], supported: Fields) -> Option<(Field, String)> {
    let (long, short) = (Field::Reasoning, Field::ReasoningEffort);
    let (known, unknown) = match (supported.contains(long), supported.contains(short)) {
        (true, false) => (long, short),
        (false, true) => (short, long),
        _ => return None,
    };
    let there = |field| view.value(field).map(|value| value.of(body));
    let there = |field| there(field).filter(|value| *value != b"null");
    if there(known).is_some() {
        return None;
    }
    let asked = there(unknown)?;
    let effort = match unknown == long {
        true => effort(asked).map(|effort| effort.of(asked)),
        false => Some(asked).filter(|asked| asked.starts_with(b"\"")),
    };
    let effort = match effort.map(std::str::from_utf8) {
        Some(effort) => effort.ok()?,
        None if view.parameters().contains(unknown) => USUAL,
        None => return None,
    };
    Some(match known == long {
        true => (long, format!("{{\"effort\":{effort}}}")),
        false => (short, effort.to_owned()),
    })
}

/// The last effort that this `reasoning` names.
fn effort(reasoning: &[u8]) -> Option<Span> {
    let mut cursor = Cursor::new(reasoning).ok()?;
    if cursor.peek().ok()? != Kind::Object {
        return None;
    }
    cursor.object().ok()?;
    let mut effort = None;
    while let Some(key) = cursor.next_member().ok()? {
        let kind = cursor.peek().ok()?;
        let value = cursor.skip().ok()?;
        if key.is(reasoning, "effort") {
            effort = Some(value).filter(|_| kind == Kind::String);
        }
    }
    effort
}
