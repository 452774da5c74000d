//! How long the hold and the last frame wait for a SQLite file, and how many calls it settles.

use std::future::poll_fn;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use switchtower::settle::store::{SqliteSettings, SqliteStore};
use switchtower::settle::{Durability, Held, Journal, JournalSettings, Ledger, Slot};
use switchtower::{GenerationId, settle::Claim, settle::Record};

use crate::made::made;

/// Calls, each with a name of its own.
struct Calls {
    journal: Journal,
    claim: Claim,
    record: Record,
    count: AtomicU64,
}

const TIME: Duration = Duration::from_secs(5);

pub(crate) fn report(place: &Path) {
    println!(
        "| SQLite | offered, calls/s | settled, calls/s | hold p50, ms | p99 | last frame p50, ms | p99 |\n\
         |---|--:|--:|--:|--:|--:|--:|"
    );
    for durability in [Durability::Memory, Durability::Process, Durability::Power] {
        for offered in [Some(1000), Some(5000), None] {
            measure(place, durability, offered);
        }
    }
    println!();
}

fn measure(place: &Path, durability: Durability, offered: Option<u32>) {
    let (claim, record) = made();
    let file = place.join(format!("{durability:?}-{offered:?}.db"));
    let settings = SqliteSettings::default().durability(durability);
    let store = Arc::new(SqliteStore::open(file, settings).unwrap());
    let settings = JournalSettings::default().durability(durability);
    let calls = Arc::new(Calls {
        journal: Journal::open(store, settings).unwrap(),
        claim,
        record,
        count: AtomicU64::new(0),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let began = Instant::now();
    let waits = runtime.block_on(async {
        let waits = match offered {
            Some(rate) => paced(&calls, rate).await,
            None => at_once(&calls).await,
        };
        calls.journal.close().await;
        waits
    });
    let rate = waits.len() as f64 / began.elapsed().as_secs_f64();
    let (mut holds, mut lasts): (Vec<_>, Vec<_>) = waits.into_iter().unzip();
    let ms = |waits: &mut Vec<Duration>, percent: usize| {
        waits.sort();
        let at = (waits.len() * percent / 100).min(waits.len() - 1);
        waits[at].as_secs_f64() * 1e3
    };
    println!(
        "| {durability:?} | {} | {rate:.0} | {:.3} | {:.3} | {:.3} | {:.3} |",
        offered.map_or("512 at once".to_owned(), |rate| rate.to_string()),
        ms(&mut holds, 50),
        ms(&mut holds, 99),
        ms(&mut lasts, 50),
        ms(&mut lasts, 99),
    );
}

/// So many a second, in ticks of a millisecond.
async fn paced(calls: &Arc<Calls>, rate: u32) -> Vec<(Duration, Duration)> {
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    let mut tasks = Vec::new();
    let ticks = TIME.as_millis() as u32;
    for _ in 0..ticks {
        tick.tick().await;
        for _ in 0..rate / 1000 {
            let calls = calls.clone();
            tasks.push(tokio::spawn(async move { calls.one().await }));
        }
    }
    let mut waits = Vec::new();
    for task in tasks {
        waits.push(task.await.unwrap());
    }
    waits
}

/// As many as there can be.
async fn at_once(calls: &Arc<Calls>) -> Vec<(Duration, Duration)> {
    let end = Instant::now() + TIME;
    let callers: Vec<_> = (0..512)
        .map(|_| {
            let calls = calls.clone();
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while Instant::now() < end {
                    waits.push(calls.one().await);
                }
                waits
            })
        })
        .collect();
    let mut waits = Vec::new();
    for caller in callers {
        waits.extend(caller.await.unwrap());
    }
    waits
}

// === impl Calls ===

impl Calls {
    /// The waits of one: for its hold, and for its last frame.
    async fn one(&self) -> (Duration, Duration) {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let id: GenerationId = format!("gen-1795608000-{number:020}").parse().unwrap();
        let (mut claim, mut record) = (self.claim.clone(), self.record.clone());
        (claim.id, record.id) = (id, id);
        let mut journal = self.journal.clone();
        let mut slot = poll_fn(|cx| journal.poll_slot(cx)).await.unwrap();
        let began = Instant::now();
        if slot.hold(&claim).unwrap() == Held::Later {
            poll_fn(|cx| slot.poll_held(cx)).await.unwrap();
        }
        let held = Instant::now();
        slot.write(record);
        poll_fn(|cx| slot.poll_written(cx)).await.unwrap();
        (held - began, held.elapsed())
    }
}
