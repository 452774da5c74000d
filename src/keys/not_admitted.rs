//! Who may not come in.

use std::fmt;

use crate::error::Error;
use crate::kind::Kind;

/// Why may the bearer of this key not come in?
///
/// See the example of the [module](super).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotAdmitted {
    /// There is no such key.
    Unknown,
    /// It is disabled.
    Disabled,
    /// It has expired.
    Expired,
}

// === impl NotAdmitted ===

impl fmt::Display for NotAdmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "the API key is not valid",
            Self::Disabled => "this API key is disabled",
            Self::Expired => "this API key has expired",
        })
    }
}

impl std::error::Error for NotAdmitted {}

impl From<NotAdmitted> for Error {
    fn from(why: NotAdmitted) -> Self {
        Self::new(Kind::Unauthorized, why.to_string())
    }
}
