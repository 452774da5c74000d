//! Rows become sums, and sums become answers. Pure.

use std::collections::BTreeMap;

use super::row::Row;
use super::spend::{Dimension, Spend, SpendQuery};
use crate::calendar::Day;
use crate::caller::KeyId;
use crate::settle::Certainty;

/// Of what is a sum? The day, and what all of its rows have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Cell {
    pub(crate) day: Day,
    pub(crate) account: String,
    pub(crate) key: Option<KeyId>,
    pub(crate) model: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) endpoint: Option<String>,
    /// None in a sum of all of them.
    pub(crate) user: Option<String>,
    /// Likewise.
    pub(crate) tag: Option<String>,
}

/// Sums on their way to an answer: together where the values asked for are the same.
#[derive(Debug, Default)]
pub(crate) struct Groups(BTreeMap<Vec<Option<String>>, Spend>);

// === impl Cell ===

impl Cell {
    /// The finest that this row belongs to.
    pub(crate) fn of(row: &Row) -> Self {
        Self {
            day: Day::of(row.created),
            account: row.account.clone(),
            key: row.key,
            model: row.model.clone(),
            provider: row.provider.clone(),
            endpoint: row.endpoint.clone(),
            user: row.user.clone(),
            tag: row.tag.clone(),
        }
    }

    /// The sum of all users and tags. There are few of these, however many users there are.
    pub(crate) fn of_all_users(mut self) -> Self {
        self.user = None;
        self.tag = None;
        self
    }

    /// Is it asked for?
    pub(crate) fn matches(&self, query: &SpendQuery) -> bool {
        let is = |asked: &Option<String>, has: &Option<String>| asked.is_none() || asked == has;
        (query.from..query.to).contains(&self.day)
            && query.account.as_ref().is_none_or(|it| *it == self.account)
            && (query.key.is_none() || query.key == self.key)
            && is(&query.user, &self.user)
            && is(&query.tag, &self.tag)
    }

    fn value(&self, of: Dimension) -> Option<String> {
        match of {
            Dimension::Day => Some(self.day.to_string()),
            Dimension::Account => Some(self.account.clone()),
            Dimension::Key => self.key.map(|key| key.to_string()),
            Dimension::Model => self.model.clone(),
            Dimension::Provider => self.provider.clone(),
            Dimension::Endpoint => self.endpoint.clone(),
            Dimension::User => self.user.clone(),
            Dimension::Tag => self.tag.clone(),
        }
    }
}

// === impl Groups ===

impl Groups {
    /// Adds a sum that matches the query.
    pub(crate) fn add(&mut self, query: &SpendQuery, cell: &Cell, spend: &Spend) {
        let of = query.by.iter().map(|&dimension| cell.value(dimension));
        self.0.entry(of.collect()).or_default().add(spend);
    }

    /// The first ones, in the order of their values; what has none comes first.
    pub(crate) fn into_answer(self, query: &SpendQuery) -> Vec<Spend> {
        let all = self.0.into_iter().take(query.limit);
        all.map(|(of, spend)| Spend { of, ..spend }).collect()
    }
}

// === impl SpendQuery ===

impl SpendQuery {
    /// Can it be answered only by sums that tell users and tags apart?
    pub(crate) fn tells_users_apart(&self) -> bool {
        let by = |dimension: &Dimension| matches!(dimension, Dimension::User | Dimension::Tag);
        self.user.is_some() || self.tag.is_some() || self.by.iter().any(by)
    }
}

// === impl Spend ===

impl Spend {
    /// Of one row.
    pub(crate) fn of_row(row: &Row) -> Self {
        let mut spend = Self {
            requests: 1,
            charge_unknown: row.charge.is_none().into(),
            charge: row.charge.unwrap_or_default().picodollars().into(),
            fee: row.fee.picodollars().into(),
            prompt_tokens: row.usage.prompt_tokens(),
            cached_tokens: row.usage.cached_tokens(),
            completion_tokens: row.usage.completion_tokens(),
            reasoning_tokens: row.usage.reasoning,
            ..Self::default()
        };
        for attempt in &row.attempts {
            let cost = i128::from(attempt.cost.unwrap_or_default().picodollars());
            match attempt.certainty {
                Certainty::Exact => spend.cost_exact += cost,
                Certainty::Estimated => spend.cost_estimated += cost,
                Certainty::Unknown => spend.cost_unknown += 1,
            }
        }
        spend
    }

    /// Takes another one in. Money is exact: no number of rows exceeds what it is counted in.
    pub(crate) fn add(&mut self, other: &Self) {
        self.charge = self.charge.saturating_add(other.charge);
        self.fee = self.fee.saturating_add(other.fee);
        self.cost_exact = self.cost_exact.saturating_add(other.cost_exact);
        self.cost_estimated = self.cost_estimated.saturating_add(other.cost_estimated);
        let counts = [
            (&mut self.requests, other.requests),
            (&mut self.charge_unknown, other.charge_unknown),
            (&mut self.cost_unknown, other.cost_unknown),
            (&mut self.prompt_tokens, other.prompt_tokens),
            (&mut self.cached_tokens, other.cached_tokens),
            (&mut self.completion_tokens, other.completion_tokens),
            (&mut self.reasoning_tokens, other.reasoning_tokens),
        ];
        for (sum, more) in counts {
            *sum = sum.saturating_add(more);
        }
    }
}
