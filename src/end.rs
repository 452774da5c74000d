//! How an attempt, or a request, ended.

use crate::kind::Kind;

/// How did an attempt, or a request, end?
///
/// Each [`AttemptRecord`](crate::settle::AttemptRecord) has one, and so has the [`Record`](crate::settle::Record) as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// With a whole answer.
    Complete,
    /// With an error.
    Failed(Kind),
    /// Another attempt was better.
    Superseded,
    /// The caller left.
    Cancelled,
}

// === impl End ===

impl End {
    /// A short word for logs and records.
    pub fn as_str(self) -> &'static str {
        match self {
            End::Complete => "complete",
            End::Failed(kind) => kind.as_str(),
            End::Superseded => "superseded",
            End::Cancelled => "cancelled",
        }
    }
}
