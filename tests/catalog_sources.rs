//! Sources: OpenRouter's lists, the data of genai-prices, and how layers lie on each other.

use std::io;
use std::time::{Duration, UNIX_EPOCH};

use switchtower::Price;
use switchtower::catalog::{Catalog, Endpoint, Format, Gap, LoadError, Problem, Rate, Skipped};
use switchtower::wire::{Field, Modalities, Modality, Quantization, Tier};

const MODELS: &str = r#"{"data": [
    {"id": "acme/swift-2.5", "canonical_slug": "acme/swift-2.5-20260101", "name": "Acme: Swift 2.5",
     "created": 1767225600, "description": "Quick.", "context_length": 200000,
     "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
     "pricing": {"prompt": "0.000003", "completion": "0.000015", "input_cache_read": "0.0000003",
                 "input_cache_write": "0.00000375", "web_search": "0.01", "image": "0.0048", "discount": 0.5, "internal_reasoning": "0",
                 "some_new_thing": "1",
                 "overrides": [
                    {"min_prompt_tokens": 200000, "prompt": "0.000006"},
                    {"utc_start": 2200, "utc_end": 600, "prompt": "0.000001"},
                    {"utc_start": 1200, "utc_end": 1300, "utc_days": ["saturday", "sun"], "prompt": "0.000002",
                     "internal_reasoning": "0"},
                    {"phase_of_moon": "full", "prompt": "0"}]},
     "top_provider": {"context_length": 200000, "max_completion_tokens": 64000, "is_moderated": true},
     "supported_parameters": ["tools", "seed", "unheard_of"],
     "hugging_face_id": "", "expiration_date": null},
    {"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}},
    {"id": "acme/free:free", "pricing": {"prompt": "0", "completion": "0"}, "context_length": null},
    {"name": "nameless"}
], "total_count": 4, "links": {}}"#;

const ENDPOINTS: &str = r#"{"data": {"id": "acme/swift-2.5", "name": "Acme: Swift 2.5", "created": 1767225600,
    "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]}, "endpoints": [
    {"name": "Host | acme/swift", "tag": "host/fp8", "quantization": "fp8", "context_length": 131072,
     "max_completion_tokens": 32768, "max_prompt_tokens": null, "supports_implicit_caching": true,
     "supported_parameters": ["tools"], "pricing": {"prompt": "0.000002", "completion": "0.00001"}},
    {"name": "Host | acme/swift", "tag": "host/priority", "quantization": "unknown", "context_length": 131072,
     "max_completion_tokens": null, "max_prompt_tokens": 1000,
     "supported_parameters": [], "pricing": {"prompt": "0.000004", "completion": "0.00002"}},
    {"name": "Other | acme/swift", "tag": "other", "pricing": {"prompt": "0.1", "completion": "0.1"}},
    {"name": "Unknown | acme/swift", "tag": "unnamed", "pricing": {"prompt": "0.1", "completion": "0.1"}}
]}}"#;

const GENAI: &str = r#"[{"id": "openai", "models": [
    {"id": "swift", "name": "Swift", "context_window": 128000,
     "match": {"or": [{"equals": "swift"}, {"equals": "swift-2026-01-01"}, {"regex": "^swift-\\d+$"}]},
     "prices": [
        {"prices": {"input_mtok": {"base": 1.25, "tiers": [{"start": 200000, "price": 2.5}]}, "output_mtok": 10,
                    "cache_read_mtok": {"base": 0.125, "tiers": [{"start": 200000, "price": 0.25}]},
                    "web_searches_kcount": 10, "audio_hours": 3}},
        {"constraint": {"start_date": "2020-02-29"}, "prices": {
            "input_mtok": {"base": 1.5, "tiers": [{"start": 200000, "price": 3}]}, "output_mtok": 12,
            "web_searches_kcount": 10, "audio_hours": 3}},
        {"constraint": {"start_date": "2999-01-01"}, "prices": {"input_mtok": 100, "output_mtok": 100}}],
     "price_variants": [
        {"when": {"processing": "batch"}, "prices": {"input_mtok": 0.7}},
        {"when": {"service_tier": "priority"}, "prices": {"input_mtok": 99}, "constraint": {"start_date": "2999-01-01"}},
        {"when": {"service_tier": "priority"}, "prices": {"input_mtok": 3}},
        {"when": {"route": "eu"}, "prices": {"input_mtok": 4}}]},
    {"id": "nightly", "match": {"equals": "nightly"}, "prices": [
        {"prices": {"input_mtok": 2, "output_mtok": 4}},
        {"constraint": {"start_time": "16:30:00Z", "end_time": "00:30:00Z"}, "prices": {"input_mtok": 1, "output_mtok": 2}}]},
    {"id": "gone", "match": {"equals": "gone"}, "deprecated": true, "prices": {"input_mtok": 1}},
    {"id": "speech", "match": {"equals": "speech"}, "prices": {"audio_hours": 0.36}},
    {"id": "text-embedding-x", "match": {"equals": "text-embedding-x"}, "prices": {"input_mtok": 0.02}}
]}, {"id": "nobody", "models": [{"id": "x", "match": {"equals": "x"}, "prices": {"input_mtok": 1}}]}]"#;

const OPENROUTER: &str = r#"
    sources = ["models.json"]
    providers.openrouter.base_url = "https://openrouter.ai/api/v1"
"#;

#[test]
fn formats_are_told_by_their_shape() {
    let detect = |text: &str| Format::detect(text.as_bytes());
    assert_eq!(detect(MODELS), Some(Format::OpenRouterModels));
    assert_eq!(detect(ENDPOINTS), Some(Format::OpenRouterEndpoints));
    assert_eq!(detect(GENAI), Some(Format::GenaiPrices));
    for other in [
        "",
        "{}",
        "[]",
        "3",
        "{\"data\": []}",
        "{\"data\": [{\"id\": \"gpt\"}]}",
        "{\"a\": {\"b\": 1}}",
        "[[]]",
    ] {
        assert_eq!(detect(other), None, "{other}");
    }
}

#[test]
fn openrouters_models_are_endpoints_of_openrouter() {
    let catalog = load(OPENROUTER, &[("models.json", MODELS)]).unwrap();
    let model = catalog.find("acme/swift-2.5").unwrap();
    assert_eq!(model.name(), "Acme: Swift 2.5");
    assert_eq!(model.canonical_slug(), "acme/swift-2.5-20260101");
    assert_eq!(
        (model.created(), model.context_length()),
        (Some(1_767_225_600), Some(200_000))
    );
    assert_eq!(model.description(), Some("Quick."));
    assert_eq!(model.input(), Some(Modalities::TEXT.with(Modality::Image)));
    assert_eq!(model.output(), Some(Modalities::TEXT));
    assert_eq!(model.hugging_face_id(), None);
    assert!(model.is_moderated());
    let endpoint = &model.endpoints()[0];
    assert_eq!(
        (endpoint.tag(), endpoint.upstream_model()),
        ("openrouter", "acme/swift-2.5")
    );
    assert_eq!(endpoint.max_completion_tokens(), Some(64_000));
    assert_eq!(
        endpoint.parameters().unwrap().iter().collect::<Vec<_>>(),
        [Field::Tools, Field::Seed]
    );

    let prices = endpoint.prices();
    assert_eq!(
        prices.prompt(),
        Some(per_million("3")),
        "the discount is in it already"
    );
    assert_eq!(
        prices.listed(Rate::ImageUnit),
        Some("0.0048".parse().unwrap())
    );
    assert_eq!(
        prices.listed(Rate::WebSearch),
        Some("0.01".parse().unwrap())
    );
    let at = |tokens, hour: u64| prices.at(tokens, UNIX_EPOCH + Duration::from_secs(hour * 3600));
    assert_eq!(at(200_000, 12).prompt(), Some(per_million("3")));
    assert_eq!(at(200_001, 12).prompt(), Some(per_million("6")));
    assert_eq!(
        at(200_001, 23).prompt(),
        Some(per_million("1")),
        "the later entry wins"
    );
    assert_eq!(at(1, 5).prompt(), Some(per_million("1")));
    assert_eq!(at(1, 6).prompt(), Some(per_million("3")));
    // 1970 began on a Thursday.
    assert_eq!(at(1, 24 + 12).prompt(), Some(per_million("3")));
    assert_eq!(at(1, 2 * 24 + 12).prompt(), Some(per_million("2")));
    assert_eq!(at(1, 2 * 24 + 13).prompt(), Some(per_million("3")));
    // There is no price for it apart, which does not mean that there is none.
    assert_eq!(prices.reasoning(), Some(per_million("15")));
    assert_eq!(at(1, 2 * 24 + 12).reasoning(), Some(per_million("15")));

    // A router's price depends on whom it asks: not known, which is not free. What is free is.
    let auto = &catalog.find("openrouter/auto").unwrap().endpoints()[0];
    assert!(auto.prices().is_unknown());
    let free = &catalog.find("acme/free:free").unwrap().endpoints()[0];
    assert_eq!(free.prices().prompt(), Some(Price::ZERO));

    let report = &catalog.reports()[0];
    assert_eq!(
        (
            report.rows(),
            report.taken(),
            report.skipped(Skipped::Malformed)
        ),
        (4, 3, 1)
    );
    let gaps: Vec<_> = report
        .unpriced()
        .iter()
        .map(|gap| (&*gap.dimension, gap.why))
        .collect();
    assert_eq!(
        gaps,
        [
            ("some_new_thing", Gap::Unit),
            ("overrides.phase_of_moon", Gap::Condition),
            ("prompt", Gap::Varies),
            ("completion", Gap::Varies),
            ("prompt", Gap::Missing),
        ]
    );
}

#[test]
fn without_openrouter_its_list_only_describes() {
    let toml = r#"
        sources = ["models.json"]
        providers.host.base_url = "https://host.example/v1"
        [[models."acme/Swift-2-5".endpoints]]
        provider = "host"
        model = "swift"
    "#;
    let catalog = load(toml, &[("models.json", MODELS)]).unwrap();
    assert_eq!(catalog.models().len(), 1);
    let model = catalog.find("acme/Swift-2-5").unwrap();
    assert_eq!(model.name(), "Acme: Swift 2.5");
    assert_eq!(model.endpoints().len(), 1);
    assert!(
        model.endpoints()[0].prices().is_unknown(),
        "OpenRouter's price is not the host's"
    );
    // The other spelling is another name of it.
    assert_eq!(
        catalog.find("acme/swift-2.5").unwrap().id(),
        "acme/Swift-2-5"
    );
    let report = &catalog.reports()[0];
    assert_eq!((report.taken(), report.skipped(Skipped::Unserved)), (1, 2));
    assert_eq!(report.unpriced(), []);
}

#[test]
fn endpoints_are_of_their_providers() {
    let toml = r#"
        sources = ["swift.json"]
        providers.host.base_url = "https://host.example/v1"
        providers.unnamed.base_url = "https://unnamed.example/v1"
        [[models."acme/swift-2.5".endpoints]]
        provider = "host"
        model = "swift-v2"
    "#;
    let catalog = load(toml, &[("swift.json", ENDPOINTS)]).unwrap();
    let [only, priority] = catalog.find("acme/swift-2.5").unwrap().endpoints() else {
        panic!("{:?}", catalog.models())
    };
    // The operator has listed one endpoint of the host: that is the one.
    assert_eq!((only.tag(), only.upstream_model()), ("host", "swift-v2"));
    assert_eq!(only.prices().prompt(), Some(per_million("2")));
    assert_eq!(only.quantization(), Some(Quantization::Fp8));
    assert_eq!(only.context_length(), Some(131_072));
    assert!(only.caches_implicitly());
    // Another tier is another endpoint, which is asked for the model by the same name.
    assert_eq!(
        (priority.tag(), priority.tier()),
        ("host/priority", Some(Tier::Priority))
    );
    assert_eq!(
        (priority.upstream_model(), priority.max_prompt_tokens()),
        ("swift-v2", Some(1_000))
    );
    assert_eq!(priority.quantization(), None);
    let report = &catalog.reports()[0];
    assert_eq!((report.rows(), report.taken()), (4, 3));
    assert_eq!(report.skipped(Skipped::Provider), 1);
}

/// The source's name for it is an alias of the operator's own.
#[test]
fn another_spelling_of_a_model_may_be_its_alias() {
    let toml = r#"
        sources = ["swift.json"]
        providers.host.base_url = "https://host.example/v1"
        [models."acme/swift-2-5"]
        aliases = ["acme/swift-2.5"]
        endpoints = [{ provider = "host", model = "deployed" }]
    "#;
    let catalog = load(toml, &[("swift.json", ENDPOINTS)]).unwrap();
    let model = catalog.find("acme/swift-2.5").unwrap();
    assert_eq!(model.id(), "acme/swift-2-5");
    let prices = model.endpoints()[0].prices();
    assert_eq!(prices.prompt(), Some(per_million("2")));
    assert_eq!(catalog.reports()[0].skipped(Skipped::Shadowed), 0);
}

/// What is false in the file was true again where a source said so.
#[test]
fn no_source_claims_what_the_operator_denies() {
    let toml = |denied: &str, of_endpoint: &str| {
        format!(
            r#"
            sources = ["swift.json", "models.json"]
            providers.host.base_url = "https://host.example/v1"
            [models."acme/swift-2.5"]
            {denied}
            [[models."acme/swift-2.5".endpoints]]
            provider = "host"
            model = "m"
            {of_endpoint}
            "#
        )
    };
    let told = |denied, of_endpoint| {
        let files = [("swift.json", ENDPOINTS), ("models.json", MODELS)];
        let catalog = load(&toml(denied, of_endpoint), &files).unwrap();
        let model = catalog.find("acme/swift-2.5").unwrap();
        (
            model.is_moderated(),
            model.endpoints()[0].caches_implicitly(),
        )
    };
    assert_eq!(told("", ""), (true, true));
    assert_eq!(
        told("moderated = false", "implicit_caching = false"),
        (false, false)
    );
}

#[test]
fn variants_of_one_layer_stand_side_by_side_and_take_their_name_from_another() {
    let toml = r#"
        sources = ["endpoints.json", "litellm.json"]
        providers.host.base_url = "https://host.example/v1"
    "#;
    let endpoints = ENDPOINTS
        .replace("host/priority", "host/bf16")
        .replace("\"unnamed\"", "\"host/unknown\"");
    let map = r#"{"host/acme/Swift-2.5": {"litellm_provider": "host", "mode": "chat", "input_cost_per_token": 1}}"#;
    let catalog = load(
        toml,
        &[("endpoints.json", &endpoints), ("litellm.json", map)],
    )
    .unwrap();
    let model = catalog.find("acme/swift-2.5").unwrap();
    let endpoints: Vec<_> = model
        .endpoints()
        .iter()
        .map(|e| (e.tag(), e.upstream_model()))
        .collect();
    assert_eq!(
        endpoints,
        [
            ("host/fp8", "acme/Swift-2.5"),
            ("host/bf16", "acme/Swift-2.5"),
            ("host/unknown", "acme/Swift-2.5")
        ]
    );
    // With nobody to tell the name there is nothing to ask for.
    let alone = load(
        &toml.replace(", \"litellm.json\"", ""),
        &[("endpoints.json", ENDPOINTS)],
    )
    .unwrap();
    assert!(alone.is_empty());
    assert_eq!(alone.reports()[0].skipped(Skipped::Unnamed), 2);
    assert_eq!(alone.reports()[0].taken(), 0);
}

#[test]
fn genai_prices_are_those_that_hold() {
    let toml = "sources = [\"g.json\"]\nproviders.openai.base_url = \"https://api.openai.com/v1\"";
    let catalog = load(toml, &[("g.json", GENAI)]).unwrap();
    let swift = endpoint(&catalog, "openai/swift@openai");
    assert_eq!(
        catalog.find("openai/swift").unwrap().context_length(),
        Some(128_000)
    );
    let prices = swift.prices();
    assert_eq!(
        prices.prompt(),
        Some(per_million("1.5")),
        "since 2020, until 2999"
    );
    assert_eq!(
        prices.listed(Rate::CacheRead),
        None,
        "the list that held before holds no more"
    );
    assert_eq!(
        prices.listed(Rate::WebSearch),
        Some("0.01".parse().unwrap())
    );
    let at = |tokens| prices.at(tokens, UNIX_EPOCH).prompt().unwrap();
    assert_eq!(
        (at(200_000), at(200_001)),
        (per_million("1.5"), per_million("3"))
    );
    let priority = endpoint(&catalog, "openai/swift@openai/priority");
    assert_eq!(priority.prices().prompt(), Some(per_million("3")));
    assert_eq!(priority.prices().completion(), Some(per_million("12")));
    assert_eq!(
        priority.prices().at(200_001, UNIX_EPOCH).prompt(),
        Some(per_million("3"))
    );
    // Each name that is spelled out can be asked for, under its own name at the provider.
    assert_eq!(
        endpoint(&catalog, "openai/swift-2026-01-01@openai").upstream_model(),
        "swift-2026-01-01"
    );
    assert_eq!(catalog.find("swift").unwrap().id(), "openai/swift");

    let nightly = endpoint(&catalog, "openai/nightly@openai").prices();
    let at = |minutes: u64| {
        nightly
            .at(1, UNIX_EPOCH + Duration::from_secs(minutes * 60))
            .prompt()
            .unwrap()
    };
    assert_eq!(
        (at(16 * 60 + 29), at(16 * 60 + 30)),
        (per_million("2"), per_million("1"))
    );
    assert_eq!((at(29), at(30)), (per_million("1"), per_million("2")));
    let embedding = catalog.find("text-embedding-x").unwrap();
    assert_eq!(
        embedding.output(),
        Some(Modalities::NONE.with(Modality::Embeddings))
    );

    let report = &catalog.reports()[0];
    assert_eq!((report.rows(), report.taken()), (6, 3));
    let skipped =
        [Skipped::Retired, Skipped::Mode, Skipped::Provider].map(|why| report.skipped(why));
    assert_eq!(skipped, [1, 1, 1]);
    let gaps: Vec<_> = report
        .unpriced()
        .iter()
        .map(|gap| (&*gap.dimension, gap.why))
        .collect();
    assert_eq!(
        gaps,
        [
            ("price_variants", Gap::Batch),
            ("price_variants", Gap::Condition),
            ("audio_hours", Gap::Unit),
        ]
    );
}

#[test]
fn the_operator_wins_then_files_in_their_order() {
    let toml = r#"
        sources = ["first.json", "second.json"]
        providers.openai.base_url = "https://api.openai.com/v1"
        [models."openai/a"]
        name = "Ours"
        aliases = ["openai/old-name"]
        [[models."openai/a".endpoints]]
        provider = "openai"
        model = "a"
        prices = { prompt = "7.00" }
    "#;
    let row = |name: &str, price: &str, more: &str| {
        format!(
            r#""{name}": {{"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": {price}{more}}}"#
        )
    };
    let first = format!(
        "{{{}, {}}}",
        row("a", "1e-6", ", \"output_cost_per_token\": 1e-6"),
        row("b", "2e-6", "")
    );
    let second = format!(
        "{{{}, {}, {}, {}}}",
        row("a", "3e-6", ", \"max_input_tokens\": 1000"),
        row(
            "b",
            "4e-6",
            ", \"output_cost_per_token\": 9e-6, \"max_output_tokens\": 50"
        ),
        row("c", "5e-6", ""),
        row("old-name", "6e-6", "")
    );
    let catalog = load(toml, &[("first.json", &first), ("second.json", &second)]).unwrap();
    let prompt = |key| endpoint(&catalog, key).prices().prompt().unwrap();
    assert_eq!(prompt("openai/a@openai"), per_million("7"));
    assert_eq!(prompt("openai/b@openai"), per_million("2"));
    assert_eq!(prompt("openai/c@openai"), per_million("5"));
    // Price lists are never mixed; what else is said below is added.
    assert_eq!(
        endpoint(&catalog, "openai/a@openai").prices().completion(),
        None
    );
    let b = endpoint(&catalog, "openai/b@openai");
    assert_eq!(
        (b.prices().completion(), b.max_completion_tokens()),
        (None, Some(50))
    );
    let a = catalog.find("openai/a").unwrap();
    assert_eq!((a.name(), a.context_length()), ("Ours", Some(1_000)));
    // An alias of the operator's stays what it is.
    assert_eq!(catalog.find("openai/old-name").unwrap().id(), "openai/a");
    let report = &catalog.reports()[1];
    assert_eq!((report.taken(), report.skipped(Skipped::Shadowed)), (3, 1));
}

/// `gpt-4o` costs half of what the model costed under its first name, by which it can still be asked for.
#[test]
fn an_endpoint_has_the_price_of_the_name_that_its_provider_is_asked_by() {
    let toml = r#"
        sources = ["map.json"]
        providers.openai.base_url = "https://api.openai.com/v1"
        providers.azure.base_url = "https://acme.openai.azure.com/openai/v1"
        [[models."openai/gpt-4o".endpoints]]
        provider = "openai"
        model = "gpt-4o-2024-05-13"
        [[models."openai/gpt-4o".endpoints]]
        provider = "azure"
        model = "our-deployment"
    "#;
    let row = |key: &str, provider: &str, price: &str| {
        format!(
            r#""{key}": {{"litellm_provider": "{provider}", "mode": "chat", "input_cost_per_token": {price}}}"#
        )
    };
    let map = format!(
        "{{{}, {}, {}}}",
        row("gpt-4o", "openai", "2.5e-6"),
        row("gpt-4o-2024-05-13", "openai", "5e-6"),
        row("azure/gpt-4o", "azure", "2.75e-6"),
    );
    let catalog = load(toml, &[("map.json", &map)]).unwrap();
    let prompt = |key| endpoint(&catalog, key).prices().prompt().unwrap();
    assert_eq!(prompt("openai/gpt-4o@openai"), per_million("5"));
    // Of a name that no source knows, the model's own has to do.
    assert_eq!(prompt("openai/gpt-4o@azure"), per_million("2.75"));
    assert_eq!(prompt("openai/gpt-4o-2024-05-13@openai"), per_million("5"));
}

/// An endpoint of the operator's with this tag, at a provider that a source knows as well.
fn tagged(tag: &str) -> String {
    format!(
        r#"
        sources = ["e.json"]
        providers.host.base_url = "https://host.example/v1"
        [[models."acme/swift-2.5".endpoints]]
        provider = "host"
        model = "swift"
        tag = "{tag}"
        "#
    )
}

/// Half the bits, half the price: but that is another endpoint.
#[test]
fn a_variant_does_not_have_the_price_of_another() {
    for (tag, price) in [
        ("host/fp8", Some("2")),
        ("host/bf16", None),
        ("host", Some("2")),
        ("host/priority", Some("4")),
    ] {
        let catalog = load(&tagged(tag), &[("e.json", ENDPOINTS)]).unwrap();
        let endpoint = endpoint(&catalog, &format!("acme/swift-2.5@{tag}"));
        assert_eq!(endpoint.prices().prompt(), price.map(per_million), "{tag}");
    }
}

/// Where a source knew the endpoint as well, the tag was cut at its provider's length before anybody had looked at it.
#[test]
fn a_tag_that_begins_with_another_name_is_told() {
    for tag in ["h", "eu/fp8", "hos\u{20ac}"] {
        let error = load(&tagged(tag), &[("e.json", ENDPOINTS)]).unwrap_err();
        let told = format!("{error:?} {error}");
        assert!(told.contains("host/"), "{tag}: {told}");
    }
}

/// Models that make music or pictures are listed with nothing to pay for tokens, and with a price for each piece.
#[test]
fn what_is_paid_by_another_unit_is_not_free() {
    let toml = r#"
        sources = ["map.json", "models.json", "genai.json"]
        providers.openai.base_url = "https://api.openai.com/v1"
        providers.openrouter.base_url = "https://openrouter.ai/api/v1"
    "#;
    let row = r#""litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 0, "output_cost_per_token": 0"#;
    let map = format!(
        r#"{{"lyre": {{{row}, "output_cost_per_image": 0.04, "input_cost_per_token_priority": 0}},
            "free": {{{row}, "output_cost_per_image": 0}},
            "both": {{{row}, "input_cost_per_request": 0.01, "output_cost_per_second": 0.04}}}}"#
    );
    let models = r#"{"data": [
        {"id": "acme/lyre", "pricing": {"prompt": "0", "completion": "0", "video_second": "0.1"}},
        {"id": "acme/free", "pricing": {"prompt": "0", "completion": "0", "video_second": "0"}}]}"#;
    let genai = r#"[{"id": "openai", "models": [
        {"id": "organ", "match": {"equals": "organ"}, "prices": {"input_mtok": 0, "output_mtok": 0, "audio_hours": 1}}]}]"#;
    let files = [
        ("map.json", &*map),
        ("models.json", models),
        ("genai.json", genai),
    ];
    let catalog = load(toml, &files).unwrap();
    for (key, known) in [
        ("openai/lyre@openai", false),
        ("openai/lyre@openai/priority", false),
        ("openai/free@openai", true),
        ("openai/both@openai", true),
        ("acme/lyre@openrouter", false),
        ("acme/free@openrouter", true),
        ("openai/organ@openai", false),
    ] {
        let prices = endpoint(&catalog, key).prices();
        assert_eq!(!prices.is_unknown(), known, "{key}: {prices:?}");
    }
    let lyre = catalog.reports()[0].unpriced();
    assert!(
        lyre.iter()
            .any(|gap| &*gap.model == "openai/lyre" && gap.why == Gap::Missing)
    );
}

/// A window wins over what is dearer beyond some length, so it says that anew; and a tier pays by the hour as well.
#[test]
fn long_prompts_are_dear_at_any_hour() {
    let toml = "sources = [\"g.json\"]\nproviders.openai.base_url = \"https://api.openai.com/v1\"";
    let data = r#"[{"id": "openai", "models": [{"id": "a", "match": {"equals": "a"}, "prices": [
        {"prices": {"input_mtok": {"base": 1, "tiers": [{"start": 1000, "price": 4}]}, "output_mtok": 8}},
        {"constraint": {"start_time": "08:00:00Z", "end_time": "20:00:00Z"}, "prices": {
            "input_mtok": {"base": 2, "tiers": [{"start": 1000, "price": 6}]}, "output_mtok": 16}}],
        "price_variants": [{"when": {"service_tier": "priority"}, "prices": {"input_mtok": 3}}]}]}]"#;
    let catalog = load(toml, &[("g.json", data)]).unwrap();
    let at = |key, tokens, hour: u64| {
        let list = endpoint(&catalog, key).prices();
        let list = list.at(tokens, UNIX_EPOCH + Duration::from_secs(hour * 3600));
        [list.prompt(), list.completion()].map(Option::unwrap)
    };
    let usd = |prompt, completion| [per_million(prompt), per_million(completion)];
    assert_eq!(at("openai/a@openai", 1000, 0), usd("1", "8"));
    assert_eq!(at("openai/a@openai", 1001, 0), usd("4", "8"));
    assert_eq!(at("openai/a@openai", 1000, 8), usd("2", "16"));
    assert_eq!(at("openai/a@openai", 1001, 8), usd("6", "16"));
    assert_eq!(at("openai/a@openai/priority", 1001, 0), usd("3", "8"));
    assert_eq!(at("openai/a@openai/priority", 1001, 8), usd("3", "16"));
}

#[test]
fn errors_name_the_file_and_the_place() {
    let with = |sources: &str| {
        format!("sources = {sources}\nproviders.openai.base_url = \"https://api.openai.com\"")
    };
    let error = |sources: &str, files: &[(&str, &str)]| {
        load(&with(sources), files).unwrap_err().to_string()
    };
    assert_eq!(
        error("[\"a.json\", \"b.json\"]", &[("a.json", MODELS)]),
        "switchtower.toml:1:22: sources[1]: cannot be read: entity not found"
    );
    assert_eq!(
        error("[\"a.json\"]", &[("a.json", "{\"a\": 1,\n  ]}")]),
        "a.json:2:3: expected a key"
    );
    assert!(
        error("[\"a.json\"]", &[("a.json", "{}")]).starts_with("a.json: has no row of a format")
    );
    assert_eq!(
        error("[\"https://openrouter.ai/api/v1/models\"]", &[]),
        "switchtower.toml:1:12: sources[0]: must be the path of a file; nothing is fetched from elsewhere"
    );
    assert_eq!(
        error("\"a.json\"", &[]),
        "switchtower.toml:1:11: sources: must be an array, not a string"
    );
    let many = format!("{:?}", vec!["a.json"; 1_001]);
    assert!(error(&many, &[]).ends_with("sources[1000]: has more than 1000 entries"));
    let alone =
        Catalog::from_toml(&with("[\"a.json\"]"), "switchtower.toml", |_| None).unwrap_err();
    assert!(
        matches!(alone.kind(), Problem::Read(error) if error.kind() == io::ErrorKind::Unsupported)
    );
}

#[test]
fn a_flood_of_overrides_is_bounded_and_told() {
    let entries: Vec<_> = (0..100)
        .map(|at| format!("{{\"min_prompt_tokens\": {at}, \"prompt\": \"1\"}}"))
        .collect();
    let row = format!(
        r#"{{"data": [{{"id": "a/b", "pricing": {{"prompt": "1", "overrides": [{}]}}}}]}}"#,
        entries.join(",")
    );
    let catalog = load(OPENROUTER, &[("models.json", &row)]).unwrap();
    assert_eq!(
        catalog.models()[0].endpoints()[0]
            .prices()
            .overrides()
            .len(),
        32
    );
    assert_eq!(catalog.reports()[0].gaps(Gap::Bound), 68);
}

#[cfg(feature = "prices")]
/// Where each price is compared with those before, there are not many.
#[test]
fn a_flood_of_prices_in_one_row_is_bounded_and_told() {
    let toml = r#"
        sources = ["f.json"]
        providers.openai.base_url = "https://api.openai.com/v1"
    "#;
    let long = |tokens| format!(r#""input_cost_per_token_above_{tokens}_tokens": 1e-6"#);
    let prices: Vec<_> = (0..20_000).map(long).collect();
    let map = format!(
        r#"{{"a": {{"litellm_provider": "openai", "mode": "chat", {}}}}}"#,
        prices.join(",")
    );
    let mtok = |number| format!(r#""price_{number}": 1"#);
    let prices: Vec<_> = (0..20_000).map(mtok).collect();
    let variants = format!(
        r#"[{{"id": "openai", "models": [{{"id": "a", "match": {{"equals": "a"}}, "prices": {{"input_mtok": 1}},
            "price_variants": [{{"when": {{"service_tier": "flex"}}, "prices": {{{}}}}}]}}]}}]"#,
        prices.join(",")
    );
    for (text, beyond) in [(map, 20_000 - 32), (variants, 20_000 - 128)] {
        let catalog = load(toml, &[("f.json", &text)]).unwrap();
        assert_eq!(catalog.reports()[0].gaps(Gap::Bound), beyond);
    }
}

#[test]
fn a_flood_of_endpoints_is_bounded_and_told() {
    let toml = r#"
        sources = ["e.json", "m.json"]
        providers.host.base_url = "https://host.example/v1"
        providers.openai.base_url = "https://api.openai.com/v1"
    "#;
    let row = |number| format!(r#"{{"tag": "host/v{number}", "pricing": {{"prompt": "0.1"}}}}"#);
    let rows: Vec<_> = (0..1_500).map(row).collect();
    let endpoints = format!(
        r#"{{"data": {{"id": "openai/a", "endpoints": [{}]}}}}"#,
        rows.join(",")
    );
    // It says what the host calls the model.
    let map = r#"{"a": {"litellm_provider": "openai", "mode": "chat"},
                  "host/openai/a": {"litellm_provider": "host", "mode": "chat"}}"#;
    let catalog = load(toml, &[("e.json", &endpoints), ("m.json", map)]).unwrap();
    let report = &catalog.reports()[0];
    assert_eq!(
        (
            report.rows(),
            report.taken(),
            report.skipped(Skipped::Bound)
        ),
        (1_500, 1_000, 500)
    );
    assert_eq!(catalog.find("openai/a").unwrap().endpoints().len(), 1_001);
}

#[test]
fn a_provider_and_a_key_are_a_complete_configuration() {
    let toml = r#"
        embedded = true

        [providers.openai]
        base_url = "https://api.openai.com/v1"
        key_env = "OPENAI_API_KEY"

        [providers.anthropic]
        base_url = "https://api.anthropic.com/v1"
        key_env = "ANTHROPIC_API_KEY"
    "#;
    let key = |_: &str| Some("sk-1".to_owned());
    let catalog = Catalog::from_toml(toml, "switchtower.toml", key).unwrap();
    let model = catalog.find("gpt-5").unwrap();
    assert_eq!(model.id(), "openai/gpt-5");
    assert_eq!(
        model.endpoints()[0].prices().prompt(),
        Some(per_million("1.25"))
    );
    assert!(catalog.find("anthropic/claude-sonnet-4-5").is_some());
    assert!(catalog.models().len() > 100, "{}", catalog.reports()[0]);
    let report = &catalog.reports()[0];
    assert_eq!(report.format(), Format::GenaiPrices);
    let skipped: usize = Skipped::ALL.iter().map(|why| report.skipped(*why)).sum();
    assert_eq!(report.rows(), report.taken() + skipped);
    assert_eq!(
        (
            report.skipped(Skipped::Malformed),
            report.gaps(Gap::Unreadable)
        ),
        (0, 0)
    );
    // Who is named in a rule may have no key either.
    let rule = "auto.models = ['openai/gpt-5', 'anthropic/claude-sonnet-4-5']\nauto.tasks.tools = 'openai/gpt-5'";
    let key = |name: &str| (name == "ANTHROPIC_API_KEY").then(|| "sk-1".to_owned());
    let ruled = format!("{rule}\n{toml}");
    let one = Catalog::from_toml_available(&ruled, "switchtower.toml", key).unwrap();
    let chosen = one.auto().unwrap().models();
    assert_eq!(
        chosen.iter().map(|it| it.id()).collect::<Vec<_>>(),
        ["anthropic/claude-sonnet-4-5"]
    );
    let misspelt = ruled.replace("gpt-5'", "gtp-5'");
    let all = |_: &str| Some("sk-1".to_owned());
    let error = Catalog::from_toml_available(&misspelt, "switchtower.toml", all).unwrap_err();
    assert!(
        matches!(error.kind(), Problem::UnknownModel { .. }),
        "{error}"
    );
    // Without a key nobody serves them.
    let none = Catalog::from_toml_available(toml, "switchtower.toml", |_| None).unwrap();
    assert!(none.is_empty());
}

// === Helpers ===

fn load(toml: &str, files: &[(&str, &str)]) -> Result<Catalog, LoadError> {
    let files = |name: &str| {
        let found = files.iter().find(|(file, _)| *file == name);
        let found = found.ok_or(io::Error::from(io::ErrorKind::NotFound))?;
        Ok(found.1.as_bytes().to_vec())
    };
    Catalog::from_toml_with(toml, "switchtower.toml", |_| None, files)
}

fn endpoint<'a>(catalog: &'a Catalog, key: &str) -> &'a Endpoint {
    let mut endpoints = catalog.endpoints();
    let found = endpoints.find(|endpoint| endpoint.key() == key);
    found.unwrap_or_else(|| {
        let keys: Vec<_> = catalog.endpoints().map(|e| e.key()).collect();
        panic!("{key} is not among {keys:?}")
    })
}

fn per_million(text: &str) -> Price {
    Price::per_million(text).unwrap()
}
