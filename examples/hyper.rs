//! The "provider fallback wrapper" that people write by hand, around hyper-util's client: fallback, retry,
//! deadlines and what it cost. `cargo run --example hyper` needs no network.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use switchtower::catalog::Catalog;
use switchtower::dispatch::deadline::Deadlines;
use switchtower::testing::{Failure, Script, Upstream};
use switchtower::{BoxError, Stack, client};
use tower::ServiceExt;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // Two providers on this machine; the cheaper one is down today.
    let (acme, beta) = (Upstream::start().await, Upstream::start().await);
    acme.script(Script::fail(Failure::overloaded()));
    let catalog = include_str!("catalog.toml")
        .replace("{acme}", &acme.base_url().to_string())
        .replace("{beta}", &beta.base_url().to_string());
    let catalog = Catalog::from_toml(&catalog, "catalog.toml", |_| None)?;

    // The wrapper. What goes in is a request as OpenAI's API takes it, with the model's name in the catalogue;
    // which provider is asked, where, with which key, how often and for how long, is the stack's business.
    let deadlines = Deadlines {
        total: Duration::from_secs(90),
        ..Deadlines::default()
    };
    let stack = Stack::new(Arc::new(catalog)).deadlines(deadlines);
    let service = stack.around(client::hyper::plain());

    let ask = r#"{"model": "swift", "messages": [{"role": "user", "content": "hi"}],
                  "provider": {"sort": "price"}}"#;
    let request = http::Request::post("/v1/chat/completions").body(ask.to_owned())?;
    let response = service.oneshot(request).await?;
    let answer = response.into_body().collect().await?.to_bytes();
    println!("{}", String::from_utf8_lossy(&answer));

    // The record is written when the body has ended.
    let record = &stack.ledger().records()[0];
    for attempt in &record.attempts {
        println!("{:?}: {:?}", attempt.tag(), attempt.end);
    }
    let charge = record.charge.map(|usd| format!("{usd} USD"));
    println!("charged: {}", charge.as_deref().unwrap_or("nobody knows"));
    Ok(())
}
