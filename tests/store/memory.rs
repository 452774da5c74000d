//! The store that is gone with the process.

use std::sync::Arc;
use std::time::Duration;

use switchtower::Day;
use switchtower::settle::store::{Document, Entry, MemoryStore, Store, StoreError};

use crate::entries::{at, document, everything, id, row, spend};

crate::conformance!(|| Arc::new(MemoryStore::new(1000)));

#[test]
fn the_oldest_rows_make_place_and_stay_in_the_sums() {
    let store = MemoryStore::new(2);
    for number in 0..5 {
        store.commit(&[Entry::Row(Box::new(row(number)))]).unwrap();
    }
    assert_eq!(store.row(&id(2)).unwrap(), None);
    let rows = store.rows(&everything()).unwrap();
    assert_eq!(rows, [row(3), row(4)]);
    assert_eq!(store.spend(&spend(&[])).unwrap()[0].requests, 5);
}

#[test]
fn sums_are_kept_for_four_hundred_days() {
    let store = MemoryStore::new(10);
    for days in [0, 200, 400] {
        let mut row = row(days);
        row.created = at(0) + Duration::from_secs(days * 86_400);
        store.commit(&[Entry::Row(Box::new(row))]).unwrap();
    }
    let sums = store.spend(&spend(&[])).unwrap();
    assert_eq!(sums[0].requests, 2);
    assert_eq!(
        Day::of(at(0)).plus(400),
        Day::of(at(0) + Duration::from_secs(400 * 86_400))
    );
}

/// There is no room for another setting; those that are there can be changed all the same, and deleted.
#[test]
fn settings_that_have_filled_it_can_be_changed() {
    let store = MemoryStore::default();
    let all: Vec<_> = (0..100_000)
        .map(|number| Entry::Document(document(&number.to_string(), 1)))
        .collect();
    store.commit(&all).unwrap();
    let more = store.commit(&[Entry::Document(document("more", 1))]);
    assert!(matches!(more, Err(StoreError::Full(_))), "{more:?}");
    let deleted = Document {
        json: None,
        ..document("7", 2)
    };
    store.commit(&[Entry::Document(deleted)]).unwrap();
}
