//! The retry budgets of the providers, kept a second time, by the books alone.
//!
//! A first question to a provider earns a fifth of a retry; ten a second are always there, a hundred at the most. What
//! happens within one millisecond has no order here, so it is taken in the one that allows most.

use std::collections::BTreeMap;
use std::time::Duration;

use switchtower::settle::Record;

use crate::book::Entry;

/// Thousandths of a retry that were earned, and retries that were made, within a millisecond.
#[derive(Debug, Default)]
struct Moment {
    earned: u64,
    retries: Vec<u32>,
}

/// The moments of one provider, by milliseconds.
type Moments = BTreeMap<u64, Moment>;

/// Collects what each provider was burdened with.
#[derive(Debug, Default)]
pub(crate) struct Burden(BTreeMap<usize, Moments>);

const RETRY: u64 = 1000;
const EARNED: u64 = 200;
const MOST: u64 = 100 * RETRY;

fn moment(provider: &mut Moments, at: Duration) -> &mut Moment {
    provider.entry(at.as_millis() as u64).or_default()
}

impl Burden {
    /// Takes the calls of one request in. A retry is taken from the budget when the attempt before has ended.
    pub(crate) fn add(&mut self, record: &Record, calls: &[(usize, &Entry)]) {
        let mut pairs: Vec<_> = record
            .attempts
            .iter()
            .zip(calls.iter().map(|(_, entry)| *entry))
            .collect();
        pairs.sort_by_key(|(_, entry)| entry.at);
        for (place, (_, entry)) in pairs.iter().enumerate() {
            let before = &pairs[..place];
            let again = before
                .iter()
                .any(|(_, other)| other.provider == entry.provider);
            let provider = self.0.entry(entry.provider).or_default();
            if !again {
                moment(provider, entry.at).earned += EARNED;
            } else {
                // Of two that were under way at once, the later end; or a second one is asked while the first is under way.
                let ends = before
                    .iter()
                    .map(|(attempt, other)| other.at + attempt.took);
                let ended = ends.map(|end| end.min(entry.at)).max();
                let ended = ended.unwrap_or(entry.at);
                moment(provider, ended).retries.push(entry.request);
            }
        }
    }

    /// The requests that were asked again beyond the budget, and how often one was used up.
    pub(crate) fn beyond(&self) -> (Vec<u32>, usize) {
        let (mut beyond, mut used_up) = (Vec::new(), 0);
        for moments in self.0.values() {
            let (mut balance, mut then) = (10 * RETRY, None);
            for (at, moment) in moments {
                let dripped = (at - then.unwrap_or(*at)) * 10;
                balance = (balance + dripped).min(MOST) + moment.earned;
                for request in &moment.retries {
                    match balance.checked_sub(RETRY) {
                        Some(rest) => balance = rest,
                        None => beyond.push(*request),
                    }
                }
                used_up += usize::from(balance < RETRY);
                balance = balance.min(MOST);
                then = Some(*at);
            }
        }
        (beyond, used_up)
    }

    /// How many retries there were.
    pub(crate) fn retries(&self) -> usize {
        self.0
            .values()
            .flat_map(BTreeMap::values)
            .map(|moment| moment.retries.len())
            .sum()
    }
}
