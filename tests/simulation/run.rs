//! One seed, from its first request to the last word about it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use switchtower::End;
use switchtower::settle::{Certainty, Record};
use tokio::task::LocalSet;
use tokio::time::{Instant, timeout};

use crate::book::Entry;
use crate::budget::Burden;
use crate::caller::{self, Ask, Heard};
use crate::check::Case;
use crate::ejection::Ejections;
use crate::told::Told;
use crate::upstream::Client;
use crate::world::World;

/// What became of a seed.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Equal for equal stories.
    pub(crate) digest: u64,
    pub(crate) events: usize,
    pub(crate) failures: Vec<String>,
    /// How often what happened.
    pub(crate) tally: BTreeMap<String, usize>,
}

/// Longer than any seed lasts, in virtual time: whoever waits then would wait for ever.
const FOREVER: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Runs one seed.
pub(crate) fn run(seed: u64, requests: usize) -> Outcome {
    // Names of requests that nobody else has named.
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let all = async { timeout(FOREVER, LocalSet::new().run_until(simulate(seed, requests))).await };
    match catch_unwind(AssertUnwindSafe(|| runtime.block_on(all))) {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => broken(seed, "a request never ends"),
        Err(_) => broken(seed, "a panic, see above"),
    }
}

fn broken(seed: u64, what: &str) -> Outcome {
    Outcome {
        failures: vec![format!("{what}\n{}", replay(seed))],
        ..Outcome::default()
    }
}

fn replay(seed: u64) -> String {
    format!("    SWITCHTOWER_SEED={seed} cargo test --test simulation -- --nocapture\n")
}

async fn simulate(seed: u64, requests: usize) -> Outcome {
    let world = World::new(seed);
    let stack = world.stack(requests);
    let chain = stack.around(Client::new(&world));
    let asks: Rc<[Ask]> = caller::asks(&world, requests).into();
    let born = Instant::now();
    let tasks: Vec<_> = (0..requests)
        .map(|place| {
            let (asks, world, chain) = (asks.clone(), world.clone(), chain.clone());
            tokio::task::spawn_local(async move { asks[place].run(world, born, chain).await })
        })
        .collect();
    let mut heard = Vec::with_capacity(requests);
    for task in tasks {
        heard.push(task.await.expect("see above"));
    }
    judge(&world, &stack, &asks, &heard)
}

/// The calls of a request in the order of its attempts: of two at once the one that answers stands last.
fn paired<'a>(
    record: Option<&Record>,
    mut calls: Vec<(usize, &'a Entry)>,
) -> Vec<(usize, &'a Entry)> {
    let mut paired = Vec::with_capacity(calls.len());
    let attempts = record.map_or(&[][..], |record| &record.attempts);
    let named = |call: usize| {
        let id = format!("u-{call}");
        attempts
            .iter()
            .any(|attempt| attempt.upstream_id.as_deref() == Some(&*id))
    };
    for attempt in attempts {
        let of = |(call, entry): &(usize, &Entry)| match attempt.upstream_id.as_deref() {
            Some(id) => id == format!("u-{call}"),
            None => {
                let endpoint = attempt.endpoint.as_deref();
                let slug = endpoint.map(|endpoint| endpoint.provider().slug());
                slug == Some(&format!("p{}", entry.provider)) && !named(*call)
            }
        };
        if let Some(place) = calls.iter().position(of) {
            paired.push(calls.remove(place));
        }
    }
    // Whatever is left over is found out later.
    paired.extend(calls);
    paired
}

/// Holds everything against everything else.
fn judge(world: &World, stack: &switchtower::Stack, asks: &[Ask], heard: &[Heard]) -> Outcome {
    let mut failures: Vec<(Option<u32>, String)> = Vec::new();
    let mut tally = BTreeMap::new();
    let mut count = |what: String| *tally.entry(what).or_insert(0) += 1;
    let book = world.book.borrow();
    failures.extend(
        book.complaints
            .iter()
            .map(|(request, what)| (Some(*request), what.clone())),
    );

    for (call, entry) in book.entries.iter().enumerate() {
        count(format!("fault {:?}", entry.fault).replace(|c: char| c.is_ascii_digit(), ""));
        if entry.alive {
            failures.push((
                Some(entry.request),
                format!("nobody has let go of call {call}"),
            ));
        }
    }
    let ledger = stack.ledger();
    let records = ledger.records();
    let mut by_request = vec![None; asks.len()];
    for record in &records {
        let number = record
            .app
            .user_agent
            .as_deref()
            .and_then(|number| number.parse::<u32>().ok());
        let number = number.expect("a record tells its request");
        if by_request[number as usize].replace(record).is_some() {
            failures.push((Some(number), "two records".to_owned()));
        }
        count(format!("request {}", record.end.as_str()));
        record
            .attempts
            .iter()
            .for_each(|attempt| count(format!("attempt {}", attempt.end.as_str())));
    }

    let (mut burden, mut ejections, mut exact) = (Burden::default(), Ejections::default(), 0);
    for (ask, heard) in asks.iter().zip(heard) {
        let number = ask.number;
        let calls = book
            .calls(number)
            .iter()
            .map(|call| (*call, &book.entries[*call]));
        let calls = paired(by_request[number as usize], calls.collect());
        let calls = &calls[..];
        let case = Case {
            world,
            ask,
            heard,
            record: by_request[number as usize],
            calls,
        };
        let complaints = case.complaints();
        let sound = complaints.is_empty();
        failures.extend(complaints.into_iter().map(|what| (Some(number), what)));
        if case.is_mended()
            && case
                .record
                .is_some_and(|record| record.end == End::Complete)
        {
            count("mended".to_owned());
        }
        if calls
            .windows(2)
            .any(|pair| pair[0].1.endpoint == pair[1].1.endpoint && pair[0].1.key != pair[1].1.key)
        {
            count("another key".to_owned());
        }
        if let Some(record) = case.record.filter(|_| sound) {
            burden.add(record, calls);
            ejections.add(world, record, calls);
            for (attempt, (_, entry)) in record.attempts.iter().zip(calls) {
                let prices = world.endpoints[entry.endpoint].prices.as_ref();
                if attempt.cost.certainty == Certainty::Exact {
                    exact += prices.map_or(0, |prices| i128::from(entry.picodollars(prices)));
                }
            }
        } else if let Some(error) = &heard.refused {
            count(format!("request {}", error.kind().as_str()));
        }
        if heard.ended {
            let told = heard
                .stream
                .then(|| Told::read(&heard.bytes).ok())
                .flatten();
            count(match told {
                Some(told) if told.error.is_some() => "told broken".to_owned(),
                Some(_) => "told whole".to_owned(),
                None => "told document".to_owned(),
            });
        }
    }
    let (beyond, used_up) = burden.beyond();
    failures.extend(beyond.iter().map(|number| {
        (
            Some(*number),
            "it was asked again beyond the budget".to_owned(),
        )
    }));
    let let_through = ejections.beyond(&world.breaker);
    failures.extend(let_through.iter().map(|number| {
        let what = "it was let through to an endpoint that was ejected, and was no probe";
        (Some(*number), what.to_owned())
    }));
    tally.insert("ejected".to_owned(), ejections.ejected);
    tally.insert("recovered".to_owned(), ejections.recovered);
    tally.insert("retries".to_owned(), burden.retries());
    tally.insert("budgets used up".to_owned(), used_up);
    tally.insert("events".to_owned(), world.trace.len());

    for (endpoint, standing) in stack.roster().lineup().endpoints() {
        let (calls, tokens) = (standing.in_flight(), standing.outstanding());
        if (calls, tokens) != (0, 0) {
            let key = endpoint.key();
            failures.push((
                None,
                format!("{key} still has {calls} calls in flight, of {tokens} tokens"),
            ));
        }
    }
    let totals = ledger.totals();
    if totals.held != 0 {
        failures.push((
            None,
            format!("{} picodollars are held for nobody", totals.held),
        ));
    }
    if failures.is_empty() && totals.cost_exact != exact {
        failures.push((
            None,
            format!(
                "exact costs are {}, and the books say {exact}",
                totals.cost_exact
            ),
        ));
    }
    let tell = |(number, what): (Option<u32>, String)| {
        let story = number
            .map(|number| world.trace.of(number))
            .unwrap_or_default();
        let record = number.and_then(|number| by_request.get(number as usize).copied().flatten());
        let ends = record.map(|record| {
            let attempts: Vec<_> = record
                .attempts
                .iter()
                .map(|attempt| attempt.end.as_str())
                .collect();
            format!(
                "  ended {} by attempts {attempts:?}, charged {:?}\n",
                End::as_str(record.end),
                record.charge
            )
        });
        let settings = format!("{:?}, {} tries", world.deadlines, world.tries);
        let (seed, ends) = (world.seed, ends.unwrap_or_default());
        format!(
            "seed {seed}, request {number:?}: {what}\n{}  {settings}\n{story}{ends}",
            replay(seed)
        )
    };
    Outcome {
        digest: world.trace.digest(),
        events: world.trace.len(),
        failures: failures.into_iter().map(tell).collect(),
        tally,
    }
}
