use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{Request, Response};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_service::Service;

use super::models::{self, Shelf};
use super::{ask, generation, refuse};
use crate::admit::key::KeyLayer;
use crate::error::{BoxError, Error};
use crate::payload::Payload;
use crate::settle::MemoryLedger;
use crate::stack::Stack;
use crate::standing::Roster;
use crate::wire::Dialect;

/// OpenRouter's API over a stack. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct Gateway {
    pub(super) chat: BoxCloneSyncService<Request<Body>, Response<Body>, Error>,
    pub(super) roster: Roster,
    pub(super) shelf: Shelf,
    pub(super) ledger: MemoryLedger,
    pub(super) keys: KeyLayer,
}

/// What a handler needs to know: the gateway, and in whose protocol to answer.
#[derive(Clone, Debug)]
pub(super) struct Door {
    pub(super) gateway: Arc<Gateway>,
    pub(super) dialect: Dialect,
}

// === impl Gateway ===

impl Gateway {
    /// A gateway that lets nobody in yet: see [`Gateway::keys`].
    ///
    /// Its models are those that the stack chooses from. The usage event always passes the stack, and an
    /// answer has the form that was asked for, whatever its settings.
    pub fn new<C, B>(stack: Stack, client: C) -> Self
    where
        C: Service<Request<Payload>, Response = Response<B>> + Clone + Send + Sync + 'static,
        C::Error: Into<BoxError> + 'static,
        C::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError> + 'static,
    {
        let (ledger, roster) = (stack.ledger().clone(), stack.roster().clone());
        let chain = stack.always_usage().same_form().around(client);
        let chain =
            ServiceExt::<Request<Body>>::map_response(chain, |r: Response<_>| r.map(Body::new));
        Self {
            chat: BoxCloneSyncService::new(chain),
            roster,
            shelf: Shelf::default(),
            ledger,
            keys: KeyLayer::new::<&str>([]),
        }
    }

    /// Lets requests with these keys in, instead of those before.
    #[must_use]
    pub fn keys<K: AsRef<str>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        self.keys = KeyLayer::new(keys);
        self
    }

    /// The ledger that it writes to.
    pub fn ledger(&self) -> &MemoryLedger {
        &self.ledger
    }

    /// The routes, under `/api/v1` and `/v1`.
    pub fn router(self) -> Router {
        let gateway = Arc::new(self);
        let door = |dialect| Door {
            gateway: gateway.clone(),
            dialect,
        };
        // Flat, since a nested router has its prefix stripped from each request anew.
        Router::new()
            .merge(routes("/api/v1", door(Dialect::OpenRouter)))
            .merge(routes("/v1", door(Dialect::OpenAi)))
            .fallback(refuse::unknown)
    }
}

fn routes(prefix: &str, door: Door) -> Router {
    let dialect = door.dialect;
    let at = |path: &str| format!("{prefix}{path}");
    Router::new()
        .route(&at("/chat/completions"), post(ask::model))
        .route(&at("/completions"), post(ask::model))
        .route(&at("/embeddings"), post(ask::model))
        .route(&at("/models"), get(models::list))
        .route(&at("/models/count"), get(models::count))
        .route(&at("/models/user"), get(models::list))
        .route(&at("/models/{id}"), get(models::bare))
        .route(&at("/models/{id}/endpoints"), get(models::of_name))
        .route(
            &at("/models/{author}/{slug}/endpoints"),
            get(models::of_model),
        )
        .route(&at("/model/{author}/{slug}"), get(models::one))
        .route(&at("/embeddings/models"), get(models::embeddings))
        .route(&at("/endpoints/zdr"), get(models::zdr))
        .route(&at("/providers"), get(models::providers))
        .route(&at("/generation"), get(generation::one))
        .method_not_allowed_fallback(move |request| refuse::wrong_method(request, dialect))
        .with_state(door)
}
