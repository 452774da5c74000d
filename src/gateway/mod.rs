//! The front door: OpenRouter's HTTP API as an axum `Router`.
//!
//! ```text
//!                            ┌▶ 401, 403       ┌────────────── the stack ──────────────┐
//! POST …/chat/completions ─▶ key ─▶ call id ─▶ read ▸ quota ▸ choose ▸ settle ▸ … ▸ client
//!                                                                     │
//!              in the caller's protocol ◀── retell ◀──────────────────┘
//!              id gen-…, provider, served model, usage.cost, X-Generation-Id
//! ```
//!
//! | route, under `/api/v1` and `/v1` | answers |
//! |---|---|
//! | `POST /chat/completions` | a chat completion, JSON or an event stream |
//! | `POST /completions` | a text completion, JSON or an event stream |
//! | `POST /embeddings` | embedding vectors |
//! | `GET /models` | the catalogue: [which models, in which order](#the-lists) |
//! | `GET /models/count` | how many of them |
//! | `GET /models/user` | those of them that the key may ask |
//! | `GET /models/{id}` | one model, as OpenAI's SDKs retrieve it |
//! | `GET /model/{author}/{slug}` | one model, as OpenRouter's do |
//! | `GET /models/{author}/{slug}/endpoints` | who serves it, at what price, and how each of them does |
//! | `GET /embeddings/models` | the models that write vectors |
//! | `GET /endpoints/zdr` | the endpoints that retain nothing |
//! | `GET /providers` | who there is |
//! | `GET /circuits` | [which endpoints are left alone](#the-circuits), why, and until when |
//! | `GET /generation?id=gen-…` | what remains of a request: attempts, tokens, cost, timings; of the newest, and of all that the ledger's store has |
//! | `GET /key`, `/auth/key` | what is set for the key that is brought, and what was spent with it |
//! | `GET`, `POST /keys` | [the keys](#the-keys), a hundred from `offset` on; makes one: for management keys |
//! | `GET`, `PATCH`, `DELETE /keys/{hash}` | one key, by the SHA-256 of it: likewise |
//! | `GET`, `POST /byok`; `GET`, `PATCH`, `DELETE /byok/{id}` | [callers' own keys of providers](#own-keys-of-providers): likewise |
//! | `GET`, `POST /credits`; `GET /activity`, `/spend`, `/statement`, `/generations` | [the bill](#the-bill): likewise |
//!
//! Under `/api/v1` errors have OpenRouter's shape (`code` is an integer), under `/v1` OpenAI's (`type`,
//! `param`, and a `code` that is a string or null), because strict clients of the one fail on the other's.
//! Every stream carries exactly one usage chunk, with `choices: []`, before `[DONE]`, asked for or not, as
//! OpenRouter's do; a stream that broke ends in its error chunk instead. What a provider spells so that strict clients fail is mended: nulls,
//! roles, tiers, finish reasons, an event that brings nothing, and with U+FFFD what is no UTF-8. The [stack](crate::Stack) alone passes
//! such bytes on.
//!
//! Where a model cannot be had, an error under `/api/v1` says so in a word, `error.availability.code`:
//!
//! | code | status | |
//! |---|---|---|
//! | `model_not_found` | 400 | there is no model of that name |
//! | `wrong_endpoint` | 400 | it answers another route, which `constraint.detail` names |
//! | `privacy_restricted` | 404 | each endpoint was removed by `zdr` or `data_collection` |
//! | `constraint_filtered` | 404 | by these and others, such as `max_price` or the length of the context |
//! | `no_endpoints` | 404 | at least one by a name: `only`, `ignore`, `order` without fallbacks; or a router has none to choose from |
//! | `model_unavailable_upstream` | 404 | each provider that was asked said that it has no such model |
//! | `capacity_exhausted` | 429 | each was limiting; it may help to ask again, after `retry_after` seconds |
//! | `temporarily_unavailable` | 503 | each failed in a way that passes; likewise |
//!
//! ```
//! use std::sync::Arc;
//! use switchtower::{BoxError, Stack, catalog::Catalog, client, gateway::Gateway};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
//! # let text = r#"
//! # [providers.acme]
//! # base_url = "https://api.acme.example/v1"
//! # [models."acme/swift"]
//! # [[models."acme/swift".endpoints]]
//! # provider = "acme"
//! # model = "swift-2"
//! # "#;
//! # let catalog = Arc::new(Catalog::from_toml(text, "switchtower.toml", |_| None)?);
//! let gateway = Gateway::new(Stack::new(catalog), client::hyper::plain())
//!     .keys(["sk-or-v1-secret"]);
//! let app: axum::Router = gateway.router();
//!
//! let ask = http::Request::get("/v1/models").header("authorization", "Bearer sk-or-v1-secret");
//! let answer = app.oneshot(ask.body(axum::body::Body::empty())?).await?;
//! assert_eq!(answer.status(), 200);
//! # Ok(()) }
//! ```
//!
//! # The plan explains itself
//!
//! A caller that sends `X-OpenRouter-Metadata: enabled` is told `openrouter_metadata`: as a member of a whole answer, of the last
//! chunk of a stream, or of an error beside `error`; not where there was no plan, as with a wrong key. To OpenRouter's
//! keys these are added, which strict clients pass over:
//!
//! | key | tells |
//! |---|---|
//! | `endpoints.available[].endpoint`, `.reason` | the tag, and [why](crate::Reason) it stands where it stands |
//! | `endpoints.rejected[]` | who could not be asked, each with the field that [removed](crate::Filter) it |
//! | `attempts[].endpoint`, `.end` | the tag, and how it ended |
//!
//! `attempt` is the number of the last attempt, 0 if nobody was asked; the `status` of one without an answer, or of an
//! error inside a 200, is the one that a caller would be given for it. Of each list of endpoints the first hundred are told.
//!
//! # The lists
//!
//! Of the parameters of `GET /models` that OpenRouter has, these are served. Lists are of names with a comma
//! between them, at most 32. What is not known of a model does not hold: without a price it is neither below nor above
//! one.
//!
//! | parameter | shows models |
//! |---|---|
//! | `q` | with all of its words, at most 32, in the id or the name, whatever their case |
//! | `supported_parameters` | that support all of them, at one endpoint or another |
//! | `input_modalities` | that read all of them |
//! | `output_modalities` | that write one of them; else `text`; `all` shows every one. A model of which the catalogue says nothing reads and writes text |
//! | `context` | with room for so many tokens |
//! | `min_price`, `max_price` | by the price of input in `pricing`, in USD for a million tokens |
//! | `min_output_price`, `max_output_price` | by that of output |
//! | `min_age_days`, `max_age_days` | by `created` |
//! | `model_authors` | by one of them: what stands before the slash of an id |
//! | `providers` | served by one of them, by slug or name |
//! | `distillable` | from whose text one may distill, with `true`, or may not, with `false` |
//! | `zdr` | with `true`, that have an endpoint which retains nothing |
//! | `sort` | in this order: `newest`, `pricing-low-to-high`, `pricing-high-to-low`, `context-high-to-low`, `throughput-high-to-low`, `latency-low-to-high`; else in that of the catalogue. Those of which it is not known come last |
//! | `offset`, `limit` | from this one on, and so many: 500, at most 1000. Without both it is all of them |
//!
//! | otherwise | |
//! |---|---|
//! | a value that is none; one of these parameters twice | 400, which names it |
//! | `arch`, `category`, `region`, `use_rss`, the indices, the tool success rates, and orders by popularity or by benchmarks | 400: known but not served yet |
//! | any other name, an empty value | as if it were not there |
//!
//! `GET /models/count` takes the same and counts them. `GET /models/user` is the same list of what the key may ask. `GET /embeddings/models` is the same list of models that write vectors. Hidden models are on none
//! of them, but are told by name. Behind the models stands `~author/family-latest`, with its `alias_target`, for each
//! family of several; a family of one has that name too, and is not listed twice.
//!
//! A model's `pricing` and `top_provider` are those of its cheapest endpoint that needs no tier to be asked for.
//! What is measured of an endpoint is null
//! while too little is known:
//!
//! | key | |
//! |---|---|
//! | `uptime_last_5m`, `…_30m`, `…_1d` | successes in a hundred; what a caller caused and rate limits do not count |
//! | `latency_last_30m` | to the first token, in milliseconds; in truth of the last five minutes, as `choose` sees it |
//! | `throughput_last_30m` | output tokens a second, likewise; nine in ten were at least as fast as `p90` |
//! | `status` | 0 normal, −1 degraded, −2 down, −3 failing just now: the lower, the later it is asked |
//!
//! # The circuits
//!
//! `GET /circuits` tells of each endpoint whether it may be asked, as [`gate`](crate::dispatch::gate) sees it; OpenRouter has no such route.
//! [`Standing::eject`](crate::standing::Standing::eject) and [`readmit`](crate::standing::Standing::readmit) change it by hand.
//!
//! | key | |
//! |---|---|
//! | `endpoint`, `model`, `tag` | which one |
//! | `state` | `admitting`, `probing`: one request finds out, `ejected` |
//! | `cause` | `failures` in a row, a `rate` of failures, `slow`: much slower than its peers, `limited`: it said so itself, `key`, `quota`, `operator`; null if there is none |
//! | `reopens_in`, `reopens_at` | when a request is let through to it again: in seconds, rounded up, and as a date; null if it is now |
//! | `failures`, `ejections` | in a row, since the last success or ejection, and since the last recovery |
//! | `on_trial` | true if it is let through again, but not yet [trusted](crate::standing::Breaker::trial) |
//! | `keys[].label` | each key of its provider, by its name; `none` if that wants none |
//! | `keys[].state`, `.cause`, `.reopens_in` | likewise, with this key |
//! | `keys[].in_flight` | attempts with it that are under way |
//! | `keys[].headroom` | what its provider still takes: of `requests`, `tokens`, `input`, `output`, as far as it is known, what is `left` of which `limit`, null if that was not told, and in how many seconds it `resets_in` |
//!
//! # The keys
//!
//! Who runs the gateway names keys that are let in ([`Gateway::keys`]), and keys that manage others
//! ([`Gateway::management_keys`]); neither is changed by the API, and since nobody knows how old they are, they are listed last,
//! as of 1970. Whoever brings a key of the second kind makes more, sees
//! those of its account, changes and deletes them, and asks no model. A key is told once, where it is made.
//! Keys of the account [`default`](crate::Caller::ACCOUNT) are the operator's: they make keys for any `account`, be it one that
//! manages its own (`is_management_key`), and see those of all accounts, or of the one that `GET /keys?account=` names.
//!
//! | field of `POST` and `PATCH` | |
//! |---|---|
//! | `name` | for people; at most 255 bytes. `POST` needs it |
//! | `limit`, `limit_reset` | the most that is spent with it, in USD, to the nearest 10⁻¹²; `daily`, `weekly` (from Monday on) or `monthly`, at midnight UTC, or null |
//! | `include_byok_in_limit` | counts what is spent with own keys of providers, too, of what comes from then on |
//! | `expires_at` | a time in UTC from when on it is refused with 401, or null |
//! | `disabled` | refuses it with 401 as well |
//! | `allowed_models`, `allowed_providers` | 1 to 100 names, or null for all: ids, with `*` for any letters; slugs or display names. OpenRouter's keys have them not |
//! | `account`, `is_management_key`, of `POST` alone | for whom, and whether it manages keys instead of asking models; likewise |
//! | `rate_limits` | an object of `requests_per_minute`, `requests_per_day`, `tokens_per_minute`, `tokens_per_day`, or null; likewise |
//!
//! An unknown field is refused, as is one that stands there twice. There is one workspace. Keys and what was spent with them are kept by
//! the ledger's store ([`Gateway::read_keys`]); without one, keys that were made are gone with the process, and what was spent is told by
//! the newest records that are still in memory.
//!
//! **What was spent counts**, when the process begins and when a limit is set later: a rule of a key or an account begins with what
//! the books say, fees with it, and with what is under way when a limit is set, be it held or charged and not in the books yet.
//! A limit that is changed, but not when it begins anew, goes on.
//!
//! **Several replicas** over one store hear of each other: of a key that nobody knows at once, though for all of them together at most
//! once a second; of all else, such as a key that was disabled, after [`Gateway::refresh_keys`]. What each of them has let in, the others
//! know when they begin.
//!
//! # Credit
//!
//! By default nobody needs any. With [`Gateway::prepaid`] an account spends what it was given, and is refused with 402 beyond it: what
//! `POST /credits` gives holds at once. More than nine million dollars in all (2⁶³ picodollars) no account can have. With [`Gateway::free_models`] models whose names end in `:free` are asked so often a minute and a
//! day by each account, more often by one that was granted ten dollars, as OpenRouter has it, and with 429 beyond; `GET /key` tells how often
//! (`free_model_daily_requests`; without a limit that is 2⁵³ - 1). `is_free_tier` is true where either is set and the account was never granted anything.
//!
//! # Own keys of providers
//!
//! An account may bring keys of its own at providers. They are used for its requests alone, before everything else, and what they
//! come to nobody else hears of. The provider bills the caller; of the operator's price the caller pays the share that
//! [`Gateway::byok_fee`] says, as `usage.cost`, beside `usage.is_byok` and `cost_details.upstream_inference_cost`. At rest they are sealed under
//! [`Gateway::master_keys`], without which none is taken. They are written, and changed, but never told again. The operator's management
//! keys make and change them for all accounts, as they do [keys](#the-keys).
//!
//! | field of `POST` and `PATCH` | |
//! |---|---|
//! | `provider` | its slug here; `POST` needs it, and it stays |
//! | `account`, of `POST` alone | for whom; `GET /byok?account=` names one |
//! | `key` | the key, as its header carries it: at most 8 KiB without blanks. `POST` needs it; `PATCH` puts another one in its place |
//! | `name`, `disabled` | |
//! | `is_fallback` | used only after the endpoints that all share |
//! | `always_use` | those are not asked at all where it can be used. OpenRouter's API has it not, only its pages |
//! | `sort_order` | its place among those of its provider; by default behind them |
//! | `allowed_models`, `allowed_api_key_hashes`, `allowed_user_ids` | used only for these models, with these keys, with keys of these `creator_user_id`: 1 to 100 of each, or null |
//!
//! # The bill
//!
//! It is told by what the ledger's [store](crate::settle::store) holds, for whoever brings a management key; without a store
//! these are 404. A key of the account [`default`](crate::Caller::ACCOUNT) is the operator's, sees all accounts, or the one that
//! `account` names, and alone may give credits; any other sees its own. Money is exact to the last digit.
//!
//! | route | tells |
//! |---|---|
//! | `GET /credits` | `total_credits` given and `total_usage` paid, fees included, of one account |
//! | `POST /credits` | gives money, once: `id` is the order's name, `amount` USD, `account`, `kind` (`grant`, `adjustment`, which may be below zero, `refund`), `note`. The same order again is told what came of the first; another one of the name is a 400 |
//! | `GET /activity` | the 30 days before today, or one `date` of them, by day, model, endpoint and provider, as OpenRouter does. `api_key_hash`, `user_id` and `tag` narrow it. `usage_estimated`, the part of `usage` that rests on estimates, and `usage_unknown`, requests that are in none of it since nobody knows their price, are ours |
//! | `GET /spend` | [sums](crate::settle::store::Spend) by whatever `by` names, of `day`, `account`, `key`, `model`, `provider`, `endpoint`, `user`, `tag`; of the days `from` … `to`, at most 366 and by default the last 30; `key`, `user`, `tag` narrow it |
//! | `GET /statement` | an account's `month`, by default this one: what was left, what was given, a line for each key and model, what is left; of that, what is estimated, and what nobody knows. The lines add up, and months join |
//! | `GET /generations` | the rows themselves, a line for each attempt, with what the operator is billed for it, how sure that is and the most that it may be, or what the caller is billed whose own key it was; at most 10,000 rows, the next ones by `after` |
//!
//! With `format=csv` all but the credits are a file; a text that a spreadsheet would take for a formula has `'` before it.
//! What is estimated is told apart, with the most that it may be, and what nobody knows is counted: a cost is between `cost_exact` and
//! `cost_at_most`, but for `cost_no_bound` attempts. What callers' own keys cost is `byok_cost`, and in no other cost.
//! The [fee](crate::Stack::fee) beside charges and the one [beside credits](Gateway::credit_fee) stand apart.
//!
//! # To run it
//!
//! [`serve`] runs [`Gateway::service`] on a listener, or any `Router` of axum, with `TCP_NODELAY`, bounds on
//! headers and connections, and a shutdown that lets streams finish, for a while. A caller that is refused while it
//! still sends may send on: it is told so, and not reset.
//!
//! **When to use**: to serve applications that speak OpenAI's or OpenRouter's API; within one application the
//! [`Stack`](crate::Stack) is enough. **When it acts**: once per request, and on every event of a stream, which it
//! retells; a caller that hangs up drops its answer, and with it everything inside. **Order**: outermost. Layers of
//! your own go around the service or the `Router`, or around the client.

mod ask;
mod bill;
mod blocking;
mod byok;
mod circuits;
mod closing;
mod connection;
mod front;
mod generation;
mod input;
mod json;
mod keys;
mod linger;
mod metadata;
mod models;
mod query;
mod random;
mod refuse;
mod remaining;
mod retell;
mod router;
mod serve;
mod stall;
mod usage;

pub use self::front::Front;
pub use self::router::Gateway;
pub use self::serve::{Bounds, serve};
