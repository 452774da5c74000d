//! Who should rather answer, as long as there is somebody?

use super::Filters;
use crate::catalog::Endpoint;
use crate::choose::entry::Entry;
use crate::plan::{Filter, Rejected};
use crate::wire::{Field, Tier};

// === impl Filters ===

impl Filters<'_> {
    /// Of one model's endpoints, from `start` on, leaves only those that can do what another one can, too. What none of
    /// them can do is not asked of them.
    pub(in crate::choose) fn prefer(
        &self,
        entries: &mut Vec<Entry<'_>>,
        start: usize,
        rejected: &mut Vec<Rejected>,
    ) {
        if self.needs.tier == Some(Tier::Flex) {
            let flex = |entry: &Entry<'_>| entry.endpoint.tier() == Some(Tier::Flex);
            keep(entries, start, rejected, Filter::ServiceTier, flex);
        }
        for (field, filter) in self.wishes() {
            let can = |entry: &Entry<'_>| self.can(&entry.endpoint, field);
            keep(entries, start, rejected, filter, can);
        }
    }

    /// Can it do all of that?
    pub(in crate::choose) fn fulfils(&self, endpoint: &Endpoint) -> bool {
        self.wishes().all(|(field, _)| self.can(endpoint, field))
    }

    /// Whoever says nothing of its parameters is given the benefit of the doubt.
    fn can(&self, endpoint: &Endpoint, field: Field) -> bool {
        let supported = endpoint.parameters();
        supported.is_none_or(|it| it.asked_for(self.needs.parameters).contains(field))
    }

    /// What the request asks for and would go without.
    fn wishes(&self) -> impl Iterator<Item = (Field, Filter)> {
        let wishes = [
            (Field::Tools, Filter::Tools),
            // Who keeps to a schema is better than who writes any JSON.
            (Field::StructuredOutputs, Filter::ResponseFormat),
            (Field::ResponseFormat, Filter::ResponseFormat),
            (Field::Verbosity, Filter::Verbosity),
        ];
        let asked = self.needs.parameters;
        wishes
            .into_iter()
            .filter(move |(field, _)| asked.contains(*field))
    }
}

fn keep(
    entries: &mut Vec<Entry<'_>>,
    start: usize,
    rejected: &mut Vec<Rejected>,
    filter: Filter,
    can: impl Fn(&Entry<'_>) -> bool,
) {
    if !entries[start..].iter().any(&can) {
        return;
    }
    let mut place = 0;
    entries.retain(|entry| {
        place += 1;
        let keep = place <= start || can(entry);
        if !keep {
            rejected.push(Rejected {
                endpoint: entry.endpoint.clone(),
                filter,
            });
        }
        keep
    });
}
