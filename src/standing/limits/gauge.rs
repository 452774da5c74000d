//! One limit of one unit, as it was told last, and the one function that changes it.

use std::time::Duration;

/// Up to which count may be asked, and until when that holds. Times are milliseconds since an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gauge {
    pub(super) ceiling: u64,
    /// Zero: nothing is known.
    pub(super) until: u64,
    pub(super) limit: Option<u64>,
    /// The count at which the request was begun whose answer told it.
    at: u64,
    /// The longest time for which a figure of this limit has held: about as long as a window is.
    window: u64,
}

/// What has happened?
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// An answer to the request that was begun `at` this count says so.
    Told {
        at: u64,
        remaining: u64,
        limit: Option<u64>,
        resets_in: Duration,
    },
    /// Somebody asks, with so much begun before.
    Asked { begun: u64 },
}

/// Nobody is taken to be at a limit for longer, whatever a header says, as with `Retry-After`: an hour, in milliseconds. Clocks
/// differ, some tell milliseconds where others tell seconds, and a limit may be raised before its reset.
const LONGEST: u64 = 60 * 60 * 1000;
/// Two resets are of one window if they are as close as a clock of whole seconds tells.
const SAME: u64 = 1000;
/// What comes after a window that was never seen from its beginning is not renewed more often.
const SHORTEST: u64 = 1000;

// === impl Gauge ===

impl Gauge {
    /// What this event makes of it.
    pub(super) fn after(self, event: Event, now: u64) -> Self {
        match event {
            Event::Told {
                at,
                remaining,
                limit,
                resets_in,
            } => {
                let holds = u64::try_from(resets_in.as_millis()).unwrap_or(u64::MAX);
                let holds = holds.min(LONGEST);
                let (until, ceiling) = (now.saturating_add(holds), at.wrapping_add(remaining));
                // Earlier than what is known: it may only lower, and only what it speaks of.
                if self.until != 0 && is_before(at, self.at) {
                    let same = self.until > now && self.until.abs_diff(until) <= SAME;
                    return match same && is_before(ceiling, self.ceiling) {
                        true => Self { ceiling, ..self },
                        false => self,
                    };
                }
                // One of another size is counted over another time.
                let other = self.limit.is_some() && limit.is_some_and(|it| Some(it) != self.limit);
                Self {
                    ceiling,
                    until,
                    limit: limit.or(self.limit),
                    at,
                    window: if other { holds } else { self.window.max(holds) },
                }
            }
            // Over → anew
            Event::Asked { begun } if self.until != 0 && self.until <= now => match self.limit {
                Some(limit) => Self {
                    ceiling: begun.wrapping_add(limit),
                    until: now.saturating_add(self.window.max(SHORTEST)),
                    at: begun,
                    ..self
                },
                None => Self {
                    window: self.window,
                    ..Self::default()
                },
            },
            Event::Asked { .. } => self,
        }
    }

    /// Is there room for so much? What is larger than the whole limit fits when nothing else does: whether it is too large for its
    /// provider, its provider says.
    pub(super) fn fits(self, need: u64, begun: u64) -> bool {
        fits(self.left(begun), need, self.limit)
    }

    /// How much is left; less than nothing where more was begun than was known.
    fn left(self, begun: u64) -> i64 {
        match self.until {
            0 => i64::MAX,
            _ => self.ceiling.wrapping_sub(begun) as i64,
        }
    }
}

pub(super) fn fits(left: i64, need: u64, limit: Option<u64>) -> bool {
    let need = need.min(limit.unwrap_or(u64::MAX)).max(1);
    i64::try_from(need).is_ok_and(|need| left >= need)
}

/// Counts go round.
fn is_before(one: u64, other: u64) -> bool {
    (one.wrapping_sub(other) as i64) < 0
}
