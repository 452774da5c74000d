//! What an upstream says, and how it spells it.

use std::num::NonZeroUsize;

use http::StatusCode;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use switchtower::testing::{Point, Script, Upstream, UsageManner};

use crate::support::{ask, get, post, send, stream, whole};

#[tokio::test]
async fn a_stream_looks_like_openais() {
    let upstream = Upstream::start().await;
    upstream.script(Script::new().text("Hello there"));
    let answer = stream(&upstream, json!({})).await;
    let chunks = answer.chunks();

    assert_eq!(answer.content_type, "text/event-stream; charset=utf-8");
    assert!(answer.is_done());
    assert_eq!(chunks.len(), 4, "role, two words, finish: {}", answer.body);
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(chunks[0]["object"], "chat.completion.chunk");
    assert_eq!(chunks[0]["model"], "acme/large");
    assert!(chunks[0]["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert_eq!(
        chunks[1]["choices"][0]["delta"],
        json!({"content": "Hello "})
    );
    assert_eq!(chunks[1]["choices"][0]["finish_reason"], Value::Null);
    assert_eq!(chunks[3]["choices"][0]["delta"], json!({}));
    assert_eq!(chunks[3]["choices"][0]["finish_reason"], "stop");
    assert!(chunks.iter().all(|chunk| chunk.get("usage").is_none()));
    assert!(
        chunks
            .iter()
            .all(|chunk| chunk["system_fingerprint"].is_string())
    );
}

#[tokio::test]
async fn a_whole_answer_looks_like_openais() {
    let upstream = Upstream::start().await;
    upstream.script(
        Script::new()
            .text("Hello there")
            .reasoning(3)
            .cached_tokens(2),
    );
    let answer = whole(&upstream, json!({})).await;
    let body = answer.json();

    assert_eq!(answer.content_type, "application/json");
    assert_eq!(body["object"], "chat.completion");
    assert_eq!(body["choices"][0]["message"]["content"], "Hello there");
    assert_eq!(body["choices"][0]["message"]["refusal"], Value::Null);
    assert!(body["choices"][0]["message"]["reasoning"].is_string());
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["usage"]["prompt_tokens"], 2, "eight bytes of text");
    assert_eq!(body["usage"]["completion_tokens"], 5);
    assert_eq!(body["usage"]["total_tokens"], 7);
    assert_eq!(body["usage"]["prompt_tokens_details"]["cached_tokens"], 2);
    assert_eq!(
        body["usage"]["completion_tokens_details"]["reasoning_tokens"],
        3
    );
    assert!(answer.body.starts_with(r#"{"id":"chatcmpl-"#));
}

#[tokio::test]
async fn other_routes_answer_too() {
    let upstream = Upstream::builder()
        .name("acme")
        .model("acme/large")
        .start()
        .await
        .unwrap();
    let models = get(&upstream, "/models").await.json();
    assert_eq!(models["data"][0]["id"], "acme/large");
    assert_eq!(models["data"][0]["owned_by"], "acme");

    let vectors = post(&upstream, "/embeddings", json!({"input": ["one", "two"]}))
        .await
        .json();
    assert_eq!(vectors["data"].as_array().unwrap().len(), 2);
    assert_eq!(vectors["usage"]["prompt_tokens"], 2);

    upstream.next(Script::new().text("so it goes"));
    let plain = post(&upstream, "/completions", json!({"prompt": "And"}))
        .await
        .json();
    assert_eq!(plain["object"], "text_completion");
    assert_eq!(plain["choices"][0]["text"], "so it goes");

    let lost = get(&upstream, "/nowhere").await;
    assert_eq!(lost.status, StatusCode::NOT_FOUND);
    assert_eq!(
        lost.json()["error"]["message"],
        "Invalid URL (GET /v1/nowhere)"
    );
    let garbled = send(&upstream, "POST", "/chat/completions", "{nope")
        .await
        .unwrap();
    assert_eq!(garbled.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn usage_is_told_in_every_manner() {
    use UsageManner::{
        Always, Asked, EveryChunk, ExplicitZero, Never, NullEveryChunkThenReal, OnLastContent,
    };
    let upstream = Upstream::start().await;
    let told = async |manner, asked: bool| {
        upstream.script(Script::new().tokens(3).usage(manner));
        let options = json!({"stream_options": {"include_usage": asked}});
        let chunks = stream(&upstream, options).await.chunks();
        let tokens = |chunk: &Value| chunk["usage"]["completion_tokens"].as_u64();
        let empty = chunks.last().unwrap()["choices"]
            .as_array()
            .unwrap()
            .is_empty();
        let seen: Vec<_> = chunks.iter().filter_map(tokens).collect();
        let nulls = chunks
            .iter()
            .filter(|chunk| chunk.get("usage") == Some(&Value::Null));
        (seen, empty, nulls.count())
    };
    assert_eq!(told(Asked, false).await, (vec![], false, 0));
    assert_eq!(told(Asked, true).await, (vec![3], true, 0));
    assert_eq!(told(Always, false).await, (vec![3], true, 0));
    assert_eq!(told(OnLastContent, false).await, (vec![3], false, 0));
    assert_eq!(
        told(EveryChunk, false).await,
        (vec![0, 1, 2, 3, 3], false, 0)
    );
    assert_eq!(told(Never, true).await, (vec![], false, 0));
    assert_eq!(
        told(NullEveryChunkThenReal, false).await,
        (vec![3], true, 5)
    );
    assert_eq!(told(ExplicitZero, false).await, (vec![0], true, 0));
}

#[tokio::test]
async fn answers_come_in_every_shape() {
    let upstream = Upstream::start().await;
    let call = || Script::new().tool_call("get_weather", r#"{"city":"Oslo"}"#);
    upstream.next(call());
    let body = whole(&upstream, json!({})).await.json();
    let tool = &body["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(
        tool["function"],
        json!({"name": "get_weather", "arguments": "{\"city\":\"Oslo\"}"})
    );
    assert_eq!(body["choices"][0]["message"]["content"], Value::Null);
    assert_eq!(body["choices"][0]["finish_reason"], "tool_calls");

    upstream.next(call());
    let chunks = stream(&upstream, json!({})).await.chunks();
    let parts = chunks.iter().filter_map(|chunk| {
        chunk["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].as_str()
    });
    assert_eq!(parts.collect::<String>(), r#"{"city":"Oslo"}"#);

    upstream.next(Script::new().tokens(2));
    let chunks = stream(&upstream, json!({"n": 3})).await.chunks();
    assert_eq!(chunks.len(), 3 * (1 + 2 + 1));

    upstream.next(Script::new().reasoning(2).reasoning_content().tokens(9));
    let chunks = stream(&upstream, json!({"max_tokens": 4})).await.chunks();
    assert!(chunks[1]["choices"][0]["delta"]["reasoning_content"].is_string());
    assert_eq!(chunks.len(), 1 + 4 + 1);
    assert_eq!(chunks[5]["choices"][0]["finish_reason"], "length");

    upstream.next(Script::new().tokens(2).no_role().no_finish().no_done());
    let answer = stream(&upstream, json!({})).await;
    assert_eq!((answer.chunks().len(), answer.is_done()), (2, false));

    upstream.next(Script::new().tokens(1000).token_bytes(10_000));
    let huge = whole(&upstream, json!({})).await;
    assert!(huge.body.len() > 10_000_000);
}

#[tokio::test]
async fn streams_are_spelled_in_every_way() {
    let upstream = Upstream::start().await;
    let plain = stream(&upstream, json!({})).await.body;

    upstream.next(Script::new().crlf().bare_data());
    let crlf = stream(&upstream, json!({})).await.body;
    assert_eq!(
        crlf.matches("\r\n\r\n").count(),
        plain.matches("\n\n").count()
    );
    assert!(crlf.starts_with("data:{"));

    upstream.next(Script::new().fragment(NonZeroUsize::new(3).unwrap()));
    let mut response = ask(&upstream, json!({"stream": true})).await.unwrap();
    while let Some(frame) = response.body_mut().frame().await {
        assert!(frame.unwrap().data_ref().unwrap().len() <= 3);
    }

    upstream.next(Script::new().tokens(4).comments(2).comment_each());
    let comments = stream(&upstream, json!({})).await;
    assert_eq!(
        comments.body.matches(": OPENROUTER PROCESSING\n\n").count(),
        6
    );
    assert!(comments.body.starts_with(": OPENROUTER"));
    assert_eq!(comments.chunks().len(), 6);

    upstream.next(
        Script::new()
            .raw("<html>")
            .content_type("text/plain".parse().unwrap()),
    );
    let raw = whole(&upstream, json!({})).await;
    assert_eq!(
        (raw.status, &*raw.body, &*raw.content_type),
        (StatusCode::OK, "<html>", "text/plain")
    );

    upstream.next(Script::new().tokens(3).malformed(Point::After(1)));
    let broken = stream(&upstream, json!({})).await;
    assert_eq!(
        broken.chunks().len(),
        1 + 3 + 1,
        "the broken event is skipped"
    );
    assert!(broken.is_done());
}
