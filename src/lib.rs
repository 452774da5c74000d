//! Tower layers that take one OpenAI-compatible call to whichever provider can answer it, and that
//! follow the answer to its last byte.
//!
//! ```text
//!          request                                                response
//!             │                                                      ▲
//! 1 admit     key ▸ read ▸ quota                                     │
//! 2 choose    filter ▸ rank ▸ Plan                                   │
//!             │    hold what the Plan may cost ┄┄┄┄ charge what it did   settle 5
//! 3 dispatch  recover ▸ fallback ▸ hedge ▸ retry                     │
//!             │    gate ▸ commit ▸ deadline                          │
//!             │    the Plan predicted ┄┄┄┄┄┄┄┄┄┄┄┄┄ what was measured    meter 4
//!             └───▶ address ▸ your HTTP client ▸ upstream ───────────┘
//! ```
//!
//! Most clients decide at the response *headers*. But an LLM call fails, costs and loads a provider in
//! its *body*, so here **nothing is over until the body is**: latency samples, verdicts, records
//! and charges are taken when it ends, whether complete, failed or cancelled. And nothing is promised to the
//! caller until the first token of content is in hand, so that every earlier failure can still be mended by
//! asking someone else.
//!
//! # Example
//!
//! Two providers serve one model. The cheaper one dies; the caller does not notice.
//!
//! ```
//! use std::sync::Arc;
//! use http_body_util::BodyExt;
//! use switchtower::testing::{Failure, Script, Upstream};
//! use switchtower::{BoxError, Call, Stack, catalog::Catalog, client};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
//! let (thrift, brisk) = (Upstream::start().await, Upstream::start().await);
//! thrift.script(Script::fail(Failure::overloaded()));
//! let catalog = Catalog::from_toml(&format!(r#"
//!     providers.thrift.base_url = "{}"
//!     providers.brisk.base_url = "{}"
//!     [[models."acme/swift".endpoints]]
//!     provider = "thrift"
//!     model = "swift-2"
//!     prices = {{ prompt = "0.10", completion = "0.40" }}
//!     [[models."acme/swift".endpoints]]
//!     provider = "brisk"
//!     model = "swift-2"
//!     prices = {{ prompt = "0.15", completion = "0.60" }}
//! "#, thrift.base_url(), brisk.base_url()), "switchtower.toml", |_| None)?;
//!
//! let stack = Stack::new(Arc::new(catalog));
//! let service = stack.around(client::hyper::plain());
//!
//! let ask = r#"{"model": "acme/swift", "provider": {"sort": "price"},
//!               "messages": [{"role": "user", "content": "hi"}]}"#;
//! let ask = http::Request::post("/v1/chat/completions").body(ask.to_owned())?;
//! let response = service.oneshot(ask).await?;
//! let call = response.extensions().get::<Call>().cloned().unwrap();
//! response.into_body().collect().await?;
//!
//! let record = stack.ledger().get(call.id().as_str()).unwrap();
//! assert_eq!(record.attempts.len(), 2);
//! assert_eq!(record.attempts[1].tag(), Some("brisk"));
//! assert!(!record.charge.unwrap().is_zero());
//! # Ok(()) }
//! ```
//!
//! # The stages
//!
//! | | asks | layers |
//! |---|---|---|
//! | [`admit`] | may this request come in? | [`key`](admit::key), [`read`](admit::read), [`quota`](admit::quota) |
//! | [`choose`] | who can answer, and in what order? | [`choose`] |
//! | [`dispatch`] | who does answer? | [`recover`](dispatch::recover), [`fallback`](dispatch::fallback), [`hedge`](dispatch::hedge), [`retry`](dispatch::retry), [`gate`](dispatch::gate), [`commit`](dispatch::commit), [`deadline`](dispatch::deadline), [`address`](dispatch::address) |
//! | [`meter`] | what came back? | [`meter`] |
//! | [`settle`] | what did it cost? | [`settle`] |
//!
//! [`Stack`] joins them around a client of [`client`]. Each works alone in a `ServiceBuilder` as well. From
//! the outside in:
//!
//! | layer | when to use | when it acts | order |
//! |---|---|---|---|
//! | [`key`](admit::key) | callers bring a key that you gave them | once per request, before its body is read | outermost |
//! | [`read`](admit::read) | around every layer that takes a [`Payload`] | once per request | inside `key`, outside all others |
//! | [`quota`](admit::quota) | callers have limits of requests or tokens | once per request; once more when the body ends or is dropped | inside `read`, outside `choose` |
//! | [`choose`] | there is more than one endpoint to ask | once per request | inside `read`, outside `settle` and `fallback` |
//! | [`settle`] | what a request cost is to be known or charged | before asking; once more when the body ends or is dropped | inside `choose`, outside `fallback` |
//! | [`recover`](dispatch::recover) | callers read streams, and cannot ask again in the middle of one | when a stream breaks after its first words | inside `settle`, outside `fallback` |
//! | [`fallback`](dispatch::fallback) | `choose` makes a plan | on an `Err` | outside `retry` |
//! | [`hedge`](dispatch::hedge) | people wait, and a second provider may be paid for it | when the first token is late | inside `fallback`, outside `retry` |
//! | [`retry`](dispatch::retry) | a failure may pass by itself | on an `Err` | inside `fallback`, outside `commit` |
//! | [`gate`](dispatch::gate) | an endpoint that fails should be left alone for a while; rate limits should be kept; a provider has several keys | before each attempt; at its end | inside `retry`, outside `commit` |
//! | [`commit`](dispatch::commit) | always, under `fallback` or `retry` | at the first content; at the end of a stream | outside `deadline` and `meter` |
//! | [`deadline`](dispatch::deadline) | whoever is asked may fall silent | when a clock runs out | inside `commit`, outside `meter` |
//! | [`meter`] | always: it tells content from noise | on every frame | inside `deadline`, outside `address` |
//! | [`address`](dispatch::address) | `choose` makes a plan | once per attempt | innermost, around the client |
//!
//! Each module says more, and what happens when the layer's future or body is dropped. They share the nouns
//! at this level ([`Payload`], [`Call`], [`Plan`], [`Attempt`], [`Error`] …), a [`catalog`] of what exists, what
//! has been learned of it in [`standing`], and its spelling in [`wire`]. `http::Request<Payload>` is the proof
//! that the body was read: only `key`, `read`, `quota`, `gate`, `commit` and `deadline` take any other body, so without
//! `ReadLayer`, or a [`Payload`] of your own, a stack with one of the others does not compile.
//!
//! # Events
//!
//! What happens to a request is told by [`tracing`](https://docs.rs/tracing) events, each with its name as the
//! message. There are no spans and no metrics. `id` joins the events of one request. [`settle`] keeps the
//! same, and more, in a [`Record`](settle::Record). No event holds a key, a prompt or an answer. Whose limit is
//! near is told by the name that a caller has given a user or a tag, which may be a person's; of what looks like a key only the ends.
//!
//! | event | level | when | fields |
//! |---|---|---|---|
//! | `planned` | debug | `choose` has made a plan | `id`, `candidates`, `rejected`, `plan`: the first eight, each with its reason |
//! | `attempt ended` | debug | an attempt is over, however it ended | `id`, `endpoint`, `end`, `content_events` |
//! | `retrying` | debug | before the backoff of `retry` | `id`, `error`, `wait_ms` |
//! | `falling back` | debug | `fallback` turns to the next candidate | `id`, `error`, `to` |
//! | `hedging` | debug | the first token is late, and `hedge` asks a second endpoint as well | `id`, `endpoint` |
//! | `waiting` | debug | nobody is left to ask, and `fallback` waits for an endpoint that `gate` has refused | `id`, `endpoint`, `wait_ms` |
//! | `probing` | info | `gate` lets one request through to an ejected endpoint | `id`, `endpoint` |
//! | `ejected` | warn | an endpoint is left alone from now on | `endpoint`, `cause`, `wait_ms` |
//! | `readmitted` | info | its probe was answered | `endpoint` |
//! | `key benched` | warn | a key is not used from now on | `endpoint` that found it out, `key`: its name, `cause`, `wait_ms` |
//! | `key readmitted` | info | it was accepted again | `endpoint`, `key` |
//! | `recovering` | debug | a stream broke, and `recover` asks somebody for the rest | `id`, `error`, `to`, `bytes`: of text that the caller has |
//! | `broke after content` | debug | `commit`, or `recover`, ends a broken stream with an error chunk | `id`, `error` |
//! | `near a limit` | warn | a [limit](limits) is used up to one of its thresholds, or beyond | `rule`, `scope`, `whose`: as [`Rule::of`](limits::Rule::of) writes it, `(the rest)` where many are counted as one; `unit`, `percent`, `used`, `held`, `limit`: money in USD |
//! | `a limit that the ledger does not count` | warn | the ledger of a [`Stack`] is another, without this limit of money or concurrency | `rule`, `scope`, `unit` |
//! | `settled` | info | a request is over: one line for each that reached `settle` | `id`, `model`, `provider`, `attempts`, `end`, `prompt_tokens`, `completion_tokens`, `charge`, `took_ms`, `first_token_ms` |
//! | `the provider bills another amount than its price list` | warn | after `settled`, for each attempt where they differ by more than a thousandth | `id`, `endpoint`, `listed`, `reported` |
//! | `abandoned` | warn | an earlier process ended in the middle of this request | `id`, `account`, `model`, `held` |
//! | `settled late` | warn | a request that a start has told as abandoned was under way all the same, and its row has taken that place | `id`, `account`, `model`, `charge` |
//! | `the keys cannot be read from the store` | error | the gateway goes on with those that it has | `error` |
//! | `the ledger is not stored` | error | the store of a journal fails: it is tried again, or an entry is in conflict | `error`, `entries` |
//! | `the ledger is stored again` | info | it does not fail any more | |
//! | `set aside` | error | the store of a journal does not take this entry: it is tried again later, out of the way of others | `error`, `entry`: its name; `charge` |
//! | `lost` | error | an entry is not stored and will not be: it is in conflict, or the journal has ended | as for `set aside` |
//! | `the thread that writes the ledger has ended…` | error | it has panicked: nobody is let in any more | |
//! | `pruned` | debug | rows are forgotten that are [kept](settle::JournalSettings::keep) no longer | `rows` |
//! | `not pruned` | warn | they cannot be: it is tried again | `error` |
//! | `no limits can be leased` | error | the store of a journal that shares limits fails: it is tried again | `error` |
//! | `another process has taken the name of this one…` | error | a [name](settle::JournalSettings::replica) that leases limits has two owners: the earlier one refuses whoever needs a limit | `replica`: the name; `why` |
//! | `narrowed` | debug | `settle` has taken those out of the plan that cannot be afforded | `id`, `candidates`, `plan`: as for `planned` |
//! | `overrun` | info | a request has cost more than was claimed for it | `id`, `model`, `held`, `overrun` |
//! | `refused` | info | the gateway refuses a request that has no plan, so that no record tells of it | `id`, `error`, `status` |
//!
//! `gateway::serve` tells of its own doings besides: `shutting down`, `the grace of the shutdown is over`, `cannot accept`.
//!
//! # Features
//!
//! A feature adds a dependency and a module, or data; it never switches a layer. None is on by default.
//!
//! | feature | module |
//! |---|---|
//! | `hyper` | [`client`]: hyper-util's pooled client, with the settings that streams want |
//! | `reqwest` | [`client`]: an adapter around reqwest |
//! | `gateway` | `gateway`: OpenRouter's HTTP API as an axum `Router` |
//! | `postgres` | [`settle::store`]: a store in PostgreSQL, for several replicas |
//! | `sqlite` | [`settle::store`]: the ledger in one SQLite file |
//! | `prices` | [`catalog`]: prices of well-known providers, for catalogues that say `embedded = true` |
//! | `testing` | `testing`: a scriptable upstream, a contract probe for any layer, a wall clock to set |
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(missing_docs)]
#![warn(clippy::disallowed_methods)]

pub mod admit;
pub mod catalog;
pub mod choose;
pub mod client;
pub mod dispatch;
#[cfg(feature = "gateway")]
#[cfg_attr(docsrs, doc(cfg(feature = "gateway")))]
pub mod gateway;
pub mod keys;
pub mod limits;
pub mod meter;
pub mod settle;
pub mod standing;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
pub mod wire;

mod attempt;
mod attempts;
mod calendar;
mod call;
mod caller;
mod chunks;
mod clock;
mod count_tokens;
mod disposition;
mod dispositions;
mod early;
mod end;
mod error;
mod few;
mod found;
mod generation;
mod kind;
mod lesson;
mod money;
mod network;
mod payload;
mod permit;
mod plan;
#[cfg(doctest)]
mod readme;
mod recovery;
mod refused;
mod sent;
mod settings;
mod short;
mod stack;
mod sync;
mod telemetry;
mod tenant;
mod usage;
mod wishes;
mod woken;

pub use self::attempt::{Attempt, End};
pub use self::attempts::DEFAULT_TRIES;
pub use self::calendar::{Day, NotADay, Period};
pub use self::call::Call;
pub use self::caller::{Caller, KeyId, NotAKeyId};
pub use self::count_tokens::CountTokens;
pub use self::disposition::{Again, Bench, Disposition, Fault, Next, Rule};
pub use self::dispositions::{AmbiguousSend, Dispositions};
pub use self::early::Early;
pub use self::error::{BoxError, Error, Upstream};
pub use self::found::Found;
pub use self::generation::{GenerationId, NotAGenerationId};
pub use self::kind::{Kind, Phase};
pub use self::lesson::Lesson;
pub use self::money::{Femto, Money, ParsePriceError, Price, Ratio, Total};
pub use self::payload::Payload;
pub use self::plan::{Candidate, Filter, Plan, Reason, Rejected, Requested, Routing};
pub use self::refused::Refused;
pub use self::short::Short;
pub use self::stack::{Chain, Stack};
pub use self::tenant::Tenant;
pub use self::usage::{BYTES_PER_TOKEN, Usage};
pub use self::wishes::{Allowed, Wishes};
