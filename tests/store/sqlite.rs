//! The store in one file: what it keeps when the process ends, and what it says of a file that is not as it was left.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use switchtower::settle::store::{
    Credit, Dimension, Entry, HoldRow, Row, RowQuery, SpendQuery, SqliteSettings, SqliteStore,
    Store, StoreError,
};
use switchtower::settle::{Certainty, Durability};
use switchtower::testing::{Question, WatchedStore};
use switchtower::{Day, GenerationId, Money};

use crate::entries::{at, credit, document, everything, hold, id, row, spend};

crate::conformance!(fresh);

#[test]
fn what_is_written_outlives_the_store() {
    let place = Place::new();
    for durability in [Durability::Memory, Durability::Process, Durability::Power] {
        let settings = || SqliteSettings::default().durability(durability);
        let file = place.file(&format!("{durability:?}.db"));
        let store = SqliteStore::open(&file, settings()).unwrap();
        let entries = [
            Entry::Row(Box::new(row(1))),
            Entry::Hold(hold(2)),
            Entry::Credit(credit(3)),
            Entry::Document(document("a", 1)),
        ];
        store.commit(&entries).unwrap();
        drop(store);
        let store = SqliteStore::open(&file, settings()).unwrap();
        store.commit(&entries).unwrap();
        assert_eq!(store.rows(&everything()).unwrap(), [row(1)]);
        assert_eq!(store.holds().unwrap(), [hold(2)]);
        assert_eq!(store.documents("key").unwrap(), [document("a", 1)]);
        assert_eq!(
            store.spend(&spend(&[Dimension::Tag])).unwrap()[0].requests,
            1
        );
    }
}

#[test]
fn a_second_process_is_refused_until_the_first_is_gone() {
    let place = Place::new();
    let file = place.file("ledger.db");
    let store = SqliteStore::open(&file, SqliteSettings::default()).unwrap();
    let second = SqliteStore::open(&file, SqliteSettings::default()).unwrap_err();
    assert!(second.to_string().contains("another process"), "{second}");
    store.commit(&[Entry::Row(Box::new(row(1)))]).unwrap();
    drop(store);
    SqliteStore::open(&file, SqliteSettings::default()).unwrap();
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let place = Place::new();
    let file = place.file("ledger.db");
    drop(SqliteStore::open(&file, SqliteSettings::default()).unwrap());
    let raw = Connection::open(&file).unwrap();
    raw.pragma_update(None, "user_version", 77).unwrap();
    drop(raw);
    let newer = SqliteStore::open(&file, SqliteSettings::default());
    assert!(matches!(newer, Err(StoreError::Newer(77))), "{newer:?}");
}

/// With three rows of a day, and the sum of a row of the day before, which was pruned.
#[test]
fn a_file_of_the_first_schema_is_brought_up_to_date() {
    let place = Place::new();
    let file = place.file("ledger.db");
    let raw = Connection::open(&file).unwrap();
    raw.execute_batch(include_str!("schema_1.sql")).unwrap();
    drop(raw);
    let store = SqliteStore::open(&file, SqliteSettings::default()).unwrap();
    let money = Money::from_picodollars;
    let mut rows = [1, 2, 3].map(|number| Row {
        byok_counted: Money::ZERO,
        ..row(number)
    });
    for row in &mut rows {
        row.attempts[0].byok = false;
    }
    let [own, guessed, unpriced] = &mut rows;
    own.charge = Some(Money::ZERO);
    own.attempts[1].byok = true;
    own.attempts[1].key = Some("byok 6f1c1f0e-8d3f-4d7e-9a51-0c1f6a4f9a11".to_owned());
    own.attempts[0].at_most = Some(money(400));
    let guess = &mut guessed.attempts[0];
    guess.certainty = Certainty::Estimated;
    (guess.cost, guess.at_most) = (Some(money(70)), Some(money(90)));
    unpriced.charge = None;
    unpriced.certainty = Certainty::Unknown;
    unpriced.fee = Money::ZERO;
    assert_eq!(store.rows(&everything()).unwrap(), rows);
    let nobodys = HoldRow {
        user: None,
        tag: None,
        ..hold(5)
    };
    assert_eq!(store.holds().unwrap(), [nobodys]);
    assert_eq!(store.documents("key").unwrap(), [document("a", 1)]);

    // As if they had been written today.
    let today = SqliteStore::open(place.file("today.db"), SqliteSettings::default()).unwrap();
    let entries = rows.map(|row| Entry::Row(Box::new(row)));
    today.commit(&entries).unwrap();
    for by in [Dimension::Day, Dimension::User] {
        let of_day = SpendQuery {
            from: Day::of(at(0)),
            ..spend(&[by])
        };
        assert_eq!(store.spend(&of_day).unwrap(), today.spend(&of_day).unwrap());
    }
    let sums = store.spend(&spend(&[Dimension::Day])).unwrap();
    let (pruned, whole) = (&sums[0], &sums[1]);
    assert_eq!((whole.byok_cost, whole.cost_no_bound), (122_000_000, 1));
    // Nobody knows its bounds any more, and nothing of it is lost.
    assert_eq!(
        (pruned.cost_exact, pruned.cost_estimated),
        (122_000_000, 70)
    );
    assert_eq!(
        (pruned.cost_at_most, pruned.cost_no_bound),
        (122_000_000, 1)
    );
    assert_eq!((pruned.charge, pruned.fee), (123_000_000, 5));
}

#[test]
fn a_file_of_somebody_else_is_refused() {
    let place = Place::new();
    let file = place.file("theirs.db");
    let raw = Connection::open(&file).unwrap();
    raw.execute_batch("CREATE TABLE letters (text)").unwrap();
    drop(raw);
    let theirs = SqliteStore::open(&file, SqliteSettings::default());
    assert!(matches!(theirs, Err(StoreError::Other(_))), "{theirs:?}");

    let file = place.file("prose.db");
    fs::write(&file, "It was a dark and stormy night. ".repeat(100)).unwrap();
    let prose = SqliteStore::open(&file, SqliteSettings::default());
    assert!(matches!(prose, Err(StoreError::Corrupt(_))), "{prose:?}");
}

#[test]
fn a_damaged_row_is_named_and_the_others_are_read() {
    let place = Place::new();
    let file = place.file("ledger.db");
    let store = SqliteStore::open(&file, SqliteSettings::default()).unwrap();
    let rows = [1, 2, 3].map(|number| Entry::Row(Box::new(row(number))));
    store.commit(&rows).unwrap();
    place.change(
        &file,
        "UPDATE rows SET body = zeroblob(40) WHERE id = ?",
        id(2),
    );

    let told = store.row(&id(2)).unwrap_err().to_string();
    assert!(told.contains(id(2).as_str()), "{told}");
    assert!(matches!(
        store.rows(&everything()),
        Err(StoreError::Corrupt(_))
    ));
    assert_eq!(store.row(&id(1)).unwrap(), Some(row(1)));
    let behind = RowQuery {
        after: Some((at(2), id(2))),
        ..everything()
    };
    assert_eq!(store.rows(&behind).unwrap(), [row(3)]);
    assert_eq!(store.spend(&spend(&[])).unwrap()[0].requests, 3);
    store.commit(&[Entry::Row(Box::new(row(4)))]).unwrap();
    // Whichever part of it is another one.
    place.change(
        &file,
        "UPDATE rows SET account = 'other' WHERE id = ?",
        id(3),
    );
    assert!(matches!(store.row(&id(3)), Err(StoreError::Corrupt(_))));
}

#[test]
fn damaged_sums_are_made_anew() {
    let place = Place::new();
    let file = place.file("ledger.db");
    let store = SqliteStore::open(&file, SqliteSettings::default()).unwrap();
    let rows = [1, 2, 3].map(|number| Entry::Row(Box::new(row(number))));
    store.commit(&rows).unwrap();
    let by = spend(&[Dimension::Day, Dimension::User]);
    let before = store.spend(&by).unwrap();
    let damage = || {
        for table in ["sums", "sums_of_users"] {
            let sql = format!("UPDATE {table} SET body = zeroblob(20) WHERE ? IS NOT NULL");
            place.change(&file, &sql, id(0));
        }
    };
    damage();
    let told = store.spend(&by).unwrap_err().to_string();
    assert!(told.contains(&Day::of(at(0)).to_string()), "{told}");
    store.rebuild(Day::of(at(0))).unwrap();
    assert_eq!(store.spend(&by).unwrap(), before);

    damage();
    store.commit(&[Entry::Row(Box::new(row(4)))]).unwrap();
    assert_eq!(store.spend(&by).unwrap()[0].requests, 4);
    assert_eq!(store.spend(&spend(&[])).unwrap()[0].requests, 4);
}

#[test]
fn a_full_file_says_so_and_loses_nothing() {
    let place = Place::new();
    let file = place.file("ledger.db");
    let small = SqliteSettings::default().max_bytes(200_000);
    let store = SqliteStore::open(&file, small).unwrap();
    let mut written = 0;
    let full = loop {
        match store.commit(&[Entry::Row(Box::new(row(written)))]) {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 10_000, "200 KB hold no more");
    };
    assert!(matches!(full, StoreError::Full(_)), "{full}");
    assert_eq!(store.rows(&everything()).unwrap().len() as u64, written);
    drop(store);
    // With more room it goes on where it was.
    let store = SqliteStore::open(&file, SqliteSettings::default()).unwrap();
    store.commit(&[Entry::Row(Box::new(row(written)))]).unwrap();
    assert_eq!(store.spend(&spend(&[])).unwrap()[0].requests, written + 1);
}

#[test]
fn a_backup_is_whole_while_the_store_goes_on() {
    let place = Place::new();
    let store = SqliteStore::open(place.file("ledger.db"), SqliteSettings::default()).unwrap();
    store.commit(&[Entry::Row(Box::new(row(1)))]).unwrap();
    let copy = place.file("it's a copy.db");
    store.backup(&copy).unwrap();
    assert!(
        matches!(store.backup(&copy), Err(StoreError::Conflict(_))),
        "it is kept"
    );
    store.commit(&[Entry::Row(Box::new(row(2)))]).unwrap();
    let copy = SqliteStore::open(&copy, SqliteSettings::default()).unwrap();
    assert_eq!(copy.rows(&everything()).unwrap(), [row(1)]);
    assert_eq!(copy.spend(&spend(&[])).unwrap()[0].requests, 1);
}

#[test]
fn readers_and_the_writer_do_not_wait_for_each_other() {
    let place = Place::new();
    let file = place.file("ledger.db");
    let store = SqliteStore::open(&file, SqliteSettings::default()).unwrap();
    store.commit(&[Entry::Row(Box::new(row(1)))]).unwrap();
    let reader = Connection::open(&file).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM rows;")
        .unwrap();
    let count = || reader.query_row("SELECT count(*) FROM rows", (), |row| row.get::<_, u32>(0));
    assert_eq!(count().unwrap(), 1);
    store.commit(&[Entry::Row(Box::new(row(2)))]).unwrap();
    assert_eq!(count().unwrap(), 1, "as it was when it began to read");
}

#[test]
fn rows_are_small() {
    let place = Place::new();
    let file = place.file("ledger.db");
    let store = SqliteStore::open(&file, SqliteSettings::default()).unwrap();
    let rows: Vec<_> = (0..10_000).map(|n| Entry::Row(Box::new(row(n)))).collect();
    store.commit(&rows).unwrap();
    drop(store);
    let each = fs::metadata(&file).unwrap().len() / 10_000;
    assert!(
        each < 600,
        "{each} bytes a row, all its names and two attempts with it"
    );
}

#[test]
fn more_than_a_step_is_pruned() {
    let place = Place::new();
    let store = SqliteStore::open(place.file("ledger.db"), SqliteSettings::default()).unwrap();
    let rows: Vec<_> = (0..2500).map(|n| Entry::Row(Box::new(row(n)))).collect();
    store.commit(&rows).unwrap();
    assert_eq!(store.prune(at(2400), usize::MAX).unwrap(), 2400);
    assert_eq!(store.rows(&everything()).unwrap().len(), 100);
    let never = Entry::Credit(Credit {
        amount: Money::ZERO,
        ..credit(1)
    });
    store.commit(&[never]).unwrap();
    assert_eq!(
        store
            .prune(at(2400) - Duration::from_secs(1), usize::MAX)
            .unwrap(),
        0
    );
}

// === Helpers ===

/// A folder, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place(PathBuf);

// === impl Place ===

impl Place {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "switchtower-store-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Changes the file behind the store's back.
    pub(crate) fn change(&self, file: &PathBuf, sql: &str, id: GenerationId) {
        let raw = Connection::open(file).unwrap();
        assert!(raw.execute(sql, [id.as_str()]).unwrap() > 0);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A store with a folder of its own.
fn fresh() -> Arc<dyn Store> {
    let place = Place::new();
    let store = SqliteStore::open(place.file("ledger.db"), SqliteSettings::default()).unwrap();
    let keep = move |_: Question<'_>| {
        let _ = &place;
    };
    Arc::new(WatchedStore::new(store).after(keep))
}
