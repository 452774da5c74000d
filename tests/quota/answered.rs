//! Who is charged, once it is known who has answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Prices, Provider, Rate};
use switchtower::limits::{Limits, Rule, Scope, Unit, Window};
use switchtower::settle::store::MemoryStore;
use switchtower::settle::{Journal, JournalSettings, Ledger, MemoryLedger};
use switchtower::{BoxError, Payload, Stack};
use tower::{ServiceExt, service_fn};

use super::*;

const ROLLING: Window = Window::Rolling(Duration::from_secs(3600));
/// What an answer of each costs, in picodollars.
const DEAR: u64 = 19_000_000_000;
const CHEAP: u64 = 19_000_000;

/// A budget of some models was charged for the answer of another one that the request named as well, and for more than it held:
/// after a restart, by the books, nothing of it was used.
#[tokio::test]
async fn a_budget_of_some_models_is_charged_for_these_alone() -> Result<(), BoxError> {
    for scope in [Scope::Account, Scope::Provider, Scope::Model] {
        let limits = Limits::new([budget(scope, ROLLING).models("cheap/*")]);
        let shop = Shop::new(MemoryLedger::new(1).limits(limits.clone()))?;
        let body = json!({"model": "dear/y", "models": ["cheap/x"]});
        shop.ask(&body).await?;
        assert_eq!(amounts(&limits), (0, 0), "{scope:?}");
        shop.closed.store(true, SeqCst);
        shop.ask(&body).await?;
        assert_eq!(amounts(&limits), (CHEAP, 0), "{scope:?}");
    }
    Ok(())
}

/// Whoever answers, and whatever the caller has named, limits say the same after a restart.
#[tokio::test]
async fn what_is_charged_is_what_the_books_say() -> Result<(), BoxError> {
    let named = [
        json!({"models": ["dear/y", "cheap/x"]}),
        json!({"model": "dear/y", "models": ["cheap/x"]}),
        json!({"model": "why", "models": ["cheap/x"]}),
    ];
    let mut used = Vec::new();
    for scope in [Scope::Account, Scope::Provider, Scope::Model] {
        for (models, window) in [
            ("cheap/*", ROLLING),
            ("cheap/*", Window::Forever),
            ("dear/*", ROLLING),
            ("w*", ROLLING),
        ] {
            for (body, closed) in named.iter().flat_map(|body| [(body, false), (body, true)]) {
                let rule = budget(scope, window).models(models);
                let store = Arc::new(MemoryStore::default());
                let open = |limits: &Limits| {
                    let settings = JournalSettings::default().limits(limits.clone());
                    Journal::open(store.clone(), settings)
                };
                let limits = Limits::new([rule.clone()]);
                let shop = Shop::new(open(&limits)?)?;
                shop.closed.store(closed, SeqCst);
                shop.ask(body).await?;
                drop(shop);
                let again = Limits::new([rule]);
                let _journal = open(&again)?;
                let case = format!("{scope:?} {models} {window:?} {body} {closed}");
                assert_eq!(amounts(&limits), amounts(&again), "{case}");
                used.push(amounts(&again).0);
            }
        }
    }
    for amount in [0, CHEAP, DEAR] {
        assert!(used.contains(&amount), "{amount}: {used:?}");
    }
    Ok(())
}

/// So it is with a rule that comes while they are under way.
#[tokio::test]
async fn a_rule_that_comes_meanwhile_is_charged_for_its_models_alone() -> Result<(), BoxError> {
    for (models, used) in [("cheap/*", 0), ("dear/*", DEAR)] {
        let limits = Limits::default();
        limits.expect_rules();
        let mut shop = Shop::new(MemoryLedger::new(1).limits(limits.clone()))?;
        let set = limits.clone();
        shop.meanwhile = Arc::new(move || {
            let rules = [(budget(Scope::Account, ROLLING).models(models), vec![])];
            let account = (Scope::Account, Caller::ACCOUNT);
            set.set_rules(account, rules, today()).unwrap();
            assert!(amounts(&set).1 > 0);
        });
        let body = json!({"model": "dear/y", "models": ["cheap/x"]});
        shop.ask(&body).await?;
        assert_eq!(amounts(&limits), (used, 0), "{models}");
    }
    Ok(())
}

/// And with requests and tokens.
#[tokio::test]
async fn what_is_let_in_counts_for_the_models_that_answered() -> Result<(), BoxError> {
    for unit in [Unit::Requests, Unit::Tokens] {
        let count = |models| {
            let rule = rule("count", Scope::User, unit, ROLLING, 1_000);
            Limits::new([rule.models(models)])
        };
        let both = [("cheap/*", false), ("dear/*", true)];
        for (models, counts) in both {
            let limits = count(models);
            let mut shop = Shop::new(MemoryLedger::new(1))?;
            shop.stack = shop.stack.limits(limits.clone());
            let body = json!({"models": ["dear/y", "cheap/x"], "user": "bob"});
            shop.ask(&body).await?;
            let used = match unit {
                _ if !counts => 0,
                Unit::Tokens => 19,
                _ => 1,
            };
            assert_eq!(used_of(&limits, unit), (used, 0), "{models}");
        }
    }
    Ok(())
}

// === Helpers ===

/// Two models of a provider each, of which the dear one may be closed.
struct Shop<L> {
    stack: Stack<L>,
    closed: Arc<AtomicBool>,
    /// When somebody is asked.
    meanwhile: Arc<dyn Fn() + Send + Sync>,
}

impl<L> Shop<L>
where
    L: Ledger<Slot: Send + Unpin> + Clone + Send + Sync + 'static,
{
    fn new(ledger: L) -> Result<Self, BoxError> {
        let mut catalog = Catalog::builder();
        for (model, provider, price, alias) in [
            ("cheap/x", "one", "1e-6", "ex"),
            ("dear/y", "two", "1e-3", "why"),
        ] {
            let prices = Prices::unknown()
                .with(Rate::Prompt, price.parse()?)
                .with(Rate::Completion, price.parse()?);
            let url = format!("http://{provider}.test/v1").parse()?;
            let endpoint = EndpointSpec::new(provider, "x").with_prices(prices);
            let model = ModelSpec::new(model).with_alias(alias).endpoint(endpoint);
            catalog = catalog.provider(Provider::new(provider, url)).model(model);
        }
        Ok(Self {
            stack: Stack::new(Arc::new(catalog.build()?)).with_ledger(ledger),
            closed: Arc::default(),
            meanwhile: Arc::new(|| {}),
        })
    }

    async fn ask(&self, body: &Value) -> Result<(), BoxError> {
        let (closed, meanwhile) = (self.closed.clone(), self.meanwhile.clone());
        let client = service_fn(move |request: Request<Payload>| {
            meanwhile();
            let fails = closed.load(SeqCst) && request.uri().host() == Some("two.test");
            let status = if fails { 503 } else { 200 };
            async move {
                let response = Response::builder().header("content-type", "application/json");
                let body = Full::<Bytes>::from(if fails { "{}" } else { ANSWER });
                Ok::<_, BoxError>(response.status(status).body(body)?)
            }
        });
        let mut body = body.clone();
        body["max_tokens"] = json!(10);
        body["messages"] = json!([{"role": "user", "content": "hey"}]);
        let request = Request::new(body.to_string());
        let answer = self.stack.around(client).oneshot(request).await?;
        answer.into_body().collect().await?;
        Ok(())
    }
}

const ANSWER: &str = r#"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],
    "usage":{"prompt_tokens":9,"completion_tokens":10,"total_tokens":19}}"#;

fn budget(scope: Scope, window: Window) -> Rule {
    rule("budget", scope, Unit::Money, window, 1_000_000_000_000)
}

/// What is used and held.
fn amounts(limits: &Limits) -> (u64, u64) {
    used_of(limits, Unit::Money)
}

fn used_of(limits: &Limits, unit: Unit) -> (u64, u64) {
    let subject = Subject {
        model: Some("why"),
        models: &["cheap/x", "dear/y"],
        providers: &["one", "two"],
        user: Some("bob"),
        ..Subject::default()
    };
    let levels = limits.levels(&subject, &[unit], today());
    let sum =
        |(used, held), level: &switchtower::limits::Level| (used + level.used, held + level.held);
    levels.iter().fold((0, 0), sum)
}

fn today() -> Now {
    Now {
        instant: Instant::now(),
        wall: SystemTime::now(),
    }
}
