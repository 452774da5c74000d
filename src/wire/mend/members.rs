use std::borrow::Cow;
use std::ops::Range;

use crate::wire::json::{Cursor, Kind, Syntax};

/// One place of a text, and what stands there instead.
pub(in crate::wire) type Edit<'a> = (Range<usize>, Cow<'a, [u8]>);

/// What stands there instead of a null?
pub(super) enum Instead {
    /// It stays.
    Null,
    /// This.
    Is(&'static str),
    /// Not even the key.
    Nothing,
}

/// Mends the nulls of the object before which `cursor` stands, as `instead` says for each name; any other
/// value is for `value` to read. Is no member left?
pub(super) fn members<'a, 'e>(
    cursor: &mut Cursor<'a>,
    base: usize,
    edits: &mut Vec<Edit<'e>>,
    instead: impl Fn(&[u8]) -> Instead,
    mut value: impl FnMut(&[u8], &mut Cursor<'a>, &mut Vec<Edit<'e>>) -> Result<(), Syntax>,
) -> Result<bool, Syntax> {
    let json = cursor.source();
    cursor.object()?;
    let (mut at, mut front) = (cursor.at(), true);
    while let Some(key) = cursor.next_member()? {
        let name = key.bytes(json);
        let mut gone = false;
        if cursor.peek()? == Kind::Null {
            let start = cursor.at();
            let mut end = cursor.skip()?.range().end;
            match instead(&name) {
                Instead::Null => {}
                Instead::Is(with) => edits.push((base + start..base + end, with.as_bytes().into())),
                Instead::Nothing => {
                    // With the comma before it, or at the front the one behind it.
                    gone = true;
                    let rest = json[end..].trim_ascii_start();
                    if front && rest.starts_with(b",") {
                        end = json.len() - rest.len() + 1;
                    }
                    edits.push((base + at..base + end, Cow::default()));
                }
            }
            at = end;
        } else {
            value(&name, cursor, edits)?;
            at = cursor.at();
        }
        front &= gone;
    }
    Ok(front)
}
