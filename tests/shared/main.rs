//! Journals that share their limits: what is leased, what is given back, and what becomes of it when nobody answers.

mod apart;
mod away;
mod busy;
mod house;
mod many;
mod one;
mod rare;

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use switchtower::limits::{Limits, Rule, Scope, Window};
use switchtower::settle::lease::LeaseSettings;
use switchtower::settle::{
    App, Attempts, Claim, Held, Journal, JournalSettings, JournalSlot, Ledger, Record, Slot,
};
use switchtower::wire::Operation;
use switchtower::{Call, Caller, End, Error, GenerationId, KeyId, Money, Usage};

use crate::house::House;

/// Others are heard soon, and waited for as long as a test may last.
fn leases() -> LeaseSettings {
    LeaseSettings::default()
        .pause(Duration::from_millis(10))
        .wait(Duration::from_secs(60))
}

fn open(house: &Arc<House>, name: &str, limits: &Limits, leases: LeaseSettings) -> Journal {
    let settings = JournalSettings::default()
        .patience(Duration::MAX)
        .replica(name)
        .limits(limits.clone())
        .leases(leases);
    Journal::open(house.clone(), settings).unwrap()
}

/// A budget of the account, for ever.
fn budget(limit: u64) -> Limits {
    Limits::new([rule(limit)])
}

fn rule(limit: u64) -> Rule {
    let limit = Money::from_picodollars(limit.cast_signed());
    Rule::money("budget", Scope::Account, Window::Forever, limit).unwrap()
}

async fn slot(journal: &Journal) -> JournalSlot {
    let mut journal = journal.clone();
    poll_fn(|cx| journal.poll_slot(cx)).await.unwrap()
}

/// Holds so much, and waits until it is held.
async fn hold(journal: &Journal, amount: u64) -> Result<Holding, Error> {
    hold_of(journal, claim(amount)).await
}

/// Likewise, by this key.
async fn hold_by(journal: &Journal, key: &str, amount: u64) -> Result<Holding, Error> {
    let caller = Caller::new(KeyId::of(key)).account("acme");
    let claim = Claim {
        caller: Some(Arc::new(caller)),
        ..claim(amount)
    };
    hold_of(journal, claim).await
}

async fn hold_of(journal: &Journal, claim: Claim) -> Result<Holding, Error> {
    let mut slot = slot(journal).await;
    if slot.hold(&claim)? == Held::Later {
        poll_fn(|cx| slot.poll_held(cx)).await?;
    }
    Ok(Holding { slot, claim })
}

struct Holding {
    slot: JournalSlot,
    claim: Claim,
}

// === impl Holding ===

impl Holding {
    /// It is over, and has cost so much.
    fn settle(&mut self, charge: u64) {
        self.slot.write(record(&self.claim, charge));
    }

    async fn settled(mut self, charge: u64) {
        self.settle(charge);
        poll_fn(|cx| self.slot.poll_written(cx)).await.unwrap();
    }
}

/// Polls once.
fn now<T>(poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    poll(&mut Context::from_waker(Waker::noop()))
}

fn caller() -> Arc<Caller> {
    Arc::new(Caller::new(KeyId::of("a")).account("acme"))
}

#[expect(clippy::disallowed_methods, reason = "what is leased is for now")]
fn claim(amount: u64) -> Claim {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Relaxed);
    let created = SystemTime::now();
    let seconds = created.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let id: GenerationId = format!("gen-{seconds}-{number:020}").parse().unwrap();
    Claim {
        id,
        created,
        caller: Some(caller()),
        model: Some("acme/large".into()),
        user: None,
        tag: None,
        amount: Money::from_picodollars(amount.cast_signed()),
        apart: Vec::new(),
        call: Call::new(Instant::now(), created, number),
    }
}

fn record(claim: &Claim, charge: u64) -> Record {
    Record {
        id: claim.id,
        created: claim.created,
        caller: claim.caller.clone(),
        requested: None,
        user: None,
        tag: None,
        operation: Operation::Chat,
        streamed: false,
        end: End::Complete,
        attempts: Attempts::default(),
        answered_by: None,
        usage: Usage::default(),
        charge: Some(Money::from_picodollars(charge.cast_signed())),
        fee: Money::ZERO,
        held: claim.amount,
        finish: None,
        first_token: None,
        took: Duration::ZERO,
        app: App::default(),
    }
}

/// Until it is so, which another thread brings about; a minute is too long.
async fn until(so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < Duration::from_secs(60), "it never is");
        tokio::task::yield_now().await;
        std::thread::yield_now();
    }
}
