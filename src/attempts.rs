//! The attempts of one call, and its budget of them.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU32, AtomicUsize};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::attempt::{Attempt, End};
use crate::few::Few;
use crate::lesson;
use crate::plan::Candidate;

/// Tries that one request may take over all its candidates: the attempt budget.
pub const DEFAULT_TRIES: u32 = 6;

/// In order; but of two that were under way at once, the one that answers is the last.
#[derive(Debug)]
pub(crate) struct Attempts {
    all: Mutex<Few<Attempt>>,
    /// How many they are: as long as there is none, nobody need look.
    count: AtomicUsize,
    tries: AtomicU32,
}

// === impl Attempts ===

impl Attempts {
    pub(crate) fn new(tries: u32) -> Self {
        Self {
            all: Mutex::default(),
            count: AtomicUsize::new(0),
            tries: AtomicU32::new(tries),
        }
    }

    /// Tries that are left.
    pub(crate) fn tries(&self) -> u32 {
        self.tries.load(Relaxed)
    }

    pub(crate) fn set_tries(&self, tries: u32) {
        self.tries.store(tries, Relaxed);
    }

    /// How many have been made?
    pub(crate) fn count(&self) -> usize {
        self.count.load(Acquire)
    }

    /// Looks at all so far, without a copy.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&[Attempt]) -> T) -> T {
        let guard;
        let all = match self.count() {
            0 => &[][..],
            _ => {
                guard = self.all();
                &guard
            }
        };
        look(all)
    }

    /// At how many of these has none been made that failed?
    pub(crate) fn without_failed<'a>(&self, at: impl Iterator<Item = &'a Candidate>) -> usize {
        let failed = |attempt: &&Attempt| matches!(attempt.ended(), Some((End::Failed(_), _)));
        self.with(|all| {
            at.filter(|candidate| !all.iter().filter(failed).any(|it| it.is_at(candidate)))
                .count()
        })
    }

    /// Takes one more, and one try for it.
    pub(crate) fn push(&self, attempt: &Attempt) {
        let mut all = self.all();
        // Whoever makes an attempt holds the lock.
        self.tries.store(self.tries().saturating_sub(1), Relaxed);
        if all
            .iter()
            .any(|before| lesson::is_failure_at(before, attempt.candidate()))
        {
            attempt.repeats();
        }
        all.push(attempt.clone());
        self.count.store(all.len(), Release);
    }

    /// Ends what is under way at this candidate: another one was better.
    pub(crate) fn supersede(&self, candidate: &Candidate, now: Instant) {
        // Their ends are told in the log: not under the lock.
        let ours = self.with(|all| {
            let ours = all.iter().filter(|attempt| attempt.is_at(candidate));
            ours.cloned().collect::<Vec<_>>()
        });
        ours.iter().for_each(|it| it.end(End::Superseded, now));
    }

    /// The one at this candidate answers: it is the last from now on.
    pub(crate) fn answers(&self, candidate: &Candidate) {
        let mut all = self.all();
        if let Some(at) = all.iter().rposition(|attempt| attempt.is_at(candidate)) {
            all[at..].rotate_left(1);
        }
    }

    fn all(&self) -> MutexGuard<'_, Few<Attempt>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
