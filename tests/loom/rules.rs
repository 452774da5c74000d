//! What a caller may spend, taken, settled and given back by many at once.

#[path = "../../src/limits/amount.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod amount;
#[path = "../../src/limits/bucket.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod bucket;
#[path = "../../src/limits/calendar.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod calendar;
#[path = "../../src/limits/change.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod change;
#[path = "../../src/limits/counter.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod counter;
#[path = "../../src/limits/counts.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod counts;
#[path = "../../src/limits/exceeded.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod exceeded;
#[path = "../../src/limits/general.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod general;
#[path = "../../src/limits/level.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod level;
#[path = "../../src/limits/moment.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod moment;
#[path = "../../src/limits/own.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod own;
#[path = "../../src/limits/replace.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod replace;
#[path = "../../src/limits/ring.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod ring;
#[path = "../../src/limits/rule.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod rule;
#[path = "../../src/limits/scope.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod scope;
#[path = "../../src/limits/share.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod share;
#[path = "../../src/limits/shared.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod shared;
#[path = "../../src/limits/subject.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod subject;
#[path = "../../src/limits/table.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod table;
#[path = "../../src/limits/taken.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod taken;
#[path = "../../src/limits/tally.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod tally;
#[path = "../../src/limits/turn.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod turn;
#[path = "../../src/limits/under_way.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod under_way;
#[path = "../../src/limits/unit.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod unit;
#[path = "../../src/limits/values.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod values;
#[path = "../../src/limits/whose.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod whose;
#[path = "../../src/limits/window.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod window;

use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant, UNIX_EPOCH};

pub(crate) use self::level::Level;
use self::moment::Now;
use self::rule::Rule;
use self::scope::Scope;
use self::subject::Subject;
use self::table::Limits;
use self::taken::Taken;
use self::under_way::{Amounts, Guest};
use self::unit::Unit;
use self::window::Window;
use crate::call::Call;
use crate::orders::as_one_after_the_other;

#[test]
fn the_last_of_it_is_taken_once() {
    as_one_after_the_other::<Limits, _, _>(|| limits(&[("one", 3)]), &[&[spend], &[spend]], left);
}

/// What one gives back another may have, and never both at once.
#[test]
fn what_is_given_back_is_taken_once() {
    struct World {
        limits: Limits,
        taken: Mutex<Option<Taken>>,
    }
    fn take(world: &World) -> bool {
        let taken = world.limits.take(&of("bob"), &[(Unit::Money, 3)], now());
        let has = taken.is_ok();
        *world.taken.lock().unwrap() = taken.ok();
        has
    }
    fn give_back(world: &World) -> bool {
        let taken = world.taken.lock().unwrap().take();
        taken.is_some()
    }
    as_one_after_the_other::<World, _, _>(
        || World {
            limits: limits(&[("one", 3)]),
            // Of one thread alone.
            taken: Mutex::new(None),
        },
        &[&[take, give_back], &[|world| spend(&world.limits)]],
        |world| left(&world.limits),
    );
}

/// Two that want both of two limits: one of them gets both, none gets one.
#[test]
fn nobody_is_refused_for_what_another_does_not_get() {
    as_one_after_the_other::<Limits, _, _>(
        || limits(&[("one", 5), ("two", 3)]),
        &[&[spend], &[spend]],
        left,
    );
}

/// A count that is made when the first one comes is made once.
#[test]
fn the_first_two_of_a_user_count_together() {
    as_one_after_the_other::<Limits, _, _>(
        || {
            let user = rule("user", Scope::User, 3);
            Limits::with_values([user], 1)
        },
        &[&[spend], &[spend]],
        left,
    );
}

/// One that counts nothing makes room for another, but not while somebody is about to count by it.
#[test]
fn nobody_counts_by_a_count_that_is_gone() {
    as_one_after_the_other::<Limits, _, _>(
        || {
            let limits = Limits::with_values([rule("user", Scope::User, 3)], 1);
            try_and_give_back(&limits);
            limits
        },
        &[&[spend], &[|limits| spend_as(limits, "eve")]],
        |limits| left(limits) + 10 * left_of(limits, "eve"),
    );
}

/// A limit that moves keeps what was counted.
#[test]
fn a_limit_moves_while_somebody_takes() {
    as_one_after_the_other::<Limits, _, _>(
        || {
            let limits = limits(&[]);
            pay(&limits, 1);
            limits
        },
        &[&[spend], &[|limits| pay(limits, 4)]],
        left,
    );
}

/// A rule that comes while somebody spends counts that or finds it gone.
#[test]
fn a_rule_comes_while_somebody_spends() {
    as_one_after_the_other::<Limits, _, _>(
        || {
            let limits = limits(&[]);
            limits.expect_rules();
            limits
        },
        &[&[spend_known], &[|limits| pay(limits, 4)]],
        left,
    );
}

/// One that has taken before counts by the rule that comes, and one that comes after it has the rest alone.
#[test]
fn what_is_under_way_is_counted_once_by_a_rule_that_comes() {
    struct World {
        limits: Limits,
        taken: Mutex<Option<Taken>>,
    }
    as_one_after_the_other::<World, _, _>(
        || {
            let limits = limits(&[]);
            limits.expect_rules();
            let taken = Mutex::new(take_known(&limits));
            World { limits, taken }
        },
        &[
            &[|world| world.taken.lock().unwrap().take().map(use_two).is_some()],
            &[
                |world| pay(&world.limits, 4),
                |world| spend_known(&world.limits),
            ],
        ],
        |world| left(&world.limits),
    );
}

/// Rules for all that come while somebody spends count that, or find it gone; and so do those that come in their place.
#[test]
fn rules_for_all_come_while_somebody_spends() {
    as_one_after_the_other::<Limits, _, _>(
        || {
            let limits = limits(&[]);
            limits.expect_rules();
            limits
        },
        &[
            &[|limits| {
                limits
                    .steadily(|| take_known(limits))
                    .map(use_two)
                    .is_some()
            }],
            &[|limits| hold(limits, "one"), |limits| hold(limits, "other")],
        ],
        left,
    );
}

// === Helpers ===

/// Four may be used from now on, by this rule alone.
fn hold(limits: &Limits, name: &str) -> bool {
    let rules = [rule(name, Scope::Account, 4)];
    limits.replace(rules, |_| Ok::<_, ()>(()), now()).is_ok()
}

fn take_known(limits: &Limits) -> Option<Taken> {
    let money = Amounts {
        money: 3,
        ..Amounts::default()
    };
    let guest = || Guest {
        caller: None,
        model: None,
        user: None,
        tag: None,
        call: Call::new(now().instant, now().wall, 1),
        now: now(),
        amounts: money,
    };
    let taken = limits.take_of(
        guest,
        &Subject::default(),
        (&[Unit::Money], |_, _| 3),
        false,
        now(),
    );
    taken.ok()
}

fn use_two(mut taken: Taken) {
    let used = Amounts {
        money: 2,
        ..Amounts::default()
    };
    drop(taken.finish(used, (&Subject::default(), None), now()));
}

fn spend_known(limits: &Limits) -> bool {
    take_known(limits).map(use_two).is_some()
}

fn rule(name: &str, scope: Scope, limit: u64) -> Rule {
    Rule::new(name, scope, Unit::Money, Window::Forever, limit).unwrap()
}

fn limits(rules: &[(&str, u64)]) -> Limits {
    let rules = rules.iter();
    let limits = Limits::new(rules.map(|(name, limit)| rule(name, Scope::Account, *limit)));
    // They are known.
    left(&limits);
    limits
}

fn pay(limits: &Limits, credit: u64) -> bool {
    let rules = [(rule("credit", Scope::Account, credit), vec![])];
    limits
        .set_rules((Scope::Account, "default"), rules, now())
        .is_ok()
}

fn spend(limits: &Limits) -> bool {
    spend_as(limits, "bob")
}

/// Holds three, and spends two of them.
fn spend_as(limits: &Limits, user: &str) -> bool {
    let taken = limits.take(&of(user), &[(Unit::Money, 3)], now());
    taken
        .map(|mut taken| taken.settle(Unit::Money, 2, now()))
        .is_ok()
}

fn try_and_give_back(limits: &Limits) -> bool {
    limits.take(&of("bob"), &[(Unit::Money, 3)], now()).is_ok()
}

fn left(limits: &Limits) -> i64 {
    left_of(limits, "bob")
}

fn left_of(limits: &Limits, user: &str) -> i64 {
    let available = limits.available(&of(user), now());
    available.map_or(-1, |money| money.picodollars())
}

fn of(user: &str) -> Subject<'_> {
    Subject {
        user: Some(user),
        ..Subject::default()
    }
}

/// Loom's clocks stand still.
fn now() -> Now {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    Now {
        instant: *FIRST.get_or_init(Instant::now) + Duration::from_secs(3600),
        wall: UNIX_EPOCH,
    }
}
