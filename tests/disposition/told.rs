//! When all have failed: who was asked, whether to come back, and when.

use std::num::NonZeroU32;
use std::time::Duration;

use serde_json::Value;
use switchtower::dispatch::retry::{Allowance, Backoff, Budgets, RetryLayer};
use switchtower::dispatch::{commit::CommitLayer, fallback::FallbackLayer};
use switchtower::meter::MeterLayer;
use switchtower::standing::{Breaker, Cause};
use switchtower::wire::{Dialect, error::envelope};
use switchtower::{End, Error, Kind};
use tower::{ServiceBuilder, ServiceExt};

use crate::flow::{self, Answer, Client, secs, streamed};
use crate::support::{ask, body, failing, four, places, stack};

fn busy(seconds: u64) -> Answer {
    Answer::status(429, "{}").header("retry-after", &seconds.to_string())
}

#[tokio::test(start_paused = true)]
async fn an_error_tells_of_all_attempts_and_of_no_secret() {
    let answers = [
        failing(Kind::UpstreamAuth).after(flow::millis(20)),
        failing(Kind::Connect),
        failing(Kind::ModelMissing),
        failing(Kind::QuotaExhausted),
    ];
    let client = Client::new(answers);
    let (answer, call) = ask(&stack(four("")), &client, body(&["a", "b"], true)).await;
    let error = answer.map(drop).unwrap_err();
    let kinds: Vec<_> = error
        .attempts()
        .iter()
        .map(|attempt| attempt.ended().unwrap().0)
        .collect();
    let expected = [
        Kind::UpstreamAuth,
        Kind::Connect,
        Kind::ModelMissing,
        Kind::QuotaExhausted,
    ];
    assert_eq!(kinds, expected.map(End::Failed));
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");

    for (dialect, call) in [
        (Dialect::OpenRouter, None),
        (Dialect::OpenRouter, Some(&call)),
        (Dialect::OpenAi, None),
        (Dialect::OpenAi, Some(&call)),
    ] {
        let told = envelope(&error, dialect, call);
        assert!(!told.to_string().contains("secret"));
        let attempts = &told["error"]["metadata"]["attempts"];
        assert_eq!(attempts.as_array().unwrap().len(), 4);
        let first = serde_json::json!({
            "provider": "one", "model": "a", "status": 401, "error": "upstream_auth", "ms": 20,
        });
        assert_eq!(attempts[0], first);
        assert_eq!(attempts[1]["status"], Value::Null);
        assert_eq!(attempts[3]["model"], "b");
    }
}

/// However many there were.
#[tokio::test(start_paused = true)]
async fn it_tells_of_so_many_and_no_more() {
    let client = Client::new(vec![failing(Kind::Connect); 40]);
    let backoff = Backoff {
        base: Duration::ZERO,
        ..Backoff::default()
    };
    let budgets = Budgets::new(Allowance {
        per_second: 100,
        ..Allowance::default()
    });
    let chain = ServiceBuilder::new()
        .layer(FallbackLayer::new().tries(40))
        .layer(
            RetryLayer::new()
                .retries(39)
                .backoff(backoff)
                .budgets(budgets),
        )
        .layer(CommitLayer::new())
        .layer(MeterLayer::new())
        .service(client.clone());
    let (request, call) = streamed();
    let error = chain.oneshot(request).await.map(drop).unwrap_err();
    assert_eq!((client.seen().len(), error.attempts().len()), (40, 40));
    let told = envelope(&error, Dialect::OpenRouter, Some(&call));
    let metadata = &told["error"]["metadata"];
    for list in ["attempts", "previous_errors"] {
        assert_eq!(metadata[list].as_array().unwrap().len(), 16, "{list}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_says_whether_to_come_back_and_when() {
    let after = |seconds| Some(secs(seconds));
    for (answers, wait) in [
        // A time that the upstream names; of several the shortest.
        (vec![busy(7)], after(7)),
        (vec![busy(30), busy(9)], after(9)),
        // Nobody knows when: all that could be done at once was done.
        (
            vec![failing(Kind::Overloaded), failing(Kind::Connect)],
            None,
        ),
        // Only a person mends that.
        (vec![failing(Kind::UpstreamAuth)], None),
        (
            vec![failing(Kind::QuotaExhausted), failing(Kind::ModelMissing)],
            None,
        ),
        (vec![failing(Kind::Refused)], None),
        (vec![failing(Kind::ContentPolicy)], None),
        // One of them is back, whatever the other one said.
        (vec![busy(7), failing(Kind::ModelMissing)], after(7)),
        (vec![busy(7), failing(Kind::UpstreamAuth)], after(7)),
    ] {
        let story = format!("{answers:?}");
        let two = [("a", "one", None), ("a", "two", None)];
        let catalog = places(&two[..answers.len()], "");
        let stack = stack(catalog).tries(answers.len() as u32);
        let client = Client::new(answers);
        let error = once(&stack, &client).await;
        assert_eq!(error.should_retry(), wait.is_some(), "{story}");
        assert_eq!(error.retry_after(), wait, "{story}");
    }
}

/// Our key is barred for five minutes: that is when somebody asks again, but nothing that a caller should wait for.
#[tokio::test(start_paused = true)]
async fn what_only_a_person_mends_is_not_waited_for() {
    let client = Client::new([failing(Kind::UpstreamAuth)]);
    let stack = stack(places(&[("a", "one", None)], "")).breaker(Breaker::default());
    once(&stack, &client).await;
    let error = once(&stack, &client).await;
    assert_eq!(error.kind(), Kind::Ejected(Cause::Key));
    assert_eq!(error.retry_after(), Some(secs(300)));
    assert!(!error.should_retry());
}

/// The time at which the circuit reopens is known to nobody but us.
#[tokio::test(start_paused = true)]
async fn the_soonest_circuit_says_when() {
    let breaker = |base| Breaker {
        failures: NonZeroU32::new(1),
        base: secs(base),
        longest: secs(base),
        ..Breaker::default()
    };
    for (answer, base, least, most) in [
        (failing(Kind::Overloaded), 100, 90, 100),
        // Not before it says itself, nor before we would ask.
        (
            failing(Kind::Overloaded).header("retry-after", "7"),
            100,
            90,
            100,
        ),
        (
            failing(Kind::Overloaded).header("retry-after", "700"),
            100,
            700,
            700,
        ),
    ] {
        let client = Client::new([answer.clone(), answer]);
        let two = places(&[("a", "one", None), ("a", "two", None)], "");
        let stack = stack(two).breaker(breaker(base)).tries(2);
        let error = once(&stack, &client).await;
        let after = error.retry_after().unwrap();
        assert!(after >= secs(least) && after <= secs(most), "{after:?}");
        assert!(error.should_retry());
    }
}

async fn once(stack: &switchtower::Stack, client: &Client) -> Error {
    let (answer, _) = ask(stack, client, body(&["a"], true)).await;
    answer.map(drop).unwrap_err()
}
