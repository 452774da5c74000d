//! Nobody answers, or what was leased is taken back.

use std::future::poll_fn;
use std::time::Duration;

use switchtower::settle::store::Store;
use switchtower::settle::{Held, Slot};
use switchtower::{Kind, Money};

use crate::house::House;
use crate::{Holding, budget, claim, hold, leases, now, open, slot, until};

const LIMIT: u64 = 100_000;

#[tokio::test]
async fn what_is_in_reserve_is_spent_and_no_more() {
    let house = House::new();
    let settings = leases().reserve(50).pause(Duration::from_secs(10));
    let journal = open(&house, "one", &budget(LIMIT), settings);
    let first = hold(&journal, 1_000).await.unwrap();
    let reserve = house.state().counter().leases[0].reserve;
    assert_eq!(reserve, 1_500, "half of what was leased in advance");

    house.state().away = true;
    let mut spent = Vec::new();
    for _ in 0..3 {
        spent.push(hold(&journal, 500).await.unwrap());
    }
    let mut beyond = slot(&journal).await;
    let waiting = claim(1);
    assert_eq!(beyond.hold(&waiting).unwrap(), Held::Later);
    for mut held in spent {
        held.settle(400);
        assert!(
            now(|cx| held.slot.poll_written(cx)).is_pending(),
            "a row waits"
        );
    }
    assert!(now(|cx| beyond.poll_held(cx)).is_pending());
    assert_eq!(house.state().drawn(), 1_000);

    house.state().away = false;
    poll_fn(|cx| beyond.poll_held(cx)).await.unwrap();
    let beyond = Holding {
        slot: beyond,
        claim: waiting,
    };
    beyond.settled(1).await;
    first.settled(1_000).await;
    let lease = house.state().counter().leases[0].clone();
    assert_eq!((lease.drawn(), lease.told.unrecorded), (2_201, 1_500));
    assert_eq!(lease.reserve, 0, "it is used");
}

#[tokio::test]
async fn what_was_taken_back_is_asked_for_anew() {
    let house = House::new();
    let settings = leases().reserve(0).pause(Duration::from_secs(10));
    let journal = open(&house, "one", &budget(LIMIT), settings);
    hold(&journal, 1_000).await.unwrap().settled(1_000).await;
    for lease in &mut house
        .state()
        .counters
        .first_entry()
        .unwrap()
        .get_mut()
        .leases
    {
        lease.reclaim();
    }
    // For all that is known here, there are three thousand.
    hold(&journal, 3_000).await.unwrap().settled(2_000).await;
    assert_eq!(house.state().drawn(), 3_000);
}

#[tokio::test]
async fn what_others_have_by_now_is_refused_and_no_row_is_lost() {
    let house = House::new();
    let settings = leases().reserve(0).pause(Duration::from_secs(10));
    let journal = open(&house, "one", &budget(LIMIT), settings);
    let first = hold(&journal, 1_000).await.unwrap();
    house.state().take_back();
    let refused = hold(&journal, 3_000).await.err().unwrap();
    assert_eq!(refused.kind(), Kind::PaymentRequired);
    assert!(refused.retry_after().is_some());
    let id = first.claim.id;
    first.settled(900).await;
    let row = house.books().row(&id).unwrap().unwrap();
    assert_eq!(row.charge, Some(Money::from_picodollars(900)));
    until(|| house.state().drawn() == LIMIT - 100).await;
    assert!(house.books().holds().unwrap().is_empty());
}

#[tokio::test]
async fn a_lease_that_is_not_heard_of_is_asked_for_again() {
    let house = House::new();
    let journal = open(&house, "one", &budget(LIMIT), leases());
    house.state().deaf = 3;
    hold(&journal, 7).await.unwrap().settled(7).await;
    assert_eq!(house.state().drawn(), 7);
}
