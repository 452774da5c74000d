//! One endpoint with one key.

use std::cmp::Reverse;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::standing::KeyStanding;
use crate::standing::limits::{Announced, Counts, FullFor, Ticket};
use crate::standing::{Admission, Breaker, Cause, Circuit, Headroom, Need, Pass, State};
use crate::wire::limits::RateLimits;

/// What has been learned of one endpoint when it is asked with one key.
#[derive(Debug)]
pub(crate) struct Access {
    epoch: Instant,
    key: Arc<KeyStanding>,
    counts: Counts,
    announced: OnceLock<Box<Announced>>,
    /// Was it asked to wait? Used only where there are other keys: else that is the endpoint's own business.
    circuit: Circuit,
}

/// What a request has taken that was let in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Pass,
    pub(crate) own: Pass,
    pub(crate) ticket: Ticket,
    pub(crate) full_for: FullFor,
}

/// Not now: when to ask again, and why.
pub(crate) type NotNow = (Instant, Cause);

/// Of two the lesser is taken first: one that is to find out whether its key is good again, then the one with more headroom, in
/// quarters, then the one with less under way, then the one that was used less.
pub(super) type Rank = (bool, Reverse<u64>, u32, u64);

// === impl Access ===

impl Access {
    pub(crate) fn new(key: Arc<KeyStanding>, epoch: Instant) -> Self {
        Self {
            epoch,
            key,
            counts: Counts::new(),
            announced: OnceLock::new(),
            circuit: Circuit::new(epoch),
        }
    }

    pub(crate) fn key(&self) -> &Arc<KeyStanding> {
        &self.key
    }

    pub(crate) fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    /// Has its provider announced any limits?
    pub(super) fn has_announced(&self) -> bool {
        self.announced.get().is_some()
    }

    pub(crate) fn headroom(&self, now: Instant) -> Headroom {
        let announced = self.announced.get();
        announced.map_or_else(Headroom::default, |announced| {
            announced.headroom(&self.counts, now)
        })
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.counts.in_flight()
    }

    /// Is there no room for this now, and when may there be? Benches apart.
    #[inline]
    pub(crate) fn short_until(&self, need: Need, now: Instant) -> Option<Instant> {
        let announced = self.announced.get();
        let announced = announced.and_then(|told| told.short_until(&self.counts, need, now));
        let governor = self.key.governor();
        announced.max(governor.and_then(|governor| governor.short_until(need, now)))
    }

    /// Could it be asked now, and is it the better choice? Changes nothing.
    pub(super) fn look(&self, need: Need, breaker: &Breaker, now: Instant) -> Result<Rank, NotNow> {
        let probes = self.opens(need, breaker, now)?;
        let quarters = match self.announced.get() {
            Some(_) => self.headroom(now).percent() / 25,
            None => 4,
        };
        let (in_flight, used) = (self.in_flight(), self.counts.requests());
        Ok((!probes, Reverse(quarters), in_flight, used))
    }

    /// Could it be asked now, and would that find out whether it is well again? Changes nothing.
    #[inline]
    pub(super) fn opens(
        &self,
        need: Need,
        breaker: &Breaker,
        now: Instant,
    ) -> Result<bool, NotNow> {
        let key = due(self.key.circuit(), breaker, now)?;
        let own = due(&self.circuit, breaker, now)?;
        match self.short_until(need, now) {
            Some(until) => Err((until, Cause::Limited)),
            None => Ok(key || own),
        }
    }

    /// Lets one request in, or takes nothing.
    pub(crate) fn enter(
        &self,
        need: Need,
        breaker: &Breaker,
        now: Instant,
    ) -> Result<Entry, NotNow> {
        let key = ask(self.key.circuit(), breaker, now)?;
        let own = ask(&self.circuit, breaker, now).inspect_err(|_| self.give_back(key, None))?;
        let limited = |until| (until, Cause::Limited);
        let full_for = match self.key.governor() {
            Some(governor) => {
                let taken = governor.take(need, now).map_err(limited);
                taken.inspect_err(|_| self.give_back(key, Some(own)))?
            }
            None => FullFor::default(),
        };
        let ticket = match self.announced.get() {
            Some(announced) => announced.take(&self.counts, need, now),
            None => Ok(self.counts.add(need)),
        };
        let ticket = ticket.map_err(limited).inspect_err(|_| {
            self.give_back(key, Some(own));
            if let Some(governor) = self.key.governor() {
                governor.give_back(need);
            }
        })?;
        Ok(Entry {
            key,
            own,
            ticket,
            full_for,
        })
    }

    /// One that was let in is over, however it ended.
    pub(crate) fn leave(&self) {
        self.counts.leave();
    }

    /// An answer to the attempt of this ticket says so.
    pub(crate) fn told(&self, limits: &RateLimits, ticket: Ticket, now: Instant) {
        let new = || Box::new(Announced::new(self.epoch));
        let announced = self.announced.get_or_init(new);
        announced.told(limits.units(), ticket, now);
    }

    /// Forgets what its provider has announced, and that it was asked to wait.
    pub(crate) fn readmit(&self, now: Instant) {
        self.circuit.readmit(now);
        if let Some(announced) = self.announced.get() {
            announced.forget();
        }
    }

    fn give_back(&self, key: Pass, own: Option<Pass>) {
        release(self.key.circuit(), key);
        release(&self.circuit, own.unwrap_or(Pass::Ordinary));
    }
}

/// Would this request be the probe? Or is it refused?
#[inline]
pub(super) fn due(circuit: &Circuit, breaker: &Breaker, now: Instant) -> Result<bool, NotNow> {
    match circuit.is_admitting() {
        true => Ok(false),
        false => due_by_state(circuit, breaker, now),
    }
}

/// The same of one that is not simply let through.
// Apart, so that what nearly all are is looked at where it is asked.
#[inline(never)]
fn due_by_state(circuit: &Circuit, breaker: &Breaker, now: Instant) -> Result<bool, NotNow> {
    let cause = || circuit.cause(now).unwrap_or(Cause::Limited);
    match (circuit.state(now), circuit.until(now)) {
        (State::Probing, _) => Err((breaker.recheck(now), cause())),
        (State::Ejected, Some(until)) if until > now => Err((until, cause())),
        (state, _) => Ok(state == State::Ejected),
    }
}

fn ask(circuit: &Circuit, breaker: &Breaker, now: Instant) -> Result<Pass, NotNow> {
    match circuit.ask(breaker, 0, now) {
        Admission::Ask => Ok(Pass::Ordinary),
        Admission::Probe(pass) => Ok(pass),
        Admission::NotUntil(until, cause) => Err((until, cause)),
    }
}

fn release(circuit: &Circuit, pass: Pass) {
    if pass != Pass::Ordinary {
        circuit.release(pass);
    }
}
