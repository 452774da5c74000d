//! Whose turn is it, and who has been asked?

use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use http::Extensions;

use super::handle::Call;
use crate::attempt::{Attempt, End};
use crate::permit::Permit;
use crate::plan::Candidate;
use crate::recovery;

// === impl Call ===

impl Call {
    /// Has a request been asked with it, or is it about to be?
    pub(crate) fn is_used(&self) -> bool {
        self.is_heard() || self.whole_plan().is_some() || self.shared.attempts.count() > 0
    }

    /// The candidate whose turn it is.
    pub fn candidate(&self) -> Option<&Candidate> {
        self.plan()?.candidates.get(self.at)
    }

    /// Candidates that come after this one.
    pub fn others(&self) -> usize {
        self.plan()
            .map_or(0, |plan| plan.candidates.len().saturating_sub(self.at + 1))
    }

    /// Candidates that somebody will ask if this one fails: those after it, if there is a `fallback`.
    pub(crate) fn successors(&self) -> usize {
        match self.falls_back() {
            true => self.others(),
            false => 0,
        }
    }

    /// Is there a `fallback`, which makes an attempt of each that is asked?
    pub(crate) fn falls_back(&self) -> bool {
        self.shared.falls_back.load(Relaxed)
    }

    /// Has this request asked that provider already, with a key of the operator's? Where there is no plan, the one is `""`.
    pub(crate) fn has_asked(&self, provider: &str) -> bool {
        let slug = |attempt: &Attempt| {
            let candidate = attempt.candidate();
            let shared = candidate.is_none_or(|it| it.own_key.is_none());
            shared && candidate.map_or("", |it| it.endpoint.provider().slug()) == provider
        };
        self.with_attempts(|attempts| attempts.iter().any(slug))
    }

    /// Those among them that may be asked by now, as many as there are tries, and that no hedge has asked in vain.
    pub(crate) fn others_left(&self, now: Instant) -> usize {
        let tries = self.tries();
        if tries == 0 || self.successors() == 0 {
            return 0;
        }
        let others = self.askable(now);
        let others = match &self.attempt {
            // It is the only one so far, and has not failed.
            Some(ours) if self.shared.attempts.count() == 1 && ours.ended().is_none() => {
                others.count()
            }
            _ => self.shared.attempts.without_failed(others),
        };
        others.min(tries as usize)
    }

    /// Is there anybody among those after this one who may be asked by now, whoever has failed?
    pub(crate) fn has_others(&self, now: Instant) -> bool {
        self.successors() > 0 && self.askable(now).next().is_some()
    }

    /// Is another candidate being asked at this moment? A hedge need not be asked again while the first one may answer.
    pub(crate) fn has_company(&self) -> bool {
        self.candidate().is_some_and(|ours| {
            let is_other = |it: &Attempt| it.ended().is_none() && !it.is_at(ours);
            self.with_attempts(|attempts| attempts.iter().any(is_other))
        })
    }

    /// Those after this one that `gate` would let through by now.
    fn askable(&self, now: Instant) -> impl Iterator<Item = &Candidate> {
        let others = self.plan().map(|plan| plan.candidates.get(self.at + 1..));
        let others = others.flatten().unwrap_or_default().iter();
        let need = self.need();
        others.filter(move |other| other.standing.may_be_asked(need, now))
    }

    /// Tries that are left of the attempt budget.
    pub fn tries(&self) -> u32 {
        self.shared.attempts.tries()
    }

    /// The attempts so far, in order; but of two that were under way at once, the one that answers is the last.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.with_attempts(<[Attempt]>::to_vec)
    }

    /// Looks at the attempts so far, without a copy, and under a lock: who looks is not to look again meanwhile.
    pub(crate) fn with_attempts<T>(&self, look: impl FnOnce(&[Attempt]) -> T) -> T {
        self.shared.attempts.with(look)
    }

    /// The last attempt so far: the one that answers, once there is an answer.
    pub fn last(&self) -> Option<Attempt> {
        self.with_attempts(|attempts| attempts.last().cloned())
    }

    /// The attempt whose words the caller got last: the last one, unless an answer has broken.
    pub(crate) fn answer(&self) -> Option<Attempt> {
        self.shared.recovery.answer().or_else(|| self.last())
    }

    /// How it has ended, if one of these attempts, which are its own, says so.
    pub(crate) fn ended(&self, attempts: &[Attempt]) -> Option<(End, Instant)> {
        let (broken, last) = (self.shared.recovery.answer(), attempts.last());
        let asking = self.shared.recovery.is_asking();
        recovery::ended(broken.as_ref().or(last), last, asking)
    }

    /// The attempt of this handle, if one has begun.
    pub(crate) fn current(&self) -> Option<&Attempt> {
        self.attempt.as_ref()
    }

    /// The attempt that is under way: the one that an outer layer has begun, or a new one, which
    /// takes from the attempt budget.
    pub(crate) fn attempt(&mut self, now: impl FnOnce() -> Instant) -> &Attempt {
        self.attempt_by(None, now)
    }

    /// Likewise; what it does is now the business of this permit.
    pub(crate) fn gated(&mut self, permit: Permit, now: Instant) -> &Attempt {
        match &self.attempt {
            Some(attempt) => attempt.gated(permit),
            None => {
                self.attempt_by(Some(permit), || now);
            }
        }
        self.attempt(|| now)
    }

    fn attempt_by(&mut self, permit: Option<Permit>, now: impl FnOnce() -> Instant) -> &Attempt {
        let Self {
            shared,
            at,
            attempt,
        } = self;
        attempt.get_or_insert_with(|| {
            let plan = shared.plan();
            let candidate = plan.and_then(|plan| plan.candidates.get(*at)).cloned();
            let conversation = plan.and_then(|plan| plan.conversation.clone());
            let tokens = shared.input.load(Relaxed) + shared.output.load(Relaxed);
            let attempt = Attempt::new(shared.id, candidate, conversation, tokens, permit, now());
            shared.attempts.push(&attempt);
            attempt
        })
    }

    /// Turns to the candidate at this place of the plan; what comes next is a new attempt.
    pub(crate) fn turn_to(&mut self, at: usize) {
        self.at = at;
        self.attempt = None;
    }

    /// Turns to the attempt that gives the answer with these extensions, where somebody inside has asked again.
    pub(crate) fn follow(&mut self, extensions: &Extensions) {
        let is_over = self.attempt.as_ref().is_some_and(|it| it.ended().is_some());
        let answer = is_over.then(|| extensions.get::<Self>()).flatten();
        if let Some(answer) = answer.filter(|answer| answer.attempt.is_some()) {
            self.clone_from(answer);
        }
    }

    /// The place in the plan of the candidate whose turn it is.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Ends what is under way at this candidate: another one was better.
    pub(crate) fn supersede(&self, now: Instant) {
        if let Some(ours) = self.candidate() {
            self.shared.attempts.supersede(ours, now);
        }
    }

    /// Of two that were under way the one at this candidate answers: it is the last from now on.
    pub(crate) fn answers(&self) {
        if let Some(ours) = self.candidate() {
            self.shared.attempts.answers(ours);
        }
    }
}
