//! `GET /models` and `GET /generation`, with every key that strict clients demand.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use http::Method;
use serde_json::{Value, json};
use switchtower::catalog::Catalog;
use switchtower::gateway::{Bounds, Gateway};
use switchtower::keys::{KeySettings, RingKey};
use switchtower::testing::{Failure, Point, Script, Upstream};
use switchtower::{KeyId, Stack, client};

use crate::bad_input::keys;
use crate::support::{Answer, House, KEY, MANAGER, PRICES, chat};

#[tokio::test]
async fn models_have_every_key() {
    let house = House::open(2).await;
    for path in ["/api/v1/models", "/v1/models"] {
        let answer = house.get(path).await;
        let body = answer.json();
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(keys(&body), ["data", "links", "object", "total_count"]);
        assert_eq!(body["object"], "list");
        assert_eq!(body["total_count"], 4);
        assert_eq!(body["links"], json!({"next": null}));
        assert_eq!(body["data"].as_array().unwrap().len(), 4);
        for model in body["data"].as_array().unwrap() {
            assert_model(model);
        }
    }
    let ids = house.get("/v1/models").await.json();
    let ids: Vec<_> = ids["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].clone())
        .collect();
    for id in ["acme/large", "acme/small", "acme/lone", "acme/unpriced"] {
        assert!(ids.contains(&json!(id)), "{ids:?}");
    }
}

/// It was answered as plain text, before the key was asked for.
#[tokio::test]
async fn what_is_no_text_is_no_model() {
    let house = House::open(1).await;
    for path in ["/v1/models/%ff", "/v1/models/acme/%ff/endpoints"] {
        let answer = house.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json()["error"]["param"], "model");
    }
}

/// It was told in plain words, and to whoever asked.
#[tokio::test]
async fn what_is_no_text_is_no_key() {
    let house = House::open(1).await;
    for path in ["/api/v1/keys/%ff", "/v1/byok/%ff"] {
        for method in [Method::GET, Method::PATCH, Method::DELETE] {
            let answer = house.manage(method.clone(), path, "{}").await;
            assert_eq!(answer.status, 404, "{method} {path}");
            assert!(answer.json()["error"]["message"].is_string());
            let request = house.request(method.clone(), path, "{}");
            let answer = Answer::read(house.send(request).await).await;
            assert_eq!(answer.status, 403, "{method} {path}");
            assert!(answer.json()["error"]["message"].is_string());
        }
    }
}

/// The list pointed to a route that did not exist, and OpenAI's SDKs could not retrieve a model.
#[tokio::test]
async fn each_model_and_its_endpoints_are_told() {
    let house = House::open(2).await;
    let one = house.get("/v1/models/acme%2Flarge").await.json();
    assert_model(&one);
    assert_eq!(one["id"], "acme/large");
    let details = house
        .get(one["links"]["details"].as_str().unwrap())
        .await
        .json();
    assert_eq!(details["data"]["id"], "acme/large");
    let endpoints = details["data"]["endpoints"].as_array().unwrap();
    assert_eq!(endpoints.len(), 2);
    for endpoint in endpoints {
        for key in [
            "name",
            "model_name",
            "provider_name",
            "tag",
            "context_length",
            "pricing",
        ] {
            assert!(!endpoint[key].is_null(), "{key}: {endpoint}");
        }
        for key in [
            "max_prompt_tokens",
            "quantization",
            "uptime_last_30m",
            "latency_last_30m",
        ] {
            assert!(endpoint.get(key).is_some(), "{key}: {endpoint}");
        }
        // Nobody here takes a choice of tools away.
        assert_eq!(
            endpoint["supports_tool_choice"],
            json!({"auto": true, "function": true, "none": true, "required": true})
        );
    }
    for path in [
        "/v1/models/acme%2Fnone",
        "/api/v1/models/acme/none/endpoints",
    ] {
        assert_eq!(house.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_generation_that_completed_is_told() {
    let house = House::open(2).await;
    house.upstreams[0].next(Script::fail(Failure::overloaded()));
    house.script(1, Script::new().tokens(4).prompt_tokens(10));
    for stream in [false, true] {
        let answer = house.ask(json!({"stream": stream})).await;
        let id = answer.header("x-generation-id").unwrap();
        let data = generation(&house, id).await;
        assert_eq!(
            (&data["id"], &data["model"]),
            (&json!(id), &json!("acme/large"))
        );
        assert_eq!(data["streamed"], stream);
        assert_eq!(data["cancelled"], false);
        assert_eq!(data["finish_reason"], "stop");
        assert!(
            data["upstream_id"]
                .as_str()
                .unwrap()
                .starts_with("chatcmpl-"),
            "{data}"
        );
        assert!(data["latency"].is_u64() && data["generation_time"].is_u64());
        // The failure of the first one was a call only the first time, and costs nothing.
        let (place, attempts) = if stream { (0, 1) } else { (1, 2) };
        let responses = data["provider_responses"].as_array().unwrap();
        assert_eq!(responses.len(), attempts, "{data}");
        assert_eq!(responses[attempts - 1]["status"], 200);
        assert_eq!(
            data["provider_name"],
            ["first & Co.", "second & Co."][place]
        );
        assert_eq!(data["total_cost"], data["usage"]);
        assert!(data["total_cost"].as_f64().unwrap() > 0.0);
        if !stream {
            assert_eq!(responses[0]["status"], 503);
            assert_eq!(data["native_tokens_completion"], 4);
            assert_eq!(data["tokens_prompt"], 10);
            let cost = 2 * (10 * PRICES.prompt + 4 * PRICES.completion);
            let told = format!(
                "\"total_cost\":{},",
                crate::shapes::digits(crate::shapes::pico(cost))
            );
            let text = house.get(&format!("/api/v1/generation?id={id}")).await.body;
            assert!(text.contains(&told), "{told} is not in {text}");
        }
    }
}

#[tokio::test]
async fn a_generation_is_told_to_its_own_account_alone() {
    let house = House::open(1).await;
    for (key, account) in [("sk-or-v1-a", "acme"), ("sk-or-v1-b", "zeta")] {
        let settings = KeySettings {
            account: account.to_owned(),
            ..KeySettings::named(account, "sk-or-v1-...", UNIX_EPOCH)
        };
        house.ring.put(RingKey::new(KeyId::of(key), 1, settings));
    }
    let path = "/api/v1/chat/completions";
    let body: Value = serde_json::from_str(&chat(json!({}))).unwrap();
    let answer = house.as_who("sk-or-v1-a", Method::POST, path, body).await;
    let id = answer.header("x-generation-id").unwrap();
    let path = format!("/api/v1/generation?id={id}");
    for (key, status) in [
        ("sk-or-v1-a", 200),
        ("sk-or-v1-b", 404),
        (KEY, 404),
        (MANAGER, 200),
    ] {
        let told = house.as_who(key, Method::GET, &path, Value::Null).await;
        assert_eq!(told.status, status, "{key}: {told:?}");
    }
}

#[tokio::test]
async fn a_generation_tells_who_routed_it_and_for_whom() {
    let upstream = Upstream::builder().start().await.unwrap();
    let toml = format!(
        "providers.one.base_url = {:?}\n[models.\"acme/gift\"]\n\
         endpoints = [{{ provider = \"one\", model = \"m\", prices = {{ prompt = \"0\", completion = \"0\" }} }}]",
        upstream.base_url().to_string(),
    );
    let catalog = Catalog::from_toml(&toml, "t.toml", |_| None).unwrap();
    let gateway = Gateway::new(Stack::new(Arc::new(catalog)), client::hyper::plain()).keys([KEY]);
    let house = House::of(vec![upstream], gateway, Bounds::default()).await;
    for (model, router) in [
        ("openrouter/free", json!("openrouter/free")),
        ("openrouter/free:nitro", json!("openrouter/free")),
        ("acme/gift", json!(null)),
    ] {
        let answer = house.ask(json!({"model": model, "user": "ann"})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let data = generation(&house, answer.header("x-generation-id").unwrap()).await;
        assert_eq!(data["router"], router, "{model}");
        assert_eq!(data["model"], "acme/gift", "{model}");
        assert_eq!(data["external_user"], "ann", "{model}");
    }
}

#[tokio::test]
async fn a_generation_that_failed_is_told() {
    let house = House::open(1).await;
    house.script(0, Script::fail(Failure::quota_exhausted()));
    let answer = house.ask(json!({})).await;
    assert_eq!(answer.status, 429);
    let data = generation(&house, answer.header("x-generation-id").unwrap()).await;
    assert_eq!(data["finish_reason"], "error");
    assert_eq!(data["total_cost"], 0);
    assert_eq!(data["provider_responses"][0]["status"], 429);

    house.script(0, Script::new().cut(Point::After(3)));
    let answer = house.ask(json!({"stream": true})).await;
    let data = generation(&house, answer.header("x-generation-id").unwrap()).await;
    assert_eq!(data["finish_reason"], "error");
    assert_eq!(
        (&data["total_cost"], &data["cancelled"]),
        (&json!(0), &json!(false))
    );
}

#[tokio::test]
async fn a_generation_that_was_cancelled_is_told() {
    let house = House::open(1).await;
    house.script(0, Script::new().stall(Point::After(3)));
    let mut caller = house.call(json!({"stream": true})).await;
    assert!(caller.hear("content\":\"").await);
    drop(caller);
    let id = house.records(1).await[0].id.to_string();
    let data = generation(&house, &id).await;
    assert_eq!(data["cancelled"], true);
    assert_eq!(data["finish_reason"], Value::Null);
    assert!(data["total_cost"].as_f64().unwrap() > 0.0, "{data}");
    assert_eq!(data["provider_responses"][0]["cost_certainty"], "estimated");
}

/// OpenRouter's SDK refused what was told of a model without a price: a cost is a number or, in `usage`,
/// not there.
#[tokio::test]
async fn a_generation_without_a_price_is_told() {
    let house = House::open(1).await;
    let embed = json!({"model": "acme/unpriced", "input": "one"}).to_string();
    for answer in [
        house.ask(json!({"model": "acme/unpriced"})).await,
        house.post("/api/v1/embeddings", embed).await,
    ] {
        let usage = answer.json()["usage"].clone();
        assert!(usage["prompt_tokens"].as_u64().unwrap() > 0, "{usage}");
        assert_eq!(usage.get("cost"), None, "{usage}");
        let data = generation(&house, answer.header("x-generation-id").unwrap()).await;
        // Nothing is charged. What it cost is another matter.
        assert_eq!(
            (&data["total_cost"], &data["usage"]),
            (&json!(0), &json!(0))
        );
        let response = &data["provider_responses"][0];
        assert_eq!(
            (&response["cost"], &response["cost_certainty"]),
            (&Value::Null, &json!("unknown"))
        );
    }
}

/// Under both versions, with every key of OpenRouter's that is demanded.
async fn generation(house: &House, id: &str) -> Value {
    let body = house
        .get(&format!("/api/v1/generation?id={id}"))
        .await
        .json();
    assert_eq!(keys(&body), ["data"], "{body}");
    let same = house.get(&format!("/v1/generation?id={id}")).await.json();
    assert_eq!(body, same);
    let data = &body["data"];
    let found = keys(data);
    for key in GENERATION.split_whitespace() {
        assert!(found.contains(&key), "no {key} in {data}");
    }
    for key in "id api_type created_at model".split(' ') {
        assert!(data[key].is_string(), "{key}: {data}");
    }
    for key in "total_cost usage".split(' ') {
        assert!(data[key].is_number(), "{key}: {data}");
    }
    for response in data["provider_responses"].as_array().unwrap() {
        assert!(keys(response).contains(&"status"), "{response}");
    }
    let created = data["created_at"].as_str().unwrap().as_bytes();
    assert_eq!(
        (created[4], created[10], created[created.len() - 1]),
        (b'-', b'T', b'Z')
    );
    body["data"].clone()
}

fn assert_model(model: &Value) {
    let found = keys(model);
    for key in MODEL.split_whitespace() {
        assert!(found.contains(&key), "no {key} in {model}");
    }
    for key in "id canonical_slug name".split(' ') {
        assert!(model[key].is_string(), "{key}: {model}");
    }
    assert!(model["created"].is_u64());
    assert_eq!(model["object"], "model");
    assert_eq!(model["owned_by"], "acme");
    assert_eq!(model["context_length"], 8192);
    assert!(model["architecture"]["input_modalities"].is_array());
    assert!(model["architecture"]["output_modalities"].is_array());
    assert!(keys(&model["architecture"]).contains(&"modality"));
    assert!(model["top_provider"]["is_moderated"].is_boolean());
    assert!(model["supported_parameters"].is_array());
    assert!(model["links"]["details"].is_string());
    // Strings, in dollars a token; the cheapest endpoint's.
    if model["id"] == "acme/unpriced" {
        assert_eq!(
            model["pricing"],
            json!({"prompt": "-1", "completion": "-1"})
        );
    } else if model["id"] != "acme/small" {
        assert_eq!(model["pricing"]["prompt"], "0.000001000000123");
        assert_eq!(model["pricing"]["completion"], "0.000005000000511");
        assert_eq!(model["pricing"]["input_cache_read"], "0.000000100000077");
    }
}

const MODEL: &str =
    "id canonical_slug name created context_length architecture pricing top_provider
    per_request_limits supported_parameters default_parameters supported_voices links";

const GENERATION: &str = "id upstream_id api_type created_at app_id http_referer origin user_agent
    external_user preset_id workspace_id router data_region model provider_name service_tier streamed
    cancelled finish_reason native_finish_reason provider_responses latency generation_time
    moderation_latency tokens_prompt tokens_completion native_tokens_prompt native_tokens_completion
    native_tokens_cached native_tokens_reasoning native_tokens_completion_images num_media_prompt
    num_media_completion num_input_audio_prompt num_search_results num_fetches web_search_engine
    total_cost usage cache_discount upstream_inference_cost is_byok";

/// Who has failed too often is left alone, and anyone with a key can see why and until when.
#[tokio::test]
async fn circuits_tell_who_is_left_alone_and_until_when() {
    let house = House::open(2).await;
    house.script(0, Script::fail(Failure::bad_key()));
    assert_eq!(house.ask(json!({})).await.status, 200);
    for path in ["/api/v1/circuits", "/v1/circuits"] {
        let body = house.get(path).await.json();
        assert_eq!(keys(&body), ["data"]);
        let large = |circuit: &&Value| circuit["model"] == "acme/large";
        let circuits: Vec<_> = body["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(large)
            .collect();
        assert_eq!(
            keys(circuits[0]),
            [
                "cause",
                "ejections",
                "endpoint",
                "failures",
                "keys",
                "model",
                "on_trial",
                "reopens_at",
                "reopens_in",
                "state",
                "tag"
            ]
        );
        assert_eq!(
            (&circuits[0]["state"], &circuits[0]["cause"]),
            (&json!("ejected"), &json!("key"))
        );
        let wait = circuits[0]["reopens_in"].as_u64().unwrap();
        assert!((200..=300).contains(&wait), "{wait}");
        assert!(circuits[0]["reopens_at"].as_str().unwrap().ends_with('Z'));
        let key = &circuits[0]["keys"][0];
        assert_eq!(
            keys(key),
            [
                "cause",
                "headroom",
                "in_flight",
                "label",
                "reopens_in",
                "state"
            ]
        );
        assert_eq!(
            (&key["label"], &key["state"]),
            (&json!("none"), &json!("admitting"))
        );
        assert_eq!(
            (&key["in_flight"], &key["headroom"]),
            (&json!(0), &json!({}))
        );
        assert_eq!(circuits[1]["state"], "admitting");
        for key in ["cause", "reopens_in", "reopens_at"] {
            assert_eq!(circuits[1][key], Value::Null);
        }
    }
    // Nobody else sees it.
    let request = http::Request::get(format!("http://{}/v1/circuits", house.address));
    let request = request.body(http_body_util::Full::default()).unwrap();
    assert_eq!(house.client.request(request).await.unwrap().status(), 401);
}
