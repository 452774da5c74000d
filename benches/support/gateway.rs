//! The gateway as a user runs it, with one provider.

use std::net::SocketAddr;
use std::sync::Arc;

use switchtower::catalog::Catalog;
use switchtower::gateway::{Bounds, Gateway, serve as serve_service};
use switchtower::{Stack, client};
use tokio::net::TcpListener;

pub(crate) async fn serve(listener: TcpListener, upstream: SocketAddr) {
    let catalog = catalog(upstream);
    let gateway = Gateway::new(Stack::new(catalog), client::hyper::plain());
    let service = gateway.keys(["key"]).service();
    serve_service(listener, service, Bounds::default(), std::future::pending()).await;
}

/// One model of one provider.
pub(crate) fn catalog(upstream: SocketAddr) -> Arc<Catalog> {
    let text = format!(
        "[providers.acme]\nbase_url = \"http://{upstream}/v1\"\n\
         [models.\"acme/swift\"]\n[[models.\"acme/swift\".endpoints]]\nprovider = \"acme\"\n\
         model = \"swift-2\"\nprices = {{ prompt = \"1\", completion = \"2\" }}\n"
    );
    Arc::new(Catalog::from_toml(&text, "bench.toml", |_| None).unwrap())
}
