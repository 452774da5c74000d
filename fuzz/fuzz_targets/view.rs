//! The request scanner and splicer against serde_json: what the one accepts the other does, both see the
//! same fields, messages and needs, and a spliced document parses to exactly the intended one.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use switchtower::wire::{Edits, Field, Fields, Modality, View};

fuzz_target!(|body: &[u8]| {
    let Ok(view) = View::read(body) else { return };
    // serde_json stops at 127 levels, and refuses half a surrogate pair and numbers that no f64 holds, all
    // of which an upstream may take; nothing else it may refuse.
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        let error = serde_json::from_slice::<Value>(body).unwrap_err().to_string();
        let known = ["recursion limit", "out of range", "surrogate", "hex escape"];
        assert!(known.iter().any(|known| error.contains(known)), "{error}");
        return;
    };
    assert_eq!(view.model(body).as_deref(), value["model"].as_str());
    assert_eq!(view.stream(), value["stream"] == true);
    assert_eq!(view.wants_usage(), value["stream_options"]["include_usage"] == true);
    for &field in Field::ALL {
        assert_eq!(view.has(field), value.get(field.name()).is_some(), "{field:?}");
    }

    // Spelled again, no key stands twice, and how long a text is follows from what it says.
    let again = value.to_string();
    if let Ok(view) = View::read(again.as_bytes()) {
        holds_the_same(&view, again.as_bytes(), &value);
    }

    let body = Bytes::copy_from_slice(body);
    let edits = Edits::new(&view).set(Field::Model, r#""spliced""#).remove(Field::Provider);
    let spliced = edits.remove(Field::Models).ask_for_usage().apply(&body);
    let mut intended = value;
    let object = intended.as_object_mut().expect("a view is of an object");
    object.insert("model".into(), "spliced".into());
    object.remove("provider");
    object.remove("models");
    if !object.get("stream_options").is_some_and(Value::is_object) {
        object.insert("stream_options".into(), Value::Object(Default::default()));
    }
    object["stream_options"]["include_usage"] = true.into();
    assert_eq!(serde_json::from_slice::<Value>(&spliced).expect("still JSON"), intended);
});

fn holds_the_same(view: &View, body: &[u8], all: &Value) {
    let needed: Fields = Fields::PARAMETERS.iter().filter(|field| is_needed(*field, all)).collect();
    assert_eq!(view.parameters(), needed);

    let (mut bytes, mut media, mut marked) = (0, Vec::new(), false);
    let mut opening = [None; 2];
    let none = Vec::new();
    let messages = all["messages"].as_array().unwrap_or(&none);
    for message in messages {
        let instructs = message["role"] == "system" || message["role"] == "developer";
        opening[usize::from(!instructs)].get_or_insert(message);
        bytes += if is_hollow(&message["tool_calls"]) { 0 } else { spelled(&message["tool_calls"]) };
        bytes += text(&message["content"]);
        for part in message["content"].as_array().unwrap_or(&none) {
            bytes += text(part) + text(&part["text"]);
            media.extend(part["type"].as_str().and_then(medium));
            marked |= !part["cache_control"].is_null() || !part["prompt_cache_breakpoint"].is_null();
        }
    }
    let others = ["prompt", "input"].map(|name| all.get(name).map_or(0, spelled));
    let tools = if is_hollow(&all["tools"]) { 0 } else { spelled(&all["tools"]) };
    bytes += others[0] + others[1] + tools;

    assert_eq!(view.message_count() as usize, messages.len());
    assert_eq!(view.ends_with_assistant(), messages.last().is_some_and(|last| last["role"] == "assistant"));
    assert_eq!(view.marks_cache(), marked);
    assert_eq!(view.prompt_tokens(), bytes.div_ceil(4) as u64);
    for modality in Modality::ALL {
        let count = media.iter().filter(|medium| **medium == modality).count();
        assert_eq!(view.media(modality) as usize, count, "{modality:?}");
        assert_eq!(view.input().contains(modality), modality == Modality::Text || count > 0);
    }
    let found = view.opening().map(|span| span.map(|span| serde_json::from_slice(span.of(body)).expect("JSON")));
    assert_eq!(found, opening.map(|message| message.cloned()));
}

fn is_needed(field: Field, all: &Value) -> bool {
    let value = &all[field.name()];
    match field {
        Field::StructuredOutputs if all["response_format"]["type"] == "json_schema" => true,
        _ if is_hollow(value) => false,
        Field::ToolChoice | Field::ParallelToolCalls => !is_hollow(&all["tools"]),
        Field::IncludeReasoning | Field::StructuredOutputs | Field::Logprobs => *value != false,
        Field::ReasoningEffort => value != "none",
        Field::ResponseFormat => value["type"] != "text",
        Field::Reasoning => value.as_object().is_none_or(|members| {
            let asks = |(key, value): (&String, &Value)| key != "exclude" && !value.is_null();
            value["enabled"] != false && value["effort"] != "none" && members.iter().any(asks)
        }),
        _ => true,
    }
}

fn medium(kind: &str) -> Option<Modality> {
    match kind {
        "image_url" => Some(Modality::Image),
        "input_audio" => Some(Modality::Audio),
        "video_url" | "input_video" => Some(Modality::Video),
        "file" => Some(Modality::File),
        _ => None,
    }
}

fn is_hollow(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// How long a string is, without its quotes.
fn text(value: &Value) -> usize {
    if value.is_string() { spelled(value) - 2 } else { 0 }
}

fn spelled(value: &Value) -> usize {
    value.to_string().len()
}
