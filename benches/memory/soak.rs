//! Whether it stays flat: a million calls, of which some are streams, are given up, break or fail.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::caller::{Caller, Kind};
use crate::process::Process;

const THREADS: u32 = 8;
/// More than the ledger keeps, and than its index takes to find its size.
const WARM: u32 = 40_000;

pub(crate) fn run(upstream: SocketAddr, calls: u32) {
    let mut gateway = Process::start("gateway", Some(upstream));
    println!("| calls | live heap | resident |");
    println!("|--:|--:|--:|");
    ask(gateway.address, 0..WARM);
    for tenth in 0..=10 {
        let done = calls / 10 * tenth;
        if tenth > 0 {
            ask(gateway.address, done - calls / 10..done);
        }
        let memory = gateway.memory();
        let (live, resident) = (memory.live >> 10, memory.resident >> 10);
        println!("| {done} | {live} KiB | {resident} KiB |");
    }
}

fn ask(address: SocketAddr, calls: Range<u32>) {
    let next = AtomicU32::new(calls.start);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut caller = Caller::new(address).unwrap();
                loop {
                    match next.fetch_add(1, Ordering::Relaxed) {
                        call if call < calls.end => one(&mut caller, address, call),
                        _ => break,
                    }
                }
            });
        }
    });
}

/// In a thousand calls: ten streams, five that their caller gives up, two that break, one that fails.
fn one(caller: &mut Caller, address: SocketAddr, call: u32) {
    let kind = match call % 1000 {
        0 => Kind::Fail,
        1 | 501 => Kind::Cut,
        n if n % 200 == 2 => Kind::Idle,
        n if n % 100 == 3 => Kind::Stream,
        _ => Kind::Json,
    };
    let request = kind.request(1 << 10, "");
    match kind {
        Kind::Idle => {
            Caller::new(address).unwrap().begin(&request).unwrap();
        }
        _ => caller.finish(&request).unwrap(),
    }
}
