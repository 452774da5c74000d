//! The same gateway, with its books in a SQLite file.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use switchtower::gateway::{Bounds, Gateway, serve as serve_service};
use switchtower::settle::store::{SqliteSettings, SqliteStore};
use switchtower::settle::{Journal, JournalSettings};
use switchtower::{Stack, client};
use tokio::net::TcpListener;

use crate::support::gateway::catalog;

pub(crate) async fn serve(listener: TcpListener, upstream: SocketAddr, file: PathBuf) {
    let store = SqliteStore::open(file, SqliteSettings::default()).unwrap();
    let journal = Journal::open(Arc::new(store), JournalSettings::default()).unwrap();
    let stack = Stack::new(catalog(upstream)).with_ledger(journal);
    let gateway = Gateway::new(stack, client::hyper::plain());
    let service = gateway.keys(["key"]).service();
    serve_service(listener, service, Bounds::default(), std::future::pending()).await;
}
