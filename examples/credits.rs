//! Credits by a command: what each account was given and has used, and more of it.
//!
//! ```text
//! cargo run --example credits -- books.db                          what there is
//! cargo run --example credits -- books.db acme order-17 100        100 USD for `acme`, once, however often it is said
//! cargo run --example credits -- books.db acme order-17-a -20 typo an adjustment, and why
//! ```
//!
//! The books are a SQLite file, while no gateway has it, or a `postgres://…` address at any time: gateways that run
//! know of it with their next look into the books. `POST /api/v1/credits` does the same at once, and keeps a fee beside, if the gateway
//! has one; a command does not.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use switchtower::Day;
use switchtower::settle::store::{
    Credit, CreditKind, Dimension, Entry, PostgresSettings, PostgresStore, SpendQuery,
    SqliteSettings, SqliteStore, Store, StoreError,
};
use switchtower::{BoxError, Caller, Money, Total};

const USAGE: &str = "usage: credits BOOKS [ACCOUNT ORDER USD [NOTE]]";

fn main() -> Result<(), BoxError> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let (books, credit) = match args[..] {
        ["-h" | "--help"] => {
            println!("{USAGE}");
            return Ok(());
        }
        [books] => (books, None),
        [books, account, order, usd] => (books, Some(credit(account, order, usd, "")?)),
        [books, account, order, usd, note] => (books, Some(credit(account, order, usd, note)?)),
        _ => return Err(USAGE.into()),
    };
    let store = open(books)?;
    if let Some(credit) = credit {
        give(&*store, credit)?;
    }
    for (account, (given, used)) in accounts(&*store)? {
        println!("{account}: {given} USD given, {used} USD used");
    }
    Ok(())
}

fn open(books: &str) -> Result<Arc<dyn Store>, BoxError> {
    if books.starts_with("postgres://") || books.starts_with("postgresql://") {
        let store = PostgresStore::open(books, PostgresSettings::default())?;
        return Ok(Arc::new(store));
    }
    // Another name would make another file, and nobody would ever spend what was given there.
    if !Path::new(books).is_file() {
        return Err(format!("{books}: there are no books; a gateway begins them").into());
    }
    let store = SqliteStore::open(books, SqliteSettings::default())?;
    Ok(Arc::new(store))
}

fn credit(account: &str, order: &str, usd: &str, note: &str) -> Result<Credit, BoxError> {
    let amount: Money = usd.parse().map_err(|why| format!("{usd}: {why}"))?;
    if amount.is_zero() {
        return Err("nothing is no credit".into());
    }
    for (name, text, longest) in [
        ("ACCOUNT", account, 128),
        ("ORDER", order, 128),
        ("NOTE", note, 512),
    ] {
        if text.len() > longest || (text.is_empty() && name != "NOTE") {
            return Err(format!("{name} has {} bytes; at most {longest}", text.len()).into());
        }
    }
    Ok(Credit {
        id: order.to_owned(),
        account: account.to_owned(),
        kind: match amount < Money::ZERO {
            true => CreditKind::Adjustment,
            false => CreditKind::Grant,
        },
        amount,
        fee: Money::ZERO,
        created: SystemTime::now(),
        note: note.to_owned(),
    })
}

/// An order that is there already was carried out: that is all that whoever repeats it wants.
fn give(store: &dyn Store, credit: Credit) -> Result<(), BoxError> {
    let (id, account, amount) = (&credit.id, &credit.account, credit.amount);
    let (is_there, given) = before(store, &credit)?;
    if is_there {
        println!("{id}: was there already");
        return Ok(());
    }
    let given = given + amount.into();
    // No limit could hold it, and what is more could never be spent.
    if given.money().is_none() {
        return Err(format!("{account} cannot be given {given} USD in all").into());
    }
    match store.commit(&[Entry::Credit(credit.clone())]) {
        Ok(()) => println!("{id}: {account} has {amount} USD more"),
        // Somebody else was faster.
        Err(StoreError::Conflict(_)) if before(store, &credit)?.0 => {
            println!("{id}: was there already");
        }
        Err(StoreError::Conflict(_)) => return Err(another(id)),
        Err(why) => return Err(why.into()),
    }
    Ok(())
}

/// Is this order carried out already, and what was its account given in all?
fn before(store: &dyn Store, credit: &Credit) -> Result<(bool, Total), BoxError> {
    let (first, last) = all_days();
    let there = store.credits(Some(&credit.account), first, last)?;
    let known = there.iter().find(|known| known.id == credit.id);
    if known.is_some_and(|known| known.amount != credit.amount) {
        return Err(another(&credit.id));
    }
    Ok((known.is_some(), there.iter().map(|it| it.amount).sum()))
}

fn another(order: &str) -> BoxError {
    format!("{order} is the name of another credit").into()
}

/// What each was given and has used.
fn accounts(store: &dyn Store) -> Result<BTreeMap<String, (Total, Total)>, StoreError> {
    let (from, to) = all_days();
    let mut accounts = BTreeMap::<String, (Total, Total)>::new();
    for credit in store.credits(None, from, to)? {
        let (given, _) = accounts.entry(credit.account).or_default();
        *given += credit.amount.into();
    }
    let spent = store.spend(&SpendQuery {
        from,
        to,
        by: vec![Dimension::Account],
        account: None,
        keys: None,
        user: None,
        tag: None,
        limit: usize::MAX,
    })?;
    for spend in spent {
        let account = spend.of.into_iter().next().flatten();
        let account = account.unwrap_or_else(|| Caller::ACCOUNT.to_owned());
        let (_, used) = accounts.entry(account).or_default();
        *used = Total::from_picodollars(spend.charge.saturating_add(spend.fee));
    }
    Ok(accounts)
}

fn all_days() -> (Day, Day) {
    (Day::from_number(0), Day::from_number(i32::MAX))
}
