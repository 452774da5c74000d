//! Services to be asked, one for each request.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Services that have been asked, and are to be asked again.
///
/// Each request needs one of its own, from when it is ready until it is called. To clone one would count a reference for each
/// layer and each of the client's parts, up and down, in words that all threads share; here all of them share one lock, for a moment.
#[derive(Debug)]
pub(super) struct Idle<S>(Mutex<Services<S>>);

#[derive(Debug)]
struct Services<S> {
    /// Never asked.
    like: S,
    /// Boxed: it comes and goes with each request, and all of its layers would be moved each time.
    idle: Vec<Box<S>>,
}

/// More are not kept: as many requests as there are threads are called at once.
const MOST: usize = 64;

// === impl Idle ===

impl<S> Idle<S> {
    pub(super) fn new(like: S) -> Self {
        let idle = Vec::new();
        Self(Mutex::new(Services { like, idle }))
    }

    /// One that is not ready, and that nobody else asks.
    pub(super) fn take(&self) -> Box<S>
    where
        S: Clone,
    {
        let mut services = self.services();
        let idle = services.idle.pop();
        idle.unwrap_or_else(|| Box::new(services.like.clone()))
    }

    /// This one has been called. What is only ready is not to come here: it may hold what it has reserved.
    pub(super) fn give_back(&self, called: Box<S>) {
        let mut services = self.services();
        if services.idle.len() < MOST {
            services.idle.push(called);
        }
    }

    fn services(&self) -> MutexGuard<'_, Services<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
