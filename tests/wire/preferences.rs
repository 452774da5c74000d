use switchtower::wire::{Invalid, MaxPrice, Preferences, Sort, View};

#[test]
fn reads_all_that_is_served() {
    let wanted = read(
        r#"{"order":["a","b/\u0063"],"only":["a"],"ignore":[],"allow_fallbacks":false,"sort":"price",
            "max_price":{"prompt":1,"completion":"2.50","request":1e-7,"image":null}}"#,
    );
    let expected = Preferences {
        order: vec!["a".into(), "b/c".into()],
        only: vec!["a".into()],
        ignore: vec![],
        allow_fallbacks: false,
        sort: Some(Sort::Price),
        max_price: MaxPrice {
            prompt: Some("1".into()),
            completion: Some("2.50".into()),
            request: Some("0.0000001".into()),
            ..MaxPrice::default()
        },
        ..Preferences::default()
    };
    assert_eq!(wanted.unwrap(), expected);
}

#[test]
fn what_asks_for_nothing_is_accepted() {
    let nothing = r#"{"order":null,"only":null,"ignore":null,"allow_fallbacks":null,"sort":null,"max_price":null,
        "require_parameters":false,"data_collection":"allow","zdr":null,"enforce_distillable_text":false,
        "quantizations":null,"preferred_min_throughput":null,"preferred_max_latency":null}"#;
    assert_eq!(read(nothing).unwrap(), Preferences::default());
    assert_eq!(read("{}").unwrap(), Preferences::default());
    assert!(
        View::read(br#"{"provider":null}"#)
            .unwrap()
            .preferences()
            .is_none()
    );
}

#[test]
fn what_is_not_served_yet_is_refused_and_said_to_be_known() {
    let cases = [
        (
            r#"{"require_parameters":true}"#,
            "provider.require_parameters",
        ),
        (r#"{"data_collection":"deny"}"#, "provider.data_collection"),
        (r#"{"zdr":true}"#, "provider.zdr"),
        (
            r#"{"enforce_distillable_text":true}"#,
            "provider.enforce_distillable_text",
        ),
        (r#"{"quantizations":["fp8"]}"#, "provider.quantizations"),
        (
            r#"{"preferred_min_throughput":50}"#,
            "provider.preferred_min_throughput",
        ),
        (
            r#"{"preferred_max_latency":{"p50":1}}"#,
            "provider.preferred_max_latency",
        ),
        (r#"{"sort":"throughput"}"#, "provider.sort"),
        (r#"{"sort":"latency"}"#, "provider.sort"),
        (r#"{"sort":"exacto"}"#, "provider.sort"),
        (r#"{"sort":{"by":"price"}}"#, "provider.sort"),
        (r#"{"max_price":{"image":1}}"#, "provider.max_price.image"),
        (r#"{"max_price":{"audio":"1"}}"#, "provider.max_price.audio"),
    ];
    for (provider, field) in cases {
        let invalid = read(provider).unwrap_err();
        assert!(
            matches!(invalid, Invalid::Unserved { .. }),
            "{provider}: {invalid}"
        );
        assert_eq!(invalid.field(), Some(field));
        assert!(
            invalid
                .to_string()
                .contains("is known, but this value is not served yet")
        );
    }
}

#[test]
fn what_is_wrong_is_named() {
    let cases = [
        (
            r#"{"order":"a"}"#,
            "`provider.order` must be an array of strings or null (at byte 21)",
        ),
        (
            r#"{"only":[1]}"#,
            "`provider.only` must be an array of strings or null (at byte 21)",
        ),
        (
            r#"{"allow_fallbacks":1}"#,
            "`provider.allow_fallbacks` must be a boolean or null (at byte 31)",
        ),
        (
            r#"{"zdr":"yes"}"#,
            "`provider.zdr` must be a boolean or null (at byte 19)",
        ),
        (
            r#"{"a":1,"order":[],"\u0062":{}}"#,
            "`provider` knows no `a`, `b` (at byte 13)",
        ),
        (
            r#"{"max_price":{"tokens":1}}"#,
            "`provider.max_price` knows no `tokens` (at byte 26)",
        ),
        (
            r#"{"order":[],"\u006frder":[]}"#,
            "`provider.order` is given twice (at byte 24)",
        ),
    ];
    for (provider, sentence) in cases {
        assert_eq!(read(provider).unwrap_err().to_string(), sentence);
    }
    for provider in [
        r#"{"sort":"cheap"}"#,
        r#"{"data_collection":"maybe"}"#,
        r#"{"max_price":[]}"#,
        r#"{"max_price":{"prompt":-1}}"#,
        r#"{"max_price":{"prompt":"free"}}"#,
        r#"{"max_price":{"prompt":"1e999"}}"#,
        r#"{"max_price":{"prompt":true}}"#,
    ] {
        assert!(
            matches!(read(provider), Err(Invalid::Mistyped { .. })),
            "{provider}"
        );
    }
}

#[test]
fn an_error_stays_short_whatever_was_sent() {
    let long = "x".repeat(10_000);
    let many: Vec<_> = (0..1000).map(|i| format!(r#""{i}{long}":0"#)).collect();
    let invalid = read(&format!("{{{}}}", many.join(","))).unwrap_err();
    assert!(invalid.to_string().len() < 2000);
}

fn read(provider: &str) -> Result<Preferences, Invalid> {
    let body = format!(r#"{{"provider":{provider}}}"#);
    View::read(body.as_bytes()).map(|view| view.preferences().unwrap().clone())
}
