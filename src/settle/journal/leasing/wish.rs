//! A claim that waits for a lease.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::kind::Kind;
use crate::limits::{Aside, Exceeded, Limits, Share};
use crate::settle::claim::Claim;
use crate::settle::limited::{Limited, Shares};

/// A claim for which there was no room in what is leased. Whoever leases takes it once there is.
#[derive(Debug)]
pub(in crate::settle::journal) struct Wish(Mutex<State>);

/// What has become of it?
#[derive(Debug)]
enum State {
    /// It waits, and so much is for it, whoever comes later.
    Waiting {
        claim: Box<Claim>,
        _aside: Vec<Aside>,
    },
    /// It is taken.
    Taken(Limited),
    /// There is no room.
    Refused(Box<Exceeded>),
    /// Nobody waits for it any more.
    Gone,
}

/// What has come of a try?
#[derive(Debug)]
pub(super) enum Tried {
    /// It is taken.
    Taken,
    /// It may be, with more of the lease.
    Short(Box<Exceeded>),
    /// There is no room, or nobody waits for it any more.
    Over,
}

// === impl Wish ===

impl Wish {
    pub(in crate::settle::journal) fn new(claim: &Claim, limits: &Limits) -> Self {
        let shares = Limited::shares(limits, claim).into_iter();
        let aside = shares.map(|(share, amount)| share.set_aside(amount, claim.now()));
        Self(Mutex::new(State::Waiting {
            claim: Box::new(claim.clone()),
            _aside: aside.collect(),
        }))
    }

    /// Takes it, if there is room.
    pub(super) fn take(&self, limits: &Limits) -> Tried {
        let mut state = self.state();
        let claim = match &*state {
            State::Waiting { claim, .. } => claim,
            // At the last moment, when it was to be refused.
            State::Taken(_) => return Tried::Taken,
            State::Refused(_) | State::Gone => return Tried::Over,
        };
        match Limited::take_waited(limits, claim) {
            Ok(limited) => {
                *state = State::Taken(limited);
                Tried::Taken
            }
            Err(exceeded) if exceeded.may_be_leased => Tried::Short(Box::new(exceeded)),
            Err(exceeded) => {
                *state = State::Refused(Box::new(exceeded));
                Tried::Over
            }
        }
    }

    /// By what it is counted that is leased, and how much of it; nothing once nobody waits for it.
    pub(super) fn shares(&self, limits: &Limits) -> Vec<(Share, u64)> {
        match &*self.state() {
            State::Waiting { claim, .. } => Limited::shares(limits, claim),
            State::Taken(_) | State::Refused(_) | State::Gone => Vec::new(),
        }
    }

    /// By what it is counted that is leased, now that it is taken.
    pub(in crate::settle::journal) fn taken(&self) -> Shares {
        match &*self.state() {
            State::Taken(limited) => limited.shared().clone(),
            State::Waiting { .. } | State::Refused(_) | State::Gone => None,
        }
    }

    /// There will be no room in time, if there is none now.
    pub(super) fn refuse(&self, limits: &Limits) {
        if let Tried::Short(exceeded) = self.take(limits) {
            *self.state() = State::Refused(exceeded);
        }
    }

    /// Does nobody wait for it any more?
    pub(super) fn is_gone(&self) -> bool {
        matches!(&*self.state(), State::Gone)
    }

    /// Nobody waits for it any more. What it has taken is given back.
    pub(in crate::settle::journal) fn leave(&self) {
        *self.state() = State::Gone;
    }

    /// What has become of it.
    pub(in crate::settle::journal) fn answer(&self) -> Result<Limited, Error> {
        match mem::replace(&mut *self.state(), State::Gone) {
            State::Taken(limited) => Ok(limited),
            State::Refused(exceeded) => Err((*exceeded).into()),
            // Nobody asks before it is told, or again.
            State::Waiting { .. } | State::Gone => Err(Error::new(
                Kind::Internal,
                "the ledger has not taken the claim",
            )),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
