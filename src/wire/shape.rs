//! What shape must a value have? The small questions that several readers ask.

use std::borrow::Cow;

use super::Invalid;
use super::json::{Cursor, Kind, Syntax, Text};

/// An error names so many unknown fields, and so many characters of each: it must stay short whatever was sent.
const NAMES: usize = 16;
const NAME: usize = 64;

pub(super) fn mistyped(field: &'static str, expected: &'static str, at: usize) -> Invalid {
    Invalid::Mistyped {
        field,
        expected,
        at,
    }
}

/// Where does the next value begin?
pub(super) fn at(cursor: &mut Cursor<'_>) -> Result<usize, Syntax> {
    cursor.peek()?;
    Ok(cursor.at())
}

/// The kind of the next value, which must be one of `kinds`.
pub(super) fn kind(
    cursor: &mut Cursor<'_>,
    field: &'static str,
    kinds: &[Kind],
    expected: &'static str,
) -> Result<Kind, Invalid> {
    let kind = cursor.peek()?;
    match kinds.contains(&kind) {
        true => Ok(kind),
        false => Err(mistyped(field, expected, cursor.at())),
    }
}

/// Reads a boolean or null.
pub(super) fn flag(cursor: &mut Cursor<'_>, field: &'static str) -> Result<Option<bool>, Invalid> {
    kind(
        cursor,
        field,
        &[Kind::Bool, Kind::Null],
        "a boolean or null",
    )?;
    Ok(match cursor.skip()?.of(cursor.source()) {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    })
}

/// Reads a string or null.
pub(super) fn word<'a>(
    cursor: &mut Cursor<'a>,
    field: &'static str,
    expected: &'static str,
) -> Result<Option<Cow<'a, str>>, Invalid> {
    if kind(cursor, field, &[Kind::String, Kind::Null], expected)? == Kind::Null {
        cursor.skip()?;
        return Ok(None);
    }
    Ok(Some(cursor.string()?.decode(cursor.source())))
}

/// Reads null, or a string that `named` knows.
pub(super) fn choice<T>(
    cursor: &mut Cursor<'_>,
    field: &'static str,
    expected: &'static str,
    named: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Invalid> {
    let at = at(cursor)?;
    match word(cursor, field, expected)?.as_deref().map(named) {
        None => Ok(None),
        Some(None) => Err(mistyped(field, expected, at)),
        Some(choice) => Ok(choice),
    }
}

/// Reads an array of strings, of which `each` says whether it may stand there.
pub(super) fn strings(
    cursor: &mut Cursor<'_>,
    field: &'static str,
    expected: &'static str,
    mut each: impl FnMut(Text) -> bool,
) -> Result<(), Invalid> {
    cursor.array()?;
    while cursor.next_item()? {
        kind(cursor, field, &[Kind::String], expected)?;
        let at = cursor.at();
        if !each(cursor.string()?) {
            return Err(mistyped(field, expected, at));
        }
    }
    Ok(())
}

/// Reads null, or an array of strings, of which `each` says whether it may stand there.
pub(super) fn strings_or_null(
    cursor: &mut Cursor<'_>,
    field: &'static str,
    expected: &'static str,
    each: impl FnMut(Text) -> bool,
) -> Result<(), Invalid> {
    match kind(cursor, field, &[Kind::Array, Kind::Null], expected)? {
        Kind::Null => cursor.skip().map(drop).map_err(Invalid::from),
        _ => strings(cursor, field, expected, each),
    }
}

/// Reads an object that may have each of `fields` once, and no others.
pub(super) fn members<'a>(
    cursor: &mut Cursor<'a>,
    parent: &'static str,
    fields: &[&'static str],
    mut each: impl FnMut(&mut Cursor<'a>, &'static str) -> Result<(), Invalid>,
) -> Result<(), Invalid> {
    let (mut seen, mut unknown, mut first) = (0u32, Vec::new(), 0);
    cursor.object()?;
    while let Some(key) = cursor.next_member()? {
        let at = key.span().start as usize - 1;
        let name = key.decode(cursor.source());
        let known = fields.iter().position(|f| f[parent.len() + 1..] == *name);
        let Some(i) = known else {
            first = if unknown.is_empty() { at } else { first };
            if unknown.len() < NAMES {
                unknown.push(name.chars().take(NAME).collect());
            }
            cursor.skip()?;
            continue;
        };
        let field = fields[i];
        if seen & 1 << i != 0 {
            return Err(Invalid::Duplicate { field, at });
        }
        seen |= 1 << i;
        each(cursor, field)?;
    }
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(Invalid::Unknown {
            field: parent,
            names: unknown,
            at: first,
        }),
    }
}

/// Whether a value says nothing: null, or an empty array, object or string.
pub(super) fn hollow(value: &[u8]) -> bool {
    match value {
        b"null" | b"\"\"" => true,
        [b'[' | b'{', rest @ ..] => matches!(rest.trim_ascii_start(), b"]" | b"}"),
        _ => false,
    }
}
