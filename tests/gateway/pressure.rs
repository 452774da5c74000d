//! A caller that reads slowly, and a thousand of them at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use futures_util::future::join_all;
use http_body_util::BodyExt;
use serde_json::json;
use switchtower::End;
use switchtower::settle::Certainty;
use switchtower::testing::{Script, Upstream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Barrier;

use crate::shapes::pico;
use crate::streams::assert_stream;
use crate::support::{Answer, Caller, House, chat, within};

/// What the hoses below pour out in all.
const ALL: usize = 32 << 20;
/// What may be on its way: Linux gives up to 6 MiB to receive and 4 MiB to send to each of the two
/// connections; the gateway itself keeps some events.
const ON_ITS_WAY: usize = 22 << 20;

/// The reader stops: so must the writer, whatever it has to say. Then all of it arrives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_holds_the_upstream_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let poured = Arc::new(AtomicUsize::new(0));
    let hose = tokio::spawn(pour(listener, poured.clone()));
    let house = House::around(
        Vec::new(),
        &[url.parse().unwrap()],
        |stack| stack,
        Default::default(),
    )
    .await;

    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 << 10).unwrap();
    let mut caller = Caller {
        socket: within(socket.connect(house.address)).await.unwrap(),
        heard: Vec::new(),
    };
    caller.ask("/api/v1", &chat(json!({"stream": true}))).await;
    assert!(caller.hear("\"content\":\"").await);

    // Nobody reads: wait until nothing more is poured.
    let mut before = usize::MAX;
    within(async {
        while std::mem::replace(&mut before, poured.load(SeqCst)) != poured.load(SeqCst) {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    })
    .await;
    println!("held back after {} KiB", before >> 10);
    assert!(
        before < ON_ITS_WAY,
        "{before} bytes were taken from the upstream"
    );
    assert_eq!(house.ledger.totals().records, 0);

    // The reader goes on, and nothing is lost.
    let mut tokens = caller.text().matches("\"content\":\"").count();
    caller.heard.clear();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = within(caller.socket.read(&mut buffer)).await.unwrap();
        caller.heard.extend_from_slice(&buffer[..read]);
        let whole = caller
            .heard
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let text = caller.heard.drain(..whole).collect::<Vec<_>>();
        let text = String::from_utf8(text).unwrap();
        tokens += text.matches("\"content\":\"").count();
        if text.contains("data: [DONE]") {
            break;
        }
        assert!(read > 0, "it ended too early");
    }
    assert_eq!(tokens, ALL / EVENT.len());
    within(hose).await.unwrap();
    assert_eq!(house.records(1).await[0].end, End::Complete);
}

/// As many as the limit of open files has room for: each takes four, a thousand at the most.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_streams_at_once() {
    let count = (open_files() / 5).min(1000);
    println!("{count} streams");
    let house = House::open(3).await;
    // All of them are open before the first goes on.
    let together = Arc::new(Barrier::new(count));
    for place in 0..3 {
        house.script(
            place,
            Script::new()
                .tokens(20)
                .first_token(Duration::from_millis(5))
                .between(Duration::from_millis(5)),
        );
    }
    let calls = (0..count).map(|_| async {
        let request = house.request(
            http::Method::POST,
            "/api/v1/chat/completions",
            chat(json!({"stream": true, "provider": {}})),
        );
        let mut response = house.send(request).await;
        let first = within(response.body_mut().frame())
            .await
            .unwrap()
            .unwrap()
            .into_data()
            .unwrap();
        within(together.wait()).await;
        let (parts, body) = response.into_parts();
        let rest = within(body.collect()).await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8([first, rest].concat()).unwrap(),
        }
    });
    for answer in join_all(calls).await {
        assert_stream(&answer, "stop");
        let words = answer
            .chunks()
            .iter()
            .filter(|chunk| chunk["choices"][0]["delta"]["content"].is_string())
            .count();
        assert_eq!(words, 21, "the role, and twenty tokens");
    }
    let totals = house.ledger.totals();
    assert_eq!((totals.records, totals.held), (count as u64, 0));
    // All calls are the same, so each costs the same at one provider. A machine that is busier than it
    // can bear gets some usage later than a finished answer is waited for: that is an estimate then.
    let mut estimates = 0;
    for record in house.ledger.records() {
        // A provider that could not be reached in time was another attempt, and nobody bills it.
        let attempt = record.answer().unwrap();
        let at = |upstream: &&Upstream| attempt.provider().unwrap().starts_with(upstream.name());
        let upstream = house.upstreams.iter().find(at).unwrap();
        match attempt.cost.certainty {
            Certainty::Exact => {
                let book = upstream.book();
                let whole = book.entries.iter().find(|entry| entry.is_complete());
                let bill = pico(whole.unwrap().femtodollars);
                assert_eq!(attempt.cost.amount.unwrap().picodollars() as u128, bill);
            }
            _ => estimates += 1,
        }
    }
    println!("{estimates} of them estimated");
    assert!(estimates < count / 2);
}

const EVENT: &str = concat!(
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"",
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of ",
    "foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the season of Light, ",
    "it was the season of Darkness, it was the spring of hope, it was the winter of despair, we had ",
    "everything before us, we had nothing before us, we were all going direct to Heaven, we were all going ",
    "direct the other way – in short, the period was so far like the present period, that some of its ",
    "noisiest authorities insisted on its being received, for good or for evil, in the superlative degree.",
    "\"},\"finish_reason\":null}]}\n\n",
);

/// An upstream that has much to say, and says it as fast as it can.
async fn pour(listener: TcpListener, poured: Arc<AtomicUsize>) {
    let (mut socket, _) = within(listener.accept()).await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"}") {
        assert!(within(socket.read_buf(&mut request)).await.unwrap() > 0);
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..ALL / EVENT.len() {
        socket.write_all(EVENT.as_bytes()).await.unwrap();
        poured.fetch_add(EVENT.len(), SeqCst);
    }
    let end = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    socket.write_all(end.as_bytes()).await.unwrap();
}

/// The soft limit of this process; where nobody says, the smallest that is usual.
fn open_files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    soft.unwrap_or(256)
}
