//! A list that is mostly of one.

use std::ops::{Deref, DerefMut};

/// How many are there? More than one take a place of their own in memory.
#[derive(Clone, Debug)]
pub(crate) enum Few<T> {
    One([T; 1]),
    Any(Vec<T>),
}

// === impl Few ===

impl<T> Few<T> {
    pub(crate) fn push(&mut self, item: T) {
        *self = match std::mem::take(self) {
            Self::Any(none) if none.is_empty() => Self::One([item]),
            Self::One([first]) => Self::Any(vec![first, item]),
            Self::Any(mut all) => {
                all.push(item);
                Self::Any(all)
            }
        };
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::Any(Vec::new())
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::One(one) => one,
            Self::Any(any) => any,
        }
    }
}

impl<T> DerefMut for Few<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::One(one) => one,
            Self::Any(any) => any,
        }
    }
}
