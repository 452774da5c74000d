//! Stands in for `src/sync.rs`.

use std::ops::Deref;
use std::sync::LockResult;
use std::sync::atomic::Ordering;
use std::time::Duration;

pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU32, AtomicU64},
};

/// Loom lets a swap overlook a store that an earlier swap must have come before, which no machine does;
/// a swap it overlooks never.
#[derive(Debug)]
pub(crate) struct AtomicBool(loom::sync::atomic::AtomicBool);

/// Loom's has no default.
#[derive(Debug)]
pub(crate) struct RwLock<T>(loom::sync::RwLock<T>);

/// Loom's has no `wait_timeout_while`. Here no time passes: whoever waits for nothing but time waits for ever.
#[derive(Debug)]
pub(crate) struct Condvar(loom::sync::Condvar);

// === impl AtomicBool ===

impl AtomicBool {
    pub(crate) fn new(value: bool) -> Self {
        Self(loom::sync::atomic::AtomicBool::new(value))
    }

    pub(crate) fn swap(&self, value: bool, order: Ordering) -> bool {
        self.0.swap(value, order)
    }

    pub(crate) fn store(&self, value: bool, order: Ordering) {
        self.0.swap(value, order);
    }
}

// === impl RwLock ===

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self(loom::sync::RwLock::new(T::default()))
    }
}

impl<T> Deref for RwLock<T> {
    type Target = loom::sync::RwLock<T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

// === impl Condvar ===

impl Condvar {
    pub(crate) fn new() -> Self {
        Self(loom::sync::Condvar::new())
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn wait_timeout_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        _: Duration,
        mut stays: impl FnMut(&mut T) -> bool,
    ) -> LockResult<(MutexGuard<'a, T>, ())> {
        while stays(&mut guard) {
            guard = self.0.wait(guard).expect("nobody panics here");
        }
        Ok((guard, ()))
    }
}
