//! Where records go.

use std::task::{Context, Poll};

use super::record::Record;
use crate::error::BoxError;
use crate::money::Money;

/// A place for records. Capacity is taken before the upstream is asked, so that a bill is never lost
/// for want of room: a full ledger is back-pressure.
///
/// One of your own, before a task that writes to a database: its slots are those of a channel.
///
/// ```
/// use std::{future::Future, pin::Pin, task::{Context, Poll, ready}};
/// use switchtower::settle::{Ledger, Record, Slot};
/// use switchtower::{BoxError, Money};
/// use tokio::sync::mpsc::{OwnedPermit, Sender, channel, error::SendError};
///
/// type Reserving = dyn Future<Output = Result<OwnedPermit<Record>, SendError<()>>> + Send;
///
/// struct Queue {
///     sender: Sender<Record>,
///     reserving: Option<Pin<Box<Reserving>>>,
/// }
///
/// struct Place(OwnedPermit<Record>);
///
/// impl Ledger for Queue {
///     type Slot = Place;
///
///     fn poll_slot(&mut self, cx: &mut Context<'_>) -> Poll<Result<Place, BoxError>> {
///         let sender = &self.sender;
///         let reserving = || Box::pin(sender.clone().reserve_owned()) as _;
///         let permit = ready!(self.reserving.get_or_insert_with(reserving).as_mut().poll(cx));
///         self.reserving = None;
///         Poll::Ready(Ok(Place(permit?)))
///     }
/// }
///
/// impl Slot for Place {
///     fn hold(&mut self, _: Money) {} // for a ledger that keeps spending limits
///
///     fn write(self, record: Record) {
///         self.0.send(record);
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
}

/// A place in a [`Ledger`], taken before the upstream is asked. Dropping it unused gives it back.
pub trait Slot {
    /// Claims an amount until the record is written.
    fn hold(&mut self, amount: Money);

    /// Writes the record and releases the claim. It cannot fail and cannot wait: the wait was when
    /// the slot was taken.
    fn write(self, record: Record);
}
