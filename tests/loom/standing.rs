//! What is learned of an endpoint by many at once.

use std::collections::HashSet;

use crate::average::Average;
use crate::orders::{Step, as_one_after_the_other, at_once, outcomes};
use crate::window::{Tally, Window};

// === Window ===

/// A bucket is cleared by whoever needs it first, and only by that one; a straggler clears nothing.
#[test]
fn no_count_is_lost_when_a_bucket_turns_over() {
    as_one_after_the_other::<Window<1>, _, _>(
        || counted(&[(10, true)]),
        &[
            &[|window| window.count(11, true)],
            &[|window| window.count(11, false)],
            &[|window| window.count(10, false)],
        ],
        |window| sum(window, 11),
    );
}

#[test]
fn nobody_reads_a_bucket_half_turned_over() {
    as_one_after_the_other::<Window<1>, _, _>(
        || counted(&[(10, true)]),
        &[
            &[
                |window| count(window, 10, false),
                |window| count(window, 11, false),
            ],
            &[|window| sum(window, 10), |window| sum(window, 11)],
        ],
        |window| sum(window, 11),
    );
}

/// Buckets are read one by one: a reader may miss what is just being counted, even the earlier of two,
/// but sees nothing twice and nothing that is not in its window.
#[test]
fn a_reader_sees_a_part_of_what_is_just_being_counted() {
    let threads: [Vec<Step<_, _>>; 2] = [
        vec![|window| count(window, 11, false), |window| {
            count(window, 12, false)
        }],
        vec![|window| sum(window, 11)],
    ];
    let seen = outcomes(move || {
        let window = counted::<2>(&[(9, true), (10, true)]);
        let (learned, end) = at_once(window, &threads, |window| sum(window, 12));
        assert_eq!(end, (0, 2));
        vec![learned[1][0]]
    });
    // 9 has left the window; 10 is wiped out by 12, which is not in it yet.
    assert_eq!(seen, HashSet::from([(1, 0), (1, 1), (0, 0), (0, 1)]));
}

// === Average ===

#[test]
fn no_sample_is_lost() {
    as_one_after_the_other(
        Average::default,
        &[
            &[|average| average.sample(1000)],
            &[|average| average.sample(2000)],
            &[|average| average.sample(0)],
        ],
        Average::get,
    );
}

#[test]
fn an_average_is_read_between_samples() {
    as_one_after_the_other(
        Average::default,
        &[
            &[
                |average| sample(average, 1000),
                |average| sample(average, 2000),
            ],
            &[Average::get, Average::get],
        ],
        Average::get,
    );
}

// === Helpers ===

fn counted<const SECONDS: usize>(counts: &[(u32, bool)]) -> Window<SECONDS> {
    let window = Window::default();
    for (second, success) in counts {
        window.count(*second, *success);
    }
    window
}

fn count<const SECONDS: usize>(window: &Window<SECONDS>, second: u32, success: bool) -> (u32, u32) {
    window.count(second, success);
    (0, 0)
}

/// Successes and failures.
fn sum<const SECONDS: usize>(window: &Window<SECONDS>, second: u32) -> (u32, u32) {
    let Tally { succeeded, failed } = window.tally(second);
    (succeeded, failed)
}

fn sample(average: &Average, value: u32) -> Option<u32> {
    average.sample(value);
    None
}
