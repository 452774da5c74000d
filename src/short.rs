//! A text that is mostly short.

use std::fmt;
use std::ops::Deref;

/// A text that takes a place of its own in memory only if it is longer than names are.
///
/// Thousands of [records](crate::settle::Record) are kept, and of each such place the one who frees it pays for fetching
/// it first.
///
/// ```
/// use switchtower::Short;
///
/// let name = Short::from("chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT");
/// assert!(name.starts_with("chatcmpl-"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Short(Text);

/// Where is it?
#[derive(Clone, PartialEq, Eq)]
enum Text {
    // What follows its end is zero.
    Here(u8, [u8; ROOM]),
    Elsewhere(Box<str>),
}

/// The ids of answers have 38 bytes, where they are of OpenAI's kind.
const ROOM: usize = 38;

// === impl Short ===

impl From<&str> for Short {
    fn from(text: &str) -> Self {
        let mut bytes = [0; ROOM];
        match bytes.get_mut(..text.len()) {
            Some(start) => {
                start.copy_from_slice(text.as_bytes());
                Self(Text::Here(text.len() as u8, bytes))
            }
            None => Self(Text::Elsewhere(text.into())),
        }
    }
}

impl Deref for Short {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            // It was a text before it was copied.
            Text::Here(len, bytes) => {
                std::str::from_utf8(&bytes[..usize::from(*len)]).unwrap_or_default()
            }
            Text::Elsewhere(text) => text,
        }
    }
}

impl fmt::Debug for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
