use super::members::{Instead, is_null, members};
use super::{Calls, Edit};
use crate::wire::json::{Cursor, Kind, Syntax, Text, integer};

/// The edits that the calls of tools before which `cursor` stands need. Of a stream they are parts of calls, of this
/// choice.
pub(super) fn parts(
    cursor: &mut Cursor<'_>,
    base: usize,
    mut streamed: Option<(&mut Calls, u64)>,
    edits: &mut Vec<Edit<'_>>,
) -> Result<(), Syntax> {
    if cursor.peek()? != Kind::Array {
        return cursor.skip().map(drop);
    }
    cursor.array()?;
    let mut place = 0;
    while cursor.next_item()? {
        match (cursor.peek()?, &mut streamed) {
            (Kind::Object, Some((calls, choice))) => {
                let index = |own, id: &[u8]| calls.index(*choice, own, id, place);
                part(cursor, base, index, edits)?;
            }
            (Kind::Object, None) => whole(cursor, base, edits)?,
            _ => drop(cursor.skip()?),
        }
        place += 1;
    }
    Ok(())
}

/// A call in a whole answer.
fn whole(cursor: &mut Cursor<'_>, base: usize, edits: &mut Vec<Edit<'_>>) -> Result<(), Syntax> {
    let instead = |name: &[u8], rest: &[u8]| match name {
        b"type" if is_null(rest) => Some(Instead::Is("\"function\"")),
        _ => None,
    };
    members(cursor, base, edits, instead, |_, cursor, _| {
        cursor.skip().map(drop)
    })?;
    Ok(())
}

/// A part of a call in a stream: by its index, which not all providers tell, the parts are put together.
fn part(
    cursor: &mut Cursor<'_>,
    base: usize,
    mut index: impl FnMut(Option<u64>, &[u8]) -> u64,
    edits: &mut Vec<Edit<'_>>,
) -> Result<(), Syntax> {
    let json = cursor.source();
    let open = base + cursor.at() + 1;
    let (mut own, mut id): (Option<Option<u64>>, Option<Text>) = (None, None);
    let instead = |name: &[u8], rest: &[u8]| match name {
        b"id" | b"type" | b"index" | b"function" if is_null(rest) => Some(Instead::Nothing),
        _ => None,
    };
    let empty = members(cursor, base, edits, instead, |name, cursor, edits| {
        let kind = cursor.peek()?;
        match name {
            b"function" if kind == Kind::Object => return function(cursor, base, edits),
            b"id" if kind == Kind::String => id = Some(cursor.string()?),
            b"index" => own = Some(integer(cursor.skip()?.of(json))),
            _ => drop(cursor.skip()?),
        }
        Ok(())
    })?;
    let id = id.map_or(&b""[..], |id| id.span().of(json));
    let index = index(own.flatten(), id);
    if own.is_none() {
        let comma = if empty { "" } else { "," };
        let told = format!("\"index\":{index}{comma}").into_bytes();
        edits.push((open..open, told.into()));
    }
    Ok(())
}

fn function(cursor: &mut Cursor<'_>, base: usize, edits: &mut Vec<Edit<'_>>) -> Result<(), Syntax> {
    let instead = |name: &[u8], rest: &[u8]| match name {
        b"name" | b"arguments" if is_null(rest) => Some(Instead::Nothing),
        _ => None,
    };
    members(cursor, base, edits, instead, |_, cursor, _| {
        cursor.skip().map(drop)
    })?;
    Ok(())
}
