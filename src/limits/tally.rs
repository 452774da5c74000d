//! What has been used in a window.

use std::time::{Duration, SystemTime};

use super::bucket::Bucket;
use super::calendar::Calendar;
use super::moment::At;
use super::ring::Ring;
use super::window::Window;

/// What has been used, by the kind of the window.
#[derive(Debug)]
pub(super) enum Tally {
    Forever(u64),
    Calendar(Calendar),
    Rolling(Box<Ring>),
    Bucket(Bucket),
}

/// Where something was put, so that it can be found again: a window, or a part of one, or how deep it went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The number of the window or of its part; of a bucket, when it will have flowed off.
    pub(super) at: u64,
    /// For how long a bucket has been filled by it.
    pub(super) deep: u64,
}

/// When there will be room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Room {
    /// None: nobody knows, or never.
    pub(super) after: Option<Duration>,
    pub(super) at: Option<SystemTime>,
}

/// The name of no window: it would begin at the end of all time.
const NOWHERE: u64 = u64::MAX;

// === impl Tally ===

impl Tally {
    pub(super) fn new(window: Window, limit: u64, at: At) -> Self {
        match window {
            Window::Forever => Self::Forever(0),
            Window::Calendar(period) => Self::Calendar(Calendar::new(period, at)),
            Window::Rolling(time) => Self::Rolling(Box::new(Ring::new(time, at))),
            Window::Bucket { period, burst } => Self::Bucket(Bucket::new(period, burst, limit)),
        }
    }

    /// From now on it flows like this; of other windows the limit is no part.
    pub(super) fn set(&mut self, window: Window, limit: u64) {
        if let (Self::Bucket(bucket), Window::Bucket { period, burst }) = (self, window) {
            bucket.set(period, burst, limit);
        }
    }

    /// Now it is this time. Has a window begun anew?
    pub(super) fn advance(&mut self, at: At) -> bool {
        match self {
            Self::Forever(_) => false,
            Self::Calendar(calendar) => calendar.advance(at),
            Self::Rolling(ring) => {
                ring.advance(at);
                false
            }
            Self::Bucket(bucket) => {
                bucket.advance(at);
                false
            }
        }
    }

    /// So much counts.
    pub(super) fn used(&self, at: At) -> u64 {
        match self {
            Self::Forever(used) => *used,
            Self::Calendar(calendar) => calendar.used,
            Self::Rolling(ring) => ring.used(),
            Self::Bucket(bucket) => bucket.used(at),
        }
    }

    /// So much at the most may count at once.
    pub(super) fn most(&self, limit: u64) -> u64 {
        match self {
            Self::Bucket(bucket) => bucket.burst(),
            Self::Forever(_) | Self::Calendar(_) | Self::Rolling(_) => limit,
        }
    }

    /// Here something would be put.
    pub(super) fn place(&self) -> Place {
        let at = match self {
            Self::Forever(_) | Self::Bucket(_) => 0,
            Self::Calendar(calendar) => calendar.name(),
            Self::Rolling(ring) => ring.newest(),
        };
        Place { at, deep: 0 }
    }

    /// When the window ends that is on, if it has an end.
    pub(super) fn ends(&self) -> Option<SystemTime> {
        match self {
            Self::Calendar(calendar) => Some(calendar.end()),
            Self::Forever(_) | Self::Rolling(_) | Self::Bucket(_) => None,
        }
    }

    /// What was put somewhere then is there.
    pub(super) fn place_of(&self, then: At) -> Place {
        let at = match self {
            Self::Forever(_) | Self::Bucket(_) => 0,
            Self::Calendar(calendar) if calendar.has(then.wall) => calendar.name(),
            Self::Calendar(_) => NOWHERE,
            Self::Rolling(ring) => ring.slot(then),
        };
        Place { at, deep: 0 }
    }

    /// Adds so much that came then, and tells where it is.
    pub(super) fn add_then(&mut self, amount: u64, then: At, now: At) -> Place {
        if let Self::Bucket(bucket) = self {
            return bucket.take_then(amount, then, now);
        }
        self.charge(amount, then);
        self.place_of(then)
    }

    /// Adds so much, and tells where it is.
    pub(super) fn add(&mut self, amount: u64, at: At) -> Place {
        if let Self::Bucket(bucket) = self {
            return bucket.take(amount, at);
        }
        let place = self.place();
        self.correct(place, 0, amount);
        place
    }

    /// What was put there was so much instead. It does not matter where it does not count any more.
    pub(super) fn correct(&mut self, place: Place, was: u64, is: u64) {
        let corrected = |used: u64| used.saturating_add(is).saturating_sub(was);
        match self {
            Self::Forever(used) => *used = corrected(*used),
            Self::Calendar(calendar) if calendar.name() == place.at => {
                calendar.used = corrected(calendar.used);
            }
            Self::Calendar(_) => {}
            Self::Rolling(ring) => {
                if let Some(used) = ring.part(place.at) {
                    *used = corrected(*used);
                }
            }
            Self::Bucket(bucket) => bucket.correct(place, is),
        }
    }

    /// The same of what is not held while it is under way: where it does not count any more, what it turned out to be more counts
    /// from now on, in a window that rolls. Else whoever moves his tokens for longer than it lasts would have no limit.
    pub(super) fn correct_late(&mut self, place: Place, was: u64, is: u64) {
        match self {
            Self::Rolling(ring) if !ring.has(place.at) => {
                let place = self.place();
                self.correct(place, 0, is.saturating_sub(was));
            }
            _ => self.correct(place, was, is),
        }
    }

    /// Adds what was used at this time.
    pub(super) fn charge(&mut self, amount: u64, then: At) {
        match self {
            Self::Forever(used) => *used = used.saturating_add(amount),
            Self::Calendar(calendar) if calendar.has(then.wall) => {
                calendar.used = calendar.used.saturating_add(amount);
            }
            Self::Calendar(_) => {}
            Self::Rolling(ring) => {
                if let Some(used) = ring.part(ring.slot(then)) {
                    *used = used.saturating_add(amount);
                }
            }
            Self::Bucket(bucket) => bucket.charge(amount, then),
        }
    }

    /// When will there be room for this amount: when so much more does not count any more?
    pub(super) fn room(&self, more: u64, amount: u64, at: At) -> Room {
        let after = match self {
            Self::Forever(_) => return Room::default(),
            Self::Calendar(calendar) => {
                return Room {
                    after: Some(calendar.left(at)),
                    at: Some(calendar.end()),
                };
            }
            Self::Rolling(ring) => {
                let frees = ring.frees(more).or_else(|| ring.over());
                frees.map(|nanos| at.until(nanos))
            }
            Self::Bucket(bucket) => Some(at.until(bucket.earliest(amount))),
        };
        let time = after.and_then(|after| at.wall.checked_add(after));
        Room { after, at: time }
    }

    /// When will nothing count any more of what counts now? None: never, or it is so.
    pub(super) fn resets_at(&self, at: At) -> Option<SystemTime> {
        let nanos = match self {
            Self::Forever(_) => return None,
            Self::Calendar(calendar) => return Some(calendar.end()),
            Self::Rolling(ring) => ring.over()?,
            Self::Bucket(bucket) => bucket.full(),
        };
        at.wall.checked_add(at.until(nanos))
    }
}
