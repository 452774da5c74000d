//! May this endpoint be asked?

use std::sync::OnceLock;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::time::{Duration, Instant};

use super::breaker::Breaker;
use super::condition::{Cause, Condition, Event, Pass, Phase, State, millis};
use super::window::{Tally, Window};
use crate::sync::{AtomicU32, AtomicU64};

/// Whether an endpoint may be asked: one atomic word, and one function that changes it.
///
/// ```text
///                5 failures in a row, or half of 10 in 30 s, slow ones among them;
///                our key or credit refused; the operator
///   ┌─ Admitting ─────────────────────────────────────────▶ Ejected ◀─┐
///   │   ▲   ▲ │ Retry-After                                    │      │ it failed: twice as long
///   │   │   │ └───────────▶ Ejected ── its time is over ─▶     │      │ it was cancelled: the next one
///   │   │   └──────────────────────┘                 its time is over │
///   │   └── a whole answer: on trial for 30 s ─── Probing ◀────┘──────┘
///   └▶ asked                                     one request, a real one
/// ```
///
/// Who is asked to come back later by the provider itself is let through again when that time is over; whoever failed is
/// [probed](Admission::Probe) first. Of two times to wait the later holds. A caller's own fault changes nothing.
///
/// One whole answer is no proof: whoever fails half of the time gives one as soon as the next. So an endpoint that is back is [on
/// trial](Breaker::trial): asked by few at first, and ejected for longer by two failures in a row. Only when it has
/// stood that, the times begin anew.
///
/// ```
/// use std::time::{Duration, Instant};
/// use switchtower::standing::{Admission, Breaker, Circuit, Outcome, Pass, State};
///
/// let (breaker, start) = (Breaker::default(), Instant::now());
/// let circuit = Circuit::new(start);
/// for _ in 0..5 {
///     assert_eq!(circuit.ask(&breaker, 0, start), Admission::Ask);
///     circuit.judge(Outcome::Failed, None, Pass::Ordinary, &breaker, start);
/// }
/// assert!(matches!(circuit.ask(&breaker, 0, start), Admission::NotUntil(..)));
///
/// // Later, one request finds out.
/// let later = start + Duration::from_secs(5);
/// let Admission::Probe(probe) = circuit.ask(&breaker, 0, later) else { panic!() };
/// assert!(matches!(circuit.ask(&breaker, 1, later), Admission::NotUntil(..)));
/// circuit.judge(Outcome::Succeeded, None, probe, &breaker, later);
/// assert_eq!(circuit.state(later), State::Admitting);
/// ```
#[derive(Debug)]
pub struct Circuit {
    epoch: Instant,
    word: AtomicU64,
    /// The second, plus one, in which it was readmitted: what was counted until then is forgiven.
    since: AtomicU32,
    window: OnceLock<Box<Window<SECONDS>>>,
}

/// May a request go to this endpoint?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Yes.
    Ask,
    /// Yes, and it is the one that finds out: its [verdict](Circuit::judge) has to come, whatever it is.
    Probe(Pass),
    /// No, and when to ask again.
    NotUntil(Instant, Cause),
}

/// What has an attempt shown of its endpoint?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// That it gives whole answers.
    Succeeded,
    /// That it fails, or the way to it.
    Failed,
    /// Likewise, and so often that others are asked [before it](super::Health).
    Failing,
    /// That it is at its limit.
    Limited,
    /// That it gives answers, but is [slow](Breaker::is_slow).
    Slow,
    /// That it refuses us: our key, our credit.
    Barred(Cause),
    /// Nothing: the caller's fault, or ours, or nobody saw the end.
    Nothing,
}

/// What has a verdict changed for the requests to come?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// They are refused, for so long.
    Ejected(Cause, Duration),
    /// They are let through again.
    Readmitted,
}

const SECONDS: usize = 30;

// === impl Circuit ===

impl Circuit {
    /// Of an endpoint that nobody has asked yet. Time is counted from `epoch`.
    pub fn new(epoch: Instant) -> Self {
        Self {
            epoch,
            word: AtomicU64::new(0),
            since: AtomicU32::new(0),
            window: OnceLock::new(),
        }
    }

    /// May a request go to it now, which has so many under way? At most one at a time is told to [probe](Admission::Probe).
    pub fn ask(&self, breaker: &Breaker, in_flight: u32, now: Instant) -> Admission {
        // As nearly always, whatever the time.
        if self.is_admitting() {
            return Admission::Ask;
        }
        if let Some(admission) = self.look(breaker, in_flight, now) {
            return admission;
        }
        let (before, after) = self.step(Event::Asked, Pass::Ordinary, breaker, self.age(now));
        match before.phase == Phase::Ejected && after.phase == Phase::Probing {
            true => Admission::Probe(after.probe()),
            // Another thread was faster.
            false => self.look(breaker, in_flight, now).unwrap_or_else(|| {
                let cause = after.cause.unwrap_or(Cause::Failures);
                Admission::NotUntil(breaker.recheck(now), cause)
            }),
        }
    }

    /// Takes in how an attempt ended that was let through by this pass, and whether the provider asks to be left alone.
    pub fn judge(
        &self,
        outcome: Outcome,
        retry_after: Option<Duration>,
        pass: Pass,
        breaker: &Breaker,
        now: Instant,
    ) -> Option<Change> {
        let age = self.age(now);
        let told =
            retry_after.map(|after| Event::Told(age.saturating_add(after.min(breaker.told))));
        let event = match (outcome, told) {
            (Outcome::Succeeded, _) => {
                self.count(true, now);
                Event::Succeeded
            }
            (Outcome::Limited, Some(told)) => told,
            (Outcome::Failed, _) => self.failed(Cause::Failures, false, breaker, now),
            (Outcome::Failing, _) => self.failed(Cause::Failures, breaker.failing, breaker, now),
            (Outcome::Limited, _) => self.failed(Cause::Limited, false, breaker, now),
            (Outcome::Slow, _) => self.failed(Cause::Slow, false, breaker, now),
            (Outcome::Barred(cause), _) => Event::Barred(cause),
            (Outcome::Nothing, _) => Event::Nothing,
        };
        let (before, mut after) = self.step(event, pass, breaker, age);
        if let (Outcome::Failed | Outcome::Failing | Outcome::Barred(_), Some(told)) =
            (outcome, told)
        {
            (_, after) = self.step(told, pass, breaker, age);
        }
        let now_ms = millis(age);
        match (before.at(now_ms).state(), after.at(now_ms).state()) {
            (State::Probing, State::Admitting) => {
                self.forgive(now);
                Some(Change::Readmitted)
            }
            (State::Admitting | State::Probing, State::Ejected)
                if outcome != Outcome::Nothing && after.until > now_ms =>
            {
                let wait = Duration::from_millis(after.until - now_ms);
                Some(Change::Ejected(after.cause?, wait))
            }
            _ => None,
        }
    }

    /// Gives a pass back whose attempt ended without a verdict: if it was the probe, the next request is.
    pub fn release(&self, pass: Pass) {
        let breaker = Breaker::default();
        self.step(Event::Nothing, pass, &breaker, Duration::ZERO);
    }

    /// Lets no request through for this long; if it was left alone for longer, it still is.
    pub fn eject(&self, wait: Duration, now: Instant) {
        let age = self.age(now);
        let until = Event::Eject(age.saturating_add(wait));
        self.step(until, Pass::Ordinary, &Breaker::default(), age);
    }

    /// Lets requests through again, as if nothing had happened.
    pub fn readmit(&self, now: Instant) {
        let age = self.age(now);
        self.step(Event::Readmit, Pass::Ordinary, &Breaker::default(), age);
        self.forgive(now);
    }

    /// Is it known for nothing? One that only rests is not, even when its time is over, nor one that is on trial.
    pub(crate) fn is_admitting(&self) -> bool {
        Condition::is_calm(self.word.load(Acquire))
    }

    /// Is it let through again, but not yet [trusted](Breaker::trial)?
    pub fn is_on_trial(&self, now: Instant) -> bool {
        let now = millis(self.age(now));
        Condition::from(self.word.load(Acquire)).is_on_trial(now)
    }

    /// Has somebody to find out whether it is back?
    pub fn is_due(&self, now: Instant) -> bool {
        let condition = self.condition(now);
        condition.phase == Phase::Ejected && condition.until <= millis(self.age(now))
    }

    /// What was counted before this second, of its own time, is forgiven: it was readmitted since.
    pub(super) fn since(&self) -> u32 {
        self.since.load(Relaxed)
    }

    /// What happens to a request?
    pub fn state(&self, now: Instant) -> State {
        self.condition(now).state()
    }

    /// Why it is not let through, if it is not.
    pub fn cause(&self, now: Instant) -> Option<Cause> {
        let condition = self.condition(now);
        let refused = condition.phase != Phase::Admitting;
        condition.cause.filter(|_| refused)
    }

    /// When it is probed, or let through again; of one that is being probed, when it could be.
    pub fn until(&self, now: Instant) -> Option<Instant> {
        if self.is_admitting() {
            return None;
        }
        let condition = self.condition(now);
        let until = || self.epoch + Duration::from_millis(condition.until);
        (condition.phase != Phase::Admitting).then(until)
    }

    /// Failures in a row.
    pub fn failures(&self) -> u32 {
        Condition::from(self.word.load(Acquire)).failures
    }

    /// Is anything counted? From the first failure on.
    pub(crate) fn counts(&self) -> bool {
        self.window.get().is_some()
    }

    /// Ejections since it was last trusted.
    pub fn ejections(&self, now: Instant) -> u32 {
        self.condition(now).ejections
    }

    /// The answer that changes nothing; none where this request might be the probe.
    fn look(&self, breaker: &Breaker, in_flight: u32, now: Instant) -> Option<Admission> {
        let condition = self.condition(now);
        let cause = condition.cause.unwrap_or(Cause::Failures);
        match condition.phase {
            Phase::Admitting => {
                let left = condition.until.saturating_sub(millis(self.age(now)));
                match self.few(breaker, in_flight, left) {
                    Some(wait) => Some(Admission::NotUntil(now + wait, cause)),
                    None => Some(Admission::Ask),
                }
            }
            Phase::Ejected if condition.until <= millis(self.age(now)) => None,
            Phase::Ejected | Phase::Resting => {
                let until = self.epoch + Duration::from_millis(condition.until);
                Some(Admission::NotUntil(until, cause))
            }
            Phase::Probing => Some(Admission::NotUntil(breaker.recheck(now), cause)),
        }
    }

    /// How long to wait until more are let through, while the trial has so many milliseconds left.
    fn few(&self, breaker: &Breaker, in_flight: u32, left: u64) -> Option<Duration> {
        let left = Duration::from_millis(left);
        let back_for = breaker
            .trial
            .checked_sub(left)
            .filter(|_| !left.is_zero())?;
        let most = breaker.admits(back_for)?;
        let rest = Duration::from_secs(1) - Duration::from_nanos(back_for.subsec_nanos().into());
        (in_flight >= most).then_some(rest)
    }

    fn failed(&self, how: Cause, failing: bool, breaker: &Breaker, now: Instant) -> Event {
        // It counts in any case.
        let often = self.is_often(breaker, now) || failing;
        Event::Failed { how, often }
    }

    fn condition(&self, now: Instant) -> Condition {
        let word = self.word.load(Acquire);
        Condition::from(word).at(millis(self.age(now)))
    }

    fn step(
        &self,
        event: Event,
        pass: Pass,
        breaker: &Breaker,
        age: Duration,
    ) -> (Condition, Condition) {
        let next = |word: u64| Condition::from(word).after(event, pass, breaker, age);
        let mut word = self.word.load(Acquire);
        loop {
            let after = next(word);
            let changed = u64::from(after);
            // Most ends of attempts change nothing.
            if changed == word {
                return (Condition::from(word), after);
            }
            match self.word.compare_exchange(word, changed, AcqRel, Acquire) {
                Ok(_) => return (Condition::from(word), after),
                Err(other) => word = other,
            }
        }
    }

    fn is_often(&self, breaker: &Breaker, now: Instant) -> bool {
        let window = self.count(false, now);
        let Tally { succeeded, failed } =
            window.tally_since(self.second(now), self.since.load(Relaxed));
        breaker.is_often(failed, succeeded.saturating_add(failed))
    }

    fn count(&self, success: bool, now: Instant) -> &Window<SECONDS> {
        let window = self.window.get_or_init(Box::default);
        window.count(self.second(now), success);
        window
    }

    fn forgive(&self, now: Instant) {
        self.since
            .store(self.second(now).saturating_add(1), Relaxed);
    }

    fn second(&self, now: Instant) -> u32 {
        u32::try_from(self.age(now).as_secs()).unwrap_or(u32::MAX)
    }

    fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.epoch)
    }
}
