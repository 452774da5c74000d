//! Hold before, charge once after, whatever happened.
//!
//! ```text
//! poll_ready   a slot in the ledger       a full ledger is back-pressure, never a lost bill
//! call         a hold on it               what the plan may cost: see `claim`
//!    │
//!    ├─ the body ended ─────────┐
//!    ├─ nobody answered ────────┤
//!    └─ the caller left ────────┴─▶ one Record: attempts with their cost, and the charge
//! ```
//!
//! **Cost** is what a provider bills for an attempt, with its certainty: [`Exact`](Certainty::Exact)
//! by the usage that it reported, [`Estimated`](Certainty::Estimated) by what was delivered where it
//! reported none, [`Unknown`](Certainty::Unknown) where its price is; never zero for want of
//! knowledge. So the exact ones add up to the provider's own books, and of the others each says [the
//! most](Cost::at_most) that it may be in truth, searches of the web that nobody reported apart.
//!
//! **Charge** is what the caller pays: the cost of the attempt that answered, or nothing. An answer
//! without tokens and finish reason, or one that ended in an error, is not charged, nor are the
//! searches that were made for it; what failed, and what lost a race, is the operator's.
//!
//! The prices are those that were in force when the attempt began: a catalogue that is put in force later changes
//! nothing, and of prices that depend on the hour or on the length of the prompt, the hour at which the provider was
//! asked counts, and the tokens that it reports. Those of the [tier](crate::catalog::Endpoint::prices_in) count in which it
//! says that it has answered; if the catalogue does not have that tier, those of the one that was asked for, as an estimate.
//! What a hold claims, and who cannot be afforded, [`claim`] tells.
//!
//! | the attempt | cost | charged |
//! |---|---|---|
//! | complete, or cancelled after its finish reason, with reported usage | exact | yes |
//! | cancelled or cut off with a usage reported so far | that usage + what was delivered since, estimated | if cancelled |
//! | complete without usage | prompt + what was delivered, estimated | yes |
//! | cancelled by the caller | prompt + what was delivered, estimated | yes |
//! | cancelled where the provider writes on | prompt + a whole answer, estimated | yes |
//! | cut off by the total deadline, after content | prompt + what was delivered, estimated | yes |
//! | refused with a status, or never connected | zero, exact | no |
//! | broken or silent after the headers | prompt + what was delivered, estimated | no |
//! | broken or silent before the headers | zero, estimated | no |
//!
//! Not every provider [stops billing](crate::catalog::StopsBilling) when nobody reads any more, and most write a document to
//! its end. What is left there, by the caller, a deadline or a lost race, is estimated as long as the request allows, or as
//! is usual (4096 tokens), and never longer than the endpoint writes. The caller who leaves pays for that: else whoever leaves
//! early would have long answers written at the operator's cost. One who is cut off by the deadline pays for what it got.
//!
//! What the provider itself says that it bills is kept beside our sum, and where the two differ, that is an event. For a
//! provider that is [trusted](crate::catalog::ReportedCost) it is the cost, and so it is where no price is known;
//! [`UnknownPrices`](crate::catalog::UnknownPrices) tells what becomes of that else.
//!
//! Where an answer breaks and [`recover`](crate::dispatch::recover) has another endpoint tell the rest, each attempt has its own
//! cost, once, and the caller pays for one answer: what it would have cost if the endpoint that finished it had written all
//! of it. So one that began anew is charged as it is, and of one that went on with a text that text counts as written, not as
//! read. The prompt is paid once and so is each word, by the usage that was reported last. If nobody finishes it, it has
//! failed, and is not charged; a caller that leaves meanwhile pays for the attempt whose words it got last.
//!
//! ```
//! use switchtower::{Payload, settle::{MemoryLedger, SettleLayer}};
//! use http_body_util::Full;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), switchtower::Error> {
//! let client = service_fn(|_: http::Request<Payload>| async {
//!     Ok::<_, std::convert::Infallible>(http::Response::new(Full::<bytes::Bytes>::from("hi")))
//! });
//! let ledger = MemoryLedger::new(1000);
//! let settled = ServiceBuilder::new().layer(SettleLayer::new(ledger.clone())).service(client);
//!
//! let response = settled.oneshot(http::Request::new(Payload::default())).await?;
//! assert_eq!(ledger.records().len(), 0);
//! drop(response); // Nothing is over until the body is.
//! assert_eq!(ledger.records().len(), 1);
//! # Ok(()) }
//! ```
//!
//! A request ends as the attempt that answered it; without an answer, as the caller was told, or as cancelled
//! when it left before.
//!
//! **When to use**: to know what a request cost, or to be paid for it. **When it acts**: once per
//! request, at the latest when the response, or its future, is dropped. **Order**: inside `choose`,
//! whose plan it holds for, outside `fallback`, since a request is charged once, whoever answered.

mod account;
mod app;
mod attempts;
mod bill;
mod body;
mod books;
mod charge;
pub mod claim;
mod cost;
mod evidence;
mod future;
mod hold;
pub mod journal;
mod layer;
pub mod lease;
mod ledger;
mod limited;
mod memory;
mod newest;
mod recent;
mod record;
pub(crate) mod replay;
mod service;
pub mod statements;
pub mod store;

pub use self::app::App;
pub use self::attempts::Attempts;
pub use self::body::Body;
pub use self::books::{Books, HasBooks};
pub use self::claim::{Claim, Held};
pub use self::cost::{Certainty, Cost, of as cost_of};
pub use self::future::ResponseFuture;
pub use self::hold::Hold;
pub use self::journal::{Durability, Journal, JournalSettings, JournalSlot, Released};
pub use self::layer::SettleLayer;
pub use self::ledger::{Ledger, Slot};
pub use self::memory::{MemoryLedger, MemorySlot};
pub use self::recent::Totals;
pub use self::record::{AttemptRecord, Record};
pub use self::service::Settle;
