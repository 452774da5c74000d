//! A stream that breaks, and any bytes as the answer of who is asked for its rest: the caller's text begins with what it had,
//! each event is JSON, and there is an end.
#![no_main]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use libfuzzer_sys::fuzz_target;
use switchtower::Payload;
use switchtower::dispatch::commit::CommitLayer;
use switchtower::dispatch::recover::RecoverLayer;
use switchtower::meter::MeterLayer;
use tower_layer::Layer;
use tower_service::Service;

/// Gives one answer after the other.
#[derive(Clone)]
struct Upstream(Arc<Mutex<VecDeque<Vec<Bytes>>>>);

struct Frames(VecDeque<Bytes>);

impl Service<Request<Payload>> for Upstream {
    type Response = Response<Frames>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Frames>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Payload>) -> Self::Future {
        let frames = self.0.lock().unwrap().pop_front().unwrap_or_default();
        let response = Response::builder().header("content-type", "text/event-stream");
        ready(Ok(response.body(Frames(frames.into())).unwrap()))
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|data| Ok(Frame::data(data))))
    }
}

fn says(text: &str) -> Bytes {
    let delta = serde_json::json!({"id": "a", "choices": [{"index": 0, "delta": {"content": text}}]});
    format!("data: {delta}\n\n").into()
}

fuzz_target!(|input: (Vec<String>, Result<Vec<String>, Vec<u8>>)| {
    let (first, second) = input;
    let said = first.concat();
    if said.is_empty() {
        return;
    }
    let second: Vec<Bytes> = match &second {
        Ok(texts) => {
            let end = Bytes::from_static(b"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
            texts.iter().map(|text| says(text)).chain([end]).collect()
        }
        Err(bytes) => vec![Bytes::copy_from_slice(bytes)],
    };
    let answers = [first.iter().map(|text| says(text)).collect(), second];
    let upstream = Upstream(Arc::new(Mutex::new(answers.into())));
    let mut cx = Context::from_waker(Waker::noop());
    let layers = (RecoverLayer::new().on(true).times(1), CommitLayer::new(), MeterLayer::new());
    let mut service = layers.layer(upstream);
    assert!(service.poll_ready(&mut cx).is_ready());
    let ask = Payload::read(r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#).unwrap();
    let mut future = pin!(service.call(Request::new(ask)));
    let Poll::Ready(Ok(response)) = future.as_mut().poll(&mut cx) else { panic!("no answer") };
    let mut body = pin!(response.into_body());
    let mut told = Vec::new();
    loop {
        match body.as_mut().poll_frame(&mut cx) {
            Poll::Ready(Some(Ok(frame))) => told.extend_from_slice(&frame.into_data().expect("there were no trailers")),
            Poll::Ready(Some(Err(error))) => panic!("{error}"),
            Poll::Ready(None) => break,
            Poll::Pending => panic!("nothing to wait for"),
        }
    }
    assert!(told.trim_ascii_end().ends_with(b"[DONE]"), "{}", String::from_utf8_lossy(&told));
    let Ok(told) = String::from_utf8(told) else { return };
    let text: String = told
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line.strip_prefix("data: ")?).ok())
        .filter_map(|chunk| Some(chunk["choices"][0]["delta"]["content"].as_str()?.to_owned()))
        .collect();
    assert!(text.starts_with(&said), "{told}");
});
