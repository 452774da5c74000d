//! The circuit of an endpoint, against a plain model of it, over whatever may happen.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use switchtower::standing::{Admission, Breaker, Cause, Change, Circuit, Outcome, Pass, State};

/// What happens to an endpoint. Numbers pick one of the attempts under way.
#[derive(Clone, Debug)]
enum Event {
    /// So many are under way.
    Ask(u32),
    End(usize, Outcome, Option<u64>),
    Drop(usize),
    Eject(u64),
    Readmit,
    /// Time goes on, or another thread has looked at the clock before.
    Pass(i64),
}

fn event() -> impl Strategy<Value = Event> {
    let outcome = prop_oneof![
        3 => Just(Outcome::Succeeded),
        5 => Just(Outcome::Failed),
        2 => Just(Outcome::Limited),
        1 => Just(Outcome::Failing),
        2 => Just(Outcome::Slow),
        1 => Just(Outcome::Barred(Cause::Key)),
        2 => Just(Outcome::Nothing),
    ];
    let retry_after = prop_oneof![4 => Just(None), 1 => (0..50_000u64).prop_map(Some)];
    prop_oneof![
        8 => (0..40u32).prop_map(Event::Ask),
        8 => (any::<usize>(), outcome, retry_after).prop_map(|(at, how, after)| Event::End(at, how, after)),
        1 => any::<usize>().prop_map(Event::Drop),
        1 => (0..100_000u64).prop_map(Event::Eject),
        1 => Just(Event::Readmit),
        4 => (0..8_000i64).prop_map(Event::Pass),
        1 => (-2_000..400_000i64).prop_map(Event::Pass),
    ]
}

/// The same, in plain words.
#[derive(Debug, Default)]
struct Model {
    state: Plain,
    failures: u32,
    /// Since it was last trusted, which it is at the latest then.
    ejections: u32,
    trial: u64,
    /// Ends in the window, by milliseconds.
    ends: Vec<(u64, bool)>,
    forgiven: u64,
    /// Until when it asks to be left alone, as those say who were asked before the probe.
    meanwhile: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Plain {
    #[default]
    Admitting,
    Resting(u64),
    Ejected(u64),
    Probing(u32),
}

fn breaker() -> Breaker {
    // A jitter that is drawn by the circuit is told to the model by its bounds.
    Breaker::default()
}

impl Model {
    fn eject(&mut self, now: u64) -> (u64, u64) {
        let grown = 5_000u64
            .saturating_mul(1 << self.ejections.min(20))
            .min(20_000);
        self.ejections = (self.ejections + 1).min(15);
        self.failures = 0;
        (now + grown - grown / 10, now + grown)
    }

    fn is_often(&self, now: u64) -> bool {
        let new = |(at, _): &&(u64, bool)| {
            let second = at / 1000;
            second + 30 > now / 1000 && second <= now / 1000 && second >= self.forgiven
        };
        let all = self.ends.iter().filter(new).count();
        let failed = self
            .ends
            .iter()
            .filter(new)
            .filter(|(_, good)| !good)
            .count();
        all >= 10 && failed * 2 >= all
    }

    /// What it looks like at this time, and how often it was ejected.
    fn seen(&self, now: u64) -> (Plain, u32) {
        match self.state {
            Plain::Resting(until) if until <= now => (Plain::Admitting, 0),
            Plain::Admitting if self.trial <= now => (Plain::Admitting, 0),
            state => (state, self.ejections),
        }
    }

    /// Whatever is written is written as of this time.
    fn at(&mut self, now: u64) {
        let before = self.state;
        (self.state, self.ejections) = self.seen(now);
        if self.state == Plain::Admitting && (before != Plain::Admitting || self.trial <= now) {
            self.trial = 0;
        }
    }

    fn is_on_trial(&self, now: u64) -> bool {
        self.state == Plain::Admitting && self.trial > now
    }

    /// Two in its first second, then twice as many with each.
    fn has_room(&self, in_flight: u32, now: u64) -> bool {
        if !self.is_on_trial(now) {
            return true;
        }
        let back_for = 30_000u64.checked_sub(self.trial - now);
        back_for.is_none_or(|millis| u64::from(in_flight) < 2 << (millis / 1000))
    }

    fn later(&self, until: u64) -> u64 {
        match self.state {
            Plain::Resting(other) | Plain::Ejected(other) => other.max(until),
            Plain::Probing(_) => self.meanwhile.max(until),
            Plain::Admitting => until,
        }
    }
}

proptest! {
    /// Whatever happens: one probe at a time, the later time holds, what grows is capped and starts anew once a trial is stood,
    /// and a caller's own fault changes nothing.
    #[test]
    fn a_circuit_does_what_its_model_does(events in prop::collection::vec(event(), 1..200)) {
        let (start, breaker) = (Instant::now(), breaker());
        let circuit = Circuit::new(start);
        let mut model = Model::default();
        let (mut now, mut turn) = (10_000_000u64, 0u32);
        // The attempts under way, and of probes, which one.
        let mut passes: Vec<(Pass, Option<u32>)> = Vec::new();
        for event in events {
            let at = start + Duration::from_millis(now);
            let (before, _) = model.seen(now);
            match event {
                Event::Pass(millis) => now = now.saturating_add_signed(millis),
                Event::Ask(in_flight) => {
                    let admission = circuit.ask(&breaker, in_flight, at);
                    match (before, admission) {
                        (Plain::Admitting, Admission::Ask) => {
                            prop_assert!(model.has_room(in_flight, now));
                            passes.push((Pass::Ordinary, None));
                        }
                        (Plain::Admitting, Admission::NotUntil(told, _)) => {
                            prop_assert!(!model.has_room(in_flight, now));
                            prop_assert!(told > at && told <= at + Duration::from_secs(1));
                        }
                        (Plain::Ejected(until), Admission::Probe(pass)) => {
                            prop_assert!(until <= now);
                            turn += 1;
                            (model.state, model.meanwhile) = (Plain::Probing(turn), 0);
                            passes.push((pass, Some(turn)));
                        }
                        (Plain::Resting(until) | Plain::Ejected(until), Admission::NotUntil(told, _)) => {
                            prop_assert!(until > now);
                            prop_assert_eq!(told, start + Duration::from_millis(until));
                        }
                        (Plain::Probing(_), Admission::NotUntil(told, _)) => {
                            prop_assert_eq!(told, at + breaker.recheck);
                        }
                        other => prop_assert!(false, "{:?}", other),
                    }
                }
                Event::Drop(which) if !passes.is_empty() => {
                    let (pass, probe) = passes.swap_remove(which % passes.len());
                    circuit.release(pass);
                    if probe.is_some_and(|turn| model.state == Plain::Probing(turn)) {
                        model.state = Plain::Ejected(model.meanwhile);
                    }
                }
                Event::End(which, outcome, retry_after) if !passes.is_empty() => {
                    let (pass, probe) = passes.swap_remove(which % passes.len());
                    model.at(now);
                    let told = retry_after.map(Duration::from_millis);
                    let change = circuit.judge(outcome, told, pass, &breaker, at);
                    let is_probe = probe.is_some_and(|turn| model.state == Plain::Probing(turn));
                    let told = retry_after.map(|after| now + after);
                    let mut bounds = None;
                    let counts = match outcome {
                        Outcome::Succeeded => Some(true),
                        Outcome::Failed | Outcome::Failing | Outcome::Slow => Some(false),
                        Outcome::Limited if told.is_none() => Some(false),
                        _ => None,
                    };
                    model.ends.extend(counts.map(|good| (now, good)));
                    match counts {
                        Some(true) if is_probe => {
                            (model.failures, model.trial) = (0, now + 30_000);
                            (model.state, model.forgiven) = (Plain::Admitting, now / 1000 + 1);
                        }
                        Some(true) if matches!(model.state, Plain::Admitting | Plain::Resting(_)) => {
                            model.failures = 0;
                        }
                        Some(false) if is_probe => bounds = Some(model.eject(now)),
                        Some(false) if matches!(model.state, Plain::Admitting | Plain::Resting(_)) => {
                            model.failures += 1;
                            let most = if model.is_on_trial(now) { 2 } else { 5 };
                            let often = outcome == Outcome::Failing || model.is_often(now);
                            if model.failures >= most || often {
                                bounds = Some(model.eject(now));
                            }
                        }
                        _ => {}
                    }
                    if let Some((least, most)) = bounds {
                        // What was drawn is between them, or what was there is later.
                        let until = circuit.until(at).unwrap().duration_since(start).as_millis() as u64;
                        let floor = model.later(0).max(if is_probe { 0 } else { told.unwrap_or(0) });
                        prop_assert!(until >= least.min(most), "{} {}", until, least);
                        prop_assert!(until <= most.max(floor).max(told.unwrap_or(0)), "{} {}", until, most);
                        model.state = Plain::Ejected(until);
                    } else if let Outcome::Barred(_) = outcome {
                        model.state = Plain::Ejected(model.later(now + 300_000));
                    } else if is_probe && counts.is_none() && told.is_none_or(|until| until <= now || outcome == Outcome::Nothing) {
                        model.state = Plain::Ejected(model.meanwhile);
                    }
                    let says = !matches!(outcome, Outcome::Succeeded | Outcome::Slow | Outcome::Nothing);
                    if let Some(until) = told.filter(|_| says)
                        && until > now
                    {
                        model.state = match model.state {
                            Plain::Probing(_) if !is_probe => {
                                model.meanwhile = model.meanwhile.max(until);
                                model.state
                            }
                            Plain::Admitting | Plain::Resting(_) => Plain::Resting(model.later(until)),
                            _ => Plain::Ejected(model.later(until)),
                        };
                    }
                    if outcome == Outcome::Nothing && !is_probe {
                        prop_assert_eq!(model.state, before);
                    }
                    let recovered = is_probe && outcome == Outcome::Succeeded;
                    prop_assert_eq!(change == Some(Change::Readmitted), recovered);
                    if let Some(Change::Ejected(_, wait)) = change {
                        prop_assert!(wait <= breaker.barred.max(Duration::from_secs(100)) && !wait.is_zero());
                    }
                }
                Event::Eject(millis) => {
                    circuit.eject(Duration::from_millis(millis), at);
                    model.at(now);
                    model.state = Plain::Ejected(model.later(now + millis));
                }
                Event::Readmit => {
                    circuit.readmit(at);
                    (model.failures, model.ejections, model.trial) = (0, 0, 0);
                    (model.state, model.forgiven) = (Plain::Admitting, now / 1000 + 1);
                }
                Event::Drop(_) | Event::End(..) => {}
            }
            let at = start + Duration::from_millis(now);
            let (seen, ejections) = model.seen(now);
            let state = match seen {
                Plain::Admitting => State::Admitting,
                Plain::Resting(_) | Plain::Ejected(_) => State::Ejected,
                Plain::Probing(_) => State::Probing,
            };
            prop_assert_eq!(circuit.state(at), state, "after {:?} was {:?}", before, model);
            prop_assert_eq!(circuit.failures(), model.failures);
            prop_assert_eq!(circuit.ejections(at), ejections);
            prop_assert_eq!(circuit.is_on_trial(at), model.is_on_trial(now));
            let due = matches!(model.state, Plain::Ejected(until) if until <= now);
            prop_assert_eq!(circuit.is_due(at), due);
            prop_assert_eq!(circuit.cause(at).is_none(), state == State::Admitting);
        }
    }

    #[test]
    fn a_cooldown_doubles_to_a_cap_and_is_a_tenth_less_at_most(
        ejections in 0..100u32,
        draw in any::<u64>(),
        seed in any::<u64>(),
    ) {
        let breaker = Breaker { seed, ..Breaker::default() };
        let most = (5u64 << ejections.min(30)).min(20) * 1000;
        let millis = breaker.cooldown(ejections, draw).as_millis() as u64;
        prop_assert!((most - most / 10..=most).contains(&millis));
        prop_assert_eq!(breaker.cooldown(ejections, draw), breaker.cooldown(ejections, draw));
    }
}

/// What no clock and no word can hold is for ever, and nothing overflows.
#[test]
fn for_ever_is_for_ever() {
    let start = Instant::now();
    let breaker = Breaker {
        told: Duration::MAX,
        barred: Duration::MAX,
        base: Duration::MAX,
        longest: Duration::MAX,
        recheck: Duration::MAX,
        ..Breaker::default()
    };
    let century = start + Duration::from_secs(100 * 365 * 24 * 60 * 60);
    for (outcome, retry_after) in [
        (Outcome::Limited, Some(Duration::MAX)),
        (Outcome::Barred(Cause::Quota), None),
    ] {
        let circuit = Circuit::new(start);
        circuit.judge(outcome, retry_after, Pass::Ordinary, &breaker, start);
        let year = start + Duration::from_secs(8 * 365 * 24 * 60 * 60);
        assert!(matches!(
            circuit.ask(&breaker, 0, year),
            Admission::NotUntil(..)
        ));
        assert!(!matches!(
            circuit.ask(&breaker, 0, century),
            Admission::NotUntil(..)
        ));
        assert_ne!(circuit.state(century), State::Ejected);
    }
    let circuit = Circuit::new(start);
    circuit.eject(Duration::MAX, start);
    assert_eq!(circuit.cause(start), Some(Cause::Operator));
    let Admission::Probe(_) = circuit.ask(&breaker, 0, century) else {
        panic!("for ever is 8.7 years");
    };
    // A clock that another thread has read earlier is no trouble.
    assert!(matches!(
        circuit.ask(&breaker, 0, start),
        Admission::NotUntil(..)
    ));
    circuit.readmit(start);
    assert_eq!(circuit.ask(&breaker, 0, start), Admission::Ask);
}

#[test]
fn never_is_never() {
    let (breaker, now) = (Breaker::never(), Instant::now());
    let circuit = Circuit::new(now);
    let told = Some(Duration::from_secs(60));
    for outcome in [
        Outcome::Failed,
        Outcome::Failing,
        Outcome::Slow,
        Outcome::Limited,
        Outcome::Barred(Cause::Key),
    ] {
        for _ in 0..500 {
            assert_eq!(
                circuit.judge(outcome, told, Pass::Ordinary, &breaker, now),
                None
            );
            assert_eq!(circuit.ask(&breaker, 0, now), Admission::Ask);
        }
    }
}

/// Whoever fails every other time gives a whole answer as soon as the next: it is not trusted again for that.
#[test]
fn whoever_flaps_is_left_alone_for_longer_each_time() {
    let (breaker, start) = (Breaker::default(), Instant::now());
    let circuit = Circuit::new(start);
    let mut now = start;
    for _ in 0..5 {
        circuit.judge(Outcome::Failed, None, Pass::Ordinary, &breaker, now);
    }
    for (ejections, longest) in [(1, 5), (2, 10), (3, 20), (4, 20)] {
        let wait = circuit.until(now).unwrap() - now;
        assert_eq!(circuit.ejections(now), ejections);
        assert!(
            wait <= Duration::from_secs(longest) && wait >= Duration::from_secs(longest) * 9 / 10
        );
        now += wait;
        let Admission::Probe(pass) = circuit.ask(&breaker, 0, now) else {
            panic!("it is due")
        };
        circuit.judge(Outcome::Succeeded, None, pass, &breaker, now);
        assert!(circuit.is_on_trial(now));
        for outcome in [
            Outcome::Failed,
            Outcome::Succeeded,
            Outcome::Failed,
            Outcome::Failed,
        ] {
            assert_eq!(circuit.state(now), State::Admitting);
            circuit.judge(outcome, None, Pass::Ordinary, &breaker, now);
        }
    }
    // Once it has stood a trial, it is as if nothing had been.
    now = circuit.until(now).unwrap();
    let Admission::Probe(pass) = circuit.ask(&breaker, 0, now) else {
        panic!("it is due")
    };
    circuit.judge(Outcome::Succeeded, None, pass, &breaker, now);
    now += breaker.trial;
    assert_eq!(
        (circuit.is_on_trial(now), circuit.ejections(now)),
        (false, 0)
    );
    for _ in 0..4 {
        circuit.judge(Outcome::Failed, None, Pass::Ordinary, &breaker, now);
        assert_eq!(circuit.state(now), State::Admitting);
    }
    circuit.judge(Outcome::Failed, None, Pass::Ordinary, &breaker, now);
    assert!(circuit.until(now).unwrap() - now <= breaker.base);
}

/// Of all that waits for it, few come at once.
#[test]
fn whoever_is_back_is_asked_by_few_at_first() {
    let (breaker, start) = (Breaker::default(), Instant::now());
    let circuit = Circuit::new(start);
    circuit.eject(Duration::ZERO, start);
    let Admission::Probe(pass) = circuit.ask(&breaker, 900, start) else {
        panic!("it is due")
    };
    circuit.judge(Outcome::Succeeded, None, pass, &breaker, start);
    for second in 0..9 {
        let (now, most) = (start + Duration::from_secs(second), 2 << second);
        assert_eq!(circuit.ask(&breaker, most - 1, now), Admission::Ask);
        let Admission::NotUntil(then, _) = circuit.ask(&breaker, most, now) else {
            panic!("{most} are enough")
        };
        assert_eq!(then, now + Duration::from_secs(1));
    }
    assert_eq!(
        circuit.ask(&breaker, u32::MAX, start + breaker.trial),
        Admission::Ask
    );
}
