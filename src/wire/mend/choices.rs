use super::members::{Instead, members};
use super::{Edit, calls};
use crate::wire::Finish;
use crate::wire::json::{Cursor, Kind, Span, Syntax};

/// The edits that `choices` needs.
pub(in crate::wire) fn choices(
    json: &[u8],
    choices: Span,
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
            Kind::Object => choice(&mut cursor, base, place, edits)?,
            _ => drop(cursor.skip()?),
        }
        place += 1;
    }
    Ok(())
}

fn choice(
    cursor: &mut Cursor<'_>,
    base: usize,
    place: usize,
    edits: &mut Vec<Edit<'_>>,
) -> Result<(), Syntax> {
    let json = cursor.source();
    let (mut indexed, mut native) = (false, false);
    let mut reason = None;
    cursor.object()?;
    let open = base + cursor.at();
    while let Some(key) = cursor.next_member()? {
        match &*key.bytes(json) {
            name @ (b"delta" | b"message") if cursor.peek()? == Kind::Object => {
                message(cursor, base, name == b"delta", edits)?;
            }
            b"finish_reason" => {
                cursor.peek()?;
                let start = cursor.at();
                let finish = Finish::read(cursor)?;
                reason = Some((start..cursor.at(), finish));
            }
            name => {
                indexed |= name == b"index";
                native |= name == b"native_finish_reason";
                cursor.skip()?;
            }
        }
    }
    let mut missing = String::new();
    if !indexed {
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
            let mut told = Vec::with_capacity(64);
            match own {
                b"\"function_call\"" => told.extend_from_slice(own),
                _ => ["\"", finish.as_str(), "\""]
                    .iter()
                    .for_each(|piece| told.extend_from_slice(piece.as_bytes())),
            }
            if !native {
                told.extend_from_slice(b",\"native_finish_reason\":");
                told.extend_from_slice(own);
            }
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
    streamed: bool,
    edits: &mut Vec<Edit<'_>>,
) -> Result<(), Syntax> {
    let instead = |name: &[u8]| match name {
        b"tool_calls" | b"reasoning_details" | b"images" | b"annotations" => Instead::Is("[]"),
        b"role" => Instead::Is("\"assistant\""),
        b"audio" => Instead::Nothing,
        _ => Instead::Null,
    };
    members(
        cursor,
        base,
        edits,
        instead,
        |name, cursor, edits| match name {
            b"tool_calls" => calls::calls(cursor, base, streamed, edits),
            _ => cursor.skip().map(drop),
        },
    )?;
    Ok(())
}
