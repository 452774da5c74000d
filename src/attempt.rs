//! One try at one endpoint, from the moment it is asked to the last byte of its answer.

use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

pub use crate::end::End;
use crate::found::Found;
use crate::generation::GenerationId;
use crate::kind::Kind;
use crate::lesson::{self, Told};
use crate::permit::Permit;
use crate::plan::Candidate;
use crate::standing::{Conversation, Outcome};
use crate::wire::Chunk;

/// One try at one endpoint: a shared handle to what the single scan of the answer has found.
///
/// `meter` writes, the layers around it read after each frame. Everything that is touched per frame
/// is one relaxed atomic; the lock is taken a few times in an attempt's life.
///
/// [`Call::attempts`](crate::Call::attempts) gives them; the example of [`meter`](crate::meter) reads one.
#[derive(Clone, Debug)]
pub struct Attempt(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// The name of its call.
    call: GenerationId,
    candidate: Option<Candidate>,
    conversation: Option<Conversation>,
    /// The tokens that it is expected to move.
    tokens: u64,
    started: Instant,
    // A word each, so that each is set by a plain store.
    metered: AtomicBool,
    finished: AtomicBool,
    done: AtomicBool,
    excused: AtomicBool,
    repeated: AtomicBool,
    /// Has its permit been accounted for?
    judged: AtomicBool,
    events: AtomicU32,
    content_events: AtomicU32,
    content_bytes: AtomicU64,
    /// Microseconds since `started`, plus one; zero while it has not happened.
    headers: AtomicU64,
    first_content: AtomicU64,
    /// The HTTP status; zero while there is none.
    status: AtomicU16,
    found: Mutex<Found>,
    /// What an answer that is one document says, and how long that is.
    document: OnceLock<(usize, Chunk)>,
    /// By what it was let through, where a gate has made it; one inside whoever has made it comes later.
    permit: Option<Permit>,
    late_permit: OnceLock<Box<Permit>>,
    end: OnceLock<(End, Instant)>,
}

// === impl Attempt ===

impl Attempt {
    pub(crate) fn new(
        call: GenerationId,
        candidate: Option<Candidate>,
        conversation: Option<Conversation>,
        tokens: u64,
        permit: Option<Permit>,
        started: Instant,
    ) -> Self {
        if let Some(candidate) = &candidate {
            candidate.standing.began(tokens);
        }
        Self(Arc::new(Shared {
            call,
            candidate,
            conversation,
            tokens,
            started,
            metered: AtomicBool::new(false),
            finished: AtomicBool::new(false),
            done: AtomicBool::new(false),
            excused: AtomicBool::new(false),
            repeated: AtomicBool::new(false),
            judged: AtomicBool::new(false),
            events: AtomicU32::new(0),
            content_events: AtomicU32::new(0),
            content_bytes: AtomicU64::new(0),
            headers: AtomicU64::new(0),
            first_content: AtomicU64::new(0),
            status: AtomicU16::new(0),
            found: Mutex::default(),
            document: OnceLock::new(),
            permit,
            late_permit: OnceLock::new(),
            end: OnceLock::new(),
        }))
    }

    /// The endpoint that was asked; none where a layer is used without `choose`.
    pub fn candidate(&self) -> Option<&Candidate> {
        self.0.candidate.as_ref()
    }

    /// Is that the endpoint?
    pub(crate) fn is_at(&self, candidate: &Candidate) -> bool {
        let its = self.candidate();
        its.is_some_and(|its| Arc::ptr_eq(&its.standing, &candidate.standing))
    }

    /// The conversation that it goes on with, if it is known.
    pub(crate) fn conversation(&self) -> Option<&Conversation> {
        self.0.conversation.as_ref()
    }

    /// When it was asked.
    pub fn started(&self) -> Instant {
        self.0.started
    }

    /// Does a `meter` watch this attempt? Without one, any byte counts as content.
    pub fn is_metered(&self) -> bool {
        self.0.metered.load(Relaxed)
    }

    /// Has every choice that began got its finish reason?
    pub fn is_finished(&self) -> bool {
        self.0.finished.load(Relaxed)
    }

    /// Has `[DONE]` come, or the end of a JSON answer?
    pub fn is_done(&self) -> bool {
        self.0.done.load(Relaxed)
    }

    /// Has it said anything: content, or at least why there is none?
    pub fn has_answered(&self) -> bool {
        self.content_events() > 0 || self.with_found(|found| found.finish.is_some())
    }

    /// Events that carried content: text, a tool call or reasoning.
    pub fn content_events(&self) -> u32 {
        self.0.content_events.load(Relaxed)
    }

    /// Bytes of content, as the model wrote them.
    pub fn content_bytes(&self) -> u64 {
        self.0.content_bytes.load(Relaxed)
    }

    /// Is this the same attempt?
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// All events, with the empty ones and the comments.
    pub fn events(&self) -> u32 {
        self.0.events.load(Relaxed)
    }

    /// From the question to the response headers.
    pub fn headers_after(&self) -> Option<Duration> {
        micros(&self.0.headers)
    }

    /// From the question to the first content; of a stream only, since a document comes all at once.
    pub fn first_content_after(&self) -> Option<Duration> {
        micros(&self.0.first_content)
    }

    /// What the answer said about itself so far.
    pub fn found(&self) -> Found {
        self.with_found(Found::clone)
    }

    /// Looks at it, without a copy.
    pub(crate) fn with_found<T>(&self, look: impl FnOnce(&Found) -> T) -> T {
        look(&self.lock())
    }

    /// Was it sent, and not a word of an answer came, so that nobody knows whether the provider works on it, and bills it?
    pub fn is_ambiguous(&self) -> bool {
        let Some((end, _)) = self.ended() else {
            return false;
        };
        let unheard = match end {
            End::Complete => false,
            End::Failed(kind) => matches!(kind, Kind::Disconnected | Kind::Elapsed(_)),
            End::Superseded | End::Cancelled => true,
        };
        unheard && self.headers_after().is_none()
    }

    /// How it ended and when, once it has.
    pub fn ended(&self) -> Option<(End, Instant)> {
        self.0.end.get().copied()
    }

    /// Ends it. The first cause wins: a deadline says so before it drops what is inside, and the
    /// drop, which by itself would mean that the caller left, changes nothing any more.
    pub fn end(&self, end: End, now: Instant) {
        if self.0.end.set((end, now)).is_ok() {
            let told = self.with_found(Told::of);
            self.0.leave();
            if let (Some(permit), Some(tokens)) = (self.permit(), told.moved(end)) {
                permit.moved(tokens, now);
            }
            lesson::teach(self, end, &told, now);
            self.judge_as(
                lesson::outcome(self, end, now),
                lesson::suspects_key(end),
                now,
            );
            crate::telemetry::attempt_ended(&self.0.call, self, end);
        }
    }

    /// What it does is now the business of this permit, of which it gives account once: at its end, or when dropped.
    pub(crate) fn gated(&self, permit: Permit) {
        let vain = match self.0.permit {
            None => self.0.late_permit.set(Box::new(permit)).err(),
            Some(_) => Some(Box::new(permit)),
        };
        // It answers for one only: where somebody asks again within the same attempt, nobody answers for the second.
        if let Some(permit) = vain {
            permit.leave();
            permit.release();
        }
    }

    /// What it was let through by, if a gate has.
    pub(crate) fn permit(&self) -> Option<&Permit> {
        self.0.permit()
    }

    /// Gives account of its permit, if nobody has yet.
    pub(crate) fn judge(&self, outcome: Outcome, now: Instant) {
        self.judge_as(outcome, false, now);
    }

    fn judge_as(&self, outcome: Outcome, suspect: bool, now: Instant) {
        if let Some(permit) = self.0.give_back() {
            let outcome = lesson::vote(self, outcome, permit.is_probe());
            // Only a refusal has one.
            let retry_after = match outcome {
                Outcome::Succeeded | Outcome::Slow | Outcome::Nothing => None,
                _ => self.found().retry_after,
            };
            let changes = permit.judge(outcome, suspect, retry_after, now);
            if let Some(change) = changes.endpoint {
                crate::telemetry::circuit_changed(self, change);
            }
            if let Some(change) = changes.key {
                crate::telemetry::key_changed(self, change);
            }
        }
    }

    /// It had less time than the operator gives: that it took longer is held against nobody.
    pub(crate) fn excuse(&self) {
        self.0.excused.store(true, Relaxed);
    }

    pub(crate) fn is_excused(&self) -> bool {
        self.0.excused.load(Relaxed)
    }

    /// The same request has failed here before.
    pub(crate) fn repeats(&self) {
        self.0.repeated.store(true, Relaxed);
    }

    pub(crate) fn is_repeated(&self) -> bool {
        self.0.repeated.load(Relaxed)
    }

    pub(crate) fn metered(&self) {
        self.0.metered.store(true, Relaxed);
    }

    pub(crate) fn headers_came(&self, status: u16, now: Instant) {
        self.note(&self.0.headers, now);
        self.0.status.store(status, Relaxed);
        let accepted = (200..300)
            .contains(&status)
            .then(|| self.permit())
            .flatten();
        if let Some(change) = accepted.and_then(|permit| permit.accepted(now)) {
            crate::telemetry::key_changed(self, change);
        }
    }

    // One writer counts, in the poll of one body: there is nothing to lock for each event.
    pub(crate) fn event(&self) {
        let events = self.events();
        self.0.events.store(events.wrapping_add(1), Relaxed);
    }

    /// Content has come; `now` is given for the first of a stream, since only there it is the first.
    pub(crate) fn content(&self, bytes: u32, now: Option<Instant>) {
        let (events, before) = (self.content_events(), self.content_bytes());
        self.0.content_events.store(events.wrapping_add(1), Relaxed);
        if let Some(now) = now {
            self.note(&self.0.first_content, now);
        }
        let bytes = before.wrapping_add(bytes.into());
        self.0.content_bytes.store(bytes, Relaxed);
    }

    pub(crate) fn finished(&self, finished: bool) {
        self.0.finished.store(finished, Relaxed);
    }

    pub(crate) fn done(&self) {
        self.0.done.store(true, Relaxed);
    }

    pub(crate) fn find(&self, change: impl FnOnce(&mut Found)) {
        change(&mut self.lock());
    }

    fn lock(&self) -> MutexGuard<'_, Found> {
        let found = self.0.found.lock();
        let mut found = found.unwrap_or_else(PoisonError::into_inner);
        found.status = match self.0.status.load(Relaxed) {
            0 => None,
            status => Some(status),
        };
        found
    }

    /// An answer that is one document of so many bytes has been read.
    pub(crate) fn read(&self, bytes: usize, chunk: Chunk) {
        let _ = self.0.document.set((bytes, chunk));
    }

    /// What an answer says that is one document of so many bytes, if it has been read.
    #[cfg(feature = "gateway")]
    pub(crate) fn document(&self, bytes: usize) -> Option<&Chunk> {
        let (read, chunk) = self.0.document.get()?;
        (*read == bytes).then_some(chunk)
    }

    fn note(&self, slot: &AtomicU64, now: Instant) {
        let micros = now.saturating_duration_since(self.0.started).as_micros();
        slot.store(u64::try_from(micros).unwrap_or(u64::MAX - 1) + 1, Relaxed);
    }
}

fn micros(slot: &AtomicU64) -> Option<Duration> {
    slot.load(Relaxed).checked_sub(1).map(Duration::from_micros)
}

// === impl Shared ===

impl Shared {
    fn permit(&self) -> Option<&Permit> {
        let late = || self.late_permit.get().map(|permit| &**permit);
        self.permit.as_ref().or_else(late)
    }

    /// It is under way no more.
    fn leave(&self) {
        if let Some(candidate) = &self.candidate {
            candidate.standing.ended(self.tokens);
        }
        if let Some(permit) = self.permit() {
            permit.leave();
        }
    }

    /// The permit, for the first who asks.
    fn give_back(&self) -> Option<&Permit> {
        let permit = self.permit()?;
        (!self.judged.swap(true, Relaxed)).then_some(permit)
    }
}

impl Drop for Shared {
    /// Where no layer watches the answer, nobody ends it.
    fn drop(&mut self) {
        if self.end.get().is_none() {
            self.leave();
        }
        // There is nobody left to race with.
        if !*self.judged.get_mut()
            && let Some(permit) = self.permit()
        {
            permit.release();
        }
    }
}
