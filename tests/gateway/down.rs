//! All providers are down: one status that says what they have in common.

use std::num::NonZeroU32;
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use switchtower::Stack;
use switchtower::gateway::Bounds;
use switchtower::standing::Breaker;
use switchtower::testing::{Failure, Point, Script};

use crate::bad_input::{openai, openrouter};
use crate::support::{Answer, House, PROVIDERS, chat};

#[tokio::test]
async fn what_they_have_in_common_is_said() {
    futures_util::future::join_all(cases().into_iter().map(check)).await;
}

struct Case {
    what: &'static str,
    scripts: Vec<Script>,
    status: u16,
    kind: &'static str,
    retry_after: Option<&'static str>,
}

async fn check(case: Case) {
    let Case {
        what,
        scripts,
        status,
        ..
    } = case;
    for (path, stream) in [
        ("/api/v1", false),
        ("/api/v1", true),
        ("/v1", false),
        ("/v1", true),
    ] {
        // A new house each time: an endpoint that has failed loses its place.
        let house = House::hurried(scripts.len()).await;
        for (place, script) in scripts.iter().enumerate() {
            house.script(place, script.clone());
        }
        let path = format!("{path}/chat/completions");
        let answer = house.post(&path, chat(json!({"stream": stream}))).await;
        let param = answer.json()["error"]["metadata"]["param"]
            .as_str()
            .map(str::to_owned);
        if path.starts_with("/api") {
            openrouter(what, &answer, status, param.as_deref(), "");
            let metadata = answer.json()["error"]["metadata"].clone();
            assert_eq!(metadata["error_type"], case.kind, "{what}");
            let previous = metadata["previous_errors"].as_array().unwrap();
            assert_attempts(what, &metadata["attempts"], previous.len());
            assert!(previous.len() >= scripts.len(), "{what}: {metadata}");
            assert!(
                previous
                    .iter()
                    .all(|p| p["provider"].is_string() && p["code"].is_string())
            );
        } else {
            openai(what, &answer, status, None, "");
            let metadata = &answer.json()["error"]["metadata"];
            let attempts = metadata["attempts"].as_array().unwrap();
            assert!(attempts.len() >= scripts.len(), "{what}: {metadata}");
            assert_attempts(what, &metadata["attempts"], attempts.len());
        }
        assert_retry(what, &answer, case.retry_after);
        assert!(answer.header("x-generation-id").is_some(), "{what}");
        assert!(
            !answer.body.contains("account 17"),
            "{what}: {}",
            answer.body
        );
        let record = &house.records(1).await[0];
        assert_eq!(record.charge, Some(Default::default()), "{what}");
        assert_eq!(house.ledger.totals().held, 0, "{what}");
    }
}

/// Each attempt by who was asked for what, how that ended and how long it took, and nothing else.
fn assert_attempts(what: &str, attempts: &Value, count: usize) {
    let attempts = attempts.as_array().unwrap();
    assert_eq!(attempts.len(), count, "{what}");
    for attempt in attempts {
        let keys: Vec<_> = attempt.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["error", "model", "ms", "provider", "status"]);
        assert_eq!(attempt["model"], "acme/large", "{what}: {attempt}");
        let provider = attempt["provider"].as_str().unwrap();
        assert!(PROVIDERS.iter().any(|name| provider.starts_with(name)));
        assert!(attempt["error"].is_string() && attempt["ms"].is_u64());
        assert!(attempt["status"].is_u64() || attempt["status"].is_null());
    }
}

/// Either it says when to come back, or not to.
fn assert_retry(what: &str, answer: &Answer, after: Option<&str>) {
    let seconds = |name| answer.header(name).map(|text| text.parse::<u64>().unwrap());
    match after {
        Some(told) => {
            let (after, told) = (seconds("retry-after").unwrap(), told.parse().unwrap());
            // It is told what is left of it, and asking the others takes its time.
            assert!((told - 5..=told).contains(&after), "{what}: {answer:?}");
            let millis = seconds("retry-after-ms").unwrap();
            assert_eq!(millis.div_ceil(1000), after, "{what}");
            assert_eq!(answer.header("x-should-retry"), Some("true"), "{what}");
        }
        None => {
            assert_eq!(seconds("retry-after"), None, "{what}: {answer:?}");
            assert_eq!(
                answer.header("x-should-retry"),
                Some("false"),
                "{what}: {answer:?}"
            );
        }
    }
}

fn cases() -> Vec<Case> {
    let case = |what, scripts: &[Script], status, kind, retry_after| Case {
        what,
        scripts: scripts.to_vec(),
        status,
        kind,
        retry_after,
    };
    let error = |status: u16| {
        let failure = Failure::new(StatusCode::from_u16(status).unwrap());
        Script::fail(failure.message("account 17 is broken"))
    };
    let busy =
        |seconds| Script::fail(Failure::rate_limited()).retry_after(Duration::from_secs(seconds));
    let down = Script::fail(Failure::overloaded());
    let late = Script::fail(Failure::overloaded()).retry_after(Duration::from_secs(11));
    let silent = Script::new()
        .stall(Point::BeforeBody)
        .first_token(Duration::from_secs(60));
    let cut = Script::new().cut(Point::BeforeHeaders);
    let in_band = Script::new().fail_at(Point::BeforeBody, Failure::overloaded());
    let poor = Script::fail(Failure::quota_exhausted());
    let locked = Script::fail(Failure::bad_key());
    let unknown = error(404);
    vec![
        case(
            "all busy",
            &[busy(40), busy(20), busy(30)],
            429,
            "rate_limit_exceeded",
            Some("20"),
        ),
        case(
            "one, busy",
            &[busy(40)],
            429,
            "rate_limit_exceeded",
            Some("40"),
        ),
        case(
            "all down",
            &[down.clone(), down.clone()],
            503,
            "provider_overloaded",
            None,
        ),
        case(
            "one, down",
            std::slice::from_ref(&down),
            503,
            "provider_overloaded",
            None,
        ),
        case(
            "all down, one for a time",
            &[down.clone(), late],
            503,
            "provider_overloaded",
            Some("11"),
        ),
        case(
            "busy and down",
            &[busy(40), down.clone()],
            503,
            "provider_overloaded",
            Some("40"),
        ),
        case(
            "500 and cut",
            &[error(500), cut.clone()],
            503,
            "provider_overloaded",
            None,
        ),
        case("one, 500", &[error(500)], 502, "provider_unavailable", None),
        case("one, cut", &[cut], 502, "provider_unavailable", None),
        case(
            "one, in a 200",
            std::slice::from_ref(&in_band),
            502,
            "provider_unavailable",
            None,
        ),
        case(
            "down, in a 200",
            &[down.clone(), in_band],
            503,
            "provider_overloaded",
            None,
        ),
        case(
            "all poor",
            &[poor.clone(), poor],
            429,
            "rate_limit_exceeded",
            None,
        ),
        case(
            "one, locked",
            std::slice::from_ref(&locked),
            424,
            "provider_unavailable",
            None,
        ),
        case(
            "all locked",
            &[locked.clone(), locked],
            424,
            "provider_unavailable",
            None,
        ),
        case(
            "none knows it",
            &[unknown.clone(), unknown],
            404,
            "not_found",
            None,
        ),
        case(
            "down and silent",
            &[silent, down],
            503,
            "provider_overloaded",
            None,
        ),
    ]
}

/// An endpoint that was ejected by this very request is back at a time that is known, so that it is told, though no
/// provider said a word about it.
#[tokio::test]
async fn when_the_circuit_reopens_is_told() {
    let breaker = Breaker {
        failures: NonZeroU32::new(1),
        ..Breaker::default()
    };
    let change = |stack: Stack| stack.breaker(breaker).tries(1);
    let house = House::with(1, change, Bounds::default()).await;
    house.script(0, Script::fail(Failure::overloaded()));
    let answer = house.ask(json!({})).await;
    assert_eq!(answer.status, 503);
    assert_retry("ejected", &answer, Some("5"));
}

/// Neither waiting nor repeating mends a key: of ours, or of the caller.
#[tokio::test]
async fn what_no_repetition_mends_is_not_to_be_repeated() {
    let house = House::with(1, |stack| stack, Bounds::default()).await;
    house.script(0, Script::fail(Failure::bad_key()));
    for _ in 0..2 {
        let answer = house.ask(json!({})).await;
        assert_eq!(answer.status, 424);
        assert_eq!(answer.header("x-should-retry"), Some("false"));
    }
    assert_eq!(house.calls(), 1, "the second time it is not asked");
    let answer = house.ask(json!({"model": "acme/unknown"})).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("x-should-retry"), Some("false"));
}

/// As OpenRouter spells it, and with no word of the provider's.
#[tokio::test]
async fn refused_content_is_told_as_such() {
    let house = House::open(2).await;
    let refusal = Failure::new(StatusCode::FORBIDDEN).code("content_filter");
    house.script(0, Script::fail(refusal.message("key s3cret: flagged")));
    for (path, stream) in [("/api/v1", false), ("/api/v1", true), ("/v1", false)] {
        let answer = house
            .post(
                &format!("{path}/chat/completions"),
                chat(json!({"stream": stream})),
            )
            .await;
        assert_eq!(answer.status, 403, "{answer:?}");
        assert!(!answer.body.contains("s3cret"), "{answer:?}");
        assert_eq!(answer.header("x-should-retry"), Some("false"));
        let error = answer.json()["error"].clone();
        if path == "/v1" {
            assert_eq!(error["code"], "content_policy_violation");
            assert_eq!(error["type"], "invalid_request_error");
            continue;
        }
        assert_eq!(error["code"], 403);
        let metadata = &error["metadata"];
        assert_eq!(metadata["error_type"], "content_policy_violation");
        assert_eq!(metadata["reasons"], json!([]));
        assert_eq!(metadata["model_slug"], "acme/large");
        assert_eq!(metadata["provider_name"], "first & Co.");
    }
    assert_eq!(house.calls(), 3, "nobody else is asked");
}

/// Who is told to come back later than its SDK would wait comes back in a second, so that it is told not to.
#[tokio::test]
async fn nobody_is_sent_back_for_longer_than_an_sdk_waits() {
    for (seconds, again) in [(59, "true"), (60, "false"), (3600, "false")] {
        let house = House::with(1, |stack| stack.tries(1), Bounds::default()).await;
        let busy = Script::fail(Failure::rate_limited());
        house.script(0, busy.retry_after(Duration::from_secs(seconds)));
        let answer = house.ask(json!({})).await;
        assert_eq!(answer.status, 429);
        assert_eq!(answer.header("retry-after"), Some(&*seconds.to_string()));
        assert_eq!(answer.header("x-should-retry"), Some(again), "{seconds}");
    }
}
