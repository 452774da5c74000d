//! Which of its keys is an endpoint asked with?

use std::sync::Arc;
use std::time::Instant;

use super::access::{Access, NotNow, due};
use super::standing::KeyStanding;
use crate::standing::{Breaker, Need, Standing};

// === impl Standing ===

impl Standing {
    /// The place of the key to ask with, of those that this request has not `tried` in vain; or when and why not. Changes nothing.
    pub(crate) fn pick(
        &self,
        need: Need,
        tried: impl Fn(usize) -> bool,
        breaker: &Breaker,
        now: Instant,
    ) -> Result<usize, NotNow> {
        let mut best = None;
        let mut soonest: Option<NotNow> = None;
        for (place, access) in self.accesses().iter().enumerate() {
            match access.look(need, breaker, now) {
                Ok(rank) => {
                    let rank = (tried(place), rank);
                    if best.is_none_or(|(least, _)| rank < least) {
                        best = Some((rank, place));
                    }
                }
                Err(refusal) => {
                    if soonest.is_none_or(|soonest| refusal.0 < soonest.0) {
                        soonest = Some(refusal);
                    }
                }
            }
        }
        match (best, soonest) {
            (Some((_, place)), _) => Ok(place),
            (None, Some(refusal)) => Err(refusal),
            // There is always one, be it of no key.
            (None, None) => Ok(0),
        }
    }

    /// Is there a key left that this request has not `tried`, and that may be used now?
    pub(crate) fn has_another_key(
        &self,
        need: Need,
        tried: impl Fn(usize) -> bool,
        now: Instant,
    ) -> bool {
        let breaker = Breaker::default();
        let mut accesses = self.accesses().iter().enumerate();
        self.accesses().len() > 1
            && accesses
                .any(|(place, access)| !tried(place) && access.opens(need, &breaker, now).is_ok())
    }

    /// May it be asked by now, with one of its keys?
    pub(crate) fn may_be_asked(&self, need: Need, now: Instant) -> bool {
        let breaker = Breaker::default();
        let mut accesses = self.accesses().iter();
        due(self.circuit(), &breaker, now).is_ok()
            && accesses.any(|access| access.opens(need, &breaker, now).is_ok())
    }

    /// Has it no room for this request just now, whatever the key? Benched keys do not count: who has no other is not short of room.
    pub(crate) fn is_short(&self, need: impl FnOnce() -> Need, now: Instant) -> bool {
        if !self.is_limited() {
            return false;
        }
        let need = need();
        if let Some(governor) = self.governor()
            && governor.short_until(need, now).is_some()
        {
            return true;
        }
        let mut usable = self
            .accesses()
            .iter()
            .filter(|access| access.key().circuit().is_admitting())
            .peekable();
        usable.peek().is_some() && usable.all(|access| access.short_until(need, now).is_some())
    }

    /// Are any limits known? Looks at a word or two for each key.
    fn is_limited(&self) -> bool {
        let limited = |access: &Arc<Access>| access.is_limited();
        self.governor().is_some() || self.accesses().iter().any(limited)
    }

    /// Of its keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<KeyStanding>> {
        self.accesses().iter().map(|access| access.key())
    }
}

// === impl Access ===

impl Access {
    fn is_limited(&self) -> bool {
        self.has_announced() || self.key().governor().is_some()
    }
}
