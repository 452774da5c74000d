//! The operator's own limits.

use std::sync::Arc;
use std::time::Duration;

use switchtower::Kind;
use switchtower::standing::Cause;
use tokio::time::{Instant, sleep};

use crate::flow::{Answer, secs};
use crate::house::{HI, House, ONE, told};

fn paced(pace: &str) -> String {
    format!("{ONE}\n{pace}\n")
}

/// When requests that come every hundred milliseconds are let in, in milliseconds.
async fn let_in(house: &House, body: &str, minutes: u64) -> Vec<u64> {
    let start = Instant::now();
    let mut let_in = Vec::new();
    for turn in 0..minutes * 600 {
        tokio::time::sleep_until(start + Duration::from_millis(turn * 100)).await;
        if house.refused(body).await.is_none() {
            let_in.push(turn * 100);
        }
    }
    let_in
}

/// Twice as many would go within the first minute if a full bucket were filled within one.
#[tokio::test(start_paused = true)]
async fn no_minute_has_more_requests_than_it_may() {
    for (rpm, least) in [(1, 1), (10, 9), (60, 54), (200, 180)] {
        let house = House::new(&paced(&format!("rpm = {rpm}")), []);
        let times = let_in(&house, HI, 3).await;
        for (place, from) in times.iter().enumerate() {
            let within = times[place..].iter().take_while(|at| **at < from + 60_000);
            assert!(within.count() <= rpm, "{rpm}: {times:?}");
        }
        let last = times.iter().filter(|at| **at >= 120_000).count();
        assert!(last >= least, "{rpm}: {last}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_when() {
    let house = House::new(&paced("rpm = 10"), []);
    assert!(house.refused(HI).await.is_none());
    let error = house.refused(HI).await.unwrap();
    assert_eq!(error.kind(), Kind::Ejected(Cause::Limited));
    assert_eq!(error.retry_after(), Some(secs(6)));
    sleep(secs(6)).await;
    assert!(house.refused(HI).await.is_none());
}

/// It takes what there is, and those that come after it wait for the rest.
#[tokio::test(start_paused = true)]
async fn what_is_larger_than_the_bucket_does_not_wait_for_ever() {
    let house = House::new(&paced("tpm = 1000"), []);
    // About 2,000 tokens: two minutes' worth.
    let large = HI.replace("hi", &"word ".repeat(1580));
    assert!(house.refused(&large).await.is_none());
    let wait = house.refused(HI).await.unwrap().retry_after().unwrap();
    assert!(wait > secs(60) && wait < secs(150), "{wait:?}");
    sleep(wait).await;
    assert!(house.refused(HI).await.is_none());
}

/// What was expected and not moved is given back, and what was moved beyond is owed.
#[tokio::test(start_paused = true)]
async fn tokens_are_corrected_by_what_was_moved() {
    let answer = |tokens: u64| {
        let usage =
            format!(r#""prompt_tokens":{tokens},"completion_tokens":0,"total_tokens":{tokens}"#);
        let json = crate::flow::json("hi");
        let (head, _) = json.split_once(r#""prompt_tokens""#).unwrap();
        Answer::json([format!("{head}{usage}}}}}")])
    };
    for (moved, free) in [(0, true), (1000, false)] {
        let house = House::new(&paced("tpm = 1000"), [answer(moved)]);
        let asking = HI.replace(":10,", ":90,");
        house.hear(&asking).await.unwrap();
        assert_eq!(house.refused(&asking).await.is_none(), free, "{moved}");
    }
    // Who refuses moves nothing.
    let house = House::new(&paced("tpm = 1000"), [Answer::status(400, "{}")]);
    let asking = HI.replace(":10,", ":90,");
    house.hear(&asking).await.unwrap_err();
    assert!(house.refused(&asking).await.is_none());
}

/// What had flowed in again while they were under way was given back once more.
#[tokio::test(start_paused = true)]
async fn what_has_flowed_off_is_not_given_back() {
    for key in [false, true] {
        let toml = match key {
            false => paced("tpm = 1000"),
            true => ONE.replacen("key_env", "tpm = 1000\nkey_env", 1),
        };
        let usage = r#""prompt_tokens":0,"completion_tokens":0,"total_tokens":0"#;
        let json = crate::flow::json("hi");
        let (head, _) = json.split_once(r#""prompt_tokens""#).unwrap();
        let late = Answer::json([format!("{head}{usage}}}}}")]).after(secs(75));
        let house = Arc::new(House::new(&toml, std::iter::repeat_n(late, 10)));
        let asking = HI.replace(":10,", ":90,");
        let start = Instant::now();
        for _ in 0..10 {
            let (house, asking) = (house.clone(), asking.clone());
            tokio::spawn(async move { house.hear(&asking).await.unwrap() });
            sleep(Duration::from_millis(6700)).await;
        }
        tokio::time::sleep_until(start + secs(75)).await;
        assert_eq!(house.asked(), 10);
        let times = let_in(&house, &asking, 1).await;
        assert!((8..=10).contains(&times.len()), "{key}: {times:?}");
    }
}

/// As long as all that flows in is taken, what was not moved is given back, however long that took.
#[tokio::test(start_paused = true)]
async fn what_others_have_waited_for_is_given_back() {
    let usage = r#""prompt_tokens":50,"completion_tokens":0,"total_tokens":50"#;
    let json = crate::flow::json("hi");
    let (head, _) = json.split_once(r#""prompt_tokens""#).unwrap();
    let late = Answer::json([format!("{head}{usage}}}}}")]).after(secs(10));
    let house = Arc::new(House::new(
        &paced("tpm = 1000"),
        std::iter::repeat_n(late, 200),
    ));
    let asking = HI.replace(":10,", ":90,");
    let start = Instant::now();
    for turn in 0..600 {
        tokio::time::sleep_until(start + Duration::from_millis(turn * 500)).await;
        let (house, asking) = (house.clone(), asking.clone());
        tokio::spawn(async move { house.hear(&asking).await });
    }
    // What is expected is twice as much: without it they would be 47. What flows in while nobody asks is lost.
    assert!((55..=94).contains(&house.asked()), "{}", house.asked());
}

#[tokio::test(start_paused = true)]
async fn a_key_has_a_pace_of_its_own_at_all_its_endpoints() {
    let toml = r#"
        [providers.one]
        base_url = "https://one.test/v1"
        key_env = "KEY_ONE"
        rpm = 10
        [[models."acme/swift".endpoints]]
        provider = "one"
        model = "swift-one"
        [[models."acme/brisk".endpoints]]
        provider = "one"
        model = "brisk-one"
    "#;
    let house = House::new(toml, []);
    assert!(house.refused(HI).await.is_none());
    let other = HI.replace("swift", "brisk");
    assert!(house.refused(&other).await.is_some());
    // Another catalogue with the same key and the same pace forgives nothing.
    let again = Arc::clone(&crate::flow::catalog(toml));
    house.stack.roster().swap(again, crate::flow::now());
    assert!(house.refused(&other).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn whoever_is_past_its_pace_comes_last() {
    let toml = r#"
        providers.one.base_url = "https://one.test/v1"
        providers.two.base_url = "https://two.test/v1"
        [[models."acme/swift".endpoints]]
        provider = "one"
        model = "swift-one"
        rpm = 1
        [[models."acme/swift".endpoints]]
        provider = "two"
        model = "swift-two"
    "#;
    let sorted = HI.replacen('{', r#"{"provider":{"sort":"price"},"#, 1);
    let house = House::new(toml, [told(&[]), told(&[]), told(&[])]);
    for _ in 0..3 {
        house.hear(&sorted).await.unwrap();
    }
    assert_eq!(house.client.hosts(), ["one.test", "two.test", "two.test"]);
}
