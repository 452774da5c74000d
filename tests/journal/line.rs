//! Who waits for a place, and who is woken when there is one.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use switchtower::settle::store::Entry;
use switchtower::settle::{Journal, JournalSlot, Ledger, Slot};

use crate::support::{Shaky, claim, document, now, open, record, settings, slot};

/// While the store was away each caller who gave up left its waker behind, and with it all that it held, without a bound.
#[tokio::test]
async fn whoever_gives_up_leaves_nothing_behind() {
    let store = Shaky::new();
    let journal = open(&store, settings().places(NonZeroUsize::MIN));
    let taken = slot(&journal).await;
    store.shut();
    let mut left = Vec::new();
    for _ in 0..100 {
        let bell = Arc::<Bell>::default();
        left.push(Arc::downgrade(&bell));
        let waker = Waker::from(bell);
        let mut cx = Context::from_waker(&waker);
        let mut caller = journal.clone();
        assert!(caller.poll_slot(&mut cx).is_pending());
        let mut entering = Box::pin(journal.enter(Entry::Document(document())));
        assert!(entering.as_mut().poll(&mut cx).is_pending());
    }
    assert_eq!(left.iter().filter_map(Weak::upgrade).count(), 0);
    let bell = Arc::<Bell>::default();
    let (waker, weak) = (Waker::from(bell.clone()), Arc::downgrade(&bell));
    drop(bell);
    let mut closing = Box::pin(journal.close());
    let polled = closing.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    drop((waker, closing));
    assert!(weak.upgrade().is_none());
    store.open();
    drop(taken);
}

/// One place is free: all who waited were woken for it, to be sent back but for one.
#[tokio::test]
async fn one_place_wakes_one_and_the_first_to_come() {
    let store = Shaky::new();
    let (journal, stays, taken) = full(&store).await;
    let mut callers: Vec<_> = (0..10).map(|_| Caller::new(&journal)).collect();
    assert!(callers.iter_mut().all(|caller| caller.poll().is_pending()));
    assert!(callers[3].poll().is_pending(), "asked twice, it waits once");
    drop(taken);
    let woken = |callers: &[Caller]| callers.iter().map(Caller::woken).collect::<Vec<_>>();
    assert_eq!(woken(&callers), [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    // Somebody else is faster, which is no reason to stand behind the others again.
    let Poll::Ready(mut faster) = Caller::new(&journal).poll() else {
        panic!("there is a place");
    };
    assert!(callers[0].poll().is_pending());
    store.open();
    faster.hold(&claim(1)).unwrap();
    faster.write(record(1));
    drop(faster);
    while callers[0].woken() < 2 {
        tokio::task::yield_now().await;
    }
    assert!(callers[0].poll().is_ready());
    drop(stays);
}

/// Else nobody would come for the place.
#[tokio::test]
async fn whoever_is_called_and_gives_up_hands_his_place_on() {
    let store = Shaky::new();
    let (journal, stays, taken) = full(&store).await;
    let [mut first, mut second, mut third] = [(); 3].map(|()| Caller::new(&journal));
    assert!(first.poll().is_pending());
    assert!(second.poll().is_pending());
    assert!(third.poll().is_pending());
    drop(second);
    drop(taken);
    assert_eq!((first.woken(), third.woken()), (1, 0));
    drop(first);
    assert_eq!(third.woken(), 1);
    assert!(third.poll().is_ready());
    store.open();
    drop(stays);
}

/// A service that was asked whether it is ready, and then was put away, has no place and is in nobody's way.
#[tokio::test]
async fn whoever_does_not_come_is_not_waited_for() {
    let store = Shaky::new();
    let journal = open(&store, settings().places(NonZeroUsize::MIN));
    let taken = slot(&journal).await;
    let (mut idle, mut waiting) = (Caller::new(&journal), Caller::new(&journal));
    assert!(idle.poll().is_pending() && waiting.poll().is_pending());
    drop(taken);
    assert_eq!(idle.woken(), 1);
    // Nobody has a place whose end would call him.
    while waiting.woken() == 0 {
        tokio::task::yield_now().await;
    }
    assert!(waiting.poll().is_ready());
    drop(idle);
}

/// It is called by the task that asked last: the one before may be gone.
#[tokio::test]
async fn a_caller_may_wait_on_another_task() {
    let store = Shaky::new();
    let journal = open(&store, settings().places(NonZeroUsize::MIN));
    let taken = slot(&journal).await;
    let mut caller = Caller::new(&journal);
    assert!(caller.poll().is_pending());
    let before = std::mem::take(&mut caller.bell);
    assert!(caller.poll().is_pending());
    drop(taken);
    assert_eq!((before.woken(), caller.woken()), (0, 1));
}

#[tokio::test]
async fn whoever_waits_is_told_when_the_journal_is_closed() {
    let store = Shaky::new();
    let journal = open(&store, settings().places(NonZeroUsize::MIN));
    let mut held = slot(&journal).await;
    let (mut called, mut waiting) = (Caller::new(&journal), Caller::new(&journal));
    assert!(called.poll().is_pending() && waiting.poll().is_pending());
    held.hold(&claim(1)).unwrap();
    held.write(record(1));
    drop(held);
    while called.woken() == 0 {
        tokio::task::yield_now().await;
    }
    // Whoever was called and has not come is no reason to wait.
    journal.close().await;
    assert_eq!(waiting.woken(), 1);
    assert!(called.journal_is_closed() && waiting.journal_is_closed());
    assert_eq!(store.rows().len(), 1);
}

/// A waker may be the last that is left of a task, and the task may have a place: to give it back took the lock that was held.
#[test]
fn the_last_of_a_waker_may_give_a_place_back() {
    let (done, is_done) = std::sync::mpsc::channel();
    // If it hangs, the test fails, and does not hang.
    thread::spawn(move || {
        let store = Shaky::new();
        let places = NonZeroUsize::new(3).unwrap();
        let journal = open(&store, settings().places(places));
        let take = || match now(|cx| journal.clone().poll_slot(cx)) {
            Poll::Ready(slot) => slot.unwrap(),
            Poll::Pending => panic!("there are three"),
        };
        let task = |slot: JournalSlot| Waker::from(Arc::new(Task(Mutex::new(Some(slot)))));
        let (first, second, mut third) = (task(take()), task(take()), take());
        let mut caller = journal.clone();
        assert!(
            caller
                .poll_slot(&mut Context::from_waker(&first))
                .is_pending()
        );
        drop(first);
        // Nobody else has the first any more.
        assert!(now(|cx| caller.poll_slot(cx)).is_pending());
        assert!(now(|cx| caller.poll_slot(cx)).is_ready());

        store.shut();
        third.hold(&claim(1)).unwrap();
        assert!(
            third
                .poll_held(&mut Context::from_waker(&second))
                .is_pending()
        );
        drop(second);
        assert!(now(|cx| third.poll_held(cx)).is_pending());
        store.open();
        drop(third);
        done.send(()).unwrap();
    });
    is_done.recv_timeout(Duration::from_secs(30)).unwrap();
}

// === Helpers ===

/// Two places, both taken. The writer is busy with the first, so that it does not look after whoever is called and does not come.
async fn full(store: &Arc<Shaky>) -> (Journal, JournalSlot, JournalSlot) {
    let journal = open(store, settings().places(NonZeroUsize::new(2).unwrap()));
    let (mut stays, taken) = (slot(&journal).await, slot(&journal).await);
    store.shut();
    stays.hold(&claim(9)).unwrap();
    while !store.is_at_the_door() {
        tokio::task::yield_now().await;
    }
    (journal, stays, taken)
}

/// Counts how often it is rung.
#[derive(Default)]
struct Bell(AtomicUsize);

/// A task that has this, and nothing to do.
struct Task(Mutex<Option<JournalSlot>>);

/// Who waits, on a task of his own.
struct Caller {
    journal: Journal,
    bell: Arc<Bell>,
}

// === impl Bell ===

impl Bell {
    fn woken(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

// === impl Task ===

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Task {
    fn drop(&mut self) {
        drop(self.0.lock().unwrap().take());
    }
}

// === impl Caller ===

impl Caller {
    fn new(journal: &Journal) -> Self {
        Self {
            journal: journal.clone(),
            bell: Arc::default(),
        }
    }

    fn poll(&mut self) -> Poll<JournalSlot> {
        let waker = Waker::from(self.bell.clone());
        let polled = self.journal.poll_slot(&mut Context::from_waker(&waker));
        polled.map(Result::unwrap)
    }

    fn journal_is_closed(&mut self) -> bool {
        matches!(now(|cx| self.journal.poll_slot(cx)), Poll::Ready(Err(_)))
    }

    fn woken(&self) -> usize {
        self.bell.woken()
    }
}
