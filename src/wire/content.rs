//! How much content is in it? Counted in bytes of text, since tokens are not to be had.

use super::json::{Cursor, Kind, Span, Syntax, Text};
use super::shape;

/// What a `delta` or a `message` says.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) bytes: u32,
    /// Of them, those that are thought.
    pub(super) thought: u32,
    /// The place of its `content`, if that is one string and all there is.
    pub(super) words: Option<Span>,
    /// Does it call a tool, or go on with it?
    pub(super) calls: bool,
    /// Does it hold nothing that strict clients want to be spelled otherwise?
    pub(super) strict: bool,
}

/// The one role that answers.
pub(super) const ASSISTANT: &[u8] = b"\"assistant\"";

/// Of a `delta`, or of a `message`, which is whole.
pub(super) fn message(cursor: &mut Cursor<'_>, whole: bool) -> Result<Said, Syntax> {
    let (mut said, mut thought) = (0, 0);
    let (mut words, mut calls, mut strict) = (None, false, cursor.peek()? == Kind::Object);
    let mut role = !whole;
    each_member(cursor, |cursor, key| {
        strict &= match key {
            b"role" => {
                role = true;
                cursor.peek()?;
                cursor.source()[cursor.at()..].starts_with(ASSISTANT)
            }
            b"reasoning_content" => cursor.peek()? != Kind::String,
            b"reasoning_details" | b"images" | b"annotations" | b"audio" => {
                cursor.peek()? != Kind::Null
            }
            _ => key != b"tool_calls",
        };
        let more = match key {
            b"content" if cursor.peek()? == Kind::String => {
                let string = cursor.string()?;
                words = Some(string);
                string.len(cursor.source()) as u32
            }
            b"content" | b"refusal" => text(cursor)?,
            b"images" => items(cursor)?,
            b"audio" => single(cursor)?,
            b"tool_calls" | b"function_call" => {
                let bytes = match key {
                    b"tool_calls" => items(cursor)?,
                    _ => single(cursor)?,
                };
                calls |= bytes > 0;
                bytes
            }
            // One and the same reasoning under several names: the longest counts.
            b"reasoning" | b"reasoning_content" => {
                thought = text(cursor)?.max(thought);
                0
            }
            b"reasoning_details" => {
                thought = items(cursor)?.max(thought);
                0
            }
            _ => return cursor.skip().map(drop),
        };
        said = more.saturating_add(said);
        Ok(())
    })?;
    let bytes = thought.saturating_add(said);
    // Whatever else there is adds to the bytes.
    let words = words.filter(|words| words.len(cursor.source()) as u32 == bytes);
    let words = words.map(Text::span);
    Ok(Said {
        bytes,
        thought,
        words,
        calls,
        strict: strict && role,
    })
}

/// Of text: a string, or parts, each of which is a string, an object with text, or something else, which counts as one.
pub(super) fn text(cursor: &mut Cursor<'_>) -> Result<u32, Syntax> {
    match cursor.peek()? {
        Kind::String => Ok(cursor.string()?.len(cursor.source()) as u32),
        Kind::Array => sum(cursor, text),
        Kind::Object => {
            let (mut bytes, mut members, mut worded) = (0u32, 0, false);
            each_member(cursor, |cursor, key| {
                members += 1;
                if !matches!(key, b"text" | b"refusal" | b"thinking") {
                    return cursor.skip().map(drop);
                }
                worded = true;
                bytes = text(cursor)?.saturating_add(bytes);
                Ok(())
            })?;
            Ok(bytes.max(u32::from(members > 0 && !worded)))
        }
        _ => cursor.skip().map(|_| 0),
    }
}

/// Of an array of things, each of which counts.
fn items(cursor: &mut Cursor<'_>) -> Result<u32, Syntax> {
    match cursor.peek()? {
        Kind::Array => sum(cursor, |cursor| Ok(thing(cursor)?.max(1))),
        _ => cursor.skip().map(|_| 0),
    }
}

/// Of one thing that is not in an array: an object, unless it is empty.
fn single(cursor: &mut Cursor<'_>) -> Result<u32, Syntax> {
    let kind = cursor.peek()?;
    let start = cursor.at();
    let bytes = thing(cursor)?;
    let value = &cursor.source()[start..cursor.at()];
    let there = kind == Kind::Object && !shape::hollow(value);
    Ok(bytes.max(u32::from(there)))
}

/// Of a tool call, a reasoning detail, an image or the like: what it says in words.
fn thing(cursor: &mut Cursor<'_>) -> Result<u32, Syntax> {
    let mut bytes = 0u32;
    each_member(cursor, |cursor, key| {
        let more = match key {
            b"name" | b"arguments" | b"input" | b"text" | b"summary" | b"transcript" => {
                words(cursor)?
            }
            b"function" | b"custom" => thing(cursor)?,
            _ => cursor.skip().map(|_| 0)?,
        };
        bytes = more.saturating_add(bytes);
        Ok(())
    })?;
    Ok(bytes)
}

/// Of a string; an object in its place counts as it is spelled.
fn words(cursor: &mut Cursor<'_>) -> Result<u32, Syntax> {
    match cursor.peek()? {
        Kind::String => Ok(cursor.string()?.len(cursor.source()) as u32),
        Kind::Object | Kind::Array => cursor.skip().map(|span| span.len() as u32),
        _ => cursor.skip().map(|_| 0),
    }
}

fn sum(
    cursor: &mut Cursor<'_>,
    each: impl Fn(&mut Cursor<'_>) -> Result<u32, Syntax>,
) -> Result<u32, Syntax> {
    let mut total = 0u32;
    cursor.array()?;
    while cursor.next_item()? {
        total = total.saturating_add(each(cursor)?);
    }
    Ok(total)
}

/// Walks an object; anything else is passed over.
pub(super) fn each_member<'a>(
    cursor: &mut Cursor<'a>,
    mut each: impl FnMut(&mut Cursor<'a>, &[u8]) -> Result<(), Syntax>,
) -> Result<(), Syntax> {
    if cursor.peek()? != Kind::Object {
        return cursor.skip().map(drop);
    }
    cursor.object()?;
    while let Some(key) = cursor.next_member()? {
        each(cursor, &key.bytes(cursor.source()))?;
    }
    Ok(())
}
