//! The price data of genai-prices: an array of providers with their models, in USD for a million tokens or a thousand
//! of other things. The file `NOTICE` has its licence.
//!
//! | member | becomes |
//! |---|---|
//! | `input_mtok`, `cache_read_mtok`, … | the [`Rate`](super::super::Rate) |
//! | `{base, tiers: [{start, price}]}` | an [`Override`](super::super::Override) for longer prompts |
//! | `constraint.start_date` | what holds at the time of loading; the catalogue is loaded anew when another begins |
//! | `constraint.start_time`, `end_time` | an override at these hours |
//! | `price_variants` of a `service_tier` | the endpoint `<slug>/priority` or `<slug>/flex` |
//! | `match.equals` | what the provider calls the model |

mod dated;
mod list;
mod names;
mod rates;
mod row;

pub(super) use list::read;
