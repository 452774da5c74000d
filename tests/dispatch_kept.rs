//! How long a request is kept: as long as its answer may be mended, and without the buffer that it was read into.

mod flow;

use std::sync::{Arc, Weak};

use bytes::Bytes;
use flow::{Answer, Client, Step, good, role, tell, text, three};
use http::header::{HeaderValue, USER_AGENT};
use http::{Request, Uri};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use switchtower::Stack;
use switchtower::dispatch::recover::RecoverLayer;
use tower::ServiceExt;

// === Helpers ===

const PATH: &str = "/v1/chat/completions";
const AGENT: &str = "reader/1.0";

/// The buffer of a connection.
struct Buffer {
    text: String,
    _life: Arc<()>,
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

/// A request that is a part of one buffer, from its path to its last byte, and what tells whether that is still there.
fn request(body: &Value) -> (Request<Full<Bytes>>, Weak<()>) {
    let life = Arc::new(());
    let there = Arc::downgrade(&life);
    let mut buffer = Bytes::from_owner(Buffer {
        text: format!("{PATH}{AGENT}Bearer key{body}"),
        _life: life,
    });
    let uri = Uri::from_maybe_shared(buffer.split_to(PATH.len())).unwrap();
    let agent = HeaderValue::from_maybe_shared(buffer.split_to(AGENT.len())).unwrap();
    let key = HeaderValue::from_maybe_shared(buffer.split_to("Bearer key".len())).unwrap();
    let request = Request::post(uri)
        .header(USER_AGENT, agent)
        .header("authorization", key)
        .body(Full::new(buffer));
    (request.unwrap(), there)
}

/// A stream, with these members besides.
fn asking(prompt: usize, members: Value) -> Value {
    let mut body = json!({
        "model": "acme/swift", "stream": true,
        "messages": [{"role": "user", "content": "x".repeat(prompt)}],
        "provider": {"order": ["one", "two", "three"]},
    });
    let members = members.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    body
}

fn broken(says: &[&str]) -> Answer {
    let words = says.iter().map(|says| text(says));
    Answer::sse([role()].into_iter().chain(words)).then(Step::Break)
}

/// Whether the request was there after so many events of an answer, what was told all together, and who was asked for it.
async fn kept(
    recover: RecoverLayer,
    body: &Value,
    answers: Vec<Answer>,
    events: usize,
) -> (bool, String, Client) {
    let client = Client::new(answers);
    let stack = Stack::new(three()).seed(7).recover(recover);
    let service = stack.around(client.clone());
    let (request, there) = request(body);
    let mut answer = service.oneshot(request).await.unwrap().into_body();
    let mut told = String::new();
    for _ in 0..events {
        let data = answer.frame().await.unwrap().unwrap().into_data().unwrap();
        told.push_str(std::str::from_utf8(&data).unwrap());
    }
    let there = there.strong_count() > 0;
    told.push_str(&tell(answer).await.text());
    let app = stack.ledger().records().remove(0).app;
    assert_eq!(app.user_agent.as_deref(), Some(AGENT));
    (there, told, client)
}

fn on() -> RecoverLayer {
    RecoverLayer::new().on(true)
}

// === Tests ===

#[tokio::test(start_paused = true)]
async fn a_small_request_lets_go_of_the_buffer_that_it_was_read_into_and_is_asked_again_all_the_same()
 {
    let body = asking(100, json!({}));
    let answers = vec![broken(&["The sea"]), Answer::sse(good("The sea is calm."))];
    let (there, told, client) = kept(on(), &body, answers, 2).await;
    assert!(!there, "a few bytes keep the buffer of a connection");
    assert!(
        told.contains(" is calm.") && !told.contains("error"),
        "{told}"
    );
    let seen = client.seen();
    assert_eq!(
        seen[1].text(),
        seen[0].text().replace("swift-one", "swift-two")
    );
    assert_eq!(seen[1].uri.path(), seen[0].uri.path());
}

#[tokio::test(start_paused = true)]
async fn a_large_one_is_kept_as_it_came_while_its_answer_may_be_mended() {
    let body = asking(20_000, json!({}));
    let answers = vec![broken(&["The sea"]), Answer::sse(good("The sea is calm."))];
    let (there, told, client) = kept(on(), &body, answers, 2).await;
    assert!(there, "it was copied");
    assert!(
        told.contains(" is calm.") && !told.contains("error"),
        "{told}"
    );
    assert_eq!(client.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_of_a_request_whose_answer_nobody_will_mend() {
    let none = json!({});
    let tools =
        json!({"tools": [{"type": "function", "function": {"name": "add", "parameters": {}}}]});
    for (story, recover, members) in [
        ("it is off", RecoverLayer::new(), none.clone()),
        ("never", on().times(0), none.clone()),
        ("tools", on(), tools),
        ("two choices", on(), json!({"n": 2})),
        (
            "JSON",
            on(),
            json!({"response_format": {"type": "json_object"}}),
        ),
    ] {
        let body = asking(20_000, members);
        let (there, told, _) = kept(recover, &body, vec![broken(&["The sea"])], 2).await;
        assert!(!there, "{story}");
        assert!(told.contains("error"), "{story}: {told}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_once_nobody_will_be_asked_any_more() {
    let body = asking(20_000, json!({}));
    // What it says is longer than what is kept of it.
    let answer = || vec![broken(&["The sea", " is calm."])];
    for (events, expected) in [(2, true), (3, false)] {
        let (there, ..) = kept(on().text_limit(7), &body, answer(), events).await;
        assert_eq!(there, expected, "after {events} events");
    }
    // It has been mended as often as it may be.
    for (times, expected) in [(1, false), (2, true)] {
        let second = broken(&["The sea is", " calm."]);
        let third = (times > 1).then(|| Answer::sse(good("The sea is calm.")));
        let answers = [broken(&["The sea"]), second].into_iter().chain(third);
        let (there, ..) = kept(on().times(times), &body, answers.collect(), 3).await;
        assert_eq!(there, expected, "{times} times");
    }
}
