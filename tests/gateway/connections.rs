//! Connections are used again, on both sides.

use futures_util::future::join_all;
use serde_json::json;
use switchtower::testing::{Failure, Point, Script};

use crate::streams::assert_stream;
use crate::support::{Caller, House, chat};

#[tokio::test]
async fn many_calls_share_one_connection_to_the_upstream() {
    let house = House::open(1).await;
    for number in 0..100 {
        let stream = number % 2 == 0;
        // A script that ends badly only in its spelling.
        house.script(
            0,
            if number % 4 == 0 {
                Script::new().no_done()
            } else {
                Script::new()
            },
        );
        let answer = house.ask(json!({"stream": stream})).await;
        if stream {
            assert_stream(&answer, "stop");
        }
    }
    assert_eq!(house.calls(), 100);
    assert_eq!(house.upstreams[0].connections(), 1);
}

#[tokio::test]
async fn a_refusal_does_not_cost_the_connection() {
    let house = House::asking_always(1).await;
    for number in 0..20 {
        let script = match number % 3 {
            0 => Script::fail(Failure::context_too_long()),
            1 => Script::fail(Failure::quota_exhausted()),
            _ => Script::new(),
        };
        house.script(0, script);
        house.ask(json!({"stream": number % 2 == 0})).await;
    }
    assert_eq!(house.calls(), 20);
    assert_eq!(house.upstreams[0].connections(), 1);
}

/// A connection that the upstream closes while it is idle is no failure of the next call.
#[tokio::test]
async fn a_connection_that_was_closed_is_replaced() {
    let house = House::open(1).await;
    for _ in 0..20 {
        house.ask(json!({})).await;
        house.upstreams[0].next(Script::new().cut(Point::After(2)));
        let broken = house.ask(json!({"stream": true})).await;
        assert!(broken.body.contains("\"finish_reason\":\"error\""));
        assert_eq!(house.ask(json!({})).await.status, 200);
    }
}

#[tokio::test]
async fn requests_may_be_sent_before_the_answers_come() {
    let house = House::open(1).await;
    let mut caller = Caller::connect(house.address).await;
    for number in 0..10 {
        caller
            .ask("/api/v1", &chat(json!({"stream": number % 2 == 0})))
            .await;
    }
    let text = async |caller: &mut Caller| {
        while caller.text().matches("HTTP/1.1 200").count() < 10 {
            caller.hear("HTTP/1.1 200").await;
            let heard = caller.heard.len();
            if caller.text().matches("HTTP/1.1 200").count() < 10 {
                use tokio::io::AsyncReadExt;
                crate::support::within(caller.socket.read_buf(&mut caller.heard))
                    .await
                    .unwrap();
                assert!(caller.heard.len() > heard, "it ended: {}", caller.text());
            }
        }
        caller.text()
    };
    let text = text(&mut caller).await;
    assert!(!text.contains("\"error\""), "{text}");
    assert_eq!(text.matches("[DONE]").count(), 5);
    assert_eq!(house.ledger.totals().records, 10);
}

#[tokio::test]
async fn bad_requests_leave_the_connection_usable() {
    let house = House::open(1).await;
    let mut caller = Caller::connect(house.address).await;
    for number in 1..=20 {
        caller.ask("/api/v1", "{nonsense}").await;
        caller.ask("/v1", "{\"model\":5}").await;
        assert!(
            caller.hear("must be a string").await,
            "call {number}: {}",
            caller.text()
        );
        caller.heard.clear();
    }
    caller.ask("/api/v1", &chat(json!({}))).await;
    assert!(caller.hear("\"finish_reason\":\"stop\"").await);
}

#[tokio::test]
async fn calls_at_the_same_time_do_not_mix() {
    let house = House::open(3).await;
    for place in 0..3 {
        house.upstreams[place].script_fn(|seen| {
            let asked = seen.json().unwrap()["messages"][0]["content"].clone();
            Script::new().text(asked.as_str().unwrap())
        });
    }
    let calls = (0..200).map(|number| {
        let house = &house;
        async move {
            let text = format!("I am number {number} and no other");
            let messages = json!([{"role": "user", "content": text}]);
            let answer = house
                .ask(json!({"stream": true, "messages": messages, "provider": {}}))
                .await;
            assert_eq!(answer.text(), text);
        }
    });
    join_all(calls).await;
}

/// A body that nobody reads cost the connection, small and there as it was.
#[tokio::test]
async fn a_caller_that_is_refused_may_ask_again() {
    let house = House::open(1).await;
    let refused = [
        ("/v1/chat/completions", "wrong", "401 "),
        ("/v1/nope", "key", "404 "),
        ("/v1/models", "key", "405 "),
        ("/v1/chat/completions", "wrong", "401 "),
    ];
    let mut caller = Caller::connect(house.address).await;
    for (path, key, status) in refused {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {key}\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        caller.heard.clear();
        caller.say(request.as_bytes()).await;
        assert!(caller.hear("\"error\":").await, "{}", caller.text());
        assert!(caller.text().contains(status), "{}", caller.text());
        assert!(
            !caller.text().contains("connection: close"),
            "{}",
            caller.text()
        );
    }
}
