//! A 200 that is no answer is a failure: whoever can answer is asked, and the caller sees no trace of the other.

use switchtower::Kind;

use crate::flow::{Answer, Client, event, good, json, role, tell};
use crate::support::{ask, body, places, stack};

/// What came, of which kind it is, of a stream and of a document.
fn no_answers() -> Vec<(Answer, Kind, Option<bool>)> {
    let html = |text: &str| Answer::json([text.to_owned()]).header("content-type", "text/html");
    let error = r#"{"error":{"message":"Network connection lost.","code":502}}"#;
    vec![
        (Answer::json([error]), Kind::Unavailable, None),
        (
            Answer::json([r#"{"error":"gone"}"#]),
            Kind::Unavailable,
            None,
        ),
        (
            Answer::json([r#"{"error":{"code":429,"message":"slow down"}}"#]),
            Kind::RateLimited,
            None,
        ),
        (Answer::sse([event(error)]), Kind::Unavailable, Some(true)),
        (
            Answer::sse([role(), event(error)]),
            Kind::Unavailable,
            Some(true),
        ),
        (
            Answer::sse([
                "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
            ]),
            Kind::Overloaded,
            Some(true),
        ),
        (html("<html>Please log in</html>"), Kind::Malformed, None),
        (
            html("<!doctype html><title>502</title>").unsized_(),
            Kind::Malformed,
            None,
        ),
        (Answer::json(["<html>"]), Kind::Malformed, None),
        (Answer::json([""; 0]), Kind::Truncated, None),
        (Answer::json([""]), Kind::Truncated, None),
        (Answer::json([" \n"]), Kind::Truncated, None),
        (Answer::json([""; 0]).unsized_(), Kind::Truncated, None),
        (
            Answer::json([""; 0]).header("content-type", "text/html"),
            Kind::Truncated,
            None,
        ),
        (Answer::sse([""; 0]), Kind::Truncated, Some(true)),
        (Answer::sse([": ping\n\n"]), Kind::Truncated, Some(true)),
        (Answer::sse([role()]), Kind::Truncated, Some(true)),
        (
            Answer::sse(["data: [DONE]\n\n"]),
            Kind::Truncated,
            Some(true),
        ),
        (Answer::sse([event("<html>")]), Kind::Malformed, Some(true)),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_200_that_is_no_answer_leads_to_the_next() {
    for (first, kind, only) in no_answers() {
        for stream in [false, true] {
            if only.is_some_and(|only| only != stream) {
                continue;
            }
            let story = format!("{first:?}, stream {stream}");
            let answer = match stream {
                true => Answer::sse(good("hi")),
                false => Answer::json([json("hi")]),
            };
            let client = Client::new([first.clone(), answer]);
            let two = stack(places(&[("a", "one", None), ("a", "two", None)], ""));
            let (answer, call) = ask(&two, &client, body(&["a"], stream)).await;
            let told = tell(answer.unwrap().into_body()).await;
            match stream {
                true => assert_eq!(told.frames, good("hi"), "{story}"),
                false => assert_eq!(told.text(), json("hi"), "{story}"),
            }
            assert_eq!(client.hosts(), ["one.test", "two.test"], "{story}");
            let end = call.attempts()[0].ended().unwrap().0;
            assert_eq!(end, switchtower::End::Failed(kind), "{story}");
        }
    }
}
