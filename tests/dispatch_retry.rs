//! `retry`: the same candidate again, after a backoff, within a budget.

mod flow;

use std::collections::HashSet;
use std::io::ErrorKind::{ConnectionRefused, ConnectionReset};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use flow::{
    Answer, Client, DONE, Step, good, millis, ordered, role, secs, streamed, tell, text, three,
};
use http::{Request, Response};
use switchtower::admit::read::ReadLayer;
use switchtower::choose::ChooseLayer;
use switchtower::dispatch::commit::{self, CommitLayer};
use switchtower::dispatch::deadline::{Deadline, DeadlineLayer, Deadlines};
use switchtower::dispatch::fallback::FallbackLayer;
use switchtower::dispatch::gate::GateLayer;
use switchtower::dispatch::retry::{
    Backoff, Budget, Budgets, RetryLayer, ShouldRetry, Situation, should_retry,
};
use switchtower::meter::{self, Meter, MeterLayer};
use switchtower::standing::Breaker;
use switchtower::{Again, End, Error, Kind, Payload, Phase, Stack};
use tokio::time::Instant;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

type Answered =
    Response<commit::Body<switchtower::dispatch::deadline::Body<meter::Body<flow::Flow>>>>;

fn inner(client: &Client) -> commit::Commit<Deadline<Meter<Client>>> {
    ServiceBuilder::new()
        .layer(CommitLayer::new())
        .layer(DeadlineLayer::default())
        .layer(MeterLayer::new())
        .service(client.clone())
}

async fn ask(layer: RetryLayer, client: &Client) -> Result<Answered, Error> {
    layer.layer(inner(client)).oneshot(streamed().0).await
}

fn moments(client: &Client) -> Vec<Duration> {
    client.seen().iter().map(|seen| seen.at).collect()
}

fn busy() -> Answer {
    Answer::status(429, "{}")
}

// === What is asked again ===

#[tokio::test(start_paused = true)]
async fn what_passes_is_asked_again_and_no_trace_is_left() {
    let cut = Answer::sse([role()]).then(Step::Break);
    let client = Client::new([Answer::status(503, "{}"), cut, Answer::sse(good("hi"))]);
    let response = ask(RetryLayer::new().seed(1), &client).await.unwrap();
    let told = tell(response.into_body()).await;
    assert_eq!(told.frames, good("hi"));
    assert_eq!(client.seen().len(), 3);
    assert!(
        client.seen().iter().all(|seen| seen.others == 0),
        "the failed attempt goes first"
    );
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_is_not_asked_again() {
    for (answer, kind) in [
        (Answer::status(400, "{}"), Kind::Refused),
        (Answer::status(401, "{}"), Kind::UpstreamAuth),
        (Answer::status(402, "{}"), Kind::QuotaExhausted),
        (Answer::status(404, "{}"), Kind::ModelMissing),
        (
            Answer::status(400, r#"{"error":{"code":"context_length_exceeded"}}"#),
            Kind::ContextTooLong,
        ),
        (
            Answer::status(429, r#"{"error":{"code":"insufficient_quota"}}"#),
            Kind::QuotaExhausted,
        ),
        (Answer::silence(), Kind::Elapsed(Phase::Headers)),
        (
            Answer::sse([role()]).then(Step::Hang),
            Kind::Elapsed(Phase::FirstToken),
        ),
    ] {
        let client = Client::new([answer]);
        let error = ask(RetryLayer::new(), &client).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(client.seen().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn after_content_nothing_is_asked_again() {
    let client = Client::new([Answer::sse([role(), text("Hel")]).then(Step::Break)]);
    let response = ask(RetryLayer::new(), &client).await.unwrap();
    flow::assert_proper_end(&tell(response.into_body()).await);
    assert_eq!(client.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn two_retries_and_no_more_and_the_last_error_is_told() {
    let client = Client::new([busy(), busy(), Answer::status(503, "{}")]);
    let error = ask(RetryLayer::new(), &client).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), Kind::Overloaded);
    assert_eq!(client.seen().len(), 3);

    let client = Client::new([busy()]);
    ask(RetryLayer::new().retries(0), &client)
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(client.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_try_is_an_attempt_of_its_own() {
    let client = Client::new([
        Answer::refuse(ConnectionRefused),
        busy(),
        Answer::sse(good("hi")),
    ]);
    let (request, call) = streamed();
    let response = RetryLayer::new()
        .layer(inner(&client))
        .oneshot(request)
        .await
        .unwrap();
    tell(response.into_body()).await;
    let ends: Vec<End> = call
        .attempts()
        .iter()
        .map(|a| a.ended().unwrap().0)
        .collect();
    assert_eq!(
        ends,
        [
            End::Failed(Kind::Connect),
            End::Failed(Kind::RateLimited),
            End::Complete
        ]
    );
    assert_eq!(call.attempts()[1].found().status, Some(429));
    assert_eq!(call.tries(), switchtower::DEFAULT_TRIES - 3);
}

// === How long to wait ===

#[tokio::test(start_paused = true)]
async fn retry_after_is_obeyed_in_all_its_spellings() {
    let date = |in_seconds| {
        let then = std::time::UNIX_EPOCH.elapsed().unwrap() + secs(in_seconds);
        httpdate::fmt_http_date(std::time::UNIX_EPOCH + then)
    };
    for (answer, least, most) in [
        (
            busy().header("retry-after", "3"),
            millis(3000),
            millis(3100),
        ),
        (busy().header("retry-after", "0"), millis(0), millis(100)),
        (
            busy().header("retry-after-ms", "250"),
            millis(250),
            millis(350),
        ),
        (
            busy().header("retry-after", &date(3)),
            millis(1500),
            millis(3100),
        ),
    ] {
        let client = Client::new([answer, Answer::sse(good("hi"))]);
        ask(RetryLayer::new(), &client).await.unwrap();
        let waited = moments(&client)[1];
        assert!(least <= waited && waited <= most, "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_too_long_means_to_move_on() {
    let client = Client::new([busy().header("retry-after", "6")]);
    let error = ask(RetryLayer::new(), &client).await.map(drop).unwrap_err();
    assert_eq!(error.retry_after(), Some(secs(6)));
    assert_eq!(client.seen().len(), 1);

    // With more patience it is waited for.
    let backoff = Backoff {
        max: secs(6),
        ..Backoff::default()
    };
    let client = Client::new([busy().header("retry-after", "6"), Answer::sse(good("hi"))]);
    assert!(
        ask(RetryLayer::new().backoff(backoff), &client)
            .await
            .is_ok()
    );

    // But not beyond the time of the request.
    let client = Client::new([busy().header("retry-after", "4")]);
    let deadlines = Deadlines {
        total: secs(4),
        ..Deadlines::default()
    };
    let stack = ServiceBuilder::new()
        .layer(RetryLayer::new())
        .layer(DeadlineLayer::new(deadlines))
        .layer(MeterLayer::new())
        .service(client.clone());
    let began = Instant::now();
    let error = stack.oneshot(streamed().0).await.map(drop).unwrap_err();
    assert_eq!(
        (error.kind(), began.elapsed()),
        (Kind::RateLimited, secs(0))
    );
}

/// When each of several requests was asked the second time.
async fn jitters(seed: u64, requests: usize) -> Vec<Duration> {
    let mut waits = Vec::new();
    let answers = std::iter::repeat_n([busy(), Answer::sse(good("hi"))], requests).flatten();
    let client = Client::new(answers);
    let service = RetryLayer::new().seed(seed).layer(inner(&client));
    for _ in 0..requests {
        let began = Instant::now();
        service.clone().oneshot(streamed().0).await.unwrap();
        waits.push(began.elapsed());
    }
    waits
}

#[tokio::test(start_paused = true)]
async fn jitter_differs_from_request_to_request_and_repeats_by_its_seed() {
    let one = jitters(7, 9).await;
    assert_eq!(one, jitters(7, 9).await);
    assert_ne!(one, jitters(8, 9).await);
    let distinct: HashSet<_> = one.iter().collect();
    assert!(distinct.len() >= 8, "{one:?}");
    assert!(one.iter().all(|wait| *wait <= millis(101)));
}

#[test]
fn backoff_doubles_up_to_its_bound_and_draws_below_it() {
    let backoff = Backoff {
        base: millis(100),
        max: secs(1),
    };
    for (retries, bound) in [
        (0, 100),
        (1, 200),
        (2, 400),
        (3, 800),
        (4, 1000),
        (40, 1000),
    ] {
        let waits = (0..500).map(|seed| backoff.wait(retries, seed));
        let (mut least, mut most) = (Duration::MAX, Duration::ZERO);
        for wait in waits {
            least = least.min(wait);
            most = most.max(wait);
        }
        assert!(most <= millis(bound), "{most:?}");
        assert!(most > millis(bound) * 9 / 10 && least < millis(bound) / 10);
    }
}

// === Budgets ===

#[tokio::test(start_paused = true)]
async fn a_provider_that_fails_all_the_time_is_not_asked_twice_as_much() {
    let client = Client::new(std::iter::repeat_n(Answer::refuse(ConnectionReset), 1000));
    // All at one moment, so that nothing drips in.
    let backoff = Backoff {
        base: Duration::ZERO,
        ..Backoff::default()
    };
    let service = RetryLayer::new().backoff(backoff).layer(inner(&client));
    for _ in 0..100 {
        service
            .clone()
            .oneshot(streamed().0)
            .await
            .map(drop)
            .unwrap_err();
    }
    // Ten are always there, and each first question earns a fifth.
    let retries = client.seen().len() - 100;
    assert!((10..=30).contains(&retries), "{retries}");
}

#[tokio::test(start_paused = true)]
async fn the_tries_of_a_request_are_shared_with_fallback() {
    let client = Client::new(std::iter::repeat_n(Answer::refuse(ConnectionReset), 9));
    let budgets = Budgets::default();
    let stack = ServiceBuilder::new()
        .layer(ReadLayer::new())
        .layer(ChooseLayer::new(three()).seed(1))
        .layer(FallbackLayer::new().tries(4).budgets(budgets.clone()))
        .layer(RetryLayer::new().budgets(budgets).seed(1))
        .service(inner(&client));
    let request = Request::post("/v1/chat/completions")
        .body(ordered(true))
        .unwrap();
    stack.oneshot(request).await.map(drop).unwrap_err();
    assert_eq!(client.seen().len(), 4, "not nine");
}

#[tokio::test(start_paused = true)]
async fn while_others_are_left_nobody_is_asked_again() {
    let answers = [
        Answer::refuse(ConnectionReset),
        Answer::status(503, "{}"),
        Answer::status(503, "{}"),
        Answer::sse(good("hi")),
    ];
    let client = Client::new(answers);
    let stack = ServiceBuilder::new()
        .layer(ReadLayer::new())
        .layer(ChooseLayer::new(three()).seed(1))
        .layer(FallbackLayer::new())
        .layer(RetryLayer::new().seed(1))
        .layer(CommitLayer::new())
        .layer(MeterLayer::new())
        .layer(switchtower::dispatch::address::AddressLayer::new())
        .service(client.clone());
    let request = Request::post("/v1/chat/completions")
        .body(ordered(true))
        .unwrap();
    assert!(stack.oneshot(request).await.is_ok());
    assert_eq!(
        client.hosts(),
        ["one.test", "two.test", "three.test", "three.test"]
    );
}

/// Without `fallback` nobody asks the second candidate, so that the first one was asked once and no more.
#[tokio::test(start_paused = true)]
async fn without_fallback_the_first_of_three_is_asked_again() {
    let client = Client::new([
        busy(),
        Answer::refuse(ConnectionReset),
        Answer::sse(good("hi")),
    ]);
    let stack = ServiceBuilder::new()
        .layer(ReadLayer::new())
        .layer(ChooseLayer::new(three()).seed(1))
        .layer(RetryLayer::new().seed(1))
        .layer(CommitLayer::new())
        .layer(MeterLayer::new())
        .layer(switchtower::dispatch::address::AddressLayer::new())
        .service(client.clone());
    let request = Request::post("/v1/chat/completions")
        .body(ordered(true))
        .unwrap();
    assert!(stack.oneshot(request).await.is_ok());
    assert_eq!(client.hosts(), ["one.test"; 3]);
}

/// Whoever took longer to fail than a caller would wait in between is not asked again in the same place.
#[tokio::test(start_paused = true)]
async fn a_slow_failure_is_not_repeated() {
    let slow = || Answer::status(503, "{}").after(millis(5001));
    let client = Client::new([slow()]);
    ask(RetryLayer::new(), &client).await.map(drop).unwrap_err();
    assert_eq!(client.seen().len(), 1);

    let client = Client::new([slow(), Answer::sse(good("hi"))]);
    ask(RetryLayer::new().fast(millis(5001)), &client)
        .await
        .unwrap();
    assert_eq!(client.seen().len(), 2);

    // Each try is measured by itself, without the wait before it.
    let quick = || busy().header("retry-after", "4").after(millis(2000));
    let client = Client::new([quick(), quick(), Answer::sse(good("hi"))]);
    ask(RetryLayer::new(), &client).await.unwrap();
    assert_eq!(client.seen().len(), 3);
}

#[test]
fn a_budget_fills_by_time_and_by_questions_and_not_without_bound() {
    let start = fixed();
    let granted = |budget: &Budget, at| (0..1000).filter(|_| budget.withdraw(at)).count();
    let budget = Budget::new(start);
    assert_eq!(granted(&budget, start), 10);
    assert_eq!(granted(&budget, start + millis(500)), 5);
    // An earlier `now` of another thread gives nothing, and takes nothing away.
    assert_eq!(granted(&budget, start + millis(100)), 0);
    for _ in 0..50 {
        budget.deposit(start + millis(500));
    }
    assert_eq!(granted(&budget, start + millis(500)), 10);
    assert_eq!(granted(&budget, start + secs(100_000)), 100);
}

/// Milliseconds wrap in a word of 32 bits after seven weeks; for the seven weeks after that, no
/// retry dripped in.
#[test]
fn a_budget_fills_after_seven_weeks() {
    let start = fixed();
    let budget = Budget::new(start);
    let granted = |at| (0..1000).filter(|_| budget.withdraw(at)).count();
    let week = secs(7 * 24 * 3600);
    assert_eq!(granted(start + 7 * week), 100);
    assert_eq!(granted(start + 8 * week), 100);
    assert_eq!(granted(start + 8 * week + secs(1)), 10);
    assert_eq!(granted(start + 20 * week), 100);
    assert_eq!(granted(start + 20 * week + secs(1)), 10);
}

/// Any moment will do.
fn fixed() -> std::time::Instant {
    Instant::now().into_std()
}

// === The decision ===

#[test]
fn should_it_be_asked_again() {
    let situation = Situation {
        again: Again::Never,
        took: Duration::ZERO,
        fast: secs(5),
        retries: 0,
        max_retries: 2,
        tries: 3,
        others: 0,
        time: None,
        another_key: false,
        seed: 1,
    };
    let backoff = Backoff::default();
    let decide = |kind, situation: Situation| {
        let again = Kind::disposition(kind).again;
        let situation = Situation { again, ..situation };
        should_retry(&Error::new(kind, ""), &situation, &backoff) != ShouldRetry::No
    };
    assert!(decide(Kind::RateLimited, situation));
    assert!(!decide(
        Kind::RateLimited,
        Situation {
            others: 1,
            ..situation
        }
    ));
    assert!(decide(Kind::Disconnected, situation));
    assert!(!decide(
        Kind::Disconnected,
        Situation {
            others: 1,
            ..situation
        }
    ));
    assert!(!decide(
        Kind::Disconnected,
        Situation {
            tries: 0,
            ..situation
        }
    ));
    assert!(!decide(
        Kind::Disconnected,
        Situation {
            retries: 2,
            ..situation
        }
    ));
    assert!(!decide(
        Kind::Disconnected,
        Situation {
            time: Some(Duration::ZERO),
            ..situation
        }
    ));
    assert!(!decide(Kind::Elapsed(Phase::FirstToken), situation));
    assert!(!decide(Kind::Refused, situation));
    // A key that was refused is no reason to wait, nor to leave the candidate.
    let situation = Situation {
        others: 1,
        another_key: true,
        ..situation
    };
    let refused = Error::new(Kind::UpstreamAuth, "").with_retry_after(Duration::from_secs(9));
    let decided = should_retry(&refused, &situation, &backoff);
    assert_eq!(decided, ShouldRetry::After(Duration::ZERO));
    let last = Situation {
        tries: 0,
        ..situation
    };
    assert!(!decide(Kind::UpstreamAuth, last));
}

// === The caller leaves ===

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_in_the_backoff_is_not_asked_for() {
    let client = Client::new([busy().header("retry-after", "4"), Answer::sse([DONE])]);
    let layer = RetryLayer::new().layer(inner(&client));
    let (request, _): (Request<Payload>, _) = streamed();
    assert!(
        tokio::time::timeout(secs(2), layer.oneshot(request))
            .await
            .is_err()
    );
    tokio::time::sleep(secs(9)).await;
    assert_eq!(client.seen().len(), 1);
    assert_eq!(client.alive(), 0);
}

/// The others were ejected, and refused: one hiccup was told to the caller.
#[tokio::test(start_paused = true)]
async fn one_whose_others_are_left_alone_is_the_last() {
    let client = Client::new([Answer::status(503, "{}"), Answer::sse(good("hi"))]);
    let stack = Stack::new(three()).seed(1);
    let lineup = stack.roster().lineup();
    for other in &lineup.catalog().models()[0].endpoints()[1..] {
        lineup.standing(other).eject(secs(1000), flow::now());
    }
    let chain = stack.around(client.clone());
    let answer = chain.oneshot(Request::new(ordered(true))).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(client.hosts(), ["one.test", "one.test"]);
}

// === Around which another layer stands ===

/// The second permit found no place in the attempt of the first, and the probe that it was never ended.
#[tokio::test(start_paused = true)]
async fn a_clock_outside_does_not_make_one_attempt_of_two() {
    let calls = AtomicU32::new(0);
    let service = service_fn(|_: Request<Payload>| {
        let first = calls.fetch_add(1, Relaxed) == 0;
        std::future::ready(match first {
            true => Err(std::io::Error::from(ConnectionReset)),
            false => Ok(Response::new(String::from("hi"))),
        })
    });
    let breaker = Breaker {
        failures: NonZeroU32::new(1),
        base: millis(50),
        ..Breaker::default()
    };
    let service = ServiceBuilder::new()
        .layer(DeadlineLayer::default())
        .layer(RetryLayer::new().seed(1))
        .layer(GateLayer::new(breaker).seed(1))
        .service(service);
    let (request, call) = streamed();
    service.clone().oneshot(request).await.unwrap();
    assert_eq!(call.attempts().len(), 2);
    for _ in 0..2 {
        service.clone().oneshot(streamed().0).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn layers_outside_see_the_attempt_that_answers() {
    let slow = [role(), text("Hel")].map(Step::data).into_iter();
    let slow = slow.chain([Step::Wait(secs(25)), Step::data(text("lo"))]);
    let slow = slow.chain([Step::Wait(secs(25)), Step::data(text("!"))]);
    let rest = [flow::finish("stop"), DONE.to_owned()].map(Step::data);
    let client = Client::new([
        Answer::status(503, "{}").after(secs(1)),
        Answer::steps(slow.chain(rest)).after(secs(3)),
    ]);
    let service = ServiceBuilder::new()
        .layer(CommitLayer::new())
        .layer(DeadlineLayer::default())
        .layer(RetryLayer::new().seed(1))
        .layer(MeterLayer::new())
        .service(client);
    let (request, call) = streamed();
    let began = Instant::now();
    let response = service.oneshot(request).await.unwrap();
    assert!(
        began.elapsed() < secs(15),
        "it is promised at its first word"
    );
    assert_eq!(tell(response.into_body()).await.content(), "Hello!");
    let ends: Vec<End> = call
        .attempts()
        .iter()
        .map(|attempt| attempt.ended().unwrap().0)
        .collect();
    assert_eq!(ends, [End::Failed(Kind::Overloaded), End::Complete]);
}
