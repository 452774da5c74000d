//! A gateway of one's own: an axum application, three layers of ours, and one of its own, which knows without
//! any catalogue where each model is. `cargo run --example custom_gateway` needs no network.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::error_handling::HandleError;
use axum::routing::get;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, Uri};
use switchtower::admit::read::ReadLayer;
use switchtower::dispatch::retry::RetryLayer;
use switchtower::meter::MeterLayer;
use switchtower::testing::{Failure, Script, Upstream};
use switchtower::{BoxError, Early, Error, Kind, Payload, client};
use tower::layer::layer_fn;
use tower::{Service, ServiceBuilder};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let acme = Upstream::start().await;
    acme.next(Script::fail(Failure::rate_limited()).retry_after(Duration::from_millis(100)));
    let chat: Uri = format!("{}/chat/completions", acme.base_url()).parse()?;

    let routes = Arc::new(BTreeMap::from([("swift", chat)]));
    let route = layer_fn(|inner| {
        let routes = routes.clone();
        Route { inner, routes }
    });
    // From the outside in, as a request meets them. Without `CommitLayer` an answer is passed on as it comes: what
    // breaks after the headers is not asked again, which this gateway leaves to its callers.
    let service = ServiceBuilder::new()
        .layer(ReadLayer::new()) // ours: from here on the body is a `Payload`, read and replayable
        .layer(route) // its own: where to, and with which key
        .layer(RetryLayer::new()) // ours: again, after a backoff or what `Retry-After` says
        .layer(MeterLayer::new()) // ours: a 429 becomes an error, for `RetryLayer` to see
        .service(client::hyper::plain());

    // A route must always answer; an `Error` knows its status.
    let refuse = |error: Error| async move { (error.status(), error.message().to_owned()) };
    let app = Router::new()
        .route("/health", get("fine"))
        .route_service("/v1/chat/completions", HandleError::new(service, refuse));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let at = format!("http://{}", listener.local_addr()?);
    let server = axum::serve(listener, app).into_future();

    let ask = async {
        let http = reqwest::Client::new();
        for model in ["swift", "slow"] {
            let ask = format!(
                r#"{{"model": "{model}", "messages": [{{"role": "user", "content": "hi"}}]}}"#
            );
            let answer = http
                .post(format!("{at}/v1/chat/completions"))
                .body(ask)
                .send()
                .await?;
            println!("{model}: {} after {} calls", answer.status(), acme.calls());
            println!("{}", answer.text().await?);
        }
        Ok::<_, BoxError>(())
    };
    tokio::select! { asked = ask => asked, served = server => Ok(served?) }
}

/// Sends each model's requests to its URL. Inside `ReadLayer`, since it looks into the body.
#[derive(Clone)]
struct Route<S> {
    inner: S,
    routes: Arc<BTreeMap<&'static str, Uri>>,
}

impl<S> Service<Request<Payload>> for Route<S>
where
    S: Service<Request<Payload>> + Clone,
    S::Error: Into<BoxError> + 'static,
{
    type Response = S::Response;
    type Error = Error;
    /// Refused at once, or what the service inside makes of it.
    type Future = Early<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_inner)
    }

    fn call(&mut self, mut request: Request<Payload>) -> Self::Future {
        let payload = request.body();
        let model = payload.view().model(payload.bytes());
        let Some(to) = model.and_then(|model| self.routes.get(&*model)) else {
            // What the ready one has reserved goes with it: nobody is asked.
            self.inner = self.inner.clone();
            return Early::refuse(Error::new(Kind::UnknownModel, "nobody here has this model"));
        };
        *request.uri_mut() = to.clone();
        // Of the caller's headers none goes on: neither its key, nor the `host` that is ours.
        let headers = request.headers_mut();
        headers.clear();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let key = HeaderValue::from_static("Bearer sk-of-the-application");
        headers.insert(AUTHORIZATION, key);
        Early::Admitted(self.inner.call(request))
    }
}
