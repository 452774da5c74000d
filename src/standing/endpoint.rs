//! The record of one endpoint.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::circuit::Circuit;
use super::density::Density;
use super::histogram::{Better, Histogram};
use super::keys::{Access, KeyStanding};
use super::limits::Governor;
use super::load::Load;
use super::percentile::Percentile;
use super::seen::{Seen, Validity};
use super::uptime::{Health, Period, share};
use super::window::Tally;
use crate::catalog::Pace;

/// What has been learned of one endpoint. See the example in the [module docs](super).
///
/// It takes 400 bytes until the endpoint is asked, 2 KB from its first end on, 3 KB for each of first token and throughput from the
/// first sample on, and half a KB for each key whose limits are announced. Counters that are full stay full.
#[derive(Debug)]
pub struct Standing {
    pub(super) learned: Arc<Learned>,
    /// With each of its provider's keys, in their order; at least one.
    accesses: Box<[Arc<Access>]>,
    governor: Option<Arc<Governor>>,
    /// Shared by all endpoints of the model.
    density: Arc<Density>,
}

/// What does not depend on keys.
#[derive(Debug)]
pub(super) struct Learned {
    epoch: Instant,
    load: Load,
    circuit: Circuit,
    seen: OnceLock<Box<Seen>>,
    pub(super) first_token: OnceLock<Box<Histogram>>,
    throughput: OnceLock<Box<Histogram>>,
}

/// A unit of first-token times: 2¹⁰ µs, so that they are told from 1 ms to 18 minutes.
const MILLISECOND: u32 = 10;
/// A unit of throughputs: 2⁴ thousandths of a token a second, up to 16,777 tokens.
const SIXTIETH_OF_A_TOKEN: u32 = 4;

// === impl Standing ===

impl Standing {
    /// Of an endpoint that nobody has asked yet. Time is counted from `epoch`.
    pub fn new(epoch: Instant) -> Self {
        let none = KeyStanding::none(Pace::default(), epoch);
        let density = Arc::default();
        Self::with_keys(&[Arc::new(none)], Pace::default(), density, None, epoch)
    }

    /// Of an endpoint that nobody has asked yet with this key, by itself.
    pub(crate) fn of_key(key: &Arc<KeyStanding>, density: Arc<Density>, now: Instant) -> Self {
        Self::with_keys(
            std::slice::from_ref(key),
            Pace::default(),
            density,
            None,
            now,
        )
    }

    /// Of an endpoint that is asked with these keys, at this pace; what was learned of it `before` is kept, and that of each key
    /// that stays.
    pub(super) fn with_keys(
        keys: &[Arc<KeyStanding>],
        pace: Pace,
        density: Arc<Density>,
        before: Option<&Self>,
        now: Instant,
    ) -> Self {
        let known = |key: &Arc<KeyStanding>| {
            let mut accesses = before?.accesses.iter();
            accesses.find(|access| Arc::ptr_eq(access.key(), key))
        };
        let access = |key: &Arc<KeyStanding>| match known(key) {
            Some(access) => access.clone(),
            None => Arc::new(Access::new(key.clone(), now)),
        };
        let governor = before.and_then(|before| before.governor.clone());
        let governor = governor.filter(|governor| governor.pace() == pace);
        Self {
            learned: match before {
                Some(before) => before.learned.clone(),
                None => Arc::new(Learned::new(now)),
            },
            accesses: keys.iter().map(access).collect(),
            governor: governor.or_else(|| Governor::new(pace, now).map(Arc::new)),
            density,
        }
    }

    /// How many bytes of text a token of its model has.
    pub fn density(&self) -> &Arc<Density> {
        &self.density
    }

    /// May it be asked? [`gate`](crate::dispatch::gate) asks this.
    pub fn circuit(&self) -> &Circuit {
        &self.learned.circuit
    }

    /// With each of its keys; at least one.
    pub(crate) fn accesses(&self) -> &[Arc<Access>] {
        &self.accesses
    }

    pub(crate) fn governor(&self) -> Option<&Governor> {
        self.governor.as_deref()
    }

    /// Lets no request through for this long, by the operator's word; after it a probe finds out.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use switchtower::standing::{Standing, State};
    ///
    /// let now = Instant::now();
    /// let standing = Standing::new(now);
    /// standing.eject(Duration::from_secs(3600), now);
    /// assert_eq!(standing.circuit().state(now), State::Ejected);
    /// standing.readmit(now);
    /// assert_eq!(standing.circuit().state(now), State::Admitting);
    /// ```
    pub fn eject(&self, wait: Duration, now: Instant) {
        self.learned.circuit.eject(wait, now);
    }

    /// Lets requests through again, whatever it was ejected for, and whatever limits it has announced.
    pub fn readmit(&self, now: Instant) {
        self.learned.circuit.readmit(now);
        self.accesses.iter().for_each(|access| access.readmit(now));
    }

    /// An attempt has begun, which is expected to move so many tokens: prompt and output.
    pub fn began(&self, tokens: u64) {
        self.learned.load.add(tokens);
    }

    /// An attempt that [began](Self::began) with so many tokens is over, however it ended.
    pub fn ended(&self, tokens: u64) {
        self.learned.load.take(tokens);
    }

    /// An attempt gave a whole answer. `first_token` is the time to its first content,
    /// `throughput` its output tokens a second in thousandths.
    pub fn succeeded(&self, now: Instant, first_token: Option<Duration>, throughput: Option<u32>) {
        self.count(now, true);
        let minute = self.second(now) / 60;
        if let Some(first_token) = first_token {
            let micros = u64::try_from(first_token.as_micros()).unwrap_or(u64::MAX);
            let new = || Box::new(Histogram::new(MILLISECOND, Better::Lower));
            self.learned
                .first_token
                .get_or_init(new)
                .sample(minute, micros);
        }
        if let Some(throughput) = throughput {
            let new = || Box::new(Histogram::new(SIXTIETH_OF_A_TOKEN, Better::Higher));
            let histogram = self.learned.throughput.get_or_init(new);
            histogram.sample(minute, throughput.into());
        }
    }

    /// An attempt failed through the provider's fault or the network's.
    pub fn failed(&self, now: Instant) {
        self.count(now, false);
    }

    /// The endpoint had no room for an attempt: a 429. It is no steady endpoint for the next thirty seconds, but that
    /// is nothing against its uptime.
    pub fn limited(&self, now: Instant) {
        self.seen().limited(self.second(now));
    }

    /// An answer ended in tool calls, all of which are valid, or not.
    pub fn called_tools(&self, now: Instant, valid: bool) {
        self.seen().called_tools(self.second(now), valid);
    }

    /// What the last thirty seconds have seen; what was limited is among the failures.
    pub fn recent(&self, now: Instant) -> Tally {
        self.look(|seen| seen.recent(self.second(now)))
    }

    /// Is it without a significant outage? OpenRouter leaves open what that is; here it is half of
    /// the attempts in the outage window, so that one failure of a rarely asked endpoint counts and
    /// one in a hundred does not. What was before its circuit was closed again does not count: then it has its
    /// share back at once.
    pub fn is_steady(&self, now: Instant) -> bool {
        let since = || self.learned.circuit.since();
        let seen = self.learned.seen.get();
        seen.is_none_or(|seen| seen.is_steady(|| self.second(now), since))
    }

    /// How it did in the last thirty minutes, or since its circuit was closed again.
    pub fn health(&self, now: Instant) -> Health {
        let since = || self.learned.circuit.since();
        let seen = self.learned.seen.get();
        seen.map_or(Health::Normal, |seen| {
            seen.health(|| self.second(now), since)
        })
    }

    /// The share of attempts that succeeded, in thousandths of a percent, rounded down. None under twenty attempts.
    ///
    /// ```
    /// use std::time::Instant;
    /// use switchtower::standing::{Period, Standing};
    ///
    /// let now = Instant::now();
    /// let standing = Standing::new(now);
    /// (0..19).for_each(|_| standing.succeeded(now, None, None));
    /// assert_eq!(standing.uptime(Period::Day, now), None);
    /// standing.failed(now);
    /// standing.limited(now);
    /// assert_eq!(standing.uptime(Period::Day, now), Some(95_000));
    /// ```
    pub fn uptime(&self, period: Period, now: Instant) -> Option<u32> {
        share(self.tally(period, now))
    }

    /// Attempts that were answered or failed in this period: what [`uptime`](Self::uptime) is the share of.
    pub fn tally(&self, period: Period, now: Instant) -> Tally {
        self.look(|seen| seen.tally(period, self.second(now)))
    }

    /// The time to the first content token that this share of the answers did not exceed, in the last five minutes.
    /// None if there was none. Within 5.9 % or half a millisecond.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use switchtower::standing::{Percentile, Standing};
    ///
    /// let now = Instant::now();
    /// let standing = Standing::new(now);
    /// for millis in 1..=1000 {
    ///     standing.succeeded(now, Some(Duration::from_millis(millis)), None);
    /// }
    /// let p90 = standing.first_token(Percentile::P90, now).unwrap();
    /// assert!((850..=950).contains(&p90.as_millis()));
    /// ```
    pub fn first_token(&self, percentile: Percentile, now: Instant) -> Option<Duration> {
        let histogram = self.learned.first_token.get()?;
        let micros = histogram.get(percentile, self.second(now) / 60);
        micros.map(Duration::from_micros)
    }

    /// The output tokens a second, in thousandths, that this share of the answers reached, in the last five minutes.
    /// None if there was none. Within 5.9 %, or eight thousandths.
    pub fn throughput(&self, percentile: Percentile, now: Instant) -> Option<u32> {
        let histogram = self.learned.throughput.get()?;
        let thousandths = histogram.get(percentile, self.second(now) / 60)?;
        u32::try_from(thousandths).ok()
    }

    /// Attempts that are under way.
    pub fn in_flight(&self) -> u32 {
        self.learned.load.in_flight()
    }

    /// The tokens that the attempts under way are expected to move.
    pub fn outstanding(&self) -> u64 {
        self.learned.load.tokens()
    }

    /// Attempts of the last thirty minutes that were answered or failed.
    pub fn requests(&self, now: Instant) -> u32 {
        let Tally { succeeded, failed } = self.tally(Period::HalfHour, now);
        succeeded + failed
    }

    /// Attempts of the last thirty minutes that were [limited](Self::limited).
    pub fn limits(&self, now: Instant) -> u32 {
        self.look(|seen| seen.limits(self.second(now)))
    }

    /// What its answers of the last two hours made of the tools they were given.
    pub fn tool_calls(&self, now: Instant) -> Validity {
        self.look(|seen| seen.tool_calls(self.second(now)))
    }

    fn count(&self, now: Instant, success: bool) {
        self.seen().count(self.second(now), success);
    }

    fn seen(&self) -> &Seen {
        self.learned.seen.get_or_init(|| Box::new(Seen::new()))
    }

    /// What it has been seen to do; of one that nobody has asked, the default.
    fn look<T: Default>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        let seen = self.learned.seen.get();
        seen.map_or_else(T::default, |seen| look(seen))
    }

    pub(super) fn second(&self, now: Instant) -> u32 {
        let age = now.saturating_duration_since(self.learned.epoch).as_secs();
        u32::try_from(age).unwrap_or(u32::MAX)
    }
}

// === impl Learned ===

impl Learned {
    fn new(epoch: Instant) -> Self {
        Self {
            epoch,
            load: Load::new(),
            circuit: Circuit::new(epoch),
            seen: OnceLock::new(),
            first_token: OnceLock::new(),
            throughput: OnceLock::new(),
        }
    }
}
