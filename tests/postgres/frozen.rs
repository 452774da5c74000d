//! A database that says nothing any more, and refuses nothing: a silent proxy. Whoever waits is told in time, and when it thaws all is
//! there once.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use switchtower::settle::store::{Dimension, PostgresSettings, PostgresStore, Store, StoreError};
use switchtower::settle::{Journal, JournalSettings, Slot};
use switchtower::{Error, Kind};

use crate::entries::{everything, id, spend};
use crate::journal::{blocking, claim, record, slot};
use crate::relay::{At, Relay};
use crate::schema::Schema;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
async fn a_hold_and_a_last_frame_are_told_in_time() {
    let (schema, relay, journal) = open().await;
    let (mut first, mut second) = (slot(&journal).await, slot(&journal).await);
    first.hold(&claim(1)).unwrap();
    poll_fn(|cx| first.poll_held(cx)).await.unwrap();
    relay.freeze(true);
    second.hold(&claim(2)).unwrap();
    is_away(&poll_fn(|cx| second.poll_held(cx)).await.unwrap_err());
    drop(second);
    first.write(record(1));
    is_away(&poll_fn(|cx| first.poll_written(cx)).await.unwrap_err());
    relay.freeze(false);
    journal.close().await;
    ends(schema, (first, journal)).await;
}

/// Whether the database has heard of the commit nobody knows: it is repeated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
async fn the_commit_of_a_last_frame_is_repeated_and_counts_once() {
    for at in [At::Commit, At::Committed] {
        let (schema, relay, journal) = open().await;
        let mut first = slot(&journal).await;
        first.hold(&claim(1)).unwrap();
        poll_fn(|cx| first.poll_held(cx)).await.unwrap();
        relay.freeze_at(at);
        first.write(record(1));
        is_away(&poll_fn(|cx| first.poll_written(cx)).await.unwrap_err());
        assert!(relay.is_frozen());
        relay.freeze(false);
        journal.close().await;
        ends(schema, (first, journal)).await;
    }
}

/// Who has left it is under way for nobody, whichever word of it comes last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
async fn the_commit_of_a_hold_that_nobody_waits_for_leaves_nothing() {
    for at in [At::Commit, At::Committed] {
        let (schema, relay, journal) = open().await;
        let (mut first, mut second) = (slot(&journal).await, slot(&journal).await);
        first.hold(&claim(1)).unwrap();
        poll_fn(|cx| first.poll_held(cx)).await.unwrap();
        relay.freeze_at(at);
        second.hold(&claim(2)).unwrap();
        is_away(&poll_fn(|cx| second.poll_held(cx)).await.unwrap_err());
        drop(second);
        assert!(relay.is_frozen());
        relay.freeze(false);
        first.write(record(1));
        journal.close().await;
        ends(schema, (first, journal)).await;
    }
}

/// Neither a store nor a journal waits for longer than it is patient, and none keeps the name from the next try.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
async fn a_start_is_refused_in_time() {
    blocking(|| {
        let (schema, relay) = (Schema::new(), Relay::start());
        let patience = Duration::from_millis(500);
        let settings = PostgresSettings::default().patience(patience);
        let settings = settings.pause(Duration::ZERO);
        let open = || PostgresStore::open(&relay.url(&schema), settings.clone());
        relay.freeze(true);
        let told = open();
        assert!(matches!(told, Err(StoreError::Away(_))), "{told:?}");
        relay.freeze(false);
        let store = Arc::new(open().unwrap());
        relay.freeze(true);
        let start = || Journal::open(store.clone(), JournalSettings::default());
        let told = start();
        assert!(matches!(told, Err(StoreError::Away(_))), "{told:?}");
        relay.freeze(false);
        let journal = loop {
            match start() {
                Err(StoreError::Away(_) | StoreError::Taken(_)) => {}
                told => break told.unwrap(),
            }
        };
        drop((journal, store, schema));
    })
    .await;
}

// === Helpers ===

async fn open() -> (Schema, Relay, Journal) {
    blocking(|| {
        let (schema, relay) = (Schema::new(), Relay::start());
        let settings = JournalSettings::default().patience(Duration::from_millis(200));
        let journal = Journal::open(Arc::new(relay.open(&schema)), settings).unwrap();
        (schema, relay, journal)
    })
    .await
}

fn is_away(told: &Error) {
    assert_eq!(told.kind(), Kind::LedgerAway, "{told}");
    assert!(told.retry_after().is_some(), "{told}");
}

/// The first is charged once, and nothing is under way.
async fn ends<T: Send + 'static>(schema: Schema, open: T) {
    blocking(move || {
        let store = schema.open();
        let rows = store.rows(&everything()).unwrap();
        let rows: Vec<_> = rows.iter().map(|row| row.id).collect();
        assert_eq!(rows, [id(1)]);
        let sums = store.spend(&spend(&[Dimension::Model])).unwrap();
        assert_eq!((sums.len(), sums[0].requests, sums[0].charge), (1, 1, 5));
        assert_eq!(store.holds().unwrap(), []);
        drop((open, store, schema));
    })
    .await;
}
