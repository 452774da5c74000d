//! The whole meter body: any answer in any frames ends, gives what it gives uncut, and never a part of an
//! event.
#![no_main]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use libfuzzer_sys::fuzz_target;
use switchtower::meter::MeterLayer;
use switchtower::{Call, Kind, Payload};
use tower_layer::Layer;
use tower_service::Service;

#[derive(Clone)]
struct Upstream(VecDeque<Bytes>, bool);

struct Frames(VecDeque<Bytes>);

impl Service<Request<Payload>> for Upstream {
    type Response = Response<Frames>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Frames>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Payload>) -> Self::Future {
        let kind = if self.1 { "text/event-stream" } else { "application/json" };
        let response = Response::builder().header("content-type", kind);
        ready(Ok(response.body(Frames(self.0.clone())).unwrap()))
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|data| Ok(Frame::data(data))))
    }
}

/// What came out, how it ended, and what was counted on the way.
fn run(frames: VecDeque<Bytes>, stream: bool) -> (Vec<u8>, Option<Kind>, u32, u64) {
    let mut cx = Context::from_waker(Waker::noop());
    let mut service = MeterLayer::new().layer(Upstream(frames, stream));
    assert!(service.poll_ready(&mut cx).is_ready());
    let mut future = pin!(service.call(Request::new(Payload::default())));
    let Poll::Ready(Ok(response)) = future.as_mut().poll(&mut cx) else { panic!("no answer") };
    let attempt = response.extensions().get::<Call>().unwrap().last().unwrap();
    let mut body = pin!(response.into_body());
    let (mut out, mut error) = (Vec::new(), None);
    loop {
        match body.as_mut().poll_frame(&mut cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let data = frame.into_data().expect("there were no trailers");
                assert!(!data.is_empty() || !stream);
                out.extend_from_slice(&data);
            }
            Poll::Ready(Some(Err(broken))) => error = Some(broken.kind()),
            Poll::Ready(None) => break,
            Poll::Pending => panic!("nothing to wait for"),
        }
    }
    assert!(attempt.ended().is_some());
    (out, error, attempt.content_events(), attempt.content_bytes())
}

fuzz_target!(|input: (Vec<u8>, Vec<u8>, bool)| {
    let (answer, cuts, stream) = input;
    let whole = Bytes::from(answer);
    let (mut rest, mut frames) = (whole.clone(), VecDeque::new());
    for cut in cuts {
        frames.push_back(rest.split_to(usize::from(cut).min(rest.len())));
    }
    frames.push_back(rest);
    let (cut, uncut) = (run(frames, stream), run([whole].into(), stream));
    assert_eq!(cut.1, uncut.1, "the same end");
    assert_eq!((cut.2, cut.3), (uncut.2, uncut.3), "the same content");
    let lines = |out: &[u8]| String::from_utf8_lossy(out).replace("\r\n", "\n").replace('\r', "\n");
    assert_eq!(lines(&cut.0), lines(&uncut.0), "the same bytes");
});
