//! The words that threads race for, under one name: the models of `tests/loom` compile the files that
//! use them a second time, with loom's words in their place.

#[cfg(feature = "testing")]
pub(crate) use std::sync::atomic::AtomicBool;
pub(crate) use std::sync::{
    Condvar, Mutex, MutexGuard, RwLock,
    atomic::{AtomicU32, AtomicU64},
};
