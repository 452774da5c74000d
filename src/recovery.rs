//! An answer that broke after its first words, and what the caller has got of it.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;

use crate::attempt::{Attempt, End};
use crate::kind::Kind;

/// What becomes of an answer that breaks after its first words: `recover` writes it, those who ask, tell and settle
/// read it.
#[derive(Debug, Default)]
pub(crate) struct Recovery {
    announced: AtomicBool,
    times: AtomicU32,
    told: Mutex<Told>,
}

/// Text that a new answer may go on from.
#[derive(Clone, Default)]
pub(crate) struct Said {
    pub(crate) text: Bytes,
    /// About how many tokens that is.
    pub(crate) tokens: u64,
}

#[derive(Debug, Default)]
struct Told {
    said: Option<Said>,
    /// Whose words the caller got last; none as long as no answer has broken.
    answer: Option<Attempt>,
    /// Is somebody else asked for the rest?
    asking: bool,
}

// === impl Recovery ===

impl Recovery {
    /// From now on an answer that breaks is to fail, not to end in an error event: somebody outside mends it.
    pub(crate) fn announce(&self) {
        self.announced.store(true, Relaxed);
    }

    pub(crate) fn is_announced(&self) -> bool {
        self.announced.load(Relaxed)
    }

    /// How often has it been asked for the rest of an answer?
    pub(crate) fn times(&self) -> u32 {
        self.times.load(Relaxed)
    }

    /// This answer broke, and somebody is asked for the rest.
    pub(crate) fn begin(&self, broken: &Attempt, said: Option<Said>) {
        let mut told = self.told();
        told.said = said;
        told.answer = Some(broken.clone());
        told.asking = true;
        self.times.fetch_add(1, Relaxed);
    }

    /// The caller hears this one now.
    pub(crate) fn hand_over(&self, to: &Attempt) {
        let mut told = self.told();
        told.answer = Some(to.clone());
        told.asking = false;
    }

    /// Nobody has the rest: the request ends as this attempt did.
    pub(crate) fn give_up(&self, first: &Attempt) {
        self.hand_over(first);
    }

    /// What a new answer may go on from.
    pub(crate) fn said(&self) -> Option<Said> {
        if self.times() == 0 {
            return None;
        }
        self.told().said.clone()
    }

    /// Whose words the caller got last, if an answer has broken.
    pub(crate) fn answer(&self) -> Option<Attempt> {
        if self.times() == 0 {
            return None;
        }
        self.told().answer.clone()
    }

    /// Is somebody asked for the rest, of whom the caller has not heard yet?
    pub(crate) fn is_asking(&self) -> bool {
        self.times() > 0 && self.told().asking
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a request has ended whose answers were these, if they say so: `answer` is whose words the caller got last.
pub(crate) fn ended(
    answer: Option<&Attempt>,
    last: Option<&Attempt>,
    asking: bool,
) -> Option<(End, Instant)> {
    if !asking {
        return answer?.ended();
    }
    // Whoever is asked is dropped when the caller leaves, and we end it when we shut down.
    let ours = |(end, _): &(End, Instant)| *end == End::Failed(Kind::Internal);
    last?.ended().filter(ours)
}

// === impl Said ===

impl fmt::Debug for Said {
    /// Its length alone: it is an answer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Said({} bytes)", self.text.len())
    }
}
