//! Where one may knock, how, and with which key.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::json;

use crate::bad_input::{openai, openrouter};
use crate::support::{Answer, House, KEY, chat};

#[tokio::test]
async fn an_unknown_route_is_a_404_in_its_dialect() {
    let house = House::open(1).await;
    for path in [
        "/",
        "/nope",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nope",
        "/api/v1/chat",
        "/api/v2/models",
    ] {
        openrouter(path, &house.get(path).await, 404, None, "no such route");
    }
    for path in ["/v1", "/v1/", "/v1/nope", "/v1/models/acme/large"] {
        let kind = openai(path, &house.get(path).await, 404, None, "no such route");
        assert_eq!(kind, "invalid_request_error", "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_405_that_names_the_right_one() {
    let house = House::open(1).await;
    let cases = [
        (Method::GET, "/chat/completions", "POST"),
        (Method::PUT, "/chat/completions", "POST"),
        (Method::POST, "/models", "GET,HEAD"),
        (Method::DELETE, "/generation", "GET,HEAD"),
    ];
    for (method, path, allowed) in cases {
        let request =
            |version: &str| house.request(method.clone(), &format!("{version}{path}"), "");
        let router = Answer::read(house.send(request("/api/v1")).await).await;
        openrouter(path, &router, 405, None, "not a method of this route");
        assert_eq!(router.header("allow"), Some(allowed), "{path}");
        let other = Answer::read(house.send(request("/v1")).await).await;
        openai(path, &other, 405, None, "not a method of this route");
        assert_eq!(other.header("allow"), Some(allowed), "{path}");
        let names = allowed.trim_end_matches(",HEAD");
        let told = format!("takes {names}");
        assert!(other.body.contains(&told), "{}", other.body);
    }
    for (path, takes) in [
        ("/keys", "takes GET and POST"),
        ("/byok", "takes GET and POST"),
        ("/credits", "takes GET and POST"),
        ("/keys/00", "takes GET, PATCH and DELETE"),
        ("/byok/00", "takes GET, PATCH and DELETE"),
    ] {
        let path = format!("/api/v1{path}");
        let answer = Answer::read(house.send(house.request(Method::PUT, &path, "")).await).await;
        openrouter(&path, &answer, 405, None, takes);
        let allowed = answer.header("allow").unwrap().replace(",HEAD", "");
        let allowed: Vec<_> = allowed.split(',').collect();
        let takes = takes.trim_start_matches("takes ").replace(" and ", ", ");
        let takes: Vec<_> = takes.split(", ").collect();
        let sorted = |mut names: Vec<&str>| {
            names.sort_unstable();
            names.join(" ")
        };
        assert_eq!(sorted(allowed), sorted(takes), "{path}");
    }
}

/// It left out most of those that tell of money.
#[tokio::test]
async fn all_routes_that_an_unknown_one_is_told_of_are_there() {
    let house = House::open(1).await;
    let told = house.get("/api/v1/nope").await.body;
    let (_, told) = told.split_once("there are").unwrap();
    let (told, _) = told.split_once(", under").unwrap();
    let words = told.split([' ', ',']);
    let paths: Vec<_> = words.filter(|word| word.starts_with('/')).collect();
    assert!(paths.len() > 18, "{paths:?}");
    for path in paths {
        let path = format!("/api/v1{path}");
        let answer = Answer::read(house.send(house.request(Method::PUT, &path, "")).await).await;
        // This one wants names behind it.
        let is_there = answer.status == 405 || path.ends_with("/model");
        assert!(is_there, "{path}: {}", answer.status);
    }
}

#[tokio::test]
async fn only_the_right_key_opens() {
    let house = House::open(1).await;
    let wrong = [
        ("no key", None),
        ("an empty one", Some("Bearer ".to_owned())),
        ("no scheme", Some(KEY.to_owned())),
        ("another scheme", Some(format!("Basic {KEY}"))),
        ("a wrong one", Some("Bearer sk-or-v1-other".to_owned())),
        ("one too long", Some(format!("Bearer {KEY}x"))),
        ("two", Some(format!("Bearer {KEY} {KEY}"))),
    ];
    for (what, key) in wrong {
        for (method, path) in [
            (Method::POST, "/chat/completions"),
            (Method::GET, "/models"),
            (Method::GET, "/generation?id=gen-1"),
        ] {
            let router = knock(&house, &method, &format!("/api/v1{path}"), key.as_deref()).await;
            openrouter(what, &router, 401, None, "");
            assert_eq!(
                router.json()["error"]["metadata"]["error_type"],
                "authentication"
            );
            let other = knock(&house, &method, &format!("/v1{path}"), key.as_deref()).await;
            assert_eq!(openai(what, &other, 401, None, ""), "authentication_error");
            assert_eq!(other.json()["error"]["code"], "invalid_api_key");
            assert!(!other.body.contains(KEY), "the key is repeated");
        }
    }
    assert_eq!(house.calls(), 0);

    let lower = Some(format!("bearer   {KEY} "));
    let answer = knock(&house, &Method::GET, "/v1/models", lower.as_deref()).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn any_content_type_will_do() {
    let house = House::open(1).await;
    for kind in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/json; charset=utf-8",
    ] {
        let mut request = house.request(Method::POST, "/api/v1/chat/completions", chat(json!({})));
        request
            .headers_mut()
            .insert("content-type", kind.parse().unwrap());
        assert_eq!(house.send(request).await.status(), 200, "{kind}");
    }
}

#[tokio::test]
async fn a_generation_must_be_named() {
    let house = House::open(1).await;
    for query in ["", "?", "?name=x"] {
        let path = format!("/api/v1/generation{query}");
        openrouter(query, &house.get(&path).await, 400, Some("id"), "?id=gen-");
        let path = format!("/v1/generation{query}");
        openai(query, &house.get(&path).await, 400, Some("id"), "?id=gen-");
    }
    for id in ["", "gen-1-x", "%00", "%ff"] {
        let path = format!("/api/v1/generation?id={id}");
        openrouter(
            id,
            &house.get(&path).await,
            404,
            Some("id"),
            "no such generation",
        );
        let path = format!("/v1/generation?id={id}");
        openai(
            id,
            &house.get(&path).await,
            404,
            Some("id"),
            "no such generation",
        );
    }
}

async fn knock(house: &House, method: &Method, path: &str, key: Option<&str>) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("http://{}{path}", house.address));
    if let Some(key) = key {
        request = request.header("authorization", key);
    }
    let body = Full::<Bytes>::from(chat(json!({})));
    Answer::read(house.send(request.body(body).unwrap()).await).await
}
