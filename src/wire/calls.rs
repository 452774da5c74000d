//! The calls of tools in an answer, or the parts of them in one event of a stream.

use std::borrow::Cow;

use super::content::each_member;
use super::json::{Cursor, Kind, Span, Syntax, Text, integer};
use super::mend;

/// What is said of one call of a tool.
#[derive(Debug, Default)]
pub(crate) struct Part<'a> {
    /// The index of its choice.
    pub(crate) choice: u64,
    /// Its own, within the choice.
    pub(crate) index: u64,
    /// More of its name.
    pub(crate) name: Cow<'a, [u8]>,
    /// More of its arguments; an object in their place as it is spelled.
    pub(crate) arguments: Cow<'a, [u8]>,
    /// Does it hand over text of any kind in place of arguments?
    pub(crate) custom: bool,
}

/// Hands each part to `hear`, in the order of these `choices` of `json`. `told` is what the events before have said.
pub(crate) fn each_part<'a>(
    json: &'a [u8],
    choices: Span,
    told: &mut mend::Calls,
    mut hear: impl FnMut(Part<'a>),
) -> Result<(), Syntax> {
    let json = choices.of(json);
    let mut cursor = Cursor::new(json)?;
    let mut place = 0;
    cursor.array()?;
    while cursor.next_item()? {
        let (mut index, mut said) = (place, None);
        each_member(&mut cursor, |cursor, key| {
            match key {
                b"index" => index = integer(cursor.skip()?.of(json)).unwrap_or(place),
                // Its index may follow.
                b"delta" => said = Some((true, cursor.skip()?)),
                b"message" => said = Some((false, cursor.skip()?)),
                _ => drop(cursor.skip()?),
            }
            Ok(())
        })?;
        if let Some((streamed, message)) = said {
            let mut cursor = Cursor::new(message.of(json))?;
            each_member(&mut cursor, |cursor, key| match key {
                b"tool_calls" => list(cursor, index, streamed.then_some(&mut *told), &mut hear),
                b"function_call" => {
                    let mut part = Part::default();
                    function(cursor, &mut part)?;
                    part.choice = index;
                    hear(part);
                    Ok(())
                }
                _ => cursor.skip().map(drop),
            })?;
        }
        place += 1;
    }
    Ok(())
}

fn list<'a>(
    cursor: &mut Cursor<'a>,
    choice: u64,
    mut told: Option<&mut mend::Calls>,
    hear: &mut impl FnMut(Part<'a>),
) -> Result<(), Syntax> {
    if cursor.peek()? != Kind::Array {
        return cursor.skip().map(drop);
    }
    let (json, mut place) = (cursor.source(), 0);
    cursor.array()?;
    while cursor.next_item()? {
        let (mut own, mut id, mut part) = (None, None, Part::default());
        each_member(cursor, |cursor, key| {
            match key {
                b"index" => own = integer(cursor.skip()?.of(json)),
                b"id" if cursor.peek()? == Kind::String => id = Some(cursor.string()?),
                b"function" => function(cursor, &mut part)?,
                b"custom" => {
                    part.custom = true;
                    function(cursor, &mut part)?;
                }
                _ => drop(cursor.skip()?),
            }
            Ok(())
        })?;
        let id = id.map_or(&b""[..], |id: Text| id.span().of(json));
        part.choice = choice;
        part.index = match &mut told {
            Some(told) => told.index(choice, own, id, place),
            None => place,
        };
        hear(part);
        place += 1;
    }
    Ok(())
}

fn function<'a>(cursor: &mut Cursor<'a>, part: &mut Part<'a>) -> Result<(), Syntax> {
    each_member(cursor, |cursor, key| {
        match key {
            b"name" => part.name = words(cursor)?,
            b"arguments" | b"input" => part.arguments = words(cursor)?,
            _ => drop(cursor.skip()?),
        }
        Ok(())
    })
}

fn words<'a>(cursor: &mut Cursor<'a>) -> Result<Cow<'a, [u8]>, Syntax> {
    let json = cursor.source();
    match cursor.peek()? {
        Kind::String => Ok(cursor.string()?.bytes(json)),
        Kind::Null => cursor.skip().map(|_| Cow::default()),
        _ => cursor.skip().map(|value| value.of(json).into()),
    }
}
