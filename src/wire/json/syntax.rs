use std::fmt;

use super::DEPTH;

/// A text that is not JSON: what is wrong, and where.
///
/// ```
/// use switchtower::wire::json::Cursor;
///
/// let broken = Cursor::new(br#"{"a": [1, 2, 3 }"#)?.skip().unwrap_err();
/// assert_eq!(broken.to_string(), "expected `,` or `]` at byte 15");
/// # Ok::<(), switchtower::wire::json::Syntax>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syntax {
    /// The byte at which the text goes wrong, counted from 0.
    pub at: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with the text? A part of [`Syntax`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Something else should stand here; the words say what.
    Expected(&'static str),
    /// A control character stands unescaped in a string.
    Control,
    /// A backslash that begins no escape sequence.
    Escape,
    /// Arrays and objects are nested deeper than [`DEPTH`] levels.
    TooDeep,
    /// The text is longer than the 4 GiB that a [`Span`](super::Span) can address.
    TooLong,
}

// === impl Syntax ===

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.problem, self.at)
    }
}

impl std::error::Error for Syntax {}

// === impl Problem ===

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected(what) => write!(f, "expected {what}"),
            Self::Control => f.write_str("unescaped control character in a string"),
            Self::Escape => f.write_str("invalid escape in a string"),
            Self::TooDeep => write!(f, "nested deeper than {DEPTH} levels"),
            Self::TooLong => f.write_str("longer than 4 GiB"),
        }
    }
}
