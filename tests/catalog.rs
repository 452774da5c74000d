//! The catalogue: what a file means.

use std::time::{Duration, UNIX_EPOCH};

use switchtower::Price;
use switchtower::catalog::{BaseUrl, Catalog, Dropped, InvalidBaseUrl, Prices, Rate, Task};

const SAMPLE: &str = include_str!("../switchtower.toml");

#[test]
fn the_sample_loads() {
    let catalog = Catalog::from_toml(SAMPLE, "switchtower.toml", |_| Some("key".into())).unwrap();

    assert_eq!(catalog.providers().len(), 7);
    assert_eq!(catalog.models().len(), 11);
    assert_eq!(catalog.models()[0].id(), "openai/gpt-4o-mini");
    assert_eq!(
        catalog.find("anthropic/claude").unwrap().id(),
        "anthropic/claude-sonnet-5.5"
    );
    assert!(catalog.find("openai/GPT-4o-mini").is_none());
    assert!(catalog.dropped().is_empty());
    assert_eq!(catalog.revision().len(), 12);

    let model = catalog.find("gpt-4o-mini").unwrap();
    let [direct, routed] = model.endpoints() else {
        panic!("{model:?}")
    };
    assert_eq!(direct.key(), "openai/gpt-4o-mini@openai");
    assert_eq!(direct.model(), "openai/gpt-4o-mini");
    assert_eq!(direct.tag(), "openai");
    assert_eq!(direct.context_length(), Some(128_000));
    assert_eq!(direct.max_completion_tokens(), Some(16_384));
    assert_eq!(direct.prices().prompt(), Some("1.5e-7".parse().unwrap()));
    assert_eq!(routed.upstream_model(), "openai/gpt-4o-mini");
    assert_eq!(
        routed.provider().chat_url(),
        "https://openrouter.ai/api/v1/chat/completions"
    );
}

/// Long prompts and dear hours, as providers list them.
#[test]
fn the_sample_lists_what_prices_depend_on() {
    let catalog = Catalog::from_toml(SAMPLE, "switchtower.toml", |_| Some("key".into())).unwrap();
    let at = |model: &str, tokens, hour: u64| {
        let prices = catalog.find(model).unwrap().endpoints()[0].prices();
        let wall = UNIX_EPOCH + Duration::from_secs(hour * 60 * 60);
        prices.at(tokens, wall).prompt().unwrap()
    };
    let usd = |text| Price::per_million(text).unwrap();
    assert_eq!(at("gpt-6.1-sol", 272_000, 0), usd("2"));
    assert_eq!(at("gpt-6.1-sol", 272_001, 0), usd("4"));
    for (hour, price) in [
        (0, "0.15"),
        (1, "0.30"),
        (4, "0.15"),
        (6, "0.30"),
        (10, "0.15"),
        // The third day of 1970 was a Saturday.
        (2 * 24 + 2, "0.15"),
        (4 * 24 + 2, "0.30"),
    ] {
        assert_eq!(at("deepseek-flash", 9, hour), usd(price), "{hour}");
    }

    let rule = catalog.auto().unwrap();
    let vision = rule.models_for(|task| task == Task::Vision).next();
    assert_eq!(vision.unwrap().id(), "google/gemini-2.5-flash");
    let first = rule.models_for(|_| false).next();
    assert_eq!(first.unwrap().id(), "openai/gpt-6-luna");
    let newest = catalog.latest("~anthropic/claude-sonnet-latest");
    assert_eq!(newest.unwrap().id(), "anthropic/claude-sonnet-5.5");
    assert!(!catalog.providers()[0].collects_data());
}

#[test]
fn only_what_there_are_keys_for() {
    let env = |name: &str| match name {
        "OPENAI_API_KEY" => Some("sk-1".to_owned()),
        "GROQ_API_KEY" => Some("  ".to_owned()),
        _ => None,
    };
    let catalog = Catalog::from_toml_available(SAMPLE, "switchtower.toml", env).unwrap();

    let ids: Vec<_> = catalog.models().iter().map(|model| model.id()).collect();
    assert_eq!(
        ids,
        [
            "openai/gpt-4o-mini",
            "openai/gpt-6.1-sol",
            "openai/gpt-6-luna"
        ]
    );
    assert!(catalog.find("anthropic/claude").is_none());
    assert!(
        catalog
            .models()
            .iter()
            .all(|model| model.endpoints().len() == 1)
    );

    let dropped = catalog.dropped();
    assert!(dropped.contains(&Dropped::Provider {
        slug: "groq".into(),
        variable: "GROQ_API_KEY".into()
    }));
    assert!(dropped.contains(&Dropped::Endpoint {
        key: "openai/gpt-6-luna@openrouter".into()
    }));
    assert!(dropped.contains(&Dropped::Model {
        id: "mistralai/mistral-small".into()
    }));
}

#[test]
fn keys_are_sent_and_never_shown() {
    let text = r#"
        [providers.bearer]
        base_url = "https://a.test"
        key_env = "KEY"
        headers = { X-Title = "tower" }
        [providers.azure]
        base_url = "https://b.test"
        key_env = "KEY"
        auth_header = "api-key"
        [providers.local]
        base_url = "http://127.0.0.1:11434/v1/"
    "#;
    let catalog = Catalog::from_toml(text, "t", |_| Some("sk-secret\n".into())).unwrap();
    let [bearer, azure, local] = catalog.providers() else {
        panic!("{catalog:?}")
    };

    assert_eq!(bearer.headers()["authorization"], "Bearer sk-secret");
    assert_eq!(bearer.headers()["x-title"], "tower");
    assert_eq!(azure.headers()["api-key"], "sk-secret");
    assert!(local.headers().is_empty());
    assert_eq!(
        local.chat_url(),
        "http://127.0.0.1:11434/v1/chat/completions"
    );
    assert!(!format!("{catalog:?}").contains("secret"));
}

#[test]
fn the_order_is_that_of_the_file() {
    let text = r#"
        [models.z]
        endpoints = [{ provider = "p", model = "z" }]
        [models.a]
        endpoints = [{ provider = "p", model = "a" }, { provider = "p", model = "a8", tag = "p/fp8" }]
        [providers.p]
        base_url = "https://p.test"
    "#;
    let catalog = Catalog::from_toml(text, "t.toml", |_| None).unwrap();
    let ids: Vec<_> = catalog.models().iter().map(|model| model.id()).collect();
    assert_eq!(ids, ["z", "a"]);
    assert_eq!(catalog.models()[1].endpoints()[1].key(), "a@p/fp8");
}

#[test]
fn base_urls() {
    for (text, error) in [
        ("", InvalidBaseUrl::NotAUrl),
        ("https://", InvalidBaseUrl::NotAUrl),
        ("https://acme.test:99999", InvalidBaseUrl::NotAUrl),
        ("https://acme.test/#v1", InvalidBaseUrl::Fragment),
        ("https://acme.test/v1?x", InvalidBaseUrl::Query),
        ("wss://acme.test", InvalidBaseUrl::NotHttp),
        ("/v1", InvalidBaseUrl::NotHttp),
    ] {
        assert_eq!(text.parse::<BaseUrl>(), Err(error), "{text}");
    }
    for (text, chat) in [
        ("https://acme.test", "https://acme.test/c"),
        ("https://acme.test/", "https://acme.test/c"),
        ("http://[::1]:8080/v1//", "http://[::1]:8080/v1/c"),
    ] {
        assert_eq!(text.parse::<BaseUrl>().unwrap().join("/c").unwrap(), chat);
    }
}

#[test]
fn a_missing_rate_is_filled_in_and_a_zero_is_kept() {
    let one = Price::from_femtodollars(1);
    let nine = Price::from_femtodollars(9);
    let prices = Prices::unknown()
        .with(Rate::Prompt, one)
        .with(Rate::Completion, nine);

    assert_eq!(prices.cache_write_1h(), Some(one));
    assert_eq!(
        prices.clone().with(Rate::CacheWrite, nine).cache_write_1h(),
        Some(nine)
    );
    assert_eq!(
        prices
            .clone()
            .with(Rate::CacheRead, Price::ZERO)
            .cache_read(),
        Some(Price::ZERO)
    );
    assert_eq!((prices.audio(), prices.image()), (Some(one), Some(one)));
    assert_eq!(
        (prices.audio_output(), prices.image_output()),
        (Some(nine), Some(nine))
    );
    assert_eq!(prices.reasoning(), Some(nine));
    assert_eq!(prices.request(), Some(Price::ZERO));
    assert_eq!(prices.balance(), Some(Price::from_femtodollars(3)));

    assert!(
        Rate::ALL
            .iter()
            .all(|rate| Prices::unknown().get(*rate).is_none())
    );
    assert_eq!(Prices::unknown().balance(), None);
}

#[test]
fn near_names() {
    let catalog = Catalog::from_toml(SAMPLE, "t", |_| Some("key".into())).unwrap();
    for (name, nearest) in [
        ("gpt-4o-mni", "gpt-4o-mini"),
        ("openai/gpt-4o-mini-2", "openai/gpt-4o-mini"),
        ("gpt-4o", "gpt-4o-mini"),
        ("GPT-6-Luna", "gpt-6-luna"),
        ("claude", "anthropic/claude"),
        ("azure/gpt-6-luna", "openai/gpt-6-luna"),
        ("deepseek-flahs", "deepseek-flash"),
    ] {
        let found = catalog.nearest(name);
        assert!(found.len() <= 3);
        assert_eq!(found.first(), Some(&nearest), "{name}: {found:?}");
    }
    assert!(catalog.nearest("whisper").is_empty());
    assert!(catalog.nearest("").is_empty());
}

#[test]
fn windows_files_are_read_too() {
    let text = "\u{feff}[providers.p]\r\nbase_url = 'https://p.test'\r\nnam = ''\r\n";
    let error = Catalog::from_toml(text, "t.toml", |_| None).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("t.toml:3:1: providers.p.nam: ")
    );
}

#[test]
fn a_file_is_loaded_from_its_path() {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/switchtower.toml");
    let catalog = Catalog::load_available(sample).unwrap();
    let expected = Catalog::from_toml_available(SAMPLE, "t", |_| None).unwrap();
    assert_eq!(catalog.revision(), expected.revision());
}
