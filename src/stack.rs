//! The whole chain, one layer a line.

use std::sync::Arc;

use tower_layer::Layer;

use crate::admit::read::{Read, ReadLayer};
use crate::catalog::Catalog;
use crate::choose::{Choose, ChooseLayer};
use crate::dispatch::address::{Address, AddressLayer};
use crate::dispatch::commit::{Commit, CommitLayer};
use crate::dispatch::deadline::{Deadline, DeadlineLayer, Deadlines};
use crate::dispatch::fallback::{Fallback, FallbackLayer};
use crate::dispatch::retry::{Budgets, Retry, RetryLayer};
use crate::meter::{Meter, MeterLayer};
use crate::settle::{Ledger, MemoryLedger, Settle, SettleLayer};

/// The recommended chain around an HTTP client, from a catalogue.
///
/// A request's path names the operation, `/v1/chat/completions` or the like; without a path it is a chat
/// completion.
///
/// It is a Layer, so it goes around any client by [`Layer::layer`] or in a `ServiceBuilder`; and each
/// of its layers can be taken by itself.
///
/// ```
/// use std::sync::Arc;
/// use switchtower::{Stack, catalog::Catalog, client};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// # let text = r#"
/// # [providers.acme]
/// # base_url = "https://api.acme.example/v1"
/// # [models."acme/swift"]
/// # [[models."acme/swift".endpoints]]
/// # provider = "acme"
/// # model = "swift-2"
/// # "#;
/// # let catalog = Catalog::from_toml(text, "switchtower.toml", |_| None)?;
/// let stack = Stack::new(Arc::new(catalog));
/// let ledger = stack.ledger().clone();
/// let service = stack.around(client::hyper::plain());
/// // `service` takes any `http::Request<B>` with a chat completion in its body.
/// # let _ = (service, ledger); Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Stack<L = MemoryLedger> {
    read: ReadLayer,
    choose: ChooseLayer,
    ledger: L,
    fallback: FallbackLayer,
    retry: RetryLayer,
    commit: CommitLayer,
    deadline: DeadlineLayer,
    meter: MeterLayer,
}

/// A client with the whole chain around it.
pub type Chain<C, L = MemoryLedger> =
    Read<Choose<Settle<Fallback<Retry<Commit<Deadline<Meter<Address<C>>>>>>, L>>>;

impl Stack {
    /// The chain with its defaults: see each layer.
    pub fn new(catalog: Arc<Catalog>) -> Self {
        let budgets = Budgets::default();
        Self {
            read: ReadLayer::new().strict(),
            choose: ChooseLayer::new(catalog),
            ledger: MemoryLedger::default(),
            fallback: FallbackLayer::new().budgets(budgets.clone()),
            retry: RetryLayer::new().budgets(budgets),
            commit: CommitLayer::new(),
            deadline: DeadlineLayer::default(),
            meter: MeterLayer::new(),
        }
    }
}

impl<L> Stack<L> {
    /// The ledger that the chain writes to.
    pub fn ledger(&self) -> &L {
        &self.ledger
    }

    /// Around this client.
    pub fn around<C>(&self, client: C) -> Chain<C, L>
    where
        L: Ledger + Clone,
    {
        self.layer(client)
    }

    /// Writes to this ledger instead.
    #[must_use]
    pub fn with_ledger<M>(self, ledger: M) -> Stack<M> {
        let Self {
            read,
            choose,
            ledger: _,
            fallback,
            retry,
            commit,
            deadline,
            meter,
        } = self;
        Stack {
            read,
            choose,
            ledger,
            fallback,
            retry,
            commit,
            deadline,
            meter,
        }
    }

    /// Sets the four deadlines.
    #[must_use]
    pub fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadline = DeadlineLayer::new(deadlines);
        self
    }

    /// Sets the size limit of a request body, in bytes.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.read = self.read.limit(bytes);
        self
    }

    /// Sets the attempt budget of a request, over all candidates.
    #[must_use]
    pub fn tries(mut self, tries: u32) -> Self {
        self.fallback = self.fallback.tries(tries);
        self
    }

    /// Lets the usage event of a stream through to every caller.
    #[must_use]
    pub fn always_usage(mut self) -> Self {
        self.meter = self.meter.always_usage();
        self
    }

    /// Fails an answer that is no stream where one was asked for, or a stream where none was.
    #[must_use]
    pub fn same_form(mut self) -> Self {
        self.meter = self.meter.same_form();
        self
    }

    /// Makes every draw and every backoff repeatable.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.choose = self.choose.seed(seed);
        self.retry = self.retry.seed(seed);
        self
    }
}

impl<C, L: Ledger + Clone> Layer<C> for Stack<L> {
    type Service = Chain<C, L>;

    fn layer(&self, client: C) -> Chain<C, L> {
        let layers = (
            self.read,                             // the body, once, into a Payload
            self.choose.clone(),                   // who can answer, and in what order
            SettleLayer::new(self.ledger.clone()), // hold before, charge once after
            self.fallback.clone(),                 // the next candidate
            self.retry.clone(),                    // the same candidate, within a budget
            self.commit,                           // nothing promised before the first token
            self.deadline,                         // headers, first token, idle, total
            self.meter,                            // usage, first token, finish
            AddressLayer::new(),                   // payload + candidate = one upstream request
        );
        layers.layer(client)
    }
}
