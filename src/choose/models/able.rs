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
use crate::standing::{Conversation, Lineup};

/// How many models are asked should the first one fail.
pub(super) const FALLBACKS: usize = 2;
/// Of how many models it is told why they cannot answer.
const EXPLAINED: usize = 64;

/// One request, before a router.
pub(super) struct Able<'a> {
    pub(super) ask: &'a Ask<'a>,
    pub(super) filters: &'a Filters<'a>,
    pub(super) lineup: &'a Lineup,
    pub(super) effects: Effects,
    /// Are only endpoints meant that cost nothing?
    pub(super) free: bool,
    pub(super) router: &'static str,
    pub(super) conversation: Option<&'a Conversation>,
    /// The endpoint that has answered the conversation through this router.
    pub(super) warm: Option<u32>,
}

// === impl Able ===

impl Able<'_> {
    /// Does it go without something that is asked for, such as tools, and what is the request likely to cost: at the endpoint
    /// for which that is the least. None if none may answer.
    pub(super) fn best(&self, model: &Arc<Model>) -> Option<(bool, u64)> {
        let wanted = Wanted {
            model,
            effects: self.effects,
            free: self.free,
        };
        let needs = &self.filters.needs.of_model(self.lineup.density(model));
        if !self.answers(model) {
            return None;
        }
        let each = model.endpoints().iter().filter_map(|endpoint| {
            let prices = endpoint.prices().at(needs.prompt, self.ask.wall);
            let able = (!self.free || endpoint.is_free())
                && self.filters.rejects(&wanted, endpoint, &prices).is_none();
            let lacks = !self.filters.fulfils(endpoint);
            able.then(|| (lacks, expected_cost(&prices, needs, false)))
        });
        each.min()
    }

    /// Has this model answered the conversation?
    pub(super) fn has_answered(&self, model: &Model) -> bool {
        let known = self.conversation.zip(self.warm);
        known.is_some_and(|(of, warm)| model.endpoints().iter().any(|e| of.is(warm, e)))
    }

    /// What is chosen. If that is nothing, then what there is, so that the refusal says what is in the way of each.
    pub(super) fn or_all<'m>(
        &self,
        chosen: Vec<&'m Arc<Model>>,
        all: impl Iterator<Item = &'m Arc<Model>>,
    ) -> Result<Vec<&'m Arc<Model>>, Error> {
        let models = match chosen.is_empty() {
            true => all
                .filter(|model| self.answers(model))
                .take(EXPLAINED)
                .collect(),
            false => chosen,
        };
        match models.is_empty() {
            true => Err(self.nothing("there is no such model")),
            false => Ok(models),
        }
    }

    /// Does it answer what is asked at all?
    fn answers(&self, model: &Model) -> bool {
        right(self.ask.payload.view(), model).is_none()
    }

    pub(super) fn nothing(&self, why: &str) -> Error {
        nothing_for_router(self.router, why)
    }
}
