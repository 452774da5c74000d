//! The handle, and what is known of the request itself.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use http::{Extensions, HeaderMap};

use crate::attempt::Attempt;
use crate::attempts::{Attempts, DEFAULT_TRIES};
use crate::caller::Caller;
use crate::generation::GenerationId;
use crate::payload::Payload;
use crate::plan::Plan;
use crate::recovery::Recovery;
use crate::sent::Sent;
use crate::standing::Need;
use crate::tenant::Tenant;
use crate::wire::{Dialect, Fields, Operation};
use crate::wishes::Wishes;

/// One request on its way: a shared handle in one slot of the request's extensions.
///
/// The outermost layer that needs it makes it, with [`Call::of`]: in the stack that is `read`, so that the
/// time of a request begins with its first byte. An outer layer keeps a clone and sees the attempts that
/// the inner ones make. It is also in the extensions of the response. Whoever asks with it once more, as `tower::retry` outside of
/// `read` does, gets a new one for that, of the same caller.
#[derive(Clone, Debug)]
pub struct Call {
    pub(super) shared: Arc<Shared>,
    /// The place in the plan of the candidate whose turn it is, and the attempt there.
    pub(super) at: usize,
    pub(super) attempt: Option<Attempt>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) id: GenerationId,
    started: Instant,
    created: SystemTime,
    /// When its time is over: nanoseconds after `started`, plus one; zero as long as nobody has bounded it.
    until: AtomicU64,
    /// Few requests have any.
    wishes: OnceLock<Box<Wishes>>,
    /// Zero as long as nobody has read the body.
    shape: AtomicU8,
    reasons: AtomicBool,
    operation: OnceLock<Operation>,
    /// Zero as long as nobody has said it.
    dialect: AtomicU8,
    caller: OnceLock<Arc<Caller>>,
    headers: Sent,
    plan: OnceLock<Plan>,
    /// What is left of it, where not all of it can be afforded.
    narrowed: OnceLock<Box<Plan>>,
    pub(super) falls_back: AtomicBool,
    /// Is what an answer says told again, in other words?
    retold: AtomicBool,
    pub(super) input: AtomicU64,
    pub(super) output: AtomicU64,
    pub(super) attempts: Attempts,
    pub(super) recovery: Recovery,
}

const STREAM: u8 = 1;
const DOCUMENT: u8 = 2;

const OPENROUTER: u8 = 1;
const OPENAI: u8 = 2;

// === impl Call ===

impl Call {
    /// A call that starts now. `seed` makes its id.
    pub fn new(now: Instant, wall: SystemTime, seed: u64) -> Self {
        Self {
            shared: Arc::new(Shared {
                id: GenerationId::new(wall, seed),
                started: now,
                created: wall,
                until: AtomicU64::new(0),
                wishes: OnceLock::new(),
                shape: AtomicU8::new(0),
                reasons: AtomicBool::new(false),
                operation: OnceLock::new(),
                dialect: AtomicU8::new(0),
                caller: OnceLock::new(),
                headers: Sent::default(),
                plan: OnceLock::new(),
                narrowed: OnceLock::new(),
                falls_back: AtomicBool::new(false),
                retold: AtomicBool::new(false),
                input: AtomicU64::new(0),
                output: AtomicU64::new(0),
                attempts: Attempts::new(DEFAULT_TRIES),
                recovery: Recovery::default(),
            }),
            at: 0,
            attempt: None,
        }
    }

    /// The call of this request; a new one if no outer layer has made it.
    pub fn of(extensions: &mut Extensions) -> &mut Self {
        extensions.get_or_insert_with(Self::now)
    }

    /// One of its own for the next request of the same caller, in the same protocol.
    pub(crate) fn anew(&self) -> Self {
        let anew = Self::now();
        if let Some(caller) = self.caller() {
            anew.set_caller(caller.clone());
        }
        let dialect = self.shared.dialect.load(Relaxed);
        anew.shared.dialect.store(dialect, Relaxed);
        anew.shared.retold.store(self.is_retold(), Relaxed);
        anew
    }

    fn now() -> Self {
        Self::new(crate::clock::now(), crate::clock::wall(), fastrand::u64(..))
    }

    /// Its name.
    pub fn id(&self) -> &GenerationId {
        &self.shared.id
    }

    /// When it came.
    pub fn started(&self) -> Instant {
        self.shared.started
    }

    /// When it came, by the wall clock: for records, and for prices that depend on the hour.
    pub fn created(&self) -> SystemTime {
        self.shared.created
    }

    /// What the wall clock says when the other one says this; its beginning, where no clock can show it.
    pub(crate) fn wall_at(&self, now: Instant) -> SystemTime {
        let age = now.saturating_duration_since(self.started());
        self.created().checked_add(age).unwrap_or(self.created())
    }

    /// When its time is over.
    pub fn until(&self) -> Option<Instant> {
        let after = self.shared.until.load(Relaxed).checked_sub(1)?;
        Some(self.shared.started + Duration::from_nanos(after))
    }

    /// What the request asks for, beyond its body; [`read`](crate::admit::read) reads it from the headers.
    pub fn wishes(&self) -> &Wishes {
        self.shared
            .wishes
            .get()
            .map_or(&Wishes::NONE, |wishes| wishes)
    }

    /// Says what the request asks for, once: the first who says it is believed.
    pub fn set_wishes(&self, wishes: Wishes) {
        let _ = self.shared.wishes.set(Box::new(wishes));
    }

    /// Does the caller expect an event stream? Yes, as long as nobody has read the body.
    pub fn is_stream(&self) -> bool {
        self.shared.shape.load(Relaxed) != DOCUMENT
    }

    /// Does the caller ask the model to reason? No, as long as nobody has read the body.
    pub fn reasons(&self) -> bool {
        self.shared.reasons.load(Relaxed)
    }

    /// What is asked of a model: a chat completion, where nobody has read the path.
    pub fn operation(&self) -> Operation {
        let known = self.shared.operation.get().copied();
        known.unwrap_or(Operation::Chat)
    }

    /// The protocol in which the caller hears of errors.
    pub fn dialect(&self) -> Dialect {
        match self.shared.dialect.load(Relaxed) {
            OPENAI => Dialect::OpenAi,
            _ => Dialect::OpenRouter,
        }
    }

    /// Who asks; none where nobody has asked for a key.
    pub fn caller(&self) -> Option<&Arc<Caller>> {
        self.shared.caller.get()
    }

    /// Whose request it is, in short.
    pub fn tenant(&self) -> Option<Tenant> {
        self.caller().map(|caller| caller.tenant())
    }

    /// The headers that the caller sent; none until `choose` has put them here. Once a stream has begun, those that still
    /// [mean something](crate::wire::headers::is_meant).
    pub fn headers(&self) -> Option<HeaderMap> {
        self.with_headers(|headers| headers.cloned())
    }

    /// Looks at them, without a copy.
    pub(crate) fn with_headers<T>(&self, look: impl FnOnce(Option<&HeaderMap>) -> T) -> T {
        self.shared.headers.with(look)
    }

    /// The plan, once `choose` has made it; without those that cannot be afforded, once `settle` has found out.
    pub fn plan(&self) -> Option<&Plan> {
        self.shared.plan()
    }

    /// The whole plan, with those that cannot be afforded: from when `choose` has made it until the call is over.
    pub(crate) fn whole_plan(&self) -> Option<&Plan> {
        self.shared.plan.get()
    }

    /// The tokens that an answer is expected to move, prompt and output: a guess, by which the load of endpoints is
    /// compared. 0 as long as nobody has read the body.
    pub fn tokens(&self) -> u64 {
        self.need().tokens()
    }

    /// Likewise, prompt and output apart.
    pub fn need(&self) -> Need {
        Need {
            input: self.shared.input.load(Relaxed),
            output: self.shared.output.load(Relaxed),
        }
    }

    /// What becomes of an answer that breaks after its first words.
    pub(crate) fn recovery(&self) -> &Recovery {
        &self.shared.recovery
    }

    /// Bounds the whole call, counted from its start. The first bound holds.
    pub(crate) fn bound(&self, total: Duration) -> Instant {
        let Shared { started, until, .. } = &*self.shared;
        let after = crate::clock::later(*started, total).saturating_duration_since(*started);
        // Nobody waits for centuries.
        let word = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX - 1) + 1;
        let first = match until.compare_exchange(0, word, Relaxed, Relaxed) {
            Ok(_) => word,
            Err(first) => first,
        };
        *started + Duration::from_nanos(first - 1)
    }

    pub(crate) fn set_operation(&self, operation: Operation) {
        let _ = self.shared.operation.set(operation);
    }

    /// Has somebody read the body?
    pub(crate) fn is_heard(&self) -> bool {
        self.shared.shape.load(Relaxed) != 0
    }

    /// Takes in what the body asks for, once: from `read`, or where there is none from the outermost layer that sees a payload.
    pub(crate) fn hear(&self, payload: &Payload) {
        if self.is_heard() {
            return;
        }
        let Shared { shape, reasons, .. } = &*self.shared;
        let view = payload.view();
        shape.store(if view.stream() { STREAM } else { DOCUMENT }, Relaxed);
        let asks = view.parameters().within(Fields::OF_REASONING);
        reasons.store(asks != Fields::NONE, Relaxed);
        self.expect(Need {
            input: view.prompt_tokens(),
            output: payload.expected_output(),
        });
    }

    pub(crate) fn expect(&self, need: Need) {
        self.shared.input.store(need.input, Relaxed);
        self.shared.output.store(need.output, Relaxed);
    }

    /// Chooses the protocol in which the caller hears of errors, once.
    pub fn set_dialect(&self, dialect: Dialect) {
        let word = match dialect {
            Dialect::OpenRouter => OPENROUTER,
            Dialect::OpenAi => OPENAI,
        };
        let dialect = &self.shared.dialect;
        let _ = dialect.compare_exchange(0, word, Relaxed, Relaxed);
    }

    /// Says who asks, once: the first who says it is believed.
    pub fn set_caller(&self, caller: Arc<Caller>) {
        let _ = self.shared.caller.set(caller);
    }

    /// A `fallback` is here, and allows so many tries.
    pub(crate) fn set_fallback(&self, tries: u32) {
        // Who is asked for the rest of an answer takes from what is left.
        if self.shared.recovery.times() == 0 {
            self.shared.attempts.set_tries(tries);
        }
        self.shared.falls_back.store(true, Relaxed);
    }

    /// Somebody outside tells the answer again, so that what is read of it is to be kept.
    #[cfg(feature = "gateway")]
    pub(crate) fn set_retold(&self) {
        self.shared.retold.store(true, Relaxed);
    }

    pub(crate) fn is_retold(&self) -> bool {
        self.shared.retold.load(Relaxed)
    }

    pub(crate) fn set_headers(&self, headers: HeaderMap) {
        self.shared.headers.set(headers);
    }

    /// A stream has begun: of what the caller has sent it keeps what will still be looked at.
    pub(crate) fn lay_by(&self) {
        self.shared.headers.lay_by();
    }

    /// Puts what is left of the plan in its place, once, before anybody is asked.
    pub(crate) fn narrow(&self, plan: Plan) {
        let _ = self.shared.narrowed.set(Box::new(plan));
    }

    /// Puts the plan in, once.
    pub(crate) fn set_plan(&self, plan: Plan) {
        let _ = self.shared.plan.set(plan);
    }
}

// === impl Shared ===

impl Shared {
    pub(super) fn plan(&self) -> Option<&Plan> {
        let narrowed = self.narrowed.get().map(|plan| &**plan);
        narrowed.or_else(|| self.plan.get())
    }
}
