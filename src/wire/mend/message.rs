use super::members::{Instead, insert, is_null, members};
use super::{Begun, Edit, parts};
use crate::wire::content::ASSISTANT;
use crate::wire::json::{Cursor, Kind, Syntax};

/// The edits that the `delta` or `message` before which `cursor` stands needs: a delta is of this choice of a stream. The
/// answer is known as `id`.
pub(super) fn message(
    cursor: &mut Cursor<'_>,
    base: usize,
    id: &str,
    mut streamed: Option<(&mut Begun, u64)>,
    edits: &mut Vec<Edit<'_>>,
) -> Result<(), Syntax> {
    let json = cursor.source();
    let open = base + cursor.at() + 1;
    // Who puts the parts of a stream together joins what is told twice.
    let is_new = streamed
        .as_ref()
        .is_none_or(|(begun, choice)| begun.is_new(*choice));
    let mut role = streamed.is_some();
    let (mut thought, mut known) = (None, None);
    let instead = |name: &[u8], rest: &[u8]| {
        role |= name == b"role";
        match name {
            // Some say "model", or nothing: clients that know all roles know neither.
            b"role" if rest.starts_with(ASSISTANT) => None,
            b"role" if is_new => Some(Instead::Is("\"assistant\"".into())),
            b"role" => Some(Instead::Nothing),
            _ if !is_null(rest) => None,
            b"tool_calls" | b"reasoning_details" | b"images" | b"annotations" => {
                Some(Instead::Is("[]".into()))
            }
            b"audio" => Some(Instead::Nothing),
            _ => None,
        }
    };
    let empty = members(cursor, base, edits, instead, |name, cursor, edits| {
        let kind = cursor.peek()?;
        match name {
            b"tool_calls" => {
                let streamed = streamed
                    .as_mut()
                    .map(|(begun, choice)| (&mut begun.calls, *choice));
                return parts::parts(cursor, base, id, streamed, edits);
            }
            b"reasoning" => known = Some((kind, cursor.skip()?)),
            b"reasoning_content" if kind == Kind::String => thought = Some(cursor.skip()?),
            _ => drop(cursor.skip()?),
        }
        Ok(())
    })?;
    let mut missing = String::new();
    if !role {
        missing.push_str("\"role\":\"assistant\",");
    }
    // OpenRouter's name for it, beside that of others.
    match (thought, known) {
        (Some(thought), None) => {
            let thought = String::from_utf8_lossy(thought.of(json));
            for piece in ["\"reasoning\":", &thought, ","] {
                missing.push_str(piece);
            }
        }
        (Some(thought), Some((Kind::Null, place))) => {
            let place = place.range();
            let thought = thought.of(json).to_vec();
            edits.push((base + place.start..base + place.end, thought.into()));
        }
        _ => {}
    }
    insert(missing, open, empty, edits);
    Ok(())
}
