use std::{net::SocketAddr, sync::Arc};

use http::Uri;
use tokio::{sync::Mutex, task::JoinHandle};

use super::{
    Book, Seen, UpstreamBuilder,
    state::{Counts, State},
};
use crate::testing::Script;

/// A provider on a loopback socket that answers as it is told.
///
/// It runs until its last clone is dropped, or until it is [shut down](Self::shutdown).
///
/// ```
/// use http::StatusCode;
/// use switchtower::testing::{Script, Upstream};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let upstream = Upstream::start().await;
/// upstream.next(Script::fail(StatusCode::TOO_MANY_REQUESTS)); // the first call
/// upstream.script(Script::new().tokens(40)); // all others
/// println!("ask {}/chat/completions", upstream.base_url());
/// # upstream.shutdown().await;
/// # }
/// ```
///
/// # What it answers
///
/// | call | answer |
/// |---|---|
/// | `POST …/chat/completions`, `POST …/completions` | as the script says, streamed if the request has `stream: true` |
/// | `POST …/embeddings` | a vector for each input; of the script only latency, headers, usage, and what goes wrong before the headers |
/// | `GET …/models` | the models of its [builder](UpstreamBuilder::model) |
/// | anything else | 404 |
///
/// A body that is not JSON gets a 400, one that is too large a 413.
///
/// # When the client leaves
///
/// Nothing runs beside the connection: when the client closes it, the answer is dropped at that moment,
/// whatever it was waiting for, and the call ends as [`ClientLeft`](super::Ending::ClientLeft).
///
/// # Clone
///
/// Clones are handles to the same upstream.
#[derive(Clone, Debug)]
pub struct Upstream {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    address: SocketAddr,
    state: Arc<State>,
    server: Mutex<Option<JoinHandle<()>>>,
}

// === impl Upstream ===

impl Upstream {
    /// Starts one on a free port, with plausible answers.
    ///
    /// # Panics
    ///
    /// If there is no free port on `127.0.0.1`, or no Tokio runtime with IO and time.
    pub async fn start() -> Self {
        Self::builder()
            .start()
            .await
            .expect("a free port on 127.0.0.1")
    }

    /// Sets one up.
    pub fn builder() -> UpstreamBuilder {
        UpstreamBuilder::new()
    }

    pub(super) fn new(address: SocketAddr, state: Arc<State>, server: JoinHandle<()>) -> Self {
        let server = Mutex::new(Some(server));
        Self {
            inner: Arc::new(Inner {
                address,
                state,
                server,
            }),
        }
    }

    /// `http://127.0.0.1:PORT/v1`.
    #[must_use]
    pub fn base_url(&self) -> Uri {
        let url = format!("http://{}/v1", self.inner.address);
        url.try_into().expect("an address makes a URL")
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.inner.address
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.state.name
    }

    /// What it does from now on, once the [queue](Self::next) is empty.
    pub fn script(&self, script: Script) {
        self.script_fn(move |_| script.clone());
    }

    /// What it does from now on, chosen for each call.
    ///
    /// ```
    /// # use http::StatusCode;
    /// # use switchtower::testing::{Script, Upstream};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let upstream = Upstream::start().await;
    /// upstream.script_fn(|call| match call.number % 2 {
    ///     0 => Script::fail(StatusCode::BAD_GATEWAY),
    ///     _ => Script::new(),
    /// });
    /// # }
    /// ```
    pub fn script_fn(&self, choose: impl Fn(&Seen) -> Script + Send + Sync + 'static) {
        self.inner.state.cues().stand(choose);
    }

    /// Queues what it does with one call. Calls to `/models` and to unknown paths take nothing from
    /// the queue.
    pub fn next(&self, script: Script) {
        self.inner.state.cues().queue(script);
    }

    /// The calls it saw, oldest first.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.inner.state.log().seen()
    }

    /// What it served and bills.
    #[must_use]
    pub fn book(&self) -> Book {
        self.inner.state.log().book()
    }

    /// How many calls it saw.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.counts().begun
    }

    /// How many connections it accepted.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.counts().connections
    }

    /// How many clients left before they had the whole answer.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.counts().left
    }

    /// Waits until it has seen this many calls.
    pub async fn wait_calls(&self, calls: u64) {
        self.wait(|counts| counts.begun >= calls).await;
    }

    /// Waits until it has noticed this many clients leave.
    pub async fn wait_left(&self, left: u64) {
        self.wait(|counts| counts.left >= left).await;
    }

    /// Waits until each call that it saw has ended.
    pub async fn wait_idle(&self) {
        self.wait(|counts| counts.ended == counts.begun).await;
    }

    /// Stops listening and closes all connections.
    pub async fn shutdown(&self) {
        self.inner.state.close();
        if let Some(server) = self.inner.server.lock().await.take() {
            // It neither panics nor is aborted, unless the runtime is shutting down too.
            let _ = server.await;
        }
    }

    fn counts(&self) -> Counts {
        *self.inner.state.counts.borrow()
    }

    async fn wait(&self, mut enough: impl FnMut(&Counts) -> bool) {
        let mut counts = self.inner.state.counts.subscribe();
        // The sender lives as long as `self`.
        let _ = counts.wait_for(|counts| enough(counts)).await;
    }
}

// === impl Inner ===

impl Drop for Inner {
    fn drop(&mut self) {
        self.state.close();
    }
}
