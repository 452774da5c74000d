//! What is different from one snapshot to the next.

use std::collections::{HashMap, HashSet};
use std::fmt;

use sha2::{Digest, Sha256};

use crate::Price;
use crate::catalog::{Catalog, Endpoint, Override, Prices, Rate};

/// What one catalogue has otherwise than the one before it.
///
/// ```
/// use switchtower::catalog::{Catalog, Changes};
///
/// let toml = |price: &str| format!(r#"
///     providers.acme.base_url = "https://api.acme.example/v1"
///     [[models.swift.endpoints]]
///     provider = "acme"
///     model = "swift-2"
///     prices = {{ prompt = "{price}" }}
/// "#);
/// let load = |price| Catalog::from_toml(&toml(price), "switchtower.toml", |_| None);
///
/// let changes = Changes::between(&load("1.00")?, &load("1.50")?);
/// assert_eq!(changes.repriced()[0].to_string(), "swift@acme: prompt 0.000001 to 0.0000015");
/// assert_eq!(changes.to_string(), "0 models added, 0 removed; 1 price changed");
/// # Ok::<(), switchtower::catalog::LoadError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Changes {
    pub(super) models: Shift,
    pub(super) priced: Shift,
    added: usize,
    removed: usize,
    total: usize,
    repriced: Vec<Repriced>,
    /// The first price of those that jump, and how many do.
    pub(super) jump: Option<Repriced>,
    pub(super) jumps: usize,
    /// A digest of all that jump.
    pub(super) jumped: Sha256,
    /// A digest of the models that are gone, and of the endpoints that have no price any more.
    pub(super) lost: Sha256,
    /// Conditions under which other prices hold, that are others.
    moved: usize,
}

/// So many before, so many after.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Shift {
    pub(super) before: usize,
    pub(super) after: usize,
}

/// A price of an endpoint that has changed. See [`Changes`] for an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repriced {
    /// The [`key`](Endpoint::key) of the endpoint.
    pub endpoint: Box<str>,
    /// What it is for.
    pub rate: Rate,
    /// Where it stands: the override's place, or none for the base list.
    pub in_override: Option<usize>,
    /// What it was; none if that was not known.
    pub before: Option<Price>,
    /// What it is.
    pub after: Option<Price>,
}

/// A price that grows or shrinks by more than this jumps.
const JUMP: u64 = 10;
/// By how much a price may shrink that was another's until it was listed: what a cache reads costs as little as a
/// fiftieth.
const APART: u64 = 100;

// === impl Changes ===

impl Changes {
    /// The most changed prices that are told one by one; all of them are counted.
    pub const MAX_REPRICED: usize = 1_000;

    /// What `after` has otherwise than `before`.
    #[must_use]
    pub fn between(before: &Catalog, after: &Catalog) -> Self {
        let mut known: HashMap<&str, &Endpoint> = HashMap::new();
        known.extend(
            before
                .endpoints()
                .map(|endpoint| (endpoint.key(), &**endpoint)),
        );
        let priced = |catalog: &Catalog| -> HashSet<Box<str>> {
            let endpoints = catalog.endpoints();
            let priced = endpoints.filter(|endpoint| !endpoint.prices().is_unknown());
            priced.map(|endpoint| endpoint.key().into()).collect()
        };
        let [priced_before, priced_after] = [before, after].map(priced);
        // An alias may have become the id of its model, or the reverse.
        let missing_in = |there: &Catalog, here: &Catalog| -> Vec<Box<str>> {
            let models = here.models().iter();
            let missing = models.filter(|model| there.find(model.id()).is_none());
            missing.map(|model| model.id().into()).collect()
        };
        let removed = missing_in(after, before);
        let mut lost: Vec<_> = priced_before
            .difference(&priced_after)
            .chain(&removed)
            .collect();
        lost.sort_unstable();
        let mut changes = Changes {
            models: Shift {
                before: before.models().len(),
                after: after.models().len(),
            },
            priced: Shift {
                before: priced_before.len(),
                after: priced_after.len(),
            },
            added: missing_in(before, after).len(),
            removed: removed.len(),
            lost: Sha256::new_with_prefix(format!("{lost:?}")),
            ..Changes::default()
        };
        for endpoint in after.endpoints() {
            if let Some(then) = known.get(endpoint.key()) {
                changes.compare(endpoint.key(), then.prices(), endpoint.prices());
            }
        }
        changes
    }

    /// Is nothing different?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added + self.removed + self.total + self.moved == 0
    }

    /// How many models are new.
    #[must_use]
    pub fn added(&self) -> usize {
        self.added
    }

    /// How many models are gone.
    #[must_use]
    pub fn removed(&self) -> usize {
        self.removed
    }

    /// How many overrides hold under other conditions.
    #[must_use]
    pub fn conditions(&self) -> usize {
        self.moved
    }

    /// How many prices are others.
    #[must_use]
    pub fn prices(&self) -> usize {
        self.total
    }

    /// The first [`MAX_REPRICED`](Self::MAX_REPRICED) of them, one by one.
    #[must_use]
    pub fn repriced(&self) -> &[Repriced] {
        &self.repriced
    }

    fn compare(&mut self, key: &str, before: &Prices, after: &Prices) {
        for rate in Rate::ALL {
            let listed = (before.listed(rate), after.listed(rate));
            // What is not listed is charged by what stands in for it.
            let in_force = (before.get(rate), after.get(rate));
            self.note(key, rate, None, listed, in_force, listed.0.is_none());
        }
        for (place, then, now) in pairs(before.overrides(), after.overrides()) {
            let moved = conditions(then) != conditions(now);
            self.moved += usize::from(moved);
            for rate in Rate::ALL {
                let of = |list: Option<&Override>| list.and_then(|list| list.listed(rate));
                let listed = (of(then), of(now));
                // Where it lists nothing, the base list holds; and where it holds now, it may have held before.
                let was = listed.0.filter(|_| !moved).or(before.get(rate));
                let in_force = (was, listed.1.or(after.get(rate)));
                let is_new = listed.0.or(before.listed(rate)).is_none();
                self.note(key, rate, Some(place), listed, in_force, is_new);
            }
        }
    }

    fn note(
        &mut self,
        key: &str,
        rate: Rate,
        in_override: Option<usize>,
        listed: (Option<Price>, Option<Price>),
        in_force: (Option<Price>, Option<Price>),
        is_new: bool,
    ) {
        let change = |(before, after)| Repriced {
            endpoint: key.into(),
            rate,
            in_override,
            before,
            after,
        };
        let is_other = listed.0 != listed.1;
        // One whose conditions are others may be the same, and hold where another did.
        let holds_anew = listed.1.is_some() && in_force.0 != listed.0;
        if (is_other || holds_anew) && jumps(in_force, is_new) {
            let change = change(if is_other { listed } else { in_force });
            self.jumps += 1;
            self.jumped.update(format!("{change:?}"));
            self.jump.get_or_insert(change);
        }
        self.total += usize::from(is_other);
        if is_other && self.repriced.len() < Self::MAX_REPRICED {
            self.repriced.push(change(listed));
        }
    }
}

/// Which override takes the place of which, and where it stands: that of the same conditions, wherever it is, and of
/// the rest the first of the first.
fn pairs<'a>(
    then: &'a [Override],
    now: &'a [Override],
) -> Vec<(usize, Option<&'a Override>, Option<&'a Override>)> {
    let mut gone: Vec<_> = then.iter().enumerate().collect();
    let mut pairs: Vec<_> = now
        .iter()
        .enumerate()
        .map(|(at, now)| (at, None, Some(now)))
        .collect();
    let alike = |one: &Override, other: &Override| conditions(Some(one)) == conditions(Some(other));
    for (_, then, now) in &mut pairs {
        let found = gone
            .iter()
            .position(|(_, gone)| now.is_some_and(|now| alike(gone, now)));
        *then = found.map(|at| gone.remove(at).1);
    }
    let mut gone = gone.into_iter();
    for (_, then, _) in pairs.iter_mut().filter(|(_, then, _)| then.is_none()) {
        *then = gone.next().map(|(_, gone)| gone);
    }
    pairs.extend(gone.map(|(at, gone)| (at, Some(gone), None)));
    pairs
}

/// When does it hold?
fn conditions(list: Option<&Override>) -> impl PartialEq {
    list.map(|list| (list.min_prompt_tokens(), list.hours(), list.days()))
}

/// What becomes free or unknown has jumped; what was free or not known has not, since it costs nobody's money but its
/// caller's, and that is told.
fn jumps((before, after): (Option<Price>, Option<Price>), is_new: bool) -> bool {
    let before = before.map_or(0, Price::femtodollars);
    let least = if is_new { APART } else { JUMP };
    let within =
        |after: u64| after <= before.saturating_mul(JUMP) && after.saturating_mul(least) >= before;
    before > 0 && !after.map(Price::femtodollars).is_some_and(within)
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = |count: usize| if count == 1 { "" } else { "s" };
        let Self {
            added,
            removed,
            total,
            ..
        } = *self;
        write!(
            f,
            "{added} model{} added, {removed} removed; {total} price{} changed",
            many(added),
            many(total)
        )?;
        match self.moved {
            0 => Ok(()),
            moved => write!(f, ", {moved} under other conditions"),
        }
    }
}

impl fmt::Display for Repriced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spelled =
            |price: Option<Price>| price.map_or("unknown".to_owned(), |price| price.to_string());
        let (before, after) = (spelled(self.before), spelled(self.after));
        write!(f, "{}: {}", self.endpoint, self.rate.key())?;
        if let Some(place) = self.in_override {
            write!(f, " of override {place}")?;
        }
        write!(f, " {before} to {after}")
    }
}
