//! Other rules, in the place of those that hold for all.

use std::sync::Arc;

use super::general::{General, numbered};
use super::moment::Now;
use super::rule::Rule;
use super::table::Limits;
use super::values::Values;

// === impl Limits ===

impl Limits {
    /// From now on these rules hold for all, and no others but those that somebody [has of its own](Self::set_rules). A rule that
    /// counts the same as one before, under the same name, goes on with what was counted: only its limit and its
    /// thresholds are others. A new one begins with what is under way, if [rules were expected](Self::expect_rules) when that was
    /// let in, and with what `past` says: it is given limits of the new rules alone, to [charge](Self::charge) them with what was
    /// used before. Whoever is under way by a rule that is gone goes on.
    ///
    /// Of a ledger with a store, [`Books::set_limits`](crate::settle::Books::set_limits) does it with what the store says.
    ///
    /// ```
    /// use std::time::{Instant, UNIX_EPOCH};
    /// use switchtower::limits::{Limits, Now, Rule, Scope, Subject, Unit, Window};
    ///
    /// # fn main() -> Result<(), switchtower::BoxError> {
    /// let budget = |limit: &str| Rule::money("budget", Scope::Account, Window::Forever, limit.parse().unwrap());
    /// let limits = Limits::new([budget("1")?]);
    /// let now = Now { instant: Instant::now(), wall: UNIX_EPOCH };
    /// let wanted = [(Unit::Money, 800_000_000_000)];
    /// let held = limits.take(&Subject::default(), &wanted, now)?;
    /// assert!(limits.take(&Subject::default(), &wanted, now).is_err());
    ///
    /// limits.replace([budget("2")?], |_| Ok::<_, switchtower::BoxError>(()), now)?;
    /// assert_eq!(limits.available(&Subject::default(), now), Some("1.2".parse()?));
    /// # drop(held);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of `past`. Then nothing has changed.
    pub fn replace<E>(
        &self,
        rules: impl IntoIterator<Item = Rule>,
        past: impl FnOnce(&Self) -> Result<(), E>,
        now: Now,
    ) -> Result<(), E> {
        let _turn = self.0.general.changes.take();
        let general = self.0.general.all();
        let before = general.map_or_else(Vec::new, |all| all.to_vec());
        let (mut after, mut new) = (Vec::new(), Vec::new());
        for (rule, nth) in numbered(rules) {
            let mut same = before.iter();
            match same.find(|all| all.nth == nth && all.rule().is_same(&rule)) {
                Some(all) => after.push(Arc::new(all.with_rule(rule))),
                None => {
                    new.push(Arc::new(Values::new(rule, nth)));
                    after.extend(new.last().cloned());
                }
            }
        }
        past(&self.only(new.clone(), now))?;

        after.iter().for_each(|all| all.hold());
        let is_gone = |all: &&Arc<Values>| !after.iter().any(|kept| kept.is_same(all));
        let gone: Vec<_> = before
            .iter()
            .filter(is_gone)
            .flat_map(|all| all.end())
            .collect();
        let crossed = self.own().renew(|under_way| {
            under_way.forget(&gone);
            let new = new.iter();
            let crossed = new.flat_map(|all| {
                let count = |value: &[u8]| self.count_of(all, value, now);
                under_way.count_by_all(all.rule(), count, now)
            });
            let crossed: Vec<_> = crossed.collect();
            self.0.general.put(after);
            crossed
        });
        for (count, crossed) in &crossed {
            count.tell(Some(crossed));
        }
        Ok(())
    }

    /// Does this, and again if [others hold](Self::replace) meanwhile: who has looked at those before is missed by both.
    pub(crate) fn steadily<T>(&self, mut take: impl FnMut() -> T) -> T {
        loop {
            let word = self.0.general.word();
            let taken = take();
            if self.0.general.word() == word {
                return taken;
            }
        }
    }

    /// These alone, which are counted as they will be in here.
    fn only(&self, new: Vec<Arc<Values>>, now: Now) -> Self {
        let first = self.first(now).into();
        let general = General::these(new);
        let only = Self::of(general, first, self.0.order.clone(), self.0.values);
        if self.is_shared() {
            only.share();
        }
        only
    }
}
