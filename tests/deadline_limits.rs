//! `deadline`: how long each phase may take, by whose word, and how slowly content may come.

mod flow;

use std::time::Duration;

use flow::{
    Answer, Client, DONE, Step, catalog, finish, good, millis, ordered, role, secs, streamed, tell,
    text, three,
};
use http::Request;
use proptest::prelude::*;
use switchtower::catalog::ModelDeadlines;
use switchtower::dispatch::deadline::{Clocks, DeadlineLayer, Deadlines, Floor, Progress};
use switchtower::dispatch::hedge::HedgeLayer;
use switchtower::meter::MeterLayer;
use switchtower::standing::{Period, State, Tally};
use switchtower::{Call, Error, Kind, Phase, Stack, Wishes};
use tokio::time::{Instant, sleep};
use tower::{ServiceBuilder, ServiceExt};

// === Throughput ===

/// Never idle, never done: one byte every 29 seconds.
#[tokio::test(start_paused = true)]
async fn an_upstream_that_drips_is_left_after_a_minute() {
    let elapsed = broken(Deadlines::default(), drip(29, "a")).await;
    assert_eq!(elapsed, (Kind::Elapsed(Phase::Throughput), secs(29 + 60)));
    // And one that sends a token at a time.
    let elapsed = broken(Deadlines::default(), drip(29, " token")).await;
    assert_eq!(elapsed, (Kind::Elapsed(Phase::Throughput), secs(29 + 60)));
    // Each event has its own weight, but keep-alives have none.
    let steps = drip(4, "a").flat_map(|step| [step, Step::data(": ping\n\n")]);
    let elapsed = broken(Deadlines::default(), steps).await;
    assert_eq!(elapsed, (Kind::Elapsed(Phase::Throughput), secs(4 + 60)));
}

#[tokio::test(start_paused = true)]
async fn enough_in_each_window_is_enough() {
    // 20 bytes every 29 seconds are 40 a minute.
    let steps = drip(29, "twenty bytes of them");
    let elapsed = broken(Deadlines::default(), steps).await;
    assert_eq!(elapsed, (Kind::Elapsed(Phase::Total), secs(600)));
    let deadlines = Deadlines {
        floor: None,
        ..Deadlines::default()
    };
    let elapsed = broken(deadlines, drip(29, "a")).await;
    assert_eq!(elapsed, (Kind::Elapsed(Phase::Total), secs(600)));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_slows_down_is_left_within_two_windows() {
    let quick = std::iter::repeat_n([Step::Wait(secs(1)), Step::data(text("a word or two"))], 70);
    let steps = quick.flatten().chain(drip(20, "a"));
    let elapsed = broken(Deadlines::default(), steps).await;
    // The second window still had enough.
    assert_eq!(
        elapsed,
        (Kind::Elapsed(Phase::Throughput), secs(1 + 3 * 60))
    );
}

/// A pause is the idle clock's business, however short the window.
#[tokio::test(start_paused = true)]
async fn a_window_is_never_shorter_than_a_pause_may_be() {
    let floor = Floor {
        bytes: 100,
        window: secs(5),
    };
    let deadlines = Deadlines {
        floor: Some(floor),
        ..Deadlines::default()
    };
    let pause = [Step::data(text("a")), Step::Wait(secs(29))];
    let steps = pause
        .into_iter()
        .chain(good("b").into_iter().map(Step::data));
    let client = Client::new([Answer::steps(steps)]);
    let told = tell(ask(&client, deadlines).await.into_body()).await;
    assert!(told.error.is_none());
    let silence = [Step::data(text("a")), Step::Hang];
    let elapsed = broken(deadlines, silence).await;
    assert_eq!(elapsed, (Kind::Elapsed(Phase::Idle), secs(30)));
}

/// A provider that is not asked for more need not have sent it.
#[tokio::test(start_paused = true)]
async fn the_time_of_a_slow_reader_is_no_window() {
    let steps = [
        Step::data(text("a")),
        Step::Wait(secs(20)),
        Step::data(text("b")),
        Step::Wait(secs(20)),
    ];
    let steps = steps
        .into_iter()
        .chain([Step::data(finish("stop")), Step::data(DONE)]);
    let client = Client::new([Answer::steps(steps)]);
    let mut body = Box::pin(ask(&client, Deadlines::default()).await.into_body());
    use http_body_util::BodyExt;
    let mut frames = 0;
    while let Some(frame) = body.frame().await {
        frame.unwrap();
        frames += 1;
        sleep(secs(200)).await;
    }
    assert_eq!(frames, 4);
}

proptest! {
    /// Whatever comes when, to a reader that waits for it: who has less than the floor in one of the windows is found out
    /// at its end, and nobody else is.
    #[test]
    fn who_is_slow_is_found_out_and_nobody_else(
        steps in prop::collection::vec((0..5000_u64, 1..12_u64), 1..200), bytes in 1..100_u32,
    ) {
        let floor = Floor { bytes, window: secs(10) };
        let deadlines = Deadlines { idle: secs(5), floor: Some(floor), ..Deadlines::default() };
        let start = flow::now();
        let clocks = Clocks::new(&deadlines, start, start + secs(100_000), Some(1), true);
        let (mut now, mut came) = (start, 0);
        let mut window = clocks.window(0, start);
        let mut windows = vec![0_u64];
        for (wait, more) in steps {
            let last = now;
            now += millis(wait);
            loop {
                let (at, phase) = clocks.next(Progress::Content(last), window);
                if at >= now {
                    break;
                }
                prop_assert_eq!((phase, at), (Phase::Throughput, start + secs(10) * windows.len() as u32));
                window = clocks.window_after(window.unwrap(), came, at);
                let enough = windows.last().unwrap() >= &u64::from(bytes);
                prop_assert_eq!(window.is_some(), enough, "{:?}", windows);
                if !enough {
                    return Ok(());
                }
                windows.push(0);
            }
            came += more;
            *windows.last_mut().unwrap() += more;
        }
    }
}

// === Whose word counts ===

#[test]
fn the_request_says_more_than_the_model_and_the_model_more_than_the_default() {
    let default = Deadlines::default();
    let reasoning = default.reasoning();
    assert_eq!(
        (
            reasoning.headers,
            reasoning.fail_over,
            reasoning.first_token,
            reasoning.idle
        ),
        (secs(30), secs(60), secs(180), secs(90))
    );
    assert_eq!(reasoning.total, default.total);
    assert_eq!(reasoning.floor.unwrap().window, secs(180));

    let model = ModelDeadlines {
        first_token: Some(secs(7)),
        idle: Some(secs(8)),
        ..ModelDeadlines::default()
    };
    let of_model = reasoning.of(&model);
    assert_eq!((of_model.first_token, of_model.idle), (secs(7), secs(8)));
    assert_eq!((of_model.headers, of_model.fail_over), (secs(30), secs(60)));

    let wishes = Wishes {
        first_token: Some(secs(1)),
        total: Some(secs(2)),
        ..Wishes::default()
    };
    let wished = of_model.with(&wishes);
    assert_eq!((wished.first_token, wished.fail_over), (secs(1), secs(1)));
    assert_eq!((wished.idle, wished.total), (secs(8), secs(2)));

    let never = Deadlines {
        reasoning: 0,
        ..default
    };
    assert_eq!(never.reasoning(), never);
    let most = Deadlines {
        reasoning: u32::MAX,
        idle: Duration::MAX,
        ..default
    };
    assert_eq!(most.reasoning().idle, Duration::MAX);
}

#[tokio::test(start_paused = true)]
async fn a_candidate_has_twenty_seconds_for_its_first_token_while_there_is_another() {
    let moments = asked(Stack::new(three()), &ordered(true), mute(), &[]).await;
    assert_eq!(moments, [secs(0), secs(20), secs(40)]);
    let moments = asked(
        Stack::new(three()),
        &ordered(true),
        mute(),
        &[("first-token", "2000")],
    )
    .await;
    assert_eq!(moments, [secs(0), secs(2), secs(4)]);
    // Longer, too.
    let moments = asked(
        Stack::new(three()),
        &ordered(true),
        mute(),
        &[("first-token", "50000")],
    )
    .await;
    assert_eq!(moments, [secs(0), secs(50), secs(100)]);
}

#[tokio::test(start_paused = true)]
async fn who_reasons_has_three_times_as_long() {
    let asks = ordered(true).replacen('{', r#"{"reasoning":{"effort":"high"},"#, 1);
    let moments = asked(Stack::new(three()), &asks, mute(), &[]).await;
    assert_eq!(moments, [secs(0), secs(60), secs(120)]);
    // Who asks it not to does not.
    let asks = ordered(true).replacen('{', r#"{"reasoning":{"effort":"none"},"#, 1);
    let moments = asked(Stack::new(three()), &asks, mute(), &[]).await;
    assert_eq!(moments, [secs(0), secs(20), secs(40)]);
    // Each endpoint by what it says of itself.
    let stack = Stack::new(described("", r#"parameters = ["reasoning", "seed"]"#));
    let moments = asked(stack, &ordered(true), mute(), &[]).await;
    assert_eq!(moments, [secs(0), secs(60), secs(80)]);
}

#[tokio::test(start_paused = true)]
async fn a_model_has_deadlines_of_its_own() {
    let own = "deadlines = { headers_ms = 3_000, fail_over_ms = 5_000 }";
    let stack = || Stack::new(described(own, r#"parameters = ["reasoning"]"#));
    let moments = asked(stack(), &ordered(true), mute(), &[]).await;
    assert_eq!(moments, [secs(0), secs(5), secs(10)]);
    let moments = asked(
        stack(),
        &ordered(true),
        [(); 3].map(|()| Answer::silence()),
        &[],
    )
    .await;
    assert_eq!(moments, [secs(0), secs(3), secs(6)]);
    let moments = asked(stack(), &ordered(true), mute(), &[("first-token", "1000")]).await;
    assert_eq!(moments, [secs(0), secs(1), secs(2)]);
}

#[test]
fn a_deadline_in_the_catalogue_is_a_number_of_milliseconds() {
    for (own, problem) in [
        ("deadlines = { idle_ms = 0 }", "deadlines.idle_ms"),
        ("deadlines = { idle_ms = \"1s\" }", "deadlines.idle_ms"),
        ("deadlines = { total_ms = 5 }", "total_ms"),
        ("deadlines = 5", "deadlines"),
    ] {
        let toml = toml(own, "");
        let error = switchtower::catalog::Catalog::from_toml(&toml, "t.toml", |_| Some("k".into()))
            .unwrap_err();
        assert!(error.to_string().contains(problem), "{own}: {error}");
    }
}

// === Whose fault it is ===

/// Or one caller could have all endpoints ejected for all others.
#[tokio::test(start_paused = true)]
async fn the_haste_of_a_caller_is_held_against_nobody() {
    let says = || {
        Answer::steps([
            Step::data(role()),
            Step::Wait(secs(3)),
            Step::data(text("hi")),
            Step::Wait(secs(3)),
            Step::Hang,
        ])
    };
    for wish in ["headers", "first-token", "idle", "total"] {
        for stream in [true, false] {
            let stack = Stack::new(three());
            for _ in 0..10 {
                let answers = [(); 6].map(|()| {
                    if wish == "headers" {
                        Answer::silence()
                    } else {
                        says()
                    }
                });
                let request = Request::post("/v1/chat/completions")
                    .header(format!("x-switchtower-{wish}-ms"), "900");
                let request = request.body(ordered(stream)).unwrap();
                let service = stack.around(Client::new(answers));
                // The last candidate has all the time; the caller leaves before it is over.
                let asking = async {
                    if let Ok(response) = service.oneshot(request).await {
                        tell(response.into_body()).await;
                    }
                };
                let _ = tokio::time::timeout(secs(9), asking).await;
            }
            let lineup = stack.roster().lineup();
            for endpoint in lineup.catalog().endpoints() {
                let standing = lineup.standing(endpoint);
                let now = flow::now();
                assert_eq!(
                    standing.circuit().state(now),
                    State::Admitting,
                    "{wish}, {stream}"
                );
                assert_eq!(
                    standing.tally(Period::Day, now),
                    Tally::default(),
                    "{wish}, {stream}"
                );
            }
        }
    }
}

/// Who would have been too late for anyone is too late for this one.
#[tokio::test(start_paused = true)]
async fn a_wish_excuses_nobody_who_is_silent_for_as_long_as_anyone_would_wait() {
    for (wish, millis) in [("headers", "15000"), ("idle", "700"), ("total", "400000")] {
        let stack = Stack::new(three());
        let moments = asked(
            stack.clone(),
            &ordered(true),
            [(); 3].map(|()| Answer::silence()),
            &[(wish, millis)],
        )
        .await;
        assert_eq!(moments.len(), 3);
        let lineup = stack.roster().lineup();
        let failed = lineup.catalog().endpoints().filter(|endpoint| {
            lineup
                .standing(endpoint)
                .tally(Period::Day, flow::now())
                .failed
                > 0
        });
        assert!(failed.count() >= 2, "{wish}");
    }
}

// === Who is the last ===

/// Others that are ejected are nobody to fail over to.
#[tokio::test(start_paused = true)]
async fn an_attempt_has_all_the_time_when_all_others_are_left_alone() {
    let stack = Stack::new(three());
    let lineup = stack.roster().lineup();
    for endpoint in lineup
        .catalog()
        .endpoints()
        .filter(|endpoint| endpoint.tag() != "one")
    {
        lineup.standing(endpoint).eject(secs(3600), flow::now());
    }
    let late = Answer::steps(
        [Step::data(role()), Step::Wait(secs(300))]
            .into_iter()
            .chain(good("hi").into_iter().map(Step::data)),
    );
    let service = stack.around(Client::new([late.after(secs(200))]));
    let request = Request::post("/v1/chat/completions")
        .body(ordered(true))
        .unwrap();
    let told = tell(service.oneshot(request).await.unwrap().into_body()).await;
    assert_eq!(told.content(), "hi");
}

/// Who is left alone while it is under way is nobody to fail over to any more; nor is a hedge that has failed.
#[tokio::test(start_paused = true)]
async fn an_attempt_has_all_the_time_once_all_others_are_gone() {
    let late = || {
        let steps = [Step::data(role()), Step::Wait(secs(300))].into_iter();
        Answer::steps(steps.chain(good("hi").into_iter().map(Step::data)))
    };
    let stack = Stack::new(three());
    let service = stack.around(Client::new([late()]));
    let request = || {
        Request::post("/v1/chat/completions")
            .body(ordered(true))
            .unwrap()
    };
    let eject = async {
        sleep(secs(10)).await;
        let lineup = stack.roster().lineup();
        for endpoint in lineup.catalog().endpoints().skip(1) {
            lineup.standing(endpoint).eject(secs(3600), flow::now());
        }
    };
    let (answer, ()) = tokio::join!(service.oneshot(request()), eject);
    assert_eq!(tell(answer.unwrap().into_body()).await.content(), "hi");

    let stack = Stack::new(three()).hedge(HedgeLayer::new().all().cap(secs(5)));
    let lineup = stack.roster().lineup();
    let third = lineup.catalog().endpoints().last().unwrap();
    lineup.standing(third).eject(secs(3600), flow::now());
    let client = Client::new([late(), Answer::status(503, "{}")]);
    let answer = stack.around(client.clone()).oneshot(request()).await;
    assert_eq!(tell(answer.unwrap().into_body()).await.content(), "hi");
    assert_eq!(client.hosts(), ["one.test", "two.test"]);
}

#[tokio::test(start_paused = true)]
async fn the_last_try_has_all_the_time() {
    let late = Answer::sse(good("hi")).after(secs(300));
    let stack = Stack::new(three()).tries(2);
    let client = Client::new([Answer::silence(), late]);
    let request = Request::post("/v1/chat/completions")
        .body(ordered(true))
        .unwrap();
    let response = stack.around(client).oneshot(request).await.unwrap();
    assert_eq!(tell(response.into_body()).await.content(), "hi");
}

/// Whoever fails fast, or is not asked at all, takes nothing from those that come after it.
#[tokio::test(start_paused = true)]
async fn each_attempt_has_its_own_time() {
    let stack = Stack::new(three());
    let lineup = stack.roster().lineup();
    let endpoint = lineup
        .catalog()
        .endpoints()
        .find(|endpoint| endpoint.tag() == "one");
    lineup
        .standing(endpoint.unwrap())
        .eject(secs(3600), flow::now());
    let fails = Answer::status(503, "{}").after(secs(9));
    let hi = Answer::steps(
        [Step::data(role()), Step::Wait(secs(19))]
            .into_iter()
            .chain(good("hi").into_iter().map(Step::data)),
    );
    let client = Client::new([fails, hi]);
    let request = Request::post("/v1/chat/completions")
        .body(ordered(true))
        .unwrap();
    let response = stack.around(client.clone()).oneshot(request).await.unwrap();
    let call = response.extensions().get::<Call>().unwrap().clone();
    assert_eq!(tell(response.into_body()).await.content(), "hi");
    assert_eq!(client.hosts(), ["two.test", "three.test"]);
    assert_eq!(call.attempts().len(), 2);
}

// === Helpers ===

/// So much, so often, without an end.
fn drip(every: u64, what: &str) -> impl Iterator<Item = Step> + use<> {
    let step = [Step::Wait(secs(every)), Step::data(text(what))];
    std::iter::repeat_n(step, 400).flatten()
}

/// Three that send headers and a role, and then nothing.
fn mute() -> [Answer; 3] {
    [(); 3].map(|()| Answer::steps([Step::data(role()), Step::Hang]))
}

async fn ask(
    client: &Client,
    deadlines: Deadlines,
) -> http::Response<impl http_body::Body<Data = bytes::Bytes, Error = Error> + use<>> {
    let stack = ServiceBuilder::new()
        .layer(DeadlineLayer::new(deadlines))
        .layer(MeterLayer::new())
        .service(client.clone());
    stack.oneshot(streamed().0).await.unwrap()
}

/// How a stream of these steps broke, and when.
async fn broken(deadlines: Deadlines, steps: impl IntoIterator<Item = Step>) -> (Kind, Duration) {
    let began = Instant::now();
    let client = Client::new([Answer::steps(steps)]);
    let told = tell(ask(&client, deadlines).await.into_body()).await;
    assert_eq!(client.alive(), 0);
    (told.error.expect("an error").kind(), began.elapsed())
}

/// When each of the three was asked.
async fn asked(
    stack: Stack,
    body: &str,
    answers: [Answer; 3],
    wishes: &[(&str, &str)],
) -> Vec<Duration> {
    let client = Client::new(answers);
    let mut request = Request::post("/v1/chat/completions");
    for (name, value) in wishes {
        request = request.header(format!("x-switchtower-{name}-ms"), *value);
    }
    let request = request.body(body.to_owned()).unwrap();
    let service = stack.around(client.clone());
    service.oneshot(request).await.map(drop).unwrap_err();
    client.seen().iter().map(|seen| seen.at).collect()
}

fn described(model: &str, first: &str) -> std::sync::Arc<switchtower::catalog::Catalog> {
    catalog(&toml(model, first))
}

/// A model of three endpoints, of which the first says this of itself.
fn toml(model: &str, first: &str) -> String {
    let mut toml = String::new();
    for provider in ["one", "two", "three"] {
        toml += &format!("providers.{provider}.base_url = \"https://{provider}.test/v1\"\n");
    }
    toml += &format!("[models.\"acme/swift\"]\n{model}\n");
    for (provider, says) in [("one", first), ("two", ""), ("three", "")] {
        toml += &format!(
            "[[models.\"acme/swift\".endpoints]]\nprovider = \"{provider}\"\nmodel = \"swift\"\n{says}\n"
        );
    }
    toml
}
