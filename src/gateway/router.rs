use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;

use super::ask::Chat;
use super::front::Front;
use super::models::{self, Shelf};
use super::{ask, circuits, generation, refuse};
use crate::admit::key::KeyLayer;
use crate::error::BoxError;
use crate::payload::Payload;
use crate::settle::{Books, HasBooks, Ledger};
use crate::stack::Stack;
use crate::standing::Roster;
use crate::wire::Dialect;

/// OpenRouter's API over a stack. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct Gateway {
    pub(super) chat: Chat,
    pub(super) roster: Roster,
    pub(super) shelf: Shelf,
    pub(super) books: Books,
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
    /// Answers that break are [mended](crate::dispatch::recover), unless [`Stack::recover`] says otherwise.
    /// Its models are those that the stack chooses from. The usage event always passes the stack, and an
    /// answer has the form that was asked for, whatever its settings.
    pub fn new<L, C, B>(mut stack: Stack<L>, client: C) -> Self
    where
        L: Ledger + HasBooks + Clone + Send + Sync + 'static,
        L::Slot: Send + Sync + 'static,
        C: Service<Request<Payload>, Response = Response<B>> + Clone + Send + Sync + 'static,
        C::Error: Into<BoxError> + 'static,
        C::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError> + 'static,
    {
        stack.recover = stack.recover.on_by_default();
        let (books, roster) = (stack.ledger().books(), stack.roster().clone());
        Self {
            chat: Chat::new(stack.always_usage().same_form().around(client)),
            roster,
            shelf: Shelf::default(),
            books,
            keys: KeyLayer::new::<&str>([]),
        }
    }

    /// Lets requests with these keys in, instead of those before.
    #[must_use]
    pub fn keys<K: AsRef<str>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        self.keys = KeyLayer::new(keys);
        self
    }

    /// What may be read of the ledger that it writes to.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// The routes, under `/api/v1` and `/v1`: to be merged with others, or nested.
    pub fn router(self) -> Router {
        router(&self.doors())
    }

    /// The same as one service, of which [`serve`](super::serve) makes a server. It costs a question less than the
    /// routes do.
    pub fn service(self) -> Front {
        let doors = self.doors();
        let rest = router(&doors);
        Front::new(doors, rest)
    }

    fn doors(self) -> [Door; 2] {
        let gateway = Arc::new(self);
        [Dialect::OpenRouter, Dialect::OpenAi].map(|dialect| Door {
            gateway: gateway.clone(),
            dialect,
        })
    }
}

// === impl Door ===

impl Door {
    /// What the paths of its routes begin with.
    pub(super) fn prefix(&self) -> &'static str {
        match self.dialect {
            Dialect::OpenRouter => "/api/v1",
            Dialect::OpenAi => "/v1",
        }
    }
}

fn router(doors: &[Door; 2]) -> Router {
    // Flat, since a nested router has its prefix stripped from each request anew.
    let routes = doors.iter().cloned().map(routes);
    let all = routes.fold(Router::new(), Router::merge);
    all.fallback(refuse::unknown)
}

fn routes(door: Door) -> Router {
    let (prefix, dialect) = (door.prefix(), door.dialect);
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
        .route(&at("/circuits"), get(circuits::list))
        .route(&at("/generation"), get(generation::one))
        .method_not_allowed_fallback(move |request| refuse::wrong_method(request, dialect))
        .with_state(door)
}
