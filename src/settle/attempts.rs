//! The attempts of a record, which are mostly one.

use std::fmt;
use std::ops::Deref;
use std::slice::Iter;

use super::record::AttemptRecord;

/// The attempts of a [`Record`](super::Record), in order: a slice of them, which takes a place of its own in memory only
/// if there are several.
///
/// ```
/// use switchtower::settle::Attempts;
///
/// let none = Attempts::default();
/// assert!(none.is_empty());
/// ```
#[derive(Clone)]
pub struct Attempts(Kept);

/// How many are there?
#[derive(Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every request has one attempt, which is kept in place"
)]
enum Kept {
    One([AttemptRecord; 1]),
    Any(Vec<AttemptRecord>),
}

// === impl Attempts ===

impl Default for Attempts {
    fn default() -> Self {
        Self(Kept::Any(Vec::new()))
    }
}

impl Attempts {
    /// What remains of each of these.
    pub(super) fn of<T>(all: &[T], record: impl Fn(&T) -> AttemptRecord) -> Self {
        Self(match all {
            [one] => Kept::One([record(one)]),
            _ => Kept::Any(all.iter().map(record).collect()),
        })
    }
}

impl FromIterator<AttemptRecord> for Attempts {
    fn from_iter<I: IntoIterator<Item = AttemptRecord>>(attempts: I) -> Self {
        let mut any: Vec<_> = attempts.into_iter().collect();
        Self(match any.len() {
            1 => Kept::One([any.remove(0)]),
            _ => Kept::Any(any),
        })
    }
}

impl Deref for Attempts {
    type Target = [AttemptRecord];

    fn deref(&self) -> &[AttemptRecord] {
        match &self.0 {
            Kept::One(one) => one,
            Kept::Any(any) => any,
        }
    }
}

impl<'a> IntoIterator for &'a Attempts {
    type Item = &'a AttemptRecord;
    type IntoIter = Iter<'a, AttemptRecord>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
