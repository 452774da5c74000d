//! What exists: models, the endpoints that serve them, their prices, and where all this is loaded from.
//!
//! A [`Catalog`] is an immutable snapshot. A request pins the one it began with, so that no price
//! changes under it; a reload makes another.
//!
//! ```text
//! Catalog ──▶ Model ──▶ Endpoint ──▶ Provider     base URL, key
//!  by id or    "openai/gpt-4o-mini"  └─▶ Prices   unknown is not free
//!  by alias
//! ```
//!
//! # The file
//!
//! ```
//! use switchtower::catalog::Catalog;
//!
//! let text = r#"
//!     [providers.openai]
//!     name = "OpenAI"
//!     base_url = "https://api.openai.com/v1"
//!     key_env = "OPENAI_API_KEY"      # the name of a variable, never a key
//!
//!     [models."openai/gpt-4o-mini"]
//!     name = "OpenAI: GPT-4o mini"
//!     aliases = ["gpt-4o-mini"]
//!     context_length = 128000
//!
//!     [[models."openai/gpt-4o-mini".endpoints]]
//!     provider = "openai"
//!     model = "gpt-4o-mini"           # what the provider calls it
//!     max_completion_tokens = 16384
//!     prices = { prompt = "0.15", completion = "0.60", cache_read = "0.075" }
//! "#;
//!
//! let env = |name: &str| (name == "OPENAI_API_KEY").then(|| "sk-123".to_owned());
//! let catalog = Catalog::from_toml(text, "switchtower.toml", env)?;
//!
//! let model = catalog.find("gpt-4o-mini").unwrap();
//! assert_eq!(model.id(), "openai/gpt-4o-mini");
//! assert_eq!(model.endpoints()[0].prices().cache_read().unwrap().to_string(), "0.000000075");
//! # Ok::<(), switchtower::catalog::LoadError>(())
//! ```
//!
//! | table | key | |
//! |---|---|---|
//! | `providers.<slug>` | `base_url` | needed; `http` or `https`, a path prefix, no query |
//! | | `name` | for people; else the slug |
//! | | `key_env` | the environment variable that holds the key; without it no key is sent |
//! | | `auth_header` | the header that carries the bare key, such as `api-key`; else `Authorization: Bearer` |
//! | | `headers` | a table of headers sent with every request |
//! | | `data_collection` | `"deny"` if it does not collect what it is told; else `"allow"`: it is taken to |
//! | | `zdr` | true if it retains nothing |
//! | | `own_key` | true if the key is of the operator's own account, so that it is asked first |
//! | | `privacy_policy_url`, `terms_of_service_url`, `status_page_url` | for people |
//! | | `headquarters`, `datacenters` | for people: a country's two letters, and an array of them |
//! | `models.<id>` | `endpoints` | needed, at least one |
//! | | `aliases` | other names; none may be the id of a model |
//! | | `context_length` | tokens of prompt and completion together |
//! | | `input`, `output` | arrays of `text`, `image`, `file`, `audio`, `video`, `embeddings`; else not known, and nothing is held against it |
//! | | `distillable` | true if its author allows to distill from its text |
//! | | `moderated` | true if its author has prompts looked at |
//! | | `hidden` | true if it is neither listed, nor chosen by an alias or a router |
//! | | `family` | see [`Model::family`]; else what the id tells |
//! | | `strategy` | the name of a [`Strategy`]; else `balanced` |
//! | | `name`, `description`, `created` | for people; `created` in seconds since 1970, by which `~author/family-latest` goes |
//! | | `canonical_slug`, `expiration_date`, `hugging_face_id` | for people; a date is `2026-12-31` |
//! | `….endpoints` | `provider` | needed; the slug of a provider |
//! | | `model` | needed; what the provider calls it |
//! | | `tag` | else the provider's slug; two endpoints of a provider need one: `deepinfra/fp8` |
//! | | `context_length`, `max_completion_tokens`, `max_prompt_tokens` | if the provider has limits of its own |
//! | | `quantization` | the name of a [`Quantization`](crate::wire::Quantization) |
//! | | `parameters` | an array of the [parameters](crate::wire::Fields::PARAMETERS) that it supports; else not known, and nothing is held against it |
//! | | `data_collection`, `zdr`, `own_key` | if it differs from its provider |
//! | | `implicit_caching` | true if it keeps prompts in a cache unasked |
//! | | `weight` | its share under the strategy `weighted`; else 1 |
//! | | `score` | how well it calls tools, from `"0"` to `"1"` with three decimals |
//! | | `prices` | a table of [`Rate`] to a string: USD per *million* tokens, or per one `request`, `image` or `web_search` |
//! | `….prices.overrides` | any rate | a string as in `prices`; needed, at least one |
//! | | `above` | only where the prompt has more tokens than this |
//! | | `utc` | only at these [`Hours`]: `"22:00-06:00"` |
//! | | `weekdays` | only on these days in UTC: an array of `mon` to `sun` |
//! | `auto` | `models` | needed; what `openrouter/auto` may choose, in order: ids, aliases, [`Pattern`]s of ids |
//! | | `long_above` | a prompt of more tokens than this is `long`; else 100000 |
//! | `auto.tasks` | `vision`, `long`, `tools`, `reasoning` | the model that comes first for such a request, see [`AutoRule`] |
//!
//! All conditions of an override must hold; of several that do, the later one wins, rate by rate.
//! Any other key is refused. Prices are strings because a TOML float would lose digits.

mod attributes;
mod auto;
mod base_url;
mod builder;
mod check;
mod dropped;
mod endpoint;
mod endpoint_spec;
mod error;
mod family;
mod field;
mod load;
mod model;
mod model_spec;
mod nearest;
mod pattern;
mod prices;
mod problem;
mod provider;
mod secret;
mod snapshot;
mod source;
mod strategy;
mod toml;

pub use auto::{AutoRule, AutoSpec, Task};
pub use base_url::{BaseUrl, InvalidBaseUrl};
pub use builder::CatalogBuilder;
pub use dropped::Dropped;
pub use endpoint::Endpoint;
pub use endpoint_spec::EndpointSpec;
pub use error::{BuildError, LoadError};
pub use model::Model;
pub use model_spec::ModelSpec;
pub use pattern::Pattern;
pub use prices::{Hours, InvalidHours, Override, Prices, Rate, Weekday};
pub use problem::Problem;
pub use provider::{About, Provider};
pub use secret::Secret;
pub use snapshot::Catalog;
pub use source::{
    Changes, Format, Gap, Held, ReloadError, Reloader, Report, Repriced, Skipped, Unpriced,
};
pub use strategy::Strategy;
