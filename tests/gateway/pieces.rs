//! However the network cuts a stream, and however loosely a provider spells it, a caller hears the same.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::scripted::{CATALOG, Then, chunks, gateway, told};

/// What was heard, without what differs from call to call.
fn alike(heard: &str) -> Vec<Value> {
    let mut heard = chunks(heard);
    for chunk in &mut heard {
        chunk
            .as_object_mut()
            .unwrap()
            .retain(|key, _| key != "id" && key != "created");
        if let Some(ms) = chunk.pointer_mut("/error/metadata/attempts/0/ms") {
            *ms = Value::Null;
        }
    }
    heard
}

async fn heard(pieces: &[impl AsRef<[u8]>]) -> String {
    told(gateway(CATALOG, pieces, Then::End)).await
}

/// A CRLF cut in two: its LF was taken for an empty event, and what followed was passed on as the provider
/// had spelled it, with its id, and without the bill.
#[tokio::test]
async fn a_cut_anywhere_changes_nothing() {
    let streams = [
        "data: {\"id\":\"u\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"A\"}}]}\n\ndata: {\"id\":\"u\",\"choices\":[{\"index\":0,\
         \"delta\":{\"content\":\"B\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
        "\u{feff}event: message\nid: 4\ndata: {\"id\":\"u\",\ndata:\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\"A\"}}]}\n\n\
         : hi\n\nretry: 5\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
         data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"A\"}}]}\n\ndata: {\"error\":{\"message\":\"x\",\"code\":503}}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"B\"},\"finish_reason\":\"stop\"}]}",
    ];
    for stream in streams {
        for end in ["\n", "\r\n", "\r"] {
            let stream = stream.replace('\n', end).into_bytes();
            let whole = alike(&heard(&[&stream]).await);
            assert!(!whole.is_empty());
            for at in 1..stream.len() {
                let (one, other) = stream.split_at(at);
                let cut = alike(&heard(&[one, other]).await);
                assert_eq!(cut, whole, "{end:?} at {at}");
            }
            let single: Vec<_> = stream.chunks(1).collect();
            assert_eq!(alike(&heard(&single).await), whole, "{end:?}");
        }
    }
}

/// They were told as chunks without `choices`, which strict clients walk.
#[tokio::test]
async fn every_chunk_has_choices() {
    let heard = heard(&[
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"A\"}}]}\n\n",
        "data: {\"id\":\"still here\"}\n\ndata: {\"choices\":null}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\n",
        "data: {\"choices\":null,\"us\\u0061ge\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\n",
        "data: [DONE]\n\n",
    ])
    .await;
    let chunks = chunks(&heard);
    assert_eq!(chunks.len(), 5, "{heard}");
    assert!(
        chunks.iter().all(|chunk| chunk["choices"].is_array()),
        "{heard}"
    );
    let usage: Vec<_> = chunks
        .iter()
        .filter_map(|chunk| chunk.get("usage"))
        .collect();
    assert_eq!(usage.len(), 1, "{heard}");
    assert_eq!(usage[0]["completion_tokens"], 2);
}

/// With half of its price the prompt cost something and the rest less than nothing.
#[tokio::test]
async fn an_unknown_cost_has_no_parts() {
    let catalog = CATALOG.replace(", completion = \"2\"", "");
    let pieces = [
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"A\"},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
    ];
    let heard = told(gateway(&catalog, &pieces, Then::End)).await;
    let last = chunks(&heard).pop().unwrap();
    let costs = json!({
        "upstream_inference_cost": null,
        "upstream_inference_prompt_cost": 0,
        "upstream_inference_completions_cost": 0,
    });
    assert_eq!(last["usage"]["cost_details"], costs);
}

/// Two calls without an index were told as one: `rainwind`.
#[tokio::test]
async fn a_new_call_of_a_tool_is_another_call() {
    let part = |part: Value| {
        let chunk = json!({"choices": [{"index": 0, "delta": {"tool_calls": [part]}}]});
        format!("data: {chunk}\n\n")
    };
    let heard = heard(&[
        part(json!({"id": "a", "function": {"name": "rain", "arguments": "{\"at\""}})),
        part(json!({"function": {"arguments": ":1}"}})),
        part(json!({"id": "b", "function": {"name": "wind", "arguments": "{\"at\""}})),
        part(json!({"id": "b", "function": {"arguments": ":2"}})),
        part(json!({"id": null, "function": {"arguments": "}"}})),
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n".to_owned(),
    ])
    .await;
    let mut calls = BTreeMap::<u64, (String, String)>::new();
    for chunk in chunks(&heard) {
        for part in chunk["choices"][0]["delta"]["tool_calls"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let call = calls.entry(part["index"].as_u64().unwrap()).or_default();
            call.0
                .push_str(part["function"]["name"].as_str().unwrap_or_default());
            call.1
                .push_str(part["function"]["arguments"].as_str().unwrap());
        }
    }
    let call = |name: &str, arguments: &str| (name.to_owned(), arguments.to_owned());
    let expected = [
        (0, call("rain", "{\"at\":1}")),
        (1, call("wind", "{\"at\":2}")),
    ];
    assert_eq!(calls, BTreeMap::from(expected));
}
