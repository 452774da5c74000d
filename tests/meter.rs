//! `meter`: what one scan finds in an answer, however the network has cut it.

mod flow;

use std::io;

use bytes::Bytes;
use flow::{
    Answer, Client, DONE, Step, Told, asking, event, finish, good, json, role, secs, streamed,
    tell, text, unstreamed, usage,
};
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use switchtower::meter::{Body, Meter, MeterLayer};
use switchtower::wire::{BadCall, Finish};
use switchtower::{Attempt, Call, End, Error, Kind, Payload, Usage};
use tower::{Layer, ServiceExt};

fn metered(answer: Answer) -> Meter<Client> {
    MeterLayer::new().layer(Client::new([answer]))
}

/// What the caller was told, and what the attempt has found.
async fn measure(answer: Answer) -> (Told, Attempt) {
    measure_for(streamed(), answer).await
}

async fn measure_for((request, call): (Request<Payload>, Call), answer: Answer) -> (Told, Attempt) {
    let told = match metered(answer).oneshot(request).await {
        Ok(response) => tell(response.into_body()).await,
        Err(error) => Told {
            error: Some(error),
            ..Told::default()
        },
    };
    (told, call.last().unwrap())
}

fn end(attempt: &Attempt) -> End {
    attempt.ended().expect("it has ended").0
}

#[track_caller]
fn assert_failed(told: &Told, attempt: &Attempt, kind: Kind) {
    let error = told.error.as_ref().expect("an error");
    assert_eq!(error.kind(), kind, "{error:?}");
    assert_eq!(end(attempt), End::Failed(kind));
}

fn read(prompt: u64, completion: u64) -> Option<Usage> {
    Some(Usage {
        input: prompt,
        output: completion,
        ..Usage::default()
    })
}

// === However it is cut ===

/// An answer with everything in it: a byte order mark, comments, an event name, data on two lines.
fn everything() -> String {
    [
        "\u{feff}: OPENROUTER PROCESSING\n\n",
        &role(),
        "event: chunk\nid: 7\n",
        &text("Hel"),
        ": ping\n\n",
        "data: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\"l\\u00f6\"},\"finish_reason\":null}]}\n\n",
        "data:{\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"h\\u00e4\"},\"finish_reason\":null}]}\n\n",
        &finish("length"),
        &usage(9, 3),
        DONE,
    ]
    .concat()
}

/// Frames without the line ends around them: a CR and its LF may part at a cut.
fn trimmed(told: &Told) -> Vec<String> {
    let text = |frame: &Bytes| String::from_utf8(frame.to_vec()).unwrap();
    let frames = told.frames.iter().map(text);
    let frames = frames.map(|frame| frame.trim_matches(['\r', '\n']).to_owned());
    frames.filter(|frame| !frame.is_empty()).collect()
}

fn findings(attempt: &Attempt) -> impl PartialEq + std::fmt::Debug {
    let found = attempt.found();
    (
        (found.usage, found.finish, found.status, end(attempt)),
        (attempt.content_events(), attempt.content_bytes()),
        (attempt.is_finished(), attempt.is_done()),
    )
}

#[tokio::test]
async fn an_answer_cut_anywhere_says_the_same() {
    for line_end in ["\n", "\r\n", "\r"] {
        let answer = Bytes::from(everything().replace('\n', line_end));
        let (whole, uncut) = measure(Answer::sse([answer.clone()])).await;
        assert!(whole.error.is_none(), "{whole:?}");
        let shown = String::from_utf8(answer.to_vec()).unwrap();
        let usage = usage(9, 3).replace('\n', line_end);
        assert_eq!(
            whole.text(),
            shown.replace(&usage, ""),
            "usage alone is hidden"
        );
        assert_eq!(uncut.found().usage, read(9, 3));
        assert_eq!(uncut.found().finish, Some(Finish::Length));
        assert_eq!(uncut.content_events(), 3);
        assert_eq!(uncut.content_bytes(), 9);
        assert_eq!(end(&uncut), End::Complete);

        for at in 0..=answer.len() {
            let frames = [answer.slice(..at), answer.slice(at..)];
            let (told, attempt) = measure(Answer::sse(frames)).await;
            assert_eq!(trimmed(&told), trimmed(&whole), "cut at {at}");
            assert_eq!(findings(&attempt), findings(&uncut), "cut at {at}");
        }
    }
}

#[tokio::test]
async fn an_answer_byte_by_byte_says_the_same() {
    for line_end in ["\n", "\r\n", "\r"] {
        let answer = everything().replace('\n', line_end);
        let (whole, uncut) = measure(Answer::sse([answer.clone()])).await;
        let bytes = answer.into_bytes().into_iter().map(|byte| vec![byte]);
        let (told, attempt) = measure(Answer::sse(bytes)).await;
        assert_eq!(trimmed(&told), trimmed(&whole));
        assert_eq!(findings(&attempt), findings(&uncut));
    }
}

#[tokio::test]
async fn an_answer_cut_at_random_says_the_same() {
    let answer = Bytes::from(everything());
    let (whole, uncut) = measure(Answer::sse([answer.clone()])).await;
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..300 {
        let (mut rest, mut frames) = (answer.clone(), Vec::new());
        while !rest.is_empty() {
            let most = rest.len().min(random.usize(1..200));
            frames.push(rest.split_to(random.usize(0..=most)));
        }
        let (told, attempt) = measure(Answer::sse(frames)).await;
        assert_eq!(trimmed(&told), trimmed(&whole));
        assert_eq!(findings(&attempt), findings(&uncut));
    }
}

#[tokio::test]
async fn each_frame_is_one_whole_event() {
    let events = [
        role(),
        text("a"),
        text("b"),
        finish("stop"),
        DONE.to_owned(),
    ];
    let joined = events.concat();
    for size in [1, 3, 64, joined.len()] {
        let frames: Vec<Vec<u8>> = joined.as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
        let (told, _) = measure(Answer::sse(frames)).await;
        assert_eq!(told.frames, events);
    }
}

#[tokio::test]
async fn bytes_are_not_touched_when_nothing_is_hidden() {
    for line_end in ["\n", "\r\n", "\r"] {
        let answer = everything().replace('\n', line_end);
        let body = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#;
        let (told, attempt) = measure_for(asking(body), Answer::sse([answer.clone()])).await;
        assert_eq!(told.text(), answer);
        assert_eq!(attempt.found().usage, read(9, 3));
    }
    // In one chunk, events are slices of it: nothing is copied.
    let answer = Bytes::from(good("hi").concat());
    let (told, _) = measure(Answer::sse([answer.clone()])).await;
    let inside = answer.as_ptr_range();
    for frame in &told.frames {
        assert!(inside.contains(&frame.as_ptr()), "a copy");
    }
}

// === Usage ===

#[tokio::test]
async fn the_usage_event_is_hidden_unless_the_caller_asked_for_it() {
    let answer = || Answer::sse([role(), text("hi"), finish("stop"), usage(9, 2), DONE.into()]);
    let (told, attempt) = measure(answer()).await;
    assert!(!told.text().contains("usage"), "{}", told.text());
    assert_eq!(attempt.found().usage, read(9, 2));

    let wants = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#;
    let (told, _) = measure_for(asking(wants), answer()).await;
    assert!(told.text().contains("\"usage\""));

    let always = MeterLayer::new()
        .always_usage()
        .layer(Client::new([answer()]));
    let body = always.oneshot(streamed().0).await.unwrap().into_body();
    assert!(tell(body).await.text().contains("\"usage\""));
}

#[tokio::test]
async fn usage_beside_content_is_read_and_its_event_stays() {
    let last = r#"{"choices":[{"index":0,"delta":{"content":"!"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":4}}"#;
    let (told, attempt) =
        measure(Answer::sse([role(), text("hi"), event(last), DONE.into()])).await;
    assert_eq!(attempt.found().usage, read(5, 4));
    assert_eq!(told.content(), "hi!");
}

#[tokio::test]
async fn a_null_usage_is_no_report() {
    let null = |delta: &str, finish: &str| {
        event(&format!(
            r#"{{"choices":[{{"index":0,"delta":{{{delta}}},"finish_reason":{finish}}}],"usage":null}}"#
        ))
    };
    let events = [
        null(r#""role":"assistant""#, "null"),
        null(r#""content":"hi""#, "null"),
        null("", "\"stop\""),
        usage(3, 1),
        DONE.to_owned(),
    ];
    let (told, attempt) = measure(Answer::sse(events.clone())).await;
    assert_eq!(attempt.found().usage, read(3, 1));
    assert_eq!(told.frames.len(), 4);

    // And what came before a null is not forgotten.
    let [a, b, c, _, done] = events;
    let (_, attempt) = measure(Answer::sse([a, usage(3, 1), b, c, done])).await;
    assert_eq!(attempt.found().usage, read(3, 1));
}

#[tokio::test]
async fn an_explicit_zero_is_a_report() {
    let (_, attempt) = measure(Answer::sse([
        text("hi"),
        finish("stop"),
        usage(0, 0),
        DONE.into(),
    ]))
    .await;
    assert_eq!(attempt.found().usage, read(0, 0));
}

#[tokio::test]
async fn the_last_of_many_reports_wins() {
    let running = |content: &str, completion: u64| {
        event(&format!(
            r#"{{"choices":[{{"index":0,"delta":{{"content":"{content}"}},"finish_reason":null}}],"usage":{{"prompt_tokens":7,"completion_tokens":{completion}}}}}"#
        ))
    };
    let events = [
        running("a", 1),
        running("b", 2),
        running("c", 3),
        finish("stop"),
        DONE.into(),
    ];
    let (told, attempt) = measure(Answer::sse(events)).await;
    assert_eq!(attempt.found().usage, read(7, 3));
    assert_eq!(told.content(), "abc");
}

#[tokio::test]
async fn usage_that_came_before_a_break_counts() {
    let answer = Answer::sse([text("hi"), usage(4, 2)]).then(Step::Break);
    let (told, attempt) = measure(answer).await;
    assert_failed(&told, &attempt, Kind::Disconnected);
    assert_eq!(attempt.found().usage, read(4, 2));
}

// === What went wrong ===

#[tokio::test]
async fn an_error_in_the_first_event_is_an_error() {
    let error = event(r#"{"error":{"message":"busy","type":"overloaded_error","code":null}}"#);
    let (told, attempt) = measure(Answer::sse([error])).await;
    assert_failed(&told, &attempt, Kind::Overloaded);
    assert!(told.frames.is_empty());
}

/// As a document, but under the type of a stream: what it says was lost, and it was taken for a broken answer.
#[tokio::test]
async fn an_error_without_data_is_an_error() {
    let error = r#"{"error":{"message":"busy","code":429}}"#;
    for frames in [
        vec![error.to_owned()],
        vec![format!("{error}\n\n")],
        vec![": ping\n\n".to_owned(), format!("\n{error}\n")],
        vec![error[..9].to_owned(), error[9..].to_owned()],
        vec![error.replace(':', ":\n")],
    ] {
        let (told, attempt) = measure(Answer::sse(frames.clone())).await;
        assert_failed(&told, &attempt, Kind::RateLimited);
        assert!(!told.text().contains("busy"), "{frames:?}");
    }
    for bare in [
        "{}",
        r#"{"choices":[{"index":0,"finish_reason":"stop"}]}"#,
        "{",
    ] {
        let (told, attempt) = measure(Answer::sse([bare.to_owned()])).await;
        assert_failed(&told, &attempt, Kind::Truncated);
    }
}

#[tokio::test]
async fn an_error_after_content_is_an_error_and_not_passed_on() {
    for error in [
        r#"{"error":{"message":"gone","code":502}}"#,
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}"#,
        // DeepSeek, Z.AI, and SGLang or vLLM: they broke, and it was told as a good end.
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"insufficient_system_resource"}]}"#,
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"network_error"}]}"#,
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"abort"}]}"#,
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":null,"error":{"message":"gone"}}]}"#,
        r#"{"id":"x","choices":[],"error":"gone"}"#,
        r#"{"object":"error","message":"gone","type":"InternalServerError","code":500}"#,
    ] {
        let (told, attempt) =
            measure(Answer::sse([role(), text("hi"), event(error), DONE.into()])).await;
        assert_failed(&told, &attempt, Kind::Unavailable);
        assert_eq!(told.frames.len(), 2, "{}", told.text());
    }
}

#[tokio::test]
async fn an_error_of_null_is_none() {
    let null = r#"{"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop","error":null}],"error":null}"#;
    let (told, attempt) = measure(Answer::sse([event(null), DONE.into()])).await;
    assert!(told.error.is_none());
    assert_eq!(end(&attempt), End::Complete);
}

#[tokio::test]
async fn a_malformed_event_is_left_out_and_counted() {
    for data in ["{\"choices\":[{", "<html>", "[]", "null", "ping"] {
        let answer = [
            text("Hel"),
            event(data),
            text("lo"),
            event(data),
            finish("stop"),
            DONE.into(),
        ];
        let (told, attempt) = measure(Answer::sse(answer)).await;
        assert!(told.error.is_none(), "{data}");
        assert_eq!(told.content(), "Hello");
        assert!(!told.text().contains(&event(data)), "{}", told.text());
        assert_eq!(attempt.found().malformed_events, 2);
        assert_eq!(end(&attempt), End::Complete);
    }
    // After the finish reason it changes nothing, and nobody sees it.
    let (told, attempt) = measure(Answer::sse([
        text("hi"),
        finish("stop"),
        event("{"),
        event("{"),
        DONE.into(),
    ]))
    .await;
    assert!(told.error.is_none());
    assert_eq!(told.frames.len(), 3);
    assert_eq!(end(&attempt), End::Complete);
}

/// A provider that has broken is not one that stumbles.
#[tokio::test]
async fn events_that_stay_malformed_are_an_error() {
    let stray = || event("{\"choices\":[{");
    let many = |count| (0..count).flat_map(move |_| [text("x"), stray()]);
    let comment = || ": ping\n\n".to_owned();
    for (answer, content) in [
        (vec![text("hi"), stray(), stray(), finish("stop")], "hi"),
        (
            vec![text("hi"), stray(), comment(), stray(), finish("stop")],
            "hi",
        ),
        (vec![stray(), stray(), text("hi"), finish("stop")], ""),
        (vec![text("hi"), stray()], "hi"),
        (vec![text("hi"), stray(), DONE.into()], "hi"),
        (vec![stray()], ""),
        (many(9).chain([finish("stop")]).collect(), "xxxxxxxxx"),
    ] {
        let (told, attempt) = measure(Answer::sse(answer)).await;
        assert_failed(&told, &attempt, Kind::Malformed);
        assert_eq!(told.content(), content);
    }
    let (told, attempt) = measure(Answer::sse(many(8).chain([finish("stop")]))).await;
    assert!(told.error.is_none());
    assert_eq!(attempt.found().malformed_events, 8);
}

#[tokio::test]
async fn an_answer_that_stops_before_its_finish_is_truncated() {
    let partial = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo";
    for frames in [
        vec![],
        vec![role()],
        vec![": ping\n\n".to_owned()],
        vec![role(), text("Hel")],
        vec![role(), text("Hel"), partial.to_owned()],
        vec![role(), text("Hel"), "data: ".to_owned()],
        vec![role(), text("Hel"), "event: x".to_owned()],
        // `[DONE]` alone is no answer.
        vec![DONE.to_owned()],
        vec![role(), DONE.to_owned()],
    ] {
        let story = format!("{frames:?}");
        let (told, attempt) = measure(Answer::sse(frames)).await;
        let error = told
            .error
            .as_ref()
            .unwrap_or_else(|| panic!("no error: {story}"));
        assert_eq!(error.kind(), Kind::Truncated, "{story}");
        assert_eq!(end(&attempt), End::Failed(Kind::Truncated), "{story}");
        assert!(!told.text().contains("lo"), "half an event was passed on");
    }
}

#[tokio::test]
async fn a_finish_reason_without_done_is_complete() {
    let (told, attempt) = measure(Answer::sse([role(), text("hi"), finish("stop")])).await;
    assert!(told.error.is_none());
    assert_eq!(end(&attempt), End::Complete);
    assert!(!attempt.is_done());
}

#[tokio::test]
async fn done_without_a_finish_reason_is_complete() {
    let (told, attempt) = measure(Answer::sse([role(), text("hi"), DONE.into()])).await;
    assert!(told.error.is_none());
    assert_eq!(end(&attempt), End::Complete);
    assert!(!attempt.is_finished());
}

#[tokio::test]
async fn a_choice_that_never_finished_makes_the_answer_truncated() {
    let of = |index: u32, finish: &str| {
        event(&format!(
            r#"{{"choices":[{{"index":{index},"delta":{{"content":"x"}},"finish_reason":{finish}}}]}}"#
        ))
    };
    let (told, attempt) = measure(Answer::sse([
        of(0, "null"),
        of(1, "null"),
        of(0, "\"stop\""),
    ]))
    .await;
    assert_failed(&told, &attempt, Kind::Truncated);

    let all = [
        of(0, "null"),
        of(2, "\"stop\""),
        of(1, "\"length\""),
        of(0, "\"stop\""),
    ];
    let (told, attempt) = measure(Answer::sse(all)).await;
    assert!(told.error.is_none());
    assert!(attempt.is_finished());
}

/// Between the end of one choice and the beginning of the next, all that had begun had finished: a
/// break there passed for the end, and so did an error.
#[tokio::test]
async fn as_many_choices_finish_as_were_asked_for() {
    let two = || asking(r#"{"model":"m","stream":true,"n":2}"#);
    let error = event(r#"{"error":{"message":"gone","code":502}}"#);
    let first = [text("hi"), finish("stop")];
    let (told, attempt) = measure_for(two(), Answer::sse(first.clone()).then(Step::Break)).await;
    assert_failed(&told, &attempt, Kind::Disconnected);
    let with_error = first.clone().into_iter().chain([error]);
    let (told, attempt) = measure_for(two(), Answer::sse(with_error)).await;
    assert_failed(&told, &attempt, Kind::Unavailable);

    // Some providers give one, whatever was asked for: a proper end of the transfer is an end.
    for last in ["", DONE] {
        let frames = first.clone().into_iter().chain([last.to_owned()]);
        let (told, attempt) = measure_for(two(), Answer::sse(frames)).await;
        assert!(told.error.is_none());
        assert_eq!(end(&attempt), End::Complete);
    }
}

#[tokio::test]
async fn an_event_that_lacks_its_blank_line_counts_if_it_is_whole() {
    for (lacking, shown) in [
        (finish("stop").trim_end().to_owned(), finish("stop")),
        (DONE.trim_end().to_owned(), DONE.to_owned()),
    ] {
        let (told, attempt) = measure(Answer::sse([text("hi"), lacking])).await;
        assert!(told.error.is_none(), "{told:?}");
        assert_eq!(told.frames[1], shown);
        assert_eq!(end(&attempt), End::Complete);
    }
    // The usage too, though it is not shown.
    let lacking = usage(9, 2).trim_end().to_owned();
    let (told, attempt) = measure(Answer::sse([text("hi"), finish("stop"), lacking])).await;
    assert_eq!(told.frames.len(), 2);
    assert_eq!(attempt.found().usage, read(9, 2));
}

#[tokio::test]
async fn comments_pass_and_are_not_content() {
    let ping = ": OPENROUTER PROCESSING\n\n".to_owned();
    let (told, attempt) = measure(Answer::sse([
        ping.clone(),
        ping.clone(),
        text("hi"),
        ping.clone(),
        finish("stop"),
        DONE.into(),
    ]))
    .await;
    assert_eq!(told.text().matches(&ping).count(), 3);
    assert_eq!(attempt.content_events(), 1);
}

#[tokio::test]
async fn an_endless_event_is_malformed_and_not_kept() {
    let piece = Bytes::from(vec![b'x'; 64 << 10]);
    let begin = Bytes::from_static(b"data: ");
    let frames = std::iter::once(begin).chain(std::iter::repeat_n(piece, 300));
    let (told, attempt) = measure(Answer::sse(frames)).await;
    assert_failed(&told, &attempt, Kind::Malformed);
    assert!(told.frames.is_empty());
}

#[tokio::test]
async fn nothing_after_done_is_passed_on() {
    let late = event(r#"{"error":{"message":"too late"}}"#);
    let events = [
        text("hi"),
        finish("stop"),
        DONE.into(),
        late,
        text("!"),
        DONE.into(),
    ];
    let (told, attempt) = measure(Answer::sse(events)).await;
    assert_eq!(told.frames.len(), 3);
    assert_eq!(end(&attempt), End::Complete);
}

#[tokio::test]
async fn a_break_after_the_finish_reason_is_an_end() {
    for last in [
        vec![finish("stop")],
        vec![finish("stop"), DONE.to_owned()],
        vec![DONE.to_owned()],
    ] {
        let frames = [vec![role(), text("hi")], last].concat();
        let (told, attempt) = measure(Answer::sse(frames).then(Step::Break)).await;
        assert!(told.error.is_none(), "{:?}", told.error);
        assert_eq!(end(&attempt), End::Complete);
    }
    let (told, attempt) = measure(Answer::sse([role(), text("hi")]).then(Step::Break)).await;
    assert_failed(&told, &attempt, Kind::Disconnected);
}

// === One JSON document ===

#[tokio::test]
async fn one_document_is_read_at_its_end() {
    let answer = Bytes::from(json("hi"));
    for sized in [true, false] {
        for at in [0, 1, answer.len() / 2, answer.len()] {
            let frames = [answer.slice(..at), answer.slice(at..)];
            let mut whole = Answer::json(frames);
            whole.sized = sized;
            let (told, attempt) = measure_for(unstreamed(), whole).await;
            assert_eq!(told.bytes(), answer);
            assert_eq!(attempt.found().usage, read(9, 2));
            assert_eq!(attempt.found().finish, Some(Finish::Stop));
            assert_eq!(end(&attempt), End::Complete);
        }
    }
}

#[tokio::test]
async fn one_document_in_a_thousand_frames() {
    let answer = json(&"long ".repeat(500));
    let frames = answer.as_bytes().chunks(3).map(<[u8]>::to_vec);
    let (told, attempt) = measure_for(unstreamed(), Answer::json(frames)).await;
    assert_eq!(told.text(), answer);
    assert_eq!(attempt.found().usage, read(9, 2));
}

#[tokio::test]
async fn one_document_where_a_stream_was_asked_for_is_an_answer_too() {
    let (told, attempt) = measure_for(streamed(), Answer::json([json("hi")])).await;
    assert_eq!(told.text(), json("hi"));
    assert_eq!(attempt.found().usage, read(9, 2));
    assert_eq!(end(&attempt), End::Complete);
}

#[tokio::test]
async fn a_stream_where_one_document_was_asked_for_is_read_as_what_it_is() {
    let (told, attempt) = measure_for(unstreamed(), Answer::sse(good("hi"))).await;
    assert_eq!(told.content(), "hi");
    assert_eq!(end(&attempt), End::Complete);
}

#[tokio::test]
async fn what_is_no_answer_in_a_200_is_an_error() {
    for (body, kind) in [
        ("", Kind::Truncated),
        (" \n ", Kind::Truncated),
        ("<html>Please log in</html>", Kind::Malformed),
        (r#"{"choices":[{"index":0,"#, Kind::Malformed),
        ("[]", Kind::Malformed),
        ("{}", Kind::Malformed),
        (
            r#"{"error":{"message":"Network connection lost."}}"#,
            Kind::Unavailable,
        ),
        (
            r#"{"error":{"message":"busy","code":429}}"#,
            Kind::RateLimited,
        ),
        (
            r#"{"error":{"message":"no","code":"insufficient_quota"}}"#,
            Kind::QuotaExhausted,
        ),
        (r#"{"error":"Network connection lost."}"#, Kind::Unavailable),
        // An object that says of which kind it is, and of no choice.
        (
            r#"{"object":"chat.completion","choices":null}"#,
            Kind::Malformed,
        ),
        (
            r#"{"object":"chat.completion","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":0}}"#,
            Kind::Malformed,
        ),
        (
            r#"{"choices":[],"prompt_filter_results":[]}"#,
            Kind::Malformed,
        ),
        (
            r#"{"object":"error","message":"busy","code":429}"#,
            Kind::RateLimited,
        ),
        (
            r#"{"choices":[{"index":0,"message":{"content":"half"},"finish_reason":"error"}]}"#,
            Kind::Unavailable,
        ),
    ] {
        for sized in [true, false] {
            let mut answer = Answer::json([body]);
            answer.sized = sized;
            let (told, attempt) = measure_for(unstreamed(), answer).await;
            let error = told.error.as_ref().unwrap_or_else(|| panic!("{body}"));
            assert_eq!(error.kind(), kind, "{body}");
            assert_eq!(end(&attempt), End::Failed(kind), "{body}");
        }
    }
}

#[tokio::test]
async fn a_body_without_a_frame_is_an_empty_answer() {
    let none: [Bytes; 0] = [];
    let (told, attempt) = measure_for(unstreamed(), Answer::json(none.clone())).await;
    assert_failed(&told, &attempt, Kind::Truncated);
    let (told, attempt) = measure(Answer::sse(none)).await;
    assert_failed(&told, &attempt, Kind::Truncated);
}

#[tokio::test]
async fn a_document_that_breaks_off_is_a_broken_connection() {
    let answer = Answer::json([r#"{"choices":["#]).then(Step::Break);
    let (told, attempt) = measure_for(unstreamed(), answer).await;
    assert_failed(&told, &attempt, Kind::Disconnected);
}

#[tokio::test]
async fn embeddings_are_answers() {
    let body = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"usage":{"prompt_tokens":3,"total_tokens":3}}"#;
    let (told, attempt) = measure_for(unstreamed(), Answer::json([body])).await;
    assert!(told.error.is_none());
    assert_eq!(attempt.found().usage, read(3, 0));
}

/// hyper asks no more once it has sent the trailers, so whoever waits for the end after them waits
/// for ever, and the usage of a whole answer was lost: the attempt counted as cancelled.
#[tokio::test]
async fn trailers_end_a_document() {
    let trailers = HeaderMap::from_iter([("x-cost".parse().unwrap(), "1".parse().unwrap())]);
    let answer = Answer::json([json("hi")]).then(Step::Trailers(trailers.clone()));
    let (request, call) = unstreamed();
    let mut body = metered(answer).oneshot(request).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap().into_data().unwrap();
    let frame = body.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_trailers().unwrap(), trailers);
    drop(body);
    let attempt = call.last().unwrap();
    assert_eq!(attempt.found().usage, read(9, 2));
    assert_eq!(end(&attempt), End::Complete);
}

#[tokio::test]
async fn trailers_of_a_stream_pass() {
    let trailers = HeaderMap::from_iter([("x-cost".parse().unwrap(), "1".parse().unwrap())]);
    let answer = Answer::sse(good("hi")).then(Step::Trailers(trailers.clone()));
    let (told, attempt) = measure(answer).await;
    assert_eq!(told.trailers, Some(trailers));
    assert_eq!(told.frames.len(), 4);
    assert_eq!(end(&attempt), End::Complete);
}

// === Calls of tools ===

const TOOLS: &str = r#"{"model":"acme/swift","stream":true,"tools":[
    {"type":"function","function":{"name":"time"}},
    {"type":"function","function":{"name":"weather","parameters":{"type":"object","additionalProperties":false,
        "required":["city"],"properties":{"city":{"type":"string"},"days":{"type":"integer"},"unit":{"enum":["C","F"]}}}}},
    {"type":"custom","custom":{"name":"shell"}},
    {"type":"openrouter:web_search"}]}"#;

/// A delta of one choice that carries this list of parts.
fn parts(choice: u8, parts: &str) -> String {
    event(&format!(
        r#"{{"choices":[{{"index":{choice},"delta":{{"tool_calls":[{parts}]}}}}]}}"#
    ))
}

fn ended(choice: u8, reason: &str) -> String {
    event(&format!(
        r#"{{"choices":[{{"index":{choice},"delta":{{}},"finish_reason":"{reason}"}}]}}"#
    ))
}

/// A whole call.
fn called(name: &str, arguments: &str) -> String {
    let arguments = serde_json::to_string(arguments).unwrap();
    format!(
        r#"{{"id":"c","type":"function","function":{{"name":"{name}","arguments":{arguments}}}}}"#
    )
}

type Verdict = Option<Result<(), BadCall>>;

/// What is thought of an answer to a request with tools that consists of these events, and `[DONE]`.
async fn judged_for(body: &str, events: &[String]) -> Verdict {
    let answer = Answer::sse([events.concat(), DONE.to_owned()]);
    let (told, attempt) = measure_for(asking(body), answer).await;
    assert!(told.error.is_none(), "{told:?}");
    assert_eq!(
        told.bytes(),
        [events.concat().as_bytes(), DONE.as_bytes()].concat()
    );
    attempt.found().tool_calls
}

async fn judged(events: &[String]) -> Verdict {
    judged_for(TOOLS, events).await
}

#[tokio::test]
async fn a_call_is_judged_by_its_json_its_name_and_its_schema() {
    use BadCall::{InvalidJson, SchemaMismatch, UnknownName};
    for (name, arguments, verdict) in [
        ("time", "{}", Ok(())),
        ("time", r#"{"anything":[1]}"#, Ok(())),
        ("time", " null ", Ok(())),
        ("time", "", Err(InvalidJson)),
        ("time", "{", Err(InvalidJson)),
        ("time", "{} {}", Err(InvalidJson)),
        ("time", "{'a':1}", Err(InvalidJson)),
        ("Time", "{}", Err(UnknownName)),
        ("", "{}", Err(UnknownName)),
        ("openrouter:web_search", "{}", Err(UnknownName)),
        ("weather", r#"{"city":"Ulm","days":3,"unit":"C"}"#, Ok(())),
        ("weather", r#"{"city":"Ulm","days":3.0}"#, Ok(())),
        ("weather", r#"{"days":3}"#, Err(SchemaMismatch)),
        ("weather", r#"{"city":7}"#, Err(SchemaMismatch)),
        (
            "weather",
            r#"{"city":"Ulm","days":3.5}"#,
            Err(SchemaMismatch),
        ),
        (
            "weather",
            r#"{"city":"Ulm","unit":"K"}"#,
            Err(SchemaMismatch),
        ),
        ("weather", r#"{"city":"Ulm","more":1}"#, Err(SchemaMismatch)),
        ("weather", r#"["Ulm"]"#, Err(SchemaMismatch)),
    ] {
        let call = called(name, arguments);
        let answer = [parts(0, &call), ended(0, "tool_calls")];
        assert_eq!(judged(&answer).await, Some(verdict), "{call}");
        // And as one document.
        let json = format!(
            r#"{{"choices":[{{"message":{{"tool_calls":[{call}]}},"finish_reason":"tool_calls"}}]}}"#
        );
        let (_, attempt) = measure_for(asking(TOOLS), Answer::json([json])).await;
        assert_eq!(attempt.found().tool_calls, Some(verdict), "{call}");
    }
}

#[tokio::test]
async fn only_an_answer_that_ends_in_calls_to_a_request_with_tools_is_judged() {
    let bad = parts(0, &called("weather", "{"));
    assert_eq!(judged(&[text("hi"), finish("stop")]).await, None);
    assert_eq!(judged(&[bad.clone(), ended(0, "length")]).await, None);
    let ended_so = |reason| [bad.clone(), ended(0, reason)];
    assert!(judged(&ended_so("tool_calls")).await.is_some());
    assert!(judged(&ended_so("function_call")).await.is_some());
    for tools in ["", r#","tools":[]"#, r#","tools":null"#] {
        let body = format!(r#"{{"model":"acme/swift","stream":true{tools}}}"#);
        assert_eq!(judged_for(&body, &ended_so("tool_calls")).await, None);
    }
}

/// Parts of two calls come mixed, each some bytes long, with an index or without one.
#[tokio::test]
async fn parts_are_put_together_by_their_call() {
    let whole = [
        r#"{"city":"Ulm \"Mitte\" \u00f6","days":2}"#,
        r#"{"city":"Bonn"}"#,
    ];
    for size in [1, 2, 7, 100] {
        let piece = |text: &str, at: usize| {
            let chars: Vec<char> = text.chars().skip(at * size).take(size).collect();
            chars.into_iter().collect::<String>()
        };
        for broken in [false, true] {
            let mut events = vec![
                parts(
                    0,
                    r#"{"index":0,"id":"a","function":{"name":"weather","arguments":""}}"#,
                ),
                parts(
                    0,
                    r#"{"index":1,"id":"b","function":{"name":"wea"}},{"index":1,"function":{"name":"ther"}}"#,
                ),
            ];
            for at in 0..60 {
                for (index, text) in whole.iter().enumerate() {
                    let piece = serde_json::to_string(&piece(text, at)).unwrap();
                    events.push(parts(
                        0,
                        &format!(r#"{{"index":{index},"function":{{"arguments":{piece}}}}}"#),
                    ));
                }
            }
            if broken {
                events.push(parts(0, r#"{"index":1,"function":{"arguments":"}"}}"#));
            }
            events.push(ended(0, "tool_calls"));
            let verdict = if broken {
                Err(BadCall::InvalidJson)
            } else {
                Ok(())
            };
            assert_eq!(judged(&events).await, Some(verdict), "{size}");
        }
    }
}

/// Some providers do not say to which call a part belongs, and some say the name each time.
#[tokio::test]
async fn parts_without_an_index_are_of_the_last_call() {
    let answer = [
        parts(
            0,
            r#"{"id":"a","function":{"name":"weather","arguments":"{\"city\":"}}"#,
        ),
        parts(
            0,
            r#"{"function":{"name":"weather","arguments":"\"Ulm\"}"}}"#,
        ),
        parts(
            0,
            r#"{"id":"b","function":{"name":"time","arguments":"{}"}}"#,
        ),
        ended(0, "tool_calls"),
    ];
    assert_eq!(judged(&answer).await, Some(Ok(())));
}

/// The index of a choice may follow what the choice says.
#[tokio::test]
async fn each_choice_has_its_own_calls() {
    let body = TOOLS.replacen('{', r#"{"n":2,"#, 1);
    let late = |choice: u8, arguments: &str| {
        event(&format!(
            r#"{{"choices":[{{"delta":{{"tool_calls":[{{"index":0,"function":{{"name":"time","arguments":"{arguments}"}}}}]}},"index":{choice}}}]}}"#
        ))
    };
    let good = [
        late(0, "{"),
        late(1, "{"),
        late(1, "}"),
        late(0, "}"),
        ended(0, "stop"),
        ended(1, "tool_calls"),
    ];
    assert_eq!(judged_for(&body, &good).await, Some(Ok(())));
    let bad = [
        late(0, "{"),
        late(1, "{}"),
        ended(0, "tool_calls"),
        ended(1, "tool_calls"),
    ];
    assert_eq!(
        judged_for(&body, &bad).await,
        Some(Err(BadCall::InvalidJson))
    );
}

/// The call comes in the event that ends it.
#[tokio::test]
async fn a_call_may_come_with_the_end() {
    let call = called("weather", "no");
    let last = event(&format!(
        r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{call}]}},"finish_reason":"tool_calls"}}]}}"#
    ));
    assert_eq!(judged(&[last]).await, Some(Err(BadCall::InvalidJson)));
}

/// What a custom tool is given is text, and what an object is given as is no string.
#[tokio::test]
async fn not_all_arguments_are_spelled_alike() {
    for (call, verdict) in [
        (
            r#"{"type":"custom","custom":{"name":"shell","input":"ls -l {"}}"#,
            Ok(()),
        ),
        (
            r#"{"type":"custom","custom":{"name":"sh","input":"ls"}}"#,
            Err(BadCall::UnknownName),
        ),
        (
            r#"{"function":{"name":"weather","arguments":{"city":"Ulm"}}}"#,
            Ok(()),
        ),
        (
            r#"{"function":{"name":"weather","arguments":{"city":[]}}}"#,
            Err(BadCall::SchemaMismatch),
        ),
        (
            r#"{"function":{"name":"weather","arguments":null}}"#,
            Err(BadCall::InvalidJson),
        ),
    ] {
        let answer = [parts(0, call), ended(0, "tool_calls")];
        assert_eq!(judged(&answer).await, Some(verdict), "{call}");
    }
    let call =
        r#"{"choices":[{"index":0,"delta":{"function_call":{"name":"time","arguments":"{"}}}]}"#;
    let answer = [event(call), ended(0, "function_call")];
    assert_eq!(judged(&answer).await, Some(Err(BadCall::InvalidJson)));
}

#[tokio::test]
async fn an_answer_of_too_many_calls_is_not_judged() {
    let calls = |count: usize| -> Vec<String> {
        let call =
            |index| format!(r#"{{"index":{index},"function":{{"name":"time","arguments":"{{"}}}}"#);
        (0..count)
            .map(|index| parts(0, &call(index)))
            .chain([ended(0, "tool_calls")])
            .collect()
    };
    assert_eq!(judged(&calls(128)).await, Some(Err(BadCall::InvalidJson)));
    assert_eq!(judged(&calls(129)).await, None);
    // Each time that one is over the tools are read, be they megabytes.
    let over = |count: usize| -> Vec<String> {
        let one = parts(0, &called("time", "{}"));
        let turns = std::iter::repeat_n([one, ended(0, "tool_calls")], count);
        turns.flatten().collect()
    };
    assert_eq!(judged(&over(128)).await, Some(Ok(())));
    assert_eq!(judged(&over(129)).await, None);
    let long = |len: usize| {
        let call = called("time", &"{".repeat(len - "time".len()));
        [parts(0, &call), ended(0, "tool_calls")]
    };
    assert_eq!(
        judged(&long(64 << 10)).await,
        Some(Err(BadCall::InvalidJson))
    );
    assert_eq!(judged(&long((64 << 10) + 1)).await, None);
}

/// A schema that refers to itself, or that doubles with each level, costs no more than any other; what is no schema is
/// met by all.
#[tokio::test]
async fn no_schema_stops_the_clock() {
    let mut doubling = String::from(r#"{"type":"string"}"#);
    for _ in 0..13 {
        doubling = format!(r#"{{"allOf":[{doubling},{doubling}]}}"#);
    }
    for (schema, verdict) in [
        (r##"{"$ref":"#"}"##, Ok(())),
        (
            r##"{"$ref":"https://elsewhere.example/schema.json","type":"string"}"##,
            Ok(()),
        ),
        (r#"{"pattern":"(a+)+$"}"#, Ok(())),
        (r#"7"#, Ok(())),
        (r#"{"type":"nonsense"}"#, Ok(())),
        (r#"false"#, Err(BadCall::SchemaMismatch)),
        (&doubling, Err(BadCall::SchemaMismatch)),
        (&doubling.replace("string", "object"), Ok(())),
    ] {
        let body = format!(
            r#"{{"model":"acme/swift","stream":true,"tools":[{{"type":"function","function":{{"name":"f","parameters":{schema}}}}}]}}"#
        );
        let answer = [parts(0, &called("f", r#"{"a":1}"#)), ended(0, "tool_calls")];
        assert_eq!(
            judged_for(&body, &answer).await,
            Some(verdict),
            "{schema:.80}"
        );
    }
}

// === Refusals ===

async fn refused(answer: Answer) -> (Error, Attempt) {
    let (told, attempt) = measure(answer).await;
    (told.error.unwrap(), attempt)
}

#[tokio::test]
async fn an_answer_that_is_not_2xx_is_an_error_with_what_it_says() {
    for (status, body, kind) in [
        (
            400,
            r#"{"error":{"message":"bad","type":"invalid_request_error"}}"#,
            Kind::Refused,
        ),
        (
            400,
            r#"{"error":{"message":"x","code":"context_length_exceeded"}}"#,
            Kind::ContextTooLong,
        ),
        (
            401,
            r#"{"error":{"message":"Incorrect API key sk-123"}}"#,
            Kind::UpstreamAuth,
        ),
        (402, "", Kind::QuotaExhausted),
        (404, "not found", Kind::ModelMissing),
        (429, "{}", Kind::RateLimited),
        (
            429,
            r#"{"error":{"code":"insufficient_quota"}}"#,
            Kind::QuotaExhausted,
        ),
        (500, "<html>", Kind::Unavailable),
        (503, "", Kind::Overloaded),
        (301, "", Kind::Unavailable),
    ] {
        let (error, attempt) = refused(Answer::status(status, body)).await;
        assert_eq!(error.kind(), kind, "{status} {body}");
        assert_eq!(error.upstream().unwrap().status, Some(status));
        assert!(!error.message().contains("sk-123"));
        assert_eq!(attempt.found().status, Some(status));
        assert_eq!(end(&attempt), End::Failed(kind));
    }
}

#[tokio::test]
async fn retry_after_is_read_in_its_spellings() {
    let busy = || Answer::status(429, "{}");
    let (error, _) = refused(busy().header("retry-after", "7")).await;
    assert_eq!(error.retry_after(), Some(secs(7)));
    let answer = busy()
        .header("retry-after", "9")
        .header("retry-after-ms", "1500");
    let (error, _) = refused(answer).await;
    assert_eq!(error.retry_after(), Some(flow::millis(1500)));
    let past = "Wed, 21 Oct 2015 07:28:00 GMT";
    let (error, _) = refused(busy().header("retry-after", past)).await;
    assert_eq!(error.retry_after(), Some(secs(0)));
    let (error, _) = refused(busy()).await;
    assert_eq!(error.retry_after(), None);
}

#[tokio::test]
async fn of_an_error_body_only_so_much_is_read() {
    // It never ends, and nobody waits for its end.
    let piece = Bytes::from(vec![b' '; 16 << 10]);
    let steps = std::iter::repeat_n(Step::Data(piece), 100).chain([Step::Hang]);
    let mut answer = Answer::steps(steps);
    answer.status = http::StatusCode::BAD_GATEWAY;
    let (error, _) = refused(answer).await;
    assert_eq!(error.kind(), Kind::Unavailable);
}

#[tokio::test]
async fn an_error_body_that_breaks_leaves_its_status() {
    let (error, _) = refused(Answer::status(429, "{\"err").then(Step::Break)).await;
    assert_eq!(error.kind(), Kind::RateLimited);
}

#[tokio::test]
async fn no_answer_at_all_is_the_network() {
    let (error, attempt) = refused(Answer::refuse(io::ErrorKind::ConnectionRefused)).await;
    assert_eq!(error.kind(), Kind::Connect);
    assert_eq!(end(&attempt), End::Failed(Kind::Connect));
    let (error, _) = refused(Answer::refuse(io::ErrorKind::ConnectionReset)).await;
    assert_eq!(error.kind(), Kind::Disconnected);
}

// === The caller leaves ===

async fn frames(body: &mut Body<flow::Flow>, count: usize) {
    for _ in 0..count {
        body.frame().await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_caller_who_leaves_in_the_middle_cancels() {
    for (read_frames, expected) in [
        (0, End::Cancelled),
        (1, End::Cancelled),
        (2, End::Cancelled),
        // The finish reason, `[DONE]`: everything was said.
        (3, End::Complete),
        (4, End::Complete),
    ] {
        let client = Client::new([Answer::sse(good("hi")).then(Step::Hang)]);
        let (request, call) = streamed();
        let service = MeterLayer::new().layer(client.clone());
        let mut body = service.oneshot(request).await.unwrap().into_body();
        frames(&mut body, read_frames).await;
        assert_eq!(client.alive(), 1);
        drop(body);
        assert_eq!(client.alive(), 0);
        assert_eq!(end(&call.last().unwrap()), expected, "after {read_frames}");
    }
}

/// A caller may stop at the finish reason, and the usage that had come with it was thrown away unread.
#[tokio::test]
async fn what_has_come_is_read_though_the_caller_has_left() {
    let bad = event(r#"{"error":{"message":"gone","code":502}}"#);
    let half = usage(9, 2).trim_end().to_owned();
    for (name, rest, found, expected) in [
        ("the bill", usage(9, 2) + DONE, read(9, 2), End::Complete),
        ("half of an event", half, None, End::Complete),
        (
            "an error",
            bad.clone() + &usage(9, 2),
            read(9, 2),
            End::Complete,
        ),
    ] {
        let chunk = [text("hi"), finish("stop"), rest].concat();
        let (request, call) = streamed();
        let service = metered(Answer::sse([chunk]).then(Step::Hang));
        let mut body = service.oneshot(request).await.unwrap().into_body();
        frames(&mut body, 2).await;
        drop(body);
        let attempt = call.last().unwrap();
        assert_eq!(attempt.found().usage, found, "{name}");
        assert_eq!(end(&attempt), expected, "{name}");
    }
    // What breaks off behind the back of the caller is no failure of which anyone heard.
    let (request, call) = streamed();
    let service = metered(Answer::sse([text("hi") + &text("!") + &bad]).then(Step::Hang));
    let mut body = service.oneshot(request).await.unwrap().into_body();
    frames(&mut body, 1).await;
    drop(body);
    let attempt = call.last().unwrap();
    assert_eq!(attempt.content_events(), 2);
    assert_eq!(end(&attempt), End::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_before_the_headers_cancels() {
    let client = Client::new([Answer::silence()]);
    let (request, call) = streamed();
    let service = MeterLayer::new().layer(client.clone());
    let answer = tokio::time::timeout(secs(1), service.oneshot(request)).await;
    assert!(answer.is_err());
    assert_eq!(client.alive(), 0);
    assert_eq!(end(&call.last().unwrap()), End::Cancelled);
}

/// Asked again after its end, many a body panics; the strict one here does.
#[tokio::test]
async fn a_body_is_not_asked_again_after_its_end() {
    let lacking = finish("stop").trim_end().to_owned();
    let (told, _) = measure(Answer::sse([text("hi"), lacking])).await;
    assert_eq!(told.frames.len(), 2);
}

/// `[DONE]` and no word before it is no answer, and one need not wait for the connection to know.
#[tokio::test(start_paused = true)]
async fn done_without_an_answer_fails_at_once() {
    let steps = [Step::data(role()), Step::data(DONE), Step::Hang];
    let answer = tokio::time::timeout(secs(1), measure(Answer::steps(steps))).await;
    let (told, attempt) = answer.expect("it need not wait");
    assert_failed(&told, &attempt, Kind::Truncated);
}

#[tokio::test]
async fn an_answer_of_no_tokens_but_a_finish_reason_is_one() {
    let (told, attempt) = measure(Answer::sse([role(), finish("stop"), DONE.into()])).await;
    assert!(told.error.is_none());
    assert_eq!(end(&attempt), End::Complete);
}
