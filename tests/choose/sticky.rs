//! Conversations that stay where their cache is warm.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use switchtower::catalog::{Catalog, EndpointSpec, Prices, Rate, Strategy};
use switchtower::choose::Ask;
use switchtower::standing::Sticky;
use switchtower::testing::{Script, Upstream};
use switchtower::{Payload, Plan, Reason, Stack, Tenant, client};
use tower::ServiceExt;

use crate::support::*;

/// A world, and who remembers its conversations.
struct Memory {
    world: World,
    sticky: Arc<Sticky>,
}

impl Memory {
    fn new(world: World) -> Self {
        let sticky = Arc::new(Sticky::new(world.start));
        Self { world, sticky }
    }

    fn ask<'a>(&'a self, payload: &'a Payload, seed: u64) -> Ask<'a> {
        Ask::new(payload, seed, self.world.start).sticky(&self.sticky)
    }

    fn plan(&self, body: &Value) -> Plan {
        let payload = payload(body);
        self.world.ask(&self.ask(&payload, 1)).unwrap()
    }

    /// The endpoint answers this request, with so many tokens from its cache.
    fn answer(&self, body: &Value, key: &str, cached: u64) {
        let plan = self.plan(body);
        if let Some(conversation) = plan.conversation() {
            conversation.answered(self.world.endpoint(key), cached, self.world.start);
        }
    }

    /// Does it get that endpoint, whatever the seed?
    fn stays(&self, body: &Value, key: &str) -> bool {
        let payload = payload(body);
        let plans = (0..40).map(|seed| self.world.ask(&self.ask(&payload, seed)).unwrap());
        plans
            .into_iter()
            .all(|plan| plan.candidates[0].endpoint.key() == key)
    }
}

fn caching(tag: &str, read: &str) -> EndpointSpec {
    EndpointSpec::new(tag, "x").with_prices(flat("1").with(Rate::CacheRead, per_million(read)))
}

fn three() -> Memory {
    Memory::new(World::serving([
        caching("a", "0.1"),
        caching("b", "0.1"),
        caching("c", "1"),
    ]))
}

fn talk(more: Value) -> Value {
    let mut body = json!({"model": "a/x", "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
    ]});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn a_session_stays_where_it_was_answered() {
    let memory = three();
    let session = talk(json!({"session_id": "chat-1"}));
    assert!(!memory.stays(&session, "a/x@c"));
    memory.answer(&session, "a/x@c", 0);
    assert!(memory.stays(&session, "a/x@c"));
    assert_eq!(memory.plan(&session).candidates[0].reason, Reason::Sticky);
    // Another one does not, and neither does the same one with another model.
    assert!(!memory.stays(&talk(json!({"session_id": "chat-2"})), "a/x@c"));
    // It moves with whoever answers.
    memory.answer(&session, "a/x@a", 0);
    assert!(memory.stays(&session, "a/x@a"));
}

#[test]
fn a_session_by_its_header_and_the_body_wins() {
    let memory = three();
    let body = talk(json!({}));
    let payload = payload(&body);
    let of = |session: &'static [u8], seed| {
        let ask = memory.ask(&payload, seed).session(session);
        memory.world.ask(&ask).unwrap()
    };
    let conversation = of(b"chat-1", 1);
    let conversation = conversation.conversation().unwrap();
    conversation.answered(memory.world.endpoint("a/x@c"), 0, memory.world.start);
    let all = |session| (0..40).all(|seed| keys(&of(session, seed))[0] == "a/x@c");
    assert!(all(b"chat-1"));
    assert!(!all(b"chat-2"));
    // The same name in the body is the same conversation.
    assert!(memory.stays(&talk(json!({"session_id": "chat-1"})), "a/x@c"));
    let named = talk(json!({"session_id": "chat-3"}));
    let named = Payload::read(named.to_string()).unwrap();
    let ask = memory.ask(&named, 3).session(b"chat-1");
    assert_ne!(
        memory.world.ask(&ask).unwrap().candidates[0].reason,
        Reason::Sticky
    );
}

#[test]
fn without_a_session_only_a_cache_hit_that_saves_something_makes_it_stay() {
    let memory = three();
    let body = talk(json!({"prompt_cache_key": "k"}));
    memory.answer(&body, "a/x@a", 0);
    assert!(!memory.stays(&body, "a/x@a"));
    // From a cache as dear as the prompt.
    memory.answer(&body, "a/x@c", 100);
    assert!(!memory.stays(&body, "a/x@c"));
    memory.answer(&body, "a/x@b", 100);
    assert!(memory.stays(&body, "a/x@b"));
    // Nobody offers a cheaper cache: there is no conversation to be remembered.
    let none = Memory::new(World::serving([at("a", "1"), at("b", "1")]));
    assert!(none.plan(&body).conversation().is_none());
}

/// Its first two messages are what it is known by; what follows changes, and what comes before may be long.
#[test]
fn a_conversation_is_known_by_how_it_began() {
    let memory = three();
    let said = |system: &str, user: &str, more: &str| {
        json!({"model": "a/x", "messages": [
            {"role": "system", "content": system},
            {"role": "user", "content": user},
            {"role": "assistant", "content": "Yes."},
            {"role": "user", "content": more},
        ]})
    };
    let long = "x".repeat(100_000);
    memory.answer(&said(&long, "Hello", "and"), "a/x@b", 10);
    assert!(memory.stays(&said(&long, "Hello", "or"), "a/x@b"));
    assert!(!memory.stays(&said(&long, "Goodbye", "and"), "a/x@b"));
    assert!(!memory.stays(&said(&long[1..], "Hello", "and"), "a/x@b"));
    // Without a message there is no conversation.
    let nothing = memory.plan(&json!({"model": "a/x"}));
    assert!(nothing.conversation().is_none());
}

/// Of a name as long as a book the ends are looked at.
#[test]
fn a_session_may_have_a_long_name() {
    let memory = three();
    let named = |end: &str| talk(json!({"session_id": "x".repeat(1_000_000) + end}));
    memory.answer(&named("1"), "a/x@c", 0);
    assert!(memory.stays(&named("1"), "a/x@c"));
    assert!(!memory.stays(&named("2"), "a/x@c"));
    assert!(!memory.stays(&named("11"), "a/x@c"));
}

#[test]
fn tenants_have_nothing_in_common() {
    let memory = three();
    let body = talk(json!({"session_id": "chat-1"}));
    let payload = payload(&body);
    let plan = |tenant, seed| {
        let ask = memory.ask(&payload, seed).tenant(tenant);
        memory.world.ask(&ask).unwrap()
    };
    let (one, other) = (Some(Tenant::of("sk-1")), Some(Tenant::of("sk-2")));
    let first = plan(one, 1);
    let conversation = first.conversation().unwrap();
    conversation.answered(memory.world.endpoint("a/x@c"), 0, memory.world.start);
    let stays = |tenant| (0..40).all(|seed| keys(&plan(tenant, seed))[0] == "a/x@c");
    assert!(stays(one));
    assert!(!stays(other) && !stays(None));
}

#[test]
fn ten_minutes_of_silence_end_it_and_each_answer_begins_them_again() {
    let memory = three();
    let session = talk(json!({"session_id": "chat-1"}));
    let payload = payload(&session);
    let start = memory.world.start;
    let at = |seconds, seed| {
        let now = start + Duration::from_secs(seconds);
        let ask = Ask::new(&payload, seed, now).sticky(&memory.sticky);
        memory.world.ask(&ask).unwrap()
    };
    let stays = |seconds| (0..40).all(|seed| keys(&at(seconds, seed))[0] == "a/x@c");
    memory.answer(&session, "a/x@c", 0);
    assert!(stays(600));
    assert!(!stays(601));
    let again = at(500, 1);
    let later = start + Duration::from_secs(500);
    again
        .conversation()
        .unwrap()
        .answered(memory.world.endpoint("a/x@c"), 0, later);
    assert!(stays(1_100));
    assert!(!stays(1_101));
}

#[test]
fn what_it_comes_before_and_what_not() {
    let memory = three();
    let session = |wanted| talk(json!({"session_id": "chat-1", "provider": wanted}));
    memory.answer(&session(json!({})), "a/x@c", 0);
    assert!(memory.stays(&session(json!({"sort": "price"})), "a/x@c"));
    assert!(!memory.stays(&session(json!({"order": ["a"]})), "a/x@c"));
    assert!(
        memory
            .plan(&session(json!({"order": ["a"]})))
            .conversation()
            .is_none()
    );
    assert!(
        memory.stays(&session(json!({"only": ["b"]})), "a/x@b"),
        "it moves no filter"
    );
    memory.world.fail("a/x@c");
    assert!(!memory.stays(&session(json!({})), "a/x@c"), "it is out");
}

#[test]
fn under_expected_cost_a_warm_cache_is_a_price() {
    let own = |tag: &str, prompt: &str, read: &str| {
        let prices = Prices::unknown()
            .with(Rate::Prompt, per_million(prompt))
            .with(Rate::Completion, per_million("1"))
            .with(Rate::CacheRead, per_million(read));
        EndpointSpec::new(tag, "x").with_prices(prices)
    };
    let endpoints = [
        own("a", "1", "0.5"),
        own("b", "3", "0.3"),
        own("c", "3", "2"),
    ];
    let model = served("a/x", endpoints).with_strategy(Strategy::ExpectedCost);
    let memory = Memory::new(World::having([model]));
    let session = talk(json!({"session_id": "chat-1", "max_tokens": 1}));
    assert!(memory.stays(&session, "a/x@a"));
    memory.answer(&session, "a/x@b", 10);
    assert!(memory.stays(&session, "a/x@b"));
    memory.answer(&session, "a/x@c", 10);
    assert!(memory.stays(&session, "a/x@a"), "warm, and still dearer");
}

// === The table ===

#[test]
fn the_table_is_bounded_and_forgets_the_idlest() {
    let start = tokio::time::Instant::now().into_std();
    let sticky = Sticky::with(start, Sticky::IDLE, NonZeroUsize::MIN);
    let keys: Vec<_> = (0..5).map(|n| sticky.hash(n)).collect();
    for (second, key) in keys.iter().enumerate() {
        let now = start + Duration::from_secs(second as u64);
        sticky.remember(*key, second as u32, now);
    }
    let now = start + Duration::from_secs(10);
    let known: Vec<_> = keys.iter().map(|key| sticky.recall(*key, now)).collect();
    assert_eq!(known, [None, Some(1), Some(2), Some(3), Some(4)]);
    // The one that is told again takes its own place.
    sticky.remember(keys[1], 7, now);
    let known: Vec<_> = keys.iter().map(|key| sticky.recall(*key, now)).collect();
    assert_eq!(known, [None, Some(7), Some(2), Some(3), Some(4)]);
}

#[test]
fn many_conversations_are_kept_apart() {
    let start = tokio::time::Instant::now().into_std();
    let sticky = Sticky::new(start);
    let key = |n: u32| sticky.hash(n);
    (0..20_000).for_each(|n| sticky.remember(key(n), n, start));
    let wrong = (0..20_000).filter(|n| sticky.recall(key(*n), start).is_some_and(|e| e != *n));
    assert!(wrong.count() <= 2);
    let kept = (0..20_000).filter(|n| sticky.recall(key(*n), start).is_some());
    assert!(kept.count() > 19_000);
    let strangers = (20_000..40_000).filter(|n| sticky.recall(key(*n), start).is_some());
    assert!(strangers.count() <= 2);
}

// === Through the whole stack ===

/// Two providers at one price, whose caches are cheaper, and the stack around a client.
async fn town() -> ([Upstream; 2], impl AsyncFn(&str) -> bool) {
    let providers = [Upstream::start().await, Upstream::start().await];
    let mut text = String::new();
    for (slug, provider) in ["one", "two"].iter().zip(&providers) {
        text += &format!(
            "[providers.{slug}]\nbase_url = \"{}\"\n[[models.swift.endpoints]]\nprovider = \"{slug}\"\nmodel = \"m\"\n\
             prices = {{ prompt = \"1\", completion = \"1\", cache_read = \"0.1\" }}\n",
            provider.base_url()
        );
    }
    let catalog = Catalog::from_toml(&text, "test.toml", |_| None).unwrap();
    let chain = Stack::new(Arc::new(catalog)).around(client::hyper::plain());
    let ask = async move |body: &str| {
        let request = Request::post("/v1/chat/completions").body(body.to_owned());
        let answer = chain.clone().oneshot(request.unwrap()).await;
        match answer {
            Ok(answer) => answer.into_body().collect().await.is_ok(),
            Err(_) => false,
        }
    };
    (providers, ask)
}

fn calls(providers: &[Upstream; 2]) -> [u64; 2] {
    [providers[0].calls(), providers[1].calls()]
}

#[tokio::test]
async fn a_whole_answer_makes_a_session_stay_and_a_failure_moves_it() {
    let (providers, ask) = town().await;
    let session = r#"{"model": "swift", "session_id": "chat-1", "messages": [{"role": "user", "content": "Hi"}]}"#;
    for _ in 0..20 {
        assert!(ask(session).await);
    }
    let stayed = calls(&providers);
    assert!(stayed == [20, 0] || stayed == [0, 20], "{stayed:?}");
    let (warm, cold) = if stayed[0] > 0 { (0, 1) } else { (1, 0) };
    providers[warm].next(Script::fail(StatusCode::BAD_GATEWAY));
    providers[warm].next(Script::fail(StatusCode::BAD_GATEWAY));
    for _ in 0..20 {
        assert!(ask(session).await);
    }
    assert!(providers[cold].calls() >= 19, "{:?}", calls(&providers));
}

#[tokio::test]
async fn without_a_session_it_stays_once_the_cache_was_read() {
    let (providers, ask) = town().await;
    let body = r#"{"model": "swift", "messages": [{"role": "user", "content": "Hi"}]}"#;
    for _ in 0..40 {
        assert!(ask(body).await);
    }
    let spread = calls(&providers);
    assert!(
        spread[0] > 0 && spread[1] > 0,
        "one in 2³⁹ tosses: {spread:?}"
    );
    let cached = || Script::new().prompt_tokens(100).cached_tokens(90);
    providers
        .iter()
        .for_each(|provider| provider.script(cached()));
    assert!(ask(body).await);
    let before = calls(&providers);
    for _ in 0..20 {
        assert!(ask(body).await);
    }
    let after = calls(&providers);
    let more = [after[0] - before[0], after[1] - before[1]];
    assert!(more == [20, 0] || more == [0, 20], "{more:?}");
}
