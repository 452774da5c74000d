use std::borrow::Cow;
use std::ops::Range;

use crate::wire::json::{Cursor, Syntax};

/// One place of a text, and what stands there instead.
pub(in crate::wire) type Edit<'a> = (Range<usize>, Cow<'a, [u8]>);

/// What stands there instead of a value?
pub(super) enum Instead {
    /// This.
    Is(Cow<'static, str>),
    /// Not even the key.
    Nothing,
}

/// Mends the object before which `cursor` stands, as `instead` says for each name and what stands behind it; any other value is for
/// `value` to read. Is no member left?
pub(super) fn members<'a, 'e>(
    cursor: &mut Cursor<'a>,
    base: usize,
    edits: &mut Vec<Edit<'e>>,
    mut instead: impl FnMut(&[u8], &[u8]) -> Option<Instead>,
    mut value: impl FnMut(&[u8], &mut Cursor<'a>, &mut Vec<Edit<'e>>) -> Result<(), Syntax>,
) -> Result<bool, Syntax> {
    let json = cursor.source();
    cursor.object()?;
    let (mut at, mut front) = (cursor.at(), true);
    while let Some(key) = cursor.next_member()? {
        let name = key.bytes(json);
        cursor.peek()?;
        let start = cursor.at();
        let Some(instead) = instead(&name, &json[start..]) else {
            value(&name, cursor, edits)?;
            (at, front) = (cursor.at(), false);
            continue;
        };
        let mut end = cursor.skip()?.range().end;
        match instead {
            Instead::Is(with) => {
                let with = match with {
                    Cow::Borrowed(with) => with.as_bytes().into(),
                    Cow::Owned(with) => with.into_bytes().into(),
                };
                edits.push((base + start..base + end, with));
                front = false;
            }
            Instead::Nothing => {
                // With the comma before it, or at the front the one behind it.
                let rest = json[end..].trim_ascii_start();
                if front && rest.starts_with(b",") {
                    end = json.len() - rest.len() + 1;
                }
                edits.push((base + at..base + end, Cow::default()));
            }
        }
        at = end;
    }
    Ok(front)
}

/// Puts these in where an object opens, each with the comma behind it; nothing follows the last one if the object is `empty`.
pub(super) fn insert(mut missing: String, open: usize, empty: bool, edits: &mut Vec<Edit<'_>>) {
    if empty {
        missing.pop();
    }
    if !missing.is_empty() {
        edits.push((open..open, missing.into_bytes().into()));
    }
}

/// Does a null stand here?
pub(super) fn is_null(json: &[u8]) -> bool {
    json.starts_with(b"null")
}
