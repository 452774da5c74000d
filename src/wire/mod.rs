//! How it is spelled: the JSON of OpenAI and OpenRouter, and event streams.
//!
//! A request is read in one pass into a [`View`] and rewritten by [`Edits`], which copy the body around
//! what changes. An answer is cut into events by [`sse::Scanner`], and each event, or the whole body of an
//! answer that is no stream, is read in one pass into a [`Chunk`].
//!
//! ```text
//!   request ─▶ View ─▶ Edits ─▶ upstream
//!
//!   answer ─▶ sse::Scanner ─▶ Event ─▶ Chunk      content, finish, usage, error
//! ```
//!
//! Nothing here keeps a copy or a borrow of the text: it keeps [`json::Span`]s, places in it.
//!
//! ```
//! use switchtower::wire::{Chunk, Finish, json::Syntax};
//!
//! let answer = br#"{"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}],"usage":{"total_tokens":9}}"#;
//! let chunk = Chunk::read(answer)?;
//! assert_eq!(chunk.content, 2);
//! assert_eq!(chunk.finish, Some(Finish::Stop));
//! assert_eq!(chunk.usage.unwrap().of(answer), br#"{"total_tokens":9}"#);
//! # Ok::<(), Syntax>(())
//! ```

pub mod error;
pub mod headers;
pub mod json;
pub mod limits;
pub mod retell;
pub mod sse;

pub(crate) mod adopt;
pub(crate) mod allowance;
pub(crate) mod calls;
pub(crate) mod events;
pub(crate) mod mend;
pub(crate) mod prefill;
pub(crate) mod refusal;
pub(crate) mod tools;

mod availability;
mod chunk;
mod content;
mod cuts;
mod demand;
mod dialect;
mod echo;
mod field;
mod fields;
mod finish;
mod images;
mod invalid;
mod max_price;
mod messages;
mod modality;
mod moderation;
mod operation;
mod preferences;
mod quantization;
mod read;
mod shape;
mod sort;
mod splice;
mod thresholds;
mod tier;
mod view;

pub use self::chunk::Chunk;
pub use self::dialect::Dialect;
pub use self::echo::Echo;
pub use self::field::Field;
pub use self::fields::Fields;
pub use self::finish::Finish;
pub use self::invalid::Invalid;
pub use self::max_price::MaxPrice;
pub use self::modality::{Modalities, Modality};
pub use self::operation::Operation;
pub use self::preferences::Preferences;
pub use self::prefill::Prefill;
pub use self::quantization::{Quantization, Quantizations};
pub use self::sort::{Partition, Sort};
pub use self::splice::Edits;
pub use self::thresholds::Thresholds;
pub use self::tier::Tier;
pub use self::tools::BadCall;
pub use self::view::View;
