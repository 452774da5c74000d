//! `address`: payload + candidate = one upstream request.

mod flow;

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use flow::{Answer, Client, Seen, catalog, json};
use http::{HeaderMap, Method, Request, Response};
use http_body::Body;
use http_body_util::BodyExt;
use switchtower::Payload;
use switchtower::admit::read::ReadLayer;
use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Provider};
use switchtower::choose::ChooseLayer;
use switchtower::dispatch::address::AddressLayer;
use switchtower::meter::MeterLayer;
use switchtower::wire::{Field, Fields};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

fn at(base_url: &str, more: &str) -> Arc<Catalog> {
    catalog(&format!(
        "
        [providers.acme]
        base_url = '{base_url}'
        key_env = 'ACME'
        {more}
        [models.'acme/swift']
        [[models.'acme/swift'.endpoints]]
        provider = 'acme'
        model = 'swift-2'
        "
    ))
}

fn request(path: &str, body: &str) -> Request<String> {
    Request::post(path).body(body.to_owned()).unwrap()
}

/// What the provider was asked.
async fn sent(catalog: &Arc<Catalog>, metered: bool, request: Request<String>) -> Seen {
    let client = Client::new([Answer::json([json("hi")])]);
    let address = AddressLayer::new().layer(client.clone());
    let outer = ServiceBuilder::new()
        .layer(ReadLayer::new())
        .layer(ChooseLayer::new(catalog.clone()));
    if metered {
        let service = outer.layer(MeterLayer::new()).service(address);
        let _ = service.oneshot(request).await.unwrap();
    } else {
        let _ = outer.service(address).oneshot(request).await.unwrap();
    }
    client.seen().remove(0)
}

const BASE: &str = "https://api.acme.test/v1";
const CHAT: &str = "/v1/chat/completions";

// === Where to ===

#[tokio::test]
async fn the_url_is_the_provider_s_base_and_the_caller_s_operation() {
    let body = r#"{"model":"acme/swift","prompt":"p"}"#;
    for (base, path, url) in [
        (BASE, CHAT, "https://api.acme.test/v1/chat/completions"),
        (
            BASE,
            "/api/v1/chat/completions",
            "https://api.acme.test/v1/chat/completions",
        ),
        (
            BASE,
            "/chat/completions",
            "https://api.acme.test/v1/chat/completions",
        ),
        (
            "https://api.acme.test/v1/",
            CHAT,
            "https://api.acme.test/v1/chat/completions",
        ),
        (
            "https://api.acme.test",
            CHAT,
            "https://api.acme.test/chat/completions",
        ),
        (
            "https://g.test/v1beta/openai",
            CHAT,
            "https://g.test/v1beta/openai/chat/completions",
        ),
        (
            "http://127.0.0.1:8080/openai/v1",
            "/api/v1/embeddings",
            "http://127.0.0.1:8080/openai/v1/embeddings",
        ),
        (
            BASE,
            "/v1/completions",
            "https://api.acme.test/v1/completions",
        ),
        (
            BASE,
            "/v1/chat/completions?key=1",
            "https://api.acme.test/v1/chat/completions",
        ),
        (
            BASE,
            "http://gateway.test/v1/chat/completions",
            "https://api.acme.test/v1/chat/completions",
        ),
    ] {
        let seen = sent(&at(base, ""), false, request(path, body)).await;
        assert_eq!(seen.uri.to_string(), url, "{base} {path}");
        assert_eq!(seen.method, Method::POST);
    }
}

/// The key of the provider goes with the request: it must not go where the caller likes.
#[tokio::test]
async fn a_caller_s_path_leads_nowhere_else() {
    let body = r#"{"model":"acme/swift","prompt":"p"}"#;
    for path in [
        "/v1/../../admin/keys",
        "/v1/..",
        "/v1/%2e%2e/%2e%2e/admin",
        "/v1/chat/../../../admin",
        "/v1/.%2E/x",
        "/v1/..\\..\\admin",
    ] {
        let client = Client::new([Answer::json([json("hi")])]);
        let service = ServiceBuilder::new()
            .layer(ReadLayer::new())
            .layer(ChooseLayer::new(at(BASE, "")))
            .layer(AddressLayer::new())
            .service(client.clone());
        let answer = service.oneshot(request(path, body)).await;
        assert!(
            client.seen().is_empty(),
            "{path} went to {}",
            client.seen()[0].uri
        );
        assert_eq!(answer.map(drop).unwrap_err().status(), 404, "{path}");
    }
}

// === The body ===

#[tokio::test]
async fn only_what_must_change_changes() {
    for (body, expected) in [
        (
            r#"{"model":"acme/swift","prompt":"p"}"#,
            r#"{"model":"swift-2","prompt":"p"}"#,
        ),
        (
            r#" { "temperature" : 1e-1 , "model":"acme/swift","prompt":"p", "x":{"a":[1,2 , 3]},"messages": [ {"role":"user","content":"h\u00e9 \"}" } ] } "#,
            r#" { "temperature" : 1e-1 , "model":"swift-2","prompt":"p", "x":{"a":[1,2 , 3]},"messages": [ {"role":"user","content":"h\u00e9 \"}" } ] } "#,
        ),
        (
            r#"{"provider":{"order":["acme"]},"model":"acme/swift","prompt":"p","models":["acme/swift"],"route":"fallback","user":"u","seed":12345678901234567890}"#,
            r#"{"model":"swift-2","prompt":"p","user":"u","seed":12345678901234567890}"#,
        ),
        (
            r#"{"usage":{"include":true},"session_id":"s","trace":{},"debug":{},"model":"acme/swift","prompt":"p","plugins":[],"transforms":[],"preset":null}"#,
            r#"{"model":"swift-2","prompt":"p"}"#,
        ),
        // The names of models alone: the one that is asked is written in.
        (
            r#"{"models":["acme/swift"],"prompt":"p"}"#,
            r#"{"model":"swift-2","prompt":"p"}"#,
        ),
        // Twice in a message is once at the top.
        (
            r#"{"messages":[{"role":"user","content":"{\"model\":\"x\"}","model":"y"}],"model":"acme/swift","prompt":"p"}"#,
            r#"{"messages":[{"role":"user","content":"{\"model\":\"x\"}","model":"y"}],"model":"swift-2","prompt":"p"}"#,
        ),
    ] {
        let seen = sent(&at(BASE, ""), true, request(CHAT, body)).await;
        assert_eq!(seen.text(), expected);
    }
}

#[tokio::test]
async fn a_long_request_is_not_copied() {
    let text = "a\\n".repeat(20_000);
    let (model, rest) = (
        r#"{"model":"acme/swift","provider":{"sort":"price"},"#,
        format!(r#""prompt":"{text}","models":["acme/swift"],"suffix":"{text}","seed":1}}"#),
    );
    let expected = format!(r#"{{"model":"swift-2","prompt":"{text}","suffix":"{text}","seed":1}}"#);
    let payload = Payload::read(format!("{model}{rest}")).unwrap();
    let asked = payload.bytes().clone();
    let client = service_fn(|request: Request<Payload>| async {
        Ok::<_, Infallible>(Response::new(request.into_body()))
    });
    let service = ServiceBuilder::new()
        .layer(ChooseLayer::new(at(BASE, "")))
        .layer(AddressLayer::new())
        .service(client);
    let request = Request::post(CHAT).body(payload).unwrap();
    let sent = service.oneshot(request).await.unwrap().into_body();

    assert_eq!(sent.size_hint().exact(), Some(expected.len() as u64));
    assert_eq!(*sent.bytes(), expected);
    let within = |piece: &Bytes| asked.as_ptr_range().contains(&piece.as_ptr());
    let (mut body, mut whole, mut copied) = (sent.clone(), Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let data = frame.unwrap().into_data().unwrap();
        copied += if within(&data) { 0 } else { data.len() };
        whole.extend_from_slice(&data);
    }
    assert_eq!(whole, expected.as_bytes());
    assert!(body.is_end_stream() && body.frame().await.is_none());
    assert!(copied < 200, "{copied}");
    // Whoever sends it again has it as it was.
    assert_eq!(sent.collect().await.unwrap().to_bytes(), expected);
}

#[tokio::test]
async fn usage_is_asked_for_only_where_meter_reads_it_and_only_of_a_stream() {
    let catalog = at(BASE, "");
    for (metered, body, expected) in [
        (
            true,
            r#"{"model":"acme/swift","prompt":"p","stream":true}"#,
            r#"{"stream_options":{"include_usage":true},"model":"swift-2","prompt":"p","stream":true}"#,
        ),
        (
            false,
            r#"{"model":"acme/swift","prompt":"p","stream":true}"#,
            r#"{"model":"swift-2","prompt":"p","stream":true}"#,
        ),
        (
            true,
            r#"{"model":"acme/swift","prompt":"p","stream":false}"#,
            r#"{"model":"swift-2","prompt":"p","stream":false}"#,
        ),
        (
            true,
            r#"{"model":"acme/swift","prompt":"p","stream":true,"stream_options":{"include_usage":false,"x":1}}"#,
            r#"{"model":"swift-2","prompt":"p","stream":true,"stream_options":{"include_usage":true,"x":1}}"#,
        ),
        (
            false,
            r#"{"model":"acme/swift","prompt":"p","stream":true,"stream_options":{"include_usage":false}}"#,
            r#"{"model":"swift-2","prompt":"p","stream":true,"stream_options":{"include_usage":false}}"#,
        ),
        (
            true,
            r#"{"model":"acme/swift","prompt":"p","stream":true,"stream_options":null}"#,
            r#"{"model":"swift-2","prompt":"p","stream":true,"stream_options":{"include_usage":true}}"#,
        ),
    ] {
        let seen = sent(&catalog, metered, request(CHAT, body)).await;
        assert_eq!(seen.text(), expected);
    }
}

#[tokio::test]
async fn a_name_that_needs_quoting_is_quoted() {
    let odd = catalog(
        r#"
        [providers.acme]
        base_url = "http://acme.test"
        [models.m]
        [[models.m.endpoints]]
        provider = "acme"
        model = "a\"b\\c/d:e"
        "#,
    );
    let seen = sent(&odd, true, request(CHAT, r#"{"model":"m","prompt":"p"}"#)).await;
    assert_eq!(seen.text(), r#"{"model":"a\"b\\c/d:e","prompt":"p"}"#);
}

// === What the endpoint supports ===

/// `acme/swift` at one endpoint of this tag, which supports these parameters.
fn supporting(tag: &str, parameters: &[Field]) -> Arc<Catalog> {
    let endpoint = EndpointSpec::new("acme", "swift-2")
        .with_tag(tag)
        .with_parameters(Fields::of(parameters));
    let catalog = Catalog::builder()
        .provider(Provider::new("acme", BASE.parse().unwrap()))
        .model(ModelSpec::new("acme/swift").endpoint(endpoint));
    Arc::new(catalog.build().unwrap())
}

#[tokio::test]
async fn a_parameter_that_the_endpoint_does_not_support_is_left_out() {
    use Field::*;
    for (supported, body, expected) in [
        (
            &[Seed, Temperature] as &[Field],
            r#"{"seed":1,"model":"acme/swift","top_k":4, "temperature":1e0,"safe_prompt":true,"prompt":"p","logprobs":null}"#,
            r#"{"seed":1,"model":"swift-2", "temperature":1e0,"safe_prompt":true,"prompt":"p"}"#,
        ),
        (
            &[Tools],
            r#"{"tools":[{"type":"function"}],"tool_choice":"auto","parallel_tool_calls":false,"model":"acme/swift","prompt":"p"}"#,
            r#"{"tools":[{"type":"function"}],"model":"swift-2","prompt":"p"}"#,
        ),
        (
            &[ToolChoice, ParallelToolCalls, Stop],
            r#"{"tools":[{"type":"function"}],"tool_choice":"auto","parallel_tool_calls":false,"model":"acme/swift","prompt":"p","stop":"x"}"#,
            r#"{"model":"swift-2","prompt":"p","stop":"x"}"#,
        ),
        // Whoever keeps to a schema takes it.
        (
            &[StructuredOutputs],
            r#"{"model":"acme/swift","prompt":"p","response_format":{"type":"json_schema","json_schema":{}}}"#,
            r#"{"model":"swift-2","prompt":"p","response_format":{"type":"json_schema","json_schema":{}}}"#,
        ),
        (
            &[StructuredOutputs],
            r#"{"model":"acme/swift","prompt":"p","response_format":{"type":"json_object"}}"#,
            r#"{"model":"swift-2","prompt":"p"}"#,
        ),
    ] {
        let seen = sent(&supporting("acme", supported), true, request(CHAT, body)).await;
        assert_eq!(seen.text(), expected);
    }
    // It may support anything.
    let body = r#"{"model":"acme/swift","prompt":"p","top_a":0.5,"tools":[1],"max_tokens":1,"max_completion_tokens":2}"#;
    let seen = sent(&at(BASE, ""), true, request(CHAT, body)).await;
    assert_eq!(seen.text(), body.replace("acme/swift", "swift-2"));
}

/// An endpoint that knows one spelling was not told of an effort in the other.
#[tokio::test]
async fn an_effort_is_told_in_the_spelling_that_is_known() {
    let (long, short) = (Field::Reasoning, Field::ReasoningEffort);
    for (supported, sent_as, expected) in [
        (
            &[long] as &[Field],
            r#","reasoning_effort":"high""#,
            r#","reasoning":{"effort":"high"}"#,
        ),
        (&[long], r#","reasoning_effort":null"#, ""),
        (
            &[long],
            r#","reasoning_effort":"high","reasoning":{"effort":"low"}"#,
            r#","reasoning":{"effort":"low"}"#,
        ),
        (
            &[short],
            r#","reasoning":{"exclude":true,"effort":"low"}"#,
            r#","reasoning_effort":"low""#,
        ),
        (
            &[short],
            r#","reasoning":{"effort":"none"}"#,
            r#","reasoning_effort":"none""#,
        ),
        (
            &[short],
            r#","reasoning":{"enabled":true}"#,
            r#","reasoning_effort":"medium""#,
        ),
        (&[short], r#","reasoning":{"enabled":false}"#, ""),
        (
            &[short],
            r#","reasoning":null,"reasoning_effort":"high""#,
            r#","reasoning_effort":"high""#,
        ),
        (
            &[long, short],
            r#","reasoning_effort":"high""#,
            r#","reasoning_effort":"high""#,
        ),
        (&[Field::Seed], r#","reasoning_effort":"high""#, ""),
    ] {
        let body = format!(r#"{{"model":"acme/swift","prompt":"p"{sent_as}}}"#);
        let seen = sent(&supporting("acme", supported), true, request(CHAT, &body)).await;
        let seen: serde_json::Value = serde_json::from_str(seen.text()).unwrap();
        let expected = format!(r#"{{"model":"swift-2","prompt":"p"{expected}}}"#);
        let expected: serde_json::Value = serde_json::from_str(&expected).unwrap();
        assert_eq!(seen, expected, "{supported:?}: {sent_as}");
    }
}

#[tokio::test]
async fn the_limit_of_an_answer_is_never_lost() {
    let (old, new) = (Field::MaxTokens, Field::MaxCompletionTokens);
    for (supported, sent_as, expected) in [
        (
            &[new] as &[Field],
            r#""max_tokens":7"#,
            r#""max_completion_tokens":7"#,
        ),
        (
            &[old],
            r#""max_completion_tokens":7.0"#,
            r#""max_tokens":7.0"#,
        ),
        (&[old], r#""max_tokens":7"#, r#""max_tokens":7"#),
        (&[Field::Seed], r#""max_tokens":7"#, r#""max_tokens":7"#),
        (
            &[],
            r#""max_completion_tokens":7"#,
            r#""max_completion_tokens":7"#,
        ),
        // Of two, the newer is the one that counts.
        (
            &[old],
            r#""max_tokens":9,"max_completion_tokens":7"#,
            r#""max_tokens":7"#,
        ),
        (
            &[old],
            r#""max_completion_tokens":7,"max_tokens":null"#,
            r#""max_tokens":7"#,
        ),
        (
            &[new],
            r#""max_completion_tokens":7,"max_tokens":9"#,
            r#""max_completion_tokens":7"#,
        ),
        (
            &[new],
            r#""max_completion_tokens":null,"max_tokens":9"#,
            r#""max_completion_tokens":9"#,
        ),
        (
            &[old, new],
            r#""max_tokens":9,"max_completion_tokens":7"#,
            r#""max_tokens":9,"max_completion_tokens":7"#,
        ),
    ] {
        let body = format!(r#"{{"model":"acme/swift","prompt":"p",{sent_as}}}"#);
        let seen = sent(&supporting("acme", supported), true, request(CHAT, &body)).await;
        let seen: serde_json::Value = serde_json::from_str(seen.text()).unwrap();
        let expected = format!(r#"{{"model":"swift-2","prompt":"p",{expected}}}"#);
        let expected: serde_json::Value = serde_json::from_str(&expected).unwrap();
        assert_eq!(seen, expected, "{supported:?}: {sent_as}");
    }
    let body = r#"{"model":"acme/swift","prompt":"p","max_tokens":null}"#;
    let seen = sent(&supporting("acme", &[new]), true, request(CHAT, body)).await;
    assert_eq!(seen.text(), r#"{"model":"swift-2","prompt":"p"}"#);
}

/// A default endpoint that is asked for a dearer tier would bill it, and nobody has counted with that.
#[tokio::test]
async fn each_endpoint_is_asked_for_the_tier_that_it_is_priced_at() {
    for (tag, tier, expected) in [
        ("acme", r#""auto""#, Some("auto")),
        ("acme", r#""default""#, Some("default")),
        ("acme", r#""scale""#, Some("scale")),
        ("acme", r#""priority""#, None),
        ("acme", r#""fast""#, None),
        ("acme", r#""flex""#, None),
        ("acme/priority", r#""priority""#, Some("priority")),
        ("acme/priority", r#""fast""#, Some("priority")),
        ("acme/flex", r#""flex""#, Some("flex")),
        ("acme/flex", r#""default""#, Some("flex")),
        ("acme/priority", "null", Some("priority")),
    ] {
        let body = format!(
            r#"{{"model":"acme/swift","prompt":"p","provider":{{"only":["{tag}"]}},"service_tier":{tier}}}"#
        );
        let seen = sent(&supporting(tag, &[]), true, request(CHAT, &body)).await;
        let seen: serde_json::Value = serde_json::from_str(seen.text()).unwrap();
        assert_eq!(seen["service_tier"].as_str(), expected, "{tag}: {tier}");
        assert_eq!(seen.get("service_tier").is_some(), expected.is_some());
    }
}

// === The headers ===

#[tokio::test]
async fn of_the_caller_s_headers_only_those_on_the_list_go_on() {
    let mut request = request(CHAT, r#"{"model":"acme/swift","prompt":"p","stream":true}"#);
    let caller = [
        ("authorization", "Bearer sk-or-v1-caller"),
        ("proxy-authorization", "Basic x"),
        ("cookie", "session=1"),
        ("x-api-key", "caller"),
        ("api-key", "caller"),
        ("host", "gateway.test"),
        ("connection", "keep-alive, traceparent"),
        ("keep-alive", "timeout=5"),
        ("te", "trailers"),
        ("trailer", "x"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("expect", "100-continue"),
        ("content-length", "999"),
        ("content-encoding", "identity"),
        ("accept-encoding", "gzip, br"),
        ("accept", "*/*"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("user-agent", "curl/8"),
        ("referer", "http://app.test"),
        ("http-referer", "http://app.test"),
        ("x-title", "App"),
        ("x-forwarded-for", "10.0.0.1"),
        ("forwarded", "for=10.0.0.1"),
        ("x-stainless-os", "Linux"),
        ("openai-organization", "org"),
        ("traceparent", "00-1-2-01"),
        ("tracestate", "a=1"),
        ("openai-beta", "assistants=v2"),
        ("anthropic-beta", "one"),
        ("anthropic-version", "2023-06-01"),
    ];
    for (name, value) in caller {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request
        .headers_mut()
        .append("anthropic-beta", "two".parse().unwrap());
    // As OpenRouter's callers spell it.
    request
        .headers_mut()
        .insert("x-anthropic-beta", "three,four".parse().unwrap());
    let seen = sent(&at(BASE, ""), true, request).await;

    let expected = HeaderMap::from_iter(
        [
            ("authorization", "Bearer secret-ACME"),
            ("accept", "text/event-stream"),
            ("content-type", "application/json"),
            ("traceparent", "00-1-2-01"),
            ("tracestate", "a=1"),
            ("openai-beta", "assistants=v2"),
            ("anthropic-version", "2023-06-01"),
        ]
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())),
    );
    let mut expected: HeaderMap = expected;
    expected.append("anthropic-beta", "one".parse().unwrap());
    expected.append("anthropic-beta", "two".parse().unwrap());
    expected.append("anthropic-beta", "three,four".parse().unwrap());
    assert_eq!(seen.headers, expected);

    let mut request = self::request(CHAT, r#"{"model":"acme/swift","prompt":"p"}"#);
    request
        .headers_mut()
        .insert("x-anthropic-beta", "three".parse().unwrap());
    let seen = sent(&at("https://openrouter.ai/api/v1", ""), true, request).await;
    assert_eq!(seen.headers["x-anthropic-beta"], "three");
    assert!(!seen.headers.contains_key("anthropic-beta"));
}

#[tokio::test]
async fn what_is_accepted_is_what_was_asked_for() {
    for (stream, accept) in [(true, "text/event-stream"), (false, "application/json")] {
        let body = format!(r#"{{"model":"acme/swift","prompt":"p","stream":{stream}}}"#);
        let seen = sent(&at(BASE, ""), true, request(CHAT, &body)).await;
        assert_eq!(seen.headers["accept"], accept);
    }
}

#[tokio::test]
async fn the_provider_s_headers_win_and_its_key_is_not_told() {
    let more = "headers = { x-region = 'eu', anthropic-version = '2024-01-01' }";
    let catalog = at(BASE, more);
    let mut request = request(CHAT, r#"{"model":"acme/swift","prompt":"p"}"#);
    request
        .headers_mut()
        .insert("anthropic-version", "1999-01-01".parse().unwrap());
    let seen = sent(&catalog, true, request).await;
    assert_eq!(seen.headers["x-region"], "eu");
    assert_eq!(seen.headers["anthropic-version"], "2024-01-01");
    assert!(seen.headers["authorization"].is_sensitive());
    assert!(!format!("{catalog:?}{:?}", seen.headers).contains("secret-ACME"));
}

// === Without a plan ===

#[tokio::test]
async fn without_a_plan_the_request_goes_on_as_it_is() {
    let client = Client::new([Answer::json([json("hi")])]);
    let service = ServiceBuilder::new()
        .layer(ReadLayer::new())
        .layer(MeterLayer::new())
        .layer(AddressLayer::new())
        .service(client.clone());
    let body = r#"{"model":"acme/swift","prompt":"p","provider":{"order":["x"]}}"#;
    let mut request = request("http://own.test/v1/chat/completions", body);
    request
        .headers_mut()
        .insert("authorization", "Bearer mine".parse().unwrap());
    let _ = service.oneshot(request).await.unwrap();
    let seen = client.seen().remove(0);
    assert_eq!(seen.text(), body);
    assert_eq!(seen.uri, "http://own.test/v1/chat/completions");
    assert_eq!(seen.headers["authorization"], "Bearer mine");
}
