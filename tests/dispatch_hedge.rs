//! `hedge`: a second endpoint when the first one is late, and exactly one answer.

mod flow;

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use flow::{
    Answer, Client, DONE, Step, catalog, finish, good, json, millis, ordered, role, secs, tell,
    text, three,
};
use futures_util::future::join_all;
use http::{Request, Response};
use proptest::prelude::*;
use switchtower::catalog::Catalog;
use switchtower::dispatch::hedge::HedgeLayer;
use switchtower::settle::{Certainty, Record};
use switchtower::standing::{Percentile, State};
use switchtower::{Again, Allowed, Disposition, Dispositions, End, Kind, Payload, Stack};
use tokio::time::Instant;
use tower::{ServiceExt, service_fn};

// === The first content wins ===

#[tokio::test(start_paused = true)]
async fn the_second_answers_when_the_first_is_late() {
    // Without a word, not even headers, or with a role alone.
    for late in [Answer::silence(), mute()] {
        let (stack, client) = (hedging(), Client::new([late, says("hi", 300)]));
        let began = Instant::now();
        let response = ask(&stack, &client).await.unwrap();
        assert_eq!(
            (began.elapsed(), client.alive()),
            (millis(1300), 1),
            "the loser is gone at once"
        );
        let told = tell(response.into_body()).await;
        assert_eq!(told.frames, good("hi"));
        assert_eq!(moments(&client), [secs(0), secs(1)]);
        assert_eq!(client.hosts(), ["one.test", "two.test"]);

        let record = record(&stack);
        assert_eq!(
            ends(&record),
            [("one", End::Superseded), ("two", End::Complete)]
        );
        assert_eq!(record.end, End::Complete);
        // Both bill, one is charged.
        assert_eq!(record.charge, record.attempts[1].cost.amount);
        let lost = record.attempts[0].cost;
        assert_eq!(lost.certainty, Certainty::Estimated);
        assert!(!lost.amount.unwrap().is_zero());
        at_rest(&stack, &client);
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_may_still_be_the_first() {
    let (stack, client) = (
        hedging(),
        Client::new([says("first", 1500), says("second", 900)]),
    );
    let response = ask(&stack, &client).await.unwrap();
    assert_eq!(client.alive(), 1, "the loser is gone at once");
    assert_eq!(tell(response.into_body()).await.content(), "first");
    let record = record(&stack);
    // In the order in which they were asked, but the one that answered is the last.
    assert_eq!(
        ends(&record),
        [("two", End::Superseded), ("one", End::Complete)]
    );
    assert_eq!(record.charge, record.attempts[1].cost.amount);
    assert_eq!(record.first_token, Some(millis(1500)));
    at_rest(&stack, &client);
}

#[tokio::test(start_paused = true)]
async fn headers_and_keep_alives_are_no_answer() {
    let ping = [Step::data(": ping\n\n"), Step::Wait(millis(100))];
    let busy = Answer::steps(
        [Step::data(role())]
            .into_iter()
            .chain(std::iter::repeat_n(ping, 99).flatten()),
    );
    let (stack, client) = (hedging(), Client::new([busy, says("hi", 10)]));
    let told = tell(ask(&stack, &client).await.unwrap().into_body()).await;
    assert_eq!((told.content(), client.hosts().len()), ("hi".to_owned(), 2));
}

#[tokio::test(start_paused = true)]
async fn whoever_is_in_time_is_not_hedged() {
    let (stack, client) = (hedging(), Client::new([says("hi", 999)]));
    tell(ask(&stack, &client).await.unwrap().into_body()).await;
    assert_eq!(client.seen().len(), 1);
    // A long answer is no late one.
    let slow = [
        Step::data(role()),
        Step::Wait(millis(900)),
        Step::data(text("hi")),
        Step::Wait(secs(9)),
    ];
    let rest = [finish("stop"), DONE.to_owned()].map(Step::data);
    let client = Client::new([Answer::steps(slow.into_iter().chain(rest))]);
    tell(ask(&stack, &client).await.unwrap().into_body()).await;
    assert_eq!(client.seen().len(), 1);
}

// === Who fails ===

#[tokio::test(start_paused = true)]
async fn when_one_fails_the_other_goes_on_alone() {
    for failing in [
        Answer::status(503, "{}").after(millis(1500)),
        Answer::refuse(ErrorKind::ConnectionReset).after(millis(1200)),
    ] {
        let (stack, client) = (
            hedging(),
            Client::new([failing.clone(), says("second", 3000)]),
        );
        let told = tell(ask(&stack, &client).await.unwrap().into_body()).await;
        assert_eq!(
            (told.content(), client.hosts().len()),
            ("second".to_owned(), 2)
        );
        at_rest(&stack, &client);

        let (stack, client) = (hedging(), Client::new([says("first", 5000), failing]));
        let told = tell(ask(&stack, &client).await.unwrap().into_body()).await;
        assert_eq!(
            (told.content(), client.hosts().len()),
            ("first".to_owned(), 2)
        );
        assert_eq!(record(&stack).attempts.last().unwrap().tag(), Some("one"));
        at_rest(&stack, &client);
    }
}

/// The fallback never asks the hedged one again.
#[tokio::test(start_paused = true)]
async fn when_both_fail_the_third_is_asked() {
    for (first, second) in [(1500, 100), (1500, 2000), (1200, 5000)] {
        let fails = |after| Answer::status(503, "{}").after(millis(after));
        let (stack, client) = (
            hedging(),
            Client::new([fails(first), fails(second), says("third", 10)]),
        );
        let told = tell(ask(&stack, &client).await.unwrap().into_body()).await;
        assert_eq!(told.content(), "third");
        assert_eq!(client.hosts(), ["one.test", "two.test", "three.test"]);
        at_rest(&stack, &client);
    }
}

#[tokio::test(start_paused = true)]
async fn what_all_have_in_common_is_told_of_the_hedged_one_too() {
    let limited = |after| {
        Answer::status(429, "{}")
            .header("retry-after", "40")
            .after(millis(after))
    };
    let (stack, client) = (
        hedging().tries(2),
        Client::new([limited(1500), limited(900)]),
    );
    let error = ask(&stack, &client).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), Kind::RateLimited);
    assert_eq!(
        error.message(),
        "every provider is rate-limiting this model"
    );
}

/// What is wrong with the request itself is wrong for all.
#[tokio::test(start_paused = true)]
async fn a_refusal_of_the_request_by_either_stops() {
    let refused = |after| Answer::status(400, "{}").after(millis(after));
    let failed = |after| Answer::status(503, "{}").after(millis(after));
    for answers in [
        [refused(1500), failed(900)],
        [failed(1500), refused(900)],
        [failed(2500), refused(900)],
    ] {
        let (stack, client) = (hedging(), Client::new(answers));
        let error = ask(&stack, &client).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), Kind::Refused);
        assert_eq!(client.seen().len(), 2);
        at_rest(&stack, &client);
    }
}

/// A second one that still waited for a busy client was asked although the first had been refused what all would refuse.
#[tokio::test(start_paused = true)]
async fn nobody_is_asked_as_a_hedge_once_the_first_has_failed() {
    let answers = [Answer::status(400, "{}").after(secs(2)), says("hi", 10)];
    let (stack, client) = (hedging(), Client::new(answers));
    let busy = tower::limit::ConcurrencyLimit::new(client.clone(), 1);
    let request = request(&ordered(true), &[]);
    let error = stack.around(busy).oneshot(request).await.map(drop);
    assert_eq!(error.unwrap_err().kind(), Kind::Refused);
    assert_eq!(client.hosts(), ["one.test"]);
    at_rest(&stack, &client);
}

// === Who is asked ===

#[tokio::test(start_paused = true)]
async fn nobody_who_is_left_alone_is_asked() {
    let (stack, client) = (hedging(), Client::new([mute(), says("hi", 10)]));
    eject(&stack, "two");
    tell(ask(&stack, &client).await.unwrap().into_body()).await;
    assert_eq!(client.hosts(), ["one.test", "three.test"]);
}

#[tokio::test(start_paused = true)]
async fn only_the_same_model_is_asked() {
    let endpoint = |model: &str, provider: &str| {
        format!("[[models.{model}.endpoints]]\nprovider = \"{provider}\"\nmodel = \"m\"\n")
    };
    let toml = "providers.one.base_url = \"https://one.test\"\nproviders.two.base_url = \"https://two.test\"\n";
    let stack = Stack::new(catalog(&format!(
        "{toml}{}{}",
        endpoint("a", "one"),
        endpoint("b", "two")
    )))
    .hedge(HedgeLayer::new().all().cap(secs(1)));
    let client = Client::new([says("hi", 3000)]);
    let body = r#"{"models":["a","b"],"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let told = tell(
        asking(&stack, &client, body, &[])
            .await
            .unwrap()
            .into_body(),
    )
    .await;
    assert_eq!((told.content(), client.seen().len()), ("hi".to_owned(), 1));
}

#[tokio::test(start_paused = true)]
async fn a_request_has_no_more_tries_for_it() {
    let (stack, client) = (hedging().tries(1), Client::new([says("hi", 3000)]));
    assert_eq!(
        tell(ask(&stack, &client).await.unwrap().into_body())
            .await
            .content(),
        "hi"
    );
    let (stack, client) = (
        hedging().tries(2),
        Client::new([mute(), Answer::status(503, "{}").after(millis(50))]),
    );
    ask(&stack, &client).await.map(drop).unwrap_err();
    assert_eq!(client.seen().len(), 2);
}

/// The last one was there when the first began to wait for it, and was taken meanwhile.
#[tokio::test(start_paused = true)]
async fn a_hedge_may_take_the_last_try_from_a_retry() {
    let again = Disposition {
        again: Again::First,
        ..Kind::Overloaded.disposition()
    };
    let dispositions = Dispositions::default().with(Kind::Overloaded, again);
    let late = Answer::status(503, "{}").after(millis(990));
    let (stack, client) = (
        hedging().tries(2).seed(1).dispositions(dispositions),
        Client::new([late, says("hi", 3000)]),
    );
    let told = tell(ask(&stack, &client).await.unwrap().into_body()).await;
    assert_eq!(told.content(), "hi");
    assert_eq!(client.hosts(), ["one.test", "two.test"]);
}

#[tokio::test(start_paused = true)]
async fn there_is_one_hedge_at_a_time() {
    let (stack, client) = (hedging(), Client::new([mute(), mute(), says("hi", 10)]));
    // The first is left after twenty seconds, and the second twenty after it was asked.
    let told = tell(ask(&stack, &client).await.unwrap().into_body()).await;
    assert_eq!(told.content(), "hi");
    assert_eq!(moments(&client), [secs(0), secs(1), secs(21)]);
    assert!(client.seen().iter().all(|seen| seen.others <= 1));
}

/// A document comes when it is written.
#[tokio::test(start_paused = true)]
async fn documents_are_not_hedged() {
    let (stack, client) = (
        hedging(),
        Client::new([Answer::json([json("hi")]).after(secs(30))]),
    );
    let response = asking(&stack, &client, &ordered(false), &[]).await.unwrap();
    assert_eq!(tell(response.into_body()).await.text(), json("hi"));
    assert_eq!(client.seen().len(), 1);
}

// === Who wants it ===

#[tokio::test(start_paused = true)]
async fn nothing_is_hedged_unless_somebody_asks_for_it() {
    let hedged = "hedge = true";
    let allowed = Allowed {
        hedge: true,
        ..Allowed::default()
    };
    let all = HedgeLayer::new().all().cap(secs(1));
    let some = HedgeLayer::new().cap(secs(1));
    for (catalog, layer, allowed, wish, asked) in [
        (three(), &some, Allowed::default(), None, 1),
        (three(), &all, Allowed::default(), None, 2),
        (two(hedged), &some, Allowed::default(), None, 2),
        (two("hedge = false"), &some, Allowed::default(), None, 1),
        // The request's own word, as far as it is allowed.
        (two(hedged), &some, Allowed::default(), Some("false"), 1),
        (three(), &all, Allowed::default(), Some("false"), 1),
        (three(), &some, Allowed::default(), Some("true"), 1),
        (three(), &some, allowed, Some("true"), 2),
    ] {
        let stack = Stack::new(catalog).hedge(layer.clone()).wishes(allowed);
        let client = Client::new([says("hi", 3000), says("hi", 3000)]);
        let wish: Vec<_> = wish
            .map(|wish| ("x-switchtower-hedge", wish))
            .into_iter()
            .collect();
        let response = asking(&stack, &client, &ordered(true), &wish)
            .await
            .unwrap();
        tell(response.into_body()).await;
        assert_eq!(client.seen().len(), asked, "{wish:?}, {layer:?}");
        at_rest(&stack, &client);
    }
}

// === When ===

#[tokio::test(start_paused = true)]
async fn late_is_what_nineteen_in_twenty_are_not() {
    let stack = Stack::new(three()).hedge(HedgeLayer::new().all());
    let late = |first: u64| {
        let lineup = stack.roster().lineup();
        let one = lineup
            .catalog()
            .endpoints()
            .find(|endpoint| endpoint.tag() == "one")
            .unwrap();
        let standing = lineup.standing(one).clone();
        (0..20).for_each(|_| standing.succeeded(flow::now(), Some(millis(first)), None));
    };
    let hedged_after = async || {
        let client = Client::new([mute(), says("hi", 10)]);
        tell(ask(&stack, &client).await.unwrap().into_body()).await;
        moments(&client)[1].as_millis()
    };
    assert_eq!(hedged_after().await, 10_000, "nobody knows, so the cap");
    late(700);
    assert!((650..=750).contains(&hedged_after().await));
    // What was superseded is a late one: the next is not hedged any sooner.
    assert!(hedged_after().await >= 650);
    // The window has passed, and the new figure is below the floor.
    tokio::time::sleep(secs(600)).await;
    late(20);
    assert_eq!(hedged_after().await, 250);
    tokio::time::sleep(secs(600)).await;
    late(15_000);
    assert_eq!(hedged_after().await, 10_000);
}

/// If those that were too late were never counted, the rest would be quicker and quicker, and more and more too late.
#[tokio::test(start_paused = true)]
async fn what_is_superseded_does_not_make_an_endpoint_look_quick() {
    let stack = Stack::new(three()).hedge(HedgeLayer::new().all());
    let lineup = stack.roster().lineup();
    let one = lineup
        .catalog()
        .endpoints()
        .find(|endpoint| endpoint.tag() == "one")
        .unwrap();
    let standing = lineup.standing(one).clone();
    for tenths in 1..=40 {
        standing.succeeded(flow::now(), Some(millis(100 * tenths)), None);
    }
    let before =
        Percentile::ALL.map(|percentile| standing.first_token(percentile, flow::now()).unwrap());
    let uptime = standing.requests(flow::now());
    for _ in 0..5 {
        let client = Client::new([mute(), says("hi", 10)]);
        tell(ask(&stack, &client).await.unwrap().into_body()).await;
        assert!(
            moments(&client)[1] >= millis(3500),
            "{:?}",
            moments(&client)
        );
    }
    let after =
        Percentile::ALL.map(|percentile| standing.first_token(percentile, flow::now()).unwrap());
    assert!(
        before[..3]
            .iter()
            .zip(&after)
            .all(|(before, after)| after >= before),
        "{before:?} {after:?}"
    );
    assert_eq!(
        standing.requests(flow::now()),
        uptime,
        "nothing for or against its uptime"
    );
    assert_eq!(standing.circuit().state(flow::now()), State::Admitting);
}

/// An endpoint that takes between a tenth of a second and a whole one stays one that is late once in twenty times.
#[tokio::test(start_paused = true)]
async fn the_share_of_hedges_stays_what_it_was() {
    let stack = Stack::new(three()).hedge(HedgeLayer::new().all().floor(millis(10)));
    let mut hedges = 0;
    for number in 0..400_u64 {
        let first = says("hi", 100 + number * 557 % 900);
        let client = Client::new([first, says("hi", 10)]);
        tell(ask(&stack, &client).await.unwrap().into_body()).await;
        hedges += client.seen().len() - 1;
    }
    assert!((10..=40).contains(&hedges), "{hedges} of 400");
}

// === Budgets ===

/// All at once, so that nothing drips in: ten hedges are always there, and each question earns a fifth of one.
#[tokio::test(start_paused = true)]
async fn a_thousand_late_requests_do_not_burden_the_second_provider_twice() {
    let stack = hedging();
    let began = Instant::now();
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = asked.clone();
    let client = service_fn(move |request: Request<Payload>| {
        let host = request.uri().host().unwrap().to_owned();
        seen.lock().unwrap().push((host.clone(), began.elapsed()));
        async move {
            let answer = if host == "one.test" {
                mute()
            } else {
                says("hi", 10)
            };
            let headers = answer.headers.clone();
            let mut response = Response::new(answer.flow(flow::life()));
            *response.headers_mut() = headers;
            Ok::<_, std::io::Error>(response)
        }
    });
    let service = stack.around(client);
    let requests = (0..1000).map(|_| async {
        let response = service
            .clone()
            .oneshot(request(&ordered(true), &[]))
            .await
            .unwrap();
        tell(response.into_body()).await.content()
    });
    assert!(
        join_all(requests)
            .await
            .iter()
            .all(|content| content == "hi")
    );
    let count = |host: &str, until| {
        let asked = asked.lock().unwrap();
        asked
            .iter()
            .filter(|(to, at)| to == host && *at < until)
            .count()
    };
    assert_eq!(count("one.test", secs(2)), 1000);
    let hedges = count("two.test", secs(2));
    assert!((10..=13).contains(&hedges), "{hedges} hedges");
    let records = stack.ledger().records();
    assert_eq!(records.len(), 1000);
    let superseded = records
        .iter()
        .flat_map(|record| &record.attempts)
        .filter(|attempt| attempt.end == End::Superseded);
    assert_eq!(superseded.count(), hedges);
}

/// As many first questions as there are: no more than a fifth of them, and the ten a second, are hedged.
#[tokio::test(start_paused = true)]
async fn over_time_hedges_are_a_fifth_of_the_questions_at_the_most() {
    let stack = Stack::new(three())
        .seed(3)
        .hedge(HedgeLayer::new().all().cap(millis(250)));
    let mut hedges = 0;
    let mut questions = 0;
    for _ in 0..50 {
        let client = service_fn(|_: Request<Payload>| async {
            let answer = says("hi", 300);
            let headers = answer.headers.clone();
            let mut response = Response::new(answer.flow(flow::life()));
            *response.headers_mut() = headers;
            Ok::<_, std::io::Error>(response)
        });
        let service = stack.around(client);
        // Drawn among the three, so that each earns its share.
        let body =
            r#"{"model":"acme/swift","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
        join_all((0..20).map(|_| async {
            let response = service.clone().oneshot(request(body, &[])).await.unwrap();
            tell(response.into_body()).await
        }))
        .await;
        questions += 20;
    }
    for record in stack.ledger().records() {
        hedges += record.attempts.len() - 1;
    }
    // Fifty times 300 ms are fifteen seconds, of ten a second for each of the three.
    let floor = 3 * (10 + 150);
    assert!(
        hedges <= questions / 5 + floor + hedges / 5,
        "{hedges} of {questions}"
    );
    assert!(hedges > 100, "{hedges} of {questions}");
}

// === Leaving ===

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_takes_both_along() {
    for after in [500, 1500, 1_000] {
        let (stack, client) = (hedging(), Client::new([mute(), mute()]));
        let asking = ask(&stack, &client);
        assert!(tokio::time::timeout(millis(after), asking).await.is_err());
        let record = record(&stack);
        assert_eq!(record.end, End::Cancelled);
        assert_eq!(record.attempts.len(), client.seen().len());
        assert!(
            record
                .attempts
                .iter()
                .all(|attempt| attempt.end == End::Cancelled)
        );
        at_rest(&stack, &client);
    }
    // After commitment there is one left to leave.
    let long = Answer::sse(good("hi")[..2].to_vec())
        .then(Step::Hang)
        .after(millis(100));
    let (stack, client) = (hedging(), Client::new([mute(), long]));
    let response = ask(&stack, &client).await.unwrap();
    assert_eq!(client.alive(), 1);
    drop(response);
    assert_eq!(
        ends(&record(&stack)),
        [("one", End::Superseded), ("two", End::Cancelled)]
    );
    at_rest(&stack, &client);
}

// === Whatever comes when ===

/// How does one of them do?
#[derive(Clone, Copy, Debug)]
enum Doing {
    Says(u64),
    Fails(u64),
    Breaks(u64),
    Nothing,
}

fn doing() -> impl Strategy<Value = Doing> {
    prop_oneof![
        3 => (0..3000_u64).prop_map(Doing::Says),
        1 => (0..3000_u64).prop_map(Doing::Fails),
        1 => (0..3000_u64).prop_map(Doing::Breaks),
        1 => Just(Doing::Nothing),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// One answer, whole, of one of them; one record with all attempts; nothing left behind.
    #[test]
    fn there_is_one_whole_answer_and_one_record(doings in prop::array::uniform3(doing()), cap in 0..2000_u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            // The budgets of the many cases are not shared.
            let stack = Stack::new(three()).hedge(HedgeLayer::new().all().floor(millis(0)).cap(millis(cap)));
            let doings = Arc::new(doings);
            let client = service_fn(move |request: Request<Payload>| {
                let host = request.uri().host().unwrap().to_owned();
                let at = ["one.test", "two.test", "three.test"].iter().position(|name| *name == host).unwrap();
                let doing = doings[at];
                async move {
                    let answer = match doing {
                        Doing::Says(after) => says(&host, after),
                        Doing::Fails(after) => { tokio::time::sleep(millis(after)).await; Answer::status(503, "{}") }
                        Doing::Breaks(after) => Answer::steps([Step::data(role()), Step::Wait(millis(after)), Step::Break]),
                        Doing::Nothing => mute(),
                    };
                    let (status, headers) = (answer.status, answer.headers.clone());
                    let mut response = Response::new(answer.flow(flow::life()));
                    *response.status_mut() = status;
                    *response.headers_mut() = headers;
                    Ok::<_, std::io::Error>(response)
                }
            });
            let outcome = stack.around(client).oneshot(request(&ordered(true), &[])).await;
            let content = match outcome {
                Ok(response) => Some(tell(response.into_body()).await),
                Err(_) => None,
            };
            let records = stack.ledger().records();
            assert_eq!(records.len(), 1);
            let record = &records[0];
            let last = record.attempts.last().unwrap();
            if let Some(told) = &content {
                let host = format!("{}.test", last.tag().unwrap());
                assert_eq!(told.frames, good(&host), "the answer of the one that is charged");
                assert_eq!((record.end, last.end), (End::Complete, End::Complete));
                assert_eq!(record.charge, last.cost.amount);
                let others = &record.attempts[..record.attempts.len() - 1];
                assert!(others.iter().all(|other| other.end != End::Complete && other.end != End::Cancelled), "{record:?}");
            } else {
                assert!(record.charge.unwrap().is_zero());
            }
            assert!(record.attempts.len() <= 6);
            let lineup = stack.roster().lineup();
            for endpoint in lineup.catalog().endpoints() {
                let standing = lineup.standing(endpoint);
                assert_eq!((standing.in_flight(), standing.outstanding()), (0, 0));
            }
        });
    }
}

// === Helpers ===

/// Three endpoints, hedged after a second.
fn hedging() -> Stack {
    Stack::new(three()).hedge(HedgeLayer::new().all().cap(secs(1)))
}

/// Two endpoints of a model that says this of itself.
fn two(says: &str) -> Arc<Catalog> {
    let mut toml = String::new();
    for provider in ["one", "two"] {
        toml += &format!("providers.{provider}.base_url = \"https://{provider}.test/v1\"\n");
    }
    toml += &format!("[models.\"acme/swift\"]\n{says}\n");
    for provider in ["one", "two"] {
        toml += &format!(
            "[[models.\"acme/swift\".endpoints]]\nprovider = \"{provider}\"\nmodel = \"swift\"\n"
        );
    }
    catalog(&toml)
}

/// Headers and a role, and then nothing.
fn mute() -> Answer {
    Answer::steps([Step::data(role()), Step::Hang])
}

/// A whole answer, whose first content comes after so many milliseconds.
fn says(what: &str, after: u64) -> Answer {
    let mut events = good(what).into_iter().map(Step::data);
    let role = events.next();
    Answer::steps(
        role.into_iter()
            .chain([Step::Wait(millis(after))])
            .chain(events),
    )
}

fn request(body: &str, headers: &[(&str, &str)]) -> Request<String> {
    let mut request = Request::post("/v1/chat/completions");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.to_owned()).unwrap()
}

async fn ask(
    stack: &Stack,
    client: &Client,
) -> Result<
    Response<impl http_body::Body<Data = bytes::Bytes, Error = switchtower::Error> + use<>>,
    switchtower::Error,
> {
    asking(stack, client, &ordered(true), &[]).await
}

async fn asking(
    stack: &Stack,
    client: &Client,
    body: &str,
    headers: &[(&str, &str)],
) -> Result<
    Response<impl http_body::Body<Data = bytes::Bytes, Error = switchtower::Error> + use<>>,
    switchtower::Error,
> {
    stack
        .around(client.clone())
        .oneshot(request(body, headers))
        .await
}

fn moments(client: &Client) -> Vec<Duration> {
    client.seen().iter().map(|seen| seen.at).collect()
}

/// The only one.
fn record(stack: &Stack) -> Record {
    let mut records = stack.ledger().records();
    assert_eq!(records.len(), 1);
    records.remove(0)
}

fn ends(record: &Record) -> Vec<(&str, End)> {
    record
        .attempts
        .iter()
        .map(|attempt| (attempt.tag().unwrap(), attempt.end))
        .collect()
}

fn eject(stack: &Stack, tag: &str) {
    let lineup = stack.roster().lineup();
    let endpoint = lineup
        .catalog()
        .endpoints()
        .find(|endpoint| endpoint.tag() == tag);
    lineup
        .standing(endpoint.unwrap())
        .eject(secs(3600), flow::now());
}

/// Nothing is under way any more, nowhere.
#[track_caller]
fn at_rest(stack: &Stack, client: &Client) {
    assert_eq!(client.alive(), 0);
    let lineup = stack.roster().lineup();
    for endpoint in lineup.catalog().endpoints() {
        let standing = lineup.standing(endpoint);
        assert_eq!((standing.in_flight(), standing.outstanding()), (0, 0));
    }
}
