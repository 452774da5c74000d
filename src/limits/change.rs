//! What changes a table: rules that come and go, what was used before, and what is granted.

use std::ops::DerefMut;
use std::sync::Arc;
use std::time::SystemTime;

use super::counter::Counter;
use super::moment::Now;
use super::own::Own;
use super::rule::{NotARule, Rule};
use super::scope::Scope;
use super::subject::Subject;
use super::table::Limits;
use super::unit::Unit;

// === impl Limits ===

impl Limits {
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
        for count in self.counts_of(subject, |of| of == unit, now) {
            let crossed = count.with(|counter| counter.charge(amount, then, at));
            count.tell(crossed.as_ref());
        }
    }

    /// From now on this one has these rules, and no others of its own. A rule that counts the same as one before, under
    /// the same name, goes on with what was counted; only its limit and its thresholds are others. A new one begins with what
    /// was used before, each amount at its time, as if it had been [charged](Self::charge) at once; and with what is under way,
    /// if [rules were expected](Self::expect_rules) when that was let in.
    ///
    /// The credit of an account is one: of its scope, of money, for ever, and as much as was ever paid in.
    ///
    /// # Errors
    ///
    /// [`NotARule::BadValue`] if there is nobody of this name. [`Rule::of`] tells how it is written.
    pub fn set_rules(
        &self,
        of: (Scope, &str),
        rules: impl IntoIterator<Item = (Rule, Vec<(SystemTime, u64)>)>,
        now: Now,
    ) -> Result<(), NotARule> {
        self.set_rules_over(self, of, (rules, false), now)
    }

    /// The same, where these limits know what is under way; and where it is true, all rules begin anew, so that what was used
    /// before counts, which was not known.
    pub(crate) fn set_rules_over(
        &self,
        under_way: &Self,
        (scope, value): (Scope, &str),
        (rules, anew): (
            impl IntoIterator<Item = (Rule, Vec<(SystemTime, u64)>)>,
            bool,
        ),
        now: Now,
    ) -> Result<(), NotARule> {
        let value = scope.value(value).ok_or(NotARule::BadValue)?;
        let at = self.at(now);
        let rules = rules.into_iter().map(|(rule, past)| {
            let past = past.into_iter();
            let past = past.map(|(then, amount)| (at.back_to(then), amount));
            (rule, past.collect())
        });
        self.expect_rules();
        self.0.own.set(
            (scope, value),
            (rules.collect(), anew),
            &under_way.0.own,
            || self.order(),
            (self.first(now), now),
        );
        Ok(())
    }

    /// From now on a ledger of this crate keeps in mind what is under way, so that a [rule that comes later](Self::set_rules)
    /// counts it: what is held, and what was charged and is not in the books yet. It costs each call a little; a gateway, which
    /// makes keys, does it by itself. Without, a rule counts what is let in after it.
    pub fn expect_rules(&self) {
        self.0.own.expect();
    }

    /// Are there rules to come, that count what is under way?
    pub(crate) fn expects_rules(&self) -> bool {
        self.0.own.expects()
    }

    /// Waits until it is nobody's turn to write the books, or to read what a rule is to begin with, which blocks; then it is
    /// that of whoever has this.
    #[must_use]
    pub(crate) fn books_turn(&self) -> impl DerefMut<Target = ()> {
        self.0.books.take()
    }

    pub(super) fn own(&self) -> &Own {
        &self.0.own
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
        let mut rules = self.0.general.rules();
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
        for count in self.counts_of(subject, |unit| unit == rule.unit(), now) {
            let mut counter = count.lock();
            if counter.rule().is_same(rule) {
                let crossed = counter.charge(amount, then, at);
                count.tell(crossed.as_ref());
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
}
