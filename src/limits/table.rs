//! All rules, and what counts by them.

use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::counter::Counter;
use super::exceeded::Exceeded;
use super::general::General;
use super::level::Level;
use super::moment::{At, Now};
use super::own::Own;
use super::rule::Rule;
use super::scope::Scope;
use super::shared::Shared;
use super::subject::Subject;
use super::taken::{Part, Taken};
use super::turn::Turn;
use super::under_way::Guest;
use super::unit::Unit;
use super::values::Values;
use crate::money::Money;
use crate::sync::AtomicU64;

/// A table of rules, and what counts by each. Shared by all clones.
///
/// ```
/// use std::time::{Instant, UNIX_EPOCH};
/// use switchtower::{Caller, KeyId, Money};
/// use switchtower::limits::{Limits, Now, Rule, Scope, Subject, Unit, Window};
///
/// # fn main() -> Result<(), switchtower::BoxError> {
/// let limits = Limits::new([Rule::money("budget", Scope::Key, Window::Forever, "1".parse()?)?]);
/// let caller = Caller::new(KeyId::of("sk-or-v1-a"));
/// let subject = Subject { caller: Some(&caller), ..Subject::default() };
/// let now = Now { instant: Instant::now(), wall: UNIX_EPOCH };
/// let dollar: Money = "0.7".parse()?;
/// let amount = dollar.picodollars().unsigned_abs();
///
/// let mut held = limits.take(&subject, &[(Unit::Money, amount)], now)?;
/// let refused = limits.take(&subject, &[(Unit::Money, amount)], now).unwrap_err();
/// assert_eq!((refused.level.used, refused.level.held), (0, amount));
///
/// held.settle(Unit::Money, amount / 7, now); // It was a tenth of a dollar.
/// assert_eq!(limits.available(&subject, now), Some("0.9".parse()?));
/// assert!(limits.take(&subject, &[(Unit::Money, amount)], now).is_ok());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Limits(pub(super) Arc<Table>);

pub(super) struct Table {
    /// The first moment that there was.
    first: OnceLock<Instant>,
    /// Those that hold for all.
    pub(super) general: General,
    pub(super) own: Own,
    /// Also of those that are yet to hold: see [`Limits::replace`].
    pub(super) order: Arc<AtomicU64>,
    pub(super) values: usize,
    pub(super) books: Turn,
}

// === impl Limits ===

impl Limits {
    /// The most values that each rule has a count of its own for, unless it is set.
    pub const VALUES: usize = 100_000;

    /// These rules.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self::with_values(rules, Self::VALUES)
    }

    /// These rules, with so many counts for each. What is counted beyond is counted together, as if it were one: more is
    /// refused then, but nothing is forgotten. A count that counts nothing makes room for another one. Of users and tags, each
    /// account has a tenth of them, rounded up.
    pub fn with_values(rules: impl IntoIterator<Item = Rule>, values: usize) -> Self {
        Self::of(General::of(rules), OnceLock::new(), Arc::default(), values)
    }

    pub(super) fn of(
        general: General,
        first: OnceLock<Instant>,
        order: Arc<AtomicU64>,
        values: usize,
    ) -> Self {
        Self(Arc::new(Table {
            first,
            general,
            own: Own::new(),
            order,
            values,
            books: Turn::new(),
        }))
    }

    /// Takes so much of each unit, by all rules that count it, or nothing.
    ///
    /// # Errors
    ///
    /// If one of them leaves no room.
    pub fn take(
        &self,
        subject: &Subject<'_>,
        wanted: &[(Unit, u64)],
        now: Now,
    ) -> Result<Taken, Exceeded> {
        let mut taken = Taken::default();
        let is_wanted = |unit| wanted.iter().any(|(of, _)| *of == unit);
        let counts = self.counts_of(subject, is_wanted, now);
        let amount = |rule: &Rule, _: &[u8]| {
            let wanted = wanted.iter().filter(|(of, _)| *of == rule.unit());
            wanted.fold(0, |sum: u64, (_, amount)| sum.saturating_add(*amount))
        };
        taken.put(self.parts(&counts, amount, false, now)?);
        Ok(taken)
    }

    /// The same, where each rule wants an amount of its own for each value that it counts by; and rules that
    /// [come later](Self::set_rules) count this guest as well, if any are expected. Who has waited for a lease takes what is
    /// set aside as well.
    pub(crate) fn take_of(
        &self,
        guest: impl FnOnce() -> Guest,
        subject: &Subject<'_>,
        (units, amount): (&[Unit], impl Fn(&Rule, &[u8]) -> u64),
        has_waited: bool,
        now: Now,
    ) -> Result<Taken, Exceeded> {
        let guest = self.0.own.expects().then(guest);
        let (counts, mut taken) = self.enter(guest, subject, |unit| units.contains(&unit), now);
        taken.put(self.parts(&counts, amount, has_waited, now)?);
        Ok(taken)
    }

    fn parts(
        &self,
        counts: &[Arc<Shared>],
        amount: impl Fn(&Rule, &[u8]) -> u64,
        has_waited: bool,
        now: Now,
    ) -> Result<Vec<Part>, Exceeded> {
        if counts.is_empty() {
            return Ok(Vec::new());
        }
        let at = self.at(now);
        let mut crossings = Vec::new();
        let parts = {
            let mut locked: Vec<_> = counts.iter().map(|count| count.lock()).collect();
            let mut refused: Option<Exceeded> = None;
            for (counter, count) in locked.iter_mut().zip(counts) {
                let amount = amount(counter.rule(), &count.value);
                if let Err(exceeded) = counter.check(amount, has_waited, at)
                    && refused
                        .as_ref()
                        .is_none_or(|other| exceeded.outlasts(other))
                {
                    refused = Some(exceeded);
                }
            }
            if let Some(exceeded) = refused {
                return Err(exceeded);
            }
            let taken = locked.iter_mut().zip(counts).map(|(counter, count)| {
                let amount = amount(counter.rule(), &count.value);
                let (place, crossed) = counter.take(amount, at);
                crossings.extend(crossed.map(|crossed| (count, crossed)));
                Part {
                    count: count.clone(),
                    unit: counter.rule().unit(),
                    amount,
                    place,
                    level: counter.level(at),
                }
            });
            taken.collect()
        };
        for (count, crossed) in &crossings {
            count.tell(Some(crossed));
        }
        Ok(parts)
    }

    /// How much money may be held for such a request at the most; none where no rule says.
    pub fn available(&self, subject: &Subject<'_>, now: Now) -> Option<Money> {
        let levels = self.levels(subject, &[Unit::Money], now);
        let least = levels.iter().map(Level::remaining).min()?;
        Some(Money::from_picodollars(
            i64::try_from(least).unwrap_or(i64::MAX),
        ))
    }

    /// How much is used and left of each limit of these units that such a request counts by.
    pub fn levels(&self, subject: &Subject<'_>, units: &[Unit], now: Now) -> Vec<Level> {
        let at = self.at(now);
        let counts = self.counts_of(subject, |unit| units.contains(&unit), now);
        let levels = counts.iter();
        levels
            .map(|count| count.with(|counter| counter.level(at)))
            .collect()
    }

    /// Is there no rule?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.general.is_empty() && self.0.own.is_empty()
    }

    /// May there be a rule of this unit?
    pub(crate) fn counts(&self, unit: Unit) -> bool {
        !self.0.own.is_empty() || self.0.general.counts(unit)
    }

    /// May there be a rule of this scope?
    pub(crate) fn looks_at(&self, scope: Scope) -> bool {
        self.0.own.looks_at(scope) || self.0.general.looks_at(scope)
    }

    /// May there be a rule that looks at models?
    pub(crate) fn looks_at_models(&self) -> bool {
        let of_models = self.0.own.has_models() || self.0.general.has_models();
        of_models || self.looks_at(Scope::Model)
    }

    /// May there be a rule that counts some of those who may be asked, and others not?
    pub(crate) fn tells_apart(&self) -> bool {
        self.looks_at(Scope::Provider) || self.looks_at_models()
    }

    /// Those that such a request counts by, in the order in which they are locked.
    pub(super) fn counts_of(
        &self,
        subject: &Subject<'_>,
        is_wanted: impl Fn(Unit) -> bool,
        now: Now,
    ) -> Vec<Arc<Shared>> {
        self.enter(None, subject, is_wanted, now).0
    }

    /// Likewise; and from the same moment on rules that come count this guest, if there is one.
    fn enter(
        &self,
        guest: Option<Guest>,
        subject: &Subject<'_>,
        is_wanted: impl Fn(Unit) -> bool,
        now: Now,
    ) -> (Vec<Arc<Shared>>, Taken) {
        let mut counts = Vec::new();
        let general = self.0.general.all();
        for all in general.iter().flat_map(|all| all.iter()) {
            let rule = all.rule();
            if !is_wanted(rule.unit()) || !rule.looks_at(subject) {
                continue;
            }
            for value in rule.scope().values(subject) {
                if rule.counts(&value) {
                    counts.push(self.count_of(all, &value, now));
                }
            }
        }
        let shares = self.is_shared();
        let own = |count: &Arc<Shared>| {
            let looks = |counter: &mut Counter| {
                if shares {
                    counter.share(None);
                }
                let rule = counter.rule();
                is_wanted(rule.unit()) && rule.looks_at(subject)
            };
            if count.with(looks) {
                counts.push(count.clone());
            }
        };
        let taken = match guest {
            Some(guest) => Taken::known(self, self.0.own.enter(guest, subject, own)),
            None => {
                self.0.own.of(subject, own);
                Taken::default()
            }
        };
        counts.sort_unstable_by_key(|count| count.order);
        counts.dedup_by_key(|count| count.order);
        (counts, taken)
    }

    pub(super) fn count_of(&self, all: &Values, value: &[u8], now: Now) -> Arc<Shared> {
        let first = self.first(now);
        let order = || self.order();
        let count = all.of(value, self.0.values, order, (first, At::new(now, first)));
        // Of the rest nobody else knows who they are.
        if self.is_shared() && !count.value.is_empty() {
            count.with(|counter| counter.share(Some(all.nth)));
        }
        count
    }

    pub(super) fn order(&self) -> u64 {
        self.0.order.fetch_add(1, Relaxed)
    }

    pub(super) fn first(&self, now: Now) -> Instant {
        *self.0.first.get_or_init(|| now.instant)
    }

    pub(super) fn at(&self, now: Now) -> At {
        At::new(now, self.first(now))
    }
}

impl Default for Limits {
    /// No rules.
    fn default() -> Self {
        Self::new([])
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = self.rules();
        f.debug_list()
            .entries(rules.iter().map(|rule| rule.name()))
            .finish()
    }
}
