use proptest::prelude::*;
use serde_json::{Map, Value, json};
use switchtower::wire::{Field, Invalid, Modality, Tier, View};

use super::json;

/// Requests whose known fields are mostly right, and sometimes not.
pub(super) fn request() -> impl Strategy<Value = Value> {
    let member = prop_oneof![
        5 => json::word().prop_map(|w| ("model", json!(w))),
        3 => prop::collection::vec(json::word(), 0..4).prop_map(|w| ("models", json!(w))),
        3 => any::<Option<bool>>().prop_map(|b| ("stream", json!(b))),
        3 => any::<Option<bool>>().prop_map(|b| ("stream_options", json!({"x": {}, "include_usage": b}))),
        2 => prop_oneof![Just(json!({})), Just(json!(null)), Just(json!({"a": [1]}))]
            .prop_map(|v| ("stream_options", v)),
        2 => (1u32..).prop_map(|n| ("max_tokens", json!(n))),
        2 => (1u32..).prop_map(|n| ("max_completion_tokens", json!(f64::from(n)))),
        2 => (1u32..=128).prop_map(|n| ("n", json!(n))),
        3 => prop::collection::vec(json::value(), 1..4).prop_map(|v| ("messages", json!(v))),
        1 => prop::collection::vec(json::value(), 0..3).prop_map(|v| ("tools", json!(v))),
        1 => json::word().prop_map(|w| ("session_id", json!(w))),
        1 => json::value().prop_map(|v| ("plugins", v)),
        1 => json::value().prop_map(|v| ("trace", v)),
        1 => json::value().prop_map(|v| ("input", v)),
        3 => json::value().prop_map(|v| ("temperature", v)),
        2 => json::value().prop_map(|v| ("metadata", v)),
    ];
    prop::collection::vec(member, 0..10).prop_map(|members| {
        let members = members.into_iter().map(|(k, v)| (k.to_owned(), v));
        Value::Object(members.collect::<Map<_, _>>())
    })
}

proptest! {
    #[test]
    fn sees_what_a_full_parse_sees(value in request(), seed: u64) {
        let text = json::spell(&value, seed);
        let body = text.as_bytes();
        let view = View::read(body).unwrap();
        let model = view.model(body);
        prop_assert_eq!(model.as_deref(), value["model"].as_str());
        let models: Vec<_> = view.models(body).collect();
        let theirs = value["models"].as_array().cloned().unwrap_or_default();
        prop_assert_eq!(json!(models), json!(theirs));
        prop_assert_eq!(view.stream(), value["stream"] == true);
        prop_assert_eq!(view.wants_usage(), value["stream_options"]["include_usage"] == true);
        let max = value["max_completion_tokens"].as_f64().or(value["max_tokens"].as_f64());
        prop_assert_eq!(view.max_output().map(|n| n as f64), max);
        prop_assert_eq!(u64::from(view.choices()), value["n"].as_u64().unwrap_or(1));
        prop_assert_eq!(view.has_tools(), value["tools"].as_array().is_some_and(|t| !t.is_empty()));
        let session = view.text(Field::SessionId, body);
        prop_assert_eq!(session.as_deref(), value["session_id"].as_str());
        let empty = [json!(null), json!(""), json!([]), json!({})].contains(&value["plugins"]);
        prop_assert_eq!(view.unserved(), (!empty).then_some("plugins"));
        for &field in Field::ALL {
            let there = view.value(field).map(|span| serde_json::from_slice(span.of(body)).unwrap());
            prop_assert_eq!(there.as_ref(), value.get(field.name()));
        }
    }

    #[test]
    fn no_injury_gets_past_it(
        value in request(),
        seed: u64,
        wounds in prop::collection::vec(any::<(usize, u8, u8)>(), 1..3),
    ) {
        let bytes = json::injure(&json::spell(&value, seed), &wounds);
        if View::read(&bytes).is_ok() {
            serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).unwrap();
            prop_assert!(std::str::from_utf8(&bytes).is_ok());
        }
    }
}

#[test]
fn refuses_with_a_sentence() {
    let cases = [
        ("", "the request body is empty"),
        (" \n", "the request body is empty"),
        ("[1]", "the request body must be a JSON object (at byte 0)"),
        (
            " null",
            "the request body must be a JSON object (at byte 1)",
        ),
        (
            "model=x",
            "the request body must be a JSON object (at byte 0)",
        ),
        (
            "{} x",
            "the request body is not valid JSON: expected the end of the text (at byte 3)",
        ),
        (
            r#"{"a":1"#,
            "the request body is not valid JSON: expected `,` or `}` (at byte 6)",
        ),
        (r#"{"model":null}"#, "`model` must be a string (at byte 9)"),
        (
            r#"{"models":["a",1]}"#,
            "`models` must be an array of strings or null (at byte 15)",
        ),
        (
            r#"{"stream":"true"}"#,
            "`stream` must be a boolean or null (at byte 10)",
        ),
        (
            r#"{"stream_options":[]}"#,
            "`stream_options` must be an object or null (at byte 18)",
        ),
        (
            r#"{"stream_options":{"include_usage":1}}"#,
            "`stream_options.include_usage` must be a boolean or null (at byte 35)",
        ),
        (
            r#"{"max_tokens":0}"#,
            "`max_tokens` must be a positive whole number or null (at byte 14)",
        ),
        (
            r#"{"max_tokens":1.5}"#,
            "`max_tokens` must be a positive whole number or null (at byte 14)",
        ),
        (
            r#"{"n":129}"#,
            "`n` must be a whole number from 1 to 128 or null (at byte 5)",
        ),
        (
            r#"{"messages":[ ]}"#,
            "`messages` must be a non-empty array (at byte 12)",
        ),
        (
            r#"{"user":7}"#,
            "`user` must be a string or null (at byte 8)",
        ),
        (
            r#"{"route":"weighted"}"#,
            "`route` must be \"fallback\", \"sort\" or null (at byte 9)",
        ),
        (
            r#"{"service_tier":"standard"}"#,
            "`service_tier` must be null, `auto`, `default`, `fast`, `flex`, `priority` or `scale` (at byte 16)",
        ),
        (
            r#"{"service_tier":1}"#,
            "`service_tier` must be null, `auto`, `default`, `fast`, `flex`, `priority` or `scale` (at byte 16)",
        ),
        (
            r#"{"modalities":["text","smell"]}"#,
            "`modalities` must be null, or an array of `text`, `image` and `audio` (at byte 22)",
        ),
        (
            r#"{"modalities":"text"}"#,
            "`modalities` must be null, or an array of `text`, `image` and `audio` (at byte 14)",
        ),
        (
            r#"{"model":"a", "model":"b"}"#,
            "`model` is given twice (at byte 14)",
        ),
        (
            r#"{"mod\u0065l":"a","model":"b"}"#,
            "`model` is given twice (at byte 18)",
        ),
        (
            r#"{"stream_options":{"include_usage":true,"include_us\u0061ge":false}}"#,
            "`stream_options.include_usage` is given twice (at byte 40)",
        ),
    ];
    for (body, sentence) in cases {
        let invalid = View::read(body.as_bytes()).unwrap_err();
        assert_eq!(invalid.to_string(), sentence, "{body}");
        assert_eq!(invalid.at().is_none(), matches!(invalid, Invalid::Empty));
    }
}

#[test]
fn refuses_what_is_not_utf8_wherever_it_stands() {
    for at in [
        b"{\"a\":\"\xff\"}".as_slice(),
        b"{\"\xc3\":1}",
        b"{\"a\":\"\xed\xa0\x80\"}",
    ] {
        let invalid = View::read(at).unwrap_err();
        assert!(matches!(invalid, Invalid::NotUtf8 { .. }), "{invalid}");
    }
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(128), "]".repeat(128));
    let sentence = View::read(deep.as_bytes()).unwrap_err().to_string();
    assert!(
        sentence.ends_with("nested deeper than 128 levels (at byte 132)"),
        "{sentence}"
    );
}

#[test]
fn reads_numbers_as_people_spell_them() {
    for (text, max) in [
        ("10", 10),
        ("10.0", 10),
        ("1e3", 1000),
        ("18446744073709551615", u64::MAX),
    ] {
        let body = format!(r#"{{"max_tokens":1,"max_completion_tokens":{text}}}"#);
        assert_eq!(View::read(body.as_bytes()).unwrap().max_output(), Some(max));
    }
    let body = br#"{"max_tokens":7,"max_completion_tokens":null,"n":null}"#;
    let view = View::read(body).unwrap();
    assert_eq!((view.max_output(), view.choices()), (Some(7), 1));
}

#[test]
fn knows_the_tier_and_the_form_that_the_answer_is_to_have() {
    for (text, tier) in [
        ("null", None),
        (r#""auto""#, None),
        (r#""scale""#, None),
        (r#""default""#, Some(Tier::Default)),
        (r#""fl\u0065x""#, Some(Tier::Flex)),
        (r#""fast""#, Some(Tier::Priority)),
        (r#""priority""#, Some(Tier::Priority)),
    ] {
        let body = format!(r#"{{"service_tier":{text}}}"#);
        assert_eq!(View::read(body.as_bytes()).unwrap().tier(), tier, "{text}");
    }
    for (text, output) in [
        ("null", &[] as &[_]),
        ("[]", &[]),
        (
            r#"["audio","\u0074ext","audio"]"#,
            &[Modality::Text, Modality::Audio],
        ),
        (r#"["image"]"#, &[Modality::Image]),
    ] {
        let body = format!(r#"{{"modalities":{text}}}"#);
        let found = View::read(body.as_bytes()).unwrap().output();
        assert_eq!(found, output.iter().copied().collect(), "{text}");
    }
}

#[test]
fn measures_the_prompt_and_nothing_else() {
    let text = "世界".repeat(170_000);
    let body = format!(r#"{{"x":"{text}","messages": [{{"content":"{text}"}}] ,"input":"ab"}}"#);
    let view = View::read(body.as_bytes()).unwrap();
    assert_eq!(
        view.prompt_bytes(),
        text.len() + r#"[{"content":""}]"#.len() + 4
    );
    assert!(!view.has(Field::Model));
    assert_eq!(view.models(body.as_bytes()).count(), 0);
}

#[test]
fn a_field_elsewhere_is_not_the_field() {
    let body =
        br#"{"metadata":{"model":"x"},"user":"\"model\":\"y\"","messages":[{"stream":true}]}"#;
    let view = View::read(body).unwrap();
    assert_eq!(view.model(body), None);
    assert!(!view.stream());
}

/// Go's `encoding/json` matches keys whatever their case: a body with `model` for us and `MODEL` for an
/// upstream would be priced as the one and served as the other.
#[test]
fn a_key_that_another_reader_may_take_for_a_known_one_is_refused() {
    for key in [
        "MODEL",
        "Model",
        "\\u004dodel",
        "N",
        "max_to\u{212a}ens",
        "u\u{17f}er",
    ] {
        let body = format!(r#"{{"model":"cheap","{key}":"dear"}}"#);
        let invalid = View::read(body.as_bytes()).unwrap_err();
        assert!(
            matches!(invalid, Invalid::Miscased { at: 17, .. }),
            "{key}: {invalid}"
        );
    }
    assert!(View::read(r#"{"model":"m","Modell":1,"großes":2}"#.as_bytes()).is_ok());
    // Whoever said it so had no usage told, which is the bill.
    for key in [
        "Include_Usage",
        "include_u\u{17f}age",
        "include_\\u0055sage",
    ] {
        let body = format!(r#"{{"stream_options":{{"include_usage":true,"{key}":false}}}}"#);
        let invalid = View::read(body.as_bytes()).unwrap_err();
        let field = "stream_options.include_usage";
        let at = body.find(key).unwrap() - 1;
        assert_eq!(invalid, Invalid::Miscased { field, at }, "{key}");
    }
    assert!(View::read(br#"{"stream_options":{"Include":1,"include_usages":2}}"#).is_ok());
}
