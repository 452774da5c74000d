//! The "provider fallback wrapper" that people write by hand, around hyper-util's client: fallback,
//! retry, deadlines and cost. `cargo run --example hyper` needs no network.

use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use switchtower::catalog::Catalog;
use switchtower::testing::{Failure, Script, Upstream};
use switchtower::{BoxError, Call, Stack, client};
use tower::ServiceExt;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (acme, beta) = (Upstream::start().await, Upstream::start().await);
    acme.script(Script::fail(Failure::overloaded())); // the cheaper one is down today

    let catalog = Catalog::from_toml(&catalog(&acme, &beta), "example.toml", |_| None)?;
    let stack = Stack::new(Arc::new(catalog)).seed(1);
    let service = stack.around(client::hyper::plain());

    let body = r#"{"model":"swift","messages":[{"role":"user","content":"hi"}]}"#;
    let request = http::Request::post("/v1/chat/completions").body(Full::from(body))?;
    let response = service.oneshot(request).await?;

    let call = response
        .extensions()
        .get::<Call>()
        .expect("the stack puts it there")
        .clone();
    println!(
        "{}",
        String::from_utf8_lossy(&response.into_body().collect().await?.to_bytes())
    );
    for attempt in call.attempts() {
        let provider = attempt
            .candidate()
            .map(|candidate| candidate.endpoint.tag());
        println!(
            "{:?}: {:?}",
            provider.unwrap_or("-"),
            attempt.ended().map(|(end, _)| end)
        );
    }
    println!("charged: {} picodollars", stack.ledger().totals().charged);
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
