//! Whom a wait wakes that has been polled before.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::task::coop::has_budget_remaining;

/// The task that a wait will wake. The wait need not be polled again by that one before it has something to say, which is a
/// look at a word: to poll it is to tell it the same once more, under its locks.
#[derive(Debug, Default)]
pub(crate) struct Woken(Option<Waker>);

// === impl Woken ===

impl Woken {
    /// Will it wake this task?
    pub(crate) fn is(&self, cx: &Context<'_>) -> bool {
        let waker = self.0.as_ref();
        waker.is_some_and(|waker| waker.will_wake(cx.waker()))
    }

    /// Polls a wait of Tokio's, always the same one.
    pub(crate) fn poll<F: Future + ?Sized>(
        &mut self,
        wait: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        // A task that has done too much in one turn is turned away before the wait hears of it.
        let heard = has_budget_remaining();
        let polled = wait.poll(cx);
        self.0 = match polled.is_pending() && heard {
            true => Some(cx.waker().clone()),
            false => None,
        };
        polled
    }
}
