//! Which models a list shows.

use super::summary::Summary;
use crate::catalog::Model;
use crate::money::Price;
use crate::wire::{Fields, Modalities};

/// What must hold of a model. By default nothing must.
///
/// What is not known of a model does not hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Filter {
    /// All of them, in lower case, in its name or id.
    pub(super) words: Vec<Box<str>>,
    /// One of them, in lower case.
    pub(super) authors: Vec<Box<str>>,
    /// One of them, by slug or by name, in lower case.
    pub(super) providers: Vec<Box<str>>,
    /// All of them.
    pub(super) parameters: Fields,
    /// All of them.
    pub(super) input: Modalities,
    /// One of them.
    pub(super) output: Option<Modalities>,
    /// At least so many tokens.
    pub(super) context: Option<u64>,
    /// Of a token of input, from and to.
    pub(super) prompt: (Option<Price>, Option<Price>),
    /// Of a token of output, from and to.
    pub(super) completion: (Option<Price>, Option<Price>),
    /// In days, from and to.
    pub(super) age: (Option<u64>, Option<u64>),
    pub(super) distillable: Option<bool>,
    /// One of its endpoints retains nothing.
    pub(super) zdr: bool,
}

const DAY: u64 = 86_400;

// === impl Filter ===

impl Filter {
    /// Does it hold of the model of this id, at this second since 1970?
    pub(super) fn admits(
        &self,
        id: &str,
        name: &str,
        model: &Model,
        summary: &Summary,
        now: u64,
    ) -> bool {
        let age = model
            .created()
            .map(|created| now.saturating_sub(created) / DAY);
        self.output
            .is_none_or(|wanted| wanted.iter().any(|one| summary.output.contains(one)))
            && summary.input.covers(self.input)
            && self.parameters.without(summary.parameters).is_empty()
            && self
                .context
                .is_none_or(|least| summary.context_length >= Some(least))
            && within(summary.prompt, self.prompt)
            && within(summary.completion, self.completion)
            && within(age, self.age)
            && self
                .distillable
                .is_none_or(|wanted| wanted == model.is_distillable())
            && (!self.zdr || summary.zdr)
            && self.is_by(id)
            && self.is_at(model)
            && self.is_called(id, name)
    }

    fn is_by(&self, id: &str) -> bool {
        let author = author(id);
        let mut wanted = self.authors.iter();
        self.authors.is_empty() || wanted.any(|wanted| wanted.eq_ignore_ascii_case(author))
    }

    fn is_at(&self, model: &Model) -> bool {
        let mut providers = model.endpoints().iter().map(|endpoint| endpoint.provider());
        self.providers.is_empty()
            || providers.any(|provider| {
                let (slug, name) = (provider.slug(), provider.name().to_lowercase());
                let mut wanted = self.providers.iter();
                wanted.any(|wanted| wanted.eq_ignore_ascii_case(slug) || **wanted == *name)
            })
    }

    fn is_called(&self, id: &str, name: &str) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let (id, name) = (id.to_lowercase(), name.to_lowercase());
        let mut words = self.words.iter().map(AsRef::as_ref);
        words.all(|word: &str| id.contains(word) || name.contains(word))
    }
}

/// Who made the model of this id.
pub(super) fn author(id: &str) -> &str {
    let author = id.split('/').next().unwrap_or_default();
    author.trim_start_matches('~')
}

fn within<N: Ord + Copy>(value: Option<N>, (from, to): (Option<N>, Option<N>)) -> bool {
    match value {
        Some(value) => from.is_none_or(|from| value >= from) && to.is_none_or(|to| value <= to),
        None => from.is_none() && to.is_none(),
    }
}
