//! A gateway that is killed, at any moment: what its callers have seen whole is in its books, once.
//!
//! `SWITCHTOWER_KILLS=200 cargo test --test crash` kills it more often; with `SWITCHTOWER_POSTGRES_URL`, and `-- --include-ignored`, over
//! PostgreSQL too.
#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use switchtower::settle::store::{
    PostgresSettings, PostgresStore, Row, RowQuery, SqliteSettings, SqliteStore, Store,
};
use switchtower::settle::{Certainty, Journal, JournalSettings};
use switchtower::testing::{Prices, Script, Upstream};

#[path = "postgres/schema.rs"]
#[allow(dead_code, reason = "others need more of it")]
mod schema;

const KEY: &str = "sk-or-v1-of-this-test";
/// As many callers ask one question after the other.
const CALLERS: usize = 8;

/// What a caller has seen.
#[derive(Clone, Debug)]
struct Seen {
    id: String,
    whole: bool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_seen_whole_is_in_the_books_once() {
    let place = Place::new("sqlite");
    let ledger = place.0.join("ledger.db");
    let open = |ledger: &str| -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(ledger, SqliteSettings::default()).unwrap())
    };
    killed_at_any_moment(&place, ledger.to_str().unwrap(), &open).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
async fn what_was_seen_whole_is_in_postgresql_once() {
    let place = Place::new("postgresql");
    let schema = tokio::task::spawn_blocking(schema::Schema::new);
    let schema = schema.await.unwrap();
    let open = |ledger: &str| -> Arc<dyn Store> {
        Arc::new(PostgresStore::open(ledger, PostgresSettings::default()).unwrap())
    };
    killed_at_any_moment(&place, &schema.url, &open).await;
    tokio::task::spawn_blocking(|| drop(schema)).await.unwrap();
}

async fn killed_at_any_moment(place: &Place, ledger: &str, open: &dyn Fn(&str) -> Arc<dyn Store>) {
    let kills = std::env::var("SWITCHTOWER_KILLS").map_or(10, |kills| kills.parse().unwrap());
    // A dollar and four for a million tokens.
    let prices = Prices {
        prompt: 1_000_000_000,
        completion: 4_000_000_000,
        ..Prices::default()
    };
    let upstream = Upstream::builder().prices(prices).max_calls(1_000_000);
    let upstream = upstream.start().await.unwrap();
    upstream.script_fn(|seen| {
        let pause = Duration::from_millis(seen.number % 4);
        Script::new().text("Four words, and done.").between(pause)
    });
    let catalog = place.0.join("switchtower.toml");
    let text = format!(
        r#"
        providers.acme.base_url = "{}"
        [[models."acme/large".endpoints]]
        provider = "acme"
        model = "large-2"
        prices = {{ prompt = "1", completion = "4" }}
        "#,
        upstream.base_url()
    );
    fs::write(&catalog, text).unwrap();

    // A copy, so that nobody builds another one meanwhile. Another process writes it: a child that is born here while it is
    // written would inherit it open, and what is open for writing cannot be run.
    let gateway = place.0.join("gateway");
    let copied = Command::new("cp").arg(example()).arg(&gateway).status();
    assert!(copied.unwrap().success());
    let mut known = Known::default();
    for kill in 0..kills {
        let gateway = Gateway::start(&gateway, &catalog, ledger);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let name = format!("{kill}-{caller}");
                tokio::spawn(ask_on(gateway.url.clone(), name, seen.clone()))
            })
            .collect();
        // The moment is what chance says: that is the test.
        tokio::time::sleep(Duration::from_micros(fastrand::u64(0..200_000))).await;
        drop(gateway);
        for caller in callers {
            caller.await.unwrap();
        }
        upstream.wait_idle().await;
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        known.check(open(ledger), &seen, &upstream);
    }
    assert!(known.whole > 0, "nobody has seen anything");
    println!(
        "{kills} kills: {} answers seen whole, {} rows, {} of them abandoned",
        known.whole,
        known.rows,
        known.abandoned.len()
    );
}

/// What is known of all rounds so far.
#[derive(Default)]
struct Known {
    whole: usize,
    rows: usize,
    /// Whose requests were told as abandoned.
    abandoned: BTreeSet<String>,
}

// === impl Known ===

impl Known {
    fn check(&mut self, store: Arc<dyn Store>, seen: &[Seen], upstream: &Upstream) {
        let journal = Journal::open(store.clone(), JournalSettings::default()).unwrap();
        for hold in journal.abandoned() {
            let user = hold.user.clone().expect("each caller says who it is");
            assert!(
                self.abandoned.insert(user),
                "it is abandoned once: {hold:?}"
            );
        }
        assert!(store.holds().unwrap().is_empty());
        let rows = rows(&*store);
        self.rows = rows.len();
        let by_id: BTreeMap<_, _> = rows.iter().map(|row| (row.id.as_str(), row)).collect();
        assert_eq!(by_id.len(), rows.len(), "each is there once");
        for seen in seen.iter().filter(|seen| seen.whole) {
            self.whole += 1;
            let row = by_id.get(&*seen.id);
            let row = row.unwrap_or_else(|| panic!("{} was seen whole", seen.id));
            assert_eq!(row.end, "complete", "{row:?}");
            assert!(
                row.charge.is_some_and(|charge| !charge.is_zero()),
                "{row:?}"
            );
        }

        // The upstream's own book: each of its calls is in one row, but for those that are abandoned.
        let mut paid = BTreeMap::new();
        for row in rows.iter().filter(|row| row.end != Row::ABANDONED) {
            let user = row.user.clone().expect("each caller says who it is");
            let before = paid.insert(user, row);
            assert!(before.is_none(), "one question, one row: {before:?}");
        }
        let book = upstream.book();
        let entries: BTreeMap<_, _> = book.entries.iter().map(|one| (one.call, one)).collect();
        let mut asked = BTreeSet::new();
        for call in upstream.seen() {
            let body: serde_json::Value = serde_json::from_slice(&call.body).unwrap();
            let user = body["user"].as_str().unwrap().to_owned();
            let Some(row) = paid.get(&user) else {
                assert!(
                    self.abandoned.contains(&user),
                    "the books know nothing of {user}"
                );
                continue;
            };
            asked.insert(user);
            let attempt = &row.attempts[0];
            if attempt.certainty == Certainty::Exact {
                let billed = entries[&call.number].femtodollars;
                let cost = attempt.cost.unwrap().picodollars();
                assert_eq!(u128::try_from(cost).unwrap() * 1000, billed, "{row:?}");
            }
        }
        let unasked = paid.keys().filter(|user| !asked.contains(*user));
        assert_eq!(unasked.count(), 0, "a row, and nobody was asked");
        let both = self
            .abandoned
            .iter()
            .filter(|user| paid.contains_key(*user));
        assert_eq!(both.count(), 0, "what is abandoned is not charged");
    }
}

fn rows(store: &dyn Store) -> Vec<Row> {
    let query = RowQuery {
        from: UNIX_EPOCH,
        to: UNIX_EPOCH + Duration::from_secs(10_000_000_000),
        account: None,
        key: None,
        after: None,
        limit: usize::MAX,
    };
    store.rows(&query).unwrap()
}

/// Asks one question after the other, until nobody answers any more; every other one for a stream.
async fn ask_on(url: String, name: String, seen: Arc<Mutex<Vec<Seen>>>) {
    let client: Client<HttpConnector, Full<bytes::Bytes>> =
        Client::builder(TokioExecutor::new()).build_http();
    for number in 0.. {
        let stream = number % 2 == 0;
        let ask = serde_json::json!({
            "model": "acme/large",
            "stream": stream,
            "user": format!("{name}-{number}"),
            "messages": [{"role": "user", "content": "hi"}],
        });
        let request = http::Request::post(format!("{url}/chat/completions"))
            .header("authorization", format!("Bearer {KEY}"))
            .body(Full::from(ask.to_string()))
            .unwrap();
        let Ok(answer) = client.request(request).await else {
            return;
        };
        assert_eq!(answer.status(), 200);
        let id = answer.headers()["x-generation-id"].to_str().unwrap();
        let id = id.to_owned();
        let mut body = answer.into_body();
        let mut text = Vec::new();
        let whole = loop {
            match body.frame().await {
                Some(Ok(frame)) => text.extend_from_slice(&frame.into_data().unwrap_or_default()),
                // A stream is whole with its last word, whatever becomes of the connection then.
                Some(Err(_)) => break stream && text.ends_with(b"data: [DONE]\n\n"),
                None => break true,
            }
        };
        seen.lock().unwrap().push(Seen { id, whole });
        if !whole {
            return;
        }
    }
}

/// The example, until it is killed.
struct Gateway {
    child: Child,
    url: String,
}

// === impl Gateway ===

impl Gateway {
    fn start(gateway: &Path, catalog: &Path, ledger: &str) -> Self {
        let mut child = Command::new(gateway)
            .args(["--listen", "127.0.0.1:0", "--config"])
            .arg(catalog)
            .arg("--ledger")
            .arg(ledger)
            .env_clear()
            .env("SWITCHTOWER_KEY", KEY)
            .env("RUST_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut lines = lines.map(Result::unwrap);
        let url = lines.find_map(|line| {
            let (url, _) = line.strip_prefix("listening on ")?.split_once(' ')?;
            Some(url.to_owned())
        });
        let url = url.expect("it listens");
        // Read on, so that a full pipe never stops it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // With SIGKILL.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A folder, until it is dropped.
struct Place(PathBuf);

// === impl Place ===

impl Place {
    /// Of this name, so that the tests of one process have a folder each.
    fn new(name: &str) -> Self {
        let own = format!("switchtower-crash-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(own);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `cargo test` has built it beside this one, `cargo test --test crash` has not.
fn example() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let profile = own.parent().and_then(|deps| deps.parent()).unwrap();
    let example = profile.join("examples/gateway");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--example", "gateway"]);
    if profile.ends_with("release") {
        build.arg("--release");
    }
    // What cargo tells a test about its package would make build scripts run again.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            build.env_remove(name);
        }
    }
    assert!(
        build
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .unwrap()
            .success()
    );
    example
}
