//! A SQLite file with a bad day, as a journal meets it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rusqlite::Connection;
use switchtower::Money;
use switchtower::limits::{Limits, Rule, Scope, Window};
use switchtower::settle::store::{Entry, Row, SqliteSettings, SqliteStore, Store, StoreError};
use switchtower::settle::{Journal, JournalSettings};

use crate::entries::{everything, hold, id, row, spend};
use crate::sqlite::Place;

/// What it says nobody knows, so a limit that counts it cannot begin: the start is refused, with the row's name, and whoever
/// lets go of it starts.
#[test]
fn a_damaged_row_that_a_limit_counts_is_named_at_the_start() {
    let place = Place::new();
    let file = place.file("ledger.db");
    let store = SqliteStore::open(&file, SqliteSettings::default()).unwrap();
    let recent = |number| Row {
        created: SystemTime::now(),
        ..row(number)
    };
    let rows = [1, 2].map(|number| Entry::Row(Box::new(recent(number))));
    store.commit(&rows).unwrap();
    let damage = "UPDATE rows SET body = zeroblob(40) WHERE id = ?";
    place.change(&file, damage, id(2));
    let store: Arc<dyn Store> = Arc::new(store);
    let open = |rolls: bool| {
        let hour = Window::Rolling(Duration::from_secs(3600));
        let window = if rolls { hour } else { Window::Forever };
        let rule = Rule::money("budget", Scope::Account, window, Money::MAX).unwrap();
        let limits = Limits::new([rule]);
        Journal::open(store.clone(), JournalSettings::default().limits(limits))
    };
    match open(true) {
        Err(StoreError::Corrupt(place)) => assert!(place.contains(id(2).as_str()), "{place}"),
        told => panic!("{told:?}"),
    }
    drop(open(false).expect("sums know it"));
    place.change(&file, "DELETE FROM rows WHERE id = ?", id(2));
    drop(open(true).unwrap());
}

/// Rows that need be kept no longer make room in a file that may grow no more: at the start, for what was under way, and later on.
#[test]
fn a_full_file_is_healed_by_its_retention() {
    let place = Place::new();
    let small = SqliteSettings::default().max_bytes(200_000);
    let store = SqliteStore::open(place.file("ledger.db"), small).unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let settings = JournalSettings::default().replica("a");
    let settings = settings.keep(Duration::from_secs(3 * 86_400));
    let fill = |from: u64| {
        let old = |number| Row {
            created: SystemTime::now() - Duration::from_secs(10 * 86_400),
            ..row(number)
        };
        let mut rows = (from..).map(|number| Entry::Row(Box::new(old(number))));
        let full = rows.find_map(|row| store.commit(&[row]).err()).unwrap();
        assert!(matches!(full, StoreError::Full(_)), "{full}");
    };
    let holds: Vec<_> = (0..100).map(|n| Entry::Hold(hold(n))).collect();
    store.commit(&holds).unwrap();
    fill(100);
    let journal = Journal::open(store.clone(), settings).unwrap();
    assert_eq!(journal.abandoned().len(), 100);

    // It looks for such rows once an hour, and they have filled the file meanwhile.
    while store.rows(&everything()).unwrap().len() > 100 {
        std::thread::yield_now();
    }
    fill(10_000);
    let recent = Row {
        created: SystemTime::now(),
        ..row(20_000)
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime
        .block_on(journal.enter(Entry::Row(Box::new(recent))))
        .unwrap();
    assert!(store.row(&id(20_000)).unwrap().is_some());
}

/// A disk that has no room left, for real: nothing is lost, and with room it goes on where it was.
///
/// ```sh
/// mkdir /tmp/small && mount -t tmpfs -o size=2m tmpfs /tmp/small
/// SWITCHTOWER_SMALL_DISK=/tmp/small cargo test --test store -- --include-ignored for_real
/// umount /tmp/small
/// ```
#[test]
#[ignore = "needs a small disk: set SWITCHTOWER_SMALL_DISK to a folder on one, and run with --include-ignored"]
fn a_disk_that_is_full_for_real_loses_nothing() {
    let disk = PathBuf::from(std::env::var("SWITCHTOWER_SMALL_DISK").unwrap());
    let (file, ballast) = (disk.join("ledger.db"), disk.join("ballast"));
    fs::write(&ballast, vec![1; 500_000]).unwrap();
    let store = SqliteStore::open(&file, SqliteSettings::default()).unwrap();
    let mut written = 0;
    let full = loop {
        match store.commit(&[Entry::Row(Box::new(row(written)))]) {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 100_000, "a small one");
    };
    assert!(matches!(full, StoreError::Full(_)), "{full}");
    assert!(written > 10, "{written}");
    assert_eq!(store.rows(&everything()).unwrap().len() as u64, written);
    fs::remove_file(&ballast).unwrap();
    store.commit(&[Entry::Row(Box::new(row(written)))]).unwrap();
    drop(store);
    let store = SqliteStore::open(&file, SqliteSettings::default()).unwrap();
    assert_eq!(store.rows(&everything()).unwrap().len() as u64, written + 1);
    assert_eq!(store.spend(&spend(&[])).unwrap()[0].requests, written + 1);
    drop(store);
    let raw = Connection::open(&file).unwrap();
    let check = raw.query_row("PRAGMA integrity_check", (), |row| row.get::<_, String>(0));
    assert_eq!(check.unwrap(), "ok");
    drop(raw);
    for name in fs::read_dir(&disk).unwrap() {
        fs::remove_file(name.unwrap().path()).unwrap();
    }
}
