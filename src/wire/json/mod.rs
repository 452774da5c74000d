//! JSON text, walked once and never materialised.
//!
//! A [`Cursor`] checks the grammar of RFC 8259 as it goes and hands out [`Span`]s, places in the
//! text, so that whoever keeps the text can keep what was found in it without a lifetime. It
//! allocates nothing, recurses nowhere, and gives up at [`DEPTH`] levels.
//!
//! ```
//! use switchtower::wire::json::{Cursor, Syntax};
//!
//! let text = br#"{"model": "acme/large", "messages": [[[]]]}"#;
//! let mut cursor = Cursor::new(text)?;
//! cursor.object()?;
//! while let Some(key) = cursor.next_member()? {
//!     if key.is(text, "model") {
//!         assert_eq!(cursor.string()?.decode(text), "acme/large");
//!     } else {
//!         assert_eq!(cursor.skip()?.of(text), b"[[[]]]");
//!     }
//! }
//! cursor.end()?;
//! # Ok::<(), Syntax>(())
//! ```
//!
//! ```text
//!      {"model": "acme/large", "messages": [[[]]]}
//!      ╿╵─────╵   ╵────────╵                ╵────╵
//!      │  Text        Text                  Span   skipped, and checked all the same
//!      └ object()
//! ```
//!
//! It does not look at the encoding: bytes above `0x7f` pass inside strings. Who needs UTF-8 checks
//! the whole text first, which is faster than doing it string by string.

mod cursor;
mod lanes;
mod number;
mod overlap;
mod scan;
mod span;
mod syntax;
mod text;

pub use self::cursor::{Cursor, DEPTH, Kind};
pub use self::number::{decimal, integer};
pub(crate) use self::overlap::{HALF, Overlap, append, half_at_end, low_half, overlap};
pub use self::span::Span;
pub use self::syntax::{Problem, Syntax};
pub use self::text::Text;
