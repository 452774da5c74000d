//! `deadline`: five clocks, one timer, and data before the clock.

mod flow;

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use flow::{
    Answer, Client, DONE, Flow, Step, catalog, event, finish, good, json, millis, ordered, role,
    secs, streamed, tell, text, three, usage,
};
use http::{Request, Response};
use http_body_util::BodyExt;
use switchtower::admit::read::ReadLayer;
use switchtower::choose::ChooseLayer;
use switchtower::dispatch::commit::CommitLayer;
use switchtower::dispatch::deadline::{Body, Clocks, DeadlineLayer, Deadlines, Progress};
use switchtower::dispatch::fallback::FallbackLayer;
use switchtower::dispatch::retry::RetryLayer;
use switchtower::meter::{self, MeterLayer};
use switchtower::standing::Period;
use switchtower::{Call, End, Error, Kind, Payload, Phase, Stack};
use tokio::time::{Instant, advance, sleep, timeout};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

/// More of them than a few tokens: what comes is not too slow.
const WORDS: &str = "and they went on for a while, at their own pace";

type Timed = Response<Body<meter::Body<Flow>>>;

async fn ask(client: &Client, request: Request<Payload>) -> Result<Timed, Error> {
    let stack = ServiceBuilder::new()
        .layer(DeadlineLayer::default())
        .layer(MeterLayer::new())
        .service(client.clone());
    stack.oneshot(request).await
}

fn ended(call: &Call) -> End {
    call.last().unwrap().ended().unwrap().0
}

/// How the answer failed, and when.
async fn failure(answer: Answer) -> (Kind, Duration) {
    let began = Instant::now();
    let (request, call) = streamed();
    let client = Client::new([answer]);
    let error = match ask(&client, request).await {
        Err(error) => error,
        Ok(response) => tell(response.into_body()).await.error.expect("an error"),
    };
    assert_eq!(ended(&call), End::Failed(error.kind()));
    assert_eq!(client.alive(), 0);
    (error.kind(), began.elapsed())
}

fn keep_alives(every: Duration, count: usize) -> impl Iterator<Item = Step> {
    let step = [Step::Wait(every), Step::data(": ping\n\n")];
    std::iter::repeat_n(step, count).flatten()
}

// === The clocks ===

#[tokio::test(start_paused = true)]
async fn headers_have_ten_seconds() {
    let elapsed = failure(Answer::silence()).await;
    assert_eq!(elapsed, (Kind::Elapsed(Phase::Headers), secs(10)));
    let late = Answer::sse(good("hi")).after(millis(9_999));
    let response = ask(&Client::new([late]), streamed().0).await.unwrap();
    assert!(tell(response.into_body()).await.error.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_first_token_has_a_minute_from_the_question_whatever_comes_before_it() {
    let steps = [Step::data(role())]
        .into_iter()
        .chain(keep_alives(secs(7), 100));
    let elapsed = failure(Answer::steps(steps).after(secs(5))).await;
    assert_eq!(elapsed, (Kind::Elapsed(Phase::FirstToken), secs(60)));
}

#[tokio::test(start_paused = true)]
async fn between_two_tokens_are_thirty_seconds_whatever_else_comes() {
    let empty = event(r#"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":null}]}"#);
    let steps = [
        Step::Wait(secs(40)),
        Step::data(text("a")),
        Step::Wait(secs(29)),
        Step::data(text("b")),
    ];
    let steps = steps
        .into_iter()
        .chain(keep_alives(secs(4), 3))
        .chain([Step::data(empty)]);
    let steps = steps.chain(keep_alives(secs(4), 100));
    let elapsed = failure(Answer::steps(steps)).await;
    assert_eq!(elapsed, (Kind::Elapsed(Phase::Idle), secs(40 + 29 + 30)));
}

#[tokio::test(start_paused = true)]
async fn the_whole_has_ten_minutes() {
    let steps = std::iter::repeat_n([Step::Wait(secs(25)), Step::data(text(WORDS))], 100).flatten();
    let elapsed = failure(Answer::steps(steps)).await;
    assert_eq!(elapsed, (Kind::Elapsed(Phase::Total), secs(600)));
}

#[tokio::test(start_paused = true)]
async fn the_whole_is_counted_from_the_arrival_of_the_request() {
    let (mut request, _) = streamed();
    let call = Call::new(flow::now(), SystemTime::UNIX_EPOCH, 1);
    request.extensions_mut().insert(call);
    let began = Instant::now();
    sleep(secs(595)).await;
    let error = ask(&Client::new([Answer::silence()]), request)
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Elapsed(Phase::Total));
    assert_eq!(began.elapsed(), secs(600));
}

#[tokio::test(start_paused = true)]
async fn a_slow_upload_counts_into_the_whole() {
    let body = Answer::steps([Step::data("{"), Step::Wait(secs(20)), Step::data("}")]);
    let body = body.flow(flow::life());
    let deadlines = Deadlines {
        total: secs(25),
        headers: secs(30),
        ..Deadlines::default()
    };
    let stack = ServiceBuilder::new()
        .layer(ReadLayer::new())
        .layer(DeadlineLayer::new(deadlines))
        .service(Client::new([Answer::silence()]));
    let began = Instant::now();
    let error = stack
        .oneshot(Request::new(body))
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Elapsed(Phase::Total));
    assert_eq!(began.elapsed(), secs(25));
}

#[tokio::test(start_paused = true)]
async fn failed_attempts_and_backoff_count_into_the_whole() {
    let answers = std::iter::repeat_n(
        Answer::refuse(std::io::ErrorKind::ConnectionReset).after(secs(4)),
        9,
    );
    let client = Client::new(answers);
    let deadlines = Deadlines {
        total: secs(10),
        ..Deadlines::default()
    };
    let stack = ServiceBuilder::new()
        .layer(RetryLayer::new().retries(9).seed(1))
        .layer(CommitLayer::new())
        .layer(DeadlineLayer::new(deadlines))
        .layer(MeterLayer::new())
        .service(client.clone());
    let began = Instant::now();
    let error = stack.oneshot(streamed().0).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), Kind::Elapsed(Phase::Total));
    assert_eq!(began.elapsed(), secs(10));
    assert_eq!(client.seen().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_error_body_that_does_not_end_is_not_waited_for() {
    let mut answer = Answer::steps([Step::data("{"), Step::Hang]);
    answer.status = http::StatusCode::SERVICE_UNAVAILABLE;
    let (kind, after) = failure(answer).await;
    // The status has said it already.
    assert_eq!((kind, after), (Kind::Overloaded, secs(2)));
}

// === Data before the clock ===

#[tokio::test(start_paused = true)]
async fn a_slow_reader_loses_nothing_that_came_in_time() {
    let client = Client::new([Answer::sse([
        role(),
        text("a"),
        text("b"),
        finish("stop"),
        DONE.into(),
    ])]);
    let mut body = ask(&client, streamed().0).await.unwrap().into_body();
    for _ in 0..5 {
        sleep(secs(100)).await;
        body.frame().await.unwrap().unwrap();
    }
    assert!(body.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_came_while_nobody_looked_is_before_the_clock() {
    let steps = [
        Step::Wait(secs(5)),
        Step::data(text("a")),
        Step::Wait(secs(5)),
        Step::data(text("b")),
        Step::Hang,
    ];
    let client = Client::new([Answer::steps(steps).after(secs(5))]);
    let mut asking = std::pin::pin!(ask(&client, streamed().0));
    assert!(futures_util::poll!(asking.as_mut()).is_pending());
    // The headers were here after five seconds, their clock ran out after ten, now it is twenty.
    advance(secs(20)).await;
    let Poll::Ready(Ok(response)) = futures_util::poll!(asking.as_mut()) else {
        panic!("the headers came in time");
    };
    let mut body = response.into_body();
    for content in ["a", "b"] {
        assert!(futures_util::poll!(body.frame()).is_pending());
        advance(secs(100)).await;
        let Poll::Ready(Some(Ok(frame))) = futures_util::poll!(body.frame()) else {
            panic!("{content} came in time");
        };
        assert_eq!(frame.into_data().unwrap(), text(content));
    }
    let error = body.frame().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), Kind::Elapsed(Phase::Idle));
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_slow_reader_is_not_the_provider_s() {
    let steps = [
        Step::data(text("a")),
        Step::Wait(secs(20)),
        Step::data(text("b")),
        Step::Hang,
    ];
    let client = Client::new([Answer::steps(steps)]);
    let mut body = ask(&client, streamed().0).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    // The reader is busy for a minute, then the provider takes another twenty seconds.
    sleep(secs(60)).await;
    let frame = body.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), text("b"));
}

// === Candidates ===

async fn last_words(client: &Client, deadlines: Deadlines, stream: bool) -> (Kind, Duration) {
    let stack = ServiceBuilder::new()
        .layer(ReadLayer::new())
        .layer(ChooseLayer::new(three()).seed(1))
        .layer(FallbackLayer::new())
        .layer(CommitLayer::new())
        .layer(DeadlineLayer::new(deadlines))
        .layer(MeterLayer::new())
        .service(client.clone());
    let began = Instant::now();
    let request = Request::post("/v1/chat/completions")
        .body(ordered(stream))
        .unwrap();
    let error = stack.oneshot(request).await.map(drop).unwrap_err();
    (error.kind(), began.elapsed())
}

fn moments(client: &Client) -> Vec<Duration> {
    client.seen().iter().map(|seen| seen.at).collect()
}

#[tokio::test(start_paused = true)]
async fn the_last_candidate_gets_all_the_time_that_is_left() {
    let client = Client::new([Answer::silence(), Answer::silence(), Answer::silence()]);
    let (_, after) = last_words(&client, Deadlines::default(), true).await;
    assert_eq!(moments(&client), [secs(0), secs(10), secs(20)]);
    assert_eq!(after, secs(600));
    // And it may come late with its headers and its first token.
    let late = Answer::steps([
        Step::data(role()),
        Step::Wait(secs(200)),
        Step::data(good("hi").concat()),
    ]);
    let client = Client::new([Answer::silence(), Answer::silence(), late.after(secs(200))]);
    let stack = ServiceBuilder::new()
        .layer(ReadLayer::new())
        .layer(ChooseLayer::new(three()).seed(1))
        .layer(FallbackLayer::new())
        .layer(CommitLayer::new())
        .layer(DeadlineLayer::default())
        .layer(MeterLayer::new())
        .service(client);
    let request = Request::post("/v1/chat/completions")
        .body(ordered(true))
        .unwrap();
    let response = stack.oneshot(request).await.unwrap();
    assert_eq!(tell(response.into_body()).await.content(), "hi");
}

/// The time was over when it had hardly been asked: that is held against nobody.
#[tokio::test(start_paused = true)]
async fn a_last_candidate_that_was_given_no_time_is_not_to_blame() {
    let deadlines = Deadlines {
        total: secs(21),
        ..Deadlines::default()
    };
    let client = Client::new([Answer::silence(), Answer::silence(), Answer::silence()]);
    let (kind, after) = last_words(&client, deadlines, true).await;
    assert_eq!((kind, after), (Kind::Elapsed(Phase::Total), secs(21)));
    assert_eq!(kind.rule().fault, switchtower::Fault::Us);
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_one_document_gets_an_equal_share_of_the_time_left() {
    let deadlines = Deadlines {
        total: secs(90),
        ..Deadlines::default()
    };
    let client = Client::new([Answer::silence(), Answer::silence(), Answer::silence()]);
    let (_, after) = last_words(&client, deadlines, false).await;
    assert_eq!(moments(&client), [secs(0), secs(30), secs(60)]);
    assert_eq!(after, secs(90));

    // What one candidate leaves over, the others have.
    let quick = Answer::status(503, "{}").after(secs(10));
    let stuck = Answer::json(["{"]).unsized_().then(Step::Hang);
    let client = Client::new([quick, stuck, Answer::silence()]);
    let (_, after) = last_words(&client, deadlines, false).await;
    assert_eq!(moments(&client), [secs(0), secs(10), secs(50)]);
    assert_eq!(after, secs(90));
}

/// A model may write for minutes before a byte of a document is sent. Without a plan there is one
/// candidate, the last one, and it was given ten seconds.
#[tokio::test(start_paused = true)]
async fn a_document_without_a_plan_gets_all_the_time() {
    let client = Client::new([Answer::json([json("hi")]).after(secs(120))]);
    let stack = ServiceBuilder::new()
        .layer(ReadLayer::new())
        .layer(DeadlineLayer::default())
        .layer(MeterLayer::new())
        .service(client);
    let request = Request::new(r#"{"model":"m"}"#.to_owned());
    let response = stack.oneshot(request).await.unwrap();
    assert_eq!(tell(response.into_body()).await.text(), json("hi"));
}

// === After the finish reason ===

#[tokio::test(start_paused = true)]
async fn a_finished_answer_does_not_wait_for_its_connection() {
    // The usage is worth waiting for, the end of the transfer alone is not.
    for (last, wait) in [
        (vec![finish("stop")], secs(5)),
        (vec![DONE.to_owned()], secs(1)),
        (vec![finish("stop"), DONE.to_owned()], secs(1)),
    ] {
        let steps = [text("hi")]
            .into_iter()
            .chain(last)
            .map(Step::data)
            .chain([Step::Hang]);
        let client = Client::new([Answer::steps(steps)]);
        let (request, call) = streamed();
        let began = Instant::now();
        let told = tell(ask(&client, request).await.unwrap().into_body()).await;
        assert!(told.error.is_none());
        assert_eq!(ended(&call), End::Complete);
        assert_eq!(began.elapsed(), wait);
        assert_eq!(client.alive(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn one_finished_choice_of_two_is_no_finished_answer() {
    let second = r#"{"choices":[{"index":1,"delta":{"content":"second"},"finish_reason":"stop"}]}"#;
    let steps = [
        Step::data(text("hi")),
        Step::data(finish("stop")),
        Step::Wait(secs(5)),
        Step::data(event(second)),
        Step::data(DONE),
    ];
    let client = Client::new([Answer::steps(steps)]);
    let (request, _) = flow::asking(r#"{"model":"m","stream":true,"n":2}"#);
    let told = tell(ask(&client, request).await.unwrap().into_body()).await;
    assert!(told.text().contains("second"), "{}", told.text());
}

#[tokio::test(start_paused = true)]
async fn keep_alives_do_not_keep_a_finished_answer() {
    let steps = [Step::data(text("hi")), Step::data(finish("stop"))];
    let steps = steps.into_iter().chain(keep_alives(millis(300), 100));
    let began = Instant::now();
    let client = Client::new([Answer::steps(steps)]);
    let told = tell(ask(&client, streamed().0).await.unwrap().into_body()).await;
    assert!(told.error.is_none());
    assert_eq!(began.elapsed(), secs(5));
}

#[tokio::test(start_paused = true)]
async fn usage_that_comes_a_moment_after_the_finish_reason_is_waited_for() {
    let steps = [
        Step::data(text("hi")),
        Step::data(finish("stop")),
        Step::Wait(millis(900)),
        Step::data(usage(9, 2)),
        Step::data(DONE),
        Step::Hang,
    ];
    let (request, call) = streamed();
    let client = Client::new([Answer::steps(steps)]);
    tell(ask(&client, request).await.unwrap().into_body()).await;
    assert_eq!(call.last().unwrap().found().usage.unwrap().input, 9);
}

// === One timer ===

#[tokio::test(start_paused = true)]
async fn there_is_one_timer_made_at_the_first_wait() {
    let steps = std::iter::repeat_n(Step::data(text("a")), 50).chain([Step::Hang]);
    let client = Client::new([Answer::steps(steps)]);
    let body = ask(&client, streamed().0).await.unwrap().into_body();
    let mut body = Box::pin(body);
    let timers = |body: &dyn std::fmt::Debug| format!("{body:?}").matches("Sleep {").count();
    assert_eq!(timers(&body), 0, "nothing has been waited for");
    for _ in 0..50 {
        body.frame().await.unwrap().unwrap();
        assert_eq!(timers(&body), 0);
    }
    for _ in 0..3 {
        assert!(futures_util::poll!(body.frame()).is_pending());
        assert_eq!(timers(&body), 1);
        advance(secs(5)).await;
    }
    // And it is the one that was set for the headers.
    let client = Client::new([Answer::sse([text("a")]).then(Step::Hang).after(secs(1))]);
    let mut body = ask(&client, streamed().0).await.unwrap().into_body();
    assert_eq!(timers(&body), 1);
    body.frame().await.unwrap().unwrap();
    let error = body.frame().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), Kind::Elapsed(Phase::Idle));
    assert_eq!(timers(&body), 1);
}

#[tokio::test(start_paused = true)]
async fn a_timer_moves_forward_and_back() {
    // First token at 60 s; then idle at 31 s, which is sooner; then idle again and again.
    let steps = [Step::Wait(secs(1)), Step::data(text("a"))].into_iter();
    let steps = steps
        .chain(std::iter::repeat_n([Step::Wait(secs(29)), Step::data(text(WORDS))], 5).flatten());
    let elapsed = failure(Answer::steps(steps.chain([Step::Hang]))).await;
    assert_eq!(elapsed, (Kind::Elapsed(Phase::Idle), secs(1 + 5 * 29 + 30)));
    let elapsed = failure(Answer::steps([
        Step::Wait(secs(1)),
        Step::data(text("a")),
        Step::Hang,
    ]))
    .await;
    assert_eq!(elapsed, (Kind::Elapsed(Phase::Idle), secs(31)));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_goes_on_in_another_task_keeps_its_clock() {
    let client = Client::new([Answer::sse([text("a")]).then(Step::Hang)]);
    let began = Instant::now();
    let mut body = ask(&client, streamed().0).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    assert!(futures_util::poll!(body.frame()).is_pending());
    advance(secs(10)).await;
    let rest = tokio::spawn(async move { body.frame().await.unwrap().unwrap_err().kind() });
    let ended = timeout(secs(100), rest).await.expect("somebody is woken");
    assert_eq!(ended.unwrap(), Kind::Elapsed(Phase::Idle));
    assert_eq!(began.elapsed(), secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_has_done_too_much_in_its_turn_is_woken_all_the_same() {
    // Tokio turns away whoever is polled after that, the timer as well.
    let mut spent = false;
    let busy_once = std::future::poll_fn(move |cx| {
        while !spent && pin!(tokio::task::consume_budget()).poll(cx).is_ready() {}
        spent = true;
        Poll::<Result<Response<Flow>, Error>>::Pending
    });
    let mut busy_once = Some(busy_once);
    let client = service_fn(move |_: Request<u32>| busy_once.take().expect("asked once"));
    let answer = DeadlineLayer::default()
        .layer(client)
        .oneshot(Request::new(1));
    let ended = timeout(secs(100), tokio::spawn(answer)).await;
    let error = ended.expect("it is woken").unwrap().map(drop).unwrap_err();
    assert_eq!(error.kind(), Kind::Elapsed(Phase::Headers));
}

// === Without `meter` ===

#[tokio::test(start_paused = true)]
async fn without_meter_any_byte_is_content() {
    let steps = std::iter::repeat_n([Step::Wait(secs(29)), Step::data("x")], 4).flatten();
    let service =
        DeadlineLayer::default().layer(Client::new([Answer::steps(steps.chain([Step::Hang]))]));
    let (request, call) = streamed();
    let began = Instant::now();
    let told = tell(service.oneshot(request).await.unwrap().into_body()).await;
    assert_eq!(told.error.unwrap().kind(), Kind::Elapsed(Phase::Idle));
    assert_eq!(began.elapsed(), secs(4 * 29 + 30));
    assert_eq!(ended(&call), End::Failed(Kind::Elapsed(Phase::Idle)));
}

#[tokio::test(start_paused = true)]
async fn it_fits_a_service_that_knows_nothing_of_payloads() {
    let silent = service_fn(|_: Request<u32>| {
        std::future::pending::<Result<Response<Flow>, std::io::Error>>()
    });
    let error = DeadlineLayer::default()
        .layer(silent)
        .oneshot(Request::new(7))
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Elapsed(Phase::Headers));
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_is_no_deadline() {
    let (request, call) = streamed();
    let client = Client::new([Answer::silence()]);
    assert!(
        tokio::time::timeout(secs(3), ask(&client, request))
            .await
            .is_err()
    );
    assert_eq!(ended(&call), End::Cancelled);
    assert_eq!(client.alive(), 0);
}

// === The decision ===

#[tokio::test(start_paused = true)]
async fn the_next_clock_is_the_first_to_run_out() {
    let asked = flow::now();
    let at = |seconds| asked + secs(seconds);
    let deadlines = Deadlines {
        headers: secs(10),
        first_token: secs(60),
        idle: secs(30),
        total: secs(100),
        ..Deadlines::default()
    };
    let clocks = |others, stream| Clocks::new(&deadlines, asked, at(100), others, stream);

    let some = clocks(Some(1), true);
    assert_eq!(some.next(Progress::Asked, None), (at(10), Phase::Headers));
    assert_eq!(
        some.next(Progress::Headers, None),
        (at(20), Phase::FirstToken)
    );
    let alone = clocks(None, true);
    assert_eq!(
        alone.next(Progress::Headers, None),
        (at(60), Phase::FirstToken)
    );
    assert_eq!(
        some.next(Progress::Content(at(50)), None),
        (at(80), Phase::Idle)
    );
    assert_eq!(
        some.next(Progress::Content(at(71)), None),
        (at(100), Phase::Total)
    );
    assert_eq!(
        some.next(Progress::Finished(at(71)), None),
        (at(76), Phase::Idle)
    );
    assert_eq!(
        some.next(Progress::Done(at(71)), None),
        (at(72), Phase::Idle)
    );
    assert_eq!(clocks(Some(0), true).next(Progress::Asked, None).0, at(100));
    assert_eq!(clocks(Some(3), false).next(Progress::Asked, None).0, at(25));
    assert_eq!(
        clocks(Some(3), false).next(Progress::Headers, None).0,
        at(25)
    );
    assert!(
        clocks(Some(usize::MAX), false)
            .next(Progress::Asked, None)
            .0
            < at(1)
    );
    assert_eq!(clocks(None, true).next(Progress::Asked, None).0, at(10));
    let short = Clocks::new(&deadlines, asked, at(5), Some(1), true);
    assert_eq!(short.next(Progress::Asked, None), (at(5), Phase::Total));
}

/// The clock stood at the time for the headers, and the body did not look whether its own is sooner.
#[tokio::test(start_paused = true)]
async fn the_first_token_may_be_due_before_the_headers_are() {
    for answer in [
        Answer::steps([Step::Hang]),
        Answer::sse([role()]).then(Step::Hang),
    ] {
        let deadlines = Deadlines {
            first_token: secs(5),
            ..Deadlines::default()
        };
        let client = Client::new([answer.after(secs(1))]);
        let stack = ServiceBuilder::new()
            .layer(CommitLayer::new())
            .layer(DeadlineLayer::new(deadlines))
            .layer(MeterLayer::new())
            .service(client);
        let began = Instant::now();
        let error = stack.oneshot(streamed().0).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), Kind::Elapsed(Phase::FirstToken));
        assert_eq!(began.elapsed(), secs(5));
    }
}

/// Thirty could be asked, and a request has six tries: each was given a thirtieth of the time, and five good answers were thrown
/// away.
#[tokio::test(start_paused = true)]
async fn the_time_is_shared_by_those_that_may_be_asked() {
    let one = |n| {
        format!(
            r#"
            [providers.p{n}]
            base_url = "https://p{n}.test/v1"
            [[models."acme/swift".endpoints]]
            provider = "p{n}"
            model = "m"
            "#
        )
    };
    let toml: String = (0..30).map(one).collect();
    let client = Client::new([Answer::json([json("hi")]).after(secs(25))]);
    let chain = Stack::new(catalog(&toml)).seed(1).around(client.clone());
    let began = Instant::now();
    let answer = chain.oneshot(Request::new(ordered(false))).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!((began.elapsed(), client.seen().len()), (secs(25), 1));
}

/// The others were left alone meanwhile, so the attempt went on beyond its clock. Then the caller's own time was over: by the
/// operator's word the endpoint would have had it.
#[tokio::test(start_paused = true)]
async fn the_last_is_not_blamed_for_the_haste_of_a_caller() {
    let client = Client::new([Answer::sse(good("hi")).after(secs(40))]);
    let stack = Stack::new(three()).seed(1);
    let mut request = Request::new(ordered(true));
    let wish = "25000".parse().unwrap();
    request.headers_mut().insert("x-switchtower-total-ms", wish);
    let asked = tokio::spawn(stack.around(client).oneshot(request));
    sleep(secs(5)).await;
    let lineup = stack.roster().lineup();
    let endpoints = lineup.catalog().models()[0].endpoints();
    let [first, others @ ..] = endpoints else {
        panic!("three were configured")
    };
    for other in others {
        lineup.standing(other).eject(secs(1000), flow::now());
    }
    let error = asked.await.unwrap().map(drop).unwrap_err();
    assert!(matches!(error.kind(), Kind::Elapsed(_)), "{error:?}");
    let standing = lineup.standing(first);
    assert_eq!(standing.circuit().failures(), 0);
    assert_eq!(standing.tally(Period::HalfHour, flow::now()).failed, 0);
}

/// While somebody finds out whether it is back, nobody else may ask it: there is nobody to give up the first for.
#[tokio::test(start_paused = true)]
async fn one_that_is_being_probed_is_nobody_to_ask() {
    let slow = Answer::sse(good("hi")).after(secs(25));
    let client = Client::new([Answer::silence(), slow]);
    let stack = Stack::new(three()).seed(1);
    let lineup = stack.roster().lineup();
    let two = &lineup.catalog().models()[0].endpoints()[1];
    lineup.standing(two).eject(secs(10), flow::now());
    sleep(secs(11)).await;
    let chain = stack.around(client.clone());
    let only = |names: &str| ordered(true).replace(r#""order":["one","two","three"]"#, names);
    let probe = Request::new(only(r#""only":["two"]"#));
    let probe = tokio::spawn(chain.clone().oneshot(probe));
    sleep(millis(10)).await;
    assert_eq!(client.hosts(), ["two.test"]);
    let both = only(r#""order":["one","two"],"only":["one","two"]"#);
    let answer = chain.oneshot(Request::new(both)).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(client.hosts().last().unwrap(), "one.test");
    probe.abort();
}

/// Nobody had read it, and it was taken for a stream.
#[tokio::test(start_paused = true)]
async fn a_payload_of_ones_own_is_read_too() {
    let client = Client::new([Answer::json([json("hi")]).after(secs(15))]);
    let stack = ServiceBuilder::new()
        .layer(DeadlineLayer::default())
        .layer(MeterLayer::new())
        .service(client);
    let payload = Payload::read(r#"{"model":"m"}"#).unwrap();
    let response = stack.oneshot(Request::new(payload)).await.unwrap();
    assert_eq!(response.status(), 200);
}
