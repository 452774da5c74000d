//! What every store keeps to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample;
use proptest::test_runner::{Config, TestRunner};
use switchtower::settle::Certainty;
use switchtower::settle::store::{
    Credit, CreditQuery, Dimension, Document, Entry, HoldRow, Row, RowQuery, Spend, SpendQuery,
    Store, StoreError,
};
use switchtower::{Day, KeyId, Money};

use crate::entries::{abandoned, any_rows, at, credit, document, everything, hold, id, row, spend};

type Made = Arc<dyn Store>;

/// Runs the suite on the stores that this makes, each of them empty. `ignored` with a reason: unless asked for.
#[macro_export]
macro_rules! conformance {
    (one [$(#[$attribute:meta])*] $make:expr => $name:ident) => {
        #[test]
        $(#[$attribute])*
        fn $name() {
            $crate::suite::$name(&|| $make());
        }
    };
    (each $attributes:tt $make:expr => $($name:ident)*) => {
        $( $crate::conformance! { one $attributes $make => $name } )*
    };
    (all $attributes:tt $make:expr) => {
        $crate::conformance! { each $attributes $make =>
            what_is_written_is_read
            what_is_no_name_is_nobodys
            the_same_again_changes_nothing
            another_of_the_same_name_is_refused
            a_row_takes_the_place_of_its_hold
            a_late_row_takes_the_place_of_an_abandoned_one
            late_rows_leave_no_trace_of_abandoned_ones
            a_hold_is_released
            all_or_nothing
            a_batch_may_say_the_same_twice
            rows_come_in_pages
            rows_are_of_an_account_or_a_key
            a_clock_set_back_disturbs_nobody
            the_next_version_alone_is_taken
            a_deleted_document_is_not_listed
            credits_are_of_days
            money_of_any_size_is_exact
            sums_are_those_of_the_rows
            sums_stay_when_rows_are_pruned
            many_write_at_once
            a_name_has_one_owner
            all_else_comes_in_pages
            so_many_rows_are_pruned_and_no_more
        }
    };
    (ignored $reason:literal $make:expr) => {
        $crate::conformance! { all [#[ignore = $reason]] $make }
    };
    ($make:expr) => {
        $crate::conformance! { all [] $make }
    };
}

/// PostgreSQL takes no zero in a text, and failed where others found nothing.
pub(crate) fn what_is_no_name_is_nobodys(make: &dyn Fn() -> Made) {
    let store = make();
    for name in [
        "gen-\0",
        "gen-1-\0",
        "gen-\u{e9}",
        "gen-' OR ''='",
        "gen-\n",
    ] {
        if let Ok(id) = name.parse() {
            assert_eq!(store.row(&id).unwrap(), None, "{name:?}");
            assert_eq!(store.holds_after(Some(&id), 1).unwrap(), [], "{name:?}");
        }
    }
}

pub(crate) fn what_is_written_is_read(make: &dyn Fn() -> Made) {
    let store = make();
    assert_eq!(store.row(&id(1)).unwrap(), None);
    assert_eq!(store.rows(&everything()).unwrap(), []);
    assert_eq!(store.holds().unwrap(), []);
    assert_eq!(store.spend(&spend(&[])).unwrap(), []);
    let bare = Row {
        key: None,
        user: None,
        tag: None,
        requested: None,
        model: None,
        provider: None,
        endpoint: None,
        finish: None,
        charge: None,
        first_token: None,
        referer: None,
        title: None,
        user_agent: None,
        attempts: Vec::new(),
        answered_by: None,
        streamed: false,
        ..row(2)
    };
    let entries = [
        Entry::Row(Box::new(row(1))),
        Entry::Row(Box::new(bare.clone())),
        Entry::Hold(hold(3)),
        Entry::Hold(HoldRow {
            key: None,
            model: None,
            user: None,
            tag: None,
            ..hold(4)
        }),
        Entry::Credit(credit(5)),
        Entry::Document(document("a", 1)),
    ];
    store.commit(&entries).unwrap();
    assert_eq!(store.row(&id(1)).unwrap(), Some(row(1)));
    assert_eq!(store.row(&id(2)).unwrap(), Some(bare));
    let holds = store.holds().unwrap();
    assert_eq!(
        holds,
        [
            hold(3),
            HoldRow {
                key: None,
                model: None,
                user: None,
                tag: None,
                ..hold(4)
            }
        ]
    );
    let (first, last) = (Day::from_number(0), Day::from_number(i32::MAX));
    assert_eq!(
        store.credits(Some("acme"), first, last).unwrap(),
        [credit(5)]
    );
    assert_eq!(store.documents("key").unwrap(), [document("a", 1)]);
}

pub(crate) fn the_same_again_changes_nothing(make: &dyn Fn() -> Made) {
    let store = make();
    // What is finer than a microsecond is not kept, so it tells nothing apart.
    let fine = Duration::from_nanos(300);
    let finer = Row {
        created: at(1) + fine,
        ..row(1)
    };
    let entries = [
        Entry::Hold(hold(1)),
        Entry::Row(Box::new(finer)),
        Entry::Hold(HoldRow {
            created: at(2) + fine,
            ..hold(2)
        }),
        Entry::Credit(Credit {
            created: at(3) + fine,
            ..credit(3)
        }),
        Entry::Document(document("a", 1)),
        Entry::Document(document("a", 2)),
    ];
    let state = |store: &Made| {
        (
            store.rows(&everything()).unwrap(),
            store.holds().unwrap(),
            store
                .credits(None, Day::from_number(0), Day::from_number(i32::MAX))
                .unwrap(),
            store.documents("key").unwrap(),
            store
                .spend(&spend(&[Dimension::Day, Dimension::User]))
                .unwrap(),
        )
    };
    store.commit(&entries).unwrap();
    let before = state(&store);
    assert_eq!((&before.0, &before.1), (&vec![row(1)], &vec![hold(2)]));
    store.commit(&entries[..4]).unwrap();
    store.commit(&entries[5..]).unwrap();
    assert_eq!(state(&store), before);
}

pub(crate) fn another_of_the_same_name_is_refused(make: &dyn Fn() -> Made) {
    let store = make();
    store
        .commit(&[
            Entry::Row(Box::new(row(1))),
            Entry::Hold(hold(2)),
            Entry::Credit(credit(3)),
            Entry::Document(document("a", 1)),
        ])
        .unwrap();
    let others = [
        Entry::Row(Box::new(Row {
            charge: None,
            ..row(1)
        })),
        Entry::Row(Box::new(Row {
            created: at(9),
            ..row(1)
        })),
        Entry::Hold(HoldRow {
            amount: Money::ZERO,
            ..hold(2)
        }),
        Entry::Credit(Credit {
            amount: Money::ZERO,
            ..credit(3)
        }),
        Entry::Document(Document {
            json: None,
            ..document("a", 1)
        }),
    ];
    for other in others {
        let told = store.commit(std::slice::from_ref(&other));
        assert!(
            matches!(told, Err(StoreError::Conflict(_))),
            "{other:?}: {told:?}"
        );
    }
    assert_eq!(store.row(&id(1)).unwrap(), Some(row(1)));
    assert_eq!(store.holds().unwrap(), [hold(2)]);
    assert_eq!(store.spend(&spend(&[])).unwrap()[0].requests, 1);
}

pub(crate) fn a_row_takes_the_place_of_its_hold(make: &dyn Fn() -> Made) {
    let store = make();
    store
        .commit(&[Entry::Hold(hold(1)), Entry::Hold(hold(2))])
        .unwrap();
    store.commit(&[Entry::Row(Box::new(row(1)))]).unwrap();
    assert_eq!(store.holds().unwrap(), [hold(2)]);
    // Repeated after its end, it is not under way again.
    store.commit(&[Entry::Hold(hold(1))]).unwrap();
    assert_eq!(store.holds().unwrap(), [hold(2)]);
}

/// Whoever took the request for abandoned was too early: once, and it counts as if nobody had.
pub(crate) fn a_late_row_takes_the_place_of_an_abandoned_one(make: &dyn Fn() -> Made) {
    let store = make();
    let commit = |row: &Row| store.commit(&[Entry::Row(Box::new(row.clone()))]);
    let sums = || {
        store
            .spend(&spend(&[Dimension::Day, Dimension::Model, Dimension::User]))
            .unwrap()
    };
    store.commit(&[Entry::Hold(hold(1))]).unwrap();
    commit(&abandoned(1)).unwrap();
    commit(&row(2)).unwrap();
    let before = sums();
    // All or nothing.
    let late = Entry::Row(Box::new(row(1)));
    let other = Entry::Row(Box::new(Row {
        charge: None,
        ..row(2)
    }));
    let both = store.commit(&[late.clone(), other]);
    assert!(matches!(both, Err(StoreError::Conflict(_))), "{both:?}");
    assert_eq!(store.row(&id(1)).unwrap(), Some(abandoned(1)));
    assert_eq!(sums(), before);
    // With others, on another day.
    let late = Row {
        created: at(1) + Duration::from_secs(86_400),
        ..row(1)
    };
    let entries = [&late, &row(2), &row(3)].map(|row| Entry::Row(Box::new(row.clone())));
    store.commit(&entries).unwrap();
    let rows = [row(2), row(3), late.clone()];
    assert_eq!(store.row(&id(1)).unwrap(), Some(late.clone()));
    assert_eq!(store.rows(&everything()).unwrap(), rows);
    assert_eq!(store.holds().unwrap(), []);
    let query = spend(&[Dimension::Day, Dimension::Model, Dimension::User]);
    assert_eq!(sums(), naive(&rows, &query));
    // Once more is nothing new, and another one is one too many.
    commit(&late).unwrap();
    store.commit(&entries).unwrap();
    for other in [
        row(1),
        abandoned(1),
        Row {
            created: late.created,
            ..abandoned(1)
        },
    ] {
        let told = commit(&other);
        assert!(matches!(told, Err(StoreError::Conflict(_))), "{told:?}");
    }
    store.commit(&[Entry::Hold(hold(1))]).unwrap();
    assert_eq!(store.holds().unwrap(), [], "it is over");
    assert_eq!(store.rows(&everything()).unwrap(), rows);
    assert_eq!(sums(), naive(&rows, &query));
}

pub(crate) fn late_rows_leave_no_trace_of_abandoned_ones(make: &dyn Fn() -> Made) {
    let mut runner = TestRunner::new(Config {
        cases: 12,
        failure_persistence: None,
        ..Config::default()
    });
    let both = (any_rows(), any_rows(), 1..8_usize);
    let tested = runner.run(&both, |(rows, left, size)| {
        let store = make();
        let left = left.into_iter().map(|row| Row {
            end: Row::ABANDONED.to_owned(),
            ..row
        });
        let rows_of = |rows: Vec<Row>| rows.into_iter().map(|row| Entry::Row(Box::new(row)));
        let stay: Vec<_> = left.clone().skip(rows.len()).collect();
        let left: Vec<_> = rows_of(left.collect()).collect();
        let late: Vec<_> = rows_of(rows.clone()).collect();
        for batch in left.chunks(size).chain(late.chunks(size)) {
            store.commit(batch).unwrap();
        }
        let rows = [rows, stay].concat();
        for by in [&Dimension::ALL[..], &Dimension::ALL[..6]] {
            let query = spend(by);
            prop_assert_eq!(store.spend(&query).unwrap(), naive(&rows, &query));
        }
        Ok(())
    });
    tested.unwrap();
}

pub(crate) fn a_hold_is_released(make: &dyn Fn() -> Made) {
    let store = make();
    store
        .commit(&[
            Entry::Hold(hold(1)),
            Entry::Released(id(1)),
            Entry::Hold(hold(2)),
        ])
        .unwrap();
    assert_eq!(store.holds().unwrap(), [hold(2)]);
    store
        .commit(&[Entry::Released(id(2)), Entry::Released(id(7))])
        .unwrap();
    assert_eq!(store.holds().unwrap(), []);
    assert_eq!(store.rows(&everything()).unwrap(), []);
}

pub(crate) fn all_or_nothing(make: &dyn Fn() -> Made) {
    let store = make();
    store
        .commit(&[Entry::Hold(hold(1)), Entry::Credit(credit(1))])
        .unwrap();
    let entries = [
        Entry::Row(Box::new(row(1))),
        Entry::Row(Box::new(row(2))),
        Entry::Hold(hold(3)),
        Entry::Document(document("a", 1)),
        Entry::Document(document("a", 2)),
        Entry::Credit(credit(2)),
        Entry::Credit(Credit {
            note: String::new(),
            ..credit(1)
        }),
    ];
    assert!(store.commit(&entries).is_err());
    assert_eq!(store.rows(&everything()).unwrap(), []);
    assert_eq!(store.holds().unwrap(), [hold(1)]);
    assert_eq!(store.documents("key").unwrap(), []);
    assert_eq!(store.spend(&spend(&[])).unwrap(), []);
    let (first, last) = (Day::from_number(0), Day::from_number(i32::MAX));
    assert_eq!(store.credits(None, first, last).unwrap(), [credit(1)]);
    // Without the one that is too many, they are taken.
    store.commit(&entries[..6]).unwrap();
    assert_eq!(store.rows(&everything()).unwrap(), [row(1), row(2)]);
    assert_eq!(store.spend(&spend(&[])).unwrap()[0].requests, 2);
}

pub(crate) fn a_batch_may_say_the_same_twice(make: &dyn Fn() -> Made) {
    let store = make();
    let said = [
        Entry::Row(Box::new(row(1))),
        Entry::Credit(credit(1)),
        Entry::Hold(hold(2)),
    ];
    store.commit(&[&said[..], &said[..]].concat()).unwrap();
    assert_eq!(store.rows(&everything()).unwrap(), [row(1)]);
    assert_eq!(store.spend(&spend(&[])).unwrap()[0].requests, 1);
}

pub(crate) fn rows_come_in_pages(make: &dyn Fn() -> Made) {
    let store = make();
    // Three at each microsecond, written in no order.
    let mut rows: Vec<_> = (0..30)
        .map(|n| Row {
            created: at(n / 3),
            ..row(n)
        })
        .collect();
    let entries: Vec<_> = rows
        .iter()
        .map(|row| Entry::Row(Box::new(row.clone())))
        .collect();
    store.commit(&entries[7..]).unwrap();
    store.commit(&entries[..7]).unwrap();
    let (mut after, mut read) = (None, Vec::new());
    loop {
        let page = store
            .rows(&RowQuery {
                after,
                limit: 4,
                ..everything()
            })
            .unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 4);
        after = Some((last.created, last.id));
        read.extend(page);
    }
    assert_eq!(read, rows);
    let some = RowQuery {
        from: at(2),
        to: at(4),
        ..everything()
    };
    assert_eq!(
        store.rows(&some).unwrap(),
        rows.drain(6..12).collect::<Vec<_>>()
    );
    assert_eq!(
        store
            .rows(&RowQuery {
                limit: 0,
                ..everything()
            })
            .unwrap(),
        []
    );
}

pub(crate) fn rows_are_of_an_account_or_a_key(make: &dyn Fn() -> Made) {
    let store = make();
    let other = KeyId::of("b");
    let rows = [
        row(1),
        Row {
            account: "other".to_owned(),
            ..row(2)
        },
        Row {
            key: Some(other),
            ..row(3)
        },
        Row {
            key: None,
            ..row(4)
        },
    ];
    let entries = rows.clone().map(|row| Entry::Row(Box::new(row)));
    store.commit(&entries).unwrap();
    let of = |account: Option<&str>, key| {
        let account = account.map(str::to_owned);
        let query = RowQuery {
            account,
            key,
            ..everything()
        };
        let rows = store.rows(&query).unwrap();
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(of(Some("acme"), None), [id(1), id(3), id(4)]);
    assert_eq!(of(None, Some(other)), [id(3)]);
    assert_eq!(of(Some("other"), Some(other)), []);
}

pub(crate) fn a_clock_set_back_disturbs_nobody(make: &dyn Fn() -> Made) {
    let store = make();
    let yesterday = at(0) - Duration::from_secs(86_400);
    let earlier = Row {
        created: yesterday,
        ..row(2)
    };
    let ancient = Row {
        created: at(0) - Duration::from_secs(300 * 86_400),
        ..row(3)
    };
    store.commit(&[Entry::Row(Box::new(row(1)))]).unwrap();
    store
        .commit(&[Entry::Row(Box::new(earlier.clone()))])
        .unwrap();
    store.commit(&[Entry::Row(Box::new(ancient))]).unwrap();
    let rows = store.rows(&everything()).unwrap();
    let names: Vec<_> = rows.iter().map(|row| row.id).collect();
    assert_eq!(names, [id(3), id(2), id(1)]);
    let days = store.spend(&spend(&[Dimension::Day])).unwrap();
    let days: Vec<_> = days.iter().map(|sum| sum.of[0].clone().unwrap()).collect();
    let today = Day::of(at(0));
    let days_are = [-300, -1, 0].map(|days| today.plus(days).to_string());
    assert_eq!(days, days_are);
}

pub(crate) fn the_next_version_alone_is_taken(make: &dyn Fn() -> Made) {
    let store = make();
    let take = |version| store.commit(&[Entry::Document(document("a", version))]);
    assert!(matches!(take(2), Err(StoreError::Conflict(_))));
    assert!(matches!(take(0), Err(StoreError::Conflict(_))));
    take(1).unwrap();
    take(2).unwrap();
    assert!(
        matches!(take(1), Err(StoreError::Conflict(_))),
        "an old one"
    );
    assert!(
        matches!(take(4), Err(StoreError::Conflict(_))),
        "one is missing"
    );
    let other = Document {
        json: Some("{}".to_owned()),
        ..document("a", 2)
    };
    let told = store.commit(&[Entry::Document(other)]);
    assert!(
        matches!(told, Err(StoreError::Conflict(_))),
        "somebody was faster"
    );
    store.commit(&[Entry::Document(document("b", 1))]).unwrap();
    assert_eq!(
        store.documents("key").unwrap(),
        [document("a", 2), document("b", 1)]
    );
    assert_eq!(store.documents("byok").unwrap(), []);
}

pub(crate) fn a_deleted_document_is_not_listed(make: &dyn Fn() -> Made) {
    let store = make();
    let gone = Document {
        json: None,
        ..document("a", 2)
    };
    store
        .commit(&[Entry::Document(document("a", 1)), Entry::Document(gone)])
        .unwrap();
    assert_eq!(store.documents("key").unwrap(), []);
    let again = store.commit(&[Entry::Document(document("a", 1))]);
    assert!(
        matches!(again, Err(StoreError::Conflict(_))),
        "its versions go on"
    );
    store.commit(&[Entry::Document(document("a", 3))]).unwrap();
    assert_eq!(store.documents("key").unwrap(), [document("a", 3)]);
}

pub(crate) fn credits_are_of_days(make: &dyn Fn() -> Made) {
    let store = make();
    let day = Duration::from_secs(86_400);
    let later = Credit {
        created: at(0) + day,
        ..credit(2)
    };
    let other = Credit {
        account: "other".to_owned(),
        ..credit(3)
    };
    let taken = Credit {
        amount: Money::from_picodollars(-1),
        ..credit(4)
    };
    let all = [&later, &credit(1), &other, &taken].map(|credit| Entry::Credit(credit.clone()));
    store.commit(&all).unwrap();
    let today = Day::of(at(0));
    let of = |account, from: Day, to: Day| store.credits(account, from, to).unwrap();
    assert_eq!(
        of(Some("acme"), today, today.plus(2)),
        [credit(1), taken.clone(), later]
    );
    assert_eq!(
        of(Some("acme"), today, today.plus(1)),
        [credit(1), taken.clone()]
    );
    assert_eq!(of(Some("nobody"), today, today.plus(2)), []);
    assert_eq!(of(None, today, today.plus(1)), [credit(1), other, taken]);
}

pub(crate) fn money_of_any_size_is_exact(make: &dyn Fn() -> Made) {
    let store = make();
    for number in 0..3 {
        let row = Row {
            charge: Some(Money::MAX),
            fee: Money::MIN,
            ..row(number)
        };
        store.commit(&[Entry::Row(Box::new(row))]).unwrap();
    }
    let sum = &store.spend(&spend(&[])).unwrap()[0];
    assert_eq!(sum.charge, 3 * i128::from(i64::MAX));
    assert_eq!(sum.fee, 3 * i128::from(i64::MIN));
}

pub(crate) fn sums_are_those_of_the_rows(make: &dyn Fn() -> Made) {
    use Dimension::{Account, Endpoint, Key, Model, Provider, Tag, User};
    let dimensions = vec![
        Dimension::Day,
        Account,
        Key,
        Model,
        Provider,
        Endpoint,
        User,
        Tag,
    ];
    let by = sample::subsequence(dimensions, 0..=8).prop_shuffle();
    let filters = (any::<[bool; 4]>(), 0..5_i32, 0..5_i32, 0..30_usize);
    let mut runner = TestRunner::new(Config {
        cases: 24,
        failure_persistence: None,
        ..Config::default()
    });
    let tested = runner.run(&(any_rows(), by, filters), |(rows, by, filters)| {
        let store = make();
        let entries: Vec<_> = rows
            .iter()
            .map(|row| Entry::Row(Box::new(row.clone())))
            .collect();
        for batch in entries.chunks(7) {
            store.commit(batch).unwrap();
        }
        let ([account, key, user, tag], from, days, limit) = filters;
        let from = Day::of(at(0)).plus(from);
        let some = || Some("a".to_owned());
        let query = SpendQuery {
            from,
            to: from.plus(days),
            by,
            account: account.then(some).flatten(),
            keys: key.then(|| vec![KeyId::of("a"), KeyId::of("c")]),
            user: user.then(some).flatten(),
            tag: tag.then(some).flatten(),
            limit,
        };
        prop_assert_eq!(store.spend(&query).unwrap(), naive(&rows, &query));
        Ok(())
    });
    tested.unwrap();
}

pub(crate) fn sums_stay_when_rows_are_pruned(make: &dyn Fn() -> Made) {
    let store = make();
    let rows: Vec<_> = (0..10).map(row).collect();
    let entries: Vec<_> = rows
        .iter()
        .map(|row| Entry::Row(Box::new(row.clone())))
        .collect();
    store.commit(&entries).unwrap();
    store
        .commit(&[Entry::Hold(hold(20)), Entry::Credit(credit(1))])
        .unwrap();
    let before = store.spend(&spend(&[Dimension::Model])).unwrap();
    assert_eq!(store.prune(at(6), usize::MAX).unwrap(), 6);
    assert_eq!(store.prune(at(6), usize::MAX).unwrap(), 0);
    assert_eq!(store.rows(&everything()).unwrap(), rows[6..]);
    assert_eq!(store.row(&id(5)).unwrap(), None);
    assert_eq!(store.spend(&spend(&[Dimension::Model])).unwrap(), before);
    assert_eq!(store.holds().unwrap(), [hold(20)]);
}

pub(crate) fn many_write_at_once(make: &dyn Fn() -> Made) {
    let store = make();
    thread::scope(|scope| {
        for writer in 0..4_u64 {
            let store = &store;
            scope.spawn(move || {
                for number in 0..25 {
                    let number = writer * 25 + number;
                    store.commit(&[Entry::Hold(hold(number))]).unwrap();
                    let row = Entry::Row(Box::new(row(number)));
                    store.commit(std::slice::from_ref(&row)).unwrap();
                    store.commit(&[row]).unwrap();
                    store
                        .rows(&RowQuery {
                            limit: 3,
                            ..everything()
                        })
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(store.rows(&everything()).unwrap().len(), 100);
    assert_eq!(store.holds().unwrap(), []);
    assert_eq!(store.spend(&spend(&[])).unwrap()[0].requests, 100);
}

/// In the order of names, whenever they came.
pub(crate) fn all_else_comes_in_pages(make: &dyn Fn() -> Made) {
    let store = make();
    let numbers = [3, 1, 4, 5, 2];
    let entries = numbers.into_iter().flat_map(|number| {
        let account = if number == 4 { "other" } else { "acme" }.to_owned();
        let created = at(9 - number);
        [
            Entry::Hold(HoldRow {
                created,
                ..hold(number)
            }),
            Entry::Credit(Credit {
                created,
                account,
                ..credit(number)
            }),
            Entry::Document(document(&format!("d{number}"), 1)),
        ]
    });
    store.commit(&entries.collect::<Vec<_>>()).unwrap();
    let holds = |after: Option<u64>, limit| {
        let after = after.map(id);
        let page = store.holds_after(after.as_ref(), limit).unwrap();
        page.into_iter().map(|hold| hold.id).collect::<Vec<_>>()
    };
    assert_eq!(holds(None, 2), [id(1), id(2)]);
    assert_eq!(holds(Some(2), 2), [id(3), id(4)]);
    assert_eq!(holds(Some(4), 2), [id(5)]);
    assert_eq!(holds(Some(5), 2), []);
    assert_eq!(holds(None, 0), []);

    let credits = |account: Option<&str>, after: Option<u64>| {
        let query = CreditQuery {
            account: account.map(str::to_owned),
            from: Day::of(at(0)),
            to: Day::of(at(0)).plus(1),
            after: after.map(|number| credit(number).id),
            limit: 3,
        };
        let page = store.credits_after(&query).unwrap();
        page.into_iter().map(|it| it.id).collect::<Vec<_>>()
    };
    let ids = |numbers: &[u64]| {
        let ids = numbers.iter().map(|number| credit(*number).id);
        ids.collect::<Vec<_>>()
    };
    assert_eq!(credits(None, None), ids(&[1, 2, 3]));
    assert_eq!(credits(None, Some(3)), ids(&[4, 5]));
    assert_eq!(credits(Some("acme"), None), ids(&[1, 2, 3]));
    assert_eq!(credits(Some("acme"), Some(3)), ids(&[5]));
    assert_eq!(credits(Some("nobody"), None), ids(&[]));

    let documents = |after, limit| {
        let page = store.documents_after("key", after, limit).unwrap();
        page.into_iter().map(|it| it.id).collect::<Vec<_>>()
    };
    assert_eq!(documents(None, 2), ["d1", "d2"]);
    assert_eq!(documents(Some("d2"), 9), ["d3", "d4", "d5"]);
    assert_eq!(documents(Some("d5"), 9), Vec::<String>::new());
    assert_eq!(store.documents_after("byok", None, 9).unwrap(), []);
    // All of them, by however many pages, are told oldest first.
    let oldest_first: Vec<_> = (1..=5).rev().map(id).collect();
    let all = store.holds().unwrap();
    assert_eq!(
        all.iter().map(|hold| hold.id).collect::<Vec<_>>(),
        oldest_first
    );
}

pub(crate) fn so_many_rows_are_pruned_and_no_more(make: &dyn Fn() -> Made) {
    let store = make();
    let entries: Vec<_> = (0..10).map(|n| Entry::Row(Box::new(row(n)))).collect();
    store.commit(&entries).unwrap();
    assert_eq!(store.prune(at(6), 4).unwrap(), 4);
    assert_eq!(store.rows(&everything()).unwrap().len(), 6);
    assert_eq!(
        store.rows(&everything()).unwrap()[0].id,
        id(4),
        "the oldest go"
    );
    // One that is older comes only now.
    let older = Row {
        created: at(1),
        ..row(20)
    };
    store.commit(&[Entry::Row(Box::new(older))]).unwrap();
    assert_eq!(store.prune(at(6), 4).unwrap(), 3);
    assert_eq!(store.prune(at(6), 0).unwrap(), 0);
    assert_eq!(store.rows(&everything()).unwrap().len(), 4);
}

pub(crate) fn a_name_has_one_owner(make: &dyn Fn() -> Made) {
    let store = make();
    let first = store.own("gateway-0").unwrap();
    let other = store.own("gateway-1").unwrap();
    match store.own("gateway-0") {
        Err(StoreError::Taken(why)) => assert!(why.contains("gateway-0"), "{why}"),
        told => panic!("{told:?}"),
    }
    store.commit(&[Entry::Hold(hold(1))]).unwrap();
    drop(first);
    drop(store.own("gateway-0").unwrap());
    drop(other);
}

// === Helpers ===

/// The same sums, by another way.
fn naive(rows: &[Row], query: &SpendQuery) -> Vec<Spend> {
    let mut sums = BTreeMap::<Vec<Option<String>>, Spend>::new();
    for row in rows {
        let day = Day::of(row.created);
        let asked = day >= query.from
            && day < query.to
            && (query.account.is_none() || query.account.as_ref() == Some(&row.account))
            && query
                .keys
                .as_ref()
                .is_none_or(|keys| keys.iter().any(|key| row.key == Some(*key)))
            && (query.user.is_none() || query.user == row.user)
            && (query.tag.is_none() || query.tag == row.tag);
        if !asked {
            continue;
        }
        let value = |by: &Dimension| match by {
            Dimension::Day => Some(day.to_string()),
            Dimension::Account => Some(row.account.clone()),
            Dimension::Key => row.key.map(|key| key.to_string()),
            Dimension::Model => row.model.clone(),
            Dimension::Provider => row.provider.clone(),
            Dimension::Endpoint => row.endpoint.clone(),
            Dimension::User => row.user.clone(),
            Dimension::Tag => row.tag.clone(),
        };
        let of: Vec<_> = query.by.iter().map(value).collect();
        let sum = sums.entry(of.clone()).or_insert_with(|| Spend {
            of,
            ..Spend::default()
        });
        sum.requests += 1;
        let exactly = |money: Money| i128::from(money.picodollars());
        match row.charge {
            Some(charge) => sum.charge += exactly(charge),
            None => sum.charge_unknown += 1,
        }
        match row.certainty {
            Certainty::Exact => {}
            Certainty::Estimated => sum.charge_estimated += exactly(row.charge.unwrap()),
            Certainty::Unknown => sum.charge_unknown_held += exactly(row.held),
        }
        sum.fee += exactly(row.fee);
        sum.byok_counted += exactly(row.byok_counted);
        for attempt in &row.attempts {
            let cost = attempt.cost.map_or(0, exactly);
            if attempt.byok {
                sum.byok_cost += cost;
                sum.byok_unknown += u64::from(attempt.cost.is_none());
                continue;
            }
            match attempt.certainty {
                Certainty::Exact => sum.cost_exact += cost,
                Certainty::Estimated => sum.cost_estimated += cost,
                Certainty::Unknown => sum.cost_unknown += 1,
            }
            sum.cost_at_most += attempt.at_most.map_or(0, exactly);
            sum.cost_no_bound += u64::from(attempt.at_most.is_none());
        }
        sum.prompt_tokens += row.usage.prompt_tokens();
        sum.cached_tokens += row.usage.cache_read + row.usage.audio_cache_read;
        sum.completion_tokens += row.usage.completion_tokens();
        sum.reasoning_tokens += row.usage.reasoning;
    }
    sums.into_values().take(query.limit).collect()
}
