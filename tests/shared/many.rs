//! Several journals over one store.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use switchtower::limits::{Limits, Rule, Scope, Window};
use switchtower::settle::lease::{LeaseSettings, Leased, Lessor, Replica, Shared};
use switchtower::settle::store::Store;
use switchtower::settle::{Journal, JournalSettings};
use switchtower::{Kind, Money};
use tokio::task::JoinSet;

use crate::house::House;
use crate::{budget, hold, hold_by, leases, open, until};

const LIMIT: u64 = 10_000;

/// A thousand callers, each of whom holds 70, and none of whom is over.
async fn equal_holds(journals: &[Journal]) -> usize {
    let mut callers = JoinSet::new();
    for number in 0..1_000 {
        let journal = journals[number % journals.len()].clone();
        callers.spawn(async move { hold(&journal, 70).await });
    }
    let mut held = Vec::new();
    while let Some(ended) = callers.join_next().await {
        match ended.unwrap() {
            Ok(holding) => held.push(holding),
            Err(error) => assert_eq!(error.kind(), Kind::PaymentRequired, "{error:?}"),
        }
    }
    held.len()
}

fn three(house: &Arc<House>, leases: LeaseSettings) -> Vec<Journal> {
    let names = ["one", "two", "three"].into_iter();
    names
        .map(|name| open(house, name, &budget(LIMIT), leases))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_equal_holds_of_one() {
    let house = House::new();
    let journals = [open(&house, "one", &budget(LIMIT), leases())];
    assert_eq!(equal_holds(&journals).await, 142);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_equal_holds_of_three() {
    for reserve in [0, 25, 100] {
        let house = House::new();
        let journals = three(&house, leases().reserve(reserve));
        assert_eq!(equal_holds(&journals).await, 142, "{reserve}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_costs_of_three() {
    let house = House::new();
    let journals = three(&house, leases());
    let mut callers = JoinSet::new();
    for number in 0..1_000_u64 {
        let journal = journals[usize::try_from(number % 3).unwrap()].clone();
        callers.spawn(async move {
            let amount = 1 + number * 7_919 % 97;
            let charge = amount * (number % 11) / 10;
            match hold(&journal, amount).await {
                Ok(held) => {
                    let charge = charge.min(amount);
                    held.settled(charge).await;
                    charge
                }
                Err(_) => 0,
            }
        });
    }
    let mut charged = 0;
    while let Some(ended) = callers.join_next().await {
        charged += ended.unwrap();
    }
    assert!(charged <= LIMIT);
    drop(journals);
    assert_eq!(house.state().counter().opening, charged, "none is lost");
}

/// There is room for so many leases as are in use at once, and for no more.
#[tokio::test]
async fn limits_that_nobody_uses_make_room_for_others() {
    let house = House::new();
    let limit = Money::from_picodollars(1_000);
    let rule = Rule::money("each", Scope::Key, Window::Forever, limit).unwrap();
    let few = NonZeroUsize::new(4).unwrap();
    let settings = leases().counters(few).wait(Duration::from_secs(2));
    let journal = open(&house, "one", &Limits::new([rule]), settings);
    for round in 1..=3 {
        for key in 0..12 {
            let held = hold_by(&journal, &key.to_string(), 10).await;
            held.unwrap_or_else(|error| panic!("{round} {key}: {error:?}"))
                .settled(10)
                .await;
        }
    }
    let drawn =
        |counter: &Shared| counter.opening + counter.leases.iter().map(Leased::drawn).sum::<u64>();
    assert!(
        house
            .state()
            .counters
            .values()
            .all(|counter| drawn(counter) == 30)
    );
    let mut held = Vec::new();
    for key in 0..4 {
        held.push(hold_by(&journal, &key.to_string(), 10).await.unwrap());
    }
    // Only whoever needs one more is refused.
    let refused = hold_by(&journal, "4", 10).await.err().unwrap();
    assert_eq!(refused.kind(), Kind::LedgerAway);
    held.push(hold_by(&journal, "0", 10).await.unwrap());
    held.swap_remove(1).settled(10).await;
    hold_by(&journal, "4", 10).await.unwrap().settled(10).await;
}

/// At midnight all begin anew: the books are asked for all at once.
#[tokio::test]
async fn counters_that_begin_together_read_the_books_together() {
    let house = House::new();
    let limit = Money::from_picodollars(1_000);
    let rule = Rule::money("each", Scope::Key, Window::Forever, limit).unwrap();
    let plain = JournalSettings::default();
    let journal = Journal::open(house.clone(), plain).unwrap();
    for key in 0..50 {
        let held = hold_by(&journal, &key.to_string(), 10).await.unwrap();
        held.settled(key).await;
    }
    drop(journal);
    let journal = open(&house, "one", &Limits::new([rule]), leases());
    house.state().away = true;
    let reads = house.state().reads;
    let mut all = Vec::new();
    for key in 0..50 {
        all.push(tokio::spawn({
            let journal = journal.clone();
            async move {
                hold_by(&journal, &key.to_string(), 10)
                    .await
                    .unwrap()
                    .settled(0)
                    .await
            }
        }));
    }
    while journal.totals().held < 500 {
        tokio::task::yield_now().await;
    }
    house.state().away = false;
    for one in all {
        one.await.unwrap();
    }
    let state = house.state();
    // The days, and their sums; for the first alone, and once more where that is asked twice.
    assert!(state.reads - reads <= 24, "{}", state.reads - reads);
    let openings: u64 = state.counters.values().map(|counter| counter.opening).sum();
    assert_eq!(openings, 49 * 50 / 2);
}

/// Whoever waits is heard, and gets what the others do not need.
#[tokio::test]
async fn others_give_back_what_they_do_not_need() {
    let house = House::new();
    let journals = three(&house, leases().portion(50));
    let first = hold(&journals[0], 100).await.unwrap();
    let second = hold(&journals[1], 100).await.unwrap();
    assert!(house.state().counter().left(LIMIT) < LIMIT - 200);
    let last = hold(&journals[2], LIMIT - 200).await.unwrap();
    assert_eq!(house.state().drawn(), LIMIT);
    drop((first, second, last));
}

#[tokio::test]
async fn nobody_waits_for_others_longer_than_is_said() {
    let house = House::new();
    // One hears nothing.
    let deaf = leases().pause(Duration::from_secs(10)).portion(50);
    let one = open(&house, "one", &budget(LIMIT), deaf);
    let held = hold(&one, 100).await.unwrap();
    let two = open(&house, "two", &budget(LIMIT), leases().wait(Duration::ZERO));
    let refused = hold(&two, LIMIT - 100).await.err().unwrap();
    assert_eq!(refused.kind(), Kind::PaymentRequired);
    assert!(refused.exceeded().unwrap().may_be_leased);
    held.settled(100).await;
}

/// Not even what it had is there any more: its rows are written all the same.
#[tokio::test]
async fn a_name_that_is_taken_and_released_writes_its_rows() {
    let house = House::new();
    let journal = open(&house, "one", &budget(LIMIT), leases());
    let first = hold(&journal, 7).await.unwrap();
    let second = house.enlist("one").unwrap();
    let life = second.life - 1;
    house.release(&Replica { life, ..second }).unwrap();
    for amount in [LIMIT / 2, 1] {
        let refused = hold(&journal, amount).await.err().unwrap();
        assert_eq!(refused.kind(), Kind::LedgerAway);
    }
    let id = first.claim.id;
    first.settled(7).await;
    assert!(house.books().row(&id).unwrap().is_some());
    assert_eq!(house.state().drawn(), 7);
}

#[tokio::test]
async fn a_name_that_is_taken_leases_nothing_more() {
    let house = House::new();
    let journal = open(&house, "one", &budget(LIMIT), leases());
    let first = hold(&journal, 7).await.unwrap();
    // For all that is known elsewhere, this process is gone.
    house.enlist("one").unwrap();
    let refused = hold(&journal, LIMIT / 2).await.err().unwrap();
    assert_eq!(refused.kind(), Kind::LedgerAway);
    assert!(refused.retry_after().is_some());
    first.settled(7).await;
    until(|| house.state().drawn() == 7).await;
}
