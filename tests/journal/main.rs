//! A ledger over a store: who waits for it, and what becomes of the books when it fails.

use std::future::{Future, poll_fn};
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use switchtower::catalog::Catalog;
use switchtower::limits::{Limits, Rule, Scope, Window};
use switchtower::settle::store::{Document, Entry, HoldRow, Row, Store, StoreError};
use switchtower::settle::{
    Certainty, Durability, HasBooks, Held, Ledger, Record, SettleLayer, Slot,
};
use switchtower::{Caller, Error, KeyId, Kind, Money, Payload};
use tokio::sync::mpsc;
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::support::{Shaky, at, claim, credit, document, id, now, open, record, settings, slot};

mod before;
mod keep;
mod late;
mod line;
mod names;
mod support;
mod told;
mod trouble;

#[tokio::test]
async fn a_hold_and_a_last_frame_wait_for_the_store() {
    let store = Shaky::new();
    let journal = open(&store, settings());
    let mut slot = slot(&journal).await;
    store.shut();
    assert_eq!(slot.hold(&claim(1)).unwrap(), Held::Later);
    assert!(now(|cx| slot.poll_held(cx)).is_pending());
    assert_eq!(journal.totals().held, 7);
    store.open();
    poll_fn(|cx| slot.poll_held(cx)).await.unwrap();
    assert_eq!(store.inner().holds().unwrap()[0].amount, claim(1).amount);

    store.shut();
    slot.write(record(1));
    assert!(now(|cx| slot.poll_written(cx)).is_pending());
    assert_eq!(store.inner().row(&id(1)).unwrap(), None);
    store.open();
    poll_fn(|cx| slot.poll_written(cx)).await.unwrap();
    assert_eq!(store.inner().row(&id(1)).unwrap().unwrap().end, "complete");
    assert_eq!(store.inner().holds().unwrap(), []);
    assert_eq!((journal.totals().records, journal.totals().held), (1, 0));
    assert!(journal.get(id(1).as_str()).is_some());
}

#[tokio::test]
async fn with_the_durability_of_memory_nobody_waits() {
    let store = Shaky::new();
    let journal = open(&store, settings().durability(Durability::Memory));
    store.shut();
    let mut slot = slot(&journal).await;
    assert_eq!(slot.hold(&claim(1)).unwrap(), Held::Now);
    slot.write(record(1));
    assert!(now(|cx| slot.poll_written(cx)).is_ready());
    drop(slot);
    store.open();
    journal.close().await;
    assert!(store.inner().row(&id(1)).unwrap().is_some());
}

/// One answer of three events through `settle`: none but the last waits, however long the store takes.
#[tokio::test]
async fn no_event_but_the_last_waits() {
    let store = Shaky::new();
    let journal = open(&store, settings());
    let (events, said) = mpsc::channel(3);
    let said = Arc::new(Mutex::new(Some(said)));
    let client = service_fn(move |_: Request<Payload>| {
        let mut said = said.lock().unwrap().take().unwrap();
        let frames = futures_util::stream::poll_fn(move |cx| {
            let frame = |event: Bytes| Ok::<_, Error>(Frame::data(event));
            said.poll_recv(cx).map(|event| event.map(frame))
        });
        async { Ok::<_, Error>(Response::new(StreamBody::new(frames))) }
    });
    let service = ServiceBuilder::new()
        .layer(SettleLayer::new(journal.clone()))
        .service(client);
    let answer = service
        .oneshot(Request::new(Payload::default()))
        .await
        .unwrap();
    let mut body = pin!(answer.into_body());
    store.shut();
    for event in ["one", "two"] {
        events.send(Bytes::from(event)).await.unwrap();
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), event);
    }
    drop(events);
    assert!(now(|cx| http_body::Body::poll_frame(body.as_mut(), cx)).is_pending());
    store.open();
    assert!(body.frame().await.is_none());
    assert_eq!(store.rows().len(), 1);
}

#[tokio::test]
async fn all_who_wait_share_one_commit() {
    let store = Shaky::new();
    let journal = open(&store, settings());
    store.shut();
    let mut slots = Vec::new();
    for number in 0..100 {
        let mut slot = slot(&journal).await;
        slot.hold(&claim(number)).unwrap();
        slots.push(slot);
    }
    store.open();
    for slot in &mut slots {
        poll_fn(|cx| slot.poll_held(cx)).await.unwrap();
    }
    assert!(
        store.commits() <= 2,
        "the first was there alone: {}",
        store.commits()
    );
    assert_eq!(store.inner().holds().unwrap().len(), 100);
}

#[tokio::test]
async fn a_full_queue_lets_nobody_in_until_something_is_stored() {
    let store = Shaky::new();
    let places = NonZeroUsize::new(2).unwrap();
    let mut journal = open(&store, settings().places(places));
    let (mut first, second) = (slot(&journal).await, slot(&journal).await);
    assert!(now(|cx| journal.poll_slot(cx)).is_pending());
    drop(second);
    let second = slot(&journal).await;

    store.shut();
    first.hold(&claim(1)).unwrap();
    first.write(record(1));
    drop(first);
    // It is over, but not stored.
    assert!(now(|cx| journal.poll_slot(cx)).is_pending());
    let entering = journal.enter(Entry::Document(document()));
    let mut entering = pin!(entering);
    assert!(now(|cx| entering.as_mut().poll(cx)).is_pending());
    store.open();
    entering.await.unwrap();
    drop(second);
    assert_eq!(store.rows().len(), 1);
    drop(slot(&journal).await);
}

#[tokio::test]
async fn whoever_is_dropped_is_settled_without_waiting() {
    let store = Shaky::new();
    let journal = open(&store, settings());
    store.shut();
    let mut written = slot(&journal).await;
    written.hold(&claim(1)).unwrap();
    written.write(record(1));
    drop(written);
    let mut held = slot(&journal).await;
    held.hold(&claim(2)).unwrap();
    drop(held);
    drop(slot(&journal).await);
    assert_eq!(journal.totals().held, 0);
    store.open();
    journal.close().await;
    assert_eq!(store.rows()[0].id, id(1));
    assert_eq!(
        store.inner().holds().unwrap(),
        [],
        "nobody was asked for the second"
    );
    let mut late = journal.clone();
    assert!(matches!(now(|cx| late.poll_slot(cx)), Poll::Ready(Err(_))));
    assert!(journal.enter(Entry::Document(document())).await.is_err());
}

#[tokio::test]
async fn the_last_one_to_leave_waits_for_the_queue() {
    let store = Shaky::new();
    let journal = open(&store, settings());
    let mut slot = slot(&journal).await;
    slot.hold(&claim(1)).unwrap();
    slot.write(record(1));
    drop(journal);
    drop(slot);
    assert_eq!(store.rows().len(), 1);
}

#[tokio::test]
async fn a_full_store_refuses_what_is_new_and_keeps_what_has_been() {
    let store = Shaky::new();
    let journal = open(&store, settings());
    let (mut old, mut new) = (slot(&journal).await, slot(&journal).await);
    old.hold(&claim(1)).unwrap();
    poll_fn(|cx| old.poll_held(cx)).await.unwrap();

    store.fail(|| StoreError::Full("no space left on device".into()));
    old.write(record(1));
    assert!(now(|cx| old.poll_written(cx)).is_pending());
    // Whether it is refused at once, or when it is tried: it is told.
    let refused = match new.hold(&claim(2)) {
        Ok(_) => poll_fn(|cx| new.poll_held(cx)).await.unwrap_err(),
        Err(error) => error,
    };
    let source = std::error::Error::source(&refused).unwrap().to_string();
    assert!(source.contains("no room left"), "{source}");
    let told = journal.enter(Entry::Credit(credit())).await;
    assert!(matches!(told, Err(StoreError::Full(_))), "{told:?}");
    assert!(
        now(|cx| old.poll_written(cx)).is_pending(),
        "it is not lost"
    );
    drop(new);

    store.work();
    poll_fn(|cx| old.poll_written(cx)).await.unwrap();
    journal.enter(Entry::Credit(credit())).await.unwrap();
    journal.close().await;
    assert_eq!(store.rows().len(), 1);
    assert_eq!(store.inner().holds().unwrap(), []);
}

#[tokio::test]
async fn a_store_that_is_away_is_waited_for() {
    for why in [Failure::Away, Failure::Panic] {
        let store = Shaky::new();
        let journal = open(&store, settings());
        let mut slot = slot(&journal).await;
        slot.hold(&claim(1)).unwrap();
        poll_fn(|cx| slot.poll_held(cx)).await.unwrap();
        match why {
            Failure::Away => store.fail(|| StoreError::Away("gone".into())),
            Failure::Panic => store.fail(|| panic!("a store of somebody's own")),
        }
        slot.write(record(1));
        while store.failures() < 3 {
            tokio::task::yield_now().await;
        }
        assert!(now(|cx| slot.poll_written(cx)).is_pending());
        store.work();
        poll_fn(|cx| slot.poll_written(cx)).await.unwrap();
        assert_eq!(store.rows().len(), 1);
    }
}

/// The caller is told; the row is stored all the same, when it can be.
#[tokio::test]
async fn patience_ends_the_wait_but_not_the_row() {
    let store = Shaky::new();
    let journal = open(&store, settings().patience(Duration::from_millis(20)));
    let (mut written, mut held) = (slot(&journal).await, slot(&journal).await);
    written.hold(&claim(1)).unwrap();
    poll_fn(|cx| written.poll_held(cx)).await.unwrap();
    store.fail(|| StoreError::Away("gone".into()));
    written.write(record(1));
    let error = poll_fn(|cx| written.poll_written(cx)).await.unwrap_err();
    assert_eq!(
        error.message(),
        "the ledger did not store the request in time"
    );
    held.hold(&claim(2)).unwrap();
    poll_fn(|cx| held.poll_held(cx)).await.unwrap_err();
    drop((written, held));
    store.work();
    journal.close().await;
    assert_eq!(store.rows()[0].id, id(1));
    assert_eq!(store.inner().holds().unwrap(), []);
}

/// Nobody waits, and the store failed once: what was on its way was given up, though all were still there.
#[tokio::test]
async fn without_patience_a_row_is_stored_all_the_same() {
    for durability in [Durability::Memory, Durability::Process] {
        let store = Shaky::new();
        let settings = settings().patience(Duration::ZERO).durability(durability);
        let journal = open(&store, settings);
        let mut slot = slot(&journal).await;
        slot.hold(&claim(1)).unwrap();
        while store.inner().holds().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        store.fail(|| StoreError::Away("gone".into()));
        slot.write(record(1));
        while store.failures() == 0 {
            tokio::task::yield_now().await;
        }
        store.work();
        drop(slot);
        journal.close().await;
        assert_eq!(store.rows().len(), 1, "{durability:?}");
        assert_eq!(store.inner().holds().unwrap(), []);
    }
}

/// Once all have left, it gives up what it cannot store, and says so.
#[tokio::test]
async fn without_patience_nobody_waits_for_the_end() {
    trouble::listen();
    let store = Shaky::new();
    let journal = open(&store, settings().patience(Duration::ZERO));
    let mut slot = slot(&journal).await;
    store.fail(|| StoreError::Away("gone".into()));
    slot.hold(&claim(31)).unwrap();
    slot.write(record(31));
    drop((slot, journal));
    assert_eq!(store.rows(), []);
    let said = trouble::said_of(id(31).as_str());
    assert!(said.iter().any(|event| event.contains("lost")), "{said:?}");
}

#[tokio::test]
async fn of_a_conflict_the_others_know_nothing() {
    let store = Shaky::new();
    let journal = open(&store, settings());
    journal.enter(Entry::Document(document())).await.unwrap();
    store.shut();
    let mut slot = slot(&journal).await;
    slot.hold(&claim(1)).unwrap();
    let other = Document {
        json: None,
        ..document()
    };
    let (conflict, fine, ()) = tokio::join!(
        journal.enter(Entry::Document(other)),
        journal.enter(Entry::Credit(credit())),
        async { store.open() },
    );
    assert!(
        matches!(conflict, Err(StoreError::Conflict(_))),
        "{conflict:?}"
    );
    fine.unwrap();
    poll_fn(|cx| slot.poll_held(cx)).await.unwrap();
}

/// Else its hold would be written after it, and would be there for ever.
#[tokio::test]
async fn whoever_leaves_does_not_overtake_what_it_has_said() {
    let store = Shaky::new();
    let journal = open(&store, settings());
    store.shut();
    let mut entering = pin!(journal.enter(Entry::Credit(credit())));
    assert!(now(|cx| entering.as_mut().poll(cx)).is_pending());
    let mut slot = slot(&journal).await;
    slot.hold(&claim(1)).unwrap();
    // Both are in one batch the second time; and then each is written alone.
    let tries = AtomicUsize::new(0);
    store.fail(move || match tries.fetch_add(1, SeqCst) {
        1 => StoreError::Conflict("another".into()),
        _ => StoreError::Away("gone".into()),
    });
    store.open();
    while store.failures() < 3 {
        tokio::task::yield_now().await;
    }
    drop(slot);
    store.work();
    entering.await.unwrap();
    journal.close().await;
    assert_eq!(store.inner().holds().unwrap(), []);
}

#[tokio::test]
async fn what_an_earlier_process_held_is_abandoned() {
    let store = Shaky::new();
    let held = |number, replica: &str| HoldRow {
        id: id(number),
        created: at(number),
        account: "acme".to_owned(),
        key: None,
        model: Some("acme/large".to_owned()),
        user: Some("ann".to_owned()),
        tag: None,
        amount: Money::from_picodollars(7),
        replica: replica.to_owned(),
    };
    let (ours, other) = (held(1, "local"), held(2, "elsewhere"));
    let entries = [&ours, &other].map(|hold| Entry::Hold(hold.clone()));
    store.inner().commit(&entries).unwrap();

    let journal = open(&store, settings());
    assert_eq!(journal.abandoned(), std::slice::from_ref(&ours));
    assert_eq!(
        store.inner().holds().unwrap(),
        [other],
        "somebody else is on it"
    );
    let row = store.inner().row(&id(1)).unwrap().unwrap();
    assert_eq!((&*row.end, row.charge), (Row::ABANDONED, Some(Money::ZERO)));
    assert_eq!((row.created, row.held), (ours.created, ours.amount));
    assert_eq!(
        (row.attempts[0].cost, row.attempts[0].certainty),
        (None, Certainty::Unknown)
    );
    assert!(journal.books().store().is_some());
    drop(journal);
    assert_eq!(open(&store, settings()).abandoned(), [], "once");
}

/// Seven are held, five are charged: so of a limit of ten there is room for one at a time, twice in all.
#[tokio::test]
async fn limits_count_what_is_held_what_is_charged_and_what_was_before() {
    let store = Shaky::new();
    let caller = Arc::new(Caller::new(KeyId::of("sk-or-v1-a")).account("acme"));
    let limits = || {
        let limit = Money::from_picodollars(12);
        Limits::new([Rule::money("budget", Scope::Account, Window::Forever, limit).unwrap()])
    };
    let of = |number| {
        let mut claim = claim(number);
        claim.caller = Some(caller.clone());
        claim
    };
    let journal = open(&store, settings().limits(limits()));
    let (mut first, mut second) = (slot(&journal).await, slot(&journal).await);
    first.hold(&of(1)).unwrap();
    let refused = second.hold(&of(2)).unwrap_err();
    assert_eq!(refused.kind(), Kind::PaymentRequired);
    assert_eq!(second.available(&of(2)), Some(Money::from_picodollars(5)));
    first.write(Record {
        caller: Some(caller.clone()),
        ..record(1)
    });
    assert_eq!(second.available(&of(2)), Some(Money::from_picodollars(7)));
    second.hold(&of(2)).unwrap();
    drop((first, second));
    assert_eq!(journal.totals().held, 0);
    journal.close().await;
    drop(journal);

    let journal = open(&store, settings().limits(limits()));
    let mut third = slot(&journal).await;
    assert_eq!(third.available(&of(3)), Some(Money::from_picodollars(7)));
    third.hold(&of(3)).unwrap();
    third.write(Record {
        caller: Some(caller.clone()),
        ..record(3)
    });
    let mut fourth = slot(&journal).await;
    assert_eq!(
        fourth.hold(&of(4)).unwrap_err().kind(),
        Kind::PaymentRequired
    );
}

#[tokio::test]
async fn a_whole_gateway_takes_it() {
    let store = Shaky::new();
    let journal = open(&store, settings());
    let catalog = Catalog::from_toml("", "switchtower.toml", |_| None).unwrap();
    let stack = switchtower::Stack::new(Arc::new(catalog)).with_ledger(journal);
    let gateway = switchtower::gateway::Gateway::new(stack, switchtower::client::hyper::plain());
    assert!(gateway.books().store().is_some());
}

// === Helpers ===

enum Failure {
    Away,
    Panic,
}
