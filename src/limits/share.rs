//! A count that several processes share.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use super::moment::Now;
use super::rule::Rule;
use super::scope::Scope;
use super::shared::Shared;
use super::subject::Subject;
use super::table::Limits;
use super::unit::Unit;
use super::window::Window;
use crate::calendar::Day;
use crate::caller::KeyId;

/// A count that several processes share, and of which this one takes no more than it was granted.
///
/// ```
/// use std::time::{Instant, UNIX_EPOCH};
/// use switchtower::limits::{Limits, Now, Rule, Scope, Subject, Unit, Window};
///
/// # fn main() -> Result<(), switchtower::BoxError> {
/// let limits = Limits::new([Rule::money("budget", Scope::Account, Window::Forever, "1".parse()?)?]);
/// limits.share();
/// let (subject, now) = (Subject::default(), Now { instant: Instant::now(), wall: UNIX_EPOCH });
/// assert!(limits.take(&subject, &[(Unit::Money, 5)], now).unwrap_err().may_be_leased);
///
/// let share = limits.shares(&subject, now).remove(0);
/// let counted = share.counted(now);
/// share.grant(counted.window, 5, None, now);
/// let taken = limits.take(&subject, &[(Unit::Money, 5)], now)?;
/// assert_eq!(share.counted(now).held, 5);
/// # drop(taken);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Share(Arc<Shared>);

/// So much of a [`Share`] is for somebody who waits for more than there is, until this is dropped.
#[derive(Debug)]
pub(crate) struct Aside {
    share: Share,
    window: u64,
    amount: u64,
}

/// What a process counts of a [`Share`], in the window that is on. In picodollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// The number of the window.
    pub window: u64,
    /// When it ends; none: never.
    pub ends: Option<SystemTime>,
    /// The limit.
    pub limit: u64,
    /// What was used.
    pub used: u64,
    /// What is held for requests that are under way.
    pub held: u64,
    /// Of what was used, what is beyond what was held for it.
    pub over: u64,
}

/// So many bytes of a name are told as they are; of a longer one its digest.
const LONGEST: usize = 256;

// === impl Limits ===

impl Limits {
    /// From now on budgets, which are rules of money that hold for ever or by the calendar, are counted together with other
    /// processes: so much may be taken here as their [`Share`]s are [granted](Share::grant), at first nothing.
    ///
    /// Rules of money that slide, and of all else, are counted by each process by itself; and so is what is beyond the
    /// [values](Self::with_values) that are counted apart.
    pub fn share(&self) {
        self.0.own.share();
    }

    /// Are budgets [shared](Self::share)?
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.0.own.shares()
    }

    /// All counts that other processes count as well, and that such a request counts by.
    pub fn shares(&self, subject: &Subject<'_>, now: Now) -> Vec<Share> {
        if !self.is_shared() {
            return Vec::new();
        }
        let counts = self.counts_of(subject, |unit| unit == Unit::Money, now);
        Share::of(counts.iter()).collect()
    }
}

// === impl Share ===

impl Share {
    /// Of these, those that are.
    pub(super) fn of<'a>(
        counts: impl Iterator<Item = &'a Arc<Shared>>,
    ) -> impl Iterator<Item = Self> {
        let shared = counts.filter(|count| count.with(|counter| counter.is_shared()));
        shared.map(|count| Self(count.clone()))
    }

    /// A number that no other count of these limits has.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.order
    }

    /// Whose limit it is part of.
    #[must_use]
    pub fn rule(&self) -> Arc<Rule> {
        self.0.with(|counter| counter.rule().clone())
    }

    /// The name of its counter in this window, in all processes, as operators read it: `key-limit of key 9f86…, daily from
    /// 2026-11-26`. At most 512 bytes.
    #[must_use]
    pub fn name(&self, window: u64) -> String {
        let rule = self.rule();
        let value = match self.whose() {
            (_, Some(key)) => key.to_string(),
            _ => self.0.value.escape_ascii().to_string(),
        };
        let value = match value.len() <= LONGEST {
            true => value,
            false => digest(value.as_bytes()),
        };
        let mut name = format!("{} of {} {value}", rule.name(), rule.scope().name());
        if let Window::Calendar(period) = rule.window() {
            let start = UNIX_EPOCH.checked_add(Duration::from_secs(window));
            let start = Day::of(start.unwrap_or(UNIX_EPOCH));
            let _ = write!(name, ", {} from {start}", period.as_str());
        }
        let identity = rule.identity();
        if identity.iter().any(|byte| *byte != 0) {
            let _ = write!(name, ", rule {}", digest(&identity));
        }
        match self.0.with(|counter| counter.nth()) {
            None => name.push_str(", its own"),
            Some(0) => {}
            Some(nth) => drop(write!(name, ", {nth}")),
        }
        name
    }

    /// Whose it is, where it is an account's or a key's: it is enough to look at these.
    pub(crate) fn whose(&self) -> (Option<String>, Option<KeyId>) {
        let value = &*self.0.value;
        match self.rule().scope() {
            // A name that may have been cut may be that of several.
            Scope::Account if value.len() < LONGEST => {
                (String::from_utf8(value.to_vec()).ok(), None)
            }
            Scope::Key => (None, value.try_into().ok().map(KeyId::from_bytes)),
            _ => (None, None),
        }
    }

    /// Whom it counts.
    pub(crate) fn value(&self) -> &[u8] {
        &self.0.value
    }

    /// Does such a request count by it?
    #[must_use]
    pub fn counts(&self, subject: &Subject<'_>) -> bool {
        self.rule().is_of(subject, &self.0.value)
    }

    /// What of it is charged, and not yet in the books.
    pub(crate) fn unwritten(&self, limits: &Limits, now: Now) -> u64 {
        let since = match self.rule().window() {
            Window::Calendar(period) => period.around(now.wall).0,
            _ => UNIX_EPOCH,
        };
        limits
            .own()
            .renew(|under_way| under_way.unwritten(&self.0, since))
    }

    /// What is counted here.
    #[must_use]
    pub fn counted(&self, now: Now) -> Counted {
        let at = self.0.at(now);
        self.0.with(|counter| counter.counted(at))
    }

    /// The same, and nothing more is taken until there is [another grant](Self::grant).
    #[must_use]
    pub fn hold_back(&self, now: Now) -> Counted {
        let at = self.0.at(now);
        self.0.with(|counter| {
            let counted = counter.counted(at);
            counter.grant(counted.window, 0, None, at);
            counted
        })
    }

    /// So much is for somebody who waits: who comes later takes no part of it.
    pub(crate) fn set_aside(&self, amount: u64, now: Now) -> Aside {
        let at = self.0.at(now);
        let window = self.0.with(|counter| {
            let window = counter.counted(at).window;
            counter.set_aside(window, amount, 0);
            window
        });
        Aside {
            share: self.clone(),
            window,
            amount,
        }
    }

    /// In this window so much may be used and held here, all together; and others have used and hold so much, if that is
    /// known anew.
    pub fn grant(&self, window: u64, granted: u64, elsewhere: Option<(u64, u64)>, now: Now) {
        let at = self.0.at(now);
        self.0
            .with(|counter| counter.grant(window, granted, elsewhere, at));
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Share").field(&self.0.order).finish()
    }
}

// === impl Aside ===

impl Drop for Aside {
    fn drop(&mut self) {
        let count = &self.share.0;
        count.with(|counter| counter.set_aside(self.window, 0, self.amount));
    }
}

/// Callers choose names, so that no two may have the same.
fn digest(of: &[u8]) -> String {
    let digest = Sha256::digest(of);
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
