//! The inner loops: how far do plain characters, an escape, a number reach?

use memchr::memchr2;

use super::{Problem, Syntax};

const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = ONES << 7;
/// So many words are looked at before a run counts as long: measured, from here on it pays.
const SHORT: usize = 8;

/// The closing quote of the string whose first byte stands at `at`, and whether something in it is escaped.
pub(super) fn string(text: &[u8], at: usize) -> Result<(usize, bool), Syntax> {
    let (mut rest, mut escaped) = (&text[at..], false);
    let fail = |rest: &[u8], problem| {
        let at = text.len() - rest.len();
        Err(Syntax { at, problem })
    };
    loop {
        rest = behind_plain(rest);
        match rest {
            [b'"', ..] => return Ok((text.len() - rest.len(), escaped)),
            [b'\\', ..] => escaped = true,
            [_, ..] => return fail(rest, Problem::Control),
            [] => return fail(rest, Problem::Expected("`\"`")),
        }
        // Where there is one there are often more.
        while let [b'\\', after @ ..] = rest {
            rest = match after {
                [
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                    after @ ..,
                ] => after,
                [b'u', a, b, c, d, after @ ..]
                    if [a, b, c, d].into_iter().all(u8::is_ascii_hexdigit) =>
                {
                    after
                }
                _ => return fail(rest, Problem::Escape),
            };
        }
    }
}

/// What begins with the first quote, backslash or control character.
#[inline(always)]
fn behind_plain(text: &[u8]) -> &[u8] {
    let mut rest = text;
    for _ in 0..SHORT {
        let Some((word, after)) = rest.split_first_chunk() else {
            return &rest[ends(rest)..];
        };
        let hits = special(u64::from_le_bytes(*word));
        if hits != 0 {
            return &rest[(hits.trailing_zeros() / 8) as usize..];
        }
        rest = after;
    }
    &rest[long(rest)..]
}

/// How far it is to there in what remains of a long run, by as many bytes at once as the processor can.
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
