//! Rules that come while requests are under way.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll, Waker};
use std::thread;

use futures_util::FutureExt;
use proptest::prelude::*;
use switchtower::limits::{Level, Limits, Rule, Scope, Unit, Window};
use switchtower::settle::{Claim, Held, Ledger, MemoryLedger, MemorySlot, Record, Slot};
use switchtower::{BoxError, Call, GenerationId, Kind, Period, Stack};
use tower::ServiceExt;

use super::many::{asked_of, catalog, request};
use super::thousand::record_of;
use super::*;

/// A key asked without a limit, and got one while four of its requests were under way: these were held by nothing, so that as
/// many again were let in under a limit that they used up alone.
#[test]
fn a_rule_that_comes_counts_what_is_under_way() -> Result<(), BoxError> {
    let limits = Limits::default();
    limits.expect_rules();
    let (stack, asked) = asked_of(Stack::new(Arc::new(catalog()?)).limits(limits.clone()));
    let ask = || Box::pin(stack.0.clone().oneshot(request(1000)));
    let mut calls: Vec<_> = (0..4).map(|_| ask()).collect();
    for call in &mut calls {
        assert!(call.now_or_never().is_none());
    }
    let held = u64::try_from(stack.1.ledger().totals().held)?;
    let rules = [
        rule(
            "late",
            Scope::Account,
            Unit::Money,
            Window::Forever,
            held + held / 8,
        ),
        rule(
            "at-once",
            Scope::Account,
            Unit::Concurrency,
            Window::Forever,
            5,
        ),
        rule(
            "often",
            Scope::Account,
            Unit::Requests,
            Window::Forever,
            100,
        ),
    ];
    let now = Clock::new().now();
    set(&limits, rules, now);
    let levels = || {
        let units = [Unit::Money, Unit::Concurrency, Unit::Requests];
        let levels = limits.levels(&Subject::default(), &units, now);
        levels
            .iter()
            .map(|it| (it.used, it.held))
            .collect::<Vec<_>>()
    };
    assert_eq!(levels(), [(0, held), (0, 4), (4, 0)]);
    let refused = ask().now_or_never().unwrap().unwrap_err();
    assert_eq!(refused.kind(), Kind::PaymentRequired);

    // Another limit of the same leaves nothing behind of what it takes the place of.
    set(
        &limits,
        [rule(
            "later",
            Scope::Account,
            Unit::Money,
            Window::Forever,
            held * 2,
        )],
        now,
    );
    let mut fifth = ask();
    assert!((&mut fifth).now_or_never().is_none());
    assert_eq!(asked.load(SeqCst), 5);
    drop((calls, fifth));
    let charged = u64::try_from(stack.1.ledger().totals().charged)?;
    assert_eq!(levels(), [(charged, 0)]);
    Ok(())
}

/// Nobody is counted who was not asked to be: of one who left before, of another key, or by a table that expected no rules.
#[test]
fn a_rule_that_comes_counts_nobody_else() {
    let (ledger, limits) = ledger();
    let mut one = slot(&ledger);
    hold(&mut one, "a", 10).unwrap();
    drop(one);
    let mut other = slot(&ledger);
    hold(&mut other, "b", 10).unwrap();
    let clock = Clock::new();
    set_for_key(&limits, "a", 1, Window::Forever, 100, clock.now());
    assert_eq!(level(&limits, "a", clock.now()).remaining(), 100);
    set_for_key(&limits, "b", 1, Window::Forever, 100, clock.now());
    assert_eq!(level(&limits, "b", clock.now()).remaining(), 90);

    let (ledger, limits) = (MemoryLedger::new(1), Limits::default());
    let ledger = ledger.limits(limits.clone());
    let mut one = slot(&ledger);
    hold(&mut one, "a", 10).unwrap();
    set_for_key(&limits, "a", 1, Window::Forever, 100, clock.now());
    assert_eq!(level(&limits, "a", clock.now()).remaining(), 100);
    hold(&mut slot(&ledger), "a", 10).unwrap();
}

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    Hold(u64),
    /// Of those that are under way this one is over, and so many percents of it are charged.
    Write(usize, u64),
    Drop(usize),
    /// A rule comes in the place of what there was; it is another one if this is another number.
    Set(u64, usize, u64),
    Remove,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => (1_u64..60).prop_map(Step::Hold),
        3 => (any::<usize>(), 0_u64..=100).prop_map(|(which, percent)| Step::Write(which, percent)),
        1 => any::<usize>().prop_map(Step::Drop),
        2 => (0_u64..3, 0_usize..3, 0_u64..300).prop_map(|(name, window, limit)| Step::Set(name, window, limit)),
        1 => Just(Step::Remove),
    ];
    prop::collection::vec(step, 1..80)
}

proptest! {
    /// Whatever is under way when a rule comes is held by it, and charged to it when it is over; and so it is by the next.
    #[test]
    fn a_rule_counts_all_that_ends_after_it_came(steps in steps()) {
        let (ledger, limits) = ledger();
        let now = Clock::new().now();
        let mut under_way: Vec<(u64, MemorySlot)> = Vec::new();
        // Name and window of the rule that is on, its limit, and what was charged since it came.
        let mut on: Option<((u64, usize), u64, u64)> = None;
        for step in steps {
            match step {
                Step::Hold(amount) => {
                    let held: u64 = under_way.iter().map(|(amount, _)| amount).sum();
                    let fits = on.is_none_or(|(_, limit, charged)| charged + held + amount <= limit);
                    let mut slot = slot(&ledger);
                    prop_assert_eq!(hold(&mut slot, "a", amount).is_ok(), fits);
                    if fits {
                        under_way.push((amount, slot));
                    }
                }
                Step::Write(which, percent) if !under_way.is_empty() => {
                    let (amount, mut slot) = under_way.swap_remove(which % under_way.len());
                    let charge = amount * percent / 100;
                    slot.write(record("a", charge));
                    if let Some((_, _, charged)) = &mut on {
                        *charged += charge;
                    }
                }
                Step::Drop(which) if !under_way.is_empty() => {
                    drop(under_way.swap_remove(which % under_way.len()));
                }
                Step::Write(..) | Step::Drop(_) => {}
                Step::Set(name, window, limit) => {
                    set_for_key(&limits, "a", name, WINDOWS[window], limit, now);
                    let charged = on.filter(|(of, ..)| *of == (name, window));
                    on = Some(((name, window), limit, charged.map_or(0, |(.., charged)| charged)));
                }
                Step::Remove => {
                    set_none(&limits, "a", now);
                    on = None;
                }
            }
            if let Some((_, _, charged)) = on {
                let held: u64 = under_way.iter().map(|(amount, _)| amount).sum();
                let level = level(&limits, "a", now);
                prop_assert_eq!((level.used, level.held), (charged, held));
            }
        }
    }
}

const WINDOWS: [Window; 3] = [
    Window::Forever,
    Window::Calendar(Period::Daily),
    Window::Rolling(Duration::from_secs(3600)),
];

/// Rules come all the time while others hold and write.
#[test]
fn whenever_a_rule_comes_it_is_never_exceeded() {
    let (ledger, limits) = ledger();
    let now = Clock::new().now();
    let under_way = while_many_hold_and_write(&ledger, &limits, |name| {
        set_for_key(&limits, "a", name, Window::Forever, MANY, now);
    });
    set_for_key(&limits, "a", u64::MAX, Window::Forever, MANY, now);
    each_is_counted_once(under_way, &ledger, &limits);
}

// === Helpers ===

const THREADS: u64 = 8;
/// Each thread has up to four under way, of up to two hundred.
pub(super) const MANY: u64 = THREADS * 4 * 200;

/// Changes rules of [`MANY`] all the time while threads hold and write: they are never exceeded. What is left under way.
pub(super) fn while_many_hold_and_write(
    ledger: &MemoryLedger,
    limits: &Limits,
    change: impl Fn(u64),
) -> Vec<MemorySlot> {
    let work = |seed: u64| {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut under_way = Vec::new();
        for _ in 0..400 {
            let mut slot = slot(ledger);
            if hold(&mut slot, "a", random.u64(1..200)).is_ok() {
                under_way.push(slot);
            }
            if under_way.len() > 3 {
                let mut slot = under_way.swap_remove(random.usize(..3));
                if random.bool() {
                    slot.write(record("a", random.u64(..2)));
                }
            }
        }
        under_way
    };
    let now = Clock::new().now();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|seed| scope.spawn(move || work(seed)))
            .collect();
        for name in 0.. {
            change(name);
            for _ in 0..20 {
                for level in limits.levels(&of(&caller("a")), &[Unit::Money], now) {
                    assert!(level.used + level.held <= MANY, "{level:?}");
                }
            }
            if threads.iter().all(|thread| thread.is_finished()) {
                break;
            }
        }
        let threads = threads.into_iter();
        threads.flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// By the one rule that there is, which came when all of it was under way.
pub(super) fn each_is_counted_once(
    under_way: Vec<MemorySlot>,
    ledger: &MemoryLedger,
    limits: &Limits,
) {
    let now = Clock::new().now();
    let held = i128::from(level(limits, "a", now).held);
    assert!(held > 0);
    assert_eq!(held, ledger.totals().held);
    let count = u64::try_from(under_way.len()).unwrap();
    for mut slot in under_way {
        slot.write(record("a", 7));
    }
    let level = level(limits, "a", now);
    assert_eq!((level.used, level.held), (7 * count, 0));
}

pub(super) fn ledger() -> (MemoryLedger, Limits) {
    let limits = Limits::default();
    limits.expect_rules();
    (MemoryLedger::new(10).limits(limits.clone()), limits)
}

pub(super) fn slot(ledger: &MemoryLedger) -> MemorySlot {
    let polled = ledger
        .clone()
        .poll_slot(&mut Context::from_waker(Waker::noop()));
    match polled {
        Poll::Ready(Ok(slot)) => slot,
        other => panic!("{other:?}"),
    }
}

pub(super) fn hold(
    slot: &mut MemorySlot,
    key: &str,
    amount: u64,
) -> Result<(), switchtower::Error> {
    let Now { instant, wall } = Clock::new().now();
    let held = slot.hold(&Claim {
        id: id(),
        created: wall,
        caller: Some(Arc::new(caller(key))),
        model: None,
        user: None,
        tag: None,
        amount: Money::from_picodollars(i64::try_from(amount).unwrap()),
        apart: vec![],
        call: Call::new(instant, wall, 1),
    });
    held.map(|held| assert_eq!(held, Held::Now))
}

pub(super) fn record(key: &str, charge: u64) -> Record {
    record_of(id(), key, charge)
}

fn id() -> GenerationId {
    "gen-1795608000-00000000000000000001".parse().unwrap()
}

fn set(limits: &Limits, rules: impl IntoIterator<Item = Rule>, now: Now) {
    let rules = rules.into_iter().map(|rule| (rule, vec![]));
    let of = (Scope::Account, Caller::ACCOUNT);
    limits.set_rules(of, rules, now).unwrap();
}

fn set_for_key(limits: &Limits, key: &str, name: u64, window: Window, limit: u64, now: Now) {
    let name = format!("rule-{name}");
    let rule = rule(&name, Scope::Key, Unit::Money, window, limit);
    let of = (Scope::Key, &*KeyId::of(key).to_string());
    limits.set_rules(of, [(rule, vec![])], now).unwrap();
}

fn set_none(limits: &Limits, key: &str, now: Now) {
    let of = (Scope::Key, &*KeyId::of(key).to_string());
    limits.set_rules(of, [], now).unwrap();
}

pub(super) fn level(limits: &Limits, key: &str, now: Now) -> Level {
    limits
        .levels(&of(&caller(key)), &[Unit::Money], now)
        .remove(0)
}
