//! How long rows are kept.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use switchtower::Day;
use switchtower::settle::store::{Entry, Row, SpendQuery, Store};
use switchtower::settle::{Journal, Slot};

use crate::support::{Shaky, claim, id, open, record, settings, slot};

const DAY: Duration = Duration::from_secs(86_400);

/// Nobody ever called it: the books grew until the disk was full.
#[tokio::test]
async fn rows_are_forgotten_in_portions_and_their_sums_are_kept() {
    let store = Shaky::new();
    write(&store, 0..2500, 40);
    write(&store, 2500..2600, 20);
    let before = charged(&store);
    let journal = open(&store, settings().keep(30 * DAY));
    while store.rows().len() > 100 {
        tokio::task::yield_now().await;
    }
    assert!(store.inner().row(&id(2500)).unwrap().is_some());
    assert_eq!(store.portions(), [1000, 1000, 1000]);
    assert_eq!(charged(&store), before);
    goes_on(&journal, 9000).await;
    drop(journal);
    assert_eq!(store.rows().len(), 101);
}

#[tokio::test]
async fn all_is_kept_unless_somebody_says_otherwise() {
    let store = Shaky::new();
    write(&store, 0..10, 4000);
    let journal = open(&store, settings());
    goes_on(&journal, 9000).await;
    drop(journal);
    assert!(store.portions().is_empty());
    assert_eq!(store.rows().len(), 11);
}

/// Limits count them.
#[tokio::test]
async fn two_days_are_kept_in_any_case() {
    let store = Shaky::new();
    write(&store, 0..10, 3);
    write(&store, 10..20, 1);
    let journal = open(&store, settings().keep(Duration::ZERO));
    while store.rows().len() > 10 {
        tokio::task::yield_now().await;
    }
    goes_on(&journal, 9000).await;
    drop(journal);
    assert_eq!(store.rows().len(), 11);
}

/// A store that cannot, or that panics, is no reason to stop.
#[tokio::test]
async fn a_store_that_forgets_nothing_goes_on() {
    let store = Shaky::new();
    write(&store, 0..10, 40);
    store.break_pruning();
    let journal = open(&store, settings().keep(30 * DAY));
    while store.portions().is_empty() {
        tokio::task::yield_now().await;
    }
    goes_on(&journal, 9000).await;
    drop(journal);
    assert_eq!(store.rows().len(), 11);
}

// === Helpers ===

/// Of so many days ago.
fn write(store: &Arc<Shaky>, numbers: std::ops::Range<u64>, days: u32) {
    let created = SystemTime::now() - days * DAY;
    let entries = numbers.map(|number| {
        Entry::Row(Box::new(Row {
            id: id(number),
            created,
            ..Row::from(&record(number))
        }))
    });
    store.commit(&entries.collect::<Vec<_>>()).unwrap();
}

fn charged(store: &Arc<Shaky>) -> i128 {
    let all = SpendQuery {
        from: Day::from_number(0),
        to: Day::from_number(i32::MAX),
        by: Vec::new(),
        account: None,
        keys: None,
        user: None,
        tag: None,
        limit: 1,
    };
    store.spend(&all).unwrap()[0].charge
}

async fn goes_on(journal: &Journal, number: u64) {
    let mut slot = slot(journal).await;
    slot.hold(&claim(number)).unwrap();
    slot.write(record(number));
    poll_fn(|cx| slot.poll_written(cx)).await.unwrap();
}
