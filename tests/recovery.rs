//! How an endpoint comes back to its share of the requests, and how one loses it that is far slower than the others.

mod flow;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use flow::{Answer, Flow, Step, catalog, good, json, millis, role, secs, three};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use switchtower::catalog::Catalog;
use switchtower::standing::{Breaker, Cause, Health, Standing, State};
use switchtower::{Chain, Error, Payload, Stack};
use tokio::time::{Instant, sleep};
use tower::{Service, ServiceExt};

/// How does a provider do?
#[derive(Clone, Copy, Debug)]
enum Mood {
    /// Its first token takes so long.
    Well(Duration),
    Down,
    /// Every other request fails.
    Halting,
}

/// Providers that are asked by their host, each in its mood.
#[derive(Clone, Debug)]
struct Providers(Arc<Mutex<Vec<(Mood, u32)>>>);

/// A stack over them.
struct Town {
    stack: Stack,
    chain: Chain<Providers>,
    providers: Providers,
    asked: u32,
}

const SWIFT: Duration = Duration::from_millis(200);
const APART: Duration = Duration::from_millis(50);
const HOSTS: [&str; 3] = ["one.test", "two.test", "three.test"];
const ALONE: &str = r#"
    [providers.one]
    base_url = "https://one.test/v1"
    [models."acme/swift"]
    [[models."acme/swift".endpoints]]
    provider = "one"
    model = "swift-one"
"#;

impl Service<Request<Payload>> for Providers {
    type Response = Response<Flow>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = std::io::Result<Response<Flow>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Payload>) -> Self::Future {
        let host = request.uri().host().unwrap_or_default();
        let at = HOSTS.iter().position(|name| *name == host).unwrap();
        let (mood, calls) = &mut self.0.lock().unwrap()[at];
        *calls += 1;
        let answer = match mood {
            Mood::Down => Answer::status(503, "{}"),
            Mood::Halting if *calls % 2 == 0 => Answer::status(503, "{}"),
            Mood::Halting => Answer::sse(good("hi")),
            Mood::Well(first) if is_stream(request.body()) => {
                let steps = [Step::data(role()), Step::Wait(*first)];
                let rest = good("hi").split_off(1);
                Answer::steps(steps.into_iter().chain(rest.into_iter().map(Step::data)))
            }
            Mood::Well(first) => Answer::json([json("hi")]).after(*first),
        };
        Box::pin(async move {
            sleep(answer.latency).await;
            let (status, headers) = (answer.status, answer.headers.clone());
            let mut response = Response::new(answer.flow(flow::life()));
            (*response.status_mut(), *response.headers_mut()) = (status, headers);
            Ok(response)
        })
    }
}

fn is_stream(body: &Payload) -> bool {
    memchr::memmem::find(body.bytes(), br#""stream":true"#).is_some()
}

impl Town {
    fn new(catalog: Arc<Catalog>, breaker: Breaker) -> Self {
        let providers = Providers(Arc::new(Mutex::new(vec![(Mood::Well(SWIFT), 0); 3])));
        let stack = Stack::new(catalog).seed(1).breaker(breaker);
        let chain = stack.around(providers.clone());
        Self {
            stack,
            chain,
            providers,
            asked: 0,
        }
    }

    fn is(&self, mood: Mood) {
        self.providers.0.lock().unwrap()[0].0 = mood;
    }

    /// How often each was asked.
    fn calls(&self) -> Vec<u32> {
        let providers = self.providers.0.lock().unwrap();
        providers.iter().map(|(_, calls)| *calls).collect()
    }

    fn standing(&self, endpoint: usize) -> Arc<Standing> {
        let lineup = self.stack.roster().lineup();
        lineup.endpoints().nth(endpoint).unwrap().1.clone()
    }

    fn state(&self) -> State {
        self.standing(0).circuit().state(flow::now())
    }

    fn cause(&self) -> Option<Cause> {
        self.standing(0).circuit().cause(flow::now())
    }

    /// One more request, whose conversation nobody knows, and a moment of peace.
    async fn hear(&mut self, stream: bool) -> Result<Bytes, Error> {
        self.asked += 1;
        let body = format!(
            r#"{{"model":"acme/swift","stream":{stream},"messages":[{{"role":"user","content":"{}"}}]}}"#,
            self.asked
        );
        let request = Request::post("/v1/chat/completions");
        let request = request.body(Full::from(body)).unwrap();
        let answer = self.chain.clone().oneshot(request).await?;
        let answer = answer.into_body().collect().await?.to_bytes();
        sleep(APART).await;
        Ok(answer)
    }

    async fn hear_many(&mut self, count: u32) {
        for _ in 0..count {
            self.hear(true).await.unwrap();
        }
    }

    /// Asks until the first provider is left alone.
    async fn until_ejected(&mut self, most: u32) {
        for _ in 0..most {
            self.hear(true).await.unwrap();
            if self.state() == State::Ejected {
                return;
            }
        }
        panic!("it is asked as before");
    }

    /// How much of the next requests go to the first.
    async fn share(&mut self) -> f64 {
        let before = self.calls();
        self.hear_many(300).await;
        let seen: Vec<_> = self
            .calls()
            .iter()
            .zip(before)
            .map(|(now, before)| now - before)
            .collect();
        f64::from(seen[0]) / f64::from(seen.iter().sum::<u32>())
    }
}

// === Back ===

/// The worst moment to recover is right after a failed probe, when the times have grown.
#[tokio::test(start_paused = true)]
async fn whoever_is_well_again_has_its_share_within_half_a_minute() {
    let mut town = Town::new(three(), Breaker::default());
    town.hear_many(60).await;
    town.is(Mood::Down);
    let began = Instant::now();
    while began.elapsed() < secs(600) {
        town.hear_many(1).await;
    }
    let ejections = town.standing(0).circuit().ejections(flow::now());
    while town.standing(0).circuit().ejections(flow::now()) == ejections && ejections < 15 {
        town.hear_many(1).await;
    }
    town.is(Mood::Well(SWIFT));
    let (well, before) = (Instant::now(), town.calls()[0]);
    while town.calls()[0] == before {
        town.hear_many(1).await;
    }
    assert!(well.elapsed() <= secs(21), "{:?}", well.elapsed());
    let share = town.share().await;
    assert!((0.25..0.42).contains(&share), "{share}");
}

/// Ten minutes of failures are a probe each twenty seconds.
#[tokio::test(start_paused = true)]
async fn whoever_is_down_is_asked_three_times_a_minute() {
    let mut town = Town::new(three(), Breaker::default());
    town.hear_many(60).await;
    town.is(Mood::Down);
    town.until_ejected(100).await;
    let (began, before) = (Instant::now(), town.calls()[0]);
    while began.elapsed() < secs(600) {
        town.hear_many(1).await;
    }
    let probes = town.calls()[0] - before;
    assert!((25..=40).contains(&probes), "{probes}");
}

/// Its successes keep it from five failures in a row and from half of ten, yet others are asked before it; without an ejection
/// nobody would find out for half an hour that it is well again.
#[tokio::test(start_paused = true)]
async fn whoever_falls_behind_is_probed_too() {
    let mut town = Town::new(three(), Breaker::default());
    town.hear_many(400).await;
    town.is(Mood::Halting);
    town.until_ejected(200).await;
    assert_eq!(town.cause(), Some(Cause::Rate));
    assert_ne!(town.standing(0).health(flow::now()), Health::Normal);
    town.is(Mood::Well(SWIFT));
    sleep(secs(5)).await;
    town.hear_many(20).await;
    assert_eq!(town.standing(0).health(flow::now()), Health::Normal);
    let share = town.share().await;
    assert!((0.25..0.42).contains(&share), "{share}");

    // Where nobody else can be asked, nobody is asked before it.
    let mut alone = Town::new(catalog(ALONE), Breaker::default());
    alone.hear_many(150).await;
    alone.is(Mood::Halting);
    for _ in 0..40 {
        let _ = alone.hear(true).await;
        assert_eq!(alone.state(), State::Admitting);
    }
}

// === Slow ===

#[tokio::test(start_paused = true)]
async fn whoever_is_far_slower_than_its_peers_is_left_alone() {
    let mut town = Town::new(three(), Breaker::default());
    town.hear_many(120).await;
    town.is(Mood::Well(10 * SWIFT));
    let before = town.calls()[0];
    town.until_ejected(100).await;
    assert_eq!(
        (town.cause(), town.calls()[0] - before),
        (Some(Cause::Slow), 5)
    );
    // That counts for the circuit alone.
    assert_eq!(town.standing(0).recent(flow::now()).failed, 0);
    assert!(town.standing(0).is_steady(flow::now()));

    town.is(Mood::Well(SWIFT));
    sleep(secs(5)).await;
    let share = town.share().await;
    assert!((0.25..0.42).contains(&share), "{share}");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_slow() {
    let off = Breaker {
        slow: None,
        ..Breaker::default()
    };
    for (what, catalog, breaker, took, stream) in [
        (
            "twice as long",
            three(),
            Breaker::default(),
            5 * SWIFT - millis(50),
            true,
        ),
        ("switched off", three(), off, 20 * SWIFT, true),
        (
            "nobody to compare with",
            self::catalog(ALONE),
            Breaker::default(),
            20 * SWIFT,
            true,
        ),
        ("a document", three(), Breaker::default(), 20 * SWIFT, false),
    ] {
        let mut town = Town::new(catalog, breaker);
        town.hear_many(120).await;
        town.is(Mood::Well(took));
        for _ in 0..60 {
            town.hear(stream).await.unwrap();
            assert_eq!(town.state(), State::Admitting, "{what}");
        }
    }
}

/// Of those that are left alone themselves nobody says how quick they would be: slow is better than nothing.
#[tokio::test(start_paused = true)]
async fn nobody_is_slow_when_the_quick_ones_are_away() {
    let mut town = Town::new(three(), Breaker::default());
    town.hear_many(120).await;
    town.is(Mood::Well(10 * SWIFT));
    for peer in [1, 2] {
        town.standing(peer).eject(secs(3600), flow::now());
    }
    town.hear_many(30).await;
    assert_eq!(town.state(), State::Admitting);
}
