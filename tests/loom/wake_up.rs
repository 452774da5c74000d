//! The contract probe polls a future only when it was woken, so it must not lose a wake-up itself.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, Waker};

use loom::future::block_on;
use loom::sync::Mutex;
use loom::sync::atomic::AtomicBool;

use crate::woken::Woken;

/// The task that waits is not the one that polled first. A lost wake-up would be a deadlock, which loom
/// reports.
#[test]
fn no_wake_up_is_lost() {
    loom::model(|| {
        let bell = Arc::new(Mutex::new(None::<Waker>));
        let done = Arc::new(AtomicBool::new(false));
        let (hung, seen) = (bell.clone(), done.clone());
        let mut first = true;
        let future = poll_fn(move |cx| {
            // Its bell stays the same, and only what the bell itself orders is to be relied on.
            if std::mem::take(&mut first) {
                *hung.lock().unwrap() = Some(cx.waker().clone());
            }
            match seen.load(Relaxed) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        });
        let mut woken = pin!(Woken::new(future));
        let elsewhere = &mut Context::from_waker(Waker::noop());
        let waking = loom::thread::spawn(move || {
            done.store(true, Relaxed);
            let bell = bell.lock().unwrap().take();
            if let Some(bell) = bell {
                bell.wake();
            }
        });
        if woken.as_mut().poll(elsewhere).is_pending() {
            block_on(woken);
        }
        waking.join().unwrap();
    });
}
