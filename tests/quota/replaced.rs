//! Rules for all that take the place of others, while requests are under way.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use switchtower::limits::{Level, Limits, Rule, Scope, Unit, Window};
use switchtower::settle::store::MemoryStore;
use switchtower::settle::{HasBooks, Journal, JournalSettings, Ledger, Slot};
use switchtower::{BoxError, Period};

use super::late::{
    MANY, each_is_counted_once, hold, ledger, level, record, slot, while_many_hold_and_write,
};
use super::thousand::{claim, record_of};
use super::*;

/// An operator who corrected a limit in the catalogue had to start the gateway again.
#[test]
fn a_limit_is_changed_where_it_stands() {
    let (ledger, limits) = ledger();
    let now = Clock::new().now();
    put(&limits, [budget_of("a", 100)]);
    let mut first = slot(&ledger);
    hold(&mut first, "a", 60).unwrap();
    assert!(hold(&mut slot(&ledger), "a", 60).is_err());

    put(&limits, [budget_of("a", 130)]);
    assert_eq!(amounts(&limits, now), (0, 60, 130));
    let mut second = slot(&ledger);
    hold(&mut second, "a", 60).unwrap();
    first.write(record("a", 50));

    // Less than is used and held: nobody is let in until there is room.
    put(&limits, [budget_of("a", 100)]);
    assert_eq!(amounts(&limits, now), (50, 60, 100));
    assert!(hold(&mut slot(&ledger), "a", 1).is_err());
    second.write(record("a", 10));
    assert_eq!(amounts(&limits, now), (60, 0, 100));
    hold(&mut slot(&ledger), "a", 40).unwrap();
}

/// Those who had no count of their own, and rules of which several count the same.
#[test]
fn the_rest_and_the_second_of_two_go_on_as_well() {
    let limits = Limits::with_values([budget_of("a", 100), budget_of("a", 90)], 1);
    let now = Clock::new().now();
    for key in ["a", "b", "c"] {
        let mut taken = limits
            .take(&of(&caller(key)), &[(Unit::Money, 30)], now)
            .unwrap();
        taken.settle(Unit::Money, 30, now);
    }
    put(&limits, [budget_of("a", 70), budget_of("a", 80)]);
    let told = |key| {
        let levels = limits.levels(&of(&caller(key)), &[Unit::Money], now);
        levels
            .iter()
            .map(|level| (level.used, level.rule.limit()))
            .collect::<Vec<_>>()
    };
    assert_eq!(told("a"), [(30, 70), (30, 80)]);
    assert_eq!(
        told("b"),
        [(60, 70), (60, 80)],
        "b and c are counted together"
    );
}

#[test]
fn rules_go_and_others_come() {
    let (ledger, limits) = ledger();
    let now = Clock::new().now();
    put(&limits, [budget_of("a", 100)]);
    let mut first = slot(&ledger);
    hold(&mut first, "a", 60).unwrap();

    put(&limits, []);
    assert!(limits.is_empty());
    let mut second = slot(&ledger);
    hold(&mut second, "a", 5000).unwrap();

    // It counts what was let in by others, and by nothing.
    put(&limits, [budget_of("b", 10_000)]);
    assert_eq!(amounts(&limits, now), (0, 5060, 10_000));
    first.write(record("a", 50));
    second.write(record("a", 4000));
    assert_eq!(amounts(&limits, now), (4050, 0, 10_000));

    // Another window is another rule, which begins with what it is told.
    let day = Window::Calendar(Period::Daily);
    let daily = rule("b", Scope::Key, Unit::Money, day, 10_000);
    let past = |new: &Limits| {
        new.charge(&of(&caller("a")), Unit::Money, 7, now.wall, now);
        Ok::<_, BoxError>(())
    };
    limits.replace([daily.clone()], past, now).unwrap();
    assert_eq!(amounts(&limits, now), (7, 0, 10_000));

    // What cannot be begun is not begun.
    let failed = limits.replace([budget_of("c", 1)], |_| Err("no books"), now);
    assert_eq!(failed, Err("no books"));
    assert_eq!(amounts(&limits, now), (7, 0, 10_000));
    let same = |_: &Limits| -> Result<(), BoxError> { Ok(()) };
    limits.replace([daily], same, now).unwrap();
    assert_eq!(amounts(&limits, now), (7, 0, 10_000));
}

/// Rules come and go all the time while others hold and write.
#[test]
fn whenever_rules_are_replaced_none_is_exceeded() {
    let (ledger, limits) = ledger();
    let under_way = while_many_hold_and_write(&ledger, &limits, |name| {
        // One that stays, and one that is another each time.
        let another = format!("rule-{name}");
        put(
            &limits,
            [budget_of("stays", MANY), budget_of(&another, MANY)],
        );
    });
    put(&limits, [budget_of("last", MANY)]);
    each_is_counted_once(under_way, &ledger, &limits);
}

/// What is in the books and what is under way are all that there is: a rule that comes at any moment knows each request once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rule_that_comes_knows_the_books() -> Result<(), BoxError> {
    const CALLS: u64 = 2000;
    let limits = Limits::default();
    limits.expect_rules();
    let settings = JournalSettings::default().limits(limits.clone());
    let journal = Journal::open(Arc::new(MemoryStore::default()), settings)?;
    let calls = (0..CALLS).map(|number| {
        let mut journal = journal.clone();
        tokio::spawn(async move {
            let mut slot = poll_fn(|cx| journal.poll_slot(cx)).await.unwrap();
            let claim = claim(number, "a", 50);
            slot.hold(&claim).unwrap();
            poll_fn(|cx| slot.poll_held(cx)).await.unwrap();
            tokio::task::yield_now().await;
            slot.write(record_of(claim.id, "a", number % 50));
            poll_fn(|cx| slot.poll_written(cx)).await.unwrap();
        })
    });
    let calls: Vec<_> = calls.collect();
    let (books, over) = (journal.books(), Arc::new(AtomicBool::new(false)));
    let changes = tokio::task::spawn_blocking({
        let over = over.clone();
        move || {
            let mut changes = 0;
            while !over.load(SeqCst) {
                changes += 1;
                let name = format!("rule-{}", changes % 2);
                books.set_limits([budget_of(&name, 1 << 40)]).unwrap();
            }
            changes
        }
    });
    for call in calls {
        call.await?;
    }
    over.store(true, SeqCst);
    assert!(changes.await? > 1);
    let charged = (0..CALLS).map(|number| number % 50).sum();
    let now = Clock::new().now();
    assert_eq!(amounts(&limits, now), (charged, 0, 1 << 40));
    journal.close().await;
    Ok(())
}

// === Helpers ===

fn budget_of(name: &str, limit: u64) -> Rule {
    rule(name, Scope::Key, Unit::Money, Window::Forever, limit)
}

fn put(limits: &Limits, rules: impl IntoIterator<Item = Rule>) {
    let nothing = |_: &Limits| Ok::<_, BoxError>(());
    limits.replace(rules, nothing, Clock::new().now()).unwrap();
}

/// What is used and held, and the limit.
fn amounts(limits: &Limits, now: Now) -> (u64, u64, u64) {
    let Level {
        rule, used, held, ..
    } = level(limits, "a", now);
    (used, held, rule.limit())
}
