//! The request scanner and splicer against serde_json: what the one accepts the other does, both see the
//! same fields, and a spliced document parses to exactly the intended one.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use switchtower::wire::{Edits, Field, View};

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
