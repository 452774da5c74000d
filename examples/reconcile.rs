//! The books beside a provider's invoice, answer by answer.
//!
//! `cargo run --example reconcile` keeps books of a few calls and makes up an invoice with two mistakes; it needs no
//! network. With books of your own, a SQLite file that no gateway writes or a `postgres://…` address, and the invoice as the provider
//! exports it:
//!
//! ```text
//! cargo run --example reconcile -- switchtower.db "Acme" invoice.csv id cost 2026-11-01 2026-11-30
//! ```
//!
//! `id` and `cost` are the names of the columns with the provider's id of an answer and with its cost in USD. The days are those that
//! the invoice is for, the last one within, in UTC; without them it is compared with all that there is.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use http_body_util::BodyExt;
use serde_json::Value;
use switchtower::catalog::Catalog;
use switchtower::settle::Certainty;
use switchtower::settle::journal::{Journal, JournalSettings};
use switchtower::settle::statements::{Billed, Difference, reconcile};
use switchtower::settle::store::{
    PostgresSettings, PostgresStore, RowQuery, SqliteSettings, SqliteStore, Store,
};
use switchtower::testing::{Prices, Upstream};
use switchtower::{BoxError, Day, Femto, Stack, client};
use tower::ServiceExt;

/// What a token costs, in femtodollars.
const PRICES: Prices = Prices {
    prompt: 1_000_000_000,
    cached: 100_000_000,
    completion: 5_000_000_000,
    request: 0,
};

const USAGE: &str =
    "usage: reconcile [BOOKS PROVIDER INVOICE ID_COLUMN COST_COLUMN [FIRST_DAY LAST_DAY]]";

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let (books, invoice) = match args[..] {
        [books, provider, invoice, id, cost, ref days @ ..] if matches!(days.len(), 0 | 2) => {
            let invoice = read(std::fs::File::open(invoice)?, id, cost)?;
            let day = |text: &str| text.parse::<Day>().map_err(|why| format!("{text}: {why}"));
            let days = match days {
                [first, last] => (day(first)?, day(last)?.plus(1)),
                _ => all_days(),
            };
            let (books, provider) = (books.to_owned(), provider.to_owned());
            // A store blocks.
            let ours = move || ours(&*open(&books)?, &provider, days);
            (tokio::task::spawn_blocking(ours).await??, invoice)
        }
        [] => {
            let file = std::env::temp_dir().join(format!("reconcile-{}.db", std::process::id()));
            let (books, exported) = a_few_calls(&file).await?;
            (books, read(exported.as_bytes(), "request_id", "usd")?)
        }
        ["-h" | "--help"] => {
            println!("{USAGE}");
            return Ok(());
        }
        _ => return Err(USAGE.into()),
    };

    let found = reconcile(books, invoice);
    println!("agreed: {}", found.agreed);
    found.differences.iter().for_each(tell);
    println!("within their bounds: {}", found.estimates.len());
    found.estimates.iter().for_each(tell);
    println!(
        "books {} USD, at most {} USD and {} answers without a bound; invoice {} USD",
        found.ours, found.ours_at_most, found.no_bound, found.theirs
    );
    Ok(())
}

fn tell(difference: &Difference) {
    let told = |billed: &Billed| {
        let cost = match billed.cost {
            Some(cost) => format!("{cost} USD"),
            None => "unknown".to_owned(),
        };
        match billed.at_most {
            _ if billed.certainty == Certainty::Exact => cost,
            Some(most) => format!("{cost}, by estimate, at most {most} USD"),
            None => format!("{cost}, without a bound"),
        }
    };
    let id = difference.id();
    match difference {
        Difference::Cost { ours, theirs } => {
            let (ours, theirs) = (told(ours), told(theirs));
            println!("{id}: {ours} in the books; {theirs} on the invoice");
        }
        Difference::NotInvoiced(ours) => println!("{id}: {} in the books only", told(ours)),
        Difference::NotInBooks(theirs) => println!("{id}: {} on the invoice only", told(theirs)),
    }
}

fn open(books: &str) -> Result<Arc<dyn Store>, BoxError> {
    if books.starts_with("postgres://") || books.starts_with("postgresql://") {
        let store = PostgresStore::open(books, PostgresSettings::default())?;
        return Ok(Arc::new(store));
    }
    // Another name would make another file, in which nothing is.
    if !Path::new(books).is_file() {
        return Err(format!("{books}: there are no books").into());
    }
    let store = SqliteStore::open(books, SqliteSettings::default())?;
    Ok(Arc::new(store))
}

fn all_days() -> (Day, Day) {
    (Day::from_number(0), Day::from_number(i32::MAX))
}

/// What the books say of this provider's answers, of these days up to the last, a page at a time.
fn ours(
    store: &dyn Store,
    provider: &str,
    (from, to): (Day, Day),
) -> Result<Vec<Billed>, BoxError> {
    let mut query = RowQuery {
        from: from.start(),
        to: to.start(),
        account: None,
        key: None,
        after: None,
        limit: 10_000,
    };
    let (mut ours, mut others) = (Vec::new(), BTreeSet::new());
    loop {
        let page = store.rows(&query)?;
        let Some(last) = page.last() else {
            break;
        };
        query.after = Some((last.created, last.id));
        ours.extend(page.iter().flat_map(|row| Billed::of(row, provider)));
        let attempts = page.into_iter().flat_map(|row| row.attempts);
        others.extend(attempts.filter_map(|attempt| attempt.provider));
    }
    if ours.is_empty() && !others.is_empty() {
        let others: Vec<_> = others.iter().map(|name| &**name).collect();
        return Err(format!("{provider}: no answer of it, but of {}", others.join(", ")).into());
    }
    Ok(ours)
}

/// An invoice with a line of names, of which these two matter.
fn read(csv: impl std::io::Read, id: &str, cost: &str) -> Result<Vec<Billed>, BoxError> {
    let mut csv = csv::Reader::from_reader(csv);
    let names = csv.headers()?.clone();
    let column = |name: &str| {
        let place = names.iter().position(|known| known.trim() == name);
        place.ok_or_else(|| format!("the invoice has no column {name:?}"))
    };
    let (id, cost) = (column(id)?, column(cost)?);
    let lines = csv.records().map(|line| {
        let line = line?;
        Ok(Billed::invoiced(&line[id], line[cost].trim().parse()?))
    });
    lines.collect()
}

/// Keeps the books of four calls, and makes up what the provider will send: it forgets one, and bills one that it never
/// answered.
async fn a_few_calls(file: &Path) -> Result<(Vec<Billed>, String), BoxError> {
    let acme = Upstream::builder().prices(PRICES).start().await?;
    let catalog = format!(
        r#"
        providers.acme.base_url = "{}"
        [[models.swift.endpoints]]
        provider = "acme"
        model = "swift-2"
        prices = {{ prompt = "1", completion = "5" }}
        "#,
        acme.base_url()
    );
    let catalog = Catalog::from_toml(&catalog, "switchtower.toml", |_| None)?;
    let store = Arc::new(SqliteStore::open(file, SqliteSettings::default())?);
    let journal = Journal::open(store.clone(), JournalSettings::default())?;
    let stack = Stack::new(Arc::new(catalog)).with_ledger(journal.clone());
    let service = stack.around(client::hyper::plain());

    let mut exported = "request_id,usd\nchatcmpl-unheard-of,0.25\n".to_owned();
    for (number, city) in ["Rome", "Oslo", "Lima", "Riga"].iter().enumerate() {
        let ask = format!(
            r#"{{"model": "swift", "messages": [{{"role": "user", "content": "Where is {city}?"}}]}}"#
        );
        let answer = service.clone().oneshot(http::Request::new(ask)).await?;
        let answer: Value =
            serde_json::from_slice(&answer.into_body().collect().await?.to_bytes())?;
        let billed = acme.book().entries[number].femtodollars;
        let billed = Femto::from_femtodollars(billed as i128).round();
        if number != 1 {
            exported += &format!("{},{billed}\n", answer["id"].as_str().unwrap_or_default());
        }
    }
    journal.close().await;
    let ours = ours(&*store, "acme", all_days())?;
    drop((stack, journal, store));
    std::fs::remove_file(file)?;
    Ok((ours, exported))
}
