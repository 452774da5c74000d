//! What an open stream holds that says nothing.

use std::net::SocketAddr;
use std::time::Duration;

use crate::caller::{Caller, Kind};
use crate::process::{Memory, Process};

/// How many streams, with prompts of how many bytes, and whether their answers may be mended.
const ROWS: [(usize, usize, bool); 5] = [
    (1, 1 << 10, true),
    (100, 1 << 10, true),
    (10_000, 1 << 10, true),
    (100, 100 << 10, true),
    (100, 100 << 10, false),
];

/// What the gateway may hold beyond the bare proxy, for each of them.
const MOST: isize = 8 << 10;

/// A request of more than that is on top of it, once, where its answer may be mended: without it nobody could be asked again.
const SMALL: usize = 8 << 10;

const NEVER: &str = "x-switchtower-recover: false\r\n";

/// Prints the table, and says whether all of it is within the limit.
pub(crate) fn table(upstream: SocketAddr) -> bool {
    let mut within = true;
    println!(
        "| idle streams | heap a stream: bare | gateway | gateway − bare | resident: bare | gateway |"
    );
    println!("|---|--:|--:|--:|--:|--:|");
    for (streams, prompt, mended) in ROWS {
        let streams = streams.min(most());
        let request = Kind::Idle.request(prompt, if mended { "" } else { NEVER });
        let [bare, gateway] =
            ["bare", "gateway"].map(|name| per_stream(name, upstream, streams, &request));
        let added = gateway.live - bare.live;
        let kept = if mended && prompt > SMALL {
            request.len()
        } else {
            0
        };
        within &= added <= MOST + kept as isize;
        println!(
            "| {streams}, {} KB asked{} | {} B | {} B | {} B | {} B | {} B |",
            prompt >> 10,
            if mended { "" } else { ", never mended" },
            bare.live,
            gateway.live,
            added,
            bare.resident,
            gateway.resident,
        );
    }
    within
}

/// Bytes a stream, in a fresh server that has this many of them open.
fn per_stream(name: &str, upstream: SocketAddr, streams: usize, request: &[u8]) -> Memory {
    let mut server = Process::start(name, Some(upstream));
    let address = server.address;
    let open = |count| -> Vec<Caller> {
        let callers = (0..count).map(|_| {
            let mut caller = Caller::new(address).unwrap();
            caller.begin(request).unwrap();
            caller
        });
        callers.collect()
    };
    // What is made once, and kept, is nobody's; and what is left of a connection goes when the next one comes.
    drop(open(2));
    settled(&mut server);
    let mut held = open(1);
    let before = settled(&mut server);
    held.extend(open(streams));
    let after = settled(&mut server);
    drop(held);
    Memory {
        live: (after.live - before.live) / streams as isize,
        resident: (after.resident - before.resident) / streams as isize,
    }
}

/// What it holds when nothing happens any more.
fn settled(server: &mut Process) -> Memory {
    let mut last = server.memory();
    loop {
        std::thread::sleep(Duration::from_millis(100));
        let now = server.memory();
        if now.live == last.live {
            return now;
        }
        last = now;
    }
}

/// A server has two sockets a stream.
fn most() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").expect("this bench needs Linux");
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let files = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    (files.unwrap_or(1024) - 60) / 2
}
