//! What there is to be asked: lists with their filters, one model, its endpoints, the providers.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use switchtower::catalog::{
    About, Catalog, EndpointSpec, ModelSpec, Override, Prices, Provider, Rate, Weekday,
};
use switchtower::gateway::Gateway;
use switchtower::standing::Roster;
use switchtower::wire::{Field, Fields, Modalities, Modality, Quantization};
use switchtower::{Price, Stack, client};
use tower::ServiceExt;

use crate::bad_input::{keys, openai, openrouter};
use crate::support::{Answer, KEY};

#[tokio::test]
async fn each_filter_shows_what_it_says() {
    let shop = Shop::open(catalog());
    let all = "acme/large acme/small beta/vision beta/mystery";
    for (query, ids) in [
        ("", all),
        ("q=", all),
        ("nonsense=1&nonsense=2&empty=", all),
        ("q=LARGE", "acme/large"),
        ("q=&q=LARGE&q=", "acme/large"),
        ("q=acme%20small", "acme/small"),
        ("q=eye", "beta/vision"),
        ("q=nowhere", ""),
        ("model_authors=acme", "acme/large acme/small"),
        ("model_authors=Beta,%20nobody", "beta/vision beta/mystery"),
        ("providers=cheap", "acme/large acme/small beta/vision"),
        ("providers=dear%20%26%20CO.", "acme/large beta/mystery"),
        ("supported_parameters=tools", "acme/large beta/vision"),
        ("supported_parameters=tools,seed", "acme/large"),
        ("input_modalities=image", "beta/vision"),
        ("input_modalities=text,image,audio", ""),
        ("output_modalities=embeddings", "acme/vectors"),
        (
            "output_modalities=text,embeddings",
            "acme/large acme/small acme/vectors beta/vision beta/mystery",
        ),
        (
            "output_modalities=all",
            "acme/large acme/small acme/vectors beta/vision beta/mystery",
        ),
        ("output_modalities=speech", ""),
        ("context=8192", "acme/large beta/vision"),
        ("context=8193", "beta/vision"),
        // The cheapest endpoint's price, to the last digit, ends included; what has none is neither.
        ("max_price=1", "acme/large acme/small"),
        ("max_price=0.999999999", "acme/small"),
        ("min_price=1", "acme/large beta/vision"),
        ("min_price=0&max_price=0", "acme/small"),
        ("min_output_price=5&max_output_price=6e0", "acme/large"),
        ("distillable=true", "beta/vision"),
        ("distillable=false", "acme/large acme/small beta/mystery"),
        ("zdr=true", "acme/large"),
        ("max_age_days=20000", "acme/small"),
        ("min_age_days=20000", "acme/large"),
        ("providers=cheap&context=1&max_price=5", "acme/large"),
    ] {
        let listed = shop.get(&format!("/api/v1/models?{query}")).await.json();
        assert_eq!(names(&listed), ids, "{query}");
        let count = ids.split_whitespace().count();
        assert_eq!(listed["total_count"], count, "{query}");
        let counted = shop.get(&format!("/v1/models/count?{query}")).await.json();
        assert_eq!(counted, json!({"data": {"count": count}}), "{query}");
        let user = shop
            .get(&format!("/api/v1/models/user?{query}"))
            .await
            .json();
        assert_eq!(user, listed, "{query}");
    }
    let vectors = shop.get("/api/v1/embeddings/models").await.json();
    assert_eq!(names(&vectors), "acme/vectors");
}

#[tokio::test]
async fn each_order_is_kept() {
    let shop = Shop::open(catalog());
    let now = Instant::now();
    for (key, first) in [
        ("acme/large@dear", 40),
        ("acme/small@cheap", 30),
        ("acme/large@cheap", 20),
    ] {
        shop.teach(key, now, Duration::from_millis(first), first as u32 * 1000);
    }
    for (sort, ids) in [
        ("newest", "acme/small acme/large beta/vision beta/mystery"),
        (
            "pricing-low-to-high",
            "acme/small acme/large beta/vision beta/mystery",
        ),
        (
            "pricing-high-to-low",
            "beta/vision acme/large acme/small beta/mystery",
        ),
        (
            "context-high-to-low",
            "beta/vision acme/large acme/small beta/mystery",
        ),
        // By the best of its endpoints.
        (
            "latency-low-to-high",
            "acme/large acme/small beta/vision beta/mystery",
        ),
        (
            "throughput-high-to-low",
            "acme/large acme/small beta/vision beta/mystery",
        ),
    ] {
        let listed = shop
            .get(&format!("/api/v1/models?sort={sort}"))
            .await
            .json();
        assert_eq!(names(&listed), ids, "{sort}");
    }
}

#[tokio::test]
async fn a_value_that_is_none_is_refused_by_name() {
    let shop = Shop::open(catalog());
    for (query, name, says) in [
        ("context=many", "context", "whole number"),
        ("context=-1", "context", "whole number"),
        ("offset=1.5", "offset", "whole number"),
        ("offset=99999999999999999999999", "offset", "too large"),
        ("limit=0", "limit", "within 1 and 1000"),
        ("limit=1001", "limit", "within 1 and 1000"),
        ("max_price=free", "max_price", "not a decimal"),
        ("min_output_price=-1", "min_output_price", "negative"),
        ("distillable=yes", "distillable", "neither"),
        ("zdr=false", "zdr", "`true`"),
        ("sort=best", "sort", "newest"),
        ("sort=top-weekly", "sort", "not served yet"),
        (
            "supported_parameters=tools,magic",
            "supported_parameters",
            "`magic`",
        ),
        ("input_modalities=smell", "input_modalities", "`smell`"),
        ("input_modalities=speech", "input_modalities", "`speech`"),
        (
            "input_modalities=text,rerank",
            "input_modalities",
            "`rerank`",
        ),
        ("region=eu", "region", "not served yet"),
        ("category=programming", "category", "not served yet"),
        ("use_rss=true", "use_rss", "not served yet"),
        ("q=a&q=b", "q", "twice"),
        (&format!("q={}", "a+".repeat(33)), "q", "more than 32"),
        (
            &format!("providers={}", "a,".repeat(33)),
            "providers",
            "more than 32",
        ),
        (
            &format!("model_authors={}", "a,".repeat(33)),
            "model_authors",
            "more than 32",
        ),
    ] {
        for list in ["models", "models/user", "models/count", "embeddings/models"] {
            let router = shop.get(&format!("/api/v1/{list}?{query}")).await;
            openrouter(query, &router, 400, Some(name), says);
            let other = shop.get(&format!("/v1/{list}?{query}")).await;
            openai(query, &other, 400, Some(name), says);
        }
    }
    let long = format!("sort={}", "x".repeat(4000));
    let answer = shop.get(&format!("/api/v1/models?{long}")).await;
    assert!(answer.body.len() < 1000, "{} bytes", answer.body.len());
}

#[tokio::test]
async fn a_long_list_comes_in_pages_to_who_asks_for_them() {
    let models = (0..1203).map(|number| priced(&format!("acme/m{number}"), "cheap", "1"));
    let shop = Shop::open(build(models));
    let whole = shop.get("/api/v1/models?q=m").await.json();
    assert_eq!(whole["data"].as_array().unwrap().len(), 1203);
    assert_eq!(whole["links"]["next"], Value::Null);

    for (start, pages) in [
        ("/api/v1/models?q=m&offset=0", vec![500, 500, 203]),
        ("/api/v1/models?limit=1000&q=m", vec![1000, 203]),
        ("/v1/models?q=%6D&limit=401", vec![401, 401, 401]),
        (
            "/v1/models?%6Fffset=400&&l%69mit=401&q=m",
            vec![401, 401, 1],
        ),
        ("/api/v1/models/user?offset=1202", vec![1]),
        ("/api/v1/models?offset=1203", vec![0]),
        (
            "/api/v1/models?offset=18446744073709551615&limit=2",
            vec![0],
        ),
    ] {
        let (mut at, mut sizes, mut seen) = (start.to_owned(), Vec::new(), Vec::new());
        loop {
            let page = shop.get(&at).await.json();
            assert_eq!(page["total_count"], 1203, "{at}");
            sizes.push(page["data"].as_array().unwrap().len());
            seen.extend(
                page["data"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| one["id"].clone()),
            );
            let Some(next) = page["links"]["next"].as_str() else {
                break;
            };
            at = next.to_owned();
        }
        assert_eq!(sizes, pages, "{start}");
        let rest = &whole["data"].as_array().unwrap()[1203 - seen.len()..];
        let rest: Vec<_> = rest.iter().map(|one| one["id"].clone()).collect();
        assert_eq!(seen, rest, "{start}");
    }
}

#[tokio::test]
async fn a_model_is_told_as_the_catalogue_has_it() {
    let shop = Shop::open(catalog());
    let listed = shop
        .get("/api/v1/models?output_modalities=all")
        .await
        .json();
    let of = |id: &str| {
        let mut all = listed["data"].as_array().unwrap().iter();
        all.find(|one| one["id"] == id).unwrap().clone()
    };
    let vision = of("beta/vision");
    assert_eq!(
        vision["architecture"],
        json!({
            "input_modalities": ["text", "image"], "output_modalities": ["text"],
            "modality": "text+image->text", "tokenizer": "Other", "instruct_type": null,
        })
    );
    assert_eq!(vision["canonical_slug"], "beta/vision-20260101");
    assert_eq!(vision["expiration_date"], "2027-01-31");
    assert_eq!(vision["hugging_face_id"], "beta/Vision");
    assert_eq!(vision["top_provider"]["is_moderated"], true);
    assert_eq!(
        of("acme/vectors")["architecture"]["modality"],
        "text->embeddings"
    );

    let large = of("acme/large");
    // Of all endpoints together; price and limits of the cheapest one.
    assert_eq!(large["supported_parameters"], json!(["tools", "seed"]));
    assert_eq!(
        large["pricing"],
        json!({"prompt": "0.000001", "completion": "0.000005"})
    );
    assert_eq!(
        large["top_provider"],
        json!({"context_length": 4096, "max_completion_tokens": 100, "is_moderated": false})
    );
    // Nobody knows.
    let mystery = of("beta/mystery");
    assert_eq!(mystery["supported_parameters"], json!([]));
    assert_eq!(mystery["context_length"], Value::Null);
    assert_eq!(mystery["architecture"]["modality"], "text->text");

    for id in ["acme/large", "beta/vision", "acme/vectors"] {
        let one = shop.get(&format!("/api/v1/model/{id}")).await.json();
        assert_eq!(one, json!({"data": of(id)}));
        let bare = shop
            .get(&format!("/v1/models/{}", id.replace('/', "%2F")))
            .await
            .json();
        assert_eq!(bare, of(id));
    }
    // By another name it is the same.
    let alias = shop.get("/v1/model/acme/big").await.json();
    assert_eq!(alias["data"]["id"], "acme/large");
    for path in ["model/acme/none", "model/acme/%ff", "models/none/endpoints"] {
        let answer = shop.get(&format!("/api/v1/{path}")).await;
        openrouter(path, &answer, 404, Some("model"), "no such model");
    }
}

#[tokio::test]
async fn a_hidden_model_is_on_no_list_and_is_told_by_name() {
    let hidden = priced("acme/secret", "private", "1").hidden();
    let shop = Shop::open(build([hidden, priced("acme/open", "cheap", "1")]));
    for list in ["models", "models/user"] {
        let listed = shop
            .get(&format!("/api/v1/{list}?output_modalities=all"))
            .await
            .json();
        assert_eq!(names(&listed), "acme/open");
    }
    assert_eq!(
        shop.get("/api/v1/endpoints/zdr").await.json()["data"],
        json!([])
    );
    let one = shop.get("/api/v1/model/acme/secret").await.json();
    assert_eq!(one["data"]["id"], "acme/secret");
}

/// A list points to the endpoints of each of its models, whatever its id.
#[tokio::test]
async fn every_link_leads_somewhere() {
    let ids = [
        "plain",
        "acme/large",
        "a/b/c",
        "a/b?&#%25",
        "acme/x:free",
        "é/ü",
    ];
    let shop = Shop::open(build(ids.map(|id| priced(id, "cheap", "1"))));
    let listed = shop.get("/api/v1/models").await.json();
    for (model, id) in listed["data"].as_array().unwrap().iter().zip(ids) {
        let details = shop.get(model["links"]["details"].as_str().unwrap()).await;
        assert_eq!(details.status, 200, "{id}");
        assert_eq!(details.json()["data"]["id"], id);
    }
}

#[tokio::test]
async fn endpoints_tell_what_was_measured_in_their_units() {
    let shop = Shop::open(catalog());
    let before = shop.get("/api/v1/models/acme/large/endpoints").await.json();
    for endpoint in before["data"]["endpoints"].as_array().unwrap() {
        for key in
            "uptime_last_5m uptime_last_30m uptime_last_1d latency_last_30m throughput_last_30m"
                .split(' ')
        {
            assert_eq!(endpoint.get(key), Some(&Value::Null), "{key}");
        }
        assert_eq!(endpoint["status"], 0);
    }
    let now = Instant::now();
    for _ in 0..75 {
        shop.teach("acme/large@cheap", now, Duration::from_millis(250), 80_000);
    }
    // Long enough ago not to be an outage, and often enough to be down.
    let lineup = shop.roster.lineup();
    let cheap = &lineup.catalog().find("acme/large").unwrap().endpoints()[0];
    for _ in 0..25 {
        lineup.standing(cheap).failed(now);
        lineup.standing(cheap).limited(now);
    }
    let after = shop.get("/v1/models/acme/large/endpoints").await.json();
    let told = &after["data"]["endpoints"][0];
    for key in ["uptime_last_5m", "uptime_last_30m", "uptime_last_1d"] {
        assert_eq!(told[key], 75.0, "{key}: rate limits do not count");
    }
    for percentile in ["p50", "p75", "p90", "p99"] {
        let latency = told["latency_last_30m"][percentile].as_f64().unwrap();
        assert!((225.0..275.0).contains(&latency), "milliseconds: {latency}");
        let throughput = told["throughput_last_30m"][percentile].as_f64().unwrap();
        assert!(
            (72.0..88.0).contains(&throughput),
            "tokens a second: {throughput}"
        );
    }
    assert_eq!(told["status"], -2);
    assert_eq!(after["data"]["endpoints"][1]["status"], 0);
}

#[tokio::test]
async fn an_endpoint_is_told_as_the_catalogue_has_it() {
    let shop = Shop::open(catalog());
    let told = shop.get("/api/v1/models/acme/large/endpoints").await.json();
    let endpoints = told["data"]["endpoints"].as_array().unwrap();
    let expected = json!({
        "name": "Cheap | acme/large", "model_id": "acme/large", "model_name": "acme/large",
        "provider_name": "Cheap", "tag": "cheap", "context_length": 4096, "max_completion_tokens": 100,
        "max_prompt_tokens": 4000, "quantization": "fp8", "supported_parameters": ["tools"],
        "supports_implicit_caching": true, "supports_voice_cloning": false,
        "pricing": {"prompt": "0.000001", "completion": "0.000005"},
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&endpoints[0][key], value, "{key}");
    }
    assert_eq!(endpoints[1]["quantization"], "unknown");
    assert_eq!(endpoints[1]["max_prompt_tokens"], Value::Null);
    let zdr = shop.get("/api/v1/endpoints/zdr").await.json();
    assert_eq!(zdr["data"], json!([endpoints[1]]));
    assert_eq!(keys(&zdr["data"][0]), keys(&endpoints[0]));
}

#[tokio::test]
async fn providers_are_told_with_their_pages_and_places() {
    let shop = Shop::open(catalog());
    for path in ["/api/v1/providers", "/v1/providers"] {
        let told = shop.get(path).await.json();
        assert_eq!(
            told["data"][1],
            json!({
                "name": "Dear & Co.", "slug": "dear", "privacy_policy_url": "https://dear.test/privacy",
                "terms_of_service_url": null, "status_page_url": null, "headquarters": "DE",
                "datacenters": ["DE", "IE"],
            })
        );
        assert_eq!(told["data"][0]["datacenters"], Value::Null);
    }
}

/// A name that always means the newest is listed where there is a choice, and is told with what it means.
#[tokio::test]
async fn the_newest_of_a_family_is_listed_by_its_alias() {
    let shop = Shop::open(build([
        priced("acme/swift-1", "cheap", "1").with_created(1),
        priced("acme/swift-2", "dear", "2")
            .with_created(2)
            .with_name("Acme: Swift 2"),
        priced("acme/lone", "cheap", "3").with_alias("acme/old"),
        priced("acme/lone:free", "cheap", "0"),
        priced("beta/swift-3", "cheap", "3").with_created(3),
    ]));
    let listed = shop.get("/api/v1/models?q=swift").await.json();
    let alias = "~acme/swift-latest";
    assert_eq!(
        names(&listed),
        format!("acme/swift-1 acme/swift-2 beta/swift-3 {alias}")
    );
    let row = &listed["data"][3];
    assert_eq!(
        row["alias_target"],
        json!({"name": "Acme: Swift 2", "slug": "acme/swift-2"})
    );
    assert_eq!(row["name"], "Acme: Swift 2 (latest)");
    assert_eq!(row["pricing"], listed["data"][1]["pricing"]);
    assert_eq!(listed["data"][1].get("alias_target"), None);
    assert_eq!(
        shop.get(&format!("/api/v1/model/{alias}")).await.json(),
        json!({"data": row})
    );
    for (name, id) in [
        ("acme/swift-2:nitro", "acme/swift-2"),
        ("acme/swift-2:floor:online", "acme/swift-2"),
        ("acme/lone:free", "acme/lone:free"),
        ("acme/lone:free:nitro", "acme/lone:free"),
        ("acme/old:free", "acme/lone:free"),
        ("acme/lone:online:free", "acme/lone:free"),
        ("acme/old:nitro:free:floor", "acme/lone:free"),
        ("~beta/swift-latest", "~beta/swift-latest"),
        ("~acme/swift-latest:exacto", "acme/swift-2"),
    ] {
        let one = shop.get(&format!("/v1/model/{name}")).await.json();
        assert_eq!(one["data"]["id"], id, "{name}");
        let endpoints = shop
            .get(&format!("/v1/models/{name}/endpoints"))
            .await
            .json();
        assert_eq!(
            endpoints["data"]["endpoints"].as_array().unwrap().len(),
            1,
            "{name}"
        );
    }
    for name in [
        "acme/swift-2:free",
        "acme/swift-2:soon",
        ":nitro/:nitro",
        "~acme/none-latest",
    ] {
        let answer = shop.get(&format!("/api/v1/model/{name}")).await;
        assert_eq!(answer.status, 404, "{name}");
    }
}

#[tokio::test]
async fn prices_with_conditions_are_told() {
    let price = |text| Price::per_million(text).unwrap();
    let long = Override::new()
        .above(200_000)
        .with(Rate::Prompt, price("2.5"));
    let night = Override::new()
        .during("22:30-06:00".parse().unwrap())
        .on(&[Weekday::Sunday])
        .with(Rate::Completion, price("1"))
        .with(Rate::ImageUnit, price("2000"));
    let prices = prices("1.25", "10")
        .with_override(long)
        .with_override(night);
    let endpoint = EndpointSpec::new("cheap", "m").with_prices(prices);
    let shop = Shop::open(build([ModelSpec::new("acme/long").endpoint(endpoint)]));
    let expected = json!({
        "prompt": "0.00000125", "completion": "0.00001",
        "overrides": [
            {"min_prompt_tokens": 200_000, "prompt": "0.0000025"},
            {"utc_start": 2230, "utc_end": 600, "utc_days": ["sunday"], "completion": "0.000001", "image": "0.002"},
        ],
    });
    let one = shop.get("/api/v1/model/acme/long").await.json();
    assert_eq!(one["data"]["pricing"], expected);
    let details = shop.get("/api/v1/models/acme/long/endpoints").await.json();
    assert_eq!(details["data"]["endpoints"][0]["pricing"], expected);
}

/// Nested, it is reached where the caller has reached it.
#[tokio::test]
async fn the_next_page_is_where_the_first_one_was() {
    let models = ["acme/a", "acme/b"].map(|id| priced(id, "cheap", "1"));
    let gateway = Gateway::new(Stack::new(Arc::new(build(models))), client::hyper::plain());
    let app = Router::new().nest("/ai", gateway.keys([KEY]).router());
    let request = Request::get("/ai/v1/models?limit=1&q=acme")
        .header("authorization", format!("Bearer {KEY}"))
        .body(Body::empty())
        .unwrap();
    let body = app.oneshot(request).await.unwrap().into_body();
    let body = body.collect().await.unwrap().to_bytes();
    let listed: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        listed["links"]["next"],
        "/ai/v1/models?q=acme&offset=1&limit=1"
    );
}

/// Nobody may ever ask for a list again.
#[tokio::test]
async fn a_list_keeps_no_catalogue_that_was_replaced() {
    let shop = Shop::open(catalog());
    assert_eq!(shop.get("/api/v1/models").await.status, 200);
    let before = Arc::downgrade(shop.roster.lineup().catalog());
    let model = Arc::downgrade(&shop.roster.lineup().catalog().models()[0]);
    shop.roster.swap(Arc::new(catalog()), Instant::now());
    assert!(before.upgrade().is_none() && model.upgrade().is_none());
}

/// What is told once is told anew when another catalogue is in force.
#[tokio::test]
async fn another_catalogue_is_another_list() {
    let shop = Shop::open(build([priced("acme/old", "cheap", "1")]));
    assert_eq!(names(&shop.get("/api/v1/models").await.json()), "acme/old");
    let other = build([
        priced("acme/new", "cheap", "1"),
        priced("acme/old", "cheap", "2"),
    ]);
    shop.roster.swap(Arc::new(other), Instant::now());
    let listed = shop.get("/api/v1/models").await.json();
    assert_eq!(names(&listed), "acme/new acme/old");
    assert_eq!(listed["data"][1]["pricing"]["prompt"], "0.000002");
}

#[tokio::test]
async fn only_the_right_key_sees_the_catalogue() {
    let shop = Shop::open(catalog());
    for path in [
        "models",
        "models/count",
        "models/user",
        "models/acme%2Flarge",
        "models/acme/large/endpoints",
        "model/acme/large",
        "embeddings/models",
        "endpoints/zdr",
        "providers",
    ] {
        let request = Request::get(format!("/api/v1/{path}"))
            .body(Body::empty())
            .unwrap();
        openrouter(
            path,
            &shop.send(request).await,
            401,
            None,
            "Missing Authentication",
        );
    }
}

// === Helpers ===

/// A gateway without providers, asked without a socket.
struct Shop {
    roster: Roster,
    router: Router,
}

impl Shop {
    fn open(catalog: Catalog) -> Self {
        let roster = Roster::from(Arc::new(catalog));
        let gateway = Gateway::new(Stack::new(roster.clone()), client::hyper::plain());
        Self {
            roster,
            router: gateway.keys([KEY]).router(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("authorization", format!("Bearer {KEY}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self
            .router
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// One whole answer of this endpoint.
    fn teach(&self, key: &str, now: Instant, first_token: Duration, throughput: u32) {
        let lineup = self.roster.lineup();
        let (_, standing) = lineup
            .endpoints()
            .find(|(endpoint, _)| endpoint.key() == key)
            .unwrap();
        standing.succeeded(now, Some(first_token), Some(throughput));
    }
}

fn names(listed: &Value) -> String {
    let ids = listed["data"].as_array().unwrap().iter();
    let ids: Vec<_> = ids.map(|one| one["id"].as_str().unwrap()).collect();
    ids.join(" ")
}

fn tokens(count: u64) -> NonZeroU64 {
    NonZeroU64::new(count).unwrap()
}

/// In USD for a million tokens.
fn prices(prompt: &str, completion: &str) -> Prices {
    let price = |text| Price::per_million(text).unwrap();
    Prices::unknown()
        .with(Rate::Prompt, price(prompt))
        .with(Rate::Completion, price(completion))
}

fn priced(id: &str, provider: &str, price: &str) -> ModelSpec {
    ModelSpec::new(id).endpoint(EndpointSpec::new(provider, "m").with_prices(prices(price, price)))
}

fn build(models: impl IntoIterator<Item = ModelSpec>) -> Catalog {
    let url = || "https://api.acme.test/v1".parse().unwrap();
    let about = About {
        privacy_policy_url: Some("https://dear.test/privacy".into()),
        headquarters: Some("DE".into()),
        datacenters: Some(vec!["DE".into(), "IE".into()]),
        ..About::default()
    };
    let builder = Catalog::builder()
        .provider(Provider::new("cheap", url()).with_name("Cheap"))
        .provider(
            Provider::new("dear", url())
                .with_name("Dear & Co.")
                .with_about(about),
        )
        .provider(Provider::new("private", url()).with_zdr(true));
    let builder = models
        .into_iter()
        .fold(builder, |builder, model| builder.model(model));
    builder.build().unwrap()
}

fn catalog() -> Catalog {
    let tools = EndpointSpec::new("cheap", "large-1")
        .with_prices(prices("1", "5"))
        .with_context_length(tokens(4096))
        .with_max_completion_tokens(tokens(100))
        .with_max_prompt_tokens(tokens(4000))
        .with_quantization(Quantization::Fp8)
        .with_parameters(Fields::of(&[Field::Tools]))
        .with_implicit_caching(true);
    let seed = EndpointSpec::new("dear", "large-1")
        .with_prices(prices("2", "10"))
        .with_max_completion_tokens(tokens(8000))
        .with_parameters(Fields::of(&[Field::Seed]))
        .with_zdr(true);
    let sees = Modalities::TEXT.with(Modality::Image);
    build([
        ModelSpec::new("acme/large")
            .with_alias("acme/big")
            .with_created(1)
            .with_context_length(tokens(8192))
            .endpoint(tools)
            .endpoint(seed),
        priced("acme/small", "cheap", "0").with_created(1_790_000_000),
        priced("acme/vectors", "cheap", "0")
            .with_output(Modalities::NONE.with(Modality::Embeddings)),
        ModelSpec::new("beta/vision")
            .with_name("Beta: Eye")
            .with_canonical_slug("beta/vision-20260101")
            .with_expiration_date("2027-01-31")
            .with_hugging_face_id("beta/Vision")
            .with_context_length(tokens(100_000))
            .with_input(sees)
            .distillable()
            .moderated(true)
            .endpoint(
                EndpointSpec::new("cheap", "vision")
                    .with_prices(prices("10", "20"))
                    .with_parameters(Fields::of(&[Field::Tools])),
            ),
        ModelSpec::new("beta/mystery").endpoint(EndpointSpec::new("dear", "x")),
    ])
}
