use std::fmt::Write;
use std::sync::Arc;

use http::Request;
use switchtower::catalog::Catalog;
use switchtower::settle::MemoryLedger;
use switchtower::standing::Breaker;
use switchtower::{Call, Chain, Error, Kind, Phase, Stack};
use tower::{Service, ServiceExt};

use crate::flow::{self, Answer, Client, Step, catalog, event, role};

pub(crate) type Answered = <Chain<Client> as Service<Request<String>>>::Response;

/// One endpoint: its model, its provider, its context.
pub(crate) type Place<'a> = (&'a str, &'a str, Option<u64>);

/// These endpoints, in their order; `extra` is said of every model.
pub(crate) fn places(places: &[Place<'_>], extra: &str) -> Arc<Catalog> {
    let mut toml = String::new();
    let mut told = Vec::new();
    for (_, provider, _) in places {
        if !told.contains(provider) {
            told.push(provider);
            let _ = writeln!(
                toml,
                "[providers.{provider}]\nbase_url = 'http://{provider}.test'\nkey_env = 'KEY'"
            );
        }
    }
    let mut models: Vec<_> = places.iter().map(|(model, ..)| *model).collect();
    models.dedup();
    for model in models {
        let _ = writeln!(toml, "[models.{model}]\nstrategy = 'listed'\n{extra}");
        for (_, provider, context) in places.iter().filter(|place| place.0 == model) {
            let _ = writeln!(
                toml,
                "[[models.{model}.endpoints]]\nprovider = '{provider}'\nmodel = '{model}'"
            );
            if let Some(context) = context {
                let _ = writeln!(toml, "context_length = {context}");
            }
        }
    }
    catalog(&toml)
}

/// Two endpoints of `a`, then two of `b`.
pub(crate) fn four(extra: &str) -> Arc<Catalog> {
    let place = |model, provider| (model, provider, None);
    let four = [
        place("a", "one"),
        place("a", "two"),
        place("b", "three"),
        place("b", "four"),
    ];
    places(&four, extra)
}

pub(crate) fn body(models: &[&str], stream: bool) -> String {
    serde_json::json!({"models": models, "stream": stream, "prompt": "hi"}).to_string()
}

/// The whole chain, which leaves nobody alone.
pub(crate) fn stack(catalog: Arc<Catalog>) -> Stack {
    Stack::new(catalog)
        .seed(1)
        .breaker(Breaker::never())
        .with_ledger(MemoryLedger::new(100))
}

pub(crate) async fn ask(
    stack: &Stack,
    client: &Client,
    body: String,
) -> (Result<Answered, Error>, Call) {
    let call = flow::call();
    let mut request = Request::post("/v1/completions").body(body).unwrap();
    request.extensions_mut().insert(call.clone());
    (stack.around(client.clone()).oneshot(request).await, call)
}

/// An answer that fails like this.
pub(crate) fn failing(kind: Kind) -> Answer {
    use std::io::ErrorKind::{ConnectionRefused, ConnectionReset};
    let coded = |status, code| {
        Answer::status(
            status,
            &format!(r#"{{"error":{{"code":"{code}","message":"no"}}}}"#),
        )
    };
    match kind {
        Kind::Refused => Answer::status(422, "{}"),
        Kind::ContentPolicy => coded(400, "content_filter"),
        Kind::ContextTooLong => coded(400, "context_length_exceeded"),
        Kind::UpstreamAuth => Answer::status(401, "{}"),
        Kind::QuotaExhausted => Answer::status(402, "{}"),
        Kind::RateLimited => Answer::status(429, "{}"),
        Kind::ModelMissing => Answer::status(404, "{}"),
        Kind::Overloaded => Answer::status(503, "{}"),
        Kind::Unavailable => Answer::status(500, "{}"),
        Kind::Truncated => Answer::sse([role()]),
        Kind::Malformed => Answer::sse([event("{no")]),
        Kind::Connect => Answer::refuse(ConnectionRefused),
        Kind::Disconnected => Answer::refuse(ConnectionReset),
        Kind::Elapsed(Phase::Headers) => Answer::silence(),
        Kind::Elapsed(_) => Answer::sse([role()]).then(Step::Hang),
        other => unreachable!("no upstream says {other:?}"),
    }
}

/// All that an upstream can do wrong before its first token.
pub(crate) const FAILURES: [Kind; 15] = [
    Kind::Refused,
    Kind::ContentPolicy,
    Kind::ContextTooLong,
    Kind::UpstreamAuth,
    Kind::QuotaExhausted,
    Kind::RateLimited,
    Kind::ModelMissing,
    Kind::Overloaded,
    Kind::Unavailable,
    Kind::Truncated,
    Kind::Malformed,
    Kind::Connect,
    Kind::Disconnected,
    Kind::Elapsed(Phase::Headers),
    Kind::Elapsed(Phase::FirstToken),
];
