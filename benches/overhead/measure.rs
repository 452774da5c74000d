//! Time and allocations of one call, and the table.

use std::ops::{Div, Sub};
use std::time::Instant;

use crate::counting;

/// What one call costs.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) nanos: f64,
    pub(crate) allocations: f64,
}

/// The best of many rounds: on a shared machine everything else is noise.
pub(crate) fn of<T>(mut call: impl FnMut() -> T) -> Cost {
    let began = Instant::now();
    let mut calls = 0u32;
    while began.elapsed().as_millis() < 50 {
        std::hint::black_box(call());
        calls += 1;
    }
    let round = (calls / 20).max(1);
    let mut best = f64::MAX;
    let mut allocations = 0;
    for _ in 0..40 {
        let (before, began) = (counting::count(), Instant::now());
        for _ in 0..round {
            std::hint::black_box(call());
        }
        best = best.min(began.elapsed().as_nanos() as f64 / f64::from(round));
        allocations = counting::count() - before;
    }
    Cost {
        nanos: best,
        allocations: allocations as f64 / f64::from(round),
    }
}

impl Sub for Cost {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            nanos: self.nanos - other.nanos,
            allocations: self.allocations - other.allocations,
        }
    }
}

impl Div<u32> for Cost {
    type Output = Self;

    fn div(self, by: u32) -> Self {
        Self {
            nanos: self.nanos / f64::from(by),
            allocations: self.allocations / f64::from(by),
        }
    }
}

/// A Markdown table.
pub(crate) struct Table(Vec<String>);

impl Table {
    pub(crate) fn new() -> Self {
        Self(vec![
            "| what | ns | allocations | × yardstick |".into(),
            "|---|--:|--:|--:|".into(),
        ])
    }

    pub(crate) fn row(&mut self, what: &str, cost: Cost, yardstick: Cost) {
        let ratio = cost.nanos / yardstick.nanos;
        let Cost { nanos, allocations } = cost;
        self.0.push(format!(
            "| {what} | {nanos:.0} | {allocations:.1} | {ratio:.2} |"
        ));
    }

    pub(crate) fn print(&self) {
        println!("{}", self.0.join("\n"));
    }
}
