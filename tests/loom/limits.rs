//! What is left of a limit, taken and told by many at once.

use std::num::NonZeroU32;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::catalog::Pace;
use crate::counts::Counts;
use crate::ledger::Announced;
use crate::need::Need;
use crate::orders::as_one_after_the_other;
use crate::pace::{FullFor, Governor};
use crate::wire::limits::Allowance;

/// What is shared, and what is begun.
struct World {
    announced: Announced,
    counts: Counts,
}

#[test]
fn the_last_one_is_taken_once() {
    as_one_after_the_other::<World, _, _>(|| world(1), &[&[take], &[take]], left);
}

/// Whoever takes while an answer comes is taken off it, or has been counted by it.
#[test]
fn an_answer_comes_while_another_asks() {
    as_one_after_the_other::<World, _, _>(|| world(2), &[&[take], &[|world| tell(world, 1)]], left);
}

/// Nobody who only looks takes a lock, and still sees one of both.
#[test]
fn whoever_looks_sees_what_was_or_what_is() {
    as_one_after_the_other::<World, _, _>(
        || world(5),
        &[
            &[|world| tell(world, 3) && left(world) == 3],
            &[|world| left(world) == 5],
        ],
        left,
    );
}

#[test]
fn a_window_is_renewed_once() {
    as_one_after_the_other::<World, _, _>(
        || {
            let world = world(0);
            // It was over long ago.
            tell_at(&world, 0, now() - Duration::from_secs(600));
            world
        },
        &[&[take], &[take]],
        left,
    );
}

#[test]
fn the_operators_last_one_is_taken_once() {
    as_one_after_the_other::<Governor, _, _>(
        || {
            let one = NonZeroU32::new(1);
            let pace = Pace {
                requests: one,
                tokens: None,
            };
            Governor::new(pace, epoch()).unwrap()
        },
        &[&[ask], &[ask]],
        |governor| governor.short_until(Need::default(), now()).is_some(),
    );
}

#[test]
fn what_is_given_back_and_what_is_owed_both_count() {
    as_one_after_the_other::<(Governor, FullFor), _, _>(
        || {
            let pace = Pace {
                requests: None,
                tokens: NonZeroU32::new(100),
            };
            let governor = Governor::new(pace, epoch()).unwrap();
            let full_for = governor.take(tokens(10), now()).unwrap();
            (governor, full_for)
        },
        &[
            &[|(governor, full_for)| governor.correct(tokens(10), *full_for, 5, now())],
            &[|(governor, full_for)| governor.correct(tokens(10), *full_for, 13, now())],
        ],
        |(governor, _)| governor.short_until(tokens(10), now()),
    );
}

// === Helpers ===

/// Loom's clocks stand still.
fn epoch() -> Instant {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    *EPOCH.get_or_init(Instant::now)
}

fn now() -> Instant {
    epoch() + Duration::from_secs(3600)
}

fn tokens(input: u64) -> Need {
    Need { input, output: 0 }
}

fn world(remaining: u64) -> World {
    let world = World {
        announced: Announced::new(epoch()),
        counts: Counts::new(),
    };
    tell(&world, remaining);
    world
}

fn tell(world: &World, remaining: u64) -> bool {
    tell_at(world, remaining, now());
    true
}

fn tell_at(world: &World, remaining: u64, now: Instant) {
    let told = Allowance {
        remaining,
        limit: Some(1),
        resets_in: Duration::from_secs(60),
    };
    let ticket = world.counts.now();
    let told = [Some(told), None, None, None];
    world.announced.told(told, ticket, now);
}

fn take(world: &World) -> bool {
    let taken = world.announced.take(&world.counts, Need::default(), now());
    taken.is_ok()
}

fn ask(governor: &Governor) -> bool {
    governor.take(Need::default(), now()).is_ok()
}

fn left(world: &World) -> u64 {
    let headroom = world.announced.headroom(&world.counts, now());
    headroom.requests.map_or(u64::MAX, |left| left.left)
}
