use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};
use switchtower::wire::{Edits, Field, View};

use super::json;
use super::view::request;

proptest! {
    #[test]
    fn becomes_exactly_what_was_asked_for(
        value in request(),
        seed: u64,
        edits in prop::collection::vec((0..Field::ALL.len(), 0..4u8), 0..8),
    ) {
        let body = Bytes::from(json::spell(&value, seed));
        let view = View::read(&body).unwrap();
        let (mut edited, mut expected) = (Edits::new(&view), value.clone());
        let original = value["stream_options"].clone();
        for (i, how) in edits {
            let field = Field::ALL[i];
            let object = expected.as_object_mut().unwrap();
            match how {
                0 => {
                    edited = edited.set(field, r#"{"set": [1, ","]}"#);
                    object.insert(field.name().into(), json!({"set": [1, ","]}));
                }
                1 | 2 => {
                    edited = edited.remove(field);
                    object.remove(field.name());
                }
                _ => {
                    edited = edited.ask_for_usage();
                    let mut options = original.clone();
                    options["include_usage"] = json!(true);
                    object.insert("stream_options".into(), options);
                }
            }
        }
        let after = edited.apply(&body);
        let parsed: Value = serde_json::from_slice(&after).unwrap();
        prop_assert_eq!(&parsed, &expected, "{:?}", after);
        if after == body {
            prop_assert_eq!(after.as_ptr(), body.as_ptr());
        }
        if let Ok(again) = View::read(&after) {
            for &field in Field::ALL.iter().filter(|f| value.get(f.name()) == expected.get(f.name())) {
                let of = |v: &View, b: &Bytes| v.value(field).map(|span| b.slice(span.range()));
                prop_assert_eq!(of(&again, &after), of(&view, &body));
            }
        }
    }
}

#[test]
fn asks_for_usage_however_the_options_look() {
    let cases = [
        ("{}", r#"{"stream_options":{"include_usage":true}}"#),
        (
            r#"{"a":1}"#,
            r#"{"stream_options":{"include_usage":true},"a":1}"#,
        ),
        (
            r#"{"stream_options": null }"#,
            r#"{"stream_options": {"include_usage":true} }"#,
        ),
        (
            r#"{"stream_options":{ }}"#,
            r#"{"stream_options":{"include_usage":true }}"#,
        ),
        (
            r#"{"stream_options":{"x":0}}"#,
            r#"{"stream_options":{"include_usage":true,"x":0}}"#,
        ),
        (
            r#"{"stream_options":{"x":0, "include_us\u0061ge" : false}}"#,
            r#"{"stream_options":{"x":0, "include_us\u0061ge" : true}}"#,
        ),
        (
            r#"{"stream_options":{"include_usage":null}}"#,
            r#"{"stream_options":{"include_usage":true}}"#,
        ),
    ];
    for (before, after) in cases {
        assert_eq!(edit(before, |edits| edits.ask_for_usage()), after);
    }
}

#[test]
fn removes_with_one_comma() {
    let all = |edits: Edits<'static>| {
        edits
            .remove(Field::Models)
            .remove(Field::Route)
            .remove(Field::Trace)
    };
    let cases = [
        (r#"{"models":[],"a":1}"#, r#"{"a":1}"#),
        (r#"{ "models":[] , "a":1}"#, r#"{ "a":1}"#),
        (r#"{"a":1,"models":[]}"#, r#"{"a":1}"#),
        (r#"{"a":1, "models":[] , "b":2}"#, r#"{"a":1 , "b":2}"#),
        (
            r#"{"models":[],"route":null,"a":1,"trace":{}}"#,
            r#"{"a":1}"#,
        ),
        (r#"{"models":[], "route":null, "trace":{} }"#, "{ }"),
        (
            r#"{"models":[],"a":1,"route":null,"trace":{},"b":2}"#,
            r#"{"a":1,"b":2}"#,
        ),
    ];
    for (before, after) in cases {
        assert_eq!(edit(before, all), after);
    }
    let swap = |edits: Edits<'static>| all(edits).set(Field::User, "1").set(Field::Model, "2");
    assert_eq!(edit(r#"{"models":[]}"#, swap), r#"{"model":2,"user":1}"#);
    assert_eq!(
        edit(r#"{"models":[],"a":0}"#, swap),
        r#"{"model":2,"user":1,"a":0}"#
    );
}

#[test]
fn costs_nothing_when_nothing_changes() {
    let body = Bytes::from(r#"{"model":"a","stream_options":{"include_usage":true}}"#);
    let view = View::read(&body).unwrap();
    let same = Edits::new(&view)
        .set(Field::Model, r#""a""#)
        .remove(Field::Models)
        .ask_for_usage()
        .apply(&body);
    assert_eq!(same.as_ptr(), body.as_ptr());
}

fn edit(before: &'static str, edit: impl Fn(Edits<'static>) -> Edits<'static>) -> Bytes {
    let body = Bytes::from_static(before.as_bytes());
    let view = Box::leak(Box::new(View::read(&body).unwrap()));
    edit(Edits::new(view)).apply(&body)
}
