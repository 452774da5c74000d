//! A scriptable OpenAI-compatible provider on a real loopback socket.
//!
//! ```text
//!  Upstream ── script, next ──▶ Cues ─┐
//!     ▲                               ▼
//!     │          request ──▶ service: which script? ──▶ Reply: steps
//!     │                                                   │
//!  seen, book ◀── Log ◀── Account: what was served ◀── Playback: the body plays the steps
//! ```
//!
//! What is to happen is decided first, as a sequence of `Step`s, and then played by the response
//! body. So nothing runs beside the connection: when the client leaves, hyper drops the body, and
//! that is when the departure is logged.

mod account;
mod asked;
mod body;
mod book;
mod builder;
mod cues;
mod deltas;
mod handle;
mod line;
mod log;
mod pen;
mod plain;
mod reply;
mod route;
mod seen;
mod server;
mod service;
mod shapes;
mod spell;
mod spoken;
mod state;
mod step;
mod stream;
mod tally;
mod tokens;
mod turn;
mod whole;

pub use book::{Book, Entry};
pub use builder::UpstreamBuilder;
pub use handle::Upstream;
pub use seen::{Ending, Seen};
pub use tokens::{Prices, Tokens};
