//! The scriptable upstream, asked by a real client over a real socket.

use std::{num::NonZeroUsize, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use switchtower::testing::{
    Ending, Failure, Point, Prices, Script, Seen, Tokens, Upstream, UsageManner,
};

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

#[tokio::test]
async fn errors_come_everywhere() {
    let upstream = Upstream::start().await;
    let busy = Script::fail(Failure::rate_limited())
        .retry_after(Duration::from_millis(1500))
        .retry_after_ms(Duration::from_millis(1500))
        .rate_limit_tokens(1000, 0, Duration::from_secs(90));
    upstream.next(busy);
    let response = ask(&upstream, json!({})).await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    let header = |name: &str| response.headers()[name].to_str().unwrap();
    assert_eq!(
        (header("retry-after"), header("retry-after-ms")),
        ("2", "1500")
    );
    assert_eq!(header("x-ratelimit-remaining-tokens"), "0");
    assert_eq!(header("x-ratelimit-reset-tokens"), "1m30s");
    let body = Answer::read(response).await.json();
    assert_eq!(body["error"]["code"], "rate_limit_exceeded");
    assert_eq!(body["error"]["param"], Value::Null);

    upstream.script(Script::new().fail_at(Point::BeforeBody, Failure::overloaded()));
    let inside = whole(&upstream, json!({})).await;
    assert_eq!(inside.status, StatusCode::OK);
    assert_eq!(inside.json()["error"]["type"], "server_error");
    let first = stream(&upstream, json!({})).await.chunks();
    assert_eq!(first.len(), 1);
    assert_eq!(first[0]["error"]["type"], "server_error");

    let late = Failure::overloaded().openrouter();
    upstream.script(Script::new().tokens(5).fail_at(Point::After(2), late));
    let chunks = stream(&upstream, json!({})).await.chunks();
    assert_eq!(chunks.len(), 1 + 2 + 1);
    assert_eq!(chunks[3]["error"]["code"], 503);
    assert_eq!(chunks[3]["choices"][0]["finish_reason"], "error");
    let partial = whole(&upstream, json!({})).await.json();
    assert_eq!(partial["choices"][0]["finish_reason"], "error");
    assert_eq!(partial["choices"][0]["error"]["code"], 503);
    assert_eq!(partial["usage"]["completion_tokens"], 2);
}

#[tokio::test]
async fn connections_break_where_they_are_told_to() {
    let upstream = Upstream::start().await;
    for script in [
        Script::new().cut(Point::BeforeHeaders),
        Script::new().reset(Point::BeforeHeaders),
    ] {
        upstream.next(script);
        assert!(ask(&upstream, json!({})).await.is_err());
    }
    for (streamed, script) in [
        (true, Script::new().cut(Point::After(3))),
        (true, Script::new().reset(Point::After(3))),
        (false, Script::new().cut(Point::After(3))),
    ] {
        upstream.next(script);
        let mut response = ask(&upstream, json!({"stream": streamed})).await.unwrap();
        let mut received = Vec::new();
        let broken = loop {
            match response.body_mut().frame().await {
                Some(Ok(frame)) => received.extend(frame.into_data().unwrap()),
                Some(Err(_)) => break true,
                None => break false,
            }
        };
        assert!(broken);
        let received = String::from_utf8(received).unwrap();
        assert_eq!(
            received.matches("data: ").count(),
            if streamed { 4 } else { 0 },
            "{received}"
        );
    }
    upstream.next(Script::new().stop(Point::After(3)));
    let stopped = stream(&upstream, json!({})).await;
    assert_eq!((stopped.chunks().len(), stopped.is_done()), (4, false));

    let endings: Vec<_> = upstream
        .book()
        .entries
        .iter()
        .map(|entry| entry.ending)
        .collect();
    use Ending::{Cut, Reset, Stopped};
    assert_eq!(endings, [Cut, Reset, Cut, Reset, Cut, Stopped]);
}

#[tokio::test]
async fn a_large_answer_is_cut_after_all_that_came_before() {
    let upstream = Upstream::start().await;
    upstream.next(
        Script::new()
            .tokens(100)
            .token_bytes(100_000)
            .cut(Point::After(90)),
    );
    let mut response = ask(&upstream, json!({"stream": true})).await.unwrap();
    let mut received = 0;
    while let Some(Ok(frame)) = response.body_mut().frame().await {
        received += frame.data_ref().unwrap().len();
    }
    assert!(received > 90 * 100_000);
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed_at_once() {
    let upstream = Upstream::start().await;
    let stalls = [
        Point::BeforeHeaders,
        Point::BeforeBody,
        Point::After(0),
        Point::After(5),
    ];
    for (left, point) in (1..).zip(stalls) {
        upstream.next(Script::new().stall(point));
        let call = tokio::spawn(read_forever(upstream.clone()));
        upstream.wait_calls(left).await;
        if point != Point::BeforeHeaders {
            // The client holds the body by now, or will leave before: either is a departure.
            tokio::task::yield_now().await;
        }
        call.abort();
        let aborted = std::time::Instant::now();
        upstream.wait_left(left).await;
        let Some(Ending::ClientLeft { at, .. }) = upstream.seen().last().unwrap().ending else {
            panic!("the client left");
        };
        assert!(at.saturating_duration_since(aborted) < Duration::from_millis(20));
    }
    assert_eq!(upstream.left(), 4);
}

#[tokio::test]
async fn keep_alives_fill_a_stall() {
    let upstream = Upstream::start().await;
    let every = Duration::from_millis(1);
    upstream.next(Script::new().stall(Point::After(1)).keep_alive(every));
    let mut response = ask(&upstream, json!({"stream": true})).await.unwrap();
    let mut body = String::new();
    while body.matches(": OPENROUTER").count() < 5 {
        let frame = response.body_mut().frame().await.unwrap().unwrap();
        body.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
    drop(response);
    upstream.wait_left(1).await;
    assert_eq!(upstream.book().served.completion, 1);
}

#[tokio::test]
async fn the_book_holds_what_was_served() {
    let prices = Prices {
        prompt: 100,
        cached: 10,
        completion: 1000,
        request: 1,
    };
    let upstream = Upstream::builder().prices(prices).start().await.unwrap();
    upstream.script(
        Script::new()
            .tokens(5)
            .hidden_reasoning(2)
            .prompt_tokens(30)
            .cached_tokens(20),
    );
    let bill = 1 + 10 * 100 + 20 * 10 + 7 * 1000;
    let tokens = Tokens {
        prompt: 30,
        cached: 20,
        completion: 7,
        reasoning: 2,
    };

    stream(&upstream, json!({})).await;
    whole(&upstream, json!({})).await;
    let book = upstream.book();
    assert_eq!(book.entries[0].told, None, "nobody asked");
    assert_eq!(book.entries[1].told, Some(tokens));
    for entry in &book.entries {
        assert_eq!((entry.served, entry.femtodollars), (tokens, bill));
        assert!(entry.is_complete());
    }
    upstream.next(Script::new().usage(UsageManner::ExplicitZero));
    stream(&upstream, json!({})).await;
    upstream.next(Script::fail(StatusCode::BAD_GATEWAY));
    stream(&upstream, json!({})).await;
    let book = upstream.book();
    assert_eq!((book.calls, book.femtodollars), (4, 2 * bill));
    assert_eq!(book.entries[2].served.completion, 12);
    assert_eq!(book.entries[2].told, Some(Tokens::default()));
}

#[tokio::test]
async fn the_log_is_bounded() {
    let builder = Upstream::builder()
        .max_calls(3)
        .max_log_bytes(1000)
        .max_body(5000);
    let upstream = builder.start().await.unwrap();
    for _ in 0..5 {
        whole(&upstream, json!({"pad": "x".repeat(600)})).await;
    }
    let seen = upstream.seen();
    assert_eq!(
        seen.iter().map(|call| call.number).collect::<Vec<_>>(),
        [2, 3, 4]
    );
    assert_eq!(
        seen.iter()
            .map(|call| call.body.is_empty())
            .collect::<Vec<_>>(),
        [true, true, false]
    );
    assert_eq!(
        (upstream.book().calls, upstream.book().entries.len()),
        (5, 3)
    );

    let large = whole(&upstream, json!({"pad": "x".repeat(6000)})).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn scripts_are_chosen_by_the_call() {
    let upstream = Upstream::start().await;
    upstream.script_fn(|call: &Seen| match call.json().unwrap()["model"].as_str() {
        Some("acme/small") => Script::fail(StatusCode::NOT_FOUND),
        _ => Script::new(),
    });
    upstream.next(Script::fail(StatusCode::BAD_GATEWAY));
    let statuses = [json!({}), json!({"model": "acme/small"}), json!({})];
    let mut seen = Vec::new();
    for body in statuses {
        seen.push(whole(&upstream, body).await.status.as_u16());
    }
    assert_eq!(seen, [502, 404, 200]);
    assert_eq!(
        upstream.seen()[1].header("content-type"),
        Some("application/json")
    );
    assert_eq!(upstream.seen()[1].path(), "/v1/chat/completions");
}

#[tokio::test]
async fn a_shutdown_ends_all_calls() {
    let upstream = Upstream::start().await;
    upstream.script(Script::new().stall(Point::After(1)));
    let mut response = ask(&upstream, json!({"stream": true})).await.unwrap();
    upstream.shutdown().await;
    assert_eq!(upstream.seen()[0].ending, Some(Ending::ShutDown));
    while let Some(Ok(_)) = response.body_mut().frame().await {}
    assert!(ask(&upstream, json!({})).await.is_err());
    assert_eq!(upstream.left(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_calls_take_seconds() {
    let upstream = Upstream::start().await;
    let client = client();
    let callers = (0..50).map(|_| {
        let (client, upstream) = (client.clone(), upstream.clone());
        tokio::spawn(async move {
            for _ in 0..200 {
                let request = request(&upstream, "POST", "/chat/completions", r#"{"stream":true}"#);
                let response = client.request(request).await.unwrap();
                response.into_body().collect().await.unwrap();
            }
        })
    });
    let began = std::time::Instant::now();
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    println!("10 000 streams in {:?}", began.elapsed());
    assert_eq!(upstream.book().served.completion, 120_000);
    assert!(upstream.connections() <= 100);
}

// Helpers.

struct Answer {
    status: StatusCode,
    content_type: String,
    body: String,
}

impl Answer {
    async fn read(response: Response<Incoming>) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self {
            status: parts.status,
            content_type: parts.headers["content-type"].to_str().unwrap().to_owned(),
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn chunks(&self) -> Vec<Value> {
        let data = self
            .body
            .lines()
            .filter_map(|line| line.strip_prefix("data: "));
        data.filter_map(|data| serde_json::from_str(data).ok())
            .collect()
    }

    fn is_done(&self) -> bool {
        self.body.ends_with("data: [DONE]\n\n")
    }
}

fn client() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).build_http()
}

fn request(upstream: &Upstream, method: &str, path: &str, body: &str) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(format!("{}{path}", upstream.base_url()))
        .header("content-type", "application/json")
        .body(Full::from(body.to_owned()))
        .unwrap()
}

async fn send(
    upstream: &Upstream,
    method: &str,
    path: &str,
    body: &str,
) -> Result<Response<Incoming>, hyper_util::client::legacy::Error> {
    client()
        .request(request(upstream, method, path, body))
        .await
}

async fn ask(
    upstream: &Upstream,
    more: Value,
) -> Result<Response<Incoming>, hyper_util::client::legacy::Error> {
    let messages = json!([{"role": "user", "content": "Say hi!!"}]);
    let mut body = json!({"model": "acme/large", "messages": messages});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    send(upstream, "POST", "/chat/completions", &body.to_string()).await
}

async fn whole(upstream: &Upstream, more: Value) -> Answer {
    Answer::read(ask(upstream, more).await.unwrap()).await
}

async fn stream(upstream: &Upstream, mut more: Value) -> Answer {
    more["stream"] = true.into();
    whole(upstream, more).await
}

async fn get(upstream: &Upstream, path: &str) -> Answer {
    Answer::read(send(upstream, "GET", path, "").await.unwrap()).await
}

async fn post(upstream: &Upstream, path: &str, body: Value) -> Answer {
    Answer::read(
        send(upstream, "POST", path, &body.to_string())
            .await
            .unwrap(),
    )
    .await
}

async fn read_forever(upstream: Upstream) {
    let mut response = ask(&upstream, json!({"stream": true})).await.unwrap();
    while response.body_mut().frame().await.is_some() {}
}
