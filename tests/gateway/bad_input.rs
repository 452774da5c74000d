//! Each bad body is its own clear 4xx, in the shape of the caller's protocol, and reaches nobody.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, House, chat};

/// A body, and what is said about it.
struct Bad {
    what: &'static str,
    body: Vec<u8>,
    status: u16,
    openai: u16,
    param: Option<&'static str>,
    says: &'static str,
}

#[tokio::test]
async fn is_refused_in_both_dialects() {
    let house = House::with(2, |stack| stack.body_limit(LIMIT), Default::default()).await;
    for bad in bodies() {
        let router = house
            .post("/api/v1/chat/completions", bad.body.clone())
            .await;
        openrouter(bad.what, &router, bad.status, bad.param, bad.says);
        let openai = house.post("/v1/chat/completions", bad.body).await;
        let kind = self::openai(bad.what, &openai, bad.openai, bad.param, bad.says);
        assert_eq!(kind, "invalid_request_error", "{}", bad.what);
    }
    assert_eq!(house.calls(), 0, "an upstream was asked");
    assert_eq!(house.ledger.totals().held, 0);

    // Those who asked badly may ask again.
    assert_eq!(house.ask(json!({})).await.status, 200);
}

/// Any connection that answers a chunked body of unbounded size has to stop reading it at some time.
#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let house = House::with(1, |stack| stack.body_limit(LIMIT), Default::default()).await;
    let mut caller = Caller::connect(house.address).await;
    let head = format!(
        "POST /api/v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {}\r\n\
         transfer-encoding: chunked\r\n\r\n",
        crate::support::KEY
    );
    caller.say(head.as_bytes()).await;
    let chunk = format!("{LIMIT:x}\r\n{}\r\n", " ".repeat(LIMIT));
    caller.say(chunk.as_bytes()).await;
    caller.say(chunk.as_bytes()).await;
    // It is told without having to come to an end.
    assert!(caller.hear("\"code\":413").await, "{}", caller.text());
    assert!(
        caller.text().starts_with("HTTP/1.1 413 "),
        "{}",
        caller.text()
    );
    // The rest is not waited for: either the connection ends, or the next request is answered.
    caller.hear("never").await;
    assert_eq!(house.calls(), 0);
}

/// A caller who sends all of a large body before it reads the answer must find it: a reset would
/// take the 413 away with it.
#[tokio::test]
async fn a_large_body_that_was_sent_whole_is_told_413() {
    let house = House::with(1, |stack| stack.body_limit(LIMIT), Default::default()).await;
    let body = chat(json!({"user": "x".repeat(512 << 10)}));
    for _ in 0..20 {
        let mut caller = Caller::connect(house.address).await;
        caller.ask("/api/v1", &body).await;
        assert!(caller.hear("\"code\":413").await, "{}", caller.text());
    }
    assert_eq!(house.calls(), 0);
}

/// Nor may it come before all is sent: Node's `fetch` reads nothing after a write that failed, and a wrong
/// key was told as a broken connection.
#[tokio::test]
async fn a_refusal_does_not_reset_a_body_on_its_way() {
    let house = House::with(1, |stack| stack.body_limit(LIMIT), Default::default()).await;
    // More than the buffers of two sockets take.
    let body = chat(json!({"user": "x".repeat(16 << 20)}));
    for (key, code) in [(crate::support::KEY, 413), ("sk-or-v1-wrong", 401)] {
        for _ in 0..5 {
            let mut caller = Caller::connect(house.address).await;
            let head = format!(
                "POST /api/v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {key}\r\n\
                 content-length: {}\r\n\r\n",
                body.len()
            );
            caller.say(head.as_bytes()).await;
            for part in body.as_bytes().chunks(1 << 20) {
                caller.say(part).await;
            }
            assert!(
                caller.hear(&format!("\"code\":{code}")).await,
                "{}",
                caller.text()
            );
            // No next request may go into a connection that ends.
            assert!(
                caller.text().contains("\r\nconnection: close\r\n"),
                "{}",
                caller.text()
            );
            assert!(!caller.hear("never").await);
        }
    }
    assert_eq!(house.calls(), 0);
}

#[tokio::test]
async fn the_nearest_models_are_named() {
    let house = House::open(2).await;
    let answer = house.ask(json!({"model": "acme/larg"})).await;
    let said = answer.json()["error"]["message"].clone();
    assert!(said.as_str().unwrap().contains("`acme/large`"), "{said}");
    // In `models` too, and there is no way around it by a good one before.
    let answer = house
        .ask(json!({"models": ["acme/small", "acme/lrge"]}))
        .await;
    openrouter(
        "models",
        &answer,
        400,
        Some("models"),
        "`acme/lrge` is not a valid model ID",
    );
}

/// OpenRouter's shape, and nothing else.
pub(crate) fn openrouter(
    what: &str,
    answer: &Answer,
    status: u16,
    param: Option<&str>,
    says: &str,
) {
    assert_eq!(answer.status.as_u16(), status, "{what}: {answer:?}");
    assert_eq!(
        answer.header("content-type"),
        Some("application/json"),
        "{what}"
    );
    let body = answer.json();
    let error = body["error"].as_object().unwrap();
    assert_eq!(keys(&body), ["error"], "{what}");
    // Beside these there is a word about a model that cannot be had: see `availability`.
    let about_models = error.get("availability").map(|_| "availability");
    let known = about_models
        .into_iter()
        .chain(["code", "message", "metadata"]);
    assert_eq!(keys(&body["error"]), known.collect::<Vec<_>>(), "{what}");
    assert_eq!(
        error["code"].as_u64(),
        Some(status.into()),
        "{what}: {body}"
    );
    assert!(
        error["metadata"]["error_type"].is_string(),
        "{what}: {body}"
    );
    assert_eq!(error["metadata"]["param"].as_str(), param, "{what}: {body}");
    assert!(
        error["message"].as_str().unwrap().contains(says),
        "{what}: {body}"
    );
}

/// OpenAI's shape, and nothing else. Returns the `type`.
pub(crate) fn openai(
    what: &str,
    answer: &Answer,
    status: u16,
    param: Option<&str>,
    says: &str,
) -> String {
    assert_eq!(answer.status.as_u16(), status, "{what}: {answer:?}");
    assert_eq!(
        answer.header("content-type"),
        Some("application/json"),
        "{what}"
    );
    let body = answer.json();
    let error = &body["error"];
    assert_eq!(keys(&body), ["error"], "{what}");
    // Where providers were asked, there is a word about each.
    let asked = error.get("metadata").map(|_| "metadata");
    let known = ["code", "message"].into_iter().chain(asked);
    let known: Vec<_> = known.chain(["param", "type"]).collect();
    assert_eq!(keys(error), known, "{what}");
    assert!(
        error["code"].is_string() || error["code"].is_null(),
        "{what}: {body}"
    );
    assert_eq!(error["param"].as_str(), param, "{what}: {body}");
    assert!(
        error["message"].as_str().unwrap().contains(says),
        "{what}: {body}"
    );
    error["type"].as_str().unwrap().to_owned()
}

pub(crate) fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

const LIMIT: usize = 256 << 10;

fn bodies() -> Vec<Bad> {
    let bad = |what, body: Bytes, param, says| Bad {
        what,
        body: body.to_vec(),
        status: 400,
        openai: 400,
        param,
        says,
    };
    let with = |what, more: Value, param, says| bad(what, chat(more).into(), Some(param), says);
    let text = |what, body: &'static str, param, says| bad(what, body.into(), param, says);
    let not = |what, status, openai, bad: Bad| Bad {
        what,
        status,
        openai,
        ..bad
    };
    let twice =
        r#"{"model":"acme/large","messages":[{"role":"user","content":"hi"}],"model":"acme/lone"}"#;
    let spelled = r#"{"model":"acme/large","messages":[{"role":"user","content":"hi"}],"mo\u0064el":"acme/lone"}"#;
    let deep = format!(
        "{{\"model\":\"acme/large\",\"messages\":{}",
        "[".repeat(100_000)
    );
    let large = chat(json!({"user": "x".repeat(LIMIT)}));
    vec![
        text("no body", "", None, "empty"),
        text("white space", " \n", None, "empty"),
        text("no object", "[]", None, "must be a JSON object"),
        text(
            "bad JSON",
            r#"{"model": "acme/large" nope}"#,
            None,
            "not valid JSON",
        ),
        text(
            "bad JSON, and where",
            r#"{"model": "acme/large" nope}"#,
            None,
            "at byte 23",
        ),
        text(
            "half of it",
            r#"{"model": "acme/large","#,
            None,
            "at byte 23",
        ),
        text("more than one", "{} {}", None, "at byte 3"),
        text(
            "twice",
            twice,
            Some("model"),
            "`model` is given twice (at byte 66)",
        ),
        text(
            "twice, with an escape",
            spelled,
            Some("model"),
            "`model` is given twice (at byte 66)",
        ),
        text(
            "no model",
            r#"{"messages":[{"role":"user","content":"hi"}]}"#,
            Some("model"),
            "no model",
        ),
        text(
            "no messages",
            r#"{"model":"acme/large"}"#,
            Some("messages"),
            "`messages` is missing",
        ),
        with(
            "messages of null",
            json!({"messages": null}),
            "messages",
            "must be a non-empty array",
        ),
        with(
            "no message",
            json!({"messages": []}),
            "messages",
            "must be a non-empty array",
        ),
        with(
            "a message of text",
            json!({"messages": "x"}),
            "messages",
            "must be a non-empty array",
        ),
        with(
            "a number of a model",
            json!({"model": 5}),
            "model",
            "`model` must be a string",
        ),
        with(
            "a model of null",
            json!({"model": null}),
            "model",
            "`model` must be a string",
        ),
        with(
            "numbers of models",
            json!({"models": [1]}),
            "models",
            "an array of strings or null",
        ),
        with(
            "a stream of yes",
            json!({"stream": "yes"}),
            "stream",
            "a boolean or null",
        ),
        with(
            "negative tokens",
            json!({"max_tokens": -1}),
            "max_tokens",
            "positive whole number",
        ),
        with(
            "no tokens",
            json!({"max_tokens": 0}),
            "max_tokens",
            "positive whole number",
        ),
        with(
            "half a token",
            json!({"max_completion_tokens": 1.5}),
            "max_completion_tokens",
            "whole",
        ),
        with("no choice", json!({"n": 0}), "n", "from 1 to 128"),
        with(
            "a tool of text",
            json!({"tools": "x"}),
            "tools",
            "an array or null",
        ),
        with(
            "providers",
            json!({"provider": ["acme"]}),
            "provider",
            "an object or null",
        ),
        with(
            "an unknown preference",
            json!({"provider": {"ordr": ["a"], "onli": []}}),
            "provider",
            "`onli`, `ordr`",
        ),
        with(
            "a retention of text",
            json!({"provider": {"zdr": "yes"}}),
            "provider.zdr",
            "a boolean or null",
        ),
        with(
            "a training of maybe",
            json!({"provider": {"data_collection": "maybe"}}),
            "provider.data_collection",
            "\"allow\", \"deny\" or null",
        ),
        with(
            "parameters by number",
            json!({"provider": {"require_parameters": 1}}),
            "provider.require_parameters",
            "a boolean or null",
        ),
        with(
            "an unknown quantization",
            json!({"provider": {"quantizations": ["fp12"]}}),
            "provider.quantizations",
            "`mxfp4`",
        ),
        with(
            "an unknown order",
            json!({"provider": {"sort": "cheap"}}),
            "provider.sort",
            "\"throughput\"",
        ),
        with(
            "an unknown partition",
            json!({"provider": {"sort": {"by": "price", "partition": "all"}}}),
            "provider.sort.partition",
            r#""model", "none" or null"#,
        ),
        with(
            "a negative throughput",
            json!({"provider": {"preferred_min_throughput": -1}}),
            "provider.preferred_min_throughput",
            "at least 0",
        ),
        with(
            "an unknown percentile",
            json!({"provider": {"preferred_max_latency": {"p95": 1}}}),
            "provider.preferred_max_latency",
            "`p95`",
        ),
        with(
            "an unknown price",
            json!({"provider": {"max_price": {"video": 1}}}),
            "provider.max_price",
            "`video`",
        ),
        with(
            "an unknown route",
            json!({"route": "weighted"}),
            "route",
            r#""fallback", "sort" or null"#,
        ),
        with(
            "an unknown tier",
            json!({"service_tier": "standard"}),
            "service_tier",
            "`flex`",
        ),
        with(
            "an unknown form",
            json!({"modalities": ["smell"]}),
            "modalities",
            "`audio`",
        ),
        with(
            "plugins",
            json!({"plugins": [{"id": "web"}]}),
            "plugins",
            "not served yet",
        ),
        with(
            "a preset",
            json!({"preset": "mine"}),
            "preset",
            "not served yet",
        ),
        with(
            "transforms",
            json!({"transforms": ["middle-out"]}),
            "transforms",
            "not served yet",
        ),
        bad(
            "bad UTF-8",
            Bytes::from_static(b"{\"model\":\"\xff\"}"),
            None,
            "not UTF-8 (at byte 10)",
        ),
        bad("a deep one", deep.into(), None, "nested"),
        not(
            "an unknown model",
            400,
            404,
            with("", json!({"model": "acme/larg"}), "model", "`acme/large`"),
        ),
        not(
            "nobody left",
            404,
            404,
            with(
                "",
                json!({"provider": {"only": ["nobody"]}}),
                "provider.only",
                "no endpoints",
            ),
        ),
        not(
            "a large one",
            413,
            413,
            bad("", large.into(), None, "larger than 262144 bytes"),
        ),
    ]
}
