//! Everything that decides whether an endpoint may be asked, in one word, and the one function that changes it.

use std::time::Duration;

use serde::Serialize;

use super::breaker::Breaker;

/// What happens to a request for this endpoint?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is let through.
    Admitting,
    /// One is let through to find out, and is under way; the others are refused.
    Probing,
    /// It is refused.
    Ejected,
}

/// Why is an endpoint left alone?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// Too many failures in a row.
    Failures,
    /// Too large a share of failures.
    Rate,
    /// Its rate limit, or it has asked to be left alone.
    Limited,
    /// Its first token takes several times as long as its peers'.
    Slow,
    /// It does not accept our key.
    Key,
    /// Our credit or quota there is used up.
    Quota,
    /// The operator has said so.
    Operator,
}

/// On what terms was an attempt let through?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Like any other.
    Ordinary,
    /// As the probe of this turn.
    Probe(u8),
}

/// What has happened to an endpoint? Times are counted from its epoch.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// A request asks to be let through.
    Asked,
    /// A whole answer.
    Succeeded,
    /// A failure, a limit without an end, or slowness. Is the share of these too large?
    Failed { how: Cause, often: bool },
    /// It has asked to be left alone until then.
    Told(Duration),
    /// It refuses us, not the request.
    Barred(Cause),
    /// Nothing that says anything about it.
    Nothing,
    /// By the operator, until then.
    Eject(Duration),
    /// By the operator.
    Readmit,
}

/// The word. See [`Circuit`](super::Circuit) for the picture.
///
/// ```text
/// 63    62 61           24 23      17 16      13 12    8 7       0
/// ├─ phase ┼─ until, in ms ┼ failures ┼ ejections ┼ cause ┼─ turn ──┤
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) phase: Phase,
    /// Milliseconds since the epoch: up to 8.7 years, which are for ever. While it admits, the end of its trial.
    pub(super) until: u64,
    /// In a row.
    pub(super) failures: u32,
    /// Since it was last trusted.
    pub(super) ejections: u32,
    pub(super) cause: Option<Cause>,
    turn: u8,
}

/// [`State`], with the one that ends by itself told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Admitting,
    /// Ejected until then; it has said itself when it is back, so that needs no probe.
    Resting,
    Ejected,
    Probing,
}

const FOREVER: u64 = (1 << 38) - 1;

/// Above it there is the phase alone, which is 0 of one that admits.
const UNTIL: u32 = 24;
const MOST_FAILURES: u32 = (1 << 7) - 1;
const MOST_EJECTIONS: u32 = (1 << 4) - 1;
const CAUSES: [Cause; 7] = [
    Cause::Failures,
    Cause::Rate,
    Cause::Limited,
    Cause::Slow,
    Cause::Key,
    Cause::Quota,
    Cause::Operator,
];

// === impl Condition ===

impl Condition {
    /// What this event makes of it.
    pub(super) fn after(
        self,
        event: Event,
        pass: Pass,
        breaker: &Breaker,
        now: Duration,
    ) -> Condition {
        let now = millis(now);
        let this = self.at(now);
        let is_probe = this.phase == Phase::Probing && pass == Pass::Probe(this.turn);
        match (event, this.phase) {
            // Ejected → Probing
            (Event::Asked, Phase::Ejected) if this.until <= now => Self {
                phase: Phase::Probing,
                turn: this.turn.wrapping_add(1),
                ..this
            },
            (Event::Asked, _) => this,

            // Probing → Admitting
            (Event::Succeeded, _) if is_probe => this.on_trial(breaker, now),
            (Event::Succeeded, Phase::Admitting | Phase::Resting) => Self {
                failures: 0,
                ..this
            },
            (Event::Succeeded, _) => this,

            // Probing → Ejected
            (Event::Failed { how, .. }, _) if is_probe => {
                let known = this.cause.filter(|_| how == Cause::Failures);
                this.ejected(known.unwrap_or(how), breaker, now)
            }
            (Event::Failed { how, often }, Phase::Admitting | Phase::Resting) => {
                let failures = (this.failures + 1).min(MOST_FAILURES);
                let many = breaker.is_many(failures, MOST_FAILURES, this.is_on_trial(now));
                let this = Self { failures, ..this };
                match (many || often, how) {
                    (false, _) => this,
                    // Admitting → Ejected
                    (true, Cause::Failures) if !many => this.ejected(Cause::Rate, breaker, now),
                    (true, how) => this.ejected(how, breaker, now),
                }
            }
            // Whoever was asked before says nothing new.
            (Event::Failed { .. }, _) => this,

            (Event::Told(until), _) if millis(until) <= now => match is_probe {
                true => this.released(),
                false => this,
            },
            (Event::Told(until), Phase::Admitting | Phase::Resting) => {
                // Admitting → Resting
                this.left_alone(Phase::Resting, Cause::Limited, millis(until))
            }
            // Whoever was asked before the probe does not end it; but if it fails, this holds as well.
            (Event::Told(until), Phase::Probing) if !is_probe => Self {
                until: this.until.max(millis(until)).min(FOREVER),
                ..this
            },
            // Probing → Ejected
            (Event::Told(until), _) => {
                this.left_alone(Phase::Ejected, Cause::Limited, millis(until))
            }

            (Event::Barred(_), _) if breaker.barred.is_zero() => match is_probe {
                true => this.released(),
                false => this,
            },
            // Admitting, Probing → Ejected
            (Event::Barred(cause), _) => {
                let until = now.saturating_add(millis(breaker.barred));
                this.left_alone(Phase::Ejected, cause, until)
            }

            // Probing → Ejected: the next request is the probe.
            (Event::Nothing, _) if is_probe => this.released(),
            (Event::Nothing, _) => this,

            // any → Ejected
            (Event::Eject(until), _) => Self {
                cause: Some(Cause::Operator),
                ..this.left_alone(Phase::Ejected, Cause::Operator, millis(until))
            },
            // any → Admitting
            (Event::Readmit, _) => this.readmitted(),
        }
    }

    /// At this time: what rests, rests no longer than it has to, and a trial ends.
    pub(super) fn at(self, now: u64) -> Condition {
        match self.phase {
            // Resting → Admitting
            Phase::Resting | Phase::Admitting if self.until <= now => Self {
                phase: Phase::Admitting,
                until: 0,
                ejections: 0,
                cause: None,
                ..self
            },
            _ => self,
        }
    }

    /// Is it let through again, but not yet trusted?
    pub(super) fn is_on_trial(self, now: u64) -> bool {
        self.phase == Phase::Admitting && self.until > now
    }

    /// The probe that is under way.
    pub(super) fn probe(self) -> Pass {
        Pass::Probe(self.turn)
    }

    pub(super) fn state(self) -> State {
        match self.phase {
            Phase::Admitting => State::Admitting,
            Phase::Resting | Phase::Ejected => State::Ejected,
            Phase::Probing => State::Probing,
        }
    }

    fn ejected(self, cause: Cause, breaker: &Breaker, now: u64) -> Self {
        let draw = now ^ (u64::from(self.turn) << 48);
        let wait = breaker.cooldown(self.ejections, draw);
        Self {
            failures: 0,
            ejections: (self.ejections + 1).min(MOST_EJECTIONS),
            ..self.left_alone(Phase::Ejected, cause, now.saturating_add(millis(wait)))
        }
    }

    fn on_trial(self, breaker: &Breaker, now: u64) -> Self {
        Self {
            phase: Phase::Admitting,
            until: now.saturating_add(millis(breaker.trial)).min(FOREVER),
            failures: 0,
            ..self
        }
        .at(now)
    }

    /// Of two times the later holds, with its cause.
    fn left_alone(self, phase: Phase, cause: Cause, until: u64) -> Self {
        let is_longer = self.phase != Phase::Admitting && self.until > until;
        Self {
            phase,
            until: if is_longer { self.until } else { until }.min(FOREVER),
            cause: if is_longer { self.cause } else { Some(cause) },
            ..self
        }
    }

    fn released(self) -> Self {
        Self {
            phase: Phase::Ejected,
            ..self
        }
    }

    fn readmitted(self) -> Self {
        Self {
            turn: self.turn,
            ..Self::from(0)
        }
    }
}

impl Condition {
    /// Does this word say that it admits, and that nothing ends by itself?
    pub(super) fn is_calm(word: u64) -> bool {
        word >> UNTIL == 0
    }
}

impl From<u64> for Condition {
    fn from(word: u64) -> Self {
        let bits = |from: u32, count: u32| (word >> from) & ((1 << count) - 1);
        Self {
            phase: match bits(62, 2) {
                0 => Phase::Admitting,
                1 => Phase::Resting,
                2 => Phase::Ejected,
                _ => Phase::Probing,
            },
            until: bits(UNTIL, 38),
            failures: bits(17, 7) as u32,
            ejections: bits(13, 4) as u32,
            cause: (bits(8, 5) as usize)
                .checked_sub(1)
                .and_then(|at| CAUSES.get(at).copied()),
            turn: bits(0, 8) as u8,
        }
    }
}

impl From<Condition> for u64 {
    fn from(condition: Condition) -> Self {
        let cause = condition.cause.map_or(0, |cause| cause as u64 + 1);
        ((condition.phase as u64) << 62)
            | (condition.until.min(FOREVER) << UNTIL)
            | (u64::from(condition.failures) << 17)
            | (u64::from(condition.ejections) << 13)
            | (cause << 8)
            | u64::from(condition.turn)
    }
}

/// Of a time that no word can hold: the last one that it can.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).map_or(FOREVER, |millis| millis.min(FOREVER))
}

// === impl State ===

impl State {
    /// A short word for logs and for JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Admitting => "admitting",
            State::Probing => "probing",
            State::Ejected => "ejected",
        }
    }
}

// === impl Cause ===

impl Cause {
    /// A short word for logs and for JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Failures => "failures",
            Cause::Rate => "rate",
            Cause::Limited => "limited",
            Cause::Slow => "slow",
            Cause::Key => "key",
            Cause::Quota => "quota",
            Cause::Operator => "operator",
        }
    }
}
