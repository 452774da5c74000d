//! What becomes of an answer that is watched, from one event to the next.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;

use super::layer::RecoverLayer;
use super::seam::{Joint, Seam};
use super::told::Told;
use super::turn::{again, places};
use crate::attempt::{Attempt, End};
use crate::call::Call;
use crate::dispatch::common::Common;
use crate::dispatch::kept::Kept;
use crate::disposition::Next;
use crate::error::Error;
use crate::payload::Payload;
use crate::plan::Candidate;
use crate::telemetry;
use crate::wire::events;
use crate::wire::headers::is_event_stream;

/// A request whose answer may be mended.
pub(super) struct Asked<S> {
    pub(super) kept: Kept<S>,
    /// May another model go on with its text?
    pub(super) goes_on: bool,
    pub(super) call: Call,
    pub(super) settings: Arc<Common<S, RecoverLayer>>,
}

/// An answer that is watched.
pub(super) struct Watch<S: Service<Request<Payload>>> {
    /// As long as anybody may be asked for the rest.
    pub(super) kept: Option<Kept<S>>,
    pub(super) call: Call,
    pub(super) state: State<S::Future>,
    pub(super) settings: Arc<Common<S, RecoverLayer>>,
    goes_on: bool,
    told: Told,
    /// The attempt that answered first, and what it came to.
    first: Attempt,
    error: Option<Error>,
    /// The attempt whose answer is under way.
    attempt: Attempt,
    /// Where that joins what the caller has, unless it is the first.
    seam: Option<Seam>,
    /// Has the caller heard of it?
    heard: bool,
    times: u32,
}

/// What is it about?
pub(super) enum State<F> {
    /// An answer comes.
    Passing,
    /// Somebody is to be asked for the rest.
    Readying,
    /// Somebody is asked.
    Asking(Pin<Box<F>>),
    /// Nobody has the rest: what is said instead.
    Over(std::array::IntoIter<Bytes, 2>),
}

// === impl Watch ===

impl<S: Service<Request<Payload>>> Watch<S> {
    /// Watches this answer, if it is a stream of events that may be mended.
    pub(super) fn over<B>(asked: Asked<S>, response: &Response<B>) -> Option<Box<Self>> {
        let Asked {
            kept,
            goes_on,
            call,
            settings,
        } = asked;
        let attempt = answering(response)?;
        let own = attempt.candidate();
        let own = own.and_then(|candidate| candidate.endpoint.recovers());
        let wish = call.wishes().recover;
        if !wish.or(own).or(settings.on).unwrap_or(false) || call.tries() == 0 {
            return None;
        }
        // From here on the answer fails when it breaks.
        call.recovery().announce();
        Some(Box::new(Self {
            kept: Some(kept.laid_by()),
            call,
            state: State::Passing,
            goes_on,
            told: Told::new(settings.text_limit),
            settings,
            first: attempt.clone(),
            error: None,
            attempt,
            seam: None,
            heard: true,
            times: 0,
        }))
    }

    /// What becomes of this event?
    pub(super) fn take(&mut self, event: Bytes) -> Joint {
        let Some(seam) = &mut self.seam else {
            self.told.hear(&event);
            self.let_go();
            return Joint::Pass(event);
        };
        let joint = seam.take(&event, &mut self.told);
        if matches!(joint, Joint::Pass(_)) && !self.heard {
            self.heard = true;
            self.call.recovery().hand_over(&self.attempt);
        }
        joint
    }

    /// Can the rest come from this answer?
    pub(super) fn joins<B>(&mut self, response: &Response<B>) -> bool {
        let Some(attempt) = answering(response) else {
            return false;
        };
        let tokens = attempt.found().goes_on_from;
        let said = self.call.recovery().said().filter(|_| tokens > 0);
        let prefill = attempt.candidate().and_then(|it| it.endpoint.prefill());
        let repeats = prefill.is_some_and(|prefill| prefill.repeats());
        let at = said.map_or(0, |said| said.text.len());
        self.seam = Some(Seam::new(if repeats { 0 } else { at }, tokens));
        self.attempt = attempt;
        self.heard = false;
        self.let_go();
        true
    }

    /// What comes is another answer than the caller has begun to read.
    pub(super) fn differs(&mut self, now: Instant) {
        self.attempt.end(End::Superseded, now);
        self.next(now);
    }

    /// The answer broke.
    pub(super) fn broke(&mut self, error: Error, now: Instant) {
        let passing = self.settings.dispositions.of(error.kind()).next == Next::Any;
        self.error.get_or_insert(error);
        match passing {
            true => self.next(now),
            false => self.give_up(),
        }
    }

    /// Turns to who is asked for the rest, if anybody is.
    pub(super) fn next(&mut self, now: Instant) {
        let over = self.call.until().is_some_and(|until| until <= now);
        if over || !self.may_ask() {
            return self.give_up();
        }
        let said = self.told.said().filter(|_| self.goes_on);
        let Some(place) = self.place(said.is_some(), now) else {
            return self.give_up();
        };
        self.times += 1;
        let answer = self.call.answer().unwrap_or_else(|| self.first.clone());
        self.call.turn_to(place);
        telemetry::recovering(&self.call, self.error.as_ref(), self.told.text.len());
        self.call.recovery().begin(&answer, said);
        self.seam = None;
        self.state = State::Readying;
    }

    /// May anybody be asked for the rest, whatever becomes of this answer?
    fn may_ask(&self) -> bool {
        let spent = self.times >= self.settings.times || self.call.tries() == 0;
        !spent && !self.told.is_lost()
    }

    /// Where nobody will be asked again the request need not be kept.
    fn let_go(&mut self) {
        if !self.may_ask() {
            self.kept = None;
        }
    }

    /// Who is asked, and pays for it from its retry budget?
    fn place(&self, goes_on: bool, now: Instant) -> Option<usize> {
        let pays = |slug| self.settings.budgets.of(slug, now).withdraw(now);
        let (Some(plan), Some(broken)) = (self.call.plan(), self.first.candidate()) else {
            let may = again(&self.attempt, &self.settings.dispositions);
            return (may && pays("")).then_some(0);
        };
        let dispositions = &self.settings.dispositions;
        let places = self
            .call
            .with_attempts(|attempts| places(plan, attempts, broken, goes_on, dispositions));
        let slug = |place: &usize| {
            let candidate: &Candidate = &plan.candidates[*place];
            candidate.endpoint.provider().slug()
        };
        places.into_iter().find(|place| pays(slug(place)))
    }

    /// Nobody has the rest: the answer ends as the first attempt has.
    fn give_up(&mut self) {
        self.call.recovery().give_up(&self.first);
        let error = self.error.take();
        let error = error.expect("nobody is asked for the rest of what has not broken");
        telemetry::broke_after_content(&self.call, &error);
        let events = [events::error(&error, &self.call), events::done()];
        self.state = State::Over(events.into_iter());
    }
}

/// The attempt that gives this answer, if it is a stream that `meter` watches.
fn answering<B>(response: &Response<B>) -> Option<Attempt> {
    let call = response.extensions().get::<Call>()?;
    let attempt = call.current()?;
    (attempt.is_metered() && is_event_stream(response.headers())).then(|| attempt.clone())
}

impl<S> fmt::Debug for Asked<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").finish_non_exhaustive()
    }
}
