//! Somebody has locked a counter, or answers slowly: nobody waits for that but whoever needs more than there is.

use std::future::poll_fn;
use std::time::Duration;

use switchtower::Kind;
use switchtower::settle::store::Store;
use switchtower::settle::{Held, Slot};

use crate::house::House;
use crate::{Holding, budget, claim, hold, leases, now, open, slot, until};

const LIMIT: u64 = 100_000;

#[tokio::test]
async fn whoever_needs_no_more_waits_for_no_answer() {
    let house = House::new();
    let settings = leases().pause(Duration::from_secs(10)).reserve(0);
    let journal = open(&house, "one", &budget(LIMIT), settings);
    let first = hold(&journal, 1_000).await.unwrap();
    house.state().slow = true;
    let mut beyond = slot(&journal).await;
    let large = claim(50_000);
    assert_eq!(beyond.hold(&large).unwrap(), Held::Later);
    until(|| house.state().waited == 1).await;
    // Its row is stored, and what it does not use is held by whoever came before the large one.
    first.settled(400).await;
    assert_eq!(house.state().drawn(), 400);
    assert!(now(|cx| beyond.poll_held(cx)).is_pending());
    house.answer();
    poll_fn(|cx| beyond.poll_held(cx)).await.unwrap();
    assert_eq!(house.state().drawn(), 50_400);
    let large = Holding {
        slot: beyond,
        claim: large,
    };
    large.settled(50_000).await;
}

/// What is in hand is spent while a renewal is under way.
#[tokio::test]
async fn what_is_in_hand_is_spent_while_it_is_asked_for_more() {
    let house = House::new();
    let settings = leases().pause(Duration::from_millis(10)).reserve(0);
    let journal = open(&house, "one", &budget(LIMIT), settings);
    hold(&journal, 1_000).await.unwrap().settled(0).await;
    house.state().slow = true;
    // Less than a quarter is left of what is spent in a term: more is asked for in advance.
    let mut held = Vec::new();
    for _ in 0..40 {
        held.push(hold(&journal, 100).await.unwrap());
    }
    assert_eq!(house.state().drawn(), 4_000);
    for held in held {
        held.settled(100).await;
    }
    house.answer();
    hold(&journal, 10_000).await.unwrap().settled(0).await;
    assert_eq!(house.state().drawn(), 4_000);
}

#[tokio::test]
async fn a_counter_that_is_locked_is_asked_for_again_soon() {
    let house = House::new();
    let journal = open(&house, "one", &budget(LIMIT), leases().reserve(0));
    let first = hold(&journal, 1_000).await.unwrap();
    let lock = |house: &House| {
        let mut state = house.state();
        let locked = state.counters.keys().cloned().collect();
        state.locked = locked;
    };
    lock(&house);
    let mut beyond = slot(&journal).await;
    let large = claim(50_000);
    assert_eq!(beyond.hold(&large).unwrap(), Held::Later);
    until(|| house.state().busy > 2).await;
    assert!(now(|cx| beyond.poll_held(cx)).is_pending());
    first.settled(400).await;
    house.state().locked.clear();
    poll_fn(|cx| beyond.poll_held(cx)).await.unwrap();
    assert_eq!(house.state().drawn(), 50_400);
}

/// Also what this process has of it is locked: whoever holds waits, and what is over is written.
#[tokio::test]
async fn rows_are_written_while_a_lease_is_locked() {
    let house = House::new();
    let settings = leases().pause(Duration::from_secs(10)).reserve(0);
    let journal = open(&house, "one", &budget(LIMIT), settings);
    let first = hold(&journal, 1_000).await.unwrap();
    {
        let mut state = house.state();
        state.locked = state.counters.keys().cloned().collect();
        state.all_locked = true;
    }
    let mut second = slot(&journal).await;
    let claimed = claim(500);
    assert_eq!(second.hold(&claimed).unwrap(), Held::Later);
    let mut gone = slot(&journal).await;
    assert_eq!(gone.hold(&claim(500)).unwrap(), Held::Later);
    first.settled(400).await;
    assert_eq!(house.state().drawn(), 1_000, "it is told later");
    assert!(now(|cx| second.poll_held(cx)).is_pending());
    drop(gone);
    house.state().locked.clear();
    poll_fn(|cx| second.poll_held(cx)).await.unwrap();
    until(|| house.state().drawn() == 900).await;
    let second = Holding {
        slot: second,
        claim: claimed,
    };
    second.settled(500).await;
    journal.close().await;
    assert!(house.books().holds().unwrap().is_empty());
}

/// It is held and let go while the writer is at something else, so that both come at once: the hold is not written after its end.
#[tokio::test]
async fn a_hold_that_waits_for_a_lease_is_over_with_its_end() {
    let house = House::new();
    let settings = leases().pause(Duration::from_secs(10)).reserve(0);
    let journal = open(&house, "one", &budget(LIMIT), settings);
    let first = hold(&journal, 1_000).await.unwrap();
    let (mut second, mut gone) = (slot(&journal).await, slot(&journal).await);
    let claimed = claim(300);
    {
        let mut state = house.state();
        assert_eq!(second.hold(&claimed).unwrap(), Held::Later);
        assert_eq!(gone.hold(&claim(300)).unwrap(), Held::Later);
        drop(gone);
        state.locked = state.counters.keys().cloned().collect();
        state.all_locked = true;
    }
    until(|| house.state().busy > 0).await;
    assert!(now(|cx| second.poll_held(cx)).is_pending());
    house.state().locked.clear();
    poll_fn(|cx| second.poll_held(cx)).await.unwrap();
    let second = Holding {
        slot: second,
        claim: claimed,
    };
    second.settled(300).await;
    first.settled(400).await;
    journal.close().await;
    assert!(house.books().holds().unwrap().is_empty());
}

/// Whoever waits is not overtaken by those who need less, though there is enough for them.
#[tokio::test]
async fn a_large_claim_is_not_overtaken() {
    let house = House::new();
    let settings = leases().pause(Duration::from_secs(10)).reserve(0);
    let journal = open(&house, "one", &budget(LIMIT), settings);
    let first = hold(&journal, 10_000).await.unwrap();
    house.state().give_the_rest_away(LIMIT);
    let asks = house.state().asks;
    let mut large = slot(&journal).await;
    let claimed = claim(50_000);
    assert_eq!(large.hold(&claimed).unwrap(), Held::Later);
    until(|| house.state().asks > asks).await;
    let mut small = slot(&journal).await;
    assert_eq!(small.hold(&claim(5_000)).unwrap(), Held::Later);
    until(|| house.state().asks > asks + 2).await;
    assert!(now(|cx| small.poll_held(cx)).is_pending());
    assert_eq!(house.state().drawn(), 10_000);
    house.state().give_back();
    poll_fn(|cx| large.poll_held(cx)).await.unwrap();
    poll_fn(|cx| small.poll_held(cx)).await.unwrap();
    assert_eq!(house.state().drawn(), 65_000);
    drop(first);
}

/// Behind a large claim nobody waits longer than that does.
#[tokio::test]
async fn who_is_behind_a_large_claim_is_served_when_that_has_waited_in_vain() {
    let house = House::new();
    let settings = leases().pause(Duration::from_secs(10)).reserve(0);
    let settings = settings.wait(Duration::from_millis(300));
    let journal = open(&house, "one", &budget(LIMIT), settings);
    let first = hold(&journal, 10_000).await.unwrap();
    house.state().give_the_rest_away(LIMIT - 5_000);
    let mut large = slot(&journal).await;
    assert_eq!(large.hold(&claim(50_000)).unwrap(), Held::Later);
    let mut small = slot(&journal).await;
    assert_eq!(small.hold(&claim(5_000)).unwrap(), Held::Later);
    let refused = poll_fn(|cx| large.poll_held(cx)).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::PaymentRequired);
    poll_fn(|cx| small.poll_held(cx)).await.unwrap();
    assert_eq!(house.state().drawn(), 15_000);
    drop(first);
}
