//! A process that has lost its name to another, and goes on.

use std::future::poll_fn;
use std::sync::Arc;

use switchtower::Money;
use switchtower::limits::{Limits, Rule, Scope, Window};
use switchtower::settle::store::{Entry, Row, SpendQuery, Store, StoreError};
use switchtower::settle::{Claim, Journal, Record, Slot};
use switchtower::{Caller, Day, KeyId, Kind};

use crate::support::{Shaky, claim, id, open, record, settings, slot};
use crate::trouble::{listen, said_of};

/// The connection that had the name was cut, and another process took it: what the first was on was told as abandoned, and its
/// charges were lost in conflicts.
#[tokio::test]
async fn what_was_told_as_abandoned_is_charged_when_it_ends() {
    listen();
    let store = Shaky::new();
    let first = open(&store, settings().limits(budget()));
    let mut under_way = slot(&first).await;
    under_way.hold(&of(31)).unwrap();
    poll_fn(|cx| under_way.poll_held(cx)).await.unwrap();
    store.lose_names();
    let second = open(&store, settings().limits(budget()));
    assert_eq!(second.abandoned().len(), 1);
    assert!(store.rows()[0].is_abandoned());

    under_way.write(ended(31));
    poll_fn(|cx| under_way.poll_written(cx)).await.unwrap();
    let rows = store.rows();
    assert_eq!((rows.len(), &*rows[0].end), (1, "complete"));
    assert_eq!(sums(&store), (1, 5, 0));
    let said = said_of(id(31).as_str());
    let late = said.iter().filter(|it| it.contains("settled late"));
    assert_eq!(late.count(), 1, "{said:?}");
    assert!(!said.iter().any(|it| it.contains("lost")), "{said:?}");

    // Told again it is nothing new, and another one is lost as ever.
    store
        .commit(&[Entry::Row(Box::new(Row::from(&ended(31))))])
        .unwrap();
    let other = Record {
        charge: Some(Money::from_picodollars(6)),
        ..ended(31)
    };
    let told = second.enter(Entry::Row(Box::new(Row::from(&other)))).await;
    assert!(matches!(told, Err(StoreError::Conflict(_))), "{told:?}");
    assert_eq!(sums(&store), (1, 5, 0));
    drop((under_way, first, second));

    // Of twelve seven are left: that is what the next start counts.
    let third = open(&store, settings().limits(budget()));
    let mut next = slot(&third).await;
    assert_eq!(next.available(&of(32)), Some(Money::from_picodollars(7)));
    next.hold(&of(32)).unwrap();
    let mut more = slot(&third).await;
    let refused = more.hold(&of(33)).unwrap_err();
    assert_eq!(refused.kind(), Kind::PaymentRequired);
}

/// Between the look and the word of it the request ends: then it is not abandoned, and the start goes on.
#[tokio::test]
async fn what_ends_while_somebody_starts_is_not_abandoned() {
    let store = Shaky::new();
    let first = open(&store, settings());
    let (mut one, mut two) = (slot(&first).await, slot(&first).await);
    one.hold(&claim(1)).unwrap();
    two.hold(&claim(2)).unwrap();
    poll_fn(|cx| one.poll_held(cx)).await.unwrap();
    poll_fn(|cx| two.poll_held(cx)).await.unwrap();
    store.lose_names();
    let books = store.clone();
    store.once_read(move || {
        let row = Row::from(&record(1));
        books.inner().commit(&[Entry::Row(Box::new(row))]).unwrap();
    });
    let second = open(&store, settings());
    let left: Vec<_> = second.abandoned().iter().map(|hold| hold.id).collect();
    assert_eq!(left, [id(2)]);
    assert_eq!(store.inner().holds().unwrap(), []);
    assert_eq!(sums(&store), (2, 5, 1));
    one.write(record(1));
    poll_fn(|cx| one.poll_written(cx)).await.unwrap();
    two.write(record(2));
    poll_fn(|cx| two.poll_written(cx)).await.unwrap();
    assert_eq!(sums(&store), (2, 10, 0));
}

/// Nothing more is let in without the name, and what was let in before is charged.
#[tokio::test]
async fn without_its_name_a_process_ends_what_it_has_begun() {
    let store = Shaky::new();
    let journal = open(&store, settings());
    let mut begun = slot(&journal).await;
    begun.hold(&claim(1)).unwrap();
    poll_fn(|cx| begun.poll_held(cx)).await.unwrap();
    store.take_name("gateway-0");
    let mut new = slot(&journal).await;
    new.hold(&claim(2)).unwrap();
    begun.write(record(1));
    poll_fn(|cx| begun.poll_written(cx)).await.unwrap();
    let refused = poll_fn(|cx| new.poll_held(cx)).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::LedgerAway);
    assert_eq!(sums(&store), (1, 5, 0));
    assert_eq!(store.inner().holds().unwrap(), []);
    drop((begun, new));
    journal.close().await;
}

/// For a name that does not come again: as its next start would. A row that comes all the same is charged.
#[tokio::test]
async fn a_name_that_does_not_come_again_is_released() {
    let store = Shaky::new();
    let first = open(&store, settings().replica("gateway-7"));
    let (mut one, mut two) = (slot(&first).await, slot(&first).await);
    one.hold(&claim(1)).unwrap();
    two.hold(&claim(2)).unwrap();
    poll_fn(|cx| one.poll_held(cx)).await.unwrap();
    poll_fn(|cx| two.poll_held(cx)).await.unwrap();
    let release = |name| Journal::release(&store.store(), name);
    let alive = release("gateway-7");
    assert!(matches!(alive, Err(StoreError::Taken(_))), "{alive:?}");
    assert_eq!(release("gateway-8").unwrap().abandoned, []);
    store.lose_names();
    let released = release("gateway-7").unwrap();
    assert_eq!(released.abandoned.len(), 2);
    assert_eq!(released.held(), Money::from_picodollars(14));
    assert_eq!(
        (released.spent, released.freed),
        (0, 0),
        "nothing is shared"
    );
    assert_eq!(store.inner().holds().unwrap(), []);
    assert_eq!(sums(&store), (2, 0, 2));
    assert_eq!(release("gateway-7").unwrap().abandoned, [], "once");
    one.write(record(1));
    poll_fn(|cx| one.poll_written(cx)).await.unwrap();
    assert_eq!(sums(&store), (2, 5, 1));
}

// === Helpers ===

fn caller() -> Arc<Caller> {
    Arc::new(Caller::new(KeyId::of("sk-or-v1-a")).account("acme"))
}

fn budget() -> Limits {
    let limit = Money::from_picodollars(12);
    Limits::new([Rule::money("budget", Scope::Account, Window::Forever, limit).unwrap()])
}

fn of(number: u64) -> Claim {
    let mut claim = claim(number);
    claim.caller = Some(caller());
    claim
}

fn ended(number: u64) -> Record {
    Record {
        caller: Some(caller()),
        ..record(number)
    }
}

/// Requests, what they are charged, and attempts of which nobody knows the cost.
fn sums(store: &Shaky) -> (u64, i128, u64) {
    let query = SpendQuery {
        from: Day::from_number(0),
        to: Day::from_number(i32::MAX),
        by: vec![],
        account: None,
        keys: None,
        user: None,
        tag: None,
        limit: 10,
    };
    let sums = store.inner().spend(&query).unwrap();
    (sums[0].requests, sums[0].charge, sums[0].cost_unknown)
}
