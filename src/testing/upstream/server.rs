use std::{future::poll_fn, pin::pin, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

use super::{
    line::{Line, Signals},
    service::answer,
    state::State,
};

/// The pause after a failed accept.
const ACCEPT_AGAIN: Duration = Duration::from_millis(10);

/// Accepts connections until the upstream closes, then drops them all.
pub(super) async fn run(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    let mut closed = pin!(state.closed());
    loop {
        tokio::select! {
            biased;
            () = &mut closed => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, Arc::clone(&state)));
                }
                // Most likely there are too many open files: one must be closed first.
                Err(_) => sleep(ACCEPT_AGAIN).await,
            },
        }
    }
    connections.shutdown().await;
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    state.counts.send_modify(|counts| counts.connections += 1);
    // A socket that refuses will fail soon enough by itself.
    let _ = stream.set_nodelay(true);
    let signals = Arc::new(Signals::default());
    let line = Line::new(stream, Arc::clone(&signals));
    let service = service_fn(|request| answer(Arc::clone(&state), Arc::clone(&signals), request));
    let mut connection = pin!(http1::Builder::new().serve_connection(line, service));
    poll_fn(|cx| {
        let ended = connection.as_mut().poll(cx).map(drop);
        // Bytes sent before the break were flushed by the same poll, or are waited for.
        if signals.is_due() { ().into() } else { ended }
    })
    .await;
}
