//! Which key that nobody knows is worth a look into the store?

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::caller::KeyId;

/// What was looked for in vain, and when the store was read last.
#[derive(Debug, Default)]
pub(super) struct Misses {
    /// Until when each is known not to be there.
    known: HashMap<KeyId, Instant>,
    /// From when on it may be read again.
    next: Option<Instant>,
}

/// Who guesses keys makes the store read once a second, whatever he does.
const BETWEEN: Duration = Duration::from_secs(1);
/// And for at most a tenth of the time, however long that takes.
const SHARE: u32 = 10;
/// A key that was not there is not looked for again before this time is over.
const FORGOTTEN: Duration = Duration::from_secs(5);
/// How many of them are remembered.
const MOST: usize = 10_000;

// === impl Misses ===

impl Misses {
    /// May the store be read for this one? If so, it is being read from now on.
    pub(super) fn ask(&mut self, id: KeyId, now: Instant) -> bool {
        let is_known = self.known.get(&id).is_some_and(|until| now < *until);
        let may = !is_known && self.next.is_none_or(|next| now >= next);
        if may {
            self.next = now.checked_add(BETWEEN);
        }
        may
    }

    /// It was read between these two moments, and this one was not there.
    pub(super) fn missed(&mut self, id: KeyId, began: Instant, now: Instant) {
        let took = now.saturating_duration_since(began);
        self.next = now.checked_add(took.saturating_mul(SHARE).max(BETWEEN));
        if self.known.len() >= MOST {
            self.known.retain(|_, until| now < *until);
        }
        if let (true, Some(until)) = (self.known.len() < MOST, now.checked_add(FORGOTTEN)) {
            self.known.insert(id, until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guess_costs_one_read_a_second_whoever_guesses() {
        let (mut misses, start) = (Misses::default(), crate::clock::now());
        let at = |millis| start + Duration::from_millis(millis);
        let id = |number: u32| KeyId::of(&number.to_string());
        assert!(misses.ask(id(0), at(0)));
        assert!(!misses.ask(id(1), at(0)), "it is being read");
        misses.missed(id(0), at(0), at(10));
        assert!(!misses.ask(id(1), at(1009)));
        assert!(!misses.ask(id(0), at(1010)), "it was not there");
        assert!(misses.ask(id(1), at(1010)));
        // Half a second is a tenth of five.
        misses.missed(id(1), at(1010), at(1510));
        assert!(!misses.ask(id(2), at(6509)));
        assert!(misses.ask(id(2), at(6510)));
    }

    #[test]
    fn what_was_guessed_is_forgotten_and_so_much_is_remembered() {
        let (mut misses, start) = (Misses::default(), crate::clock::now());
        for number in 0..2 * MOST {
            misses.missed(KeyId::of(&number.to_string()), start, start);
        }
        assert_eq!(misses.known.len(), MOST);
        let later = start + FORGOTTEN;
        assert!(misses.ask(KeyId::of("0"), later));
        misses.missed(KeyId::of("0"), later, later);
        assert_eq!(misses.known.len(), 1);
    }
}
