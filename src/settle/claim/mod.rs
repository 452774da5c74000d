//! What a request claims of a spending limit before anybody is asked.
//!
//! A hold is a claim on a limit that becomes a charge. How much it claims the operator chooses, as [`HoldPolicy`], in a
//! catalogue (`hold = "estimate"`) or by [`Stack::hold`](crate::Stack::hold).
//!
//! | policy | claims | so that |
//! |---|---|---|
//! | `strict` | the most that the request can cost | no limit is ever exceeded; what nobody bounds is refused |
//! | `estimate` | what it is likely to cost, and at least that most less `max_debt` | more fits under a limit at once; one request exceeds its claim by `max_debt` at the most |
//!
//! **Strict** is a true upper bound, for the dearest candidate of the plan:
//!
//! ```text
//!   (bytes of text + 16 a message + 640 with tools) × the dearest rate of text that is read
//! + the declared maximum of each other part         × the dearest rate for it
//! + n × prompts × the longest answer                × the dearest rate of what is written
//! + the prices of one request, of each image, and of each search of the web for each of the answers
//! ```
//!
//! A token is never shorter than a byte where a tokenizer is made of bytes, as all current ones are or fall back to; so no
//! tokenizer is needed. Text is whatever a provider may read: the whole body, less what only says who is to be asked and
//! how (`provider`, `user`, `logit_bias` and the like), and less the data of pictures and other parts that have a
//! [declared maximum](crate::catalog::PartBounds). The answer is as long as the larger of `max_tokens` and `max_completion_tokens` allows,
//! else as the endpoint's `max_completion_tokens`, else as its context; the text of a `prediction` comes on top. Of each rate the
//! dearest counts that any override may bring about. Where an answer breaks that nobody has bounded, and
//! [`recover`](crate::dispatch::recover) has the rest told, it may be twice as long as one endpoint allows: set `max_tokens`.
//!
//! What no list of prices bounds is what a provider says itself that it bills, where its word
//! [counts](crate::catalog::ReportedCost).
//!
//! **Estimate** takes the bytes of text a token that each model's settled requests have
//! [shown](crate::standing::Standing::density), or what [`CountTokens`](crate::CountTokens) says, and an answer of the usual length, at the prices in force. A charge
//! beyond the claim is taken all the same: it is told as an event and as [`Record::overrun`](super::Record::overrun), and from then on
//! the limit is exceeded, so that nothing more is let in until it has room again.
//!
//! **Who cannot be afforded** leaves the plan, as [`Filter::Budget`](crate::Filter::Budget), and so does whom nobody can bound: nobody asks
//! it afterwards, be it as a fallback or a hedge. If nobody is left, the request is refused.
//!
//! | nobody is left, since | kind | names |
//! |---|---|---|
//! | all are too dear | [`PaymentRequired`](crate::Kind::PaymentRequired), in the ledger's words, for the cheapest | the limit |
//! | nothing bounds the answer | [`Invalid`](crate::Kind::Invalid) | `max_tokens` |
//! | a part has no declared maximum | [`Invalid`](crate::Kind::Invalid) | `messages`, and the type of the part |
//! | nothing bounds the searches, or what they find | [`Invalid`](crate::Kind::Invalid) | `web_search_options` |
//! | the provider itself runs a tool, and it is no search | [`Invalid`](crate::Kind::Invalid) | `tools` |
//! | no price is known, which is not free | [`NoEndpoints`](crate::Kind::NoEndpoints) | `model` |
//!
//! All this is for whom a limit holds: where [`Slot::available`](super::Slot::available) is none, nothing is refused and nobody leaves the plan, and
//! what has no bound claims its estimate.
//!
//! ```
//! use switchtower::{Payload, catalog::Catalog, settle::claim::{Asks, NoBound, strict}};
//!
//! let catalog = Catalog::from_toml(r#"
//!     providers.acme.base_url = "https://api.acme.example/v1"
//!     [[models.swift.endpoints]]
//!     provider = "acme"
//!     model = "swift-2"
//!     prices = { prompt = "1", completion = "2" }
//! "#, "switchtower.toml", |_| None)?;
//! let endpoint = &catalog.models()[0].endpoints()[0];
//!
//! let body = r#"{"model": "swift", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}"#;
//! let asks = Asks::of(&Payload::read(body)?);
//! let tokens = (body.len() - r#""swift""#.len() + 16) as i128;
//! assert_eq!(strict(endpoint, &asks)?.femtodollars(), tokens * 1_000_000_000 + 100 * 2_000_000_000);
//!
//! let asks = Asks::of(&Payload::read(r#"{"model": "swift", "prompt": "hi"}"#)?);
//! assert_eq!(strict(endpoint, &asks), Err(NoBound::Answer));
//! # Ok::<_, switchtower::BoxError>(())
//! ```

mod afford;
mod apart;
mod asks;
mod counted;
mod dearest;
mod estimate;
mod held;
mod learned;
mod no_bound;
mod parts;
mod refusal;
mod strict;
mod take;

pub use self::asks::Asks;
pub use self::estimate::estimate;
pub use self::held::{Claim, Held};
pub use self::no_bound::NoBound;
pub use self::strict::strict;
pub use crate::catalog::HoldPolicy;

pub(super) use self::counted::Counted;
pub(super) use self::learned::learn;
pub(super) use self::parts::Parts;
pub(super) use self::take::{Terms, take};
