//! A provider with two keys, one of which it does not accept: who asks hears nothing of it, who runs it sees it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use switchtower::Stack;
use switchtower::catalog::Catalog;
use switchtower::gateway::Bounds;
use switchtower::testing::{Failure, Script};

use crate::support::House;

/// Gives the only provider two keys.
fn two_keys(stack: Stack) -> Stack {
    let lineup = stack.roster().lineup();
    let url = lineup.catalog().providers()[0].base_url().to_string();
    let toml = format!(
        r#"
        [providers.acme]
        base_url = "{url}"
        keys = ["$KEY_A", {{ env = "KEY_B", name = "team-b" }}]
        [[models."acme/large".endpoints]]
        provider = "acme"
        model = "upstream-model"
        "#
    );
    let key = |name: &str| Some(format!("secret-{name}"));
    let catalog = Catalog::from_toml(&toml, "test.toml", key).unwrap();
    let now = tokio::time::Instant::now().into_std();
    stack.roster().swap(Arc::new(catalog), now);
    stack
}

#[tokio::test]
async fn a_refused_key_is_seen_by_who_runs_it_and_by_nobody_else() {
    let house = House::with(1, two_keys, Bounds::default()).await;
    house.upstreams[0].script_fn(|seen| match seen.header("authorization") {
        Some("Bearer secret-KEY_B") => {
            Script::new().rate_limit_requests(60, 41, Duration::from_secs(30))
        }
        _ => Script::fail(Failure::bad_key()),
    });
    let answer = house.ask(json!({})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(!answer.body.contains("team-b"), "{}", answer.body);

    let body = house.get("/v1/circuits").await;
    assert!(!body.body.contains("secret"), "{}", body.body);
    let circuit = &body.json()["data"][0];
    assert_eq!(circuit["state"], "admitting");
    let [refused, used] = &circuit["keys"].as_array().unwrap()[..] else {
        panic!("{circuit}")
    };
    assert_eq!(refused["label"], "1");
    assert_eq!(
        (&refused["state"], &refused["cause"]),
        (&json!("ejected"), &json!("key"))
    );
    assert!(refused["reopens_in"].as_u64().unwrap() <= 300);
    assert_eq!(
        (&used["label"], &used["state"]),
        (&json!("team-b"), &json!("admitting"))
    );
    let requests = &used["headroom"]["requests"];
    assert_eq!(
        (&requests["left"], &requests["limit"]),
        (&json!(41), &json!(60))
    );
    assert!((1..=31).contains(&requests["resets_in"].as_u64().unwrap()));

    let record = &house.records(1).await[0];
    let keys: Vec<_> = record.attempts.iter().map(|it| it.key.as_deref()).collect();
    assert_eq!(keys, [Some("1"), Some("team-b")]);
}
