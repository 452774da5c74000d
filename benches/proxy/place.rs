//! A server on a thread of its own.

use std::future::Future;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::cpu::Cpu;

/// Where a server listens, and what it burns.
pub(crate) struct Place {
    pub(crate) address: SocketAddr,
    pub(crate) cpu: Cpu,
}

/// Starts a server on a thread with a runtime of its own; it ends with the process.
pub(crate) fn start<F, S>(name: &str, server: S) -> Place
where
    S: FnOnce(TcpListener) -> F + Send + 'static,
    F: Future<Output = ()>,
{
    let (tell, told) = std::sync::mpsc::channel();
    let body = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send((listener.local_addr().unwrap(), Cpu::here()))
                .unwrap();
            server(listener).await;
        });
    };
    std::thread::Builder::new()
        .name(name.into())
        .spawn(body)
        .unwrap();
    let (address, cpu) = told.recv().unwrap();
    Place { address, cpu }
}
