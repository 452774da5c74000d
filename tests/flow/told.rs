use std::pin::Pin;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, SizeHint};
use http_body_util::BodyExt;
use serde_json::Value;
use switchtower::{BoxError, Error};

/// What a caller was told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) frames: Vec<Bytes>,
    pub(crate) trailers: Option<HeaderMap>,
    pub(crate) error: Option<Error>,
    /// How many bytes were still to come at each step, and the hint that was given then.
    pub(crate) hints: Vec<(u64, SizeHint)>,
    /// Had it reported its end, before it was asked once more?
    pub(crate) end_was_known: bool,
}

/// Reads a body to its end, and holds it to its contract on the way: it does not report an end
/// before its last frame, its hint is never wrong, and after its end there is nothing.
pub(crate) async fn tell<B>(body: B) -> Told
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError> + 'static,
{
    let mut body = Box::pin(body);
    let mut told = Told::default();
    let mut hints = vec![(0, body.size_hint())];
    let mut read = 0;
    loop {
        let promised_end = body.is_end_stream();
        let Some(frame) = body.frame().await else {
            told.end_was_known = promised_end;
            break;
        };
        let frame = frame.map_err(Error::from_inner);
        assert!(!promised_end, "it had reported its end: {frame:?}");
        match frame.map(http_body::Frame::into_data) {
            Ok(Ok(data)) => {
                read += data.len() as u64;
                told.frames.push(data);
            }
            Ok(Err(frame)) => told.trailers = frame.into_trailers().ok(),
            Err(error) => {
                told.error = Some(error);
                break;
            }
        }
        hints.push((read, body.size_hint()));
    }
    if told.error.is_none() {
        for (before, hint) in hints {
            let rest = read - before;
            told.hints.push((rest, hint));
            assert!(hint.lower() <= rest, "{hint:?}, but {rest} came");
            assert!(
                hint.upper().is_none_or(|upper| rest <= upper),
                "{hint:?}, but {rest} came"
            );
        }
    }
    nothing_follows(body.as_mut()).await;
    told
}

async fn nothing_follows<B>(mut body: Pin<&mut B>)
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError> + 'static,
{
    for _ in 0..2 {
        assert!(body.frame().await.is_none(), "something came after the end");
    }
}

impl Told {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.frames.concat()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes()).unwrap()
    }

    /// The data lines, as they stand.
    pub(crate) fn data(&self) -> Vec<String> {
        let text = self.text();
        let lines = text.lines().filter_map(|line| line.strip_prefix("data:"));
        lines.map(|data| data.trim().to_owned()).collect()
    }

    /// The JSON of the last data line but `[DONE]`.
    pub(crate) fn last_chunk(&self) -> Value {
        let data = self.data();
        let last = data.iter().rfind(|data| *data != "[DONE]").unwrap();
        serde_json::from_str(last).unwrap()
    }

    /// All content, choice after choice.
    pub(crate) fn content(&self) -> String {
        let chunks = self.data();
        let chunks = chunks
            .iter()
            .filter_map(|data| serde_json::from_str::<Value>(data).ok());
        chunks
            .filter_map(|chunk| Some(chunk["choices"][0]["delta"]["content"].as_str()?.to_owned()))
            .collect()
    }
}

/// Every data line is JSON or `[DONE]`, which is the last and the only one; and before it stands a
/// finish reason for each choice that has begun.
#[track_caller]
pub(crate) fn assert_proper_end(told: &Told) {
    let data = told.data();
    let (last, chunks) = data.split_last().expect("it is not empty");
    assert_eq!(last, "[DONE]", "{}", told.text());
    let (mut begun, mut finished) = (Vec::new(), Vec::new());
    for chunk in chunks {
        let chunk: Value = serde_json::from_str(chunk)
            .unwrap_or_else(|error| panic!("{error} in {chunk:?} of {}", told.text()));
        for choice in chunk["choices"].as_array().into_iter().flatten() {
            let index = choice["index"].as_u64().unwrap();
            begun.push(index);
            if choice["finish_reason"].is_string() {
                finished.push(index);
            }
        }
    }
    begun.sort_unstable();
    begun.dedup();
    finished.sort_unstable();
    let error = chunks
        .last()
        .is_some_and(|chunk| chunk.contains("\"error\":{"));
    if !error {
        assert_eq!(begun, finished, "{}", told.text());
    }
    assert!(
        told.text().ends_with("\n\n")
            || told.text().ends_with("\r\r")
            || told.text().ends_with("\r\n\r\n"),
        "the last event lacks its blank line"
    );
}
