//! `/completions` and `/embeddings`: the same way through the stack, in their own words.

use serde_json::{Value, json};
use switchtower::End;
use switchtower::testing::{Failure, Point, Script};

use crate::support::{Answer, House};

const PATHS: [&str; 2] = ["/api/v1", "/v1"];

fn end_of_a_text(more: Value) -> String {
    let mut body =
        json!({"model": "acme/large", "prompt": "Once upon", "provider": {"order": ["first"]}});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body.to_string()
}

async fn billed(house: &House, answer: &Answer) -> Value {
    let id = answer.header("x-generation-id").unwrap();
    let told = house.get(&format!("/api/v1/generation?id={id}")).await;
    told.json()["data"].clone()
}

#[tokio::test]
async fn a_text_is_completed() {
    let house = House::open(2).await;
    house.script(1, Script::new().text(" a time").prompt_tokens(7));
    for path in PATHS {
        // The first is down: nothing of it is seen.
        house.upstreams[0].next(Script::fail(Failure::overloaded()));
        let path = format!("{path}/completions");
        let answer = house.post(&path, end_of_a_text(json!({}))).await;
        let body = answer.json();
        assert_eq!(body["object"], "text_completion", "{body}");
        assert_eq!(body["choices"][0]["text"], " a time", "{body}");
        assert_eq!(body["choices"][0]["finish_reason"], "stop");
        assert_eq!(
            (&body["model"], &body["provider"]),
            (&json!("acme/large"), &json!("second & Co."))
        );
        assert_eq!(body["usage"]["prompt_tokens"], 7);
        let seen = house.upstreams[1].seen().pop().unwrap();
        assert_eq!(seen.path(), "/v1/completions");
        let data = billed(&house, &answer).await;
        assert_eq!(
            (&data["api_type"], &data["cancelled"]),
            (&json!("completions"), &json!(false))
        );
        assert!(data["total_cost"].as_f64().unwrap() > 0.0, "{data}");
    }
}

#[tokio::test]
async fn a_text_is_completed_in_a_stream() {
    let house = House::open(1).await;
    house.script(0, Script::new().tokens(4));
    let answer = house
        .post("/v1/completions", end_of_a_text(json!({"stream": true})))
        .await;
    let chunks = answer.chunks();
    assert!(
        chunks
            .iter()
            .all(|chunk| chunk["object"] == "text_completion"),
        "{}",
        answer.body
    );
    let text = |chunk: &Value| {
        chunk["choices"][0]["text"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert!(!chunks.iter().map(text).collect::<String>().is_empty());
    assert_eq!(
        chunks
            .iter()
            .filter(|chunk| chunk["usage"].is_object())
            .count(),
        1
    );
    assert!(answer.body.ends_with("data: [DONE]\n\n"), "{}", answer.body);
}

#[tokio::test]
async fn a_completion_that_breaks_off_says_so_in_its_own_words() {
    let house = House::open(1).await;
    house.script(0, Script::new().tokens(9).cut(Point::After(3)));
    let answer = house
        .post(
            "/api/v1/completions",
            end_of_a_text(json!({"stream": true})),
        )
        .await;
    let chunks = answer.chunks();
    let last = chunks.last().unwrap();
    assert_eq!(last["object"], "text_completion", "{last}");
    assert_eq!(last["choices"][0]["finish_reason"], "error", "{last}");
    assert_eq!(last["choices"][0]["text"], "", "{last}");
    assert!(answer.body.ends_with("data: [DONE]\n\n"), "{}", answer.body);
}

#[tokio::test]
async fn texts_are_embedded_and_paid_for() {
    let house = House::open(2).await;
    house.script(1, Script::new().prompt_tokens(12));
    let body =
        json!({"model": "acme/large", "input": ["one", "two"], "provider": {"order": ["first"]}});
    for path in PATHS {
        house.upstreams[0].next(Script::fail(Failure::overloaded()));
        let answer = house
            .post(&format!("{path}/embeddings"), body.to_string())
            .await;
        let told = answer.json();
        assert_eq!(told["object"], "list", "{told}");
        assert_eq!(told["data"].as_array().unwrap().len(), 2, "{told}");
        assert_eq!(told["model"], "acme/large");
        assert_eq!(
            (
                &told["usage"]["prompt_tokens"],
                &told["usage"]["total_tokens"]
            ),
            (&json!(12), &json!(12))
        );
        assert!(told.get("system_fingerprint").is_none(), "{told}");
        assert_eq!(
            house.upstreams[1].seen().pop().unwrap().path(),
            "/v1/embeddings"
        );
        let data = billed(&house, &answer).await;
        assert_eq!(data["api_type"], "embeddings");
        assert!(data["total_cost"].as_f64().unwrap() > 0.0, "{data}");
        assert_eq!(data["total_cost"], told["usage"]["cost"]);
    }
    assert!(
        house
            .ledger
            .records()
            .iter()
            .all(|record| record.end == End::Complete)
    );
}

#[tokio::test]
async fn each_operation_names_what_it_cannot_do_without() {
    let house = House::open(1).await;
    for (path, field) in [
        ("completions", "prompt"),
        ("embeddings", "input"),
        ("chat/completions", "messages"),
    ] {
        let answer = house
            .post(&format!("/api/v1/{path}"), r#"{"model":"acme/large"}"#)
            .await;
        let said = answer.json()["error"]["message"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(answer.status, 400, "{path}");
        assert!(
            said.contains(&format!("`{field}` is missing")),
            "{path}: {said}"
        );
    }
    assert_eq!(house.calls(), 0);
}

/// Asked for a stream of embeddings, a provider answers with one document: that was a failure of its own, and a few such
/// requests benched it for all.
#[tokio::test]
async fn what_is_not_streamed_says_so() {
    let house = House::open(1).await;
    let body = json!({"model": "acme/large", "input": "hi", "stream": true});
    for path in PATHS {
        let answer = house
            .post(&format!("{path}/embeddings"), body.to_string())
            .await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.body.contains(r#""param":"stream""#), "{answer:?}");
    }
    assert_eq!(house.calls(), 0);
    let body = json!({"model": "acme/large", "input": "hi", "stream": false});
    let answer = house.post("/v1/embeddings", body.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}
