//! What is different from one snapshot to the next.

use std::collections::HashMap;
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
        let priced = |catalog: &Catalog| {
            let endpoints = catalog.endpoints();
            endpoints
                .filter(|endpoint| !endpoint.prices().is_unknown())
                .count()
        };
        // An alias may have become the id of its model, or the reverse.
        let missing_in = |there: &Catalog, here: &Catalog| {
            let models = here.models().iter();
            models
                .filter(|model| there.find(model.id()).is_none())
                .count()
        };
        let mut changes = Changes {
            models: Shift {
                before: before.models().len(),
                after: after.models().len(),
            },
            priced: Shift {
                before: priced(before),
                after: priced(after),
            },
            added: missing_in(before, after),
            removed: missing_in(after, before),
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
            let prices = (before.listed(rate), after.listed(rate));
            // What is listed no more is charged by what stands in for it.
            self.note(key, rate, None, prices, (prices.0, after.get(rate)));
        }
        let (then, now) = (before.overrides(), after.overrides());
        for place in 0..then.len().max(now.len()) {
            let (then, now) = (then.get(place), now.get(place));
            for rate in Rate::ALL {
                let listed = |list: Option<&Override>| list.and_then(|list| list.listed(rate));
                let prices = (listed(then), listed(now));
                // Where it lists nothing, the base list holds.
                let in_force = (
                    prices.0.or(before.listed(rate)),
                    prices.1.or(after.get(rate)),
                );
                self.note(key, rate, Some(place), prices, in_force);
            }
            self.moved += usize::from(conditions(then) != conditions(now));
        }
    }

    fn note(
        &mut self,
        key: &str,
        rate: Rate,
        in_override: Option<usize>,
        (before, after): (Option<Price>, Option<Price>),
        in_force: (Option<Price>, Option<Price>),
    ) {
        if before == after {
            return;
        }
        let change = || Repriced {
            endpoint: key.into(),
            rate,
            in_override,
            before,
            after,
        };
        self.total += 1;
        if jumps(in_force.0, in_force.1) {
            self.jumps += 1;
            self.jump.get_or_insert_with(change);
            self.jumped.update(format!("{:?}", change()));
        }
        if self.repriced.len() < Self::MAX_REPRICED {
            self.repriced.push(change());
        }
    }
}

/// When does it hold?
fn conditions(list: Option<&Override>) -> impl PartialEq {
    list.map(|list| (list.min_prompt_tokens(), list.hours(), list.days()))
}

/// What becomes free or unknown has jumped; what was free or not known has not, since it costs nobody's money but its
/// caller's, and that is told.
fn jumps(before: Option<Price>, after: Option<Price>) -> bool {
    let before = before.map_or(0, Price::femtodollars);
    let within =
        |after: u64| after <= before.saturating_mul(JUMP) && after.saturating_mul(JUMP) >= before;
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
