//! A ledger whose database has a bad day.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use switchtower::limits::{Limits, Rule, Scope, Window};
use switchtower::settle::lease::LeaseSettings;
use switchtower::settle::store::{
    Dimension, Entry, PostgresSettings, PostgresStore, Store, StoreError,
};
use switchtower::settle::{
    App, Attempts, Claim, Journal, JournalSettings, JournalSlot, Ledger, Record, Slot,
};
use switchtower::wire::Operation;
use switchtower::{Call, Caller, End, KeyId, Kind, Money, Usage};

use crate::entries::{at, credit, everything, id, row, spend};
use crate::relay::Relay;
use crate::schema::Schema;

/// The database goes while a request is under way, and comes back: its hold ends, and the next is let in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
async fn a_database_that_goes_and_comes_back_loses_nothing() {
    let (schema, relay, journal) = blocking(|| {
        let (schema, relay) = (Schema::new(), Relay::start());
        let journal = open(Arc::new(relay.open(&schema)));
        (schema, relay, journal)
    })
    .await;
    let mut first = slot(&journal).await;
    first.hold(&claim(1)).unwrap();
    poll_fn(|cx| first.poll_held(cx)).await.unwrap();
    relay.cut(true);
    drop(first);
    let mut second = slot(&journal).await;
    second.hold(&claim(2)).unwrap();
    assert!(now(|cx| second.poll_held(cx)).is_pending());
    relay.cut(false);
    poll_fn(|cx| second.poll_held(cx)).await.unwrap();
    blocking(move || {
        let store = schema.open();
        let holds = store.holds().unwrap();
        assert_eq!(
            holds.iter().map(|hold| hold.id).collect::<Vec<_>>(),
            [id(2)]
        );
        drop((second, journal, store, schema));
    })
    .await;
}

/// The connection that has the name is cut, and another process takes it and what was under way for abandoned: its charge is in the
/// books all the same, once, while the other lives, and nothing more is let in without the name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
async fn a_process_that_has_lost_its_name_loses_no_charge() {
    let (schema, relay, first) = blocking(|| {
        let (schema, relay) = (Schema::new(), Relay::start());
        let first = open(Arc::new(relay.open(&schema)));
        (schema, relay, first)
    })
    .await;
    let mut under_way = slot(&first).await;
    under_way.hold(&claim(1)).unwrap();
    poll_fn(|cx| under_way.poll_held(cx)).await.unwrap();
    relay.cut(true);
    // Its writer has to hear of it, so that the database does.
    let mut unheard = slot(&first).await;
    unheard.hold(&claim(2)).unwrap();
    let (schema, second) = blocking(move || {
        let store = schema.open();
        let second = loop {
            match Journal::open(store.clone(), JournalSettings::default()) {
                Err(StoreError::Taken(_)) => {}
                second => break second.unwrap(),
            }
        };
        (schema, second)
    })
    .await;
    assert_eq!(second.abandoned().len(), 1);
    relay.cut(false);
    let refused = poll_fn(|cx| unheard.poll_held(cx)).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::LedgerAway);
    under_way.write(record(1));
    poll_fn(|cx| under_way.poll_written(cx)).await.unwrap();
    blocking(move || {
        let store = schema.open();
        let rows = store.rows(&everything()).unwrap();
        assert_eq!((rows.len(), &*rows[0].end), (1, "complete"));
        let sums = store.spend(&spend(&[Dimension::Model])).unwrap();
        assert_eq!((sums.len(), sums[0].requests), (1, 1));
        assert_eq!((sums[0].charge, sums[0].cost_unknown), (5, 0));
        assert_eq!(store.holds().unwrap(), []);
        drop((under_way, unheard, first, second, store, schema));
    })
    .await;
}

/// A process that was cut off and does not come again is released: what it held counts as spent. Should it come all the same, it
/// is charged what it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
async fn a_process_that_is_gone_is_released() {
    let caller = Arc::new(Caller::new(KeyId::of("sk-or-v1-a")).account("acme"));
    let (schema, relay, first) = blocking(|| {
        let (schema, relay) = (Schema::new(), Relay::start());
        let limit = Money::from_picodollars(1000);
        let rule = Rule::money("budget", Scope::Account, Window::Forever, limit).unwrap();
        let settings = JournalSettings::default().limits(Limits::new([rule]));
        let settings = settings.patience(Duration::MAX).replica("gateway-7");
        let settings = settings.leases(LeaseSettings::default());
        let first = Journal::open(Arc::new(relay.open(&schema)), settings).unwrap();
        (schema, relay, first)
    })
    .await;
    let mut under_way = slot(&first).await;
    let claim = Claim {
        caller: Some(caller.clone()),
        ..claim(1)
    };
    under_way.hold(&claim).unwrap();
    poll_fn(|cx| under_way.poll_held(cx)).await.unwrap();
    let schema = blocking(move || {
        let store: Arc<dyn Store> = schema.open();
        let release = || Journal::release(&store, "gateway-7");
        let alive = release();
        assert!(matches!(alive, Err(StoreError::Taken(_))), "{alive:?}");
        relay.cut(true);
        // The database takes a moment to see that it has gone; and what it has leased it may spend.
        let told = loop {
            match release() {
                Err(StoreError::Taken(why)) if why.contains("somebody") => {}
                told => break told,
            }
        };
        assert!(
            matches!(&told, Err(StoreError::Taken(why)) if why.contains("wait")),
            "{told:?}"
        );
        assert_eq!(store.holds().unwrap().len(), 1);
        // By the clock of the database, whatever that of the operator says.
        schema.sql("UPDATE switchtower_leases SET expires = 1");
        let released = release().unwrap();
        assert_eq!((released.abandoned.len(), released.spent), (1, 7));
        assert!(released.freed > 0, "{released:?}");
        assert_eq!(store.holds().unwrap(), []);
        let again = release().unwrap();
        assert_eq!((again.abandoned.len(), again.spent, again.freed), (0, 0, 0));
        relay.cut(false);
        schema
    })
    .await;
    under_way.write(Record {
        caller: Some(caller),
        ..record(1)
    });
    poll_fn(|cx| under_way.poll_written(cx)).await.unwrap();
    blocking(move || {
        let store = schema.open();
        let sums = store.spend(&spend(&[])).unwrap();
        assert_eq!((sums[0].requests, sums[0].charge), (1, 5));
        let opening = "SELECT opening FROM switchtower_counters";
        assert_eq!(schema.count(opening), 7, "it counts as it was held");
        drop((under_way, first, store, schema));
    })
    .await;
}

/// A process that was killed is started again under its name, as orchestrators do: what it had claimed is released all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
async fn what_a_process_left_is_released_while_its_name_runs_again() {
    let caller = Arc::new(Caller::new(KeyId::of("sk-or-v1-a")).account("acme"));
    let settings = || {
        let limit = Money::from_picodollars(1000);
        let rule = Rule::money("budget", Scope::Account, Window::Forever, limit).unwrap();
        let settings = JournalSettings::default().limits(Limits::new([rule]));
        settings
            .replica("gateway-7")
            .leases(LeaseSettings::default())
    };
    let (schema, relay, first) = blocking(move || {
        let (schema, relay) = (Schema::new(), Relay::start());
        let first = Journal::open(Arc::new(relay.open(&schema)), settings()).unwrap();
        (schema, relay, first)
    })
    .await;
    let mut under_way = slot(&first).await;
    let claim = Claim {
        caller: Some(caller),
        ..claim(1)
    };
    under_way.hold(&claim).unwrap();
    poll_fn(|cx| under_way.poll_held(cx)).await.unwrap();
    blocking(move || {
        relay.cut(true);
        let store = schema.open();
        let second = loop {
            match Journal::open(store.clone(), settings()) {
                Err(StoreError::Taken(_)) => {}
                second => break second.unwrap(),
            }
        };
        assert_eq!(second.abandoned().len(), 1);
        let store: Arc<dyn Store> = store;
        let released = Journal::release(&store, "gateway-7").unwrap();
        assert_eq!((released.abandoned.len(), released.spent), (0, 7));
        let again = Journal::release(&store, "gateway-7");
        assert!(matches!(again, Err(StoreError::Taken(_))), "{again:?}");
        drop((under_way, first, second, store, schema));
    })
    .await;
}

/// PostgreSQL's own word for a disk that is full, by a trigger: callers are told at once, and what was under way waits for room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
async fn a_full_disk_refuses_what_is_new_and_keeps_what_was_under_way() {
    let (schema, journal) = blocking(|| {
        let schema = Schema::new();
        let journal = open(schema.open());
        (schema, journal)
    })
    .await;
    let mut first = slot(&journal).await;
    first.hold(&claim(1)).unwrap();
    poll_fn(|cx| first.poll_held(cx)).await.unwrap();
    let schema = blocking(move || {
        schema.sql(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100'; END $$;
            CREATE TRIGGER no_room BEFORE INSERT OR DELETE ON switchtower_holds FOR EACH ROW EXECUTE FUNCTION no_room();
            CREATE TRIGGER no_room BEFORE INSERT ON switchtower_credits FOR EACH ROW EXECUTE FUNCTION no_room();",
        );
        schema
    })
    .await;
    drop(first);
    let told = journal.enter(Entry::Credit(credit(1))).await;
    assert!(matches!(told, Err(StoreError::Full(_))), "{told:?}");
    let mut second = slot(&journal).await;
    let refused = match second.hold(&claim(2)) {
        Ok(_) => poll_fn(|cx| second.poll_held(cx)).await.unwrap_err(),
        Err(refused) => refused,
    };
    assert_eq!(refused.kind(), Kind::LedgerAway);
    drop(second);
    let schema = blocking(move || {
        schema.sql(
            "DROP TRIGGER no_room ON switchtower_holds; DROP TRIGGER no_room ON switchtower_credits",
        );
        schema
    })
    .await;
    journal.close().await;
    blocking(move || {
        let store = schema.open();
        assert_eq!(store.holds().unwrap(), [], "the first has ended");
        drop((journal, store, schema));
    })
    .await;
}

/// A disk that has no room left, for real, under a table space of its own.
///
/// ```sh
/// mkdir /tmp/small && mount -t tmpfs -o size=8m,uid=$(id -u postgres) tmpfs /tmp/small
/// SWITCHTOWER_SMALL_DISK=/tmp/small cargo test --test postgres -- --include-ignored for_real
/// umount /tmp/small
/// ```
#[test]
#[ignore = "needs PostgreSQL on a small disk: set SWITCHTOWER_POSTGRES_URL, and SWITCHTOWER_SMALL_DISK to a folder that it may write, and run with --include-ignored"]
fn a_disk_that_is_full_for_real_loses_nothing() {
    let disk = std::env::var("SWITCHTOWER_SMALL_DISK").expect("SWITCHTOWER_SMALL_DISK");
    let schema = Schema::new();
    schema.sql(&format!("CREATE TABLESPACE small LOCATION '{disk}'"));
    let url = format!("{}%20-cdefault_tablespace%3Dsmall", schema.url);
    let store = PostgresStore::open(&url, PostgresSettings::default()).unwrap();
    // A table that is in the way, and goes.
    schema.sql(
        "CREATE TABLE ballast TABLESPACE small AS SELECT repeat(md5(i::text), 30) FROM generate_series(1, 2000) i",
    );
    let mut written = 0;
    let full = loop {
        let rows = (written..written + 50).map(|number| Entry::Row(Box::new(row(number))));
        match store.commit(&rows.collect::<Vec<_>>()) {
            Ok(()) => written += 50,
            Err(error) => break error,
        }
        assert!(written < 100_000, "a small one");
    };
    assert!(matches!(full, StoreError::Full(_)), "{full}");
    assert!(written > 50, "{written}");
    let count = |store: &PostgresStore| store.rows(&everything()).unwrap().len() as u64;
    assert_eq!(count(&store), written, "all or nothing");
    schema.sql("DROP TABLE ballast");
    store.commit(&[Entry::Row(Box::new(row(written)))]).unwrap();
    assert_eq!(count(&store), written + 1);
    drop(store);
    drop(schema);
    Schema::new().sql("DROP TABLESPACE small");
}

// === Helpers ===

fn open(store: Arc<PostgresStore>) -> Journal {
    Journal::open(store, JournalSettings::default().patience(Duration::MAX)).unwrap()
}

pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

pub(crate) async fn slot(journal: &Journal) -> JournalSlot {
    let mut journal = journal.clone();
    poll_fn(|cx| journal.poll_slot(cx)).await.unwrap()
}

fn now<T>(poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    poll(&mut Context::from_waker(Waker::noop()))
}

pub(crate) fn claim(number: u64) -> Claim {
    Claim {
        id: id(number),
        created: at(number),
        caller: None,
        model: None,
        user: None,
        tag: None,
        amount: Money::from_picodollars(7),
        apart: vec![],
        call: Call::new(Instant::now(), at(number), number),
    }
}

pub(crate) fn record(number: u64) -> Record {
    Record {
        id: id(number),
        created: at(number),
        caller: None,
        requested: None,
        user: None,
        tag: None,
        operation: Operation::Chat,
        streamed: false,
        end: End::Complete,
        attempts: Attempts::default(),
        answered_by: None,
        usage: Usage::default(),
        charge: Some(Money::from_picodollars(5)),
        fee: Money::ZERO,
        held: Money::from_picodollars(7),
        finish: None,
        first_token: None,
        took: Duration::ZERO,
        app: App::default(),
    }
}
