//! LiteLLM's price map: an excerpt with its traps and, where `SWITCHTOWER_LITELLM` names it, the whole of it.

use std::time::{Duration, UNIX_EPOCH};

use switchtower::Price;
use switchtower::catalog::{Catalog, Endpoint, Gap, Rate, Report, Skipped};
use switchtower::wire::{Field, Modality, Tier};

const EXCERPT: &[u8] = include_bytes!("sources/litellm.json");

const TOML: &str = r#"
    sources = ["litellm.json"]
    providers.openai.base_url = "https://api.openai.com/v1"
    providers.anthropic.base_url = "https://api.anthropic.com/v1"
    providers.google-ai-studio.base_url = "https://generativelanguage.googleapis.com/v1beta/openai"
    providers.xai.base_url = "https://api.x.ai/v1"
    providers.deepseek.base_url = "https://api.deepseek.com"
    providers.alibaba.base_url = "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"
    providers.azure.base_url = "https://acme.openai.azure.com/openai/v1"
    providers.groq.base_url = "https://api.groq.com/openai/v1"
    providers.fireworks.base_url = "https://api.fireworks.ai/inference/v1"
"#;

#[test]
fn prices_keep_every_digit() {
    let catalog = excerpt();
    let gpt = endpoint(&catalog, "openai/gpt-5@openai");
    let listed = |rate| gpt.prices().listed(rate).map(|price| price.to_string());
    assert_eq!(listed(Rate::Prompt).as_deref(), Some("0.00000125"));
    assert_eq!(listed(Rate::Completion).as_deref(), Some("0.00001"));
    assert_eq!(listed(Rate::CacheRead).as_deref(), Some("0.000000125"));
    assert_eq!(listed(Rate::WebSearch).as_deref(), Some("0.01"));
    assert_eq!(listed(Rate::CacheWrite), None, "unknown is not free");

    // A float left sixteen decimals of noise; a string is a number too; a price below zero is none.
    let odd = endpoint(&catalog, "openai/odd-numbers@openai");
    assert_eq!(odd.prices().prompt(), Some(per_million("0.3")));
    assert_eq!(odd.prices().completion(), Some(per_million("0.6")));
    assert_eq!(odd.prices().listed(Rate::CacheRead), None);
    assert_eq!(
        odd.prices().listed(Rate::CacheWrite),
        None,
        "not rounded to free"
    );
    assert_eq!(odd.prices().listed(Rate::ImageOutput), Some(Price::ZERO));
    let gaps = gaps(&catalog, "openai/odd-numbers");
    assert_eq!(
        gaps,
        [
            ("cache_read_input_token_cost", Gap::Varies),
            ("cache_creation_input_token_cost", Gap::Unreadable),
            ("search_context_cost_per_query", Gap::Varies),
        ]
    );
}

#[test]
fn a_long_prompt_costs_more() {
    let catalog = excerpt();
    let gemini = endpoint(&catalog, "google/gemini-2.5-pro@google-ai-studio");
    assert_eq!(prompt(gemini, 200_000), per_million("1.25"));
    assert_eq!(prompt(gemini, 200_001), per_million("2.50"));
    // At xAI the threshold itself is long.
    let grok = endpoint(&catalog, "x-ai/grok-4.3@xai");
    assert_eq!(prompt(grok, 199_999), per_million("1.25"));
    assert_eq!(prompt(grok, 200_000), per_million("2.50"));
    // A table: beyond the beginning of a step, up to its end.
    let qwen = endpoint(&catalog, "qwen/qwen-flash@alibaba");
    assert_eq!(prompt(qwen, 256_000), per_million("0.05"));
    assert_eq!(prompt(qwen, 256_001), per_million("0.25"));
    assert_eq!(prompt(qwen, 9_000_000), per_million("0.25"));
}

#[test]
fn tiers_are_endpoints_where_they_have_prices() {
    let catalog = excerpt();
    let tags = |id| {
        let model = catalog.find(id).unwrap();
        model
            .endpoints()
            .iter()
            .map(|e| e.tag())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        tags("openai/gpt-5"),
        ["openai", "openai/priority", "openai/flex"]
    );
    assert_eq!(tags("anthropic/claude-sonnet-4-5"), ["anthropic"]);
    let priority = endpoint(&catalog, "openai/gpt-5.4@openai/priority");
    assert_eq!(priority.tier(), Some(Tier::Priority));
    assert_eq!(priority.upstream_model(), "gpt-5.4");
    assert_eq!(prompt(priority, 1), per_million("5"));
    // What the tier does not list of long prompts is as everybody pays it.
    assert_eq!(prompt(priority, 272_001), per_million("5"));
    let flex = endpoint(&catalog, "openai/gpt-5.4@openai/flex");
    assert_eq!(prompt(flex, 272_001), per_million("2.5"));
    // The other order of suffixes.
    let odd = endpoint(&catalog, "openai/odd-numbers@openai/priority");
    assert_eq!(prompt(odd, 200_001), per_million("4"));
    assert_eq!(prompt(odd, 200_000), per_million("0.3"));
}

#[test]
fn off_peak_hours_are_cheaper() {
    let catalog = excerpt();
    let flash = endpoint(&catalog, "deepseek/deepseek-flash@deepseek");
    // 1970-01-01 was a Thursday.
    let at = |day: u64, hour: u64| {
        let wall = UNIX_EPOCH + Duration::from_secs((day * 24 + hour) * 3600);
        flash.prices().at(1, wall).prompt().unwrap()
    };
    assert_eq!(at(0, 0), per_million("0.15"));
    assert_eq!(at(0, 1), per_million("0.30"));
    assert_eq!(at(0, 9), per_million("0.30"));
    assert_eq!(at(0, 10), per_million("0.15"));
    assert_eq!(at(0, 23), per_million("0.15"));
    assert_eq!(at(2, 2), per_million("0.15"), "all of Saturday");
    // Hours that cannot be read are charged as all others.
    let odd = endpoint(&catalog, "openai/odd-hours@openai");
    assert!(odd.prices().overrides().is_empty());
    assert_eq!(
        gaps(&catalog, "openai/odd-hours"),
        [("off_peak_pricing", Gap::Condition)]
    );
}

#[test]
fn cache_writes_have_two_lifetimes() {
    let catalog = excerpt();
    let claude = endpoint(&catalog, "anthropic/claude-sonnet-4-5@anthropic");
    assert_eq!(claude.prices().cache_write(), Some(per_million("3.75")));
    assert_eq!(claude.prices().cache_write_1h(), Some(per_million("6")));
}

#[test]
fn models_are_known_by_author_and_by_their_bare_names() {
    let catalog = excerpt();
    let model = catalog.find("gpt-5").unwrap();
    assert_eq!(model.id(), "openai/gpt-5");
    // Azure serves OpenAI's model: one model, two endpoints, if both list it.
    assert_eq!(
        catalog.find("openai/gpt-4o").unwrap().endpoints()[0].tag(),
        "azure"
    );
    // Groq and Fireworks spell it in their own ways.
    let groq = endpoint(&catalog, "openai/gpt-oss-120b@groq");
    assert_eq!(groq.upstream_model(), "openai/gpt-oss-120b");
    let fireworks = endpoint(&catalog, "deepseek/deepseek-v3.2@fireworks");
    assert_eq!(
        fireworks.upstream_model(),
        "accounts/fireworks/models/deepseek-v3p2"
    );
}

#[test]
fn attributes_are_read_and_silence_is_held_against_nobody() {
    let catalog = excerpt();
    let odd = catalog.find("openai/odd-numbers").unwrap();
    assert_eq!(
        odd.context_length(),
        Some(128_000),
        "it was written as a float"
    );
    assert_eq!(odd.endpoints()[0].max_completion_tokens(), None);
    assert_eq!(odd.expiration_date(), None);
    assert!(odd.input().unwrap().contains(Modality::Image));
    let parameters = odd.endpoints()[0].parameters().unwrap();
    assert!(!parameters.contains(Field::Tools) && parameters.contains(Field::Seed));
    let gpt = catalog.find("openai/gpt-5").unwrap();
    assert_eq!(gpt.expiration_date(), Some("2026-12-11"));
    assert_eq!(gpt.endpoints()[0].parameters(), None);
    assert!(gpt.endpoints()[0].caches_implicitly());
    let embedding = catalog.find("text-embedding-3-small").unwrap();
    assert!(embedding.output().unwrap().contains(Modality::Embeddings));
}

#[test]
fn every_row_and_every_price_is_accounted_for() {
    let catalog = excerpt();
    let report = &catalog.reports()[0];
    assert_eq!((report.rows(), report.taken()), (26, 14));
    assert_accounted(report);
    let skipped = |why| report.skipped(why);
    assert_eq!(
        skipped(Skipped::Template),
        4,
        "two that tell about rows, two that tell about classes"
    );
    assert_eq!(skipped(Skipped::Mode), 2);
    assert_eq!(skipped(Skipped::Malformed), 2);
    assert_eq!(skipped(Skipped::Name), 1);
    assert_eq!(skipped(Skipped::Provider), 1);
    assert_eq!(skipped(Skipped::Duplicate), 1);
    assert_eq!(skipped(Skipped::Region), 1);
    // A model without any price is served, and told of.
    assert!(
        endpoint(&catalog, "openai/no-price@openai")
            .prices()
            .is_unknown()
    );
    assert_eq!(
        gaps(&catalog, "openai/no-price"),
        [("prompt", Gap::Missing)]
    );
    assert!(
        report
            .to_string()
            .starts_with("litellm.json: LiteLLM's price map, revision "),
        "{report}"
    );
}

#[test]
fn names_can_be_mapped_by_hand() {
    let map = |_: &str| Ok(EXCERPT.to_vec());
    let text = r#"
        sources = ["litellm.json"]
        [providers.our-gpts]
        base_url = "https://gpt.acme.example/v1"
        prices_as = ["azure", "openai"]
    "#;
    let catalog = Catalog::from_toml_with(text, "switchtower.toml", |_| None, map).unwrap();
    let gpt = endpoint(&catalog, "openai/gpt-5@our-gpts");
    assert_eq!(gpt.prices().prompt(), Some(per_million("1.25")));
    assert!(catalog.find("openai/gpt-4o").is_some());
}

#[test]
fn a_map_cut_short_is_refused_where_it_ends() {
    for len in [1, 100, EXCERPT.len() / 2, EXCERPT.len() - 3] {
        let map = |_: &str| Ok(EXCERPT[..len].to_vec());
        let error = Catalog::from_toml_with(TOML, "switchtower.toml", |_| None, map).unwrap_err();
        assert_eq!(error.file(), "litellm.json");
        assert!(error.position().is_some(), "{error}");
    }
}

/// `.ci/run` takes it out of the package, whose version it pins.
#[test]
fn the_whole_map() {
    let Some(path) = std::env::var_os("SWITCHTOWER_LITELLM") else {
        return;
    };
    let map = std::fs::read(&path).expect("SWITCHTOWER_LITELLM names a file");
    let rows: serde_json::Map<_, _> = serde_json::from_slice(&map).unwrap();
    // Every provider of the map is configured, so that every row is read.
    let mut toml = "sources = [\"litellm.json\"]\n".to_owned();
    let names = rows
        .values()
        .filter_map(|row| row["litellm_provider"].as_str());
    for name in names.collect::<std::collections::BTreeSet<_>>() {
        if name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        {
            toml += &format!(
                "[providers.{name}]\nbase_url = \"http://127.0.0.1/\"\nprices_as = [\"{name}\"]\n"
            );
        }
    }
    let files = |_: &str| Ok(map.clone());
    let catalog = Catalog::from_toml_with(&toml, "switchtower.toml", |_| None, files).unwrap();
    let report = &catalog.reports()[0];
    println!("{report}");
    assert_eq!(report.rows(), rows.len());
    assert_accounted(report);
    assert_eq!(report.skipped(Skipped::Provider), 0, "{report}");
    assert_eq!(report.skipped(Skipped::Malformed), 0, "{report}");
    assert_eq!(report.skipped(Skipped::Name), 0, "{report}");
    assert!(report.taken() * 2 > report.rows(), "{report}");
    assert_eq!(report.gaps(Gap::Unreadable), 0, "{report}");
    // Each price is the decimal text that stands in the file.
    let gpt = endpoint(&catalog, "openai/gpt-5@openai");
    let text = rows["gpt-5"]["input_cost_per_token"].to_string();
    assert_eq!(gpt.prices().prompt(), Some(text.parse().unwrap()));
}

// === Helpers ===

fn excerpt() -> Catalog {
    let files = |name: &str| {
        assert_eq!(name, "litellm.json");
        Ok(EXCERPT.to_vec())
    };
    Catalog::from_toml_with(TOML, "switchtower.toml", |_| None, files).unwrap()
}

fn endpoint<'a>(catalog: &'a Catalog, key: &str) -> &'a Endpoint {
    let mut endpoints = catalog.endpoints();
    let found = endpoints.find(|endpoint| endpoint.key() == key);
    found.unwrap_or_else(|| {
        let keys: Vec<_> = catalog.endpoints().map(|e| e.key()).collect();
        panic!("{key} is not among {keys:?}")
    })
}

fn gaps<'a>(catalog: &'a Catalog, model: &str) -> Vec<(&'a str, Gap)> {
    let unpriced = catalog.reports()[0].unpriced().iter();
    let of_model = unpriced.filter(|gap| &*gap.model == model);
    of_model.map(|gap| (&*gap.dimension, gap.why)).collect()
}

fn prompt(endpoint: &Endpoint, tokens: u64) -> Price {
    endpoint.prices().at(tokens, UNIX_EPOCH).prompt().unwrap()
}

fn per_million(text: &str) -> Price {
    Price::per_million(text).unwrap()
}

fn assert_accounted(report: &Report) {
    let skipped: usize = Skipped::ALL.iter().map(|why| report.skipped(*why)).sum();
    assert_eq!(report.rows(), report.taken() + skipped, "{report}");
}
