//! What was used before counts, also of what is kept in sums alone.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use switchtower::limits::{Limits, Now, Rule, Scope, Subject, Unit, Window};
use switchtower::settle::HasBooks;
use switchtower::settle::store::{Entry, Row, Store};
use switchtower::{Money, Period};

use crate::support::{Shaky, id, open, record, settings};

const DAY: Duration = Duration::from_secs(86_400);

/// A budget of a provider began anew with each restart: so it was said, of one whose window is answered by sums.
#[test]
fn a_budget_of_a_provider_goes_on_in_every_window() {
    let windows = [
        Window::Forever,
        Window::Calendar(Period::Monthly),
        Window::Rolling(30 * DAY),
        Window::Rolling(Duration::from_secs(3600)),
    ];
    for window in windows {
        let store = Shaky::new();
        let provider = |number, tag: &str| Row {
            provider: Some("Acme".to_owned()),
            endpoint: Some(tag.to_owned()),
            ..row(number, SystemTime::now())
        };
        let rows = [
            provider(1, "acme"),
            provider(2, "acme/fp8"),
            provider(3, "beta/eu"),
            row(4, SystemTime::now()),
        ];
        write(&store, rows);
        assert_eq!(
            used(&store, Scope::Provider, window, &["acme"]),
            10,
            "{window:?}"
        );
        assert_eq!(
            used(&store, Scope::Provider, window, &["beta"]),
            5,
            "{window:?}"
        );
        let of_all = used(&store, Scope::Account, window, &["acme"]);
        assert_eq!(of_all, 20, "{window:?}");
    }
}

/// Rows are forgotten, and with them what a long window had counted.
#[test]
fn a_long_window_counts_what_is_kept_in_sums() {
    let store = Shaky::new();
    let now = SystemTime::now();
    let rows = [
        row(1, now - 60 * DAY),
        row(2, now - 20 * DAY),
        row(3, now - 2 * DAY),
        row(4, now),
    ];
    write(&store, rows);
    let of = |days| used(&store, Scope::Account, Window::Rolling(days * DAY), &[]);
    let before = (of(30), of(7), of(1));
    assert_eq!(before, (15, 10, 5));
    assert_eq!(
        store.inner().prune(now - DAY * 3 / 2, usize::MAX).unwrap(),
        3
    );
    assert_eq!((of(30), of(7), of(1)), before);
}

/// They were read at once, all of them.
#[test]
fn many_are_read_by_pages() {
    let store = Shaky::new();
    let now = SystemTime::now();
    write(&store, (0..2500).map(|number| row(number, now)));
    let hour = Window::Rolling(Duration::from_secs(3600));
    assert_eq!(used(&store, Scope::Account, hour, &[]), 12_500);
    assert!(store.longest_page() <= 1000, "{}", store.longest_page());
}

/// A machine that was off had the wrong date, and the last rows are of a day that is yet to come: they count, and nothing wraps.
#[test]
fn a_clock_set_back_counts_what_is_yet_to_come() {
    let store = Shaky::new();
    let now = SystemTime::now();
    write(&store, [row(1, now + 3 * DAY), row(2, now)]);
    for window in [
        Window::Forever,
        Window::Rolling(30 * DAY),
        Window::Rolling(Duration::from_secs(3600)),
    ] {
        assert_eq!(used(&store, Scope::Account, window, &[]), 10, "{window:?}");
    }
}

/// A bucket may be in debt for longer than it takes to fill, and no restart pays it.
#[test]
fn a_debt_of_a_bucket_goes_on() {
    let store = Shaky::new();
    let mut large = row(1, SystemTime::now() - Duration::from_secs(200));
    large.usage.output = 300;
    write(&store, [large]);
    let bucket = Window::Bucket {
        period: Duration::from_secs(60),
        burst: NonZeroU32::new(60).unwrap(),
    };
    let rule = Rule::new("bucket", Scope::Account, Unit::Tokens, bucket, 60).unwrap();
    let used = used_of(
        &store,
        Limits::new([rule]),
        Unit::Tokens,
        Subject::default(),
    );
    assert!((1..=100).contains(&used), "{used}");
}

// === Helpers ===

/// Five picodollars.
fn row(number: u64, created: SystemTime) -> Row {
    Row {
        id: id(number),
        created,
        ..Row::from(&record(number))
    }
}

fn write(store: &Arc<Shaky>, rows: impl IntoIterator<Item = Row>) {
    let entries = rows.into_iter().map(|row| Entry::Row(Box::new(row)));
    store.commit(&entries.collect::<Vec<_>>()).unwrap();
}

/// What a journal that is opened now says was used.
fn used(store: &Arc<Shaky>, scope: Scope, window: Window, providers: &[&str]) -> u64 {
    let limit = Money::from_picodollars(1_000_000);
    let limits = Limits::new([Rule::money("budget", scope, window, limit).unwrap()]);
    let subject = Subject {
        providers,
        ..Subject::default()
    };
    used_of(store, limits, Unit::Money, subject)
}

/// Likewise, by these limits, of what the account of all rows asks like this.
fn used_of(store: &Arc<Shaky>, limits: Limits, unit: Unit, subject: Subject<'_>) -> u64 {
    let journal = open(store, settings().limits(limits));
    let caller = switchtower::Caller::new(switchtower::KeyId::of("a"));
    let caller = caller.account(Row::from(&record(0)).account);
    let subject = Subject {
        caller: Some(&caller),
        ..subject
    };
    let now = Now {
        instant: Instant::now(),
        wall: SystemTime::now(),
    };
    let books = journal.books();
    let levels = books.limits().levels(&subject, &[unit], now);
    levels.iter().map(|level| level.used).sum()
}
