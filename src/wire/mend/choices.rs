use super::members::insert;
use super::message::message;
use super::{Begun, Edit};
use crate::wire::Finish;
use crate::wire::json::{Cursor, Kind, Span, Syntax, integer};

/// Of which answer are the choices?
#[derive(Clone, Copy)]
pub(in crate::wire) struct Of<'a> {
    /// Its name.
    pub(in crate::wire) id: &'a str,
    /// Is it a chunk of a chat? Such a choice has a `delta`.
    pub(in crate::wire) delta: bool,
}

/// The edits that `choices` needs.
pub(in crate::wire) fn choices(
    json: &[u8],
    choices: Span,
    of: Of<'_>,
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
            Kind::Object => choice(&mut cursor, (base, place), of, begun, edits)?,
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
    (base, place): (usize, usize),
    of: Of<'_>,
    begun: &mut Begun,
    edits: &mut Vec<Edit<'_>>,
) -> Result<(), Syntax> {
    let json = cursor.source();
    let (mut index, mut native, mut delta) = (None, None, !of.delta);
    let mut reason = None;
    cursor.object()?;
    let open = base + cursor.at();
    while let Some(key) = cursor.next_member()? {
        match &*key.bytes(json) {
            name @ (b"delta" | b"message") if cursor.peek()? == Kind::Object => {
                let choice = index.flatten().unwrap_or(place as u64);
                let streamed = (name == b"delta").then_some((&mut *begun, choice));
                delta |= name == b"delta";
                message(cursor, base, of.id, streamed, edits)?;
            }
            b"delta" if of.delta && cursor.peek()? == Kind::Null => {
                delta = true;
                let nothing = cursor.skip()?.range();
                edits.push((base + nothing.start..base + nothing.end, b"{}".into()));
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
    // Between its words some tell what a filter has looked at meanwhile, and nothing else.
    if !delta {
        missing.push_str("\"delta\":{},");
    }
    let empty = json[open - base..].trim_ascii_start().starts_with(b"}");
    insert(missing, open, empty, edits);
    Ok(())
}
