//! `gate`: who fails is left alone for a while, and one request finds out whether it is back.

mod flow;

use std::io::ErrorKind::ConnectionRefused;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use flow::{Answer, Client, Step, catalog, good, millis, ordered, role, secs, tell, text, three};
use futures_util::poll;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use switchtower::admit::read::ReadLayer;
use switchtower::catalog::Catalog;
use switchtower::choose::ChooseLayer;
use switchtower::dispatch::gate::GateLayer;
use switchtower::standing::{Breaker, Cause, CircuitView, Standing, State};
use switchtower::{BoxError, Call, Chain, End, Error, Kind, Stack};
use tokio::time::{Instant, sleep, timeout};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

type Answered = <Chain<Client> as Service<Request<Full<Bytes>>>>::Response;

/// A stack over one endpoint, or three, and its client.
struct House {
    stack: Stack,
    chain: Chain<Client>,
    client: Client,
    body: String,
}

const ALONE: &str = r#"
    [providers.one]
    base_url = "https://one.test/v1"
    [models."acme/swift"]
    [[models."acme/swift".endpoints]]
    provider = "one"
    model = "swift-one"
"#;

fn down() -> Answer {
    Answer::status(503, "{}")
}

fn busy(seconds: &str) -> Answer {
    Answer::status(429, "{}").header("retry-after", seconds)
}

fn fine() -> Answer {
    Answer::sse(good("hi"))
}

impl House {
    fn alone(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::new(catalog(ALONE), answers)
    }

    fn new(catalog: Arc<Catalog>, answers: impl IntoIterator<Item = Answer>) -> Self {
        let client = Client::new(answers);
        let stack = Stack::new(catalog).seed(1).tries(1);
        let chain = stack.around(client.clone());
        let body = ordered(true);
        Self {
            stack,
            chain,
            client,
            body,
        }
    }

    fn tries(mut self, tries: u32) -> Self {
        self.stack = self.stack.tries(tries);
        self.chain = self.stack.around(self.client.clone());
        self
    }

    /// Asks, and holds the answer.
    async fn ask(&self) -> Result<Answered, Error> {
        let body = Full::from(self.body.clone());
        let request = Request::post("/v1/chat/completions").body(body).unwrap();
        self.chain.clone().oneshot(request).await
    }

    /// Asks, and reads the answer to its end.
    async fn hear(&self) -> Result<(), Error> {
        let answer = self.ask().await?;
        answer.into_body().collect().await.unwrap();
        Ok(())
    }

    /// What `gate` says to a request that waits for nothing.
    async fn refused(&self) -> Error {
        let chain = ServiceBuilder::new()
            .layer(ReadLayer::new())
            .layer(ChooseLayer::new(self.stack.roster().clone()))
            .layer(GateLayer::default())
            .service(self.client.clone());
        let request = Request::post("/").body(Full::<Bytes>::from(self.body.clone()));
        chain.oneshot(request.unwrap()).await.map(drop).unwrap_err()
    }

    fn standing(&self, endpoint: usize) -> Arc<Standing> {
        let lineup = self.stack.roster().lineup();
        lineup.endpoints().nth(endpoint).unwrap().1.clone()
    }

    fn state(&self) -> State {
        self.standing(0).circuit().state(flow::now())
    }

    async fn fail(&self, times: usize) {
        for _ in 0..times {
            assert!(self.hear().await.is_err());
        }
    }

    fn asked(&self) -> usize {
        self.client.seen().len()
    }
}

fn answers(groups: impl IntoIterator<Item = (usize, Answer)>) -> Vec<Answer> {
    let groups = groups.into_iter();
    groups
        .flat_map(|(times, answer)| std::iter::repeat_n(answer, times))
        .collect()
}

// === Failures ===

#[tokio::test(start_paused = true)]
async fn a_flapping_provider_is_left_alone_for_longer_each_time_until_it_recovers() {
    let house = House::alone(answers([
        (8, down()),
        (6, fine()),
        (5, down()),
        (1, fine()),
    ]));
    house.fail(5).await;
    let mut waits = Vec::new();
    for _ in 0..4 {
        assert_eq!(house.state(), State::Ejected);
        let error = house.refused().await;
        assert_eq!(error.kind(), Kind::Ejected(Cause::Failures));
        assert_eq!(error.status(), 503);
        let wait = error.retry_after().unwrap();
        waits.push(wait);
        sleep(wait).await;
        let _ = house.hear().await;
    }
    for (wait, most) in waits.iter().zip([5, 10, 20, 20]) {
        assert!(
            (most * 900..=most * 1000).contains(&(wait.as_millis() as u64)),
            "{waits:?}"
        );
    }
    // The fourth probe was answered, and it stands its trial: what had grown is forgotten.
    assert_eq!(house.state(), State::Admitting);
    sleep(Breaker::default().trial).await;
    for _ in 0..5 {
        house.hear().await.unwrap();
    }
    house.fail(5).await;
    assert!(house.refused().await.retry_after().unwrap() <= secs(5));
    assert_eq!(house.asked(), 19);
}

/// Two requests that failed to the end, with two retries each, had the only endpoint left alone.
#[tokio::test(start_paused = true)]
async fn a_request_has_one_vote_whatever_its_retries_come_to() {
    let house = House::alone(vec![down(); 15]).tries(3);
    for request in 1..=4 {
        assert_eq!(house.state(), State::Admitting);
        house.fail(1).await;
        assert_eq!(house.asked(), 3 * request);
    }
    house.fail(1).await;
    assert_eq!(house.state(), State::Ejected, "after five requests");

    // A retry that succeeds is an answer all the same, and who asks to be left alone is.
    let house = House::alone([down(), fine(), down(), busy("7"), fine()]).tries(3);
    house.hear().await.unwrap();
    assert_eq!(house.standing(0).circuit().failures(), 0);
    house.fail(1).await;
    assert_eq!(house.state(), State::Ejected);
}

#[tokio::test(start_paused = true)]
async fn half_of_ten_failures_are_too_many() {
    let mut mixed: Vec<_> = (0..5).flat_map(|_| [fine(), down()]).collect();
    mixed.push(fine());
    let house = House::alone(mixed);
    for turn in 0..10 {
        assert_eq!(house.state(), State::Admitting, "{turn}");
        let _ = house.hear().await;
    }
    let circuit = house.standing(0);
    assert_eq!(circuit.circuit().cause(flow::now()), Some(Cause::Rate));
    assert_eq!(house.refused().await.kind(), Kind::Ejected(Cause::Rate));
    // What was counted before its recovery does not eject it anew.
    house.hear().await.unwrap();
    assert_eq!(house.state(), State::Admitting);
}

#[tokio::test(start_paused = true)]
async fn what_a_caller_caused_does_not_count() {
    let refusal = r#"{"error":{"message":"no such role","type":"invalid_request_error"}}"#;
    let house = House::alone(answers([
        (20, Answer::status(400, refusal)),
        (20, Answer::silence()),
    ]));
    for _ in 0..20 {
        assert_eq!(house.hear().await.unwrap_err().kind(), Kind::Refused);
    }
    for _ in 0..20 {
        assert!(timeout(millis(1), house.hear()).await.is_err());
    }
    assert_eq!(house.state(), State::Admitting);
    assert_eq!(house.standing(0).circuit().failures(), 0);
}

/// What is larger than all that we have for a minute is so for this request alone.
#[tokio::test(start_paused = true)]
async fn a_request_too_large_for_the_rate_leaves_others_theirs() {
    let error =
        r#"{"error":{"message":"Request too large","type":"tokens","code":"rate_limit_exceeded"}}"#;
    let large = Answer::status(413, error).header("retry-after", "60");
    let house = House::alone(answers([(20, large), (1, fine())]));
    for _ in 0..20 {
        assert_eq!(house.hear().await.unwrap_err().kind(), Kind::RateLimited);
    }
    house.hear().await.unwrap();
    assert_eq!(house.state(), State::Admitting);
}

/// The status was 200, and many a breaker would have counted a success.
#[tokio::test(start_paused = true)]
async fn an_answer_that_breaks_after_its_content_is_a_failure() {
    let broken = Answer::sse([role(), text("he")]).then(Step::Break);
    let house = House::alone(answers([(5, broken)]));
    for _ in 0..5 {
        tell(house.ask().await.unwrap().into_body()).await;
    }
    assert_eq!(house.state(), State::Ejected);
}

#[tokio::test(start_paused = true)]
async fn a_bad_key_is_left_alone_for_longer_and_is_no_5xx() {
    for (answer, kind, status) in [
        (Answer::status(401, "{}"), Kind::Ejected(Cause::Key), 424),
        (Answer::status(402, "{}"), Kind::Ejected(Cause::Quota), 429),
    ] {
        let house = House::alone([answer]);
        house.fail(1).await;
        let error = house.refused().await;
        assert_eq!((error.kind(), error.status().as_u16()), (kind, status));
        assert_eq!(error.retry_after(), Some(secs(300)));
    }
    // A 403 may be about this one request.
    let house = House::alone([Answer::status(403, "{}")]);
    house.fail(1).await;
    assert_eq!(house.state(), State::Admitting);
}

// === Limits ===

#[tokio::test(start_paused = true)]
async fn who_asks_to_be_left_alone_is_in_every_spelling() {
    let date = std::time::SystemTime::now() + secs(40);
    let date = httpdate::fmt_http_date(date);
    for (answer, least, most) in [
        (busy("20"), 20_000, 20_000),
        (
            Answer::status(429, "{}").header("retry-after-ms", "1500"),
            1500,
            1500,
        ),
        (busy(&date), 35_000, 41_000),
        (down().header("retry-after", "7"), 7000, 7000),
        // No longer than an hour.
        (busy("999999999"), 3_600_000, 3_600_000),
    ] {
        let house = House::alone([answer, fine()]);
        house.fail(1).await;
        let error = house.refused().await;
        assert_eq!(error.kind(), Kind::Ejected(Cause::Limited));
        assert_eq!(error.status(), 429);
        let wait = error.retry_after().unwrap();
        assert!(
            (least..=most).contains(&(wait.as_millis() as u64)),
            "{wait:?}"
        );
        // Its time over, it is asked like any other.
        sleep(wait).await;
        assert_eq!(house.state(), State::Admitting);
        house.hear().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_times_the_later_holds() {
    for order in [["30", "10"], ["10", "30"]] {
        let slow = order.map(|seconds| busy(seconds).after(millis(10)));
        let house = House::alone(slow);
        let (first, second) = tokio::join!(house.hear(), house.hear());
        assert!(first.is_err() && second.is_err());
        assert_eq!(house.refused().await.retry_after(), Some(secs(30)));
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_limited_does_not_hold_up_the_others() {
    let house = House::new(three(), [busy("20"), fine(), fine(), fine()]).tries(2);
    for _ in 0..3 {
        house.hear().await.unwrap();
    }
    assert_eq!(
        house.client.hosts(),
        ["one.test", "two.test", "two.test", "two.test"]
    );
    // A refusal took nothing from the attempt budget, and left no attempt.
    let record = &house.stack.ledger().records()[2];
    assert_eq!(record.attempts.len(), 1);
    assert_eq!(record.end, End::Complete);
}

// === Probes ===

#[tokio::test(start_paused = true)]
async fn of_a_hundred_callers_one_probes() {
    let mut all = answers([(5, down())]);
    let slow = [
        Step::data(role()),
        Step::data(text("hi")),
        Step::Wait(secs(3)),
    ];
    let rest = good("hi").split_off(2);
    all.push(Answer::steps(
        slow.into_iter().chain(rest.into_iter().map(Step::data)),
    ));
    all.extend(answers([(99, fine())]));
    let house = House::alone(all);
    house.fail(5).await;
    sleep(secs(5)).await;
    let began = Instant::now();
    let house = Arc::new(house);
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let house = house.clone();
        callers.spawn(async move { house.hear().await });
    }
    sleep(secs(2)).await;
    assert_eq!((house.asked(), house.state()), (6, State::Probing));
    while let Some(answer) = callers.join_next().await {
        answer.unwrap().unwrap();
    }
    assert_eq!((house.asked(), house.state()), (105, State::Admitting));
    assert!(began.elapsed() < secs(5), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_probe_whose_caller_leaves_lets_the_next_one_probe() {
    let hanging = || Answer::sse([role(), text("he")]).then(Step::Hang);
    let mut all = answers([(5, down()), (1, Answer::silence())]);
    all.extend([hanging(), Answer::status(400, "{}"), fine()]);
    let house = House::alone(all);
    house.fail(5).await;
    sleep(secs(5)).await;

    // Before its headers,
    let mut probe = Box::pin(house.ask());
    assert!(poll!(probe.as_mut()).is_pending());
    assert_eq!(house.state(), State::Probing);
    drop(probe);
    assert_eq!(house.state(), State::Ejected);
    // in the middle of its body,
    let probe = house.ask().await.unwrap();
    assert_eq!(house.state(), State::Probing);
    drop(probe);
    assert_eq!(house.state(), State::Ejected);
    // or with a request of which the provider says that it is wrong.
    assert_eq!(house.hear().await.unwrap_err().kind(), Kind::Refused);
    assert_eq!(house.state(), State::Ejected);

    house.hear().await.unwrap();
    assert_eq!(house.state(), State::Admitting);
}

#[tokio::test(start_paused = true)]
async fn who_was_asked_before_says_nothing_about_a_probe() {
    let straggler = |after| Answer::sse(good("late")).after(after);
    let house = House::alone(answers([
        (1, straggler(secs(7))),
        (5, down()),
        (1, Answer::silence()),
    ]));
    let late = house.hear();
    tokio::pin!(late);
    assert!(poll!(late.as_mut()).is_pending());
    house.fail(5).await;
    sleep(secs(5)).await;
    let mut probe = Box::pin(house.ask());
    assert!(poll!(probe.as_mut()).is_pending());
    late.await.unwrap();
    assert_eq!(house.state(), State::Probing);
}

// === Nobody left ===

#[tokio::test(start_paused = true)]
async fn when_all_are_left_alone_the_first_to_be_back_is_waited_for() {
    let house = House::new(three(), [busy("20"), busy("2"), busy("9"), fine()]).tries(3);
    assert_eq!(house.hear().await.unwrap_err().kind(), Kind::RateLimited);
    let began = Instant::now();
    house.hear().await.unwrap();
    // Not all who wait are to come at once.
    assert!((secs(2)..=millis(2500)).contains(&began.elapsed()));
    assert_eq!(house.client.hosts()[3], "two.test");
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_leads_to_the_next_who_is_back() {
    let busy = [busy("20"), busy("2"), busy("9")];
    let failing = [down(), down(), down(), fine()];
    let house = House::new(three(), busy.into_iter().chain(failing)).tries(3);
    house.fail(1).await;
    let (house, began) = (house.tries(4), Instant::now());
    house.hear().await.unwrap();
    assert!((secs(9)..=millis(11_250)).contains(&began.elapsed()));
    // As long as nobody else may be asked, it is asked again like any last one.
    let two = ["two.test"; 3];
    assert_eq!(house.client.hosts()[3..6], two);
    assert_eq!(house.client.hosts()[6..], ["three.test"]);
}

#[tokio::test(start_paused = true)]
async fn when_that_takes_too_long_the_answer_says_when_to_come_back() {
    // The time of a request is ten minutes, but nobody waits for more than one.
    let house = House::new(three(), [busy("300"), busy("90"), busy("200")]).tries(3);
    house.fail(1).await;
    sleep(secs(10)).await;
    let began = Instant::now();
    let error = house.ask().await.map(drop).unwrap_err();
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (Kind::RateLimited, 429)
    );
    assert_eq!(error.retry_after(), Some(secs(80)));
    assert_eq!(house.asked(), 3);

    // Not only limits: a 503.
    let house = House::new(three(), []);
    for (endpoint, wait) in [(0, 400), (1, 100), (2, 300)] {
        house.standing(endpoint).eject(secs(wait), flow::now());
    }
    let error = house.ask().await.map(drop).unwrap_err();
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (Kind::Ejected(Cause::Operator), 503)
    );
    assert_eq!(error.retry_after(), Some(secs(100)));
    let record = &house.stack.ledger().records()[0];
    assert_eq!(
        (record.attempts.len(), record.end),
        (0, End::Failed(error.kind()))
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_beyond_the_time_of_the_request() {
    let deadlines = switchtower::dispatch::deadline::Deadlines {
        total: secs(5),
        ..Default::default()
    };
    let client = Client::new([]);
    let stack = Stack::new(three()).deadlines(deadlines);
    let lineup = stack.roster().lineup();
    for (_, standing) in lineup.endpoints() {
        standing.eject(secs(30), flow::now());
    }
    let began = Instant::now();
    let request = Request::post("/v1/chat/completions").body(Full::from(ordered(true)));
    let error = stack
        .around(client)
        .oneshot(request.unwrap())
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(
        (error.status().as_u16(), began.elapsed()),
        (503, Duration::ZERO)
    );
    assert_eq!(error.retry_after(), Some(secs(30)));
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_is_refused_waits_like_any_other() {
    let house = House::alone(answers([(5, down()), (1, fine())]));
    house.fail(4).await;
    let (house, began) = (house.tries(3), Instant::now());
    house.hear().await.unwrap();
    assert!(began.elapsed() > secs(4), "{:?}", began.elapsed());
}

/// It failed for a reason of its own: that nobody may ask it again is no news.
#[tokio::test(start_paused = true)]
async fn a_retry_that_would_wait_too_long_tells_the_failure_before_it() {
    let mut house = House::alone(answers([(5, down())]));
    let breaker = Breaker {
        base: secs(20),
        ..Breaker::default()
    };
    house.stack = house.stack.breaker(breaker);
    let house = house.tries(1);
    house.fail(4).await;
    let error = house.tries(3).hear().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Overloaded);
    assert!(error.retry_after().unwrap() > secs(17));
}

// === By hand ===

#[tokio::test(start_paused = true)]
async fn the_operator_ejects_and_readmits() {
    let house = House::new(three(), answers([(3, fine())]));
    house.standing(0).eject(secs(3600), flow::now());
    house.hear().await.unwrap();
    let lineup = house.stack.roster().lineup();
    let circuits: Vec<CircuitView> = lineup.circuits(flow::now()).collect();
    let told = serde_json::to_value(&circuits[0]).unwrap();
    let key = lineup.endpoints().next().unwrap().0.key().to_owned();
    assert_eq!(
        told,
        serde_json::json!({
            "endpoint": key, "model": "acme/swift", "tag": "one", "state": "ejected",
            "cause": "operator", "reopens_in": 3600, "failures": 0, "ejections": 0,
            "on_trial": false,
            "keys": [{
                "label": "1", "state": "admitting", "cause": null, "reopens_in": null, "in_flight": 0, "headroom": {},
            }],
        })
    );
    assert_eq!(
        (circuits[1].state, circuits[1].reopens_in),
        (State::Admitting, None)
    );
    house.standing(0).readmit(flow::now());
    house.hear().await.unwrap();
    assert_eq!(house.client.hosts(), ["two.test", "one.test"]);
}

// === Alone ===

#[tokio::test(start_paused = true)]
async fn without_a_plan_the_service_inside_is_the_endpoint() {
    let breaker = Breaker::default();
    let broken = service_fn(|_: Request<String>| async {
        Err::<Response<String>, _>(std::io::Error::from(ConnectionRefused))
    });
    let service = GateLayer::new(breaker).seed(3).layer(broken);
    let ask = || service.clone().oneshot(Request::new(String::new()));
    for _ in 0..5 {
        assert_eq!(ask().await.unwrap_err().kind(), Kind::Connect);
    }
    let error = ask().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Ejected(Cause::Failures));
    sleep(error.retry_after().unwrap()).await;
    assert_eq!(ask().await.unwrap_err().kind(), Kind::Connect);
    let again = ask().await.unwrap_err();
    assert!(again.retry_after().unwrap() >= secs(9));
}

/// Nobody watches the body, so that the status is what is known.
#[tokio::test(start_paused = true)]
async fn without_meter_the_status_decides() {
    for (status, refused) in [(500, true), (429, true), (404, false), (200, false)] {
        let service = service_fn(move |_: Request<()>| async move {
            Ok::<_, BoxError>(Response::builder().status(status).body("").unwrap())
        });
        let service = GateLayer::default().layer(service);
        let call = flow::call();
        for _ in 0..6 {
            let mut request = Request::new(());
            request.extensions_mut().insert(Call::clone(&call));
            let answer = service.clone().oneshot(request).await;
            assert!(answer.is_ok() || refused, "{status}");
        }
        let last = service.clone().oneshot(Request::new(())).await;
        assert_eq!(last.is_err(), refused, "{status}");
    }
}

/// Who is back is asked by few at first, and without a plan nobody counted them.
#[tokio::test(start_paused = true)]
async fn without_a_plan_few_are_let_through_at_first_too() {
    let calls = AtomicU32::new(0);
    let service = service_fn(|_: Request<()>| {
        let call = calls.fetch_add(1, Relaxed);
        async move {
            match call {
                0..5 => Err(BoxError::from(std::io::Error::from(ConnectionRefused))),
                5 => Ok(Response::new(())),
                _ => std::future::pending().await,
            }
        }
    });
    let service = GateLayer::new(Breaker::default()).seed(3).layer(service);
    let ask = || service.clone().oneshot(Request::new(()));
    for _ in 0..5 {
        ask().await.unwrap_err();
    }
    sleep(secs(20)).await;
    ask().await.unwrap();
    let mut under_way = Vec::new();
    for _ in 0..10 {
        let mut asked = Box::pin(ask());
        if poll!(&mut asked).is_pending() {
            under_way.push(asked);
        }
    }
    assert_eq!(under_way.len(), 2);
}
