//! The choices of an answer, as strict clients want them.
//!
//! | what an upstream may send | what a caller gets |
//! |---|---|
//! | no `index` | the place in the list |
//! | no `finish_reason`, or `""` | `null` |
//! | a finish reason of its own | the nearest that is known, and its own as `native_finish_reason` |
//! | `tool_calls`, `reasoning_details`, `images` or `annotations` of `null` | `[]` |
//! | `role` of `null` | `"assistant"` |
//! | `audio` of `null` | nothing |

use std::ops::Range;

use super::Finish;
use super::json::{Cursor, Kind, Span, Syntax};

/// One place of a text, and what stands there instead.
pub(super) type Edit = (Range<usize>, Vec<u8>);

/// The edits that `choices` needs.
pub(super) fn choices(json: &[u8], choices: Span, edits: &mut Vec<Edit>) -> Result<(), Syntax> {
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
    edits: &mut Vec<Edit>,
) -> Result<(), Syntax> {
    let json = cursor.source();
    let (mut indexed, mut native) = (false, false);
    let mut reason = None;
    cursor.object()?;
    let open = base + cursor.at();
    while let Some(key) = cursor.next_member()? {
        match &*key.bytes(json) {
            b"delta" | b"message" if cursor.peek()? == Kind::Object => {
                message(cursor, base, edits)?;
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
        Some((range, finish)) => {
            let own = String::from_utf8_lossy(&json[range.clone()]);
            let mut told = match finish {
                Some(finish) if own != "\"function_call\"" => format!("\"{}\"", finish.as_str()),
                Some(_) => own.to_string(),
                None => "null".to_owned(),
            };
            if finish.is_some() && !native {
                told = format!("{told},\"native_finish_reason\":{own}");
            }
            edits.push((base + range.start..base + range.end, told.into()));
        }
    }
    if json[open - base..].trim_ascii_start().starts_with(b"}") {
        // No member follows the last comma.
        missing.pop();
    }
    if !missing.is_empty() {
        edits.push((open..open, missing.into()));
    }
    Ok(())
}

fn message(cursor: &mut Cursor<'_>, base: usize, edits: &mut Vec<Edit>) -> Result<(), Syntax> {
    let json = cursor.source();
    cursor.object()?;
    let (mut at, mut front) = (cursor.at(), true);
    while let Some(key) = cursor.next_member()? {
        let kind = cursor.peek()?;
        let (start, mut end) = (cursor.at(), cursor.skip()?.range().end);
        let mut gone = false;
        match &*key.bytes(json) {
            _ if kind != Kind::Null => {}
            b"tool_calls" | b"reasoning_details" | b"images" | b"annotations" => {
                edits.push((base + start..base + end, b"[]".to_vec()));
            }
            b"role" => edits.push((base + start..base + end, b"\"assistant\"".to_vec())),
            b"audio" => {
                // With the comma before it, or at the front the one behind it.
                gone = true;
                let rest = json[end..].trim_ascii_start();
                if front && rest.starts_with(b",") {
                    end = json.len() - rest.len() + 1;
                }
                edits.push((base + at..base + end, Vec::new()));
            }
            _ => {}
        }
        front &= gone;
        at = end;
    }
    Ok(())
}
