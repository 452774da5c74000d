//! The models that the request names, in order, each once.

use std::sync::Arc;

use super::able::Able;
use super::name::{Meaning, Name};
use super::variant::Effects;
use super::{auto, free};
use crate::catalog::{AUTO, FREE, Model};
use crate::choose::ask::Ask;
use crate::choose::filter::Filters;
use crate::choose::refusal::{no_model, too_many_models, unknown_model};
use crate::choose::sticky::conversation;
use crate::error::Error;
use crate::plan::{Requested, Routing};
use crate::standing::{Conversation, Lineup};

/// More models than any fallback needs: each costs a look at its endpoints.
const LIMIT: usize = 64;

/// A model, and how it was asked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::choose) struct Wanted<'a> {
    pub(in crate::choose) model: &'a Arc<Model>,
    pub(in crate::choose) effects: Effects,
    /// Are only endpoints meant that cost nothing?
    pub(in crate::choose) free: bool,
}

/// All of them. The first is apart: most requests name one, and that one needs no list.
#[derive(Debug, Default)]
pub(in crate::choose) struct Models<'a> {
    first: Option<Wanted<'a>>,
    others: Vec<Wanted<'a>>,
    pub(in crate::choose) routing: Routing,
    /// The conversation, where a router has looked for it.
    pub(in crate::choose) conversation: Option<Conversation>,
}

// === impl Models ===

impl<'a> Models<'a> {
    /// The models, and the name of the first.
    ///
    /// # Errors
    ///
    /// When there is none, there are too many, or one is unknown.
    pub(in crate::choose) fn of(
        ask: &Ask<'a>,
        lineup: &'a Lineup,
        filters: &Filters<'_>,
        random: &mut fastrand::Rng,
    ) -> Result<(Self, Requested), Error> {
        let (view, body) = (ask.payload.view(), ask.payload.bytes());
        let catalog = lineup.catalog();
        let (mut models, mut routed) = (Self::default(), [false; 2]);
        let model = view.model(body);
        let named = model.clone().or_else(|| view.models(body).next());
        let first = model.map(|name| (name, "model"));
        let others = view.models(body).map(|name| (name, "models"));
        for (count, (name, field)) in first.into_iter().chain(others).enumerate() {
            if count == LIMIT {
                return Err(too_many_models(LIMIT));
            }
            let found =
                Name::find(&name, catalog).ok_or_else(|| unknown_model(&name, field, catalog))?;
            if count == 0 {
                models.routing = found.routing;
            } else if models.routing == Routing::Direct {
                models.routing = Routing::Fallback;
            }
            let wanted = |model| Wanted {
                model,
                effects: found.effects,
                free: false,
            };
            let (router, free) = match found.meaning {
                Meaning::One(model) => {
                    models.push(wanted(model));
                    continue;
                }
                Meaning::Auto => (AUTO, false),
                Meaning::Free => (FREE, true),
            };
            // It would choose the same again, and it looks at many models.
            if std::mem::replace(&mut routed[usize::from(free)], true) {
                continue;
            }
            let conversation = conversation(ask, filters.preferences).map(|of| of.through(router));
            let able = Able {
                ask,
                filters,
                lineup,
                effects: found.effects,
                free,
                router,
                conversation: conversation.as_ref(),
                warm: conversation
                    .as_ref()
                    .and_then(|of| of.warm(router, ask.now)),
            };
            let chosen = match free {
                false => auto::choose(&able, lineup, filters)?,
                true => free::pick(&able, lineup, random)?,
            };
            for model in chosen {
                models.push(Wanted {
                    free,
                    ..wanted(model)
                });
            }
            // That of the router whose choice is asked first.
            models.conversation = models.conversation.or(conversation);
        }
        let requested = models.first.zip(named);
        let requested = requested.map(|(first, name)| Requested::new(&name, first.model));
        Ok((models, requested.ok_or_else(no_model)?))
    }

    pub(in crate::choose) fn iter(&self) -> impl Iterator<Item = &Wanted<'a>> + Clone {
        self.first.iter().chain(&self.others)
    }

    /// Once: the name that comes first holds. But one of which the router for free models has only what is free may be named as a whole.
    fn push(&mut self, wanted: Wanted<'a>) {
        let holds = |known: &Wanted<'_>| {
            Arc::ptr_eq(known.model, wanted.model) && (!known.free || wanted.free)
        };
        if self.iter().any(holds) {
            return;
        }
        match self.first {
            None => self.first = Some(wanted),
            Some(_) => self.others.push(wanted),
        }
    }
}
