//! What a call costs, beside what the crate `genai-prices` makes of the same usage: each row of its data, at each of the
//! tiers that the row has.
//!
//! It computes in floats, so that the two agree to within a part in 10⁹, and in prices of which the sixteenth decimal is
//! not lost, so that they may differ by half a femtodollar a token. What is not compared is counted under its reason,
//! and the numbers leave nothing out.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fastrand::Rng;
use genai_prices::{Calculator, PriceRequest, UsageKey};
use serde_json::{Value, json};
use switchtower::Usage;
use switchtower::catalog::{Catalog, Endpoint, Prices, Rate};
use switchtower::settle::cost_of;
use switchtower::wire::Tier;

/// Its data as it comes with this crate: without what no price depends on.
const DATA: &str = include_str!("../src/catalog/source/data/prices.json");
const DAY: u64 = 24 * 60 * 60;
/// For each model, and each of its tiers.
const USAGES: usize = 24;
/// What it adds up in floats.
const TOLERANCE: f64 = 1e-9;

#[test]
fn every_usage_of_every_model_costs_the_same() {
    let rows = rows();
    assert_eq!(shape(Calculator::bundled()), (47, 2267), "all of its data");
    assert_eq!(
        (providers(&rows).count(), models(&rows).count()),
        (47, 2267)
    );

    let (calculator, catalog, midnight) = both(&rows);
    let endpoints = by_place(&catalog);
    let mut rng = Rng::with_seed(0x5eed);
    let (mut counts, mut differences) = (BTreeMap::<&str, usize>::new(), Vec::new());
    for (provider, name, row) in models(&rows) {
        let key = |tag: &str| (provider.to_owned(), name.to_owned(), tag.to_owned());
        let Some(endpoint) = endpoints.get(&key(provider)) else {
            *counts.entry(why_left_out(row)).or_default() += 1;
            continue;
        };
        let mut compare = |endpoint: &Endpoint, tier: Option<&str>| {
            let found = (0..USAGES).find_map(|_| {
                let wall = midnight + Duration::from_secs(rng.u64(..DAY));
                let usage = priced(&random(&mut rng), endpoint.prices());
                differs(&calculator, endpoint, tier, &usage, wall)
            });
            differences.extend(found.map(|found| format!("{} {tier:?}: {found}", row["id"])));
        };
        compare(endpoint, None);
        let why = match endpoint.prices().completion() {
            Some(_) => "compared",
            // Embeddings, mostly. Output is free there, and of unknown price here.
            None => "compared by what is read",
        };
        *counts.entry(why).or_default() += 1;
        for (what, name) in variants(row) {
            let tier = match what {
                "service_tier" => Tier::named(name),
                _ => None,
            };
            match tier {
                Some(Tier::Default) => compare(endpoint, Some(name)),
                Some(tier) => {
                    let tag = format!("{provider}/{}", tier.name());
                    compare(endpoints[&key(&tag)], Some(name));
                }
                // Batches, routes and kinds of search are not asked for.
                None => {}
            }
            let why = if tier.is_some() {
                "tiers compared"
            } else {
                "variants of no tier"
            };
            *counts.entry(why).or_default() += 1;
        }
    }
    assert!(
        differences.is_empty(),
        "{}: {differences:#?}",
        differences.len()
    );
    let expected = BTreeMap::from([
        ("compared", 1985),
        ("compared by what is read", 80),
        (NO_PRICE, 176),
        (NO_TOKENS, 26),
        ("tiers compared", 105),
        ("variants of no tier", 108),
    ]);
    assert_eq!(counts, expected);
}

/// How both price this usage, if not alike.
fn differs(
    calculator: &Calculator,
    endpoint: &Endpoint,
    tier: Option<&str>,
    usage: &Usage,
    wall: SystemTime,
) -> Option<String> {
    let spelled = theirs(usage);
    let mut request = PriceRequest::new(endpoint.upstream_model(), &spelled)
        .with_provider_id(endpoint.provider().slug())
        .with_timestamp(wall);
    if let Some(tier) = tier {
        request = request.with_price_context("service_tier", tier);
    }
    let theirs = calculator
        .calculate(&request)
        .map(|price| price.total_price);
    let prices = endpoint.prices().at(usage.prompt_tokens(), wall);
    let ours = cost_of(&prices, usage).map(|cost| cost.femtodollars() as f64 / 1e15);
    let lost = usage.total_tokens() as f64 * 0.5e-15;
    let same = matches!((ours, &theirs), (Some(ours), Ok(theirs))
        if (ours - theirs).abs() <= TOLERANCE * theirs + lost);
    (!same).then(|| format!("{ours:?} or {theirs:?} at {wall:?} for {usage:?}"))
}

/// The same rows with names by which none is taken for another, and none of them retired.
fn rows() -> Value {
    let mut rows: Value = serde_json::from_str(DATA).unwrap();
    for (place, provider) in rows.as_array_mut().unwrap().iter_mut().enumerate() {
        let id = format!("p{place}");
        provider["name"] = json!(id);
        provider["api_pattern"] = json!(format!("https://{id}\\.test"));
        provider["id"] = json!(id);
        for (place, model) in provider["models"]
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .enumerate()
        {
            let model = model.as_object_mut().unwrap();
            model.remove("deprecated");
            model.insert("match".into(), json!({"equals": format!("m{place}")}));
        }
    }
    rows
}

fn providers(rows: &Value) -> impl Iterator<Item = &Value> {
    rows.as_array().unwrap().iter()
}

/// Each model with the names of its provider and its own.
fn models(rows: &Value) -> impl Iterator<Item = (&str, String, &Value)> {
    providers(rows).flat_map(|provider| {
        let models = provider["models"].as_array().unwrap().iter().enumerate();
        models.map(|(place, model)| (provider["id"].as_str().unwrap(), format!("m{place}"), model))
    })
}

/// What the prices of a row vary by, and how.
fn variants(row: &Value) -> impl Iterator<Item = (&str, &str)> {
    let variants = row["price_variants"].as_array().into_iter().flatten();
    variants.map(|variant| {
        let (what, how) = variant["when"].as_object().unwrap().iter().next().unwrap();
        (what.as_str(), how.as_str().unwrap())
    })
}

fn shape(calculator: &Calculator) -> (usize, usize) {
    let models = calculator
        .providers()
        .map(|provider| provider.models().count());
    (calculator.providers().count(), models.sum())
}

/// The prices of today in both, and when today began: what begins at midnight holds all day, or not at all.
fn both(rows: &Value) -> (Calculator, Catalog, SystemTime) {
    let midnight = || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        UNIX_EPOCH + Duration::from_secs(since.as_secs() / DAY * DAY)
    };
    let mut text = String::from("sources = ['rows.json']\n");
    for provider in providers(rows) {
        let id = provider["id"].as_str().unwrap();
        writeln!(text, "[providers.{id}]\nbase_url = 'http://one.test/v1'").unwrap();
    }
    let json = rows.to_string();
    loop {
        let before = midnight();
        let files = |_: &str| Ok(json.clone().into_bytes());
        let catalog = Catalog::from_toml_with(&text, "t.toml", |_| None, files).unwrap();
        if midnight() == before {
            return (Calculator::from_json(&json).unwrap(), catalog, before);
        }
    }
}

/// The endpoints by their provider, what it calls the model, and their tag.
fn by_place(catalog: &Catalog) -> HashMap<(String, String, String), &Endpoint> {
    let endpoints = catalog.models().iter().flat_map(|model| model.endpoints());
    let named = |endpoint: &'_ Endpoint| {
        let provider = endpoint.provider().slug().to_owned();
        (
            provider,
            endpoint.upstream_model().to_owned(),
            endpoint.tag().to_owned(),
        )
    };
    endpoints
        .map(|endpoint| (named(endpoint), &**endpoint))
        .collect()
}

/// Nothing is known of its price, which there means that it is free.
const NO_PRICE: &str = "no price";
/// It has no price for a token: it counts hours, pages, characters or messages.
const NO_TOKENS: &str = "no price for a token";

fn why_left_out(row: &Value) -> &'static str {
    let lists = match row["prices"].as_array() {
        Some(dated) => dated.iter().map(|entry| &entry["prices"]).collect(),
        None => vec![&row["prices"]],
    };
    let keys = || {
        lists
            .iter()
            .flat_map(|list| list.as_object().unwrap().keys())
    };
    assert!(keys().all(|key| !key.ends_with("_mtok")), "left out: {row}");
    match keys().next() {
        None => NO_PRICE,
        Some(_) => NO_TOKENS,
    }
}

/// Some of everything, at lengths on both sides of every threshold.
fn random(rng: &mut Rng) -> Usage {
    let mut some = |most: u64| match rng.u8(..4) {
        0 => 0,
        _ => rng.u64(..most),
    };
    let most = [1_000, 100_000, 400_000][some(3) as usize];
    Usage {
        input: some(most),
        cache_read: some(most),
        cache_write: some(most),
        cache_write_1h: some(most),
        audio_input: some(most),
        audio_cache_read: some(most),
        image_input: some(most),
        output: some(50_000),
        reasoning: some(50_000),
        audio_output: some(10_000),
        image_output: some(10_000),
        images: 0,
        web_searches: some(5),
    }
}

/// Without what has no price: there it is free, and here unknown.
fn priced(usage: &Usage, prices: &Prices) -> Usage {
    let known = |rate, units| if prices.get(rate).is_some() { units } else { 0 };
    Usage {
        output: known(Rate::Completion, usage.output),
        reasoning: known(Rate::Reasoning, usage.reasoning),
        audio_output: known(Rate::AudioOutput, usage.audio_output),
        image_output: known(Rate::ImageOutput, usage.image_output),
        ..*usage
    }
}

/// There every class is inside of those that are more general.
fn theirs(usage: &Usage) -> genai_prices::Usage {
    let cached = usage.cache_read + usage.audio_cache_read;
    let written = usage.cache_write + usage.cache_write_1h;
    let heard = usage.audio_input + usage.audio_cache_read;
    genai_prices::Usage::from(
        [
            (UsageKey::INPUT_TOKENS, usage.prompt_tokens()),
            (UsageKey::CACHE_READ_TOKENS, cached),
            (UsageKey::CACHE_AUDIO_READ_TOKENS, usage.audio_cache_read),
            (UsageKey::CACHE_IMAGE_READ_TOKENS, 0),
            (UsageKey::CACHE_WRITE_TOKENS, written),
            (UsageKey::CACHE_WRITE_1H_TOKENS, usage.cache_write_1h),
            (UsageKey::INPUT_AUDIO_TOKENS, heard),
            (UsageKey::INPUT_IMAGE_TOKENS, usage.image_input),
            (UsageKey::INPUT_VIDEO_TOKENS, 0),
            (UsageKey::OUTPUT_TOKENS, usage.completion_tokens()),
            (UsageKey::OUTPUT_REASONING_TOKENS, usage.reasoning),
            (UsageKey::OUTPUT_AUDIO_TOKENS, usage.audio_output),
            (UsageKey::OUTPUT_IMAGE_TOKENS, usage.image_output),
            (UsageKey::WEB_SEARCHES, usage.web_searches),
        ]
        .map(|(key, count)| (key, count as f64)),
    )
}
