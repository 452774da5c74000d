//! What is written: made by hand, or by chance.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use proptest::{collection, option, sample};
use switchtower::settle::Certainty;
use switchtower::settle::store::{
    AttemptRow, Credit, CreditKind, Dimension, Document, HoldRow, Row, RowQuery, SpendQuery,
};
use switchtower::{Day, GenerationId, KeyId, Money, Usage};

/// Noon, on a day in November 2026.
const NOON: u64 = 1_795_608_000;

pub(crate) fn at(micros: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOON) + Duration::from_micros(micros)
}

pub(crate) fn id(number: u64) -> GenerationId {
    format!("gen-{NOON}-{number:020}").parse().unwrap()
}

/// A row with something in each place, so many microseconds after noon.
pub(crate) fn row(number: u64) -> Row {
    let text = |text: &str| Some(text.to_owned());
    Row {
        id: id(number),
        created: at(number),
        account: "acme".to_owned(),
        key: Some(KeyId::of("sk-or-v1-a")),
        user: text("anna"),
        tag: text("nightly"),
        requested: text("acme/large"),
        model: text("acme/large"),
        provider: text("First"),
        endpoint: text("first/eu"),
        operation: "chat".to_owned(),
        streamed: true,
        end: "complete".to_owned(),
        finish: text("stop"),
        usage: usage(number),
        charge: Some(Money::from_picodollars(123_000_000)),
        certainty: Certainty::Exact,
        fee: Money::from_picodollars(5),
        held: Money::from_picodollars(999_000_000),
        byok_counted: Money::from_picodollars(7_000_000),
        first_token: Some(250_000),
        took: 1_500_000,
        referer: text("https://acme.example"),
        title: text("Łódź \u{1F6A2}"),
        user_agent: text("OpenAI/Python 2.1"),
        attempts: vec![
            AttemptRow {
                byok: true,
                certainty: Certainty::Unknown,
                cost: None,
                at_most: None,
                status: None,
                reported: None,
                tier: None,
                ..attempt()
            },
            attempt(),
        ],
        answered_by: Some(1),
    }
}

/// As a start tells of a hold that somebody has left.
pub(crate) fn abandoned(number: u64) -> Row {
    let left = AttemptRow {
        model: None,
        provider: None,
        endpoint: None,
        upstream_id: None,
        key: None,
        status: None,
        end: Row::ABANDONED.to_owned(),
        ambiguous: true,
        cost: None,
        certainty: Certainty::Unknown,
        at_most: Some(Money::from_picodollars(999_000_000)),
        reported: None,
        tier: None,
        ..attempt()
    };
    Row {
        user: None,
        tag: None,
        model: None,
        provider: None,
        endpoint: None,
        operation: "unknown".to_owned(),
        end: Row::ABANDONED.to_owned(),
        finish: None,
        usage: Usage::default(),
        charge: Some(Money::ZERO),
        fee: Money::ZERO,
        byok_counted: Money::ZERO,
        attempts: vec![left],
        answered_by: None,
        ..row(number)
    }
}

fn attempt() -> AttemptRow {
    let text = |text: &str| Some(text.to_owned());
    AttemptRow {
        model: text("acme/large"),
        provider: text("First"),
        endpoint: text("first/eu"),
        upstream_id: text("chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT"),
        key: text("main"),
        byok: false,
        status: Some(200),
        end: "complete".to_owned(),
        first_token: Some(240_000),
        took: 1_400_000,
        ambiguous: false,
        usage: usage(7),
        cost: Some(Money::from_picodollars(122_000_000)),
        certainty: Certainty::Exact,
        at_most: Some(Money::from_picodollars(122_000_000)),
        reported: Some(Money::from_picodollars(121_000_000)),
        tier: text("flex"),
    }
}

/// Another number in each class.
fn usage(number: u64) -> Usage {
    Usage {
        input: number,
        cache_read: 2,
        cache_write: 3,
        cache_write_1h: 4,
        audio_input: 5,
        audio_cache_read: 6,
        image_input: 7,
        output: 8,
        reasoning: 9,
        audio_output: 10,
        image_output: 11,
        images: 12,
        web_searches: 13,
    }
}

pub(crate) fn hold(number: u64) -> HoldRow {
    HoldRow {
        id: id(number),
        created: at(number),
        account: "acme".to_owned(),
        key: Some(KeyId::of("sk-or-v1-a")),
        model: Some("acme/large".to_owned()),
        user: Some("ann".to_owned()),
        tag: Some("batch".to_owned()),
        amount: Money::from_picodollars(7),
        replica: "a".to_owned(),
    }
}

pub(crate) fn credit(number: u64) -> Credit {
    Credit {
        id: format!("order-{number}"),
        account: "acme".to_owned(),
        kind: CreditKind::Grant,
        amount: Money::from_picodollars(10_000_000_000_000),
        fee: Money::from_picodollars(550_000_000_000),
        created: at(number),
        note: "March, „bar“".to_owned(),
    }
}

pub(crate) fn document(id: &str, version: u64) -> Document {
    Document {
        kind: "key",
        id: id.to_owned(),
        version,
        json: Some(format!(r#"{{"version":{version}}}"#)),
    }
}

/// All rows.
pub(crate) fn everything() -> RowQuery {
    RowQuery {
        from: UNIX_EPOCH,
        to: at(0) + Duration::from_secs(10_000 * 86_400),
        account: None,
        key: None,
        after: None,
        limit: 10_000,
    }
}

/// The sums of all days.
pub(crate) fn spend(by: &[Dimension]) -> SpendQuery {
    SpendQuery {
        from: Day::from_number(0),
        to: Day::from_number(i32::MAX),
        by: by.to_vec(),
        account: None,
        keys: None,
        user: None,
        tag: None,
        limit: 10_000,
    }
}

/// Rows of a few days, accounts, keys and so on, all of them with names of their own.
pub(crate) fn any_rows() -> impl Strategy<Value = Vec<Row>> {
    collection::vec(any_row(), 0..40).prop_map(|rows| {
        let numbered = rows.into_iter().zip(0..);
        numbered
            .map(|(row, number)| Row {
                id: id(number),
                ..row
            })
            .collect()
    })
}

fn any_row() -> impl Strategy<Value = Row> {
    const NAMES: &[&str] = &["a", "b", "", "ü"];
    let name = move || option::of(sample::select(NAMES).prop_map(str::to_owned));
    let money = || any::<i64>().prop_map(Money::from_picodollars);
    let key = option::of(sample::select(vec![KeyId::of("a"), KeyId::of("b")]));
    let who = (0..4_u64, sample::select(NAMES), key, name(), name());
    let what = (name(), name(), name(), any::<u32>(), any::<u32>());
    let costs = collection::vec((any_cost(), option::of(money()), any::<bool>()), 0..3);
    let paid = (any_cost(), money(), money(), money(), costs);
    (who, what, paid).prop_map(|(who, what, paid)| {
        let (day, account, key, user, tag) = who;
        let (model, provider, endpoint, read, written) = what;
        let ((charge, certainty), fee, held, counted, costs) = paid;
        let mut made = row(0);
        made.created = at(day * 86_400_000_000 + u64::from(read));
        (made.account, made.key, made.user, made.tag) = (account.to_owned(), key, user, tag);
        (made.model, made.provider, made.endpoint) = (model, provider, endpoint);
        (made.charge, made.certainty) = (charge, certainty);
        (made.fee, made.held, made.byok_counted) = (fee, held, counted);
        made.usage.input = read.into();
        made.usage.output = written.into();
        let attempts = costs.into_iter();
        let attempts = attempts.map(|((cost, certainty), at_most, byok)| AttemptRow {
            cost,
            certainty,
            at_most,
            byok,
            ..attempt()
        });
        made.attempts = attempts.collect();
        made
    })
}

fn any_cost() -> impl Strategy<Value = (Option<Money>, Certainty)> {
    (any::<i64>(), 0..3).prop_map(|(cost, certainty)| {
        let cost = Some(Money::from_picodollars(cost));
        match certainty {
            0 => (cost, Certainty::Exact),
            1 => (cost, Certainty::Estimated),
            _ => (None, Certainty::Unknown),
        }
    })
}
