//! One day: a good beginning, trouble, and what comes after it.

use std::time::{Duration, Instant};

use switchtower::standing::State;
use tokio::time::sleep;

use crate::answer::{Answer, Caller, Verdict};
use crate::load::Load;
use crate::town::Town;
use crate::trouble::{Trouble, good as good_script};

/// What a day has shown.
pub(crate) struct Day {
    /// Of all calls since the trouble began, in thousandths of a percent, rounded down.
    pub(crate) success: u64,
    pub(crate) calls: usize,
    /// Milliseconds to the first token, of calls made once the trouble was known.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Calls that the provider got until the trouble was known; none where it never was.
    pub(crate) learned_after: Option<u64>,
    /// Calls to providers for each call of a caller, once the trouble was known.
    pub(crate) attempts: f64,
    /// From the provider's recovery until it had an even share of the calls again.
    pub(crate) even_after: Option<Duration>,
}

/// Enough calls of each provider to know how fast it is.
const BEGINNING: Duration = Duration::from_secs(4);
const GOOD: Duration = Duration::from_secs(12);
/// The trouble goes on for so long, and then until the provider has failed a probe: nobody could wait any longer for the
/// next one.
const TROUBLE: Duration = Duration::from_secs(12);
const AT_MOST: Duration = Duration::from_secs(30);
/// By then nobody waits any more for a provider that was asked before its trouble was known.
const SETTLED: Duration = Duration::from_millis(2500);
/// Over so long a share is counted.
const SHARE: usize = 30;
const EVEN: std::ops::RangeInclusive<f64> = 0.24..=0.43;
const PATIENCE: Duration = Duration::from_secs(45);
const MOMENT: Duration = Duration::from_millis(100);

/// A day without trouble.
pub(crate) async fn good() -> Day {
    let town = Town::new();
    let load = Load::start(Caller::new(town.gateway));
    sleep(BEGINNING).await;
    let from = Instant::now();
    let before = Count::of(&town, &load);
    sleep(GOOD).await;
    let until = Instant::now();
    let attempts = Count::of(&town, &load).since(&before);
    let answers = load.end().await;
    Day::new(&answers, from, from..until, None, attempts, None)
}

/// A day on which this comes over one of three.
pub(crate) async fn bad(trouble: Trouble) -> Day {
    let town = Town::new();
    let load = Load::start(Caller::new(town.gateway));
    sleep(BEGINNING).await;

    let from = Instant::now();
    let asked = town.calls()[0];
    trouble.strike(&town.upstreams[0]);
    let mut learned = None;
    let (mut settled, mut state) = (None, State::Admitting);
    let until = loop {
        sleep(MOMENT / 10).await;
        let (now, before) = (Instant::now(), state);
        state = town.circuit().0;
        if learned.is_none() && state == State::Ejected {
            learned = Some((now, town.calls()[0] - asked));
        }
        if settled.is_none() && learned.is_some_and(|(since, _)| now > since + SETTLED) {
            settled = Some(Count::of(&town, &load));
        }
        let failed = state == State::Ejected && before != State::Ejected;
        if (failed && now > from + TROUBLE) || now > from + AT_MOST {
            break now;
        }
    };
    let attempts = settled.map_or(f64::NAN, |settled| Count::of(&town, &load).since(&settled));
    town.upstreams[0].script(good_script());

    let even = even_again(&town, until).await;
    let answers = load.end().await;
    let known = learned.map_or(until, |(since, _)| since);
    let learned_after = learned.map(|(_, calls)| calls);
    Day::new(&answers, from, known..until, learned_after, attempts, even)
}

/// Waits until the first provider has an even share, which it keeps for as long as it is counted.
async fn even_again(town: &Town, since: Instant) -> Option<Duration> {
    let mut counts = vec![town.calls()];
    let mut begins = vec![Instant::now()];
    while since.elapsed() < PATIENCE {
        sleep(MOMENT).await;
        counts.push(town.calls());
        begins.push(Instant::now());
        let Some(at) = (counts.len() - 1).checked_sub(SHARE) else {
            continue;
        };
        let [first, last] = [&counts[at], &counts[counts.len() - 1]];
        let all: u64 = last.iter().sum::<u64>() - first.iter().sum::<u64>();
        let share = (last[0] - first[0]) as f64 / all as f64;
        if EVEN.contains(&share) {
            return Some(begins[at] - since);
        }
    }
    None
}

/// Calls that callers have made, and calls that providers have seen.
struct Count {
    asked: u32,
    seen: u64,
}

// === impl Count ===

impl Count {
    fn of(town: &Town, load: &Load) -> Self {
        Self {
            asked: load.asked(),
            seen: town.calls().iter().sum(),
        }
    }

    fn since(&self, before: &Self) -> f64 {
        (self.seen - before.seen) as f64 / f64::from(self.asked - before.asked)
    }
}

// === impl Day ===

impl Day {
    fn new(
        answers: &[Answer],
        from: Instant,
        known: std::ops::Range<Instant>,
        learned_after: Option<u64>,
        attempts: f64,
        even_after: Option<Duration>,
    ) -> Self {
        let mut first_tokens: Vec<_> = answers
            .iter()
            .filter(|answer| known.contains(&answer.asked))
            .filter_map(|answer| answer.first_token)
            .collect();
        first_tokens.sort();
        let percentile = |percent: usize| {
            let at = first_tokens.get(first_tokens.len() * percent / 100);
            at.map_or(f64::NAN, |first| first.as_secs_f64() * 1e3)
        };
        let calls: Vec<_> = answers
            .iter()
            .filter(|answer| answer.asked >= from)
            .collect();
        let whole = calls
            .iter()
            .filter(|answer| answer.verdict == Verdict::Whole)
            .count();
        Self {
            success: (whole * 100_000 / calls.len()) as u64,
            calls: calls.len(),
            p50: percentile(50),
            p99: percentile(99),
            learned_after,
            attempts,
            even_after,
        }
    }
}
