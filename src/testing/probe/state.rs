use std::{
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::sync::Notify;

use super::Tally;

/// What all clones of one inner service, their calls and their bodies share.
#[derive(Debug, Default)]
pub(super) struct State {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) tally: Tally,
    pub(super) readiness: Readiness,
    pub(super) capacity: Option<u64>,
    pub(super) taken: u64,
    pub(super) calls_held: bool,
    pub(super) bodies_held: bool,
    pub(super) failures: u64,
    wakers: Vec<Waker>,
}

/// What does the inner service say when asked whether it is ready?
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Readiness {
    #[default]
    Granted,
    Held,
    Refused,
}

// === impl State ===

impl State {
    /// Changes something, and wakes all that may wait for it.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.lock();
        let result = change(&mut inner);
        let wakers = std::mem::take(&mut inner.wakers);
        drop(inner);
        wakers.into_iter().for_each(Waker::wake);
        self.changed.notify_waiters();
        result
    }

    /// Changes something if it can be done now, else is woken by the next change.
    pub(super) fn poll<T>(
        &self,
        cx: &mut Context<'_>,
        change: impl FnOnce(&mut Inner) -> Poll<T>,
    ) -> Poll<T> {
        let mut inner = self.lock();
        let result = change(&mut inner);
        let known = |waker: &Waker| waker.will_wake(cx.waker());
        if result.is_pending() && !inner.wakers.iter().any(known) {
            inner.wakers.push(cx.waker().clone());
        }
        drop(inner);
        self.changed.notify_waiters();
        result
    }

    pub(super) fn tally(&self) -> Tally {
        self.lock().tally
    }

    pub(super) async fn until(&self, enough: impl Fn(&Tally) -> bool) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if enough(&self.tally()) {
                return;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Inner ===

impl Inner {
    pub(super) fn has_room(&self) -> bool {
        self.capacity.is_none_or(|capacity| self.taken < capacity)
    }
}
