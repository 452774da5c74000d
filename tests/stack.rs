//! The whole stack over real sockets, around hyper's client and around reqwest.

mod flow;

use std::cell::Cell;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use flow::{Told, assert_proper_end, catalog, millis, secs, tell};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use serde_json::json;
use switchtower::admit::quota::QuotaLayer;
use switchtower::client::{self, Reqwest};
use switchtower::dispatch::deadline::Deadlines;
use switchtower::limits::{Limits, Now, Rule, Scope, Subject, Unit, Window};
use switchtower::settle::store::MemoryStore;
use switchtower::settle::{Certainty, Journal, JournalSettings, MemoryLedger, Record};
use switchtower::standing::Breaker;
use switchtower::testing::{Ending, Failure, Point, Prices, Script, Upstream, UsageManner};
use switchtower::{BoxError, Call, Chain, End, Error, Kind, Money, Payload, Stack, Wishes};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower::limit::ConcurrencyLimit;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

type Body = UnsyncBoxBody<Bytes, Error>;
type Client = BoxCloneSyncService<Request<Payload>, Response<Body>, Error>;
type Answered = <Chain<Client> as Service<Request<String>>>::Response;

fn boxed<S, B>(client: S) -> Client
where
    S: Service<Request<Payload>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError> + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError> + 'static,
{
    let boxed =
        |response: Response<B>| response.map(|body| body.map_err(Error::from_inner).boxed_unsync());
    BoxCloneSyncService::new(client.map_response(boxed).map_err(Error::from_inner))
}

fn clients() -> [(&'static str, Client); 2] {
    let reqwest = reqwest::Client::builder().no_proxy().build().unwrap();
    [
        ("hyper", boxed(client::hyper::plain())),
        ("reqwest", boxed(Reqwest::new(reqwest))),
    ]
}

/// Three providers, asked in this order, and the stack around a client.
struct Town {
    providers: [Upstream; 3],
    chain: Chain<Client>,
    ledger: MemoryLedger,
}

/// In femtodollars for a token; the catalogue says the same in dollars for a million.
const PRICES: Prices = Prices {
    prompt: 1_000_000_000,
    cached: 250_000_000,
    completion: 2_000_000_000,
    request: 0,
};

impl Town {
    async fn build(client: Client, deadlines: Deadlines) -> Self {
        let start = || Upstream::builder().prices(PRICES).start();
        let providers = [start().await, start().await, start().await].map(Result::unwrap);
        let slugs = ["one", "two", "three"];
        let mut toml = String::new();
        for (slug, provider) in slugs.iter().zip(&providers) {
            toml += &format!("[providers.{slug}]\nbase_url = '{}'\n", provider.base_url());
        }
        toml += "[models.'acme/swift']\n";
        for slug in slugs {
            let prices = "{ prompt = '1', cache_read = '0.25', completion = '2' }";
            toml += &format!(
                "[[models.'acme/swift'.endpoints]]\nprovider = '{slug}'\nmodel = 'swift-{slug}'\nprices = {prices}\n"
            );
        }
        let stack = Stack::new(catalog(&toml))
            .seed(7)
            .deadlines(deadlines)
            // Each story begins anew, with providers of whom nothing is known.
            .breaker(Breaker::never());
        Self {
            providers,
            ledger: stack.ledger().clone(),
            chain: stack.around(client),
        }
    }

    async fn ask(&self, stream: bool) -> Result<Answered, Error> {
        let body = json!({
            "model": "acme/swift",
            "stream": stream,
            "messages": [{"role": "user", "content": "Say hi!!"}],
            "provider": {"order": ["one", "two", "three"]},
        });
        let request = Request::post("/v1/chat/completions")
            .body(body.to_string())
            .unwrap();
        self.chain.clone().oneshot(request).await
    }

    async fn told(&self, stream: bool) -> Told {
        tell(self.ask(stream).await.unwrap().into_body()).await
    }

    fn record(&self) -> Record {
        let mut records = self.ledger.records();
        assert_eq!(records.len(), 1, "one record for a request");
        records.remove(0)
    }
}

/// For those who meet the silent: patient enough for a busy machine, on which a provider that is well may take long as well.
fn brisk() -> Deadlines {
    Deadlines {
        headers: secs(2),
        first_token: secs(2),
        idle: secs(2),
        total: secs(20),
        ..Deadlines::default()
    }
}

fn failures() -> Vec<Script> {
    use Point::{After, BeforeBody, BeforeHeaders};
    let script = Script::new;
    vec![
        Script::fail(Failure::overloaded()),
        Script::fail(Failure::rate_limited()).retry_after(secs(30)),
        Script::fail(Failure::bad_key()),
        Script::fail(Failure::quota_exhausted()),
        script().reset(BeforeHeaders),
        script().cut(BeforeHeaders),
        script().cut(BeforeBody),
        script().cut(After(0)),
        script().fail_at(BeforeBody, Failure::overloaded()),
        script().fail_at(BeforeBody, Failure::rate_limited().openrouter()),
        script().raw("<html>Please log in</html>"),
        script().malformed(After(0)).malformed(After(0)),
        script().stop(After(0)),
    ]
}

// === Before content ===

#[tokio::test]
async fn a_failure_before_content_is_not_noticed_by_the_caller() {
    for (name, client) in clients() {
        for script in failures() {
            for stream in [true, false] {
                let story = format!("{name}, stream {stream}: {script:?}");
                let town = Town::build(client.clone(), Deadlines::default()).await;
                town.providers[0].script(script.clone());
                let told = town.told(stream).await;
                assert_whole(&told, stream, &story);

                let record = town.record();
                assert_eq!(record.end, End::Complete, "{story}");
                let (last, failed) = record.attempts.split_last().unwrap();
                assert!(!failed.is_empty(), "{story}");
                assert!(
                    failed
                        .iter()
                        .all(|attempt| matches!(attempt.end, End::Failed(_))),
                    "{story}"
                );
                assert_eq!(last.provider(), Some("two"), "{story}");
                assert_eq!(last.cost.certainty, Certainty::Exact, "{story}");
                assert_eq!(record.charge, last.cost.amount);
                let book = town.providers[1].book();
                assert_eq!(
                    femtodollars(record.charge.unwrap()),
                    book.femtodollars,
                    "{story}"
                );
                assert_eq!((book.calls, town.providers[2].calls()), (1, 0), "{story}");
            }
        }
    }
}

#[tokio::test]
async fn the_silent_are_left_in_time() {
    let mut calls = JoinSet::new();
    for (name, client) in clients() {
        for (point, stream) in [
            (Point::BeforeHeaders, true),
            (Point::BeforeBody, true),
            (Point::After(0), true),
            (Point::BeforeHeaders, false),
            (Point::BeforeBody, false),
            (Point::After(3), false),
        ] {
            let client = client.clone();
            calls.spawn(async move {
                let story = format!("{name} {point:?} {stream}");
                let town = Town::build(client, brisk()).await;
                town.providers[0].script(Script::new().stall(point).keep_alive(millis(20)));
                let told = town.told(stream).await;
                assert_whole(&told, stream, &story);
                assert!(
                    matches!(town.record().attempts[0].end, End::Failed(Kind::Elapsed(_))),
                    "{story}"
                );
                let left = town.providers[0].wait_left(1);
                let left = timeout(secs(30), left).await;
                left.unwrap_or_else(|_| panic!("{story}: it was not left"));
            });
        }
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap();
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_passed_over() {
    for (name, client) in clients() {
        let town = Town::build(client, Deadlines::default()).await;
        town.providers[0].shutdown().await;
        assert_whole(&town.told(true).await, true, name);
        let record = town.record();
        assert_eq!(record.attempts[0].end, End::Failed(Kind::Connect), "{name}");
        assert_eq!(record.attempts[0].cost.amount, Some(Money::ZERO));
    }
}

#[tokio::test]
async fn when_all_fail_the_caller_gets_one_error_and_the_ledger_one_record() {
    for (_, client) in clients() {
        let town = Town::build(client, Deadlines::default()).await;
        for (provider, seconds) in town.providers.iter().zip([30, 20, 40]) {
            provider.script(Script::fail(Failure::rate_limited()).retry_after(secs(seconds)));
        }
        let error = town.ask(true).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), Kind::RateLimited);
        let after = error.retry_after().unwrap();
        assert!((secs(15)..=secs(20)).contains(&after), "{after:?}");
        let record = town.record();
        assert_eq!(
            (record.attempts.len(), record.charge),
            (3, Some(Money::ZERO))
        );
        assert!(
            record
                .attempts
                .iter()
                .all(|attempt| attempt.cost.amount == Some(Money::ZERO))
        );
        assert_eq!(town.ledger.totals().held, 0);
    }
}

/// The whole answer of a good provider and nothing else.
#[track_caller]
fn assert_whole(told: &Told, stream: bool, story: &str) {
    assert!(told.error.is_none(), "{story}: {:?}", told.error);
    let text = told.text();
    assert!(!text.contains("\"error\""), "{story}: {text}");
    if stream {
        assert_proper_end(told);
        let content = told
            .data()
            .iter()
            .filter(|data| data.contains("\"content\":\""))
            .count();
        assert!(content >= 12, "{story}: {text}");
    } else {
        let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["usage"]["completion_tokens"], 12, "{story}: {text}");
    }
}

fn femtodollars(amount: Money) -> u128 {
    u128::try_from(amount.picodollars()).unwrap() * 1000
}

/// Elsewhere what is asked again was once cut at 64 KiB, without a word. Here each attempt has all of it: of a request that came in
/// many frames, and that goes on in pieces.
#[tokio::test]
async fn a_long_request_is_asked_again_whole() {
    let failures = [
        Script::fail(Failure::overloaded()),
        Script::new().reset(Point::BeforeHeaders),
        Script::new().cut(Point::After(0)),
    ];
    let wishes = [
        (r#""order":["one","two"]"#, ["swift-one", "swift-two"]),
        (r#""only":["one"]"#, ["swift-one", "swift-one"]),
    ];
    for (name, client) in clients() {
        for length in [40_000, 64 << 10, (64 << 10) + 1, 300_000] {
            let cases = failures.iter().flat_map(|it| wishes.map(|wish| (it, wish)));
            for (failure, (wish, models)) in cases {
                let story = format!("{name}, {length} bytes, {wish}: {failure:?}");
                let town = Town::build(client.clone(), Deadlines::default()).await;
                town.providers[0].next(failure.clone());
                let (request, goes_on) = long(length, wish);
                let answer = town.chain.clone().oneshot(request).await.unwrap();
                assert_whole(&tell(answer.into_body()).await, true, &story);

                let seen = town.providers.iter().flat_map(Upstream::seen);
                let seen: Vec<_> = seen.map(|seen| seen.body).collect();
                let expected = models.map(|model| goes_on.replace("acme/swift", model));
                // They are too long to be printed.
                let lengths: Vec<_> = seen.iter().map(Bytes::len).collect();
                assert!(seen == expected, "{story}: {lengths:?} bytes");
            }
        }
    }
}

/// A request of so many bytes, in frames of 10 KB; and what of it goes on, but for the model.
fn long(length: usize, wish: &str) -> (Request<UnsyncBoxBody<Bytes, Infallible>>, String) {
    let begin = r#"{"model":"acme/swift","stream":true,"stream_options":{"include_usage":true}"#;
    let wish = format!(r#","provider":{{{wish}}}"#);
    let (says, end) = (r#","messages":[{"role":"user","content":""#, r#""}]}"#);
    let rest = length - [begin, &wish, says, end].concat().len();
    let mut words: String = (0..rest).map(|number| format!("{number} ")).collect();
    words.truncate(rest);
    let asked = [begin, &wish, says, &words, end].concat();
    let goes_on = [begin, says, &words, end].concat();
    let frame = |part: &[u8]| Ok(Frame::data(Bytes::copy_from_slice(part)));
    let frames: Vec<_> = asked.as_bytes().chunks(10_000).map(frame).collect();
    let body = StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync();
    let request = Request::post("/v1/chat/completions").body(body);
    (request.unwrap(), goes_on)
}

// === After content ===

#[tokio::test]
async fn a_failure_after_content_is_one_error_chunk() {
    let at = Point::After(5);
    let script = || Script::new().tokens(9);
    for (name, client) in clients() {
        for script in [
            script().cut(at),
            script().reset(at),
            script().stop(at),
            script().malformed(at).malformed(at),
            script().stall(at).keep_alive(millis(30)),
            script().fail_at(at, Failure::overloaded()),
            script().fail_at(at, Failure::overloaded().openrouter()),
            script().finish("error"),
        ] {
            let story = format!("{name}: {script:?}");
            let town = Town::build(client.clone(), brisk()).await;
            town.providers[0].script(script);
            let told = town.told(true).await;
            assert!(told.error.is_none(), "{story}");
            assert_proper_end(&told);
            let chunk = told.last_chunk();
            assert_eq!(chunk["choices"][0]["finish_reason"], "error", "{story}");
            assert!(chunk["error"]["message"].is_string(), "{story}");
            assert_eq!(told.text().matches("\"error\":{").count(), 1, "{story}");

            let record = town.record();
            assert!(matches!(record.end, End::Failed(_)), "{story}");
            assert_eq!(
                (record.attempts.len(), record.charge),
                (1, Some(Money::ZERO)),
                "{story}"
            );
            assert_ne!(record.attempts[0].cost.amount, Some(Money::ZERO), "{story}");
            assert_eq!(town.providers[1].calls(), 0, "{story}");
        }
    }
}

// === The caller leaves ===

#[tokio::test]
async fn when_the_caller_leaves_the_upstream_knows_at_once_and_it_is_paid_for() {
    for (name, client) in clients() {
        let mut soonest = Duration::MAX;
        for _ in 0..3 {
            let town = Town::build(client.clone(), Deadlines::default()).await;
            town.providers[0].script(Script::new().tokens(50).stall(Point::After(5)));
            let mut body = town.ask(true).await.unwrap().into_body();
            let mut content = 0;
            while content < 5 {
                let data = body.frame().await.unwrap().unwrap().into_data().unwrap();
                content += usize::from(
                    data.windows(11).any(|part| part == b"\"content\":\"")
                        && !data.windows(12).any(|part| part == b"\"content\":\"\""),
                );
            }
            assert_eq!(
                town.ledger.records().len(),
                0,
                "nothing is over until the body is"
            );
            assert!(town.ledger.totals().held > 0);
            let left = tokio::time::Instant::now().into_std();
            drop(body);
            let record = town.record();
            assert_eq!(record.end, End::Cancelled, "{name}");
            assert_eq!(
                record.attempts[0].cost.certainty,
                Certainty::Estimated,
                "{name}"
            );
            assert_eq!(record.charge, record.attempts[0].cost.amount);
            assert!(record.charge.unwrap() > Money::ZERO);
            assert!(record.usage.output >= 5, "{:?}", record.usage);
            assert_eq!(town.ledger.totals().held, 0);

            town.providers[0].wait_left(1).await;
            let Some(Ending::ClientLeft { at, .. }) = town.providers[0].seen()[0].ending else {
                panic!("the client left");
            };
            soonest = soonest.min(at.saturating_duration_since(left));
        }
        // A busy machine may be late once, but not each time.
        assert!(soonest < millis(100), "{name}: {soonest:?}");
    }
}

#[tokio::test]
async fn when_the_caller_leaves_before_the_first_token_nobody_else_is_asked() {
    for (name, client) in clients() {
        for (point, stream) in [
            (Point::BeforeHeaders, true),
            (Point::After(0), true),
            (Point::BeforeHeaders, false),
        ] {
            let town = Town::build(client.clone(), Deadlines::default()).await;
            town.providers[0].script(Script::new().stall(point));
            tokio::select! {
                _ = town.ask(stream) => panic!("it stalls"),
                () = town.providers[0].wait_calls(1) => {}
            }
            town.providers[0].wait_left(1).await;
            assert_eq!(town.record().end, End::Cancelled, "{name} {point:?}");
            assert_eq!(town.providers[1].calls(), 0);
        }
    }
}

// === Many ===

/// What one call is answered with, by its number.
fn mixed(seed: u64, number: u64) -> Script {
    use UsageManner::{
        Always, Asked, EveryChunk, ExplicitZero, NullEveryChunkThenReal, OnLastContent,
    };
    let mut random = fastrand::Rng::with_seed(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut pick = |most: u64| random.u64(..most);
    let manners = [
        Asked,
        Always,
        OnLastContent,
        EveryChunk,
        NullEveryChunkThenReal,
        ExplicitZero,
    ];
    let script = Script::new()
        .tokens(1 + pick(20))
        .prompt_tokens(20 + pick(100))
        .cached_tokens(pick(20))
        .reasoning(pick(4))
        .hidden_reasoning(pick(9))
        .usage(manners[pick(6) as usize]);
    let script = match pick(5) {
        0 => script.crlf(),
        1 => script.no_done(),
        2 => script.bare_data().comments(2),
        3 => script.fragment(std::num::NonZeroUsize::new(7).unwrap()),
        _ => script,
    };
    match pick(12) {
        0 => Script::fail(Failure::overloaded()),
        1 => Script::fail(Failure::rate_limited()).retry_after(secs(60)),
        2 => script.reset(Point::BeforeHeaders),
        3 => script.cut(Point::After(1)),
        4 => script.stop(Point::After(2)),
        5 => script.fail_at(Point::After(0), Failure::overloaded()),
        6 => script.fail_at(Point::After(3), Failure::overloaded().openrouter()),
        _ => script,
    }
}

/// One call to its end, which is a proper one.
async fn ask_and_hear(town: &Town, stream: bool) {
    let Ok(response) = town.ask(stream).await else {
        return;
    };
    let kind = response.headers()["content-type"].to_str().unwrap();
    let events = kind.starts_with("text/event-stream");
    let told = tell(response.into_body()).await;
    assert!(told.error.is_none(), "{:?}", told.error);
    if events {
        assert_proper_end(&told);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_calls_the_ledger_says_what_the_upstreams_bill() {
    for (seed, (name, client)) in (1..).zip(clients()) {
        let town = Arc::new(Town::build(client, Deadlines::default()).await);
        for (index, provider) in (0..).zip(&town.providers) {
            provider.script_fn(move |seen| mixed(seed * 10 + index, seen.number));
        }
        let (calls, at_once) = (300, 16);
        let mut running = JoinSet::new();
        for call in 0..at_once {
            let town = town.clone();
            running.spawn(async move {
                for number in (call..calls).step_by(at_once) {
                    // Each of them by itself: how long all take is the machine's business.
                    let ended = timeout(secs(30), ask_and_hear(&town, number % 3 != 0)).await;
                    ended.expect("no call hangs");
                }
            });
        }
        while let Some(ended) = running.join_next().await {
            ended.unwrap();
        }

        let totals = town.ledger.totals();
        assert_eq!(
            (totals.records, totals.held, totals.cost_unknown),
            (calls as u64, 0, 0)
        );
        let mut billed = 0;
        for provider in &town.providers {
            provider.wait_idle().await;
            let entries = provider.book().entries;
            billed += entries
                .iter()
                // What is told before a cut is a running total, and estimated.
                .filter(|entry| entry.told.is_some() && entry.ending == Ending::Served)
                .map(|entry| entry.femtodollars)
                .sum::<u128>();
        }
        assert!(billed > 0);
        assert_eq!(
            u128::try_from(totals.cost_exact).unwrap() * 1000,
            billed,
            "{name}"
        );

        let records = town.ledger.records();
        let asked: u64 = town.providers.iter().map(Upstream::calls).sum();
        let attempts: usize = records.iter().map(|record| record.attempts.len()).sum();
        assert_eq!(attempts as u64, asked, "{name}");
        // Whoever got a whole answer pays what its provider bills, and nobody else pays.
        for record in &records {
            let last = record.attempts.last().unwrap();
            match record.end {
                End::Complete => assert_eq!(record.charge, last.cost.amount),
                _ => assert_eq!(record.charge, Some(Money::ZERO)),
            }
        }
        assert!(
            records
                .iter()
                .filter(|record| record.end == End::Complete)
                .count()
                > 200
        );
    }
}

/// A client that counts how often it is cloned, and that may not be shared between threads.
struct Cloned {
    client: client::hyper::Client,
    clones: Arc<AtomicUsize>,
    _not_sync: Cell<()>,
}

impl Clone for Cloned {
    fn clone(&self) -> Self {
        self.clones.fetch_add(1, Relaxed);
        Self {
            client: self.client.clone(),
            clones: self.clones.clone(),
            _not_sync: Cell::new(()),
        }
    }
}

impl Service<Request<Payload>> for Cloned {
    type Response = <client::hyper::Client as Service<Request<Payload>>>::Response;
    type Error = <client::hyper::Client as Service<Request<Payload>>>::Error;
    type Future = <client::hyper::Client as Service<Request<Payload>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.client.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Payload>) -> Self::Future {
        self.client.call(request)
    }
}

/// Each request once took two clones of the whole chain, with the client in them: fifty counts of references that all threads
/// share, of which those who are asked again need one.
#[tokio::test]
async fn nobody_is_cloned_for_a_request_that_is_asked_once() {
    fn sendable<T: Send>(future: T) -> T {
        future
    }
    let (good, bad) = (Upstream::start().await, Upstream::start().await);
    let toml = format!(
        "[providers.bad]\nbase_url = '{}'\n[providers.good]\nbase_url = '{}'\n\
         [[models.swift.endpoints]]\nprovider = 'bad'\nmodel = 'swift'\n\
         [[models.swift.endpoints]]\nprovider = 'good'\nmodel = 'swift'\n",
        bad.base_url(),
        good.base_url()
    );
    let clones = Arc::new(AtomicUsize::new(0));
    let client = Cloned {
        client: client::hyper::plain(),
        clones: clones.clone(),
        _not_sync: Cell::new(()),
    };
    let chain = Stack::new(catalog(&toml)).around(client);
    let ask = async || {
        let body = json!({
            "model": "swift",
            "provider": {"order": ["bad", "good"]},
            "messages": [{"role": "user", "content": "hi"}],
        });
        let request = Request::new(body.to_string());
        let answer = sendable(chain.clone().oneshot(request)).await.unwrap();
        answer.into_body().collect().await.unwrap();
    };
    ask().await;
    let before = clones.load(Relaxed);
    for _ in 0..10 {
        ask().await;
    }
    assert_eq!(clones.load(Relaxed), before);

    bad.script(Script::fail(Failure::overloaded()));
    ask().await;
    assert!(clones.load(Relaxed) > before);
    assert_eq!(good.calls(), 1);
}

/// Whoever refuses a request has a service that is ready for it. It was kept like that, with what it had reserved: a place in the
/// books, so that they could not be closed any more, and whatever the client has few of.
#[tokio::test]
async fn a_refusal_keeps_nothing_reserved() {
    let permits = Arc::new(Semaphore::new(1));
    let limited = || ConcurrencyLimit::with_semaphore(flow::Client::new([]), permits.clone());
    let body = |model: &str, tokens: u32| json!({"model": model, "max_tokens": tokens, "messages": [{"role": "user", "content": "hi"}]});
    let never =
        Limits::new([
            Rule::new("never", Scope::Account, Unit::Requests, Window::Forever, 0).unwrap(),
        ]);
    let poor = Money::ZERO;
    let poor = Rule::money("poor", Scope::Account, Window::Forever, poor).unwrap();
    let cases = [
        (
            "unknown model",
            body("no/such", 1),
            Limits::new([]),
            Limits::new([]),
        ),
        ("quota", body("acme/swift", 1), never, Limits::new([])),
        (
            "budget",
            body("acme/swift", 1),
            Limits::new([]),
            Limits::new([poor]),
        ),
    ];
    for (what, body, quota, budget) in cases {
        let settings = JournalSettings::default().limits(budget);
        let journal = Journal::open(Arc::new(MemoryStore::default()), settings).unwrap();
        let stack = Stack::new(flow::three()).quota(QuotaLayer::new(quota));
        let chain = stack.with_ledger(journal.clone()).around(limited());
        let request = Request::new(body.to_string());
        let error = chain.clone().oneshot(request).await.map(drop).unwrap_err();
        assert_eq!(permits.available_permits(), 1, "{what}: {error:?}");
        timeout(secs(20), journal.close()).await.expect(what);
        drop(chain);
    }
}

/// During an outage who asks again and again had no quota left when it was over.
#[tokio::test(start_paused = true)]
async fn whoever_asks_while_nobody_may_be_asked_keeps_its_quota() {
    let minute = Window::Rolling(secs(60));
    let limits =
        Limits::new([Rule::new("ten", Scope::Account, Unit::Requests, minute, 10).unwrap()]);
    let stack = Stack::new(flow::three())
        .quota(QuotaLayer::new(limits.clone()))
        .seed(1);
    let lineup = stack.roster().lineup();
    for endpoint in lineup.catalog().models()[0].endpoints() {
        lineup.standing(endpoint).eject(secs(1000), flow::now());
    }
    let chain = stack.around(flow::Client::new([]));
    let error = chain
        .oneshot(Request::new(flow::ordered(false)))
        .await
        .map(drop)
        .unwrap_err();
    assert!(matches!(error.kind(), Kind::Ejected(_)), "{error:?}");
    let now = Now {
        instant: flow::now(),
        wall: SystemTime::now(),
    };
    let levels = limits.levels(&Subject::default(), &[Unit::Requests], now);
    assert_eq!(levels[0].used, 0);
}

/// The second one was asked of the first one's model, under the first one's name.
#[tokio::test(start_paused = true)]
async fn each_request_has_a_plan_of_its_own_whoever_shares_a_call() {
    let toml = r#"
        providers.one.base_url = "https://one.test/v1"
        providers.two.base_url = "https://two.test/v1"
        [[models."acme/swift".endpoints]]
        provider = "one"
        model = "swift-one"
        [[models."acme/brisk".endpoints]]
        provider = "two"
        model = "brisk-two"
    "#;
    let answer = || flow::Answer::json([flow::json("hi")]);
    let client = flow::Client::new([answer(), answer()]);
    let stack = Stack::new(catalog(toml)).seed(1);
    let call = flow::call();
    call.set_wishes(Wishes {
        tag: Some("nightly".into()),
        ..Wishes::default()
    });
    let mut ids = Vec::new();
    for model in ["swift", "brisk"] {
        let body = flow::ordered(false).replace("swift", model);
        let mut request = Request::new(body);
        request.extensions_mut().insert(call.clone());
        let response = stack.around(client.clone()).oneshot(request).await.unwrap();
        let own = response.extensions().get::<Call>().unwrap();
        assert_eq!(own.wishes().tag.as_deref(), Some("nightly"));
        ids.push(*own.id());
    }
    assert_eq!(client.hosts(), ["one.test", "two.test"]);
    assert_eq!(ids[0], *call.id());
    assert_ne!(ids[0], ids[1]);
}

/// The first one was refused before it had a plan.
#[tokio::test(start_paused = true)]
async fn a_request_that_was_refused_says_nothing_of_the_next_one() {
    let client = flow::Client::new([flow::Answer::json([flow::json("hi")])]);
    let stack = Stack::new(flow::three());
    let call = flow::call();
    let ask = |body: String| {
        let mut request = Request::new(body);
        request.extensions_mut().insert(call.clone());
        stack.around(client.clone()).oneshot(request)
    };
    let unknown = flow::ordered(true).replace("swift", "nobody");
    assert!(ask(unknown).await.is_err());
    let answer = ask(flow::ordered(false)).await.unwrap();
    assert!(!answer.extensions().get::<Call>().unwrap().is_stream());
}

/// All were at their limit, which is told as if somebody had been asked.
#[tokio::test(start_paused = true)]
async fn whoever_asks_while_all_are_at_their_limit_keeps_its_quota() {
    let minute = Window::Rolling(secs(60));
    let limits =
        Limits::new([Rule::new("ten", Scope::Account, Unit::Requests, minute, 10).unwrap()]);
    let stack = Stack::new(flow::three())
        .quota(QuotaLayer::new(limits.clone()))
        .seed(1);
    let busy = || flow::Answer::status(429, "{}").header("retry-after", "1000");
    let chain = stack.around(flow::Client::new([busy(), busy(), busy()]));
    for _ in 0..2 {
        let asked = chain.clone().oneshot(Request::new(flow::ordered(false)));
        let error = asked.await.map(drop).unwrap_err();
        assert_eq!(error.kind(), Kind::RateLimited);
        let now = Now {
            instant: flow::now(),
            wall: SystemTime::now(),
        };
        let levels = limits.levels(&Subject::default(), &[Unit::Requests], now);
        assert_eq!(levels[0].used, 1);
    }
}
