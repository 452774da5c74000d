//! What the tests of the middle of the stack share: a client with hand-made answers, and a reader
//! that holds every body to its contract.
#![allow(dead_code, unused_imports, reason = "each test takes what it needs")]

mod answer;
mod catalog;
mod client;
mod told;

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Request;
use switchtower::{Call, Payload};

pub(crate) use answer::{Answer, Flow, Step};
pub(crate) use catalog::{catalog, ordered, three};
pub(crate) use client::{Client, Seen};
pub(crate) use told::{Told, assert_proper_end, tell};

pub(crate) const DONE: &str = "data: [DONE]\n\n";

/// One event with this JSON.
pub(crate) fn event(json: &str) -> String {
    format!("data: {json}\n\n")
}

fn choice(delta: &str, finish: &str) -> String {
    event(&format!(
        r#"{{"id":"c-1","object":"chat.completion.chunk","choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]}}"#
    ))
}

pub(crate) fn role() -> String {
    choice(r#"{"role":"assistant","content":""}"#, "null")
}

pub(crate) fn text(text: &str) -> String {
    choice(&format!(r#"{{"content":"{text}"}}"#), "null")
}

pub(crate) fn finish(reason: &str) -> String {
    choice("{}", &format!("\"{reason}\""))
}

pub(crate) fn usage(prompt: u64, completion: u64) -> String {
    event(&format!(
        r#"{{"id":"c-1","object":"chat.completion.chunk","choices":[],"usage":{{"prompt_tokens":{prompt},"completion_tokens":{completion},"total_tokens":{}}}}}"#,
        prompt + completion
    ))
}

/// A whole and proper answer, event by event.
pub(crate) fn good(says: &str) -> Vec<String> {
    vec![role(), text(says), finish("stop"), DONE.to_owned()]
}

/// A whole answer as one JSON document.
pub(crate) fn json(says: &str) -> String {
    format!(
        r#"{{"id":"c-1","object":"chat.completion","choices":[{{"index":0,"message":{{"role":"assistant","content":"{says}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}}}"#
    )
}

pub(crate) fn call() -> Call {
    Call::new(now(), SystemTime::UNIX_EPOCH, 7)
}

pub(crate) fn now() -> std::time::Instant {
    tokio::time::Instant::now().into_std()
}

/// A request that asks for a stream, with its call, of which the caller keeps a handle.
pub(crate) fn streamed() -> (Request<Payload>, Call) {
    asking(r#"{"model":"acme/swift","stream":true}"#)
}

/// A request that asks for one JSON document.
pub(crate) fn unstreamed() -> (Request<Payload>, Call) {
    asking(r#"{"model":"acme/swift"}"#)
}

pub(crate) fn asking(body: &str) -> (Request<Payload>, Call) {
    let call = call();
    let payload = Payload::read(Bytes::copy_from_slice(body.as_bytes())).unwrap();
    let mut request = Request::post("/v1/chat/completions").body(payload).unwrap();
    request.extensions_mut().insert(call.clone());
    (request, call)
}

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// For a body that nobody counts.
pub(crate) fn life() -> answer::Life {
    answer::Life::new(&std::sync::Arc::default())
}
