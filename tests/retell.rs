//! An answer in our own words: valid JSON, every key once, and nothing else changed.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use switchtower::wire::Chunk;
use switchtower::wire::retell::{Telling, retell};

#[test]
fn what_is_ours_is_told_by_us_and_the_rest_stays() {
    let answer = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m-2",
        "system_fingerprint": "fp", "choices": [{"index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": "hi", "extra": [1.50, "ü"]}}],
        "usage": {"prompt_tokens": 1}, "x_vendor": {"a": 1},
    });
    let told = whole(&answer.to_string());
    let mut expected = answer;
    expected["id"] = "gen-1".into();
    expected["created"] = 7.into();
    expected["model"] = "a/x".into();
    expected["provider"] = "Acme".into();
    expected["usage"] = json!({"cost": 1});
    expected["choices"][0]["native_finish_reason"] = "stop".into();
    assert_eq!(told, expected);
}

#[test]
fn what_is_missing_is_added() {
    let told = whole(r#"{"choices":[]}"#);
    let expected = json!({
        "id": "gen-1", "object": "chat.completion", "created": 7, "model": "a/x",
        "provider": "Acme", "usage": {"cost": 1}, "system_fingerprint": null, "choices": [],
    });
    assert_eq!(told, expected);
}

/// An empty object got a comma that nothing followed.
#[test]
fn an_empty_object_is_filled() {
    for empty in ["{}", " { } ", "{\n}"] {
        assert_eq!(whole(empty)["id"], "gen-1");
        assert_eq!(chunk(empty)["id"], "gen-1");
    }
}

/// A null was not seen as the usage, so it stood after ours and won.
#[test]
fn usage_that_is_null_gives_way() {
    let told = whole(r#"{"choices":[],"usage":null}"#);
    assert_eq!(told["usage"], json!({"cost": 1}));
}

/// The first of two was replaced, and the null after it won.
#[test]
fn of_two_usages_the_last_gives_way() {
    let json = br#"{"choices":[],"usage":{},"usage":null}"#;
    let told: Value = serde_json::from_slice(&retold(json, Some(r#"{"cost":1}"#))).unwrap();
    assert_eq!(told["usage"], json!({"cost": 1}));
}

/// OpenRouter as an upstream tells the native reason itself; the key stood twice, and a parser in a
/// typed language fails on that.
#[test]
fn a_native_reason_that_is_there_stays() {
    let choice = r#""finish_reason":"stop","native_finish_reason":"end_turn""#;
    let swapped = r#""native_finish_reason":"end_turn","finish_reason":"stop""#;
    for choice in [choice, swapped] {
        let json = format!(r#"{{"choices":[{{"index":0,"delta":{{}},{choice}}}]}}"#);
        let told = chunk(&json);
        assert_eq!(told["choices"][0]["finish_reason"], "stop");
        assert_eq!(told["choices"][0]["native_finish_reason"], "end_turn");
    }
}

#[test]
fn a_native_reason_of_null_is_the_reason_itself() {
    let told = chunk(
        r#"{"choices":[{"index":0,"delta":{},"native_finish_reason":null,"finish_reason":"eos"}]}"#,
    );
    assert_eq!(told["choices"][0]["finish_reason"], "stop");
    assert_eq!(told["choices"][0]["native_finish_reason"], "eos");
}

/// Strict clients fail on a word they do not know, of whichever choice it is.
#[test]
fn every_choice_has_a_reason_that_is_known() {
    let told = whole(
        r#"{"choices":[{"index":0,"message":{},"finish_reason":"eos"},
        {"index":1,"message":{},"finish_reason":"length"},{"index":2,"message":{},"finish_reason":null}]}"#,
    );
    let reasons = |key: &str| {
        let choices = told["choices"].as_array().unwrap();
        choices
            .iter()
            .map(|choice| choice[key].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        reasons("finish_reason"),
        [json!("stop"), json!("length"), json!(null)]
    );
    assert_eq!(
        reasons("native_finish_reason"),
        [json!("eos"), json!("length"), json!(null)]
    );
}

/// A part of a call that tells only the next piece of its arguments has null for the rest at some
/// providers, and no index at others: OpenRouter's SDK refused the chunk.
#[test]
fn the_calls_of_tools_have_no_nulls_but_an_index() {
    let part = |part: &str| {
        let delta = format!(r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{part}]}}}}]}}"#);
        chunk(&delta)["choices"][0]["delta"]["tool_calls"].clone()
    };
    let piece = r#"{"id":null,"type":null,"function":{"name":null,"arguments":"1"}}"#;
    assert_eq!(
        part(piece),
        json!([{"index": 0, "function": {"arguments": "1"}}])
    );
    let second = r#"{"index":0,"id":"a"},{"function":{"arguments":"1","name":null},"id":null}"#;
    assert_eq!(
        part(second),
        json!([{"index": 0, "id": "a"}, {"index": 1, "function": {"arguments": "1"}}])
    );
    for nothing in ["{}", r#"{"id":null}"#, r#"{"index":null, "type" : null }"#] {
        assert_eq!(part(nothing), json!([{"index": 0}]), "{nothing}");
    }
    let nothing = r#"{"index":3,"function":{"name":null,"arguments":null}}"#;
    assert_eq!(part(nothing), json!([{"index": 3, "function": {}}]));

    let whole = whole(
        r#"{"choices":[{"index":0,"message":{"tool_calls":[{"id":"a","type":null,
        "function":{"name":"f","arguments":"{}"}}]}}]}"#,
    );
    assert_eq!(
        whole["choices"][0]["message"]["tool_calls"],
        json!([{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}])
    );
}

/// OpenRouter's SDK refuses a chunk of which a choice has no delta, and the Python SDK fails on it.
#[test]
fn every_choice_of_a_chunk_has_a_delta() {
    for choice in [
        r#"{"index":0,"finish_reason":null,"content_filter_offsets":{"check_offset":4}}"#,
        r#"{"index":0,"delta":null,"finish_reason":null}"#,
        r#"{"index":0,"finish_reason":null, "delta" : null }"#,
        "{}",
    ] {
        let told = chunk(&format!(r#"{{"choices":[{choice}]}}"#));
        let choice = &told["choices"][0];
        assert_eq!(choice["delta"], json!({}), "{choice}");
        assert_eq!(choice["index"], 0, "{choice}");
    }
    let told = whole(r#"{"choices":[{"index":0,"message":{"role":"assistant"}}]}"#);
    assert!(told["choices"][0].get("delta").is_none());
}

/// Schemas want a role, and of each call a type, an id, and its arguments in a string.
#[test]
fn a_whole_answer_says_who_speaks_and_whom_it_calls() {
    let message = |message: &str| {
        let json = format!(
            r#"{{"choices":[{{"index":0,"message":{message},"finish_reason":"tool_calls"}}]}}"#
        );
        whole(&json)["choices"][0]["message"].clone()
    };
    assert_eq!(message("{}"), json!({"role": "assistant"}));
    assert_eq!(
        message(r#"{"content":"hi"}"#),
        json!({"role": "assistant", "content": "hi"})
    );
    let call = |call: &str| message(&format!(r#"{{"tool_calls":[{call}]}}"#))["tool_calls"].clone();
    let told = |id: &str, arguments: &str| {
        let function = json!({"name": "f", "arguments": arguments});
        json!([{"id": id, "type": "function", "function": function}])
    };
    for (own, expected) in [
        (
            r#"{"function":{"name":"f","arguments":{"a": "ü"}}}"#,
            told("gen-1-0", r#"{"a": "ü"}"#),
        ),
        (
            r#"{"id":null,"type":null,"function":{"name":"f","arguments":null}}"#,
            told("gen-1-0", "{}"),
        ),
        (r#"{"id":"a","function":{"name":"f"}}"#, told("a", "{}")),
        (
            r#"{"id":"a","type":"function","function":{"name":"f","arguments":""}}"#,
            told("a", ""),
        ),
    ] {
        assert_eq!(call(own), expected, "{own}");
    }
    let two = call(r#"{"function":{"name":"f"}},{"function":{"name":"g"}}"#);
    assert_eq!([&two[0]["id"], &two[1]["id"]], ["gen-1-0", "gen-1-1"]);
    let part = r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"arguments":{"a":1}}}]}}]}"#;
    let part = &chunk(part)["choices"][0]["delta"]["tool_calls"][0];
    assert_eq!(part["function"]["arguments"], r#"{"a":1}"#);
}

/// DeepSeek, Moonshot and vLLM tell thoughts by another name than OpenRouter.
#[test]
fn thoughts_have_the_name_that_clients_look_for() {
    for (own, reasoning) in [
        (r#"{"reasoning_content":"a \"b\""}"#, json!("a \"b\"")),
        (r#"{"reasoning":null,"reasoning_content":"a"}"#, json!("a")),
        (r#"{"reasoning_content":"a","reasoning":null}"#, json!("a")),
        (r#"{"reasoning_content":"a","reasoning":"b"}"#, json!("b")),
        (r#"{"reasoning_content":null,"content":"hi"}"#, json!(null)),
    ] {
        for (name, tell) in [
            ("delta", chunk as fn(&str) -> Value),
            ("message", whole as fn(&str) -> Value),
        ] {
            let json =
                format!(r#"{{"choices":[{{"index":0,"{name}":{own},"finish_reason":null}}]}}"#);
            let told = tell(&json)["choices"][0][name].clone();
            assert_eq!(told["reasoning"], reasoning, "{own}");
            let own: Value = serde_json::from_str(own).unwrap();
            assert_eq!(told["reasoning_content"], own["reasoning_content"], "{own}");
        }
    }
}

/// A client whose types list what they know reads nothing of an answer that has another word.
#[test]
fn who_answers_is_the_assistant_in_a_tier_that_is_known() {
    for role in ["\"assistant\"", "\"model\"", "\"\"", "null", "7"] {
        let json = format!(
            r#"{{"choices":[{{"index":0,"delta":{{"role":{role},"content":"hi"}},"finish_reason":null}}]}}"#
        );
        let told = chunk(&json);
        let delta = &told["choices"][0]["delta"];
        assert_eq!(
            delta,
            &json!({"role": "assistant", "content": "hi"}),
            "{role}"
        );
        let json = json.replace("delta", "message");
        assert_eq!(whole(&json)["choices"][0]["message"], *delta, "{role}");
    }
    for (own, told) in [
        (json!("default"), json!("default")),
        (json!("priority"), json!("priority")),
        (json!("standard"), json!("default")),
        (json!("on_demand"), json!("default")),
        (json!("turbo"), json!(null)),
        (json!(null), json!(null)),
        (json!(1), json!(null)),
    ] {
        let json = format!(r#"{{"service_tier":{own},"choices":[]}}"#);
        assert_eq!(chunk(&json)["service_tier"], told, "{own}");
        assert_eq!(whole(&json)["service_tier"], told, "{own}");
    }
}

#[test]
fn a_chunk_has_a_fingerprint_or_none_but_not_null() {
    assert_eq!(
        chunk(r#"{"system_fingerprint":null}"#)["system_fingerprint"],
        ""
    );
    assert_eq!(
        chunk(r#"{"system_fingerprint":"fp"}"#)["system_fingerprint"],
        "fp"
    );
    assert!(
        chunk(r#"{"choices":[]}"#)
            .get("system_fingerprint")
            .is_none()
    );
    assert!(whole(r#"{"system_fingerprint":null}"#)["system_fingerprint"].is_null());
}

proptest! {
    #[test]
    fn whatever_is_told_is_json_with_every_key_once(
        members in prop::sample::subsequence(MEMBERS.to_vec(), 0..=MEMBERS.len()).prop_shuffle(),
        is_whole: bool,
    ) {
        let json = format!("{{{}}}", members.join(","));
        let told = if is_whole { whole(&json) } else { chunk(&json) };
        let object = told.as_object().unwrap();
        prop_assert_eq!(&object["id"], "gen-1");
        prop_assert_eq!(&object["model"], "a/x");
        prop_assert_eq!(&object["provider"], "Acme");
        if is_whole {
            prop_assert_eq!(&object["usage"], &json!({"cost": 1}));
        }
    }
}

const MEMBERS: [&str; 10] = [
    r#""id":null"#,
    r#""object":"x""#,
    r#""created":1"#,
    r#""model": "m" "#,
    r#""provider":"P""#,
    r#""system_fingerprint":null"#,
    r#""choices":[{"index":0,"delta":{"content":"ü\"}","tool_calls":[{"id":null,"function":{"name":null,"arguments":"1"}}]},"finish_reason":"weird","native_finish_reason":null},{"finish_reason":"stop"}]"#,
    r#""usage":{"prompt_tokens":1}"#,
    r#""x":{"id":"mine","usage":null}"#,
    r#""error":null"#,
];

// === Helpers ===

fn whole(json: &str) -> Value {
    told(json, Some(r#"{"cost":1}"#))
}

fn chunk(json: &str) -> Value {
    told(json, None)
}

fn told(json: &str, usage: Option<&str>) -> Value {
    let told = retold(json.as_bytes(), usage);
    once(&told);
    serde_json::from_slice(&told).unwrap()
}

fn retold(json: &[u8], usage: Option<&str>) -> Vec<u8> {
    let telling = Telling {
        id: r#""gen-1""#,
        object: r#""chat.completion""#,
        created: "7",
        model: r#""a/x""#,
        provider: r#""Acme""#,
        usage,
    };
    retell(json, &Chunk::read(json).unwrap(), &telling)
}

/// Fails where an object holds a key twice, as a struct of serde's does.
fn once(json: &[u8]) {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Strict {
        Object(Once),
        Array(#[expect(dead_code)] Vec<Strict>),
        Other(#[expect(dead_code)] serde_json::Value),
    }
    struct Once;
    impl<'de> serde::Deserialize<'de> for Once {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Once;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<Once, A::Error> {
                    let mut seen = BTreeMap::new();
                    while let Some((key, _)) = map.next_entry::<String, Strict>()? {
                        assert!(seen.insert(key.clone(), ()).is_none(), "`{key}` twice");
                    }
                    Ok(Once)
                }
            }
            deserializer.deserialize_map(Visitor)
        }
    }
    let strict: Strict = serde_json::from_slice(json)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(json)));
    assert!(matches!(strict, Strict::Object(_)));
}
