//! gRPC on both sides: a tonic service whose handlers ask the stack, and layers of ours around the tonic
//! channel of its client. `cargo run --example tonic` needs no network and no `protoc`.
//!
//! Here both sides are put together. `service.rs` is the service, `scenes.rs` what its client asks, `status.rs` the
//! table kind → gRPC code, `chat.rs` is made of `chat.proto`.

#[rustfmt::skip]
#[allow(clippy::all, unreachable_pub, reason = "generated, and kept as the generator writes it")]
mod chat;
mod scenes;
mod service;
mod status;

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::header::AUTHORIZATION;
use http_body_util::BodyExt;
use switchtower::admit::key::KeyLayer;
use switchtower::catalog::Catalog;
use switchtower::dispatch::deadline::DeadlineLayer;
use switchtower::testing::{Script, Upstream};
use switchtower::{BoxError, Stack, client};
use tonic::body::Body;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tower::ServiceBuilder;

use crate::chat::{chat_client::ChatClient, chat_server::ChatServer};
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

    let ask = scenes::play(client, &acme, &beta);
    tokio::select! { asked = ask => asked, served = server => Ok(served?) }
}
