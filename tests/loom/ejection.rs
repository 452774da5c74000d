//! Who may probe, asked by many at once.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::breaker::Breaker;
use crate::circuit::{Admission, Circuit, Outcome};
use crate::condition::{Pass, State};
use crate::orders::{Step, as_one_after_the_other, at_once, outcomes};

/// What was answered: asked like any other, as the probe, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Answer {
    Ask,
    Probe,
    No,
    Said,
}

/// Two ask at once: one probes.
#[test]
fn of_two_at_once_one_probes() {
    as_one_after_the_other::<Circuit, _, _>(due, &[&[ask], &[ask]], state);
}

/// While a probe is given back, another one may be let through, and never two.
#[test]
fn a_probe_is_given_back_once() {
    let threads: [Vec<Step<Circuit, Answer>>; 2] = [vec![release, ask], vec![release, ask]];
    let seen = outcomes(move || {
        let circuit = due();
        assert_eq!(ask(&circuit), Answer::Probe);
        let (learned, end) = at_once(circuit, &threads, state);
        let probes = learned
            .iter()
            .flatten()
            .filter(|answer| **answer == Answer::Probe);
        vec![(probes.count(), end)]
    });
    // The second one to give it back gives nothing: of another turn it knows nothing.
    assert_eq!(seen, [(1, State::Probing)].into());
}

/// A probe's answer and the operator's word: whoever comes last is obeyed, and nothing in between.
#[test]
fn an_answer_and_the_operator_meet() {
    as_one_after_the_other::<Circuit, _, _>(
        || {
            let circuit = due();
            ask(&circuit);
            circuit
        },
        &[&[failed], &[eject], &[release]],
        state,
    );
}

/// A trial ends, and two failures of it are told at once: it is ejected by the second, whichever that is.
#[test]
fn two_failures_end_a_trial() {
    as_one_after_the_other::<Circuit, _, _>(
        || {
            let circuit = due();
            ask(&circuit);
            let (breaker, pass) = (breaker(), Pass::Probe(1));
            circuit.judge(Outcome::Succeeded, None, pass, &breaker, now());
            circuit
        },
        &[&[fails], &[fails, asks_second]],
        state,
    );
}

// === Helpers ===

fn breaker() -> Breaker {
    Breaker::default()
}

/// Loom's clocks stand still.
fn epoch() -> Instant {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    *EPOCH.get_or_init(Instant::now)
}

fn now() -> Instant {
    epoch() + Duration::from_secs(60)
}

/// Ejected until now.
fn due() -> Circuit {
    let circuit = Circuit::new(epoch());
    circuit.eject(Duration::from_secs(1), epoch());
    circuit
}

fn ask(circuit: &Circuit) -> Answer {
    match circuit.ask(&breaker(), 0, now()) {
        Admission::Ask => Answer::Ask,
        Admission::Probe(_) => Answer::Probe,
        Admission::NotUntil(..) => Answer::No,
    }
}

fn release(circuit: &Circuit) -> Answer {
    circuit.release(Pass::Probe(1));
    Answer::Said
}

fn failed(circuit: &Circuit) -> Answer {
    let _ = circuit.judge(Outcome::Failed, None, Pass::Probe(1), &breaker(), now());
    Answer::Said
}

fn fails(circuit: &Circuit) -> Answer {
    let _ = circuit.judge(Outcome::Failed, None, Pass::Ordinary, &breaker(), now());
    Answer::Said
}

/// While one is under way.
fn asks_second(circuit: &Circuit) -> Answer {
    match circuit.ask(&breaker(), 1, now()) {
        Admission::Ask => Answer::Ask,
        Admission::Probe(_) => Answer::Probe,
        Admission::NotUntil(..) => Answer::No,
    }
}

fn eject(circuit: &Circuit) -> Answer {
    circuit.eject(Duration::from_secs(600), now());
    Answer::Said
}

fn state(circuit: &Circuit) -> State {
    circuit.state(now())
}
