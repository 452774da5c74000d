//! What a hold claims, and who can be afforded.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use proptest::prelude::*;
use serde_json::{Value, json};
use switchtower::catalog::{
    Catalog, Endpoint, EndpointSpec, HoldPolicy, ModelSpec, Override, PartBounds, Prices, Provider,
    Rate,
};
use switchtower::choose::ChooseLayer;
use switchtower::dispatch::fallback::FallbackLayer;
use switchtower::meter::MeterLayer;
use switchtower::settle::claim::{Asks, NoBound, estimate, strict};
use switchtower::settle::{Claim, Held, Ledger, Record, SettleLayer, Slot, cost_of};
use switchtower::standing::{Density, Roster};
use switchtower::wire::Modality;
use switchtower::{
    BoxError, Call, CountTokens, Error, Femto, Filter, Kind, Money, Payload, Price, Usage,
};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

/// Femtodollars of a millionth: what a token costs at a dollar for a million.
const MICRO: i128 = 1_000_000_000;

// === Strict ===

#[test]
fn text_is_all_that_may_be_read() {
    let at = one(&[(Rate::Prompt, "1"), (Rate::Completion, "0")]);
    let long = "x".repeat(1_000);
    let plain = tokens(
        &at,
        json!({"messages": [{"role": "user", "content": "hi"}]}),
    );
    for (more, least) in [
        (
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": long}}}),
            1_000,
        ),
        (json!({"system": long}), 1_000),
        (
            json!({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "tool_calls":
            [{"function": {"name": "f", "arguments": long}}]}]}),
            1_016,
        ),
        (
            json!({"messages": [{"role": "user", "content": "hi", "name": long}]}),
            1_000,
        ),
        (
            json!({"tools": [{"type": "function", "function": {"name": long}}]}),
            1_640,
        ),
    ] {
        let mut body = json!({"messages": [{"role": "user", "content": "hi"}]});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let all = tokens(&at, body);
        assert!(all >= plain + least, "{more}");
    }
    // What only says who is to be asked, and how, is read by nobody.
    for unread in ["user", "session_id", "prompt_cache_key", "logit_bias"] {
        let body = json!({"messages": [{"role": "user", "content": "hi"}], unread: long});
        assert!(tokens(&at, body) < plain + 30, "{unread}");
    }
}

#[test]
fn the_data_of_a_part_counts_by_its_maximum_where_there_is_one() {
    let data = format!("data:image/png;base64,{}", "A".repeat(100_000));
    let body = json!({"max_tokens": 1, "messages": [{"role": "user", "content": [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": data}},
        {"type": "image_url", "image_url": {"url": "https://acme.test/a.png"}}]}]});
    let rates = [
        (Rate::Prompt, "1"),
        (Rate::Completion, "0"),
        (Rate::Image, "3"),
        (Rate::ImageUnit, "0.5"),
    ];
    let bounds = PartBounds {
        image: Some(1_000),
        ..PartBounds::NONE
    };
    let at = endpoint(
        EndpointSpec::new("one", "x")
            .with_prices(prices(&rates))
            .with_bounds(bounds),
    );
    let told = strict(&at, &asks(&body)).unwrap().femtodollars();
    let text = told - 2_000 * 3 * MICRO - 2 * 500_000 * MICRO;
    assert!((100 * MICRO..300 * MICRO).contains(&text), "{told}");

    let none = endpoint(EndpointSpec::new("one", "x").with_prices(prices(&rates)));
    assert_eq!(
        strict(&none, &asks(&body)),
        Err(NoBound::Part(Modality::Image))
    );
}

/// What was drawn in a former answer is sent back as `images` of its message.
#[test]
fn images_of_former_answers_are_images() {
    let body = json!({"max_tokens": 1, "messages": [
        {"role": "assistant", "content": "", "images": [{"type": "image_url", "image_url": {"url": "data:,"}}]},
        {"role": "user", "content": "And in blue?"}]});
    let at = one(&[(Rate::Prompt, "1"), (Rate::Completion, "1")]);
    assert_eq!(
        strict(&at, &asks(&body)),
        Err(NoBound::Part(Modality::Image))
    );
}

#[test]
fn what_nobody_knows_has_no_bound() {
    let at = one(&[(Rate::Prompt, "1"), (Rate::Completion, "1")]);
    for (body, why) in [
        (
            json!({"messages": [{"content": [{"type": "hologram"}]}]}),
            NoBound::Strange,
        ),
        (
            json!({"messages": [{"content": [{"image": "AAAA"}]}]}),
            NoBound::Strange,
        ),
        (
            json!({"messages": [{"role": "assistant", "audio": {"id": "audio-1"}}]}),
            NoBound::Strange,
        ),
        (
            json!({"input": [{"content": [{"type": "image_url"}]}]}),
            NoBound::Strange,
        ),
        (
            json!({"messages": [{"content": [{"type": "input_audio"}]}]}),
            NoBound::Part(Modality::Audio),
        ),
        (
            json!({"messages": [{"content": [{"type": "file"}]}]}),
            NoBound::Part(Modality::File),
        ),
        (
            json!({"messages": [{"content": [{"type": "video_url"}]}]}),
            NoBound::Part(Modality::Video),
        ),
        (
            json!({"web_search_options": {"search_context_size": "low"}}),
            NoBound::Searches,
        ),
        (
            json!({"tools": [{"type": "web_search_preview"}]}),
            NoBound::Searches,
        ),
        (json!({"prompt": "hi"}), NoBound::Answer),
    ] {
        assert_eq!(strict(&at, &asks(&body)), Err(why), "{body}");
    }
    // A tool of the caller's own is none of the provider's.
    let own = json!({"max_tokens": 1, "tools": [{"type": "function", "function": {"name": "web_search"}}]});
    assert!(strict(&at, &asks(&own)).is_ok());
    let hidden = r#"{"max_tokens": 1, "tools": [{"type": "web\u005fsearch"}]}"#;
    let hidden = Asks::of(&Payload::read(hidden).unwrap());
    assert_eq!(strict(&at, &hidden), Err(NoBound::Searches));

    let unpriced = endpoint(EndpointSpec::new("one", "x"));
    assert_eq!(
        strict(&unpriced, &asks(&json!({"max_tokens": 1}))),
        Err(NoBound::Price)
    );
}

#[test]
fn the_answer_is_as_long_as_who_bounds_it_allows() {
    for (asked, limit, context, longest) in [
        (Some(10), None, None, Some(10)),
        (Some(10), Some(7), Some(100), Some(7)),
        (None, Some(7), Some(100), Some(7)),
        (None, None, Some(100), Some(100)),
        (None, None, None, None),
    ] {
        let mut spec = EndpointSpec::new("one", "x")
            .with_prices(prices(&[(Rate::Prompt, "0"), (Rate::Completion, "1")]));
        if let Some(limit) = limit {
            spec = spec.with_max_completion_tokens(u64::try_into(limit).unwrap());
        }
        if let Some(context) = context {
            spec = spec.with_context_length(u64::try_into(context).unwrap());
        }
        let body =
            json!({"n": 3, "max_tokens": asked, "messages": [{"role": "user", "content": "hi"}]});
        let told = strict(&endpoint(spec), &asks(&body)).ok();
        assert_eq!(
            told.map(Femto::femtodollars),
            longest.map(|tokens: i128| 3 * tokens * MICRO)
        );
    }
    // Each of several is billed, of which the best is given; and what was predicted in vain.
    let at = one(&[(Rate::Prompt, "0"), (Rate::Completion, "1")]);
    let best = json!({"prompt": "hi", "n": 2, "best_of": 5, "max_tokens": 10});
    assert_eq!(
        strict(&at, &asks(&best)).unwrap().femtodollars(),
        50 * MICRO
    );
    // Where floats are read this is three hundred.
    let rounded =
        r#"{"model": "x", "prompt": "hi", "max_tokens": 10, "best_of": 300.00000000000000000001}"#;
    let rounded = Asks::of(&Payload::read(rounded).unwrap());
    assert!(strict(&at, &rounded).unwrap().femtodollars() >= 3000 * MICRO);
    // Each prompt of a list has answers of its own; a list of numbers is one.
    for (prompt, answers) in [
        (json!(["a", "b", "c"]), 6),
        (json!([[1, 2], [3]]), 4),
        (json!([1, 2, 3]), 2),
        (json!([]), 2),
    ] {
        let body = json!({"prompt": prompt, "n": 2, "max_tokens": 10});
        assert_eq!(
            strict(&at, &asks(&body)).unwrap().femtodollars(),
            10 * answers * MICRO,
            "{body}"
        );
    }
    let predicted = json!({"max_tokens": 10, "prediction": "0123456789"});
    assert_eq!(
        strict(&at, &asks(&predicted)).unwrap().femtodollars(),
        22 * MICRO
    );
    // Who only reads writes nothing.
    assert_eq!(strict(&at, &asks(&json!({"input": "hi"}))), Ok(Femto::ZERO));
    // An endpoint may know one of them alone.
    for (new, old) in [(10, 1), (1, 10)] {
        let both = json!({"max_completion_tokens": new, "max_tokens": old});
        assert_eq!(
            strict(&at, &asks(&both)).unwrap().femtodollars(),
            10 * MICRO
        );
    }
    let mut both = json!({"input": "hi", "max_tokens": 10});
    both["messages"] = json!([{"role": "user", "content": "hi"}]);
    assert_eq!(
        strict(&at, &asks(&both)).unwrap().femtodollars(),
        10 * MICRO
    );
}

/// Nothing need bound what costs nothing.
#[test]
fn of_who_is_free_no_bound_is_asked_for() {
    let free = one(&[(Rate::Prompt, "0"), (Rate::Completion, "0")]);
    for body in [
        json!({"messages": [{"role": "user", "content": "hi"}]}),
        json!({"messages": [{"content": [{"type": "input_audio"}]}]}),
    ] {
        assert_eq!(strict(&free, &asks(&body)), Ok(Femto::ZERO), "{body}");
    }
}

/// Alibaba asks three times as much for a token that was thought; sound that is asked for is dearer still.
#[test]
fn the_dearest_kind_of_answer_counts() {
    let rates = [
        (Rate::Prompt, "0"),
        (Rate::Completion, "1"),
        (Rate::Reasoning, "4"),
        (Rate::ImageOutput, "30"),
        (Rate::AudioOutput, "20"),
    ];
    let told = |rates, body| strict(&one(rates), &asks(&body)).unwrap().femtodollars();
    for (rates, modalities, each) in [
        (&rates[..2], json!(null), 1),
        (&rates[..3], json!(null), 4),
        (&rates[..], json!(null), 30),
        (&rates[..], json!(["text"]), 4),
        (&rates[..], json!(["text", "audio"]), 20),
        (&rates[..], json!(["image", "text"]), 30),
    ] {
        let body = json!({"max_tokens": 10, "modalities": modalities});
        assert_eq!(told(rates, body), 10 * each * MICRO);
    }
}

#[test]
fn a_search_counts_as_often_as_is_declared() {
    let rates = [
        (Rate::Prompt, "1"),
        (Rate::Completion, "0"),
        (Rate::WebSearch, "0.01"),
    ];
    let bounds = PartBounds {
        searches: Some(5),
        search: Some(8_000),
        ..PartBounds::NONE
    };
    let at = endpoint(
        EndpointSpec::new("one", "x")
            .with_prices(prices(&rates))
            .with_bounds(bounds),
    );
    let plain = strict(&at, &asks(&json!({"max_tokens": 1})))
        .unwrap()
        .femtodollars();
    let body = json!({"max_tokens": 1, "web_search_options": {"search_context_size": "low"}});
    let more = strict(&at, &asks(&body)).unwrap().femtodollars() - plain;
    let options = r#","web_search_options":{"search_context_size":"low"}"#.len() as i128;
    assert_eq!(more, (5 * 8_000 + options) * MICRO + 5 * 10_000 * MICRO);

    // Each of three answers may search as often; and what asks for more may get it.
    let most = |body: Value| strict(&at, &asks(&body)).unwrap().femtodollars();
    // OpenAI's own example asks for it by an empty object.
    let once = most(json!({"max_tokens": 1, "n": 1, "web_search_options": {}}));
    let thrice = most(json!({"max_tokens": 1, "n": 3, "web_search_options": {}}));
    assert_eq!(thrice - once, 2 * 5 * (8_000 + 10_000) * MICRO);
    let tool = |uses: u64| json!([{"type": "web_search_20250305", "name": "web_search", "max_uses": uses}]);
    let few = most(json!({"max_tokens": 1, "tools": tool(2)}));
    let many = most(json!({"max_tokens": 1, "tools": tool(9)}));
    assert_eq!(many - few, 4 * (8_000 + 10_000) * MICRO);
    let both = json!([tool(9)[0], tool(9)[0]]);
    let both = most(json!({"max_tokens": 1, "tools": both}));
    assert!(both - many > 9 * (8_000 + 10_000) * MICRO);
    // Some libraries write what is not set as null, which says nothing.
    let unset = json!([{"type": "web_search_20250305", "name": "web_search", "max_uses": null}]);
    let unset = most(json!({"max_tokens": 1, "tools": unset}));
    assert!((unset - few).abs() < 8_000 * MICRO, "{unset} {few}");
}

/// What is found was free wherever nobody had said how much it is.
#[test]
fn a_search_of_which_nobody_says_what_it_finds_has_no_bound() {
    for (searches, search) in [(Some(5), None), (None, Some(5))] {
        let bounds = PartBounds {
            searches,
            search,
            ..PartBounds::NONE
        };
        let rates = prices(&[(Rate::Prompt, "1"), (Rate::Completion, "1")]);
        let spec = EndpointSpec::new("one", "x").with_prices(rates);
        let at = endpoint(spec.with_bounds(bounds));
        let body = json!({"max_tokens": 1, "web_search_options": {}});
        assert_eq!(strict(&at, &asks(&body)), Err(NoBound::Searches));
    }
}

/// A provider bills its containers and its stores of files apart.
#[test]
fn a_tool_that_the_provider_runs_has_no_bound() {
    let at = one(&[(Rate::Prompt, "1"), (Rate::Completion, "1")]);
    let with = |tools: Value| strict(&at, &asks(&json!({"max_tokens": 1, "tools": tools})));
    for kind in [
        "code_interpreter",
        "file_search",
        "code_execution_20250522",
        "\\u0066unctions",
    ] {
        let tools = json!([{"type": "function", "function": {"name": "f"}}, {"type": kind}]);
        assert_eq!(with(tools), Err(NoBound::Tool), "{kind}");
    }
    for tool in [
        json!({"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}),
        json!({"type": "custom", "custom": {"name": "f"}}),
        json!({"name": "f", "input_schema": {"type": "object"}}),
    ] {
        assert!(with(json!([tool])).is_ok());
    }
    // One reader takes the first, another the last.
    for twice in [
        r#""type": "web_search", "type": "code_interpreter""#,
        r#""type": "code_interpreter", "type": "web_search""#,
    ] {
        let body = format!(r#"{{"model": "x", "max_tokens": 1, "tools": [{{{twice}}}]}}"#);
        let asks = Asks::of(&Payload::read(body).unwrap());
        assert_eq!(strict(&at, &asks), Err(NoBound::Tool), "{twice}");
    }
}

proptest! {
    /// Whatever of what the request allows is used, at whatever hour, and of whatever class it turns out to be.
    #[test]
    fn no_usage_that_is_allowed_costs_more(
        prices in lists(),
        body in bodies(),
        shares in prop::collection::vec(0_u64..=100, 12),
        minute in 0_u64..14 * 1440,
    ) {
        const IMAGE: u64 = 50;
        const FILE: u64 = 70;
        let bounds = PartBounds { image: Some(IMAGE), file: Some(FILE), searches: Some(2), search: Some(9), ..PartBounds::NONE };
        let limit = std::num::NonZeroU64::new(40).unwrap();
        let spec = EndpointSpec::new("one", "x").with_bounds(bounds).with_max_completion_tokens(limit);
        let at = endpoint(spec.with_prices(prices.clone()));
        let payload = Payload::read(body.to_string()).unwrap();
        let view = payload.view();

        // A byte a token of each text, wherever it stands; of the parts as much as they may take.
        let texts: usize = texts(&body);
        let images = u64::from(view.media(Modality::Image));
        let seen = images * IMAGE * shares[0] / 100;
        let files = u64::from(view.media(Modality::File)) * FILE;
        let choices = u64::from(view.choices());
        let asked = body["tools"][0]["max_uses"].as_u64().unwrap_or(0).max(2);
        let options = body.get("web_search_options").is_some();
        let searches = if options || view.may_search(payload.bytes()) { asked * choices } else { 0 };
        let read = (texts as u64 + 16 * u64::from(view.message_count()) + files + searches * 9) * shares[1] / 100;
        let written = view.max_output().unwrap_or(40).min(40) * choices * shares[2] / 100;
        let split = |whole: u64, by: &[u64]| {
            let mut left = whole;
            let mut parts: Vec<u64> = by.iter().map(|share| { let part = left * share / 100; left -= part; part }).collect();
            parts.push(left);
            parts
        };
        let read = split(read, &shares[3..6]);
        let written = split(written, &shares[6..9]);
        let usage = Usage {
            input: read[0], cache_read: read[1], cache_write: read[2], cache_write_1h: read[3],
            image_input: seen,
            output: written[0], reasoning: written[1], image_output: written[2], audio_output: written[3],
            images, web_searches: searches * shares[9] / 100,
            ..Usage::default()
        };
        let wall = UNIX_EPOCH + Duration::from_secs(minute * 60);
        let billed = cost_of(&prices.at(usage.prompt_tokens(), wall), &usage);
        match (strict(&at, &Asks::of(&payload)), billed) {
            (Ok(most), Some(billed)) => prop_assert!(billed <= most, "{billed} > {most}"),
            // Where a price is not known, the usage may have needed none.
            (Err(why), _) => prop_assert_eq!(why, NoBound::Price),
            (Ok(most), None) => prop_assert!(false, "{most}, but nobody knows what was billed"),
        }
    }
}

// === Estimate ===

#[test]
fn an_estimate_goes_by_what_was_learned() {
    let at = one(&[(Rate::Prompt, "1"), (Rate::Completion, "2")]);
    let asks = asks(&json!({"max_tokens": 10_000, "prompt": "x".repeat(1_998)}));
    let density = Density::default();
    let likely = |density| {
        estimate(&at, &asks, density, UNIX_EPOCH)
            .unwrap()
            .femtodollars()
    };
    assert_eq!(likely(&density), (500 + 2 * 400) * MICRO);
    (0..200).for_each(|_| density.learn(2_000, 1_000));
    let dense = likely(&density);
    assert!(
        ((1_000 + 800) * MICRO..(1_010 + 800) * MICRO).contains(&dense),
        "{dense}"
    );
}

#[test]
fn a_density_stays_sensible_whatever_it_is_taught() {
    let density = Density::default();
    density.learn(Density::LEAST - 1, 1);
    density.learn(1_000, 0);
    assert_eq!(density.thousandths(), 4_000);
    for (bytes, tokens) in [(u64::MAX, 1), (256, u64::MAX), (u64::MAX, u64::MAX)] {
        (0..1_000).for_each(|_| density.learn(bytes, tokens));
        assert!(
            (250..=32_000).contains(&density.thousandths()),
            "{density:?}"
        );
    }
    assert!(density.tokens(u64::MAX) > 0);
    assert_eq!(density.tokens(0), 0);
}

// === Who can be afforded ===

#[tokio::test(start_paused = true)]
async fn whoever_is_too_dear_is_never_asked() {
    // A thousand tokens: a cent, or a dollar.
    let (purse, stack) = stack(dollars("0.02"), [broken(), broken()], HoldPolicy::Strict);
    let request = request(json!({"max_tokens": 1_000, "provider": {"order": ["dear", "cheap"]}}));
    let call = call(&request);
    let error = stack.oneshot(request).await.unwrap_err();
    // The only one that is left has failed, and nobody else may be asked.
    assert_eq!(error.kind(), Kind::Disconnected);
    assert_eq!(asked(&call), ["cheap"]);
    let plan = call.plan().unwrap();
    assert_eq!(plan.candidates.len(), 1);
    assert_eq!(plan.rejected[0].endpoint.tag(), "dear");
    assert_eq!(plan.rejected[0].filter, Filter::Budget);
    let held = purse.state.lock().unwrap().held[0];
    assert!(held >= dollars("0.01") && held < dollars("0.02"), "{held}");
}

#[tokio::test(start_paused = true)]
async fn whom_all_can_be_afforded_loses_nobody() {
    let (purse, stack) = stack(dollars("5"), [broken(), ok(10)], HoldPolicy::Strict);
    let request = request(json!({"max_tokens": 1_000, "provider": {"order": ["dear", "cheap"]}}));
    let call = call(&request);
    finish(stack.oneshot(request).await).await;
    assert_eq!(asked(&call), ["dear", "cheap"]);
    assert!(purse.state.lock().unwrap().held[0] >= dollars("1"));
    assert_eq!(purse.record().overrun(), None);
}

#[tokio::test(start_paused = true)]
async fn nobody_left_is_the_ledgers_refusal_of_the_cheapest() {
    let (purse, stack) = stack(dollars("0.001"), [ok(10), ok(10)], HoldPolicy::Strict);
    let request = request(json!({"max_tokens": 1_000}));
    let call = call(&request);
    let error = stack.oneshot(request).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (Kind::PaymentRequired, 402)
    );
    let claimed = error
        .message()
        .strip_prefix("no room for ")
        .unwrap()
        .parse::<Money>()
        .unwrap();
    assert!(
        claimed >= dollars("0.01") && claimed < dollars("0.02"),
        "{claimed}"
    );
    let rejected = &error.refused().unwrap().rejected;
    assert_eq!(
        rejected.iter().map(|r| r.filter).collect::<Vec<_>>(),
        [Filter::Budget; 2]
    );
    assert!(asked(&call).is_empty());
    assert!(purse.state.lock().unwrap().records.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_nothing_bounds_is_refused_only_under_a_limit() {
    for (body, param, says) in [
        (json!({}), "max_tokens", "set `max_tokens`"),
        (
            part(json!({"type": "input_audio", "input_audio": {}})),
            "messages",
            "`audio`",
        ),
        (part(json!({"type": "hologram"})), "messages", "`hologram`"),
        (
            json!({"max_tokens": 9, "web_search_options": {"search_context_size": "low"}}),
            "web_search_options",
            "searched",
        ),
    ] {
        let (_, limited) = stack(dollars("100"), [ok(10), ok(10)], HoldPolicy::Strict);
        let error = limited.oneshot(request(body.clone())).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.param()),
            (Kind::Invalid, Some(param)),
            "{error}"
        );
        assert!(error.message().contains(says), "{error}");

        let (purse, free) = stack(None, [ok(10), ok(10)], HoldPolicy::Strict);
        finish(free.oneshot(request(body)).await).await;
        assert!(purse.record().held > Money::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_price_is_not_free_for_whom_a_limit_holds() {
    let (_, chain) = chain(
        &[("dear", None), ("cheap", None)],
        dollars("1"),
        [ok(10), ok(10)],
        HoldPolicy::Strict,
    );
    let error = chain
        .oneshot(request(json!({"max_tokens": 9})))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.param()),
        (Kind::NoEndpoints, Some("model"))
    );
    let rejected = &error.refused().unwrap().rejected;
    assert!(
        rejected
            .iter()
            .all(|rejected| rejected.filter == Filter::UnknownPrice)
    );
}

/// What was there a moment ago another request has taken: less is claimed, by fewer candidates.
#[tokio::test(start_paused = true)]
async fn a_race_for_the_last_dollar_is_lost_once_and_not_for_all() {
    let (purse, stack) = stack(dollars("2"), [ok(10), ok(10)], HoldPolicy::Strict);
    purse.state.lock().unwrap().taken_before = VecDeque::from([dollars("1.5")]);
    let request = request(json!({"max_tokens": 1_000, "provider": {"order": ["dear", "cheap"]}}));
    let call = call(&request);
    finish(stack.oneshot(request).await).await;
    assert_eq!(asked(&call), ["cheap"]);
    assert_eq!(purse.state.lock().unwrap().refused, 1);
}

/// A ledger that says there is room, and refuses for another reason, is believed at once.
#[tokio::test(start_paused = true)]
async fn another_limit_is_not_tried_again() {
    let (purse, stack) = stack(dollars("2"), [ok(10), ok(10)], HoldPolicy::Strict);
    purse.state.lock().unwrap().busy = true;
    let error = stack
        .oneshot(request(json!({"max_tokens": 9})))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::RateLimited);
    assert_eq!(purse.state.lock().unwrap().refused, 1);
}

// === Debt ===

#[tokio::test(start_paused = true)]
async fn an_overrun_is_charged_in_full_and_then_nobody_is_let_in() {
    let (purse, chain) = stack(dollars("0.02"), [ok(9_000), ok(10)], HoldPolicy::estimate());
    // Likely 400 tokens of a hundredth of a cent, at the most 9,000 of them.
    let ask = json!({"max_tokens": 9_000, "provider": {"only": ["cheap"]}});
    finish(chain.clone().oneshot(request(ask.clone())).await).await;
    let record = purse.record();
    assert!(record.held < dollars("0.005"), "{}", record.held);
    assert!(record.charge.unwrap() >= dollars("0.09"));
    assert_eq!(
        record.overrun(),
        record.charge.unwrap().checked_sub(record.held)
    );
    let error = chain.oneshot(request(ask)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::PaymentRequired);
}

#[tokio::test(start_paused = true)]
async fn no_debt_is_larger_than_is_allowed() {
    let max_debt = dollars("0.05");
    let policy = HoldPolicy::Estimate { max_debt };
    let (purse, chain) = stack(dollars("1"), [ok(9_000), ok(10)], policy);
    let ask = json!({"max_tokens": 9_000, "provider": {"only": ["cheap"]}});
    finish(chain.oneshot(request(ask)).await).await;
    let overrun = purse.record().overrun().unwrap();
    assert!(
        overrun <= max_debt && overrun > dollars("0.04"),
        "{overrun}"
    );
}

/// An estimate may go by a tokenizer; a bound does not.
#[tokio::test(start_paused = true)]
async fn a_tokenizer_says_what_is_likely_and_not_what_is_most() {
    #[derive(Debug)]
    struct Counts(AtomicU64);
    impl CountTokens for Counts {
        fn count(&self, model: &str, _: &Payload) -> Option<u64> {
            assert_eq!(model, "a/x");
            self.0.fetch_add(1, Relaxed);
            Some(50_000)
        }
    }
    let held = |policy: HoldPolicy, counter: Option<Arc<Counts>>| async move {
        let listed = prices(&[(Rate::Prompt, "1"), (Rate::Completion, "1")]);
        let provider = |slug: &str| Provider::new(slug, "http://one.test/v1".parse().unwrap());
        let endpoint = |slug: &str| EndpointSpec::new(slug, "x").with_prices(listed.clone());
        let model = ModelSpec::new("a/x").endpoint(endpoint("one"));
        let catalog = Catalog::builder()
            .provider(provider("one"))
            .provider(provider("two"))
            .model(model.endpoint(endpoint("two")))
            .build();
        let roster = Roster::from(Arc::new(catalog.unwrap()));
        let purse = Purse::new(Some(dollars("1000")));
        let mut settle = SettleLayer::new(purse.clone()).hold(policy);
        if let Some(counter) = counter {
            settle = settle.count_tokens(counter);
        }
        let client = service_fn(|_: Request<Payload>| async { reply(ok(1)) });
        let chain = ServiceBuilder::new()
            .layer(ChooseLayer::new(roster).seed(1))
            .layer(settle)
            .layer(MeterLayer::new())
            .service(client);
        drop(chain.oneshot(request(json!({"max_tokens": 10}))).await);
        purse.state.lock().unwrap().held[0]
    };
    let counts = Arc::new(Counts(AtomicU64::new(0)));
    let strict = held(HoldPolicy::Strict, None).await;
    assert_eq!(held(HoldPolicy::Strict, Some(counts.clone())).await, strict);
    assert_eq!(counts.0.load(Relaxed), 0, "nobody asks");
    let likely = held(HoldPolicy::estimate(), None).await;
    let counted = held(HoldPolicy::estimate(), Some(counts.clone())).await;
    // More than the most is the most.
    assert!(
        likely < counted && counted == strict,
        "{likely} {counted} {strict}"
    );
    assert_eq!(counts.0.load(Relaxed), 1, "once for both candidates");
}

// === What is learned ===

#[tokio::test(start_paused = true)]
async fn settled_requests_teach_how_long_tokens_are() {
    let catalog = Arc::new(catalog(&[("dear", Some("100")), ("cheap", Some("1"))]));
    let roster = Roster::from(catalog);
    // 1,000 tokens were read of 2,000 bytes.
    let answers = Arc::new(Mutex::new(VecDeque::from(vec![ok(1); 60])));
    let purse = Purse::new(None);
    let chain = around(roster.clone(), purse, answers, HoldPolicy::Strict);
    let text = "x".repeat(2_000);
    for _ in 0..60 {
        let body = json!({"max_tokens": 9, "messages": [{"role": "user", "content": text}]});
        finish(chain.clone().oneshot(request(body)).await).await;
    }
    let tokens = roster.with(|lineup| lineup.tokens("a/x", 2_000));
    assert!((995..=1_005).contains(&tokens), "{tokens}");
    // All endpoints of the model share it, and a new catalogue keeps it.
    roster.swap(
        Arc::new(self::catalog(&[("new", Some("1"))])),
        std::time::Instant::now(),
    );
    assert_eq!(roster.with(|lineup| lineup.tokens("a/x", 2_000)), tokens);
    assert_eq!(roster.with(|lineup| lineup.tokens("b/y", 2_000)), 500);
}

// === Helpers ===

type Answer = (u16, u64);
type Answers = Arc<Mutex<VecDeque<Answer>>>;
type Chain = tower::util::BoxCloneService<Request<Payload>, Response<Body>, Error>;
type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, BoxError>;

/// A ledger of one limit.
#[derive(Clone)]
struct Purse {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    limit: Option<Money>,
    used: Money,
    held: Vec<Money>,
    records: Vec<Record>,
    refused: usize,
    /// What others take before each hold.
    taken_before: VecDeque<Money>,
    busy: bool,
}

struct Place(Purse);

impl Purse {
    fn new(limit: Option<Money>) -> Self {
        let state = State {
            limit,
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    fn record(&self) -> Record {
        self.state.lock().unwrap().records.last().unwrap().clone()
    }
}

impl Ledger for Purse {
    type Slot = Place;

    fn poll_slot(&mut self, _: &mut Context<'_>) -> Poll<Result<Place, BoxError>> {
        Poll::Ready(Ok(Place(self.clone())))
    }
}

impl Slot for Place {
    fn hold(&mut self, claim: &Claim) -> Result<Held, Error> {
        let mut state = self.0.state.lock().unwrap();
        if let Some(taken) = state.taken_before.pop_front() {
            state.used = state.used.saturating_add(taken);
        }
        if state.busy {
            state.refused += 1;
            return Err(Error::new(Kind::RateLimited, "too many at once"));
        }
        let sum = state.used.saturating_add(claim.amount);
        if state.limit.is_some_and(|limit| sum > limit) {
            state.refused += 1;
            let message = format!("no room for {}", claim.amount);
            return Err(Error::new(Kind::PaymentRequired, message));
        }
        state.held.push(claim.amount);
        Ok(Held::Now)
    }

    fn available(&self, _: &Claim) -> Option<Money> {
        let state = self.0.state.lock().unwrap();
        Some(state.limit?.saturating_sub(state.used))
    }

    fn write(&mut self, record: Record) {
        let mut state = self.0.state.lock().unwrap();
        state.used = state.used.saturating_add(record.charge.unwrap_or_default());
        state.records.push(record);
    }
}

/// A dear endpoint and a cheap one, for a thousand dollars a million tokens written and for ten.
fn stack(
    limit: impl Into<Option<Money>>,
    answers: [Answer; 2],
    policy: HoldPolicy,
) -> (Purse, Chain) {
    chain(
        &[("dear", Some("1000")), ("cheap", Some("10"))],
        limit,
        answers,
        policy,
    )
}

fn chain(
    endpoints: &[(&str, Option<&str>)],
    limit: impl Into<Option<Money>>,
    answers: [Answer; 2],
    policy: HoldPolicy,
) -> (Purse, Chain) {
    let purse = Purse::new(limit.into());
    let answers = Arc::new(Mutex::new(VecDeque::from(answers)));
    let roster = Roster::from(Arc::new(catalog(endpoints)));
    (purse.clone(), around(roster, purse, answers, policy))
}

fn around(roster: Roster, purse: Purse, answers: Answers, policy: HoldPolicy) -> Chain {
    let client = service_fn(move |_: Request<Payload>| {
        let answer = answers.lock().unwrap().pop_front().unwrap();
        async move { reply(answer) }
    });
    let chain = ServiceBuilder::new()
        .layer(ChooseLayer::new(roster).seed(1))
        .layer(SettleLayer::new(purse).hold(policy))
        .layer(FallbackLayer::new())
        .layer(MeterLayer::new())
        .service(client);
    let boxed = tower::util::MapResponseLayer::new(|response: Response<_>| {
        response.map(|body: switchtower::settle::Body<_, _>| {
            body.map_err(BoxError::from).boxed_unsync()
        })
    });
    tower::util::BoxCloneService::new(boxed.layer(chain))
}

fn reply((status, written): Answer) -> Result<Response<Full<Bytes>>, std::io::Error> {
    if status == 0 {
        return Err(std::io::ErrorKind::ConnectionReset.into());
    }
    let answer = json!({
        "choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1_000, "completion_tokens": written},
    });
    let response = Response::builder().header("content-type", "application/json");
    Ok(response.body(Full::from(answer.to_string())).unwrap())
}

fn ok(written: u64) -> Answer {
    (200, written)
}

fn broken() -> Answer {
    (0, 0)
}

async fn finish(answer: Result<Response<Body>, Error>) {
    answer.unwrap().into_body().collect().await.unwrap();
}

fn asked(call: &Call) -> Vec<String> {
    let tag = |attempt: &switchtower::Attempt| {
        let candidate = attempt.candidate().unwrap();
        candidate.endpoint.tag().to_owned()
    };
    call.attempts().iter().map(tag).collect()
}

fn call(request: &Request<Payload>) -> Call {
    request.extensions().get::<Call>().unwrap().clone()
}

fn request(mut body: Value) -> Request<Payload> {
    let fields = body.as_object_mut().unwrap();
    fields.insert("model".into(), "a/x".into());
    if !fields.contains_key("messages") {
        fields.insert(
            "messages".into(),
            json!([{"role": "user", "content": "hi"}]),
        );
    }
    let mut request = Request::new(Payload::read(body.to_string()).unwrap());
    Call::of(request.extensions_mut());
    request
}

fn part(part: Value) -> Value {
    json!({"max_tokens": 9, "messages": [{"role": "user", "content": [part]}]})
}

fn dollars(text: &str) -> Money {
    text.parse().unwrap()
}

fn catalog(endpoints: &[(&str, Option<&str>)]) -> Catalog {
    let mut model = ModelSpec::new("a/x");
    let mut builder = Catalog::builder();
    for (slug, price) in endpoints {
        let url = format!("http://{slug}.test/v1").parse().unwrap();
        builder = builder.provider(Provider::new(slug, url));
        let mut spec = EndpointSpec::new(slug, "x");
        if let Some(price) = price {
            spec = spec.with_prices(prices(&[(Rate::Prompt, "0"), (Rate::Completion, price)]));
        }
        model = model.endpoint(spec);
    }
    builder.model(model).build().unwrap()
}

fn asks(body: &Value) -> Asks {
    Asks::of(&Payload::read(body.to_string()).unwrap())
}

/// Of an endpoint that asks a dollar for a million tokens that are read.
fn tokens(at: &Endpoint, mut body: Value) -> i128 {
    body.as_object_mut()
        .unwrap()
        .insert("max_tokens".into(), 1.into());
    strict(at, &asks(&body)).unwrap().femtodollars() / MICRO
}

fn one(listed: &[(Rate, &str)]) -> Arc<Endpoint> {
    endpoint(EndpointSpec::new("one", "x").with_prices(prices(listed)))
}

fn endpoint(spec: EndpointSpec) -> Arc<Endpoint> {
    let catalog = Catalog::builder()
        .provider(Provider::new("one", "http://one.test/v1".parse().unwrap()))
        .model(ModelSpec::new("a/x").endpoint(spec));
    catalog.build().unwrap().models()[0].endpoints()[0].clone()
}

fn prices(listed: &[(Rate, &str)]) -> Prices {
    let price = |rate: Rate, text: &str| match rate.is_surcharge() {
        true => text.parse().unwrap(),
        false => Price::per_million(text).unwrap(),
    };
    listed
        .iter()
        .fold(Prices::unknown(), |prices, (rate, text)| {
            prices.with(*rate, price(*rate, text))
        })
}

/// The bytes of all strings of a body that a model may be told.
fn texts(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(texts).sum(),
        Value::Object(members) => {
            let told = members
                .iter()
                .filter(|(key, _)| !["image_url", "file", "model"].contains(&key.as_str()));
            told.map(|(_, value)| texts(value)).sum()
        }
        _ => 0,
    }
}

fn lists() -> impl Strategy<Value = Prices> {
    let rates = || prop::collection::vec((0..Rate::ALL.len(), 0_u64..5), 0..8);
    let overrides = prop::collection::vec((prop::option::of(0_u64..300), rates()), 0..3);
    (any::<bool>(), rates(), overrides).prop_map(|(known, listed, overrides)| {
        let price =
            |(rate, price): (usize, u64)| (Rate::ALL[rate], Price::from_femtodollars(price));
        let mut prices = Prices::unknown();
        if known {
            prices = prices
                .with(Rate::Prompt, Price::ZERO)
                .with(Rate::Completion, Price::ZERO);
        }
        prices = listed
            .into_iter()
            .map(price)
            .fold(prices, |prices, (rate, price)| prices.with(rate, price));
        overrides
            .into_iter()
            .fold(prices, |prices, (above, listed)| {
                let one = match above {
                    Some(above) => Override::new().above(above),
                    None => Override::new().during("22:00-06:00".parse().unwrap()),
                };
                let one = listed
                    .into_iter()
                    .map(price)
                    .fold(one, |one, (rate, price)| one.with(rate, price));
                prices.with_override(one)
            })
    })
}

fn bodies() -> impl Strategy<Value = Value> {
    let part = prop_oneof![
        "\\PC{0,40}".prop_map(|text| json!({"type": "text", "text": text})),
        Just(json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}})),
        Just(json!({"type": "file", "file": {"file_id": "file-1"}})),
    ];
    let content = prop_oneof![
        "\\PC{0,60}".prop_map(Value::from),
        prop::collection::vec(part, 0..4).prop_map(Value::from),
    ];
    let messages = prop::collection::vec(content, 1..5);
    (
        messages,
        prop::option::of(1_u64..90),
        1_u64..4,
        0_u64..6,
        any::<bool>(),
    )
        .prop_map(|(messages, max_tokens, n, tools, search)| {
            let messages = messages.into_iter();
            let messages: Vec<_> = messages
                .map(|content| json!({"role": "user", "content": content}))
                .collect();
            let mut body =
                json!({"model": "a/x", "n": n, "max_tokens": max_tokens, "messages": messages});
            let fields = body.as_object_mut().unwrap();
            let function = json!({"type": "function", "function": {"name": "look_up"}});
            let tools = match tools {
                0 => json!([]),
                1 => json!([function]),
                uses => json!([{"type": "web_search_1", "max_uses": uses}, function]),
            };
            fields.insert("tools".into(), tools);
            if search {
                fields.insert(
                    "web_search_options".into(),
                    [json!({"search_context_size": "low"}), json!({})][n as usize % 2].clone(),
                );
            }
            body
        })
}
