//! The same around reqwest, streaming: the first provider dies before its first word, the caller sees
//! nothing of it. `cargo run --example reqwest` needs no network.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use switchtower::catalog::Catalog;
use switchtower::client::Reqwest;
use switchtower::dispatch::deadline::Deadlines;
use switchtower::testing::{Point, Script, Upstream};
use switchtower::{BoxError, Stack};
use tower::ServiceExt;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (acme, beta) = (Upstream::start().await, Upstream::start().await);
    acme.script(Script::new().cut(Point::After(0))); // a 200, a role, and then the line goes dead

    // No timeout but this: what comes after it is timed by the stack, token by token.
    let client = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .build()?;
    let catalog = Catalog::from_toml(&catalog(&acme, &beta), "example.toml", |_| None)?;
    let deadlines = Deadlines {
        first_token: Duration::from_secs(20),
        ..Deadlines::default()
    };
    let stack = Stack::new(Arc::new(catalog)).deadlines(deadlines).seed(1);
    let service = stack.around(Reqwest::new(client));

    let body = r#"{"model":"swift","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let request = http::Request::post("/v1/chat/completions").body(Full::from(body))?;
    let mut answer = service.oneshot(request).await?.into_body();
    while let Some(frame) = answer.frame().await {
        if let Ok(event) = frame?.into_data() {
            std::io::stdout().write_all(&event)?;
        }
    }
    for attempt in &stack.ledger().records()[0].attempts {
        println!(
            "{:?} at {:?}: {:?}",
            attempt.end,
            attempt.provider(),
            attempt.cost
        );
    }
    Ok(())
}

fn catalog(acme: &Upstream, beta: &Upstream) -> String {
    format!(
        r#"
        providers.acme.base_url = "{}"
        providers.beta.base_url = "{}"
        [[models.swift.endpoints]]
        provider = "acme"
        model = "swift-2"
        prices = {{ prompt = "0.10", completion = "0.40" }}
        [[models.swift.endpoints]]
        provider = "beta"
        model = "swift-2"
        prices = {{ prompt = "1.00", completion = "4.00" }}
        "#,
        acme.base_url(),
        beta.base_url()
    )
}
