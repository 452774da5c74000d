//! So many calls a second, whatever becomes of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};

use crate::answer::{Answer, Caller};

/// A call each 12.5 ms are 80 a second; one in five asks for a document.
const APART: Duration = Duration::from_micros(12_500);
const DOCUMENTS: u32 = 5;

/// A load that goes on until it is ended.
pub(crate) struct Load {
    over: Arc<AtomicBool>,
    asked: Arc<AtomicU32>,
    asking: JoinHandle<Vec<Answer>>,
}

// === impl Load ===

impl Load {
    pub(crate) fn start(caller: Caller) -> Self {
        let (over, asked) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU32::new(0)),
        );
        let (end, count) = (over.clone(), asked.clone());
        let asking = tokio::spawn(async move {
            let mut tick = tokio::time::interval(APART);
            let mut calls = JoinSet::new();
            let mut answers = Vec::new();
            while !end.load(Relaxed) {
                tick.tick().await;
                let number = count.fetch_add(1, Relaxed);
                calls.spawn(caller.clone().ask(number, number % DOCUMENTS != 0));
                while let Some(answer) = calls.try_join_next() {
                    answers.push(answer.unwrap());
                }
            }
            answers.extend(calls.join_all().await);
            answers
        });
        Self {
            over,
            asked,
            asking,
        }
    }

    /// Calls that have begun.
    pub(crate) fn asked(&self) -> u32 {
        self.asked.load(Relaxed)
    }

    /// Asks no more, and waits for all answers.
    pub(crate) async fn end(self) -> Vec<Answer> {
        self.over.store(true, Relaxed);
        self.asking.await.unwrap()
    }
}
