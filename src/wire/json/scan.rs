//! The inner loops: how far do plain characters, an escape, a number reach?

use fearless_simd::{Level, Simd, dispatch};

use super::lanes::{self, Lanes};
use super::{Problem, Syntax};

/// Every second bit, the first one not.
const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;

/// So many bytes are looked at sixteen by sixteen: most strings are keys and words, and end before.
const SHORT: usize = 64;

/// The closing quote of the string whose first byte stands at `at`, and whether something in it is escaped; none where there is a
/// [fault].
// Both fit registers, as a `Result` with its `Syntax` does not; and with the rest in a function of its own this one has no register
// to save.
#[inline(never)]
pub(super) fn string(text: &[u8], at: usize) -> Option<(usize, bool)> {
    let head = text.get(at..)?.first_chunk();
    match head.and_then(lanes::first_special).map(|run| at + run) {
        Some(end) if text[end] == b'"' => Some((end, false)),
        _ => longer(text, at),
    }
}

/// The same of one that does not end in its first sixteen bytes, or has something escaped.
#[inline(never)]
fn longer(text: &[u8], at: usize) -> Option<(usize, bool)> {
    let mut plain = at;
    while let Some(head) = text[plain..].first_chunk()
        && plain - at < SHORT
    {
        match lanes::first_special(head).map(|run| plain + run) {
            Some(end) if text[end] == b'"' => return Some((end, false)),
            Some(_) => break,
            None => plain += head.len(),
        }
    }
    long(text, plain, Level::new())
}

/// The same of one that is known to be long, or has something escaped.
fn long(text: &[u8], at: usize, level: Level) -> Option<(usize, bool)> {
    match by_lanes(text, at, level) {
        Found::End(end, escaped) => Some((end, escaped)),
        Found::Tail(tail, escaped) => {
            let (end, more) = stepwise(text, tail).ok()?;
            Some((end, escaped | more))
        }
        Found::Fault => None,
    }
}

/// What is wrong with the string whose first byte stands at `at`: told by who goes byte by byte.
#[cold]
pub(super) fn fault(text: &[u8], at: usize) -> Syntax {
    let problem = Problem::Expected("`\"`");
    stepwise(text, at).err().unwrap_or(Syntax { at, problem })
}

/// What is known of a string after all of its text that fills [`Lanes`].
enum Found {
    End(usize, bool),
    /// It goes on here, behind no backslash.
    Tail(usize, bool),
    Fault,
}

/// Goes by many bytes at once, however many of them are escapes: which bytes are escaped is computed for all of them
/// together, as simdjson does (Langdale and Lemire, "Parsing gigabytes of JSON per second", section 3.1.1).
// A call of its own leaves the short ones few registers to save.
#[inline(never)]
fn by_lanes(text: &[u8], at: usize, level: Level) -> Found {
    dispatch!(level, simd => walk(simd, text, at))
}

#[inline(always)]
fn walk<S: Simd>(simd: S, text: &[u8], at: usize) -> Found {
    let (mut at, mut carry, mut escaped) = (at, 0, false);
    while let Some((bytes, _)) = text[at..].split_first_chunk() {
        let lanes = Lanes::of(simd, bytes);
        // A run of plain text, most often.
        if carry == 0 && lanes.are_plain() {
            at += bytes.len();
            continue;
        }
        let slashes = lanes.backslashes();
        let behind = behind_slashes(slashes, &mut carry);
        let ends = lanes.quotes_and_controls() & !behind;
        let before_end = (ends & ends.wrapping_neg()).wrapping_sub(1);
        let behind = behind & before_end;
        escaped |= behind != 0;
        if behind != 0 && !are_escapes(text, at, &lanes, behind) {
            return Found::Fault;
        }
        if ends != 0 {
            let end = at + ends.trailing_zeros() as usize;
            return match text[end] {
                b'"' => Found::End(end, escaped),
                _ => Found::Fault,
            };
        }
        at += bytes.len();
    }
    Found::Tail(at - usize::from(carry != 0), escaped)
}

/// Which bytes stand behind a backslash that is not itself behind one? `carry` says whether the first does, and then
/// whether the first of the next lanes does.
#[inline(always)]
fn behind_slashes(slashes: u64, carry: &mut u64) -> u64 {
    let first = slashes & !*carry;
    // A sum carries through each run of backslashes: by where it comes out, a run is of odd or of even length.
    let codes = (first << 1 | ODD).wrapping_sub(first) ^ ODD;
    let behind = codes ^ (slashes | *carry);
    *carry = (codes & slashes) >> 63;
    behind
}

/// Is each byte behind a backslash the second of an escape? `u` begins four digits, which may go on in the next lanes.
#[inline(always)]
fn are_escapes<S: Simd>(text: &[u8], at: usize, lanes: &Lanes<S>, behind: u64) -> bool {
    let us = behind & !lanes.escapes();
    if us == 0 {
        return true;
    }
    let hex = lanes.hex_digits();
    let four = (hex >> 1 & hex >> 2) & (hex >> 3 & hex >> 4);
    let mut left = us & !(four & lanes.letters_u());
    while left != 0 {
        let u = at + left.trailing_zeros() as usize;
        if !matches!(text[u..], [b'u', a, b, c, d, ..] if are_hex([a, b, c, d])) {
            return false;
        }
        left &= left - 1;
    }
    true
}

fn are_hex(digits: [u8; 4]) -> bool {
    digits.iter().all(u8::is_ascii_hexdigit)
}

/// The same as [`string`], from one special character to the next.
#[inline(never)]
fn stepwise(text: &[u8], at: usize) -> Result<(usize, bool), Syntax> {
    let (mut rest, mut escaped) = (&text[at..], false);
    let fail = |rest: &[u8], problem| {
        let at = text.len() - rest.len();
        Err(Syntax { at, problem })
    };
    loop {
        rest = behind_plain(rest);
        rest = match rest {
            [b'"', ..] => return Ok((text.len() - rest.len(), escaped)),
            [
                b'\\',
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                after @ ..,
            ] => after,
            [b'\\', b'u', a, b, c, d, after @ ..] if are_hex([*a, *b, *c, *d]) => after,
            [b'\\', ..] => return fail(rest, Problem::Escape),
            [_, ..] => return fail(rest, Problem::Control),
            [] => return fail(rest, Problem::Expected("`\"`")),
        };
        escaped = true;
    }
}

/// What begins with the first quote, backslash or control character.
fn behind_plain(text: &[u8]) -> &[u8] {
    let is_special = |&byte: &u8| byte == b'"' || byte == b'\\' || byte < 0x20;
    let run = text.first_chunk().and_then(lanes::first_special);
    let run = run.or_else(|| text.iter().position(is_special));
    &text[run.unwrap_or(text.len())..]
}

/// The end of the number that begins at `at`, or where a digit is missing.
pub(super) fn number(text: &[u8], mut at: usize) -> Result<usize, usize> {
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

fn digits(text: &[u8], at: usize) -> Result<usize, usize> {
    let rest = text.get(at..).unwrap_or_default();
    match rest.iter().take_while(|b| b.is_ascii_digit()).count() {
        0 => Err(at),
        n => Ok(at + n),
    }
}

#[cfg(test)]
mod tests {
    use fearless_simd::Level;
    use proptest::prelude::*;

    use super::{long, stepwise, string};

    /// All that this machine can do. What it does of itself is the widest.
    fn levels() -> Vec<Level> {
        let widest = Level::new();
        #[cfg(target_arch = "x86_64")]
        let narrower = [
            widest.as_avx2().map(Level::Avx2),
            widest.as_sse4_2().map(Level::Sse4_2),
            widest.as_sse2().map(Level::Sse2),
        ];
        #[cfg(not(target_arch = "x86_64"))]
        let narrower = [None];
        let narrower = narrower.into_iter().flatten();
        std::iter::once(widest).chain(narrower).collect()
    }

    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            8 => "[ -!#-\\[\\]-~]{0,70}",
            4 => r#"(\\["\\/bfnrt])+"#,
            4 => r"\\u[0-9a-fA-F]{4}",
            1 => r"\\u?[0-9a-gu]{0,4}",
            1 => "\\\\+",
            1 => "\"",
            1 => "[\0-\x20]",
            1 => "[é字]{1,40}",
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat().into_bytes())
    }

    proptest! {
        #[test]
        fn however_wide_it_sees_what_is_seen_byte_by_byte(text in pieces(), at in 0..40_usize) {
            let at = at.min(text.len());
            let seen = stepwise(&text, at).ok();
            prop_assert_eq!(string(&text, at), seen);
            for level in levels() {
                prop_assert_eq!(long(&text, at, level), seen, "{:?}", level);
            }
        }
    }
}
