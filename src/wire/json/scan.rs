//! The inner loops: how far do plain characters, an escape, a number reach?

use memchr::memchr2;

use super::{Problem, Syntax};

const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = ONES << 7;
/// So many words are looked at before a run counts as long: measured, from here on it pays.
const SHORT: usize = 8;

/// The first quote, backslash or control character at or after `at`, or the end.
#[inline]
pub(super) fn plain(text: &[u8], at: usize) -> usize {
    let mut rest = &text[at..];
    for _ in 0..SHORT {
        let Some((word, after)) = rest.split_first_chunk() else {
            return text.len() - rest.len() + ends(rest);
        };
        let hits = special(u64::from_le_bytes(*word));
        if hits != 0 {
            return text.len() - rest.len() + (hits.trailing_zeros() / 8) as usize;
        }
        rest = after;
    }
    text.len() - rest.len() + long(rest)
}

/// The same for what remains of a long run, by as many bytes at once as the processor can.
#[inline(never)]
fn long(rest: &[u8]) -> usize {
    let run = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
    let run = &rest[..run];
    match run.iter().fold(u8::MAX, |least, byte| least.min(*byte)) {
        0x20.. => run.len(),
        _ => ends(run),
    }
}

/// The same, byte by byte.
fn ends(rest: &[u8]) -> usize {
    let is_special = |&byte: &u8| byte == b'"' || byte == b'\\' || byte < 0x20;
    rest.iter().position(is_special).unwrap_or(rest.len())
}

/// Sets the top bit of each byte of `word` that ends a plain run.
///
/// The borrow of a subtraction may reach the bytes above a hit, never those below: the lowest bit
/// set is always true, and it is the only one looked at ("Determine if a word has a byte less than n",
/// Bit Twiddling Hacks). A quote with its second bit turned is the first number above the control characters, which stay
/// among themselves.
fn special(word: u64) -> u64 {
    let quote_or_control = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let slash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    (quote_or_control | slash) & !word & TOPS
}

/// The end of the escape sequences, the first of whose backslashes stands at `at`: where there is one there are
/// often more.
#[inline]
pub(super) fn escapes(text: &[u8], mut at: usize) -> Result<usize, Syntax> {
    while text.get(at) == Some(&b'\\') {
        at = escape(text, at)?;
    }
    Ok(at)
}

/// The end of the escape sequence whose backslash stands at `at`.
#[inline]
fn escape(text: &[u8], at: usize) -> Result<usize, Syntax> {
    let problem = Problem::Escape;
    match text.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match text.get(at + 2..at + 6) {
            Some(hex) if hex.iter().all(u8::is_ascii_hexdigit) => Ok(at + 6),
            _ => Err(Syntax { at, problem }),
        },
        _ => Err(Syntax { at, problem }),
    }
}

/// The end of the number that begins at `at`.
pub(super) fn number(text: &[u8], mut at: usize) -> Result<usize, Syntax> {
    at += usize::from(text.get(at) == Some(&b'-'));
    at = match text.get(at) {
        Some(b'0') => at + 1,
        _ => digits(text, at)?,
    };
    if text.get(at) == Some(&b'.') {
        at = digits(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at += 1 + usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        at = digits(text, at)?;
    }
    Ok(at)
}

fn digits(text: &[u8], at: usize) -> Result<usize, Syntax> {
    let rest = text.get(at..).unwrap_or_default();
    match rest.iter().take_while(|b| b.is_ascii_digit()).count() {
        0 => Err(Syntax {
            at,
            problem: Problem::Expected("a digit"),
        }),
        n => Ok(at + n),
    }
}
