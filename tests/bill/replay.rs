use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use switchtower::limits::{Limits, Now, Rule, Scope, Subject, Unit, Window};
use switchtower::settle::journal::{Journal, JournalSettings};
use switchtower::settle::store::{Entry, MemoryStore, Store};
use switchtower::{Caller, KeyId, Money, Period};

use crate::rows::{money, row};

/// Of what nobody knows the price, what was held counts; and what was paid to a provider for the caller's own key counts for the
/// key alone. By sums of days or by rows, it is the same.
#[tokio::test]
async fn limits_begin_with_what_was_charged_held_or_paid_to_others() {
    let now = SystemTime::now();
    let mut unpriced = row(1, now, "a", None);
    unpriced.held = money("0.5");
    let mut own = row(2, now, "a", Some(Money::ZERO));
    (own.fee, own.byok_counted) = (money("0.01"), money("0.2"));
    own.attempts[0].byok = true;
    own.attempts[0].cost = Some(money("0.2"));
    let rows = [unpriced, own, row(3, now, "a", Some(money("1")))];
    let store = Arc::new(MemoryStore::new(100));
    let entries = rows.map(|row| Entry::Row(Box::new(row)));
    store.commit(&entries).unwrap();

    let windows = [
        Window::Forever,
        Window::Calendar(Period::Monthly),
        Window::Rolling(Duration::from_secs(3600)),
    ];
    let caller = Caller::new(KeyId::of("a")).account("acme");
    let subject = Subject {
        caller: Some(&caller),
        ..Subject::default()
    };
    for window in windows {
        for (scope, used) in [(Scope::Account, "1.51"), (Scope::Key, "1.71")] {
            let budget = Rule::money("budget", scope, window, money("100")).unwrap();
            let limits = Limits::new([budget]);
            let settings = JournalSettings::default().limits(limits.clone());
            let journal = Journal::open(store.clone(), settings).unwrap();
            let now = Now {
                instant: Instant::now(),
                wall: SystemTime::now(),
            };
            let level = limits.levels(&subject, &[Unit::Money], now).remove(0);
            let used = money(used).picodollars().unsigned_abs();
            assert_eq!(level.used, used, "{scope:?} {window:?}");
            journal.close().await;
        }
    }
}
