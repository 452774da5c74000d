//! Rows, as a store has them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use switchtower::settle::Certainty;
use switchtower::settle::store::{AttemptRow, Credit, CreditKind, Row};
use switchtower::{Day, GenerationId, KeyId, Money, Usage};

pub(crate) fn id(number: u64) -> GenerationId {
    format!("gen-1795608000-{number:020}").parse().unwrap()
}

pub(crate) fn noon(day: &str) -> SystemTime {
    let day: Day = day.parse().unwrap();
    day.start() + Duration::from_secs(43_200)
}

/// A request that cost what it is charged.
pub(crate) fn row(number: u64, created: SystemTime, key: &str, charge: Option<Money>) -> Row {
    let text = |text: &str| Some(text.to_owned());
    let usage = Usage {
        input: 10,
        output: 3,
        ..Usage::default()
    };
    let sure = match charge {
        Some(_) => Certainty::Exact,
        None => Certainty::Unknown,
    };
    Row {
        id: id(number),
        created,
        account: "acme".to_owned(),
        key: Some(KeyId::of(key)),
        user: None,
        tag: None,
        requested: text("acme/swift"),
        model: text("acme/swift"),
        provider: text("Acme"),
        endpoint: text("acme"),
        operation: "chat".to_owned(),
        streamed: false,
        end: "complete".to_owned(),
        finish: text("stop"),
        usage,
        charge,
        certainty: sure,
        fee: Money::ZERO,
        held: Money::ZERO,
        byok_counted: Money::ZERO,
        first_token: None,
        took: 1,
        referer: None,
        title: None,
        user_agent: None,
        attempts: vec![AttemptRow {
            model: text("acme/swift"),
            provider: text("Acme"),
            endpoint: text("acme"),
            upstream_id: Some(format!("answer-{number}")),
            key: None,
            byok: false,
            status: Some(200),
            end: "complete".to_owned(),
            first_token: None,
            took: 1,
            ambiguous: false,
            usage,
            cost: charge,
            certainty: sure,
            at_most: charge,
            reported: None,
            tier: None,
        }],
        answered_by: Some(0),
    }
}

pub(crate) fn credit(id: &str, day: &str, amount: &str) -> Credit {
    Credit {
        id: id.to_owned(),
        account: "acme".to_owned(),
        kind: CreditKind::Grant,
        amount: money(amount),
        fee: Money::ZERO,
        created: noon(day),
        note: String::new(),
    }
}

pub(crate) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

pub(crate) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}
