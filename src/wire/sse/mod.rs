//! Event streams, cut into events where they lie.
//!
//! A [`Scanner`] looks at a buffer that its caller keeps and that grows at the end; it copies nothing but
//! `data` of several lines, and looks at no byte twice, however the network has cut the stream. The bytes of each
//! event can be passed on just as they came.
//!
//! ```
//! use switchtower::wire::sse::{Oversize, Scanner};
//!
//! let mut scanner = Scanner::default();
//! let mut buf = b": keep-alive\n\ndata: {\"id\"".to_vec();
//! let mut data = Vec::new();
//! for more in [&b":1}\n"[..], b"\ndata: [DONE]\n\n"] {
//!     buf.extend_from_slice(more);
//!     while let Some(event) = scanner.next(&buf)? {
//!         data.extend(event.data.map(|d| d.into_owned()));
//!         let len = event.len;
//!         buf.drain(..len);
//!     }
//! }
//! assert_eq!(data, [&br#"{"id":1}"#[..], b"[DONE]"]);
//! assert!(buf.is_empty());
//! # Ok::<(), Oversize>(())
//! ```
//!
//! ```text
//! buf   : keep-alive␊ ␊ data: {"id":1}␊␊ data: [DO
//!       ╵───────────╵─╵────────────────╵─────────▶ looked at, no end yet
//!        no data             event
//! ```
//!
//! The grammar is that of the [HTML standard](https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation),
//! with two additions: a comment before the first field of a block is an event of its own, so that keep-alives are
//! not held back, and [`Scanner::finish`] yields the last event even if it is not terminated.

mod block;
mod event;
mod scanner;

pub use self::event::Event;
pub use self::scanner::{LIMIT, Oversize, Scanner};
