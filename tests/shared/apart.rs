//! Budgets of some of those who may be asked, and not of others.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Prices, Provider, Rate};
use switchtower::limits::{Level, Limits, Rule, Scope, Subject, Unit, Window};
use switchtower::settle::Journal;
use switchtower::settle::store::{RowQuery, Store};
use switchtower::{BoxError, Kind, Money, Payload, Stack};
use tower::{ServiceExt, service_fn};

use crate::house::House;
use crate::{claim, leases, open, rule};

/// What waits for a lease is taken once the plan has been made smaller, and its places were looked up in the smaller one: beside a
/// provider whose budget was used up another one was asked for ever, and its own budget counted nothing.
#[tokio::test]
async fn whoever_has_left_the_plan_leaves_the_other_its_budget() -> Result<(), BoxError> {
    let full = [("empty", "0.000001"), ("full", "0.05")];
    let (control, other) = (Shop::of_providers(&full)?, Shop::of_providers(&full)?);
    let alone = r#""model":"a/x","provider":{"only":["full"]}"#;
    let alone = control.ask(50, alone).await?;
    assert!((1..=25).contains(&alone), "{alone}");
    let beside = r#""model":"a/x","provider":{"order":["empty","full"]}"#;
    assert_eq!(other.ask(50, beside).await?, alone);
    for shop in [control, other] {
        assert_eq!(shop.used(), [0, 2_000_000_000 * alone]);
        assert_eq!(shop.charged()?, 2_000_000_000 * alone);
    }
    Ok(())
}

/// Likewise of the two that were left the one was counted as the other, and the other not at all.
#[tokio::test]
async fn whoever_has_left_the_plan_takes_no_other_for_another() -> Result<(), BoxError> {
    let shop = Shop::of_providers(&[("empty", "0.000001"), ("first", "10"), ("second", "10")])?;
    let order = r#""model":"a/x","provider":{"order":["empty","first","second"]}"#;
    assert_eq!(shop.ask(3, order).await?, 3);
    assert_eq!(shop.used(), [0, 3 * 2_000_000_000, 0]);
    assert_eq!(shop.charged()?, 3 * 2_000_000_000);

    let held = shop.held_when_asked();
    assert_eq!(held.len(), 3);
    for held in held {
        assert!(held[0] == 0 && held[1] > 0, "{held:?}");
        assert_eq!(held[1], held[2], "each may be asked");
    }
    Ok(())
}

/// A budget of some models is not charged for the answer of another one, neither here nor where all others look.
#[tokio::test]
async fn a_budget_of_some_models_is_charged_for_these_alone() -> Result<(), BoxError> {
    for (models, used) in [("first/*", 3 * 2_000_000_000), ("second/*", 0)] {
        let rule = rule(10_000_000_000_000).models(models);
        let shop = Shop::new(vec![rule], &["first", "second"]);
        assert_eq!(shop.ask(3, r#""models":["first/x","second/x"]"#).await?, 3);
        assert_eq!(shop.levels()[0].used, used, "{models}");
        assert_eq!(shop.levels()[0].held, 0, "{models}");
        assert_eq!(shop.house.state().drawn(), used, "{models}");
        assert_eq!(shop.charged()?, 3 * 2_000_000_000);
    }
    Ok(())
}

// === Helpers ===

/// A gateway of these providers, with these budgets.
struct Shop {
    house: Arc<House>,
    journal: Journal,
    limits: Limits,
    providers: Vec<&'static str>,
    held: Mutex<Vec<Vec<u64>>>,
}

impl Shop {
    fn new(rules: Vec<Rule>, providers: &[&'static str]) -> Self {
        let (house, limits) = (House::new(), Limits::new(rules));
        Self {
            journal: open(&house, "one", &limits, leases()),
            house,
            limits,
            providers: providers.to_vec(),
            held: Mutex::default(),
        }
    }

    /// Each has a budget.
    fn of_providers(budgets: &[(&'static str, &str)]) -> Result<Self, BoxError> {
        let rule = |(of, limit): &(&str, &str)| -> Result<_, BoxError> {
            let rule = Rule::money(of, Scope::Provider, Window::Forever, limit.parse()?)?;
            Ok(rule.of(of)?)
        };
        let rules: Result<Vec<_>, _> = budgets.iter().map(rule).collect();
        let providers: Vec<_> = budgets.iter().map(|(of, _)| *of).collect();
        Ok(Self::new(rules?, &providers))
    }

    /// So many requests, one after the other: how many were answered.
    async fn ask(&self, requests: usize, asked: &str) -> Result<u64, BoxError> {
        let client = service_fn(|_: Request<Payload>| async {
            let held = self.levels().iter().map(|level| level.held).collect();
            self.held
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(held);
            let body = Full::<Bytes>::from(ANSWER);
            let response = Response::builder().header("content-type", "application/json");
            Ok::<_, BoxError>(response.body(body)?)
        });
        let stack = Stack::new(Arc::new(self.catalog()?)).with_ledger(self.journal.clone());
        let body = format!(
            r#"{{{asked},"max_tokens":10,"messages":[{{"role":"user","content":"hey"}}]}}"#
        );
        let mut answered = 0;
        for _ in 0..requests {
            match stack
                .around(client)
                .oneshot(Request::new(body.clone()))
                .await
            {
                Ok(answer) => {
                    answer.into_body().collect().await?;
                    answered += 1;
                }
                Err(error) => assert_eq!(error.kind(), Kind::PaymentRequired),
            }
        }
        Ok(answered)
    }

    /// One model of all of them, and one of each.
    fn catalog(&self) -> Result<Catalog, BoxError> {
        let mut catalog = Catalog::builder();
        let mut model = ModelSpec::new("a/x");
        for provider in &self.providers {
            let prices = Prices::unknown()
                .with(Rate::Prompt, "1e-4".parse()?)
                .with(Rate::Completion, "1e-4".parse()?);
            let url = format!("http://{provider}.test/v1").parse()?;
            catalog = catalog.provider(Provider::new(provider, url));
            let endpoint = EndpointSpec::new(provider, "x").with_prices(prices);
            let own = ModelSpec::new(&format!("{provider}/x")).endpoint(endpoint.clone());
            (catalog, model) = (catalog.model(own), model.endpoint(endpoint));
        }
        Ok(catalog.model(model).build()?)
    }

    /// Of the budget of each.
    fn levels(&self) -> Vec<Level> {
        let level = |provider: &&str| {
            let subject = Subject {
                models: &["first/x", "second/x"],
                providers: &[*provider],
                ..Subject::default()
            };
            let levels = self.limits.levels(&subject, &[Unit::Money], claim(0).now());
            levels.into_iter().next().expect("it has one")
        };
        self.providers.iter().map(level).collect()
    }

    /// What each has used by its budget.
    fn used(&self) -> Vec<u64> {
        self.levels().iter().map(|level| level.used).collect()
    }

    /// What each held when somebody was asked.
    fn held_when_asked(&self) -> Vec<Vec<u64>> {
        let held = self.held.lock();
        held.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is charged by the books.
    fn charged(&self) -> Result<u64, BoxError> {
        let rows = self.house.rows(&RowQuery {
            from: UNIX_EPOCH,
            to: claim(0).created + Duration::from_secs(60),
            account: None,
            key: None,
            after: None,
            limit: 1000,
        })?;
        let charges = rows.iter().map(|row| row.charge.unwrap_or_default());
        let charges = charges.fold(Money::ZERO, Money::saturating_add);
        Ok(charges.picodollars().unsigned_abs())
    }
}

/// Twenty tokens.
const ANSWER: &str = r#"{"id":"1","object":"chat.completion","choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":10,"total_tokens":20}}"#;
