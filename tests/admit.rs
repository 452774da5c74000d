//! May this request come in: the reading of its body, and its key.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::task::AtomicWaker;
use futures_util::{FutureExt, StreamExt};
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{Full, StreamBody};
use proptest::prelude::*;
use switchtower::admit::key::KeyLayer;
use switchtower::admit::read::ReadLayer;
use switchtower::{Call, Error, Fault, Kind, Payload, Phase};
use tokio::task::JoinSet;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

// === read: what comes in ===

#[tokio::test(start_paused = true)]
async fn a_body_in_one_piece_is_not_copied() {
    let body = Bytes::from_static(BODY.as_bytes());
    let payload = read(ReadLayer::new(), Full::new(body.clone()))
        .await
        .unwrap();
    assert_eq!(payload.bytes().as_ptr(), body.as_ptr());
    assert_eq!(
        payload.view().model(payload.bytes()).as_deref(),
        Some("a/x")
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_in_pieces_is_put_together() {
    for size in [1, 2, 7, 1000] {
        let payload = read(ReadLayer::new(), chunks(BODY, size)).await.unwrap();
        assert_eq!(payload.bytes(), BODY, "in pieces of {size}");
    }
}

#[tokio::test(start_paused = true)]
async fn empty_frames_and_trailers_are_no_body() {
    let frames: Vec<Result<_, Infallible>> = vec![
        Ok(Frame::data(Bytes::new())),
        Ok(Frame::data(Bytes::from_static(BODY.as_bytes()))),
        Ok(Frame::data(Bytes::new())),
        Ok(Frame::trailers(HeaderMap::new())),
    ];
    let body = StreamBody::new(stream::iter(frames));
    assert_eq!(read(ReadLayer::new(), body).await.unwrap().bytes(), BODY);
}

#[tokio::test(start_paused = true)]
async fn any_content_type_or_none_comes_in() {
    for kind in [
        None,
        Some("application/json"),
        // What a bare `curl -d` says.
        Some("application/x-www-form-urlencoded"),
        Some("text/plain; charset=utf-8"),
        Some("nonsense"),
    ] {
        let mut request = Request::new(Full::<Bytes>::from(BODY));
        if let Some(kind) = kind {
            let kind = kind.parse().unwrap();
            request.headers_mut().insert("content-type", kind);
        }
        let service = ReadLayer::new().layer(service_fn(echo));
        assert!(service.oneshot(request).await.is_ok(), "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_request_is_a_400_that_names_the_place() {
    for (body, message, param) in [
        ("", "the request body is empty", None),
        ("[]", "must be a JSON object (at byte 0)", None),
        (r#"{"model": "#, "not valid JSON", None),
        (
            r#"{"model":"a/x","stream":1}"#,
            "`stream` must be a boolean or null (at byte 24)",
            Some("stream"),
        ),
        (
            r#"{"model":"a/x","model":"a/y"}"#,
            "`model` is given twice",
            Some("model"),
        ),
    ] {
        let error = read(ReadLayer::new(), Full::<Bytes>::from(body)).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid, "{body}");
        assert_eq!(error.status(), 400);
        assert!(error.message().contains(message), "{body}: {error}");
        assert_eq!(error.param(), param, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_call_begins_with_the_first_byte_and_knows_about_streams() {
    let begun = tokio::time::Instant::now().into_std();
    let slow = delayed(Duration::from_secs(7), r#"{"model":"a/x"}"#);
    let service = ReadLayer::new().layer(service_fn(|request: Request<Payload>| async move {
        Ok::<_, Infallible>(Response::new(
            request.extensions().get::<Call>().unwrap().clone(),
        ))
    }));
    let call = service.clone().oneshot(Request::new(slow)).await.unwrap();
    assert_eq!(call.body().started(), begun);
    assert!(!call.body().is_stream());

    let body = Full::<Bytes>::from(r#"{"model":"a/x","stream":true}"#);
    let call = service.oneshot(Request::new(body)).await.unwrap();
    assert!(call.body().is_stream());
}

// === read: what does not ===

#[tokio::test(start_paused = true)]
async fn a_body_of_a_told_length_is_refused_before_it_is_read() {
    let layer = ReadLayer::new().limit(BODY.len());
    assert!(read(layer, Full::<Bytes>::from(BODY)).await.is_ok());

    let polled = Arc::new(AtomicBool::new(false));
    let body = Told {
        length: BODY.len() as u64 + 1,
        polled: polled.clone(),
    };
    let error = read(layer, body).await.unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge);
    assert_eq!(error.status(), 413);
    assert!(error.message().contains("64 bytes"), "{error}");
    assert!(!polled.load(Relaxed));
}

#[tokio::test(start_paused = true)]
async fn a_body_of_untold_length_is_refused_at_the_limit() {
    let layer = ReadLayer::new().limit(BODY.len());
    assert!(read(layer, chunks(BODY, 10)).await.is_ok());

    // It never ends, and is not read any further than it must be.
    let pulled = Arc::new(AtomicU32::new(0));
    let counter = pulled.clone();
    let endless = stream::repeat_with(move || {
        counter.fetch_add(1, Relaxed);
        Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"0123456789")))
    });
    let error = read(layer, StreamBody::new(endless)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge);
    assert_eq!(pulled.load(Relaxed), 7);
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_is_a_408_counted_as_a_whole() {
    let start = tokio::time::Instant::now();
    let trickle = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Some((
            Ok::<_, Infallible>(Frame::data(Bytes::from_static(b" "))),
            (),
        ))
    });
    let layer = ReadLayer::new().patience(Duration::from_secs(10));
    let error = read(layer, StreamBody::new(trickle)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::SlowRequest);
    assert_eq!(error.status(), 408);
    assert_eq!(error.kind().rule().fault, Fault::Caller);
    assert_eq!(start.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_in_time_comes_in() {
    let layer = ReadLayer::new().patience(Duration::from_secs(10));
    let body = delayed(Duration::from_millis(9_999), BODY);
    assert_eq!(read(layer, body).await.unwrap().bytes(), BODY);
    // The clock is for the body, not for the answer.
    let slow = layer.layer(service_fn(|request: Request<Payload>| async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        echo(request).await
    }));
    let request = Request::new(delayed(Duration::from_secs(5), BODY));
    assert!(slow.oneshot(request).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_is_the_callers_fault() {
    let frames = [
        Ok(Frame::data(Bytes::from_static(b"{\"model\":"))),
        Err(io::Error::from(io::ErrorKind::ConnectionReset)),
    ];
    let error = read(ReadLayer::new(), StreamBody::new(stream::iter(frames))).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert_eq!(error.kind().rule().fault, Fault::Caller);
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.is::<io::Error>());
}

#[tokio::test(start_paused = true)]
async fn a_limit_beyond_what_can_be_told_is_cut() {
    // Places in a body are counted in 32 bits.
    let layer = ReadLayer::new().limit(usize::MAX);
    let body = Told {
        length: u64::from(u32::MAX) + 1,
        polled: Arc::default(),
    };
    assert_eq!(read(layer, body).await.unwrap_err().kind(), Kind::TooLarge);
}

// === read: readiness ===

#[tokio::test(start_paused = true)]
async fn the_inner_service_is_asked_only_once_the_body_is_here() {
    let inner = Gate::default();
    let mut service = ReadLayer::new().layer(inner.clone());
    let mut cx = Context::from_waker(Waker::noop());
    // Always ready, whoever is inside.
    inner.closed.store(true, Relaxed);
    assert!(
        Service::<Request<BoxedBody>>::poll_ready(&mut service, &mut cx).is_ready(),
        "a slow upload holds nothing"
    );
    let mut tasks = JoinSet::new();
    tasks.spawn(service.call(Request::new(delayed(Duration::from_secs(5), BODY))));
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(inner.asked.load(Relaxed), 0);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(inner.asked.load(Relaxed) > 0);
    assert!(tasks.try_join_next().is_none());
    inner.closed.store(false, Relaxed);
    inner.waker.wake();
    assert!(tasks.join_next().await.unwrap().unwrap().is_ok());
}

/// A client that is saturated was waited for beyond the time of the request.
#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_service_beyond_the_time_of_the_request() {
    let inner = Gate::default();
    inner.closed.store(true, Relaxed);
    let service = ReadLayer::new()
        .total(Duration::from_secs(7))
        .layer(inner.clone());
    let began = tokio::time::Instant::now();
    let request = Request::new(delayed(Duration::from_secs(5), BODY));
    let error = service.oneshot(request).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Elapsed(Phase::Total));
    assert_eq!(began.elapsed(), Duration::from_secs(7));
    assert!(inner.asked.load(Relaxed) > 0);
}

/// It was read to its end, and only then was the time over.
#[tokio::test(start_paused = true)]
async fn nobody_reads_a_body_beyond_the_time_of_the_request() {
    let inner = Gate::default();
    let service = ReadLayer::new()
        .total(Duration::from_secs(2))
        .layer(inner.clone());
    let began = tokio::time::Instant::now();
    let request = Request::new(delayed(Duration::from_secs(5), BODY));
    let error = service.oneshot(request).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Elapsed(Phase::Total));
    assert_eq!(began.elapsed(), Duration::from_secs(2));
    assert_eq!(inner.asked.load(Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_refused_body_asks_nobody() {
    let inner = Gate::default();
    let service = ReadLayer::new().layer(inner.clone());
    let request = Request::new(chunks("nonsense", 3));
    assert!(service.oneshot(request).await.is_err());
    assert_eq!(inner.asked.load(Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn errors_of_ours_pass_through_as_they_are() {
    let service = ReadLayer::new().layer(service_fn(|_: Request<Payload>| async {
        Err::<Response<()>, _>(Error::new(Kind::PaymentRequired, "no"))
    }));
    let request = Request::new(Full::<Bytes>::from(BODY));
    let error = service.oneshot(request).await.unwrap_err();
    assert_eq!(error.kind(), Kind::PaymentRequired);
    assert!(std::error::Error::source(&error).is_none());
}

#[test]
fn a_payload_is_a_body_that_can_be_sent_again() {
    let payload = Payload::read(BODY).unwrap();
    for _ in 0..2 {
        let mut sent = payload.clone();
        assert_eq!(
            http_body::Body::size_hint(&sent).exact(),
            Some(BODY.len() as u64)
        );
        let collected = http_body_util::BodyExt::frame(&mut sent)
            .now_or_never()
            .unwrap();
        assert_eq!(collected.unwrap().unwrap().into_data().unwrap(), BODY);
        assert!(http_body::Body::is_end_stream(&sent));
        assert_eq!(http_body::Body::size_hint(&sent).exact(), Some(0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However the body is cut, it is read as if it had come in one piece.
    #[test]
    fn the_cut_does_not_matter(cuts in prop::collection::vec(0..BODY.len(), 0..8), end in 0..=BODY.len()) {
        let text = &BODY.as_bytes()[..end];
        let mut cuts: Vec<_> = cuts.into_iter().filter(|cut| *cut < end).collect();
        cuts.sort_unstable();
        let ends = cuts.iter().copied().chain([end]);
        let mut at = 0;
        let frames: Vec<_> = ends.map(|to| {
            let piece = Bytes::from_static(&BODY.as_bytes()[at..to]);
            at = to;
            Ok::<_, Infallible>(Frame::data(piece))
        }).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let cut = runtime.block_on(read(ReadLayer::new(), StreamBody::new(stream::iter(frames))));
        match (cut, Payload::read(Bytes::from_static(text))) {
            (Ok(cut), Ok(whole)) => prop_assert_eq!(cut.bytes(), whole.bytes()),
            (Err(cut), Err(whole)) => prop_assert_eq!(cut.message(), whole.message()),
            (cut, whole) => prop_assert!(false, "{:?} {:?}", cut, whole),
        }
    }
}

// === key ===

#[test]
fn the_right_key_comes_in_however_it_is_sent() {
    let keys = KeyLayer::new(["sk-one", "sk-two"]);
    for (name, value) in [
        ("authorization", "Bearer sk-one"),
        ("authorization", "bearer sk-two"),
        ("authorization", "BEARER sk-one"),
        ("authorization", "Bearer   sk-one "),
        ("x-api-key", "sk-two"),
    ] {
        assert!(
            keys.check(&headers(&[(name, value)]), UNIX_EPOCH).is_ok(),
            "{name}: {value}"
        );
    }
    // Neither someone else's scheme nor an empty one hides the key that is there.
    for other in ["Basic dTpw", "Bearer ", ""] {
        let both = headers(&[("authorization", other), ("x-api-key", "sk-one")]);
        assert!(keys.check(&both, UNIX_EPOCH).is_ok(), "{other}");
    }
}

#[test]
fn a_missing_key_and_a_wrong_one_are_401() {
    let keys = KeyLayer::new(["sk-one"]);
    for (sent, missing) in [
        (vec![], true),
        (vec![("authorization", "")], true),
        (vec![("authorization", "Bearer ")], true),
        (vec![("authorization", "sk-one")], true),
        (vec![("authorization", "Basic sk-one")], true),
        (vec![("x-api-key", "")], true),
        // Of two, nobody knows which a proxy in front has believed.
        (vec![("x-api-key", "sk-one"), ("x-api-key", "wrong")], true),
        (vec![("authorization", "Bearer sk-on")], false),
        (vec![("authorization", "Bearer sk-onee")], false),
        (vec![("authorization", "Bearer SK-ONE")], false),
        (vec![("authorization", "Bearer sk-one sk-one")], false),
        (vec![("x-api-key", "Bearer sk-one")], false),
        // The bearer counts, when there are both.
        (
            vec![("authorization", "Bearer wrong"), ("x-api-key", "sk-one")],
            false,
        ),
    ] {
        let error = keys.check(&headers(&sent), UNIX_EPOCH).unwrap_err();
        assert_eq!(error.kind(), Kind::Unauthorized, "{sent:?}");
        assert_eq!(error.status(), 401);
        let says_missing = error.message().starts_with("Missing");
        assert_eq!(says_missing, missing, "{sent:?}: {error}");
        assert!(!error.message().contains("sk-"), "{error}");
    }
}

#[test]
fn nobody_comes_in_without_a_key_to_compare_with() {
    for keys in [vec![], vec![""]] {
        let keys = KeyLayer::new(keys);
        for value in ["Bearer ", "Bearer x"] {
            assert!(
                keys.check(&headers(&[("authorization", value)]), UNIX_EPOCH)
                    .is_err()
            );
        }
    }
}

#[test]
fn no_key_is_ever_shown() {
    let layer = KeyLayer::new(["sk-or-v1-secret"]);
    let service = layer.layer(());
    for shown in [format!("{layer:?}"), format!("{service:?}")] {
        assert!(!shown.contains("secret"), "{shown}");
        assert!(shown.contains('1'), "how many there are: {shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_does_not_reach_the_inner_service() {
    let called = Arc::new(AtomicU32::new(0));
    let counter = called.clone();
    let service = ServiceBuilder::new()
        .layer(KeyLayer::new(["sk-one"]))
        .service(service_fn(move |_: Request<()>| {
            counter.fetch_add(1, Relaxed);
            async { Ok::<_, Infallible>(Response::new(())) }
        }));
    let error = service.clone().oneshot(Request::new(())).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthorized);
    assert_eq!(called.load(Relaxed), 0);
    let request = Request::builder().header("x-api-key", "sk-one");
    assert!(service.oneshot(request.body(()).unwrap()).await.is_ok());
    assert_eq!(called.load(Relaxed), 1);
}

// === Helpers ===

const BODY: &str = r#"{"model":"a/x","messages":[{"role":"user","content":"Grüße"}]}"#;

type BoxedBody = StreamBody<BoxStream<'static, Result<Frame<Bytes>, Infallible>>>;

async fn read<B>(layer: ReadLayer, body: B) -> Result<Payload, Error>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<switchtower::BoxError>,
{
    let service = layer.layer(service_fn(echo));
    let response = service.oneshot(Request::new(body)).await?;
    Ok(response.into_body())
}

async fn echo(request: Request<Payload>) -> Result<Response<Payload>, Infallible> {
    Ok(Response::new(request.into_body()))
}

fn chunks(text: &str, size: usize) -> BoxedBody {
    let pieces: Vec<_> = text
        .as_bytes()
        .chunks(size)
        .map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece))))
        .collect();
    StreamBody::new(stream::iter(pieces).boxed())
}

fn delayed(wait: Duration, text: &'static str) -> BoxedBody {
    let late = async move {
        tokio::time::sleep(wait).await;
        Ok(Frame::data(Bytes::from_static(text.as_bytes())))
    };
    StreamBody::new(late.into_stream().boxed())
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| {
            (
                http::HeaderName::from_static(name),
                value.parse::<http::HeaderValue>().unwrap(),
            )
        })
        .collect()
}

/// A body that tells its length, as one with a `Content-Length` does.
struct Told {
    length: u64,
    polled: Arc<AtomicBool>,
}

impl http_body::Body for Told {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.polled.store(true, Relaxed);
        Poll::Ready(None)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.length)
    }
}

/// A service that is ready when it is told to be, and counts how often it was asked.
#[derive(Clone, Default)]
struct Gate {
    closed: Arc<AtomicBool>,
    asked: Arc<AtomicU32>,
    waker: Arc<AtomicWaker>,
}

impl Service<Request<Payload>> for Gate {
    type Response = Response<Payload>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Payload>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.asked.fetch_add(1, Relaxed);
        if !self.closed.load(Relaxed) {
            return Poll::Ready(Ok(()));
        }
        self.waker.register(cx.waker());
        Poll::Pending
    }

    fn call(&mut self, request: Request<Payload>) -> Self::Future {
        std::future::ready(Ok(Response::new(request.into_body())))
    }
}
