//! `fallback`: the next candidate, as long as another one could do better.

mod flow;

use std::io::ErrorKind::{ConnectionRefused, ConnectionReset};

use flow::{
    Answer, Client, Step, catalog, event, good, json, ordered, role, secs, tell, text, three,
};
use http::{Request, Response};
use std::sync::Arc;
use switchtower::admit::read::{Read, ReadLayer};
use switchtower::catalog::Catalog;
use switchtower::choose::{Choose, ChooseLayer};
use switchtower::dispatch::address::{Address, AddressLayer};
use switchtower::dispatch::commit::{Commit, CommitLayer};
use switchtower::dispatch::deadline::{Deadline, DeadlineLayer, Deadlines};
use switchtower::dispatch::fallback::{Fallback, FallbackLayer};
use switchtower::dispatch::gate::GateLayer;
use switchtower::dispatch::retry::Budgets;
use switchtower::meter::{Meter, MeterLayer};
use switchtower::standing::Roster;
use switchtower::{Call, End, Error, Fault, Kind, Phase};
use tokio::time::Instant;
use tower::{ServiceBuilder, ServiceExt};

type Chain = Read<Choose<Fallback<Commit<Deadline<Meter<Address<Client>>>>>>>;
type Answered = <Chain as tower::Service<Request<String>>>::Response;

fn stack(catalog: &Arc<Catalog>, layer: FallbackLayer, client: &Client) -> Chain {
    ServiceBuilder::new()
        .layer(ReadLayer::new())
        .layer(ChooseLayer::new(catalog.clone()).seed(1))
        .layer(layer)
        .layer(CommitLayer::new())
        .layer(DeadlineLayer::default())
        .layer(MeterLayer::new())
        .layer(AddressLayer::new())
        .service(client.clone())
}

async fn ask(client: &Client) -> (Result<Answered, Error>, Call) {
    ask_for(&three(), FallbackLayer::new(), client, ordered(true)).await
}

async fn ask_for(
    catalog: &Arc<Catalog>,
    layer: FallbackLayer,
    client: &Client,
    body: String,
) -> (Result<Answered, Error>, Call) {
    let call = flow::call();
    let mut request = Request::post("/v1/chat/completions").body(body).unwrap();
    request.extensions_mut().insert(call.clone());
    (stack(catalog, layer, client).oneshot(request).await, call)
}

async fn error_of(answers: impl IntoIterator<Item = Answer>) -> (Error, Client) {
    let client = Client::new(answers);
    let (answer, _) = ask(&client).await;
    (answer.map(drop).unwrap_err(), client)
}

fn busy(seconds: u64) -> Answer {
    Answer::status(429, "{}").header("retry-after", &seconds.to_string())
}

fn down() -> Answer {
    Answer::status(503, "{}")
}

// === Who is asked ===

#[tokio::test(start_paused = true)]
async fn each_failure_before_content_leads_to_the_next_and_leaves_no_trace() {
    let error = event(r#"{"error":{"message":"no","code":500}}"#);
    for first in [
        down(),
        busy(1),
        Answer::status(401, r#"{"error":{"message":"bad key sk-1"}}"#),
        Answer::status(402, "{}"),
        Answer::status(404, "{}"),
        Answer::status(500, "<html>"),
        Answer::refuse(ConnectionRefused),
        Answer::refuse(ConnectionReset),
        Answer::silence(),
        Answer::sse([role()]).then(Step::Hang),
        Answer::sse([role()]).then(Step::Break),
        Answer::sse([role()]),
        Answer::sse([role(), error.clone()]),
        Answer::sse([error]),
        Answer::json(["<html>"]),
        Answer::json([r#"{"error":"gone"}"#]),
    ] {
        let story = format!("{first:?}");
        let client = Client::new([first, Answer::sse(good("hi"))]);
        let (answer, call) = ask(&client).await;
        let told = tell(answer.unwrap().into_body()).await;
        assert_eq!(told.frames, good("hi"), "{story}");
        assert_eq!(client.hosts(), ["one.test", "two.test"], "{story}");
        let ends: Vec<End> = call
            .attempts()
            .iter()
            .map(|a| a.ended().unwrap().0)
            .collect();
        assert!(
            matches!(ends[..], [End::Failed(_), End::Complete]),
            "{story}: {ends:?}"
        );
    }
}

#[tokio::test]
async fn the_plan_is_followed_in_its_order() {
    let client = Client::new([down(), busy(1), Answer::sse(good("hi"))]);
    let (answer, call) = ask(&client).await;
    assert!(answer.is_ok());
    assert_eq!(client.hosts(), ["one.test", "two.test", "three.test"]);
    let models: Vec<_> = client
        .seen()
        .iter()
        .map(|seen| seen.text().contains("swift-three"))
        .collect();
    assert_eq!(models, [false, false, true], "each is addressed by itself");
    assert_eq!(call.attempts().len(), 3);
}

#[tokio::test]
async fn a_caller_s_own_mistake_is_not_taken_to_every_provider() {
    for (status, body) in [
        (
            400,
            r#"{"error":{"message":"temperature must be below 2","type":"invalid_request_error","param":"temperature"}}"#,
        ),
        (413, "{}"),
        (415, "{}"),
        (422, "{}"),
    ] {
        let (error, client) = error_of([Answer::status(status, body)]).await;
        assert_eq!(error.kind(), Kind::Refused, "{status}");
        assert_eq!(error.status(), status);
        assert_eq!(error.kind().rule().fault, Fault::Caller);
        assert_eq!(client.seen().len(), 1, "{status}");
    }
    let (error, _) = error_of([
        down(),
        Answer::status(400, r#"{"error":{"message":"no such tool"}}"#),
    ])
    .await;
    assert_eq!(
        (error.kind(), error.message()),
        (Kind::Refused, "no such tool")
    );
}

#[tokio::test]
async fn after_content_nobody_else_is_asked() {
    let client = Client::new([Answer::sse([role(), text("Hel")]).then(Step::Break)]);
    let (answer, _) = ask(&client).await;
    let told = tell(answer.unwrap().into_body()).await;
    flow::assert_proper_end(&told);
    assert_eq!(client.seen().len(), 1);
    // Who broke off is named, and that nobody else was asked is not hidden.
    let chunk = told.last_chunk();
    assert_eq!(
        (&chunk["provider"], &chunk["model"]),
        (&"one".into(), &"acme/swift".into())
    );
}

fn contexts() -> Arc<Catalog> {
    let endpoint = |provider: &str, context: u64| {
        format!(
            "[[models.m.endpoints]]\nprovider = '{provider}'\nmodel = 'm'\ncontext_length = {context}\n"
        )
    };
    let providers = ["one", "two", "three", "four"]
        .map(|slug| format!("[providers.{slug}]\nbase_url = 'http://{slug}.test'\n"));
    let endpoints = [
        ("one", 8000),
        ("two", 8000),
        ("three", 4000),
        ("four", 32_000),
    ];
    let endpoints = endpoints.map(|(provider, context)| endpoint(provider, context));
    catalog(&format!(
        "{}[models.m]\n{}",
        providers.concat(),
        endpoints.concat()
    ))
}

const IN_ORDER: &str =
    r#"{"model":"m","stream":true,"prompt":"p","provider":{"order":["one","two","three","four"]}}"#;

#[tokio::test]
async fn a_prompt_that_is_too_long_goes_only_to_a_larger_context() {
    let too_long = || {
        Answer::status(
            400,
            r#"{"error":{"code":"context_length_exceeded","message":"too long"}}"#,
        )
    };
    let client = Client::new([too_long(), Answer::sse(good("hi"))]);
    let (answer, _) = ask_for(&contexts(), FallbackLayer::new(), &client, IN_ORDER.into()).await;
    assert!(answer.is_ok());
    assert_eq!(client.hosts(), ["one.test", "four.test"]);

    let client = Client::new([too_long(), too_long()]);
    let (answer, _) = ask_for(&contexts(), FallbackLayer::new(), &client, IN_ORDER.into()).await;
    let error = answer.map(drop).unwrap_err();
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (Kind::ContextTooLong, 400)
    );
    assert_eq!(client.hosts(), ["one.test", "four.test"]);
}

/// The larger one fails for another reason, and then a small one was asked after all: it would have
/// refused as the first one did.
#[tokio::test]
async fn what_was_too_long_once_stays_too_long() {
    let too_long = Answer::status(400, r#"{"error":{"code":"context_length_exceeded"}}"#);
    let catalog = contexts();
    let body = r#"{"model":"m","stream":true,"prompt":"p","provider":{"order":["one","four","two","three"]}}"#;
    let client = Client::new([too_long, down()]);
    let (answer, _) = ask_for(&catalog, FallbackLayer::new(), &client, body.into()).await;
    answer.map(drop).unwrap_err();
    assert_eq!(client.hosts(), ["one.test", "four.test"]);
}

// === What is said when nobody is left ===

#[tokio::test(start_paused = true)]
async fn all_rate_limited_is_a_429_with_the_shortest_wait() {
    let (error, _) = error_of([busy(30), busy(7), busy(20)]).await;
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (Kind::RateLimited, 429)
    );
    assert_eq!(error.retry_after(), Some(secs(7)));
    // Who names no time does not make it longer.
    let (error, _) = error_of([busy(30), Answer::status(429, "{}"), busy(20)]).await;
    assert_eq!(error.retry_after(), Some(secs(20)));
}

#[tokio::test(start_paused = true)]
async fn all_transient_is_a_503() {
    let (error, _) = error_of([down(), busy(7), Answer::refuse(ConnectionRefused)]).await;
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (Kind::Overloaded, 503)
    );
    assert_eq!(error.retry_after(), Some(secs(7)));
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(
        source.downcast_ref::<Error>().unwrap().kind(),
        Kind::Connect
    );

    let (error, _) = error_of([
        Answer::status(529, "{}"),
        Answer::status(529, "{}"),
        Answer::status(529, "{}"),
    ])
    .await;
    assert_eq!(error.status(), 503, "no provider's own number");
}

#[tokio::test(start_paused = true)]
async fn mixed_failures_are_the_last_one() {
    let (error, _) = error_of([down(), busy(7), Answer::status(404, "{}")]).await;
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (Kind::ModelMissing, 404)
    );
    assert_eq!(error.retry_after(), Some(secs(7)));
    // What passes, after something that does not: that one alone can be tried again.
    let (error, _) = error_of([Answer::status(404, "{}"), Answer::status(404, "{}"), down()]).await;
    assert_eq!(error.kind(), Kind::Overloaded);
}

#[tokio::test]
async fn one_candidate_s_failure_is_told_as_it_is() {
    let only = r#"{"model":"acme/swift","stream":true,"prompt":"p","provider":{"only":["two"]}}"#;
    let client = Client::new([Answer::status(
        401,
        r#"{"error":{"message":"key sk-9 is wrong"}}"#,
    )]);
    let (answer, _) = ask_for(&three(), FallbackLayer::new(), &client, only.into()).await;
    let error = answer.map(drop).unwrap_err();
    // Not the caller's fault, so not a 401; nothing that passes, so no 5xx; and our key is nobody's business.
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (Kind::UpstreamAuth, 424)
    );
    assert!(!error.message().contains("sk-9"));
    assert_eq!(client.hosts(), ["two.test"]);
}

// === Budgets and time ===

#[tokio::test]
async fn the_tries_of_a_request_are_bounded() {
    let client = Client::new([down(), busy(3)]);
    let (answer, call) = ask_for(
        &three(),
        FallbackLayer::new().tries(2),
        &client,
        ordered(true),
    )
    .await;
    assert_eq!(answer.map(drop).unwrap_err().kind(), Kind::Overloaded);
    assert_eq!((client.seen().len(), call.tries()), (2, 0));
    let client = Client::new([down()]);
    let (answer, _) = ask_for(
        &three(),
        FallbackLayer::new().tries(0),
        &client,
        ordered(true),
    )
    .await;
    assert!(answer.is_err(), "one try is the least");
}

#[tokio::test(start_paused = true)]
async fn when_the_time_is_over_nobody_is_asked_any_more() {
    let client = Client::new([Answer::silence(), Answer::silence()]);
    let deadlines = Deadlines {
        total: secs(15),
        ..Deadlines::default()
    };
    let stack = ServiceBuilder::new()
        .layer(ReadLayer::new())
        .layer(ChooseLayer::new(three()).seed(1))
        .layer(FallbackLayer::new())
        .layer(CommitLayer::new())
        .layer(DeadlineLayer::new(deadlines))
        .layer(MeterLayer::new())
        .service(client.clone());
    let began = Instant::now();
    let request = Request::post("/").body(ordered(true)).unwrap();
    let error = stack.oneshot(request).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), Kind::Elapsed(Phase::Total));
    assert_eq!((began.elapsed(), client.seen().len()), (secs(15), 2));
}

#[tokio::test]
async fn a_provider_asked_a_second_time_is_paid_for_from_its_retry_budget() {
    let two_models = "
        [providers.one]
        base_url = 'http://one.test'
        [models.a]
        [[models.a.endpoints]]
        provider = 'one'
        model = 'a'
        [models.b]
        [[models.b.endpoints]]
        provider = 'one'
        model = 'b'
    ";
    let (catalog, budgets) = (catalog(two_models), Budgets::default());
    let body = r#"{"models":["a","b"],"stream":true,"prompt":"p"}"#;
    let ask = async |answers: Vec<Answer>| {
        let client = Client::new(answers);
        let layer = FallbackLayer::new().budgets(budgets.clone());
        let (answer, _) = ask_for(&catalog, layer, &client, body.into()).await;
        (answer.is_ok(), client.seen().len())
    };
    assert_eq!(ask(vec![down(), Answer::sse(good("hi"))]).await, (true, 2));
    let budget = budgets.of("one", flow::now());
    while budget.withdraw(flow::now()) {}
    assert_eq!(ask(vec![down()]).await, (false, 1));
}

// === Order of things ===

#[tokio::test(start_paused = true)]
async fn the_failed_attempt_is_dropped_before_the_next_begins() {
    let stuck = |status| {
        let mut answer = Answer::steps([Step::data("{"), Step::Hang]);
        answer.status = status;
        answer
    };
    for first in [
        Answer::silence(),
        Answer::sse([role()]).then(Step::Hang),
        Answer::sse([role(), event("{")]).then(Step::Hang),
        stuck(http::StatusCode::BAD_GATEWAY),
    ] {
        let client = Client::new([first.clone(), first, Answer::sse(good("hi"))]);
        let (answer, call) = ask(&client).await;
        assert!(answer.is_ok());
        assert!(client.seen().iter().all(|seen| seen.others == 0));
        let attempts = call.attempts();
        for pair in attempts.windows(2) {
            assert!(pair[0].ended().unwrap().1 <= pair[1].started());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_is_not_asked_for_elsewhere() {
    let client = Client::new([down(), Answer::silence()]);
    let mut asking = Box::pin(ask(&client));
    assert!(futures_util::poll!(asking.as_mut()).is_pending());
    assert_eq!(client.hosts(), ["one.test", "two.test"]);
    drop(asking);
    assert_eq!((client.alive(), client.seen().len()), (0, 2));
}

#[tokio::test]
async fn what_a_provider_did_counts_against_it_and_what_a_caller_did_does_not() {
    for (answers, steady) in [
        (vec![down(), Answer::sse(good("hi"))], false),
        (vec![Answer::status(400, "{}")], true),
    ] {
        let roster = Roster::from(three());
        let client = Client::new(answers);
        let stack = ServiceBuilder::new()
            .layer(ReadLayer::new())
            .layer(ChooseLayer::new(roster.clone()).seed(1))
            .layer(FallbackLayer::new())
            .layer(CommitLayer::new())
            .layer(MeterLayer::new())
            .service(client);
        let request = Request::post("/").body(ordered(true)).unwrap();
        let _: Result<Response<_>, _> = stack.oneshot(request).await;
        let lineup = roster.lineup();
        let one = &lineup.catalog().find("acme/swift").unwrap().endpoints()[0];
        assert_eq!(lineup.standing(one).is_steady(flow::now()), steady);
    }
}

/// The only endpoint was admitting when its request came, so that nothing was kept to ask with again; then another request's
/// verdict had it left alone, and this one was refused at once.
#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_ejected_on_the_way_to_the_gate_is_waited_for() {
    let only = r#"{"model":"acme/swift","stream":true,"prompt":"p","provider":{"only":["two"]}}"#;
    let client = Client::new([Answer::sse(good("hi"))]);
    let once = std::sync::atomic::AtomicBool::new(true);
    let meanwhile = move |request: Request<switchtower::Payload>| {
        let call = request.extensions().get::<Call>().unwrap();
        if once.swap(false, std::sync::atomic::Ordering::Relaxed) {
            let circuit = call.candidate().unwrap().standing.circuit();
            circuit.eject(secs(7), flow::now());
        }
        request
    };
    let meanwhile = Arc::new(meanwhile);
    let stack = ServiceBuilder::new()
        .layer(ReadLayer::new())
        .layer(ChooseLayer::new(three()).seed(1))
        .layer(FallbackLayer::new())
        .map_request(move |request| meanwhile(request))
        .layer(GateLayer::default())
        .layer(CommitLayer::new())
        .layer(MeterLayer::new())
        .layer(AddressLayer::new())
        .service(client.clone());
    let began = Instant::now();
    let request = Request::post("/v1/chat/completions").body(only.to_owned());
    assert!(stack.oneshot(request.unwrap()).await.is_ok());
    assert_eq!(client.seen().len(), 1);
    // Not all who wait are to come at once.
    assert!((secs(7)..=secs(9)).contains(&began.elapsed()));
}

#[tokio::test]
async fn without_a_plan_the_error_is_told_as_it_is() {
    let inner = ServiceBuilder::new()
        .layer(FallbackLayer::new())
        .layer(MeterLayer::new())
        .service(Client::new([down()]));
    let error = inner
        .oneshot(flow::streamed().0)
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Overloaded);
}

#[tokio::test]
async fn a_document_falls_back_as_a_stream_does() {
    let half = json("hi");
    let half = half[..half.len() / 2].to_owned();
    let client = Client::new([
        Answer::json([half.clone()]).then(Step::Break),
        Answer::json([half]),
        Answer::json([json("hi")]),
    ]);
    let (answer, _) = ask_for(&three(), FallbackLayer::new(), &client, ordered(false)).await;
    assert_eq!(tell(answer.unwrap().into_body()).await.text(), json("hi"));
}
