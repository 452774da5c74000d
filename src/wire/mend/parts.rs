use serde_json::Value;

use super::members::{Instead, insert, is_null, members};
use super::{Calls, Edit};
use crate::wire::json::{Cursor, Kind, Syntax, Text, integer};

/// The edits that the calls of tools before which `cursor` stands need. Of a stream they are parts of calls, of this
/// choice. The answer is known as `id`.
pub(super) fn parts(
    cursor: &mut Cursor<'_>,
    base: usize,
    id: &str,
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
            (Kind::Object, None) => {
                let id = || format!("\"{}-{place}\"", id.trim_matches('"'));
                whole(cursor, base, id, edits)?;
            }
            _ => drop(cursor.skip()?),
        }
        place += 1;
    }
    Ok(())
}

/// A call in a whole answer, of which only who made it up knows its `id` where the provider has none.
fn whole(
    cursor: &mut Cursor<'_>,
    base: usize,
    id: impl Fn() -> String,
    edits: &mut Vec<Edit<'_>>,
) -> Result<(), Syntax> {
    let open = base + cursor.at() + 1;
    let (mut typed, mut named) = (false, false);
    let instead = |name: &[u8], rest: &[u8]| {
        typed |= name == b"type";
        named |= name == b"id";
        match name {
            b"type" if is_null(rest) => Some(Instead::Is("\"function\"".into())),
            b"id" if is_null(rest) => Some(Instead::Is(id().into())),
            _ => None,
        }
    };
    let empty = members(cursor, base, edits, instead, |name, cursor, edits| {
        match (name, cursor.peek()?) {
            (b"function", Kind::Object) => function(cursor, base, true, edits),
            _ => cursor.skip().map(drop),
        }
    })?;
    let mut missing = String::new();
    if !named {
        missing.push_str(&format!("\"id\":{},", id()));
    }
    if !typed {
        missing.push_str("\"type\":\"function\",");
    }
    insert(missing, open, empty, edits);
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
            b"function" if kind == Kind::Object => return function(cursor, base, false, edits),
            b"id" if kind == Kind::String => id = Some(cursor.string()?),
            b"index" => own = Some(integer(cursor.skip()?.of(json))),
            _ => drop(cursor.skip()?),
        }
        Ok(())
    })?;
    let id = id.map_or(&b""[..], |id| id.span().of(json));
    let index = index(own.flatten(), id);
    if own.is_none() {
        insert(format!("\"index\":{index},"), open, empty, edits);
    }
    Ok(())
}

/// What is called, in a `whole` answer or in a part: with arguments in a string.
fn function(
    cursor: &mut Cursor<'_>,
    base: usize,
    whole: bool,
    edits: &mut Vec<Edit<'_>>,
) -> Result<(), Syntax> {
    let json = cursor.source();
    let open = base + cursor.at() + 1;
    let mut told = !whole;
    let instead = |name: &[u8], rest: &[u8]| {
        told |= name == b"arguments";
        match name {
            b"arguments" if whole && is_null(rest) => Some(Instead::Is("\"{}\"".into())),
            b"name" | b"arguments" if !whole && is_null(rest) => Some(Instead::Nothing),
            _ => None,
        }
    };
    let empty = members(cursor, base, edits, instead, |name, cursor, edits| {
        let kind = cursor.peek()?;
        let value = cursor.skip()?;
        if name == b"arguments" && kind == Kind::Object {
            let spelled = Value::from(String::from_utf8_lossy(value.of(json))).to_string();
            let place = value.range();
            let place = base + place.start..base + place.end;
            edits.push((place, spelled.into_bytes().into()));
        }
        Ok(())
    })?;
    let missing = if told { "" } else { "\"arguments\":\"{}\"," };
    insert(missing.to_owned(), open, empty, edits);
    Ok(())
}
