//! A count for each value, up to a bound.

use std::collections::HashMap;
use std::sync::Arc;

use super::moment::At;
use super::shared::Shared;

/// A count for each value, and one for the rest.
#[derive(Debug, Default)]
pub(super) struct Counts {
    by_value: HashMap<Arc<[u8]>, Arc<Shared>>,
    /// Of all values that have no count of their own.
    rest: Option<Arc<Shared>>,
    /// So many have come since the last sweep.
    since: usize,
    swept: bool,
}

/// One sweep for each sixteenth of all that has come.
pub(super) const SWEPT: usize = 16;

// === impl Counts ===

impl Counts {
    /// The count of this value; a new one, if there is none. There are at most so many, and one for the rest: as long as
    /// that one counts anything, every new value is counted by it, so that nothing that counts is forgotten.
    pub(super) fn of(
        &mut self,
        value: &[u8],
        most: usize,
        new: impl FnOnce(Arc<[u8]>) -> Arc<Shared>,
        at: At,
    ) -> Arc<Shared> {
        if let Some(shared) = self.by_value.get(value) {
            return shared.clone();
        }
        if self.by_value.len() >= most {
            self.since = self.since.saturating_add(1);
            // Of as many as it looks at, so many have come: it costs each the same. The first sweep is at once.
            if self.since > most / SWEPT || !self.swept {
                self.sweep(at);
            }
        }
        let rest_counts = self
            .rest
            .as_mut()
            .is_some_and(|rest| !Shared::is_idle(rest, at));
        if !rest_counts {
            self.rest = None;
            if self.by_value.len() < most {
                let new = new(value.into());
                self.by_value.insert(new.value.clone(), new.clone());
                return new;
            }
        }
        self.rest.get_or_insert_with(|| new([].into())).clone()
    }

    /// Forgets those that count nothing.
    pub(super) fn sweep(&mut self, at: At) {
        (self.since, self.swept) = (0, true);
        self.by_value
            .retain(|_, shared| !Shared::is_idle(shared, at));
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Shared>> {
        self.by_value.values().chain(&self.rest)
    }

    /// How many values have a count of their own.
    pub(super) fn len(&self) -> usize {
        self.by_value.len()
    }

    /// Is there none, and none for the rest that counts anything?
    pub(super) fn is_idle(&mut self, at: At) -> bool {
        let rest = self.rest.as_mut();
        self.by_value.is_empty() && rest.is_none_or(|rest| Shared::is_idle(rest, at))
    }
}
