//! A thousand calls at once, before books that are stored.

use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use switchtower::limits::{Level, Limits, NotARule, Now, Rule, Scope, Subject, Unit, Window};
use switchtower::settle::store::{Dimension, SpendQuery, Store, StoreError};
use switchtower::settle::{App, Attempts, Claim, Journal, JournalSettings, Ledger, Record, Slot};
use switchtower::wire::Operation;
use switchtower::{
    BoxError, Call, Caller, Day, End, GenerationId, KeyId, Kind, Money, Period, Usage,
};
use tokio::sync::Barrier;
use tokio::task::spawn_blocking;

const CALLS: u64 = 1000;
const HELD: u64 = 50;
const CHARGED: u64 = 40;

/// All of them are let in or refused while the others are under way, some hundred of them written in one commit.
pub(crate) async fn equal_costs(store: Arc<dyn Store>) -> Result<(), BoxError> {
    let room = 37;
    let limits = Limits::new([
        day(room * HELD + HELD - 1)?,
        Rule::new(
            "at-once",
            Scope::Key,
            Unit::Concurrency,
            Window::Forever,
            30,
        )?,
    ]);
    let journal = open(&store, &limits).await?;
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
    let level = level(&limits);
    assert_eq!((level.used, level.held), (room * CHARGED, 0));
    assert_eq!(spent(store).await?, (room, i128::from(room * CHARGED)));
    journal.close().await;
    Ok(())
}

/// They come and go, each holds and costs something else, and at every moment both together are within the limit, of which
/// the books have all that was let in.
pub(crate) async fn random_costs(store: Arc<dyn Store>) -> Result<(), BoxError> {
    const LIMIT: u64 = 5000;
    let limits = Limits::new([day(LIMIT)?]);
    let journal = open(&store, &limits).await?;
    let mut chance = fastrand::Rng::with_seed(11);
    let calls = (0..CALLS).map(|number| {
        let held = chance.u64(1..100);
        let charged = chance.u64(0..=held);
        let (mut journal, limits) = (journal.clone(), limits.clone());
        let within = move || {
            let level = level(&limits);
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
    let level = level(&limits);
    assert_eq!((level.used, level.held), (sum, 0));
    assert!(0 < sum && sum <= LIMIT && count < CALLS, "{count}: {sum}");
    // What was held beyond is free again, to the last of it.
    assert_eq!(level.remaining(), LIMIT - sum);
    assert_eq!(spent(store).await?, (count, i128::from(sum)));
    journal.close().await;
    Ok(())
}

// === Helpers ===

fn day(limit: u64) -> Result<Rule, NotARule> {
    let window = Window::Calendar(Period::Daily);
    Rule::new("day", Scope::Account, Unit::Money, window, limit)
}

async fn open(store: &Arc<dyn Store>, limits: &Limits) -> Result<Journal, BoxError> {
    let settings = JournalSettings::default()
        .limits(limits.clone())
        .places(NonZeroUsize::new(100).ok_or("none")?);
    let store = store.clone();
    Ok(spawn_blocking(move || Journal::open(store, settings)).await??)
}

fn level(limits: &Limits) -> Level {
    let account = caller("a");
    let subject = Subject {
        caller: Some(&account),
        ..Subject::default()
    };
    limits.levels(&subject, &[Unit::Money], now()).remove(0)
}

/// How often, and how much, by the books; and nothing is under way.
async fn spent(store: Arc<dyn Store>) -> Result<(u64, i128), BoxError> {
    let query = SpendQuery {
        from: Day::from_number(0),
        to: Day::from_number(i32::MAX),
        by: vec![Dimension::Account],
        account: None,
        keys: None,
        user: None,
        tag: None,
        limit: usize::MAX,
    };
    let read = move || Ok::<_, StoreError>((store.spend(&query)?, store.holds()?));
    let (spend, holds) = spawn_blocking(read).await??;
    assert!(holds.is_empty());
    Ok((spend[0].requests, spend[0].charge))
}

/// Noon of a Thursday in 2023.
fn now() -> Now {
    Now {
        instant: Instant::now(),
        wall: wall(),
    }
}

fn wall() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(19_600 * 86_400 + 43_200)
}

fn caller(key: &str) -> Caller {
    Caller::new(KeyId::of(key))
}

pub(crate) fn claim(number: u64, key: &str, held: u64) -> Claim {
    let Now { instant, wall } = now();
    Claim {
        id: format!("gen-1795608000-{number:020}").parse().unwrap(),
        created: wall,
        caller: Some(Arc::new(caller(key))),
        model: None,
        user: None,
        tag: None,
        amount: picodollars(held),
        apart: vec![],
        call: Call::new(instant, wall, number),
    }
}

/// Of an answer that came to so much.
pub(crate) fn record_of(id: GenerationId, key: &str, charge: u64) -> Record {
    let charge = picodollars(charge);
    Record {
        id,
        created: wall(),
        caller: Some(Arc::new(caller(key))),
        requested: None,
        user: None,
        tag: None,
        operation: Operation::Chat,
        streamed: false,
        end: End::Complete,
        attempts: Attempts::default(),
        answered_by: None,
        usage: Usage::default(),
        charge: Some(charge),
        fee: Money::ZERO,
        held: charge,
        finish: None,
        first_token: None,
        took: Duration::ZERO,
        app: App::default(),
    }
}

fn picodollars(amount: u64) -> Money {
    Money::from_picodollars(i64::try_from(amount).unwrap())
}
