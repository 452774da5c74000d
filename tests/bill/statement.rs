use proptest::collection;
use proptest::prelude::*;
use switchtower::settle::Certainty;
use switchtower::settle::statements::{Month, Statement, balance};
use switchtower::settle::store::{Entry, MemoryStore, Store};
use switchtower::{Day, KeyId, Money, Total};

use crate::rows::{at, credit, id, money, noon, row};

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn store(entries: impl IntoIterator<Item = Entry>) -> MemoryStore {
    let store = MemoryStore::new(10_000);
    let entries: Vec<_> = entries.into_iter().collect();
    store.commit(&entries).unwrap();
    store
}

/// One that paid with two keys over two months, and was given money in both.
fn acme() -> MemoryStore {
    let mut guessed = row(2, noon("2026-11-01"), "a", Some(money("0.20")));
    guessed.certainty = Certainty::Estimated;
    let mut unpriced = row(4, noon("2026-11-15"), "b", None);
    unpriced.held = money("0.75");
    let rows = [
        row(1, noon("2026-10-31"), "a", Some(money("0.10"))),
        guessed,
        row(3, noon("2026-11-30"), "b", Some(money("0.000000000001"))),
        unpriced,
        row(5, noon("2026-12-01"), "b", Some(money("7"))),
    ];
    let credits = [
        credit("first", "2026-10-01", "1"),
        credit("second", "2026-11-20", "5.5"),
    ];
    let rows = rows.into_iter().map(|row| Entry::Row(Box::new(row)));
    store(rows.chain(credits.map(Entry::Credit)))
}

#[test]
fn a_month_adds_up_from_what_was_left_to_what_is_left() {
    let statement = Statement::read(&acme(), "acme", month("2026-11")).unwrap();
    assert_eq!(statement.opening.to_string(), "0.9");
    assert_eq!(statement.credited().to_string(), "5.5");
    assert_eq!(statement.charged().to_string(), "0.200000000001");
    assert_eq!(statement.closing.to_string(), "6.199999999999");

    let mut lines = statement.lines.iter();
    let of = |key: &str| Some(KeyId::of(key).to_string());
    let by_key = |key: &str| lines.clone().find(|line| line.key == of(key)).unwrap();
    assert_eq!(by_key("a").requests, 1);
    // What nobody knows the price of is told, and not taken for nothing.
    assert_eq!((by_key("b").requests, by_key("b").unpriced), (2, 1));
    assert_eq!(by_key("b").unpriced_held.to_string(), "0.75");
    assert_eq!(
        (statement.unpriced(), statement.estimated().to_string()),
        (1, "0.2".to_owned())
    );
    assert!(lines.all(|line| line.model.as_deref() == Some("acme/swift")));
}

#[test]
fn a_month_ends_as_the_next_begins() {
    let store = acme();
    let read = |text| Statement::read(&store, "acme", month(text)).unwrap();
    let (october, november, december) = (read("2026-10"), read("2026-11"), read("2026-12"));
    assert_eq!(october.opening, Total::ZERO);
    assert_eq!(october.closing, november.opening);
    assert_eq!(november.closing, december.opening);
    assert_eq!(december.closing.to_string(), "-0.800000000001");
    let left = balance(&store, "acme", Day::of(noon("2027-01-01"))).unwrap();
    assert_eq!(left, december.closing);
}

#[test]
fn another_account_is_another_bill() {
    let statement = Statement::read(&acme(), "other", month("2026-11")).unwrap();
    assert_eq!(statement.lines.len() + statement.credits.len(), 0);
    assert_eq!(statement.closing, Total::ZERO);
}

#[test]
fn months_are_read_as_they_are_written() {
    assert_eq!(month("2026-12").next(), month("2027-01"));
    assert_eq!(Month::of("2028-02-29".parse().unwrap()), month("2028-02"));
    for text in ["2026-13", "2026-1", "1969-12", "", "2026-11-01", "+026-11"] {
        assert!(text.parse::<Month>().is_err(), "{text}");
    }
}

proptest! {
    /// Whatever was charged, in whatever order and with whatever fee, all months together are all that was ever paid.
    #[test]
    fn all_months_together_are_all_there_is(
        paid in collection::vec((0..200_u64, any::<bool>(), any::<u32>(), any::<u16>()), 0..60),
        given in collection::vec((0..200_u64, any::<i32>()), 0..10),
    ) {
        // 200 days from the first of October 2026 on.
        let first = Day::of(noon("2026-10-01"));
        let day = |days: u64| at(u64::from(first.number().unsigned_abs()) * 86_400 + days * 86_400);
        let rows = paid.iter().zip(1..).map(|((days, key, charge, fee), number)| {
            let key = if *key { "a" } else { "b" };
            let mut row = row(number, day(*days), key, Some(Money::from_picodollars((*charge).into())));
            row.fee = Money::from_picodollars((*fee).into());
            row
        });
        let rows: Vec<_> = rows.collect();
        let credits = given.iter().zip(1..).map(|((days, amount), number)| {
            let mut credit = credit(&format!("order-{number}"), "2026-10-01", "1");
            credit.amount = Money::from_picodollars((*amount).into());
            credit.created = day(*days);
            credit
        });
        let credits: Vec<_> = credits.collect();
        let entries = rows.iter().cloned().map(|row| Entry::Row(Box::new(row)));
        let store = store(entries.chain(credits.iter().cloned().map(Entry::Credit)));

        let mut month = month("2026-10");
        let (mut left, mut requests) = (Total::ZERO, 0);
        for _ in 0..8 {
            let statement = Statement::read(&store, "acme", month).unwrap();
            prop_assert_eq!(statement.opening, left);
            let sum = statement.opening + statement.credited() - statement.charged() - statement.fees();
            prop_assert_eq!(statement.closing, sum);
            left = statement.closing;
            requests += statement.lines.iter().map(|line| line.requests).sum::<u64>();
            month = month.next();
        }
        let paid: i128 = rows.iter().map(|row| {
            i128::from(row.charge.unwrap().picodollars()) + i128::from(row.fee.picodollars())
        }).sum();
        let given: Total = credits.iter().map(|credit| credit.amount).sum();
        prop_assert_eq!(left, given - Total::from_picodollars(paid));
        prop_assert_eq!(requests, rows.len() as u64);
    }
}

#[test]
fn the_same_order_twice_is_one() {
    let store = acme();
    let again = credit("second", "2026-11-20", "5.5");
    store.commit(&[Entry::Credit(again)]).unwrap();
    let other = credit("second", "2026-11-20", "6");
    store.commit(&[Entry::Credit(other)]).unwrap_err();
    let statement = Statement::read(&store, "acme", month("2026-11")).unwrap();
    assert_eq!(statement.credited().to_string(), "5.5");
    assert!(store.row(&id(2)).unwrap().is_some());
}
