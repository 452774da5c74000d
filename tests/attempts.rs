//! What an attempt teaches of its endpoint, and how long it weighs on it.

mod flow;

use std::future::Future;
use std::io::ErrorKind::ConnectionRefused;
use std::sync::Arc;

use bytes::Bytes;
use flow::{
    Answer, Client, DONE, Step, event, finish, good, json, millis, ordered, role, secs, tell, text,
    three, usage,
};
use http::Request;
use http_body_util::{BodyExt, Full};
use proptest::prelude::*;
use switchtower::standing::{Lineup, Percentile, Period, Standing, Tally};
use switchtower::{End, Stack};
use tokio::time::timeout;
use tower::ServiceExt;

// === What is under way ===

/// Forty bytes of a prompt, and an answer that may have fifty tokens.
#[tokio::test(start_paused = true)]
async fn an_attempt_weighs_what_it_is_expected_to_move() {
    let client = Client::new([Answer::sse(good("hi")).after(secs(1))]);
    let stack = Stack::new(three());
    let body = r#"{"model":"acme/swift","stream":true,"max_tokens":50,"n":2,"provider":{"order":["one"]},
        "messages":[{"role":"user","content":"0123456789012345678901234567890123456789"}]}"#;
    let request = Request::post("/v1/chat/completions").body(Full::<Bytes>::from(body));
    let mut asking = Box::pin(stack.around(client).oneshot(request.unwrap()));
    let one = standings(&stack.roster().lineup())[0].clone();
    assert_eq!((one.in_flight(), one.outstanding()), (0, 0));
    let _ = timeout(millis(500), &mut asking).await;
    assert_eq!(one.in_flight(), 1);
    let tokens = one.outstanding();
    assert!((110..150).contains(&tokens), "{tokens}");

    let body = asking.await.unwrap().into_body();
    assert_eq!(one.in_flight(), 1, "it is over when its body is");
    body.collect().await.unwrap();
    assert_eq!((one.in_flight(), one.outstanding()), (0, 0));
}

/// Without `meter` nobody ends an attempt; it is over when it is forgotten.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_nobody_watches_ends_with_its_call() {
    let roster = switchtower::standing::Roster::from(three());
    let stack = tower::ServiceBuilder::new()
        .layer(switchtower::admit::read::ReadLayer::new())
        .layer(switchtower::choose::ChooseLayer::new(roster.clone()).seed(1))
        .layer(switchtower::dispatch::commit::CommitLayer::new())
        .service(Client::new([Answer::json([json("hi")])]));
    let request = Request::post("/")
        .body(Full::<Bytes>::from(ordered(false)))
        .unwrap();
    let answer = stack.oneshot(request).await.unwrap();
    let one = standings(&roster.lineup())[0].clone();
    assert_eq!(one.in_flight(), 1);
    drop(answer.into_body());
    assert_eq!((one.in_flight(), one.outstanding()), (0, 0));
}

/// How does a provider behave, in a random story?
fn behaviour() -> impl Strategy<Value = Answer> {
    let broken = event(r#"{"error":{"message":"no","code":500}}"#);
    let stories = vec![
        Answer::sse(good("hi")),
        Answer::sse(good("hi")).after(secs(1)),
        Answer::json([json("hi")]),
        Answer::json(["<html>"]),
        Answer::status(429, "{}"),
        Answer::status(500, "{}"),
        Answer::status(400, "{}"),
        Answer::refuse(ConnectionRefused),
        Answer::silence(),
        Answer::sse([role(), text("hi")]).then(Step::Hang),
        Answer::sse([role(), text("hi")]).then(Step::Break),
        Answer::sse([role()])
            .then(Step::Wait(secs(2)))
            .then(Step::data(text("hi")))
            .then(Step::data(DONE)),
        Answer::sse([role(), text("hi"), broken]),
        Answer::sse([role(), text("hi"), finish("stop"), DONE.to_owned()]).then(Step::Hang),
        Answer::sse([role(), text("hi"), finish("stop")]).then(Step::Break),
    ];
    prop::sample::select(stories)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However each attempt ends, and whenever the caller leaves: what began has ended, once.
    #[test]
    fn nothing_is_under_way_when_all_is_over(
        answers in prop::collection::vec(behaviour(), 6),
        patience in prop_oneof![Just(0u64), 1..4000u64, Just(10_000_000)],
        frames in 0..8usize,
    ) {
        paused(async {
            let stack = Stack::new(three());
            let client = Client::new(answers);
            let standings = standings(&stack.roster().lineup());
            let weight = || standings.iter().map(|s| s.in_flight()).sum::<u32>();
            let request = Request::post("/v1/chat/completions").body(Full::<Bytes>::from(ordered(true)));
            let asking = stack.around(client.clone()).oneshot(request.unwrap());
            let _ = timeout(millis(patience), async {
                let mut body: std::pin::Pin<Box<_>> = match asking.await {
                    Ok(answer) => Box::pin(answer.into_body()),
                    Err(_) => return,
                };
                for _ in 0..frames {
                    assert!(weight() <= 1, "one at a time");
                    if body.frame().await.is_none() {
                        break;
                    }
                }
            })
            .await;
            assert_eq!(client.alive(), 0);
            for standing in &standings {
                assert_eq!((standing.in_flight(), standing.outstanding()), (0, 0));
            }
            // Each attempt taught at most one lesson.
            let now = flow::now();
            let learned: u32 = standings.iter().map(|s| s.requests(now) + s.limits(now)).sum();
            assert!(learned as usize <= client.seen().len());
        });
    }
}

// === What is learned ===

/// OpenRouter's rules for uptime: what counts as a failure, what is tracked apart, and what does not count.
#[tokio::test(start_paused = true)]
async fn each_end_teaches_what_it_should() {
    let broken = event(r#"{"error":{"message":"no","code":500}}"#);
    let failed = (0, 1, 0);
    let limited = (0, 0, 1);
    let nothing = (0, 0, 0);
    for (answer, lesson) in [
        (Answer::sse(good("hi")), (1, 0, 0)),
        (Answer::status(401, "{}"), failed),
        (Answer::status(402, "{}"), failed),
        (Answer::status(404, "{}"), failed),
        (Answer::status(500, "{}"), failed),
        (Answer::status(503, "{}"), failed),
        (Answer::status(529, "{}"), failed),
        (Answer::refuse(ConnectionRefused), failed),
        (Answer::sse([role(), text("hi"), broken]), failed),
        (Answer::sse([role(), text("hi"), finish("error")]), failed),
        (Answer::sse([role(), text("hi")]), failed),
        (Answer::sse([role(), text("hi")]).then(Step::Hang), failed),
        (Answer::status(429, "{}"), limited),
        (
            Answer::status(403, r#"{"error":{"message":"country not supported"}}"#),
            limited,
        ),
        (Answer::status(400, "{}"), nothing),
        (Answer::status(413, "{}"), nothing),
    ] {
        let story = format!("{answer:?}");
        let stack = Stack::new(three());
        let client = Client::new([answer, Answer::sse(good("hi"))]);
        let request =
            Request::post("/v1/chat/completions").body(Full::<Bytes>::from(ordered(true)));
        if let Ok(answer) = stack.around(client).oneshot(request.unwrap()).await {
            let _ = answer.into_body().collect().await;
        }
        let one = &standings(&stack.roster().lineup())[0];
        let now = flow::now();
        let Tally { succeeded, failed } = one.tally(Period::Day, now);
        assert_eq!((succeeded, failed, one.limits(now)), lesson, "{story}");
    }
}

/// How long an answer takes says how long it is, not how late its first word was. Both the first token and the speed are told from
/// asking on, and not from when somebody else was asked before.
#[tokio::test(start_paused = true)]
async fn a_long_answer_teaches_when_its_first_token_came_and_how_fast_all_of_it_was() {
    let slow = Answer::sse([role()])
        .after(secs(4))
        .then(Step::Wait(secs(6)))
        .then(Step::data(text("It takes")))
        .then(Step::Wait(secs(20)))
        .then(Step::data(text(" a while.")))
        .then(Step::data(finish("stop")))
        .then(Step::data(usage(9, 600)))
        .then(Step::data(DONE));
    let failed = Answer::status(503, "{}").after(secs(5));
    let stack = Stack::new(three()).seed(7);
    let client = Client::new([failed, slow]);
    let request = Request::post("/v1/chat/completions").body(Full::<Bytes>::from(ordered(true)));
    let answer = stack.around(client).oneshot(request.unwrap()).await;
    tell(answer.unwrap().into_body()).await;

    let record = stack.ledger().records().remove(0);
    assert_eq!((record.end, record.took), (End::Complete, secs(35)));
    let now = flow::now();
    let told = standings(&stack.roster().lineup()).into_iter();
    let told = told.map(|it| {
        let first = it.first_token(Percentile::P50, now);
        (first, it.throughput(Percentile::P50, now))
    });
    let told: Vec<_> = told.collect();
    let (first, speed) = told[1];
    let (first, speed) = (first.unwrap(), speed.unwrap());
    // Ten seconds, and 600 tokens in thirty; within 5.9 %.
    assert!(
        (millis(9_410)..millis(10_590)).contains(&first),
        "{first:?}"
    );
    assert!((18_820..21_180).contains(&speed), "{speed}");
    assert_eq!((told[0], told[2]), ((None, None), (None, None)));
}

/// Whoever leaves has seen nothing of which the endpoint could be accused.
#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_teaches_nothing() {
    let stack = Stack::new(three());
    for answer in [
        Answer::silence(),
        Answer::sse([role(), text("hi")]).then(Step::Hang),
    ] {
        let request =
            Request::post("/v1/chat/completions").body(Full::<Bytes>::from(ordered(true)));
        let asking = stack
            .around(Client::new([answer]))
            .oneshot(request.unwrap());
        if let Ok(Ok(answer)) = timeout(millis(1), asking).await {
            let mut body = answer.into_body();
            let _ = timeout(millis(1), body.frame()).await;
        }
    }
    for standing in standings(&stack.roster().lineup()) {
        let seen = standing.tally(Period::Day, flow::now());
        assert_eq!((seen, standing.in_flight()), (Tally::default(), 0));
    }
}

// === Helpers ===

fn standings(lineup: &Lineup) -> Vec<Arc<Standing>> {
    lineup
        .endpoints()
        .map(|(_, standing)| standing.clone())
        .collect()
}

fn paused(story: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(story);
}
