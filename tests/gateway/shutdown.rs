//! The gateway is shut down: streams under way end well, within the grace, and nobody else comes in.

use std::time::{Duration, Instant};

use serde_json::json;
use switchtower::gateway::Bounds;
use switchtower::testing::{Point, Script};
use switchtower::{End, Kind};
use tokio::net::TcpStream;

use crate::support::{Caller, House, within};

#[tokio::test]
async fn streams_under_way_end_well() {
    let mut house = House::with(1, |stack| stack, grace(Duration::from_secs(15))).await;
    house.script(
        0,
        Script::new().tokens(30).between(Duration::from_millis(10)),
    );
    let mut caller = house.call(json!({"stream": true})).await;
    assert!(caller.hear("\"content\":\"").await);
    let mut idle = Caller::connect(house.address).await;
    idle.ask("/api/v1", "{}").await;
    assert!(idle.hear("}}").await);
    let mut silent = Caller::connect(house.address).await;

    house.stop.take().unwrap().send(()).unwrap();
    // Those who want nothing are let go at once, and nobody is let in any more.
    assert!(!idle.hear("never").await);
    assert!(!silent.hear("never").await);
    assert!(
        house.ledger.records().is_empty(),
        "they waited for the stream"
    );
    assert!(
        TcpStream::connect(house.address).await.is_err(),
        "somebody was let in"
    );

    assert!(caller.hear("data: [DONE]").await, "{}", caller.text());
    assert!(caller.text().contains("\"usage\":{"), "{}", caller.text());
    assert_eq!(house.records(1).await[0].end, End::Complete);
    within(&mut house.server).await.unwrap();
}

#[tokio::test]
async fn after_the_grace_they_are_cut_off_and_recorded() {
    let mut house = House::with(1, |stack| stack, grace(Duration::from_millis(50))).await;
    house.script(0, Script::new().stall(Point::After(3)));
    let mut caller = house.call(json!({"stream": true})).await;
    assert!(caller.hear("\"content\":\"").await);
    house.script(0, Script::new().stall(Point::BeforeHeaders));
    let mut waiting = house.call(json!({})).await;
    within(house.upstreams[0].wait_calls(2)).await;

    house.stop.take().unwrap().send(()).unwrap();
    within(&mut house.server).await.unwrap();
    // By the time the server has ended, the bills are written.
    let totals = house.ledger.totals();
    assert_eq!((totals.records, totals.held), (2, 0));
    let mut ends: Vec<_> = house.ledger.records().iter().map(|r| r.end).collect();
    ends.sort_by_key(|end| *end == End::Cancelled);
    assert_eq!(ends, [End::Failed(Kind::Internal), End::Cancelled]);
    // A stream ends as any other that breaks off: over HTTP/1.0 a mere cut would look like its end.
    assert!(caller.hear("data: [DONE]").await, "{}", caller.text());
    assert!(
        caller.text().contains("\"finish_reason\":\"error\""),
        "{}",
        caller.text()
    );
    // Nobody has left, so nobody pays.
    for record in house.ledger.records() {
        assert!(record.charge.is_some_and(|c| c.is_zero()), "{record:?}");
    }
    assert!(waiting.hear("HTTP/1.1 500").await, "{}", waiting.text());
    within(house.upstreams[0].wait_left(2)).await;
}

/// Behind a full socket nobody asks the answer's clocks: a caller who stops reading, but does not leave,
/// held its upstream for ever.
#[tokio::test]
async fn a_caller_that_takes_nothing_is_let_go() {
    let bounds = Bounds {
        stalled: Duration::from_millis(200),
        ..Bounds::default()
    };
    let house = House::with(1, |stack| stack, bounds).await;
    let endless = Script::new().tokens(u64::MAX >> 1).token_bytes(64 << 10);
    house.script(0, endless.ignore_limits());
    let mut caller = house.call(json!({"stream": true})).await;
    assert!(caller.hear("\"content\":\"").await);
    within(house.upstreams[0].wait_left(1)).await;
    assert_eq!(house.records(1).await[0].end, End::Cancelled);
}

/// Whoever connects and then says nothing takes a place that others need.
#[tokio::test]
async fn a_silent_connection_is_closed() {
    let bounds = Bounds {
        headers: Duration::from_millis(100),
        connections: 2,
        ..Bounds::default()
    };
    let house = House::with(1, |stack| stack, bounds).await;
    let began = Instant::now();
    for opening in [
        "",
        "P",
        "PRI * HTTP/2.0\r\n",
        "POST /api/v1/chat/completions HTTP/1.1\r\nhost: ",
    ] {
        let mut first = Caller::connect(house.address).await;
        let mut second = Caller::connect(house.address).await;
        first.say(opening.as_bytes()).await;
        second.say(opening.as_bytes()).await;
        // Both places are taken, until they are closed.
        assert_eq!(house.ask(json!({})).await.status, 200, "{opening:?}");
        assert!(!first.hear("never").await, "{opening:?}");
        assert!(!second.hear("never").await, "{opening:?}");
        // A kept connection of our own would take a place as well.
        house.forget_connections().await;
    }
    assert!(began.elapsed() < Duration::from_secs(15));
}

fn grace(grace: Duration) -> Bounds {
    Bounds {
        grace,
        ..Bounds::default()
    }
}

impl House {
    async fn forget_connections(&self) {
        let request = http::Request::builder()
            .uri(format!("http://{}/v1/models", self.address))
            .header("connection", "close")
            .body(http_body_util::Full::default());
        self.send(request.unwrap()).await;
    }
}
