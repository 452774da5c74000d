//! The catalogue: what it says of providers, models and endpoints beyond names and prices.

use switchtower::catalog::{
    About, Catalog, EndpointSpec, HoldPolicy, Hours, ModelSpec, PartBounds, Problem, Provider,
    Rate, Strategy, Weekday,
};
use switchtower::wire::{Field, Modality, Quantization};

const FILE: &str = r#"
    [providers.acme]
    base_url = "https://acme.test"
    data_collection = "deny"
    zdr = true
    own_key = true
    privacy_policy_url = "https://acme.test/privacy"
    terms_of_service_url = "https://acme.test/terms"
    status_page_url = "https://status.acme.test"
    headquarters = "DE"
    datacenters = ["DE", "FR"]

    [providers.plain]
    base_url = "https://plain.test"

    [models."acme/swift-2"]
    canonical_slug = "acme/swift-2-20261101"
    created = 1761955200
    input = ["text", "image"]
    output = ["text"]
    distillable = true
    moderated = true
    hidden = true
    expiration_date = 2026-12-31
    hugging_face_id = "acme/Swift-2"
    strategy = "power_of_two"

    [[models."acme/swift-2".endpoints]]
    provider = "acme"
    model = "swift-2"
    max_prompt_tokens = 9000
    quantization = "fp8"
    parameters = ["tools", "seed"]
    implicit_caching = true
    weight = 3
    score = "0.875"

    [models."acme/swift-2".endpoints.prices]
    prompt = "1.25"
    image = "0.002"
    image_token = "2.00"
    web_search = "0.01"
    overrides = [
        { above = 200000, prompt = "2.50" },
        { utc = "16:30-00:30", weekdays = ["sat", "sun"], prompt = "0.60" },
    ]

    [[models."acme/swift-2".endpoints]]
    provider = "acme"
    model = "swift-2"
    tag = "acme/open"
    data_collection = "allow"
    zdr = false
    own_key = false

    [[models."acme/swift-2".endpoints]]
    provider = "plain"
    model = "swift-2"
"#;

#[test]
fn a_file_says_all_of_it() {
    let catalog = Catalog::from_toml(FILE, "t.toml", |_| None).unwrap();
    let about = About {
        privacy_policy_url: Some("https://acme.test/privacy".into()),
        terms_of_service_url: Some("https://acme.test/terms".into()),
        status_page_url: Some("https://status.acme.test".into()),
        headquarters: Some("DE".into()),
        datacenters: Some(vec!["DE".into(), "FR".into()]),
    };
    assert_eq!(*catalog.providers()[0].about(), about);
    assert_eq!(*catalog.providers()[1].about(), About::default());

    let model = &catalog.models()[0];
    assert_eq!(model.canonical_slug(), "acme/swift-2-20261101");
    assert!(model.input().unwrap().contains(Modality::Image));
    assert!(!model.output().unwrap().contains(Modality::Image));
    assert!(model.is_distillable() && model.is_moderated() && model.is_hidden());
    assert_eq!(model.expiration_date(), Some("2026-12-31"));
    assert_eq!(model.hugging_face_id(), Some("acme/Swift-2"));
    assert_eq!(model.strategy(), Strategy::PowerOfTwo);

    let [own, open, plain] = model.endpoints() else {
        panic!("{model:?}")
    };
    assert_eq!(own.max_prompt_tokens(), Some(9000));
    assert_eq!(own.quantization(), Some(Quantization::Fp8));
    let parameters: Vec<_> = own.parameters().unwrap().iter().collect();
    assert_eq!(parameters.len(), 2);
    assert!(parameters.contains(&Field::Tools) && parameters.contains(&Field::Seed));
    assert!(own.caches_implicitly());
    assert_eq!((own.weight(), own.score()), (3, Some(875)));
    let data =
        |e: &switchtower::catalog::Endpoint| (e.collects_data(), e.is_zdr(), e.has_own_key());
    assert_eq!(data(own), (false, true, true), "as its provider");
    assert_eq!(data(open), (true, false, false), "as it says itself");
    assert_eq!(data(plain), (true, false, false), "nobody says");
    assert_eq!((plain.weight(), plain.score()), (1, None));
    assert_eq!(plain.parameters(), None);
}

#[test]
fn a_file_lists_conditional_prices() {
    let catalog = Catalog::from_toml(FILE, "t.toml", |_| None).unwrap();
    let prices = catalog.models()[0].endpoints()[0].prices();
    let told = |rate| prices.listed(rate).map(|price| price.to_string());
    assert_eq!(told(Rate::ImageUnit).as_deref(), Some("0.002"), "an image");
    assert_eq!(told(Rate::Image).as_deref(), Some("0.000002"), "a token");
    assert_eq!(told(Rate::WebSearch).as_deref(), Some("0.01"));

    let [long, weekend] = prices.overrides() else {
        panic!("{prices:?}")
    };
    assert_eq!(
        (long.min_prompt_tokens(), long.hours()),
        (Some(200_000), None)
    );
    assert_eq!(weekend.hours(), Some(Hours::hhmm(1630, 30).unwrap()));
    assert_eq!(
        weekend.days(),
        Some(vec![Weekday::Saturday, Weekday::Sunday])
    );
    assert_eq!(weekend.min_prompt_tokens(), None);
    let per_token = |price: Option<switchtower::Price>| price.unwrap().to_string();
    assert_eq!(per_token(long.listed(Rate::Prompt)), "0.0000025");
    assert_eq!(per_token(weekend.listed(Rate::Prompt)), "0.0000006");
}

#[test]
fn every_rate_has_a_key_of_its_own() {
    for rate in Rate::ALL {
        let file = FILE.replace(r#"image_token = "2.00""#, "").replace(
            r#"prompt = "1.25""#,
            &match rate {
                Rate::Prompt | Rate::ImageUnit | Rate::WebSearch => r#"prompt = "1.25""#.to_owned(),
                _ => format!("{} = \"3\"", rate.key()),
            },
        );
        let catalog = Catalog::from_toml(&file, "t.toml", |_| None).unwrap();
        assert!(
            catalog.models()[0].endpoints()[0]
                .prices()
                .listed(rate)
                .is_some(),
            "{rate:?}"
        );
    }
}

#[test]
fn the_builder_checks_what_is_only_told() {
    let build = |provider: Provider, model: ModelSpec| {
        let endpoint = EndpointSpec::new("acme", "m");
        let builder = Catalog::builder().provider(provider);
        builder.model(model.endpoint(endpoint)).build()
    };
    let acme = || Provider::new("acme", "https://acme.test".parse().unwrap());
    let model = || ModelSpec::new("a/b");
    assert!(build(acme(), model().with_expiration_date("2026-02-28")).is_ok());

    let error = build(acme(), model().with_expiration_date("soon")).unwrap_err();
    assert!(matches!(error.kind(), Problem::BadDate { .. }), "{error}");
    let error = build(acme(), model().with_canonical_slug("a b")).unwrap_err();
    assert!(matches!(error.kind(), Problem::BadName { .. }), "{error}");
    let about = About {
        datacenters: Some(vec!["DE".into(); 257]),
        ..About::default()
    };
    let error = build(acme().with_about(about), model()).unwrap_err();
    assert!(
        matches!(error.kind(), Problem::TooMany { limit: 256 }),
        "{error}"
    );
}

#[test]
fn parts_are_bounded_by_the_endpoint_else_the_model_else_what_is_known() {
    let bounds = |id: &str, model: &str, endpoint: &str| {
        let text = format!(
            "providers.acme.base_url = \"https://acme.test\"\n\
             [models.\"{id}\"]\n{model}\n\
             [[models.\"{id}\".endpoints]]\nprovider = \"acme\"\nmodel = \"m\"\n{endpoint}\n"
        );
        let catalog = Catalog::from_toml(&text, "t.toml", |_| None);
        catalog.map(|catalog| *catalog.models()[0].endpoints()[0].bounds())
    };
    let (model, endpoint) = (
        "bounds = { image = 7, audio = 8 }",
        "bounds = { image = 9, searches = 2 }",
    );
    let both = PartBounds {
        image: Some(9),
        audio: Some(8),
        searches: Some(2),
        ..PartBounds::NONE
    };
    assert_eq!(bounds("a/x", model, endpoint).unwrap(), both);
    let found = |bound| bounds("a/x", bound, "").map(|bounds| bounds.search);
    assert_eq!(
        found("bounds = { search = 0 }").unwrap(),
        Some(0),
        "it is not billed"
    );
    assert!(found("bounds = { search = -1 }").is_err());
    assert_eq!(bounds("a/x", "", "").unwrap(), PartBounds::NONE);
    for (id, image) in [
        ("openai/gpt-4o-2024-11-20", 1_445),
        ("openai/gpt-4o-mini", 48_169),
    ] {
        assert_eq!(bounds(id, "", "").unwrap().image, Some(image));
        let told = bounds(id, "bounds = { image = 5 }", "").unwrap();
        assert_eq!(told.image, Some(5));
    }
    for wrong in ["{ image = 0 }", "{ image = -1 }", "{ text = 1 }", "5"] {
        assert!(
            bounds("a/x", &format!("bounds = {wrong}"), "").is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn a_file_says_what_a_hold_claims() {
    let hold = |text: &str| {
        let catalog = Catalog::from_toml(text, "t.toml", |_| None);
        catalog.map(|catalog| catalog.hold())
    };
    assert_eq!(hold("").unwrap(), None);
    let strict = hold("hold = \"strict\"").unwrap();
    assert_eq!(strict, Some(HoldPolicy::Strict));
    let estimate = hold("hold = \"estimate\"").unwrap();
    assert_eq!(estimate, Some(HoldPolicy::estimate()));
    let max_debt = "0.000000000001".parse().unwrap();
    let little = hold("hold = \"estimate\"\nmax_debt = \"0.000000000001\"").unwrap();
    assert_eq!(little, Some(HoldPolicy::Estimate { max_debt }));
    for wrong in [
        "hold = \"lax\"",
        "hold = 1",
        "max_debt = \"1\"",
        "hold = \"strict\"\nmax_debt = \"1\"",
        "hold = \"estimate\"\nmax_debt = \"-1\"",
        "hold = \"estimate\"\nmax_debt = 0.5",
    ] {
        assert!(hold(wrong).is_err(), "{wrong}");
    }
}
