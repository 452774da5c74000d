use switchtower::Money;
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

#[test]
fn what_never_had_a_name_is_called_by_ours() {
    let mut row = row(4, noon("2026-11-01"), "a", Some(money("1")));
    row.attempts[0].upstream_id = None;
    let found = reconcile(Billed::of(&row, "Acme"), []);
    assert_eq!(found.differences[0].id(), format!("{}/1", id(4).as_str()));
}
