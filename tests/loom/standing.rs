//! What is learned of an endpoint by many at once.

use std::collections::HashSet;
use std::sync::atomic::Ordering::Relaxed;

use crate::figures::Figures;
use crate::latest::Latest;
use crate::load::Load;
use crate::orders::{Step, as_one_after_the_other, at_once, outcomes};
use crate::sync::AtomicU32;
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

// === Figures ===

/// Whoever asks gets what was learned before, at least; and once all is learned, nothing older is left over.
#[test]
fn no_figure_outlives_a_sample() {
    as_one_after_the_other::<Learned, _, _>(
        Learned::new,
        &[
            &[|learned| learned.learn(), |learned| learned.ask(7)],
            &[|learned| learned.learn()],
        ],
        |learned| learned.ask(7),
    );
}

/// Who asks for two ticks, while what they are worked out from changes, is told of the one it asks for; and nothing is
/// told twice that has changed in between.
#[test]
fn a_figure_is_of_its_own_tick() {
    let threads: [Vec<Step<Learned, [u8; 4]>>; 2] = [
        vec![|learned| learned.ask(7), |learned| learned.ask(8)],
        vec![|learned| learned.learn()],
    ];
    let seen = outcomes(move || {
        let ask_again = |learned: &Learned| [learned.ask(8), learned.ask(7)];
        let (asked, end) = at_once(Learned::new(), &threads, ask_again);
        assert_eq!(end, [figures(1, 8), figures(1, 7)]);
        vec![(asked[0][0], asked[0][1])]
    });
    let told = |first, second| (figures(first, 7), figures(second, 8));
    assert_eq!(seen, HashSet::from([told(0, 0), told(0, 1), told(1, 1)]));
}

// === Latest ===

#[test]
fn the_latest_is_the_latest_whoever_comes_last() {
    as_one_after_the_other::<Latest, _, _>(
        Latest::new,
        &[
            &[
                |latest| note(latest, 7),
                |latest| latest.is_within(30, || 40),
            ],
            &[|latest| note(latest, 12), |latest| note(latest, 3)],
        ],
        |latest| [36, 37, 41, 42].map(|second| latest.is_within(30, || second)),
    );
}

// === Load ===

#[test]
fn what_ends_is_what_began() {
    as_one_after_the_other::<Load, _, _>(
        Load::new,
        &[
            &[|load| load.add(5), |load| load.take(5)],
            &[|load| load.add(7)],
        ],
        |load| (load.in_flight(), load.tokens()),
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

fn note(latest: &Latest, second: u32) -> bool {
    latest.note(second);
    true
}

/// Something that is counted, and what is worked out from it.
struct Learned {
    count: AtomicU32,
    figures: Figures,
}

/// So much had been learned, in this tick.
fn figures(count: u32, tick: u32) -> [u8; 4] {
    [count as u8, tick as u8, 0, 0]
}

// === impl Learned ===

impl Learned {
    fn new() -> Self {
        Self {
            count: AtomicU32::new(0),
            figures: Figures::new(),
        }
    }

    fn learn(&self) -> [u8; 4] {
        self.count.fetch_add(1, Relaxed);
        self.figures.forget();
        [0; 4]
    }

    fn ask(&self, tick: u32) -> [u8; 4] {
        let work_out = || figures(self.count.load(Relaxed), tick);
        self.figures.get(tick, work_out)
    }
}
