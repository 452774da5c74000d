//! A provider dies before its first content: the caller gets the whole answer from another one, and no
//! trace of it.

use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;
use std::time::Duration;
use switchtower::testing::{Failure, Point, Script, Upstream};
use switchtower::{End, Kind};
use tokio::net::TcpListener;

use crate::streams::assert_stream;
use crate::support::{Answer, House};

#[tokio::test]
async fn the_next_provider_answers_whole() {
    let cases = deaths().into_iter().flat_map(|(what, script, only)| {
        let asked = [false, true]
            .into_iter()
            .filter(move |stream| only.is_none_or(|only| only == *stream));
        asked.map(move |stream| dies(what, script.clone(), stream))
    });
    futures_util::future::join_all(cases).await;
}

async fn dies(what: &str, script: Script, stream: bool) {
    let house = House::hurried(2).await;
    house.script(0, script);
    house.script(1, Script::new().text("It works all the same."));
    let answer = house.ask(json!({"stream": stream})).await;
    assert_whole(what, &answer, stream);

    let record = &house.records(1).await[0];
    let ends: Vec<_> = record.attempts.iter().map(|attempt| attempt.end).collect();
    assert!(matches!(ends[..], [.., End::Complete]), "{what}: {ends:?}");
    assert!(matches!(ends[0], End::Failed(_)), "{what}: {ends:?}");
    assert_eq!(record.end, End::Complete, "{what}");
    assert_eq!(
        record.charge,
        record.attempts.last().unwrap().cost.amount,
        "{what}"
    );
    assert_eq!(house.ledger.totals().held, 0, "{what}");
}

#[tokio::test]
async fn a_refused_connection_is_no_answer_either() {
    // A port that was free a moment ago, and that nobody listens on.
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", nobody.local_addr().unwrap());
    drop(nobody);
    let second = Upstream::start().await;
    second.script(Script::new().text("It works all the same."));
    let urls = [url.parse().unwrap(), second.base_url()];
    let house = House::around(vec![second], &urls, |stack| stack, Default::default()).await;
    for stream in [false, true] {
        let answer = house.ask(json!({"stream": stream})).await;
        assert_whole("nobody listens", &answer, stream);
    }
    for record in house.records(2).await {
        assert_eq!(record.attempts[0].end, End::Failed(Kind::Connect));
        assert_eq!(record.attempts[0].status, None);
    }
}

/// Two die in different ways, the third one answers.
#[tokio::test]
async fn the_last_of_three_is_enough() {
    let house = House::hurried(3).await;
    house.script(0, Script::new().stall(Point::BeforeHeaders));
    house.script(
        1,
        Script::new().fail_at(Point::BeforeBody, Failure::overloaded()),
    );
    house.script(2, Script::new().text("It works all the same."));
    let answer = house.ask(json!({"stream": true})).await;
    assert_whole("two die", &answer, true);
}

/// An upstream is left at once when it falls silent: nothing waits for it in the background.
#[tokio::test]
async fn whoever_was_too_slow_is_let_go() {
    let house = House::hurried(2).await;
    house.script(
        0,
        Script::new()
            .stall(Point::After(0))
            .keep_alive(Duration::from_millis(10)),
    );
    house.script(1, Script::new().text("It works all the same."));
    let answer = house.ask(json!({"stream": true})).await;
    assert_whole("keep-alives only", &answer, true);
    crate::support::within(house.upstreams[0].wait_left(1)).await;
}

fn assert_whole(what: &str, answer: &Answer, stream: bool) {
    assert_eq!(answer.status, 200, "{what}: {answer:?}");
    assert!(!answer.body.contains("\"error\""), "{what}: {answer:?}");
    assert!(!answer.body.contains("first"), "{what}: {answer:?}");
    if stream {
        assert_stream(answer, "stop");
        assert_eq!(answer.text(), "It works all the same.", "{what}");
        // No comment, no role, no event of the one that died: one role, five words, an end, a usage.
        assert_eq!(answer.chunks().len(), 8, "{what}: {}", answer.body);
    } else {
        let content = &answer.json()["choices"][0]["message"]["content"];
        assert_eq!(content, "It works all the same.", "{what}");
    }
}

/// What goes wrong, and whether only for a stream, or only for JSON.
fn deaths() -> Vec<(&'static str, Script, Option<bool>)> {
    let html = || Script::new().raw("<html>Please log in</html>");
    let sse = HeaderValue::from_static("text/event-stream");
    let as_json = HeaderValue::from_static("application/json");
    let busy = Failure::rate_limited();
    let whole = r#"{"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"first"},"finish_reason":"stop"}]}"#;
    let streamed = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"first\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let encoded = HeaderValue::from_static("br");
    vec![
        (
            "reset before the headers",
            Script::new().reset(Point::BeforeHeaders),
            None,
        ),
        (
            "cut before the headers",
            Script::new().cut(Point::BeforeHeaders),
            None,
        ),
        ("500", Script::fail(StatusCode::INTERNAL_SERVER_ERROR), None),
        ("503", Script::fail(Failure::overloaded()), None),
        ("a bad key", Script::fail(Failure::bad_key()), None),
        ("no such model", Script::fail(StatusCode::NOT_FOUND), None),
        ("no credit", Script::fail(Failure::quota_exhausted()), None),
        (
            "429",
            Script::fail(busy.clone()).retry_after(Duration::from_secs(30)),
            None,
        ),
        (
            "429, soon",
            Script::fail(busy.clone()).retry_after_ms(Duration::from_millis(1)),
            None,
        ),
        (
            "silence",
            Script::new().stall(Point::BeforeHeaders),
            Some(true),
        ),
        (
            "headers, then silence",
            Script::new().stall(Point::BeforeBody),
            Some(true),
        ),
        (
            "a role, then silence",
            Script::new().stall(Point::After(0)),
            Some(true),
        ),
        (
            "an error in a 200",
            Script::new().fail_at(Point::BeforeBody, Failure::overloaded()),
            None,
        ),
        (
            "OpenRouter's error in a 200",
            Script::new().fail_at(Point::BeforeBody, busy.openrouter()),
            None,
        ),
        (
            "an error after the role",
            Script::new().fail_at(Point::After(0), Failure::overloaded()),
            Some(true),
        ),
        (
            "cut before the body",
            Script::new().cut(Point::BeforeBody),
            None,
        ),
        (
            "cut after the role",
            Script::new().cut(Point::After(0)).comments(2),
            Some(true),
        ),
        (
            "reset after the role",
            Script::new().reset(Point::After(0)),
            Some(true),
        ),
        (
            "stopped after the role",
            Script::new().stop(Point::After(0)),
            None,
        ),
        (
            "cut in the middle of JSON",
            Script::new().cut(Point::After(3)),
            Some(false),
        ),
        (
            "reset in the middle of JSON",
            Script::new().reset(Point::After(3)),
            Some(false),
        ),
        (
            "broken JSON",
            Script::new()
                .malformed(Point::After(0))
                .malformed(Point::After(0)),
            None,
        ),
        ("a page of HTML", html(), None),
        (
            "HTML that says it is SSE",
            html().content_type(sse.clone()),
            None,
        ),
        (
            "HTML that says it is JSON",
            html().content_type(as_json.clone()),
            None,
        ),
        (
            "nothing",
            Script::new().raw("").content_type(as_json.clone()),
            None,
        ),
        (
            "no events",
            Script::new().raw("").content_type(sse.clone()),
            None,
        ),
        (
            "[DONE] alone",
            Script::new()
                .raw("data: [DONE]\n\n")
                .content_type(sse.clone()),
            None,
        ),
        (
            "an error as JSON, unasked",
            Script::new()
                .raw(r#"{"error":{"message":"no"}}"#)
                .content_type(as_json.clone()),
            None,
        ),
        (
            "JSON for a stream",
            Script::new().raw(whole).content_type(as_json),
            Some(true),
        ),
        (
            "a stream for JSON",
            Script::new().raw(streamed).content_type(sse),
            Some(false),
        ),
        (
            "an answer packed",
            Script::new()
                .header(HeaderName::from_static("content-encoding"), encoded)
                .raw(&b"\x1b\x00\x00"[..]),
            None,
        ),
    ]
}
