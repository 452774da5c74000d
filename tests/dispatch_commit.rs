//! `commit`: nothing is promised before the first content, and every stream has a proper end.

mod flow;

use flow::{
    Answer, Client, DONE, Step, Told, asking, assert_proper_end, event, finish, good, json, role,
    secs, streamed, tell, text, unstreamed, usage,
};
use http::{HeaderMap, Request, Response};
use http_body::Body as _;
use http_body_util::BodyExt;
use serde_json::Value;
use switchtower::dispatch::commit::{Body, Bounds, CommitLayer};
use switchtower::meter::{self, MeterLayer};
use switchtower::wire::Dialect;
use switchtower::{Call, End, Error, Kind, Payload};
use tower::{Layer, ServiceBuilder, ServiceExt};

type Committed = Response<Body<meter::Body<flow::Flow>>>;

async fn ask(client: &Client, request: Request<Payload>) -> Result<Committed, Error> {
    let stack = ServiceBuilder::new()
        .layer(CommitLayer::new())
        .layer(MeterLayer::new().always_usage())
        .service(client.clone());
    stack.oneshot(request).await
}

async fn told(answer: Answer) -> Told {
    let response = ask(&Client::new([answer]), streamed().0).await.unwrap();
    tell(response.into_body()).await
}

async fn refused(answer: Answer) -> Kind {
    let client = Client::new([answer]);
    let (request, call) = streamed();
    let error = ask(&client, request).await.map(drop).unwrap_err();
    assert_eq!(client.alive(), 0, "the upstream is let go first");
    let ended = call.last().unwrap().ended().unwrap().0;
    assert_eq!(ended, End::Failed(error.kind()));
    error.kind()
}

// === Before the first content ===

#[tokio::test(start_paused = true)]
async fn what_is_no_content_is_held_back_and_then_comes_in_order() {
    let ping = ": OPENROUTER PROCESSING\n\n";
    let empty = event(r#"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":null}]}"#);
    let none = event(r#"{"choices":[{"index":0,"delta":{"content":null},"finish_reason":null}]}"#);
    let before = [ping.to_owned(), role(), ping.to_owned(), empty, none];
    let steps = before.iter().map(|event| Step::data(event.clone()));
    let steps = steps.chain([Step::Wait(secs(5)), Step::data(text("Hel")), Step::Hang]);
    let client = Client::new([Answer::steps(steps)]);
    let began = tokio::time::Instant::now();

    let response = ask(&client, streamed().0).await.unwrap();
    assert_eq!(began.elapsed(), secs(5));
    let mut body = response.into_body();
    for expected in before.iter().chain([&text("Hel")]) {
        for part in expected.split_inclusive("\n\n") {
            let mut got = String::new();
            // A comment and the blank line after it are two frames.
            while got.len() < part.len() {
                let data = body.frame().await.unwrap().unwrap().into_data().unwrap();
                got.push_str(std::str::from_utf8(&data).unwrap());
            }
            assert_eq!(got, part);
        }
    }
    drop(body);
    assert_eq!(client.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_content_is_content() {
    for delta in [
        r#"{"content":"x"}"#,
        r#"{"reasoning":"x"}"#,
        r#"{"reasoning_content":"x"}"#,
        r#"{"refusal":"x"}"#,
        r#"{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":""}}]}"#,
    ] {
        let chunk =
            format!(r#"{{"choices":[{{"index":0,"delta":{delta},"finish_reason":null}}]}}"#);
        let steps = [Step::data(role()), Step::data(event(&chunk)), Step::Hang];
        let client = Client::new([Answer::steps(steps)]);
        let answer = tokio::time::timeout(secs(1), ask(&client, streamed().0)).await;
        assert!(answer.is_ok(), "{delta}");
    }
}

#[tokio::test]
async fn every_failure_before_content_is_an_err() {
    let error = event(r#"{"error":{"message":"busy","type":"overloaded_error"}}"#);
    for (answer, kind) in [
        (
            Answer::refuse(std::io::ErrorKind::ConnectionRefused),
            Kind::Connect,
        ),
        (Answer::status(503, "{}"), Kind::Overloaded),
        (Answer::sse([error.clone()]), Kind::Overloaded),
        (Answer::sse([role(), error]), Kind::Overloaded),
        (Answer::sse([role()]), Kind::Truncated),
        (Answer::sse([role(), DONE.into()]), Kind::Truncated),
        (Answer::sse([role(), event("{")]), Kind::Malformed),
        (Answer::sse([role()]).then(Step::Break), Kind::Disconnected),
        (Answer::json(["<html>"]), Kind::Malformed),
        (Answer::json([""]), Kind::Truncated),
        (
            Answer::json([r#"{"choices":"#]).then(Step::Break),
            Kind::Disconnected,
        ),
        (
            Answer::json([r#"{"error":{"code":429}}"#]),
            Kind::RateLimited,
        ),
    ] {
        let story = format!("{answer:?}");
        assert_eq!(refused(answer).await, kind, "{story}");
    }
}

#[tokio::test]
async fn a_caller_who_leaves_before_content_lets_the_upstream_go() {
    let client = Client::new([Answer::sse([role()]).then(Step::Hang)]);
    let (request, call) = streamed();
    {
        let mut asking = std::pin::pin!(ask(&client, request));
        assert!(futures_util::poll!(asking.as_mut()).is_pending());
        assert_eq!(client.alive(), 1);
    }
    assert_eq!(client.alive(), 0);
    assert_eq!(call.last().unwrap().ended().unwrap().0, End::Cancelled);
}

#[tokio::test]
async fn an_answer_without_content_but_with_a_finish_reason_is_one() {
    let told = told(Answer::sse([role(), finish("content_filter"), DONE.into()])).await;
    assert_proper_end(&told);
    assert_eq!(told.frames.len(), 3);
}

// === The end of a stream ===

#[tokio::test]
async fn a_proper_answer_is_not_touched() {
    let events = [
        role(),
        text("Hel"),
        text("lo"),
        finish("stop"),
        usage(9, 2),
        DONE.to_owned(),
    ];
    let told = told(Answer::sse(events.clone())).await;
    assert_eq!(told.frames, events);
    assert_proper_end(&told);
}

#[tokio::test]
async fn a_failure_after_content_is_one_error_chunk_and_done() {
    let error = r#"{"error":{"message":"secret account 7","code":500,"type":"server_error"}}"#;
    for (answer, error_type) in [
        (
            Answer::sse([role(), text("Hel"), event(error)]),
            "provider_unavailable",
        ),
        (Answer::sse([role(), text("Hel")]), "provider_unavailable"),
        (
            Answer::sse([role(), text("Hel"), "data: {\"cho".into()]),
            "provider_unavailable",
        ),
        (
            Answer::sse([role(), text("Hel"), event("{")]),
            "provider_unavailable",
        ),
        (
            Answer::sse([role(), text("Hel")]).then(Step::Break),
            "provider_unavailable",
        ),
        (
            Answer::sse([role(), text("Hel"), event(r#"{"error":{"code":429}}"#)]),
            "rate_limit_exceeded",
        ),
        (
            Answer::sse([role(), text("Hel"), finish("error"), DONE.into()]),
            "provider_unavailable",
        ),
    ] {
        let story = format!("{answer:?}");
        let client = Client::new([answer]);
        let (request, call) = streamed();
        let response = ask(&client, request).await.unwrap();
        let told = tell(response.into_body()).await;
        assert!(told.error.is_none(), "{story}");
        assert_proper_end(&told);
        assert_eq!(told.content(), "Hel", "{story}");
        assert_eq!(told.data().len(), 4, "{}", told.text());
        assert!(!told.text().contains("secret"), "{}", told.text());

        let chunk = told.last_chunk();
        assert_eq!(
            chunk["error"]["metadata"]["error_type"], error_type,
            "{story}"
        );
        assert!(chunk["error"]["code"].is_u64());
        assert_eq!(chunk["choices"][0]["finish_reason"], "error");
        assert_eq!(chunk["choices"][0]["index"], 0);
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert_eq!(chunk["id"], call.id().as_str());
        assert!(matches!(
            call.last().unwrap().ended().unwrap().0,
            End::Failed(_)
        ));
    }
}

#[tokio::test]
async fn the_error_chunk_speaks_the_dialect_of_the_caller() {
    let client = Client::new([Answer::sse([text("Hel")])]);
    let (request, call) = streamed();
    call.set_dialect(Dialect::OpenAi);
    let told = tell(ask(&client, request).await.unwrap().into_body()).await;
    let error = &told.last_chunk()["error"];
    assert!(error["code"].is_string(), "{error}");
    assert_eq!(error["type"], "server_error");
}

#[tokio::test]
async fn the_upstream_is_let_go_when_the_answer_breaks() {
    let error = event(r#"{"error":{"message":"busy","code":503}}"#);
    let steps = [Step::data(text("a")), Step::data(error), Step::Hang];
    let client = Client::new([Answer::steps(steps)]);
    let mut body = ask(&client, streamed().0).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    assert_eq!(client.alive(), 1);
    body.frame().await.unwrap().unwrap();
    assert_eq!(client.alive(), 0, "before the error chunk is out");
    assert!(!body.is_end_stream());
    body.frame().await.unwrap().unwrap();
    assert!(body.is_end_stream());
}

#[tokio::test]
async fn a_forgotten_finish_reason_is_said() {
    let told = told(Answer::sse([role(), text("Hel"), text("lo"), DONE.into()])).await;
    assert_proper_end(&told);
    let chunk = told.last_chunk();
    assert_eq!(chunk["choices"][0]["finish_reason"], "stop");
    assert_eq!(told.content(), "Hello");
    assert_eq!(told.data().len(), 5);
}

#[tokio::test]
async fn a_forgotten_done_is_said() {
    for answer in [
        Answer::sse([role(), text("hi"), finish("stop")]),
        Answer::sse([role(), text("hi"), finish("stop"), usage(9, 2)]),
        Answer::sse([role(), text("hi"), finish("stop")]).then(Step::Break),
        Answer::sse([role(), text("hi"), finish("stop").trim_end().to_owned()]),
    ] {
        assert_proper_end(&told(answer).await);
    }
}

/// Some servers name their events or number them, and a byte order mark may come first: `[DONE]` is
/// then not all that its event says. It was not known for what it is, and said twice.
#[tokio::test]
async fn done_is_known_however_it_is_spelled() {
    for done in [
        "event: done\ndata: [DONE]\n\n",
        "id: 9\ndata:[DONE]\n\n",
        "data:  [DONE] \r\n\r\n",
    ] {
        let told = told(Answer::sse([
            role(),
            text("hi"),
            finish("stop"),
            done.to_owned(),
        ]))
        .await;
        assert_eq!(told.text().matches("[DONE]").count(), 1, "{}", told.text());
        let told = self::told(Answer::sse([role(), text("hi"), done.to_owned()])).await;
        assert_eq!(told.text().matches("[DONE]").count(), 1, "{}", told.text());
        assert_eq!(told.last_chunk()["choices"][0]["finish_reason"], "stop");
    }
}

/// Of several choices the first was told to be finished, whichever was not.
#[tokio::test]
async fn a_forgotten_finish_reason_is_that_of_the_choice_which_lacks_it() {
    let of = |index: u32, finish: &str| {
        event(&format!(
            r#"{{"choices":[{{"index":{index},"delta":{{"content":"x"}},"finish_reason":{finish}}}]}}"#
        ))
    };
    let some = [
        of(0, "null"),
        of(1, "null"),
        of(2, "null"),
        of(0, "\"stop\""),
        DONE.into(),
    ];
    let told = told(Answer::sse(some)).await;
    assert_proper_end(&told);
    let none = [of(1, "null"), of(3, "null"), DONE.into()];
    let told = self::told(Answer::sse(none)).await;
    assert_proper_end(&told);
}

#[tokio::test]
async fn one_choice_where_two_were_asked_for_has_a_proper_end() {
    for last in ["", DONE] {
        let answer = Answer::sse([role(), text("hi"), finish("stop"), last.to_owned()]);
        let (request, _) = asking(r#"{"model":"m","stream":true,"n":2}"#);
        let response = ask(&Client::new([answer]), request).await.unwrap();
        let told = tell(response.into_body()).await;
        assert_proper_end(&told);
        assert_eq!(told.data().len(), 4);
    }
}

#[tokio::test]
async fn trailers_come_after_the_last_event() {
    let trailers = HeaderMap::from_iter([("x-cost".parse().unwrap(), "1".parse().unwrap())]);
    for events in [
        good("hi"),
        vec![role(), text("hi"), finish("stop")],
        vec![role(), text("hi"), DONE.to_owned()],
    ] {
        let answer = Answer::sse(events).then(Step::Trailers(trailers.clone()));
        let response = ask(&Client::new([answer]), streamed().0).await.unwrap();
        let mut body = response.into_body();
        let mut told = Told::default();
        while let Some(frame) = body.frame().await {
            assert!(told.trailers.is_none(), "data after trailers");
            match frame.unwrap().into_data() {
                Ok(data) => told.frames.push(data),
                Err(frame) => told.trailers = frame.into_trailers().ok(),
            }
        }
        assert_eq!(told.trailers.as_ref(), Some(&trailers));
        assert_proper_end(&told);
    }
}

#[tokio::test]
async fn the_length_of_a_stream_is_not_promised() {
    let answer = Answer::sse(good("hi")).header("content-length", "999");
    let response = ask(&Client::new([answer]), streamed().0).await.unwrap();
    assert!(!response.headers().contains_key("content-length"));
    assert_eq!(response.body().size_hint().upper(), None);
    assert!(response.extensions().get::<Call>().is_some());
}

// === One document ===

#[tokio::test(start_paused = true)]
async fn a_document_is_held_until_it_is_whole() {
    let whole = json("hi");
    let (head, tail) = whole.split_at(20);
    for sized in [true, false] {
        let steps = [
            Step::data(head.to_owned()),
            Step::Wait(secs(3)),
            Step::data(tail.to_owned()),
        ];
        let mut answer = Answer::steps(steps).header("content-type", "application/json");
        answer.sized = sized;
        let answer = answer.header("content-length", &whole.len().to_string());
        let began = tokio::time::Instant::now();
        let response = ask(&Client::new([answer]), unstreamed().0).await.unwrap();
        assert_eq!(began.elapsed(), secs(3));
        assert_eq!(
            response.headers()["content-length"],
            whole.len().to_string()
        );
        assert_eq!(
            response.body().size_hint().exact(),
            Some(whole.len() as u64)
        );
        assert_eq!(tell(response.into_body()).await.text(), whole);
    }
}

#[tokio::test]
async fn trailers_of_a_document_pass() {
    let trailers = HeaderMap::from_iter([("x-cost".parse().unwrap(), "1".parse().unwrap())]);
    let answer = Answer::json([json("hi")]).then(Step::Trailers(trailers.clone()));
    let response = ask(&Client::new([answer]), unstreamed().0).await.unwrap();
    let told = tell(response.into_body()).await;
    assert_eq!((told.text(), told.trailers), (json("hi"), Some(trailers)));
}

// === Bounds ===

type Asking = std::pin::Pin<Box<dyn Future<Output = Result<Committed, Error>>>>;

fn ask_within(bounds: Bounds, answer: Answer, request: Request<Payload>) -> Asking {
    let inner = MeterLayer::new().layer(Client::new([answer]));
    let layer = CommitLayer::new().bounds(bounds);
    Box::pin(layer.layer(inner).oneshot(request))
}

#[tokio::test]
async fn what_is_held_back_is_bounded() {
    let bounds = Bounds {
        stream_bytes: 1000,
        stream_events: 10,
        whole_bytes: 100,
    };
    // Eleven small events, or two large ones: it has to be promised, while one document cannot be.
    let many = std::iter::repeat_n(Step::data(role()), 5)
        .chain(std::iter::repeat_n(Step::data(":\n\n"), 6))
        .chain([Step::Hang]);
    let long = format!(": {}\n\n", "x".repeat(600));
    let large = std::iter::repeat_n(Step::data(long), 2).chain([Step::Hang]);
    let huge = [Step::data("x".repeat(101)), Step::Hang];
    for (answer, promised) in [
        (Answer::steps(many), true),
        (Answer::steps(large), true),
        (
            Answer::steps(huge).header("content-type", "application/json"),
            false,
        ),
    ] {
        let story = format!("{answer:?}");
        let mut asking = ask_within(bounds, answer, streamed().0);
        match futures_util::poll!(asking.as_mut()) {
            std::task::Poll::Ready(answer) => assert_eq!(answer.is_ok(), promised, "{story}"),
            std::task::Poll::Pending => panic!("it waits: {story}"),
        }
    }
}

#[tokio::test]
async fn a_stream_over_the_bounds_that_fails_is_told_in_band() {
    let bounds = Bounds {
        stream_bytes: 10,
        ..Bounds::default()
    };
    let response = ask_within(bounds, Answer::sse([role()]), streamed().0)
        .await
        .unwrap();
    let told = tell(response.into_body()).await;
    assert_proper_end(&told);
    assert_eq!(told.last_chunk()["choices"][0]["finish_reason"], "error");
}

/// What cannot be held cannot be promised: a gateway that let it through would have to hold it all the same.
#[tokio::test]
async fn a_document_over_the_bounds_is_a_failure() {
    let whole = json(&"long ".repeat(100));
    let (head, tail) = whole.split_at(200);
    let bounds = Bounds {
        whole_bytes: 100,
        ..Bounds::default()
    };
    let answer = Answer::json([head.to_owned(), tail.to_owned()]);
    let answered = ask_within(bounds, answer, unstreamed().0).await;
    let error = answered.map(drop).unwrap_err();
    assert_eq!(error.kind(), Kind::Malformed);
    assert!(error.message().contains("100 bytes"), "{error}");
}

// === Without `meter` ===

#[tokio::test]
async fn without_meter_the_first_frame_counts_as_content_and_nothing_is_added() {
    let service = CommitLayer::new().layer(Client::new([Answer::sse([role(), text("hi")])]));
    let response = service.oneshot(streamed().0).await.unwrap();
    let told = tell(response.into_body()).await;
    assert_eq!(told.text(), [role(), text("hi")].concat());
}

/// Asked again after its end, many a body panics; the strict one here does.
#[tokio::test]
async fn a_body_is_not_asked_again_after_its_end() {
    let none: [String; 0] = [];
    for answer in [
        Answer::sse(none.clone()),
        Answer::json(none.clone()).unsized_(),
        Answer::json(["{}"]).unsized_(),
    ] {
        let service = CommitLayer::new().layer(Client::new([answer]));
        let response = service.oneshot(streamed().0).await.unwrap();
        assert!(tell(response.into_body()).await.error.is_none());
    }
}

#[tokio::test]
async fn without_meter_a_break_is_told_in_band_too() {
    let answer = Answer::sse([text("hi")]).then(Step::Break);
    let service = CommitLayer::new().layer(Client::new([answer]));
    let response = service.oneshot(streamed().0).await.unwrap();
    assert_proper_end(&tell(response.into_body()).await);
}

#[tokio::test]
async fn each_data_line_of_any_broken_answer_is_json_or_done() {
    let whole = [
        role(),
        text("Hel"),
        text("lo"),
        finish("stop"),
        usage(9, 2),
        DONE.to_owned(),
    ]
    .concat();
    for at in 0..whole.len() {
        for broken in [false, true] {
            let mut answer = Answer::sse([whole[..at].to_owned()]);
            if broken {
                answer = answer.then(Step::Break);
            }
            let client = Client::new([answer]);
            match ask(&client, asking(r#"{"model":"m","stream":true}"#).0).await {
                Ok(response) => {
                    let told = tell(response.into_body()).await;
                    assert_proper_end(&told);
                    let chunks = told.data();
                    for chunk in &chunks[..chunks.len() - 1] {
                        serde_json::from_str::<Value>(chunk).unwrap();
                    }
                }
                Err(error) => assert!(at < [role(), text("Hel")].concat().len(), "{at}: {error}"),
            }
        }
    }
}

/// Of two choices one was told, without a word: such a stream is over before anything of it is let go, and its end was forgotten.
#[tokio::test(start_paused = true)]
async fn an_answer_that_was_over_before_it_was_let_go_has_its_end() {
    let client = Client::new([Answer::sse([role(), finish("content_filter")])]);
    let (request, _) = asking(r#"{"model":"acme/swift","stream":true,"n":2}"#);
    let response = ask(&client, request).await.unwrap();
    let told = tell(response.into_body()).await;
    assert_eq!(
        told.text(),
        [role(), finish("content_filter"), DONE.to_owned()].concat()
    );
}
