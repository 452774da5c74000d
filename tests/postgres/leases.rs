//! Three processes spend one limit. One is killed, one is cut off from the database.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use switchtower::limits::{Limits, Now, Rule, Scope, Subject, Unit, Window};
use switchtower::settle::lease::{Keeper, LeaseSettings, Leased, Lessor};
use switchtower::settle::store::{
    Entry, HoldRow, PostgresSettings, PostgresStore, Store, StoreError,
};
use switchtower::{Caller, KeyId, Money};

use crate::entries;
use crate::relay::Relay;
use crate::schema::Schema;

const LIMIT: u64 = 1_500;
const COUNTER: &str = "credit of acme";
const PLAY: &str = "SWITCHTOWER_REPLICA";

/// What the upstream has billed to whom.
type Book = Arc<Mutex<BTreeMap<String, u64>>>;

#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn equal_holds_of_three_processes() {
    three_processes("7");
}

#[test]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
fn random_holds_of_three_processes() {
    three_processes("1-40");
}

fn three_processes(costs: &str) {
    let schema = Schema::new();
    let store = schema.open();
    let relay = Relay::start();
    let book = Book::default();
    let upstream = upstream(book.clone());
    let mut killed = Replica::start("killed", &schema.url, upstream, costs);
    let mut cut = Replica::start("cut", &relay.url(&schema), upstream, costs);
    let mut spared = Replica::start("spared", &schema.url, upstream, costs);

    wait(|| total(&book) > LIMIT / 4 && book.lock().unwrap().len() == 3);
    killed.0.kill().unwrap();
    killed.0.wait().unwrap();
    relay.cut(true);

    // The one that is left gets all that is not claimed: the leases of the others are taken back when they are over.
    let least = costs.split('-').next().unwrap().parse::<u64>().unwrap();
    let free = |leases: &[Leased]| {
        let idle = |lease: &Leased| lease.replica.name != "spared";
        let others = leases.iter().filter(|lease| idle(lease));
        others
            .map(|lease| lease.granted - lease.drawn() - lease.reserve)
            .sum::<u64>()
    };
    wait(|| {
        let leases = store.leases(COUNTER).unwrap();
        let granted: u64 = leases.iter().map(|lease| lease.granted).sum();
        free(&leases) == 0 && LIMIT - granted < least
    });
    let leases = store.leases(COUNTER).unwrap();
    let granted = |leases: &[Leased], name: &str| {
        let mut of_it = leases.iter().filter(|lease| lease.replica.name == name);
        of_it.next().map_or(0, |lease| lease.granted)
    };
    wait(|| of(&book, "spared") + least > granted(&store.leases(COUNTER).unwrap(), "spared"));
    assert!(total(&book) <= LIMIT);
    for name in ["killed", "cut"] {
        let lease = leases
            .iter()
            .find(|lease| lease.replica.name == name)
            .unwrap();
        assert!(
            of(&book, name) <= lease.granted,
            "what it may have spent is claimed"
        );
    }

    // An operator knows that the killed one is dead, and has not spent its reserve.
    let dead = leases
        .iter()
        .find(|lease| lease.replica.name == "killed")
        .unwrap();
    store.release(&dead.replica).unwrap();
    wait(|| of(&book, "spared") + least > LIMIT - of_others(&store));
    // The one that was cut off comes back, and tells what it has spent: the rest of its lease is there again.
    relay.cut(false);
    wait(|| {
        let leases = store.leases(COUNTER).unwrap();
        let cut = leases
            .iter()
            .find(|lease| lease.replica.name == "cut")
            .unwrap();
        let granted: u64 = leases.iter().map(|lease| lease.granted).sum();
        cut.drawn() == of(&book, "cut") && LIMIT - granted < least
    });
    for replica in [&mut cut, &mut spared] {
        replica.0.kill().unwrap();
        replica.0.wait().unwrap();
    }
    let sum: u64 = store
        .leases(COUNTER)
        .unwrap()
        .iter()
        .map(|lease| lease.granted)
        .sum();
    assert!(sum <= LIMIT);
}

/// Not a test: what each of the processes does.
#[test]
#[ignore = "needs PostgreSQL: one of the processes of the tests here"]
fn a_replica() {
    let Ok(play) = std::env::var(PLAY) else {
        return;
    };
    let words: Vec<_> = play.split_whitespace().collect();
    let [name, url, upstream, costs] = words[..] else {
        panic!("{play}");
    };
    let (least, most) = costs.split_once('-').unwrap_or((costs, costs));
    let (least, most): (u64, u64) = (least.parse().unwrap(), most.parse().unwrap());
    let settings = PostgresSettings::default()
        .patience(Duration::from_secs(2))
        .pause(Duration::from_millis(1));
    let store = Arc::new(PostgresStore::open(url, settings).unwrap());
    let settings = LeaseSettings::default()
        .term(Duration::from_secs(2))
        .skew(Duration::ZERO);
    let mut keeper = Keeper::open(store.clone(), name, settings).unwrap();
    let mut upstream = BufReader::new(TcpStream::connect(upstream).unwrap());

    let limit = Money::from_picodollars(LIMIT as i64);
    let rule = Rule::money("credit", Scope::Account, Window::Forever, limit).unwrap();
    let limits = Limits::new([rule.shared()]);
    let caller = Caller::new(KeyId::of("a")).account("acme");
    let subject = Subject {
        caller: Some(&caller),
        ..Subject::default()
    };
    let now = || Now {
        instant: Instant::now(),
        wall: SystemTime::now(),
    };
    let counted = || {
        let level = limits.levels(&subject, &[Unit::Money], now()).remove(0);
        (level.used, level.held)
    };
    let mut taken = Vec::new();
    let mut number = 0;
    let mut random = u64::from(std::process::id());
    loop {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let cost = least + (random >> 33) % (most - least + 1);
        let ceiling = |keeper: &Keeper| {
            let ceiling = keeper.ceiling(COUNTER, Instant::now());
            limits.grant((Scope::Account, "acme"), "credit", ceiling, now());
        };
        ceiling(&keeper);
        let mut claim = limits.take(&subject, &[(Unit::Money, cost)], now());
        let short = claim.is_err();
        if short || keeper.is_due(COUNTER, counted(), Instant::now()) {
            let more = if short { cost } else { 0 };
            let _ = keeper.ask(COUNTER, (LIMIT, 0), counted(), more, Instant::now());
            ceiling(&keeper);
            if short {
                claim = limits.take(&subject, &[(Unit::Money, cost)], now());
            }
        }
        let Ok(claim) = claim else {
            // Without the database, the reserve is all there is; and it is not let through by the ceiling.
            continue;
        };
        number += 1;
        let drawn = keeper.draw(COUNTER, counted()).unwrap();
        let hold = HoldRow {
            id: entries::id(u64::from(std::process::id()) * 1_000_000 + number),
            amount: Money::from_picodollars(cost as i64),
            replica: name.to_owned(),
            ..entries::hold(0)
        };
        let committed = store.commit(&[Entry::Hold(hold), Entry::Drawn(drawn.clone())]);
        let spent = match committed {
            Ok(()) => {
                keeper.recorded(&drawn);
                true
            }
            Err(StoreError::Lapsed(_)) => {
                keeper.lapsed(COUNTER);
                false
            }
            Err(StoreError::Away(_)) => keeper.spend_unrecorded(&[(COUNTER, cost)], Instant::now()),
            Err(error) => panic!("{error}"),
        };
        if spent {
            taken.push(claim);
            writeln!(upstream.get_mut(), "{name} {cost}").unwrap();
            upstream.read_line(&mut String::new()).unwrap();
        }
    }
}

// === Helpers ===

struct Replica(Child);

// === impl Replica ===

impl Replica {
    fn start(name: &str, url: &str, upstream: std::net::SocketAddr, costs: &str) -> Self {
        let this = std::env::current_exe().unwrap();
        let child = Command::new(this)
            .args(["--exact", "leases::a_replica", "--include-ignored"])
            .env(PLAY, format!("{name} {url} {upstream} {costs}"))
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
fn upstream(book: Book) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let book = book.clone();
            thread::spawn(move || {
                let mut client = BufReader::new(client);
                let mut line = String::new();
                while client.read_line(&mut line).is_ok_and(|read| read > 0) {
                    let (name, cost) = line.trim().split_once(' ').unwrap();
                    let cost: u64 = cost.parse().unwrap();
                    *book.lock().unwrap().entry(name.to_owned()).or_default() += cost;
                    if client.get_mut().write_all(b"billed\n").is_err() {
                        return;
                    }
                    line.clear();
                }
            });
        }
    });
    address
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
    let sum = book.lock().unwrap().values().sum();
    assert!(sum <= LIMIT, "the upstream has billed {sum}");
    sum
}

fn of(book: &Book, name: &str) -> u64 {
    total(book);
    book.lock().unwrap().get(name).copied().unwrap_or(0)
}

fn of_others(store: &PostgresStore) -> u64 {
    let leases = store.leases(COUNTER).unwrap();
    let others = leases.iter().filter(|lease| lease.replica.name != "spared");
    others.map(|lease| lease.granted).sum()
}
