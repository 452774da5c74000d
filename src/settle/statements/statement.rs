//! One account's month.

use std::fmt;

use super::month::Month;
use crate::calendar::Day;
use crate::money::Total;
use crate::settle::store::{Credit, Dimension, Spend, SpendQuery, Store, StoreError};

/// What an account was given in a month, what it paid, and for what.
///
/// See the [module docs](super).
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Whose.
    pub account: String,
    /// Of which month.
    pub month: Month,
    /// What was left of the months before; below zero where more was owed.
    pub opening: Total,
    /// What it was given, oldest first.
    pub credits: Vec<Credit>,
    /// What it paid, a line for each key and model.
    pub lines: Vec<Line>,
    /// What is left.
    pub closing: Total,
}

/// What an account paid for the answers of one model to one key.
///
/// See the [module docs](super).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// The name of the key; none where nobody had asked for one.
    pub key: Option<String>,
    /// The model that answered; none where nobody did.
    pub model: Option<String>,
    /// Requests.
    pub requests: u64,
    /// Of them, those of which nobody knows what is to be paid. They are not in the charge.
    pub unpriced: u64,
    /// What was held for these.
    pub unpriced_held: Total,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written, reasoning among them.
    pub completion_tokens: u64,
    /// For the answers.
    pub charge: Total,
    /// Of that, what rests on an estimate of what was used, or of its price.
    pub estimated: Total,
    /// The operator's fee.
    pub fee: Total,
}

/// Why is there no statement?
#[derive(Debug)]
#[non_exhaustive]
pub enum StatementError {
    /// The store could not tell.
    Store(StoreError),
    /// It would have more than [`Statement::MOST_LINES`] lines.
    TooLong,
}

// === impl Statement ===

impl Statement {
    /// Keys times models, in one month.
    pub const MOST_LINES: usize = 100_000;

    /// Asks the store for an account's month. It blocks, as the [`Store`] does.
    ///
    /// # Errors
    ///
    /// [`StatementError`].
    pub fn read(store: &dyn Store, account: &str, month: Month) -> Result<Self, StatementError> {
        let (first, next) = (month.first(), month.next().first());
        let by = vec![Dimension::Key, Dimension::Model];
        let spent = spent(store, account, (first, next), by, Self::MOST_LINES + 1)?;
        if spent.len() > Self::MOST_LINES {
            return Err(StatementError::TooLong);
        }
        let opening = balance(store, account, first)?;
        let credits = store.credits(Some(account), first, next)?;
        let lines = spent.into_iter().map(Line::of).collect();
        Ok(Self::new(account, month, opening, credits, lines))
    }

    /// Adds these up.
    #[must_use]
    pub fn new(
        account: impl Into<String>,
        month: Month,
        opening: Total,
        credits: Vec<Credit>,
        lines: Vec<Line>,
    ) -> Self {
        let given: Total = credits.iter().map(|credit| credit.amount).sum();
        let paid: Total = lines.iter().map(|line| line.charge + line.fee).sum();
        Self {
            account: account.into(),
            month,
            opening,
            closing: opening + given - paid,
            credits,
            lines,
        }
    }

    /// All that it was given.
    #[must_use]
    pub fn credited(&self) -> Total {
        self.credits.iter().map(|credit| credit.amount).sum()
    }

    /// All that it paid for answers.
    #[must_use]
    pub fn charged(&self) -> Total {
        self.lines.iter().map(|line| line.charge).sum()
    }

    /// Of that, what rests on estimates.
    #[must_use]
    pub fn estimated(&self) -> Total {
        self.lines.iter().map(|line| line.estimated).sum()
    }

    /// Requests of which nobody knows what is to be paid.
    #[must_use]
    pub fn unpriced(&self) -> u64 {
        self.lines.iter().map(|line| line.unpriced).sum()
    }

    /// All that it paid beside.
    #[must_use]
    pub fn fees(&self) -> Total {
        self.lines.iter().map(|line| line.fee).sum()
    }
}

/// What an account has left when this day begins: all that it was given before, less all that it paid. It blocks, as the
/// [`Store`] does.
///
/// # Errors
///
/// Those of the store.
pub fn balance(store: &dyn Store, account: &str, before: Day) -> Result<Total, StoreError> {
    let ever = (Day::from_number(0), before);
    let mut given = Total::default();
    let mut add = |credit: Credit| given += credit.amount.into();
    store.each_credit(Some(account), ever, &mut add)?;
    let paid = spent(store, account, ever, Vec::new(), 1)?;
    Ok(given - paid.iter().map(paid_in).sum())
}

fn spent(
    store: &dyn Store,
    account: &str,
    (from, to): (Day, Day),
    by: Vec<Dimension>,
    limit: usize,
) -> Result<Vec<Spend>, StoreError> {
    store.spend(&SpendQuery {
        from,
        to,
        by,
        account: Some(account.to_owned()),
        keys: None,
        user: None,
        tag: None,
        limit,
    })
}

fn paid_in(spend: &Spend) -> Total {
    Total::from_picodollars(spend.charge) + Total::from_picodollars(spend.fee)
}

// === impl Line ===

impl Line {
    fn of(spend: Spend) -> Self {
        let mut of = spend.of.into_iter();
        Self {
            key: of.next().flatten(),
            model: of.next().flatten(),
            requests: spend.requests,
            unpriced: spend.charge_unknown,
            unpriced_held: Total::from_picodollars(spend.charge_unknown_held),
            prompt_tokens: spend.prompt_tokens,
            completion_tokens: spend.completion_tokens,
            charge: Total::from_picodollars(spend.charge),
            estimated: Total::from_picodollars(spend.charge_estimated),
            fee: Total::from_picodollars(spend.fee),
        }
    }
}

// === impl StatementError ===

impl From<StoreError> for StatementError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for StatementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::TooLong => write!(
                f,
                "the statement has more than {} lines: export the spend instead",
                Statement::MOST_LINES
            ),
        }
    }
}

impl std::error::Error for StatementError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            Self::TooLong => None,
        }
    }
}
