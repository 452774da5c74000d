//! The records against the upstreams' own books, which share no code with them.
//!
//! Every call carries its number in its prompt, where the upstream sees it, and in its `User-Agent`, where
//! the record keeps it; so each attempt has its entry in the book of the provider that was asked. Over all
//! attempts whose cost is `Exact` the two must agree to the picodollar; estimates are listed apart.
//!
//! `cargo test` takes 1,500 calls. All of 10,000, as they were promised:
//!
//! ```text
//! SWITCHTOWER_CALLS=10000 cargo test --release --test gateway books -- --nocapture
//! ```

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use serde_json::json;
use switchtower::End;
use switchtower::settle::{Certainty, MemoryLedger, Record};
use switchtower::testing::{Entry, Failure, Point, Script, Seen, Upstream, UsageManner};
use tokio::sync::watch;

use crate::shapes::{digits, pico};
use crate::support::{Caller, House, KEY, PROVIDERS, chat, within};

/// The calls that have come as far as a provider.
type Begun = Arc<watch::Sender<HashSet<u64>>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_records_agree_with_the_upstreams_books() {
    let calls = std::env::var("SWITCHTOWER_CALLS").map_or(1500, |calls| calls.parse().unwrap());
    let house = House::busy(calls).await;
    let begun = Begun::default();
    for (place, upstream) in house.upstreams.iter().enumerate() {
        let begun = begun.clone();
        upstream.script_fn(move |seen| {
            begun.send_modify(|begun| {
                begun.insert(asked(seen));
            });
            flaky(place as u64, seen)
        });
    }
    let heard: HashMap<_, _> = stream::iter(0..calls)
        .map(|number| call(&house, &begun, number))
        .buffer_unordered(64)
        .collect()
        .await;
    let records = house.records(calls as u64).await;
    for upstream in &house.upstreams {
        within(upstream.wait_idle()).await;
    }

    // One record a request, and nothing is held for any.
    assert_eq!(records.len(), calls);
    let mut by_call = HashMap::new();
    for record in &records {
        assert!(
            by_call.insert(number(record), record).is_none(),
            "two records of one call"
        );
    }
    assert_eq!(house.ledger.totals().held, 0);

    // The caller heard what the record says.
    for (number, heard) in &heard {
        let record = by_call[number];
        if let Some(cost) = heard {
            let charge = record.charge.unwrap().picodollars();
            assert_eq!(cost, &digits(charge as u128), "{record:?}");
        }
    }
    let mut exact_in_all = 0;
    for (place, upstream) in house.upstreams.iter().enumerate() {
        exact_in_all += compare(upstream, &format!("{} & Co.", PROVIDERS[place]), &records);
    }
    assert_eq!(house.ledger.totals().cost_exact, exact_in_all);
    let totals = house.ledger.totals();
    println!("{totals:?}");
    let completed = records
        .iter()
        .filter(|record| record.end == End::Complete)
        .count();
    let cancelled = records
        .iter()
        .filter(|record| record.end == End::Cancelled)
        .count();
    println!("{calls} calls: {completed} complete, {cancelled} cancelled, the rest failed");
    // Of everything something, or the comparison is worth nothing.
    assert!(completed > calls / 2 && cancelled > calls / 50 && completed + cancelled < calls);
}

/// Pairs each attempt at this provider with the entry of its book, and returns the sum of exact costs.
fn compare(upstream: &Upstream, name: &str, records: &[Record]) -> i128 {
    let book = upstream.book();
    let entries: HashMap<u64, &Entry> = book
        .entries
        .iter()
        .map(|entry| (entry.call, entry))
        .collect();
    let mut seen: HashMap<u64, VecDeque<&Entry>> = HashMap::new();
    for call in &upstream.seen() {
        seen.entry(asked(call))
            .or_default()
            .push_back(entries[&call.number]);
    }
    let (mut exact, mut billed, mut estimated, mut real) = (0i128, 0i128, 0i128, 0i128);
    let (mut exacts, mut estimates, mut unseen) = (0, 0, 0);
    for record in records {
        let attempts = record
            .attempts
            .iter()
            .filter(|attempt| attempt.provider() == Some(name));
        for attempt in attempts {
            let entry = seen.get_mut(&number(record)).and_then(VecDeque::pop_front);
            let bill = entry.map_or(0, |entry| pico(entry.femtodollars) as i128);
            let amount = attempt
                .cost
                .amount
                .map_or(0, |amount| i128::from(amount.picodollars()));
            match attempt.cost.certainty {
                Certainty::Exact => {
                    assert_eq!(amount, bill, "{attempt:?}\n{entry:?}");
                    exacts += 1;
                    exact += amount;
                    billed += bill;
                }
                Certainty::Estimated => {
                    estimates += 1;
                    estimated += amount;
                    real += bill;
                    // Whoever left before the call arrived there is in no book.
                    unseen += u32::from(entry.is_none());
                    assert!(
                        entry.is_some() || attempt.end == End::Cancelled,
                        "{attempt:?}"
                    );
                }
                Certainty::Unknown => panic!("every price is known: {attempt:?}"),
            }
        }
    }
    let left: Vec<_> = seen.values().flatten().collect();
    assert!(left.is_empty(), "calls without an attempt: {left:?}");
    assert_eq!(exact, billed);
    assert_eq!(
        book.femtodollars,
        entries
            .values()
            .map(|entry| entry.femtodollars)
            .sum::<u128>()
    );
    println!(
        "{name}: {exacts} exact, ${} by both; {estimates} estimated at ${} and billed ${}, {unseen} of them unseen",
        digits(exact as u128),
        digits(estimated as u128),
        digits(real as u128)
    );
    exact
}

/// One call, with the cost that the caller heard, if it stayed to the end.
async fn call(house: &House, begun: &Begun, number: usize) -> (u64, Option<String>) {
    let mut random = fastrand::Rng::with_seed(number as u64);
    let models = ["acme/large", "acme/large", "acme/small", "latest/lone"];
    let model = models[random.usize(..4)];
    let mut more = json!({
        "messages": [{"role": "user", "content": format!("{number} {}", "why? ".repeat(random.usize(..40)))}],
        "model": model,
        "provider": {},
        "stream": random.u8(..3) > 0,
    });
    if random.bool() {
        more["max_tokens"] = random.u8(1..20).into();
    }
    let body = chat(more);
    let mut caller = Caller::connect(house.address).await;
    let head = format!(
        "POST /api/v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {KEY}\r\n\
         user-agent: {number}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    caller.say(head.as_bytes()).await;
    // Some leave: before anything comes, or in the middle of it.
    match random.u8(..16) {
        0 => {
            // Its record is to exist all the same, so it must be in before.
            let patience = Duration::from_millis(random.u64(..4));
            let _ = tokio::time::timeout(patience, caller.hear("\r\n\r\n")).await;
            let arrived = |begun: &HashSet<u64>| begun.contains(&(number as u64));
            within(begun.subscribe().wait_for(arrived)).await.unwrap();
            return (number as u64, None);
        }
        1 => {
            caller.hear("\"content\":\" ").await;
            return (number as u64, None);
        }
        _ => caller.hear("never").await,
    };
    let text = caller.text();
    let cost = text
        .split("\"cost\":")
        .nth(1)
        .map(|rest| rest.split([',', '}']).next().unwrap().to_owned());
    (number as u64, cost)
}

/// What the provider at `place` does with a call: two thirds go well, in every manner.
fn flaky(place: u64, seen: &Seen) -> Script {
    let mut random = fastrand::Rng::with_seed(asked(seen) * 4 + place + seen.number % 2 * 977);
    let manners = [
        UsageManner::Asked,
        UsageManner::Always,
        UsageManner::OnLastContent,
        UsageManner::EveryChunk,
        UsageManner::NullEveryChunkThenReal,
        UsageManner::ExplicitZero,
        UsageManner::Never,
    ];
    let script = Script::new()
        .tokens(random.u64(1..40))
        .reasoning(random.u64(..4))
        .hidden_reasoning(random.u64(..3))
        .cached_tokens(random.u64(..30))
        .usage(manners[random.usize(..manners.len())])
        .between(Duration::from_millis(random.u64(..2)));
    let script = if random.u8(..4) == 0 {
        script.fragment(random.usize(1..200).try_into().unwrap())
    } else {
        script
    };
    let at = Point::After(random.u64(..6));
    match random.u8(..36) {
        0 => Script::fail(Failure::overloaded()),
        1 => Script::fail(Failure::rate_limited()).retry_after(Duration::from_secs(60)),
        2 => Script::fail(Failure::new(http::StatusCode::BAD_GATEWAY)),
        3 => script.cut(Point::BeforeHeaders),
        4 => script.reset(Point::BeforeHeaders),
        5 => script.cut(at),
        6 => script.reset(at),
        7 => script.stop(at),
        8 => script.malformed(at),
        9 => script.fail_at(at, Failure::overloaded()),
        10 => script.fail_at(Point::BeforeBody, Failure::rate_limited().openrouter()),
        11 => script.stall(at),
        12 => script.no_done(),
        13 => script.no_finish(),
        _ => script,
    }
}

/// The call's number, by its prompt.
fn asked(seen: &Seen) -> u64 {
    let body = seen.json().unwrap();
    let prompt = body["messages"][0]["content"].as_str().unwrap();
    prompt.split(' ').next().unwrap().parse().unwrap()
}

/// The call's number, by its record.
fn number(record: &Record) -> u64 {
    record.app.user_agent.as_deref().unwrap().parse().unwrap()
}

// === impl House ===

impl House {
    /// With three providers, and a ledger that keeps all of so many records.
    async fn busy(calls: usize) -> Self {
        use switchtower::dispatch::deadline::Deadlines;
        let deadlines = Deadlines {
            headers: Duration::from_millis(500),
            first_token: Duration::from_millis(500),
            idle: Duration::from_millis(300),
            total: Duration::from_secs(5),
            ..Deadlines::default()
        };
        let change = |stack: switchtower::Stack| {
            stack
                .deadlines(deadlines)
                .breaker(switchtower::standing::Breaker::never())
                .with_ledger(MemoryLedger::new(calls))
        };
        Self::with(3, change, Default::default()).await
    }
}
