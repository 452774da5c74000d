//! What happens rarely: rules that come and go, claims whose callers leave, stores that fail between two words.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

use switchtower::Kind;
use switchtower::limits::{Limits, Rule, Scope, Unit, Window};
use switchtower::settle::lease::{Leased, Replica, Told};
use switchtower::settle::store::Store;
use switchtower::settle::{Held, Slot};

use crate::house::House;
use crate::{budget, claim, hold, leases, open, rule, slot, until};

const LIMIT: u64 = 100_000;

fn set(limits: &Limits, rules: Vec<Rule>, past: u64) {
    let now = claim(0).now();
    let past = |rule| (rule, vec![(now.wall, past)]);
    let rules: Vec<_> = rules.into_iter().map(past).collect();
    limits
        .set_rules((Scope::Account, "acme"), rules, now)
        .unwrap();
}

fn quiet() -> switchtower::settle::lease::LeaseSettings {
    leases().pause(Duration::from_secs(10))
}

async fn pass(time: Duration) {
    let began = Instant::now();
    until(|| began.elapsed() > time).await;
}

/// What is spent while a limit is off counts by it again.
#[tokio::test]
async fn what_was_spent_while_a_limit_was_off_counts() {
    let house = House::new();
    let limits = Limits::default();
    limits.expect_rules();
    let journal = open(&house, "one", &limits, leases());
    set(&limits, vec![rule(100)], 0);
    hold(&journal, 10).await.unwrap().settled(10).await;
    set(&limits, vec![], 0);
    hold(&journal, 85).await.unwrap().settled(85).await;
    set(&limits, vec![rule(100)], 95);
    let more = hold(&journal, 60).await;
    assert!(more.is_err(), "95 of 100 are spent, and 60 more are held");
}

/// It counted twice: in the opening, and here.
#[tokio::test]
async fn what_was_under_way_counts_once() {
    let house = House::new();
    let limits = Limits::new([many()]);
    limits.expect_rules();
    let journal = open(&house, "one", &limits, leases());
    let guest = hold(&journal, 20).await.unwrap();
    set(&limits, vec![rule(100)], 0);
    guest.settled(20).await;
    let more = hold(&journal, 70).await;
    let counter = house.state().counter().clone();
    assert!(more.is_ok(), "20 of 100 are spent: {counter:?}");
    let more = hold(&journal, 11).await;
    assert!(more.is_err(), "20 are spent, and 70 held: {counter:?}");
}

/// What was charged and was not in the books yet was taken for a part of what others had spent.
#[tokio::test]
async fn what_is_not_in_the_books_yet_counts_once() {
    let house = House::new();
    let limits = Limits::new([many()]);
    limits.expect_rules();
    let journal = open(&house, "one", &limits, leases());
    hold(&journal, 30).await.unwrap().settled(30).await;
    let mut guest = hold(&journal, 20).await.unwrap();
    set(&limits, vec![rule(100)], 30);
    // The first ask of its counter finds the books without its row.
    house.state().away = true;
    guest.settle(20);
    pass(Duration::from_millis(50)).await;
    house.state().away = false;
    let more = hold(&journal, 51).await;
    let counter = house.state().counter().clone();
    assert!(more.is_err(), "50 of 100 are spent: {counter:?}");
    hold(&journal, 50).await.unwrap();
}

fn many() -> Rule {
    Rule::new(
        "many",
        Scope::Account,
        Unit::Concurrency,
        Window::Forever,
        99,
    )
    .unwrap()
}

/// Who leaves once the wish is granted, and before it is heard, leaves no hold behind.
#[tokio::test]
async fn who_leaves_before_it_hears_leaves_nothing() {
    let house = House::new();
    let journal = open(&house, "one", &budget(LIMIT), quiet());
    let mut slot = slot(&journal).await;
    assert_eq!(slot.hold(&claim(7)).unwrap(), Held::Later);
    until(|| house.state().commits == 1).await;
    drop(slot);
    journal.close().await;
    assert!(house.books().holds().unwrap().is_empty());
    drop(journal);
    let opening = house.state().counter().opening;
    assert_eq!(opening, 0, "nothing was charged");
}

/// A commit that is tried twice counts what is over of an older rule once.
#[tokio::test]
async fn a_row_that_is_tried_twice_counts_once() {
    let house = House::new();
    let limits = Limits::default();
    let journal = open(&house, "one", &limits, quiet());
    set(&limits, vec![rule(1_000)], 0);
    let mut first = hold(&journal, 20).await.unwrap();
    set(&limits, vec![], 0);
    set(&limits, vec![rule(1_000)], 0);
    let second = hold(&journal, 30).await.unwrap();
    house.state().away = true;
    first.settle(20);
    pass(Duration::from_millis(100)).await;
    house.state().away = false;
    poll_fn(|cx| first.slot.poll_written(cx)).await.unwrap();
    // 40 where what is under way counts by both rules, 60 where it is counted again.
    let drawn = house.state().counter().leases[0].told.spent.charged;
    second.settled(30).await;
    let after = house.state().drawn();
    assert_eq!((drawn, after), (20, 50));
}

/// A wish that is granted just when it would be refused has its hold and its record.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_on_has_a_hold_in_the_store() {
    let house = House::new();
    let settings = quiet().wait(Duration::ZERO).reserve(0);
    let journal = open(&house, "one", &budget(LIMIT), settings);
    hold(&journal, 250).await.unwrap().settled(0).await;
    // Somebody else has all that is left.
    {
        let mut state = house.state();
        let counter = state.counters.values_mut().next().unwrap();
        let left = counter.left(LIMIT);
        counter.leases.push(Leased {
            replica: Replica {
                name: "other".to_owned(),
                life: 1,
            },
            granted: left,
            reserve: 0,
            told: Told::default(),
            expires: SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40),
        });
    }
    let (lost, went) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let until = Instant::now() + Duration::from_secs(3);
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (journal, house) = (journal.clone(), house.clone());
        let (lost, went) = (lost.clone(), went.clone());
        callers.spawn(async move {
            while Instant::now() < until && lost.load(Relaxed) == 0 {
                if let Ok(held) = hold(&journal, 100).await {
                    went.fetch_add(1, Relaxed);
                    let id = held.claim.id;
                    let holds = house.books().holds().unwrap();
                    if !holds.iter().any(|hold| hold.id == id) {
                        lost.fetch_add(1, Relaxed);
                    }
                    held.settled(0).await;
                }
            }
        });
    }
    while callers.join_next().await.is_some() {}
    assert_eq!(lost.load(Relaxed), 0, "of {}", went.load(Relaxed));
    assert!(went.load(Relaxed) > 0);
}

/// After a lease has lapsed and the store was away, a claim goes on that is not recorded.
#[tokio::test]
async fn what_comes_after_a_lapse_is_recorded() {
    let house = House::new();
    let settings = quiet().reserve(0);
    let journal = open(&house, "one", &budget(LIMIT), settings);
    let _first = hold(&journal, 1_000).await.unwrap();
    let mut second = hold(&journal, 200).await.unwrap();
    house.state().away = true;
    let mut lapses = slot(&journal).await;
    let lapsing = claim(1_000);
    assert_eq!(lapses.hold(&lapsing).unwrap(), Held::Later);
    second.settle(0);
    pass(Duration::from_millis(500)).await;
    {
        let mut state = house.state();
        let counter = state.counters.values_mut().next().unwrap();
        counter.leases[0].granted = 1_500;
        let left = counter.left(LIMIT);
        counter.opening += left;
        state.lapsed = Some(2);
        state.away = false;
    }
    let refused = poll_fn(|cx| lapses.poll_held(cx)).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::PaymentRequired);
    drop(lapses);
    let third = hold(&journal, 300).await.unwrap();
    let lease = house.state().counter().leases[0].clone();
    assert!(lease.drawn() >= 1_300, "1300 are held: {lease:?}");
    drop(third);
}

/// It counted twice: its row was written while its lease had lapsed, somebody else found it in the books, and then it was told.
#[tokio::test]
async fn what_is_written_after_a_lapse_counts_once() {
    let house = House::new();
    let quiet = quiet().reserve(0);
    let one = open(&house, "one", &budget(LIMIT), quiet);
    let first = hold(&one, 1_000).await.unwrap();
    {
        let mut state = house.state();
        let counter = state.counters.values_mut().next().unwrap();
        counter.leases.iter_mut().for_each(Leased::reclaim);
        state.deaf_to = Some("one");
    }
    let mut lapses = slot(&one).await;
    let lapsing = claim(100);
    assert_eq!(lapses.hold(&lapsing).unwrap(), Held::Later);
    until(|| house.state().waited > 0).await;
    first.settled(400).await;
    let two = open(&house, "two", &budget(LIMIT), quiet);
    hold(&two, 10).await.unwrap().settled(10).await;
    house.state().deaf_to = None;
    poll_fn(|cx| lapses.poll_held(cx)).await.unwrap();
    let drawn = house.state().drawn();
    drop(lapses);
    drop((one, two));
    let charged = house.state().counter().opening;
    assert_eq!((drawn, charged), (510, 410));
}

/// Whoever waits when a lessor panics is told.
#[tokio::test]
async fn who_leaves_while_a_lease_is_asked_for_by_a_panicking_store_is_told() {
    let house = House::new();
    let journal = open(&house, "one", &budget(LIMIT), quiet());
    house.state().panics = true;
    let mut slot = slot(&journal).await;
    assert_eq!(slot.hold(&claim(7)).unwrap(), Held::Later);
    pass(Duration::from_millis(300)).await;
    house.state().panics = false;
    let told = tokio::time::timeout(Duration::from_secs(5), poll_fn(|cx| slot.poll_held(cx))).await;
    assert!(told.is_ok(), "the thread that writes is gone");
}
