//! A thread with a runtime of its own.

use std::future::Future;
use std::sync::mpsc;

use tokio::sync::oneshot;

/// Ends what runs on its thread when it is dropped.
pub(crate) struct Thread {
    _stop: oneshot::Sender<()>,
}

/// Runs this on a thread of its own, until the handle is dropped; it tells what it begins with.
pub(crate) fn start<F, T>(
    name: &str,
    run: impl FnOnce(mpsc::Sender<T>, oneshot::Receiver<()>) -> F + Send + 'static,
) -> (Thread, T)
where
    F: Future<Output = ()>,
    T: Send + 'static,
{
    let (stop, stopped) = oneshot::channel();
    let (tell, told) = mpsc::channel();
    let body = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(run(tell, stopped));
    };
    std::thread::Builder::new()
        .name(name.into())
        .spawn(body)
        .unwrap();
    (Thread { _stop: stop }, told.recv().unwrap())
}
