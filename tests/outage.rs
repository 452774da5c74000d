//! Everybody is down, and a thousand ask at once: each is told so in time, no provider is hammered, and nothing stays.
//!
//! The sockets are real, and so is the clock: a bound on time is one that a busy machine keeps, not a measurement.

#[path = "../benches/memory/heap.rs"]
#[allow(dead_code, reason = "a bench takes the rest")]
mod heap;

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use http::Request;
use http_body_util::{BodyExt, Full};
use switchtower::catalog::Catalog;
use switchtower::dispatch::deadline::Deadlines;
use switchtower::settle::MemoryLedger;
use switchtower::{Chain, Fault, Kind, Stack, client};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt;

#[global_allocator]
static ALLOCATOR: heap::Counting = heap::Counting;

/// What becomes of a call?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Nobody listens.
    Dead,
    /// 503.
    Down,
    /// It is taken, and nothing comes.
    Silent,
}

/// A provider that keeps nothing but the number of its calls.
#[derive(Debug)]
struct Provider {
    address: String,
    calls: Arc<AtomicU32>,
    serving: JoinHandle<()>,
}

const CALLERS: u32 = 1000;
/// Of a request.
const TOTAL: Duration = Duration::from_secs(1);
/// Slower than any machine that is alive.
const LATE: Duration = Duration::from_secs(20);
/// A retry for five first questions, as the budget has it, and those that it begins and goes on with.
const BUDGET: u32 =
    CALLERS + CALLERS / 5 + 10 + 10 * (TOTAL.as_secs() as u32 + LATE.as_secs() as u32);
/// Bytes that a thousand callers may leave behind, when as many were there before.
const NOTHING: usize = 256 << 10;

#[tokio::test]
async fn everybody_is_told_and_nobody_is_hammered() {
    use Manner::{Dead, Down, Silent};
    for manners in [[Dead; 3], [Down; 3], [Silent; 3], [Dead, Down, Silent]] {
        let mut providers = Vec::new();
        for manner in manners {
            providers.push(Provider::start(manner).await);
        }
        let deadlines = Deadlines {
            headers: TOTAL / 3,
            first_token: TOTAL / 2,
            total: TOTAL,
            ..Deadlines::default()
        };
        let stack = Stack::new(catalog(&providers))
            .deadlines(deadlines)
            .with_ledger(MemoryLedger::new(10));
        let chain = stack.around(client::hyper::plain());
        // The first crowd makes what is made once.
        crowd(&chain).await;
        let before = settled().await;
        let calls = |provider: &Provider| provider.calls.swap(0, Relaxed);
        let _: Vec<u32> = providers.iter().map(calls).collect();

        let kinds = crowd(&chain).await;
        for (kind, count) in kinds {
            let rule = kind.rule();
            let theirs = matches!(rule.fault, Fault::Upstream | Fault::Network | Fault::Us);
            assert!(theirs && kind != Kind::Internal, "{count} of {kind:?}");
            assert!(
                rule.status.is_server_error() || rule.status == 429,
                "{kind:?}"
            );
        }
        let most = providers.iter().map(calls).max().unwrap();
        assert!(most <= BUDGET, "{most} calls, {manners:?}");
        let after = settled().await;
        assert!(
            after <= before + NOTHING,
            "{before} bytes before, {after} after, {manners:?}"
        );
        assert_eq!(stack.ledger().totals().held, 0);
        for (_, standing) in stack.roster().lineup().endpoints() {
            assert_eq!((standing.in_flight(), standing.outstanding()), (0, 0));
        }
    }
}

/// A thousand at once; the kinds of their errors. Who is answered, or late, fails the test.
async fn crowd(chain: &Chain<client::hyper::Client>) -> Vec<(Kind, u32)> {
    let mut calls = JoinSet::new();
    for number in 0..CALLERS {
        let chain = chain.clone();
        calls.spawn(async move {
            let stream = number % 5 != 0;
            let body = format!(
                r#"{{"model":"acme/swift","stream":{stream},"messages":[{{"role":"user","content":"No. {number}"}}]}}"#
            );
            let request = Request::post("/v1/chat/completions");
            let request = request.body(Full::from(body)).unwrap();
            let asked = Instant::now();
            let error = match chain.oneshot(request).await {
                Ok(answer) => panic!("{:?}", answer.into_body().collect().await),
                Err(error) => error,
            };
            assert!(asked.elapsed() < TOTAL + LATE, "it waits for ever");
            error.kind()
        });
    }
    let mut kinds: Vec<(Kind, u32)> = Vec::new();
    for kind in calls.join_all().await {
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((kind, 1)),
        }
    }
    kinds
}

/// What is alive when connections have closed.
async fn settled() -> usize {
    let mut last = heap::live();
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = heap::live();
        if now.abs_diff(last) < 1 << 10 {
            break;
        }
        last = now;
    }
    heap::live()
}

fn catalog(providers: &[Provider]) -> Arc<Catalog> {
    let mut toml = String::new();
    for (place, Provider { address, .. }) in providers.iter().enumerate() {
        let _ = writeln!(
            toml,
            "providers.p{place}.base_url = \"http://{address}/v1\""
        );
    }
    for place in 0..providers.len() {
        let _ = writeln!(
            toml,
            "[[models.\"acme/swift\".endpoints]]\nprovider = \"p{place}\"\nmodel = \"swift\""
        );
    }
    Arc::new(Catalog::from_toml(&toml, "test.toml", |_| None).unwrap())
}

impl Provider {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let calls = Arc::new(AtomicU32::new(0));
        let count = calls.clone();
        let serving = tokio::spawn(async move {
            if manner == Manner::Dead {
                return;
            }
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(answer(stream, manner, count.clone()));
                while connections.try_join_next().is_some() {}
            }
        });
        Self {
            address,
            calls,
            serving,
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// One call of a connection: its body ends in `}`.
async fn answer(mut stream: TcpStream, manner: Manner, calls: Arc<AtomicU32>) {
    let (mut seen, mut buffer) = (Vec::new(), [0; 1024]);
    while !seen.ends_with(b"}") {
        match stream.read(&mut buffer).await {
            Ok(read @ 1..) => seen.extend_from_slice(&buffer[..read]),
            _ => return,
        }
    }
    calls.fetch_add(1, Relaxed);
    if manner == Manner::Down {
        let answer =
            "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
        let _ = stream.write_all(answer.as_bytes()).await;
        return;
    }
    // Until the caller closes it.
    while let Ok(1..) = stream.read(&mut buffer).await {}
}
