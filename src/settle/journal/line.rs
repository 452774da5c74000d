//! Who waits for a place, in the order of their coming.

use std::collections::BTreeMap;
use std::task::Waker;

/// Those who wait, each with a number of its own, which it keeps until it has what it came for. Who is called is not in it any
/// more, until he comes and there is nothing left.
#[derive(Debug, Default)]
pub(super) struct Line {
    last: u64,
    waiting: BTreeMap<u64, Waker>,
}

// === impl Line ===

impl Line {
    /// Waits, as this number or a new one; on another task than before, perhaps. Returns the waker that is of no use any more.
    pub(super) fn wait(&mut self, number: &mut Option<u64>, waker: &Waker) -> Option<Waker> {
        let number = *number.get_or_insert_with(|| {
            self.last += 1;
            self.last
        });
        self.waiting.insert(number, waker.clone())
    }

    /// Waits no more. Returns its waker; none if it was called.
    pub(super) fn goes(&mut self, number: u64) -> Option<Waker> {
        self.waiting.remove(&number)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Calls so many of those who came first.
    pub(super) fn call(&mut self, many: usize) -> Vec<Waker> {
        let first = || self.waiting.pop_first().map(|(_, waker)| waker);
        std::iter::from_fn(first).take(many).collect()
    }
}
