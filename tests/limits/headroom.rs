//! What is left: less what was begun since, never more by what is stale, and nobody is asked for more.

use switchtower::standing::Cause;
use switchtower::{Kind, Reason};
use tokio::time::{Instant, sleep};

use crate::flow::{Answer, millis, secs};
use crate::house::{HI, House, ONE, requests, settle, told, with};

const TWO: &str = r#"
    [providers.one]
    base_url = "https://one.test/v1"
    [providers.two]
    base_url = "https://two.test/v1"
    [models."acme/swift"]
    [[models."acme/swift".endpoints]]
    provider = "one"
    model = "swift-one"
    [[models."acme/swift".endpoints]]
    provider = "two"
    model = "swift-two"
"#;

const ORDERED: &str = r#"{"model":"acme/swift","messages":[{"role":"user","content":"hi"}],"provider":{"sort":"price"}}"#;

#[tokio::test(start_paused = true)]
async fn nothing_is_known_until_something_is_announced() {
    let house = House::new(ONE, [told(&[]), requests("7", "60s")]);
    house.hear(HI).await.unwrap();
    assert_eq!(house.headroom(0).requests, None);
    house.hear(HI).await.unwrap();
    let left = house.headroom(0).requests.unwrap();
    assert_eq!((left.left, left.limit), (7, Some(10)));
    assert!(
        left.resets_in > secs(59) && left.resets_in <= secs(61),
        "{left:?}"
    );
    sleep(secs(61)).await;
    assert_eq!(house.headroom(0).requests, None);
}

#[tokio::test(start_paused = true)]
async fn what_is_begun_is_taken_off() {
    let slow = || Answer::silence();
    let house = House::new(ONE, [requests("5", "60s"), slow(), slow()]);
    house.hear(HI).await.unwrap();
    let (one, two) = (house.hear(HI), house.hear(HI));
    tokio::select! {
        _ = one => unreachable!(),
        _ = two => unreachable!(),
        () = settle() => assert_eq!(house.left(0), Some(3)),
    }
    // They may have reached the provider, even if nobody waits for them any more.
    assert_eq!(house.left(0), Some(3));
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_to_an_earlier_request_never_allows_more() {
    for (early, reset, expected) in [
        // It was answered before the second one was counted.
        ("9", "60s", 3),
        // Of the same window it knows of less than we thought.
        ("1", "60s", 0),
        // Of another window it says nothing.
        ("1", "5s", 3),
    ] {
        let house = House::new(
            ONE,
            [
                requests(early, reset).after(millis(300)),
                requests("3", "60s").after(millis(100)),
            ],
        );
        let first = house.hear(HI);
        let second = async {
            settle().await;
            house.hear(HI).await.unwrap();
            assert_eq!(house.left(0), Some(3));
        };
        let (first, ()) = tokio::join!(first, second);
        first.unwrap();
        assert_eq!(house.left(0), Some(expected), "{early} for {reset}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_answer_is_believed() {
    let house = House::new(ONE, [requests("3", "60s"), requests("9", "6s")]);
    house.hear(HI).await.unwrap();
    house.hear(HI).await.unwrap();
    assert_eq!(house.left(0), Some(9));
}

#[tokio::test(start_paused = true)]
async fn failures_announce_as_well() {
    let limits = [
        ("x-ratelimit-remaining-requests", "4"),
        ("x-ratelimit-reset-requests", "60s"),
    ];
    for answer in [
        Answer::status(500, "{}"),
        Answer::status(400, "{}"),
        Answer::sse(["data: {\"error\":{\"message\":\"no\"}}\n\n"]),
    ] {
        let house = House::new(ONE, [with(answer, &limits), told(&[])]);
        let _ = house.hear(HI).await;
        let expected = 4 - (house.asked() as u64 - 1);
        assert_eq!(house.left(0), Some(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_no_room_is_not_asked() {
    let house = House::new(ONE, [requests("0", "30s"), told(&[])]);
    house.hear(HI).await.unwrap();
    let error = house.refused(HI).await.unwrap();
    assert_eq!(error.kind(), Kind::Ejected(Cause::Limited));
    assert_eq!(error.status(), 429);
    let wait = error.retry_after().unwrap();
    assert!(wait > secs(29) && wait <= secs(31), "{wait:?}");
    sleep(wait).await;
    assert!(house.refused(HI).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn many_at_once_take_no_more_than_is_left() {
    let house = House::new(ONE, [requests("3", "30s")]);
    house.hear(HI).await.unwrap();
    let mut let_in = 0;
    for _ in 0..9 {
        let_in += usize::from(house.refused(HI).await.is_none());
    }
    assert_eq!(let_in, 3);
}

#[tokio::test(start_paused = true)]
async fn the_next_window_allows_no_more_than_the_limit_until_it_is_announced() {
    let house = House::new(ONE, [requests("0", "30s"), requests("2", "25s")]);
    house.hear(HI).await.unwrap();
    sleep(secs(31)).await;
    let mut let_in = 0;
    for _ in 0..20 {
        let_in += usize::from(house.refused(HI).await.is_none());
    }
    assert_eq!(let_in, 10);
    // As long as the last one was, at least.
    sleep(secs(20)).await;
    assert!(house.refused(HI).await.is_some());
    sleep(secs(11)).await;
    house.hear(HI).await.unwrap();
    assert_eq!(house.left(0), Some(2));
}

#[tokio::test(start_paused = true)]
async fn tokens_are_counted_as_they_are_expected() {
    let limits = [
        ("anthropic-ratelimit-tokens-limit", "2000"),
        ("anthropic-ratelimit-tokens-remaining", "500"),
        ("anthropic-ratelimit-output-tokens-limit", "1000"),
        ("anthropic-ratelimit-output-tokens-remaining", "100"),
        ("anthropic-ratelimit-requests-remaining", "100"),
    ];
    let asking = |tokens: u32, words: usize| {
        let prompt = "word ".repeat(words);
        format!(
            r#"{{"model":"acme/swift","max_tokens":{tokens},"messages":[{{"role":"user","content":"{prompt}"}}]}}"#
        )
    };
    let house = House::new(ONE, [told(&limits)]);
    house.hear(HI).await.unwrap();
    // 90 are within both, though 90 once more are not.
    assert!(
        house.refused(&asking(200, 1)).await.is_some(),
        "of its answer"
    );
    assert!(house.refused(&asking(1, 800)).await.is_some(), "of both");
    assert!(house.refused(&asking(90, 1)).await.is_none());
    assert!(house.refused(&asking(90, 1)).await.is_some());
    assert!(house.refused(&asking(5, 1)).await.is_none());
}

/// Whether it is too large is the provider's to say: it would wait for ever.
#[tokio::test(start_paused = true)]
async fn what_is_larger_than_the_limit_is_asked_when_nothing_else_is() {
    let limits = [
        ("x-ratelimit-limit-tokens", "100"),
        ("x-ratelimit-remaining-tokens", "99"),
        ("x-ratelimit-reset-tokens", "10s"),
    ];
    let house = House::new(ONE, [told(&limits)]);
    house.hear(HI).await.unwrap();
    let large = HI.replace(":10,", ":900,");
    assert!(house.refused(&large).await.is_some());
    sleep(secs(11)).await;
    assert!(house.refused(&large).await.is_none());
    assert!(house.refused(HI).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn whoever_is_short_comes_last_and_says_why() {
    let house = House::new(TWO, [requests("0", "30s"), told(&[])]);
    let first = house.plan(ORDERED);
    assert_eq!(first.candidates[0].endpoint.tag(), "one");
    house.hear(ORDERED).await.unwrap();
    let plan = house.plan(ORDERED);
    let tags: Vec<_> = plan
        .candidates
        .iter()
        .map(|candidate| (candidate.endpoint.tag(), candidate.reason))
        .collect();
    assert_eq!(tags, [("two", Reason::Price), ("one", Reason::Short)]);
    assert_eq!(Reason::Short.to_string(), "short of headroom");
    assert!(plan.rejected.is_empty());
    house.hear(ORDERED).await.unwrap();
    assert_eq!(house.client.hosts(), ["one.test", "two.test"]);
    sleep(secs(31)).await;
    assert_eq!(house.plan(ORDERED).candidates[0].endpoint.tag(), "one");
}

/// The order is the caller's, and still nobody is asked in vain.
#[tokio::test(start_paused = true)]
async fn who_is_named_first_is_passed_over_while_it_is_short() {
    let named = ORDERED.replace(r#""sort":"price""#, r#""order":["one","two"]"#);
    let house = House::new(TWO, [requests("0", "30s"), told(&[])]);
    house.hear(&named).await.unwrap();
    assert_eq!(house.plan(&named).candidates[0].endpoint.tag(), "one");
    house.hear(&named).await.unwrap();
    assert_eq!(house.client.hosts(), ["one.test", "two.test"]);
}

#[tokio::test(start_paused = true)]
async fn when_all_are_short_the_first_with_room_is_waited_for() {
    let answers = [requests("0", "5s"), requests("0", "2s"), told(&[])];
    let house = House::new(TWO, answers);
    house.hear(ORDERED).await.unwrap();
    house.hear(ORDERED).await.unwrap();
    let start = Instant::now();
    house.hear(ORDERED).await.unwrap();
    let waited = start.elapsed();
    assert!(waited > secs(1) && waited < millis(2600), "{waited:?}");
    assert_eq!(house.client.hosts(), ["one.test", "two.test", "two.test"]);
}

#[tokio::test(start_paused = true)]
async fn the_only_one_is_waited_for_as_well() {
    let house = House::new(ONE, [requests("0", "2s"), told(&[])]);
    house.hear(HI).await.unwrap();
    let start = Instant::now();
    house.hear(HI).await.unwrap();
    assert!(start.elapsed() > secs(1), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn another_catalogue_forgets_nothing_of_an_endpoint_that_stays() {
    let house = House::new(ONE, [requests("4", "60s")]);
    house.hear(HI).await.unwrap();
    let again = crate::flow::catalog(ONE);
    house.stack.roster().swap(again, crate::flow::now());
    assert_eq!(house.left(0), Some(4));
    // With another key there is another account.
    let other = crate::flow::catalog(&ONE.replace("KEY_ONE", "KEY_TWO"));
    house.stack.roster().swap(other, crate::flow::now());
    assert_eq!(house.left(0), None);
}

/// A limit of a day and one of a minute come under the same name, and only refusals tell them, as OpenRouter's do.
#[tokio::test(start_paused = true)]
async fn a_window_is_as_long_as_that_of_its_own_limit() {
    let busy = |limit: &str, reset: &str| {
        let busy = Answer::status(429, "{}").header("retry-after", "1");
        with(
            busy,
            &[
                ("x-ratelimit-limit", limit),
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", reset),
            ],
        )
    };
    let fine = (0..40).map(|_| told(&[]));
    let refusals = [busy("50", "600"), busy("2", "10")];
    let house = House::new(ONE, refusals.into_iter().chain(fine));
    let _ = house.hear(HI).await;
    sleep(secs(601)).await;
    let _ = house.hear(HI).await;
    for _ in 0..4 {
        sleep(secs(11)).await;
        house.hear(HI).await.unwrap();
        house.hear(HI).await.unwrap();
    }
}

/// Nobody is believed to be at its limit for longer than an hour.
#[tokio::test(start_paused = true)]
async fn a_reset_that_is_years_away_bars_nobody_for_long() {
    for reset in ["99999999h", "86400", "9999-12-31T00:00:00Z"] {
        let house = House::new(ONE, [requests("0", reset), told(&[])]);
        house.hear(HI).await.unwrap();
        sleep(secs(3601)).await;
        house.hear(HI).await.unwrap();
    }
}

/// The operator knows better than what was announced.
#[tokio::test(start_paused = true)]
async fn who_is_readmitted_is_asked_whatever_was_announced() {
    let house = House::new(ONE, [requests("0", "600"), told(&[])]);
    house.hear(HI).await.unwrap();
    let lineup = house.lineup();
    let (_, standing) = lineup.endpoints().next().unwrap();
    standing.readmit(crate::flow::now());
    assert!(house.refused(HI).await.is_none());
}

/// All who waited for one that rests came in the same millisecond, and provoked what they had waited for.
#[tokio::test(start_paused = true)]
async fn who_waits_for_a_rest_does_not_come_with_all_others_at_once() {
    let busy = Answer::status(429, "{}").header("retry-after", "20");
    let fine = (0..300).map(|_| told(&[]).after(secs(1)));
    let house = House::new(ONE, std::iter::once(busy).chain(fine));
    let _ = house.hear(HI).await;
    let all = futures_util::future::join_all((0..200).map(|_| house.hear(HI)));
    let asked = async {
        let (began, mut asked) = (Instant::now(), Vec::new());
        for after in [20_000, 20_500, 25_100] {
            tokio::time::sleep_until(began + millis(after)).await;
            asked.push(house.asked());
        }
        asked
    };
    let (_, asked) = tokio::join!(all, asked);
    assert!(
        asked[0] <= 2 && asked[1] < 60 && asked[2] >= 200,
        "{asked:?}"
    );
}
