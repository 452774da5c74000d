//! Whoever manages may leave at any moment: what was to change has changed, everywhere, or nowhere.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::SystemTime;

use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use switchtower::catalog::Catalog;
use switchtower::gateway::Gateway;
use switchtower::keys::{KeyRing, MasterKeys};
use switchtower::limits::{Now, Subject, Unit};
use switchtower::settle::store::{MemoryStore, Store};
use switchtower::settle::{Books, HasBooks};
use switchtower::{Caller, Stack, client};
use tower::ServiceExt;

use crate::support::{self, MANAGER, catalog};

/// More than any change waits.
const MOST_WAITS: usize = 100;

#[tokio::test]
async fn a_key_is_made_whole_whoever_leaves() {
    let body = json!({"name": "second", "limit": 5, "rate_limits": {"requests_per_day": 9}});
    at_each_wait(|_| (Method::POST, "/keys".to_owned(), body.clone())).await;
}

#[tokio::test]
async fn a_key_is_changed_whole_whoever_leaves() {
    let body = json!({"disabled": true, "limit": 7});
    at_each_wait(|made| (Method::PATCH, made.key.clone(), body.clone())).await;
    at_each_wait(|made| (Method::DELETE, made.key.clone(), Value::Null)).await;
}

#[tokio::test]
async fn a_key_of_a_provider_is_made_whole_whoever_leaves() {
    let body = json!({"provider": "first", "key": "sk-own-second"});
    at_each_wait(|_| (Method::POST, "/byok".to_owned(), body.clone())).await;
}

#[tokio::test]
async fn a_key_of_a_provider_is_changed_whole_whoever_leaves() {
    let body = json!({"key": "sk-own-third", "disabled": true});
    at_each_wait(|made| (Method::PATCH, made.byok.clone(), body.clone())).await;
    at_each_wait(|made| (Method::DELETE, made.byok.clone(), Value::Null)).await;
}

#[tokio::test]
async fn a_credit_is_given_whole_whoever_leaves() {
    let body = json!({"id": "order-1", "amount": 3});
    at_each_wait(|_| (Method::POST, "/credits".to_owned(), body.clone())).await;
}

// === Helpers ===

/// Where what was made before is.
struct Made {
    key: String,
    byok: String,
    /// That nobody means.
    others: [String; 2],
}

/// Asks for this, and leaves when it waits for the first time; then another one at the second time, and so on, until it does
/// not wait so often.
async fn at_each_wait(ask: impl Fn(&Made) -> (Method, String, Value)) {
    for waits in 1..MOST_WAITS {
        let store = Arc::new(MemoryStore::new(100));
        let one = One::open(&store).await;
        let made = one.make().await;
        let (method, path, body) = ask(&made);
        let done = one.leave(method, &path, body, waits).await;
        let mut agrees = false;
        for _ in 0..MOST_WAITS {
            // What goes on comes to its end meanwhile: others wait in the same line.
            one.manage(Method::PATCH, &made.others[0], json!({"name": "next"}))
                .await;
            one.manage(Method::PATCH, &made.others[1], json!({"name": "next"}))
                .await;
            agrees = one.told() == One::open(&store).await.told();
            if agrees {
                break;
            }
        }
        let stored = One::open(&store).await;
        assert!(
            agrees,
            "left at wait {waits}: {:?} {:?}",
            one.told(),
            stored.told()
        );
        if done {
            assert!(waits > 1, "it never waited");
            return;
        }
    }
    panic!("it waits for ever");
}

/// A gateway over a store.
struct One {
    app: Router,
    ring: KeyRing,
    books: Books,
}

// === impl One ===

impl One {
    async fn open(store: &Arc<MemoryStore>) -> Self {
        let store: Arc<dyn Store> = store.clone();
        let journal = support::journal(store);
        let catalog: Catalog = catalog(&["http://127.0.0.1:1/v1".parse().unwrap()]);
        let stack = Stack::new(Arc::new(catalog)).with_ledger(journal.clone());
        let gateway = Gateway::new(stack, client::hyper::plain())
            .management_keys([MANAGER])
            .master_keys(MasterKeys::parse(&"11".repeat(32)).unwrap())
            .prepaid();
        gateway.read_keys().await.unwrap();
        Self {
            ring: gateway.key_ring().clone(),
            books: journal.books(),
            app: gateway.router(),
        }
    }

    async fn make(&self) -> Made {
        let key = json!({"name": "first", "limit": 2});
        let own = json!({"provider": "first", "key": "sk-own-first"});
        let mut made = Vec::new();
        for _ in 0..2 {
            let key = self.manage(Method::POST, "/keys", key.clone()).await;
            made.push(format!("/keys/{}", key["data"]["hash"].as_str().unwrap()));
            let byok = self.manage(Method::POST, "/byok", own.clone()).await;
            made.push(format!("/byok/{}", byok["data"]["id"].as_str().unwrap()));
        }
        let [key, byok, others @ ..] = <[String; 4]>::try_from(made).unwrap();
        Made { key, byok, others }
    }

    async fn manage(&self, method: Method, path: &str, body: Value) -> Value {
        let asked = self.app.clone().oneshot(request(method, path, body));
        let answer = asked.await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(status.is_success(), "{status} {body:?}");
        serde_json::from_slice(&body).unwrap()
    }

    /// Was it done before it waited so often?
    async fn leave(&self, method: Method, path: &str, body: Value, waits: usize) -> bool {
        let mut asked = pin!(self.app.clone().oneshot(request(method, path, body)));
        let mut waited = 0;
        poll_fn(|cx| match asked.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending => {
                waited += 1;
                match waited == waits {
                    true => Poll::Ready(false),
                    false => Poll::Pending,
                }
            }
        })
        .await
    }

    /// All that requests are let in by, and what limits them.
    fn told(&self) -> (Vec<String>, Vec<String>, Vec<String>) {
        let keys = self.ring.list();
        let limits = keys.iter().flat_map(|key| {
            let subject = Subject {
                caller: Some(key.caller()),
                ..Subject::default()
            };
            #[expect(clippy::disallowed_methods, reason = "no rule of it counts a time")]
            let now = Now {
                instant: std::time::Instant::now(),
                wall: SystemTime::now(),
            };
            let limits = self.books.limits();
            let levels = limits.levels(&subject, &[Unit::Money], now);
            let levels = levels
                .iter()
                .map(|level| (level.rule.name().to_owned(), level.most));
            let levels: Vec<_> = levels.collect();
            levels
                .into_iter()
                .map(|level| format!("{} {level:?}", key.id()))
        });
        let own = self.ring.provider_keys(Caller::ACCOUNT).load();
        let own = own.iter().map(|key| {
            let settings = key.settings().to_json("");
            format!("{} {} {settings}", key.id(), key.version())
        });
        let mut own: Vec<_> = own.collect();
        own.sort();
        let limits = limits.collect();
        let keys = keys.iter().map(|key| {
            let settings = key.settings().to_json();
            format!("{} {} {settings}", key.id(), key.version())
        });
        (keys.collect(), own, limits)
    }
}

fn request(method: Method, path: &str, body: Value) -> Request<Body> {
    let body = match body {
        Value::Null => Body::empty(),
        body => Body::from(body.to_string()),
    };
    Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header("authorization", format!("Bearer {MANAGER}"))
        .body(body)
        .unwrap()
}
