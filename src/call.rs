//! What travels with one request through all stages.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use http::{Extensions, HeaderMap};

use crate::attempt::{Attempt, End};
use crate::attempts::{Attempts, DEFAULT_TRIES};
use crate::caller::Caller;
use crate::generation::GenerationId;
use crate::plan::{Candidate, Plan};
use crate::recovery::{self, Recovery};
use crate::sent::Sent;
use crate::standing::Need;
use crate::tenant::Tenant;
use crate::wire::{Dialect, Operation};
use crate::wishes::Wishes;

/// One request on its way: a shared handle in one slot of the request's extensions.
///
/// The outermost layer that needs it makes it, with [`Call::of`]: in the stack that is `read`, so that the
/// time of a request begins with its first byte. An outer layer keeps a clone and sees the attempts that
/// the inner ones make. It is also in the extensions of the response.
#[derive(Clone, Debug)]
pub struct Call {
    shared: Arc<Shared>,
    at: usize,
    attempt: Option<Attempt>,
}

#[derive(Debug)]
struct Shared {
    id: GenerationId,
    started: Instant,
    created: SystemTime,
    until: OnceLock<Instant>,
    /// Few requests have any.
    wishes: OnceLock<Box<Wishes>>,
    stream: AtomicBool,
    reasons: AtomicBool,
    operation: OnceLock<Operation>,
    dialect: OnceLock<Dialect>,
    caller: OnceLock<Arc<Caller>>,
    headers: Sent,
    plan: OnceLock<Plan>,
    /// What is left of it, where not all of it can be afforded.
    narrowed: OnceLock<Box<Plan>>,
    falls_back: AtomicBool,
    input: AtomicU64,
    output: AtomicU64,
    attempts: Attempts,
    recovery: Recovery,
}

// === impl Call ===

impl Call {
    /// A call that starts now. `seed` makes its id.
    pub fn new(now: Instant, wall: SystemTime, seed: u64) -> Self {
        Self {
            shared: Arc::new(Shared {
                id: GenerationId::new(wall, seed),
                started: now,
                created: wall,
                until: OnceLock::new(),
                wishes: OnceLock::new(),
                stream: AtomicBool::new(true),
                reasons: AtomicBool::new(false),
                operation: OnceLock::new(),
                dialect: OnceLock::new(),
                caller: OnceLock::new(),
                headers: Sent::default(),
                plan: OnceLock::new(),
                narrowed: OnceLock::new(),
                falls_back: AtomicBool::new(false),
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
        extensions.get_or_insert_with(|| {
            Self::new(crate::clock::now(), crate::clock::wall(), fastrand::u64(..))
        })
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
        self.shared.until.get().copied()
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
        self.shared.stream.load(Relaxed)
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
        self.shared.dialect.get().copied().unwrap_or_default()
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

    /// The candidate whose turn it is.
    pub fn candidate(&self) -> Option<&Candidate> {
        self.plan()?.candidates.get(self.at)
    }

    /// Candidates that come after this one.
    pub fn others(&self) -> usize {
        self.plan()
            .map_or(0, |plan| plan.candidates.len().saturating_sub(self.at + 1))
    }

    /// Candidates that somebody will ask if this one fails: those after it, if there is a `fallback`.
    pub(crate) fn successors(&self) -> usize {
        match self.shared.falls_back.load(Relaxed) {
            true => self.others(),
            false => 0,
        }
    }

    /// Has this request asked that provider already, with a key of the operator's? Where there is no plan, the one is `""`.
    pub(crate) fn has_asked(&self, provider: &str) -> bool {
        let slug = |attempt: &Attempt| {
            let candidate = attempt.candidate();
            let shared = candidate.is_none_or(|it| it.own_key.is_none());
            shared && candidate.map_or("", |it| it.endpoint.provider().slug()) == provider
        };
        self.with_attempts(|attempts| attempts.iter().any(slug))
    }

    /// Those among them that may be asked by now, as long as there are tries, and that no hedge has asked in vain.
    pub(crate) fn others_left(&self, now: Instant) -> usize {
        if self.tries() == 0 || self.successors() == 0 {
            return 0;
        }
        let others = self.plan().map(|plan| plan.candidates.get(self.at + 1..));
        let others = others.flatten().unwrap_or_default().iter();
        let need = self.need();
        let others = others.filter(|other| other.standing.may_be_asked(need, now));
        self.shared.attempts.without_failed(others)
    }

    /// Tries that are left of the attempt budget.
    pub fn tries(&self) -> u32 {
        self.shared.attempts.tries()
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

    /// The attempts so far, in order; but of two that were under way at once, the one that answers is the last.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.with_attempts(<[Attempt]>::to_vec)
    }

    /// Looks at the attempts so far, without a copy.
    pub(crate) fn with_attempts<T>(&self, look: impl FnOnce(&[Attempt]) -> T) -> T {
        self.shared.attempts.with(look)
    }

    /// The last attempt so far: the one that answers, once there is an answer.
    pub fn last(&self) -> Option<Attempt> {
        self.with_attempts(|attempts| attempts.last().cloned())
    }

    /// The attempt whose words the caller got last: the last one, unless an answer has broken.
    pub(crate) fn answer(&self) -> Option<Attempt> {
        self.shared.recovery.answer().or_else(|| self.last())
    }

    /// How it has ended, if one of its attempts says so.
    pub(crate) fn ended(&self) -> Option<(End, Instant)> {
        let (answer, last) = (self.answer(), self.last());
        let asking = self.shared.recovery.is_asking();
        recovery::ended(answer.as_ref(), last.as_ref(), asking)
    }

    /// What becomes of an answer that breaks after its first words.
    pub(crate) fn recovery(&self) -> &Recovery {
        &self.shared.recovery
    }

    /// The attempt of this handle, if one has begun.
    pub(crate) fn current(&self) -> Option<&Attempt> {
        self.attempt.as_ref()
    }

    /// The attempt that is under way: the one that an outer layer has begun, or a new one, which
    /// takes from the attempt budget.
    pub(crate) fn attempt(&mut self, now: impl FnOnce() -> Instant) -> &Attempt {
        let Self {
            shared,
            at,
            attempt,
        } = self;
        attempt.get_or_insert_with(|| {
            let plan = shared.plan();
            let candidate = plan.and_then(|plan| plan.candidates.get(*at)).cloned();
            let conversation = plan.and_then(|plan| plan.conversation.clone());
            let tokens = shared.input.load(Relaxed) + shared.output.load(Relaxed);
            let attempt = Attempt::new(shared.id, candidate, conversation, tokens, now());
            shared.attempts.push(&attempt);
            attempt
        })
    }

    /// Turns to the candidate at this place of the plan; what comes next is a new attempt.
    pub(crate) fn turn_to(&mut self, at: usize) {
        self.at = at;
        self.attempt = None;
    }

    /// The place in the plan of the candidate whose turn it is.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Ends what is under way at this candidate: another one was better.
    pub(crate) fn supersede(&self, now: Instant) {
        if let Some(ours) = self.candidate() {
            self.shared.attempts.supersede(ours, now);
        }
    }

    /// Of two that were under way the one at this candidate answers: it is the last from now on.
    pub(crate) fn answers(&self) {
        if let Some(ours) = self.candidate() {
            self.shared.attempts.answers(ours);
        }
    }

    /// Bounds the whole call, counted from its start. The first bound holds.
    pub(crate) fn bound(&self, total: Duration) -> Instant {
        *self
            .shared
            .until
            .get_or_init(|| crate::clock::later(self.shared.started, total))
    }

    pub(crate) fn set_operation(&self, operation: Operation) {
        let _ = self.shared.operation.set(operation);
    }

    pub(crate) fn expect(&self, need: Need) {
        self.shared.input.store(need.input, Relaxed);
        self.shared.output.store(need.output, Relaxed);
    }

    pub(crate) fn set_reasons(&self, reasons: bool) {
        self.shared.reasons.store(reasons, Relaxed);
    }

    pub(crate) fn set_stream(&self, stream: bool) {
        self.shared.stream.store(stream, Relaxed);
    }

    /// Chooses the protocol in which the caller hears of errors, once.
    pub fn set_dialect(&self, dialect: Dialect) {
        let _ = self.shared.dialect.set(dialect);
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
    fn plan(&self) -> Option<&Plan> {
        let narrowed = self.narrowed.get().map(|plan| &**plan);
        narrowed.or_else(|| self.plan.get())
    }
}
