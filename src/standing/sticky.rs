//! Who has answered which conversation.

use std::hash::{BuildHasher, Hash, RandomState};
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use crate::sync::AtomicU64;

/// Remembers which endpoint has answered a conversation last, so that its prompt cache is used again.
///
/// A bounded table of one-word entries, read and written without a lock. A key has four places; a new entry takes the
/// place of its own older self, or else of the one that has been idle longest.
///
/// ```text
/// key of 64 bits ─┬─ which set of four
///                 └─ tag, 24 bits ┬ endpoint, 20 bits ┬ second, 20 bits = one word
/// ```
///
/// It may be wrong, and that is harmless, because it only moves an endpoint forward that may be asked anyway: two
/// conversations in four million share a tag in a set, two endpoints in a million a fingerprint; an entry that nobody
/// overwrote looks fresh again twelve days later; of two entries written at once, one may be lost.
///
/// ```
/// use std::time::{Duration, Instant};
/// use switchtower::standing::Sticky;
///
/// let start = Instant::now();
/// let sticky = Sticky::new(start);
/// let (key, acme) = (sticky.hash("chat-1"), sticky.fingerprint("acme/swift@acme"));
/// sticky.remember(key, acme, start);
/// assert_eq!(sticky.recall(key, start + Duration::from_secs(600)), Some(acme));
/// assert_eq!(sticky.recall(key, start + Duration::from_secs(601)), None);
/// ```
#[derive(Debug)]
pub struct Sticky {
    epoch: Instant,
    idle: u64,
    hasher: RandomState,
    sets: Box<[[AtomicU64; WAYS]]>,
}

/// Places that a key may have.
const WAYS: usize = 4;

const TAG_BITS: u32 = 24;
const BITS: u32 = 20;
const MASK: u64 = (1 << BITS) - 1;

// === impl Sticky ===

impl Sticky {
    /// How long it remembers a conversation that says nothing: ten minutes, as OpenRouter does.
    pub const IDLE: Duration = Duration::from_secs(600);
    /// How many conversations it remembers at most: half a megabyte of them.
    pub const CAPACITY: NonZeroUsize = NonZeroUsize::new(1 << 16).expect("not zero");

    /// An empty one. Seconds are counted from `epoch`.
    pub fn new(epoch: Instant) -> Self {
        Self::with(epoch, Self::IDLE, Self::CAPACITY)
    }

    /// An empty one that forgets after `idle`, in whole seconds and at most six days, and holds about `capacity` conversations.
    pub fn with(epoch: Instant, idle: Duration, capacity: NonZeroUsize) -> Self {
        let sets = capacity.get().div_ceil(WAYS);
        Self {
            epoch,
            idle: idle.as_secs().min(MASK / 2),
            hasher: RandomState::new(),
            sets: std::iter::repeat_with(<[AtomicU64; WAYS]>::default)
                .take(sets)
                .collect(),
        }
    }

    /// A key of whatever makes a conversation that conversation: another one in each process, so that nobody can look
    /// for two that share one.
    pub fn hash(&self, what: impl Hash) -> u64 {
        self.hasher.hash_one(what)
    }

    /// A few bits that tell the endpoint with this [key](crate::catalog::Endpoint::key) from others.
    pub fn fingerprint(&self, endpoint: &str) -> u32 {
        (self.hasher.hash_one(endpoint) & MASK) as u32
    }

    /// The fingerprint of the endpoint that answered last, unless that was too long ago.
    pub fn recall(&self, key: u64, now: Instant) -> Option<u32> {
        let second = self.second(now);
        let words = self.set(key).iter().map(|place| place.load(Relaxed));
        let mut known = words.filter(|&word| is_of(word, key) && age(word, second) <= self.idle);
        known.next().map(|word| ((word >> BITS) & MASK) as u32)
    }

    /// This endpoint has answered.
    pub fn remember(&self, key: u64, endpoint: u32, now: Instant) {
        let second = self.second(now);
        let idlest = self.set(key).iter().max_by_key(|place| {
            let word = place.load(Relaxed);
            (is_of(word, key), word == 0, age(word, second))
        });
        let word = tag(key) << (2 * BITS) | (u64::from(endpoint) & MASK) << BITS | second;
        if let Some(place) = idlest {
            place.store(word, Relaxed);
        }
    }

    fn set(&self, key: u64) -> &[AtomicU64; WAYS] {
        &self.sets[((key >> TAG_BITS) % self.sets.len() as u64) as usize]
    }

    /// Counted from one, so that an entry is never zero, which is an empty place.
    fn second(&self, now: Instant) -> u64 {
        (now.saturating_duration_since(self.epoch).as_secs() + 1) & MASK
    }
}

fn tag(key: u64) -> u64 {
    key & ((1 << TAG_BITS) - 1)
}

fn is_of(word: u64, key: u64) -> bool {
    word != 0 && word >> (2 * BITS) == tag(key)
}

fn age(word: u64, second: u64) -> u64 {
    second.wrapping_sub(word & MASK) & MASK
}
