//! The caller hangs up: the upstream is let go at once, and one record remains.

use std::time::{Duration, Instant};

use serde_json::json;
use switchtower::settle::{Certainty, Record};
use switchtower::testing::{Ending, Failure, Point, Script, Upstream};
use switchtower::{End, Money};

use crate::support::{House, within};

/// From the caller's leaving to the upstream's noticing it, over two loopback sockets.
const AT_ONCE: Duration = Duration::from_millis(100);

#[tokio::test]
async fn in_the_middle_of_a_stream() {
    let house = House::open(2).await;
    let steady = Script::new()
        .tokens(10_000)
        .between(Duration::from_millis(2));
    let silent = Script::new().stall(Point::After(5));
    for (number, script) in [steady, silent].into_iter().enumerate() {
        house.script(0, script);
        let mut caller = house.call(json!({"stream": true})).await;
        // The role comes first.
        for _ in 0..3 {
            caller.heard.clear();
            assert!(caller.hear("\"content\":\"").await);
        }
        let left = Instant::now();
        drop(caller);
        let took = noticed(&house.upstreams[0], number as u64 + 1).await - left;
        println!("the upstream was let go after {took:?}");
        assert!(took < AT_ONCE, "it took {took:?}");

        let record = &house.records(number as u64 + 1).await[number];
        assert_cancelled(record);
        assert!(record.usage.completion_tokens() >= 2, "{record:?}");
        assert!(record.charge > Some(Money::default()), "{record:?}");
    }
    assert_over(&house, 2).await;
}

#[tokio::test]
async fn before_the_first_token() {
    let house = House::open(1).await;
    let scripts = [
        Script::new().stall(Point::BeforeHeaders),
        Script::new().stall(Point::BeforeBody),
        Script::new().stall(Point::After(0)),
        Script::new()
            .stall(Point::After(0))
            .keep_alive(Duration::from_millis(5)),
    ];
    let mut calls = 0;
    for script in scripts {
        for stream in [true, false] {
            calls += 1;
            house.script(0, script.clone());
            let caller = house.call(json!({"stream": stream})).await;
            within(house.upstreams[0].wait_calls(calls)).await;
            let left = Instant::now();
            drop(caller);
            let took = noticed(&house.upstreams[0], calls).await - left;
            assert!(took < AT_ONCE, "it took {took:?}");
            assert_cancelled(&house.records(calls).await[calls as usize - 1]);
        }
    }
    assert_over(&house, calls).await;
}

/// Its last attempt had failed and the next had not begun: the record must not say that it failed.
#[tokio::test]
async fn while_a_retry_is_waited_for() {
    let house = House::open(1).await;
    let busy = Script::fail(Failure::rate_limited()).retry_after(Duration::from_secs(3));
    house.script(0, busy);
    let caller = house.call(json!({"stream": true})).await;
    within(house.upstreams[0].wait_calls(1)).await;
    within(house.upstreams[0].wait_idle()).await;
    let left = Instant::now();
    drop(caller);
    let record = house.records(1).await[0].clone();
    assert!(left.elapsed() < Duration::from_secs(1), "it waited on");
    assert_eq!(record.end, End::Cancelled, "{record:?}");
    assert_eq!(record.charge, Some(Money::default()), "{record:?}");
    assert_over(&house, 1).await;
    assert_eq!(house.calls(), 1, "nobody asks for a caller who left");
}

/// After a fallback, in the middle of what the second one says.
#[tokio::test]
async fn after_a_fallback() {
    let house = House::open(2).await;
    house.script(0, Script::fail(Failure::overloaded()));
    house.script(1, Script::new().stall(Point::After(5)));
    let mut caller = house.call(json!({"stream": true})).await;
    assert!(caller.hear("\"content\":\"").await);
    drop(caller);
    noticed(&house.upstreams[1], 1).await;
    let record = house.records(1).await[0].clone();
    let ends: Vec<_> = record.attempts.iter().map(|attempt| attempt.end).collect();
    assert!(
        matches!(ends[..], [End::Failed(_), End::Cancelled]),
        "{ends:?}"
    );
    assert_eq!(record.attempts[0].cost.certainty, Certainty::Exact);
    assert_cancelled(&record);
    assert_over(&house, 1).await;
}

/// Who has heard the finish reason has got all there is.
#[tokio::test]
async fn after_the_last_word() {
    let house = House::open(1).await;
    house.script(0, Script::new().tokens(2));
    let mut caller = house.call(json!({"stream": true})).await;
    assert!(caller.hear("[DONE]").await);
    drop(caller);
    let record = house.records(1).await[0].clone();
    assert_eq!(record.end, End::Complete);
    assert_eq!(record.attempts[0].cost.certainty, Certainty::Exact);
    assert_over(&house, 1).await;
}

/// When the upstream noticed that its `count`th client had left.
async fn noticed(upstream: &Upstream, count: u64) -> Instant {
    within(upstream.wait_left(count)).await;
    let endings = upstream
        .seen()
        .into_iter()
        .filter_map(|seen| match seen.ending {
            Some(Ending::ClientLeft { at, .. }) => Some(at),
            _ => None,
        });
    endings.max().unwrap()
}

fn assert_cancelled(record: &Record) {
    assert_eq!(record.end, End::Cancelled, "{record:?}");
    let last = record.attempts.last().unwrap();
    assert_eq!(last.end, End::Cancelled, "{record:?}");
    assert_eq!(last.cost.certainty, Certainty::Estimated, "{record:?}");
    assert_eq!(record.charge, last.cost.amount, "{record:?}");
}

/// One record a call, and nothing held any more.
async fn assert_over(house: &House, calls: u64) {
    within(async {
        for upstream in &house.upstreams {
            upstream.wait_idle().await;
        }
    })
    .await;
    let totals = house.ledger.totals();
    assert_eq!((totals.records, totals.held), (calls, 0));
}
