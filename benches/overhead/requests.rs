//! Requests, and the yardstick.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use switchtower::wire::View;

const PROSE: &str =
    "The quick brown fox said \\\"jump\\\" over the lazy dog.\\nThen it was night. ";

/// Requests of 100 KB; `corpus/make.py` tells what is in each.
const CORPUS: [&str; 7] = [
    "prose",
    "code",
    "cjk",
    "cjk_escaped",
    "escapes",
    "tools",
    "mixed",
];

pub(crate) fn corpus() -> impl Iterator<Item = (&'static str, Bytes)> {
    CORPUS.into_iter().map(|name| (name, file(name)))
}

/// One request of the corpus.
pub(crate) fn file(name: &str) -> Bytes {
    let path = format!("{}/benches/corpus/{name}.json", env!("CARGO_MANIFEST_DIR"));
    match std::fs::read(&path) {
        Ok(text) => text.into(),
        Err(error) => panic!("{path}, which is in the repository and not in the package: {error}"),
    }
}

/// A chat request of about 1 KB, escapes included, `model` last: the worst place.
pub(crate) fn small() -> Bytes {
    let mut text = String::from(
        r#"{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":""#,
    );
    while text.len() + PROSE.len() + 60 < 1 << 10 {
        text.push_str(PROSE);
    }
    text.push_str(r#""}],"temperature":0.7,"max_tokens":256,"model":"acme/swift"}"#);
    text.into()
}

/// What a gateway that peeks with serde_json would read.
#[derive(Deserialize)]
#[expect(dead_code, reason = "only the reading counts")]
struct Peeked<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    models: Option<Vec<&'a RawValue>>,
    stream: Option<bool>,
    #[serde(borrow)]
    max_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    provider: Option<&'a RawValue>,
    #[serde(borrow)]
    choices: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

pub(crate) fn serde_pass(json: &[u8]) -> impl Sized {
    serde_json::from_slice::<Peeked<'_>>(json).expect("JSON")
}

pub(crate) fn view(json: &[u8]) -> View {
    View::read(json).expect("a request")
}
