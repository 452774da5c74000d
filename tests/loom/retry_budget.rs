//! What is granted was there, and is granted once.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use crate::budget::{Budget, Budgets};
use crate::orders::as_one_after_the_other;

#[test]
fn the_last_retry_is_granted_once() {
    as_one_after_the_other::<Budget, _, _>(
        || with(1, 0),
        &[
            &[|budget| budget.withdraw(at(0))],
            &[|budget| budget.withdraw(at(0))],
            &[|budget| budget.withdraw(at(0))],
        ],
        missing,
    );
}

#[test]
fn what_is_earned_and_what_is_taken_both_count() {
    as_one_after_the_other::<Budget, _, _>(
        || with(0, 4),
        &[
            &[|budget| budget.withdraw(at(0)), |budget| earn(budget, 0)],
            &[|budget| earn(budget, 0), |budget| budget.withdraw(at(0))],
        ],
        missing,
    );
}

/// Each of them has read its own clock, and none turns the budget's back.
#[test]
fn a_second_drips_once() {
    as_one_after_the_other::<Budget, _, _>(
        || with(0, 0),
        &[
            &[|budget| budget.withdraw(at(100))],
            &[|budget| budget.withdraw(at(120))],
            &[|budget| earn(budget, 60)],
        ],
        missing,
    );
}

#[test]
fn whoever_comes_first_makes_the_one_budget_of_a_provider() {
    as_one_after_the_other(
        Budgets::default,
        &[
            &[|budgets| budgets.of("acme", at(0)).withdraw(at(0))],
            &[|budgets| budgets.of("acme", at(0)).withdraw(at(0))],
        ],
        |budgets| missing(&budgets.of("acme", at(0))),
    );
}

// === Helpers ===

/// This many retries, and fifths of one.
fn with(retries: usize, fifths: usize) -> Budget {
    let budget = Budget::new(at(0));
    for _ in retries..10 {
        assert!(budget.withdraw(at(0)));
    }
    for _ in 0..fifths {
        budget.deposit(at(0));
    }
    budget
}

fn earn(budget: &Budget, millis: u64) -> bool {
    budget.deposit(at(millis));
    true
}

/// How much is left? Retries, and milliseconds from the start until one more has dripped.
fn missing(budget: &Budget) -> (usize, u64) {
    let granted = |millis| budget.withdraw(at(millis)).then_some(());
    let left = std::iter::from_fn(|| granted(0)).count();
    let next = (0..).step_by(10).find(|millis| granted(*millis).is_some());
    (left, next.unwrap())
}

fn at(millis: u64) -> Instant {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    *START + Duration::from_millis(millis)
}
