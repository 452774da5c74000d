//! Answers that break, mended over real sockets. A gateway does it unless it is told not to.

use std::time::Duration;

use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use switchtower::End;
use switchtower::dispatch::deadline::Deadlines;
use switchtower::dispatch::recover::RecoverLayer;
use switchtower::gateway::Bounds;
use switchtower::testing::{Failure, Point, Script, UsageManner};

use crate::support::{Answer, House, KEY, chat, within};

const TEXT: &str = "Listen! you hear the grating roar\n“of pebbles” 🌊🌊 which the waves draw back";

const FIRST: &str = "first & Co.";

/// As a gateway is without a word about it, in a hurry.
async fn house(providers: usize) -> House {
    let deadlines = Deadlines {
        idle: Duration::from_millis(150),
        ..Deadlines::default()
    };
    let change =
        |stack: switchtower::Stack| stack.deadlines(deadlines).recover(RecoverLayer::new());
    House::with(providers, change, Bounds::default()).await
}

fn says() -> Script {
    Script::new().text(TEXT)
}

/// One answer of the first provider, as far as a caller can tell.
fn assert_seamless(answer: &Answer, story: &str) -> Value {
    assert_eq!(answer.status, 200, "{story}");
    let chunks = answer.chunks();
    let (mut roles, mut finishes, mut bills) = (0, 0, Vec::new());
    let id = answer.header("x-generation-id").unwrap();
    for chunk in &chunks {
        assert_eq!(chunk["id"], id, "{story}");
        assert_eq!(chunk["provider"], FIRST, "{story}: {chunk}");
        assert_eq!(chunk["model"], chunks[0]["model"], "{story}");
        assert_eq!(chunk["created"], chunks[0]["created"], "{story}");
        assert!(chunk["error"].is_null(), "{story}: {chunk}");
        let choice = &chunk["choices"][0];
        roles += usize::from(choice["delta"]["role"].is_string());
        finishes += usize::from(choice["finish_reason"].is_string());
        bills.extend(chunk["usage"].is_object().then(|| chunk["usage"].clone()));
    }
    assert_eq!((finishes, bills.len()), (1, 1), "{story}: {}", answer.body);
    assert!(roles <= 1, "{story}: {}", answer.body);
    bills.remove(0)
}

#[tokio::test]
async fn a_stream_that_breaks_is_one_answer() {
    let manners = [
        UsageManner::Asked,
        UsageManner::EveryChunk,
        UsageManner::OnLastContent,
    ];
    for at in [1, 6, 11] {
        let at = Point::After(at);
        for (script, manner) in [
            says().cut(at),
            says().reset(at),
            says().stop(at),
            says().stall(at),
            says().malformed(at).malformed(at),
            says().fail_at(at, Failure::overloaded()),
            says().fail_at(at, Failure::overloaded().openrouter()),
        ]
        .into_iter()
        .zip(manners.into_iter().cycle())
        {
            let story = format!("{script:?}");
            let house = house(2).await;
            house.script(0, script.usage(manner));
            house.script(1, says().usage(manner));
            let answer = within(house.ask(json!({"stream": true}))).await;
            let bill = assert_seamless(&answer, &story);
            assert_eq!(answer.text(), TEXT, "{story}");

            let record = house.records(1).await.remove(0);
            assert_eq!(record.end, End::Complete, "{story}");
            assert_eq!(record.attempts.len(), 2, "{story}");
            assert!(matches!(record.attempts[0].end, End::Failed(_)), "{story}");
            // What the caller is told is what is charged, and that is what the one cost who told all of it.
            assert_eq!(record.charge, record.attempts[1].cost.amount, "{story}");
            let cost = format!("\"cost\":{},", record.charge.unwrap());
            assert!(answer.body.contains(&cost), "{story}: {cost} {bill}");
            assert_eq!(bill["prompt_tokens"], record.usage.prompt_tokens());
            assert_eq!(bill["completion_tokens"], record.usage.completion_tokens());
            assert_eq!(house.ledger.totals().held, 0, "{story}");

            let told = house
                .get(&format!("/api/v1/generation?id={}", record.id))
                .await;
            let told = &told.json()["data"];
            assert_eq!(told["provider_responses"].as_array().unwrap().len(), 2);
            assert_eq!(told["finish_reason"], "stop");
        }
    }
}

#[tokio::test]
async fn whoever_asks_not_to_hears_of_the_break() {
    for path in ["/api/v1", "/v1"] {
        let house = house(2).await;
        house.script(0, says().cut(Point::After(3)));
        house.script(1, says());
        let request = Request::post(format!("http://{}{path}/chat/completions", house.address))
            .header("authorization", format!("Bearer {KEY}"))
            .header("x-switchtower-recover", "false")
            .body(Full::from(chat(json!({"stream": true}))))
            .unwrap();
        let answer = Answer::read(house.send(request).await).await;
        let chunks = answer.chunks();
        assert_eq!(
            chunks.last().unwrap()["choices"][0]["finish_reason"],
            "error"
        );
        assert_eq!(house.upstreams[1].calls(), 0);
    }
}

/// Two answers are not made one.
#[tokio::test]
async fn another_answer_is_not_told() {
    let house = house(3).await;
    house.script(0, says().cut(Point::After(5)));
    house.script(
        1,
        Script::new().text("Where ignorant armies clash by night"),
    );
    house.script(2, says().cut(Point::After(4)));
    let answer = within(house.ask(json!({"stream": true}))).await;
    let chunks = answer.chunks();
    let error = chunks.last().unwrap();
    assert_eq!(error["choices"][0]["finish_reason"], "error");
    assert_eq!(error["provider"], FIRST);
    assert_eq!(error["error"]["metadata"]["provider_name"], FIRST);
    assert!(TEXT.starts_with(&answer.text()), "{}", answer.text());
    let record = house.records(1).await.remove(0);
    assert_eq!(record.attempts.len(), 3);
    assert_eq!(record.attempts[1].end, End::Superseded);
    assert_eq!(record.charge.unwrap().to_string(), "0");
}
