//! A provider dies after its first content: one error chunk, then `[DONE]`. What was cut off never looks
//! complete, and nobody pays for it.

use http::StatusCode;
use serde_json::{Value, json};
use switchtower::testing::{Failure, Point, Script, UsageManner};
use switchtower::{End, Kind, Phase};

use crate::bad_input::keys;
use crate::shapes::assert_id;
use crate::support::{Answer, House, chat};

#[tokio::test]
async fn the_stream_ends_in_one_error_chunk() {
    let after = Point::After(3);
    let failure = || Failure::new(StatusCode::BAD_GATEWAY).message("account 17 is broken");
    let cases = [
        ("cut", Script::new().cut(after), Kind::Disconnected),
        ("reset", Script::new().reset(after), Kind::Disconnected),
        ("stopped", Script::new().stop(after), Kind::Truncated),
        (
            "stalled",
            Script::new().stall(after),
            Kind::Elapsed(Phase::Idle),
        ),
        (
            "an error",
            Script::new().fail_at(after, failure()),
            Kind::Unavailable,
        ),
        (
            "OpenRouter's",
            Script::new().fail_at(after, failure().openrouter()),
            Kind::Unavailable,
        ),
        (
            "malformed",
            Script::new().malformed(after).malformed(after),
            Kind::Malformed,
        ),
        (
            "with usage",
            Script::new().usage(UsageManner::EveryChunk).cut(after),
            Kind::Disconnected,
        ),
    ];
    for (what, script, kind) in cases {
        let house = House::hurried(2).await;
        house.script(0, script);
        for (number, path) in ["/api/v1", "/v1"].into_iter().enumerate() {
            let path = format!("{path}/chat/completions");
            let answer = house.post(&path, chat(json!({"stream": true}))).await;
            let error = assert_broken(what, &answer);
            assert!(
                !answer.body.contains("account 17"),
                "{what}: {}",
                answer.body
            );
            if path.starts_with("/api") {
                assert!(error["code"].is_u64(), "{what}: {error}");
                assert!(
                    error["metadata"]["error_type"].is_string(),
                    "{what}: {error}"
                );
            } else {
                let known = ["code", "message", "metadata", "param", "type"];
                assert_eq!(keys(&error), known, "{what}");
                assert_eq!(keys(&error["metadata"]), ["attempts"], "{what}");
                assert!(error["code"].is_string(), "{what}: {error}");
            }
            let record = house.records(number as u64 + 1).await[number].clone();
            assert_eq!(record.end, End::Failed(kind), "{what}");
            assert_eq!(
                record.charge,
                Some(Default::default()),
                "{what}: it is charged"
            );
            assert!(
                record.attempts[0].cost.amount > Some(Default::default()),
                "{what}: it was free"
            );
            assert_eq!(
                record.attempts.len(),
                1,
                "{what}: content is not asked for twice"
            );
        }
        assert_eq!(house.ledger.totals().held, 0, "{what}");
        assert_eq!(house.upstreams[1].calls(), 0, "{what}");
    }
}

/// The finish reason has been told: what comes after it cannot break the answer any more.
#[tokio::test]
async fn nothing_breaks_after_the_finish_reason() {
    let house = House::hurried(1).await;
    let chunk = |delta: &str, finish: &str| {
        format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{{delta}}},\"finish_reason\":{finish}}}]}}\n\n"
        )
    };
    let told = chunk("\"content\":\"hi\"", "null") + &chunk("", "\"stop\"");
    let kind = http::HeaderValue::from_static("text/event-stream");
    for rest in [
        "",
        "data: {broken\n\n",
        "data: {\"error\":{\"message\":\"late\"}}\n\n",
        "data: [DO",
    ] {
        let script = Script::new()
            .raw(format!("{told}{rest}"))
            .content_type(kind.clone());
        house.script(0, script);
        let answer = house.ask(json!({"stream": true})).await;
        crate::streams::assert_stream(&answer, "stop");
        assert_eq!(answer.text(), "hi", "{rest}");
    }
}

/// Content as it came, then the one error chunk, and `[DONE]`; no finish reason and no usage before.
fn assert_broken(what: &str, answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{what}");
    let chunks = answer.chunks();
    let (last, before) = chunks.split_last().unwrap();
    // The role and three tokens.
    assert_eq!(before.len(), 4, "{what}: {}", answer.body);
    for chunk in before {
        assert!(chunk.get("error").is_none(), "{what}: {chunk}");
        assert_eq!(chunk["choices"][0]["finish_reason"], Value::Null, "{what}");
    }
    assert_id(&last["id"]);
    for key in ["id", "object", "created", "model", "provider"] {
        assert_eq!(last[key], before[0][key], "{what}: {key}");
    }
    assert_eq!(last["choices"][0]["finish_reason"], "error", "{what}");
    assert_eq!(last["choices"][0]["index"], 0, "{what}");
    assert_eq!(
        last["choices"][0]["delta"],
        json!({"content": ""}),
        "{what}"
    );
    assert!(last["error"]["message"].is_string(), "{what}");
    last["error"].clone()
}
