//! `POST /chat/completions`, `/completions`, `/embeddings`: one way for all.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use axum::body::Body;
use axum::extract::{Request, State};
use http::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use tower::ServiceExt;

use super::closing::Closing;
use super::refuse;
use super::retell;
use super::router::Door;
use crate::call::Call;
use crate::clock::{now, wall};
use crate::error::Error;
use crate::wire::headers::is_event_stream;

const GENERATION_ID: HeaderName = HeaderName::from_static("x-generation-id");

pub(super) async fn model(State(door): State<Door>, mut request: Request) -> Response<Body> {
    if let Err(error) = door.gateway.keys.check(request.headers()) {
        return refuse::response(&error, door.dialect, None);
    }
    // Minted before anything is asked, so that a failure has a name as well, in the log at least.
    let call = Call::new(now(), wall(), fastrand::u64(..));
    call.set_dialect(door.dialect);
    let closing = request.extensions_mut().remove::<Closing>();
    request.extensions_mut().insert(call.clone());
    let asked = door.gateway.chat.clone().oneshot(request);
    let mut response = match until_closed(asked, closing.as_ref(), &call).await {
        Ok(response) => answer(response, &door, &call, closing).await,
        Err(error) => refuse::response(&error, door.dialect, Some(&call)),
    };
    let id = HeaderValue::from_str(call.id().as_str()).expect("letters, digits and dashes");
    response.headers_mut().insert(GENERATION_ID, id);
    response
}

/// What the stack says, unless the grace of a shutdown is over first.
async fn until_closed<T>(
    asked: impl Future<Output = Result<T, Error>>,
    closing: Option<&Closing>,
    call: &Call,
) -> Result<T, Error> {
    let mut asked = pin!(asked);
    poll_fn(|cx| match asked.as_mut().poll(cx) {
        Poll::Pending if closing.is_some_and(Closing::is_over) => {
            Poll::Ready(Err(Closing::end(call)))
        }
        answered => answered,
    })
    .await
}

/// An answer in the caller's protocol. Nothing of the upstream's headers goes on but the content type.
async fn answer(
    response: Response<Body>,
    door: &Door,
    call: &Call,
    closing: Option<Closing>,
) -> Response<Body> {
    let ledger = &door.gateway.ledger;
    if is_event_stream(response.headers()) {
        let body = retell::Stream::new(response.into_body(), ledger.clone(), call.clone(), closing);
        let mut response = Response::new(Body::new(body));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        return response;
    }
    match retell::whole(response.into_body(), ledger, call).await {
        Ok(json) => {
            let mut response = Response::new(Body::from(json));
            let kind = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        Err(error) => refuse::response(&Error::from_inner(error), door.dialect, Some(call)),
    }
}
