use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::body::Body;
use super::future::ResponseFuture;
use super::hold::Hold;
use super::layer::QuotaLayer;
use crate::call::Call;
use crate::clock::{now, wall};
use crate::early::let_go;
use crate::error::{BoxError, Error};
use crate::limits::{Now, Subject, Unit};
use crate::payload::Payload;
use crate::short::Short;
use crate::standing::Need;

/// Counts requests and tokens. See the [module docs](super).
///
/// # Clone
///
/// A clone carries no readiness, and counts by the same limits.
#[derive(Clone, Debug)]
pub struct Quota<S> {
    inner: S,
    settings: Arc<QuotaLayer>,
}

/// More than a request may name: who names more is refused inside.
const MODELS: usize = 64;

// === impl Quota ===

impl<S> Quota<S> {
    pub(super) fn new(inner: S, settings: QuotaLayer) -> Self {
        let settings = Arc::new(settings);
        Self { inner, settings }
    }

    /// Takes what this request needs; nothing where nothing counts it.
    fn take<B: 'static>(&self, request: &mut Request<B>) -> Result<Option<Box<Hold>>, Error> {
        if self.settings.limits.is_empty() {
            return Ok(None);
        }
        let call = Call::of(request.extensions_mut()).clone();
        let payload = (request.body() as &dyn Any).downcast_ref::<Payload>();
        let model = payload.and_then(|it| it.view().model(it.bytes()));
        let user = payload.and_then(|it| it.view().user(it.bytes()));
        let ids = payload.map_or_else(Vec::new, |payload| self.models(payload));
        let models: Vec<&str> = ids.iter().map(String::as_str).collect();
        let subject = Subject {
            caller: call.caller().map(|caller| &**caller),
            model: model.as_deref(),
            models: &models,
            providers: &[],
            user: user.as_deref(),
            tag: call.wishes().tag.as_deref(),
        };
        let tokens = self.tokens(call.need(), payload);
        let wanted = [(Unit::Requests, 1), (Unit::Tokens, tokens)];
        let now = Now {
            instant: now(),
            wall: wall(),
        };
        let taken = self.settings.limits.take(&subject, &wanted, now)?;
        if taken.is_empty() {
            return Ok(None);
        }
        let named = (model.as_deref().map(Short::from), user);
        Ok(Some(Box::new(Hold::new(taken, call, named, ids))))
    }

    /// What the answer is expected to move: by what was learned of the models that the request names, or is counted of them, of which
    /// the one counts that has the most tokens.
    fn tokens(&self, need: Need, payload: Option<&Payload>) -> u64 {
        let payload =
            payload.filter(|_| need.input > 0 && self.settings.limits.counts(Unit::Tokens));
        let Some(payload) =
            payload.filter(|_| self.settings.roster.is_some() || self.settings.counter.is_some())
        else {
            return need.tokens();
        };
        let (view, body) = (payload.view(), payload.bytes());
        let names = view.model(body).into_iter().chain(view.models(body));
        let input = names.take(MODELS).map(|name| {
            let id = self.id_of(&name);
            let counted = self.settings.counter.as_ref();
            let counted = counted.and_then(|counter| counter.count(&id, payload));
            counted.unwrap_or_else(|| self.learned(&id, need, payload))
        });
        let input = input.max().unwrap_or(need.input);
        Need { input, ..need }.tokens()
    }

    fn learned(&self, model: &str, need: Need, payload: &Payload) -> u64 {
        let text = payload.view().text_bytes();
        let roster = self.settings.roster.as_ref();
        roster.map_or(need.input, |roster| {
            roster.with(|lineup| lineup.tokens(model, text))
        })
    }

    /// A model's id, if it is of the roster.
    fn id_of<'a>(&self, name: &'a str) -> Cow<'a, str> {
        let Some(roster) = &self.settings.roster else {
            return name.into();
        };
        roster.with(|lineup| match lineup.catalog().id_of(name) {
            id if id == name => name.into(),
            id => id.to_owned().into(),
        })
    }

    /// The models that may be asked, as far as their names tell.
    fn models(&self, payload: &Payload) -> Vec<String> {
        if !self.settings.limits.looks_at_models() {
            return Vec::new();
        }
        let (view, body) = (payload.view(), payload.bytes());
        let names = view.model(body).into_iter().chain(view.models(body));
        let names = names.take(MODELS);
        match &self.settings.roster {
            Some(roster) => roster.with(|lineup| {
                let catalog = lineup.catalog();
                let ids = |name: Cow<'_, str>| {
                    let ids = catalog.ids_of(&name).into_iter();
                    ids.map(str::to_owned).collect::<Vec<_>>()
                };
                names.flat_map(ids).collect()
            }),
            None => names.map(Cow::into_owned).collect(),
        }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Quota<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    S::Error: Into<BoxError> + 'static,
    ReqBody: 'static,
{
    type Response = Response<Body<ResBody>>;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_inner)
    }

    #[inline]
    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        match self.take(&mut request) {
            Ok(hold) => ResponseFuture::asking(self.inner.call(request), hold),
            Err(error) => {
                let_go(&mut self.inner);
                ResponseFuture::refused(error)
            }
        }
    }
}
