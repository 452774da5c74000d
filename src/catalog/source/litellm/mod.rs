//! LiteLLM's price map, `model_prices_and_context_window.json`: an object with a row for each model at each provider,
//! in USD for one unit, as JSON numbers.
//!
//! | member | becomes |
//! |---|---|
//! | `input_cost_per_token`, `cache_read_input_token_cost`, … | the [`Rate`](super::super::Rate) |
//! | `…_above_200k_tokens` | an [`Override`](super::super::Override) for longer prompts; from that length on at xAI |
//! | `…_priority`, `…_flex` | the endpoint `<slug>/priority` or `<slug>/flex`, which has the standard rates it does not name |
//! | `tiered_pricing` | a base list, and an override a step |
//! | `off_peak_pricing` | an override a window |
//! | `search_context_cost_per_query` | `web_search`, if all sizes cost the same |
//! | `…_batches`, prices for seconds, pages or characters | a [`Gap`](super::super::Gap) |

mod attributes;
mod dimension;
mod map;
mod rates;
mod tiered;
mod windows;

pub(super) use map::read;
