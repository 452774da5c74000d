//! Which models can answer the request at all? What a router has to know before it chooses.

use std::sync::Arc;

use super::list::Wanted;
use super::variant::Effects;
use crate::catalog::Model;
use crate::choose::ask::Ask;
use crate::choose::cost::expected_cost;
use crate::choose::filter::Filters;
use crate::choose::operation::right;
use crate::choose::refusal::nothing_for_router;
use crate::error::Error;
use crate::standing::Conversation;

/// How many models are asked should the first one fail.
pub(super) const FALLBACKS: usize = 2;

/// One request, before a router.
pub(super) struct Able<'a> {
    pub(super) ask: &'a Ask<'a>,
    pub(super) filters: &'a Filters<'a>,
    pub(super) effects: Effects,
    /// Are only endpoints meant that cost nothing?
    pub(super) free: bool,
    /// Must it be able to do what a request for one model would rather go without, such as tools?
    pub(super) strict: bool,
    pub(super) router: &'static str,
    pub(super) conversation: Option<&'a Conversation>,
    /// The endpoint that has answered the conversation through this router.
    pub(super) warm: Option<u32>,
}

// === impl Able ===

impl Able<'_> {
    /// What the request is likely to cost at the cheapest endpoint that may answer it; none if none may.
    pub(super) fn cost(&self, model: &Arc<Model>) -> Option<u64> {
        let wanted = Wanted {
            model,
            effects: self.effects,
            free: self.free,
        };
        let needs = &self.filters.needs;
        if right(self.ask.payload.view(), model).is_some() {
            return None;
        }
        let costs = model.endpoints().iter().filter_map(|endpoint| {
            let prices = endpoint.prices().at(needs.prompt, self.ask.wall);
            let able = (!self.free || endpoint.is_free())
                && (!self.strict || self.filters.fulfils(endpoint))
                && self.filters.rejects(&wanted, endpoint, &prices).is_none();
            able.then(|| expected_cost(&prices, needs, false))
        });
        costs.min()
    }

    /// Has this model answered the conversation?
    pub(super) fn has_answered(&self, model: &Model) -> bool {
        let known = self.conversation.zip(self.warm);
        known.is_some_and(|(of, warm)| model.endpoints().iter().any(|e| of.is(warm, e)))
    }

    /// What is chosen. If that is nothing even when less is asked for, then all there are, so that the refusal says what is
    /// in the way of each.
    pub(super) fn or_all<'m>(
        &self,
        chosen: Vec<&'m Arc<Model>>,
        all: impl Iterator<Item = &'m Arc<Model>>,
    ) -> Result<Vec<&'m Arc<Model>>, Error> {
        let models = match chosen.is_empty() && !self.strict {
            true => all.collect(),
            false => chosen,
        };
        match models.is_empty() && !self.strict {
            true => Err(self.nothing("there is no such model")),
            false => Ok(models),
        }
    }

    pub(super) fn nothing(&self, why: &str) -> Error {
        nothing_for_router(self.router, why)
    }
}
