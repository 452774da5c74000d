//! One journal alone.

use std::time::Duration;

use switchtower::limits::{Limits, Rule, Scope, Window};
use switchtower::settle::lease::LeaseSettings;
use switchtower::settle::store::Store;
use switchtower::settle::{HasBooks, Held, Journal, JournalSettings, Slot};
use switchtower::{Kind, Money};

use crate::house::House;
use crate::{budget, claim, hold, leases, now, open, rule, slot, until};

const LIMIT: u64 = 1_000_000;

#[tokio::test]
async fn a_claim_waits_for_a_lease_and_then_for_its_record() {
    let house = House::new();
    let limits = budget(LIMIT);
    let journal = open(&house, "one", &limits, leases());
    let first = hold(&journal, 7).await.unwrap();
    assert_eq!(house.state().drawn(), 7);
    assert_eq!(house.state().asks, 1);
    let holds = house.books().holds().unwrap();
    assert_eq!(holds[0].id, first.claim.id);
    first.settled(5).await;
    assert_eq!(house.state().drawn(), 5);
    assert!(house.books().holds().unwrap().is_empty());
}

/// What is leased in advance is spent without another question.
#[tokio::test]
async fn nobody_is_asked_for_what_is_leased() {
    let house = House::new();
    // Nothing is renewed meanwhile.
    let journal = open(
        &house,
        "one",
        &budget(LIMIT),
        leases().pause(Duration::from_secs(10)),
    );
    hold(&journal, 7).await.unwrap().settled(7).await;
    let asks = house.state().asks;
    let commits = house.state().commits;
    for _ in 0..100 {
        // Three times as much as was asked for at first is leased in advance.
        hold(&journal, 7).await.unwrap().settled(0).await;
    }
    let state = house.state();
    assert_eq!((state.asks, state.commits), (asks, commits + 200));
    assert_eq!(state.drawn(), 7);
}

#[tokio::test]
async fn many_who_wait_ask_once() {
    let house = House::new();
    let journal = open(&house, "one", &budget(LIMIT), leases());
    house.state().away = true;
    let mut slots = Vec::new();
    for _ in 0..100 {
        let mut slot = slot(&journal).await;
        assert_eq!(slot.hold(&claim(100)).unwrap(), Held::Later);
        slots.push(slot);
    }
    house.state().away = false;
    for slot in &mut slots {
        std::future::poll_fn(|cx| slot.poll_held(cx)).await.unwrap();
    }
    let state = house.state();
    // The first was there alone, perhaps, and asked for less than the others need.
    assert!(state.asks <= 3, "{}", state.asks);
    assert_eq!(state.drawn(), 10_000);
}

#[tokio::test]
async fn what_the_limit_has_no_room_for_is_refused_at_once() {
    let house = House::new();
    let journal = open(&house, "one", &budget(LIMIT), leases());
    let refused = hold(&journal, LIMIT + 1).await.err().unwrap();
    assert_eq!(refused.kind(), Kind::PaymentRequired);
    assert!(house.state().counters.is_empty(), "nobody was asked");
    let mut slot = slot(&journal).await;
    assert_eq!(
        slot.available(&claim(1)),
        Some(Money::from_picodollars(1_000_000))
    );
    let _held = hold(&journal, LIMIT).await.unwrap();
    assert_eq!(slot.available(&claim(1)), Some(Money::ZERO));
    let refused = slot.hold(&claim(1)).unwrap_err();
    assert_eq!(refused.kind(), Kind::PaymentRequired);
}

#[tokio::test]
async fn what_was_spent_before_counts_once() {
    let house = House::new();
    let plain = JournalSettings::default().limits(budget(LIMIT));
    let journal = Journal::open(house.clone(), plain).unwrap();
    hold(&journal, 10).await.unwrap().settled(9).await;
    drop(journal);

    for (name, spent) in [("one", 9), ("two", 14), ("one", 19)] {
        let journal = open(&house, name, &budget(LIMIT), leases());
        let held = hold(&journal, 5).await.unwrap();
        let level = journal.books().limits().available(
            &switchtower::limits::Subject {
                caller: Some(&crate::caller()),
                ..Default::default()
            },
            held.claim.now(),
        );
        let left = Money::from_picodollars((LIMIT - spent - 5).cast_signed());
        assert_eq!(level, Some(left), "{name}");
        held.settled(5).await;
        // The end of a life is told.
        drop(journal);
        assert_eq!(house.state().drawn(), spent + 5);
        assert!(house.state().counter().leases.is_empty());
    }
}

/// One hears of the limit later than the other. What was spent with it meanwhile is in the books.
#[tokio::test]
async fn what_was_spent_before_a_limit_was_heard_of_counts() {
    let house = House::new();
    let limits = [Limits::default(), Limits::default()];
    limits.iter().for_each(Limits::expect_rules);
    let set = |limits: &Limits| {
        let rules = [(rule(LIMIT), Vec::new())];
        let now = claim(0).now();
        limits
            .set_rules((Scope::Account, "acme"), rules, now)
            .unwrap();
    };
    let [one, two] = ["one", "two"].map(|name| {
        let limits = &limits[usize::from(name == "two")];
        open(&house, name, limits, leases())
    });
    set(&limits[0]);
    hold(&one, 10).await.unwrap().settled(10).await;
    hold(&two, 20).await.unwrap().settled(20).await;
    let under_way = hold(&two, 40).await.unwrap();
    assert_eq!(house.state().drawn(), 10);
    set(&limits[1]);
    hold(&two, 80).await.unwrap().settled(80).await;
    assert_eq!(house.state().drawn(), 150);
    under_way.settled(30).await;
    hold(&two, 1).await.unwrap().settled(1).await;
    assert_eq!(house.state().drawn(), 141);
}

#[tokio::test]
async fn a_charge_beyond_its_claim_counts() {
    let house = House::new();
    let journal = open(&house, "one", &budget(LIMIT), leases());
    hold(&journal, LIMIT)
        .await
        .unwrap()
        .settled(LIMIT + 30)
        .await;
    assert_eq!(house.state().drawn(), LIMIT + 30);
    assert!(hold(&journal, 1).await.is_err());
    drop(journal);
    assert_eq!(house.state().counter().opening, LIMIT + 30);
}

#[tokio::test]
async fn whoever_leaves_before_a_lease_is_there_leaves_nothing() {
    let house = House::new();
    let journal = open(&house, "one", &budget(LIMIT), leases());
    house.state().away = true;
    let mut slot = slot(&journal).await;
    assert_eq!(slot.hold(&claim(7)).unwrap(), Held::Later);
    assert!(now(|cx| slot.poll_held(cx)).is_pending());
    drop(slot);
    house.state().away = false;
    journal.close().await;
    assert_eq!(journal.totals().held, 0);
    assert!(house.books().holds().unwrap().is_empty());
    drop(journal);
    assert!(house.state().counters.values().all(|it| it.opening == 0));
}

/// A rule that is gone and comes back goes on where it was, also for what is still under way by the first.
#[tokio::test]
async fn a_rule_that_comes_back_goes_on() {
    let house = House::new();
    let limits = Limits::default();
    let set = |rules: Vec<Rule>| {
        let rules = rules.into_iter().map(|rule| (rule, Vec::new()));
        let now = claim(0).now();
        limits
            .set_rules((Scope::Account, "acme"), rules, now)
            .unwrap();
    };
    let journal = open(&house, "one", &limits, leases());
    set(vec![rule(100)]);
    hold(&journal, 10).await.unwrap().settled(10).await;
    let mut first = hold(&journal, 20).await.unwrap();
    let meanwhile = hold(&journal, 5).await.unwrap();
    set(vec![]);
    meanwhile.settled(4).await;
    set(vec![rule(100)]);
    let second = hold(&journal, 30).await.unwrap();
    assert_eq!(house.state().drawn(), 64);
    assert!(hold(&journal, 37).await.is_err());
    first.settle(15);
    second.settled(30).await;
    assert_eq!(house.state().drawn(), 59);
    hold(&journal, 41).await.unwrap().settled(41).await;
    assert_eq!(house.state().drawn(), 100);
}

#[tokio::test]
async fn a_limit_that_changes_holds_everywhere() {
    let house = House::new();
    let limits = [Limits::default(), Limits::default()];
    let set = |limits: &Limits, limit| {
        let rules = [(rule(limit), Vec::new())];
        let now = claim(0).now();
        limits
            .set_rules((Scope::Account, "acme"), rules, now)
            .unwrap();
    };
    let wait = leases().wait(Duration::from_secs(60)).portion(100);
    let [one, two] = [0, 1].map(|place| open(&house, &place.to_string(), &limits[place], wait));
    limits.iter().for_each(|limits| set(limits, 1_000));
    // Each has leased in advance.
    hold(&one, 100).await.unwrap().settled(100).await;
    hold(&two, 100).await.unwrap().settled(100).await;
    limits.iter().for_each(|limits| set(limits, 250));
    let refused = [hold(&one, 60).await.is_err(), hold(&two, 60).await.is_err()];
    assert_eq!(refused, [true, true]);
    let granted = || {
        let state = house.state();
        state
            .counter()
            .leases
            .iter()
            .map(|it| it.granted)
            .sum::<u64>()
    };
    until(|| granted() <= 250).await;
    let held = hold(&one, 50).await.unwrap();
    assert!(hold(&two, 1).await.is_err());
    limits.iter().for_each(|limits| set(limits, 2_000));
    let more = hold(&two, 1_750).await.unwrap();
    drop((held, more));
}

/// Its window is part of its name, and no amount of the last one counts in the next.
#[tokio::test]
async fn a_day_has_a_counter_of_its_own() {
    let house = House::new();
    let day = Window::Calendar(switchtower::Period::Daily);
    let limit = Money::from_picodollars(100);
    let limits = Limits::new([Rule::money("day", Scope::Key, day, limit).unwrap()]);
    let journal = open(&house, "one", &limits, leases());
    let held = hold(&journal, 7).await.unwrap();
    let today = switchtower::Day::of(held.claim.created);
    let key = crate::caller().key();
    let name = house.state().counters.keys().next().unwrap().clone();
    assert_eq!(name, format!("day of key {key}, daily from {today}"));
    held.settled(7).await;
}

#[test]
fn a_store_without_leases_says_so() {
    let settings = JournalSettings::default().leases(LeaseSettings::default());
    let store = std::sync::Arc::new(switchtower::settle::store::MemoryStore::default());
    let refused = Journal::open(store, settings).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the store failed: this store keeps no leases"
    );
}
