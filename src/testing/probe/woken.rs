use std::{
    pin::Pin,
    sync::{Arc, PoisonError, atomic::Ordering},
    task::{Context, Poll, Wake, Waker},
};

use crate::sync::{AtomicBool, Mutex};

/// Polls a future only when it has woken itself, so that a lost wake-up is not made up for by others.
pub(super) struct Woken<F> {
    future: Pin<Box<F>>,
    bell: Arc<Bell>,
}

struct Bell {
    rung: AtomicBool,
    outer: Mutex<Waker>,
}

// === impl Woken ===

impl<F> Woken<F> {
    pub(super) fn new(future: F) -> Self {
        let bell = Bell {
            rung: AtomicBool::new(true),
            outer: Mutex::new(Waker::noop().clone()),
        };
        Self {
            future: Box::pin(future),
            bell: Arc::new(bell),
        }
    }
}

impl<F: Future> Future for Woken<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // The waker is kept before the bell is looked at, so that no ring falls in between.
        let mut outer = self
            .bell
            .outer
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        outer.clone_from(cx.waker());
        drop(outer);
        if !self.bell.rung.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        let waker = Waker::from(Arc::clone(&self.bell));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

// === impl Bell ===

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        let outer = self
            .outer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        outer.wake();
    }
}
