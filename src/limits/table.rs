//! All rules, and what counts by them.

use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime};

use super::counter::{Counter, Crossed};
use super::exceeded::Exceeded;
use super::level::Level;
use super::moment::{At, Now};
use super::own::Own;
use super::rule::{NotARule, Rule};
use super::scope::Scope;
use super::subject::Subject;
use super::taken::{Part, Taken};
use super::unit::Unit;
use super::values::{Shared, Values};
use crate::money::Money;
use crate::sync::AtomicU64;
use crate::telemetry;

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
pub struct Limits(Arc<Table>);

struct Table {
    /// The first moment that there was.
    first: OnceLock<Instant>,
    /// Of all that are counted by a rule.
    all: Box<[Values]>,
    own: Own,
    order: AtomicU64,
    values: usize,
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
    /// refused then, but nothing is forgotten. A count that counts nothing makes room for another one.
    pub fn with_values(rules: impl IntoIterator<Item = Rule>, values: usize) -> Self {
        let rules = rules.into_iter().map(|rule| Values::new(Arc::new(rule)));
        Self(Arc::new(Table {
            first: OnceLock::new(),
            all: rules.collect(),
            own: Own::new(),
            order: AtomicU64::new(0),
            values,
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
        let at = self.at(now);
        let counts = self.counts(subject, |unit| wanted.iter().any(|(of, _)| *of == unit), at);
        if counts.is_empty() {
            return Ok(Taken::default());
        }
        let amount = |counter: &Counter| {
            let unit = counter.rule().unit();
            let wanted = wanted.iter().filter(|(of, _)| *of == unit);
            wanted.fold(0, |sum: u64, (_, amount)| sum.saturating_add(*amount))
        };
        let mut crossings = Vec::new();
        let parts = {
            let mut locked: Vec<_> = counts.iter().map(|count| count.lock()).collect();
            let mut refused: Option<Exceeded> = None;
            for counter in &mut locked {
                let amount = amount(counter);
                if let Err(exceeded) = counter.check(amount, at)
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
            let taken = locked.iter_mut().zip(&counts).map(|(counter, count)| {
                let amount = amount(counter);
                let (place, crossed) = counter.take(amount, at);
                crossings.extend(crossed);
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
        crossings.iter().for_each(Crossed::tell);
        Ok(Taken::new(self.clone(), parts))
    }

    /// Adds what was used at this time, whether there is room for it or not: to begin where a ledger has ended. What is not
    /// in a window that is on does not count.
    pub fn charge(
        &self,
        subject: &Subject<'_>,
        unit: Unit,
        amount: u64,
        then: SystemTime,
        now: Now,
    ) {
        let at = self.at(now);
        let then = at.back_to(then);
        for count in self.counts(subject, |of| of == unit, at) {
            let crossed = count.with(|counter| counter.charge(amount, then, at));
            crossed.iter().for_each(Crossed::tell);
        }
    }

    /// From now on this one has these rules, and no others of its own. A rule that counts the same as one before, under
    /// the same name, goes on with what was counted; only its limit and its thresholds are others. A new one begins with what
    /// was used before, each amount at its time, as if it had been [charged](Self::charge) at once.
    ///
    /// The credit of an account is one: of its scope, of money, for ever, and as much as was ever paid in.
    ///
    /// # Errors
    ///
    /// [`NotARule::BadValue`] if there is nobody of this name. [`Rule::of`] tells how it is written.
    pub fn set_rules(
        &self,
        (scope, value): (Scope, &str),
        rules: impl IntoIterator<Item = (Rule, Vec<(SystemTime, u64)>)>,
        now: Now,
    ) -> Result<(), NotARule> {
        let value = scope.value(value).ok_or(NotARule::BadValue)?;
        let order = || self.0.order.fetch_add(1, Relaxed);
        let at = self.at(now);
        let rules = rules.into_iter().map(|(rule, past)| {
            let past = past.into_iter();
            let past = past.map(|(then, amount)| (at.back_to(then), amount));
            (rule, past.collect())
        });
        self.0.own.set(scope, value, rules.collect(), order, at);
        Ok(())
    }

    /// Does this one have a rule of its own that counts the same, be the limit another?
    #[must_use]
    pub fn has(&self, (scope, value): (Scope, &str), rule: &Rule) -> bool {
        let mut has = false;
        if let Some(value) = scope.value(value) {
            self.0
                .own
                .find(scope, &value, |count| has |= count.is_of(rule));
        }
        has
    }

    /// Of all rules one of each that count the same.
    pub(crate) fn rules(&self) -> Vec<Arc<Rule>> {
        let mut rules: Vec<_> = self.0.all.iter().map(|all| all.rule().clone()).collect();
        self.0.own.rules(&mut rules);
        rules
    }

    /// As [`charge`](Self::charge), by the rules alone that count the same as this one.
    pub(crate) fn charge_by(
        &self,
        rule: &Rule,
        subject: &Subject<'_>,
        amount: u64,
        then: SystemTime,
        now: Now,
    ) {
        let at = self.at(now);
        let then = at.back_to(then);
        for count in self.counts(subject, |unit| unit == rule.unit(), at) {
            let mut counter = count.lock();
            if counter.rule().is_same(rule) {
                let crossed = counter.charge(amount, then, at);
                crossed.iter().for_each(Crossed::tell);
            }
        }
    }

    /// Do both count in one place?
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Adds what was used at this time to one rule that this one has of its own, as [`charge`](Self::charge) does.
    pub fn charge_own(
        &self,
        (scope, value): (Scope, &str),
        rule: &str,
        amount: u64,
        then: SystemTime,
        now: Now,
    ) {
        let at = self.at(now);
        let then = at.back_to(then);
        self.named(scope, value, rule, |counter| {
            counter.charge(amount, then, at);
        });
    }

    /// So much of a [shared](Rule::shared) rule of this name may be used and held here, all together, until its window
    /// begins anew.
    pub fn grant(&self, (scope, value): (Scope, &str), rule: &str, granted: u64, now: Now) {
        let at = self.at(now);
        self.named(scope, value, rule, |counter| counter.grant(granted, at));
        let Some(value) = scope.value(value) else {
            return;
        };
        for all in &self.0.all {
            if all.rule().scope() == scope && all.rule().name() == rule {
                let order = || self.0.order.fetch_add(1, Relaxed);
                let count = all.of(&value, self.0.values, order, at);
                count.with(|counter| counter.grant(granted, at));
            }
        }
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
        let counts = self.counts(subject, |unit| units.contains(&unit), at);
        let levels = counts.iter();
        levels
            .map(|count| count.with(|counter| counter.level(at)))
            .collect()
    }

    /// Is there no rule?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.all.is_empty() && self.0.own.is_empty()
    }

    /// May there be a rule of this scope?
    pub(crate) fn looks_at(&self, scope: Scope) -> bool {
        let mut all = self.0.all.iter();
        !self.0.own.is_empty() || all.any(|all| all.rule().scope() == scope)
    }

    /// May there be a rule that looks at models?
    pub(crate) fn looks_at_models(&self) -> bool {
        let mut all = self.0.all.iter();
        self.looks_at(Scope::Model) || all.any(|all| all.rule().has_models())
    }

    /// Those that such a request counts by, in the order in which they are locked.
    fn counts(
        &self,
        subject: &Subject<'_>,
        is_wanted: impl Fn(Unit) -> bool,
        at: At,
    ) -> Vec<Arc<Shared>> {
        let mut counts = Vec::new();
        for all in &self.0.all {
            let rule = all.rule();
            if !is_wanted(rule.unit()) || !rule.looks_at(subject) {
                continue;
            }
            for value in rule.scope().values(subject) {
                if rule.counts(&value) {
                    let order = || self.0.order.fetch_add(1, Relaxed);
                    counts.push(all.of(&value, self.0.values, order, at));
                }
            }
        }
        self.0.own.of(subject, |count| {
            let looks = |counter: &mut Counter| {
                let rule = counter.rule();
                is_wanted(rule.unit()) && rule.looks_at(subject)
            };
            if count.with(looks) {
                counts.push(count.clone());
            }
        });
        counts.sort_unstable_by_key(|count| count.order);
        counts.dedup_by_key(|count| count.order);
        counts
    }

    fn named(&self, scope: Scope, value: &str, rule: &str, change: impl Fn(&mut Counter)) {
        let Some(value) = scope.value(value) else {
            return;
        };
        self.0.own.find(scope, &value, |count| {
            count.with(|counter| {
                if counter.rule().name() == rule {
                    change(counter);
                }
            });
        });
    }

    pub(super) fn at(&self, now: Now) -> At {
        At::new(now, *self.0.first.get_or_init(|| now.instant))
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
        let names = self.0.all.iter().map(|all| all.rule().name());
        f.debug_list().entries(names).finish()
    }
}

// === impl Crossed ===

impl Crossed {
    pub(super) fn tell(&self) {
        telemetry::near_limit(&self.level, self.percent);
    }
}
