use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;

use super::account::Asked;
use super::body::Body;
use super::claim::{Asks, Claim, Counted, Held, HoldPolicy, Parts, Terms, take};
use super::future::ResponseFuture;
use super::hold::Hold;
use super::ledger::Ledger;
use crate::call::Call;
use crate::caller::Caller;
use crate::catalog::Rate;
use crate::count_tokens::CountTokens;
use crate::early::let_go;
use crate::error::{BoxError, Error};
use crate::kind::Kind;
use crate::money::{Money, Ratio};
use crate::payload::Payload;
use crate::short::Short;
use crate::telemetry;
use crate::wire::{Field, Modality};

/// Takes a hold, and settles it when the body ends. See the [module docs](super).
///
/// # Clone
///
/// A clone carries no readiness and no slot.
pub struct Settle<S, L: Ledger> {
    inner: S,
    ledger: L,
    policy: HoldPolicy,
    fee: Ratio,
    counter: Option<Arc<dyn CountTokens>>,
    slot: Option<L::Slot>,
}

// === impl Settle ===

impl<S, L: Ledger> Settle<S, L> {
    pub(super) fn new(
        inner: S,
        ledger: L,
        (policy, fee): (HoldPolicy, Ratio),
        counter: Option<Arc<dyn CountTokens>>,
    ) -> Self {
        Self {
            inner,
            ledger,
            policy,
            fee,
            counter,
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
                Error::new(Kind::LedgerAway, "the ledger takes no records").with_source(source)
            })?;
            self.slot = Some(slot);
        }
        self.inner.poll_ready(cx).map_err(Error::from_inner)
    }

    #[inline]
    fn call(&mut self, mut request: Request<Payload>) -> Self::Future {
        let mut slot = self
            .slot
            .take()
            .expect("`poll_ready` is called before `call`");
        let call = Call::of(request.extensions_mut()).clone();
        let payload = request.body();
        let asks = Asks::of(payload);
        let model = payload.view().model(payload.bytes());
        let mut claim = Claim {
            id: *call.id(),
            created: call.created(),
            caller: call.caller().cloned(),
            model: model.map(|model| Short::from(&*model)),
            user: payload.view().user(payload.bytes()),
            tag: call.wishes().tag.clone(),
            call: call.clone(),
            amount: Money::ZERO,
            apart: Vec::new(),
        };
        let includes = |caller: &Arc<Caller>| caller.rights().includes_byok();
        let policy = call.plan().and_then(|plan| plan.catalog.hold());
        let terms = Terms {
            policy: policy.unwrap_or(self.policy),
            asks: &asks,
            fee: self.fee,
            includes_own: call.caller().is_some_and(includes),
            wall: call.created(),
            payload,
            counted: &Counted::new(self.counter.as_deref(), payload),
        };
        let held = match take(&mut slot, &mut claim, call.plan(), terms) {
            Ok((held, None)) => held,
            Ok((held, Some(plan))) => {
                telemetry::narrowed(&call, &plan);
                call.narrow(plan);
                held
            }
            Err(error) => {
                let_go(&mut self.inner);
                return ResponseFuture::refused(error);
            }
        };
        let asked = Asked {
            model: claim.model,
            user: claim.user,
            tag: claim.tag,
            held: claim.amount,
            fee: self.fee,
            streamed: payload.view().stream(),
            prompt_bytes: prompt_bytes(payload),
            parts: Parts::of(&asks),
            images: images(&call, &asks),
            text: asks.text_alone(),
            max_output: asks.max_output(),
            choices: asks.answers(),
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

/// What of the prompt is taken to be its text where a provider does not count: the data of other parts is none.
fn prompt_bytes(payload: &Payload) -> u64 {
    let view = payload.view();
    let data = Modality::ALL.map(|modality| view.media_bytes(modality));
    let tools = view.value(Field::Tools).filter(|_| view.has_tools());
    let tools = tools.map_or(0, |tools| tools.len() as u64);
    (view.prompt_bytes() as u64).saturating_sub(data.iter().sum()) + tools
}

/// The images of the prompt, where one has a price of its own at any candidate.
fn images(call: &Call, asks: &Asks) -> u64 {
    let mut candidates = call.plan().map_or(&[][..], |plan| &plan.candidates).iter();
    match candidates.any(|candidate| candidate.endpoint.prices().lists(Rate::ImageUnit)) {
        true => asks.images(),
        false => 0,
    }
}

impl<S: Clone, L: Ledger + Clone> Clone for Settle<S, L> {
    fn clone(&self) -> Self {
        // The slot stays: it was taken for one request.
        Self {
            inner: self.inner.clone(),
            ledger: self.ledger.clone(),
            policy: self.policy,
            fee: self.fee,
            counter: self.counter.clone(),
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
