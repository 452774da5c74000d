//! A provider with a true limit, which announces it, sees no request beyond it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use switchtower::{Payload, Stack};
use tokio::time::{Instant, sleep};
use tower::{Service, ServiceExt};

use crate::flow::{catalog, json, millis, secs};

/// Providers that count requests in fixed windows, and refuse those beyond their limit.
#[derive(Clone, Debug)]
struct Providers {
    start: Instant,
    window: Duration,
    limits: HashMap<&'static str, u64>,
    counts: Arc<Mutex<HashMap<(String, u128), u64>>>,
    seed: u64,
}

impl Service<Request<Payload>> for Providers {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Payload>) -> Self::Future {
        let host = request.uri().host().unwrap().to_owned();
        let age = self.start.elapsed();
        let lap = age.as_nanos() / self.window.as_nanos();
        let count = {
            let mut counts = self.counts.lock().unwrap();
            let count = counts.entry((host.clone(), lap)).or_default();
            *count += 1;
            *count
        };
        let limit = self.limits[&*host];
        let remaining = limit.saturating_sub(count);
        let end = self.window * u32::try_from(lap + 1).unwrap();
        let reset = format!("{}ms", (end - age).as_millis());
        let response = Response::builder()
            .status(if count > limit { 429 } else { 200 })
            .header("content-type", "application/json")
            .header("x-ratelimit-limit-requests", limit)
            .header("x-ratelimit-remaining-requests", remaining)
            .header("x-ratelimit-reset-requests", reset)
            .body(Full::from(json("hi")))
            .unwrap();
        let mut random = fastrand::Rng::with_seed(self.seed ^ (age.as_millis() as u64));
        let took = millis(random.u64(100..1500));
        Box::pin(async move {
            sleep(took).await;
            Ok(response)
        })
    }
}

const TOML: &str = r#"
    providers.one.base_url = "https://one.test/v1"
    providers.two.base_url = "https://two.test/v1"
    [[models."acme/swift".endpoints]]
    provider = "one"
    model = "swift-one"
    prices = { prompt = "1", completion = "1" }
    [[models."acme/swift".endpoints]]
    provider = "two"
    model = "swift-two"
    prices = { prompt = "2", completion = "2" }
"#;

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_for_more_than_it_has_announced() {
    for seed in 0..6 {
        steady(seed).await;
    }
}

async fn steady(seed: u64) {
    // The clock of a provider rounds down to milliseconds, and so may ours.
    let providers = Providers {
        start: Instant::now(),
        window: secs(10),
        limits: [("one.test", 20), ("two.test", 60)].into(),
        counts: Arc::default(),
        seed,
    };
    let stack = Stack::new(catalog(TOML)).seed(seed);
    let chain = stack.around(providers.clone());
    let mut random = fastrand::Rng::with_seed(seed);
    let mut asking = Vec::new();
    // Five a second, for a minute and a half: more than the cheap one takes, less than both do.
    for _ in 0..450 {
        sleep(millis(random.u64(150..250))).await;
        let chain = chain.clone();
        asking.push(tokio::spawn(async move {
            let body = r#"{"model":"acme/swift","messages":[{"role":"user","content":"hi"}],"provider":{"sort":"price"}}"#;
            let request = Request::post("/v1/chat/completions");
            let answer = chain
                .oneshot(request.body(Full::<Bytes>::from(body)).unwrap())
                .await
                .expect("somebody has room");
            answer.into_body().collect().await.unwrap();
        }));
    }
    for one in asking {
        one.await.unwrap();
    }
    let counts = providers.counts.lock().unwrap();
    let (mut full, mut windows) = (0, 0);
    for ((host, lap), count) in counts.iter() {
        let limit = providers.limits[&**host];
        assert!(
            *count <= limit,
            "{seed}: {host} was asked {count} times in window {lap}"
        );
        windows += u32::from(host == "one.test");
        full += u32::from(host == "one.test" && *count == limit);
    }
    assert!(windows >= 8, "{windows}");
    // What it announces is used, too.
    assert!(
        full * 2 >= windows,
        "{seed}: {full} of {windows}: {counts:?}"
    );
}
