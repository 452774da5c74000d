//! What a provider is burdened with, when all are down.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::flow::{Answer, Client, millis};
use crate::support::{ask, body, places, stack};

const SECONDS: u64 = 20;
const A_SECOND: u64 = 50;

/// Each provider sees a request once, and beside that no more than its retry budget allows: what a fifth of the first
/// questions earned, ten a second, and the ten that are there in the beginning.
#[tokio::test(start_paused = true)]
async fn when_all_are_down_nobody_is_asked_more_than_the_budget_allows() {
    let place = |model, provider| (model, provider, None);
    // Each provider serves both models, so that whoever falls back comes by again.
    let all = ["one", "two", "three"].map(|provider| [place("a", provider), place("b", provider)]);
    let mut all = all.concat();
    all.sort_by_key(|(model, ..)| *model);
    let requests = SECONDS * A_SECOND;
    let client = Client::new((0..requests * 9).map(|_| Answer::status(503, "{}")));
    let stack = stack(places(&all, "")).tries(9);
    let (stack, client) = (&stack, &client);
    let one = |number| async move {
        tokio::time::sleep(millis(number * 1000 / A_SECOND)).await;
        let (answer, _) = ask(stack, client, body(&["a", "b"], true)).await;
        answer.map(drop).unwrap_err();
    };
    futures_util::future::join_all((0..requests).map(one)).await;
    let took = client.seen().last().unwrap().at + Duration::from_secs(1);
    let mut asked: BTreeMap<String, u64> = BTreeMap::new();
    for host in client.hosts() {
        *asked.entry(host).or_default() += 1;
    }
    assert_eq!(asked.len(), 3);
    for (host, questions) in asked {
        let allowed = requests + requests / 5 + 10 + 10 * took.as_secs();
        assert!(questions >= requests, "{host}: {questions}");
        assert!(questions <= allowed, "{host}: {questions} of {allowed}");
    }
}
