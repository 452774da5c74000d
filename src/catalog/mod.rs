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
//! | none: before all tables | `sources` | files of models and prices, see [below](#sources); their paths are relative to this file |
//! | | `embedded` | true to have those that come with the crate (feature `prices`) |
//! | | `confirm` | what a [`Held`] reload asks for |
//! | | `unknown_prices` | `"allow"`, `"deny"`, `{ cap = "0.05" }` in USD for an answer, or `{ assume = { prompt = "5", completion = "15" } }`, which is as `prices`; see [`UnknownPrices`]. Else `"allow"` |
//! | | `hold` | `"strict"` or `"estimate"`: what a hold claims, see [`HoldPolicy`]; else as the stack has it |
//! | | `max_debt` | with `estimate`, by how many USD a request may exceed its claim: `"0.25"`; else `"1"` |
//! | `providers.<slug>` | `base_url` | needed; `http` or `https`, a path prefix, no query |
//! | | `name` | for people; else the slug |
//! | | `key_env` | the environment variable that holds the key; without it no key is sent |
//! | | `keys` | instead of `key_env`, an array of several: `"$NAME"`, or `{ env = "NAME", name = "team", rpm = 60, tpm = 100000 }` |
//! | | `rpm`, `tpm` | requests and tokens a minute that each key is good for, see [`Pace`] |
//! | | `auth_header` | the header that carries the bare key, such as `api-key`; else `Authorization: Bearer` |
//! | | `headers` | a table of headers sent with every request |
//! | | `data_collection` | `"deny"` if it does not collect what it is told; else `"allow"`: it is taken to |
//! | | `zdr` | true if it retains nothing |
//! | | `own_key` | true if the key is of the operator's own account, so that it is asked first |
//! | | `stops_billing_on_cancel` | true or false, or `"streams"` if it does for streams alone, see [`StopsBilling`]; else as the company of that slug does |
//! | | `reported_cost` | `"trust"` if what it says that it bills is the cost; else `"audit"`, see [`ReportedCost`] |
//! | | `privacy_policy_url`, `terms_of_service_url`, `status_page_url` | for people |
//! | | `headquarters`, `datacenters` | for people: a country's two letters, and an array of them |
//! | | `prices_as` | by which names [sources](#sources) know it, if not by those below |
//! | `models.<id>` | `endpoints` | needed, at least one, unless a source has one |
//! | | `aliases` | other names; none may be the id of a model |
//! | | `context_length` | tokens of prompt and completion together |
//! | | `bounds` | a table of `image`, `file`, `audio`, `video`: the most tokens that such a part of a prompt takes, and `searches` of the web that a request may lead to, of `search` tokens each; see [`PartBounds`] |
//! | | `input`, `output` | arrays of `text`, `image`, `file`, `audio`, `video`, `embeddings`; else not known, and nothing is held against it |
//! | | `distillable` | true if its author allows to distill from its text |
//! | | `moderated` | true if its author has prompts looked at |
//! | | `hidden` | true if it is neither listed, nor the newest of its family, nor chosen by a router; who knows its name is answered |
//! | | `family` | see [`Model::family`]; else what the id tells |
//! | | `strategy` | the name of a [`Strategy`]; else `balanced` |
//! | | `recover` | true if answers are [mended](crate::dispatch::recover) that break, false if not; else as the request or the layer says |
//! | | `content_policy` | the name of a [`ContentPolicy`], where its content is refused; else as the stack has it |
//! | | `deadlines` | a table of `headers_ms`, `first_token_ms`, `fail_over_ms`, `idle_ms`, see [`ModelDeadlines`] |
//! | | `hedge` | true if a second endpoint is asked when the first one is late, see [`hedge`](crate::dispatch::hedge) |
//! | | `name`, `description`, `created` | for people; `created` in seconds since 1970, by which `~author/family-latest` goes |
//! | | `canonical_slug`, `expiration_date`, `hugging_face_id` | for people; a date is `2026-12-31` |
//! | `….endpoints` | `provider` | needed; the slug of a provider |
//! | | `model` | needed; what the provider calls it |
//! | | `tag` | else the provider's slug; two endpoints of a provider need one: `deepinfra/fp8` |
//! | | `context_length`, `max_completion_tokens`, `max_prompt_tokens` | if the provider has limits of its own |
//! | | `bounds` | as for models, where they are its own |
//! | | `quantization` | the name of a [`Quantization`](crate::wire::Quantization) |
//! | | `parameters` | an array of the [parameters](crate::wire::Fields::PARAMETERS) that it supports; else not known, and nothing is held against it |
//! | | `data_collection`, `zdr`, `own_key` | if it differs from its provider |
//! | | `implicit_caching` | true if it keeps prompts in a cache unasked |
//! | | `prefill` | true if it [goes on](crate::dispatch::recover) with an answer that begins the request's last message, or the [way](crate::wire::Prefill) in which it is told to: `prefix`, `prefix_repeated`, `partial`, `continue_final_message` |
//! | | `recover` | true if an answer of it is mended that breaks, false if not; else the model's |
//! | | `weight` | its share under the strategy `weighted`; else 1 |
//! | | `score` | how well it calls tools, from `"0"` to `"1"` with three decimals |
//! | | `rpm`, `tpm` | requests and tokens a minute that go to it, whatever the key, see [`Pace`] |
//! | | `prices` | a table of [`Rate`] to a string: USD per *million* tokens, or per one `request`, `image` or `web_search` |
//! | `….prices.overrides` | any rate | a string as in `prices`; needed, at least one |
//! | | `above` | only where the prompt has more tokens than this |
//! | | `utc` | only at these [`Hours`]: `"22:00-06:00"` |
//! | | `weekdays` | only on these days in UTC: an array of `mon` to `sun` |
//! | `auto` | `models` | needed; what `openrouter/auto` may choose, in order: ids, aliases, [`Pattern`]s of ids |
//! | | `long_above` | a prompt of more tokens than this is `long`; else 100000 |
//! | `auto.tasks` | `vision`, `long`, `tools`, `reasoning` | the model that comes first for such a request, see [`AutoRule`] |
//! | `limits` | `name`, `scope`, `unit`, `limit` | needed; what callers may spend, ask and hold, a [`Rule`](crate::limits::Rule) each: of `"account"`, `"key"`, `"model"`, `"provider"`, `"user"` or `"tag"`; so many `"requests"`, `"tokens"` or `"concurrency"`, or `"money"` in USD, as text |
//! | | `window` | `"daily"`, `"weekly"`, `"monthly"`, `{ rolling_ms = 60000 }` or `{ bucket_ms = 60000, burst = 10 }`; else for ever |
//! | | `of`, `models` | this one alone; only models of such names, with stars: `"*:free"` |
//! | | `soft` | percents of the limit at which an event is told |
//!
//! All conditions of an override must hold; of several that do, the later one wins, rate by rate. Any other key is refused.
//! Prices are strings because a TOML float would lose digits.
//!
//! # Sources
//!
//! Others keep lists of models and prices. With one of them, who one's providers are is all that there is to say:
//!
//! ```
//! # #[cfg(feature = "prices")] {
//! use switchtower::catalog::Catalog;
//!
//! let text = r#"
//!     embedded = true
//!
//!     [providers.openai]
//!     base_url = "https://api.openai.com/v1"
//!     key_env = "OPENAI_API_KEY"
//! "#;
//! let catalog = Catalog::from_toml(text, "switchtower.toml", |_| Some("sk-123".to_owned()))?;
//!
//! let model = catalog.find("gpt-5").unwrap();
//! assert_eq!(model.id(), "openai/gpt-5");
//! assert_eq!(model.endpoints()[0].prices().prompt().unwrap().to_string(), "0.00000125");
//! println!("{}", catalog.reports()[0]);
//! # }
//! # Ok::<(), switchtower::catalog::LoadError>(())
//! ```
//!
//! | source | what it is, told by its shape | what it gives |
//! |---|---|---|
//! | LiteLLM's price map | `model_prices_and_context_window.json` | models, limits, prices, tiers of each provider |
//! | OpenRouter's models | `GET /api/v1/models` | what models are; and, since the prices are its own, endpoints of OpenRouter, if that is a provider |
//! | OpenRouter's endpoints | `GET /api/v1/models/{author}/{slug}/endpoints` | tags, limits, quantizations and prices of the providers of one model |
//! | genai-prices | `prices.json`; a part of it is embedded | models and prices of each provider, some from a day on. It knows no days of the week: what is dear on working days is so on all |
//!
//! **Layers.** The file itself lies on top, under it the `sources` in their order, under them what is embedded. A layer
//! says what none above it has said, and changes nothing. Models are the same if their ids are but for case, dots and
//! dashes. Of a provider's endpoints for a model the uppermost layer that has any lists all, tier by tier, and a lower one
//! completes them; but a price list is never mixed of two. An endpoint without one has the price of the very name by which
//! its provider is asked, if a source has that, else that of the model. No source makes a provider, and what one says of a provider
//! that the file does not have is skipped.
//!
//! **Who is who.** A provider is known to sources by its slug, whatever its dashes, and well-known ones by their other
//! names too: `google`, `google-ai-studio` or `gemini` is LiteLLM's `gemini`; `google-vertex` all of its `vertex_ai…`;
//! `azure`, `amazon-bedrock` (`bedrock`, `aws`), `together`, `fireworks`, `xai` (`x-ai`), `z-ai`, `moonshotai`, `mistral`,
//! `cohere`, `alibaba` (`dashscope`) and others likewise. `prices_as = ["azure_ai"]` says it for any other; a name that ends in `*` is the beginning of one. A model's id is
//! that of OpenRouter, as far as the name tells: `gpt-5` of `openai` or `azure` is `openai/gpt-5`, and
//! `zai-org/GLM-4.7` of a host is `z-ai/glm-4.7`.
//!
//! **Prices** are read from their decimal text; digits beyond 10⁻¹⁵ USD, which floats leave, are rounded away. What is
//! not listed is unknown, which is not free, and a price below zero is unknown too; so is one of nothing for a token where
//! something is asked for a unit that is not counted, such as a second of video. Conditions become [`Override`]s,
//! service tiers endpoints such as `openai/flex`. What has no place in a price list is a [`Gap`] in the source's
//! [`Report`], which also accounts for every row: all of them are taken, or skipped for a reason. At most 50,000 rows are
//! taken of a source, and 1,000 endpoints of one model, at most 16 MiB of a file, 256 MiB of all, and 1,000 files.
//!
//! **Changes.** A [`Reloader`] reads it all anew when a file changes, and keeps the last good catalogue where the new one
//! cannot be right.

mod attributes;
mod auto;
mod base_url;
mod billing;
mod builder;
mod check;
mod content_policy;
mod dropped;
mod endpoint;
mod endpoint_spec;
mod error;
mod family;
mod field;
mod hold_policy;
mod key;
mod load;
mod model;
mod model_deadlines;
mod model_spec;
mod named;
mod nearest;
mod part_bounds;
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
pub use billing::{ReportedCost, StopsBilling};
pub use builder::CatalogBuilder;
pub use content_policy::ContentPolicy;
pub use dropped::Dropped;
pub use endpoint::Endpoint;
pub use endpoint_spec::EndpointSpec;
pub use error::{BuildError, LoadError};
pub use hold_policy::HoldPolicy;
pub use key::{Key, Pace};
pub use model::Model;
pub use model_deadlines::ModelDeadlines;
pub use model_spec::ModelSpec;
pub(crate) use named::{AUTO, FREE, plain};
pub use part_bounds::PartBounds;
pub use pattern::Pattern;
pub use prices::{Hours, InvalidHours, Override, Prices, Rate, UnknownPrices, Weekday};
pub use problem::Problem;
pub use provider::{About, Provider};
pub use secret::Secret;
pub use snapshot::Catalog;
pub use source::{
    Changes, Format, Gap, Held, ReloadError, Reloader, Report, Repriced, Skipped, Unpriced,
};
pub use strategy::Strategy;
