//! Rules of single keys and accounts, which begin with what was used before.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::SystemTime;

use super::blind::{Blind, Whom};
use crate::caller::Caller;
use crate::clock::{now, wall};
use crate::gateway::blocking::blocking;
use crate::limits::{Level, Limits, Now, Rule, Scope, Subject, Unit};
use crate::settle::replay::{Whose, used};
use crate::settle::store::{Store, StoreError};

/// Sets rules of keys and accounts. A rule that is new begins with what the books say was used of it.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    /// Those of the ledger, and those of the quota if they are others.
    limits: Vec<Limits>,
    books: Option<Arc<dyn Store>>,
    blind: Blind,
}

/// All rules that one is to have of its own.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    scope: Scope,
    value: String,
    rules: Vec<Rule>,
}

/// What was used before, and when: by whom, and by the name of the rule.
type Past = HashMap<Whom, HashMap<String, Vec<(SystemTime, u64)>>>;

/// The rules that begin, one of each that count the same, and for whom.
type Begins = Vec<(Rule, HashSet<String>)>;

// === impl Counts ===

impl Counts {
    pub(super) fn new(limits: [Limits; 2], books: Option<Arc<dyn Store>>) -> Self {
        let [one, other] = limits;
        one.expect_rules();
        let limits = match one.is_same(&other) {
            true => vec![one],
            false => vec![one, other],
        };
        Self {
            limits,
            books,
            blind: Blind::default(),
        }
    }

    pub(super) fn books(&self) -> Option<&Arc<dyn Store>> {
        self.books.as_ref()
    }

    /// How much of the rule of requests of this name is used, that counts for this caller and such a model.
    pub(super) fn level(&self, caller: &Caller, rule: &str, model: &str) -> Option<Level> {
        let subject = Subject {
            caller: Some(caller),
            model: Some(model),
            ..Subject::default()
        };
        // Those of the quota.
        let levels = self
            .limits
            .last()?
            .levels(&subject, &[Unit::Requests], at());
        levels.into_iter().find(|level| level.rule.name() == rule)
    }

    /// Sets those of which there is none yet, without a look into the books: until they are [set](Self::set), nothing was used
    /// before.
    pub(super) fn begin(&self, mut wanted: Vec<Wanted>) {
        wanted.retain(|one| one.rules.iter().any(|rule| !self.has(one, rule)));
        let blind: Vec<_> = wanted.iter().map(Wanted::whom).collect();
        self.put(wanted, Past::new());
        if self.books.is_some() {
            self.blind.extend(blind);
        }
    }

    /// Has this one begun without a look into the books?
    pub(super) fn is_blind(&self, one: &Wanted) -> bool {
        self.blind.has(&one.whom())
    }

    /// Has any?
    pub(super) fn any_is_blind(&self) -> bool {
        !self.blind.is_empty()
    }

    /// Writes this, if anything, and from then on these count: those that begin with what the books say was used of them, and
    /// with what is under way.
    ///
    /// # Errors
    ///
    /// If the books cannot be read, or it cannot be written. Then nothing is set.
    pub(super) async fn set(
        &self,
        wanted: Vec<Wanted>,
        write: impl FnOnce() -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let counts = self.clone();
        let set = move || {
            let begins = counts.begins(&wanted);
            let books = counts.books.as_ref().filter(|_| !begins.is_empty());
            // Whatever is written meanwhile would be missing in both.
            let turn = books.map(|_| counts.limits[0].books_turn());
            let past = books.map_or(Ok(Past::new()), |books| past(&**books, &begins))?;
            write()?;
            counts.put(wanted, past);
            drop(turn);
            Ok(())
        };
        blocking(set).await
    }

    /// From now on these have no rules any more, or fewer.
    pub(super) fn end(&self, wanted: Vec<Wanted>) {
        self.put(wanted, Past::new());
    }

    fn put(&self, wanted: Vec<Wanted>, mut past: Past) {
        let now = at();
        for Wanted {
            scope,
            value,
            rules,
        } in wanted
        {
            let whom = (scope, value.clone());
            let anew = self.blind.remove(&whom);
            let mut past = past.remove(&whom).unwrap_or_default();
            let rules = rules.into_iter().map(|rule| {
                let past = past.remove(rule.name()).unwrap_or_default();
                (rule, past)
            });
            let rules: Vec<_> = rules.collect();
            for limits in &self.limits {
                let of = (scope, &*value);
                // It is the ledger's that know what is under way.
                let rules = (rules.clone(), anew);
                let set = limits.set_rules_over(&self.limits[0], of, rules, now);
                set.expect("it is the name of a key or an account");
            }
        }
    }

    fn begins(&self, wanted: &[Wanted]) -> Begins {
        let mut begins = Begins::new();
        for one in wanted {
            let blind = self.is_blind(one);
            for rule in one
                .rules
                .iter()
                .filter(|rule| blind || !self.has(one, rule))
            {
                let same = begins.iter_mut().find(|(known, _)| known.is_same(rule));
                match same {
                    Some((_, values)) => drop(values.insert(one.value.clone())),
                    None => begins.push((rule.clone(), HashSet::from([one.value.clone()]))),
                }
            }
        }
        begins
    }

    fn has(&self, one: &Wanted, rule: &Rule) -> bool {
        let of = (one.scope, &*one.value);
        self.limits.iter().all(|limits| limits.has(of, rule))
    }
}

// === impl Wanted ===

impl Wanted {
    /// These of this one, and no others.
    pub(super) fn new(scope: Scope, value: String, rules: Vec<Rule>) -> Self {
        Self {
            scope,
            value,
            rules,
        }
    }

    fn whom(&self) -> Whom {
        (self.scope, self.value.clone())
    }
}

fn past(books: &dyn Store, begins: &Begins) -> Result<Past, StoreError> {
    let mut past = Past::new();
    for (rule, values) in begins {
        let one = match values.iter().next() {
            Some(one) if values.len() == 1 => Some(&**one),
            _ => None,
        };
        let key = one.and_then(|key| key.parse().ok());
        let whose = match rule.scope() {
            Scope::Key => Whose {
                keys: key.as_ref().map(std::slice::from_ref),
                ..Whose::default()
            },
            _ => Whose {
                account: one,
                ..Whose::default()
            },
        };
        used(books, rule, whose, at(), |subject, amount, then| {
            let value = named(rule, subject).filter(|value| values.contains(value));
            if let Some(value) = value.filter(|_| rule.looks_at(subject)) {
                let rules = past.entry((rule.scope(), value)).or_default();
                let amounts = rules.entry(rule.name().to_owned()).or_default();
                amounts.push((then, amount));
            }
        })?;
    }
    Ok(past)
}

/// Whose is it?
fn named(rule: &Rule, subject: &Subject<'_>) -> Option<String> {
    let caller = subject.caller?;
    match rule.scope() {
        Scope::Key => Some(caller.key().to_string()),
        _ => Some(caller.account_name().to_owned()),
    }
}

fn at() -> Now {
    Now {
        instant: now(),
        wall: wall(),
    }
}
