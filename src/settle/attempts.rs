//! The attempts of a record, which are mostly one.

use std::fmt;
use std::ops::Deref;
use std::slice::Iter;

use super::record::AttemptRecord;
use crate::few::Few;

/// The attempts of a [`Record`](super::Record), in order: a slice of them, which takes a place of its own in memory only
/// if there are several.
///
/// ```
/// use switchtower::settle::Attempts;
///
/// let none = Attempts::default();
/// assert!(none.is_empty());
/// ```
#[derive(Clone, Default)]
pub struct Attempts(Few<AttemptRecord>);

// === impl Attempts ===

impl Attempts {
    /// What remains of each of these.
    pub(super) fn of<T>(all: &[T], mut record: impl FnMut(&T) -> AttemptRecord) -> Self {
        Self(match all {
            [one] => Few::One([record(one)]),
            _ => Few::Any(all.iter().map(record).collect()),
        })
    }
}

impl FromIterator<AttemptRecord> for Attempts {
    fn from_iter<I: IntoIterator<Item = AttemptRecord>>(attempts: I) -> Self {
        let mut all = Few::default();
        attempts.into_iter().for_each(|attempt| all.push(attempt));
        Self(all)
    }
}

impl Deref for Attempts {
    type Target = [AttemptRecord];

    fn deref(&self) -> &[AttemptRecord] {
        &self.0
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
