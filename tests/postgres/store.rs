//! What PostgreSQL has and others have not: hostile letters, a database that is gone, frozen, full of something else, or newer.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use switchtower::settle::Certainty;
use switchtower::settle::store::{
    Dimension, Entry, PostgresSettings, PostgresStore, Row, SpendQuery, Store, StoreError,
};
use switchtower::{Day, Money};

use crate::entries::{at, everything, hold, id, row, spend};
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

/// Somebody has locked one table, and who asks for that waits in vain: the database is there for all others.
#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn a_statement_that_waits_in_vain_is_in_nobodys_way() {
    let schema = Schema::new();
    let settings = PostgresSettings::default().patience(Duration::from_millis(500));
    let store = PostgresStore::open(&schema.url, settings).unwrap();
    schema.locking("switchtower_days", || {
        let away = store.spend(&spend(&[]));
        assert!(matches!(away, Err(StoreError::Away(_))), "{away:?}");
        store.holds().unwrap();
    });
    store.spend(&spend(&[])).unwrap();
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

/// What was written by the first schema, as far as that could hold it.
const BACK_TO_THE_FIRST: &str = r#"
    UPDATE switchtower_rows SET attempts = (
        SELECT jsonb_agg(it - 'byok' ORDER BY place)
        FROM jsonb_array_elements(attempts) WITH ORDINALITY AS attempt (it, place));
    ALTER TABLE switchtower_rows DROP COLUMN certainty, DROP COLUMN byok_counted;
    UPDATE switchtower_days SET cost_exact = cost_exact + byok_cost, cost_unknown = cost_unknown + byok_unknown;
    ALTER TABLE switchtower_days
        DROP COLUMN charge_unknown_held, DROP COLUMN charge_estimated, DROP COLUMN cost_at_most,
        DROP COLUMN cost_no_bound, DROP COLUMN byok_cost, DROP COLUMN byok_unknown, DROP COLUMN byok_counted;
    ALTER TABLE switchtower_holds DROP COLUMN "user", DROP COLUMN tag;
    DROP INDEX switchtower_days_account, switchtower_days_key;
    UPDATE switchtower_schema SET version = 1;
"#;

#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn tables_of_the_first_schema_are_brought_up_to_date() {
    let schema = Schema::new();
    let store = schema.open();
    let plain = |number| {
        let mut row = row(number);
        row.byok_counted = Money::ZERO;
        row.attempts[0].byok = false;
        row
    };
    let mut own = plain(1);
    own.charge = Some(Money::ZERO);
    own.attempts[1].byok = true;
    own.attempts[1].key = Some("byok 6f1c1f0e-8d3f-4d7e-9a51-0c1f6a4f9a11".to_owned());
    let mut guessed = plain(2);
    guessed.certainty = Certainty::Estimated;
    let guess = &mut guessed.attempts[1];
    guess.certainty = Certainty::Estimated;
    guess.at_most = guess.cost.map(|cost| cost.saturating_add(cost));
    let mut unpriced = plain(3);
    (unpriced.charge, unpriced.certainty) = (None, Certainty::Unknown);
    unpriced.user = None;
    let gone = Row {
        created: at(0) - Duration::from_secs(86_400),
        ..guessed.clone()
    };
    let gone = Row { id: id(4), ..gone };
    let rows = [own, guessed, unpriced];
    let all = rows.iter().chain([&gone]);
    let entries: Vec<_> = all.map(|row| Entry::Row(Box::new(row.clone()))).collect();
    store.commit(&entries).unwrap();
    assert_eq!(store.prune(at(0), usize::MAX).unwrap(), 1);
    let by_user = SpendQuery {
        from: Day::of(at(0)),
        ..spend(&[Dimension::Day, Dimension::User])
    };
    let by_day = SpendQuery {
        by: vec![Dimension::Day],
        ..by_user.clone()
    };
    let before = [&by_user, &by_day].map(|by| store.spend(by).unwrap());
    drop(store);
    schema.sql(BACK_TO_THE_FIRST);

    let store = schema.open();
    assert_eq!(store.rows(&everything()).unwrap(), rows);
    assert_eq!(
        [&by_user, &by_day].map(|by| store.spend(by).unwrap()),
        before
    );
    assert!(before[1][0].byok_cost > 0 && before[1][0].charge_unknown_held > 0);
    // Of what was pruned nobody knows the bounds any more.
    let pruned = store.spend(&spend(&[Dimension::Day])).unwrap().remove(0);
    assert_eq!((pruned.cost_at_most, pruned.cost_no_bound), (0, 2));
    assert_eq!(
        (pruned.cost_estimated, pruned.cost_unknown),
        (122_000_000, 1)
    );
    store.commit(&entries[..1]).expect("the same again");
}

/// What one account or key has used is asked for while nobody may write the books: it is not looked for among all others.
#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn sums_of_one_account_or_key_are_found_by_an_index() {
    let schema = Schema::new();
    let store = schema.open();
    store.commit(&[Entry::Row(Box::new(row(1)))]).unwrap();
    schema.sql(
        "INSERT INTO switchtower_days SELECT (jsonb_populate_record(NULL::switchtower_days, to_jsonb(known) || jsonb_build_object(
            'digest', '\\x' || md5(number::text), 'account', 'other ' || number, 'key', md5(number::text)))).*
        FROM switchtower_days known, generate_series(1, 20000) number WHERE NOT known.apart;
        ANALYZE switchtower_days",
    );
    let of_account = SpendQuery {
        account: Some(row(1).account),
        ..spend(&[])
    };
    let of_key = SpendQuery {
        keys: Some(vec![row(1).key.unwrap()]),
        ..spend(&[])
    };
    for query in [of_account, of_key] {
        assert_eq!(store.spend(&query).unwrap()[0].requests, 1);
    }
    // What a connection has looked up is told when it ends.
    drop(store);
    let looked_up = "SELECT coalesce(sum(least(idx_scan, 1)), 0)::bigint FROM pg_stat_user_indexes \
        WHERE schemaname = current_schema() AND indexrelname IN ('switchtower_days_account', 'switchtower_days_key')";
    let until = Instant::now() + Duration::from_secs(60);
    while schema.count(looked_up) < 2 {
        assert!(Instant::now() < until, "{}", schema.count(looked_up));
    }
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
        keys: None,
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
