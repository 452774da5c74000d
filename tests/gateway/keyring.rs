//! Keys that are made, changed and deleted through the API, and what may be done with them.

use std::time::{Duration, SystemTime};

use http::{Method, StatusCode};
use serde_json::{Value, json};
use switchtower::KeyId;
use switchtower::keys::KeyChange;

use crate::support::{Answer, House, KEY, MANAGER, chat};

async fn send(house: &House, key: &str, method: Method, path: &str, body: Value) -> Answer {
    house.as_who(key, method, path, body).await
}

async fn make(house: &House, settings: Value) -> (String, Value) {
    let made = send(house, MANAGER, Method::POST, "/api/v1/keys", settings).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let made = made.json();
    (
        made["key"].as_str().unwrap().to_owned(),
        made["data"].clone(),
    )
}

async fn ask(house: &House, key: &str) -> Answer {
    let body: Value = serde_json::from_str(&chat(json!({}))).unwrap();
    send(house, key, Method::POST, "/api/v1/chat/completions", body).await
}

fn path(of: &Value) -> String {
    format!("/api/v1/keys/{}", of["hash"].as_str().unwrap())
}

#[tokio::test]
async fn a_key_lives_from_its_making_to_its_deletion() {
    let house = House::open(1).await;
    let settings = json!({"name": "team", "limit": 0.30, "limit_reset": "monthly"});
    let (key, data) = make(&house, settings).await;

    let secret = key.strip_prefix("sk-or-v1-").unwrap();
    assert!(secret.len() == 64 && secret.bytes().all(|it| it.is_ascii_hexdigit()));
    assert_eq!(data["hash"], json!(KeyId::of(&key).to_string()));
    let label = format!("sk-or-v1-{}...{}", &secret[..3], &secret[61..]);
    assert_eq!(data["label"], json!(label));
    assert_eq!(
        (&data["limit"], &data["limit_remaining"]),
        (&json!(0.3), &json!(0.3))
    );
    assert_eq!(
        (&data["limit_reset"], &data["updated_at"]),
        (&json!("monthly"), &Value::Null)
    );

    assert_eq!(ask(&house, &key).await.status, 200);
    let charge = house.records(1).await[0].charge.unwrap();
    let known = send(&house, MANAGER, Method::GET, &path(&data), Value::Null).await;
    assert!(
        known.body.contains(&format!("\"usage\":{charge},")),
        "{}",
        known.body
    );
    assert!(known.body.contains(&format!("\"usage_monthly\":{charge},")));
    let own = send(&house, &key, Method::GET, "/api/v1/key", Value::Null).await;
    assert!(
        own.body.contains(&format!("\"usage_daily\":{charge},")),
        "{}",
        own.body
    );
    assert!(!known.body.contains(secret) && !own.body.contains(secret));

    let off = json!({"disabled": true, "name": "nobody"});
    let off = send(&house, MANAGER, Method::PATCH, &path(&data), off).await;
    assert_eq!(
        (off.status.as_u16(), &off.json()["data"]["name"]),
        (200, &json!("nobody"))
    );
    assert_eq!(off.json()["data"]["limit"], json!(0.3), "as it was");
    let refused = ask(&house, &key).await;
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.json()["error"]["message"],
        "this API key is disabled"
    );

    let on = json!({"disabled": false, "limit": null});
    let on = send(&house, MANAGER, Method::PATCH, &path(&data), on).await;
    assert_eq!(on.json()["data"]["limit"], Value::Null);
    assert_eq!(ask(&house, &key).await.status, 200);

    let gone = send(&house, MANAGER, Method::DELETE, &path(&data), Value::Null).await;
    assert_eq!(gone.json(), json!({"deleted": true}));
    assert_eq!(ask(&house, &key).await.status, 401);
    for method in [Method::GET, Method::DELETE] {
        let gone = send(&house, MANAGER, method, &path(&data), Value::Null).await;
        assert_eq!(gone.status, 404);
    }
}

#[tokio::test]
async fn who_manages_asks_no_model_and_who_asks_manages_nothing() {
    let house = House::open(1).await;
    let refused = ask(&house, MANAGER).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    assert_eq!(house.calls(), 0);

    for (method, path) in [
        (Method::GET, "/api/v1/keys"),
        (Method::POST, "/api/v1/keys"),
        (Method::DELETE, "/api/v1/keys/0"),
    ] {
        let refused = send(&house, KEY, method.clone(), path, Value::Null).await;
        assert_eq!(refused.status, 403, "{method} {path}");
        let message = &refused.json()["error"]["message"];
        assert_eq!(message, "Only management keys can perform this operation");
        assert_eq!(
            send(&house, "wrong", method, path, Value::Null)
                .await
                .status,
            401
        );
    }
    let own = send(
        &house,
        MANAGER,
        Method::GET,
        "/api/v1/auth/key",
        Value::Null,
    )
    .await;
    assert_eq!(own.json()["data"]["is_management_key"], true);
    assert_eq!(own.json()["data"]["rate_limit"]["requests"], -1);
}

#[tokio::test]
async fn what_the_configuration_says_no_api_changes() {
    let house = House::open(1).await;
    let path = format!("/api/v1/keys/{}", KeyId::of(KEY));
    for (method, body) in [
        (Method::DELETE, Value::Null),
        (Method::PATCH, json!({"disabled": true})),
    ] {
        let refused = send(&house, MANAGER, method, &path, body).await;
        assert_eq!(refused.status, 403, "{refused:?}");
    }
    assert_eq!(ask(&house, KEY).await.status, 200);
}

#[tokio::test]
async fn an_expired_key_lets_nobody_in() {
    let house = House::open(1).await;
    let later = json!({"name": "short", "expires_at": "2200-01-01T00:00:00Z"});
    let (key, data) = make(&house, later).await;
    assert_eq!(data["expires_at"], "2200-01-01T00:00:00.000Z");
    assert_eq!(ask(&house, &key).await.status, 200);

    let now = SystemTime::now();
    let held = house.ring.get(KeyId::of(&key)).unwrap();
    let change = KeyChange {
        expires: Some(Some(now - Duration::from_secs(1))),
        ..KeyChange::default()
    };
    let settings = change.of(held.settings(), now);
    house
        .ring
        .put(switchtower::keys::RingKey::new(held.id(), 2, settings));
    let refused = ask(&house, &key).await;
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.json()["error"]["message"],
        "this API key has expired"
    );
}

#[tokio::test]
async fn a_list_has_pages_and_leaves_out_what_is_disabled() {
    let house = House::open(1).await;
    for number in 0..103 {
        make(&house, json!({"name": format!("key {number}")})).await;
    }
    let (_, last) = make(&house, json!({"name": "off", "disabled": true})).await;
    let list = |query: &'static str| {
        let house = &house;
        async move {
            let path = format!("/api/v1/keys{query}");
            let answer = send(house, MANAGER, Method::GET, &path, Value::Null).await;
            answer.json()["data"].as_array().unwrap().clone()
        }
    };
    // And two of the configuration.
    let (first, second) = (list("").await, list("?offset=100").await);
    assert_eq!((first.len(), second.len()), (100, 5));
    assert!(first.iter().chain(&second).all(|key| key["name"] != "off"));
    let all = list("?include_disabled=true").await;
    assert_eq!(all[0]["hash"], last["hash"], "the newest first");
}

/// The operator makes a key that manages an account, and whoever has that makes keys of it: nobody else's.
#[tokio::test]
async fn an_account_manages_its_own_keys_and_the_operator_all() {
    let house = House::open(1).await;
    let acme = json!({"name": "acme", "account": "acme", "is_management_key": true});
    let (manager, data) = make(&house, acme).await;
    assert_eq!(
        (&data["account"], &data["is_management_key"]),
        (&json!("acme"), &json!(true))
    );
    assert_eq!(ask(&house, &manager).await.status, 403);

    let team = json!({"name": "team", "account": "acme"});
    let made = send(&house, &manager, Method::POST, "/api/v1/keys", team).await;
    assert_eq!(made.status, 201, "{made:?}");
    let (key, team) = (made.json()["key"].clone(), made.json()["data"].clone());
    assert_eq!(team["account"], "acme");
    assert_eq!(ask(&house, key.as_str().unwrap()).await.status, 200);
    let record = &house.records(1).await[0];
    assert_eq!(record.caller.as_ref().unwrap().account_name(), "acme");

    let (_, ours) = make(&house, json!({"name": "ours"})).await;
    let count = async |key: &str, query: &str| {
        let path = format!("/api/v1/keys{query}");
        let list = send(&house, key, Method::GET, &path, Value::Null).await;
        list.json()["data"].as_array().map(Vec::len)
    };
    assert_eq!(count(&manager, "").await, Some(2));
    assert_eq!(
        count(&manager, "?account=default").await,
        None,
        "it is another one's"
    );
    assert_eq!(count(MANAGER, "?account=acme").await, Some(2));
    // With the two of the configuration.
    assert_eq!(count(MANAGER, "").await, Some(5));
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let body = json!({"disabled": true});
        let theirs = send(&house, &manager, method, &path(&ours), body).await;
        assert_eq!(theirs.status, 404);
    }
    let other = json!({"name": "a", "account": "default"});
    let other = send(&house, &manager, Method::POST, "/api/v1/keys", other).await;
    assert_eq!(other.status, 403);
    let off = json!({"disabled": true});
    let off = send(&house, MANAGER, Method::PATCH, &path(&team), off).await;
    assert_eq!(off.status, 200);
    assert_eq!(ask(&house, key.as_str().unwrap()).await.status, 401);
}

/// As whoever reckons in floats says it.
#[tokio::test]
async fn a_limit_is_taken_to_the_nearest_picodollar() {
    let house = House::open(1).await;
    let (_, data) = make(&house, json!({"name": "a", "limit": 0.1 + 0.2})).await;
    assert_eq!(data["limit"], json!(0.3));
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let house = House::open(1).await;
    let wrong = [
        (json!({}), "name"),
        (json!({"name": ""}), "name"),
        (json!({"name": " \t "}), "name"),
        (
            json!({"name": "a", "allowed_models": [" "]}),
            "allowed_models",
        ),
        (json!({"name": "a", "limit": -1}), "limit"),
        (json!({"name": "a", "limit": "1"}), "limit"),
        (json!({"name": "a", "limit": 1e12}), "limit"),
        (json!({"name": "a", "limit_reset": "hourly"}), "limit_reset"),
        (
            json!({"name": "a", "expires_at": "2200-01-01T00:00:00+02:00"}),
            "expires_at",
        ),
        (
            json!({"name": "a", "expires_at": "2020-01-01T00:00:00Z"}),
            "expires_at",
        ),
        (json!({"name": "a", "disabled": null}), "disabled"),
        (json!({"name": "a", "allowed_models": []}), "allowed_models"),
        (
            json!({"name": "a", "rate_limits": {"requests_per_minute": 0}}),
            "requests_per_minute",
        ),
        (
            json!({"name": "a", "workspace_id": "other"}),
            "workspace_id",
        ),
        (json!({"name": "a", "limits": 1}), "limits"),
    ];
    for (body, field) in wrong {
        let refused = send(&house, MANAGER, Method::POST, "/v1/keys", body.clone()).await;
        assert_eq!(refused.status, 400, "{body}");
        assert_eq!(
            refused.json()["error"]["param"],
            field,
            "{body}: {refused:?}"
        );
    }
    for limit in [json!("5"), json!(true), json!([5]), json!({})] {
        let body = json!({"name": "a", "limit": limit});
        let refused = send(&house, MANAGER, Method::POST, "/v1/keys", body).await;
        let told = refused.json()["error"]["message"].clone();
        assert_eq!(told, "`limit` must be a number", "{limit}");
    }
    let long = json!({"name": "a".repeat(300_000)});
    let refused = send(&house, MANAGER, Method::POST, "/v1/keys", long).await;
    assert_eq!(refused.status, 413);
    assert_eq!(house.ring.len(), 2);
}

#[tokio::test]
async fn a_key_sees_and_asks_the_models_that_it_is_allowed() {
    let house = House::open(2).await;
    let models = |key: String| {
        let house = &house;
        async move {
            let list = send(house, &key, Method::GET, "/api/v1/models/user", Value::Null).await;
            list.json()["total_count"].as_u64().unwrap()
        }
    };
    let (all, _) = make(&house, json!({"name": "all", "allowed_models": ["acme/*"]})).await;
    let (none, _) = make(
        &house,
        json!({"name": "none", "allowed_models": ["beta/*"]}),
    )
    .await;
    let second = json!({"name": "second", "allowed_providers": ["second"]});
    let (second, _) = make(&house, second).await;
    assert!(models(all.clone()).await >= 1);
    assert_eq!(models(none.clone()).await, 0);

    assert_eq!(ask(&house, &all).await.status, 200);
    let refused = ask(&house, &none).await;
    assert_eq!(refused.status, 404, "{refused:?}");
    assert!(refused.body.contains("key.allowed_models"));
    assert_eq!(
        ask(&house, &second).await.json()["provider"],
        "second & Co."
    );
}
