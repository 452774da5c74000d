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
//! | `models.<id>` | `endpoints` | needed, at least one |
//! | | `name`, `description`, `created` | for people; `created` in seconds since 1970 |
//! | | `aliases` | other names; none may be the id of a model |
//! | | `context_length` | tokens of prompt and completion together |
//! | `….endpoints` | `provider` | needed; the slug of a provider |
//! | | `model` | needed; what the provider calls it |
//! | | `tag` | else the provider's slug; two endpoints of a provider need one: `deepinfra/fp8` |
//! | | `context_length`, `max_completion_tokens` | if the provider has limits of its own |
//! | | `prices` | a table of [`Rate`] to a string: USD per *million* tokens, or per one `request` |
//!
//! Any other key is refused. Prices are strings because a TOML float would lose digits.

mod base_url;
mod builder;
mod check;
mod dropped;
mod endpoint;
mod error;
mod field;
mod load;
mod model;
mod nearest;
mod prices;
mod problem;
mod provider;
mod secret;
mod snapshot;
mod spec;
mod strategy;
mod toml;

pub use base_url::{BaseUrl, InvalidBaseUrl};
pub use builder::CatalogBuilder;
pub use dropped::Dropped;
pub use endpoint::Endpoint;
pub use error::{BuildError, LoadError};
pub use model::Model;
pub use prices::{Hours, InvalidHours, Override, Prices, Rate, Weekday};
pub use problem::Problem;
pub use provider::{About, Provider};
pub use secret::Secret;
pub use snapshot::Catalog;
pub use spec::{EndpointSpec, ModelSpec};
pub use strategy::Strategy;
