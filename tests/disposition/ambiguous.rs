//! A request that was sent, and of which no word came back.

use switchtower::settle::Certainty;
use switchtower::{AmbiguousSend, Dispositions, Kind, Phase};

use crate::flow::{Answer, Client, Step, good, role};
use crate::support::{ask, body, failing, places, stack};

const RESET: Kind = Kind::Disconnected;
const SILENT: Kind = Kind::Elapsed(Phase::Headers);

/// Whom a request asks whose first two attempts fail like this, with one provider, or with two.
async fn asked(policy: AmbiguousSend, failure: &Answer, providers: usize) -> Vec<String> {
    let two = [("a", "one", None), ("a", "two", None)];
    let client = Client::new([failure.clone(), Answer::sse(good("hi"))]);
    let dispositions = Dispositions::default().ambiguous(policy);
    let stack = stack(places(&two[..providers], "")).dispositions(dispositions);
    let (answer, _) = ask(&stack, &client, body(&["a"], true)).await;
    assert_eq!(answer.is_ok(), client.seen().len() == 2);
    client.hosts()
}

#[tokio::test(start_paused = true)]
async fn the_operator_says_whether_it_is_sent_again() {
    use AmbiguousSend::{NextOnly, Retry, Stop};
    for (policy, alone, of_two) in [(Retry, 2, 2), (NextOnly, 1, 2), (Stop, 1, 1)] {
        let reset = failing(RESET);
        assert_eq!(asked(policy, &reset, 1).await.len(), alone, "{policy:?}");
        assert_eq!(asked(policy, &reset, 2).await.len(), of_two, "{policy:?}");
        // Who is silent is asked no second time, whatever the policy.
        assert_eq!(
            asked(policy, &failing(SILENT), 2).await.len(),
            of_two,
            "{policy:?}"
        );
    }
}

/// What was not sent, or was answered with a word, is not in doubt.
#[tokio::test(start_paused = true)]
async fn it_is_about_nothing_else() {
    for failure in [
        failing(Kind::Connect),
        failing(Kind::Overloaded),
        failing(Kind::Truncated),
        Answer::sse([role()]).then(Step::Break),
    ] {
        for providers in [1, 2] {
            let hosts = asked(AmbiguousSend::Stop, &failure, providers).await;
            assert_eq!(hosts.len(), 2, "{failure:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_record_says_that_nobody_knows() {
    let break_off = Answer::sse([role()]).then(Step::Break);
    let client = Client::new([
        failing(RESET),
        failing(SILENT),
        failing(Kind::Connect),
        break_off,
        Answer::sse(good("hi")),
    ]);
    let place = |provider| ("a", provider, None);
    let stack = stack(places(
        &["one", "two", "three", "four", "five"].map(place),
        "",
    ));
    let (answer, _) = ask(&stack, &client, body(&["a"], true)).await;
    drop(answer.unwrap());
    let record = &stack.ledger().records()[0];
    let ambiguous: Vec<_> = record
        .attempts
        .iter()
        .map(|attempt| attempt.ambiguous)
        .collect();
    assert_eq!(ambiguous, [true, true, false, false, false]);
    assert!(
        record.attempts[..2]
            .iter()
            .all(|attempt| attempt.cost.certainty == Certainty::Estimated)
    );
    assert_eq!(record.attempts[2].cost.certainty, Certainty::Exact);
}
