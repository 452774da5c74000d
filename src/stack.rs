//! The whole chain, one layer a line.

use std::sync::Arc;

use tower_layer::Layer;

use crate::admit::quota::{Quota, QuotaLayer};
use crate::admit::read::{Read, ReadLayer};
use crate::choose::{Choose, ChooseLayer};
use crate::dispatch::address::{Address, AddressLayer};
use crate::dispatch::commit::{Commit, CommitLayer};
use crate::dispatch::deadline::{Deadline, DeadlineLayer, Deadlines};
use crate::dispatch::fallback::{Fallback, FallbackLayer};
use crate::dispatch::gate::{Gate, GateLayer};
use crate::dispatch::hedge::{Hedge, HedgeLayer};
use crate::dispatch::recover::{Recover, RecoverLayer};
use crate::dispatch::retry::{Budgets, Retry, RetryLayer};
use crate::limits::{Limits, Unit};
use crate::meter::{Meter, MeterLayer};
use crate::settle::store::{Store, StoreError};
use crate::settle::{
    HasBooks, Journal, JournalSettings, Ledger, MemoryLedger, Settle, SettleLayer,
};
use crate::standing::Roster;
use crate::telemetry;

/// The recommended chain around an HTTP client, from a catalogue.
///
/// ```text
/// read ▸ quota ▸ choose ▸ settle ▸ recover ▸ fallback ▸ hedge ▸ retry ▸ gate ▸ commit ▸ deadline ▸ meter ▸ address ▸ your client
/// ```
///
/// A request's path names the operation, `/v1/chat/completions` or the like; without a path it is a chat
/// completion.
///
/// It is a Layer, so it goes around any client by [`Layer::layer`] or in a `ServiceBuilder`; and each
/// of its layers can be taken by itself.
///
/// ```
/// use std::sync::Arc;
/// use http_body_util::BodyExt;
/// use switchtower::{BoxError, End, Stack, catalog::Catalog, client};
/// use switchtower::testing::{Script, Upstream};
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let acme = Upstream::start().await;
/// acme.script(Script::new().text("Hello!"));
/// let catalog = Catalog::from_toml(&format!(r#"
///     providers.acme.base_url = "{}"
///     [[models."acme/swift".endpoints]]
///     provider = "acme"
///     model = "swift-2"
/// "#, acme.base_url()), "switchtower.toml", |_| None)?;
///
/// let stack = Stack::new(Arc::new(catalog));
/// let service = stack.around(client::hyper::plain());
///
/// // Any `http::Request<B>` whose body is JSON.
/// let ask = r#"{"model": "acme/swift", "messages": [{"role": "user", "content": "hi"}]}"#;
/// let ask = http::Request::post("/v1/chat/completions").body(ask.to_owned())?;
/// let answer = service.oneshot(ask).await?.into_body().collect().await?.to_bytes();
/// assert!(String::from_utf8_lossy(&answer).contains("Hello!"));
///
/// let record = &stack.ledger().records()[0];
/// assert_eq!((record.end, record.attempts.len()), (End::Complete, 1));
/// assert_eq!(record.charge, None); // This catalogue knows no prices.
/// # Ok(()) }
/// ```
///
/// **When to use**: whenever you want the whole; for a part, see the layers on the
/// [front page](crate#the-stages). **When it acts**: as its layers do; when its future or body is dropped, so
/// is the call to the upstream, and the record is written. **Order**: inside [`key`](crate::admit::key), if
/// callers bring keys, around the client.
#[derive(Clone, Debug)]
pub struct Stack<L = MemoryLedger> {
    pub(crate) read: ReadLayer,
    pub(crate) quota: QuotaLayer,
    pub(crate) choose: ChooseLayer,
    pub(crate) settle: SettleLayer<L>,
    pub(crate) recover: RecoverLayer,
    pub(crate) fallback: FallbackLayer,
    pub(crate) hedge: HedgeLayer,
    pub(crate) retry: RetryLayer,
    pub(crate) gate: GateLayer,
    pub(crate) commit: CommitLayer,
    pub(crate) deadline: DeadlineLayer,
    pub(crate) meter: MeterLayer,
}

/// A client with the whole chain around it.
///
/// [`Stack::around`] makes it.
pub type Chain<C, L = MemoryLedger> = Read<
    Quota<
        Choose<
            Settle<Recover<Fallback<Hedge<Retry<Gate<Commit<Deadline<Meter<Address<C>>>>>>>>>, L>,
        >,
    >,
>;

impl Stack {
    /// The chain with its defaults: see each layer. It chooses from this roster, or from a catalogue in an `Arc`, and goes by the
    /// limits of that.
    pub fn new(roster: impl Into<Roster>) -> Self {
        let budgets = Budgets::default();
        let roster = roster.into();
        let limits = Limits::new(roster.lineup().catalog().limits().iter().cloned());
        Self {
            read: ReadLayer::new().strict().total(Deadlines::default().total),
            quota: QuotaLayer::new(limits.clone()),
            choose: ChooseLayer::new(roster),
            settle: SettleLayer::new(MemoryLedger::default().limits(limits)),
            recover: RecoverLayer::new().budgets(budgets.clone()),
            fallback: FallbackLayer::new().budgets(budgets.clone()),
            hedge: HedgeLayer::new().budgets(budgets.clone()),
            retry: RetryLayer::new().budgets(budgets),
            gate: GateLayer::default(),
            commit: CommitLayer::new(),
            deadline: DeadlineLayer::default(),
            meter: MeterLayer::new(),
        }
    }
}

impl Stack {
    /// Writes to a [`Journal`] over this store instead, which claims by the limits of this stack, whatever those of its settings are. It
    /// blocks until what an earlier process has left is settled.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use switchtower::settle::{JournalSettings, Ledger, store::MemoryStore};
    /// use switchtower::{Stack, catalog::Catalog};
    ///
    /// let catalog = Catalog::from_toml(r#"
    ///     [[limits]]
    ///     name = "all-of-us"
    ///     scope = "account"
    ///     unit = "money"
    ///     window = "monthly"
    ///     limit = "100"
    /// "#, "switchtower.toml", |_| None)?;
    /// let stack = Stack::new(Arc::new(catalog));
    /// let store = Arc::new(MemoryStore::default());
    /// let stack = stack.with_journal(store, JournalSettings::default())?;
    /// assert!(stack.ledger().limits().is_some_and(|limits| !limits.is_empty()));
    /// # Ok::<_, switchtower::BoxError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Journal::open`].
    pub fn with_journal(
        self,
        store: Arc<dyn Store>,
        settings: JournalSettings,
    ) -> Result<Stack<Journal>, StoreError> {
        let limits = self.ledger().books().limits().clone();
        let journal = Journal::open(store, settings.limits(limits))?;
        Ok(self.with_ledger(journal))
    }
}

impl<L> Stack<L> {
    /// What the chain chooses from.
    pub fn roster(&self) -> &Roster {
        self.choose.roster()
    }

    /// The ledger that the chain writes to.
    pub fn ledger(&self) -> &L {
        self.settle.ledger()
    }

    /// Around this client.
    pub fn around<C: Clone>(&self, client: C) -> Chain<C, L>
    where
        L: Ledger + Clone,
    {
        self.layer(client)
    }

    /// Writes to this ledger instead. It claims by limits of its own: one of money or of concurrency that the ledger before had, as it has
    /// those of the catalogue, and this one has not, is counted by nobody, which is an event. [`with_journal`](Stack::with_journal)
    /// opens one that has them.
    #[must_use]
    #[rustfmt::skip]
    pub fn with_ledger<M: Ledger>(self, ledger: M) -> Stack<M>
    where
        L: Ledger,
    {
        tell_uncounted(self.ledger(), &ledger);
        let Self { read, quota, choose, settle, recover, fallback, hedge, retry, gate, commit, deadline, meter } = self;
        let settle = settle.with_ledger(ledger);
        Stack { read, quota, choose, settle, recover, fallback, hedge, retry, gate, commit, deadline, meter }
    }
}

/// Is there a limit that only the ledger counts, which is another now?
fn tell_uncounted(before: &impl Ledger, after: &impl Ledger) {
    let (Some(before), Some(after)) = (before.limits(), after.limits()) else {
        return;
    };
    let counted = after.rules();
    for rule in before.rules() {
        let of_ledgers = matches!(rule.unit(), Unit::Money | Unit::Concurrency);
        if of_ledgers && !counted.iter().any(|it| it.is_same(&rule)) {
            telemetry::uncounted(&rule);
        }
    }
}

impl<C: Clone, L: Ledger + Clone> Layer<C> for Stack<L> {
    type Service = Chain<C, L>;

    fn layer(&self, client: C) -> Chain<C, L> {
        let layers = (
            self.read,                                        // the body, once, into a Payload
            self.quota.clone().roster(self.roster().clone()), // the caller's own limits of requests and tokens
            self.choose.clone(),                              // who can answer, and in what order
            self.settle.clone(),                              // hold before, charge once after
            self.recover.clone(),                             // an answer that breaks is mended
            self.fallback.clone(),                            // the next candidate
            self.hedge.clone(),  // a second one, when the first token is late
            self.retry.clone(),  // the same candidate, within a budget
            self.gate.clone(),   // not now: whoever fails is left alone
            self.commit,         // nothing promised before the first token
            self.deadline,       // headers, first token, idle, pace, total
            self.meter,          // usage, first token, finish
            AddressLayer::new(), // payload + candidate = one upstream request
        );
        layers.layer(client)
    }
}
