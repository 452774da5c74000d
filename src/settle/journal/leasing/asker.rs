//! The thread that asks for leases, so that the one that writes waits for no answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Instant, SystemTime};

use super::opening::{self, Opening};
use crate::limits::Limits;
use crate::settle::journal::queue::Queue;
use crate::settle::lease::{Ask, Grant, Lessor, Replica};
use crate::settle::store::{Store, StoreError};

/// The thread that asks, one question at a time.
#[derive(Debug)]
pub(super) struct Asker {
    questions: Sender<Question>,
    answers: Receiver<Answer>,
    thread: JoinHandle<()>,
    is_busy: bool,
}

/// What is to be asked?
#[derive(Debug)]
pub(super) enum Question {
    /// For these leases, at this time.
    Leases(Vec<Asking>, Instant),
    /// Of which counters somebody else has too little.
    Wanted,
    /// Nothing, but that counters of windows that ended before this time are forgotten.
    Forget(SystemTime),
}

/// One ask, and how it is found what the books say, if that is to be told.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) ask: Ask,
    pub(super) opening: Option<Opening>,
}

/// What has come of a question?
#[derive(Debug)]
pub(super) enum Answer {
    /// This of each lease.
    Leases(Vec<(Ask, Asked)>, Instant),
    /// Nobody knows of these leases.
    Failed(Vec<Ask>, StoreError),
    /// These counters.
    Wanted(Result<Vec<String>, StoreError>),
    /// They are forgotten.
    Forgot(Result<(), StoreError>),
}

/// What has come of one ask?
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked {
    /// A grant; none if nobody knew the counter.
    Granted(Option<Grant>),
    /// Nothing: it is locked by somebody else. It is as it was.
    Busy,
}

#[derive(Debug)]
struct Work {
    store: Arc<dyn Store>,
    limits: Limits,
    lessor: Arc<dyn Lessor>,
    replica: Replica,
}

// === impl Asker ===

impl Asker {
    /// Starts it. Whoever waits at the queue is nudged for each answer.
    pub(super) fn start(
        (store, limits): (Arc<dyn Store>, Limits),
        lessor: Arc<dyn Lessor>,
        replica: Replica,
        queue: Arc<Queue>,
    ) -> Result<Self, StoreError> {
        let (questions, asked) = channel();
        let (told, answers) = channel();
        let work = Work {
            store,
            limits,
            lessor,
            replica,
        };
        let thread = thread::Builder::new()
            .name("switchtower-leases".to_owned())
            .spawn(move || {
                for question in asked {
                    if told.send(work.answer(question)).is_err() {
                        break;
                    }
                    queue.nudge();
                }
            });
        Ok(Self {
            questions,
            answers,
            thread: thread.map_err(|error| StoreError::Other(error.into()))?,
            is_busy: false,
        })
    }

    /// Does it wait for an answer?
    pub(super) fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Asks this next. There is one question at a time.
    pub(super) fn ask(&mut self, question: Question) {
        self.is_busy = self.questions.send(question).is_ok();
    }

    /// The answer, if there is one.
    pub(super) fn answer(&mut self) -> Option<Answer> {
        let answer = self.answers.try_recv().ok()?;
        self.is_busy = false;
        Some(answer)
    }

    /// Waits until it has ended.
    pub(super) fn end(self) {
        drop(self.questions);
        // What panics there is told as an answer.
        let _ = self.thread.join();
    }
}

// === impl Work ===

impl Work {
    fn answer(&self, question: Question) -> Answer {
        match question {
            Question::Leases(asking, at) => {
                let asks = asking.iter().map(|asking| asking.ask.clone()).collect();
                match tried(|| self.ask(asking)) {
                    Ok(asked) => Answer::Leases(asked, at),
                    Err(error) => Answer::Failed(asks, error),
                }
            }
            Question::Wanted => Answer::Wanted(tried(|| self.lessor.wanted(&self.replica))),
            Question::Forget(before) => Answer::Forgot(tried(|| self.lessor.forget(before))),
        }
    }

    /// All at once, but for those that somebody has locked.
    fn ask(&self, asking: Vec<Asking>) -> Result<Vec<(Ask, Asked)>, StoreError> {
        let openings = asking.iter().filter_map(|asking| asking.opening.clone());
        let openings: Vec<_> = openings.collect();
        let mut sums = opening::read(&*self.store, &self.limits, &openings)?.into_iter();
        let asks = asking.into_iter().map(|Asking { mut ask, opening }| {
            ask.opening = opening.and_then(|_| sums.next());
            ask
        });
        let (mut asks, mut asked) = (asks.collect::<Vec<_>>(), Vec::new());
        loop {
            let busy = match self.lessor.ask(&self.replica, &asks) {
                Ok(grants) => {
                    let granted = grants.into_iter().map(Asked::Granted);
                    asked.extend(asks.into_iter().zip(granted));
                    return Ok(asked);
                }
                Err(StoreError::Busy(busy)) => busy,
                Err(error) => return Err(error),
            };
            let is_busy = |ask: &mut Ask| busy.contains(&ask.counter);
            let before = asked.len();
            asked.extend(asks.extract_if(.., is_busy).map(|ask| (ask, Asked::Busy)));
            if asked.len() == before {
                asked.extend(asks.drain(..).map(|ask| (ask, Asked::Busy)));
            }
            if asks.is_empty() {
                return Ok(asked);
            }
        }
    }
}

/// A store that panics has failed. Of its errors the words are kept.
fn tried<T>(ask: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let asked = catch_unwind(AssertUnwindSafe(ask));
    let panicked = || Err(StoreError::Other("it panicked".into()));
    asked.unwrap_or_else(|_| panicked())
}
