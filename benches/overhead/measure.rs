//! What one call costs: nanoseconds, allocations, instructions.

use std::hint::black_box;
use std::ops::{Div, Sub};
use std::time::Instant;

use crate::{counting, instructions};

/// What one call costs. What was not measured is not a number.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) nanos: f64,
    pub(crate) allocations: f64,
    pub(crate) instructions: f64,
}

/// How is a call measured?
pub(crate) enum Gauge {
    /// Under Valgrind, where time means nothing.
    Instructions,
    /// Its allocations, and its time if it matters. The instructions were counted before, in the same order.
    Rest {
        timed: bool,
        instructions: std::vec::IntoIter<f64>,
    },
}

/// Enough to fill every pool and the ledger.
const WARM: u32 = 30;
/// Enough for what happens at each second or tenth call only.
const CALLS: u32 = 20;

impl Gauge {
    pub(crate) fn of<T>(&mut self, mut call: impl FnMut() -> T) -> Cost {
        let mut call = || drop(black_box(call()));
        (0..WARM).for_each(|_| call());
        let (timed, instructions) = match self {
            Self::Instructions => {
                instructions::collected(CALLS, &mut call);
                (false, f64::NAN)
            }
            Self::Rest {
                timed,
                instructions,
            } => (*timed, instructions.next().unwrap_or(f64::NAN)),
        };
        let before = counting::count();
        (0..CALLS).for_each(|_| call());
        let allocations = counting::count() - before;
        Cost {
            nanos: if timed { nanos(call) } else { f64::NAN },
            allocations: allocations as f64 / f64::from(CALLS),
            instructions: instructions / f64::from(CALLS),
        }
    }
}

/// The best of many rounds: on a shared machine everything else is noise.
fn nanos(mut call: impl FnMut()) -> f64 {
    let began = Instant::now();
    let mut calls = 0u32;
    while began.elapsed().as_millis() < 50 {
        call();
        calls += 1;
    }
    let round = (calls / 20).max(1);
    let rounds = (0..100).map(|_| {
        let began = Instant::now();
        (0..round).for_each(|_| call());
        began.elapsed().as_nanos() as f64 / f64::from(round)
    });
    rounds.fold(f64::MAX, f64::min)
}

impl Sub for Cost {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            nanos: self.nanos - other.nanos,
            allocations: self.allocations - other.allocations,
            instructions: self.instructions - other.instructions,
        }
    }
}

impl Div<u32> for Cost {
    type Output = Self;

    fn div(self, by: u32) -> Self {
        let by = f64::from(by);
        Self {
            nanos: self.nanos / by,
            allocations: self.allocations / by,
            instructions: self.instructions / by,
        }
    }
}
