//! What the gates may let through, by the books and the ends of attempts alone.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use switchtower::settle::{AttemptRecord, Record};
use switchtower::standing::Breaker;
use switchtower::{End, Kind, Lesson};

use crate::book::Entry;
use crate::world::World;

/// One call, by when it came and how it ended.
#[derive(Clone, Copy, Debug)]
struct Call {
    request: u32,
    came: Duration,
    /// When its gate was told at the earliest.
    over: Duration,
    /// And at the latest.
    until: Duration,
    shows: Shows,
}

/// What did it show of its endpoint?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shows {
    Success,
    Failure,
    /// It refused us, not the request.
    Bar,
    Nothing,
}

/// Collects the calls of each endpoint.
#[derive(Debug, Default)]
pub(crate) struct Ejections {
    calls: BTreeMap<usize, Vec<Call>>,
    /// How often an endpoint was ejected, for sure, and how often it recovered.
    pub(crate) ejected: usize,
    pub(crate) recovered: usize,
}

// === impl Ejections ===

impl Ejections {
    pub(crate) fn add(&mut self, world: &World, record: &Record, calls: &[(usize, &Entry)]) {
        for (place, (attempt, (_, entry))) in record.attempts.iter().zip(calls).enumerate() {
            // One that is slow may be judged by its first token, and by that of its peers, whom nobody knows here.
            let slow = attempt
                .first_token
                .filter(|first| *first >= world.breaker.swift);
            let slow = slow.filter(|_| world.breaker.slow.is_some());
            // A request has one vote of failure on an endpoint.
            let before = record.attempts[..place].iter().zip(calls);
            let mut before = before.filter(|(_, (_, other))| other.endpoint == entry.endpoint);
            let alone = world.providers[entry.provider].keys == 1;
            let shows = match Shows::of(attempt) {
                Shows::Failure if before.any(|(it, _)| has_failed(it)) => Shows::Nothing,
                // With several keys it may be the key that is left alone.
                Shows::Failure if attempt.end == End::Failed(Kind::UpstreamAuth) && !alone => {
                    Shows::Nothing
                }
                Shows::Bar if !alone => Shows::Nothing,
                // Nobody knows when.
                Shows::Failure if slow.is_some() => Shows::Nothing,
                shows => shows,
            };
            self.calls.entry(entry.endpoint).or_default().push(Call {
                request: entry.request,
                came: entry.at,
                over: entry.at + slow.unwrap_or(attempt.took),
                until: entry.at + attempt.took,
                shows,
            });
        }
    }

    /// The requests that were let through to an endpoint that had been ejected, beside its probe.
    ///
    /// What ends within one millisecond has no order here; then only what is sure is held against anybody.
    pub(crate) fn beyond(&mut self, breaker: &Breaker) -> Vec<u32> {
        let mut beyond = Vec::new();
        let most = breaker.failures.map_or(u32::MAX, NonZeroU32::get);
        for calls in self.calls.values_mut() {
            calls.sort_by_key(|call| call.over);
            let mut failures = 0;
            let mut next = 0;
            while next < calls.len() {
                let moment = calls[next].over.as_millis();
                let until = calls[next..].partition_point(|c| c.over.as_millis() == moment) + next;
                let now = &calls[next..until];
                next = until;
                let failed = |call: &&Call| call.shows == Shows::Failure;
                // Has nothing succeeded, at this moment or when it may have?
                let succeeds = |call: &Call| {
                    call.shows == Shows::Success
                        && (call.over.as_millis()..=call.until.as_millis()).contains(&moment)
                };
                let is_sure = !calls.iter().any(succeeds);
                failures = match is_sure {
                    true => failures + now.iter().filter(failed).count() as u32,
                    false => 0,
                };
                let barred = is_sure
                    && !breaker.barred.is_zero()
                    && now.iter().any(|call| call.shows == Shows::Bar);
                if failures < most && !barred {
                    continue;
                }
                failures = 0;
                self.ejected += 1;
                let since = now.iter().map(|call| call.over).max().unwrap();
                // From here on until something succeeds, one comes after the other.
                let rest = &calls[next..];
                let success = rest.iter().find(|call| call.shows == Shows::Success);
                self.recovered += usize::from(success.is_some());
                let end = success.map_or(Duration::MAX, |call| call.over);
                let came = |call: &&Call| call.came.as_millis() > moment && call.came < end;
                let mut probes: Vec<_> = rest.iter().filter(came).collect();
                probes.sort_by_key(|call| call.came);
                let at_once = probes.windows(2).filter(|pair| pair[1].came < pair[0].over);
                // A key may be found out about at another of its endpoints.
                if !barred {
                    beyond.extend(at_once.map(|pair| pair[1].request));
                }
                if barred {
                    let early = |call: &&&Call| call.came < since + breaker.barred;
                    beyond.extend(probes.iter().filter(early).map(|call| call.request));
                }
                // The next ejection is looked for after this recovery.
                let recovery = end;
                while next < calls.len() && calls[next].over <= recovery {
                    next += 1;
                }
            }
        }
        beyond
    }
}

fn has_failed(attempt: &AttemptRecord) -> bool {
    matches!(attempt.end, End::Failed(kind) if kind.lesson() == Lesson::Failed)
}

// === impl Shows ===

impl Shows {
    fn of(attempt: &AttemptRecord) -> Self {
        match attempt.end {
            End::Complete => Self::Success,
            End::Failed(Kind::QuotaExhausted) => Self::Bar,
            End::Failed(Kind::UpstreamAuth) if attempt.status == Some(403) => Self::Failure,
            End::Failed(Kind::UpstreamAuth) => Self::Bar,
            // It may have had less time than it should.
            End::Failed(Kind::Elapsed(_)) => Self::Nothing,
            End::Failed(kind) if kind.lesson() == Lesson::Failed => Self::Failure,
            // A limit may have an end of its own.
            _ => Self::Nothing,
        }
    }
}
