//! Several journals over one store.

use std::sync::Arc;
use std::time::Duration;

use switchtower::Kind;
use switchtower::settle::Journal;
use switchtower::settle::lease::{LeaseSettings, Lessor};
use tokio::task::JoinSet;

use crate::house::House;
use crate::{budget, hold, leases, open, until};

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

#[tokio::test]
async fn a_name_that_is_taken_leases_nothing_more() {
    let house = House::new();
    let journal = open(&house, "one", &budget(LIMIT), leases());
    let first = hold(&journal, 7).await.unwrap();
    // For all that is known elsewhere, this process is gone.
    house.enlist("one").unwrap();
    let refused = hold(&journal, LIMIT / 2).await.err().unwrap();
    assert_eq!(refused.kind(), Kind::PaymentRequired);
    first.settled(7).await;
    until(|| house.state().drawn() == 7).await;
}
