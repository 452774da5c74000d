//! The stack around reqwest, streaming: the first provider dies before its first word, and the caller sees
//! nothing of it. `cargo run --example reqwest` needs no network.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use switchtower::catalog::Catalog;
use switchtower::dispatch::deadline::Deadlines;
use switchtower::testing::{Point, Script, Upstream};
use switchtower::{BoxError, Stack, client::Reqwest};
use tower::ServiceExt;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (acme, beta) = (Upstream::start().await, Upstream::start().await);
    acme.script(Script::new().cut(Point::After(0))); // a 200, a role, and then the line goes dead
    let catalog = include_str!("catalog.toml")
        .replace("{acme}", &acme.base_url().to_string())
        .replace("{beta}", &beta.base_url().to_string());
    let catalog = Catalog::from_toml(&catalog, "catalog.toml", |_| None)?;

    // The client times how long it takes to connect, and nothing else: its `timeout` would cut long streams.
    // The stack times what comes after, token by token.
    let connect = Duration::from_secs(5);
    let http = reqwest::Client::builder().connect_timeout(connect);
    // A redirect would take a provider's key along.
    let http = http.redirect(reqwest::redirect::Policy::none());
    let deadlines = Deadlines {
        first_token: Duration::from_secs(20),
        ..Deadlines::default()
    };
    let stack = Stack::new(Arc::new(catalog)).deadlines(deadlines);
    let service = stack.around(Reqwest::new(http.build()?));

    let ask = r#"{"model": "swift", "messages": [{"role": "user", "content": "hi"}],
                  "provider": {"sort": "price"}, "stream": true}"#;
    let request = http::Request::post("/v1/chat/completions").body(ask.to_owned())?;
    let mut answer = service.oneshot(request).await?.into_body();
    while let Some(frame) = answer.frame().await {
        std::io::stdout().write_all(&frame?.into_data().unwrap_or_default())?;
    }

    for attempt in &stack.ledger().records()[0].attempts {
        println!("{:?}: {:?}, {:?}", attempt.tag(), attempt.end, attempt.cost);
    }
    Ok(())
}
