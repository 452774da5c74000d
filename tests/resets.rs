//! Midnights of a key's limits, walked through over HTTP: a Monday, a leap day, the first of a month, the first of a year.
//!
//! The wall clock is that of the process, so that these stand apart, and take turns.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use switchtower::dispatch::recover::RecoverLayer;
use switchtower::gateway::{Bounds, Gateway};
use switchtower::settle::store::{MemoryStore, SqliteSettings, SqliteStore, Store};
use switchtower::testing::{Point, Script, Upstream, WallClock};
use switchtower::{Day, Money, Stack, client};
use tokio::sync::{Mutex, MutexGuard};

use support::{Answer, House, KEY, MANAGER, catalog, chat, prices};

#[path = "gateway/support.rs"]
#[allow(dead_code, reason = "others need more of it")]
mod support;

/// Each of these has a key, whose limit begins anew so often.
const RESETS: [Option<&str>; 4] = [Some("daily"), Some("weekly"), Some("monthly"), None];
const TICK: Duration = Duration::from_micros(1);
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn limits_begin_anew_at_their_midnight_and_no_other() {
    walk(Arc::new(MemoryStore::new(10_000)), false).await;
}

/// What counts is what the books say.
#[tokio::test]
async fn they_do_so_where_the_gateway_begins_anew_at_each_midnight() {
    walk(Arc::new(MemoryStore::new(10_000)), true).await;
}

#[tokio::test]
async fn they_do_so_over_sqlite() {
    let folder = std::env::temp_dir().join(format!("switchtower-{}-resets", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let store = SqliteStore::open(folder.join("books.db"), SqliteSettings::default());
    walk(Arc::new(store.unwrap()), true).await;
    std::fs::remove_dir_all(&folder).unwrap();
}

async fn walk(store: Arc<dyn Store>, restarts: bool) {
    // A Sunday in a leap year, and the last second of it.
    let mut world = World::open(store, midnight("2028-02-28") - SECOND, restarts).await;
    let mut keys = Vec::new();
    for reset in RESETS {
        keys.push(
            world
                .make(json!({"limit": 0.001, "limit_reset": reset}))
                .await,
        );
    }
    let mut counts = Vec::new();
    for key in &keys {
        counts.push(world.spend_all(key).await);
    }
    assert!(
        counts[0] > 1 && counts.iter().all(|it| *it == counts[0]),
        "{counts:?}"
    );
    let whole = world.own(&keys[3], "usage").await;

    // The day, which of them begin anew with it, and when each does so next.
    let days: [(&str, [bool; 4], [&str; 3]); 6] = [
        // A Monday.
        (
            "2028-02-28",
            [true, true, false, false],
            ["2028-02-29", "2028-03-06", "2028-03-01"],
        ),
        (
            "2028-02-29",
            [true, false, false, false],
            ["2028-03-01", "2028-03-06", "2028-03-01"],
        ),
        (
            "2028-03-01",
            [true, false, true, false],
            ["2028-03-02", "2028-03-06", "2028-04-01"],
        ),
        // A Monday, but the first of no month; then a Sunday, which begins no week.
        (
            "2028-03-06",
            [true, true, false, false],
            ["2028-03-07", "2028-03-13", "2028-04-01"],
        ),
        (
            "2028-03-12",
            [true, false, false, false],
            ["2028-03-13", "2028-03-13", "2028-04-01"],
        ),
        // The first of a year, which is a Monday.
        (
            "2029-01-01",
            [true, true, true, false],
            ["2029-01-02", "2029-01-08", "2029-02-01"],
        ),
    ];
    let mut before = [whole; 4];
    for (day, begin, next) in days {
        // A moment before nothing has changed, unless another midnight has passed since.
        if day == "2028-02-28" || day == "2028-02-29" || day == "2028-03-01" {
            world.clock.set(midnight(day) - TICK);
            for key in &keys {
                assert_eq!(world.ask(key).await.status, 402, "a moment before {day}");
            }
        }
        world.clock.set(midnight(day));
        world.restart().await;
        for (place, key) in keys.iter().enumerate() {
            let (reset, begins) = (RESETS[place], begin[place]);
            let about = format!("{reset:?} on {day}");
            let used = match begins {
                true => Money::ZERO,
                false => whole,
            };
            let left = "0.001".parse::<Money>().unwrap().saturating_sub(used);
            assert_eq!(world.own(key, "limit_remaining").await, left, "{about}");
            assert_eq!(world.own(key, "usage").await, before[place], "{about}");
            if begins {
                assert_eq!(world.spend_all(key).await, counts[0], "{about}");
                before[place] = before[place].saturating_add(whole);
                assert_eq!(world.own(key, "usage").await, before[place], "{about}");
                assert_eq!(world.own(key, "usage_daily").await, whole, "{about}");
            }
            let refused = world.ask(key).await;
            assert_eq!(refused.status, 402, "{about}");
            let resets_at = refused.json()["error"]["metadata"]["resets_at"].clone();
            let then = next.get(place).map(|day| format!("{day}T00:00:00.000Z"));
            assert_eq!(resets_at, json!(then), "{about}");
            let wait = next
                .get(place)
                .map(|next| midnight(next).duration_since(midnight(day)));
            let wait = wait.map(|wait| wait.unwrap().as_secs().to_string());
            assert_eq!(
                refused.header("retry-after").map(str::to_owned),
                wait,
                "{about}"
            );
        }
    }
    world.close().await;
}

/// In February there are 28 days, but for leap years.
#[tokio::test]
async fn a_month_without_a_leap_day_is_over_the_day_before() {
    let store = Arc::new(MemoryStore::new(1000));
    let world = World::open(store, midnight("2100-03-01") - SECOND, false).await;
    let key = world
        .make(json!({"limit": 0.001, "limit_reset": "monthly"}))
        .await;
    let count = world.spend_all(&key).await;
    let refused = world.ask(&key).await;
    assert_eq!(refused.header("retry-after"), Some("1"));
    world.clock.set(midnight("2100-03-01"));
    assert_eq!(world.spend_all(&key).await, count);
    world.close().await;
}

/// A call belongs to the day on which it began, whenever it ends; until then what it holds counts.
#[tokio::test]
async fn what_is_under_way_at_midnight_is_yesterdays() {
    let store = Arc::new(MemoryStore::new(1000));
    let mut world = World::open(store, midnight("2028-02-29") - SECOND, true).await;
    let settings = json!({"limit": 0.001, "limit_reset": "daily"});
    let (key, other) = (
        world.make(settings.clone()).await,
        world.make(settings).await,
    );
    let count = world.spend_all(&other).await;
    world.house.upstreams[0].next(Script::new().tokens(10).stall(Point::After(1)));
    let mut stream = world.stream(&key).await;
    stream.frame().await.unwrap().unwrap();
    world.clock.set(midnight("2028-02-29"));
    assert_eq!(world.own(&key, "usage").await, Money::ZERO);
    let refused = world.fill(&key).await;
    assert_ne!(
        refused.json()["error"]["metadata"]["held"],
        "0",
        "{refused:?}"
    );
    let spent = world.own(&key, "usage").await;
    drop(stream);
    world.house.records(count + 1).await;
    while world.own(&key, "usage").await == spent {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        world.own(&key, "usage_daily").await,
        spent,
        "that of yesterday is not in it"
    );
    let (all, month) = (
        world.own(&key, "usage").await,
        world.own(&key, "usage_monthly").await,
    );
    assert!(all > spent && month == all, "{all} {month}");
    // Nothing of it counts now, nor after the next start.
    let left = "0.001".parse::<Money>().unwrap().saturating_sub(spent);
    assert_eq!(world.own(&key, "limit_remaining").await, left);
    world.restart().await;
    assert_eq!(world.own(&key, "limit_remaining").await, left);
    world.close().await;
}

/// Requests of a day, whose headers count down to midnight, on streams too.
#[tokio::test]
async fn requests_of_a_day_begin_anew_and_headers_say_when() {
    let store = Arc::new(MemoryStore::new(1000));
    let mut world = World::open(store, midnight("2028-02-29") - SECOND, true).await;
    let key = world
        .make(json!({"rate_limits": {"requests_per_day": 2, "tokens_per_day": 100_000}}))
        .await;
    let leap = midnight("2028-02-29").duration_since(UNIX_EPOCH).unwrap();
    for (left, stream) in [("1", false), ("0", true)] {
        let answer = world.ask_with(&key, json!({"stream": stream})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        for (name, value) in [
            ("x-ratelimit-limit-requests", "2"),
            ("x-ratelimit-remaining-requests", left),
            ("x-ratelimit-reset-requests", "1s"),
            ("x-ratelimit-limit-tokens", "100000"),
            ("x-ratelimit-reset-tokens", "1s"),
            ("x-ratelimit-reset", &leap.as_millis().to_string()),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name} {stream}");
        }
    }
    let refused = world.ask(&key).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("retry-after")),
        (429, Some("1"))
    );
    world.clock.set(midnight("2028-02-29"));
    world.restart().await;
    let answer = world.ask(&key).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("x-ratelimit-remaining-requests"), Some("1"));
    assert_eq!(answer.header("x-ratelimit-reset-requests"), Some("24h0m0s"));
    world.close().await;
}

#[tokio::test]
async fn a_key_is_good_until_the_moment_at_which_it_expires() {
    let store = Arc::new(MemoryStore::new(1000));
    let mut world = World::open(store, midnight("2028-02-29") - SECOND, true).await;
    let key = world
        .make(json!({"expires_at": "2028-02-29T00:00:00Z"}))
        .await;
    assert_eq!(world.ask(&key).await.status, 200);
    world.clock.set(midnight("2028-02-29") - TICK);
    assert_eq!(world.ask(&key).await.status, 200);
    world.clock.set(midnight("2028-02-29"));
    assert_eq!(world.ask(&key).await.status, 401);
    world.restart().await;
    assert_eq!(world.ask(&key).await.status, 401);
    world.close().await;
}

/// Months join, and days that are over are told.
#[tokio::test]
async fn the_bill_of_a_month_is_closed_and_the_next_one_goes_on() {
    let store = Arc::new(MemoryStore::new(1000));
    let mut world = World::open(store, midnight("2028-02-29"), true).await;
    world
        .manage(Method::POST, "/credits", json!({"id": "1", "amount": 10}))
        .await;
    assert_eq!(world.ask(KEY).await.status, 200);
    assert_eq!(
        world.told("/activity").await,
        json!([]),
        "today is not over"
    );
    world.clock.set(midnight("2028-03-01") - TICK);
    assert_eq!(world.ask(KEY).await.status, 200);
    world.clock.set(midnight("2028-03-01"));
    world.restart().await;
    assert_eq!(world.ask(KEY).await.status, 200);

    let leap = world.told("/activity?date=2028-02-29").await;
    assert_eq!(
        (&leap[0]["date"], &leap[0]["requests"]),
        (&json!("2028-02-29"), &json!(2))
    );
    let today = world
        .house
        .manage(Method::GET, "/api/v1/activity?date=2028-03-01", "")
        .await;
    assert_eq!(today.status, 400);
    let february = world.told("/statement?month=2028-02").await;
    let march = world.told("/statement").await;
    assert_eq!(
        (&february["month"], &march["month"]),
        (&json!("2028-02"), &json!("2028-03"))
    );
    assert_eq!(
        (&february["opening"], &february["credited"]),
        (&json!(0), &json!(10))
    );
    assert_eq!(february["closing"], march["opening"]);
    assert_eq!(
        (
            &february["lines"][0]["requests"],
            &march["lines"][0]["requests"]
        ),
        (&json!(2), &json!(1))
    );
    let days = world
        .told("/spend?by=day&from=2028-02-29&to=2028-03-01")
        .await;
    let days: Vec<_> = days
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (&it["day"], &it["requests"]))
        .collect();
    assert_eq!(
        days,
        [
            (&json!("2028-02-29"), &json!(2)),
            (&json!("2028-03-01"), &json!(1))
        ]
    );
    world.close().await;
}

// === Helpers ===

/// One of these at a time.
static TURN: Mutex<()> = Mutex::const_new(());

struct World {
    clock: WallClock,
    store: Arc<dyn Store>,
    house: House,
    restarts: bool,
    _turn: MutexGuard<'static, ()>,
}

impl World {
    async fn open(store: Arc<dyn Store>, at: SystemTime, restarts: bool) -> Self {
        let turn = TURN.lock().await;
        let clock = WallClock::stop(at);
        Self {
            house: serving(&store).await,
            clock,
            store,
            restarts,
            _turn: turn,
        }
    }

    /// Another process over the same books, if this is such a walk.
    async fn restart(&mut self) {
        if self.restarts {
            self.end().await;
            self.house = serving(&self.store).await;
        }
    }

    async fn end(&mut self) {
        if let Some(stop) = self.house.stop.take() {
            let _ = stop.send(());
        }
        let server = std::mem::replace(&mut self.house.server, tokio::spawn(async {}));
        support::within(server).await.unwrap();
    }

    async fn close(mut self) {
        self.end().await;
    }

    async fn manage(&self, method: Method, path: &str, body: Value) -> Value {
        let path = format!("/api/v1{path}");
        let answer = self.house.as_who(MANAGER, method, &path, body).await;
        assert!(answer.status.is_success(), "{answer:?}");
        answer.json()
    }

    async fn told(&self, path: &str) -> Value {
        self.manage(Method::GET, path, Value::Null).await["data"].clone()
    }

    async fn make(&self, mut settings: Value) -> String {
        settings["name"] = json!("a key");
        let made = self.manage(Method::POST, "/keys", settings).await;
        made["key"].as_str().unwrap().to_owned()
    }

    async fn ask(&self, key: &str) -> Answer {
        self.ask_with(key, json!({})).await
    }

    async fn ask_with(&self, key: &str, more: Value) -> Answer {
        let path = "/api/v1/chat/completions";
        self.house
            .as_who(key, Method::POST, path, question(more))
            .await
    }

    async fn stream(&self, key: &str) -> hyper::body::Incoming {
        let path = format!("http://{}/api/v1/chat/completions", self.house.address);
        let ask = Request::post(path).header("authorization", format!("Bearer {key}"));
        let body = Full::from(Bytes::from(question(json!({"stream": true})).to_string()));
        let answer = self.house.send(ask.body(body).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.into_body()
    }

    /// Asks until it is refused, and tells how.
    async fn fill(&self, key: &str) -> Answer {
        for _ in 0..100 {
            let answer = self.ask(key).await;
            if answer.status != 200 {
                assert_eq!(answer.status, 402, "{answer:?}");
                return answer;
            }
        }
        panic!("nothing was refused");
    }

    /// Asks until it is refused, and tells how often it was not.
    async fn spend_all(&self, key: &str) -> u64 {
        let calls = self.house.calls();
        self.fill(key).await;
        self.house.calls() - calls
    }

    /// What a key is told of itself: money, digit for digit.
    async fn own(&self, key: &str, name: &str) -> Money {
        let answer = self
            .house
            .as_who(key, Method::GET, "/api/v1/key", Value::Null)
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let (_, rest) = answer.body.split_once(&format!("\"{name}\":")).unwrap();
        let end = rest.find([',', '}']).unwrap();
        rest[..end].parse().unwrap()
    }
}

async fn serving(store: &Arc<dyn Store>) -> House {
    let upstream = Upstream::builder().name("first").prices(prices(0));
    let upstream = upstream.start().await.unwrap();
    // Each answer costs the same.
    upstream.script(Script::new().text("Four words, and done."));
    let stack = Stack::new(Arc::new(catalog(&[upstream.base_url()])));
    let stack = stack.recover(RecoverLayer::new().on(false));
    let stack = stack.with_ledger(support::journal(store.clone()));
    let gateway = Gateway::new(stack, client::hyper::plain()).keys([KEY]);
    // As it is when the first one asks, whether or not it was asked to manage anything.
    let gateway = gateway.management_keys([MANAGER]);
    gateway.read_keys().await.unwrap();
    House::of(vec![upstream], gateway, Bounds::default()).await
}

fn question(more: Value) -> Value {
    let mut body: Value = serde_json::from_str(&chat(json!({"max_tokens": 20}))).unwrap();
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    body
}

fn midnight(day: &str) -> SystemTime {
    day.parse::<Day>().unwrap().start()
}
