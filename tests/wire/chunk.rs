use proptest::prelude::*;
use serde_json::{Map, Value, json};
use switchtower::wire::json::Span;
use switchtower::wire::sse::Scanner;
use switchtower::wire::{Chunk, Echo, Finish};

use super::json;

fn part() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => json::word().prop_map(|w| json!({"type": "text", "text": w})),
        1 => json::word().prop_map(|w| json!({"type": "thinking", "thinking": [{"text": w}]})),
        1 => Just(json!({"type": "image_url", "image_url": {"url": "u"}})),
        1 => json::word().prop_map(Value::from),
    ]
}

fn message() -> impl Strategy<Value = Value> {
    let call = (json::word(), json::word())
        .prop_map(|(n, a)| json!({"index": 0, "function": {"name": n, "arguments": a}}));
    let detail = json::word().prop_map(|w| json!({"type": "reasoning.text", "text": w}));
    let member = prop_oneof![
        3 => json::word().prop_map(|w| ("content", json!(w))),
        1 => prop::collection::vec(part(), 0..3).prop_map(|v| ("content", json!(v))),
        2 => Just(("role", json!("assistant"))),
        1 => Just(("content", Value::Null)),
        1 => json::word().prop_map(|w| ("reasoning", json!(w))),
        1 => json::word().prop_map(|w| ("reasoning_content", json!(w))),
        1 => json::word().prop_map(|w| ("refusal", json!(w))),
        1 => prop::collection::vec(call, 0..3).prop_map(|v| ("tool_calls", json!(v))),
        1 => prop::collection::vec(detail, 0..3).prop_map(|v| ("reasoning_details", json!(v))),
        1 => Just(("images", json!([{"image_url": {"url": "data:"}}]))),
        1 => json::word().prop_map(|w| ("audio", json!({"data": "x", "transcript": w}))),
        1 => json::value().prop_map(|v| ("annotations", v)),
    ];
    object(member, 0..5)
}

fn choice() -> impl Strategy<Value = Value> {
    let reason = prop::sample::select(vec![
        json!(null),
        json!(""),
        json!("stop"),
        json!("length"),
        json!("tool_calls"),
        json!("function_call"),
        json!("content_filter"),
        json!("error"),
        json!("eos"),
    ]);
    let member = prop_oneof![
        2 => (0u32..140).prop_map(|i| ("index", json!(i))),
        3 => message().prop_map(|m| ("delta", m)),
        1 => message().prop_map(|m| ("message", m)),
        1 => json::word().prop_map(|w| ("text", json!(w))),
        2 => reason.prop_map(|r| ("finish_reason", r)),
        1 => Just(("error", json!({"code": 502}))),
        1 => Just(("error", Value::Null)),
        1 => json::value().prop_map(|v| ("logprobs", v)),
    ];
    object(member, 0..6)
}

fn chunk() -> impl Strategy<Value = Value> {
    let member = prop_oneof![
        5 => prop::collection::vec(choice(), 0..3).prop_map(|v| ("choices", json!(v))),
        2 => json::value().prop_map(|v| ("usage", v)),
        1 => Just(("usage", json!({"total_tokens": 0}))),
        1 => json::value().prop_map(|v| ("error", v)),
        1 => json::value().prop_map(|v| ("id", v)),
        1 => json::value().prop_map(|v| ("model", v)),
        1 => json::value().prop_map(|v| ("created", v)),
        1 => json::value().prop_map(|v| ("provider", v)),
        1 => json::value().prop_map(|v| ("system_fingerprint", v)),
        1 => json::value().prop_map(|v| ("data", v)),
        1 => json::value().prop_map(|v| ("choices", v)),
    ];
    object(member, 0..8)
}

fn object(
    member: impl Strategy<Value = (&'static str, Value)>,
    size: std::ops::Range<usize>,
) -> impl Strategy<Value = Value> {
    prop::collection::vec(member, size).prop_map(|members| {
        let members = members.into_iter().map(|(k, v)| (k.to_owned(), v));
        Value::Object(members.collect::<Map<_, _>>())
    })
}

proptest! {
    #[test]
    fn sees_what_a_full_parse_sees(value in chunk(), seed: u64) {
        let text = json::spell(&value, seed);
        let chunk = Chunk::read(text.as_bytes()).unwrap();
        let at = |span: Option<Span>| span.map(|s| serde_json::from_slice::<Value>(s.of(text.as_bytes())).unwrap());
        let there = |key: &str| value.get(key).cloned();
        prop_assert_eq!(at(chunk.id), there("id"));
        prop_assert_eq!(at(chunk.model), there("model"));
        prop_assert_eq!(at(chunk.created), there("created"));
        prop_assert_eq!(at(chunk.provider), there("provider"));
        prop_assert_eq!(at(chunk.system_fingerprint), there("system_fingerprint"));
        prop_assert_eq!(at(chunk.choices), there("choices"));
        prop_assert_eq!(at(chunk.usage), there("usage").filter(Value::is_object));

        let none = vec![];
        let choices = value["choices"].as_array().unwrap_or(&none);
        let choices: Vec<_> = choices.iter().enumerate().filter(|(_, c)| c.is_object()).collect();
        let error = choices.iter().rev().map(|(_, c)| &c["error"]).find(|e| !e.is_null()).cloned();
        prop_assert_eq!(at(chunk.error), there("error").filter(|e| !e.is_null()).or(error));
        let ended = |c: &Value| !c["finish_reason"].is_null() && c["finish_reason"] != "";
        let last = choices.iter().rev().map(|(_, c)| c).find(|c| ended(c)).map(|c| c["finish_reason"].clone());
        prop_assert_eq!(chunk.finish, last.as_ref().map(finish));
        let bits = |keep: &dyn Fn(&Value) -> bool| choices.iter().filter(|(_, c)| keep(c)).fold(0, |bits, (i, c)| {
            bits | 1u128 << c["index"].as_u64().unwrap_or(*i as u64).min(127)
        });
        prop_assert_eq!(chunk.seen, bits(&|_| true));
        prop_assert_eq!(chunk.finished, bits(&ended));
        let content: usize = choices.iter().map(|(_, c)| content(c)).sum();
        prop_assert_eq!(chunk.content as usize, content);
    }

    #[test]
    fn rejects_what_serde_json_rejects(
        value in chunk(),
        seed: u64,
        wounds in prop::collection::vec(any::<(usize, u8, u8)>(), 1..3),
    ) {
        let bytes = json::injure(&json::spell(&value, seed), &wounds);
        let theirs = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok();
        let object = bytes.trim_ascii_start().first() == Some(&b'{');
        prop_assert_eq!(Chunk::read(&bytes).is_ok(), theirs && object);
    }
}

#[test]
fn what_is_content_and_what_is_not() {
    let cases = [
        (r#"{"delta":{"role":"assistant","content":""}}"#, 0),
        (
            r#"{"delta":{"content":null,"tool_calls":[],"images":[],"audio":null,"reasoning_details":[]}}"#,
            0,
        ),
        (r#"{"delta":{"content":"世\n"}}"#, 4),
        (r#"{"delta":{"tool_calls":[{"index":0}]}}"#, 1),
        (
            r#"{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]}}"#,
            3,
        ),
        (
            r#"{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a"}}]}}"#,
            3,
        ),
        (
            r#"{"delta":{"tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]}}"#,
            8,
        ),
        (
            r#"{"delta":{"function_call":{"name":"f","arguments":"{}"}}}"#,
            3,
        ),
        (
            r#"{"delta":{"reasoning":"abc","reasoning_content":"abc","reasoning_details":[{"text":"abc"}]}}"#,
            3,
        ),
        (
            r#"{"delta":{"reasoning_details":[{"type":"reasoning.encrypted","data":"abc"}]}}"#,
            1,
        ),
        (r#"{"delta":{"audio":{"data":"AAAA"}}}"#, 1),
        (r#"{"delta":{"images":[{"image_url":{"url":"u"}}]}}"#, 1),
        (
            r#"{"message":{"content":[{"type":"text","text":"ab"},{"type":"text","text":""}]}}"#,
            2,
        ),
        (r#"{"delta":{"refusal":"no"}}"#, 2),
        (r#"{"delta":{"tool_calls":[{}],"images":[null]}}"#, 2),
        (
            r#"{"delta":{"tool_calls":null,"images":{},"function_call":"","audio":{ }}}"#,
            0,
        ),
        (r#"{"text":"abcd"}"#, 4),
        (r#"{"delta":null,"message":7,"text":null}"#, 0),
    ];
    for (choice, content) in cases {
        let json = format!(r#"{{"choices":[{choice}]}}"#);
        assert_eq!(
            Chunk::read(json.as_bytes()).unwrap().content,
            content,
            "{choice}"
        );
    }
}

#[test]
fn text_fakes_no_key() {
    let json = r#"{"choices":[{"delta":{"content":"\"usage\":{},\"error\":{},\"finish_reason\":\"stop\""},
        "logprobs":{"content":[{"token":"usage","usage":{"a":1},"error":1}]}}],"usage":null,"error":null}"#;
    let chunk = Chunk::read(json.as_bytes()).unwrap();
    assert_eq!((chunk.usage, chunk.error, chunk.finish), (None, None, None));
}

#[test]
fn hostile_answers_are_refused_or_read() {
    let deep = format!(r#"{{"choices":{}"#, "[".repeat(1_000_000));
    assert!(Chunk::read(deep.as_bytes()).is_err());
    let nested = format!(
        r#"{{"choices":[{{"delta":{{"content":{}"#,
        r#"[{"text":"#.repeat(1_000_000)
    );
    assert!(Chunk::read(nested.as_bytes()).is_err());
    let long = format!(
        r#"{{"choices":[{{"message":{{"content":"{}"}}}}]}}"#,
        "x".repeat(1 << 20)
    );
    assert_eq!(Chunk::read(long.as_bytes()).unwrap().content, 1 << 20);
    for bad in [
        "",
        "[DONE]",
        "null",
        "{}{}",
        "{\"choices\":[{\"text\":\"\u{1}\"}]}",
    ] {
        assert!(Chunk::read(bad.as_bytes()).is_err(), "{bad}");
    }
    let embeddings =
        br#"{"object":"list","data":[{"embedding":[0.1]}],"usage":{"prompt_tokens":0}}"#;
    let chunk = Chunk::read(embeddings).unwrap();
    assert_eq!((chunk.content, chunk.seen), (0, 0));
    assert_eq!(
        chunk.usage.unwrap().of(embeddings),
        br#"{"prompt_tokens":0}"#
    );
}

fn finish(reason: &Value) -> Finish {
    match reason.as_str() {
        Some("stop") => Finish::Stop,
        Some("length" | "max_tokens" | "MAX_TOKENS") => Finish::Length,
        Some("tool_calls" | "function_call" | "tool_use") => Finish::ToolCalls,
        Some("content_filter" | "SAFETY") => Finish::ContentFilter,
        Some("error") => Finish::Error,
        _ => Finish::Other,
    }
}

fn content(choice: &Value) -> usize {
    let len = |v: &Value| v.as_str().map_or(0, str::len);
    let said = |m: &Value| {
        let items = |key: &str, each: &dyn Fn(&Value) -> usize| -> usize {
            m[key]
                .as_array()
                .into_iter()
                .flatten()
                .map(|v| each(v).max(1))
                .sum()
        };
        let parts = m["content"].as_array().into_iter().flatten();
        let parts: usize = parts
            .map(|part| match part["type"].as_str() {
                None => len(part),
                Some("text") => len(&part["text"]),
                Some("thinking") => len(&part["thinking"][0]["text"]),
                Some(_) => 1,
            })
            .sum();
        let details = items("reasoning_details", &|d| len(&d["text"]));
        let thought = details
            .max(len(&m["reasoning"]))
            .max(len(&m["reasoning_content"]));
        let calls = items("tool_calls", &|c| {
            len(&c["function"]["name"]) + len(&c["function"]["arguments"])
        });
        let audio = m["audio"]
            .as_object()
            .map_or(0, |a| len(&a["transcript"]).max(1));
        len(&m["content"])
            + parts
            + len(&m["refusal"])
            + thought
            + calls
            + audio
            + items("images", &|_| 1)
    };
    said(&choice["delta"]) + said(&choice["message"]) + len(&choice["text"])
}

proptest! {
    /// Whatever an echo says of an event, a full reading says the same.
    #[test]
    fn an_echo_is_a_full_reading(words in prop::collection::vec(".{0,12}", 2..6), more in json::value(), seed: u64, changed: bool) {
        let mut echo = Echo::default();
        for (place, words) in words.iter().enumerate() {
            let more = if changed && place % 2 == 1 { json!(place) } else { more.clone() };
            let event = json!({"id": "1", "choices": [{"index": 0, "delta": {"content": words}, "x": more}], "y": more});
            // In one line: between the tokens any space will do.
            let text = json::spell(&event, seed).replace(['\n', '\r'], " ");
            let (field, end) = [("data: ", "\n\n"), ("data:", "\r\n\r\n"), ("event: x\ndata: ", "\n\n"), ("data: ", "\r\r")][seed as usize % 4];
            let event = format!("{field}{text}{end}");
            let buf = format!("{event}data: [DONE]\n\n");
            let read = Scanner::default().next(buf.as_bytes()).unwrap().unwrap();
            prop_assert_eq!(read.len, event.len());
            let data = read.data.unwrap();
            let chunk = Chunk::read(&data).unwrap();
            if let Some((len, heard)) = echo.next(buf.as_bytes()) {
                prop_assert_eq!(len, event.len());
                prop_assert_eq!(heard.len(buf.as_bytes()) as u32, chunk.content);
                prop_assert_eq!(chunk.words.unwrap().of(&data), heard.span().of(buf.as_bytes()));
                prop_assert_eq!((chunk.finish, chunk.usage, chunk.error), (None, None, None));
            }
            echo.hear(event.as_bytes(), &data, &chunk);
        }
    }
}

/// Only where the data stands as it is in the event can its place be known.
#[test]
fn an_echo_follows_what_is_spelled_in_one_line() {
    let data = r#"{"choices":[{"delta":{"content":"a"}}]}"#;
    let chunk = Chunk::read(data.as_bytes()).unwrap();
    let follows = |event: &str| {
        let mut echo = Echo::default();
        echo.hear(event.as_bytes(), data.as_bytes(), &chunk);
        let next = echo.next(event.as_bytes());
        assert!(next.is_none_or(|(len, _)| len == event.len()), "{event:?}");
        next.is_some()
    };
    for (event, does) in [
        (format!("data: {data}\n\n"), true),
        (format!("data:{data}\r\n\r\n"), true),
        (format!("event: x\ndata: {data}\n\n"), true),
        // What follows may be the rest of a CRLF, or belongs to the next.
        (format!("data: {data}\r\r"), false),
        (format!("data: {data}"), false),
        (format!("\ndata: {data}\n\n"), false),
        (format!("\u{feff}data: {data}\n\n"), false),
        (format!("data: {data}\nid: 7\n\n"), false),
        (format!("xdata: {data}\n\n"), false),
    ] {
        assert_eq!(follows(&event), does, "{event:?}");
    }
}

/// The bytes around the words may overlap, or the words may try to close the string themselves.
#[test]
fn an_echo_is_not_fooled() {
    let first = br#"{"choices":[{"delta":{"content":"a"}}]}"#;
    let mut echo = Echo::default();
    let event = |data: &[u8]| [b"data: ", data, b"\n\n"].concat();
    echo.hear(&event(first), first, &Chunk::read(first).unwrap());
    let (len, words) = echo.next(&event(first)).unwrap();
    assert_eq!(
        (len, words.span().of(&event(first))),
        (event(first).len(), &b"a"[..])
    );
    for other in [
        &br#"{"choices":[{"delta":{"content":"}}]}"#[..],
        br#"{"choices":[{"delta":{"content":"a","content":"b"}}]}"#,
        br#"{"choices":[{"delta":{"content":"a"}}]} {"choices":[{"delta":{"content":"a"}}]}"#,
        br#"{"choices":[{"delta":{"content":null}}]}"#,
        br#"{"choices":[{"delta":{"content":"\x"}}]}"#,
        br#"{"choices":[{"delta":{"content":}}]}"#,
        br#"}}]}"#,
        b"",
    ] {
        assert_eq!(
            echo.next(&event(other)),
            None,
            "{}",
            String::from_utf8_lossy(other)
        );
    }
}
