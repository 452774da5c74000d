//! The row that remains of a request.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::app::App;
use super::attempts::Attempts;
use super::cost::{Certainty, Cost};
use crate::attempt::End;
use crate::caller::Caller;
use crate::catalog::Endpoint;
use crate::generation::GenerationId;
use crate::money::Money;
use crate::short::Short;
use crate::usage::Usage;
use crate::wire::{Finish, Operation, Tier};

/// What remains of a request that reached `settle`. No prompt, no answer, no key.
///
/// The examples of [`Stack`](crate::Stack) and of [`Ledger`](super::Ledger) read one.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its name.
    pub id: GenerationId,
    /// When it came.
    pub created: SystemTime,
    /// Who asked; none where nobody has asked for a key.
    pub caller: Option<Arc<Caller>>,
    /// The model that the caller named.
    pub requested: Option<Short>,
    /// The end user, by the caller's word: the body's `user`, 128 bytes of it.
    pub user: Option<Short>,
    /// The caller's own word for what it was about: the header `x-switchtower-tag`.
    pub tag: Option<Short>,
    /// What was asked of a model.
    pub operation: Operation,
    /// Did the caller ask for an event stream?
    pub streamed: bool,
    /// How it ended: as the attempt that answered did; without an answer, with the error that the caller
    /// was told, or as cancelled when it left before.
    pub end: End,
    /// All attempts, in order.
    pub attempts: Attempts,
    /// The place of the attempt that answered: of the last one, unless it was asked for the rest of an answer that broke
    /// and had nothing to say.
    pub answered_by: Option<usize>,
    /// The usage of the attempt that answered: reported, else estimated. Where it went on with an answer that broke, what
    /// was said before counts as written, not as read.
    pub usage: Usage,
    /// What the caller pays: zero where nothing is charged, none where the price is unknown.
    pub charge: Option<Money>,
    /// The operator's fee, which the caller pays beside the charge: a part of it, or of what it would have been without the
    /// caller's own key.
    pub fee: Money,
    /// What was claimed for it: the most that it might have cost.
    pub held: Money,
    /// Why the model stopped.
    pub finish: Option<Finish>,
    /// From the arrival of the request to its first content; none unless it was a stream.
    pub first_token: Option<Duration>,
    /// From the arrival of the request to its end.
    pub took: Duration,
    /// The caller's `HTTP-Referer`, `X-Title` or `X-OpenRouter-Title`, and `User-Agent`.
    pub app: App,
}

/// One attempt, as its [`Record`] remembers it.
#[derive(Clone, Debug)]
pub struct AttemptRecord {
    /// The endpoint that was asked; none where there was no plan.
    pub endpoint: Option<Arc<Endpoint>>,
    /// The provider's own id of the answer.
    pub upstream_id: Option<Short>,
    /// The name of the key that it was asked with, never a part of it.
    pub key: Option<Arc<str>>,
    /// Is that one of the caller's own, so that the caller pays the provider?
    pub byok: bool,
    /// The HTTP status, if it answered.
    pub status: Option<u16>,
    /// How it ended.
    pub end: End,
    /// From asking to the first content of a stream.
    pub first_token: Option<Duration>,
    /// From asking to the end.
    pub took: Duration,
    /// Was it sent, and no word came back? Then nobody knows whether the provider works on it, and its cost is an estimate.
    pub ambiguous: bool,
    /// Events of its answer that were no JSON.
    pub malformed_events: u32,
    /// The tokens: reported, else estimated; where the provider writes on for nobody, those of the whole answer.
    pub usage: Usage,
    /// Of them, about how many it was given of an answer that broke, to go on with.
    pub goes_on_from: u64,
    /// What the provider bills for it.
    pub cost: Cost,
    /// The same by its price list; none if that is unknown.
    pub listed: Option<Money>,
    /// What the provider itself says that it bills, be that the cost or not: see
    /// [`ReportedCost`](crate::catalog::ReportedCost).
    pub reported: Option<Money>,
    /// The tier in which the provider says that it has answered.
    pub tier: Option<Tier>,
    /// The part of the cost that is for the prompt.
    pub prompt_cost: Option<Money>,
}

const ROUNDED: Money = Money::from_picodollars(1000);

// === impl Record ===

impl Record {
    /// How sure is the charge? Of nothing that is charged, quite.
    pub fn charge_certainty(&self) -> Certainty {
        match self.charge {
            None => Certainty::Unknown,
            Some(charge) if charge.is_zero() => Certainty::Exact,
            Some(_) => match self.answer().map(|answer| answer.cost.certainty) {
                Some(Certainty::Exact) if self.attempts.iter().all(|one| one.goes_on_from == 0) => {
                    Certainty::Exact
                }
                _ => Certainty::Estimated,
            },
        }
    }

    /// The attempt that answered, or the last that did not.
    pub fn answer(&self) -> Option<&AttemptRecord> {
        self.attempts.get(self.answered_by?)
    }

    /// What the caller pays to the operator: the charge and the fee. None where that is unknown.
    pub fn paid(&self) -> Option<Money> {
        Some(self.charge?.saturating_add(self.fee))
    }

    /// What the limits of the caller's key count: what is paid, and what its own keys cost if the key says so.
    pub fn counted(&self) -> Option<Money> {
        let counts = |caller: &Arc<Caller>| caller.rights().includes_byok();
        let own = self.answer().filter(|answer| answer.byok);
        match own.filter(|_| self.caller.as_ref().is_some_and(counts)) {
            Some(own) => Some(self.paid()?.saturating_add(own.cost.amount?)),
            None => self.paid(),
        }
    }

    /// By how much what is counted exceeds what was claimed for it; none where it does not. See [`claim`](super::claim).
    pub fn overrun(&self) -> Option<Money> {
        let more = self.counted()?.saturating_sub(self.held);
        (more > Money::ZERO).then_some(more)
    }
}

// === impl AttemptRecord ===

impl AttemptRecord {
    /// What it costs by the list and by the provider's own word, if they differ: by more than a thousandth, and by more than a
    /// billionth of a dollar, to which some round.
    pub fn disagreement(&self) -> Option<(Money, Money)> {
        let (listed, reported) = self.listed.zip(self.reported)?;
        let difference = listed.max(reported).saturating_sub(listed.min(reported));
        let tolerated = listed.max(reported).picodollars() / 1000 + ROUNDED.picodollars();
        // Before its end, both are running totals.
        let counts = self.cost.certainty == Certainty::Exact;
        (counts && difference.picodollars() > tolerated).then_some((listed, reported))
    }

    /// The slug of the endpoint.
    pub fn tag(&self) -> Option<&str> {
        self.endpoint.as_deref().map(Endpoint::tag)
    }

    /// The display name of the provider.
    pub fn provider(&self) -> Option<&str> {
        Some(self.endpoint.as_deref()?.provider().name())
    }

    /// The model that it served.
    pub fn model(&self) -> Option<&str> {
        self.endpoint.as_deref().map(Endpoint::model)
    }
}
