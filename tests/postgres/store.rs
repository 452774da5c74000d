//! What PostgreSQL has and others have not: hostile letters, a database that is gone, frozen, full of something else, or newer.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use switchtower::settle::store::{
    Dimension, Entry, PostgresSettings, PostgresStore, Row, SpendQuery, Store, StoreError,
};
use switchtower::{Day, Money};

use crate::entries::{at, hold, id, row};
use crate::relay::Relay;
use crate::schema::Schema;

crate::conformance! {
    ignored "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"
    || {
        let schema = Schema::new();
        let store = schema.open();
        schema.keep();
        store as Arc<dyn Store>
    }
}

#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn a_request_is_held_then_written_once() {
    let schema = Schema::new();
    let store = schema.open();
    store.commit(&[held(0), held(1)]).unwrap();
    assert_eq!(store.holds().unwrap().len(), 2);

    let entry = Entry::Row(Box::new(charged(0, "0.03")));
    for _ in 0..2 {
        store.commit(&[held(0), entry.clone()]).unwrap();
    }
    store.commit(&[Entry::Released(id(1))]).unwrap();
    assert_eq!(store.row(&id(0)).unwrap(), Some(charged(0, "0.03")));
    assert!(store.holds().unwrap().is_empty());
    assert_eq!(spent(&*store), (1, usd("0.03")), "counted once");

    let other = Entry::Row(Box::new(charged(0, "0.04")));
    let error = store.commit(&[held(2), other]).unwrap_err();
    assert!(matches!(error, StoreError::Conflict(name) if name == id(0).as_str()));
    assert!(store.holds().unwrap().is_empty(), "all or nothing");
    assert_eq!(spent(&*store), (1, usd("0.03")));
}

#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn hostile_letters_and_numbers_lose_no_charge() {
    let schema = Schema::new();
    let store = schema.open();
    let mut hostile = charged(0, "0.03");
    hostile.user = Some("a\0b'; DROP TABLE switchtower_rows; --".to_owned());
    hostile.tag = Some("\\u0000 \u{10ffff} \" {}".to_owned());
    hostile.user_agent = Some("x".repeat(100_000));
    hostile.account = "\u{1f980}".repeat(5_000);
    hostile.took = u64::MAX;
    hostile.usage.input = u64::MAX;
    hostile.charge = Some(Money::MAX);
    hostile.attempts[0].usage.output = u64::MAX;
    hostile.attempts[0].cost = Some(Money::MIN);
    let entry = Entry::Row(Box::new(hostile.clone()));
    store.commit(std::slice::from_ref(&entry)).unwrap();
    store.commit(&[entry]).expect("the same again");

    let kept = store.row(&id(0)).unwrap().unwrap();
    let expected = Row {
        user: Some("a\u{fffd}b'; DROP TABLE switchtower_rows; --".to_owned()),
        took: i64::MAX as u64,
        ..hostile
    };
    assert_eq!(kept, expected);
    assert_eq!(spent(&*store), (1, Money::MAX));
}

#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn replicas_add_to_the_same_sums_at_once() {
    let schema = Schema::new();
    // Both make the tables.
    let stores = [0, 1].map(|_| {
        let url = schema.url.clone();
        thread::spawn(move || PostgresStore::open(&url, PostgresSettings::default()).unwrap())
    });
    let threads: Vec<_> = stores
        .into_iter()
        .enumerate()
        .map(|(replica, store)| {
            let store = store.join().unwrap();
            thread::spawn(move || {
                for batch in 0..20 {
                    let row = |place: u64| {
                        let number = replica as u64 * 1000 + batch * 10 + place;
                        let mut row = charged(number, "0.01");
                        // In another order each time.
                        row.user = Some(format!("{}", (place * 7 + batch) % 10));
                        Entry::Row(Box::new(row))
                    };
                    let rows: Vec<_> = (0..10).map(row).collect();
                    store.commit(&rows).unwrap();
                }
            })
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert_eq!(spent(&*schema.open()), (400, usd("4")));
}

#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn a_newer_schema_is_refused() {
    let schema = Schema::new();
    drop(schema.open());
    drop(schema.try_open().expect("nothing to be done"));
    schema.sql("UPDATE switchtower_schema SET version = 99");
    assert!(matches!(schema.try_open(), Err(StoreError::Newer(99))));
}

#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn a_corrupt_row_is_named() {
    let schema = Schema::new();
    let store = schema.open();
    let entries = [0, 1].map(|number| Entry::Row(Box::new(row(number))));
    store.commit(&entries).unwrap();
    let name = id(1);
    schema.sql(&format!(
        "UPDATE switchtower_rows SET attempts = '[{{}}]' WHERE id = '{name}'"
    ));
    assert!(store.row(&id(0)).unwrap().is_some());
    let error = store.row(&id(1)).unwrap_err();
    assert!(
        matches!(&error, StoreError::Corrupt(place) if place.contains(name.as_str())),
        "{error}"
    );
    store.commit(&[held(2)]).expect("it goes on");
}

/// The connections are cut, by the server: the next call finds out, and the one after it connects anew.
#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn connections_come_back() {
    let schema = Schema::new();
    let relay = Relay::start();
    let store = relay.open(&schema);
    store.commit(&[held(0)]).unwrap();
    relay.cut(true);
    let began = Instant::now();
    assert!(matches!(store.commit(&[held(1)]), Err(StoreError::Away(_))));
    assert!(matches!(store.holds(), Err(StoreError::Away(_))));
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "patience is a second"
    );
    relay.cut(false);
    // The pause is 1 ms, and doubles.
    let mut tries = 0;
    while let Err(error) = store.commit(&[held(1)]) {
        assert!(matches!(error, StoreError::Away(_)), "{error}");
        thread::yield_now();
        tries += 1;
        assert!(tries < 1_000_000);
    }
    assert_eq!(store.holds().unwrap().len(), 2);
}

/// It answers no more, and says so to nobody.
#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn a_frozen_database_holds_nobody_up() {
    let schema = Schema::new();
    let relay = Relay::start();
    let store = relay.open(&schema);
    relay.freeze(true);
    let error = store.commit(&[held(0)]).unwrap_err();
    assert!(matches!(error, StoreError::Away(_)), "{error}");
    let error = store.commit(&[held(0)]).unwrap_err();
    assert!(matches!(error, StoreError::Away(_)), "{error}");
    relay.freeze(false);
    relay.cut(true);
}

/// Whoever drops it, or asks it, may run tasks.
#[tokio::test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
async fn it_is_dropped_among_tasks() {
    let schema = tokio::task::spawn_blocking(Schema::new).await.unwrap();
    let store = schema.open();
    assert!(store.holds().unwrap().is_empty());
    drop(store);
    tokio::task::spawn_blocking(|| drop(schema)).await.unwrap();
}

#[test]
fn an_address_that_cannot_be_read_says_why() {
    let open = |address| PostgresStore::open(address, PostgresSettings::default());
    assert!(matches!(
        open("postgres://a:b:c"),
        Err(StoreError::Other(_))
    ));
    let settings = PostgresSettings::default().patience(Duration::from_millis(200));
    let error = PostgresStore::open("postgres://nobody@127.0.0.1:1/nothing", settings).unwrap_err();
    assert!(matches!(error, StoreError::Away(_)), "{error}");
}

// === Helpers ===

fn held(number: u64) -> Entry {
    Entry::Hold(hold(number))
}

fn charged(number: u64, charge: &str) -> Row {
    Row {
        charge: Some(usd(charge)),
        ..row(number)
    }
}

fn usd(text: &str) -> Money {
    text.parse().unwrap()
}

fn spent(store: &dyn Store) -> (u64, Money) {
    let day = Day::of(at(0));
    let mut query = SpendQuery {
        from: day,
        to: day.plus(1),
        by: vec![],
        account: None,
        key: None,
        user: None,
        tag: None,
        limit: 100,
    };
    let whole = store.spend(&query).unwrap().remove(0);
    query.by = vec![Dimension::User, Dimension::Model];
    let parts = store.spend(&query).unwrap();
    assert_eq!(
        parts.iter().map(|part| part.charge).sum::<i128>(),
        whole.charge
    );
    (
        whole.requests,
        Money::from_picodollars(whole.charge.try_into().unwrap()),
    )
}
