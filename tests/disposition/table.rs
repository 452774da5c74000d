//! The table, over any plan, any failures and any policy of the operator's.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use switchtower::dispatch::deadline::Deadlines;
use switchtower::{
    Again, AmbiguousSend, Attempt, Call, Disposition, Dispositions, End, Kind, Next,
};

use crate::flow::{Client, secs};
use crate::support::{FAILURES, Place, ask, body, failing, places, stack};

#[derive(Clone, Debug)]
struct Case {
    /// Of each model, its endpoints: their provider, and their context.
    models: Vec<Vec<(usize, Option<u64>)>>,
    failures: Vec<Kind>,
    changed: Vec<(Kind, Disposition)>,
    ambiguous: AmbiguousSend,
    tries: u32,
    total: u64,
}

const MODELS: [&str; 3] = ["a", "b", "c"];
const PROVIDERS: [&str; 5] = ["one", "two", "three", "four", "five"];

fn dispositions() -> impl Strategy<Value = Disposition> {
    let again = select(vec![Again::Never, Again::Last, Again::First]);
    let next = select(vec![
        Next::Stop,
        Next::LargerContext,
        Next::Model,
        Next::Any,
    ]);
    (again, next).prop_map(|(again, next)| Disposition { again, next })
}

fn cases() -> impl Strategy<Value = Case> {
    let context = select(vec![None, Some(4000), Some(8000), Some(32_000)]);
    let serving = proptest::collection::btree_map(0..PROVIDERS.len(), context, 1..=3);
    let serving = serving.prop_map(|map| map.into_iter().collect());
    let failure = select(FAILURES.to_vec());
    let policy = select(vec![
        AmbiguousSend::Retry,
        AmbiguousSend::NextOnly,
        AmbiguousSend::Stop,
    ]);
    (
        proptest::collection::vec(serving, 1..=3),
        proptest::collection::vec(failure.clone(), 9),
        proptest::collection::vec((failure, dispositions()), 0..4),
        policy,
        1..=9u32,
        1..100u64,
    )
        .prop_map(
            |(models, failures, changed, ambiguous, tries, total)| Case {
                models,
                failures,
                changed,
                ambiguous,
                tries,
                total,
            },
        )
}

impl Case {
    fn dispositions(&self) -> Dispositions {
        let all = Dispositions::default().ambiguous(self.ambiguous);
        let with = |all: Dispositions, (kind, it): &(Kind, Disposition)| all.with(*kind, *it);
        self.changed.iter().fold(all, with)
    }

    /// Asks, and gives the attempts, and when it was over.
    fn run(&self) -> (Vec<Attempt>, Call, Duration) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        runtime.unwrap().block_on(async {
            let mut all: Vec<Place<'_>> = Vec::new();
            for (name, endpoints) in MODELS.iter().zip(&self.models) {
                all.extend(
                    endpoints
                        .iter()
                        .map(|(at, context)| (*name, PROVIDERS[*at], *context)),
                );
            }
            let deadlines = Deadlines {
                total: secs(self.total),
                ..Deadlines::default()
            };
            let stack = stack(places(&all, ""))
                .tries(self.tries)
                .deadlines(deadlines)
                .dispositions(self.dispositions());
            let client = Client::new(self.failures.iter().map(|kind| failing(*kind)));
            let began = tokio::time::Instant::now();
            let (answer, call) =
                ask(&stack, &client, body(&MODELS[..self.models.len()], true)).await;
            answer.map(drop).unwrap_err();
            assert_eq!(client.seen().len(), call.attempts().len());
            (call.attempts(), call, began.elapsed())
        })
    }
}

fn same(one: &Attempt, other: &Attempt) -> bool {
    one.candidate().unwrap().endpoint.key() == other.candidate().unwrap().endpoint.key()
}

fn model(attempt: &Attempt) -> &str {
    attempt.candidate().unwrap().model.id()
}

fn context(attempt: &Attempt) -> Option<u64> {
    attempt.candidate().unwrap().endpoint.context_length()
}

proptest! {
    #[test]
    fn nobody_is_asked_who_must_not_be(case in cases()) {
        let (attempts, call, took) = case.run();
        let dispositions = case.dispositions();
        // What follows from an attempt, by the table and the policy.
        let follows = |attempt: &Attempt| {
            let (End::Failed(kind), _) = attempt.ended().unwrap() else { panic!("it failed") };
            let mut it = dispositions.of(kind);
            let doubtful = attempt.is_ambiguous() && kind != Kind::Elapsed(switchtower::Phase::Total);
            if doubtful && case.ambiguous != AmbiguousSend::Retry {
                it.again = Again::Never;
                if case.ambiguous == AmbiguousSend::Stop {
                    it.next = Next::Stop;
                }
            }
            it
        };
        prop_assert!(!attempts.is_empty());
        prop_assert!(attempts.len() as u32 <= case.tries, "{} attempts", attempts.len());
        prop_assert!(took <= secs(case.total), "{took:?}");
        let until = call.until().unwrap();
        prop_assert!(attempts.iter().all(|attempt| attempt.started() < until));
        prop_assert!(attempts.iter().all(|attempt| attempt.ended().unwrap().1 <= until));

        let (mut closed, mut too_small): (Vec<&str>, Option<Option<u64>>) = (Vec::new(), None);
        for pair in attempts.windows(2) {
            let [last, next] = pair else { unreachable!() };
            let it = follows(last);
            if same(last, next) {
                prop_assert_ne!(it.again, Again::Never);
                let took = last.ended().unwrap().1 - last.started();
                prop_assert!(took <= secs(5), "whoever was slow is not asked again");
                continue;
            }
            match it.next {
                Next::Stop => prop_assert!(false, "asked after {:?}", last.ended()),
                Next::Model => closed.push(model(last)),
                Next::LargerContext => too_small = Some(context(last)),
                Next::Any => {}
            }
            prop_assert!(!closed.contains(&model(next)), "a model that is closed");
            if let (Some(Some(small)), Some(large)) = (too_small, context(next)) {
                prop_assert!(large > small, "{large} after {small}");
            }
            let before = attempts.iter().take_while(|other| !std::ptr::eq(*other, next));
            prop_assert!(!before.clone().any(|other| same(other, next)), "it went back");
        }
    }
}
