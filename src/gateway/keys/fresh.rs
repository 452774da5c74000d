//! What others write to the store is heard of.

use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use http::Response;
use tokio::runtime::Handle;
use tokio::time::{MissedTickBehavior, interval_at};

use crate::admit::key::KeyLayer;
use crate::gateway::router::{Door, Gateway};
use crate::telemetry;

/// Reads the keys again each time that so much time has passed, until the gateway is gone; at once if they were never read.
/// Without a runtime to do it, nobody does.
pub(in crate::gateway) fn keep(gateway: &Arc<Gateway>, every: Duration) {
    if every.is_zero() || !gateway.keeper.is_stored() {
        return;
    }
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(read(Arc::downgrade(gateway), every));
    }
}

async fn read(gateway: Weak<Gateway>, every: Duration) {
    let now = tokio::time::Instant::now();
    let wait = gateway.upgrade().filter(|it| !it.keeper.is_blind());
    let Some(first) = now.checked_add(wait.map_or(Duration::ZERO, |_| every)) else {
        return;
    };
    let mut ticks = interval_at(first, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(gateway) = gateway.upgrade() else {
            return;
        };
        if let Err(error) = gateway.read_keys().await {
            telemetry::not_read(&error);
        }
    }
}

/// Before a route is taken: a key that nobody knows may have been made elsewhere.
pub(in crate::gateway) async fn look(
    State(door): State<Door>,
    request: Request,
    next: Next,
) -> Response<Body> {
    if let Ok(id) = KeyLayer::key(request.headers())
        && door.gateway.keeper.may_be_elsewhere(id)
    {
        door.gateway.keeper.look(id).await;
    }
    next.run(request).await
}
