use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;

use super::ask::Chat;
use super::bill;
use super::byok::{self, Safe};
use super::front::Front;
use super::keys::{self, Keeper};
use super::models::{self, Shelf};
use super::{ask, circuits, generation, refuse};
use crate::admit::key::KeyLayer;
use crate::error::BoxError;
use crate::keys::{Class, FreeModels, KeyRing, MasterKeys, RingKey};
use crate::money::Ratio;
use crate::payload::Payload;
use crate::settle::store::{Store, StoreError};
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
    pub(super) keeper: Keeper,
    /// Beside what is paid for credits.
    pub(super) credit_fee: Ratio,
    pub(super) safe: Safe,
    /// How long may it take until what others have changed is heard of?
    refresh: Duration,
}

/// What a handler needs to know: the gateway, and in whose protocol to answer.
#[derive(Clone, Debug)]
pub(super) struct Door {
    pub(super) gateway: Arc<Gateway>,
    pub(super) dialect: Dialect,
}

/// How often the keys are read anew.
const REFRESH: Duration = Duration::from_secs(30);

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
        let ring = KeyRing::default();
        let keeper = Keeper::new(ring.clone(), &books, stack.quota.limits());
        Self {
            chat: Chat::new(stack.always_usage().same_form().around(client)),
            roster,
            shelf: Shelf::default(),
            keeper,
            safe: Safe::new(ring.clone(), books.store().cloned()),
            keys: KeyLayer::with_ring(ring),
            books,
            credit_fee: Ratio::ZERO,
            refresh: REFRESH,
        }
    }

    /// Lets requests with these keys in, beside those that were let in before.
    #[must_use]
    pub fn keys<K: AsRef<str>>(self, keys: impl IntoIterator<Item = K>) -> Self {
        self.configured(keys, Class::Inference)
    }

    /// Lets those who bring one of these manage keys, and do nothing else.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use switchtower::{BoxError, Stack, catalog::Catalog, client, gateway::Gateway};
    /// # use tower::ServiceExt;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
    /// # let catalog = Arc::new(Catalog::builder().build()?);
    /// # let gateway = Gateway::new(Stack::new(catalog), client::hyper::plain());
    /// let app = gateway.management_keys(["sk-or-v1-manager"]).service();
    ///
    /// let ask = http::Request::post("/api/v1/keys").header("authorization", "Bearer sk-or-v1-manager");
    /// let ask = ask.body(axum::body::Body::from(r#"{"name": "team", "limit": 50, "limit_reset": "monthly"}"#))?;
    /// assert_eq!(app.oneshot(ask).await?.status(), 201);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn management_keys<K: AsRef<str>>(self, keys: impl IntoIterator<Item = K>) -> Self {
        self.configured(keys, Class::Management)
    }

    fn configured<K: AsRef<str>>(self, keys: impl IntoIterator<Item = K>, class: Class) -> Self {
        for key in keys {
            self.keeper
                .ring()
                .put(RingKey::configured(key.as_ref(), class));
        }
        self
    }

    /// What an operator asks beside what an account is given by `POST /credits`, and which is told apart; nothing, unless it is
    /// said here.
    #[must_use]
    pub fn credit_fee(mut self, fee: Ratio) -> Self {
        self.credit_fee = fee;
        self
    }

    /// The keys that may come in. Those that are put in are let in at once; they are gone with the process.
    pub fn key_ring(&self) -> &KeyRing {
        self.keeper.ring()
    }

    /// Reads the keys that the ledger's [store](crate::settle::Books::store) holds, and lets them in; without a store there
    /// are none. Keys that are made later are kept there. Their limits are counted by those of the ledger and of the stack's
    /// quota, and begin with what was spent before.
    ///
    /// # Errors
    ///
    /// If it cannot be read; then nothing has changed.
    pub async fn read_keys(&self) -> Result<(), StoreError> {
        self.keeper.refresh().await?;
        self.safe.refresh().await
    }

    /// Lets each account spend what it was given by `POST /credits`, and no more: who has nothing left is refused with 402. By
    /// default nobody needs credit. What accounts were given and have spent, [`read_keys`](Self::read_keys) reads at the start;
    /// without a store behind the ledger nobody was given anything.
    #[must_use]
    pub fn prepaid(mut self) -> Self {
        self.keeper = self.keeper.prepaid();
        self
    }

    /// Lets each account ask models whose names end in `:free` only so often; by default as often as it likes. What does not
    /// depend on what an account was granted, a rule of the catalogue says as well: `models = "*:free"`.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use switchtower::{BoxError, Stack, catalog::Catalog, client, gateway::Gateway};
    /// # fn main() -> Result<(), BoxError> {
    /// # let catalog = Arc::new(Catalog::builder().build()?);
    /// # let gateway = Gateway::new(Stack::new(catalog), client::hyper::plain());
    /// use switchtower::keys::FreeModels;
    ///
    /// let gateway = gateway.free_models(FreeModels { per_day: 100, ..FreeModels::default() });
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn free_models(mut self, free: FreeModels) -> Self {
        self.keeper = self.keeper.with_free_models(free);
        self
    }

    /// How often [`read_keys`](Self::read_keys) is repeated once the gateway serves, if there is a store and a runtime of
    /// tokio's: after this time what others have written to the store holds here. By default it is every 30 seconds; zero:
    /// never. A key that nobody knows here is looked for at once, but for all of them together at most once a second.
    #[must_use]
    pub fn refresh_keys(mut self, every: Duration) -> Self {
        self.refresh = every;
        self
    }

    /// Keeps keys in this store instead of the ledger's: [`read_keys`](Self::read_keys) lets those in that it holds.
    #[must_use]
    pub fn keep_keys_in(mut self, store: Arc<dyn Store>) -> Self {
        self.keeper = self.keeper.with_store(store.clone());
        self.safe = self.safe.with_store(store);
        self
    }

    /// Takes callers' own keys of providers, and seals them under the first of these; what is sealed under another one of
    /// them is [sealed anew](Self::read_keys). Without, none is taken, and none that is stored is used.
    #[must_use]
    pub fn master_keys(mut self, keys: MasterKeys) -> Self {
        self.safe = self.safe.with_masters(keys);
        self
    }

    /// The fee for a request that is asked with a caller's own key of a provider: this part of what it would have cost
    /// otherwise. By default nothing; OpenRouter's is 0.05.
    #[must_use]
    pub fn byok_fee(mut self, fee: Ratio) -> Self {
        self.safe = self.safe.with_fee(fee);
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
        self.keeper.begin();
        let gateway = Arc::new(self);
        keys::keep(&gateway, gateway.refresh);
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
        .route(&at("/models/user"), get(models::own))
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
        .route(&at("/generations"), get(bill::generations))
        .route(&at("/activity"), get(bill::activity))
        .route(&at("/credits"), get(bill::credits).post(bill::grant))
        .route(&at("/spend"), get(bill::spend))
        .route(&at("/statement"), get(bill::statement))
        .route(&at("/key"), get(keys::current))
        .route(&at("/auth/key"), get(keys::current))
        .route(&at("/keys"), get(keys::list).post(keys::create))
        .route(
            &at("/keys/{hash}"),
            get(keys::get).patch(keys::change).delete(keys::delete),
        )
        .route(&at("/byok"), get(byok::list).post(byok::create))
        .route(
            &at("/byok/{id}"),
            get(byok::get).patch(byok::change).delete(byok::delete),
        )
        .route_layer(from_fn_with_state(door.clone(), keys::look))
        .method_not_allowed_fallback(move |request| refuse::wrong_method(request, dialect))
        .with_state(door)
}
