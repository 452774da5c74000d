//! gRPC on both sides: a tonic service whose handlers ask the stack, and layers of ours around the tonic
//! channel of its client. `cargo run --example tonic` needs no network and no `protoc`.
//!
//! `service.rs` is the service, `status.rs` the table kind → gRPC code, `chat.rs` is made of `chat.proto`.

#[rustfmt::skip]
#[allow(clippy::all, unreachable_pub)]
mod chat;
mod service;
mod status;

use std::future::ready;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use http_body_util::BodyExt;
use switchtower::admit::key::KeyLayer;
use switchtower::catalog::Catalog;
use switchtower::dispatch::deadline::{DeadlineLayer, Deadlines};
use switchtower::testing::{Failure, Point, Script, Upstream};
use switchtower::{BoxError, Stack, client};
use tonic::body::Body;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tower::ServiceBuilder;

use crate::chat::{Prompt, chat_client::ChatClient, chat_server::ChatServer};
use crate::service::{Llm, Service};
use crate::status::status;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (acme, beta) = (Upstream::start().await, Upstream::start().await);
    let talk = Script::new().text("Points set, signal clear.");
    acme.script(talk.between(Duration::from_millis(30)));
    let catalog = include_str!("../catalog.toml")
        .replace("{acme}", &acme.base_url().to_string())
        .replace("{beta}", &beta.base_url().to_string());
    let catalog = Catalog::from_toml(&catalog, "catalog.toml", |_| None)?;

    // The server: the stack in a box, behind a layer that looks at no body and so fits gRPC as well.
    let stack = Stack::new(Arc::new(catalog)).seed(1);
    let llm = ServiceBuilder::new()
        .map_response(|response: http::Response<_>| response.map(Body::new)) // tonic's box for any body
        .service(stack.around(client::hyper::plain()));
    let llm = Llm::new(llm);
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse()?)?;
    let address = incoming.local_addr()?;
    let server = Server::builder()
        .layer(
            ServiceBuilder::new()
                .map_err(status)
                .layer(KeyLayer::new(["sk-demo"])),
        )
        .add_service(ChatServer::new(Service { llm }))
        .serve_with_incoming(incoming);

    // The client: deadlines around a tonic channel. tonic knows no errors but its own, any other is `Unknown`
    // to it: so ours become statuses, those before the first message and those that end a stream.
    let channel = Channel::from_shared(format!("http://{address}"))?.connect_lazy();
    let client = |deadlines| {
        let channel = ServiceBuilder::new()
            .map_err(status)
            .map_response(|r: http::Response<_>| r.map(|body| BodyExt::map_err(body, status)))
            .layer(DeadlineLayer::new(deadlines))
            .map_request(|mut request: http::Request<Body>| {
                let key = HeaderValue::from_static("Bearer sk-demo");
                request.headers_mut().insert(AUTHORIZATION, key);
                request
            })
            .service(channel.clone());
        ChatClient::new(channel)
    };

    let ask = async {
        let mut chat = client(Deadlines::default());
        let done = chat.complete(prompt("swift", "hi")).await?.into_inner();
        println!("complete: {} says {:?}", done.provider, done.text);

        print!("stream:");
        let mut deltas = chat.stream(prompt("swift", "hi")).await?.into_inner();
        while let Some(delta) = deltas.message().await? {
            print!(" {:?}", delta.text);
            std::io::stdout().flush()?;
        }
        println!();

        let unknown = chat.complete(prompt("swfit", "hi")).await.unwrap_err();
        println!("unknown model: {:?}, {}", unknown.code(), unknown.message());

        // A provider that falls silent after three words, and a caller who does not wait for the rest.
        acme.script(Script::new().stall(Point::After(3)));
        let mut deltas = chat.stream(prompt("swift", "hi")).await?.into_inner();
        deltas.message().await?;
        drop(deltas);
        acme.wait_left(1).await;
        println!("hang up: the provider sees its caller leave");

        // One who waits, but not for ever. The stack would: its own deadlines are longer.
        let deadlines = Deadlines {
            headers: Duration::from_millis(200),
            ..Deadlines::default()
        };
        let late = client(deadlines).complete(prompt("swift", "hi")).await;
        println!("no answer: {:?}", late.unwrap_err().code());
        let deadlines = Deadlines {
            idle: Duration::from_millis(200),
            ..Deadlines::default()
        };
        let deltas = client(deadlines).stream(prompt("swift", "hi")).await?;
        let late = deltas.into_inner().try_for_each(|_| ready(Ok(()))).await;
        println!("no more of it: {:?}", late.unwrap_err().code());

        acme.script(Script::fail(Failure::overloaded()));
        let done = chat.complete(prompt("swift", "hi")).await?.into_inner();
        println!(
            "fallback: {} answered, attempt {}",
            done.provider, done.attempts
        );

        // Once the caller has heard a word, nobody else can be asked: the stream ends with what happened.
        for provider in [&acme, &beta] {
            provider.script(Script::new().reset(Point::After(3)));
        }
        let deltas = chat.stream(prompt("swift", "hi")).await?.into_inner();
        let broken = deltas.try_for_each(|_| ready(Ok(()))).await.unwrap_err();
        println!("broken off: {:?}, {}", broken.code(), broken.message());
        Ok::<_, BoxError>(())
    };
    tokio::select! { asked = ask => asked, served = server => Ok(served?) }
}

fn prompt(model: &str, text: &str) -> Prompt {
    let (model, text) = (model.to_owned(), text.to_owned());
    Prompt { model, text }
}
