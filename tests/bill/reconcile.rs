use switchtower::Money;
use switchtower::settle::Certainty;
use switchtower::settle::statements::{Billed, Difference, reconcile};

use crate::rows::{id, money, noon, row};

#[test]
fn the_books_and_an_invoice_are_compared_answer_by_answer() {
    let mut rows = vec![
        row(1, noon("2026-11-01"), "a", Some(money("0.1"))),
        row(2, noon("2026-11-01"), "a", Some(money("0.2"))),
        row(3, noon("2026-11-01"), "a", None),
        // It was cut off before it had a name, and is not billed.
        row(4, noon("2026-11-01"), "a", Some(Money::ZERO)),
    ];
    rows[3].attempts[0].upstream_id = None;
    // Another provider's answers are not on this invoice.
    let mut elsewhere = row(5, noon("2026-11-01"), "a", Some(money("9")));
    elsewhere.attempts[0].provider = Some("Other".to_owned());
    rows.push(elsewhere);
    let invoice = [
        Billed::invoiced("answer-1", money("0.1")),
        Billed::invoiced("answer-2", money("0.15")),
        // In two lines, as some invoices have it: input and output.
        Billed::invoiced("answer-3", money("0.01")),
        Billed::invoiced("answer-3", money("0.02")),
        Billed::invoiced("answer-9", money("1")),
    ];
    let books = rows.iter().flat_map(|row| Billed::of(row, "Acme"));
    let found = reconcile(books, invoice);

    assert_eq!(found.agreed, 2);
    assert_eq!(found.ours.to_string(), "0.3");
    assert_eq!(found.theirs.to_string(), "1.28");
    let [second, third, ninth] = &found.differences[..] else {
        panic!("{:?}", found.differences);
    };
    assert!(matches!(second, Difference::Cost { ours, theirs }
        if ours.cost == Some(money("0.2")) && theirs.cost == Some(money("0.15"))));
    assert!(matches!(third, Difference::Cost { ours, theirs }
        if ours.cost.is_none() && theirs.cost == Some(money("0.03"))));
    assert!(matches!(ninth, Difference::NotInBooks(billed) if billed.id == "answer-9"));
}

/// An answer that was cut off is billed by what the provider wrote, which the books can only bound.
#[test]
fn an_estimate_within_its_bound_is_told_apart() {
    let guess = |number, cost, at_most: Option<&str>| {
        let mut row = row(number, noon("2026-11-01"), "a", Some(money(cost)));
        row.attempts[0].certainty = Certainty::Estimated;
        row.attempts[0].at_most = at_most.map(money);
        row
    };
    let mut own = row(5, noon("2026-11-01"), "a", Some(money("9")));
    own.attempts[0].byok = true;
    let mut abandoned = row(6, noon("2026-11-01"), "a", None);
    abandoned.attempts[0].at_most = Some(money("0.5"));
    let rows = [
        guess(1, "0.1", Some("0.3")),
        guess(2, "0.1", Some("0.3")),
        guess(3, "0.1", Some("0.3")),
        guess(4, "0.1", None),
        own,
        abandoned,
    ];
    let invoice = [
        Billed::invoiced("answer-1", money("0.25")),
        Billed::invoiced("answer-2", money("0.31")),
        Billed::invoiced("answer-4", money("0.2")),
    ];
    let books = rows.iter().flat_map(|row| Billed::of(row, "Acme"));
    let found = reconcile(books, invoice);
    let ids = |of: &[Difference]| of.iter().map(|it| it.id().to_owned()).collect::<Vec<_>>();
    // The third was not billed at all, and may have cost nothing; nor was what no provider ever answered.
    assert_eq!(ids(&found.estimates), ["answer-1", "answer-3", "answer-6"]);
    assert_eq!(ids(&found.differences), ["answer-2", "answer-4"]);
    assert_eq!(
        found.ours.to_string(),
        "0.4",
        "the caller's own is none of ours"
    );
    assert_eq!(
        (found.ours_at_most.to_string(), found.no_bound),
        ("1.4".to_owned(), 1)
    );
}

#[test]
fn what_never_had_a_name_is_called_by_ours() {
    let mut row = row(4, noon("2026-11-01"), "a", Some(money("1")));
    row.attempts[0].upstream_id = None;
    let found = reconcile(Billed::of(&row, "Acme"), []);
    assert_eq!(found.differences[0].id(), format!("{}/1", id(4).as_str()));
}

/// A provider that gives two answers one name: what the one cost counts, though nobody knows what the other did.
#[test]
fn what_is_known_counts_beside_what_is_not() {
    let mut rows = [
        row(1, noon("2026-11-01"), "a", Some(money("0.1"))),
        row(2, noon("2026-11-01"), "a", None),
    ];
    rows[1].attempts[0].upstream_id = rows[0].attempts[0].upstream_id.clone();
    let books = rows.iter().flat_map(|row| Billed::of(row, "Acme"));
    let found = reconcile(books, [Billed::invoiced("answer-1", money("0.3"))]);
    assert_eq!(found.ours.to_string(), "0.1");
    let [Difference::Cost { ours, .. }] = &found.differences[..] else {
        panic!("{found:?}");
    };
    assert_eq!(ours.cost, None, "of the answer nobody knows the sum");
}
