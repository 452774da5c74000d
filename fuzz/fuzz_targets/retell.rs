//! An answer in our own words: still JSON, ours where it is ours, and otherwise what the upstream said.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use switchtower::wire::Chunk;
use switchtower::wire::retell::{Telling, retell};

/// What a choice says, which nobody may change; a text without a value is mended elsewhere.
fn said(answer: &Value) -> Vec<[Value; 4]> {
    let choices = answer["choices"].as_array().into_iter().flatten();
    let said = choices.map(|choice| {
        let [delta, message] = [&choice["delta"]["content"], &choice["message"]["content"]];
        let [text, logprobs] = [&choice["text"], &choice["logprobs"]];
        [delta, message, text, logprobs].map(Value::clone)
    });
    said.collect()
}

fuzz_target!(|json: &[u8]| {
    let Ok(chunk) = Chunk::read(json) else { return };
    let Ok(before) = serde_json::from_slice::<Value>(json) else { return };
    for usage in [None, Some(r#"{"cost":0.1}"#)] {
        let telling = Telling {
            id: r#""gen-1""#,
            object: r#""chat.completion""#,
            created: "7",
            model: r#""acme/swift""#,
            provider: r#""Acme""#,
            usage,
        };
        let told = retell(json, &chunk, &telling);
        let after: Value = serde_json::from_slice(&told).expect("still JSON");
        assert_eq!(after["id"], "gen-1");
        assert_eq!(after["object"], "chat.completion");
        assert_eq!(after["created"], 7);
        assert_eq!(after["model"], "acme/swift");
        assert_eq!(after["provider"], "Acme");
        assert_eq!(after.get("usage").is_some(), usage.is_some());
        if let Some(usage) = usage {
            assert_eq!(after["usage"].to_string(), usage);
        }
        assert_eq!(said(&after), said(&before));
        // In words of our own it says the same.
        let again = Chunk::read(&told).expect("read again");
        assert_eq!((again.content, again.seen, again.finished), (chunk.content, chunk.seen, chunk.finished));
    }
});
