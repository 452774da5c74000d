//! Who can serve the request, and who may.

use std::num::NonZeroU64;

use serde_json::{Value, json};
use switchtower::catalog::{EndpointSpec, ModelSpec, Override, Prices, Rate};
use switchtower::wire::{Field, Fields, Modalities, Modality, Quantization};
use switchtower::{Filter, Kind, Payload};

use crate::support::*;

fn able(tag: &str, fields: &[Field]) -> EndpointSpec {
    at(tag, "1").with_parameters(Fields::of(fields))
}

fn tokens(count: u64) -> NonZeroU64 {
    NonZeroU64::new(count).unwrap()
}

/// Who is left, sorted, and who is not.
fn left(world: &World, body: &Value) -> String {
    let plan = world.plan(body.clone()).unwrap();
    let left: Vec<_> = tags(&plan).into_iter().collect();
    left.join(" ")
}

#[test]
fn data_and_retention_take_a_promise() {
    let world = World::serving([
        at("a", "1"),
        at("b", "1").with_data_collection(false),
        at("c", "1").with_data_collection(false).with_zdr(true),
    ]);
    let deny = provider(json!({"data_collection": "deny"}));
    assert_eq!(left(&world, &deny), "b c");
    let zdr = provider(json!({"zdr": true}));
    assert_eq!(left(&world, &zdr), "c");
    assert_eq!(rejected(&world.plan(zdr).unwrap())["b"], Filter::Zdr);
    assert_eq!(
        rejected(&world.plan(deny).unwrap())["a"],
        Filter::DataCollection
    );
    let both = provider(json!({"zdr": true, "data_collection": "deny", "ignore": ["c"]}));
    let error = world.plan(both).unwrap_err();
    let counts = "`provider.ignore` removed 1, `provider.data_collection` removed 1, `provider.zdr` removed 1";
    assert!(error.message().ends_with(counts), "{error}");
}

#[test]
fn distillation_takes_the_authors_leave() {
    let world = World::having([
        served("a/x", [at("a", "1")]),
        served("a/y", [at("a", "1")]).distillable(),
    ]);
    let body = json!({"models": ["a/x", "a/y"], "provider": {"enforce_distillable_text": true}});
    let plan = world.plan(body).unwrap();
    assert_eq!(keys(&plan), ["a/y@a"]);
    assert_eq!(plan.rejected[0].filter, Filter::Distillable);
}

#[test]
fn quantizations_come_in_families() {
    let quantized = |tag, quantization| at(tag, "1").with_quantization(quantization);
    let world = World::serving([
        quantized("a", Quantization::Fp8),
        quantized("b", Quantization::Mxfp8),
        quantized("c", Quantization::Nvfp4),
        at("d", "1"),
    ]);
    for (asked, kept) in [
        (json!(["fp8"]), "a b"),
        (json!(["mxfp8"]), "b"),
        (json!(["fp4"]), "c"),
        (json!(["unknown", "mxfp8"]), "b d"),
    ] {
        let body = provider(json!({"quantizations": asked}));
        assert_eq!(left(&world, &body), kept, "{asked}");
    }
    let none = world.plan(provider(json!({"quantizations": ["int8"]})));
    assert_eq!(none.unwrap_err().kind(), Kind::NoEndpoints);
}

#[test]
fn max_price_bounds_images_and_audio_too() {
    let priced = |tag: &str, rate, price: &str| {
        EndpointSpec::new(tag, "x").with_prices(flat("1").with(rate, price.parse().unwrap()))
    };
    let world = World::serving([
        at("a", "1"),
        priced("b", Rate::ImageUnit, "0.01"),
        priced("c", Rate::Audio, "0.001"),
        at("d", "?"),
    ]);
    for (max, kept) in [
        (json!({"image": "0.01"}), "a b c"),
        (json!({"image": 0.0099}), "a c"),
        (json!({"audio": 0.001}), "a b c"),
        (json!({"audio": "0.00099"}), "a b"),
        // More decimals than a price has, and more dollars.
        (json!({"prompt": 1.000_000_000_000_1}), "a b c"),
        (
            json!({"prompt": 99_999_999_999_999_999_999_u128.to_string()}),
            "a b c",
        ),
    ] {
        let body = provider(json!({"max_price": max}));
        assert_eq!(left(&world, &body), kept, "{max}");
    }
}

/// The price that counts is the one this request would pay.
#[test]
fn max_price_looks_at_the_price_of_a_long_prompt() {
    let long = Override::new()
        .above(100)
        .with(Rate::Prompt, per_million("2"));
    let world = World::serving([
        EndpointSpec::new("a", "x").with_prices(flat("1").with_override(long)),
        at("b", "1"),
    ]);
    let ask = |bytes: usize| {
        let prompt = "x".repeat(bytes);
        json!({"model": "a/x", "prompt": prompt, "provider": {"max_price": {"prompt": 1}}})
    };
    assert_eq!(left(&world, &ask(300)), "a b");
    assert_eq!(left(&world, &ask(500)), "b");
}

#[test]
fn require_parameters_takes_a_promise_of_each() {
    let world = World::serving([
        able("a", &[Field::Seed, Field::MaxTokens, Field::Reasoning]),
        able("b", &[Field::Seed, Field::TopK, Field::MaxTokens]),
        at("c", "1"),
    ]);
    let ask = |require: bool, fields: Value| {
        let mut body = provider(json!({"require_parameters": require}));
        body.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        body
    };
    let seed = json!({"seed": 1});
    assert_eq!(left(&world, &ask(true, seed.clone())), "a b");
    assert_eq!(left(&world, &ask(false, seed)), "a b c");
    assert_eq!(
        left(&world, &ask(true, json!({"seed": 1, "top_k": 3}))),
        "b"
    );
    // Two names of one parameter.
    assert_eq!(
        left(&world, &ask(true, json!({"max_completion_tokens": 3}))),
        "a b"
    );
    // No parameter at all is supported by everybody.
    assert_eq!(left(&world, &ask(true, json!({}))), "a b c");
    let error = world
        .plan(ask(true, json!({"seed": 1, "min_p": 0.1})))
        .unwrap_err();
    let expected = "`provider.require_parameters` removed 3 for want of `min_p`, `seed`";
    assert!(error.message().ends_with(expected), "{error}");
}

#[test]
fn tools_are_left_to_those_that_have_them_as_long_as_there_are_any() {
    let tools = json!({"model": "a/x", "tools": [{"type": "function"}]});
    let world = World::serving([able("a", &[Field::Tools]), able("b", &[Field::Seed])]);
    assert_eq!(left(&world, &tools), "a");
    assert_eq!(
        rejected(&world.plan(tools.clone()).unwrap())["b"],
        Filter::Tools
    );
    let none = World::serving([able("a", &[Field::Seed]), able("b", &[Field::Seed])]);
    assert_eq!(left(&none, &tools), "a b");
    // Whoever says nothing may have them.
    let silent = World::serving([able("a", &[Field::Tools]), able("b", &[]), at("c", "1")]);
    assert_eq!(left(&silent, &tools), "a c");
    // Among those that are left: what was filtered out for good is no reason to go without.
    let mut ignored = tools.clone();
    ignored["provider"] = json!({"ignore": ["a"]});
    assert_eq!(left(&world, &ignored), "b");
    // Each model by itself.
    let two = World::having([
        served("a/x", [able("a", &[Field::Tools]), able("b", &[])]),
        served("a/y", [able("a", &[])]),
    ]);
    let plan = two.plan(json!({"models": ["a/x", "a/y"], "tools": [{"type": "function"}]}));
    assert_eq!(keys(&plan.unwrap()), ["a/x@a", "a/y@a"]);
}

#[test]
fn a_form_of_the_answer_and_its_verbosity_are_soft_likewise() {
    let world = World::serving([
        able("a", &[Field::ResponseFormat, Field::StructuredOutputs]),
        able("b", &[Field::ResponseFormat]),
        able("c", &[Field::Verbosity]),
        able("d", &[Field::StructuredOutputs]),
    ]);
    let ask = |format: Value| json!({"model": "a/x", "response_format": format});
    let schema = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": {}}});
    assert_eq!(left(&world, &ask(schema.clone())), "a d");
    assert_eq!(left(&world, &ask(json!({"type": "json_object"}))), "a b");
    assert_eq!(left(&world, &ask(json!({"type": "text"}))), "a b c d");
    assert_eq!(
        left(&world, &json!({"model": "a/x", "verbosity": "low"})),
        "c"
    );
    // Where nobody takes schemas, JSON is better than nothing.
    let mut without = ask(schema.clone());
    without["provider"] = json!({"ignore": ["a", "d"]});
    assert_eq!(left(&world, &without), "b");
    without["provider"] = json!({"ignore": ["a"], "require_parameters": true});
    assert_eq!(left(&world, &without), "d");
    without["provider"] = json!({"ignore": ["a", "d"], "require_parameters": true});
    let error = world.plan(without).unwrap_err();
    assert!(error.message().contains("`structured_outputs`"), "{error}");
}

#[test]
fn what_it_reads_and_writes() {
    let text = || [Modality::Text].into_iter().collect::<Modalities>();
    let model = |id, input, output| {
        let model = ModelSpec::new(id).with_input(input).with_output(output);
        model.endpoint(at("a", "1"))
    };
    let world = World::having([
        model("a/blind", text(), text()),
        model("a/seer", text().with(Modality::Image), text()),
        model("a/painter", text(), text().with(Modality::Image)),
        served("a/silent", [at("a", "1")]),
    ]);
    let all = ["a/blind", "a/seer", "a/painter", "a/silent"];
    let image = json!([{"role": "user", "content": [
        {"type": "text", "text": "what is it?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ]}]);
    let plan = world
        .plan(json!({"models": all, "messages": image}))
        .unwrap();
    assert_eq!(keys(&plan), ["a/seer@a", "a/silent@a"]);
    assert!(plan.rejected.iter().all(|r| r.filter == Filter::Input));
    let plan = world
        .plan(json!({"models": all, "modalities": ["image", "text"]}))
        .unwrap();
    assert_eq!(keys(&plan), ["a/painter@a", "a/silent@a"]);
    assert!(plan.rejected.iter().all(|r| r.filter == Filter::Output));
}

#[test]
fn what_is_too_long_for_certain() {
    let world = World::serving([
        at("a", "1").with_context_length(tokens(1_000)),
        at("b", "1").with_max_prompt_tokens(tokens(900)),
        at("c", "1").with_max_completion_tokens(tokens(500)),
        at("d", "1"),
    ]);
    let ask = |bytes: usize, max: u64| {
        // The quotes are part of it.
        let prompt = "x".repeat(bytes - 2);
        json!({"model": "a/x", "prompt": prompt, "max_tokens": max})
    };
    // Six bytes are a token at least.
    assert_eq!(left(&world, &ask(5_400, 100)), "a b c d");
    assert_eq!(left(&world, &ask(5_400, 101)), "b c d");
    assert_eq!(left(&world, &ask(5_406, 1)), "a c d");
    assert_eq!(left(&world, &ask(60, 500)), "a b c d");
    assert_eq!(left(&world, &ask(60, 501)), "a b d");
    let plan = world.plan(ask(6_006, 501)).unwrap();
    let why = rejected(&plan);
    assert_eq!(
        (why["a"], why["c"]),
        (Filter::ContextLength, Filter::MaxTokens)
    );
    // Nobody knows how many tokens a picture has.
    let pictured = json!({"model": "a/x", "messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "x".repeat(60_000)}},
    ]}]});
    assert_eq!(left(&world, &pictured), "a b c d");
    // Texts to embed are read one by one.
    let many = json!({"model": "a/x", "input": vec!["x".repeat(1_000); 20]});
    assert_eq!(left(&world, &many), "a b c d");
}

#[test]
fn an_unknown_price_is_within_no_limit_but_a_free_one_is() {
    let world = World::serving([at("a", "0"), at("b", "?")]);
    let zero = json!({"prompt": 0, "completion": 0, "request": 0, "image": 0, "audio": 0});
    assert_eq!(left(&world, &provider(json!({"max_price": zero}))), "a");
    let half = EndpointSpec::new("a", "x")
        .with_prices(Prices::unknown().with(Rate::Prompt, per_million("0")));
    let world = World::serving([half, at("b", "0")]);
    assert_eq!(
        left(&world, &provider(json!({"max_price": {"completion": 1}}))),
        "b"
    );
}

/// A letter of Russian takes six bytes where clients escape it, and a token has four of them: a prompt that filled half of the
/// context was refused as too long.
#[test]
fn other_scripts_have_more_bytes_a_token() {
    let world = World::serving([
        at("a", "1").with_context_length(tokens(1_000)),
        at("b", "1"),
    ]);
    let left = |letter: &str, count: usize| {
        let text = letter.repeat(count);
        let body =
            format!(r#"{{"model":"a/x","messages":[{{"role":"user","content":"{text}"}}]}}"#);
        let plan = world.of_payload(&Payload::read(body).unwrap(), 1).unwrap();
        plan.candidates.len()
    };
    assert_eq!([left("x", 6_000), left("x", 6_006)], [2, 1]);
    assert_eq!([left(r"\u0436", 4_000), left(r"\u0436", 4_004)], [2, 1]);
    assert_eq!([left("ж", 12_000), left("ж", 12_012)], [2, 1]);
    // Tokens that somebody has counted already, and several prompts, are none to be guessed at.
    let counted = json!({"model": "a/x", "prompt": vec![100_256; 2_000]});
    assert_eq!(world.plan(counted).unwrap().candidates.len(), 2);
}

/// A client that sends every field it knows was told that the URL it had called is the one to call.
#[test]
fn a_field_of_another_operation_decides_nothing() {
    let text = [Modality::Text].into_iter().collect();
    let world = World::having([served("a/x", [at("a", "1")]).with_output(text)]);
    let messages = json!([{"role": "user", "content": "hi"}]);
    let chat = json!({"model": "a/x", "messages": messages, "input": null});
    assert!(world.plan(chat).is_ok());
    let embed = json!({"model": "a/x", "input": "hi"});
    assert!(world.plan(embed).is_err());
}
