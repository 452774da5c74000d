//! Many at once, before books that are kept in a file.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use std::future::poll_fn;
use switchtower::Period;
use switchtower::limits::{Limits, Scope, Unit, Window};
use switchtower::settle::store::{Dimension, SpendQuery, SqliteSettings, SqliteStore, Store};
use switchtower::settle::{Claim, Journal, JournalSettings, Ledger, Slot};
use switchtower::{BoxError, Call, Day, Kind};
use tokio::sync::Barrier;

use super::late::record_of;
use super::*;

const CALLS: u64 = 1000;
const HELD: u64 = 50;
const CHARGED: u64 = 40;

/// All of them are let in or refused while the others are under way, some hundred of them written in one commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_calls_as_many_are_stored_as_the_limit_has_room_for() -> Result<(), BoxError>
{
    let name = format!("switchtower-quota-{}.db", std::process::id());
    let file = std::env::temp_dir().join(name);
    let store = Arc::new(SqliteStore::open(&file, SqliteSettings::default())?);
    let room = 37;
    let rules = [
        rule(
            "day",
            Scope::Account,
            Unit::Money,
            Window::Calendar(Period::Daily),
            room * HELD + HELD - 1,
        ),
        rule(
            "at-once",
            Scope::Key,
            Unit::Concurrency,
            Window::Forever,
            30,
        ),
    ];
    let limits = Limits::new(rules);
    let settings = JournalSettings::default()
        .limits(limits.clone())
        .places(NonZeroUsize::new(100).unwrap());
    let journal = Journal::open(store.clone(), settings)?;

    let (let_in, all) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(Barrier::new(CALLS as usize)),
    );
    // Of the key the first thirty, and of the account thirty-seven.
    let calls = (0..CALLS).map(|number| {
        let (mut journal, let_in, all) = (journal.clone(), let_in.clone(), all.clone());
        let key = ["a", "b"][number as usize % 2];
        tokio::spawn(async move {
            let mut slot = poll_fn(|cx| journal.poll_slot(cx)).await.unwrap();
            let claim = claim(number, key, HELD);
            let held = slot.hold(&claim);
            let held = match held {
                Ok(_) => {
                    poll_fn(|cx| slot.poll_held(cx)).await.unwrap();
                    let_in.fetch_add(1, SeqCst);
                    Some(slot)
                }
                Err(error) => {
                    let is_limit = [Kind::PaymentRequired, Kind::LimitReached];
                    assert!(is_limit.contains(&error.kind()), "{error:?}");
                    drop(slot);
                    None
                }
            };
            all.wait().await;
            if let Some(mut slot) = held {
                slot.write(record_of(claim.id, key, CHARGED));
                poll_fn(|cx| slot.poll_written(cx)).await.unwrap();
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await?;
    }
    assert_eq!(let_in.load(SeqCst), room);
    let account = caller("a");
    let level = &limits.levels(&of(&account), &[Unit::Money], Clock::new().now())[0];
    assert_eq!((level.used, level.held), (room * CHARGED, 0));
    assert_eq!(spent(&*store)?, (room, i128::from(room * CHARGED)));
    assert!(store.holds()?.is_empty());
    journal.close().await;
    drop((journal, store));
    remove(&file);
    Ok(())
}

/// They come and go, each holds and costs something else, and at every moment both together are within the limit, of which
/// the books have all that was let in.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_calls_that_cost_what_chance_says_no_more_is_stored_than_the_limit()
-> Result<(), BoxError> {
    const LIMIT: u64 = 5000;
    let name = format!("switchtower-quota-{}-chance.db", std::process::id());
    let file = std::env::temp_dir().join(name);
    let store = Arc::new(SqliteStore::open(&file, SqliteSettings::default())?);
    let day = Window::Calendar(Period::Daily);
    let limits = Limits::new([rule("day", Scope::Account, Unit::Money, day, LIMIT)]);
    let settings = JournalSettings::default()
        .limits(limits.clone())
        .places(NonZeroUsize::new(100).unwrap());
    let journal = Journal::open(store.clone(), settings)?;
    let account = caller("a");

    let mut chance = fastrand::Rng::with_seed(11);
    let calls = (0..CALLS).map(|number| {
        let held = chance.u64(1..100);
        let charged = chance.u64(0..=held);
        let (mut journal, limits) = (journal.clone(), limits.clone());
        let account = caller("a");
        let within = move || {
            let now = Clock::new().now();
            let level = &limits.levels(&of(&account), &[Unit::Money], now)[0];
            assert!(level.used + level.held <= LIMIT, "{level:?}");
        };
        tokio::spawn(async move {
            let mut slot = poll_fn(|cx| journal.poll_slot(cx)).await.unwrap();
            let claim = claim(number, "a", held);
            let let_in = slot.hold(&claim).map(|_| ());
            within();
            if let Err(error) = let_in {
                assert_eq!(error.kind(), Kind::PaymentRequired, "{error:?}");
                return None;
            }
            poll_fn(|cx| slot.poll_held(cx)).await.unwrap();
            slot.write(record_of(claim.id, "a", charged));
            within();
            poll_fn(|cx| slot.poll_written(cx)).await.unwrap();
            Some(charged)
        })
    });
    let (mut count, mut sum) = (0, 0);
    for call in calls.collect::<Vec<_>>() {
        if let Some(charged) = call.await? {
            (count, sum) = (count + 1, sum + charged);
        }
    }
    let level = &limits.levels(&of(&account), &[Unit::Money], Clock::new().now())[0];
    assert_eq!((level.used, level.held), (sum, 0));
    assert!(0 < sum && sum <= LIMIT && count < CALLS, "{count}: {sum}");
    // What was held beyond is free again, to the last of it.
    assert_eq!(level.remaining(), LIMIT - sum);
    assert_eq!(spent(&*store)?, (count, i128::from(sum)));
    assert!(store.holds()?.is_empty());
    journal.close().await;
    drop((journal, store));
    remove(&file);
    Ok(())
}

/// How often, and how much, by the books.
fn spent(store: &dyn Store) -> Result<(u64, i128), BoxError> {
    let spend = store.spend(&SpendQuery {
        from: Day::from_number(0),
        to: Day::from_number(i32::MAX),
        by: vec![Dimension::Account],
        account: None,
        keys: None,
        user: None,
        tag: None,
        limit: usize::MAX,
    })?;
    Ok((spend[0].requests, spend[0].charge))
}

fn remove(file: &std::path::Path) {
    for end in ["", "-wal", "-shm", "-lock"] {
        let _ = std::fs::remove_file(format!("{}{end}", file.display()));
    }
}

pub(super) fn claim(number: u64, key: &str, held: u64) -> Claim {
    let Now { instant, wall } = Clock::new().now();
    Claim {
        id: format!("gen-1795608000-{number:020}").parse().unwrap(),
        created: wall,
        caller: Some(Arc::new(caller(key))),
        model: None,
        user: None,
        tag: None,
        amount: Money::from_picodollars(held as i64),
        apart: vec![],
        call: Call::new(instant, wall, number),
    }
}
