use std::fmt;

use super::json::Syntax;

/// Why is this body no request?
///
/// Its `Display` is a sentence for the caller: what, which field, which byte.
///
/// ```
/// use switchtower::wire::View;
///
/// let invalid = View::read(br#"{"model": "acme/large", "stream": "yes"}"#).unwrap_err();
/// assert_eq!(invalid.to_string(), "`stream` must be a boolean or null (at byte 34)");
/// assert_eq!(invalid.field(), Some("stream"));
/// assert_eq!(invalid.at(), Some(34));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Invalid {
    /// There is nothing but whitespace.
    Empty,
    /// It is not an object.
    NotAnObject {
        /// Where the object should begin.
        at: usize,
    },
    /// It is not UTF-8.
    NotUtf8 {
        /// The first byte that is not.
        at: usize,
    },
    /// It is not JSON.
    Syntax(Syntax),
    /// A known field stands in it twice, so that two readers might read two different requests.
    Duplicate {
        /// The field, with the fields it stands in: `provider.order`.
        field: &'static str,
        /// Where it stands the second time.
        at: usize,
    },
    /// A key is a known field but for its case. Some readers of JSON take the one for the other, so that
    /// two readers might read two different requests.
    Miscased {
        /// The field that it resembles.
        field: &'static str,
        /// Where the key stands.
        at: usize,
    },
    /// A known field has a value that it cannot have.
    Mistyped {
        /// The field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
        /// Where the value stands.
        at: usize,
    },
    /// Nobody knows these preferences; ignoring them would hide a misspelling.
    Unknown {
        /// The object that may not have them.
        field: &'static str,
        /// Their names, the first 16 of them, cut at 64 characters.
        names: Vec<String>,
        /// Where the first of them stands.
        at: usize,
    },
}

// === impl Invalid ===

impl Invalid {
    /// The field at fault, with the fields it stands in.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Empty | Self::NotAnObject { .. } | Self::NotUtf8 { .. } | Self::Syntax(_) => None,
            Self::Duplicate { field, .. }
            | Self::Miscased { field, .. }
            | Self::Mistyped { field, .. }
            | Self::Unknown { field, .. } => Some(field),
        }
    }

    /// The byte at fault, counted from 0.
    #[must_use]
    pub fn at(&self) -> Option<usize> {
        match self {
            Self::Empty => None,
            Self::Syntax(syntax) => Some(syntax.at),
            Self::NotAnObject { at }
            | Self::NotUtf8 { at }
            | Self::Duplicate { at, .. }
            | Self::Miscased { at, .. }
            | Self::Mistyped { at, .. }
            | Self::Unknown { at, .. } => Some(*at),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the request body is empty")?,
            Self::NotAnObject { .. } => f.write_str("the request body must be a JSON object")?,
            Self::NotUtf8 { .. } => f.write_str("the request body is not UTF-8")?,
            Self::Syntax(Syntax { problem, .. }) => {
                write!(f, "the request body is not valid JSON: {problem}")?;
            }
            Self::Duplicate { field, .. } => write!(f, "`{field}` is given twice")?,
            Self::Miscased { field, .. } => write!(f, "`{field}` is spelled in another case")?,
            Self::Mistyped {
                field, expected, ..
            } => write!(f, "`{field}` must be {expected}")?,
            Self::Unknown { field, names, .. } => {
                write!(f, "`{field}` knows no `{}`", names.join("`, `"))?;
            }
        }
        match self.at() {
            Some(at) => write!(f, " (at byte {at})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Invalid {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Syntax(syntax) => Some(syntax),
            _ => None,
        }
    }
}

impl From<Syntax> for Invalid {
    fn from(syntax: Syntax) -> Self {
        Self::Syntax(syntax)
    }
}
