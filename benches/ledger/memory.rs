//! A hold and its settlement, in memory.

use std::hint::black_box;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use switchtower::settle::{Claim, Ledger, MemoryLedger, Record, Slot};

use crate::made::made;

const CALLS: u32 = 100_000;
/// The best of so many counts: noise slows some of them, a regression all.
const ROUNDS: u32 = 10;
const MOST: Duration = Duration::from_micros(1);

/// Tells what is not kept.
pub(crate) fn report() -> Option<String> {
    let (claim, record) = made();
    let mut ledger = MemoryLedger::default();
    // Full, so that each record makes one go.
    round(&mut ledger, &claim, &record);
    let with = best(|| round(&mut ledger, &claim, &record));
    let without = best(|| (0..CALLS).for_each(|_| drop(black_box(record.clone()))));
    let each = with.saturating_sub(without) / CALLS;
    println!("| memory ledger | ns |\n|---|--:|");
    println!("| hold and settle | {} |\n", each.as_nanos());
    (each > MOST).then(|| format!("a hold and its settlement in {MOST:?}: {each:?}"))
}

fn round(ledger: &mut MemoryLedger, claim: &Claim, record: &Record) {
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..CALLS {
        let Poll::Ready(Ok(mut slot)) = ledger.poll_slot(&mut cx) else {
            panic!("there is always room");
        };
        let _ = black_box(slot.hold(claim).unwrap());
        slot.write(record.clone());
    }
}

fn best(mut round: impl FnMut()) -> Duration {
    let rounds = (0..ROUNDS).map(|_| {
        let began = Instant::now();
        round();
        began.elapsed()
    });
    rounds.min().unwrap()
}
