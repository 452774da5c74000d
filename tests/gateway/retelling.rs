//! Most events of a stream are told as the one before was: nobody can see that.

use proptest::prelude::*;
use serde_json::Value;
use switchtower::wire::Chunk;
use switchtower::wire::retell::{Telling, retell};

use crate::scripted::{self, CATALOG, Then, gateway};

/// What a provider may say between its first word and its last: mostly the same, with other words.
fn event() -> impl Strategy<Value = Vec<u8>> {
    let words = prop_oneof![4 => "[a-z \"\\\\\n{}:,]{0,9}", 1 => Just("usage".to_owned())];
    let shape = prop_oneof![6 => Just(0), 1 => 1..12usize];
    (words, shape).prop_map(|(words, shape)| {
        let quoted = Value::from(words).to_string();
        let event = match shape {
            1 => format!(r#"{{"id":"c-1","choices":[{{"delta":{{"content":{quoted}}}}}]}}"#),
            2 => format!(r#"{{"id":"c-2","object":"chat.completion.chunk","choices":[{{"index":0,"delta":{{"content":{quoted}}},"finish_reason":null}}]}}"#),
            3 => format!(r#"{{"id":"c-1","choices":[{{"index":0,"delta":{{"reasoning":{quoted}}},"finish_reason":null}}]}}"#),
            4 => format!(r#"{{"id":"c-1","choices":[{{"index":0,"delta":{{"content":{quoted},"tool_calls":null}}}}],"usage":null}}"#),
            5 => format!(r#"{{"choices":[{{"index":1,"delta":{{"content":{quoted}}},"finish_reason":""}}],"model":"large-1","provider":"x"}}"#),
            // Of several lines: "\n" between the tokens of JSON.
            6 => format!("{{\"id\":\"c-1\",\ndata: \"choices\":[{{\"index\":0,\ndata: \"delta\":{{\"content\":{quoted}}}}}]}}"),
            7 => format!(r#"{{"id":"c-1","choices":[{{"index":0,"delta":{{"role":null,"audio":null,"content":{quoted}}}}}]}}"#),
            8 => format!(r#"{{"id":"c-1","system_fingerprint":null,"choices":[{{"index":0,"delta":{{"content":{quoted}}},"text":"t"}}]}}"#),
            9 => format!(r#"{{"id":"c-1","choices":[{{"index":0,"delta":{{"content":{quoted},"reasoning_content":null}},"finish_reason":null}}]}}"#),
            10 => format!(r#"{{"id":"c-1","choices":[{{"index":0,"delta":{{"reasoning_content":{quoted},"reasoning":null}},"finish_reason":null}}]}}"#),
            11 => r#"{"id":"c-1","choices":[{"index":0,"finish_reason":null,"content_filter_offsets":{}}]}"#.to_owned(),
            _ => format!(r#"{{"id":"c-1","choices":[{{"index":0,"delta":{{"content":{quoted}}},"finish_reason":null}}]}}"#),
        };
        event.into_bytes()
    })
}

/// The events of a stream that said these, as the gateway's caller hears them.
async fn told(events: &[Vec<u8>]) -> Vec<String> {
    let last = br#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"},{"index":1,"delta":{},"finish_reason":"stop"}]}"#;
    let events = events.iter().map(Vec::as_slice);
    let pieces: Vec<_> = events
        .chain([&last[..], b"[DONE]"])
        .map(|event| [b"data: ", event, b"\n\n"].concat())
        .collect();
    let heard = scripted::told(gateway(CATALOG, &[pieces.concat()], Then::End)).await;
    let events = heard.split_terminator("\n\n");
    events
        .map(|event| event["data: ".len()..].to_owned())
        .collect()
}

proptest! {
    /// Each event is what `retell` makes of it alone, whatever was told before; only who answers is not told again, of the first
    /// choice, which has begun.
    #[test]
    fn each_event_is_told_as_if_it_were_the_only_one(mut events in prop::collection::vec(event(), 1..12)) {
        // Something to say at the beginning: without content it would be no answer.
        events.insert(0, br#"{"id":"c-1","choices":[{"index":0,"delta":{"content":"A"},"finish_reason":null}]}"#.to_vec());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let heard = runtime.block_on(told(&events));
        prop_assert_eq!(heard.len(), events.len() + 3, "the end, the usage, [DONE]");
        let first: Value = serde_json::from_str(&heard[0]).unwrap();
        let telling = Telling {
            id: &first["id"].to_string(),
            object: r#""chat.completion.chunk""#,
            created: &first["created"].to_string(),
            model: r#""acme/large""#,
            provider: r#""First""#,
            usage: None,
        };
        for (event, heard) in events.iter().zip(&heard) {
            let lines = String::from_utf8_lossy(event).replace("\ndata: ", "\n");
            let alone = retell(lines.as_bytes(), &Chunk::read(lines.as_bytes()).unwrap(), &telling);
            let alone = String::from_utf8(alone).unwrap().replace('\n', " ");
            let again = match lines.contains(r#""role":null"#) {
                true => alone.replace(r#""role":"assistant","#, ""),
                false => alone,
            };
            prop_assert_eq!(&again, heard);
        }
    }
}
