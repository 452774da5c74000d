//! Three processes share one limit. One is killed, one is cut off from the database.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use switchtower::limits::{Limits, Rule, Scope, Window};
use switchtower::settle::lease::{self, Ask, Drawn, LeaseSettings, Leased, Lessor, Shared, Told};
use switchtower::settle::store::{
    Dimension, Entry, PostgresSettings, PostgresStore, SpendQuery, Store, StoreError,
};
use switchtower::settle::{
    App, Attempts, Claim, Held, Journal, JournalSettings, JournalSlot, Ledger, Record, Slot,
};
use switchtower::wire::Operation;
use switchtower::{Call, Caller, Day, End, Error, GenerationId, KeyId, Kind, Money, Usage};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::relay::Relay;
use crate::schema::Schema;

const LIMIT: u64 = 15_000;
const COUNTER: &str = "credit of account acme";
const PLAY: &str = "SWITCHTOWER_REPLICA";
/// As many callers of each process, who ask one question after the other.
const CALLERS: u64 = 8;
/// As many who ask at once.
const CROWD: u64 = 334;

/// What the upstream has billed to whom.
type Book = Arc<Mutex<BTreeMap<String, u64>>>;

#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn a_thousand_equal_holds_of_three_processes() {
    let schema = Schema::new();
    let store = schema.open();
    let book = Book::default();
    let upstream = upstream(book.clone());
    let names = ["one", "two", "three"];
    let _all = names.map(|name| Replica::start(name, &schema.url, upstream, "crowd", "70"));
    wait(|| {
        names
            .iter()
            .all(|name| of(&book, &format!("{name} is done")) == 1)
    });
    // The limit has room for so many and a rest, and none is over.
    assert_eq!(total(&book), LIMIT / 70 * 70);
    assert_eq!(drawn(&store), LIMIT / 70 * 70);
}

#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn equal_holds_of_three_processes() {
    three_processes("70");
}

#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn random_holds_of_three_processes() {
    three_processes("10-400");
}

fn three_processes(costs: &str) {
    let schema = Schema::new();
    let store = schema.open();
    let relay = Relay::start();
    let book = Book::default();
    let upstream = upstream(book.clone());
    let start = |name, url: &str| Replica::start(name, url, upstream, "one by one", costs);
    let mut killed = start("killed", &schema.url);
    let mut cut = start("cut", &relay.url(&schema));
    let mut spared = start("spared", &schema.url);

    wait(|| total(&book) > LIMIT / 4 && book.lock().unwrap().len() == 3);
    killed.0.kill().unwrap();
    killed.0.wait().unwrap();
    relay.cut(true);

    // The one that is left gets all that is not claimed: the leases of the others are taken back when they are over.
    let least = costs.split('-').next().unwrap().parse::<u64>().unwrap();
    let free = |leases: &[Leased]| {
        let others = leases.iter().filter(|lease| lease.replica.name != "spared");
        let free = others.map(|lease| lease.granted - lease.drawn() - lease.reserve);
        free.sum::<u64>()
    };
    wait(|| drawn(&store) <= LIMIT && free(&leases(&store)) == 0 && left(&store) < least);
    assert!(total(&book) <= LIMIT);
    let before = leases(&store);
    for name in ["killed", "cut"] {
        let lease = lease(&before, name);
        assert!(
            of(&book, name) <= lease.drawn() + lease.reserve,
            "{name} has spent {} of {lease:?}",
            of(&book, name)
        );
    }

    // An operator knows that the killed one is dead, and has not spent its reserve.
    let killed = || {
        let mut lives = store.lives().unwrap().into_iter();
        lives.find(|life| life.replica.name == "killed").unwrap()
    };
    // It may have had nothing that is free, and that was so at once.
    wait(|| killed().expires <= wall());
    let life = killed();
    assert!(life.is_last);
    let dead = lease(&before, "killed");
    assert_eq!(
        (life.held, life.reserve),
        (dead.told.spent.held, dead.reserve)
    );
    assert_eq!(store.release(&life.replica).unwrap(), dead.reserve);
    wait(|| left(&store) < least);
    assert!(
        leases(&store)
            .iter()
            .all(|lease| lease.replica.name != "killed")
    );
    // The one that was cut off comes back, and tells what it has spent: the rest of its lease is there again.
    relay.cut(false);
    wait(|| {
        let leases = leases(&store);
        let told = |name| lease(&leases, name).drawn() == of(&book, name);
        told("cut") && told("spared") && left(&store) < least
    });
    // What was charged is in the books as well.
    let charged = |lease: &Leased| lease.told.spent.charged;
    wait(|| books(&store) >= leases(&store).iter().map(charged).sum::<u64>());
    for replica in [&mut cut, &mut spared] {
        replica.0.kill().unwrap();
        replica.0.wait().unwrap();
    }
    assert!(drawn(&store) <= LIMIT);
    assert!(books(&store) <= total(&book));
}

/// The first of several to come looks into the books, and whoever comes at the same moment counts nothing twice.
#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn what_was_spent_before_counts_once() {
    let schema = Schema::new();
    let store = schema.open();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let plain = JournalSettings::default().limits(limits());
    let journal = Journal::open(store.clone(), plain).unwrap();
    runtime.block_on(async { spend(&journal, 100).await.unwrap().settle().await });
    drop(journal);
    let journals: Vec<_> = (0..4)
        .map(|number| Journal::open(schema.open(), settings(&number.to_string())).unwrap())
        .collect();
    runtime.block_on(async {
        let all = journals.iter().map(|journal| {
            let journal = journal.clone();
            tokio::spawn(async move { spend(&journal, 50).await.unwrap().settle().await })
        });
        for one in all.collect::<Vec<_>>() {
            one.await.unwrap();
        }
    });
    assert_eq!(drawn(&store), 300);
    assert_eq!(books(&store), 300);
    // The end of a life is told, and of it only the sum stays.
    drop(journals);
    assert_eq!(leases(&store), []);
    assert_eq!(opening(&schema), 300);
}

#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn counters_of_days_that_are_over_are_forgotten() {
    let schema = Schema::new();
    let store = schema.open();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let day = Window::Calendar(switchtower::Period::Daily);
    let limit = Money::from_picodollars(LIMIT.cast_signed());
    let rules = [
        Rule::money("day", Scope::Account, day, limit).unwrap(),
        Rule::money("credit", Scope::Account, Window::Forever, limit).unwrap(),
    ];
    let settings = settings("one").limits(Limits::new(rules));
    let journal = Journal::open(store.clone(), settings).unwrap();
    runtime.block_on(async { spend(&journal, 100).await.unwrap().settle().await });
    let counters = || schema.count("SELECT count(*) FROM switchtower_counters");
    assert_eq!(counters(), 2);
    store.forget(wall()).unwrap();
    assert_eq!(counters(), 2, "it is not over");
    let tomorrow = wall() + Duration::from_secs(86_400);
    store.forget(tomorrow).unwrap();
    assert_eq!(counters(), 2, "whoever says so has a clock that is ahead");
    let past = "WITH past AS (UPDATE switchtower_counters SET ends = 1 WHERE ends IS NOT NULL RETURNING 1) \
                SELECT count(*) FROM past";
    assert_eq!(schema.count(past), 1);
    store.forget(tomorrow).unwrap();
    assert_eq!(counters(), 1);
    assert_eq!(schema.count("SELECT count(*) FROM switchtower_leases"), 1);
}

/// A process that was killed has claims that stay, also when its name has another life.
#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn a_life_that_ended_stays_until_it_is_released() {
    let schema = Schema::new();
    let store = schema.open();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let first = Journal::open(store.clone(), settings("one")).unwrap();
    let held = runtime.block_on(spend(&first, 100)).unwrap();
    // For all that is known elsewhere, this process is gone.
    let second = store.enlist("one").unwrap();
    let refused = runtime.block_on(spend(&first, 5_000)).err().unwrap();
    assert_eq!(refused.kind(), Kind::LedgerAway);
    let lives = store.lives().unwrap();
    let told: Vec<_> = lives.iter().map(|life| (life.is_last, life.held)).collect();
    assert_eq!(told, [(false, 100)]);
    assert_eq!(drawn(&store), 100);
    assert_eq!(store.release(&lives[0].replica).unwrap(), lives[0].reserve);
    assert_eq!(opening(&schema), 100);
    // Whoever has the name goes on.
    assert_eq!(store.ask(&second, &[]).unwrap(), []);
    let lapsed = store.ask(&lives[0].replica, &[]);
    assert!(matches!(lapsed, Err(StoreError::Taken(_))));
    // What has happened is in the books in any case.
    runtime.block_on(held.settle());
    assert_eq!(books(&store), 100);
}

/// Rows are written once a lease was taken back, and what they charge is told with them.
#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn what_is_charged_is_recorded_whatever_the_lease_covers() {
    let schema = Schema::new();
    let store = schema.open();
    let replica = store.enlist("one").unwrap();
    let ask = ask(COUNTER, 0);
    store.ask(&replica, std::slice::from_ref(&ask)).unwrap();
    let charged = |turn, charged, is_settled| {
        Entry::Drawn(Drawn {
            counter: COUNTER.to_owned(),
            replica: replica.clone(),
            told: Told {
                turn: ask.told.turn + turn,
                spent: lease::Spent {
                    charged,
                    ..lease::Spent::default()
                },
                unrecorded: 0,
            },
            is_settled,
        })
    };
    let lapsed = store.commit(&[charged(1, 11, false)]);
    assert!(matches!(lapsed, Err(StoreError::Lapsed(name)) if name == COUNTER));
    store.commit(&[charged(2, 11, true)]).unwrap();
    let lease = leases(&store).remove(0);
    assert_eq!((lease.drawn(), lease.granted), (11, 11));
    // Of a life that is over nobody keeps anything.
    store.release(&replica).unwrap();
    store.commit(&[charged(3, 12, true)]).unwrap();
    assert_eq!(opening(&schema), 11);
}

/// Somebody has a counter open in a transaction that does not end: rows and holds that need nothing more go on, whoever does waits,
/// and other counters are asked for.
#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn a_counter_that_is_locked_is_in_nobodys_way() {
    let schema = Schema::new();
    let store = schema.open();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let settings = settings("one");
    let pause = settings.leases.unwrap().pause(Duration::from_secs(10));
    let journal = Journal::open(store.clone(), settings.leases(pause)).unwrap();
    let mut held = runtime.block_on(spend(&journal, 1_000)).unwrap();
    let lock = "BEGIN; SELECT FROM switchtower_counters FOR UPDATE";
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(&schema.url, tokio_postgres::NoTls)
            .await
            .unwrap();
        let connection = tokio::spawn(connection);
        client.batch_execute(lock).await.unwrap();
        let replica = switchtower::settle::lease::Replica {
            name: "one".to_owned(),
            life: 1,
        };
        let asks = [ask("another", 0), ask(COUNTER, 1 << 40)];
        let refused = store.ask(&replica, &asks);
        assert!(matches!(refused, Err(StoreError::Busy(names)) if names == [COUNTER]));
        assert!(store.ask(&replica, &asks[..1]).unwrap()[0].is_some());

        // There are thousands in hand, and not so many as the large one needs.
        held.slot.write(record(&held.claim));
        poll_fn(|cx| held.slot.poll_written(cx)).await.unwrap();
        let in_hand = spend(&journal, 500).await.unwrap();
        let mut large = poll_fn(|cx| journal.clone().poll_slot(cx)).await.unwrap();
        assert_eq!(large.hold(&claim(12_000)).unwrap(), Held::Later);
        in_hand.settle().await;
        assert_eq!(drawn(&store), 1_500);
        client.batch_execute("ROLLBACK").await.unwrap();
        poll_fn(|cx| large.poll_held(cx)).await.unwrap();
        assert_eq!(drawn(&store), 13_500);

        // What it has of it is locked as well: only claims wait.
        let lock = "BEGIN; SELECT FROM switchtower_leases WHERE counter LIKE 'credit%' FOR UPDATE";
        client.batch_execute(lock).await.unwrap();
        let mut waits = poll_fn(|cx| journal.clone().poll_slot(cx)).await.unwrap();
        assert_eq!(waits.hold(&claim(100)).unwrap(), Held::Later);
        let entry = Entry::Released(claim(0).id);
        journal.enter(entry).await.unwrap();
        client.batch_execute("ROLLBACK").await.unwrap();
        poll_fn(|cx| waits.poll_held(cx)).await.unwrap();
        assert_eq!(drawn(&store), 13_600);
        connection.abort();
    });
}

/// Not a test: what each of the processes does.
#[test]
#[ignore = "needs PostgreSQL: one of the processes of the tests here"]
fn a_replica() {
    let Ok(play) = std::env::var(PLAY) else {
        return;
    };
    let words: Vec<_> = play.split('\n').collect();
    let [name, url, upstream, how, costs] = words[..] else {
        panic!("{play}");
    };
    let (least, most) = costs.split_once('-').unwrap_or((costs, costs));
    let (least, most): (u64, u64) = (least.parse().unwrap(), most.parse().unwrap());
    let patience = PostgresSettings::default()
        .patience(Duration::from_secs(1))
        .pause(Duration::from_millis(1));
    let store = Arc::new(PostgresStore::open(url, patience).unwrap());
    let journal = Journal::open(store, settings(name)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(async {
        let random = Arc::new(AtomicU64::new(u64::from(std::process::id())));
        let cost = move || {
            let next = |random: u64| {
                let random = random.wrapping_mul(6_364_136_223_846_793_005);
                Some(random.wrapping_add(1))
            };
            let random = random.fetch_update(Relaxed, Relaxed, next).unwrap();
            least + (random >> 33) % (most - least + 1)
        };
        let mut callers = tokio::task::JoinSet::new();
        let crowd = how == "crowd";
        for _ in 0..if crowd { CROWD } else { CALLERS } {
            let (journal, cost, name) = (journal.clone(), cost.clone(), name.to_owned());
            let upstream: SocketAddr = upstream.parse().unwrap();
            callers.spawn(async move {
                let mut held = Vec::new();
                loop {
                    let cost = cost();
                    match spend(&journal, cost).await {
                        Ok(spent) => {
                            bill(upstream, &format!("{name} {cost}")).await;
                            // Every other one is over.
                            match crowd || spent.claim.id.as_str().ends_with(['1', '3', '5']) {
                                true => held.push(spent),
                                false => spent.settle_if_it_can().await,
                            }
                        }
                        // Others leave it the processor.
                        Err(_) if !crowd => tokio::time::sleep(Duration::from_millis(20)).await,
                        Err(error) => assert_eq!(error.kind(), Kind::PaymentRequired, "{error:?}"),
                    }
                    if crowd {
                        return held;
                    }
                }
            });
        }
        let mut all = Vec::new();
        while let Some(held) = callers.join_next().await {
            all.push(held.unwrap());
        }
        bill(upstream.parse().unwrap(), &format!("{name} is done 1")).await;
        std::future::pending::<()>().await;
    });
}

// === Helpers ===

fn settings(name: &str) -> JournalSettings {
    let leases = LeaseSettings::default()
        .term(Duration::from_secs(2))
        .skew(Duration::ZERO)
        .pause(Duration::from_millis(50))
        .wait(Duration::from_secs(10));
    JournalSettings::default()
        .replica(name)
        .limits(limits())
        .leases(leases)
}

fn limits() -> Limits {
    let limit = Money::from_picodollars(LIMIT.cast_signed());
    Limits::new([Rule::money("credit", Scope::Account, Window::Forever, limit).unwrap()])
}

/// What is held.
struct Spent {
    slot: JournalSlot,
    claim: Claim,
}

// === impl Spent ===

impl Spent {
    /// It has cost what was held.
    async fn settle(mut self) {
        self.slot.write(record(&self.claim));
        poll_fn(|cx| self.slot.poll_written(cx)).await.unwrap();
    }

    /// It is stored once the database is back.
    async fn settle_if_it_can(mut self) {
        self.slot.write(record(&self.claim));
        let _ = poll_fn(|cx| self.slot.poll_written(cx)).await;
    }
}

/// For ten.
fn ask(counter: &str, turn: u64) -> Ask {
    Ask {
        counter: counter.to_owned(),
        ends: None,
        limit: LIMIT,
        opening: Some(0),
        told: Told {
            turn: Told::next_ask(turn),
            ..Told::default()
        },
        target: 10,
        need: 10,
        keep: 0,
        reserve: 0,
        covered: 0,
        term: Duration::from_secs(30),
        skew: Duration::ZERO,
    }
}

async fn spend(journal: &Journal, cost: u64) -> Result<Spent, Error> {
    let mut journal = journal.clone();
    let mut slot = poll_fn(|cx| journal.poll_slot(cx)).await.unwrap();
    let claim = claim(cost);
    if slot.hold(&claim)? == Held::Later {
        poll_fn(|cx| slot.poll_held(cx)).await?;
    }
    Ok(Spent { slot, claim })
}

fn claim(cost: u64) -> Claim {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Relaxed);
    let created = wall();
    let seconds = created.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let id = format!("gen-{seconds}-{:010}{number:010}", std::process::id());
    let id: GenerationId = id.parse().unwrap();
    Claim {
        id,
        created,
        caller: Some(Arc::new(Caller::new(KeyId::of("a")).account("acme"))),
        model: None,
        user: None,
        tag: None,
        amount: Money::from_picodollars(cost.cast_signed()),
        apart: Vec::new(),
        call: Call::new(Instant::now(), created, number),
    }
}

fn record(claim: &Claim) -> Record {
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
        charge: Some(claim.amount),
        fee: Money::ZERO,
        held: claim.amount,
        finish: None,
        first_token: None,
        took: Duration::ZERO,
        app: App::default(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the database has a clock of its own"
)]
fn wall() -> SystemTime {
    SystemTime::now()
}

struct Replica(Child);

// === impl Replica ===

impl Replica {
    fn start(name: &str, url: &str, upstream: SocketAddr, how: &str, costs: &str) -> Self {
        let this = std::env::current_exe().unwrap();
        let child = Command::new(this)
            .args(["--exact", "leases::a_replica", "--include-ignored"])
            .env(
                PLAY,
                [name, url, &upstream.to_string(), how, costs].join("\n"),
            )
            .stdout(std::process::Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// It bills whoever asks, and never forgets.
fn upstream(book: Book) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let mut client = BufReader::new(client);
            let mut line = String::new();
            if client.read_line(&mut line).is_ok_and(|read| read > 0) {
                let (name, cost) = line.trim().rsplit_once(' ').unwrap();
                let cost: u64 = cost.parse().unwrap();
                *book.lock().unwrap().entry(name.to_owned()).or_default() += cost;
                let _ = client.get_mut().write_all(b"billed\n");
            }
        }
    });
    address
}

async fn bill(upstream: SocketAddr, what: &str) {
    let stream = TcpStream::connect(upstream).await.unwrap();
    let mut stream = tokio::io::BufReader::new(stream);
    stream
        .write_all(format!("{what}\n").as_bytes())
        .await
        .unwrap();
    stream.read_line(&mut String::new()).await.unwrap();
}

/// Until it is so, which other processes bring about; two minutes are too long.
fn wait(so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < Duration::from_secs(120), "it never is");
        // It leaves them the processor.
        thread::park_timeout(Duration::from_millis(20));
    }
}

fn total(book: &Book) -> u64 {
    let book = book.lock().unwrap();
    let billed = book.iter().filter(|(name, _)| !name.ends_with("is done"));
    let sum = billed.map(|(_, cost)| cost).sum();
    assert!(sum <= LIMIT, "the upstream has billed {sum}");
    sum
}

fn of(book: &Book, name: &str) -> u64 {
    total(book);
    book.lock().unwrap().get(name).copied().unwrap_or(0)
}

fn leases(store: &PostgresStore) -> Vec<Leased> {
    counter(store).leases
}

fn counter(store: &PostgresStore) -> Shared {
    store.counter(COUNTER).unwrap().unwrap_or(Shared::new(0))
}

fn lease(leases: &[Leased], name: &str) -> Leased {
    let lease = leases.iter().find(|lease| lease.replica.name == name);
    lease.unwrap().clone()
}

/// What nobody has leased, as the next one who asks is told.
fn left(store: &PostgresStore) -> u64 {
    counter(store).left(LIMIT)
}

/// All that is recorded of it.
fn drawn(store: &PostgresStore) -> u64 {
    let counter = counter(store);
    let drawn: u64 = counter.leases.iter().map(Leased::drawn).sum();
    counter.opening + drawn
}

fn opening(schema: &Schema) -> i64 {
    schema.count("SELECT opening FROM switchtower_counters")
}

/// What the books say was charged.
fn books(store: &PostgresStore) -> u64 {
    let query = SpendQuery {
        from: Day::from_number(0),
        to: Day::from_number(i32::MAX),
        by: vec![Dimension::Account],
        account: None,
        keys: None,
        user: None,
        tag: None,
        limit: 10,
    };
    let sums = store.spend(&query).unwrap();
    sums.iter()
        .map(|sum| u64::try_from(sum.charge).unwrap())
        .sum()
}
