use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use serde_json::Value;

/// A call as the upstream saw it.
///
/// ```
/// # use switchtower::testing::Seen;
/// fn asked_for_a_stream(seen: &Seen) -> bool {
///     seen.json().is_some_and(|body| body["stream"] == true)
/// }
/// # let _ = asked_for_a_stream;
/// ```
#[derive(Clone, Debug)]
pub struct Seen {
    /// How many calls came before it.
    pub number: u64,
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub uri: Uri,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, empty once the log has no room for it.
    pub body: Bytes,
    /// When its body was here.
    pub began: Instant,
    /// How it ended; `None` while it runs.
    pub ending: Option<Ending>,
}

/// How did a call end for the server? See [`Seen::ending`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The whole answer was sent; an error is an answer too.
    Served,
    /// The client left before that.
    ClientLeft {
        /// How long after the call began.
        after: Duration,
        /// When it was noticed.
        at: Instant,
    },
    /// The script closed the connection.
    Cut,
    /// The script reset the connection.
    Reset,
    /// The script ended the answer too early.
    Stopped,
    /// The upstream was shut down.
    ShutDown,
}

// === impl Seen ===

impl Seen {
    /// The body, if it is JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// A header's value, if it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
