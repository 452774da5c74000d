//! A server on threads of its own.

use std::future::Future;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::runtime::Builder;

use crate::cpu::Cpu;

/// Where a server listens, and what it burns.
pub(crate) struct Place {
    pub(crate) address: SocketAddr,
    pub(crate) cpu: Cpu,
}

/// Starts a server on one thread with a runtime of its own; it ends with the process.
pub(crate) fn start<F, S>(name: &str, server: S) -> Place
where
    S: FnOnce(TcpListener) -> F + Send + 'static,
    F: Future<Output = ()>,
{
    run(name, Builder::new_current_thread(), server)
}

/// The same on a thread for each core, as `#[tokio::main]` has it: where it listens.
pub(crate) fn shared<F, S>(name: &str, server: S) -> SocketAddr
where
    S: FnOnce(TcpListener) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let place = run(name, Builder::new_multi_thread(), |listener| {
        // What the thread that waits for it runs by itself, no other can take over.
        let task = tokio::spawn(server(listener));
        async move { task.await.unwrap() }
    });
    place.address
}

fn run<F, S>(name: &str, mut builder: Builder, server: S) -> Place
where
    S: FnOnce(TcpListener) -> F + Send + 'static,
    F: Future<Output = ()>,
{
    let (tell, told) = std::sync::mpsc::channel();
    let body = move || {
        let runtime = builder.enable_all().build().unwrap();
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
