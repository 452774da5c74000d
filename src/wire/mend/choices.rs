use super::members::{Instead, is_null, members};
use super::{Begun, Edit, parts};
use crate::wire::Finish;
use crate::wire::content::ASSISTANT;
use crate::wire::json::{Cursor, Kind, Span, Syntax, integer};

/// The edits that `choices` needs.
pub(in crate::wire) fn choices(
    json: &[u8],
    choices: Span,
    begun: &mut Begun,
    edits: &mut Vec<Edit<'_>>,
) -> Result<(), Syntax> {
    let base = choices.start as usize;
    let mut cursor = Cursor::new(choices.of(json))?;
    if cursor.peek()? != Kind::Array {
        return Ok(());
    }
    cursor.array()?;
    let mut place = 0;
    while cursor.next_item()? {
        match cursor.peek()? {
            Kind::Object => choice(&mut cursor, base, place, begun, edits)?,
            _ => drop(cursor.skip()?),
        }
        place += 1;
    }
    Ok(())
}

/// The finish reason that is given as this, and the provider's own word for it where that is not told yet.
pub(in crate::wire) fn told(own: &[u8], finish: Finish, with_own: bool) -> Vec<u8> {
    let mut told = Vec::with_capacity(64);
    match own {
        b"\"function_call\"" => told.extend_from_slice(own),
        _ => ["\"", finish.as_str(), "\""]
            .iter()
            .for_each(|piece| told.extend_from_slice(piece.as_bytes())),
    }
    if with_own {
        told.extend_from_slice(b",\"native_finish_reason\":");
        told.extend_from_slice(own);
    }
    told
}

fn choice(
    cursor: &mut Cursor<'_>,
    base: usize,
    place: usize,
    begun: &mut Begun,
    edits: &mut Vec<Edit<'_>>,
) -> Result<(), Syntax> {
    let json = cursor.source();
    let (mut index, mut native) = (None, None);
    let mut reason = None;
    cursor.object()?;
    let open = base + cursor.at();
    while let Some(key) = cursor.next_member()? {
        match &*key.bytes(json) {
            name @ (b"delta" | b"message") if cursor.peek()? == Kind::Object => {
                let choice = index.flatten().unwrap_or(place as u64);
                let streamed = (name == b"delta").then_some((&mut *begun, choice));
                message(cursor, base, streamed, edits)?;
            }
            b"finish_reason" => {
                cursor.peek()?;
                let start = cursor.at();
                let finish = Finish::read(cursor)?;
                reason = Some((start..cursor.at(), finish));
            }
            b"index" => index = Some(integer(cursor.skip()?.of(json))),
            b"native_finish_reason" => {
                let nothing = cursor.peek()? == Kind::Null;
                native = Some((nothing, cursor.skip()?.range()));
            }
            _ => drop(cursor.skip()?),
        }
    }
    let mut missing = String::new();
    if index.is_none() {
        missing = format!("\"index\":{place},");
    }
    match reason {
        None => missing.push_str("\"finish_reason\":null,"),
        // Nothing was said, in whatever words.
        Some((range, None)) => {
            edits.push((base + range.start..base + range.end, b"null".into()));
        }
        Some((range, Some(finish))) => {
            let own = &json[range.clone()];
            // Told as unknown beside the reason itself.
            if let Some((true, place)) = &native {
                edits.push((base + place.start..base + place.end, own.to_vec().into()));
            }
            let told = told(own, finish, native.is_none());
            edits.push((base + range.start..base + range.end, told.into()));
        }
    }
    if json[open - base..].trim_ascii_start().starts_with(b"}") {
        // No member follows the last comma.
        missing.pop();
    }
    if !missing.is_empty() {
        edits.push((open..open, missing.into_bytes().into()));
    }
    Ok(())
}

fn message(
    cursor: &mut Cursor<'_>,
    base: usize,
    mut streamed: Option<(&mut Begun, u64)>,
    edits: &mut Vec<Edit<'_>>,
) -> Result<(), Syntax> {
    // Who puts the parts of a stream together joins what is told twice.
    let is_new = streamed
        .as_ref()
        .is_none_or(|(begun, choice)| begun.is_new(*choice));
    let instead = |name: &[u8], rest: &[u8]| match name {
        // Some say "model", or nothing: clients that know all roles know neither.
        b"role" if rest.starts_with(ASSISTANT) => None,
        b"role" if is_new => Some(Instead::Is("\"assistant\"")),
        b"role" => Some(Instead::Nothing),
        _ if !is_null(rest) => None,
        b"tool_calls" | b"reasoning_details" | b"images" | b"annotations" => {
            Some(Instead::Is("[]"))
        }
        b"audio" => Some(Instead::Nothing),
        _ => None,
    };
    members(
        cursor,
        base,
        edits,
        instead,
        |name, cursor, edits| match name {
            b"tool_calls" => {
                let streamed = streamed
                    .as_mut()
                    .map(|(begun, choice)| (&mut begun.calls, *choice));
                parts::parts(cursor, base, streamed, edits)
            }
            _ => cursor.skip().map(drop),
        },
    )?;
    Ok(())
}
