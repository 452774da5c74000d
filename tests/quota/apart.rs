//! Budgets of some of those who may be asked, and not of others.

use std::sync::Arc;

use futures_util::FutureExt;
use http::Request;
use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Prices, Provider, Rate};
use switchtower::limits::{Level, Limits, Rule, Scope, Unit, Window};
use switchtower::{BoxError, Call, Error, Filter, Kind, Payload, Stack};
use tower::ServiceExt;

use super::many::asked_of;
use super::*;

/// The budget of one provider was used up, and the plan lost the others as well: what was left of the smallest budget was
/// what each candidate might cost.
#[test]
fn an_exhausted_provider_leaves_the_others() -> Result<(), BoxError> {
    let limits = Limits::new([
        budget_of(Scope::Provider, "cheap", "0.000001"),
        budget_of(Scope::Provider, "dear", "10"),
    ]);
    let (asked, error) = ask(&limits, &["cheap", "dear"])?;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(asked.kept, ["dear"]);
    assert_eq!(asked.rejected, [("cheap".to_owned(), Filter::Budget)]);
    Ok(())
}

/// Of each budget as much is held as whom it counts may cost.
#[test]
fn each_budget_holds_what_its_own_may_cost() -> Result<(), BoxError> {
    let all = Rule::money("all", Scope::Account, Window::Forever, "100".parse()?)?;
    let rules = [
        budget_of(Scope::Provider, "cheap", "10"),
        budget_of(Scope::Provider, "dear", "100"),
        all,
    ];
    let limits = Limits::new(rules);
    let (_asked, error) = ask(&limits, &["cheap", "dear"])?;
    assert!(error.is_none(), "{error:?}");
    let held: Vec<_> = levels(&limits).iter().map(|level| level.held).collect();
    assert!(held[0] > 0 && held[0] * 90 < held[1], "{held:?}");
    assert_eq!(held[1], held[2], "the dearest");
    Ok(())
}

/// Likewise of models: by a rule for one, and by one for all whose names are alike.
#[test]
fn an_exhausted_model_leaves_the_others() -> Result<(), BoxError> {
    let none = |scope| Rule::money("none", scope, Window::Forever, Money::ZERO).unwrap();
    for rule in [
        none(Scope::Model).of("a/x")?,
        none(Scope::Account).models("*/x"),
    ] {
        let body = r#"{"model":"a/y","models":["a/x"],"max_tokens":10,"messages":[{"role":"user","content":"hey"}]}"#;
        let (asked, error) = ask_with(&Limits::new([rule.clone()]), body)?;
        assert!(error.is_none(), "{rule:?}: {error:?}");
        assert_eq!(asked.kept, ["other"], "{rule:?}");
    }
    Ok(())
}

/// If nobody is left, it is told which limit leaves no room for the cheapest.
#[test]
fn nobody_is_left_if_all_budgets_are_used_up() -> Result<(), BoxError> {
    let limits = Limits::new([
        budget_of(Scope::Provider, "cheap", "0.000001"),
        budget_of(Scope::Provider, "dear", "0.000002"),
    ]);
    let (asked, error) = ask(&limits, &["dear", "cheap"])?;
    let error = error.unwrap();
    assert_eq!(error.kind(), Kind::PaymentRequired);
    assert_eq!(error.exceeded().unwrap().level.rule.limit(), 1_000_000);
    assert_eq!(error.refused().unwrap().rejected.len(), 2);
    assert!(asked.rejected.is_empty());
    assert!(levels(&limits).iter().all(|level| level.held == 0));
    Ok(())
}

/// Whom no limit counts needs no bound, whoever else is limited.
#[test]
fn whom_no_limit_counts_needs_no_bound() -> Result<(), BoxError> {
    let limits = Limits::new([budget_of(Scope::Provider, "cheap", "10")]);
    let body = r#"{"model":"a/x","messages":[{"role":"user","content":"hey"}]}"#;
    let (asked, error) = ask_with(&limits, body)?;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(asked.kept, ["dear"]);
    assert_eq!(asked.rejected, [("cheap".to_owned(), Filter::AnswerBound)]);
    assert_eq!(levels(&limits)[0].held, 0);
    Ok(())
}

// === Helpers ===

/// Whom a request may ask, and for as long as it is there it is under way.
struct Asked {
    kept: Vec<String>,
    rejected: Vec<(String, Filter)>,
    _call: Box<dyn std::any::Any>,
}

fn ask(limits: &Limits, order: &[&str]) -> Result<(Asked, Option<Error>), BoxError> {
    let order = order.join(r#"",""#);
    let body = format!(
        r#"{{"model":"a/x","max_tokens":1000,"provider":{{"order":["{order}"]}},"messages":[{{"role":"user","content":"hey"}}]}}"#
    );
    ask_with(limits, &body)
}

fn ask_with(limits: &Limits, body: &str) -> Result<(Asked, Option<Error>), BoxError> {
    let (stack, _) = asked_of(Stack::new(Arc::new(catalog()?)).limits(limits.clone()));
    let mut request = Request::new(Payload::read(body.to_owned())?);
    let call = Call::of(request.extensions_mut()).clone();
    let mut asked = Box::pin(stack.0.oneshot(request));
    let error = (&mut asked)
        .now_or_never()
        .map(|answer| answer.unwrap_err());
    let plan = call.plan().unwrap();
    let kept = plan.candidates.iter();
    let rejected = plan.rejected.iter();
    Ok((
        Asked {
            kept: kept.map(|it| it.endpoint.tag().to_owned()).collect(),
            rejected: rejected
                .map(|it| (it.endpoint.tag().to_owned(), it.filter))
                .collect(),
            _call: Box::new(asked),
        },
        error,
    ))
}

fn levels(limits: &Limits) -> Vec<Level> {
    let subject = Subject {
        models: &["a/x", "a/y"],
        providers: &["cheap", "dear", "other"],
        ..Subject::default()
    };
    limits.levels(&subject, &[Unit::Money], Clock::new().now())
}

fn budget_of(scope: Scope, of: &str, limit: &str) -> Rule {
    let rule = Rule::money(of, scope, Window::Forever, limit.parse().unwrap());
    rule.unwrap().of(of).unwrap()
}

/// One model of two providers, one of which is a hundred times as dear, and another model.
fn catalog() -> Result<Catalog, BoxError> {
    let prices = |price: &str| -> Result<_, BoxError> {
        let prices = Prices::unknown().with(Rate::Prompt, price.parse()?);
        Ok(prices.with(Rate::Completion, price.parse()?))
    };
    let endpoint = |provider: &str, price: &str| -> Result<_, BoxError> {
        Ok(EndpointSpec::new(provider, "x").with_prices(prices(price)?))
    };
    let provider = |slug: &str| -> Result<_, BoxError> {
        Ok(Provider::new(
            slug,
            format!("http://{slug}.test/v1").parse()?,
        ))
    };
    Ok(Catalog::builder()
        .provider(provider("cheap")?)
        .provider(provider("dear")?)
        .provider(provider("other")?)
        .model(
            ModelSpec::new("a/x")
                .endpoint(endpoint("cheap", "1e-6")?)
                .endpoint(endpoint("dear", "1e-4")?),
        )
        .model(ModelSpec::new("a/y").endpoint(endpoint("other", "1e-6")?))
        .build()?)
}
