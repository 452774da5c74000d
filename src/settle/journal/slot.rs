//! A place in a journal.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use super::leasing::Wish;
use super::ledger::Inner;
use super::queue::Waiting;
use super::settings::Durability;
use super::ticket::{Teller, Ticket};
use crate::caller::Caller;
use crate::clock::CENTURY;
use crate::error::Error;
use crate::generation::GenerationId;
use crate::kind::Kind;
use crate::limits::{Exceeded, Now};
use crate::money::Money;
use crate::settle::claim::{Claim, Held};
use crate::settle::ledger::Slot;
use crate::settle::limited::{Limited, Shares};
use crate::settle::record::Record;
use crate::settle::store::{Entry, HoldRow, Row, StoreError};

/// A place in a [`Journal`](super::Journal).
pub struct JournalSlot {
    journal: Arc<Inner>,
    stage: Stage,
    held: Money,
    limited: Option<(Limited, Now)>,
    /// A claim that waits for a lease, and when it came.
    wish: Option<(Arc<Wish>, Now)>,
    /// For what it waits, and no longer than this.
    ticket: Option<Arc<Ticket>>,
    patience: Option<Pin<Box<Sleep>>>,
}

/// When the writer has tried again, or others have given back what they have leased.
const SOON: Duration = Duration::from_secs(1);

/// How far has it come?
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Nothing has been said from it.
    Free,
    /// It holds for this request.
    Holding(GenerationId),
    /// All is said.
    Written,
}

// === impl JournalSlot ===

impl JournalSlot {
    /// In a place that has been taken.
    pub(super) fn new(journal: Arc<Inner>) -> Self {
        Self {
            journal,
            stage: Stage::Free,
            held: Money::ZERO,
            limited: None,
            wish: None,
            ticket: None,
            patience: None,
        }
    }

    /// What is leased is never spent before that is recorded, whatever else need not outlive the process.
    fn ticket(&mut self, is_leased: bool) -> Option<Teller> {
        self.patience = None;
        let (ticket, teller) = match self.journal.settings.durability {
            Durability::Memory if !is_leased => return None,
            Durability::Memory | Durability::Process | Durability::Power => Ticket::new(),
        };
        self.ticket = Some(ticket);
        Some(teller)
    }

    /// Takes it of the limits, or has it leased.
    fn claim(&mut self, claim: &Claim) -> Result<(), Exceeded> {
        // What an earlier claim has taken is given back first.
        self.give_back();
        match Limited::take(&self.journal.settings.limits, claim) {
            Ok(limited) => self.limited = Some((limited, claim.now())),
            Err(exceeded) if exceeded.may_be_leased && self.journal.leases() => {
                let wish = Wish::new(claim, &self.journal.settings.limits);
                self.wish = Some((Arc::new(wish), claim.now()));
            }
            Err(exceeded) => return Err(exceeded),
        }
        Ok(())
    }

    fn give_back(&mut self) {
        self.limited = None;
        if let Some((wish, _)) = self.wish.take() {
            wish.leave();
        }
    }

    fn shares(&self) -> Shares {
        match (&self.limited, &self.wish) {
            (Some((limited, _)), _) => limited.shared().clone(),
            // It may be taken, and nobody has heard of it yet.
            (None, Some((wish, _))) => wish.taken(),
            (None, None) => None,
        }
    }

    fn poll_ticket(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Some(ticket) = &self.ticket else {
            return Poll::Ready(Ok(()));
        };
        if let Some(told) = ticket.look(cx.waker()) {
            self.ticket = None;
            return Poll::Ready(told.map_err(|why| refused(&why)));
        }
        let patience = self.journal.settings.patience;
        // No clock shows it, and a clock that is paused would jump there.
        if patience < CENTURY {
            let timer = || Box::pin(sleep(patience));
            let timer = self.patience.get_or_insert_with(timer);
            if timer.as_mut().poll(cx).is_ready() {
                self.ticket = None;
                return Poll::Ready(Err(too_late(patience)));
            }
        }
        Poll::Pending
    }
}

impl Slot for JournalSlot {
    fn hold(&mut self, claim: &Claim) -> Result<Held, Error> {
        self.claim(claim)?;
        let caller = claim.caller.as_deref();
        let hold = HoldRow {
            id: claim.id,
            created: claim.created,
            account: caller.map_or(Caller::ACCOUNT, Caller::account_name).into(),
            key: caller.map(Caller::key),
            model: claim.model.as_deref().map(str::to_owned),
            user: claim.user.as_deref().map(str::to_owned),
            tag: claim.tag.as_deref().map(str::to_owned),
            amount: claim.amount,
            replica: self.journal.settings.replica.clone(),
        };
        let shares = self.shares();
        let ticket = self.ticket(shares.is_some() || self.wish.is_some());
        let waiting = Waiting {
            shares,
            wish: self.wish.as_ref().map(|(wish, _)| wish.clone()),
            ..Waiting::new(Entry::Hold(hold), ticket, false)
        };
        if let Err(why) = self.journal.queue.ask(waiting) {
            self.give_back();
            return Err(refused(&why));
        }
        self.journal.recent.claim(claim.amount, self.held);
        self.held = claim.amount;
        self.stage = Stage::Holding(claim.id);
        Ok(match self.ticket {
            Some(_) => Held::Later,
            None => Held::Now,
        })
    }

    fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_ticket(cx))?;
        if let Some((wish, began)) = self.wish.take() {
            self.limited = Some((wish.answer()?, began));
        }
        Poll::Ready(Ok(()))
    }

    fn available(&self, claim: &Claim) -> Option<Money> {
        Limited::available(&self.journal.settings.limits, claim)
    }

    fn tells_apart(&self) -> bool {
        self.journal.settings.limits.tells_apart()
    }

    fn write(&mut self, record: Record) {
        let shares = self.shares();
        let limited = self.limited.take();
        let unwritten = limited.and_then(|(mut limited, began)| limited.settle(&record, began));
        let entry = Entry::Row(Box::new(Row::from(&record)));
        let ticket = self.ticket(false);
        self.journal.queue.say(Waiting {
            unwritten,
            shares,
            ..Waiting::new(entry, ticket, true)
        });
        self.stage = Stage::Written;
        let held = std::mem::take(&mut self.held);
        self.journal.recent.push(&mut Some(record), held);
    }

    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_ticket(cx)
    }
}

impl Drop for JournalSlot {
    fn drop(&mut self) {
        self.journal.recent.claim(Money::ZERO, self.held);
        let shares = self.shares();
        // Before it is told.
        self.give_back();
        match self.stage {
            Stage::Written => {}
            Stage::Free => self.journal.queue.leave(1),
            Stage::Holding(id) => self.journal.queue.say(Waiting {
                shares,
                ..Waiting::new(Entry::Released(id), None, true)
            }),
        }
    }
}

impl fmt::Debug for JournalSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalSlot")
            .field("stage", &self.stage)
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}

/// Its own words are for the operator.
fn refused(why: &StoreError) -> Error {
    if let StoreError::Lapsed(_) = why {
        let lapsed = "Insufficient credits: what was leased of a limit is leased by others now";
        return Error::new(Kind::PaymentRequired, lapsed)
            .with_retry_after(SOON)
            .with_waiting_helps(true)
            .with_source(why.again());
    }
    away("the ledger cannot store the request just now").with_source(why.again())
}

fn too_late(patience: Duration) -> Error {
    let waited = format!("waited {} ms for it", patience.as_millis());
    away("the ledger did not store the request in time").with_source(waited)
}

/// The writer tries again each second, at least.
fn away(message: &'static str) -> Error {
    Error::new(Kind::LedgerAway, message).with_retry_after(SOON)
}
