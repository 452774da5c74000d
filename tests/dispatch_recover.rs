//! `recover`: an answer that breaks after its first words is mended, and nobody sees where.

mod flow;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};

use flow::{Answer, Client, DONE, Step, assert_proper_end, catalog, event, secs, tell};
use http::Request;
use proptest::prelude::*;
use serde_json::{Value, json};
use switchtower::admit::read::ReadLayer;
use switchtower::catalog::Catalog;
use switchtower::choose::ChooseLayer;
use switchtower::dispatch::address::AddressLayer;
use switchtower::dispatch::commit::CommitLayer;
use switchtower::dispatch::deadline::DeadlineLayer;
use switchtower::dispatch::recover::RecoverLayer;
use switchtower::dispatch::retry::Budgets;
use switchtower::meter::MeterLayer;
use switchtower::settle::{Certainty, Record};
use switchtower::standing::Roster;
use switchtower::{Allowed, End, Error, Kind, Money, Payload, Phase, Stack};
use tower::{Service, ServiceBuilder, ServiceExt};

// === Helpers ===

const CONTENT: &str =
    "The sea is calm tonight.\n\"The tide is full\", the moon lies fair 🌙 upon the straits — é";

/// Three providers at their own prices; `prefill` is what the second one says of itself.
fn providers(prefill: &str, model: &str) -> Arc<Catalog> {
    catalog(&format!(
        r#"
        [providers.one]
        base_url = "https://one.test/v1"
        [providers.two]
        base_url = "https://two.test/v1"
        [providers.three]
        base_url = "https://three.test/v1"
        [models."acme/swift"]
        {model}
        [[models."acme/swift".endpoints]]
        provider = "one"
        model = "swift-one"
        prices = {{ prompt = "1", completion = "2" }}
        [[models."acme/swift".endpoints]]
        provider = "two"
        model = "swift-two"
        prices = {{ prompt = "3", completion = "5" }}
        {prefill}
        [[models."acme/swift".endpoints]]
        provider = "three"
        model = "swift-three"
        prices = {{ prompt = "7", completion = "11" }}
        "#
    ))
}

fn plain() -> Arc<Catalog> {
    providers("", "")
}

fn prefilled() -> Arc<Catalog> {
    providers("prefill = true", "")
}

/// A chunk of the provider with this name.
fn chunk(by: &str, delta: &Value, finish: &Value) -> String {
    event(
        &json!({
            "id": format!("id-{by}"), "object": "chat.completion.chunk", "created": 7, "model": format!("swift-{by}"),
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        })
        .to_string(),
    )
}

fn says(by: &str, text: &str) -> String {
    chunk(by, &json!({"content": text}), &Value::Null)
}

fn begins(by: &str) -> String {
    chunk(
        by,
        &json!({"role": "assistant", "content": ""}),
        &Value::Null,
    )
}

fn ends(by: &str) -> String {
    chunk(by, &json!({}), &json!("stop"))
}

fn bill(by: &str, prompt: u64, completion: u64) -> String {
    event(
        &json!({
            "id": format!("id-{by}"), "object": "chat.completion.chunk", "created": 7, "model": format!("swift-{by}"), "choices": [],
            "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion},
        })
        .to_string(),
    )
}

/// In pieces of so many characters.
fn pieces(text: &str, size: usize) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars
        .chunks(size)
        .map(|piece| piece.iter().collect())
        .collect()
}

/// All events of an answer, without its end.
fn speech(by: &str, text: &str, size: usize) -> Vec<String> {
    let texts = pieces(text, size);
    let said = texts.iter().map(|piece| says(by, piece));
    [begins(by)].into_iter().chain(said).collect()
}

/// A whole answer.
fn whole(by: &str, text: &str, size: usize) -> Answer {
    let mut events = speech(by, text, size);
    events.extend([ends(by), bill(by, 100, 50), DONE.to_owned()]);
    Answer::sse(events)
}

/// How does it break?
#[derive(Clone, Copy, Debug)]
enum Break {
    Cut,
    Stop,
    Stall,
    Error,
    Malformed,
}

const BREAKS: [Break; 5] = [
    Break::Cut,
    Break::Stop,
    Break::Stall,
    Break::Error,
    Break::Malformed,
];

impl Break {
    fn after(self, events: Vec<String>) -> Answer {
        let answer = Answer::sse(events);
        match self {
            Break::Cut => answer.then(Step::Break),
            Break::Stop => answer,
            Break::Stall => answer.then(Step::Hang),
            Break::Error => answer
                .then(Step::data(event(
                    r#"{"error":{"message":"busy","code":503}}"#,
                )))
                .then(Step::Hang),
            Break::Malformed => answer.then(Step::data([event("{"), event("{")].concat())),
        }
    }

    fn end(self) -> End {
        End::Failed(match self {
            Break::Cut => Kind::Disconnected,
            Break::Stop => Kind::Truncated,
            Break::Stall => Kind::Elapsed(Phase::Idle),
            Break::Error => Kind::Overloaded,
            Break::Malformed => Kind::Malformed,
        })
    }
}

/// A request to one, two and three in this order, with these members besides.
fn asking(members: Value) -> Value {
    let mut body = json!({
        "model": "acme/swift", "stream": true, "stream_options": {"include_usage": true},
        "messages": [{"role": "user", "content": "Dover Beach?"}],
        "provider": {"order": ["one", "two", "three"]},
    });
    let members = members.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    body
}

/// What a caller was told, what was asked for, and what remains.
struct Story {
    told: flow::Told,
    client: Client,
    record: Record,
}

async fn ask_with(
    stack: Stack,
    request: http::request::Builder,
    body: Value,
    answers: Vec<Answer>,
) -> Story {
    let client = Client::new(answers);
    let service = stack.around(client.clone());
    let request = request.body(body.to_string()).unwrap();
    let told = tell(service.oneshot(request).await.unwrap().into_body()).await;
    assert_eq!(client.alive(), 0);
    let record = stack.ledger().records().pop().unwrap();
    assert_eq!(stack.ledger().records().len(), 1);
    Story {
        told,
        client,
        record,
    }
}

async fn ask(catalog: Arc<Catalog>, body: Value, answers: Vec<Answer>) -> Story {
    let stack = Stack::new(catalog)
        .seed(7)
        .recover(RecoverLayer::new().on(true));
    ask_with(stack, Request::post("/v1/chat/completions"), body, answers).await
}

impl Story {
    fn chunks(&self) -> Vec<Value> {
        let data = self.told.data();
        let chunks = data.iter().filter(|data| *data != "[DONE]");
        chunks
            .map(|data| serde_json::from_str(data).unwrap())
            .collect()
    }

    /// One answer, told as the first provider's, with a proper end.
    fn assert_whole(&self, text: &str, story: &str) {
        assert!(self.told.error.is_none(), "{story}");
        assert_eq!(self.told.content(), text, "{story}");
        assert_proper_end(&self.told);
        let chunks = self.chunks();
        let (mut roles, mut finishes, mut bills) = (0, 0, 0);
        for chunk in &chunks {
            assert_eq!(chunk["id"], "id-one", "{story}: {chunk}");
            assert_eq!(chunk["model"], "swift-one", "{story}: {chunk}");
            assert!(chunk["error"].is_null(), "{story}: {chunk}");
            roles += usize::from(chunk["choices"][0]["delta"]["role"].is_string());
            finishes += usize::from(chunk["choices"][0]["finish_reason"].is_string());
            bills += usize::from(chunk["usage"].is_object());
        }
        assert_eq!(
            (roles, finishes, bills),
            (1, 1, 1),
            "{story}: {}",
            self.told.text()
        );
        assert_eq!(self.record.end, End::Complete, "{story}");
    }

    /// The text so far, and the error of the first failure.
    fn assert_broken(&self, text: &str, how: Break) {
        assert!(self.told.error.is_none());
        assert_eq!(self.told.content(), text);
        assert_proper_end(&self.told);
        let chunk = self.told.last_chunk();
        assert_eq!(chunk["choices"][0]["finish_reason"], "error", "{chunk}");
        let End::Failed(kind) = how.end() else {
            unreachable!()
        };
        assert_eq!(chunk["choices"][0]["native_finish_reason"], kind.as_str());
        assert_eq!(self.record.end, how.end());
        assert_eq!(self.record.charge, Some(Money::ZERO));
    }

    fn ends(&self) -> Vec<End> {
        self.record
            .attempts
            .iter()
            .map(|attempt| attempt.end)
            .collect()
    }

    /// The body of the last request.
    fn asked(&self) -> Value {
        serde_json::from_str(self.client.seen().last().unwrap().text()).unwrap()
    }
}

// === Begun anew ===

#[tokio::test(start_paused = true)]
async fn an_answer_that_breaks_anywhere_is_begun_anew_elsewhere() {
    let speech = speech("one", CONTENT, 4);
    for how in BREAKS {
        for events in 2..=speech.len() {
            let story = format!("{how:?} after {events}");
            let broken = how.after(speech[..events].to_vec());
            let told = ask(
                plain(),
                asking(json!({})),
                vec![broken, whole("two", CONTENT, 7)],
            )
            .await;
            told.assert_whole(CONTENT, &story);
            assert_eq!(told.ends(), [how.end(), End::Complete], "{story}");
            assert_eq!(told.client.hosts(), ["one.test", "two.test"]);
            // The whole question once more, byte for byte but for who is asked.
            let seen = told.client.seen();
            assert_eq!(
                seen[0].text().replace("swift-one", "swift-two"),
                seen[1].text()
            );
            assert_eq!(
                seen[1].others, 0,
                "the first is let go before the second is asked"
            );
        }
    }
}

/// The caller pays for one answer: that of who has told all of it. What the other costs is remembered.
#[tokio::test(start_paused = true)]
async fn an_answer_that_was_begun_anew_is_paid_once() {
    let broken = Break::Cut.after(speech("one", CONTENT, 4)[..5].to_vec());
    let told = ask(
        plain(),
        asking(json!({})),
        vec![broken, whole("two", CONTENT, 4)],
    )
    .await;
    let record = &told.record;
    assert_eq!(
        (
            record.usage.prompt_tokens(),
            record.usage.completion_tokens()
        ),
        (100, 50)
    );
    assert_eq!(record.charge, record.attempts[1].cost.amount);
    assert_eq!(record.charge.unwrap().to_string(), "0.00055");
    assert_eq!(record.attempts[1].cost.certainty, Certainty::Exact);
    assert_eq!(record.attempts[0].cost.certainty, Certainty::Estimated);
    assert!(!record.attempts[0].cost.amount.unwrap().is_zero());
    let chunks = told.chunks();
    let bill = chunks
        .iter()
        .find(|chunk| chunk["usage"].is_object())
        .unwrap();
    assert_eq!(bill["usage"]["completion_tokens"], 50);
    let first = record.first_token.unwrap();
    assert_eq!(Some(first), record.attempts[0].first_token);
}

/// However it is spelled and wherever it is cut.
#[tokio::test(start_paused = true)]
async fn escapes_and_halves_of_characters_make_no_difference() {
    let raw = |by: &str, text: &str| says(by, "@").replace('@', text);
    for (first, second, rest) in [
        (vec![r"a\u0062"], vec!["abc"], "c"),
        (vec!["a b"], vec![r"a\u0020b\n", r"\u0063"], "\nc"),
        (vec!["🌙 fa"], vec![r"\ud83c\udf19 fair"], "ir"),
        (vec![r"\ud83c\udf19"], vec!["🌙", "!"], "!"),
        (vec!["x🌙"], vec![r"x\ud83c", r"\udf19y"], "y"),
        (vec![r"x\\"], vec![r"x\\ud83c"], "ud83c"),
        (vec!["x\\/y"], vec!["x/yz"], "z"),
    ] {
        let story = format!("{first:?} {second:?}");
        let mut events = vec![begins("one")];
        events.extend(first.iter().map(|text| raw("one", text)));
        let mut anew = vec![begins("two")];
        anew.extend(second.iter().map(|text| raw("two", text)));
        anew.extend([ends("two"), bill("two", 9, 9), DONE.to_owned()]);
        let told = ask(
            plain(),
            asking(json!({})),
            vec![Break::Cut.after(events), Answer::sse(anew)],
        )
        .await;
        let all: String = serde_json::from_str(&format!("\"{}\"", first.concat())).unwrap();
        told.assert_whole(&format!("{all}{rest}"), &story);
    }
    // It came in two halves.
    let events = vec![begins("one"), raw("one", r"x\ud83c"), raw("one", r"\udf19")];
    let answers = vec![Break::Cut.after(events), whole("two", "x🌙y", 9)];
    let told = ask(plain(), asking(json!({})), answers).await;
    assert_eq!(told.record.end, End::Complete);
    assert!(
        told.told.text().contains(r#""content":"y""#),
        "{}",
        told.told.text()
    );
    // The caller has half a character, and gets the other half.
    let events = vec![begins("one"), raw("one", r"x\ud83c")];
    let told = ask(
        plain(),
        asking(json!({})),
        vec![Break::Cut.after(events), whole("two", "x🌙y", 9)],
    )
    .await;
    assert_eq!(told.record.end, End::Complete);
    assert!(
        told.told.text().contains(r#""content":"\udf19y""#),
        "{}",
        told.told.text()
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_differs_is_not_told() {
    for other in ["The sea is calm", "The sea was calm tonight", "the", ""] {
        for how in BREAKS {
            let broken = how.after(vec![begins("one"), says("one", "The sea is calm t")]);
            let answers = vec![broken, whole("two", other, 5), whole("three", other, 5)];
            let told = ask(plain(), asking(json!({})), answers).await;
            told.assert_broken("The sea is calm t", how);
            assert_eq!(told.record.attempts.len(), 3, "{other:?}");
            assert_eq!(told.ends()[0], how.end());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_break_is_mended_as_well_and_a_third_is_not() {
    let part =
        |by: &str, events: usize| Break::Stop.after(speech(by, CONTENT, 4)[..events].to_vec());
    let answers = vec![part("one", 3), part("two", 6), whole("three", CONTENT, 9)];
    let told = ask(plain(), asking(json!({})), answers).await;
    told.assert_whole(CONTENT, "twice");
    assert_eq!(told.record.charge, told.record.attempts[2].cost.amount);

    let answers = vec![part("one", 3), part("two", 6), part("three", 9)];
    let told = ask(plain(), asking(json!({})), answers).await;
    told.assert_broken(
        &CONTENT.chars().take(8 * 4).collect::<String>(),
        Break::Stop,
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_who_answers_hides_the_first_failure() {
    for other in [
        Answer::status(400, r#"{"error":{"message":"no prefill"}}"#),
        Answer::status(429, "{}"),
        Answer::refuse(std::io::ErrorKind::ConnectionRefused),
        Answer::json([flow::json("hi")]),
    ] {
        for how in BREAKS {
            let broken = how.after(vec![begins("one"), says("one", "The sea")]);
            let answers = vec![
                broken,
                other.clone(),
                other.clone(),
                other.clone(),
                other.clone(),
                other.clone(),
            ];
            let told = ask(prefilled(), asking(json!({})), answers).await;
            told.assert_broken("The sea", how);
        }
    }
}

// === Gone on with ===

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_can_goes_on_with_the_text() {
    let speech = speech("one", CONTENT, 4);
    for how in BREAKS {
        for events in 2..=speech.len() {
            let story = format!("{how:?} after {events}");
            let broken = how.after(speech[..events].to_vec());
            let said: String = CONTENT.chars().take((events - 1) * 4).collect();
            let kept = said.trim_end();
            let told = ask(
                prefilled(),
                asking(json!({"max_tokens": 200})),
                vec![broken, whole("two", &CONTENT[kept.len()..], 3)],
            )
            .await;
            told.assert_whole(CONTENT, &story);
            assert_eq!(told.ends(), [how.end(), End::Complete], "{story}");
            let asked = told.asked();
            assert_eq!(
                asked["messages"][1],
                json!({"role": "assistant", "content": kept}),
                "{story}"
            );
            let before = told.record.attempts[1].goes_on_from;
            assert_eq!(asked["max_tokens"], 200 - before);
            assert!(before >= events as u64 - 1, "{story}");
        }
    }
}

/// One prompt, and each word once: as if who finished the answer had written all of it.
#[tokio::test(start_paused = true)]
async fn an_answer_that_was_gone_on_with_is_paid_once() {
    let broken = Break::Cut.after(speech("one", CONTENT, 4)[..6].to_vec());
    let told = ask(
        prefilled(),
        asking(json!({})),
        vec![broken, whole("two", &CONTENT[20..], 4)],
    )
    .await;
    told.assert_whole(CONTENT, "paid");
    let record = &told.record;
    assert_eq!(
        (
            record.attempts[1].goes_on_from,
            record.attempts[1].usage.input
        ),
        (5, 100)
    );
    assert_eq!((record.usage.input, record.usage.output), (95, 55));
    // 95 at 3 and 55 at 5 dollars a million.
    assert_eq!(record.charge.unwrap().to_string(), "0.00056");
    assert_eq!(
        record.attempts[1].cost.amount.unwrap().to_string(),
        "0.00055"
    );
    let chunks = told.chunks();
    let bill = &chunks
        .iter()
        .find(|chunk| chunk["usage"].is_object())
        .unwrap()["usage"];
    assert_eq!(
        *bill,
        json!({"prompt_tokens": 95, "completion_tokens": 55, "total_tokens": 150})
    );
}

#[tokio::test(start_paused = true)]
async fn each_way_is_spelled_as_its_providers_want_it() {
    for (way, message, members, repeats) in [
        ("true", json!({}), json!({}), false),
        ("\"message\"", json!({}), json!({}), false),
        ("\"prefix\"", json!({"prefix": true}), json!({}), false),
        (
            "\"prefix_repeated\"",
            json!({"prefix": true}),
            json!({}),
            true,
        ),
        ("\"partial\"", json!({"partial": true}), json!({}), false),
        (
            "\"continue_final_message\"",
            json!({}),
            json!({"continue_final_message": true, "add_generation_prompt": false}),
            false,
        ),
    ] {
        let broken = Break::Cut.after(vec![begins("one"), says("one", "He said \"hi\" ")]);
        let rest = if repeats {
            "He said \"hi\" twice"
        } else {
            " twice"
        };
        let catalog = providers(&format!("prefill = {way}"), "");
        let body = asking(json!({"max_completion_tokens": 2}));
        let told = ask(catalog, body, vec![broken, whole("two", rest, 4)]).await;
        told.assert_whole("He said \"hi\" twice", way);
        let asked = told.asked();
        let mut expected = json!({"role": "assistant", "content": "He said \"hi\""});
        expected
            .as_object_mut()
            .unwrap()
            .extend(message.as_object().unwrap().clone());
        assert_eq!(asked["messages"][1], expected, "{way}");
        assert_eq!(asked["max_completion_tokens"], 1, "{way}");
        for (name, value) in members.as_object().unwrap() {
            assert_eq!(asked[name], *value, "{way}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_can_go_on_is_asked_before_who_must_begin_anew() {
    let catalog = catalog(
        r#"
        [providers.one]
        base_url = "https://one.test/v1"
        [providers.two]
        base_url = "https://two.test/v1"
        [providers.three]
        base_url = "https://three.test/v1"
        [[models."acme/swift".endpoints]]
        provider = "one"
        model = "swift-one"
        [[models."acme/swift".endpoints]]
        provider = "two"
        model = "swift-two"
        [[models."acme/swift".endpoints]]
        provider = "three"
        model = "swift-three"
        prefill = true
        "#,
    );
    let broken = || Break::Cut.after(vec![begins("one"), says("one", "The sea")]);
    let told = ask(
        catalog.clone(),
        asking(json!({})),
        vec![broken(), whole("three", " is", 9)],
    )
    .await;
    told.assert_whole("The sea is", "three");
    assert_eq!(told.client.hosts(), ["one.test", "three.test"]);
    // It refuses, so another one begins anew.
    let answers = vec![
        broken(),
        Answer::status(400, "{}"),
        whole("two", "The sea is", 9),
    ];
    let told = ask(catalog, asking(json!({})), answers).await;
    told.assert_whole("The sea is", "two");
    assert_eq!(told.client.hosts(), ["one.test", "three.test", "two.test"]);
    assert_eq!(told.asked()["messages"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn where_the_caller_has_begun_the_answer_it_is_begun_anew() {
    let broken = Break::Cut.after(vec![begins("one"), says("one", "The sea")]);
    let begun =
        json!([{"role": "user", "content": "Dover?"}, {"role": "assistant", "content": "Yes: "}]);
    let body = asking(json!({"messages": begun}));
    let told = ask(
        prefilled(),
        body,
        vec![broken, whole("two", "The sea is", 4)],
    )
    .await;
    told.assert_whole("The sea is", "begun");
    assert_eq!(told.asked()["messages"], begun);
}

// === Thoughts ===

#[tokio::test(start_paused = true)]
async fn thoughts_are_those_of_the_first() {
    let thinks = |by: &str, text: &str| chunk(by, &json!({"reasoning": text}), &Value::Null);
    let second = || {
        let events = [
            begins("two"),
            thinks("two", "Otherwise"),
            says("two", "The sea"),
            says("two", " is"),
        ];
        Answer::sse(events).then(Step::data(
            [ends("two"), bill("two", 9, 9), DONE.to_owned()].concat(),
        ))
    };
    for first in [
        vec![begins("one"), thinks("one", "So ")],
        vec![begins("one"), thinks("one", "So "), says("one", "The ")],
    ] {
        let told = ask(
            prefilled(),
            asking(json!({})),
            vec![Break::Cut.after(first), second()],
        )
        .await;
        told.assert_whole("The sea is", "thoughts");
        assert!(!told.told.text().contains("Otherwise"));
        assert_eq!(
            told.asked()["messages"].as_array().unwrap().len(),
            1,
            "begun anew"
        );
    }
}

/// Gemini's last thought, which only it can read, comes with the finish reason.
#[tokio::test(start_paused = true)]
async fn a_thought_that_comes_with_the_end_is_not_told_either() {
    let last = json!({"content": "", "reasoning_details": [{"type": "reasoning.encrypted", "data": "Hm"}]});
    let second = vec![
        begins("two"),
        says("two", "The sea is"),
        chunk("two", &last, &json!("stop")),
        bill("two", 9, 9),
        DONE.to_owned(),
    ];
    let broken = Break::Cut.after(vec![begins("one"), says("one", "The sea")]);
    let told = ask(
        plain(),
        asking(json!({})),
        vec![broken, Answer::sse(second)],
    )
    .await;
    told.assert_whole("The sea is", "thought");
    assert!(!told.told.text().contains("Hm"), "{}", told.told.text());
}

// === What providers do besides ===

/// Azure tells of its filters first, in a chunk that has no name yet.
#[tokio::test(start_paused = true)]
async fn a_chunk_that_names_nobody_is_not_what_others_are_told_as() {
    let filters = event(
        r#"{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[]}"#,
    );
    let events = vec![filters, begins("one"), says("one", "The sea")];
    let answers = vec![Break::Cut.after(events), whole("two", "The sea is", 4)];
    let told = ask(plain(), asking(json!({})), answers).await;
    assert_eq!(told.told.content(), "The sea is");
    for chunk in &told.chunks()[1..] {
        assert_eq!(chunk["id"], "id-one", "{chunk}");
        assert_eq!(chunk["model"], "swift-one", "{chunk}");
        assert_eq!(chunk["object"], "chat.completion.chunk", "{chunk}");
    }
}

/// What the first says nothing about, the others say nothing about either.
#[tokio::test(start_paused = true)]
async fn names_that_the_first_does_not_give_do_not_give_the_second_away() {
    let named = |by: &str, rest: &str| {
        let text = says(by, rest);
        text.replace(
            "data: {",
            r#"data: {"provider":"Two","system_fingerprint":"fp-two","#,
        )
    };
    let events = vec![begins("one"), says("one", "The sea")];
    let second = vec![
        begins("two"),
        named("two", "The sea"),
        named("two", " is"),
        ends("two"),
        bill("two", 9, 9),
        DONE.to_owned(),
    ];
    let answers = vec![Break::Cut.after(events), Answer::sse(second)];
    let told = ask(plain(), asking(json!({})), answers).await;
    told.assert_whole("The sea is", "names");
    let text = told.told.text();
    assert!(!text.contains("Two") && !text.contains("fp-two"), "{text}");
}

/// White space at the end is not given to go on from, and so nobody who has nothing to add repeats it.
#[tokio::test(start_paused = true)]
async fn who_goes_on_may_find_that_all_is_said() {
    for (way, rest) in [("true", ""), ("\"prefix_repeated\"", "The end.")] {
        let broken = Break::Cut.after(vec![begins("one"), says("one", "The end. \n")]);
        let catalog = providers(&format!("prefill = {way}"), "");
        let answers = vec![broken, whole("two", rest, 4)];
        let told = ask(catalog, asking(json!({})), answers).await;
        assert_eq!(told.asked()["messages"][1]["content"], "The end.");
        told.assert_whole("The end. \n", way);
    }
    // Begun anew, it is another answer.
    let broken = Break::Cut.after(vec![begins("one"), says("one", "The end. \n")]);
    let answers = vec![
        broken,
        whole("two", "The end.", 4),
        whole("three", "The end.", 4),
    ];
    let told = ask(plain(), asking(json!({})), answers).await;
    told.assert_broken("The end. \n", Break::Cut);
}

/// What the caller was told before is written, wherever the provider has kept it meanwhile.
#[tokio::test(start_paused = true)]
async fn what_was_told_before_counts_as_written_though_it_comes_from_a_cache() {
    let bill = event(
        &json!({
            "id": "id-two", "object": "chat.completion.chunk", "created": 7, "model": "swift-two", "choices": [],
            "usage": {
                "prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
                "prompt_tokens_details": {"cached_tokens": 98},
            },
        })
        .to_string(),
    );
    let mut second = speech("two", &CONTENT[20..], 4);
    second.extend([ends("two"), bill, DONE.to_owned()]);
    let broken = Break::Cut.after(speech("one", CONTENT, 4)[..6].to_vec());
    let prices = "prefill = true\n";
    let told = ask(
        providers(prices, ""),
        asking(json!({})),
        vec![broken, Answer::sse(second)],
    )
    .await;
    told.assert_whole(CONTENT, "cached");
    let chunks = told.chunks();
    let bill = chunks.iter().find(|chunk| chunk["usage"].is_object());
    let usage = &bill.unwrap()["usage"];
    let record = &told.record.usage;
    assert_eq!(
        (
            usage["prompt_tokens"].as_u64(),
            usage["completion_tokens"].as_u64()
        ),
        (Some(95), Some(55))
    );
    assert_eq!(
        (record.prompt_tokens(), record.completion_tokens()),
        (95, 55)
    );
}

/// Who repeats what the caller has, has not written it twice.
#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_does_not_pay_for_what_was_repeated() {
    use http_body_util::BodyExt;
    for (way, text) in [
        ("true", "tonight, the tide"),
        ("\"prefix_repeated\"", "The sea is calm tonight, the tide"),
    ] {
        let stack = Stack::new(providers(&format!("prefill = {way}"), ""))
            .seed(7)
            .recover(RecoverLayer::new().on(true));
        let broken = Break::Cut.after(speech("one", "The sea is calm", 4));
        let text = match way {
            "true" => format!(" {text}"),
            _ => text.to_owned(),
        };
        let second = Answer::sse(speech("two", &text, 4)).then(Step::Hang);
        let client = Client::new([broken, second]);
        let service = stack.around(client.clone());
        let request = Request::post("/")
            .body(asking(json!({})).to_string())
            .unwrap();
        let mut body = service.oneshot(request).await.unwrap().into_body();
        let read = async { while let Some(Ok(_)) = body.frame().await {} };
        assert!(tokio::time::timeout(secs(1), read).await.is_err());
        drop(body);
        let record = stack.ledger().records().pop().unwrap();
        assert_eq!((record.end, record.answered_by), (End::Cancelled, Some(1)));
        // 33 bytes in 9 events.
        assert_eq!(record.usage.output, 9, "{way}: {record:?}");
    }
}

/// However the events are framed, and whatever stands between them.
#[tokio::test(start_paused = true)]
async fn framing_makes_no_difference() {
    type Frame = fn(&str) -> String;
    let framings: [(&str, Frame); 6] = [
        ("crlf", |event| event.replace('\n', "\r\n")),
        ("cr", |event| event.replace('\n', "\r")),
        ("no space", |event| event.replace("data: ", "data:")),
        ("named", |event| format!("event: message\nid: 7\n{event}")),
        ("commented", |event| format!(": ping\n\n{event}: pong\n\n")),
        ("several lines", |event| {
            event.replace(",\"choices\"", "\ndata: ,\"choices\"")
        }),
    ];
    for (first, frame) in &framings {
        for (second, other) in &framings {
            for (bytes, done) in [(usize::MAX, true), (1, true), (7, false)] {
                let story = format!("{first} {second} {bytes} {done}");
                let cut = |events: Vec<String>| {
                    let all = events.concat().into_bytes();
                    let size = bytes.min(all.len());
                    let frames: Vec<Vec<u8>> = all.chunks(size).map(<[u8]>::to_vec).collect();
                    Answer::sse(frames)
                };
                let said: Vec<_> = speech("one", CONTENT, 5)[..7]
                    .iter()
                    .map(|it| frame(it))
                    .collect();
                let mut anew = speech("two", CONTENT, 7);
                anew.extend([ends("two"), bill("two", 9, 9)]);
                anew.extend(done.then(|| DONE.to_owned()));
                let anew = anew.iter().map(|it| other(it)).collect();
                let told = ask(
                    plain(),
                    asking(json!({})),
                    vec![cut(said).then(Step::Break), cut(anew)],
                )
                .await;
                let text = told.told.text().replace("\r\n", "\n").replace('\r', "\n");
                let text = text.replace("\ndata: ,", ",").replace("data:{", "data: {");
                let told = Story {
                    told: flow::Told {
                        frames: vec![text.into()],
                        ..told.told
                    },
                    ..told
                };
                told.assert_whole(CONTENT, &story);
                assert_eq!(told.ends(), [Break::Cut.end(), End::Complete], "{story}");
            }
        }
    }
}

// === Where nothing is mended ===

#[tokio::test(start_paused = true)]
async fn what_is_more_than_one_text_is_not_mended() {
    let tool = json!({"type": "function", "function": {"name": "f"}});
    let schema = json!({"type": "json_schema", "json_schema": {"name": "s", "schema": {}}});
    for members in [
        json!({"tools": [tool]}),
        json!({"response_format": {"type": "json_object"}}),
        json!({"response_format": schema}),
        json!({"n": 2}),
        json!({"logprobs": true}),
        json!({"top_logprobs": 3}),
        json!({"modalities": ["text", "audio"]}),
        json!({"web_search_options": {"search_context_size": "low"}}),
    ] {
        let broken = Break::Cut.after(vec![begins("one"), says("one", "The sea")]);
        let told = ask(prefilled(), asking(members), vec![broken]).await;
        told.assert_broken("The sea", Break::Cut);
    }
    let call = json!({"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}]});
    for delta in [
        call,
        json!({"refusal": "No"}),
        json!({"images": [{"type": "image_url"}]}),
    ] {
        let events = vec![
            begins("one"),
            says("one", "The sea"),
            chunk("one", &delta, &Value::Null),
        ];
        let told = ask(
            prefilled(),
            asking(json!({})),
            vec![Break::Cut.after(events)],
        )
        .await;
        told.assert_broken("The sea", Break::Cut);
    }
}

#[tokio::test(start_paused = true)]
async fn the_request_says_it_before_the_catalogue_and_that_before_the_layer() {
    let on = |on: bool| format!("recover = {on}");
    for (layer, model, endpoint, header, mended) in [
        (None, None, None, None, false),
        (Some(true), None, None, None, true),
        (Some(false), Some(true), None, None, true),
        (Some(true), Some(false), None, None, false),
        (None, Some(false), Some(true), None, true),
        (Some(true), Some(true), Some(false), None, false),
        (Some(true), Some(true), None, Some("false"), false),
        (None, Some(false), Some(false), Some("true"), true),
    ] {
        let story = format!("{layer:?} {model:?} {endpoint:?} {header:?}");
        let mut toml = String::from(
            "[providers.one]\nbase_url = \"https://one.test/v1\"\n[models.\"acme/swift\"]\n",
        );
        toml += &model.map(on).unwrap_or_default();
        toml +=
            "\n[[models.\"acme/swift\".endpoints]]\nprovider = \"one\"\nmodel = \"swift-one\"\n";
        toml += &endpoint.map(on).unwrap_or_default();
        let mut stack = Stack::new(catalog(&toml)).seed(7);
        if let Some(layer) = layer {
            stack = stack.recover(RecoverLayer::new().on(layer));
        }
        let mut request = Request::post("/v1/chat/completions");
        if let Some(header) = header {
            request = request.header("x-switchtower-recover", header);
        }
        let broken = Break::Cut.after(vec![begins("one"), says("one", "The sea")]);
        let answers = vec![broken, whole("one", "The sea is", 4)];
        let told = ask_with(stack, request, asking(json!({})), answers).await;
        match mended {
            true => told.assert_whole("The sea is", &story),
            false => told.assert_broken("The sea", Break::Cut),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_allowed_is_not_asked_for() {
    let stack = Stack::new(plain()).seed(7);
    let stack = stack.wishes(Allowed {
        recover: false,
        ..Allowed::default()
    });
    let request = Request::post("/v1/chat/completions").header("x-switchtower-recover", "true");
    let broken = Break::Cut.after(vec![begins("one"), says("one", "The sea")]);
    let told = ask_with(stack, request, asking(json!({})), vec![broken]).await;
    told.assert_broken("The sea", Break::Cut);
}

// === Bounds ===

#[tokio::test(start_paused = true)]
async fn tries_times_and_text_are_bounded() {
    let broken = || Break::Cut.after(vec![begins("one"), says("one", "The sea")]);
    for stack in [
        Stack::new(plain())
            .recover(RecoverLayer::new().on(true))
            .tries(1),
        Stack::new(plain()).recover(RecoverLayer::new().on(true).times(0)),
    ] {
        let told = ask_with(
            stack.seed(7),
            Request::post("/"),
            asking(json!({})),
            vec![broken()],
        )
        .await;
        told.assert_broken("The sea", Break::Cut);
    }
    // What is not kept cannot be compared.
    let stack = |limit: usize| {
        ServiceBuilder::new()
            .layer(ReadLayer::new())
            .layer(ChooseLayer::new(plain()))
            .layer(RecoverLayer::new().on(true).text_limit(limit))
            .layer(switchtower::dispatch::fallback::FallbackLayer::new())
            .layer(CommitLayer::new())
            .layer(MeterLayer::new())
            .layer(switchtower::dispatch::address::AddressLayer::new())
    };
    for (limit, mended) in [(6, false), (7, true)] {
        let client = Client::new([broken(), whole("two", "The sea is", 5)]);
        let service = stack(limit).service(client.clone());
        let request = Request::post("/")
            .body(asking(json!({})).to_string())
            .unwrap();
        let told = tell(service.oneshot(request).await.unwrap().into_body()).await;
        assert_eq!(
            told.content(),
            if mended { "The sea is" } else { "The sea" }
        );
        assert_eq!(client.seen().len(), if mended { 2 } else { 1 });
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_asked_pays_from_its_retry_budget() {
    let budgets = Budgets::default();
    let now = flow::now();
    for slug in ["one", "two", "three"] {
        while budgets.of(slug, now).withdraw(now) {}
    }
    let client = Client::new([Break::Cut.after(vec![begins("one"), says("one", "The sea")])]);
    let service = ServiceBuilder::new()
        .layer(ReadLayer::new())
        .layer(ChooseLayer::new(plain()))
        .layer(RecoverLayer::new().on(true).budgets(budgets))
        .layer(switchtower::dispatch::fallback::FallbackLayer::new())
        .layer(CommitLayer::new())
        .layer(MeterLayer::new())
        .layer(switchtower::dispatch::address::AddressLayer::new())
        .service(client.clone());
    let request = Request::post("/")
        .body(asking(json!({})).to_string())
        .unwrap();
    let told = tell(service.oneshot(request).await.unwrap().into_body()).await;
    assert_eq!(told.last_chunk()["choices"][0]["finish_reason"], "error");
    assert_eq!(client.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_when_the_time_is_over() {
    let events = [begins("one"), says("one", "The sea")];
    let steps = events.into_iter().map(Step::data);
    let slow = Answer::steps(steps.chain((0..40).flat_map(|_| {
        [
            Step::Wait(secs(20)),
            Step::data(says("one", &"fair ".repeat(200))),
        ]
    })));
    let told = ask(plain(), asking(json!({})), vec![slow]).await;
    assert_eq!(told.record.end, End::Failed(Kind::Elapsed(Phase::Total)));
    assert_eq!(told.record.charge, told.record.attempts[0].cost.amount);
    assert_eq!(
        told.told.last_chunk()["choices"][0]["finish_reason"],
        "error"
    );
}

/// The only endpoint is asked again after what passes, but not one that fell silent or asks to be left alone.
#[tokio::test(start_paused = true)]
async fn the_same_endpoint_is_asked_again_only_where_that_helps() {
    let toml = "[providers.one]\nbase_url = \"https://one.test/v1\"\n[[models.\"acme/swift\".endpoints]]\nprovider = \"one\"\nmodel = \"swift-one\"\n";
    for how in BREAKS {
        let broken = how.after(vec![begins("one"), says("one", "The sea")]);
        let answers = vec![broken, whole("one", "The sea is", 4)];
        let told = ask(catalog(toml), asking(json!({})), answers).await;
        match how {
            Break::Stall => told.assert_broken("The sea", how),
            _ => told.assert_whole("The sea is", &format!("{how:?}")),
        }
    }
    let limited = event(r#"{"error":{"message":"slow down","code":429}}"#);
    let events = [begins("one"), says("one", "The sea"), limited];
    let told = ask(
        catalog(toml),
        asking(json!({})),
        vec![Answer::sse(events), whole("one", "Another", 9)],
    )
    .await;
    assert_eq!(told.told.content(), "The sea");
    // What said something else once is not asked again.
    assert_eq!(told.record.attempts.len(), 2);
}

/// Where nobody is left an attempt gets all the time of its request; but not while a caller stands in the middle of a text.
#[tokio::test(start_paused = true)]
async fn who_is_silent_does_not_keep_a_reader_waiting() {
    for rest in [
        Answer::silence(),
        Answer::sse([begins("two")]).then(Step::Hang),
    ] {
        let asked = tokio::time::Instant::now();
        let broken = Break::Cut.after(vec![begins("one"), says("one", "The sea")]);
        let answers = [vec![broken], vec![rest; 5]].concat();
        let told = ask(plain(), asking(json!({})), answers).await;
        told.assert_broken("The sea", Break::Cut);
        assert!(asked.elapsed() <= secs(150), "{:?}", asked.elapsed());
    }
}

/// Who is silent, or refuses, would do the same again; who has told a part may tell the rest.
#[tokio::test(start_paused = true)]
async fn who_would_answer_the_same_is_not_asked_twice() {
    for no in [
        Answer::status(400, r#"{"error":{"message":"no prefill"}}"#),
        Answer::status(401, "{}"),
        Answer::silence(),
    ] {
        let broken = Break::Cut.after(vec![begins("one"), says("one", "The sea")]);
        let answers = vec![broken, no, whole("one", "The sea is", 4)];
        let body = asking(json!({"provider": {"only": ["one", "two"], "order": ["one", "two"]}}));
        let told = ask(prefilled(), body, answers).await;
        assert_eq!(
            told.client.hosts(),
            ["one.test", "two.test", "one.test"],
            "{}",
            told.told.text()
        );
        told.assert_whole("The sea is", "by the first");
    }
}

// === The caller leaves ===

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_pays_for_what_it_got() {
    use http_body_util::BodyExt;
    let broken = || Break::Cut.after(speech("one", "The sea is calm ", 4));
    for (second, catalog, by, output) in [
        // Before the second has said a word, or anything new.
        (Answer::silence(), plain(), 0, 4),
        (
            Answer::sse(speech("two", "The sea", 4)).then(Step::Hang),
            plain(),
            0,
            4,
        ),
        (
            Answer::sse(speech("two", "The sea is calm tonight", 4)).then(Step::Hang),
            plain(),
            1,
            6,
        ),
        (
            Answer::sse(speech("two", "\u{20}tonight", 4)).then(Step::Hang),
            prefilled(),
            1,
            6,
        ),
    ] {
        let stack = Stack::new(catalog)
            .seed(7)
            .recover(RecoverLayer::new().on(true));
        let client = Client::new([broken(), second]);
        let service = stack.around(client.clone());
        let request = Request::post("/")
            .body(asking(json!({})).to_string())
            .unwrap();
        let mut body = service.oneshot(request).await.unwrap().into_body();
        let read = async { while let Some(Ok(_)) = body.frame().await {} };
        assert!(tokio::time::timeout(secs(1), read).await.is_err());
        assert_eq!(stack.ledger().records().len(), 0);
        drop(body);
        assert_eq!(client.alive(), 0);
        let record = stack.ledger().records().pop().unwrap();
        assert_eq!((record.end, record.attempts.len()), (End::Cancelled, 2));
        assert_eq!(
            (record.answered_by, record.usage.output),
            (Some(by), output),
            "{record:?}"
        );
        assert!(!record.charge.unwrap().is_zero());
    }
}

// === Alone ===

/// Without a plan the one service inside is asked once more; without a `meter` nothing is.
#[tokio::test(start_paused = true)]
async fn it_works_around_a_plain_client() {
    let body = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let client = Client::new([
        Break::Stop.after(vec![begins("one"), says("one", "The sea")]),
        whole("two", "The sea is", 3),
    ]);
    let service = ServiceBuilder::new()
        .layer(RecoverLayer::new().on(true))
        .layer(CommitLayer::new())
        .layer(DeadlineLayer::default())
        .layer(MeterLayer::new())
        .service(client.clone());
    let told = tell(
        service
            .oneshot(flow::asking(body).0)
            .await
            .unwrap()
            .into_body(),
    )
    .await;
    assert_eq!(told.content(), "The sea is");
    assert_proper_end(&told);

    let client = Client::new([Break::Cut.after(vec![begins("one"), says("one", "The sea")])]);
    let service = ServiceBuilder::new()
        .layer(RecoverLayer::new().on(true))
        .service(client.clone());
    let told = tell(
        service
            .oneshot(flow::asking(body).0)
            .await
            .unwrap()
            .into_body(),
    )
    .await;
    assert_eq!(told.error.unwrap().kind(), Kind::Disconnected);
}

// === Anything, anywhere ===

/// One text, spelled piece by piece with or without escapes.
fn spelled(by: &str, text: &str, cuts: &[(u8, bool)]) -> Vec<String> {
    let mut events = vec![begins(by)];
    let (mut rest, mut cuts) = (text, cuts.iter().cycle());
    while !rest.is_empty() {
        let (size, escaped) = *cuts.next().unwrap();
        let chars = usize::from(size % 9) + 1;
        let at = rest
            .char_indices()
            .nth(chars)
            .map_or(rest.len(), |(at, _)| at);
        let (piece, more) = rest.split_at(at);
        rest = more;
        events.push(match escaped {
            false => says(by, piece),
            true => {
                let units: String = piece
                    .encode_utf16()
                    .map(|unit| format!("\\u{unit:04x}"))
                    .collect();
                says(by, "@").replace('@', &units)
            }
        });
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// The caller's text is the answer, wherever the first one broke and however the second one cuts and spells it; or, if
    /// that is another answer, a beginning of the first.
    #[test]
    fn no_text_is_lost_or_told_twice(
        text in "[a-c \n\"\\\\é🌙]{1,40}",
        other in proptest::option::of("[a-c \n\"\\\\é🌙]{0,40}"),
        cuts in (prop::collection::vec(any::<(u8, bool)>(), 1..6), prop::collection::vec(any::<(u8, bool)>(), 1..6)),
        at in any::<prop::sample::Index>(),
        how in prop::sample::select(BREAKS.to_vec()),
        goes_on in any::<bool>(),
    ) {
        let first = spelled("one", &text, &cuts.0);
        let events = 2 + at.index(first.len() - 1);
        let broken = how.after(first[..events].to_vec());
        let said: String = {
            let told = flow::Told { frames: first[..events].iter().map(|event| event.clone().into()).collect(), ..Default::default() };
            told.content()
        };
        let kept = if goes_on { said.trim_ascii_end() } else { "" };
        let goes_on = !kept.is_empty();
        let answer = other.as_deref().unwrap_or(&text[kept.len()..]).to_owned();
        let mut second = spelled("two", &answer, &cuts.1);
        second.extend([ends("two"), bill("two", 9, 9), DONE.to_owned()]);
        let catalog = if goes_on { prefilled() } else { plain() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let told = runtime.block_on(async {
            let stack = Stack::new(catalog).seed(7).recover(RecoverLayer::new().on(true).times(1));
            ask_with(stack, Request::post("/"), asking(json!({})), vec![broken, Answer::sse(second)]).await
        });
        let whole = format!("{kept}{answer}");
        let story = format!("{how:?}");
        match whole.strip_prefix(&said) {
            Some(_) => told.assert_whole(&whole, &story),
            // Nothing is missing but white space that it was not given.
            None if goes_on && said.starts_with(&whole) => told.assert_whole(&said, &story),
            None => told.assert_broken(&said, how),
        }
    }
}

/// The second answer was longer than what is kept, broke as well, and the third was shown the little that had come since: it went
/// on from there, and nobody saw that the middle was gone.
#[tokio::test(start_paused = true)]
async fn what_was_too_long_to_be_kept_is_not_mended_later() {
    let said = |words: &str| {
        let json = json!({"id": "1", "model": "m", "choices": [{"index": 0, "delta": {"content": words}, "finish_reason": null}]});
        event(&json.to_string())
    };
    let answers = [
        Answer::sse([said("0123456789")]).then(Step::Break),
        Answer::sse([said("0123456789"), said("abcdefghijklmnop"), said("XYZ")]).then(Step::Break),
        Answer::sse([
            said("XYZ"),
            said(" WRONG"),
            flow::finish("stop"),
            DONE.to_owned(),
        ]),
    ];
    let client = Client::new(answers);
    let recover = RecoverLayer::new().on(true).text_limit(20);
    let chain = Stack::new(plain())
        .seed(1)
        .recover(recover)
        .around(client.clone());
    let answer = chain
        .oneshot(Request::new(flow::ordered(true)))
        .await
        .unwrap();
    let told = tell(answer.into_body()).await;
    assert!(!told.text().contains("WRONG"), "{}", told.text());
    assert!(
        told.text().contains(r#""finish_reason":"error""#),
        "{}",
        told.text()
    );
    assert_eq!(client.seen().len(), 2);
}

/// It broke off without a word that was its own, and was taken for one that had said nothing.
#[tokio::test(start_paused = true)]
async fn who_has_ended_too_early_is_not_asked_again() {
    let broken = Break::Cut.after(vec![begins("one"), says("one", "The sea")]);
    let answers = vec![broken, whole("two", "", 5), whole("one", "The sea is", 5)];
    let stack = Stack::new(plain())
        .seed(7)
        .recover(RecoverLayer::new().on(true));
    let body = asking(json!({"provider": {"order": ["one", "two"], "only": ["one", "two"]}}));
    let told = ask_with(stack, Request::post("/v1/chat/completions"), body, answers).await;
    assert_eq!(told.client.hosts(), ["one.test", "two.test", "one.test"]);
}

/// A service that has failed is to be discarded.
#[tokio::test(start_paused = true)]
async fn a_service_that_was_never_ready_is_not_polled_again() {
    let broken = Break::Cut.after(vec![begins("one"), says("one", "The sea")]);
    let client = Client::new([broken, whole("three", "The sea is", 5)]);
    let inner = ServiceBuilder::new()
        .layer(CommitLayer::new())
        .layer(MeterLayer::new())
        .layer(AddressLayer::new())
        .service(client.clone());
    let service = ServiceBuilder::new()
        .layer(ReadLayer::new())
        .layer(ChooseLayer::new(Roster::from(plain())))
        .layer(RecoverLayer::new().on(true))
        .service(Brittle {
            inner,
            client: client.clone(),
            made: Arc::default(),
            fails: false,
            failed: false,
        });
    let body = asking(json!({})).to_string();
    let told = tell(
        service
            .oneshot(Request::new(body))
            .await
            .unwrap()
            .into_body(),
    )
    .await;
    assert_eq!(told.content(), "The sea is");
}

/// One of its clones is never ready: the first that is asked again.
struct Brittle<S> {
    inner: S,
    client: Client,
    made: Arc<AtomicBool>,
    fails: bool,
    failed: bool,
}

impl<S: Clone> Clone for Brittle<S> {
    fn clone(&self) -> Self {
        let again = self.client.seen().len() == 1;
        Self {
            inner: self.inner.clone(),
            client: self.client.clone(),
            made: self.made.clone(),
            fails: again && !self.made.swap(true, Relaxed),
            failed: false,
        }
    }
}

impl<S> Service<Request<Payload>> for Brittle<S>
where
    S: Service<Request<Payload>, Error = Error>,
{
    type Response = S::Response;
    type Error = Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        assert!(!self.failed, "it has failed, and was not discarded");
        self.failed = self.fails;
        match self.failed {
            true => Poll::Ready(Err(Error::new(Kind::Internal, "never ready"))),
            false => self.inner.poll_ready(cx),
        }
    }

    fn call(&mut self, request: Request<Payload>) -> S::Future {
        self.inner.call(request)
    }
}
