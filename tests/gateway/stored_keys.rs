//! Keys that outlive the process: in a store that two gateways share.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use switchtower::dispatch::recover::RecoverLayer;
use switchtower::gateway::{Bounds, Gateway};
use switchtower::keys::MasterKeys;
use switchtower::settle::store::{MemoryStore, Store};
use switchtower::testing::{Failure, Script, Upstream};
use switchtower::{KeyId, Stack, client};

use crate::support::{House, MANAGER, catalog, chat, within};

const OLD: &str = "0000000000000000000000000000000000000000000000000000000000000001";
const NEW: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const SECRET: &str = "sk-own-0123456789abcdefAbCd";

async fn open(store: &Arc<MemoryStore>, masters: Option<&str>) -> House {
    serving(store, masters, Duration::from_secs(30)).await
}

async fn serving(store: &Arc<MemoryStore>, masters: Option<&str>, refresh: Duration) -> House {
    let upstream = Upstream::builder().name("first").start().await.unwrap();
    upstream.script_fn(|seen| match seen.header("authorization") {
        Some(key) if key == format!("Bearer {SECRET}") => Script::new().text("Hello!"),
        _ => Script::fail(Failure::bad_key()),
    });
    let stack = Stack::new(Arc::new(catalog(&[upstream.base_url()])));
    let stack = stack.recover(RecoverLayer::new().on(false));
    let store: Arc<dyn Store> = store.clone();
    let mut gateway = Gateway::new(stack, client::hyper::plain())
        .keep_keys_in(store)
        .refresh_keys(refresh);
    if let Some(masters) = masters {
        gateway = gateway.master_keys(MasterKeys::parse(masters).unwrap());
    }
    gateway.read_keys().await.unwrap();
    House::of(vec![upstream], gateway, Bounds::default()).await
}

async fn manage(house: &House, method: Method, path: &str, body: Value) -> Value {
    let path = format!("/api/v1{path}");
    let answer = house.as_who(MANAGER, method, &path, body).await;
    assert!(answer.status.is_success(), "{answer:?}");
    answer.json()
}

async fn asks(house: &House, key: &str) -> StatusCode {
    let body: Value = serde_json::from_str(&chat(json!({}))).unwrap();
    let path = "/api/v1/chat/completions";
    house.as_who(key, Method::POST, path, body).await.status
}

#[tokio::test]
async fn a_key_is_let_in_after_a_restart_until_it_is_deleted_elsewhere() {
    let store = Arc::new(MemoryStore::new(100));
    let one = open(&store, None).await;
    let made = manage(&one, Method::POST, "/keys", json!({"name": "team"})).await;
    let key = made["key"].as_str().unwrap().to_owned();
    let path = format!("/keys/{}", KeyId::of(&key));

    let two = open(&store, None).await;
    let known = manage(&two, Method::GET, &path, Value::Null).await;
    assert_eq!(known["data"], made["data"]);

    // Each changes what the other one has not heard of.
    manage(&two, Method::PATCH, &path, json!({"name": "other"})).await;
    let both = manage(&one, Method::PATCH, &path, json!({"limit": 5})).await;
    assert_eq!(
        (&both["data"]["name"], &both["data"]["limit"]),
        (&json!("other"), &json!(5))
    );
    manage(&two, Method::DELETE, &path, Value::Null).await;
    drop(one);

    let three = open(&store, None).await;
    assert_eq!(asks(&three, &key).await, 401);
    let all = store.documents("key").unwrap();
    assert!(all.is_empty(), "{all:?}");
}

/// What one replica does the other hears of: of a new key at once, of all else after a while.
#[tokio::test]
async fn replicas_hear_of_each_others_keys() {
    let store = Arc::new(MemoryStore::new(100));
    let often = Duration::from_millis(20);
    let (one, two) = (open(&store, None).await, serving(&store, None, often).await);
    let three = serving(&store, None, Duration::ZERO).await;
    let made = manage(&one, Method::POST, "/keys", json!({"name": "team"})).await;
    let key = made["key"].as_str().unwrap().to_owned();
    for house in [&two, &three] {
        // Let in, if only to hear that the operator has no key that is accepted.
        assert_ne!(asks(house, &key).await, 401);
    }
    let made = manage(&one, Method::POST, "/keys", json!({"name": "two"})).await;
    let other = made["key"].as_str().unwrap();
    let path = "/api/v1/models";
    let listed = async || {
        two.as_who(other, Method::GET, path, Value::Null)
            .await
            .status
    };
    within(async { while listed().await != 200 {} }).await;
    // Nobody knows it, and nobody looks for it again and again.
    for _ in 0..3 {
        assert_eq!(asks(&three, "sk-or-v1-nobodys").await, 401);
    }

    let path = format!("/keys/{}", KeyId::of(&key));
    manage(&one, Method::PATCH, &path, json!({"disabled": true})).await;
    within(async { while asks(&two, &key).await != 401 {} }).await;
    manage(&one, Method::PATCH, &path, json!({"disabled": false})).await;
    within(async { while asks(&two, &key).await == 401 {} }).await;
    manage(&one, Method::DELETE, &path, Value::Null).await;
    within(async { while asks(&two, &key).await != 401 {} }).await;
    assert_ne!(asks(&three, &key).await, 401, "it reads no more");
}

#[tokio::test]
async fn what_is_set_for_a_key_is_what_limits_it() {
    let upstream = Upstream::builder().name("first").start().await.unwrap();
    let stack = Stack::new(Arc::new(catalog(&[upstream.base_url()])));
    let gateway = Gateway::new(stack, client::hyper::plain());
    let house = House::of(vec![upstream], gateway, Bounds::default()).await;

    let settings = json!({"name": "slow", "rate_limits": {"requests_per_minute": 2}});
    let made = manage(&house, Method::POST, "/keys", settings).await;
    let key = made["key"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        assert_eq!(asks(&house, &key).await, 200);
    }
    assert_eq!(asks(&house, &key).await, 429);
    let path = format!("/keys/{}", KeyId::of(&key));
    manage(&house, Method::PATCH, &path, json!({"rate_limits": null})).await;
    assert_eq!(asks(&house, &key).await, 200);
}

#[tokio::test]
async fn a_key_of_a_provider_is_sealed_and_never_told() {
    let store = Arc::new(MemoryStore::new(100));
    let house = open(&store, Some(OLD)).await;
    let key = manage(&house, Method::POST, "/keys", json!({"name": "team"})).await;
    let key = key["key"].as_str().unwrap().to_owned();
    assert_ne!(
        asks(&house, &key).await,
        200,
        "the operator has no key that is accepted"
    );

    let own = json!({"provider": "first", "key": SECRET, "name": "mine"});
    let made = manage(&house, Method::POST, "/byok", own).await;
    assert_eq!(made["data"]["label"], "sk-...AbCd");
    assert_eq!(asks(&house, &key).await, 200);
    let list = manage(&house, Method::GET, "/byok", Value::Null).await;
    assert_eq!(
        (&list["total_count"], &list["data"][0]),
        (&json!(1), &made["data"])
    );
    let stored = store.documents("byok").unwrap().remove(0);
    let stored = stored.json.unwrap();
    for text in [&list.to_string(), &made.to_string(), &stored] {
        assert!(!text.contains("0123456789abcdef"), "{text}");
    }

    // The operator changes the master key: it is opened by the old one, and sealed under the new.
    let house = open(&store, Some(&format!("{NEW} {OLD}"))).await;
    assert_eq!(asks(&house, &key).await, 200);
    let sealed_anew = store.documents("byok").unwrap().remove(0).json.unwrap();
    assert_ne!(sealed_anew, stored);
    let house = open(&store, Some(NEW)).await;
    assert_eq!(asks(&house, &key).await, 200);
    // With none, or a wrong one, it is there, and of no use.
    for masters in [None, Some(OLD)] {
        let house = open(&store, masters).await;
        assert_ne!(asks(&house, &key).await, 200);
        let list = manage(&house, Method::GET, "/byok", Value::Null).await;
        assert_eq!(list["total_count"], 1);
    }

    let id = made["data"]["id"].as_str().unwrap();
    let path = format!("/byok/{id}");
    let rotated = json!({"key": "sk-wrong-0123456789abcdefWxYz", "name": null});
    let rotated = manage(&house, Method::PATCH, &path, rotated).await;
    assert_eq!(
        (&rotated["data"]["label"], &rotated["data"]["name"]),
        (&json!("sk-...WxYz"), &json!(null))
    );
    assert_ne!(asks(&house, &key).await, 200);
    let gone = manage(&house, Method::DELETE, &path, Value::Null).await;
    assert_eq!(gone, json!({"deleted": true}));
    assert!(store.documents("byok").unwrap().is_empty());
}

#[tokio::test]
async fn what_is_wrong_with_a_key_of_a_provider_is_named() {
    let store = Arc::new(MemoryStore::new(100));
    let house = open(&store, Some(OLD)).await;
    let key = |more: Value| {
        let mut body = json!({"provider": "first", "key": SECRET});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let path = "/api/v1/byok";
    for (body, says) in [
        (json!({"provider": "first"}), "`key`"),
        (json!({"key": SECRET}), "`provider`"),
        (key(json!({"provider": "nobody"})), "`provider`"),
        (key(json!({"key": "a\nb"})), "`key`"),
        (key(json!({"key": 7})), "`key`"),
        (key(json!({"allowed_models": []})), "`allowed_models`"),
        (
            key(json!({"allowed_api_key_hashes": ["00"]})),
            "`allowed_api_key_hashes`",
        ),
        (key(json!({"sort_order": -1})), "`sort_order`"),
        (key(json!({"secret": "a"})), "`secret`"),
    ] {
        let refused = house
            .as_who(MANAGER, Method::POST, path, body.clone())
            .await;
        assert_eq!(refused.status, 400, "{body}");
        assert!(
            refused.body.contains(says) && !refused.body.contains(SECRET),
            "{refused:?}"
        );
    }
    let without = open(&store, None).await;
    let refused = without
        .as_who(MANAGER, Method::POST, path, key(json!({})))
        .await;
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains("no master key"), "{refused:?}");
    assert!(store.documents("byok").unwrap().is_empty());
}

/// As for keys: the operator acts for all accounts, everybody else for its own.
#[tokio::test]
async fn the_operator_sees_and_sets_keys_of_providers_of_all_accounts() {
    let store = Arc::new(MemoryStore::new(100));
    let house = open(&store, Some(OLD)).await;
    let acme = json!({"name": "acme", "account": "acme", "is_management_key": true});
    let acme = manage(&house, Method::POST, "/keys", acme).await;
    let manager = acme["key"].as_str().unwrap().to_owned();
    let key = json!({"name": "team", "account": "acme"});
    let key = manage(&house, Method::POST, "/keys", key).await;

    let own = json!({"provider": "first", "key": SECRET, "account": "acme"});
    let made = manage(&house, Method::POST, "/byok", own.clone()).await;
    assert_eq!(made["data"]["account"], "acme");
    assert_eq!(asks(&house, key["key"].as_str().unwrap()).await, 200);
    let count = async |who: &str, query: &str| {
        let path = format!("/api/v1/byok{query}");
        let list = house.as_who(who, Method::GET, &path, Value::Null).await;
        (list.status.as_u16(), list.json()["total_count"].as_u64())
    };
    assert_eq!(count(MANAGER, "?account=acme").await, (200, Some(1)));
    assert_eq!(count(MANAGER, "").await, (200, Some(1)));
    assert_eq!(count(MANAGER, "?account=default").await, (200, Some(0)));
    assert_eq!(count(&manager, "").await, (200, Some(1)));
    assert_eq!(count(&manager, "?account=default").await.0, 403);
    let path = format!("/byok/{}", made["data"]["id"].as_str().unwrap());
    let told = manage(&house, Method::GET, &path, Value::Null).await;
    assert_eq!(told["data"]["account"], "acme");
    // It is for keys of its own account, whoever says so.
    let of = json!({"allowed_api_key_hashes": [key["data"]["hash"]], "disabled": true});
    let changed = manage(&house, Method::PATCH, &path, of).await;
    assert_eq!(changed["data"]["disabled"], true);
    let own = manage(&house, Method::POST, "/keys", json!({"name": "own"})).await;
    let of = json!({"allowed_api_key_hashes": [own["data"]["hash"]]});
    let whole = format!("/api/v1{path}");
    let refused = house.as_who(MANAGER, Method::PATCH, &whole, of).await;
    assert_eq!(refused.status, 400);
    manage(&house, Method::DELETE, &path, Value::Null).await;
    assert_eq!(count(&manager, "").await, (200, Some(0)));
    let theirs = json!({"provider": "first", "key": SECRET, "account": "default"});
    let refused = house
        .as_who(&manager, Method::POST, "/api/v1/byok", theirs)
        .await;
    assert_eq!(refused.status, 403);
}
