use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use tokio::net::TcpListener;

use super::{
    Prices, Upstream, server,
    state::{Bounds, State},
};

/// Sets an [`Upstream`] up.
///
/// ```
/// use switchtower::testing::{Prices, Upstream};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let upstream = Upstream::builder()
///     .name("acme")
///     .model("acme/large")
///     .seed(7)
///     .prices(Prices { prompt: 150_000_000, completion: 600_000_000, ..Prices::default() })
///     .start()
///     .await?;
/// # let _ = upstream;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct UpstreamBuilder {
    name: String,
    seed: u64,
    models: Vec<String>,
    prices: Prices,
    address: SocketAddr,
    bounds: Bounds,
}

// === impl UpstreamBuilder ===

impl UpstreamBuilder {
    /// The default number of calls that the log keeps.
    pub const MAX_CALLS: usize = 100_000;
    /// The default number of bytes of request bodies that the log keeps: 64 MiB.
    pub const MAX_LOG_BYTES: usize = 64 << 20;
    /// The default size of the largest request body that is accepted: 64 MiB.
    pub const MAX_BODY: usize = 64 << 20;

    pub(super) fn new() -> Self {
        Self {
            name: "upstream".to_owned(),
            seed: 0,
            models: Vec::new(),
            prices: Prices::default(),
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            bounds: Bounds {
                calls: Self::MAX_CALLS,
                bytes: Self::MAX_LOG_BYTES,
                body: Self::MAX_BODY,
            },
        }
    }

    /// Its name: who owns its models.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// What its made-up words and ids depend on.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Adds a model to `GET /models`. Calls may ask for any model, listed or not.
    pub fn model(mut self, id: impl Into<String>) -> Self {
        self.models.push(id.into());
        self
    }

    /// What it bills. Nothing unless set.
    pub fn prices(mut self, prices: Prices) -> Self {
        self.prices = prices;
        self
    }

    /// Where it listens: any free port of `127.0.0.1` unless set.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// How many calls its log keeps.
    pub fn max_calls(mut self, calls: usize) -> Self {
        self.bounds.calls = calls;
        self
    }

    /// How many bytes of request bodies its log keeps; the oldest bodies are emptied first.
    pub fn max_log_bytes(mut self, bytes: usize) -> Self {
        self.bounds.bytes = bytes;
        self
    }

    /// The largest request body that it accepts.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.bounds.body = bytes;
        self
    }

    /// Starts it on the current runtime.
    ///
    /// # Errors
    ///
    /// If it cannot listen there.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime with IO and time.
    pub async fn start(self) -> io::Result<Upstream> {
        let listener = TcpListener::bind(self.address).await?;
        let address = listener.local_addr()?;
        let state = State::new(self.name, self.seed, self.models, self.prices, self.bounds);
        let state = Arc::new(state);
        #[expect(
            clippy::disallowed_methods,
            reason = "a server runs beside the test that asks it"
        )]
        let server = tokio::spawn(server::run(listener, Arc::clone(&state)));
        Ok(Upstream::new(address, state, server))
    }
}
