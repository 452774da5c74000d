use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use switchtower::wire::{Modality, View};

use super::json;

const MEDIA: [(&str, Modality); 5] = [
    ("image_url", Modality::Image),
    ("input_audio", Modality::Audio),
    ("video_url", Modality::Video),
    ("input_video", Modality::Video),
    ("file", Modality::File),
];

fn object(members: Vec<(String, Value)>) -> Value {
    Value::Object(members.into_iter().collect::<Map<_, _>>())
}

fn part() -> impl Strategy<Value = Value> {
    let kind = prop_oneof![
        4 => select(MEDIA.to_vec()).prop_map(|(kind, _)| json!(kind)),
        3 => Just(json!("text")),
        1 => json::value(),
    ];
    let member = prop_oneof![
        4 => kind.prop_map(|kind| ("type", kind)),
        3 => json::word().prop_map(|text| ("text", json!(text))),
        1 => json::value().prop_map(|text| ("text", text)),
        1 => select(vec![json!(null), json!({"type": "ephemeral"})]).prop_map(|v| ("cache_control", v)),
        1 => select(vec![json!(null), json!({})]).prop_map(|v| ("prompt_cache_breakpoint", v)),
        2 => json::value().prop_map(|image| ("image_url", image)),
    ];
    let members = prop::collection::vec(member.prop_map(|(k, v)| (k.to_owned(), v)), 0..5);
    prop_oneof![9 => members.prop_map(object), 1 => json::value()]
}

fn message() -> impl Strategy<Value = Value> {
    let roles = [
        "system",
        "developer",
        "user",
        "assistant",
        "tool",
        "Assistant",
    ];
    let content = prop_oneof![
        3 => json::word().prop_map(Value::from),
        4 => prop::collection::vec(part(), 0..5).prop_map(Value::from),
        1 => json::value(),
    ];
    let member = prop_oneof![
        4 => select(roles.to_vec()).prop_map(|role| ("role".to_owned(), json!(role))),
        4 => content.prop_map(|content| ("content".to_owned(), content)),
        1 => json::value().prop_map(|calls| ("tool_calls".to_owned(), calls)),
        1 => (json::word(), json::value()),
    ];
    let members = prop::collection::vec(member, 0..6).prop_map(object);
    prop_oneof![9 => members, 1 => json::value()]
}

proptest! {
    #[test]
    fn sees_in_messages_what_a_full_parse_sees(
        messages in prop::collection::vec(message(), 1..6),
        tools in prop::collection::vec(json::value(), 0..3),
        input in json::value(),
        seed: u64,
    ) {
        let value = json!({"messages": messages, "tools": tools, "input": input, "prompt": "p"});
        let text = json::spell(&value, seed);
        let view = View::read(text.as_bytes()).unwrap();
        let theirs = Theirs::read(&text);
        prop_assert_eq!(view.message_count(), theirs.count);
        prop_assert_eq!(view.opening().map(|span| span.map(|span| span.range())), theirs.opening);
        prop_assert_eq!(view.ends_with_assistant(), theirs.ends_with_assistant);
        prop_assert_eq!(view.marks_cache(), theirs.marks);
        prop_assert_eq!(view.prompt_tokens(), theirs.bytes.div_ceil(4) as u64);
        for modality in Modality::ALL {
            let media = theirs.media.iter().filter(|medium| **medium == modality).count();
            prop_assert_eq!(view.media(modality) as usize, media, "{:?}", modality);
            let needed = modality == Modality::Text || media > 0;
            prop_assert_eq!(view.input().contains(modality), needed);
        }
    }
}

#[test]
fn no_message_is_too_odd_to_go_on() {
    for messages in [
        "[1]",
        r#"[null,[],"",{}]"#,
        r#"[{"role":7,"content":{"type":"image_url"}}]"#,
        r#"[{"role":"user","content":[{"type":["image_url"]},"text",3,[{"type":"file"}]]}]"#,
        r#"[{"role":"user","content":[{"type":"hologram"}]}]"#,
        r#"[{"image_url":{"type":"image_url"},"tool_calls":[{"type":"image_url"}]}]"#,
        r#"[{"content":"{\"type\":\"image_url\"}"}]"#,
    ] {
        let body = format!(r#"{{"messages":{messages}}}"#);
        let view = View::read(body.as_bytes()).unwrap();
        let media: u32 = Modality::ALL.iter().map(|&medium| view.media(medium)).sum();
        assert_eq!(media, 0, "{messages}");
        assert!(!view.ends_with_assistant() && !view.marks_cache());
    }
}

/// A part that is of one type for us and of another for an upstream would go where it cannot be read.
#[test]
fn escapes_and_repetition_hide_no_part() {
    let body = br#"{"messages":[{"\u0072ole":"syst\u0065m"},{"content":[
        {"t\u0079pe":"image\u005furl"},{"type":"text","type":"file"},{"type":"file","type":null},
        {"type":"text","text":"a","\u0063ache_control":{}}]},
        {"role":"user","role":"assist\u0061nt","content":"lost","content":"\u00e9"}]}"#;
    let view = View::read(body).unwrap();
    assert_eq!(view.media(Modality::Image), 1);
    assert_eq!(view.media(Modality::File), 1);
    assert!(view.ends_with_assistant() && view.marks_cache());
    assert_eq!(view.prompt_tokens(), 2);
    let [system, other] = view.opening().map(|span| span.unwrap().of(body));
    assert_eq!(system, br#"{"\u0072ole":"syst\u0065m"}"#);
    assert!(other.starts_with(br#"{"content":["#));
}

#[test]
fn a_prompt_is_estimated_by_its_text_and_its_tools() {
    let image = "A".repeat(4000);
    for (body, tokens) in [
        (r#"{}"#.to_owned(), 0),
        (r#"{"tools":[ ],"user":"a long name"}"#.to_owned(), 0),
        (
            r#"{"messages":[{"role":"user","content":"four"}]}"#.to_owned(),
            1,
        ),
        (
            r#"{"messages":[{"role":"user","content":"fives"}]}"#.to_owned(),
            2,
        ),
        (r#"{"prompt":"four"}"#.to_owned(), 2),
        (r#"{"input":[1,2]}"#.to_owned(), 2),
        (r#"{"tools":[{"a":1}]}"#.to_owned(), 3),
        (
            format!(
                r#"{{"messages":[{{"content":[{{"type":"text","text":"four"}},
                    {{"type":"image_url","image_url":{{"url":"data:image/png;base64,{image}"}}}}]}}]}}"#
            ),
            1,
        ),
        (
            r#"{"messages":[{"content":null,"tool_calls":[{"id":"c"}]}]}"#.to_owned(),
            3,
        ),
    ] {
        let view = View::read(body.as_bytes()).unwrap();
        assert_eq!(view.prompt_tokens(), tokens, "{body}");
    }
}

// === Helpers ===

/// What serde_json finds, part by part.
#[derive(Default)]
struct Theirs {
    count: u32,
    opening: [Option<std::ops::Range<usize>>; 2],
    ends_with_assistant: bool,
    marks: bool,
    media: Vec<Modality>,
    bytes: usize,
}

type Members<'a> = BTreeMap<String, &'a RawValue>;

impl Theirs {
    fn read(text: &str) -> Self {
        let mut theirs = Self::default();
        let top: Members<'_> = serde_json::from_str(text).unwrap();
        for field in ["prompt", "input"] {
            theirs.bytes += top[field].get().len();
        }
        let tools = top["tools"].get();
        let offered: Vec<&RawValue> = serde_json::from_str(tools).unwrap();
        theirs.bytes += if offered.is_empty() { 0 } else { tools.len() };
        let messages: Vec<&RawValue> = serde_json::from_str(top["messages"].get()).unwrap();
        for message in messages {
            theirs.message(message, text);
        }
        theirs
    }

    fn message(&mut self, message: &RawValue, text: &str) {
        let start = message.get().as_ptr() as usize - text.as_ptr() as usize;
        let members: Members<'_> = serde_json::from_str(message.get()).unwrap_or_default();
        let role = string(members.get("role")).unwrap_or_default();
        let instructs = role == "system" || role == "developer";
        self.count += 1;
        self.ends_with_assistant = role == "assistant";
        self.opening[usize::from(!instructs)].get_or_insert(start..start + message.get().len());
        if let Some(calls) = members.get("tool_calls").map(|calls| calls.get()) {
            let value: Value = serde_json::from_str(calls).unwrap();
            let empty = [json!(null), json!(""), json!([]), json!({})].contains(&value);
            self.bytes += if empty { 0 } else { calls.len() };
        }
        let Some(content) = members.get("content") else {
            return;
        };
        self.text(content);
        let parts: Vec<&RawValue> = serde_json::from_str(content.get()).unwrap_or_default();
        for part in parts {
            self.text(part);
            let members: Members<'_> = serde_json::from_str(part.get()).unwrap_or_default();
            members
                .get("text")
                .into_iter()
                .for_each(|text| self.text(text));
            let kind = string(members.get("type")).unwrap_or_default();
            let medium = MEDIA.iter().find(|(name, _)| *name == kind);
            self.media.extend(medium.map(|(_, medium)| *medium));
            self.marks |= ["cache_control", "prompt_cache_breakpoint"]
                .iter()
                .any(|mark| {
                    members
                        .get(*mark)
                        .is_some_and(|value| value.get() != "null")
                });
        }
    }

    /// Counts a value that is a string.
    fn text(&mut self, value: &RawValue) {
        if value.get().starts_with('"') {
            self.bytes += value.get().len() - 2;
        }
    }
}

fn string(value: Option<&&RawValue>) -> Option<String> {
    serde_json::from_str(value?.get()).ok()
}
