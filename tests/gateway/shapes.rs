//! An answer that is one JSON document, in OpenRouter's shape.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use switchtower::testing::{Script, Tokens, UsageManner};

use crate::bad_input::keys;
use crate::support::{House, PRICES};

#[tokio::test]
async fn a_whole_answer_has_all_that_strict_clients_demand() {
    let house = House::open(2).await;
    house.script(
        0,
        Script::new()
            .text("Hello there")
            .prompt_tokens(30)
            .cached_tokens(10),
    );
    let answer = house.ask(json!({"model": "latest/large"})).await;
    let body = answer.json();
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("x-generation-id"), body["id"].as_str());
    assert_id(&body["id"]);
    assert_eq!(body["object"], "chat.completion");
    assert!(body["created"].is_u64());
    assert_eq!(body["model"], "acme/large", "the alias is not what served");
    assert_eq!(body["provider"], "first & Co.");
    assert!(body.as_object().unwrap().contains_key("system_fingerprint"));
    let choice = &body["choices"][0];
    assert_eq!(choice["index"], 0);
    assert_eq!(choice["finish_reason"], "stop");
    assert_eq!(choice["native_finish_reason"], "stop");
    assert_eq!(choice["message"]["role"], "assistant");
    assert_eq!(choice["message"]["content"], "Hello there");
    let tokens = Tokens {
        prompt: 30,
        cached: 10,
        completion: 2,
        reasoning: 0,
    };
    assert_usage(&answer.body, &body["usage"], tokens);
}

#[tokio::test]
async fn its_usage_is_there_whatever_the_upstream_tells() {
    let house = House::open(1).await;
    house.script(0, Script::new().usage(UsageManner::Never).tokens(3));
    let body = house.ask(json!({})).await.json();
    // Estimated: an answer without a cost would be read as free.
    assert!(
        body["usage"]["completion_tokens"].as_u64().unwrap() >= 3,
        "{body}"
    );
    assert!(body["usage"]["cost"].as_f64().unwrap() > 0.0, "{body}");

    house.script(0, Script::new().usage(UsageManner::ExplicitZero));
    let body = house.ask(json!({})).await.json();
    assert_eq!(body["usage"]["cost"].to_string(), "0", "{body}");
}

#[tokio::test]
async fn no_header_of_an_upstream_leaks() {
    let house = House::open(1).await;
    let header = |name| HeaderName::from_static(name);
    let script = Script::new()
        .header(header("x-acme-account"), HeaderValue::from_static("ours"))
        .header(header("set-cookie"), HeaderValue::from_static("a=b"))
        .header(header("server"), HeaderValue::from_static("acme"))
        .rate_limit_requests(10, 9, Duration::from_secs(1));
    house.script(0, script);
    for stream in [false, true] {
        let answer = house.ask(json!({"stream": stream})).await;
        let mut names: Vec<_> = answer.headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        let known = [
            "cache-control",
            "content-length",
            "content-type",
            "date",
            "transfer-encoding",
            "x-generation-id",
        ];
        assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
    }
    let seen = house.upstreams[0].seen();
    assert!(
        seen.iter()
            .all(|seen| seen.header("authorization").is_none()),
        "the caller's key leaks"
    );
}

#[tokio::test]
async fn every_choice_has_a_finish_reason_that_is_known() {
    let house = House::open(1).await;
    house.script(0, Script::new().choices(2).finish("eos_token"));
    let body = house.ask(json!({"n": 2})).await.json();
    for choice in body["choices"].as_array().unwrap() {
        assert_eq!(choice["finish_reason"], "stop", "{choice}");
        assert_eq!(choice["native_finish_reason"], "eos_token", "{choice}");
    }
    for reason in ["length", "tool_calls", "content_filter"] {
        house.script(0, Script::new().finish(reason));
        let choice = house.ask(json!({})).await.json()["choices"][0].clone();
        assert_eq!(choice["finish_reason"], reason);
        assert_eq!(choice["native_finish_reason"], reason);
    }
}

/// Some servers leave out what they find obvious, or write null or "" for what is not there.
#[tokio::test]
async fn what_the_upstream_spells_badly_is_mended() {
    let house = House::open(1).await;
    let bare = r#"{"choices":[{"message":{"role":"assistant","content":"hi","tool_calls":null},"finish_reason":""}]}"#;
    house.script(0, json_script(bare));
    let body = house.ask(json!({})).await.json();
    assert_id(&body["id"]);
    assert_eq!(body["object"], "chat.completion");
    assert!(body["created"].is_u64());
    let choice = &body["choices"][0];
    assert!(
        choice["finish_reason"] == "stop" || choice["finish_reason"].is_null(),
        "{body}"
    );
    assert_eq!(choice["index"], 0, "{body}");
    assert!(choice["message"]["tool_calls"].is_array(), "{body}");
}

#[tokio::test]
async fn an_upstream_hears_its_own_model_and_none_of_ours() {
    let house = House::open(1).await;
    house
        .ask(json!({"models": ["acme/lone"], "usage": {"include": true}, "temperature": 0.5}))
        .await;
    let seen = house.upstreams[0].seen()[0].json().unwrap();
    assert_eq!(keys(&seen), ["messages", "model", "temperature"], "{seen}");
    assert_eq!(seen["model"], "upstream-model");
}

/// `gen-<unix seconds>-<20 letters or digits>`
pub(crate) fn assert_id(id: &Value) {
    let parts: Vec<_> = id.as_str().unwrap().split('-').collect();
    assert!(
        matches!(parts[..], ["gen", seconds, name]
        if seconds.parse::<u64>().is_ok() && name.len() == 20),
        "{id}"
    );
}

/// All of OpenRouter's usage, with the first provider's prices to the last digit in `text`.
pub(crate) fn assert_usage(text: &str, usage: &Value, tokens: Tokens) {
    assert_eq!(usage["prompt_tokens"], tokens.prompt);
    assert_eq!(usage["completion_tokens"], tokens.completion);
    assert_eq!(usage["total_tokens"], tokens.prompt + tokens.completion);
    assert_eq!(usage["is_byok"], false);
    assert_eq!(
        usage["prompt_tokens_details"]["cached_tokens"],
        tokens.cached
    );
    assert_eq!(
        usage["completion_tokens_details"]["reasoning_tokens"],
        tokens.reasoning
    );
    let (cost, prompt) = (
        PRICES.bill(tokens),
        PRICES.bill(Tokens {
            completion: 0,
            ..tokens
        }),
    );
    let completions = pico(cost) - pico(prompt);
    for (name, amount) in [
        ("cost", pico(cost)),
        ("upstream_inference_cost", pico(cost)),
        ("upstream_inference_prompt_cost", pico(prompt)),
        ("upstream_inference_completions_cost", completions),
    ] {
        let told = format!("\"{name}\":{}", digits(amount));
        let end = text
            .find(&told)
            .unwrap_or_else(|| panic!("no {told} in {text}"))
            + told.len();
        assert!(
            !text.as_bytes()[end].is_ascii_digit(),
            "{told} goes on: {text}"
        );
    }
}

/// Femtodollars to picodollars, half to even.
pub(crate) fn pico(femto: u128) -> u128 {
    let (whole, rest) = (femto / 1000, femto % 1000);
    whole + u128::from(rest > 500 || (rest == 500 && whole % 2 == 1))
}

/// Picodollars as dollars, without a needless digit.
pub(crate) fn digits(pico: u128) -> String {
    let text = format!(
        "{}.{:012}",
        pico / 1_000_000_000_000,
        pico % 1_000_000_000_000
    );
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn json_script(body: &'static str) -> Script {
    Script::new()
        .raw(body)
        .content_type(HeaderValue::from_static("application/json"))
}
