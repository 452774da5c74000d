//! The grace of a shutdown is over: what do the streams under way hear last, and who pays?

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::Response;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::json;
use switchtower::gateway::Bounds;
use switchtower::{End, Kind, Money};
use tokio::sync::mpsc;

use crate::scripted::{CATALOG, Served, Then, gateway, served};
use crate::support::{chat, within};

const BEGINNING: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"A\"}}]}\n\n";
const END: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

fn short() -> Bounds {
    Bounds {
        grace: Duration::from_millis(50),
        ..Bounds::default()
    }
}

/// Asks for a stream, hears this much of it, and shuts the gateway down. All that was heard.
async fn shut_down(mut house: Served, after: &str) -> String {
    let ask = chat(json!({"stream": true, "provider": {}}));
    house.caller.ask("/api/v1", &ask).await;
    assert!(house.caller.hear(after).await, "{}", house.caller.text());
    house.stop.send(()).unwrap();
    house.caller.hear("never").await;
    within(house.server).await.unwrap();
    house.caller.text()
}

/// It was told an error after `[DONE]`, and a second `[DONE]`.
#[tokio::test]
async fn after_done_there_is_nothing_to_say() {
    let pieces = [BEGINNING, END, "data: [DONE]\n\n"];
    let router = gateway(CATALOG, &pieces, Then::Silence).router();
    let heard = shut_down(served(router, short()).await, "[DONE]").await;
    assert_eq!(heard.matches("[DONE]").count(), 1, "{heard}");
    assert!(!heard.contains("\"error\""), "{heard}");
}

/// Only its usage was missing, and it became an error that nobody paid for.
#[tokio::test]
async fn after_the_finish_reason_the_answer_is_whole() {
    let gateway = gateway(CATALOG, &[BEGINNING, END], Then::Silence);
    let ledger = gateway.books().clone();
    let heard = shut_down(served(gateway.router(), short()).await, "\"stop\"").await;
    assert!(!heard.contains("\"error\""), "{heard}");
    assert!(heard.contains("\"usage\":{"), "{heard}");
    assert!(heard.contains("[DONE]"), "{heard}");
    let record = &ledger.records()[0];
    assert_eq!(record.end, End::Complete);
    assert!(record.charge > Some(Money::ZERO), "{record:?}");
}

/// hyper asks no body behind a full socket, so it never heard of the end, and its caller paid as one who left.
#[tokio::test]
async fn a_reader_that_is_too_slow_pays_nothing() {
    let long = "a".repeat(8 << 20);
    let piece =
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{long}\"}}}}]}}\n\n");
    let gateway = gateway(CATALOG, &[&piece, &piece, &piece, &piece], Then::Silence);
    let ledger = gateway.books().clone();
    let mut house = served(gateway.router(), short()).await;
    let ask = chat(json!({"stream": true, "provider": {}}));
    house.caller.ask("/api/v1", &ask).await;
    assert!(house.caller.hear("aaaa").await);
    house.stop.send(()).unwrap();
    within(house.server).await.unwrap();
    let record = &ledger.records()[0];
    assert_eq!(record.end, End::Failed(Kind::Internal));
    assert_eq!(record.charge, Some(Money::ZERO));
}

/// Only the task of the connection was woken.
#[tokio::test]
async fn a_body_hears_of_it_in_a_task_of_its_own() {
    let tee = |response: Response<Body>| async move {
        let (head, mut body) = response.into_parts();
        let (tell, told) = mpsc::channel(8);
        tokio::spawn(async move {
            while let Some(frame) = body.frame().await {
                let _ = tell.send(frame).await;
            }
        });
        let frames = stream::unfold(
            told,
            |mut told: mpsc::Receiver<Result<Frame<Bytes>, _>>| async {
                told.recv().await.map(|frame| (frame, told))
            },
        );
        Response::from_parts(head, Body::new(StreamBody::new(frames)))
    };
    let router = gateway(CATALOG, &[BEGINNING], Then::Silence).router();
    let router = router.layer(axum::middleware::map_response(tee));
    let heard = shut_down(served(router, short()).await, "\"A\"").await;
    assert!(heard.contains("shutting down"), "{heard}");
    assert!(heard.contains("[DONE]"), "{heard}");
}
