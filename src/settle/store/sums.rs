//! Rows become sums, and sums become answers. Pure.

use std::collections::BTreeMap;

use super::row::{AttemptRow, Row};
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
            && query
                .keys
                .as_ref()
                .is_none_or(|keys| self.key.is_some_and(|it| keys.contains(&it)))
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
            byok_counted: row.byok_counted.picodollars().into(),
            prompt_tokens: row.usage.prompt_tokens(),
            cached_tokens: row.usage.cached_tokens(),
            completion_tokens: row.usage.completion_tokens(),
            reasoning_tokens: row.usage.reasoning,
            ..Self::default()
        };
        match row.charge {
            None => spend.charge_unknown_held = row.held.picodollars().into(),
            Some(_) if row.certainty == Certainty::Exact => {}
            Some(_) => spend.charge_estimated = spend.charge,
        }
        row.attempts.iter().for_each(|it| spend.add_cost(it));
        spend
    }

    fn add_cost(&mut self, attempt: &AttemptRow) {
        let cost = i128::from(attempt.cost.unwrap_or_default().picodollars());
        match (attempt.byok, attempt.certainty) {
            (true, Certainty::Unknown) => self.byok_unknown += 1,
            (true, _) => self.byok_cost += cost,
            (false, Certainty::Exact) => self.cost_exact += cost,
            (false, Certainty::Estimated) => self.cost_estimated += cost,
            (false, Certainty::Unknown) => self.cost_unknown += 1,
        }
        match attempt.at_most {
            _ if attempt.byok => {}
            Some(most) => self.cost_at_most += i128::from(most.picodollars()),
            None => self.cost_no_bound += 1,
        }
    }

    /// What limits count: for a key beside what is drawn what it says itself.
    pub(crate) fn counted(&self, by_key: bool) -> i128 {
        let drawn = self.charge.saturating_add(self.fee);
        let drawn = drawn.saturating_add(self.charge_unknown_held);
        match by_key {
            true => drawn.saturating_add(self.byok_counted),
            false => drawn,
        }
    }

    /// Takes another one in. Money is exact: no number of rows exceeds what it is counted in.
    pub(crate) fn add(&mut self, other: &Self) {
        self.change(other, i128::saturating_add, u64::saturating_add);
    }

    /// Takes out another one, which was taken in before.
    pub(crate) fn take_out(&mut self, other: &Self) {
        self.change(other, i128::saturating_sub, u64::saturating_sub);
    }

    fn change(
        &mut self,
        other: &Self,
        amount: impl Fn(i128, i128) -> i128,
        count: impl Fn(u64, u64) -> u64,
    ) {
        let amounts = [
            (&mut self.charge, other.charge),
            (&mut self.charge_estimated, other.charge_estimated),
            (&mut self.charge_unknown_held, other.charge_unknown_held),
            (&mut self.fee, other.fee),
            (&mut self.cost_exact, other.cost_exact),
            (&mut self.cost_estimated, other.cost_estimated),
            (&mut self.cost_at_most, other.cost_at_most),
            (&mut self.byok_cost, other.byok_cost),
            (&mut self.byok_counted, other.byok_counted),
        ];
        for (sum, more) in amounts {
            *sum = amount(*sum, more);
        }
        let counts = [
            (&mut self.requests, other.requests),
            (&mut self.charge_unknown, other.charge_unknown),
            (&mut self.cost_unknown, other.cost_unknown),
            (&mut self.cost_no_bound, other.cost_no_bound),
            (&mut self.byok_unknown, other.byok_unknown),
            (&mut self.prompt_tokens, other.prompt_tokens),
            (&mut self.cached_tokens, other.cached_tokens),
            (&mut self.completion_tokens, other.completion_tokens),
            (&mut self.reasoning_tokens, other.reasoning_tokens),
        ];
        for (sum, more) in counts {
            *sum = count(*sum, more);
        }
    }
}
