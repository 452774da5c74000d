//! What may be spent: by keys and accounts, over the end of the process.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use switchtower::catalog::Catalog;
use switchtower::dispatch::recover::RecoverLayer;
use switchtower::gateway::{Bounds, Gateway};
use switchtower::keys::{FreeModels, KeySettings, ProviderKey, ProviderKeySettings, RingKey};
use switchtower::limits::Level;
use switchtower::settle::store::{MemoryStore, RowQuery, Store};
use switchtower::settle::{HasBooks, Ledger, MemoryLedger, Record};
use switchtower::testing::{Point, Question, Script, Upstream, WatchedStore};
use switchtower::{Caller, KeyId, Money, Stack, client};

use crate::support::{self, Answer, House, KEY, MANAGER, catalog, chat, prices};

/// Who has read sums is kept waiting, until he is let go.
#[derive(Debug, Default)]
struct Slow {
    /// Is it slow? And how many wait?
    state: Mutex<(bool, usize)>,
    changed: Condvar,
}

impl Slow {
    fn is_slow(&self, slow: bool) {
        self.state.lock().unwrap().0 = slow;
        self.changed.notify_all();
    }

    fn wait(&self) {
        let mut state = self.state.lock().unwrap();
        state.1 += 1;
        drop(self.changed.wait_while(state, |state| state.0).unwrap());
    }
}

/// A gateway whose books are in this store.
async fn open<S: Store>(store: &Arc<S>, change: impl FnOnce(Gateway) -> Gateway) -> House {
    let journal = support::journal(store.clone());
    over(journal, change).await
}

async fn over<L>(ledger: L, change: impl FnOnce(Gateway) -> Gateway) -> House
where
    L: Ledger + HasBooks + Clone + Send + Sync + 'static,
    L::Slot: Send + Sync + 'static,
{
    serving(|url| catalog(&[url]), ledger, change).await
}

async fn serving<L>(
    catalog: impl FnOnce(Uri) -> Catalog,
    ledger: L,
    change: impl FnOnce(Gateway) -> Gateway,
) -> House
where
    L: Ledger + HasBooks + Clone + Send + Sync + 'static,
    L::Slot: Send + Sync + 'static,
{
    let upstream = Upstream::builder().name("first").prices(prices(0));
    let upstream = upstream.start().await.unwrap();
    let stack = Stack::new(Arc::new(catalog(upstream.base_url())));
    let stack = stack.recover(RecoverLayer::new().on(false));
    let stack = stack.with_ledger(ledger);
    let gateway = Gateway::new(stack, client::hyper::plain()).keys([KEY]);
    let gateway = change(gateway);
    gateway.read_keys().await.unwrap();
    House::of(vec![upstream], gateway, Bounds::default()).await
}

async fn manage(house: &House, method: Method, path: &str, body: Value) -> Value {
    let path = format!("/api/v1{path}");
    let answer = house.as_who(MANAGER, method, &path, body).await;
    assert!(answer.status.is_success(), "{answer:?}");
    answer.json()
}

async fn make(house: &House, settings: Value) -> String {
    let made = manage(house, Method::POST, "/keys", settings).await;
    made["key"].as_str().unwrap().to_owned()
}

async fn asks(house: &House, key: &str, more: Value) -> Answer {
    let mut body: Value = serde_json::from_str(&chat(json!({"max_tokens": 20}))).unwrap();
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    let path = "/api/v1/chat/completions";
    house.as_who(key, Method::POST, path, body).await
}

/// Asks until it is refused, and tells how often it was not.
async fn spend_all(house: &House, key: &str) -> (u64, Answer) {
    for count in 0..100 {
        let answer = asks(house, key, json!({})).await;
        if answer.status != 200 {
            return (count, answer);
        }
    }
    panic!("nothing was refused");
}

#[tokio::test]
async fn what_a_key_has_spent_it_has_spent_after_a_restart() {
    let store = Arc::new(MemoryStore::new(100));
    let house = open(&store, |gateway| gateway).await;
    let settings = json!({"name": "team", "limit": 0.001, "limit_reset": "monthly"});
    let key = make(&house, settings).await;
    let (count, refused) = spend_all(&house, &key).await;
    assert!(count > 1, "{refused:?}");
    assert_eq!(refused.status, 402, "{refused:?}");
    let path = format!("/keys/{}", KeyId::of(&key));
    let before = manage(&house, Method::GET, &path, Value::Null).await;
    drop(house);

    let house = open(&store, |gateway| gateway).await;
    assert_eq!(asks(&house, &key, json!({})).await.status, 402);
    let after = manage(&house, Method::GET, &path, Value::Null).await;
    assert_eq!(
        before["data"]["limit_remaining"],
        after["data"]["limit_remaining"]
    );
    // By another window, of which the books know as much.
    manage(&house, Method::PATCH, &path, json!({"limit_reset": null})).await;
    assert_eq!(asks(&house, &key, json!({})).await.status, 402);
    manage(&house, Method::PATCH, &path, json!({"limit": 0.002})).await;
    assert_eq!(asks(&house, &key, json!({})).await.status, 200);
    manage(&house, Method::PATCH, &path, json!({"limit": 0.001})).await;
    assert_eq!(asks(&house, &key, json!({})).await.status, 402);
}

/// A limit that comes when much was spent already.
#[tokio::test]
async fn what_was_spent_before_there_was_a_limit_counts() {
    let store = Arc::new(MemoryStore::new(100));
    let house = open(&store, |gateway| gateway).await;
    let key = make(&house, json!({"name": "team"})).await;
    for _ in 0..5 {
        assert_eq!(asks(&house, &key, json!({})).await.status, 200);
    }
    let path = format!("/keys/{}", KeyId::of(&key));
    let usage = manage(&house, Method::GET, &path, Value::Null).await["data"]["usage"].clone();
    manage(&house, Method::PATCH, &path, json!({"limit": usage})).await;
    assert_eq!(asks(&house, &key, json!({})).await.status, 402);
    let rates = json!({"limit": null, "rate_limits": {"requests_per_day": 6}});
    manage(&house, Method::PATCH, &path, rates).await;
    let statuses = [
        asks(&house, &key, json!({})).await.status,
        asks(&house, &key, json!({})).await.status,
    ];
    assert_eq!(statuses, [StatusCode::OK, StatusCode::TOO_MANY_REQUESTS]);
}

/// Requests are let in, answered and written down all the time; whenever a limit comes, it misses none of them and counts none
/// twice.
#[tokio::test]
async fn a_limit_that_comes_while_a_key_asks_counts_each_request_once() {
    let store = Arc::new(MemoryStore::new(10_000));
    let house = open(&store, |gateway| gateway).await;
    let key = make(&house, json!({"name": "busy"})).await;
    let path = format!("/keys/{}", KeyId::of(&key));
    for reset in ["daily", "weekly", "monthly", "daily", "weekly", "monthly"] {
        // Each is another rule, which begins anew.
        let settings = json!({"limit": 1000, "limit_reset": reset});
        let ask = || asks(&house, &key, json!({}));
        let asked = futures_util::future::join_all((0..24).map(|_| ask()));
        let patch = manage(&house, Method::PATCH, &path, settings);
        let (answers, _) = futures_util::future::join(asked, patch).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        let all = RowQuery {
            from: UNIX_EPOCH,
            to: SystemTime::now() + Duration::from_secs(3600),
            account: None,
            key: None,
            after: None,
            limit: usize::MAX,
        };
        let rows = store.rows(&all).unwrap();
        let charges = rows.iter().map(|row| row.charge.unwrap().picodollars());
        let charged: i64 = charges.sum();
        let level = level_of(&house, &key);
        assert_eq!(
            (level.used, level.held),
            (charged.unsigned_abs(), 0),
            "{reset}"
        );
    }
}

/// What is over while the books are read, and that they did not know yet, is counted too.
#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_comes_misses_nothing_that_is_written_meanwhile() {
    let slow = Arc::new(Slow::default());
    let waits = slow.clone();
    let store = WatchedStore::new(MemoryStore::default()).after(move |question| {
        if let Question::Spend(_) = question {
            waits.wait();
        }
    });
    let house = open(&Arc::new(store), |gateway| gateway).await;
    let key = make(&house, json!({"name": "busy"})).await;
    assert_eq!(asks(&house, &key, json!({})).await.status, 200);
    // One is under way, and has said something.
    let script = Script::new().tokens(10).stall(Point::After(1));
    house.script(0, script);
    let body = chat(json!({"max_tokens": 20, "stream": true}));
    let ask = Request::post(format!("http://{}/api/v1/chat/completions", house.address));
    let ask = ask.header("authorization", format!("Bearer {key}"));
    let mut answer = house
        .send(ask.body(Full::from(Bytes::from(body))).unwrap())
        .await;
    answer.frame().await.unwrap().unwrap();

    let path = format!("/keys/{}", KeyId::of(&key));
    slow.is_slow(true);
    let patch = manage(&house, Method::PATCH, &path, json!({"limit": 1000}));
    let meanwhile = async {
        // The sums have been read.
        while slow.state.lock().unwrap().1 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(answer);
        house.records(2).await;
        slow.is_slow(false);
    };
    futures_util::future::join(patch, meanwhile).await;
    let records = house.records(2).await;
    let charges = records.iter().map(|it| it.charge.unwrap().picodollars());
    let charges: Vec<_> = charges.collect();
    assert!(charges.iter().all(|charge| *charge > 0), "{charges:?}");
    let charged: i64 = charges.iter().sum();
    let level = level_of(&house, &key);
    assert_eq!((level.used, level.held), (charged.unsigned_abs(), 0));
}

/// Whatever is under way when a limit comes may use it up.
#[tokio::test]
async fn a_limit_that_comes_leaves_no_room_for_what_is_under_way() {
    let store = Arc::new(MemoryStore::new(100));
    let house = open(&store, |gateway| gateway).await;
    let key = make(&house, json!({"name": "team"})).await;
    let path = format!("/keys/{}", KeyId::of(&key));
    let (upstream, long) = (&house.upstreams[0], Duration::from_secs(3600));
    upstream.next(Script::new().latency(long));
    let mut slow = Box::pin(asks(&house, &key, json!({})));
    tokio::select! {
        answer = &mut slow => panic!("{answer:?}"),
        () = upstream.wait_calls(1) => {}
    }
    let held = house.ledger.totals().held;
    let limit = Money::from_picodollars(i64::try_from(held).unwrap() + 1).to_string();
    let limit: serde_json::Number = serde_json::from_str(&limit).unwrap();
    manage(&house, Method::PATCH, &path, json!({"limit": limit})).await;
    let level = level_of(&house, &key);
    assert_eq!((i128::from(level.held), level.used), (held, 0));
    assert_eq!(asks(&house, &key, json!({})).await.status, 402);
    drop(slow);
}

/// Used of the limit of this key, and the record of the one request that it made.
async fn used_by(house: &House, key: &str) -> (u64, Record) {
    assert_eq!(asks(house, key, json!({})).await.status, 200);
    let records = house.ledger.records();
    (used_of(house, key), records.last().unwrap().clone())
}

/// Used of the limit of this key, of which nothing is held.
fn used_of(house: &House, key: &str) -> u64 {
    let level = level_of(house, key);
    assert_eq!(level.held, 0);
    level.used
}

/// Of the limit of this key.
fn level_of(house: &House, key: &str) -> Level {
    let caller = house.ring.get(KeyId::of(key)).unwrap().caller().clone();
    let mut levels = support::budgets(house.ledger.limits(), &caller).into_iter();
    let level = levels.find(|it| it.rule.name() == KeySettings::LIMIT);
    level.unwrap()
}

/// The account has a key of its own, for a fee of five in a hundred.
fn own_key(house: &House) {
    let settings = ProviderKeySettings::of("first", "sk-...AbCd", UNIX_EPOCH);
    let own = ProviderKey::new("1", 1, settings, "sk-own", Instant::now()).unwrap();
    let wallet = house.ring.provider_keys(Caller::ACCOUNT);
    wallet.set([Arc::new(own.with_fee("0.05".parse().unwrap()))]);
}

async fn count_fees(house: &House) {
    own_key(house);
    let picodollars = |money: Money| money.picodollars().unsigned_abs();

    let key = make(house, json!({"name": "fees", "limit": 1})).await;
    let (used, record) = used_by(house, &key).await;
    let cost = record.attempts[0].cost.amount.unwrap();
    assert_eq!(record.charge, Some(Money::ZERO));
    assert!(record.fee > Money::ZERO && record.fee < cost);
    assert_eq!(used, picodollars(record.fee));

    let all = json!({"name": "all", "limit": 1, "include_byok_in_limit": true});
    let key = make(house, all).await;
    let (used, record) = used_by(house, &key).await;
    let cost = record.attempts[0].cost.amount.unwrap();
    assert_eq!(used, picodollars(record.fee) + picodollars(cost));
}

#[tokio::test]
async fn limits_count_fees_and_what_own_keys_cost_if_they_should() {
    let store = Arc::new(MemoryStore::new(100));
    count_fees(&open(&store, |gateway| gateway).await).await;
    count_fees(&over(MemoryLedger::default(), |gateway| gateway).await).await;
}

/// The caller's own key is billed by the provider: the key's limit counts that, and its usage at the operator's does not. Told
/// before and after a restart, digit for digit.
#[tokio::test]
async fn what_own_keys_cost_is_told_apart_and_counts_after_a_restart() {
    let store = Arc::new(MemoryStore::new(100));
    let house = open(&store, |gateway| gateway).await;
    own_key(&house);
    let all = json!({"name": "all", "limit": 1, "include_byok_in_limit": true});
    let key = make(&house, all).await;
    let (used, record) = used_by(&house, &key).await;
    let cost = record.attempts[0].cost.amount.unwrap();
    let before = house.as_who(&key, Method::GET, "/api/v1/key", Value::Null);
    let before = before.await;
    let left = "1".parse::<Money>().unwrap().saturating_sub(cost);
    let left = left.saturating_sub(record.fee);
    for (name, amount) in [
        ("usage", record.fee),
        ("usage_daily", record.fee),
        ("byok_usage", cost),
        ("byok_usage_daily", cost),
        ("byok_usage_weekly", cost),
        ("byok_usage_monthly", cost),
        ("limit_remaining", left),
    ] {
        let told = format!("\"{name}\":{amount},");
        assert!(before.body.contains(&told), "{told} {}", before.body);
    }
    let path = "/api/v1/spend?by=key";
    let spend = house.as_who(MANAGER, Method::GET, path, Value::Null).await;
    for told in [
        format!("\"byok_cost\":{cost},"),
        format!("\"byok_counted\":{cost},"),
        "\"cost_exact\":0,".to_owned(),
        "\"cost_at_most\":0,".to_owned(),
    ] {
        assert!(spend.body.contains(&told), "{told} {}", spend.body);
    }
    let totals = house.ledger.totals();
    assert_eq!(totals.cost_exact, 0, "the operator is billed nothing");
    drop(house);

    let house = open(&store, |gateway| gateway).await;
    assert_eq!(used_of(&house, &key), used);
    let after = house.as_who(&key, Method::GET, "/api/v1/key", Value::Null);
    assert_eq!(after.await.body, before.body);
    // By a window of rows it is as much.
    let path = format!("/keys/{}", KeyId::of(&key));
    manage(
        &house,
        Method::PATCH,
        &path,
        json!({"limit_reset": "daily"}),
    )
    .await;
    assert_eq!(used_of(&house, &key), used);
    let list = manage(&house, Method::GET, "/keys", Value::Null).await;
    assert_eq!(list["data"][0]["byok_usage"].to_string(), cost.to_string());
}

#[tokio::test]
async fn an_account_spends_what_it_was_given() {
    let store = Arc::new(MemoryStore::new(100));
    let house = open(&store, Gateway::prepaid).await;
    let refused = asks(&house, KEY, json!({})).await;
    assert_eq!(refused.status, 402, "{refused:?}");
    let error = &refused.json()["error"];
    assert!(
        error["message"].as_str().unwrap().contains("credit"),
        "{error}"
    );
    let give = |id: &str| json!({"id": id, "amount": 0.001});
    manage(&house, Method::POST, "/credits", give("1")).await;
    let (count, refused) = spend_all(&house, KEY).await;
    assert!(count > 1);
    assert_eq!(refused.status, 402);
    drop(house);

    let house = open(&store, Gateway::prepaid).await;
    assert_eq!(asks(&house, KEY, json!({})).await.status, 402);
    // The same order again gives nothing.
    manage(&house, Method::POST, "/credits", give("1")).await;
    assert_eq!(asks(&house, KEY, json!({})).await.status, 402);
    manage(&house, Method::POST, "/credits", give("2")).await;
    assert_eq!(asks(&house, KEY, json!({})).await.status, 200);
    drop(house);
    // Who does not ask for credit needs none.
    let house = open(&store, |gateway| gateway).await;
    for _ in 0..count + 1 {
        assert_eq!(asks(&house, KEY, json!({})).await.status, 200);
    }
}

/// Its books could not be read when it began, or nobody had asked it to: then all that an account had spent was its own once more.
#[tokio::test]
async fn whoever_begins_blind_learns_what_was_spent() {
    let store = Arc::new(MemoryStore::new(100));
    let house = open(&store, Gateway::prepaid).await;
    let give = json!({"id": "1", "amount": 0.002});
    manage(&house, Method::POST, "/credits", give).await;
    let key = make(&house, json!({"name": "team", "limit": 0.001})).await;
    spend_all(&house, &key).await;
    let (_, refused) = spend_all(&house, KEY).await;
    assert_eq!(refused.status, 402);
    drop(house);

    let journal = support::journal(store.clone());
    let limits = journal.books().limits().clone();
    let upstream = Upstream::builder().name("first").prices(prices(0));
    let upstream = upstream.start().await.unwrap();
    let stack = Stack::new(Arc::new(catalog(&[upstream.base_url()]))).with_ledger(journal);
    let gateway = Gateway::new(stack, client::hyper::plain());
    let gateway = gateway.keys([KEY]).prepaid();
    // As who puts its keys there by itself, and never reads any.
    let stored = store.documents("key").unwrap().pop().unwrap();
    let settings = KeySettings::from_json(stored.json.as_deref().unwrap()).unwrap();
    let id: KeyId = stored.id.parse().unwrap();
    gateway
        .key_ring()
        .put(RingKey::new(id, stored.version, settings));
    let house = House::of(vec![upstream], gateway, Bounds::default()).await;

    let caller = Caller::new(id);
    let used = || {
        let levels = support::budgets(&limits, &caller).into_iter();
        levels.map(|level| level.used).collect::<Vec<_>>()
    };
    support::within(async {
        while used().contains(&0) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert_eq!(used().len(), 2, "{:?}", used());
    for key in [KEY, &key] {
        assert_eq!(asks(&house, key, json!({})).await.status, 402);
    }
    // Once it knows, it goes on: nothing counts twice.
    let before = used();
    let give = json!({"id": "2", "amount": 0.000001});
    manage(&house, Method::POST, "/credits", give).await;
    assert_eq!(used(), before);
}

/// With a model for nothing, and one for money.
fn with_free(url: Uri) -> Catalog {
    let toml = format!(
        r#"
        providers.first.base_url = "{url}"
        [[models."acme/large".endpoints]]
        provider = "first"
        model = "large"
        prices = {{ prompt = "1", completion = "1" }}
        [[models."acme/large:free".endpoints]]
        provider = "first"
        model = "large"
        prices = {{ prompt = "0", completion = "0" }}
        "#
    );
    Catalog::from_toml(&toml, "switchtower.toml", |_| None).unwrap()
}

#[tokio::test]
async fn free_models_are_asked_so_often_a_day() {
    let store = Arc::new(MemoryStore::new(100));
    let open = |free: FreeModels| {
        let journal = support::journal(store.clone());
        serving(with_free, journal, move |gateway| gateway.free_models(free))
    };
    let free = FreeModels {
        per_minute: 100,
        per_day: 2,
        per_day_if_paid: 4,
        ..FreeModels::default()
    };
    let house = open(free).await;
    let ask = json!({"model": "acme/large:free", "provider": {}});
    let told = async |house: &House| {
        let key = house.get("/api/v1/key").await.json()["data"].clone();
        (
            key["is_free_tier"].clone(),
            key["free_model_daily_requests"].clone(),
        )
    };
    for used in 0..2 {
        let daily = json!({"used": used, "limit": 2, "remaining": 2 - used});
        assert_eq!(told(&house).await, (json!(true), daily));
        let answer = asks(&house, KEY, ask.clone()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    // Another key of the account is no help; another model is.
    let key = make(&house, json!({"name": "other"})).await;
    for key in [KEY, &key] {
        let refused = asks(&house, key, ask.clone()).await;
        assert_eq!(refused.status, 429);
        assert!(refused.body.contains("free-models-per-day"), "{refused:?}");
    }
    let paid = json!({"model": "acme/large", "provider": {}});
    assert_eq!(asks(&house, KEY, paid).await.status, 200);

    let journal = support::journal(store.clone());
    let house = serving(with_free, journal, |gateway| gateway).await;
    let most = (1_u64 << 53) - 1;
    let daily = json!({"used": 2, "limit": most, "remaining": most - 2});
    assert_eq!(told(&house).await, (json!(false), daily));

    let house = open(free).await;
    assert_eq!(asks(&house, KEY, ask.clone()).await.status, 429);
    let credit = json!({"id": "1", "amount": 10});
    manage(&house, Method::POST, "/credits", credit).await;
    let daily = json!({"used": 2, "limit": 4, "remaining": 2});
    assert_eq!(told(&house).await, (json!(false), daily));
    assert_eq!(asks(&house, KEY, ask.clone()).await.status, 200);

    let slow = FreeModels {
        per_minute: 1,
        per_day: 100,
        ..free
    };
    let house = open(slow).await;
    let refused = asks(&house, KEY, ask).await;
    assert_eq!(refused.status, 429);
    assert!(refused.body.contains("free-models-per-min"), "{refused:?}");
}
