//! `openrouter/auto`: what the operator's rule says.

use std::sync::Arc;

use super::able::{Able, FALLBACKS};
use crate::catalog::{AutoRule, Model, Task};
use crate::choose::filter::Filters;
use crate::error::Error;
use crate::standing::Lineup;
use crate::wire::{Field, Modality};

/// The models of the rule that can answer the request: the one for its task, then the cheapest for it. A
/// conversation stays with its model.
pub(super) fn choose<'a>(
    able: &Able<'_>,
    lineup: &'a Lineup,
    filters: &Filters<'_>,
) -> Result<Vec<&'a Arc<Model>>, Error> {
    let rule = lineup.catalog().auto();
    let rule = rule.ok_or_else(|| able.nothing("the operator has not said what it may choose"))?;
    let is = |task| is(filters, rule, task);
    let all = || rule.models_for(is);
    let first = Task::ALL
        .into_iter()
        .filter(|task| is(*task))
        .find_map(|task| rule.task(task));
    let best = all().filter_map(|model| Some((able.best(model)?, model)));
    let mut choice: Vec<_> = best
        .map(|((lacks, cost), model)| {
            let named = first.is_some_and(|first| Arc::ptr_eq(first, model));
            ((lacks, !able.has_answered(model), !named, cost), model)
        })
        .collect();
    // The order of the rule decides between two of one price.
    choice.sort_by_key(|(key, _)| *key);
    let lacks = choice.first().is_some_and(|((lacks, ..), _)| *lacks);
    choice.retain(|((lacking, ..), _)| *lacking == lacks);
    choice.truncate(1 + FALLBACKS);
    able.or_all(choice.into_iter().map(|(_, model)| model).collect(), all())
}

fn is(filters: &Filters<'_>, rule: &AutoRule, task: Task) -> bool {
    let needs = &filters.needs;
    let asks = |field| needs.parameters.contains(field);
    match task {
        Task::Vision => needs.input.contains(Modality::Image),
        Task::Long => needs.prompt > rule.long_above(),
        Task::Tools => asks(Field::Tools),
        Task::Reasoning => asks(Field::Reasoning) || asks(Field::ReasoningEffort),
    }
}
