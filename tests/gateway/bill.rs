//! One bill: credits, what was spent, and what is left.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{Method, StatusCode};
use serde_json::{Value, json};
use switchtower::gateway::{Bounds, Gateway};
use switchtower::settle::store::{Entry, MemoryStore, Row, RowQuery, Store, StoreError};
use switchtower::testing::{Failure, Question, Script, Upstream, WatchedStore};
use switchtower::{KeyId, Money, Stack, client};

use crate::support::{self, House, KEY, MANAGER, catalog};

/// A gateway with a store behind it.
async fn bank() -> House {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(1000));
    let journal = support::journal(store);
    House::with(2, |stack| stack.with_ledger(journal), Bounds::default()).await
}

async fn told(house: &House, path: &str) -> Value {
    let answer = house.manage(Method::GET, path, "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["data"].clone()
}

async fn give(house: &House, credit: Value) -> (u16, Value) {
    let answer = house.manage(Method::POST, "/api/v1/credits", credit.to_string());
    let answer = answer.await;
    (answer.status.as_u16(), answer.json())
}

/// Digit for digit, since a float is no money.
fn digits(body: &str, name: &str) -> String {
    let (_, rest) = body.split_once(&format!("\"{name}\":")).unwrap();
    let end = rest.find([',', '}']).unwrap();
    rest[..end].to_owned()
}

#[tokio::test]
async fn what_was_given_less_what_was_spent_is_what_is_left() {
    let house = bank().await;
    let order = json!({"id": "order-1", "amount": 10.5, "note": "invoice 7"});
    let (status, given) = give(&house, order.clone()).await;
    assert_eq!((status, &given["data"]["kind"]), (201, &json!("grant")));
    // Who sends it again, since the answer was lost, gives nothing more.
    assert_eq!(give(&house, order).await.1, given);

    let answer = house.ask(json!({})).await;
    let cost = digits(&answer.body, "cost");
    let totals = house.manage(Method::GET, "/api/v1/credits", "").await;
    assert_eq!(digits(&totals.body, "total_credits"), "10.5");
    assert_eq!(digits(&totals.body, "total_usage"), cost);

    let statement = house.manage(Method::GET, "/api/v1/statement", "").await;
    let told = statement.json()["data"].clone();
    assert_eq!(digits(&statement.body, "opening"), "0");
    assert_eq!(digits(&statement.body, "charged"), cost);
    assert_eq!(told["credits"][0]["note"], "invoice 7");
    assert_eq!(told["lines"][0]["key"], KeyId::of(KEY).to_string());
    assert_eq!(told["lines"][0]["model"], "acme/large");
    let left: switchtower::Money = "10.5".parse().unwrap();
    let left = left.saturating_sub(cost.parse().unwrap());
    assert_eq!(digits(&statement.body, "closing"), left.to_string());
}

/// It is asked for when the process that answered is gone, and nothing of it is in memory.
#[tokio::test]
async fn a_generation_is_told_after_a_restart_as_before() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(1000));
    let open = || {
        let journal = support::journal(store.clone());
        House::with(2, |stack| stack.with_ledger(journal), Bounds::default())
    };
    let house = open().await;
    house.script(
        0,
        Script::fail(Failure::new(StatusCode::SERVICE_UNAVAILABLE)),
    );
    let id = house.ask(json!({})).await.json()["id"].clone();
    let path = format!("/api/v1/generation?id={}", id.as_str().unwrap());
    let before = house.get(&path).await;
    assert_eq!(before.status, 200, "{before:?}");
    drop(house);

    let house = open().await;
    assert!(house.ledger.records().is_empty());
    let after = house.get(&path).await;
    assert_eq!(after.body, before.body);
    let other = "/api/v1/generation?id=gen-1795608000-00000000000000000000";
    assert_eq!(house.get(other).await.status, 404);
}

/// A name with a zero in it went as far as the store, and one that cannot take it failed: a 500.
#[tokio::test]
async fn what_is_no_name_is_no_generation() {
    let store = WatchedStore::new(MemoryStore::new(1000)).before(|question| match question {
        Question::Row(_) => Err(StoreError::Other("invalid byte sequence".into())),
        _ => Ok(()),
    });
    let journal = support::journal(Arc::new(store));
    let house = House::with(1, |stack| stack.with_ledger(journal), Bounds::default()).await;
    for name in ["gen-%00", "gen-1-%00", "gen-%C3%A9", "gen-1'", "chatcmpl-1"] {
        let answer = house.get(&format!("/api/v1/generation?id={name}")).await;
        assert_eq!(answer.status, 404, "{name}: {answer:?}");
        let path = format!("/api/v1/generations?after={name}");
        let answer = house.manage(Method::GET, &path, "").await;
        assert_eq!(answer.status, 400, "{name}: {answer:?}");
    }
}

/// Yesterday's, since today is not over.
#[tokio::test]
async fn activity_is_of_a_workspace_if_it_is_asked_for() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(1000));
    let yesterday = SystemTime::now() - Duration::from_secs(86_400);
    let journal = support::journal(store.clone());
    let house = House::with(1, |stack| stack.with_ledger(journal), Bounds::default()).await;
    house.ask(json!({})).await;
    let mut row = Row::from(&house.records(1).await[0]);
    row.id = "gen-1795608000-00000000000000000000".parse().unwrap();
    row.created = yesterday;
    row.attempts[0].byok = true;
    store.commit(&[Entry::Row(Box::new(row.clone()))]).unwrap();
    let cost = row.attempts[0].cost.unwrap();
    let plain = house.manage(Method::GET, "/api/v1/activity", "").await;
    assert_eq!(
        digits(&plain.body, "byok_usage_inference"),
        cost.to_string()
    );
    assert_eq!(digits(&plain.body, "usage"), row.drawn().to_string());
    assert!(!plain.body.contains("workspace_id"));
    let grouped = told(&house, "/api/v1/activity?group_by=workspace").await;
    let workspace = grouped[0]["workspace_id"].as_str().unwrap();
    let path = format!("/api/v1/activity?workspace_id={workspace}");
    assert_eq!(told(&house, &path).await, plain.json()["data"]);
}

/// An operator changes the fee, and somebody repeats an order whose answer was lost before that.
#[tokio::test]
async fn an_order_is_repeated_as_it_was_answered_whatever_the_fee_is_now() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(1000));
    let order = json!({"id": "order-1", "amount": 100, "note": "invoice 7"});
    let mut answers = Vec::new();
    for fee in ["0.05", "0.07", "0"] {
        let journal = support::journal(store.clone());
        let upstream = Upstream::builder().name("first").start().await.unwrap();
        let stack = Stack::new(Arc::new(catalog(&[upstream.base_url()])));
        let stack = stack.with_ledger(journal);
        let gateway = Gateway::new(stack, client::hyper::plain());
        let gateway = gateway.credit_fee(fee.parse().unwrap());
        let house = House::of(vec![upstream], gateway, Bounds::default()).await;
        let (status, given) = give(&house, order.clone()).await;
        assert_eq!(status, 201, "{given}");
        answers.push(given);
        let other = json!({"id": "order-1", "amount": 100, "note": "invoice 8"});
        assert_eq!(give(&house, other).await.0, 400);
    }
    assert_eq!(answers[0]["data"]["fee"], json!(5));
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

/// Elsewhere a look at the bill was itself a line of it. Here none is recorded, and none takes anything of a limit.
#[tokio::test]
async fn who_looks_at_what_was_spent_spends_nothing() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(1000));
    let journal = support::journal(store.clone());
    let house = House::with(1, |stack| stack.with_ledger(journal), Bounds::default()).await;
    let settings = json!({"name": "team", "limit": 1, "rate_limits": {"requests_per_day": 2}});
    let made = house.manage(Method::POST, "/api/v1/keys", settings.to_string());
    let made = made.await.json();
    let key = made["key"].as_str().unwrap();
    let ask = async || {
        let body = serde_json::from_str(&support::chat(json!({}))).unwrap();
        let path = "/api/v1/chat/completions";
        house.as_who(key, Method::POST, path, body).await
    };
    let answer = ask().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let generation = format!(
        "/generation?id={}",
        answer.header("x-generation-id").unwrap()
    );
    let known = || {
        let all = RowQuery {
            from: UNIX_EPOCH,
            to: SystemTime::now() + Duration::from_secs(60),
            account: None,
            key: None,
            after: None,
            limit: 1000,
        };
        let holds = store.holds().unwrap().len();
        (house.ledger.totals(), store.rows(&all).unwrap(), holds)
    };
    let before = known();
    assert_eq!((before.0.records, before.1.len(), before.2), (1, 1, 0));

    let mut told = HashMap::new();
    for version in ["/api/v1", "/v1"].repeat(20) {
        for (who, path) in [
            (key, &*generation),
            (key, "/key"),
            (key, "/auth/key"),
            (key, "/models/user"),
            (MANAGER, &*generation),
            (MANAGER, "/activity"),
            (MANAGER, "/credits"),
            (MANAGER, "/spend"),
            (MANAGER, "/statement"),
            (MANAGER, "/generations"),
            (MANAGER, "/keys"),
        ] {
            let path = format!("{version}{path}");
            let answer = house.as_who(who, Method::GET, &path, Value::Null).await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
            let first = told
                .entry((who, path.clone()))
                .or_insert(answer.body.clone());
            assert_eq!(*first, answer.body, "{path}");
        }
    }
    assert_eq!(known(), before);

    // Two requests a day, and this is the second: the looks at the books were none.
    assert_eq!(ask().await.status, 200);
    let (totals, rows, holds) = known();
    assert_eq!(
        (totals.records, rows.len(), holds, house.calls()),
        (2, 2, 0, 2)
    );
    assert_eq!(ask().await.status, 429);
}

/// A fee is no part of the charge, but of what is paid.
#[tokio::test]
async fn what_an_operator_asks_beside_is_told_apart() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(1000));
    let journal = support::journal(store);
    let change = |stack: Stack| stack.with_ledger(journal).fee("0.05".parse().unwrap());
    let house = House::with(1, change, Bounds::default()).await;
    let answer = house.ask(json!({})).await;

    let record = &house.records(1).await[0];
    let charge = record.charge.unwrap();
    let exact = (charge.picodollars() as f64 * 0.05 - record.fee.picodollars() as f64).abs();
    assert!(
        charge > Money::ZERO && exact <= 0.5,
        "{charge} {}",
        record.fee
    );
    let paid = charge.saturating_add(record.fee);
    assert_eq!(digits(&answer.body, "cost"), paid.to_string());
    assert!(record.held >= paid, "a fee is held as well");
    let statement = house.manage(Method::GET, "/api/v1/statement", "").await;
    assert_eq!(digits(&statement.body, "charged"), charge.to_string());
    assert_eq!(digits(&statement.body, "fees"), record.fee.to_string());
    assert_eq!(digits(&statement.body, "closing"), format!("-{paid}"));
}

#[tokio::test]
async fn what_was_spent_is_split_as_one_likes() {
    let house = bank().await;
    house.script(
        0,
        Script::fail(Failure::new(StatusCode::SERVICE_UNAVAILABLE)),
    );
    for user in ["anna", "anna", "ben"] {
        assert_eq!(house.ask(json!({"user": user})).await.status, 200);
    }
    let by_user = told(&house, "/api/v1/spend?by=user").await;
    let counted: Vec<_> = by_user
        .as_array()
        .unwrap()
        .iter()
        .map(|sum| (&sum["user"], &sum["requests"]))
        .collect();
    assert_eq!(
        counted,
        [(&json!("anna"), &json!(2)), (&json!("ben"), &json!(1))]
    );
    let one = told(&house, "/api/v1/spend?by=provider,key&user=ben").await;
    assert_eq!(one.as_array().unwrap().len(), 1);
    assert_eq!(one[0]["provider"], "second & Co.");
    assert_eq!(one[0]["key"], KeyId::of(KEY).to_string());

    // As a file: a line an attempt, and a column that adds up.
    let path = "/api/v1/generations?format=csv";
    let file = house.manage(Method::GET, path, "").await;
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    let mut lines = file.body.lines();
    let names: Vec<_> = lines.next().unwrap().split(',').collect();
    let place = |name| names.iter().position(|it| *it == name).unwrap();
    let rows: Vec<Vec<_>> = lines.map(|line| line.split(',').collect()).collect();
    let attempts: usize = house
        .records(3)
        .await
        .iter()
        .map(|it| it.attempts.len())
        .sum();
    assert_eq!(rows.len(), attempts);
    let charged = rows.iter().filter(|row| !row[place("charge")].is_empty());
    assert_eq!(charged.count(), 3);

    // Today is not over, and activity is of days that are.
    assert_eq!(told(&house, "/api/v1/activity").await, json!([]));
}

#[tokio::test]
async fn a_page_of_rows_goes_on_where_the_one_before_ended() {
    let house = bank().await;
    for _ in 0..3 {
        house.ask(json!({})).await;
    }
    let first = told(&house, "/api/v1/generations?limit=2").await;
    let last = first[1]["id"].as_str().unwrap();
    let rest = told(&house, &format!("/api/v1/generations?limit=2&after={last}")).await;
    assert_eq!(first.as_array().unwrap().len(), 2);
    assert_eq!(rest.as_array().unwrap().len(), 1);
    assert_ne!(rest[0]["id"], first[0]["id"]);
}

#[tokio::test]
async fn nobody_else_is_told() {
    let house = bank().await;
    for path in ["activity", "credits", "spend", "statement", "generations"] {
        let answer = house.get(&format!("/api/v1/{path}")).await;
        assert_eq!(answer.status, 403, "{path}");
    }
    let answer = house.post("/api/v1/credits", r#"{"id": "a", "amount": 1}"#);
    assert_eq!(answer.await.status, 403);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let house = bank().await;
    for (path, name) in [
        ("spend?by=colour", "by"),
        ("spend?by=day,day", "by"),
        ("spend?from=2026-02-30", "from"),
        ("spend?from=2026-02-02&to=2026-02-01", "from"),
        ("spend?from=2020-01-01&to=2026-01-01", "from"),
        ("spend?key=sk-or-v1-a", "key"),
        ("spend?format=xml", "format"),
        ("spend?format=csv&format=json", "format"),
        ("statement?month=2026-13", "month"),
        ("activity?date=1999-01-01", "date"),
        ("activity?group_by=key", "group_by"),
        ("activity?workspace_id=mine", "workspace_id"),
        ("generations?after=gen-1-00000000000000000000", "after"),
        ("generations?limit=0", "limit"),
    ] {
        let answer = house.manage(Method::GET, &format!("/v1/{path}"), "").await;
        assert_eq!(answer.status, 400, "{path}");
        assert_eq!(answer.json()["error"]["param"], name, "{path}");
    }
    // What is empty is as if it were not there.
    let path = "/v1/spend?format=&format=csv&by=";
    let answer = house.manage(Method::GET, path, "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    for (credit, name) in [
        (json!({"amount": 1}), "id"),
        (json!({"id": "a"}), "amount"),
        (json!({"id": "a", "amount": -1}), "amount"),
        (json!({"id": "a", "amount": 0}), "amount"),
        (json!({"id": "a", "amount": 1e9}), "amount"),
        (json!({"id": "a", "amount": 1, "kind": "gift"}), "kind"),
        (json!({"id": "a", "amount": 1, "colour": "red"}), "colour"),
        (json!({"id": "a".repeat(129), "amount": 1}), "id"),
    ] {
        let answer = house.manage(Method::POST, "/v1/credits", credit.to_string());
        let answer = answer.await;
        assert_eq!(answer.status, 400, "{credit}: {answer:?}");
        assert_eq!(answer.json()["error"]["param"], name, "{credit}");
    }
    // Another order of the same name is none.
    assert_eq!(give(&house, json!({"id": "a", "amount": 1})).await.0, 201);
    assert_eq!(give(&house, json!({"id": "a", "amount": 2})).await.0, 400);
}

#[tokio::test]
async fn without_a_store_there_are_no_books() {
    let house = House::open(1).await;
    let answer = house.manage(Method::GET, "/api/v1/spend", "").await;
    assert_eq!(answer.status, 404);
}

/// A balance that no limit could hold would be cut to what one can, and the rest of the money never spent.
#[tokio::test]
async fn a_balance_beyond_what_limits_can_hold_is_refused() {
    let house = bank().await;
    let most = |id: &str, account: &str| json!({"id": id, "account": account, "amount": 9_000_000});
    assert_eq!(give(&house, most("1", "acme")).await.0, 201);
    assert_eq!(give(&house, most("2", "other")).await.0, 201);
    let (status, refused) = give(&house, most("3", "acme")).await;
    assert_eq!(status, 400, "{refused}");
    assert_eq!(refused["error"]["metadata"]["param"], "amount");
    let less = json!({"id": "4", "account": "acme", "kind": "adjustment", "amount": -8_000_000});
    assert_eq!(give(&house, less).await.0, 201);
    assert_eq!(give(&house, most("3", "acme")).await.0, 400, "10,000,000");
    // Of two at once the second is too much, and who repeats the first is told so.
    let some = |id: &str| json!({"id": id, "account": "acme", "amount": 5_000_000});
    let (one, other) = tokio::join!(give(&house, some("5")), give(&house, some("6")));
    let mut both = [one.0, other.0];
    both.sort_unstable();
    assert_eq!(both, [201, 400]);
    assert_eq!(give(&house, most("1", "acme")).await.0, 201);
    let told = told(&house, "/api/v1/credits?account=acme").await;
    assert_eq!(told["total_credits"], 6_000_000);
}
