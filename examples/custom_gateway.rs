//! A gateway of one's own: an application's layers and four of ours in one `ServiceBuilder`, without a
//! catalogue. `cargo run --example custom_gateway` needs no network.

use std::time::Duration;

use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use switchtower::admit::read::ReadLayer;
use switchtower::client::hyper::plain;
use switchtower::dispatch::deadline::{DeadlineLayer, Deadlines};
use switchtower::dispatch::retry::RetryLayer;
use switchtower::meter::MeterLayer;
use switchtower::testing::{Failure, Script, Upstream};
use switchtower::{BoxError, Payload};
use tower::{ServiceBuilder, ServiceExt};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let upstream = Upstream::start().await;
    upstream.next(Script::fail(Failure::rate_limited()).retry_after(Duration::from_millis(100)));
    let to: Uri = format!("{}/chat/completions", upstream.base_url()).parse()?;

    let deadlines = Deadlines {
        headers: Duration::from_secs(5),
        ..Deadlines::default()
    };
    let service = ServiceBuilder::new()
        // The application's own: whatever Tower has.
        .concurrency_limit(100)
        .layer(ReadLayer::new().limit(1 << 20))
        // Ours: the same provider again, but not too often and not too long.
        .layer(RetryLayer::new().retries(3))
        .layer(DeadlineLayer::new(deadlines))
        .layer(MeterLayer::new())
        // The application's own again: where to, and with which key.
        .map_request(move |mut request: Request<Payload>| {
            *request.uri_mut() = to.clone();
            let key = HeaderValue::from_static("Bearer sk-of-the-application");
            request.headers_mut().insert("authorization", key);
            request
        })
        .service(plain());

    let body = r#"{"model":"swift-2","messages":[{"role":"user","content":"hi"}]}"#;
    let request = Request::post("/").body(Full::<bytes::Bytes>::from(body))?;
    let response: Response<_> = service.oneshot(request).await?;
    println!("{} after {} calls", response.status(), upstream.calls());
    let answer = response.into_body().collect().await?.to_bytes();
    println!("{}", String::from_utf8_lossy(&answer));
    Ok(())
}
