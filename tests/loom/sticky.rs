//! A conversation that several requests remember at once.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use crate::orders::{Step, as_one_after_the_other, at_once, outcomes};
use crate::sticky::Sticky;

/// A key by hand: the set is in the upper bits, the tag in the lower ones.
const ONE: u64 = 1;
const OTHER: u64 = 2;

fn known() -> (Sticky, Instant) {
    let start = Instant::now();
    let sticky = Sticky::with(start, Duration::from_secs(600), NonZeroUsize::MIN);
    sticky.remember(ONE, 1, start);
    (sticky, start)
}

fn remember((sticky, now): &(Sticky, Instant), key: u64, endpoint: u32) -> Option<u32> {
    sticky.remember(key, endpoint, *now);
    None
}

fn recall((sticky, now): &(Sticky, Instant)) -> Option<u32> {
    sticky.recall(ONE, *now)
}

/// An entry is one word, so that nobody reads one endpoint's half of another's.
#[test]
fn what_is_known_is_replaced_as_a_whole() {
    as_one_after_the_other(
        known,
        &[
            &[|table| remember(table, ONE, 2)],
            &[|table| remember(table, ONE, 3)],
            &[recall],
        ],
        recall,
    );
}

/// Two new ones may want the same place: one of them is forgotten, and nothing else.
#[test]
fn of_two_new_ones_one_may_be_lost() {
    let threads: [Vec<Step<_, _>>; 2] = [
        vec![|table| remember(table, OTHER, 2)],
        vec![|table| remember(table, OTHER + 1, 3)],
    ];
    let seen = outcomes(move || {
        let (_, left) = at_once(known(), &threads, |(sticky, now)| {
            [ONE, OTHER, OTHER + 1].map(|key| sticky.recall(key, *now))
        });
        vec![left]
    });
    let both = [Some(1), Some(2), Some(3)];
    let expected = [both, [Some(1), None, Some(3)], [Some(1), Some(2), None]];
    assert_eq!(seen, HashSet::from(expected));
}
