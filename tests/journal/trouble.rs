//! One entry that cannot be stored, and a writer that ends: nobody waits for ever, and nothing is lost without a word.

use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, Once, mpsc};
use std::task::{Context, Wake, Waker};
use std::time::Duration;
use std::{sync::Arc, thread};

use switchtower::settle::store::{Entry, Store, StoreError};
use switchtower::settle::{Ledger, Slot};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record as Values};
use tracing::{Event, Metadata, Subscriber};

use crate::support::{Shaky, claim, credit, document, id, now, open, record, settings, slot};

/// The database could not take one row: all that came behind it waited for ever, and new requests were refused.
#[tokio::test]
async fn one_row_that_cannot_be_stored_is_in_nobodys_way() {
    listen();
    let store = Shaky::new();
    let journal = open(&store, settings());
    let (mut bad, mut good) = (slot(&journal).await, slot(&journal).await);
    for (number, slot) in [(1, &mut bad), (2, &mut good)] {
        slot.hold(&claim(number)).unwrap();
        poll_fn(|cx| slot.poll_held(cx)).await.unwrap();
    }
    store.poison(id(1));
    store.shut();
    bad.write(record(1));
    good.write(record(2));
    store.open();
    let told = poll_fn(|cx| bad.poll_written(cx)).await.unwrap_err();
    let source = std::error::Error::source(&told).unwrap().to_string();
    assert!(source.contains("poison"), "{source}");
    poll_fn(|cx| good.poll_written(cx)).await.unwrap();
    drop((bad, good));
    // Alone as well.
    let mut alone = slot(&journal).await;
    alone.hold(&claim(3)).unwrap();
    poll_fn(|cx| alone.poll_held(cx)).await.unwrap();
    store.poison(id(3));
    alone.write(record(3));
    poll_fn(|cx| alone.poll_written(cx)).await.unwrap_err();
    journal.enter(Entry::Credit(credit())).await.unwrap();
    let rows = |store: &Shaky| store.rows().iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(rows(&store), [id(2)]);
    assert_eq!(
        store.inner().holds().unwrap().len(),
        2,
        "what is known of them"
    );
    let said = said_of(id(1).as_str());
    assert!(
        said.iter().any(|event| event.contains("set aside")),
        "{said:?}"
    );

    // Whatever it was: it is over, and they are written after all.
    store.work();
    while rows(&store).len() < 3 {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.inner().holds().unwrap(), []);
}

/// The process ends, and one row was never stored: the log has it, with what it charges.
#[tokio::test]
async fn what_is_never_stored_is_told() {
    listen();
    let store = Shaky::new();
    let journal = open(&store, settings());
    let mut bad = slot(&journal).await;
    bad.hold(&claim(11)).unwrap();
    poll_fn(|cx| bad.poll_held(cx)).await.unwrap();
    store.poison(id(11));
    bad.write(record(11));
    poll_fn(|cx| bad.poll_written(cx)).await.unwrap_err();
    drop((bad, journal));
    let said = said_of(id(11).as_str());
    let lost = said.iter().find(|event| event.contains("lost")).unwrap();
    assert!(lost.contains("0.000000000005"), "{lost}");
    assert_eq!(store.inner().holds().unwrap()[0].id, id(11));
}

/// Each try took its time, which was no part of the patience: with ten seconds of it a process was there for half a minute.
#[tokio::test]
async fn the_patience_of_the_last_one_is_that_of_all_its_tries() {
    let store = Shaky::new();
    let patience = Duration::from_millis(300);
    let journal = open(&store, settings().patience(patience));
    let mut slot = slot(&journal).await;
    slot.hold(&claim(1)).unwrap();
    poll_fn(|cx| slot.poll_held(cx)).await.unwrap();
    let tries = Arc::new(AtomicUsize::new(0));
    let (tried, (_silent, answer)) = (tries.clone(), mpsc::channel::<()>());
    store.fail(move || {
        tried.fetch_add(1, SeqCst);
        // Nobody answers.
        let _ = answer.recv_timeout(patience);
        StoreError::Away("it says nothing".into())
    });
    slot.write(record(1));
    drop((slot, journal));
    let tries = tries.load(SeqCst);
    assert!((2..=3).contains(&tries), "{tries}");
}

/// What can be asked for again is not kept: whoever asks is told, and the others are let through.
#[tokio::test]
async fn a_hold_that_cannot_be_stored_is_refused_and_forgotten() {
    let store = Shaky::new();
    let journal = open(&store, settings());
    store.poison(id(1));
    let (mut bad, mut good) = (slot(&journal).await, slot(&journal).await);
    bad.hold(&claim(1)).unwrap();
    poll_fn(|cx| bad.poll_held(cx)).await.unwrap_err();
    good.hold(&claim(2)).unwrap();
    poll_fn(|cx| good.poll_held(cx)).await.unwrap();
    drop((bad, good));
    journal.close().await;
    assert_eq!(store.inner().holds().unwrap(), []);
}

/// So many are put aside and no more: what comes then waits, as if the store were away.
#[tokio::test]
async fn so_many_are_put_aside_and_no_more() {
    let store = Shaky::new();
    let journal = open(&store, settings());
    store.poison_all_rows();
    store.shut();
    let mut slots = Vec::new();
    for number in 0..1030 {
        let mut slot = slot(&journal).await;
        slot.hold(&claim(number)).unwrap();
        slot.write(record(number));
        slots.push(slot);
    }
    store.open();
    let mut told = 0;
    for slot in &mut slots[..1024] {
        told += usize::from(poll_fn(|cx| slot.poll_written(cx)).await.is_err());
    }
    assert_eq!(told, 1024);
    assert!(now(|cx| slots[1029].poll_written(cx)).is_pending());
    store.work();
    for slot in &mut slots[1024..] {
        poll_fn(|cx| slot.poll_written(cx)).await.unwrap();
    }
    drop((slots, journal));
    assert_eq!(store.rows().len(), 1000, "a page of all");
    assert_eq!(store.inner().holds().unwrap(), []);
}

/// Each was tried alone, and behind the first that could not be written the others waited without a word.
#[tokio::test]
async fn a_store_that_is_full_meanwhile_refuses_those_behind_as_well() {
    let store = Shaky::new();
    let journal = open(&store, settings());
    store.shut();
    let mut entering = Box::pin(journal.enter(Entry::Credit(credit())));
    assert!(now(|cx| entering.as_mut().poll(cx)).is_pending());
    let mut slot = slot(&journal).await;
    slot.hold(&claim(1)).unwrap();
    // Both are in one batch the second time; and then each is written alone.
    let tries = AtomicUsize::new(0);
    store.fail(move || match tries.fetch_add(1, SeqCst) {
        0 => StoreError::Away("gone".into()),
        1 => StoreError::Conflict("another".into()),
        _ => StoreError::Full("no space".into()),
    });
    store.open();
    let told = entering.await;
    assert!(matches!(told, Err(StoreError::Full(_))), "{told:?}");
    poll_fn(|cx| slot.poll_held(cx)).await.unwrap_err();
    store.work();
}

/// A waker of somebody else's runtime panicked in the thread that writes, and everybody waited for ever.
#[tokio::test]
async fn a_waker_that_panics_is_nobody_elses_trouble() {
    let store = Shaky::new();
    let journal = open(&store, settings());
    let (mut first, mut second) = (slot(&journal).await, slot(&journal).await);
    store.shut();
    first.hold(&claim(1)).unwrap();
    second.hold(&claim(2)).unwrap();
    let waker = Waker::from(Arc::new(Unbearable));
    assert!(
        first
            .poll_held(&mut Context::from_waker(&waker))
            .is_pending()
    );
    store.open();
    poll_fn(|cx| second.poll_held(cx)).await.unwrap();
    poll_fn(|cx| first.poll_held(cx)).await.unwrap();
}

/// Its words are for the log, and to say them panicked.
#[tokio::test]
async fn an_error_that_cannot_be_told_is_an_error() {
    let store = Shaky::new();
    let journal = open(&store, settings());
    let mut slot = slot(&journal).await;
    slot.hold(&claim(1)).unwrap();
    poll_fn(|cx| slot.poll_held(cx)).await.unwrap();
    store.fail(|| StoreError::Away(Box::new(Unbearable)));
    slot.write(record(1));
    while store.failures() < 3 {
        tokio::task::yield_now().await;
    }
    store.work();
    poll_fn(|cx| slot.poll_written(cx)).await.unwrap();
}

/// Whatever ends the writer: who waits for a place, for an entry or for the end is told, and so is who comes later.
#[tokio::test]
async fn a_writer_that_ends_tells_everybody() {
    listen();
    let store = Shaky::new();
    let places = std::num::NonZeroUsize::new(2).unwrap();
    let journal = open(&store, settings().places(places));
    let (mut slot, mut late) = (slot(&journal).await, slot(&journal).await);
    let mut waiting = journal.clone();
    assert!(now(|cx| waiting.poll_slot(cx)).is_pending());
    let mut entering = Box::pin(journal.enter(Entry::Document(document())));
    assert!(now(|cx| entering.as_mut().poll(cx)).is_pending());
    slot.hold(&claim(21)).unwrap();
    poll_fn(|cx| slot.poll_held(cx)).await.unwrap();
    store.fail(|| StoreError::Away(PANIC.into()));
    slot.write(record(21));

    let told = poll_fn(|cx| slot.poll_written(cx)).await.unwrap_err();
    let source = std::error::Error::source(&told).unwrap().to_string();
    assert!(source.contains("has ended"), "{source}");
    let refused = poll_fn(|cx| waiting.poll_slot(cx)).await;
    assert!(refused.is_err());
    assert!(entering.await.is_err());
    late.hold(&claim(22)).unwrap_err();
    journal.close().await;
    let said = said_of(id(21).as_str());
    assert!(said.iter().any(|event| event.contains("lost")), "{said:?}");
    drop((slot, late, waiting, journal));
}

// === Helpers ===

/// Cannot be woken, and cannot be told.
#[derive(Debug)]
struct Unbearable;

/// The words at which the subscriber panics.
const PANIC: &str = "the subscriber panics";

/// All that was said, by whichever thread.
static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Listener;

struct Words(String);

pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Listener).unwrap());
}

pub(crate) fn said_of(name: &str) -> Vec<String> {
    let said = SAID.lock().unwrap();
    said.iter()
        .filter(|said| said.contains(name))
        .cloned()
        .collect()
}

impl Wake for Unbearable {
    fn wake(self: Arc<Self>) {
        panic!("it cannot be woken");
    }
}

impl fmt::Display for Unbearable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("it cannot be told");
    }
}

impl std::error::Error for Unbearable {}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("switchtower")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Values<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut words = Words(String::new());
        event.record(&mut words);
        let panics = words.0.contains(PANIC);
        SAID.lock().unwrap().push(words.0);
        if panics && thread::current().name() == Some("switchtower-ledger") {
            panic!("{PANIC}");
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0 += &format!("{field}={value:?} ");
    }
}
