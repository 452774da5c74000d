//! Against a model that remembers everything.

use proptest::prelude::*;
use switchtower::limits::{Limits, Scope, Taken, Unit, Window};

use super::*;

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    Take(u64),
    /// Of those that are under way, this one is over, and used so many percents of what it took.
    Settle(usize, u64),
    Drop(usize),
    Pass(u64),
}

/// One that was let in.
struct Asked {
    at: Duration,
    took: u64,
    /// None: it is under way.
    used: Option<u64>,
    taken: Option<Taken>,
}

const LIMIT: u64 = 100;
const WINDOW: Duration = Duration::from_secs(160);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_u64..60).prop_map(Step::Take),
        2 => (any::<usize>(), 0_u64..=100).prop_map(|(which, percent)| Step::Settle(which, percent)),
        1 => any::<usize>().prop_map(Step::Drop),
        2 => (0_u64..120_000).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #[test]
    fn money_for_ever(steps in steps()) {
        run(Unit::Money, Window::Forever, Duration::MAX..=Duration::MAX, steps)?;
    }

    #[test]
    fn money_that_rolls(steps in steps()) {
        run(Unit::Money, Window::Rolling(WINDOW), WINDOW..=WINDOW / 16 * 17, steps)?;
    }

    #[test]
    fn tokens_that_roll(steps in steps()) {
        run(Unit::Tokens, Window::Rolling(WINDOW), WINDOW..=WINDOW / 16 * 17, steps)?;
    }

    #[test]
    fn concurrency(steps in steps()) {
        run(Unit::Concurrency, Window::Forever, Duration::MAX..=Duration::MAX, steps)?;
    }
}

/// What is younger than the start of the range counts; what is older than its end does not; between them it may.
fn run(
    unit: Unit,
    window: Window,
    counts: std::ops::RangeInclusive<Duration>,
    steps: Vec<Step>,
) -> Result<(), TestCaseError> {
    let limits = Limits::new([rule("one", Scope::Key, unit, window, LIMIT)]);
    let (mut clock, caller) = (Clock::new(), caller("a"));
    let mut asked: Vec<Asked> = Vec::new();
    for step in steps {
        match step {
            Step::Take(amount) => {
                let sum = |youngest: Duration| -> u64 {
                    let amounts = asked.iter().map(|one| {
                        let is_young = clock.age - one.at < youngest;
                        match (one.used, unit) {
                            (None, Unit::Money | Unit::Concurrency) => one.took,
                            (None, _) if is_young => one.took,
                            (Some(_), Unit::Concurrency) => 0,
                            (Some(used), _) if is_young => used,
                            _ => 0,
                        }
                    });
                    amounts.sum()
                };
                let (least, most) = (sum(*counts.start()), sum(*counts.end()));
                let level = &limits.levels(&of(&caller), &[unit], clock.now())[0];
                let counted = level.used + level.held;
                prop_assert!(
                    least <= counted && counted <= most,
                    "{least} <= {counted} <= {most}"
                );
                let taken = limits.take(&of(&caller), &[(unit, amount)], clock.now());
                prop_assert_eq!(taken.is_ok(), amount == 0 || counted + amount <= LIMIT);
                match taken {
                    Ok(taken) => asked.push(Asked {
                        at: clock.age,
                        took: amount,
                        used: None,
                        taken: Some(taken),
                    }),
                    Err(refused) if amount <= LIMIT && unit == Unit::Tokens => {
                        // Then there is room, if nobody else takes it; and not a moment before.
                        let wait = refused.retry_after.unwrap();
                        let mut then = clock;
                        then.goes(wait.saturating_sub(Duration::from_nanos(1)));
                        prop_assert!(
                            limits
                                .take(&of(&caller), &[(unit, amount)], then.now())
                                .is_err()
                        );
                        clock.goes(wait);
                        prop_assert!(
                            limits
                                .take(&of(&caller), &[(unit, amount)], clock.now())
                                .is_ok()
                        );
                    }
                    Err(_) => {}
                }
            }
            Step::Settle(which, percent) => {
                if let Some(one) = under_way(&mut asked, which) {
                    let used = one.took * percent / 100;
                    one.used = Some(used);
                    one.taken.take().unwrap().settle(unit, used, clock.now());
                }
            }
            Step::Drop(which) => {
                if let Some(one) = under_way(&mut asked, which) {
                    one.used = Some(0);
                    one.taken = None;
                }
            }
            Step::Pass(millis) => clock.goes(Duration::from_millis(millis)),
        }
    }
    Ok(())
}

fn under_way(asked: &mut [Asked], which: usize) -> Option<&mut Asked> {
    let mut all: Vec<_> = asked.iter_mut().filter(|one| one.used.is_none()).collect();
    let count = all.len();
    (count > 0).then(|| all.swap_remove(which % count))
}
