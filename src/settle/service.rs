use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;

use super::account::Asked;
use super::body::Body;
use super::claim::{Claim, Held};
use super::cost::worst_of;
use super::future::ResponseFuture;
use super::hold::Hold;
use super::ledger::{Ledger, Slot};
use crate::call::Call;
use crate::caller::Caller;
use crate::catalog::Rate;
use crate::error::{BoxError, Error};
use crate::kind::Kind;
use crate::money::{Femto, Money};
use crate::payload::Payload;
use crate::plan::Candidate;
use crate::short::Short;
use crate::wire::{Field, View};

/// Takes a hold, and settles it when the body ends. See the [module docs](super).
///
/// # Clone
///
/// A clone carries no readiness and no slot.
pub struct Settle<S, L: Ledger> {
    inner: S,
    ledger: L,
    slot: Option<L::Slot>,
}

// === impl Settle ===

impl<S, L: Ledger> Settle<S, L> {
    pub(super) fn new(inner: S, ledger: L) -> Self {
        Self {
            inner,
            ledger,
            slot: None,
        }
    }
}

impl<S, L, ResBody> Service<Request<Payload>> for Settle<S, L>
where
    S: Service<Request<Payload>, Response = Response<ResBody>> + Clone,
    S::Error: Into<BoxError> + 'static,
    ResBody: http_body::Body<Data = Bytes>,
    ResBody::Error: Into<BoxError> + 'static,
    L: Ledger,
{
    type Response = Response<Body<ResBody, L::Slot>>;
    type Error = Error;
    type Future = ResponseFuture<S, L::Slot>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.slot.is_none() {
            let slot = ready!(self.ledger.poll_slot(cx)).map_err(|source| {
                Error::new(Kind::Internal, "the ledger takes no records").with_source(source)
            })?;
            self.slot = Some(slot);
        }
        self.inner.poll_ready(cx).map_err(Error::from_inner)
    }

    fn call(&mut self, mut request: Request<Payload>) -> Self::Future {
        let mut slot = self
            .slot
            .take()
            .expect("`poll_ready` is called before `call`");
        let call = Call::of(request.extensions_mut()).clone();
        let payload = request.body();
        let images = images(&call, payload);
        let model = payload.view().model(payload.bytes());
        let claim = Claim {
            id: *call.id(),
            created: call.created(),
            caller: call.caller().cloned(),
            model: model.map(|model| Short::from(&*model)),
            user: payload.view().user(payload.bytes()),
            tag: call.wishes().tag.clone(),
            amount: worst(&call, payload.view(), images),
            call: call.clone(),
        };
        let held = match slot.hold(&claim) {
            Ok(held) => held,
            Err(error) => return ResponseFuture::refused(error),
        };
        let asked = Asked {
            model: claim.model,
            user: claim.user,
            tag: claim.tag,
            held: claim.amount,
            streamed: payload.view().stream(),
            prompt_bytes: payload.view().prompt_bytes() as u64,
            images,
            max_output: max_output(payload.view()),
            choices: payload.view().choices(),
            embeds: payload.view().has(Field::Input),
        };
        let mut hold = Hold::new(slot, call, asked);
        match held {
            Held::Now => {
                hold.taken();
                ResponseFuture::asking(self.inner.call(request), hold)
            }
            Held::Later => {
                // It is this one that is ready.
                let clone = self.inner.clone();
                let ready = std::mem::replace(&mut self.inner, clone);
                ResponseFuture::holding(ready, request, hold)
            }
        }
    }
}

/// The images of the prompt, where one has a price of its own at any candidate; else nobody need count them.
fn images(call: &Call, payload: &Payload) -> u64 {
    let mut candidates = call.plan().map_or(&[][..], |plan| &plan.candidates).iter();
    match candidates.any(|candidate| candidate.endpoint.prices().lists(Rate::ImageUnit)) {
        true => payload.view().images(payload.bytes()),
        false => 0,
    }
}

/// The longest answer that is asked for. What is only read writes nothing.
fn max_output(view: &View) -> Option<u64> {
    match view.has(Field::Input) {
        true => Some(0),
        false => view.max_output(),
    }
}

/// The worst that the plan may cost: its dearest candidate's worst.
fn worst(call: &Call, view: &View, images: u64) -> Money {
    let max_output = max_output(view);
    let includes = |caller: &Arc<Caller>| caller.rights().includes_byok();
    let includes = call.caller().is_some_and(includes);
    let worst = |candidate: &Candidate| {
        let worst = worst_of(
            &candidate.endpoint,
            view.prompt_bytes() as u64,
            images,
            max_output,
            view.choices(),
        );
        // With a key of its own the caller pays the fee, unless its limits count all of it.
        match &candidate.own_key {
            Some(own) if !includes => Some(own.fee_of(worst?.round())),
            _ => worst.map(Femto::round),
        }
    };
    let candidates = call.plan().map_or(&[][..], |plan| &plan.candidates);
    let amounts = candidates.iter().filter_map(worst);
    amounts.max().unwrap_or_default()
}

impl<S: Clone, L: Ledger + Clone> Clone for Settle<S, L> {
    fn clone(&self) -> Self {
        // The slot stays: it was taken for one request.
        Self {
            inner: self.inner.clone(),
            ledger: self.ledger.clone(),
            slot: None,
        }
    }
}

impl<S: fmt::Debug, L: Ledger> fmt::Debug for Settle<S, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settle")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
