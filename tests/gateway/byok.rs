//! Callers' own keys of providers: who is asked with them, what is paid, and who hears of their failures.

use std::sync::Arc;
use std::time::{Instant, UNIX_EPOCH};

use http::{Method, StatusCode};
use serde_json::json;
use switchtower::gateway::Bounds;
use switchtower::keys::{KeySettings, ProviderKey, ProviderKeySettings, RingKey};
use switchtower::limits::{Limits, Rule, Scope, Window};
use switchtower::standing::State;
use switchtower::testing::{Failure, Script};
use switchtower::{Caller, KeyId, Money, Stack};

use crate::support::{self, Answer, House, KEY, chat};

/// The caller has this key of the provider, for a fee of five in a hundred.
fn own(house: &House, provider: &str, secret: &str) {
    let settings = ProviderKeySettings::of(provider, "sk-...AbCd", UNIX_EPOCH);
    let key = ProviderKey::new("1", 1, settings, secret, Instant::now()).unwrap();
    house
        .ring
        .provider_keys(Caller::ACCOUNT)
        .set([Arc::new(key.with_fee("0.05".parse().unwrap()))]);
}

fn answers_to(secret: &'static str) -> impl Fn(&switchtower::testing::Seen) -> Script {
    move |seen| match seen.header("authorization") {
        Some(key) if key == format!("Bearer {secret}") => Script::new().text("Hello!"),
        _ => Script::fail(Failure::bad_key()),
    }
}

#[tokio::test]
async fn it_is_asked_with_before_all_and_pays_the_fee_alone() {
    let house = House::open(2).await;
    own(&house, "second", "sk-own-secret");
    house.upstreams[1].script_fn(answers_to("sk-own-secret"));
    let answer = house.ask(json!({})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(!answer.body.contains("sk-own"), "{}", answer.body);
    let told = answer.json();
    assert_eq!(
        (&told["provider"], &told["usage"]["is_byok"]),
        (&json!("second & Co."), &json!(true))
    );

    let record = &house.records(1).await[0];
    let cost = record.attempts[0].cost.amount.unwrap();
    let fee = (cost.picodollars() + 10) / 20;
    assert_eq!(record.charge, Some(Money::ZERO));
    assert!(
        (record.fee.picodollars() - fee).abs() <= 1,
        "{} of {cost}",
        record.fee
    );
    assert_eq!(record.counted(), Some(record.fee));
    assert!(
        answer
            .body
            .contains(&format!("\"cost\":{},\"is_byok\":true", record.fee))
    );
    assert!(
        answer
            .body
            .contains(&format!("\"upstream_inference_cost\":{cost},"))
    );
    assert_eq!(record.attempts[0].key.as_deref(), Some("byok 1"));

    let generation = house
        .get(&format!("/api/v1/generation?id={}", record.id.as_str()))
        .await;
    assert_eq!(generation.json()["data"]["is_byok"], true);
    assert!(
        generation
            .body
            .contains(&format!("\"upstream_inference_cost\":{cost},"))
    );
}

/// What is paid beside the charge is spent as well; and all that the own key costs, for whoever limits its key so.
#[tokio::test]
async fn limits_count_what_is_paid_and_a_keys_own_what_it_says() {
    let dollar: Money = "1".parse().unwrap();
    let budget = |name, scope| Rule::money(name, scope, Window::Forever, dollar).unwrap();
    let limits = Limits::new([budget("account", Scope::Account), budget("key", Scope::Key)]);
    let change = |stack: Stack| stack.limits(limits.clone());
    let house = House::with(1, change, Bounds::default()).await;
    own(&house, "first", "sk-own-secret");
    house.upstreams[0].script_fn(answers_to("sk-own-secret"));
    let settings = KeySettings {
        include_byok: true,
        ..KeySettings::named("all", "sk-or-v1-...", UNIX_EPOCH)
    };
    let all = KeyId::of("sk-or-v1-all");
    house.ring.put(RingKey::new(all, 1, settings));

    let spent = |key| {
        let levels = support::budgets(&limits, &Caller::new(key));
        [0, 1].map(|place| Money::from_picodollars(levels[place].used as i64))
    };
    house.ask(json!({})).await;
    let fee = house.records(1).await[0].fee;
    assert!(!fee.is_zero());
    assert_eq!(spent(KeyId::of(KEY)), [fee, fee]);

    let path = "/api/v1/chat/completions";
    let mut request = house.request(Method::POST, path, chat(json!({})));
    let authorization = "Bearer sk-or-v1-all".parse().unwrap();
    request.headers_mut().insert("authorization", authorization);
    Answer::read(house.send(request).await).await;
    let record = &house.records(2).await[1];
    let cost = record.attempts[0].cost.amount.unwrap();
    let paid = fee.saturating_add(record.fee);
    assert_eq!(spent(all), [paid, cost.saturating_add(record.fee)]);
}

/// Who comes first for having a bad key of its own harms nobody: neither the endpoint nor the budget that all share.
#[tokio::test]
async fn its_failures_are_nobody_elses() {
    let house = House::open(1).await;
    own(&house, "first", "sk-own-bad");
    house.upstreams[0].script_fn(|seen| match seen.header("authorization") {
        Some("Bearer sk-own-bad") => Script::fail(Failure::bad_key()),
        _ => Script::new().text("Hello!"),
    });
    for _ in 0..40 {
        let answer = house.ask(json!({})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["usage"]["is_byok"], false);
    }
    let circuits = house.get("/v1/circuits").await;
    let circuit = &circuits.json()["data"][0];
    assert_eq!(circuit["state"], json!(State::Admitting));
    assert_eq!(
        (&circuit["failures"], &circuit["cause"]),
        (&json!(0), &json!(null))
    );
    // The first found out; then it was left alone.
    let records = house.records(40).await;
    let byok = records
        .iter()
        .flat_map(|it| it.attempts.iter())
        .filter(|it| it.byok);
    assert!(byok.count() < 5);
}

#[tokio::test]
async fn the_operators_key_never_goes_where_an_own_one_should() {
    let house = House::open(1).await;
    own(&house, "first", "sk-own-secret");
    house.upstreams[0].script_fn(answers_to("sk-own-secret"));
    let streamed = house.ask(json!({"stream": true})).await;
    assert!(
        streamed.body.contains("\"is_byok\":true"),
        "{}",
        streamed.body
    );
    assert_eq!(house.calls(), 1);
}

/// A provider repeated the headers of a request that it did not like, in its error: the caller's own key is told as
/// little as the operator's.
#[tokio::test]
async fn it_is_in_no_error() {
    let house = House::open(1).await;
    own(&house, "first", "sk-own-secret");
    let failure = Failure::new(StatusCode::BAD_REQUEST)
        .message("unexpected header authorization: Bearer sk-own-secret")
        .code("sk-own-secret")
        .param("sk-own-secret");
    house.upstreams[0].script_fn(move |_| Script::fail(failure.clone()));
    let answer = house.ask(json!({})).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(!format!("{answer:?}").contains("sk-own"), "{answer:?}");
    let record = house.records(1).await.pop();
    assert!(!format!("{record:?}").contains("sk-own"), "{record:?}");
}
