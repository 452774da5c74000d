//! May this snapshot take the place of the last one?

use std::fmt;

use sha2::Digest;

use super::changes::{Changes, Repriced, Shift};
use crate::catalog::builder::short_hash;

/// A change too large to be taken without the operator's word.
///
/// A file that was cut, a unit that was mistaken, a provider that vanished from a list: all of them look like a
/// catalogue. So one that has fewer than half the models or the priced endpoints of the last one is held, and so is one
/// in which a price is more than ten times what it was, less than a tenth of it, or free or unknown where it was not.
/// What another price stood for until now, as that of the prompt does for what a cache reads, may be a hundredth of it.
///
/// The operator who means it writes `confirm` into the catalogue's file, as the message says: it names this very change,
/// and accepts no other. See [`Reloader`](super::Reloader).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    why: Why,
    token: Box<str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    Shrunk { what: &'static str, from: Shift },
    Jumped { first: Repriced, count: usize },
}

// === impl Held ===

impl Held {
    /// None if the change is a small one, or the operator has confirmed it.
    pub(super) fn check(changes: &Changes, confirm: Option<&str>) -> Option<Self> {
        let shrunk = |shift: &Shift| shift.after * 2 < shift.before;
        let why = if shrunk(&changes.models) {
            Why::Shrunk {
                what: "models",
                from: changes.models,
            }
        } else if shrunk(&changes.priced) {
            Why::Shrunk {
                what: "endpoints with a price",
                from: changes.priced,
            }
        } else {
            Why::Jumped {
                first: changes.jump.clone()?,
                count: changes.jumps,
            }
        };
        let [lost, jumped] = [&changes.lost, &changes.jumped].map(|all| all.clone().finalize());
        let all = (&changes.models, &changes.priced, lost, jumped);
        let token = short_hash(format!("{all:?}"));
        (confirm != Some(&*token)).then_some(Held { why, token })
    }

    /// What `confirm` must say.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Why::Shrunk { what, from } => {
                write!(f, "{} of {} {what} are left", from.after, from.before)?;
            }
            Why::Jumped { first, count: 1 } => write!(f, "a price jumps: {first}")?,
            Why::Jumped { first, count } => write!(f, "{count} prices jump: first {first}")?,
        }
        write!(
            f,
            "; the last catalogue stays, unless its file says confirm = {:?}",
            self.token
        )
    }
}

impl std::error::Error for Held {}
