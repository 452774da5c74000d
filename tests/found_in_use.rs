//! Faults that were found in use, each told by the test that showed it.

use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use switchtower::catalog::Catalog;
use switchtower::choose::ChooseLayer;
use switchtower::dispatch::deadline::{DeadlineLayer, Deadlines};
use switchtower::dispatch::fallback::FallbackLayer;
use switchtower::gateway::{Bounds, Gateway, serve};
use switchtower::meter::{MeterLayer, read_usage};
use switchtower::settle::{MemoryLedger, SettleLayer};
use switchtower::standing::Percentile;
use switchtower::{Call, Kind, Payload, Stack};
use tower::{ServiceBuilder, ServiceExt, service_fn};

const CATALOG: &str = r#"
[providers.acme]
base_url = "https://acme.example/v1"
[providers.beta]
base_url = "https://beta.example/v1"
[models."a/x"]
[[models."a/x".endpoints]]
provider = "acme"
model = "x"
prices = { prompt = "1", completion = "2" }
[[models."a/y".endpoints]]
provider = "acme"
model = "y"
[[models."a/y".endpoints]]
provider = "beta"
model = "y"
"#;

fn catalog() -> Arc<Catalog> {
    Arc::new(Catalog::from_toml(CATALOG, "t", |_| None).unwrap())
}

type Answer = UnsyncBoxBody<Bytes, Infallible>;

fn gateway<F>(answer: F) -> axum::Router
where
    F: Fn() -> Response<Answer> + Clone + Send + Sync + 'static,
{
    let client = service_fn(move |_: Request<Payload>| {
        let answer = answer.clone();
        async move { Ok::<_, Infallible>(answer()) }
    });
    Gateway::new(Stack::new(catalog()), client)
        .keys(["sk"])
        .router()
}

fn ask(stream: bool) -> Request<axum::body::Body> {
    Request::post("/api/v1/chat/completions")
        .header("authorization", "Bearer sk")
        .body(format!(r#"{{"model":"a/x","stream":{stream},"messages":[{{"role":"user","content":"hi"}}]}}"#).into())
        .unwrap()
}

fn sse(text: &'static str) -> Response<Answer> {
    Response::builder()
        .header("content-type", "text/event-stream")
        .body(Full::from(text).boxed_unsync())
        .unwrap()
}

async fn told(text: &'static str) -> String {
    let response = gateway(move || sse(text)).oneshot(ask(true)).await.unwrap();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn no_deadline_is_no_panic() {
    for deadlines in [
        Deadlines {
            total: Duration::MAX,
            ..Deadlines::default()
        },
        Deadlines {
            headers: Duration::MAX,
            ..Deadlines::default()
        },
        Deadlines {
            first_token: Duration::MAX,
            ..Deadlines::default()
        },
    ] {
        let client = service_fn(|_: Request<Payload>| async {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hi")))
        });
        let service = ServiceBuilder::new()
            .layer(DeadlineLayer::new(deadlines))
            .service(client);
        let outcome = tokio::spawn(service.oneshot(Request::new(Payload::default()))).await;
        assert!(outcome.is_ok(), "{deadlines:?} panics");
    }
}

#[tokio::test(start_paused = true)]
async fn no_idle_limit_is_no_panic() {
    let deadlines = Deadlines {
        idle: Duration::MAX,
        ..Deadlines::default()
    };
    let outcome = tokio::spawn(async move {
        let client = service_fn(|_: Request<Payload>| async {
            let frames = stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from("hi")))])
                .chain(stream::pending());
            Ok::<_, Infallible>(Response::new(StreamBody::new(frames).boxed_unsync()))
        });
        let service = ServiceBuilder::new()
            .layer(DeadlineLayer::new(deadlines))
            .service(client);
        let mut body = service
            .oneshot(Request::new(Payload::default()))
            .await
            .unwrap()
            .into_body();
        body.frame().await;
        let _ = tokio::time::timeout(Duration::from_secs(1), body.frame()).await;
    })
    .await;
    assert!(outcome.is_ok());
}

#[tokio::test(start_paused = true)]
async fn fallback_outside_choose_is_no_panic() {
    let client = service_fn(|_: Request<Payload>| async {
        Err::<Response<Full<Bytes>>, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    });
    let service = ServiceBuilder::new()
        .layer(FallbackLayer::new())
        .layer(ChooseLayer::new(catalog()))
        .service(client);
    let payload =
        Payload::read(r#"{"model":"a/y","messages":[{"role":"user","content":"hi"}]}"#).unwrap();
    let outcome = tokio::spawn(service.oneshot(Request::new(payload))).await;
    assert!(outcome.is_ok(), "it panics");
}

#[tokio::test(start_paused = true)]
async fn the_callers_key_is_not_in_debug() {
    let client = service_fn(|request: Request<Payload>| async move {
        let call = request.extensions().get::<Call>().unwrap();
        Ok::<_, Infallible>(Response::new(format!("{call:?}")))
    });
    let service = ServiceBuilder::new()
        .layer(ChooseLayer::new(catalog()))
        .service(client);
    let payload =
        Payload::read(r#"{"model":"a/x","messages":[{"role":"user","content":"hi"}]}"#).unwrap();
    let request = Request::builder()
        .header("authorization", "Bearer sk-SECRET")
        .header("x-api-key", "sk-OTHER")
        .header("cookie", "sid=COOKIE");
    let debug = service
        .oneshot(request.body(payload).unwrap())
        .await
        .unwrap()
        .into_body();
    for secret in ["sk-SECRET", "sk-OTHER", "COOKIE"] {
        assert!(!debug.contains(secret), "{secret} in {debug}");
    }
}

#[test]
fn the_prompt_is_not_in_debug() {
    let payload =
        Payload::read(r#"{"model":"a/x","messages":[{"role":"user","content":"PRIVATE"}]}"#)
            .unwrap();
    assert!(!format!("{payload:?}").contains("PRIVATE"));
}

/// xAI: "reasoning token consumption will be counted separately from completion_tokens, but in total_tokens".
#[test]
fn reasoning_beside_the_completion_is_counted() {
    let usage = read_usage(
        br#"{"prompt_tokens":12,"completion_tokens":1,"total_tokens":399,
        "completion_tokens_details":{"reasoning_tokens":386}}"#,
    )
    .unwrap();
    assert_eq!(
        (usage.completion_tokens(), usage.total_tokens()),
        (387, 399)
    );
}

/// Gemini's thoughts stand in the total alone, so they were free. Who says nothing of a completion has none to think of,
/// and where the cache stands beside the prompt it makes up the total.
#[test]
fn thoughts_that_only_the_total_tells_are_counted() {
    for (usage, completion, reasoning) in [
        (
            r#"{"completion_tokens":3,"prompt_tokens":9,"total_tokens":105}"#,
            96,
            93,
        ),
        (
            r#"{"completion_tokens":3,"prompt_tokens":9,"total_tokens":105,
            "completion_tokens_details":{"reasoning_tokens":0}}"#,
            96,
            93,
        ),
        (
            r#"{"completion_tokens":3,"prompt_tokens":9,"total_tokens":12}"#,
            3,
            0,
        ),
        (
            r#"{"completion_tokens":3,"prompt_tokens":9,"total_tokens":1}"#,
            3,
            0,
        ),
        (r#"{"completion_tokens":3,"prompt_tokens":9}"#, 3, 0),
        // What Mistral hears is beside what it reads.
        (
            r#"{"prompt_tokens":6,"completion_tokens":2,"total_tokens":383,
            "prompt_tokens_details":{"cached_tokens":0,"audio_tokens":375}}"#,
            2,
            0,
        ),
        (r#"{"prompt_tokens":9,"total_tokens":105}"#, 0, 0),
        (
            r#"{"completion_tokens":3,"prompt_tokens":9,"total_tokens":112,"cache_read_input_tokens":100}"#,
            3,
            0,
        ),
    ] {
        let read = read_usage(usage.as_bytes()).unwrap();
        let counted = (read.completion_tokens(), read.reasoning);
        assert_eq!(counted, (completion, reasoning), "{usage}");
    }
}

/// Perplexity's deep research tells of thoughts that are no part of the completion, nor of the total: they were cut to the
/// completion, which had no words left. Its sources are read as a prompt is.
#[test]
fn reasoning_that_is_more_than_the_completion_is_none_of_it() {
    let usage = read_usage(
        br#"{"prompt_tokens":108,"completion_tokens":3256,"total_tokens":3364,"citation_tokens":7299,
        "num_search_queries":74,"reasoning_tokens":73248}"#,
    )
    .unwrap();
    assert_eq!((usage.output, usage.reasoning), (3256, 73_248));
    assert_eq!((usage.input, usage.web_searches), (108 + 7299, 74));
    // Details are of the completion, and never more than it.
    let usage = read_usage(
        br#"{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,
        "completion_tokens_details":{"reasoning_tokens":4}}"#,
    )
    .unwrap();
    assert_eq!((usage.output, usage.reasoning), (0, 3));
}

/// OpenAI sends `"usage":null` with every chunk once it is asked for usage, and we always ask.
#[tokio::test(start_paused = true)]
async fn no_chunk_has_a_usage_of_null() {
    let text = told(concat!(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":null}],\"usage\":null}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\n",
        "data: [DONE]\n\n",
    )).await;
    assert!(!text.contains("\"usage\":null"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn no_chunk_has_a_usage_of_null_where_the_upstream_counts_as_it_goes() {
    let text = told(concat!(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\n",
        "data: [DONE]\n\n",
    )).await;
    assert!(!text.contains("\"usage\":null"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn an_event_of_several_data_lines_stays_one_event() {
    let text = told(concat!(
        "data: {\"choices\":[{\"index\":0,\n",
        "data: \"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\n",
        "data: [DONE]\n\n",
    ))
    .await;
    let first = text.split("\n\n").next().unwrap();
    let data: Vec<_> = first
        .lines()
        .map(|line| line.strip_prefix("data: "))
        .collect();
    assert!(
        data.iter().all(Option::is_some),
        "a line without a field name: {text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_done_with_a_space_brings_the_usage_too() {
    let text = told(concat!(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\n",
        "data: [DONE] \n\n",
    )).await;
    assert_eq!(text.matches("\"cost\"").count(), 1, "{text}");
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_huge_answer_is_not_free() {
    let ledger = MemoryLedger::default();
    let client = service_fn(|_: Request<Payload>| async {
        let mut text = br#"{"choices":[{"index":0,"message":{"content":""#.to_vec();
        text.resize(33 << 20, b'a');
        text.extend_from_slice(br#""},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":1000000}}"#);
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(text)))
    });
    let service = ServiceBuilder::new()
        .layer(ChooseLayer::new(catalog()))
        .layer(SettleLayer::new(ledger.clone()))
        .layer(MeterLayer::new())
        .service(client);
    let payload =
        Payload::read(r#"{"model":"a/x","messages":[{"role":"user","content":"hi"}]}"#).unwrap();
    service
        .oneshot(Request::new(payload))
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap();
    let record = &ledger.records()[0];
    assert!(
        record.charge.is_none_or(|charge| !charge.is_zero()),
        "{:?} {:?}",
        record.charge,
        record.attempts[0].cost
    );
}

struct Endless(Arc<AtomicUsize>);
impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;
    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let sent = self.0.fetch_add(1 << 20, SeqCst);
        if sent > 200 << 20 {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![b' '; 1 << 20])))))
    }
}

#[tokio::test(start_paused = true)]
async fn the_gateway_does_not_collect_an_endless_answer() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = sent.clone();
    let app = gateway(move || {
        Response::builder()
            .header("content-type", "application/json")
            .body(Endless(counted.clone()).boxed_unsync())
            .unwrap()
    });
    let response = app.oneshot(ask(false)).await.unwrap();
    let status = response.status();
    let sent = sent.load(SeqCst) >> 20;
    assert!(
        sent < 100,
        "{sent} MiB in memory before the head goes out, then {status}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_whose_body_stalls_is_still_that_refusal() {
    let client = service_fn(|_: Request<Payload>| async {
        let frames = stream::pending::<Result<Frame<Bytes>, Infallible>>();
        Ok::<_, Infallible>(
            Response::builder()
                .status(429)
                .header("retry-after", "60")
                .body(StreamBody::new(frames).boxed_unsync())
                .unwrap(),
        )
    });
    let service = Stack::new(catalog()).around(client);
    let request = Request::post("/v1/chat/completions")
        .body(r#"{"model":"a/x","messages":[{"role":"user","content":"hi"}]}"#.to_owned())
        .unwrap();
    let start = tokio::time::Instant::now();
    let error = service.oneshot(request).await.map(drop).unwrap_err();
    assert_eq!(
        error.kind(),
        Kind::RateLimited,
        "after {:?}",
        start.elapsed()
    );
    assert!(
        start.elapsed() < Duration::from_secs(30),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn no_bound_on_connections_is_no_panic() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bounds = Bounds {
        connections: usize::MAX,
        ..Bounds::default()
    };
    let outcome = tokio::spawn(serve(listener, axum::Router::new(), bounds, async {})).await;
    assert!(outcome.is_ok());
}

#[tokio::test]
async fn no_bound_on_headers_is_no_panic() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let bounds = Bounds {
        headers: Duration::MAX,
        ..Bounds::default()
    };
    tokio::spawn(serve(listener, axum::Router::new(), bounds, pending()));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let _ = stream
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await;
    let mut text = String::new();
    let read = stream.read_to_string(&mut text).await;
    assert!(text.starts_with("HTTP/1.1 404"), "{read:?} {text}");
}

#[tokio::test(start_paused = true)]
async fn an_image_of_two_megabytes_comes_through() {
    let event = format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"images\":[{{\"type\":\"image_url\",\"image_url\":{{\"url\":\"data:image/png;base64,{}\"}}}}]}},\"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n",
        "A".repeat(2 << 20)
    );
    let app = gateway(move || {
        Response::builder()
            .header("content-type", "text/event-stream")
            .body(Full::from(event.clone()).boxed_unsync())
            .unwrap()
    });
    let response = app.oneshot(ask(true)).await.unwrap();
    assert_eq!(response.status(), 200);
}

struct Crumbs(Arc<AtomicUsize>);
impl http_body::Body for Crumbs {
    type Data = Bytes;
    type Error = Infallible;
    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let sent = self.0.fetch_add(1, SeqCst);
        Poll::Ready((sent < 2 << 20).then(|| Ok(Frame::data(Bytes::from_static(b" ")))))
    }
}

/// A chunked answer of a byte a chunk: each byte is held in a frame of 96.
#[tokio::test(start_paused = true)]
async fn many_tiny_frames_are_bounded() {
    use switchtower::dispatch::commit::{Bounds, CommitLayer};
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = sent.clone();
    let client = service_fn(move |_: Request<Payload>| {
        let body = Crumbs(counted.clone());
        async move { Ok::<_, Infallible>(Response::new(body)) }
    });
    let bounds = Bounds {
        whole_bytes: 1 << 20,
        ..Bounds::default()
    };
    let service = ServiceBuilder::new()
        .layer(CommitLayer::new().bounds(bounds))
        .service(client);
    let answered = service.oneshot(Request::new(Payload::default())).await;
    assert_eq!(answered.map(drop).unwrap_err().kind(), Kind::Malformed);
    let held = sent.load(SeqCst) * size_of::<Frame<Bytes>>();
    assert!(held <= 2 << 20, "{} MiB for a bound of one", held >> 20);
}

/// Of two keys, a proxy in front may have believed the other one.
#[tokio::test]
async fn two_authorizations_are_none() {
    let app = gateway(|| sse("data: [DONE]\n\n"));
    let mut twice = ask(false);
    let second = "Bearer other".parse().unwrap();
    twice.headers_mut().append("authorization", second);
    assert_eq!(app.oneshot(twice).await.unwrap().status(), 401);
}

/// A caller who reads slowly enough would have read for nothing: content, then the total ran out.
#[tokio::test(start_paused = true)]
async fn what_came_before_the_total_ran_out_is_paid_for() {
    let client = service_fn(|_: Request<Payload>| async {
        let event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n";
        let frames = stream::unfold((), move |()| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, Infallible>(Frame::data(Bytes::from(event))), ()))
        });
        let answer = Response::builder().header("content-type", "text/event-stream");
        Ok::<_, Infallible>(answer.body(StreamBody::new(frames).boxed_unsync()).unwrap())
    });
    let stack = Stack::new(catalog());
    let request = Request::post("/v1/chat/completions").body(
        r#"{"model":"a/x","stream":true,"messages":[{"role":"user","content":"hi"}]}"#.to_owned(),
    );
    let answer = stack
        .around(client)
        .oneshot(request.unwrap())
        .await
        .unwrap();
    answer.into_body().collect().await.unwrap();
    let record = &stack.ledger().records()[0];
    assert_eq!(
        record.end,
        switchtower::End::Failed(Kind::Elapsed(switchtower::Phase::Total))
    );
    assert!(
        record.charge.is_some_and(|charge| !charge.is_zero()),
        "{record:?}"
    );
}

/// A document has no first token: its whole time taught the endpoint a latency that it does not have.
#[tokio::test]
async fn a_document_teaches_no_first_token() {
    let stack = Stack::new(catalog());
    let client = service_fn(|_: Request<Payload>| async {
        let json = r#"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(json)))
    });
    let request = Request::post("/v1/chat/completions")
        .body(r#"{"model":"a/x","messages":[{"role":"user","content":"hi"}]}"#.to_owned());
    let answer = stack
        .around(client)
        .oneshot(request.unwrap())
        .await
        .unwrap();
    let call = answer.extensions().get::<Call>().cloned().unwrap();
    answer.into_body().collect().await.unwrap();
    assert_eq!(stack.ledger().records()[0].first_token, None);
    let standing = call.last().unwrap().candidate().unwrap().standing.clone();
    let now = tokio::time::Instant::now().into_std();
    assert_eq!(standing.first_token(Percentile::P50, now), None);
}

#[test]
fn a_long_list_of_providers_is_refused() {
    let names = vec![r#""acme""#; 1_000_000].join(",");
    let body = format!(
        r#"{{"model":"a/y","messages":[{{"role":"user","content":"hi"}}],"provider":{{"order":[{names}]}}}}"#
    );
    assert_eq!(Payload::read(body).unwrap_err().kind(), Kind::Invalid);
}

#[tokio::test(start_paused = true)]
async fn an_embedding_is_charged() {
    let ledger = MemoryLedger::default();
    let client = service_fn(|_: Request<Payload>| async {
        let json = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"usage":{"prompt_tokens":1000,"total_tokens":1000}}"#;
        Ok::<_, Infallible>(
            Response::builder()
                .header("content-type", "application/json")
                .body(Full::<Bytes>::from(json))
                .unwrap(),
        )
    });
    let service = Stack::new(catalog())
        .with_ledger(ledger.clone())
        .around(client);
    let request = Request::post("/v1/embeddings")
        .body(r#"{"model":"a/x","input":"hi"}"#.to_owned())
        .unwrap();
    service
        .oneshot(request)
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap();
    let record = &ledger.records()[0];
    assert_eq!(record.charge, record.attempts[0].cost.amount);
}

#[test]
fn usage_is_taken_out_wherever_it_stands() {
    use switchtower::wire::{
        Chunk,
        retell::{Telling, retell},
    };
    let telling = Telling {
        id: "1",
        object: "2",
        created: "3",
        model: "4",
        provider: "5",
        usage: None,
    };
    for json in [
        r#"{"usage":null}"#,
        r#" { "usage" : null } "#,
        r#"{"usage":null,"usage":{}}"#,
        r#"{"usage":null,"id":"x"}"#,
        r#"{"id":"x","usage":{"a":1}}"#,
        r#"{"id":"x" , "usage" : null , "z":1}"#,
        r#"{"usage":1,"usage":2,"z":[],"usage":3}"#,
        r#"{"id":"i","object":"o","created":1,"model":"m","provider":"p","usage":null}"#,
        r#"{"usage":null,"id":"i","object":"o","created":1,"model":"m","provider":"p"}"#,
    ] {
        let told = retell(
            json.as_bytes(),
            &Chunk::read(json.as_bytes()).unwrap(),
            &telling,
        );
        let value: serde_json::Value = serde_json::from_slice(&told)
            .unwrap_or_else(|e| panic!("{e}: {json} -> {}", String::from_utf8_lossy(&told)));
        assert!(value.get("usage").is_none(), "{value}");
        assert_eq!(value["provider"], 5);
    }
}

/// vLLM writes every field of a message, null or not; @openrouter/sdk takes no null for `audio` and `role`.
#[tokio::test(start_paused = true)]
async fn a_message_has_no_audio_of_null() {
    for message in [
        r#"{"role":"assistant","content":"hi","refusal":null,"annotations":null,"audio":null,"function_call":null,"tool_calls":[]}"#,
        r#"{"audio":null,"role":null,"content":"hi"}"#,
        r#"{ "audio" : null , "audio" : null }"#,
        r#"{"role":null , "audio":null }"#,
    ] {
        let json =
            format!(r#"{{"choices":[{{"index":0,"message":{message},"finish_reason":"stop"}}]}}"#);
        let app = gateway(move || {
            Response::builder()
                .header("content-type", "application/json")
                .body(Full::from(json.clone()).boxed_unsync())
                .unwrap()
        });
        let told = app
            .oneshot(ask(false))
            .await
            .unwrap()
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes();
        let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
        let message = &told["choices"][0]["message"];
        assert!(
            message.get("audio").is_none()
                && message.get("role").is_none_or(|role| role == "assistant"),
            "{told}"
        );
    }
}

/// @openrouter/sdk: `provider_responses[].id` and its siblings are optional, and never null but for `status`.
#[tokio::test(start_paused = true)]
async fn an_attempt_without_an_id_has_none() {
    let client = service_fn(|_: Request<Payload>| async {
        Ok::<_, Infallible>(
            Response::builder()
                .status(400)
                .body(Full::<Bytes>::from("{}"))
                .unwrap(),
        )
    });
    let app = Gateway::new(Stack::new(catalog()), client)
        .keys(["sk"])
        .router();
    let response = app.clone().oneshot(ask(true)).await.unwrap();
    let id = response.headers()["x-generation-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let request =
        Request::get(format!("/api/v1/generation?id={id}")).header("authorization", "Bearer sk");
    let told = app
        .oneshot(request.body(axum::body::Body::empty()).unwrap())
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes();
    let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
    let attempt = told["data"]["provider_responses"][0].as_object().unwrap();
    for key in [
        "id",
        "endpoint_id",
        "model_permaslug",
        "provider_name",
        "latency",
    ] {
        assert_ne!(
            attempt.get(key),
            Some(&serde_json::Value::Null),
            "{key} in {told}"
        );
    }
}

/// A concurrency limit under the stack gave its last permit to somebody else while a first try was failing; the next try
/// waited for it, and outlived the time for the whole request. Found by seed 7 of `tests/simulation`.
#[tokio::test(start_paused = true)]
async fn a_client_that_is_not_ready_again_does_not_outlive_the_request() {
    use tokio::sync::Semaphore;
    use tokio::time::{Instant, sleep};
    use tower::limit::ConcurrencyLimit;

    // The one is asked again, the other falls back.
    for model in ["a/x", "a/y"] {
        let permits = Arc::new(Semaphore::new(1));
        let client = service_fn(|_: Request<Payload>| async {
            sleep(Duration::from_secs(1)).await;
            Err::<Response<Answer>, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
        });
        let deadlines = Deadlines {
            total: Duration::from_secs(20),
            ..Deadlines::default()
        };
        let stack = Stack::new(catalog()).deadlines(deadlines).seed(1);
        let service = stack.around(ConcurrencyLimit::with_semaphore(client, permits.clone()));
        let body =
            format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"hi"}}]}}"#);
        let asking = tokio::spawn(service.oneshot(Request::new(body)));

        let began = Instant::now();
        sleep(Duration::from_millis(500)).await;
        let _other = permits.acquire().await.unwrap();
        let error = asking.await.unwrap().map(drop).unwrap_err();
        assert_eq!(error.kind(), Kind::Elapsed(switchtower::Phase::Total));
        assert_eq!(began.elapsed().as_secs(), 20);
        assert_eq!(stack.ledger().records()[0].attempts.len(), 1);
        assert_eq!(stack.ledger().totals().held, 0);
    }
}
