//! The events that we add to a stream ourselves: what is missing at its end.

use bytes::Bytes;
use serde_json::{Value, json};

use super::error::object;
use crate::call::Call;
use crate::error::Error;
use crate::wire::Operation;

/// `[DONE]`, the last event of every stream.
pub(crate) fn done() -> Bytes {
    Bytes::from_static(b"data: [DONE]\n\n")
}

/// The finish reasons that the upstream forgot: of these choices, bit *i* for index *i*.
pub(crate) fn finish(call: &Call, unfinished: u128) -> Bytes {
    let choices = (0..u128::BITS).filter(|index| unfinished >> index & 1 == 1);
    let choices = choices
        .map(|index| {
            let mut choice = json!({ "index": index, "finish_reason": "stop" });
            silence(&mut choice, call, json!({}));
            choice
        })
        .collect();
    event(call, choices, None)
}

/// The end of an answer that broke: an `error` beside `finish_reason: "error"`.
pub(crate) fn error(error: &Error, call: &Call) -> Bytes {
    let mut choice = json!({
        "index": 0,
        "finish_reason": "error",
        "native_finish_reason": error.kind().as_str(),
    });
    silence(&mut choice, call, json!({ "content": "" }));
    event(
        call,
        vec![choice],
        Some(object(error, call.dialect(), Some(call))),
    )
}

/// One whole event with this chunk's data.
pub(crate) fn data(chunk: &Value) -> Bytes {
    format!("data: {chunk}\n\n").into()
}

/// A choice that says nothing, in the words of the operation.
fn silence(choice: &mut Value, call: &Call, delta: Value) {
    match call.operation() {
        Operation::Completion => choice["text"] = "".into(),
        _ => choice["delta"] = delta,
    }
}

fn event(call: &Call, choices: Vec<Value>, error: Option<Value>) -> Bytes {
    let candidate = call
        .answer()
        .and_then(|attempt| attempt.candidate().cloned());
    let created = call
        .created()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    let mut chunk = json!({
        "id": call.id().as_str(),
        "object": call.operation().objects().1,
        "created": created.as_secs(),
        "model": candidate.as_ref().map_or("", |candidate| candidate.model.id()),
        "provider": candidate.as_ref().map(|candidate| candidate.endpoint.provider().name()),
        "choices": choices,
    });
    if let Some(error) = error {
        chunk["error"] = error;
    }
    data(&chunk)
}
