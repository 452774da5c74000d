use super::Edit;
use super::members::{Instead, members};
use crate::wire::json::{Cursor, Kind, Syntax};

/// The edits that the calls of tools before which `cursor` stands need.
pub(super) fn calls(
    cursor: &mut Cursor<'_>,
    base: usize,
    streamed: bool,
    edits: &mut Vec<Edit<'_>>,
) -> Result<(), Syntax> {
    if cursor.peek()? != Kind::Array {
        return cursor.skip().map(drop);
    }
    cursor.array()?;
    let mut place = 0;
    while cursor.next_item()? {
        match cursor.peek()? {
            Kind::Object => call(cursor, base, streamed.then_some(place), edits)?,
            _ => drop(cursor.skip()?),
        }
        place += 1;
    }
    Ok(())
}

/// `place` is that of a part in a stream: by its index, which not all providers tell, the parts are put together.
fn call(
    cursor: &mut Cursor<'_>,
    base: usize,
    place: Option<usize>,
    edits: &mut Vec<Edit<'_>>,
) -> Result<(), Syntax> {
    let open = base + cursor.at() + 1;
    let mut indexed = false;
    let instead = |name: &[u8]| match (name, place) {
        (b"type", None) => Instead::Is("\"function\""),
        (b"id" | b"type" | b"index" | b"function", Some(_)) => Instead::Nothing,
        _ => Instead::Null,
    };
    let empty = members(cursor, base, edits, instead, |name, cursor, edits| {
        indexed |= name == b"index";
        match name {
            b"function" if place.is_some() && cursor.peek()? == Kind::Object => {
                function(cursor, base, edits)
            }
            _ => cursor.skip().map(drop),
        }
    })?;
    if let Some(place) = place.filter(|_| !indexed) {
        let comma = if empty { "" } else { "," };
        edits.push((
            open..open,
            format!("\"index\":{place}{comma}").into_bytes().into(),
        ));
    }
    Ok(())
}

fn function(cursor: &mut Cursor<'_>, base: usize, edits: &mut Vec<Edit<'_>>) -> Result<(), Syntax> {
    let instead = |name: &[u8]| match name {
        b"name" | b"arguments" => Instead::Nothing,
        _ => Instead::Null,
    };
    members(cursor, base, edits, instead, |_, cursor, _| {
        cursor.skip().map(drop)
    })?;
    Ok(())
}
