//! What a provider says of its rate limits, on every answer and in a spelling of its own.
//!
//! ```text
//! x-ratelimit-remaining-requests: 59       ┐
//! x-ratelimit-limit-requests: 60           ├─▶ requests: 59 of 60, for one second
//! x-ratelimit-reset-requests: 1s           ┘
//! anthropic-ratelimit-input-tokens-…       ──▶ input
//! ```
//!
//! A name is read word by word, so that all of these are one grammar: whose header it is, then, in any order, a part (`limit`,
//! `remaining`, `reset`), a unit and the time it is counted over. A name with any other word means nothing.
//!
//! | family | who | unit |
//! |---|---|---|
//! | `x-ratelimit-…-{requests,tokens}` | OpenAI, Groq, Azure (`reset` is often absent), Fireworks (`…-tokens-prompt`, `…-tokens-generated`) | as said; `project-tokens` are tokens |
//! | `x-ratelimit-…-{requests,tokens}-{minute,hour,day}` | Cerebras, SambaNova | as said |
//! | `x-ratelimit-…-{req,tokens}-{minute,month}`, `x-ratelimitbysize-…`, `ratelimitbysize-…` | Mistral | as said; by size: tokens, of a minute |
//! | `anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-…` | Anthropic | as said |
//! | `x-ratelimit-{limit,remaining,reset}`, `x-tokenlimit-…` | OpenRouter, Together; the IETF's draft without `x-` | requests; tokens |
//!
//! A reset is a duration (`6m0s`, `8.64s`, `20ms`), a number of seconds, a date (RFC 3339), or an epoch in seconds, milliseconds
//! or microseconds, which is told by its size.
//!
//! Of several figures for one unit the tightest counts: the smallest that remains; of equals the one that lasts longer.

mod amount;
mod date;
mod name;
mod read;
mod reset;

pub use self::read::{Allowance, RateLimits};
