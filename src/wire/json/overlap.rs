//! Two spellings of one text, compared where they lie.

use super::text::{escaped, unescape};

/// How far does a string say what is expected of it?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overlap {
    /// It says so many bytes of it, and ends.
    Within(usize),
    /// It says all of it up to this byte of its spelling; what follows is new.
    Beyond(usize),
    /// It says something else.
    Differs,
}

/// Bytes of one half of a character that is spelled as two escapes.
pub(crate) const HALF: usize = r"\ud83d".len();

/// Compares what stands between the quotes of a well-formed string with a text.
pub(crate) fn overlap(raw: &[u8], expected: &[u8]) -> Overlap {
    let (mut at, mut left) = (0, expected);
    while !left.is_empty() {
        match raw.get(at) {
            None => return Overlap::Within(expected.len() - left.len()),
            Some(b'\\') => {
                let (used, c) = escaped(&raw[at..]);
                match left.strip_prefix(c.encode_utf8(&mut [0; 4]).as_bytes()) {
                    Some(rest) => (at, left) = (at + used, rest),
                    None => return Overlap::Differs,
                }
            }
            Some(_) => {
                let run = memchr::memchr(b'\\', &raw[at..]).unwrap_or(raw.len() - at);
                let run = run.min(left.len());
                if raw[at..at + run] != left[..run] {
                    return Overlap::Differs;
                }
                (at, left) = (at + run, &left[run..]);
            }
        }
    }
    Overlap::Beyond(at)
}

/// Appends what a well-formed string says.
pub(crate) fn append(raw: &[u8], to: &mut Vec<u8>) {
    unescape(raw, |piece| to.extend_from_slice(piece));
}

/// How many bytes at its end are the first half of a character whose second half is still to come?
pub(crate) fn half_at_end(raw: &[u8]) -> usize {
    let Some((before, half)) = raw.split_last_chunk::<HALF>() else {
        return 0;
    };
    let slashes = before.iter().rev().take_while(|byte| **byte == b'\\');
    let is_half = unit(half).is_some_and(|unit| (0xd800..0xdc00).contains(&unit));
    match is_half && slashes.count() % 2 == 0 {
        true => HALF,
        false => 0,
    }
}

/// Where a text goes on with a character whose first half has been said: its second half as an escape, the character,
/// and how many bytes of `raw` that is.
pub(crate) fn low_half(raw: &[u8], high: &[u8; HALF]) -> Option<([u8; HALF], char, usize)> {
    let (used, c) = match raw.first()? {
        b'\\' => escaped(raw),
        _ => {
            let len = raw.len().min(4);
            let text = match std::str::from_utf8(&raw[..len]) {
                Ok(text) => text,
                Err(error) => std::str::from_utf8(&raw[..error.valid_up_to()]).ok()?,
            };
            let c = text.chars().next()?;
            (c.len_utf8(), c)
        }
    };
    let mut units = [0; 2];
    let [first, second] = *c.encode_utf16(&mut units) else {
        return None;
    };
    (Some(first) == unit(high)).then(|| {
        let mut low = *br"\u0000";
        low[2..].copy_from_slice(format!("{second:04x}").as_bytes());
        (low, c, used)
    })
}

/// The number that an escape such as `\ud83d` spells.
fn unit(escape: &[u8; HALF]) -> Option<u16> {
    let hex = escape.strip_prefix(br"\u")?;
    u16::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
}
