use std::borrow::Cow;

use memchr::memchr;

use super::{Span, scan};

/// Where does a string stand, and is it spelled with escapes?
///
/// ```
/// use switchtower::wire::json::{Cursor, Syntax};
///
/// let json = br#""mod\u0065l""#;
/// let text = Cursor::new(json)?.string()?;
/// assert!(text.is(json, "model"));
/// assert_eq!(text.len(json), 5);
/// assert_eq!(text.span().of(json), br"mod\u0065l");
/// # Ok::<(), Syntax>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    span: Span,
    escaped: bool,
}

// === impl Text ===

impl Text {
    pub(crate) fn new(span: Span, escaped: bool) -> Self {
        Self { span, escaped }
    }

    /// The string whose quotes are the first and the last byte of `value`.
    pub(crate) fn within(value: Span, json: &[u8]) -> Self {
        let span = Span {
            start: value.start + 1,
            end: value.end - 1,
        };
        Self::new(span, memchr(b'\\', span.of(json)).is_some())
    }

    /// Reads the string whose first quote stands before `at`.
    #[inline]
    pub(in crate::wire) fn read(json: &[u8], at: usize) -> Option<Self> {
        let (end, escaped) = scan::string(json, at)?;
        // A span counts in 32 bits.
        u32::try_from(end).ok()?;
        Some(Self::new(Span::new(at, end), escaped))
    }

    /// What stands between the quotes.
    #[must_use]
    pub fn span(self) -> Span {
        self.span
    }

    /// Whether it holds at least one escape.
    #[must_use]
    pub fn is_escaped(self) -> bool {
        self.escaped
    }

    /// Whether it reads `other`, however it is spelled.
    #[must_use]
    pub fn is(self, json: &[u8], other: &str) -> bool {
        *self.bytes(json) == *other.as_bytes()
    }

    /// How many bytes it has once its escapes are read.
    #[must_use]
    pub fn len(self, json: &[u8]) -> usize {
        let mut len = 0;
        match self.escaped {
            true => unescape(self.span.of(json), |piece| len += piece.len()),
            false => len = self.span.len(),
        }
        len
    }

    /// Whether it is `""`.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.span.is_empty()
    }

    /// Its bytes with all escapes read, borrowed when there are none. A lone surrogate becomes U+FFFD.
    #[must_use]
    #[inline]
    pub fn bytes(self, json: &[u8]) -> Cow<'_, [u8]> {
        let raw = self.span.of(json);
        match self.escaped {
            true => Cow::Owned(unescaped(raw)),
            false => Cow::Borrowed(raw),
        }
    }

    /// The same as a string; what is not UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn decode(self, json: &[u8]) -> Cow<'_, str> {
        match self.bytes(json) {
            // Nearly all are sound, and this is the faster check of the two.
            Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => String::from_utf8_lossy(bytes),
            },
            Cow::Owned(bytes) => Cow::Owned(match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(e) => String::from_utf8_lossy(e.as_bytes()).into_owned(),
            }),
        }
    }
}

#[cold]
fn unescaped(raw: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(raw.len());
    unescape(raw, |piece| bytes.extend_from_slice(piece));
    bytes
}

/// Gives what a string says piece by piece, whose escapes are well formed.
pub(super) fn unescape(mut raw: &[u8], mut emit: impl FnMut(&[u8])) {
    while let Some(at) = memchr(b'\\', raw) {
        emit(&raw[..at]);
        let (used, c) = escaped(&raw[at..]);
        emit(c.encode_utf8(&mut [0; 4]).as_bytes());
        raw = &raw[at + used..];
    }
    emit(raw);
}

/// Reads the escape that `raw` begins with, and says how many bytes that took.
pub(super) fn escaped(raw: &[u8]) -> (usize, char) {
    let (used, c) = match raw.get(1) {
        Some(b'b') => (1, '\u{8}'),
        Some(b'f') => (1, '\u{c}'),
        Some(b'n') => (1, '\n'),
        Some(b'r') => (1, '\r'),
        Some(b't') => (1, '\t'),
        Some(b'u') => unicode(&raw[1..]),
        Some(&b) => (1, char::from(b)),
        None => (0, '\u{fffd}'),
    };
    (1 + used, c)
}

/// Reads `uXXXX` or `uXXXX\uXXXX`, and says how many bytes that took.
fn unicode(raw: &[u8]) -> (usize, char) {
    let unit = |at: usize| {
        let hex = raw.get(at..at + 4)?;
        u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
    };
    let lone = (raw.len().min(5), '\u{fffd}');
    match unit(1) {
        Some(high @ 0xd800..=0xdbff) if raw.get(5..7) == Some(br"\u") => match unit(7) {
            Some(low @ 0xdc00..=0xdfff) => {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                (11, char::from_u32(code).unwrap_or('\u{fffd}'))
            }
            _ => lone,
        },
        Some(code) => (5, char::from_u32(code).unwrap_or('\u{fffd}')),
        None => lone,
    }
}
