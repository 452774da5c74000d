use std::collections::VecDeque;

use bytes::Bytes;

use super::{Book, Entry, Prices, Seen};

/// The latest calls, within bounds, and the sums over all of them.
#[derive(Debug)]
pub(super) struct Log {
    calls: VecDeque<Call>,
    next: u64,
    bodies: Bodies,
    max_calls: usize,
    prices: Prices,
    sums: Book,
}

#[derive(Debug)]
struct Call {
    seen: Seen,
    entry: Option<Entry>,
}

/// Bodies are kept apart from calls: they are forgotten sooner.
#[derive(Debug)]
struct Bodies {
    bytes: usize,
    max_bytes: usize,
    oldest: u64,
}

// === impl Log ===

impl Log {
    pub(super) fn new(max_calls: usize, max_bytes: usize, prices: Prices) -> Self {
        let bodies = Bodies {
            bytes: 0,
            max_bytes,
            oldest: 0,
        };
        let (calls, sums) = (VecDeque::new(), Book::default());
        Self {
            calls,
            next: 0,
            bodies,
            max_calls,
            prices,
            sums,
        }
    }

    /// Takes a call in and numbers it.
    pub(super) fn begin(&mut self, seen: &mut Seen) {
        seen.number = self.next;
        self.next += 1;
        self.bodies.bytes += seen.body.len();
        self.calls.push_back(Call {
            seen: seen.clone(),
            entry: None,
        });
        while self.calls.len() > self.max_calls {
            let forgotten = self.calls.pop_front().expect("there are too many");
            self.bodies.bytes -= forgotten.seen.body.len();
        }
        while self.bodies.bytes > self.bodies.max_bytes {
            self.forget_a_body();
        }
    }

    /// Books a call, at its price.
    pub(super) fn end(&mut self, mut entry: Entry) {
        entry.femtodollars = self.prices.bill(entry.told.unwrap_or(entry.served));
        self.sums.calls += 1;
        self.sums.served += entry.served;
        self.sums.femtodollars += entry.femtodollars;
        if let Some(logged) = self.call(entry.call) {
            logged.seen.ending = Some(entry.ending);
            logged.entry = Some(entry);
        }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.calls.iter().map(|call| call.seen.clone()).collect()
    }

    pub(super) fn book(&self) -> Book {
        let entries = self.calls.iter().filter_map(|call| call.entry.clone());
        Book {
            entries: entries.collect(),
            ..self.sums.clone()
        }
    }

    fn call(&mut self, number: u64) -> Option<&mut Call> {
        let first = self.calls.front()?.seen.number;
        let index = number.checked_sub(first)?;
        self.calls.get_mut(usize::try_from(index).ok()?)
    }

    fn forget_a_body(&mut self) {
        let first = self
            .calls
            .front()
            .map_or(self.next, |call| call.seen.number);
        let oldest = self.bodies.oldest.max(first);
        self.bodies.oldest = oldest + 1;
        if let Some(call) = self.call(oldest) {
            let body = std::mem::replace(&mut call.seen.body, Bytes::new());
            self.bodies.bytes -= body.len();
        }
    }
}
