//! What goes wrong when it is told to.

use std::time::{Duration, Instant};

use http::StatusCode;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use switchtower::testing::{Ending, Failure, Point, Script, Upstream};

use crate::support::{Answer, ask, raw, read_forever, stream, whole};

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
    let mut soonest = Duration::MAX;
    for (left, point) in (1..).zip(stalls) {
        upstream.next(Script::new().stall(point));
        let call = tokio::spawn(read_forever(upstream.clone()));
        upstream.wait_calls(left).await;
        call.abort();
        let aborted = Instant::now();
        upstream.wait_left(left).await;
        let Some(Ending::ClientLeft { at, .. }) = upstream.seen().last().unwrap().ending else {
            panic!("the client left");
        };
        soonest = soonest.min(at.saturating_duration_since(aborted));
    }
    // A busy machine may be late once, but not each time.
    assert!(soonest < Duration::from_millis(20), "{soonest:?}");
    assert_eq!(upstream.left(), 4);
}

#[tokio::test]
async fn a_slow_client_holds_the_upstream_back_and_may_leave() {
    let upstream = Upstream::start().await;
    upstream.next(Script::new().tokens(1_000_000).token_bytes(100_000));
    let mut response = ask(&upstream, json!({"stream": true})).await.unwrap();
    response.body_mut().frame().await.unwrap().unwrap();
    drop(response);
    upstream.wait_left(1).await;
    assert!(upstream.book().served.completion < 10_000);
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

#[tokio::test]
async fn a_cut_is_a_fin_and_a_reset_is_a_rst() {
    let upstream = Upstream::start().await;
    upstream.next(Script::new().cut(Point::After(2)));
    let (body, end) = raw(&upstream).await;
    assert!(end.is_ok());
    assert_eq!(body.matches("data: ").count(), 3);
    assert!(!body.ends_with("0\r\n\r\n"), "there is no last chunk");

    for (events, point) in [(0, Point::BeforeHeaders), (3, Point::After(2))] {
        upstream.next(Script::new().reset(point));
        let (body, end) = raw(&upstream).await;
        assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
        assert_eq!(body.matches("data: ").count(), events);
    }
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_makes_hours_pass() {
    let upstream = Upstream::start().await;
    let hour = Duration::from_secs(3600);
    let slow = Script::new()
        .tokens(3)
        .latency(hour)
        .first_token(hour)
        .between(hour);
    let began = tokio::time::Instant::now();
    for streamed in [true, false] {
        upstream.next(slow.clone());
        let answer = whole(&upstream, json!({"stream": streamed})).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    assert!(began.elapsed() >= 8 * hour);
}
