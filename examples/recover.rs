//! A provider hangs up in the middle of its answer, and the caller does not notice. `cargo run --example recover`
//! needs no network.

use std::io::Write;
use std::sync::Arc;

use http_body_util::BodyExt;
use switchtower::catalog::Catalog;
use switchtower::dispatch::recover::RecoverLayer;
use switchtower::testing::{Point, Script, Upstream};
use switchtower::{BoxError, Stack, client};
use tower::ServiceExt;

const ANSWER: &str =
    "The sea is calm tonight. The tide is full, the moon lies fair upon the straits.";

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (acme, beta) = (Upstream::start().await, Upstream::start().await);
    acme.script(Script::new().text(ANSWER).cut(Point::After(6)));
    beta.script(Script::new().text(ANSWER));
    let catalog = include_str!("catalog.toml")
        .replace("{acme}", &acme.base_url().to_string())
        .replace("{beta}", &beta.base_url().to_string());
    let catalog = Catalog::from_toml(&catalog, "catalog.toml", |_| None)?;

    let stack = Stack::new(Arc::new(catalog)).recover(RecoverLayer::new().on(true));
    let ask = r#"{"model": "swift", "stream": true, "provider": {"order": ["acme", "beta"]},
                  "messages": [{"role": "user", "content": "How does Dover Beach begin?"}]}"#;
    let ask = http::Request::post("/v1/chat/completions").body(ask.to_owned())?;
    let answer = stack.around(client::hyper::plain()).oneshot(ask).await?;
    let mut body = answer.into_body();
    while let Some(frame) = body.frame().await {
        let event = frame?.into_data().unwrap_or_default();
        std::io::stdout().write_all(&event)?;
    }
    for attempt in &stack.ledger().records()[0].attempts {
        println!("{:?}: {:?}", attempt.tag().unwrap_or("-"), attempt.end);
    }
    Ok(())
}
