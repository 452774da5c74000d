//! What is set for accounts: credit, and how often free models may be asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::counts::{Counts, Wanted};
use crate::calendar::Day;
use crate::caller::Caller;
use crate::gateway::blocking::blocking;
use crate::keys::FreeModels;
use crate::limits::{Level, Rule, Scope, Window};
use crate::money::Money;
use crate::settle::store::{Credit, CreditKind, StoreError};

/// By what are accounts limited? By nothing, unless it is set.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Accounts {
    /// Does an account spend what it was given, and no more?
    pub(super) prepaid: bool,
    pub(super) free: Option<FreeModels>,
}

/// What one account was given.
#[derive(Clone, Copy, Debug, Default)]
struct Given {
    /// In all, less what was taken from it: in picodollars.
    credit: i128,
    /// Of that, grants.
    granted: i128,
}

/// What an account may have for nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Tier {
    /// Was it never granted anything, where that matters?
    pub(super) is_free: bool,
    /// Of free models, today.
    pub(super) daily: Option<Level>,
}

/// The name of the rule that an account's credit is.
const CREDIT: &str = "credit";

// === impl Accounts ===

impl Accounts {
    /// What these accounts are to have, by what the books say that they were given.
    pub(super) async fn wanted(
        self,
        counts: &Counts,
        accounts: impl IntoIterator<Item = Arc<str>>,
    ) -> Result<Vec<Wanted>, StoreError> {
        let accounts: BTreeSet<_> = accounts.into_iter().collect();
        if !self.is_any() || accounts.is_empty() {
            return Ok(Vec::new());
        }
        let one = accounts.first().filter(|_| accounts.len() == 1).cloned();
        let given = given(counts, one).await?;
        let wanted = accounts.iter().map(|account| {
            let given = given.get(&**account).copied().unwrap_or_default();
            self.of(account, given)
        });
        Ok(wanted.collect())
    }

    /// The same for who was given nothing.
    pub(super) fn without_credit(self, accounts: Vec<Arc<str>>) -> Vec<Wanted> {
        let accounts = accounts.iter().filter(|_| self.is_any());
        accounts
            .map(|account| self.of(account, Given::default()))
            .collect()
    }

    pub(super) async fn tier(self, counts: &Counts, caller: &Caller) -> Result<Tier, StoreError> {
        if !self.is_any() {
            return Ok(Tier::default());
        }
        let account = caller.account_name();
        let given = given(counts, Some(account.into())).await?;
        Ok(Tier {
            is_free: given.get(account).is_none_or(|given| given.granted <= 0),
            daily: counts.level(caller, FreeModels::PER_DAY, ":free"),
        })
    }

    fn is_any(self) -> bool {
        self.prepaid || self.free.is_some()
    }

    fn of(self, account: &str, given: Given) -> Wanted {
        let credit = self.prepaid.then(|| {
            let credit = money(given.credit).max(Money::ZERO);
            let rule = Rule::money(CREDIT, Scope::Account, Window::Forever, credit);
            rule.expect("a sound name, and not below zero")
        });
        let free = self.free.map(|free| free.rules(money(given.granted)));
        let rules = credit.into_iter().chain(free.into_iter().flatten());
        Wanted::new(Scope::Account, account.to_owned(), rules.collect())
    }
}

/// What was given to this account, or to all.
async fn given(
    counts: &Counts,
    account: Option<Arc<str>>,
) -> Result<BTreeMap<String, Given>, StoreError> {
    let Some(books) = counts.books().cloned() else {
        return Ok(BTreeMap::new());
    };
    let (first, last) = (Day::from_number(0), Day::from_number(i32::MAX));
    blocking(move || {
        let mut given = BTreeMap::<String, Given>::new();
        let mut add = |credit: Credit| {
            let account = given.entry(credit.account.clone());
            account.or_default().add(&credit);
        };
        books.each_credit(account.as_deref(), (first, last), &mut add)?;
        Ok(given)
    })
    .await
}

// === impl Given ===

impl Given {
    fn add(&mut self, credit: &Credit) {
        let amount = i128::from(credit.amount.picodollars());
        self.credit = self.credit.saturating_add(amount);
        if credit.kind == CreditKind::Grant {
            self.granted = self.granted.saturating_add(amount);
        }
    }
}

/// Nine million dollars, and what is more.
fn money(picodollars: i128) -> Money {
    let within = picodollars.clamp(i64::MIN.into(), i64::MAX.into());
    Money::from_picodollars(i64::try_from(within).expect("it is within"))
}
