//! An answer that is a stream, in OpenRouter's shape.

use bytes::Bytes;
use http::HeaderValue;
use serde_json::{Value, json};
use switchtower::testing::{Script, Tokens, UsageManner};

use crate::shapes::{assert_id, assert_usage};
use crate::support::{Answer, House};

/// Six manners of telling the usage, one way in which the caller hears it.
#[tokio::test]
async fn there_is_one_usage_chunk_whatever_the_upstreams_manner() {
    let house = House::open(1).await;
    let manners = [
        UsageManner::Asked,
        UsageManner::Always,
        UsageManner::OnLastContent,
        UsageManner::EveryChunk,
        UsageManner::NullEveryChunkThenReal,
    ];
    let tokens = Tokens {
        prompt: 21,
        cached: 7,
        completion: 8,
        reasoning: 3,
    };
    for manner in manners {
        for options in [
            json!({}),
            json!({"stream_options": {"include_usage": false}}),
            json!({"stream_options": {"include_usage": true}}),
        ] {
            let script = Script::new()
                .reasoning(3)
                .tokens(5)
                .prompt_tokens(21)
                .cached_tokens(7);
            house.script(0, script.usage(manner));
            let mut more = options;
            more["stream"] = true.into();
            let answer = house.ask(more).await;
            let usage = assert_stream(&answer, "stop");
            assert_usage(&answer.body, &usage, tokens);
        }
    }
    for manner in [UsageManner::Never, UsageManner::ExplicitZero] {
        house.script(0, Script::new().tokens(5).usage(manner));
        let answer = house.ask(json!({"stream": true})).await;
        let usage = assert_stream(&answer, "stop");
        assert_eq!(
            usage["cost"] == 0,
            manner == UsageManner::ExplicitZero,
            "{usage}"
        );
    }
}

#[tokio::test]
async fn comments_and_odd_lines_do_not_matter() {
    let house = House::open(1).await;
    let plain = Script::new().text("One two three");
    let scripts = [
        plain.clone().crlf(),
        plain.clone().bare_data(),
        plain.clone().no_done(),
        plain.clone().no_role(),
        plain.clone().comments(3).comment_each(),
        plain.clone().fragment(1.try_into().unwrap()),
        plain
            .clone()
            .crlf()
            .fragment(7.try_into().unwrap())
            .comment_each(),
    ];
    for (place, script) in scripts.into_iter().enumerate() {
        house.script(0, script);
        let answer = house.ask(json!({"stream": true})).await;
        assert_stream(&answer, "stop");
        assert_eq!(answer.text(), "One two three", "script {place}");
    }
}

#[tokio::test]
async fn a_finish_reason_is_known_and_always_there() {
    let house = House::open(1).await;
    for (reason, told) in [
        ("length", "length"),
        ("eos_token", "stop"),
        ("max_tokens", "length"),
        ("model_length", "length"),
        ("model_context_window_exceeded", "length"),
        ("sensitive", "content_filter"),
        ("refusal", "content_filter"),
        ("tool_calls", "tool_calls"),
    ] {
        house.script(0, Script::new().finish(reason).choices(2));
        let answer = house.ask(json!({"stream": true, "n": 2})).await;
        assert_stream(&answer, told);
        let natives = answer
            .chunks()
            .into_iter()
            .filter(|chunk| chunk["choices"][0]["native_finish_reason"] == reason);
        assert_eq!(natives.count(), 2);
    }
    house.script(0, Script::new().no_finish());
    let answer = house.ask(json!({"stream": true})).await;
    assert_stream(&answer, "stop");
}

#[tokio::test]
async fn tool_calls_come_whole() {
    let house = House::open(1).await;
    house.script(0, Script::new().tool_call("weather", r#"{"city":"Oslo"}"#));
    let answer = house.ask(json!({"stream": true})).await;
    assert_stream(&answer, "tool_calls");
    let chunks = answer.chunks();
    let calls = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].as_array());
    let arguments: String = calls
        .flatten()
        .filter_map(|call| call["function"]["arguments"].as_str())
        .collect();
    assert_eq!(arguments, r#"{"city":"Oslo"}"#);
}

/// Strict clients fail on a null where there should be a list or nothing, on an empty finish reason,
/// and on one that is missing.
#[tokio::test]
async fn what_the_upstream_spells_badly_is_mended() {
    let house = House::open(1).await;
    let events = [
        r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"hi","tool_calls":null},"finish_reason":""}]}"#,
        r#"{"system_fingerprint":null,"choices":[{"index":0,"delta":{"content":" you"}}]}"#,
        // Azure, of what its filter has looked at meanwhile.
        r#"{"choices":[{"index":0,"finish_reason":null,"content_filter_offsets":{"check_offset":4}}]}"#,
        r#"{"choices":[{"index":0,"delta":null,"finish_reason":null}]}"#,
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        "[DONE]",
    ];
    let body: String = events
        .iter()
        .map(|data| format!("data: {data}\n\n"))
        .collect();
    let answer = ask_raw(&house, body).await;
    assert_stream(&answer, "stop");
    assert_eq!(answer.text(), "hi you");
    assert!(answer.body.contains("check_offset"), "{}", answer.body);
}

/// OpenRouter's clients look for `reasoning` alone.
#[tokio::test]
async fn thoughts_are_told_by_the_name_that_clients_look_for() {
    let house = House::open(1).await;
    let spelled = Script::new().reasoning(2).tokens(3);
    for script in [spelled.clone(), spelled.reasoning_content()] {
        let thoughts = |told: &Value| {
            let thoughts = told["reasoning"].as_str().unwrap_or_default();
            let own = told.get("reasoning_content").and_then(Value::as_str);
            assert!(own.is_none_or(|own| own == thoughts), "{told}");
            !thoughts.is_empty()
        };
        house.script(0, script.clone());
        let answer = house.ask(json!({"stream": true})).await;
        assert_stream(&answer, "stop");
        let chunks = answer.chunks();
        let deltas = chunks.iter().map(|it| &it["choices"][0]["delta"]);
        assert_eq!(deltas.filter(|it| thoughts(it)).count(), 2);
        house.script(0, script);
        let whole = house.ask(json!({})).await.json();
        assert!(thoughts(&whole["choices"][0]["message"]), "{whole}");
    }
}

/// The Python SDK joined the roles of all parts: "assistantassistant".
#[tokio::test]
async fn who_answers_is_told_once() {
    let house = House::open(1).await;
    for (own, told) in [
        ("null", 1),
        (r#""model""#, 1),
        (r#""""#, 1),
        // As it says itself.
        (r#""assistant""#, 4),
    ] {
        let part = |choice, words| {
            format!(
                r#"{{"choices":[{{"index":{choice},"delta":{{"role":{own},"content":"{words}"}},"finish_reason":null}}]}}"#
            )
        };
        let end = |choice| {
            format!(r#"{{"choices":[{{"index":{choice},"delta":{{}},"finish_reason":"stop"}}]}}"#)
        };
        let words = ["a", "b", "c", "d"];
        let parts = words
            .iter()
            .flat_map(|words| [part(0, words), part(1, words)]);
        let events = parts.chain([end(0), end(1), "[DONE]".into()]);
        let body: String = events.map(|data| format!("data: {data}\n\n")).collect();
        let kind = HeaderValue::from_static("text/event-stream");
        house.script(0, Script::new().raw(body).content_type(kind));
        let answer = house.ask(json!({"stream": true, "n": 2})).await;
        assert_stream(&answer, "stop");
        for choice in [0, 1] {
            let chunks = answer.chunks();
            let parts = chunks
                .iter()
                .flat_map(|it| it["choices"].as_array().unwrap());
            let parts = parts.filter(|part| part["index"] == choice);
            let deltas: Vec<_> = parts.map(|part| &part["delta"]).collect();
            let roles: Vec<_> = deltas.iter().filter_map(|it| it.get("role")).collect();
            assert_eq!(roles, vec!["assistant"; told], "{own}");
            assert_eq!(deltas[0]["role"], "assistant", "{own}");
            let said = deltas.iter().filter_map(|it| it["content"].as_str());
            assert_eq!(said.collect::<String>(), "abcd", "{own}");
        }
    }
}

/// Nobody has to hear of a block without data. The Python SDK takes it for an event, and what it brings for JSON.
#[tokio::test]
async fn what_brings_no_data_is_not_told() {
    let house = House::open(1).await;
    for block in [
        "retry: 3000\n\n",
        "event: ping\n\n",
        "id: 7\n\n",
        "retry: 3000\r\n\r\n",
        ": still here\nevent: ping\n\n",
        "event: ping\n: still here\n\n",
    ] {
        let answer = ask_raw(&house, [block, HI, block, STOP].concat()).await;
        assert_stream(&answer, "stop");
        assert_eq!(answer.text(), "hi", "{block:?}");
        for line in answer.body.lines() {
            let known = line.is_empty() || line.starts_with(':') || line.starts_with("data: ");
            assert!(known, "{block:?}: {line:?}");
        }
        let comments = answer.body.matches(": still here").count();
        assert_eq!(
            comments,
            2 * usize::from(block.starts_with(':')),
            "{block:?}"
        );
    }
}

/// A provider that cuts its text between the bytes of a letter: a browser shows what is missing, the Python SDK gave
/// up the whole answer.
#[tokio::test]
async fn what_is_no_text_is_told_as_text() {
    let house = House::open(1).await;
    let part = |words: &[u8]| {
        let [before, after] = [
            &br#"data: {"choices":[{"index":0,"delta":{"content":""#[..],
            b"\"}}]}\n\n",
        ];
        [before, words, after].concat()
    };
    let parts = [&b"a"[..], b"b\xe5", b"\xad\x97c", "d\u{e9}".as_bytes()].map(part);
    let body = [parts.concat(), b": \xff\n\n".to_vec(), STOP.into()].concat();
    let answer = ask_raw(&house, body).await;
    assert_stream(&answer, "stop");
    let text = answer.text();
    let letters: Vec<_> = text.chars().filter(|it| *it != '\u{fffd}').collect();
    assert_eq!(letters, ['a', 'b', 'c', 'd', '\u{e9}'], "{text}");
    assert!(text.contains("b\u{fffd}"), "{text}");

    let whole = [
        &br#"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"a"#[..],
        b"\xff",
        br#"b"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#,
    ]
    .concat();
    house.script(0, Script::new().raw(whole));
    let told = house.ask(json!({})).await.json();
    assert_eq!(told["choices"][0]["message"]["content"], "a\u{fffd}b");
}

const HI: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"hi\"}}]}\n\n";
const STOP: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

/// A stream of exactly these bytes.
async fn ask_raw(house: &House, body: impl Into<Bytes>) -> Answer {
    let kind = HeaderValue::from_static("text/event-stream");
    house.script(0, Script::new().raw(body).content_type(kind));
    house.ask(json!({"stream": true})).await
}

/// All that must hold of every complete stream. Returns the usage.
pub(crate) fn assert_stream(answer: &Answer, finish: &str) -> Value {
    let chunks = answer.chunks();
    assert_eq!(answer.status, 200);
    assert!(
        !answer.body.contains("\"error\""),
        "a trace: {}",
        answer.body
    );
    assert_id(&chunks[0]["id"]);
    assert_eq!(chunks[0]["id"].as_str(), answer.header("x-generation-id"));
    for chunk in &chunks {
        let names = chunk.as_object().unwrap();
        assert_eq!(chunk["id"], chunks[0]["id"]);
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert!(chunk["created"].is_u64(), "{chunk}");
        assert_eq!(chunk["created"], chunks[0]["created"], "{chunk}");
        assert_eq!(chunk["model"], "acme/large");
        assert_eq!(chunk["provider"], chunks[0]["provider"]);
        assert!(
            names.get("system_fingerprint").is_none_or(Value::is_string),
            "{chunk}"
        );
        for choice in chunk["choices"].as_array().unwrap() {
            let delta = choice["delta"].as_object().unwrap();
            let reason = choice.get("finish_reason");
            assert!(choice["index"].is_u64() && reason.is_some(), "{chunk}");
            assert!(reason != Some(&json!("")), "{chunk}");
            assert!(
                delta.get("tool_calls").is_none_or(Value::is_array),
                "{chunk}"
            );
            assert!(
                delta.get("role").is_none_or(|role| role == "assistant"),
                "{chunk}"
            );
        }
    }
    let finishes: Vec<_> = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["finish_reason"].as_str())
        .collect();
    assert!(
        !finishes.is_empty() && finishes.iter().all(|f| *f == finish),
        "{finishes:?}"
    );
    let usages: Vec<_> = chunks
        .iter()
        .filter(|chunk| chunk["usage"].is_object())
        .collect();
    assert_eq!(usages.len(), 1, "{}", answer.body);
    assert_eq!(usages[0], chunks.last().unwrap());
    assert_eq!(usages[0]["choices"], json!([]));
    usages[0]["usage"].clone()
}
