//! What a request asks for in its headers, and how far that goes.

mod flow;

use std::time::Duration;

use flow::{Answer, Client, good, millis, ordered, secs, text, three};
use http::{HeaderMap, HeaderName, Request};
use proptest::prelude::*;
use switchtower::dispatch::deadline::Deadlines;
use switchtower::{Allowed, Call, Error, Kind, Phase, Stack, Wishes};
use tokio::time::Instant;
use tower::ServiceExt;

const TIMES: [&str; 4] = [
    "x-switchtower-headers-ms",
    "x-switchtower-first-token-ms",
    "x-switchtower-idle-ms",
    "x-switchtower-total-ms",
];
const CHOICES: [&str; 2] = ["x-switchtower-hedge", "x-switchtower-recover"];

#[test]
fn each_header_is_one_wish() {
    let wishes = read(&[
        (TIMES[0], "1"),
        (TIMES[1], "20"),
        (TIMES[2], " 300 "),
        (TIMES[3], "004000"),
        (CHOICES[0], "false"),
        (CHOICES[1], "true"),
    ]);
    let expected = Wishes {
        headers: Some(millis(1)),
        first_token: Some(millis(20)),
        idle: Some(millis(300)),
        total: Some(secs(4)),
        hedge: Some(false),
        recover: Some(true),
        tag: None,
    };
    assert_eq!(wishes.unwrap(), Some(expected));
    assert_eq!(read(&[("accept", "*/*")]).unwrap(), None);
    // Of another version, or of another layer.
    let other = read(&[("x-switchtower-other", "?"), (TIMES[0], "7")]).unwrap();
    assert_eq!(other.unwrap().headers, Some(millis(7)));
}

#[test]
fn a_tag_is_one_word_and_anything_else_is_ignored() {
    const TAG: &str = "x-switchtower-tag";
    let tag = |pairs: &[(&'static str, &str)]| read(pairs).unwrap().unwrap().tag;
    let longest = "a".repeat(64);
    for word in ["a", "Team-7_nightly.run:3", &longest] {
        assert_eq!(tag(&[(TAG, word)]).as_deref(), Some(word));
    }
    for other in ["", "two words", "a/b", "a\"b", &format!("{longest}a")] {
        assert_eq!(tag(&[(TAG, other)]), None, "{other}");
    }
    assert_eq!(tag(&[(TAG, "a"), (TAG, "b")]), None);
}

#[test]
fn more_than_allowed_is_what_is_allowed() {
    for text in ["600001", "99999999999999999999999999"] {
        for name in TIMES {
            let wishes = read(&[(name, text)]).unwrap().unwrap();
            let Wishes {
                headers,
                first_token,
                idle,
                total,
                ..
            } = wishes;
            let wish = [headers, first_token, idle, total].into_iter().flatten();
            assert_eq!(
                wish.collect::<Vec<_>>(),
                [Allowed::LONGEST],
                "{name}: {text}"
            );
        }
    }
    assert_eq!(read(&[(CHOICES[0], "true")]).unwrap().unwrap().hedge, None);
    let allowed = Allowed {
        hedge: true,
        recover: false,
        ..Allowed::default()
    };
    let wishes = Wishes::read(
        &map(&[(CHOICES[0], "true"), (CHOICES[1], "true")]),
        &allowed,
    );
    let wishes = wishes.unwrap().unwrap();
    assert_eq!((wishes.hedge, wishes.recover), (Some(true), None));
}

#[test]
fn nonsense_is_a_400_that_names_the_header() {
    for text in [
        "", "0", "-1", "+1", "1.5", "1e3", "1s", "soon", "1, 2", "\u{660}",
    ] {
        TIMES.iter().for_each(|name| refuses(&[(name, text)], name));
    }
    for text in ["", "yes", "1", "TRUE", "true, true"] {
        CHOICES
            .iter()
            .for_each(|name| refuses(&[(name, text)], name));
    }
    for name in TIMES {
        refuses(&[(name, "5"), (name, "5")], name);
    }
}

proptest! {
    /// Whatever a caller sends: a wish within the bounds, or a 400.
    #[test]
    fn no_header_goes_beyond_what_is_allowed(name in 0..6_usize, text in "[ -~]{0,24}", longest in 1..100_000_u64) {
        let longest = millis(longest);
        let allowed = Allowed { headers: longest, first_token: longest, idle: longest, total: longest, ..Allowed::default() };
        let name = TIMES.iter().chain(&CHOICES).nth(name).unwrap();
        match Wishes::read(&map(&[(name, &text)]), &allowed) {
            Ok(wishes) => {
                let wishes = wishes.unwrap();
                for wish in [wishes.headers, wishes.first_token, wishes.idle, wishes.total].into_iter().flatten() {
                    prop_assert!(wish > Duration::ZERO && wish <= longest);
                }
                prop_assert_ne!(wishes.hedge, Some(true));
            }
            Err(error) => prop_assert_eq!((error.kind(), error.param()), (Kind::Invalid, Some(*name))),
        }
    }
}

// === In the stack ===

#[tokio::test(start_paused = true)]
async fn a_request_that_asks_for_nonsense_asks_nobody() {
    let client = Client::new([Answer::sse(good("hi"))]);
    let stack = Stack::new(three()).around(client.clone());
    let error = stack
        .oneshot(wishing(TIMES[1], "soon"))
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.param()),
        (Kind::Invalid, Some(TIMES[1]))
    );
    assert_eq!(client.seen().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_headers_stay_here_and_the_wishes_travel_with_the_call() {
    let client = Client::new([Answer::sse(good("hi"))]);
    let stack = Stack::new(three()).around(client.clone());
    let response = stack.oneshot(wishing(TIMES[2], "1234")).await.unwrap();
    let call = response.extensions().get::<Call>().unwrap();
    assert_eq!(call.wishes().idle, Some(millis(1234)));
    let seen = &client.seen()[0];
    let ours = |name: &HeaderName| name.as_str().starts_with("x-switchtower");
    assert!(!seen.headers.keys().any(ours), "{:?}", seen.headers);
}

#[tokio::test(start_paused = true)]
async fn each_time_is_that_of_the_request() {
    let silent = || [Answer::silence(), Answer::silence(), Answer::silence()];
    let (kind, after) = failure(Stack::new(three()), silent(), TIMES[3], "2500").await;
    assert_eq!((kind, after), (Kind::Elapsed(Phase::Total), millis(2500)));

    // Two of the three candidates are left early; the last one has all the time.
    let client = Client::new(silent());
    let stack = Stack::new(three()).around(client.clone());
    stack
        .oneshot(wishing(TIMES[0], "700"))
        .await
        .map(drop)
        .unwrap_err();
    let moments: Vec<_> = client.seen().iter().map(|seen| seen.at).collect();
    assert_eq!(moments, [secs(0), millis(700), millis(1400)]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_stops_is_left_when_the_request_says() {
    let client = Client::new([Answer::sse([text("hi")]).then(flow::Step::Hang)]);
    let stack = Stack::new(three()).around(client);
    let began = Instant::now();
    let response = stack.oneshot(wishing(TIMES[2], "800")).await.unwrap();
    let told = flow::tell(response.into_body()).await;
    assert!(told.text().contains("\"error\""));
    assert_eq!(began.elapsed(), millis(800));
}

/// Whoever configures more than the ten minutes allows it to those that ask for it, too.
#[tokio::test(start_paused = true)]
async fn what_is_configured_may_be_asked_for() {
    let deadlines = Deadlines {
        total: secs(7200),
        ..Deadlines::default()
    };
    let stack = Stack::new(three()).deadlines(deadlines);
    let silent = [Answer::silence(), Answer::silence(), Answer::silence()];
    let (_, after) = failure(stack, silent, TIMES[3], "9000000").await;
    assert_eq!(after, secs(7200));
}

// === Helpers ===

async fn failure(
    stack: Stack,
    answers: [Answer; 3],
    name: &'static str,
    value: &str,
) -> (Kind, Duration) {
    let began = Instant::now();
    let service = stack.around(Client::new(answers));
    let error = service
        .oneshot(wishing(name, value))
        .await
        .map(drop)
        .unwrap_err();
    (error.kind(), began.elapsed())
}

fn wishing(name: &'static str, value: &str) -> Request<String> {
    let request = Request::post("/v1/chat/completions").header(name, value);
    request.body(ordered(true).to_owned()).unwrap()
}

fn map(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let value = http::HeaderValue::from_bytes(value.as_bytes()).unwrap();
        headers.append(HeaderName::from_static(name), value);
    }
    headers
}

fn read(pairs: &[(&'static str, &str)]) -> Result<Option<Wishes>, Error> {
    Wishes::read(&map(pairs), &Allowed::default())
}

fn refuses(pairs: &[(&'static str, &str)], name: &str) {
    let error = read(pairs).unwrap_err();
    assert_eq!(
        (error.kind(), error.param()),
        (Kind::Invalid, Some(name)),
        "{pairs:?}"
    );
    assert_eq!(error.status(), 400);
}
