//! What a provider bills, and what the key pays, where the two are not the same or not known for sure.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use serde_json::{Value, json};
use switchtower::catalog::{Catalog, StopsBilling};
use switchtower::choose::ChooseLayer;
use switchtower::dispatch::deadline::{DeadlineLayer, Deadlines};
use switchtower::meter::MeterLayer;
use switchtower::settle::{Certainty, Cost, MemoryLedger, Record, SettleLayer, claim};
use switchtower::wire::Tier;
use switchtower::{End, Filter, Kind, Money, Payload};
use tower::{ServiceBuilder, ServiceExt, service_fn};

/// Prices of 1 and 2 USD for a million tokens, and answers of at most ten thousand.
const PLAIN: &str = "max_completion_tokens = 10000\nprices = { prompt = '1', completion = '2' }";
/// A hundred tokens read and ten written, after which there is nothing more to come.
const USED: &str = r#"{"prompt_tokens":100,"completion_tokens":10}"#;
const HI: &str = r#"{"choices":[{"index":0,"delta":{"content":"hi"}}]}"#;

// === What the provider says ===

/// Read from their decimal text: a float has no such tenth.
#[tokio::test(start_paused = true)]
async fn what_a_provider_says_that_it_bills_is_kept_beside_ours() {
    let spelled = [
        (json!({"cost": 0.1}), Some("0.1")),
        (json!({"cost": "0.000123"}), Some("0.000123")),
        // Beyond the twelfth decimal half to even, once.
        (json!({"cost": 1.2345e-8}), Some("0.000000012345")),
        (json!({"cost": 0.0000000000005}), Some("0")),
        (json!({"cost": 0.0000000000015}), Some("0.000000000002")),
        (json!({"cost": 0.00000000000051}), Some("0.000000000001")),
        (json!({"cost": 0}), Some("0")),
        (
            json!({"cost": {"input_tokens_cost": 0.1, "total_cost": 0.25}}),
            Some("0.25"),
        ),
        (json!({"cost_in_usd_ticks": 37_756_000}), Some("0.0037756")),
        (json!({"cost_in_usd_ticks": 1}), Some("0.0000000001")),
        (
            json!({"cost_details": {"upstream_inference_cost": 0.019}}),
            Some("0.019"),
        ),
        (
            json!({"cost": 0.5, "cost_details": {"upstream_inference_cost": 0.5}}),
            Some("0.5"),
        ),
        (
            json!({"cost": 0.95, "is_byok": true, "cost_details": {"upstream_inference_cost": 19}}),
            Some("19.95"),
        ),
        (json!({"cost": null}), None),
        (json!({"cost": -1}), None),
        (json!({"cost": 1e300}), None),
        (json!({"cost": [1]}), None),
        (json!({"cost": "dear"}), None),
        (json!({"cost_details": null}), None),
        (json!({}), None),
    ];
    for (said, expected) in spelled {
        let mut usage = said.clone();
        usage["prompt_tokens"] = json!(100);
        usage["completion_tokens"] = json!(10);
        for streamed in [false, true] {
            let record = Asked::default()
                .hears(answer(&usage, None, streamed))
                .streamed(streamed)
                .record()
                .await;
            let attempt = &record.attempts[0];
            let reported = attempt.reported.map(|amount| amount.to_string());
            assert_eq!(reported.as_deref(), expected, "{said}");
            assert_eq!(attempt.cost, exact("0.00012"), "ours counts: {said}");
            assert_eq!(attempt.listed, Some(usd("0.00012")));
            assert_eq!(record.charge, Some(usd("0.00012")));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_word_of_a_trusted_provider_is_the_cost() {
    let usage = json!({"prompt_tokens": 100, "completion_tokens": 10, "cost": 0.5});
    let trusted = Asked {
        provider: "reported_cost = 'trust'",
        ..Asked::default()
    };
    let record = trusted.hears(answer(&usage, None, false)).record().await;
    assert_eq!(record.attempts[0].cost, exact("0.5"));
    assert_eq!(
        record.attempts[0].listed,
        Some(usd("0.00012")),
        "ours is kept"
    );
    assert_eq!(record.charge, Some(usd("0.5")));
    assert_eq!(
        record.attempts[0].disagreement(),
        Some((usd("0.00012"), usd("0.5")))
    );

    // A running total is not the bill.
    let running = json!({"choices": [{"index": 0, "delta": {"content": "hi"}}], "usage": usage});
    let trusted = Asked {
        provider: "reported_cost = 'trust'",
        leaves: true,
        ..Asked::default()
    };
    let record = trusted
        .hears(events(&[running], false))
        .streamed(true)
        .record()
        .await;
    assert_eq!(record.attempts[0].cost.certainty, Certainty::Estimated);
    assert_eq!(record.charge, Some(usd("0.00012")));
}

/// Floats are a little off, and some round to a billionth of a dollar; that is no other amount.
#[tokio::test(start_paused = true)]
async fn a_hair_is_no_disagreement() {
    for (said, differs) in [
        ("0.00012", false),
        ("0.00012000000000000001", false),
        ("0.0001201", false),
        ("0.00012013", true),
        ("0", true),
    ] {
        let usage: Value = serde_json::from_str(&format!(
            r#"{{"prompt_tokens":100,"completion_tokens":10,"cost":{said}}}"#
        ))
        .unwrap();
        let record = Asked::default()
            .hears(answer(&usage, None, false))
            .record()
            .await;
        assert_eq!(
            record.attempts[0].disagreement().is_some(),
            differs,
            "{said}"
        );
    }
}

// === What nobody knows the price of ===

#[tokio::test(start_paused = true)]
async fn what_has_no_price_may_be_told_by_the_provider() {
    let usage = json!({"prompt_tokens": 100, "completion_tokens": 10, "cost": 0.03});
    let silent = json!({"prompt_tokens": 100, "completion_tokens": 10});
    let cost = async |policy: &'static str, usage: &Value| {
        let asked = Asked {
            policy,
            endpoint: "",
            ..Asked::default()
        };
        let record = asked.hears(answer(usage, None, false)).record().await;
        (record.attempts[0].cost, record.charge)
    };
    let unknown = Cost {
        amount: None,
        certainty: Certainty::Unknown,
        at_most: None,
    };
    let assume = "unknown_prices = { assume = { prompt = '5', completion = '10' } }";
    let assumed = Cost {
        amount: Some(usd("0.0006")),
        certainty: Certainty::Estimated,
        at_most: None,
    };
    for (policy, told, charge, untold, guess) in [
        ("", exact("0.03"), Some("0.03"), unknown, None),
        (
            "unknown_prices = 'allow'",
            exact("0.03"),
            Some("0.03"),
            unknown,
            None,
        ),
        // Up to the cap, and where nothing is known all of it.
        (
            "unknown_prices = { cap = '0.02' }",
            exact("0.03"),
            Some("0.02"),
            unknown,
            Some("0.02"),
        ),
        (
            "unknown_prices = { cap = '0.04' }",
            exact("0.03"),
            Some("0.03"),
            unknown,
            Some("0.04"),
        ),
        (assume, exact("0.03"), Some("0.03"), assumed, Some("0.0006")),
    ] {
        assert_eq!(
            cost(policy, &usage).await,
            (told, charge.map(usd)),
            "{policy}"
        );
        assert_eq!(
            cost(policy, &silent).await,
            (untold, guess.map(usd)),
            "{policy}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_capped_answer_that_failed_is_not_charged() {
    let asked = Asked {
        policy: "unknown_prices = { cap = '0.02' }",
        endpoint: "",
        ..Asked::default()
    };
    let wrong = json!({"error": {"message": "x", "code": 500}});
    let record = asked
        .hears(events(&[wrong], true))
        .streamed(true)
        .record()
        .await;
    assert_eq!(record.charge, Some(Money::ZERO));
    assert_eq!(record.attempts[0].cost.certainty, Certainty::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_denied_endpoint_is_asked_by_nobody_and_a_known_one_is() {
    let deny = "unknown_prices = 'deny'";
    let half = "prices = { prompt = '1' }";
    for endpoint in ["", half] {
        let asked = Asked {
            policy: deny,
            endpoint,
            ..Asked::default()
        };
        let chain = ServiceBuilder::new()
            .layer(ChooseLayer::new(asked.catalog()).seed(1))
            .service(service_fn(|_: Request<Payload>| async {
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
            }));
        let error = chain.oneshot(request(false)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::NoEndpoints);
        let rejected = &error.refused().unwrap().rejected;
        assert_eq!(rejected[0].filter, Filter::UnknownPrice);
        assert!(
            error
                .message()
                .contains("`model` removed 1 of unknown price"),
            "{error}"
        );
    }
    let asked = Asked {
        policy: deny,
        ..Asked::default()
    };
    let used = serde_json::from_str(USED).unwrap();
    let record = asked.hears(answer(&used, None, false)).record().await;
    assert_eq!(record.end, End::Complete);
    // What writes nothing needs no price for it.
    let catalog = catalog_of(deny, "", "output = ['embeddings']", half);
    assert_eq!(catalog.models()[0].endpoints()[0].unknown_price(), None);
}

/// Before anybody is asked, a cap is held; and what is assumed is held as what is known.
#[test]
fn what_has_no_price_is_claimed_by_the_policy() {
    let worst = |policy| {
        let catalog = catalog_of(policy, "", "", "");
        let endpoint = &catalog.models()[0].endpoints()[0];
        let asks = r#"{"prompt":"0123456789","max_tokens":100}"#;
        let asks = claim::Asks::of(&Payload::read(asks).unwrap());
        claim::strict(endpoint, &asks).map(|worst| worst.round().to_string())
    };
    assert_eq!(worst(""), Err(claim::NoBound::Price));
    assert_eq!(
        worst("unknown_prices = { cap = '0.02' }").as_deref(),
        Ok("0.02")
    );
    // A token for each of the 40 bytes, and a hundred written.
    let assume = "unknown_prices = { assume = { prompt = '5', completion = '10' } }";
    assert_eq!(worst(assume).as_deref(), Ok("0.0012"));
}

#[test]
fn a_policy_that_makes_no_sense_is_refused() {
    for (policy, why) in [
        ("unknown_prices = 'denied'", "denied"),
        ("unknown_prices = 3", "a table"),
        ("unknown_prices = {}", "assume"),
        ("unknown_prices = { cap = 0.05 }", "a string"),
        ("unknown_prices = { cap = '-1' }", "negative"),
        (
            "unknown_prices = { assume = { prompt = '5' } }",
            "completion",
        ),
        (
            "unknown_prices = { cap = '1', assume = { prompt = '5', completion = '1' } }",
            "cannot stand beside",
        ),
    ] {
        let error = Catalog::from_toml(&toml(policy, "", "", ""), "t.toml", |_| None).unwrap_err();
        assert!(error.to_string().contains(why), "{policy}: {error}");
    }
    for provider in [
        "stops_billing_on_cancel = 'maybe'",
        "reported_cost = 'believe'",
    ] {
        Catalog::from_toml(&toml("", provider, "", ""), "t.toml", |_| None).unwrap_err();
    }
}

// === Who goes on when nobody reads ===

#[test]
fn who_stops_billing_is_known_by_its_slug_unless_the_file_says_otherwise() {
    let stops = |slug| StopsBilling::of(slug);
    for slug in [
        "openai",
        "anthropic",
        "azure",
        "fireworks",
        "x-ai",
        "deepseek",
        "my-own",
    ] {
        assert_eq!(stops(slug), StopsBilling::Streams, "{slug}");
    }
    for slug in [
        "amazon-bedrock",
        "Amazon_Bedrock",
        "groq",
        "google-vertex",
        "mistral",
        "samba-nova",
    ] {
        assert_eq!(stops(slug), StopsBilling::Never, "{slug}");
    }
    for (line, expected) in [
        ("", StopsBilling::Streams),
        ("stops_billing_on_cancel = true", StopsBilling::Always),
        ("stops_billing_on_cancel = false", StopsBilling::Never),
        ("stops_billing_on_cancel = 'streams'", StopsBilling::Streams),
    ] {
        let catalog = catalog_of("", line, "", "");
        assert_eq!(catalog.providers()[0].stops_billing(), expected, "{line}");
    }
}

/// Whoever leaves such an answer pays for as much of it as it allows, since the operator does; without a limit, for as much as
/// is usual. The most that it may be is the longest that the endpoint writes.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_left_costs_what_goes_on_being_written() {
    const PROMPT: u64 = 9;
    let micros = |tokens: u64| usd(&format!("{}e-6", tokens));
    for (provider, streamed, limit, written, longest) in [
        ("stops_billing_on_cancel = true", true, None, 1, 10_000),
        ("stops_billing_on_cancel = true", false, None, 0, 10_000),
        ("stops_billing_on_cancel = 'streams'", true, None, 1, 10_000),
        (
            "stops_billing_on_cancel = 'streams'",
            false,
            None,
            4096,
            10_000,
        ),
        ("stops_billing_on_cancel = false", true, None, 4096, 10_000),
        ("stops_billing_on_cancel = false", true, Some(50), 50, 50),
        ("stops_billing_on_cancel = false", false, Some(50), 50, 50),
        (
            "stops_billing_on_cancel = false",
            true,
            Some(10_000),
            10_000,
            10_000,
        ),
    ] {
        let story = format!("{provider}, {streamed}, {limit:?}");
        let asked = Asked {
            provider,
            leaves: true,
            limit,
            ..Asked::default()
        };
        let script = match streamed {
            true => events(&[serde_json::from_str(HI).unwrap()], false),
            false => never(),
        };
        let record = asked.hears(script).streamed(streamed).record().await;
        let attempt = &record.attempts[0];
        assert_eq!(attempt.end, End::Cancelled, "{story}");
        let cost = Cost {
            amount: Some(micros(PROMPT + 2 * written)),
            certainty: Certainty::Estimated,
            // Two bytes make a token there, and here four.
            at_most: Some(micros(17 + 2 * longest)),
        };
        assert_eq!(attempt.cost, cost, "{story}");
        assert_eq!(record.charge, cost.amount, "{story}");
        assert_eq!(record.charge_certainty(), Certainty::Estimated);
        assert_eq!(attempt.usage.completion_tokens(), written, "{story}");
    }
}

/// What has come to its end is billed as that, whoever leaves then; what was refused, and what never began, is not billed.
#[tokio::test(start_paused = true)]
async fn nothing_goes_on_that_is_over() {
    let stop = json!({"choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10}});
    let asked = Asked {
        provider: "stops_billing_on_cancel = false",
        leaves: true,
        ..Asked::default()
    };
    let record = asked
        .hears(events(&[stop], false))
        .streamed(true)
        .record()
        .await;
    assert_eq!(record.attempts[0].cost, exact("0.00012"));
    assert_eq!(record.charge_certainty(), Certainty::Exact);
}

/// Who is cut off by the operator's deadline has not left: it pays for what it got, and the operator for the rest.
#[tokio::test(start_paused = true)]
async fn the_deadline_is_not_the_callers_doing() {
    let asked = Asked {
        provider: "stops_billing_on_cancel = false",
        deadline: true,
        ..Asked::default()
    };
    let hi = serde_json::from_str(HI).unwrap();
    let record = asked
        .hears(events(&[hi], false))
        .streamed(true)
        .record()
        .await;
    assert!(
        matches!(record.end, End::Failed(Kind::Elapsed(_))),
        "{:?}",
        record.end
    );
    assert_eq!(record.attempts[0].cost.amount, Some(usd("0.008201")));
    assert_eq!(
        record.charge,
        Some(usd("0.000011")),
        "nine tokens read and one written"
    );
    assert_eq!(record.usage.completion_tokens(), 1);
}

// === Tiers ===

const TIERS: &str = "model = 'x'\nprices = { prompt = '1', completion = '2' }
    [[models.'a/x'.endpoints]]
    provider = 'one'\nmodel = 'x'\ntag = 'one/priority'\nprices = { prompt = '10', completion = '20' }";

/// Whoever asks for a tier may be answered in another one, and is billed as that.
#[tokio::test(start_paused = true)]
async fn the_tier_that_has_answered_is_billed() {
    for (asked, served, amount, tier) in [
        ("priority", Some("priority"), "0.0012", Some(Tier::Priority)),
        ("priority", None, "0.0012", None),
        ("priority", Some("default"), "0.00012", Some(Tier::Default)),
        ("priority", Some("standard"), "0.00012", Some(Tier::Default)),
        ("auto", Some("default"), "0.00012", Some(Tier::Default)),
        ("auto", Some("priority"), "0.0012", Some(Tier::Priority)),
        ("auto", Some("unheard of"), "0.00012", None),
    ] {
        for streamed in [false, true] {
            let request = Asked {
                endpoint: TIERS,
                tier: Some(asked),
                ..Asked::default()
            };
            let used = serde_json::from_str(USED).unwrap();
            let script = answer(&used, served, streamed);
            let record = request.hears(script).streamed(streamed).record().await;
            let attempt = &record.attempts[0];
            assert_eq!(attempt.cost, exact(amount), "{asked} {served:?}");
            assert_eq!(record.charge, Some(usd(amount)));
            assert_eq!(attempt.tier, tier);
        }
    }
    // Where nobody knows what that tier costs, what was asked for is the best guess.
    let request = Asked {
        endpoint: TIERS,
        tier: Some("auto"),
        ..Asked::default()
    };
    let used = serde_json::from_str(USED).unwrap();
    let record = request
        .hears(answer(&used, Some("flex"), false))
        .record()
        .await;
    let guess = Cost {
        amount: Some(usd("0.00012")),
        certainty: Certainty::Estimated,
        at_most: None,
    };
    assert_eq!(record.attempts[0].cost, guess);
    // Anthropic tells it with the usage.
    let used = json!({"prompt_tokens": 100, "completion_tokens": 10, "service_tier": "priority"});
    let request = Asked {
        endpoint: TIERS,
        tier: Some("auto"),
        ..Asked::default()
    };
    let record = request.hears(answer(&used, None, false)).record().await;
    assert_eq!(record.attempts[0].cost, exact("0.0012"));
}

// === What nobody pays for ===

/// Nothing was written, or it ended in an error: then nothing is paid, not even the searches that were made for it.
#[tokio::test(start_paused = true)]
async fn searches_for_an_answer_that_is_not_charged_are_not_either() {
    let prices = "prices = { prompt = '1', completion = '2', web_search = '0.01' }";
    let usage = |written: u64| {
        json!({
            "prompt_tokens": 100, "completion_tokens": written, "server_tool_use": {"web_search_requests": 3},
        })
    };
    let choice =
        |finish: Value| json!([{"index": 0, "delta": {"content": ""}, "finish_reason": finish}]);
    for (finish, written, charged) in [
        (json!("stop"), 10, true),
        (json!("stop"), 0, true),
        (json!("error"), 10, false),
    ] {
        let last = json!({"choices": choice(finish.clone()), "usage": usage(written)});
        let asked = Asked {
            endpoint: prices,
            ..Asked::default()
        };
        let record = asked
            .hears(events(&[last], true))
            .streamed(true)
            .record()
            .await;
        let cost = exact(&format!("{}e-6", 30_100 + 2 * written));
        assert_eq!(record.attempts[0].cost, cost, "{finish}");
        let charge = if charged {
            cost.amount
        } else {
            Some(Money::ZERO)
        };
        assert_eq!(record.charge, charge, "{finish}");
    }
    let mute = json!({"choices": [{"index": 0, "message": {"content": ""}, "finish_reason": null}], "usage": usage(0)});
    let asked = Asked {
        endpoint: prices,
        ..Asked::default()
    };
    let record = asked.hears(document(&mute)).record().await;
    assert_eq!(
        (record.attempts[0].cost, record.charge),
        (exact("0.0301"), Some(Money::ZERO))
    );
}

/// An answer that no attempt gave, as one from a cache, is paid by nobody.
#[tokio::test(start_paused = true)]
async fn an_answer_without_an_attempt_costs_nothing() {
    let ledger = MemoryLedger::default();
    let chain = ServiceBuilder::new()
        .layer(ChooseLayer::new(Asked::default().catalog()).seed(1))
        .layer(SettleLayer::new(ledger.clone()))
        .service(service_fn(|_: Request<Payload>| async {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("kept")))
        }));
    let response = chain.oneshot(request(false)).await.unwrap();
    response.into_body().collect().await.unwrap();
    let record = &ledger.records()[0];
    assert!(record.attempts.is_empty());
    assert_eq!(
        (record.charge, record.charge_certainty()),
        (Some(Money::ZERO), Certainty::Exact)
    );
}

// === Helpers ===

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;
type Script = Arc<dyn Fn() -> BoxFuture<'static, Result<Answer, Infallible>> + Send + Sync>;

/// A request, who answers it, and what is known of that.
struct Asked {
    policy: &'static str,
    provider: &'static str,
    endpoint: &'static str,
    limit: Option<u64>,
    tier: Option<&'static str>,
    /// After the first event.
    leaves: bool,
    deadline: bool,
}

struct Hears {
    asked: Asked,
    script: Script,
    streamed: bool,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            policy: "",
            provider: "",
            endpoint: PLAIN,
            limit: None,
            tier: None,
            leaves: false,
            deadline: false,
        }
    }
}

impl Asked {
    fn catalog(&self) -> Arc<Catalog> {
        Arc::new(catalog_of(self.policy, self.provider, "", self.endpoint))
    }

    fn hears(self, script: Script) -> Hears {
        Hears {
            asked: self,
            script,
            streamed: false,
        }
    }
}

impl Hears {
    fn streamed(mut self, streamed: bool) -> Self {
        self.streamed = streamed;
        self
    }

    async fn record(self) -> Record {
        let Self {
            asked,
            script,
            streamed,
        } = self;
        let ledger = MemoryLedger::default();
        let client = service_fn(move |_: Request<Payload>| script());
        let long = Duration::from_secs(6000);
        let deadlines = Deadlines {
            headers: long,
            first_token: long,
            idle: long,
            total: if asked.deadline {
                Duration::from_secs(60)
            } else {
                long
            },
            ..Deadlines::default()
        };
        let chain = ServiceBuilder::new()
            .layer(ChooseLayer::new(asked.catalog()).seed(1))
            .layer(SettleLayer::new(ledger.clone()))
            .layer(DeadlineLayer::new(deadlines))
            .layer(MeterLayer::new())
            .service(client);
        let mut body = json!({"model": "a/x", "stream": streamed, "messages": [{"role": "user", "content": "hey"}]});
        if let Some(limit) = asked.limit {
            body["max_tokens"] = json!(limit);
        }
        if let Some(tier) = asked.tier {
            body["service_tier"] = json!(tier);
        }
        let request = Request::new(Payload::read(body.to_string()).unwrap());
        let wait = tokio::time::timeout(Duration::from_secs(1000), chain.oneshot(request));
        if let Ok(response) = wait.await {
            let mut body = Box::pin(response.unwrap().into_body());
            while let Some(Ok(_)) = body.frame().await {
                if asked.leaves {
                    break;
                }
            }
        }
        ledger.records()[0].clone()
    }
}

fn request(streamed: bool) -> Request<Payload> {
    let messages = json!([{"role": "user", "content": "hey"}]);
    let body = json!({"model": "a/x", "stream": streamed, "messages": messages});
    Request::new(Payload::read(body.to_string()).unwrap())
}

fn catalog_of(policy: &str, provider: &str, model: &str, endpoint: &str) -> Catalog {
    Catalog::from_toml(&toml(policy, provider, model, endpoint), "t.toml", |_| None).unwrap()
}

fn toml(policy: &str, provider: &str, model: &str, endpoint: &str) -> String {
    let endpoint = endpoint.strip_prefix("model = 'x'\n").unwrap_or(endpoint);
    format!(
        "{policy}\n[providers.one]\nbase_url = 'http://one.test/v1'\n{provider}\n[models.'a/x']\n{model}\n\
         [[models.'a/x'.endpoints]]\nprovider = 'one'\nmodel = 'x'\n{endpoint}\n"
    )
}

/// A whole answer of this usage, answered in this tier.
fn answer(usage: &Value, tier: Option<&str>, streamed: bool) -> Script {
    if streamed {
        let first =
            json!({"choices": [{"index": 0, "delta": {"content": "hi"}}], "service_tier": "auto"});
        let mut last = json!({
            "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage,
        });
        last["service_tier"] = json!(tier);
        return events(&[first, last], true);
    }
    let mut answer = json!({
        "choices": [{"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}], "usage": usage,
    });
    answer["service_tier"] = json!(tier);
    document(&answer)
}

fn document(json: &Value) -> Script {
    let text = json.to_string();
    Arc::new(move || {
        let body = Full::<Bytes>::from(text.clone()).boxed_unsync();
        let response = Response::builder().header("content-type", "application/json");
        let response = response.body(body).unwrap();
        async { Ok(response) }.boxed()
    })
}

/// These events, and then the end or nothing more.
fn events(events: &[Value], ends: bool) -> Script {
    let mut texts: Vec<_> = events
        .iter()
        .map(|data| format!("data: {data}\n\n"))
        .collect();
    if ends {
        texts.push("data: [DONE]\n\n".into());
    }
    Arc::new(move || {
        let frames = texts
            .clone()
            .into_iter()
            .map(|text| Ok(Frame::data(Bytes::from(text))));
        let rest = match ends {
            true => stream::empty().boxed(),
            false => stream::pending().boxed(),
        };
        let body = StreamBody::new(stream::iter(frames).chain(rest)).boxed_unsync();
        let response = Response::builder().header("content-type", "text/event-stream");
        let response = response.body(body).unwrap();
        async { Ok(response) }.boxed()
    })
}

fn never() -> Script {
    Arc::new(|| pending().boxed())
}

fn exact(amount: &str) -> Cost {
    Cost {
        amount: Some(usd(amount)),
        certainty: Certainty::Exact,
        at_most: Some(usd(amount)),
    }
}

fn usd(text: &str) -> Money {
    text.parse().unwrap()
}
