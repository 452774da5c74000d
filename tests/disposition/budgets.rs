//! What a provider is burdened with, when all are down.

use std::collections::BTreeMap;
use std::time::Duration;

use switchtower::dispatch::retry::Allowance;

use crate::flow::{Answer, Client, millis};
use crate::support::{ask, body, places, stack};

const SECONDS: u64 = 20;
const A_SECOND: u64 = 50;

/// Each provider sees a request once, and beside that no more than its retry budget allows: what the first questions have
/// earned, some a second, and the second's worth that is there in the beginning.
#[tokio::test(start_paused = true)]
async fn when_all_are_down_nobody_is_asked_more_than_the_budget_allows() {
    for allowance in [
        Allowance::default(),
        Allowance {
            percent: 5,
            per_second: 1,
            most: 10,
        },
        Allowance {
            percent: 0,
            per_second: 0,
            most: 0,
        },
    ] {
        all_down(allowance).await;
    }
}

async fn all_down(allowance: Allowance) {
    let place = |model, provider| (model, provider, None);
    // Each provider serves both models, so that whoever falls back comes by again.
    let all = ["one", "two", "three"].map(|provider| [place("a", provider), place("b", provider)]);
    let mut all = all.concat();
    all.sort_by_key(|(model, ..)| *model);
    let requests = SECONDS * A_SECOND;
    let client = Client::new((0..requests * 9).map(|_| Answer::status(503, "{}")));
    let stack = stack(places(&all, "")).tries(9).allowance(allowance);
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
        let Allowance {
            percent,
            per_second,
            ..
        } = allowance;
        let (percent, per_second) = (u64::from(percent), u64::from(per_second));
        let allowed = requests + requests * percent / 100 + per_second * (1 + took.as_secs());
        assert!(questions >= requests, "{host}: {questions}");
        // Nor is it left unused: there is always somebody who could be asked again.
        let used = questions - requests;
        assert!(used >= requests * percent / 100, "{host}: {used} retries");
        assert!(questions <= allowed, "{host}: {questions} of {allowed}");
    }
}
