use switchtower::wire::{
    Invalid, MaxPrice, Partition, Preferences, Quantization, Quantizations, Sort, Thresholds, View,
};

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
fn each_wish_is_heard() {
    let none = Preferences::default();
    for (provider, expected) in [
        (
            r#"{"require_parameters":true}"#,
            Preferences {
                require_parameters: true,
                ..none.clone()
            },
        ),
        (
            r#"{"data_collection":"d\u0065ny"}"#,
            Preferences {
                deny_data_collection: true,
                ..none.clone()
            },
        ),
        (
            r#"{"zdr":true}"#,
            Preferences {
                zdr: true,
                ..none.clone()
            },
        ),
        (
            r#"{"enforce_distillable_text":true}"#,
            Preferences {
                enforce_distillable_text: true,
                ..none.clone()
            },
        ),
        (
            r#"{"quantizations":["fp8","\u0066p8","unknown"]}"#,
            Preferences {
                quantizations: Quantizations::NONE
                    .with(Quantization::Fp8)
                    .with(Quantization::Unknown),
                ..none.clone()
            },
        ),
        (r#"{"quantizations":[]}"#, none.clone()),
        (
            r#"{"max_price":{"image":1,"audio":"0.5"}}"#,
            Preferences {
                max_price: MaxPrice {
                    image: Some("1".into()),
                    audio: Some("0.5".into()),
                    ..MaxPrice::default()
                },
                ..none.clone()
            },
        ),
    ] {
        assert_eq!(read(provider).unwrap(), expected, "{provider}");
    }
    for quantization in Quantization::ALL {
        let provider = format!(r#"{{"quantizations":["{}"]}}"#, quantization.name());
        let expected = Quantizations::NONE.with(quantization);
        assert_eq!(read(&provider).unwrap().quantizations, expected);
    }
}

#[test]
fn an_order_may_come_with_a_partition() {
    use {Partition::*, Sort::*};
    for (sort, expected) in [
        (r#""price""#, (Some(Price), None)),
        (r#""throughput""#, (Some(Throughput), None)),
        (r#""latency""#, (Some(Latency), None)),
        (r#""exacto""#, (Some(Exacto), None)),
        (r#"{"by":"latency"}"#, (Some(Latency), None)),
        (
            r#"{"partition":"none","by":"price"}"#,
            (Some(Price), Some(Together)),
        ),
        (
            r#"{"by":"exacto","partition":"model"}"#,
            (Some(Exacto), Some(Model)),
        ),
        (r#"{"partition":"none"}"#, (None, Some(Together))),
        (r#"{"by":null,"partition":null}"#, (None, None)),
        ("{}", (None, None)),
        ("null", (None, None)),
    ] {
        let wanted = read(&format!(r#"{{"sort":{sort}}}"#)).unwrap();
        assert_eq!((wanted.sort, wanted.partition), expected, "{sort}");
    }
}

#[test]
fn the_deprecated_route_is_a_partition_unless_there_is_one() {
    use Partition::*;
    for (body, expected) in [
        (r#"{"route":"sort"}"#, Some(Some(Together))),
        (r#"{"route":"fallback"}"#, Some(Some(Model))),
        (r#"{"route":null}"#, None),
        (r#"{"route":"sort","provider":null}"#, Some(Some(Together))),
        (
            r#"{"route":"sort","provider":{"sort":"price"}}"#,
            Some(Some(Together)),
        ),
        (
            r#"{"provider":{"sort":"price"},"route":"sort"}"#,
            Some(Some(Together)),
        ),
        (
            r#"{"route":"sort","provider":{"sort":{"partition":"model"}}}"#,
            Some(Some(Model)),
        ),
        (
            r#"{"provider":{"sort":{"partition":"none"}},"route":"fallback"}"#,
            Some(Some(Together)),
        ),
    ] {
        let view = View::read(body.as_bytes()).unwrap();
        let found = view.preferences().map(|wanted| wanted.partition);
        assert_eq!(found, expected, "{body}");
    }
}

#[test]
fn thresholds_are_whole_numbers_of_a_finer_unit() {
    let median = |p50| Thresholds {
        p50: Some(p50),
        ..Thresholds::default()
    };
    for (value, throughput, latency) in [
        ("50", 50_000, 50_000_000),
        ("0", 0, 0),
        ("0.5", 500, 500_000),
        ("1.5e1", 15_000, 15_000_000),
        // One is a least, the other a most.
        ("0.0000001", 1, 0),
        ("1.0015", 1_002, 1_001_500),
        ("1.0000001", 1_001, 1_000_000),
        ("2.00000000", 2_000, 2_000_000),
        ("18446744073709551", 18_446_744_073_709_551_000, u64::MAX),
        ("1e60", u64::MAX, u64::MAX),
    ] {
        let wanted = read(&format!(
            r#"{{"preferred_min_throughput":{value},"preferred_max_latency":{{"p50":{value}}}}}"#
        ))
        .unwrap();
        assert_eq!(
            wanted.preferred_min_throughput,
            median(throughput),
            "{value}"
        );
        assert_eq!(wanted.preferred_max_latency, median(latency), "{value}");
    }
    let all = r#"{"preferred_max_latency":{"p99":4,"p50":1,"p\u00375":2,"p90":3}}"#;
    let all = read(all).unwrap().preferred_max_latency;
    let found = [all.p50, all.p75, all.p90, all.p99];
    assert_eq!(found, [1, 2, 3, 4].map(|n| Some(n * 1_000_000)));
    let none = read(r#"{"preferred_max_latency":{"p50":null}}"#).unwrap();
    assert!(none.preferred_max_latency.is_empty() && !all.is_empty());
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
            r#"{"quantizations":["fp8","fp12"]}"#,
            "`provider.quantizations` must be null, or an array of `int4`, `int8`, `fp4`, `mxfp4`, `nvfp4`, `fp6`, \
             `fp8`, `mxfp8`, `fp16`, `bf16`, `fp32` and `unknown` (at byte 36)",
        ),
        (
            r#"{"sort":"cheap"}"#,
            "`provider.sort` must be \"price\", \"throughput\", \"latency\" or \"exacto\", an object that has one of \
             them as `by`, or null (at byte 20)",
        ),
        (
            r#"{"sort":{"by":"price","partition":"all"}}"#,
            "`provider.sort.partition` must be \"model\", \"none\" or null (at byte 46)",
        ),
        (
            r#"{"sort":{"order":"price"}}"#,
            "`provider.sort` knows no `order` (at byte 21)",
        ),
        (
            r#"{"preferred_max_latency":{"p95":1}}"#,
            "`provider.preferred_max_latency` knows no `p95` (at byte 38)",
        ),
        (
            r#"{"preferred_max_latency":{"p50":"1"}}"#,
            "`provider.preferred_max_latency.p50` must be a number of at least 0, or null (at byte 44)",
        ),
        (
            r#"{"preferred_min_throughput":-1}"#,
            "`provider.preferred_min_throughput` must be a number of at least 0, an object of such numbers by \
             percentile, or null (at byte 40)",
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
        r#"{"sort":["price"]}"#,
        r#"{"sort":{"by":"cheap"}}"#,
        r#"{"sort":{"partition":true}}"#,
        r#"{"require_parameters":"true"}"#,
        r#"{"data_collection":false}"#,
        r#"{"quantizations":"fp8"}"#,
        r#"{"quantizations":[null]}"#,
        r#"{"preferred_min_throughput":"50"}"#,
        r#"{"preferred_min_throughput":{"p50":[]}}"#,
        r#"{"preferred_min_throughput":1e999}"#,
        r#"{"preferred_max_latency":{"p99":-0.1}}"#,
        r#"{"max_price":{"image":-1}}"#,
        r#"{"max_price":{"audio":[]}}"#,
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
