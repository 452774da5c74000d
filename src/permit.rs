//! Leave to ask one endpoint with one key, and the duty to say how that went.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http::HeaderMap;

use crate::attempt::{Attempt, End};
use crate::call::Call;
use crate::catalog::Key;
use crate::kind::Kind;
use crate::lesson;
use crate::standing::{
    Access, Admission, Breaker, Cause, Change, Circuit, Entry, FullFor, Need, Outcome, Pass,
    Standing,
};
use crate::wire::limits::RateLimits;

/// What `gate` hands to an attempt; the attempt answers for it, once.
#[derive(Debug)]
pub(crate) struct Permit {
    standing: Arc<Standing>,
    breaker: Arc<Breaker>,
    pass: Pass,
    /// The place of the key.
    at: usize,
    need: Need,
    entry: Entry,
    /// Of the bucket of the endpoint's own pace, when it was let in.
    full_for: FullFor,
}

/// What has a verdict changed for the requests to come, at the endpoint and at its key?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) endpoint: Option<Change>,
    pub(crate) key: Option<Change>,
}

// === impl Permit ===

impl Permit {
    /// May the endpoint be asked, and with which key of those that were not `tried` in vain? Takes nothing unless all of it is had.
    pub(crate) fn ask(
        standing: &Arc<Standing>,
        breaker: &Arc<Breaker>,
        need: Need,
        tried: impl Fn(usize) -> bool,
        now: Instant,
    ) -> Result<Self, (Instant, Cause)> {
        let circuit = standing.circuit();
        let later = |(until, cause): (Instant, Cause)| match circuit.until(now) {
            // Whoever waits for one of both is to wait for the other, too.
            Some(other) if other > until => (other, circuit.cause(now).unwrap_or(cause)),
            _ => (until, cause),
        };
        let at = standing.pick(need, tried, breaker, now).map_err(later)?;
        // Attempts count themselves at their candidate; those of a gate alone have none.
        let let_in = standing.accesses().iter().map(|access| access.in_flight());
        let in_flight = standing.in_flight().max(let_in.sum());
        let pass = match circuit.ask(breaker, in_flight, now) {
            Admission::Ask => Pass::Ordinary,
            Admission::Probe(pass) => pass,
            Admission::NotUntil(until, cause) => return Err((until, cause)),
        };
        let release = |_: &(Instant, Cause)| release(circuit, pass);
        let full_for = match standing.governor() {
            Some(governor) => {
                let taken = governor.take(need, now);
                let taken = taken.map_err(|until| (until, Cause::Limited));
                taken.inspect_err(release)?
            }
            None => FullFor::default(),
        };
        let entry = standing.accesses()[at].enter(need, breaker, now);
        let entry = entry.inspect_err(release).inspect_err(|_| {
            if let Some(governor) = standing.governor() {
                governor.give_back(need);
            }
        })?;
        Ok(Self {
            standing: standing.clone(),
            breaker: breaker.clone(),
            pass,
            at,
            need,
            entry,
            full_for,
        })
    }

    /// Is it the one that finds out whether the endpoint is back?
    pub(crate) fn is_probe(&self) -> bool {
        self.pass != Pass::Ordinary
    }

    /// Is it for this endpoint, with the key at this place?
    pub(crate) fn is_for(&self, standing: &Arc<Standing>, at: usize) -> bool {
        self.at == at && Arc::ptr_eq(&self.standing, standing)
    }

    /// The key to ask with; none if its provider wants none.
    pub(crate) fn key(&self) -> Option<&Key> {
        self.access().key().key()
    }

    /// Could the endpoint be asked with another key now?
    pub(crate) fn has_another_key(&self, now: Instant) -> bool {
        let tried = |at| at == self.at;
        self.standing.has_another_key(self.need, tried, now)
    }

    /// Whose fault is it? One that is the key's is not the endpoint's, as long as there is a key; `suspect` says that a failure may be
    /// the key's, which counts against the endpoint only where there is no other key.
    pub(crate) fn judge(
        &self,
        outcome: Outcome,
        suspect: bool,
        retry_after: Option<Duration>,
        now: Instant,
    ) -> Changes {
        let access = self.access();
        let (keyed, several) = (self.key().is_some(), self.standing.accesses().len() > 1);
        let (mut endpoint, mut key, mut own) = (outcome, Outcome::Nothing, Outcome::Nothing);
        match outcome {
            Outcome::Succeeded => (key, own) = (outcome, outcome),
            Outcome::Barred(_) if keyed => (endpoint, key) = (Outcome::Nothing, outcome),
            Outcome::Failed if suspect && several => (endpoint, key) = (Outcome::Nothing, outcome),
            Outcome::Limited if several => (endpoint, own) = (Outcome::Nothing, outcome),
            _ => {}
        }
        let judge = |circuit: &Circuit, outcome, pass| {
            // That it is good is news only of one that was not, and from then on always: it is a share that is judged.
            let is_news = !matches!(outcome, Outcome::Succeeded | Outcome::Nothing)
                || pass != Pass::Ordinary
                || circuit.counts();
            is_news
                .then(|| circuit.judge(outcome, retry_after, pass, &self.breaker, now))
                .flatten()
        };
        let key = judge(access.key().circuit(), key, self.entry.key);
        Changes {
            endpoint: self.standing.circuit().judge(
                endpoint,
                retry_after,
                self.pass,
                &self.breaker,
                now,
            ),
            key: key.or(judge(access.circuit(), own, self.entry.own)),
        }
    }

    /// An answer begins: the key is good, whatever becomes of the answer, which may be a long one.
    pub(crate) fn accepted(&self, now: Instant) -> Option<Change> {
        let probe = self.entry.key;
        let circuit = self.access().key().circuit();
        let judge = || circuit.judge(Outcome::Succeeded, None, probe, &self.breaker, now);
        (probe != Pass::Ordinary).then(judge).flatten()
    }

    /// Nobody will give a verdict.
    pub(crate) fn release(&self) {
        release(self.standing.circuit(), self.pass);
        release(self.access().key().circuit(), self.entry.key);
        release(self.access().circuit(), self.entry.own);
    }

    /// What the answer says of limits.
    pub(crate) fn told(&self, limits: &RateLimits, now: Instant) {
        self.access().told(limits, self.entry.ticket, now);
    }

    /// It is under way no more.
    pub(crate) fn leave(&self) {
        self.access().leave();
    }

    /// It has moved so many tokens.
    pub(crate) fn moved(&self, tokens: u64, now: Instant) {
        if let Some(governor) = self.standing.governor() {
            governor.correct(self.need, self.full_for, tokens, now);
        }
        if let Some(governor) = self.access().key().governor() {
            governor.correct(self.need, self.entry.full_for, tokens, now);
        }
    }

    fn access(&self) -> &Access {
        &self.standing.accesses()[self.at]
    }
}

// === impl Attempt ===

impl Attempt {
    /// The name of the key that it was asked with; none where no gate has chosen one.
    ///
    /// ```
    /// # fn told(attempt: &switchtower::Attempt) -> String {
    /// format!("with key {}", attempt.key_label().unwrap_or("-"))
    /// # }
    /// ```
    pub fn key_label(&self) -> Option<&str> {
        self.key().map(Key::label)
    }

    pub(crate) fn key(&self) -> Option<&Key> {
        self.permit()?.key()
    }

    /// Is it one that asked this endpoint with the key at this place?
    pub(crate) fn asked(&self, standing: &Arc<Standing>, key: usize) -> bool {
        let permit = self.permit();
        permit.is_some_and(|permit| permit.is_for(standing, key))
    }

    /// Could the same endpoint be asked with another key now?
    pub(crate) fn has_another_key(&self, now: Instant) -> bool {
        let permit = self.permit();
        permit.is_some_and(|permit| permit.has_another_key(now))
    }

    /// The headers of the answer are here, which may tell of limits.
    pub(crate) fn told(&self, headers: &HeaderMap, now: Instant, wall: fn() -> SystemTime) {
        if let Some(permit) = self.permit()
            && let Some(limits) = RateLimits::read(headers, wall)
        {
            permit.told(&limits, now);
        }
    }

    /// The first content is in hand: if that took far longer than at its peers, this is what it shows, however it ends.
    pub(crate) fn compare(&self, call: Option<&Call>, now: impl Fn() -> Instant) {
        let (Some(took), Some(permit)) = (self.first_content_after(), self.permit()) else {
            return;
        };
        // Of most attempts no more need be known.
        if !permit.breaker.may_be_slow(took) {
            return;
        }
        let plan = call.and_then(Call::plan);
        if let (Some(candidate), Some(plan)) = (self.candidate(), plan)
            && lesson::is_slow(took, candidate, plan, &permit.breaker, now())
        {
            self.judge(Outcome::Slow, now());
        }
    }
}

// === impl Call ===

impl Call {
    /// Has the candidate whose turn it is refused the key at this place, in an attempt of this request?
    pub(crate) fn has_tried(&self, key: usize) -> bool {
        let Some(candidate) = self.candidate() else {
            return false;
        };
        let refused = |attempt: &Attempt| {
            let end = attempt.ended().map(|(end, _)| end);
            matches!(end, Some(End::Failed(kind)) if kind.is_about_the_key())
        };
        self.with_attempts(|attempts| {
            attempts
                .iter()
                .any(|attempt| attempt.asked(&candidate.standing, key) && refused(attempt))
        })
    }

    /// After this failure, is there another key with which the same candidate may be asked now?
    pub(crate) fn has_another_key(&self, kind: Kind, now: Instant) -> bool {
        let tried = |key| self.has_tried(key);
        kind.is_about_the_key()
            && self.candidate().is_some_and(|candidate| {
                let standing = &candidate.standing;
                standing.has_another_key(self.need(), tried, now)
            })
    }
}

fn release(circuit: &Circuit, pass: Pass) {
    if pass != Pass::Ordinary {
        circuit.release(pass);
    }
}
