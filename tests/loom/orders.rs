//! Threads that share a word must leave it as if they had come one after the other.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};

use crate::sync::AtomicU32;

/// What a thread does, and what it learns by it.
pub(crate) type Step<W, T> = fn(&W) -> T;

/// What each thread has learned, in its order, and what is left in the end.
pub(crate) type Outcome<T, E> = (Vec<Vec<T>>, E);

/// Runs these threads under every interleaving: what comes out must be what one of their orders gives
/// without threads, and each of these orders must have been met.
pub(crate) fn as_one_after_the_other<W, T, E>(
    new: fn() -> W,
    threads: &[&[Step<W, T>]],
    end: fn(&W) -> E,
) where
    W: Send + Sync + 'static,
    T: Clone + Debug + Eq + Hash + Send + Sync + 'static,
    E: Clone + Debug + Eq + Hash + Send + Sync + 'static,
{
    let threads: Vec<Vec<_>> = threads.iter().map(|steps| steps.to_vec()).collect();
    let (plain, known) = (threads.clone(), orders(&threads));
    let expected = outcomes(move || {
        let run = |order: &Vec<usize>| in_order(&new(), &plain, order, end);
        known.iter().map(run).collect()
    });
    let allowed = expected.clone();
    let seen = outcomes(move || {
        let outcome = at_once(new(), &threads, end);
        assert!(allowed.contains(&outcome), "no order gives {outcome:?}");
        vec![outcome]
    });
    assert_eq!(seen, expected, "an order that was never met");
}

/// All that any interleaving brings forth.
pub(crate) fn outcomes<O>(run: impl Fn() -> Vec<O> + Send + Sync + 'static) -> HashSet<O>
where
    O: Clone + Eq + Hash + Send + 'static,
{
    let seen = Arc::new(Mutex::new(HashSet::new()));
    let sink = seen.clone();
    let mut model = loom::model::Builder::new();
    // All orders, one after the other in one run, are more than the thousand that is usual.
    model.max_branches = 10_000;
    model.check(move || sink.lock().unwrap().extend(run()));
    seen.lock().unwrap().clone()
}

/// Which thread takes the next step, in every way there is.
fn orders<S>(threads: &[Vec<S>]) -> Vec<Vec<usize>> {
    let mut orders = vec![vec![]];
    for _ in 0..threads.iter().map(Vec::len).sum() {
        let longer = |order: Vec<usize>| {
            let taken = |thread: usize| order.iter().filter(|at| **at == thread).count();
            (0..threads.len())
                .filter(|thread| taken(*thread) < threads[*thread].len())
                .map(|thread| [&order[..], &[thread]].concat())
                .collect::<Vec<_>>()
        };
        orders = orders.into_iter().flat_map(longer).collect();
    }
    orders
}

fn in_order<W, T, E>(
    world: &W,
    threads: &[Vec<Step<W, T>>],
    order: &[usize],
    end: fn(&W) -> E,
) -> Outcome<T, E> {
    let mut learned: Vec<Vec<T>> = threads.iter().map(|_| Vec::new()).collect();
    for thread in order {
        let step = threads[*thread][learned[*thread].len()];
        learned[*thread].push(step(world));
    }
    (learned, end(world))
}

/// What comes out of one interleaving.
pub(crate) fn at_once<W, T, E>(
    world: W,
    threads: &[Vec<Step<W, T>>],
    end: fn(&W) -> E,
) -> Outcome<T, E>
where
    W: Send + Sync + 'static,
    T: Send + 'static,
{
    let (world, turn) = (Arc::new(world), Arc::new(AtomicU32::new(0)));
    let steps_of = |steps: &Vec<Step<W, T>>| {
        let (world, turn, steps) = (world.clone(), turn.clone(), steps.clone());
        let run = move |step: Step<W, T>| {
            // Loom holds a write against the last access only, which may be a read by the same thread,
            // and then misses that it could have come before another's. Of these it misses none.
            turn.fetch_add(1, Relaxed);
            step(&world)
        };
        move || steps.into_iter().map(run).collect()
    };
    let (here, there) = threads.split_last().expect("a thread");
    let spawn = |steps| loom::thread::spawn(steps_of(steps));
    let running: Vec<_> = there.iter().map(spawn).collect();
    let last = steps_of(here)();
    let learned = running.into_iter().map(|thread| thread.join().unwrap());
    (learned.chain([last]).collect(), end(&world))
}
