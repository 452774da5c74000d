//! What went wrong, whose fault it is, and how the caller hears of it.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, StreamBody};
use serde_json::{Value, json};
use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Provider};
use switchtower::choose::ChooseLayer;
use switchtower::meter::MeterLayer;
use switchtower::standing::Cause;
use switchtower::wire::Dialect;
use switchtower::wire::error::{envelope, seconds, status};
use switchtower::wire::headers::retry_after;
use switchtower::{
    Again, Bench, BoxError, Call, Error, Fault, Kind, Next, Payload, Phase, Upstream,
};
use tower::{ServiceBuilder, ServiceExt, service_fn};

// === The table ===

#[test]
fn every_kind_has_a_rule_that_makes_sense() {
    let mut words = BTreeSet::new();
    for kind in Kind::ALL {
        let (rule, disposition) = (kind.rule(), kind.disposition());
        assert!(
            words.insert(kind.as_str()),
            "{kind:?} has a word of its own"
        );
        assert!(
            ERROR_TYPES.contains(&rule.error_type),
            "{kind:?}: {}",
            rule.error_type
        );
        let blames_the_caller = rule.fault == Fault::Caller;
        assert!(
            !blames_the_caller || rule.status.is_client_error(),
            "{kind:?}: an SDK would repeat a 5xx for an hour"
        );
        assert!(
            !blames_the_caller || disposition.again == Again::Never,
            "{kind:?}: the same request would be answered the same"
        );
        let next = match kind {
            Kind::ContextTooLong => Next::LargerContext,
            Kind::ContentPolicy => Next::Model,
            _ if blames_the_caller => Next::Stop,
            _ => disposition.next,
        };
        assert_eq!(disposition.next, next, "{kind:?}");
        assert_eq!(
            blames_the_caller || rule.fault == Fault::Us,
            rule.bench == Bench::Nobody,
            "{kind:?}: what says nothing about an endpoint is not held against it"
        );
        if matches!(rule.fault, Fault::Upstream | Fault::Network) {
            assert_eq!(
                disposition.next,
                Next::Any,
                "{kind:?}: another may be better"
            );
        }
        assert!(!kind.is_transient() || !blames_the_caller, "{kind:?}");
    }
    assert_eq!(words.len(), Kind::ALL.len());
}

#[test]
fn a_wrong_key_of_the_caller_is_401_and_of_ours_never() {
    // Every SDK maps a 401 to its authentication error: the caller would change its own key.
    for kind in Kind::ALL {
        let is_401 = kind.rule().status == StatusCode::UNAUTHORIZED;
        assert_eq!(is_401, kind == Kind::Unauthorized, "{kind:?}");
    }
}

/// What the docs of `Kind` say is what holds.
#[test]
fn the_table_of_the_docs_is_the_one_in_force() {
    let rows = include_str!("../src/kind.rs").lines().filter_map(|line| {
        let cells = line.strip_prefix("/// | `")?.strip_suffix(" |")?;
        let cells: Vec<_> = cells.split(" | ").collect();
        <[&str; 7]>::try_from(cells).ok()
    });
    let mut told = HashMap::new();
    for [kinds, row @ ..] in rows {
        for kind in kinds.split(", ") {
            assert_eq!(told.insert(kind.trim_matches('`'), row), None, "{kind}");
        }
    }
    let causes = [
        Cause::Failures,
        Cause::Rate,
        Cause::Limited,
        Cause::Slow,
        Cause::Key,
        Cause::Quota,
        Cause::Operator,
    ];
    let ejected = causes.map(Kind::Ejected);
    for kind in Kind::ALL.iter().chain(&ejected) {
        let (rule, disposition) = (kind.rule(), kind.disposition());
        let row = [
            rule.status.as_str(),
            &format!("`{}`", rule.error_type),
            match rule.fault {
                Fault::Caller => "caller",
                Fault::Upstream => "upstream",
                Fault::Network => "network",
                Fault::Us => "us",
            },
            match disposition.again {
                Again::Never => "no",
                Again::Last => "if it is the last",
                _ => panic!("{disposition:?}"),
            },
            match disposition.next {
                Next::Stop => "nobody",
                Next::Any => "the next",
                Next::Model => "the next model",
                Next::LargerContext => "one with a larger context",
            },
            match rule.bench {
                Bench::Nobody => "nobody",
                Bench::Endpoint => "the endpoint",
                Bench::Key => "the key",
            },
        ];
        assert_eq!(told.remove(&*format!("{kind:?}")), Some(row), "{kind:?}");
    }
    assert!(told.is_empty(), "{told:?}");
}

// === Envelopes ===

#[test]
fn the_envelope_of_openrouter_is_strict() {
    for error in samples() {
        let envelope = envelope(&error, Dialect::OpenRouter, None);
        let object = only_error(&envelope);
        let code = object["code"].as_u64().expect("an integer");
        assert_eq!(code, u64::from(error.status().as_u16()));
        assert_eq!(object["message"], error.message());
        let metadata = object["metadata"].as_object().unwrap();
        assert_eq!(metadata["error_type"], error.kind().rule().error_type);
        assert!(
            metadata.values().all(|value| !value.is_null()),
            "{metadata:?}"
        );
        let about_models = [Kind::UnknownModel, Kind::NoEndpoints].contains(&error.kind());
        let known = about_models.then_some("availability").into_iter();
        let keys: Vec<_> = object.keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            known
                .chain(["code", "message", "metadata"])
                .collect::<Vec<_>>()
        );
    }
}

#[test]
fn the_envelope_of_openai_is_strict() {
    for error in samples() {
        let envelope = envelope(&error, Dialect::OpenAi, None);
        let object = only_error(&envelope);
        assert!(object["message"].is_string());
        assert!(object["type"].is_string());
        assert!(object["code"].is_string() || object["code"].is_null());
        assert!(object["param"].is_string() || object["param"].is_null());
        let keys: Vec<_> = object.keys().collect();
        assert_eq!(keys, ["code", "message", "param", "type"]);
    }
}

#[test]
fn the_words_of_openai_are_those_its_sdks_know() {
    for (kind, status_, r#type, code) in [
        (
            Kind::Unauthorized,
            401,
            "authentication_error",
            json!("invalid_api_key"),
        ),
        (
            Kind::UnknownModel,
            404,
            "invalid_request_error",
            json!("model_not_found"),
        ),
        (Kind::Invalid, 400, "invalid_request_error", json!(null)),
        (
            Kind::RateLimited,
            429,
            "rate_limit_error",
            json!("rate_limit_exceeded"),
        ),
        (
            Kind::PaymentRequired,
            402,
            "insufficient_quota",
            json!("insufficient_quota"),
        ),
        (
            Kind::QuotaExhausted,
            429,
            "insufficient_quota",
            json!("insufficient_quota"),
        ),
        (
            Kind::ContextTooLong,
            400,
            "invalid_request_error",
            json!("context_length_exceeded"),
        ),
        (
            Kind::Elapsed(Phase::Headers),
            504,
            "timeout_error",
            json!("elapsed_headers"),
        ),
        (Kind::Internal, 500, "server_error", json!("internal")),
    ] {
        let error = Error::new(kind, "");
        assert_eq!(
            status(&error, Dialect::OpenAi).as_u16(),
            status_,
            "{kind:?}"
        );
        let envelope = envelope(&error, Dialect::OpenAi, None);
        assert_eq!(envelope["error"]["type"], r#type, "{kind:?}");
        assert_eq!(envelope["error"]["code"], code, "{kind:?}");
    }
    // The one status on which the two differ.
    let unknown = Error::new(Kind::UnknownModel, "");
    assert_eq!(status(&unknown, Dialect::OpenRouter), 400);
}

#[test]
fn metadata_says_what_is_known() {
    let error = Error::new(Kind::RateLimited, "slow down")
        .with_upstream(Upstream {
            status: Some(429),
            code: Some("tokens".into()),
            provider: Some("Acme".into()),
            ..Upstream::default()
        })
        .with_retry_after(Duration::from_millis(1001));
    let envelope = envelope(&error, Dialect::OpenRouter, None);
    let expected = json!({
        "error_type": "rate_limit_exceeded", "provider_name": "Acme", "provider_code": "tokens",
        "retry_after": 2,
    });
    assert_eq!(envelope["error"]["metadata"], expected);
}

#[test]
fn whole_seconds_are_rounded_up() {
    for (millis, rounded) in [(0, 0), (1, 1), (1000, 1), (1001, 2)] {
        assert_eq!(seconds(Duration::from_millis(millis)), rounded);
    }
}

#[tokio::test(start_paused = true)]
async fn metadata_names_who_failed_before() {
    let call = Call::new(tokio::time::Instant::now().into_std(), UNIX_EPOCH, 1);
    let mut asked = request();
    asked.extensions_mut().insert(call.clone());
    let answer = answer(503, &[], Full::<Bytes>::from("{}"));
    let error = ask(asked, answer).await.err().unwrap();
    let envelope = envelope(&error, Dialect::OpenRouter, Some(&call));
    assert_eq!(
        envelope["error"]["metadata"]["previous_errors"],
        json!([{"provider": "Acme", "code": "overloaded", "status": 503}])
    );
}

// === Refusals of an upstream ===

#[tokio::test(start_paused = true)]
async fn a_refusal_is_sorted_by_status_and_body() {
    for (status, body, kind) in [
        // OpenAI
        (
            401,
            r#"{"error":{"message":"Incorrect API key provided: sk-1234","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
            Kind::UpstreamAuth,
        ),
        (
            403,
            r#"{"error":{"message":"Country not supported","type":"request_forbidden","code":"unsupported_country_region_territory"}}"#,
            Kind::UpstreamAuth,
        ),
        (
            429,
            r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
            Kind::QuotaExhausted,
        ),
        (
            429,
            r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":null}}"#,
            Kind::QuotaExhausted,
        ),
        (
            429,
            r#"{"error":{"message":"Rate limit reached for gpt-4o","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
            Kind::RateLimited,
        ),
        (
            400,
            r#"{"error":{"message":"This model's maximum context length is 8192 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
            Kind::ContextTooLong,
        ),
        (
            404,
            r#"{"error":{"message":"The model `x` does not exist","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#,
            Kind::ModelMissing,
        ),
        (
            400,
            r#"{"error":{"message":"Invalid value: 'x'.","type":"invalid_request_error","param":"messages[0].role","code":"invalid_value"}}"#,
            Kind::Refused,
        ),
        (
            500,
            r#"{"error":{"message":"The server had an error","type":"server_error"}}"#,
            Kind::Unavailable,
        ),
        (
            503,
            r#"{"error":{"message":"The engine is overloaded","type":"server_error"}}"#,
            Kind::Overloaded,
        ),
        // Anthropic
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#,
            Kind::ContextTooLong,
        ),
        (
            400,
            r#"{"type":"error","error":{"type":"billing_error","message":"Your credit balance is too low"}}"#,
            Kind::QuotaExhausted,
        ),
        (
            529,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            Kind::Overloaded,
        ),
        (
            401,
            r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#,
            Kind::UpstreamAuth,
        ),
        // Gemini, alone and wrapped into an array
        (
            429,
            r#"{"error":{"code":429,"message":"Resource has been exhausted","status":"RESOURCE_EXHAUSTED"}}"#,
            Kind::RateLimited,
        ),
        (
            429,
            r#"[{"error":{"code":429,"message":"Resource has been exhausted","status":"RESOURCE_EXHAUSTED"}}]"#,
            Kind::RateLimited,
        ),
        (
            400,
            r#"[{"error":{"code":400,"message":"Request contains an invalid argument.","status":"INVALID_ARGUMENT"}}]"#,
            Kind::Refused,
        ),
        (
            503,
            r#"[{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}]"#,
            Kind::Overloaded,
        ),
        // vLLM, Mistral, Cohere, OpenRouter
        (
            400,
            r#"{"object":"error","message":"This model's maximum context length is 4096 tokens.","type":"BadRequestError","param":null,"code":400}"#,
            Kind::ContextTooLong,
        ),
        (
            413,
            r#"{"error":{"message":"Prompt exceeds the context window"}}"#,
            Kind::ContextTooLong,
        ),
        (413, r#"{"error":"too many images"}"#, Kind::Refused),
        // Groq
        (
            413,
            r#"{"error":{"message":"Request too large for model `x` in organization `org_01` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Requested 14368, please reduce your message size and try again.","type":"tokens","code":"rate_limit_exceeded"}}"#,
            Kind::RateLimited,
        ),
        (
            402,
            r#"{"error":{"code":402,"message":"Insufficient credits"}}"#,
            Kind::QuotaExhausted,
        ),
        (
            402,
            r#"{"error":"Insufficient Balance"}"#,
            Kind::QuotaExhausted,
        ),
        (
            403,
            r#"{"error":{"code":"content_filter","message":"flagged"}}"#,
            Kind::ContentPolicy,
        ),
        (422, r#"{"message":"invalid tool"}"#, Kind::Refused),
        // What is about our account or our catalogue is not about the request, though it is a 400: DeepSeek, Groq, Mistral,
        // Gemini.
        (
            400,
            r#"{"error":{"message":"Model Not Exist","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}"#,
            Kind::ModelMissing,
        ),
        (
            400,
            r#"{"error":{"message":"The model `x` has been decommissioned and is no longer supported.","type":"invalid_request_error","code":"model_decommissioned"}}"#,
            Kind::ModelMissing,
        ),
        (
            400,
            r#"{"object":"error","message":"Invalid model: x","type":"invalid_model","param":null,"code":"1500"}"#,
            Kind::ModelMissing,
        ),
        (
            400,
            r#"{"error":{"message":"The model `x` does not exist","type":"invalid_request_error","code":"model_not_found"}}"#,
            Kind::ModelMissing,
        ),
        (
            400,
            r#"[{"error":{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}}]"#,
            Kind::UpstreamAuth,
        ),
        (
            400,
            r#"{"error":{"message":"model: Model Not Exist is no name","code":"invalid_value"}}"#,
            Kind::Refused,
        ),
        (408, "{}", Kind::Unavailable),
        (502, "", Kind::Unavailable),
        (521, "<html>", Kind::Unavailable),
    ] {
        let error = refused(status, &[], body).await;
        assert_eq!(error.kind(), kind, "{status} {body}");
        let upstream = error.upstream().unwrap();
        assert_eq!(upstream.status, Some(status));
        assert_eq!(upstream.provider.as_deref(), Some("Acme"));
    }
}

/// Words that mean "too long" without a code: of Gemini, Groq, Bedrock, Together, Moonshot, DashScope, llama.cpp, SGLang,
/// Z.AI and xAI.
#[tokio::test(start_paused = true)]
async fn a_prompt_that_is_too_long_is_said_in_many_ways() {
    for (status, message) in [
        (
            400,
            "The input token count (1058382) exceeds the maximum number of tokens allowed (1048576).",
        ),
        (
            400,
            "Please reduce the length of the messages or completion.",
        ),
        (400, "Input is too long for requested model."),
        (
            422,
            "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8192.",
        ),
        (
            400,
            "Invalid request: Your request exceeded model token limit: 262144",
        ),
        (
            400,
            "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]",
        ),
        (
            400,
            "the request exceeds the available context size, try increasing it",
        ),
        (
            400,
            "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
        ),
        (400, "tokens in request more than max tokens allowed"),
    ] {
        let body = json!({"error": {"message": message}}).to_string();
        let error = refused(status, &[], &body).await;
        assert_eq!(error.kind(), Kind::ContextTooLong, "{message}");
    }
    let xai = r#"{"code":"invalid-argument","error":"This model's maximum prompt length is 131072 but the request contains 537812 tokens."}"#;
    let error = refused(400, &[], xai).await;
    assert_eq!(error.kind(), Kind::ContextTooLong);
}

/// Gemini answers 400 to a bad key, so our key was held against the caller: no fallback, and its words
/// about the key went through.
#[tokio::test(start_paused = true)]
async fn a_bad_key_of_ours_is_ours_even_as_a_400() {
    for body in [
        r#"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]"#,
        r#"{"error":{"code":400,"message":"API key expired. Please renew the API key.","status":"INVALID_ARGUMENT"}}"#,
        r#"{"error":"Incorrect API key provided: xa***bc. You can obtain an API key from https://console.x.ai."}"#,
    ] {
        let error = refused(400, &[], body).await;
        assert_eq!(error.kind(), Kind::UpstreamAuth, "{body}");
        assert_eq!(
            error.message(),
            "Acme did not accept the key configured for it"
        );
    }
}

/// Text Generation Inference answers 424 when its own generation failed: that was told to the caller as
/// a fault of its request, and no other provider was asked.
#[tokio::test(start_paused = true)]
async fn only_what_is_about_the_request_is_held_against_the_caller() {
    for status in 400..500 {
        let error = refused(status, &[], "{}").await;
        let about_the_request = matches!(status, 400 | 413 | 415 | 422);
        assert_eq!(error.kind() == Kind::Refused, about_the_request, "{status}");
        let stops = error.kind().disposition().next == Next::Stop;
        assert_eq!(stops, about_the_request, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_word_about_our_account_goes_through() {
    for (status, code) in [
        (401, "invalid_api_key"),
        (403, "permission"),
        (402, "billing"),
        (404, "model_not_found"),
        (413, "rate_limit_exceeded"),
        (429, "insufficient_quota"),
        (429, "rate_limit_exceeded"),
        (500, "server"),
        (503, "busy"),
    ] {
        let body = json!({"error": {
            "message": "org-s3cret with key sk-s3cret did something", "code": code,
        }});
        let error = refused(status, &[], &body.to_string()).await;
        let envelopes =
            [Dialect::OpenRouter, Dialect::OpenAi].map(|dialect| envelope(&error, dialect, None));
        for shown in [
            format!("{error}"),
            format!("{error:?}"),
            format!("{envelopes:?}"),
        ] {
            assert!(!shown.contains("s3cret"), "{status}: {shown}");
        }
        assert!(error.message().contains("Acme"), "{status}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_concerns_the_request_is_repeated_within_bounds() {
    let long = "ü".repeat(10_000);
    let body = json!({"error": {"message": long, "code": long, "param": long}});
    let error = refused(400, &[], &body.to_string()).await;
    assert_eq!(error.message().chars().count(), 512);
    assert_eq!(error.param().unwrap().chars().count(), 64);
    assert_eq!(
        error
            .upstream()
            .unwrap()
            .code
            .as_deref()
            .unwrap()
            .chars()
            .count(),
        64
    );

    let short = json!({"error": {"message": "no such role", "param": "messages[0].role"}});
    let error = refused(400, &[], &short.to_string()).await;
    assert_eq!(error.message(), "no such role");
    assert_eq!(error.param(), Some("messages[0].role"));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_the_request_keeps_its_status() {
    for (status, told) in [(400, 400), (413, 413), (415, 415), (422, 422)] {
        assert_eq!(refused(status, &[], "{}").await.status().as_u16(), told);
    }
    let filtered = refused(403, &[], r#"{"error":{"code":"content_filter"}}"#).await;
    assert_eq!(filtered.status(), 403);
    // What is about us has a status of its own.
    for (status, told) in [
        (401, 424),
        (402, 429),
        (404, 404),
        (500, 502),
        (503, 503),
        (529, 529),
    ] {
        assert_eq!(refused(status, &[], "{}").await.status().as_u16(), told);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_no_json_is_no_trouble() {
    for body in [
        "",
        "null",
        "[]",
        "7",
        "\"\"",
        "{}",
        "{\"error\":null}",
        "{\"error\":{}}",
        "{\"error\":7}",
        "{\"error\":[]}",
        "{\"error\":{\"message\":7,\"code\":{}}}",
        "<html>Bad gateway</html>",
        "{\"err",
        "\u{fffd}",
        "{\"error\":{\"error\":{\"error\":{}}}}",
    ] {
        let error = refused(502, &[], body).await;
        assert_eq!(error.kind(), Kind::Unavailable, "{body}");
        assert_eq!(error.message(), "Acme returned an error");
        let error = refused(400, &[], body).await;
        assert_eq!(error.kind(), Kind::Refused, "{body}");
        assert!(!error.message().is_empty());
    }
    let deep = "[".repeat(60_000);
    assert_eq!(refused(400, &[], &deep).await.kind(), Kind::Refused);
    let latin = answer(400, &[], Full::<Bytes>::from(&b"{\"error\":\"\xfc\"}"[..]));
    let error = ask(request(), latin).await.err().unwrap();
    assert_eq!(error.kind(), Kind::Refused);
}

#[tokio::test(start_paused = true)]
async fn a_huge_error_body_is_read_to_64_kib_and_no_further() {
    let pulled = Arc::new(AtomicUsize::new(0));
    let counter = pulled.clone();
    let endless = stream::repeat_with(move || {
        counter.fetch_add(4096, Relaxed);
        Ok::<_, io::Error>(Frame::data(Bytes::from_static(&[b'x'; 4096])))
    });
    let error = ask(request(), answer(503, &[], StreamBody::new(endless))).await;
    assert_eq!(error.err().unwrap().kind(), Kind::Overloaded);
    assert_eq!(pulled.load(Relaxed), 64 << 10);
}

/// The end of what is kept was only noticed with the next frame, which may never come.
#[tokio::test(start_paused = true)]
async fn what_is_enough_is_not_waited_on() {
    let full = Frame::data(Bytes::from_static(&[b'x'; 64 << 10]));
    let body = StreamBody::new(stream::iter([Ok::<_, io::Error>(full)]).chain(stream::pending()));
    let asked = ask(request(), answer(503, &[], body));
    let error = tokio::time::timeout(Duration::from_secs(1), asked).await;
    assert_eq!(
        error.expect("no waiting").err().unwrap().kind(),
        Kind::Overloaded
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_body_that_breaks_leaves_the_status() {
    let frames = [
        Ok(Frame::data(Bytes::from_static(b"{\"error\":"))),
        Err(io::Error::from(io::ErrorKind::ConnectionReset)),
    ];
    let headers = [("retry-after", "3")];
    let error = ask(
        request(),
        answer(429, &headers, StreamBody::new(stream::iter(frames))),
    )
    .await;
    let error = error.err().unwrap();
    assert_eq!(error.kind(), Kind::RateLimited);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3)));
}

#[tokio::test(start_paused = true)]
async fn an_error_inside_a_200_is_sorted_by_what_it_says() {
    for (json, kind, status) in [
        (
            r#"{"error":{"message":"x","code":429}}"#,
            Kind::RateLimited,
            Some(429),
        ),
        (
            r#"{"error":{"message":"x","code":"429"}}"#,
            Kind::RateLimited,
            Some(429),
        ),
        // A number of Z.AI's own, and none of HTTP's.
        (
            r#"{"error":{"message":"x","code":"1234"}}"#,
            Kind::Unavailable,
            None,
        ),
        (
            r#"{"error":{"message":"x","code":"insufficient_quota"}}"#,
            Kind::QuotaExhausted,
            None,
        ),
        (
            r#"{"error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            Kind::Overloaded,
            None,
        ),
        (
            r#"{"error":{"type":"rate_limit_error","message":"x"}}"#,
            Kind::RateLimited,
            None,
        ),
        (
            r#"{"error":{"type":"authentication_error","message":"x"}}"#,
            Kind::UpstreamAuth,
            None,
        ),
        (
            r#"{"error":{"type":"invalid_request_error","message":"x"}}"#,
            Kind::Refused,
            None,
        ),
        (
            r#"{"error":{"type":"invalid_request_error","message":"prompt is too long: 9 > 8"}}"#,
            Kind::ContextTooLong,
            None,
        ),
        (
            r#"{"error":{"message":"x","code":502}}"#,
            Kind::Unavailable,
            Some(502),
        ),
        (
            r#"{"error":"Network connection lost."}"#,
            Kind::Unavailable,
            None,
        ),
        (r#"{"error":{}}"#, Kind::Unavailable, None),
    ] {
        let response = ask(request(), answer(200, &[], Full::<Bytes>::from(json)))
            .await
            .unwrap();
        let error = response.into_body().collect().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{json}");
        assert_eq!(error.upstream().unwrap().status, status, "{json}");
    }
}

// === Retry-After ===

#[tokio::test(start_paused = true)]
async fn retry_after_is_read_in_all_spellings() {
    #[expect(
        clippy::disallowed_methods,
        reason = "a date is told by the wall clock"
    )]
    let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(60));
    for (pairs, least, most) in [
        (vec![("retry-after-ms", "1500")], 1.5, 1.5),
        (vec![("retry-after", "7")], 7.0, 7.0),
        (vec![("retry-after", "0.25")], 0.25, 0.25),
        (vec![("retry-after", " 7 ")], 7.0, 7.0),
        (
            vec![("retry-after", "60"), ("retry-after-ms", "20")],
            0.02,
            0.02,
        ),
        (
            vec![("retry-after", "60"), ("retry-after-ms", "soon")],
            60.0,
            60.0,
        ),
        // A test may be slow, and a date has whole seconds.
        (vec![("retry-after", &*soon)], 30.0, 60.0),
    ] {
        let after = refused(429, &pairs, "{}")
            .await
            .retry_after()
            .unwrap()
            .as_secs_f64();
        assert!(after >= least && after <= most, "{pairs:?}: {after}");
    }
    assert_eq!(refused(429, &[], "{}").await.retry_after(), None);
}

#[test]
fn retry_after_is_believed_within_reason() {
    let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let read = |value: &str| {
        let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, value.parse().unwrap())]);
        retry_after(&headers, now)
    };
    let day = Some(Duration::from_secs(24 * 60 * 60));
    let past = httpdate::fmt_http_date(now - Duration::from_secs(60));
    let soon = httpdate::fmt_http_date(now + Duration::from_secs(60));
    let far = httpdate::fmt_http_date(now + Duration::from_secs(1 << 30));
    for (value, expected) in [
        ("0", Some(Duration::ZERO)),
        ("86401", day),
        ("99999999999", day),
        // Longer than any duration is long, and not nothing.
        ("99999999999999999999999999", day),
        ("1e30", day),
        (&past, Some(Duration::ZERO)),
        (&soon, Some(Duration::from_secs(60))),
        (&far, day),
        ("-1", None),
        ("NaN", None),
        ("inf", None),
        ("soon", None),
        ("", None),
    ] {
        assert_eq!(read(value), expected, "{value}");
    }
}

// === Error ===

#[test]
fn an_error_is_one_pointer() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
}

#[test]
fn what_an_inner_service_returns_is_taken_over() {
    let own = || Error::new(Kind::Overloaded, "busy").with_retry_after(Duration::from_secs(1));
    assert_eq!(Error::from_inner(own()).kind(), Kind::Overloaded);
    let boxed: BoxError = own().into();
    let unboxed = Error::from_inner(boxed);
    assert_eq!(unboxed.retry_after(), Some(Duration::from_secs(1)));

    for (kind, expected) in [
        (io::ErrorKind::ConnectionRefused, Kind::Connect),
        (io::ErrorKind::AddrNotAvailable, Kind::Connect),
        (io::ErrorKind::HostUnreachable, Kind::Connect),
        (io::ErrorKind::ConnectionReset, Kind::Disconnected),
        (io::ErrorKind::BrokenPipe, Kind::Disconnected),
        (io::ErrorKind::UnexpectedEof, Kind::Disconnected),
        (io::ErrorKind::TimedOut, Kind::Disconnected),
    ] {
        let error = Error::from_inner(io::Error::from(kind));
        assert_eq!(error.kind(), expected, "{kind:?}");
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.downcast_ref::<io::Error>().unwrap().kind(), kind);
        // Wherever a client hides it.
        let hidden = Hidden(Hidden(io::Error::from(kind)));
        assert_eq!(Error::from_inner(hidden).kind(), expected, "{kind:?}");
        // What a client says may hold an address or a key.
        assert!(!error.message().contains(&source.to_string()));
    }
    let text: BoxError = "anything else".into();
    assert_eq!(Error::from_inner(text).kind(), Kind::Disconnected);
}

// === Helpers ===

/// OpenRouter's vocabulary, as far as a chat may meet it.
const ERROR_TYPES: [&str; 16] = [
    "context_length_exceeded",
    "max_tokens_exceeded",
    "invalid_request",
    "invalid_prompt",
    "content_policy_violation",
    "authentication",
    "payment_required",
    "permission_denied",
    "not_found",
    "payload_too_large",
    "unprocessable",
    "rate_limit_exceeded",
    "server",
    "provider_unavailable",
    "provider_overloaded",
    "timeout",
];

/// Every kind, bare and with all that an error may carry.
fn samples() -> impl Iterator<Item = Error> {
    Kind::ALL.into_iter().flat_map(|kind| {
        let full = Error::new(kind, "it is so")
            .with_param("messages")
            .with_retry_after(Duration::from_secs(1))
            .with_upstream(Upstream {
                status: Some(418),
                code: Some("teapot".into()),
                provider: Some("Acme".into()),
                ..Upstream::default()
            })
            .with_source("a cause");
        [Error::new(kind, "it is so"), full]
    })
}

fn only_error(envelope: &Value) -> &serde_json::Map<String, Value> {
    let envelope = envelope.as_object().unwrap();
    assert_eq!(envelope.len(), 1);
    envelope["error"].as_object().unwrap()
}

fn request() -> Request<Payload> {
    Request::new(
        Payload::read(r#"{"model":"a/x","messages":[{"role":"user","content":"hey"}]}"#).unwrap(),
    )
}

fn answer<B>(status: u16, headers: &[(&str, &str)], body: B) -> Response<B> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body).unwrap()
}

async fn refused(status: u16, headers: &[(&str, &str)], body: &str) -> Error {
    let body = Full::<Bytes>::from(body.to_owned());
    let answered = ask(request(), answer(status, headers, body)).await;
    answered.expect_err("a refusal")
}

/// Asks a provider that gives this answer.
async fn ask<B>(
    request: Request<Payload>,
    answer: Response<B>,
) -> Result<Response<switchtower::meter::Body<B>>, Error>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError> + 'static,
{
    let catalog = Catalog::builder()
        .provider(Provider::new("acme", "http://acme.test/v1".parse().unwrap()).with_name("Acme"))
        .model(ModelSpec::new("a/x").endpoint(EndpointSpec::new("acme", "x")))
        .build()
        .unwrap();
    let answer = Arc::new(Mutex::new(Some(answer)));
    let service = ServiceBuilder::new()
        .layer(ChooseLayer::new(Arc::new(catalog)).seed(1))
        .layer(MeterLayer::new())
        .service(service_fn(move |_: Request<Payload>| {
            let answer = answer.lock().unwrap().take();
            async { Ok::<_, io::Error>(answer.expect("it is asked once")) }
        }));
    service.oneshot(request).await
}

#[derive(Debug)]
struct Hidden<E>(E);

impl<E: std::error::Error> std::fmt::Display for Hidden<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("something happened")
    }
}

impl<E: std::error::Error + 'static> std::error::Error for Hidden<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
