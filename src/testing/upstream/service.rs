use std::{convert::Infallible, future::pending, sync::Arc};

use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use tokio::time::{Instant, sleep};

use super::{
    Ending, Seen,
    account::Account,
    asked::Asked,
    body::Playback,
    line::{Fault, Signals},
    plain,
    reply::Reply,
    route::Route,
    state::State,
    step::Step,
};

/// Answers one call.
pub(super) async fn answer(
    state: Arc<State>,
    signals: Arc<Signals>,
    request: Request<Incoming>,
) -> Result<Response<Playback>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, state.max_body).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(plain::too_large()),
        // The client left before it had asked for anything.
        Err(_) => pending().await,
    };
    let began = Instant::now();
    let mut seen = Seen {
        number: 0,
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
        body: body.clone().unwrap_or_default(),
        began: began.into_std(),
        ending: None,
    };
    let mut account = state.begin(&mut seen, began);
    let reply = match body {
        Ok(_) => reply_to(&state, &seen),
        Err(failure) => Reply::failure(&failure),
    };
    for step in reply.before {
        play(step, &signals, &mut account).await;
    }
    let body = Playback::new(reply.steps, reply.length, signals, account);
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    let id = HeaderValue::try_from(format!("req_{}_{}", state.seed, seen.number));
    let id = id.expect("digits make a header value");
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-request-id"), id);
    Ok(response)
}

fn reply_to(state: &State, seen: &Seen) -> Reply {
    let route = Route::of(&seen.method, seen.path());
    match route {
        Route::Models => Reply::json(plain::models(&state.models, &state.name), None),
        Route::Unknown => Reply::failure(&plain::unknown(&seen.method, seen.path())),
        Route::Chat | Route::Completions | Route::Embeddings => match seen.json() {
            Some(body) => {
                let script = state.script_for(seen);
                Reply::new(script, route, &Asked::read(&body), seen.number, state.seed)
            }
            None => Reply::failure(&plain::not_json()),
        },
    }
}

/// Plays a step that comes before the headers.
async fn play(step: Step, signals: &Signals, account: &mut Account) {
    match step {
        Step::Wait(wait) => sleep(wait).await,
        Step::Stall => pending().await,
        Step::Cut => halt(Fault::Cut, Ending::Cut, signals, account).await,
        Step::Reset => halt(Fault::Reset, Ending::Reset, signals, account).await,
        Step::Send(_) | Step::Breathe | Step::Stop => {}
    }
}

async fn halt(fault: Fault, ending: Ending, signals: &Signals, account: &mut Account) {
    signals.ask(fault);
    account.book(ending);
    pending().await
}
