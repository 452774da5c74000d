//! Where records go.

use std::task::{Context, Poll};

use super::claim::{Claim, Held};
use super::record::Record;
use crate::error::{BoxError, Error};
use crate::limits::Limits;
use crate::money::Money;

/// A place for records. Capacity is taken before the upstream is asked, so that a bill is never lost
/// for want of room: a full ledger is back-pressure.
///
/// One of your own, before a task that writes to a database: its slots are those of a channel.
///
/// ```
/// use std::{future::Future, pin::Pin, task::{Context, Poll, ready}};
/// use switchtower::settle::{Claim, Held, Ledger, Record, Slot};
/// use switchtower::{BoxError, Error};
/// use tokio::sync::mpsc::{OwnedPermit, Sender, channel, error::SendError};
///
/// type Reserving = dyn Future<Output = Result<OwnedPermit<Record>, SendError<()>>> + Send;
///
/// struct Queue {
///     sender: Sender<Record>,
///     reserving: Option<Pin<Box<Reserving>>>,
/// }
///
/// struct Place(Option<OwnedPermit<Record>>);
///
/// impl Ledger for Queue {
///     type Slot = Place;
///
///     fn poll_slot(&mut self, cx: &mut Context<'_>) -> Poll<Result<Place, BoxError>> {
///         let sender = &self.sender;
///         let reserving = || Box::pin(sender.clone().reserve_owned()) as _;
///         let permit = ready!(self.reserving.get_or_insert_with(reserving).as_mut().poll(cx));
///         self.reserving = None;
///         Poll::Ready(Ok(Place(Some(permit?))))
///     }
/// }
///
/// impl Slot for Place {
///     fn hold(&mut self, _: &Claim) -> Result<Held, Error> {
///         Ok(Held::Now) // a ledger that keeps spending limits may refuse
///     }
///
///     fn write(&mut self, record: Record) {
///         self.0.take().map(|permit| permit.send(record));
///     }
/// }
///
/// impl Clone for Queue {
///     fn clone(&self) -> Self {
///         Self { sender: self.sender.clone(), reserving: None }
///     }
/// }
/// # use switchtower::{Stack, catalog::Catalog, client, testing::Upstream};
/// # use http_body_util::BodyExt;
/// # use tower::ServiceExt;
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// # let acme = Upstream::start().await;
/// # let catalog = std::sync::Arc::new(Catalog::from_toml(&format!(r#"
/// #     providers.acme.base_url = "{}"
/// #     [[models.swift.endpoints]]
/// #     provider = "acme"
/// #     model = "swift-2"
/// # "#, acme.base_url()), "switchtower.toml", |_| None)?);
/// # let ask = r#"{"model": "swift", "messages": [{"role": "user", "content": "hi"}]}"#.to_owned();
/// # let ask = http::Request::new(ask);
///
/// let (sender, mut records) = channel(100);
/// let stack = Stack::new(catalog).with_ledger(Queue { sender, reserving: None });
/// let service = stack.around(client::hyper::plain());
/// service.oneshot(ask).await?.into_body().collect().await?;
/// assert_eq!(records.recv().await.unwrap().attempts.len(), 1);
/// # Ok(()) }
/// ```
pub trait Ledger {
    /// A place for one record.
    type Slot: Slot;

    /// Ready with a slot when there is room for one more record.
    ///
    /// # Errors
    ///
    /// When the ledger cannot take any record any more. No request is let in then.
    fn poll_slot(&mut self, cx: &mut Context<'_>) -> Poll<Result<Self::Slot, BoxError>>;

    /// By which limits does it claim? None: it does not tell.
    fn limits(&self) -> Option<&Limits> {
        None
    }
}

/// A place in a [`Ledger`], taken before the upstream is asked. Dropping it gives it back, with whatever it claims.
///
/// ```text
/// poll_slot ─▶ hold ─▶ poll_held ─▶ the upstream is asked ─▶ write ─▶ poll_written ─▶ the last frame goes out
///                └ 402                                         └ dropped: written, and nobody waits
/// ```
pub trait Slot {
    /// Claims what a request may cost, before anybody is asked; once.
    ///
    /// # Errors
    ///
    /// Where a limit leaves no room for it: [`PaymentRequired`](crate::Kind::PaymentRequired), with the limit. Nothing is
    /// claimed then, and nobody is asked.
    fn hold(&mut self, claim: &Claim) -> Result<Held, Error>;

    /// Ready once the claim is as safe as the ledger promises; asked only after [`Held::Later`].
    ///
    /// # Errors
    ///
    /// As for [`hold`](Self::hold), or where the claim could not be stored.
    fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let _ = cx;
        Poll::Ready(Ok(()))
    }

    /// The most that this claim could be for now, be it more or less than it asks; none where nothing limits it. Its own
    /// amount is not looked at.
    fn available(&self, claim: &Claim) -> Option<Money> {
        let _ = claim;
        None
    }

    /// Are there limits that count some of a plan's candidates, and others not? Then each candidate is asked for by itself: with
    /// [`Claim::apart`].
    fn tells_apart(&self) -> bool {
        false
    }

    /// Writes the record and turns the claim into its charge; once. It cannot fail and cannot wait: the wait was when
    /// the slot was taken.
    fn write(&mut self, record: Record);

    /// Ready once what was written is as safe as the ledger promises. The last frame of an answer waits for it, so that
    /// an answer that a caller has seen whole is in the ledger.
    ///
    /// # Errors
    ///
    /// Where it could not be stored. The answer then ends in this error, instead of its last frame.
    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let _ = cx;
        Poll::Ready(Ok(()))
    }
}
