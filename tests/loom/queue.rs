//! The way to the writer: a place, a word and the end of it reach whoever waits for them, whoever else comes or goes.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use loom::future::block_on;
use loom::thread;
use switchtower::GenerationId;
use switchtower::settle::store::Entry;

use crate::queue::{Closed, Next, Queue, Waiting};
use crate::settle::store::StoreError;
use crate::ticket::Ticket;
use crate::turn::{Farewell, Turn};

const LONG: Duration = Duration::from_secs(1);

/// A place that is given back meanwhile is taken: a lost wake-up would be a deadlock, which loom reports.
#[test]
fn a_place_that_is_given_back_reaches_whoever_waits() {
    loom::model(|| {
        let queue = full();
        let waiting = Turn::new(queue.clone());
        let leaving = thread::spawn(move || queue.leave(1));
        assert!(enter(waiting).is_ok());
        leaving.join().unwrap();
    });
}

/// Whoever is called while he gives up: the place is for the next.
#[test]
fn a_place_goes_past_whoever_gives_up() {
    loom::model(|| {
        let queue = full();
        let mut first = Turn::new(queue.clone());
        assert!(once(|cx| first.poll(cx)).is_pending());
        let mut second = Turn::new(queue.clone());
        assert!(once(|cx| second.poll(cx)).is_pending());
        let leaving = thread::spawn(move || queue.leave(1));
        let giving_up = thread::spawn(move || drop(first));
        assert!(enter(second).is_ok());
        leaving.join().unwrap();
        giving_up.join().unwrap();
    });
}

/// Two come while one place is given back: one has it, and the other after him.
#[test]
fn each_place_has_one_owner() {
    loom::model(|| {
        let queue = full();
        let other = Turn::new(queue.clone());
        let (own, theirs) = (Turn::new(queue.clone()), queue.clone());
        let entering = thread::spawn(move || {
            let entered = enter(other);
            theirs.leave(1);
            entered.is_ok()
        });
        queue.leave(1);
        assert!(enter(own).is_ok());
        queue.leave(1);
        assert!(entering.join().unwrap());
    });
}

#[test]
fn what_is_told_reaches_whoever_waits() {
    loom::model(|| {
        let (ticket, teller) = Ticket::new();
        // The task that asked first is not the one that waits.
        assert!(ticket.look(Waker::noop()).is_none());
        let telling = thread::spawn(move || teller.tell(Ok(())));
        assert!(look(&ticket).is_ok());
        telling.join().unwrap();
    });
}

#[test]
fn whoever_goes_without_a_word_is_heard() {
    loom::model(|| {
        let (ticket, teller) = Ticket::new();
        let going = thread::spawn(move || drop(teller));
        assert!(matches!(look(&ticket), Err(StoreError::Away(_))));
        going.join().unwrap();
    });
}

/// The writer sleeps, or is about to: it hears of what comes, and of the end.
#[test]
fn the_writer_hears_of_all_that_comes() {
    loom::model(|| {
        let queue = Arc::new(Queue::new(2));
        let theirs = queue.clone();
        let writing = thread::spawn(move || {
            let mut written = 0;
            loop {
                match theirs.next(9, LONG) {
                    Next::Write(waiting) => {
                        let places = waiting.iter().filter(|it| it.last).count();
                        written += waiting.len();
                        theirs.leave(places);
                    }
                    Next::Idle => unreachable!("no time passes here"),
                    Next::Over => return written,
                }
            }
        });
        assert!(enter(Turn::new(queue.clone())).is_ok());
        queue.ask(word(false)).unwrap();
        queue.say(word(true));
        queue.desert();
        assert_eq!(writing.join().unwrap(), 2);
    });
}

/// An answer comes while the writer sleeps, or is about to: it looks for it.
#[test]
fn the_writer_hears_of_an_answer() {
    loom::model(|| {
        let queue = Arc::new(Queue::new(2));
        let answers = Arc::new(loom::sync::Mutex::new(0));
        let (theirs, told) = (queue.clone(), answers.clone());
        let answering = thread::spawn(move || {
            *told.lock().unwrap() += 1;
            theirs.nudge();
        });
        assert!(matches!(queue.next(9, LONG), Next::Idle));
        assert_eq!(*answers.lock().unwrap(), 1);
        answering.join().unwrap();
    });
}

/// The last place comes back while somebody waits for the end, and while another who waits for it gives up.
#[test]
fn the_end_reaches_whoever_waits_for_it() {
    loom::model(|| {
        let queue = full();
        queue.close();
        queue.leave(1);
        let mut other = Farewell::new(queue.clone());
        assert!(once(|cx| other.poll(cx)).is_pending());
        let mut farewell = Farewell::new(queue.clone());
        let leaving = thread::spawn(move || queue.leave(1));
        drop(other);
        block_on(poll_fn(|cx| farewell.poll(cx)));
        leaving.join().unwrap();
    });
}

/// A journal is closed while a place is given back to one who waits: he has it, or is told, and it is nobody's after all.
#[test]
fn whoever_waits_hears_that_it_is_closed() {
    loom::model(|| {
        let queue = full();
        let (waiting, theirs) = (Turn::new(queue.clone()), queue.clone());
        let leaving = thread::spawn(move || theirs.leave(1));
        let closed = queue.clone();
        let closing = thread::spawn(move || closed.close());
        if enter(waiting).is_ok() {
            queue.leave(1);
        }
        leaving.join().unwrap();
        closing.join().unwrap();
        queue.leave(1);
        assert!(queue.is_done(&mut None, Waker::noop()));
    });
}

/// The writer ends while somebody asks: he is told so at once, or by what he waits for.
#[test]
fn whoever_asks_hears_that_the_writer_has_ended() {
    loom::model(|| {
        let queue = Arc::new(Queue::new(1));
        let theirs = queue.clone();
        let ending = thread::spawn(move || drop(theirs.end()));
        if enter(Turn::new(queue.clone())).is_ok() {
            let (ticket, teller) = Ticket::new();
            let mut waiting = word(true);
            waiting.ticket = Some(teller);
            if queue.ask(waiting).is_ok() {
                assert!(look(&ticket).is_err());
            }
        }
        ending.join().unwrap();
        assert!(queue.is_done(&mut None, Waker::noop()));
    });
}

// === Helpers ===

/// A queue of two places, which are taken: one of them for good, so that nobody is called since nobody is left.
fn full() -> Arc<Queue> {
    let queue = Arc::new(Queue::new(2));
    let mut turn = Turn::new(queue.clone());
    assert!(once(|cx| turn.poll(cx)).is_ready());
    assert!(once(|cx| turn.poll(cx)).is_ready());
    queue
}

fn enter(mut turn: Turn) -> Result<(), Closed> {
    block_on(poll_fn(move |cx| turn.poll(cx)))
}

fn look(ticket: &Ticket) -> Result<(), StoreError> {
    let looking = |cx: &mut Context<'_>| ticket.look(cx.waker());
    block_on(poll_fn(|cx| looking(cx).map_or(Poll::Pending, Poll::Ready)))
}

fn once<T>(poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    poll(&mut Context::from_waker(Waker::noop()))
}

fn word(last: bool) -> Waiting {
    let id: GenerationId = "gen-1795608000-0".parse().unwrap();
    Waiting::new(Entry::Released(id), None, last)
}
