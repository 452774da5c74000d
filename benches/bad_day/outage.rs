//! Nobody answers, and a thousand ask at once.

use std::time::Duration;

use switchtower::dispatch::deadline::Deadlines;
use switchtower::testing::{Failure, Point, Script};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::answer::{Answer, Caller, Verdict};
use crate::heap;
use crate::town::Town;

pub(crate) const NAME: &str = "all three fail at once";

/// What an outage has shown.
pub(crate) struct Outage {
    pub(crate) callers: usize,
    /// Callers that got an error that says what is wrong.
    pub(crate) told: usize,
    /// When the last of them got it, and how late that may be.
    pub(crate) last: Duration,
    pub(crate) allowed: Duration,
    /// Calls of the provider that saw most of them, for each caller.
    pub(crate) most: f64,
    /// Bytes that were alive.
    pub(crate) before: usize,
    pub(crate) after: usize,
    pub(crate) slack: usize,
    /// Bytes in memory now.
    pub(crate) resident: usize,
}

const CALLERS: u32 = 1000;
const TOTAL: Duration = Duration::from_secs(6);
/// What a busy machine may be late by.
const LATE: Duration = Duration::from_secs(2);
/// What a thousand requests may leave behind: their records are kept, and pools and tables have grown.
const SLACK: usize = 4 << 20;

pub(crate) async fn run() -> Outage {
    let town = Town::with(Deadlines {
        headers: TOTAL / 3,
        first_token: TOTAL / 2,
        idle: TOTAL / 2,
        total: TOTAL,
        ..Deadlines::default()
    });
    // As many callers while all is well make what is made once, and kept.
    crowd(&town).await;
    let before = settled().await;
    let seen = town.calls();
    let [down, resets, silent] = &town.upstreams[..] else {
        unreachable!()
    };
    down.script(Script::fail(Failure::overloaded()));
    resets.script(Script::new().reset(Point::BeforeHeaders));
    silent.script(Script::new().stall(Point::BeforeHeaders));
    let answers = crowd(&town).await;
    let after = settled().await;
    let most = town
        .calls()
        .iter()
        .zip(seen)
        .map(|(now, before)| now - before)
        .max();
    let told = |answer: &&Answer| answer.verdict == Verdict::Told;
    Outage {
        callers: answers.len(),
        told: answers.iter().filter(told).count(),
        last: answers
            .iter()
            .map(|answer| answer.took)
            .max()
            .unwrap_or_default(),
        allowed: TOTAL + LATE,
        most: most.unwrap_or_default() as f64 / f64::from(CALLERS),
        before,
        after,
        slack: SLACK,
        resident: heap::resident(),
    }
}

async fn crowd(town: &Town) -> Vec<Answer> {
    let caller = Caller::new(town.gateway);
    let mut calls = JoinSet::new();
    for number in 0..CALLERS {
        calls.spawn(caller.clone().ask(number, number % 5 != 0));
    }
    calls.join_all().await
}

/// What is alive when nothing happens any more.
async fn settled() -> usize {
    let mut last = heap::live();
    loop {
        sleep(Duration::from_millis(500)).await;
        let now = heap::live();
        if now.abs_diff(last) < 1 << 10 {
            return now;
        }
        last = now;
    }
}
