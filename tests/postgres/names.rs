//! A name is one process's, also where its connection breaks and comes back.

use std::thread;
use std::time::Duration;

use switchtower::settle::store::{
    Entry, HoldRow, PostgresSettings, PostgresStore, Store, StoreError,
};

use crate::entries::{everything, hold, row};
use crate::relay::Relay;
use crate::schema::Schema;

#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn a_name_is_one_processs() {
    let schema = Schema::new();
    let (first, second) = (open(&schema), open(&schema));
    let owned = first.own("gateway-0").unwrap();
    match second.own("gateway-0") {
        Err(StoreError::Taken(why)) => assert!(why.contains("`gateway-0`"), "{why}"),
        told => panic!("{told:?}"),
    }
    drop(second.own("gateway-1").unwrap());
    // Another schema is another ledger.
    let elsewhere = Schema::new();
    drop(open(&elsewhere).own("gateway-0").unwrap());
    // To roll back what has failed is no reason to let go.
    schema.sql("ALTER TABLE switchtower_holds RENAME TO elsewhere");
    let failed = first.commit(&[held(0)]);
    assert!(matches!(failed, Err(StoreError::Other(_))), "{failed:?}");
    schema.sql("ALTER TABLE elsewhere RENAME TO switchtower_holds");
    assert!(matches!(second.own("gateway-0"), Err(StoreError::Taken(_))));

    drop(owned);
    drop(first);
    // Its connection ends now.
    drop(until(|| second.own("gateway-0").ok()));
}

#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn a_connection_that_comes_back_has_the_name_before_it_writes() {
    let schema = Schema::new();
    let relay = Relay::start();
    let (store, other) = (relay.open(&schema), open(&schema));
    let _owned = store.own("gateway-0").unwrap();
    relay.cut(true);
    assert!(store.commit(&[held(0)]).is_err());
    relay.cut(false);
    until(|| store.commit(&[held(0)]).ok());
    assert!(matches!(other.own("gateway-0"), Err(StoreError::Taken(_))));
}

/// Both would settle what the other is on. What has happened is written all the same.
#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn whoever_has_lost_its_name_holds_nothing_more_and_its_rows_are_written() {
    let schema = Schema::new();
    let relay = Relay::start();
    let (store, other) = (relay.open(&schema), open(&schema));
    let _owned = store.own("gateway-0").unwrap();
    store.commit(&[held(0)]).unwrap();
    relay.cut(true);
    assert!(store.commit(&[held(1)]).is_err());
    let theirs = until(|| other.own("gateway-0").ok());
    relay.cut(false);
    let told = until(|| match store.commit(&[held(1)]) {
        Err(StoreError::Away(_)) => None,
        told => Some(told),
    });
    assert!(matches!(told, Err(StoreError::Taken(_))), "{told:?}");
    assert_eq!(other.holds().unwrap().len(), 1);
    let row = Entry::Row(Box::new(row(0)));
    let both = store.commit(&[row.clone(), held(1)]);
    assert!(matches!(both, Err(StoreError::Taken(_))), "{both:?}");
    store.commit(&[row]).unwrap();
    assert_eq!(other.rows(&everything()).unwrap().len(), 1);
    assert_eq!(other.holds().unwrap(), []);
    drop(theirs);
    drop(other);
    until(|| store.commit(&[held(1)]).ok());
    assert_eq!(store.holds().unwrap().len(), 1);
}

// === Helpers ===

fn open(schema: &Schema) -> PostgresStore {
    let settings = PostgresSettings::default().patience(Duration::from_millis(500));
    PostgresStore::open(&schema.url, settings).unwrap()
}

fn held(number: u64) -> Entry {
    Entry::Hold(HoldRow {
        replica: "gateway-0".to_owned(),
        ..hold(number)
    })
}

/// The database takes a moment to see that somebody has gone.
fn until<T>(mut there: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1_000_000 {
        if let Some(there) = there() {
            return there;
        }
        thread::yield_now();
    }
    panic!("it does not come");
}
