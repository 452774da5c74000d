//! The gateway against a bare hyper reverse proxy that forwards the same bytes.
//!
//! `cargo bench --bench proxy` prints throughput and CPU a call, as ratios to the bare proxy of the same run, and what the
//! gateway adds to the first token under a thousand calls a second. The reader is the least that any gateway costs: it collects and
//! reads what it forwards, and no more. Whatever is compared takes turns, round by round, so that the noise of the machine falls
//! on all. CPU a call is that of servers with one thread each, which has sixteen callers. There throughput would be no more than its
//! inverse, so that is measured of servers as they are run: with a thread for each core, which they share with the upstream and
//! 64 callers.
//! The last table is what a SQLite file adds to both ends of an answer, beside the same gateway with its books in memory.
//! `… -- stack` prints the rows with that in their name. `… -- --instructions` counts instructions instead;
//! `… -- --asks=60000` asks each server so often and prints nothing, for a profiler, and `--asks=6000 stream` does for streams.

mod books;
mod cpu;
#[path = "../support/folder.rs"]
mod folder;
mod instructions;
mod load;
mod place;
mod reader;
mod stack;
#[path = "../support/mod.rs"]
mod support;

use folder::Folder;
use std::net::SocketAddr;

use load::{Kind, Load, Round};
use place::Place;
use support::{bare, gateway, upstream};
use tokio::runtime::Runtime;

const ROUNDS: usize = 9;
/// Callers of one thread, and of a thread for each core.
const FEW: u32 = 16;
const MANY: u32 = 64;

/// By this name all ask for streams where instructions are counted.
const STREAM: &str = "stream";

/// A server twice: on one thread, and where it listens on a thread for each core.
type Twice<'a> = (&'a Place, SocketAddr);

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let upstream = place::start("upstream", upstream::serve);
    let address = upstream.address;
    let bare = place::start("bare", move |listener| bare::serve(listener, address));
    let gateway = place::start("gateway", move |listener| gateway::serve(listener, address));
    let stack = place::start("stack", move |listener| stack::serve(listener, address));
    let reader = place::start("reader", move |listener| reader::serve(listener, address));
    let folder = Folder::new("proxy");
    let file = folder.0.join("books.db");
    let sqlite = place::start("sqlite", move |listener| {
        books::serve(listener, address, file)
    });
    let named = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    if let Some(asks) = std::env::args().find_map(|argument| asks(&argument)) {
        let kind = match named.as_deref() {
            Some(STREAM) => Kind::Stream,
            _ => Kind::Json(1 << 10),
        };
        let servers = [
            ("/v1", &bare),
            ("/v1", &stack),
            ("/api/v1", &gateway),
            ("/v1", &reader),
        ];
        // The reader reads no stream.
        let asked = if matches!(kind, Kind::Stream) { 3 } else { 4 };
        for (prefix, place) in &servers[..asked] {
            let load = Load::new(place.address, prefix, kind);
            runtime.block_on(load.closed(FEW, asks));
        }
        return;
    }
    if std::env::args().any(|argument| argument == "--instructions") {
        print_instructions("JSON, 1 KB asked", "");
        return print_instructions("stream of 100 events", STREAM);
    }

    let wanted = |row: &str| {
        named
            .as_ref()
            .is_none_or(|part| row.contains(part.as_str()))
    };

    let shared_bare = place::shared("bare", move |listener| bare::serve(listener, address));
    let shared_gateway =
        place::shared("gateway", move |listener| gateway::serve(listener, address));
    let shared_stack = place::shared("stack", move |listener| stack::serve(listener, address));
    let shared_reader = place::shared("reader", move |listener| reader::serve(listener, address));
    let all = [
        ("gateway", "/api/v1", (&gateway, shared_gateway)),
        ("gateway", "/v1", (&gateway, shared_gateway)),
        ("stack", "/v1", (&stack, shared_stack)),
    ];
    let bares = (&bare, shared_bare);

    let reading = [("reader", "/v1", (&reader, shared_reader))];
    println!("| as fast as it goes | throughput ÷ bare | CPU a call ÷ bare | CPU a call |");
    println!("|---|--:|--:|--:|");
    for kind in [Kind::Json(1 << 10), Kind::Json(100 << 10), Kind::Stream] {
        // What it reads is no stream.
        let reading = reading.iter().filter(|_| !matches!(kind, Kind::Stream));
        for &(name, prefix, places) in all.iter().chain(reading) {
            let row = format!("{kind}, {name} `{prefix}`");
            if !wanted(&row) {
                continue;
            }
            let [speed, cpu, own] = at_full_speed(&runtime, kind, prefix, [bares, places]);
            println!("| {row} | {speed:.2} | {cpu:.2} | {own:.1} µs |");
        }
    }
    println!();
    println!(
        "| first token at 1,000 calls a second | p50: bare | here | p99: bare | here | added at p99 |"
    );
    println!("|---|--:|--:|--:|--:|--:|");
    let kind = Kind::Short;
    for (name, prefix, (place, _)) in all {
        let row = format!("{kind}, {name} `{prefix}`");
        if !wanted(&row) {
            continue;
        }
        let first = |round: &Round, percent| round.first(percent);
        let [p50, our_p50, p99, our_p99, added] =
            in_time(&runtime, kind, prefix, [&bare, place], first);
        println!(
            "| {row} | {p50:.2} ms | {our_p50:.2} ms | {p99:.2} ms | {our_p99:.2} ms | {added:.2} ms |"
        );
    }
    println!();
    println!(
        "| books in SQLite, at 1,000 calls a second | p50: in memory | here | p99: in memory | here | added at p99 |"
    );
    println!("|---|--:|--:|--:|--:|--:|");
    type End = fn(&Round, usize) -> f64;
    let ends: [(_, End); 2] = [("first frame", Round::first), ("end", Round::whole)];
    for (end, of) in ends {
        let row = format!("{kind}, {end}, sqlite `/api/v1`");
        if !wanted(&row) {
            continue;
        }
        let [p50, our_p50, p99, our_p99, added] =
            in_time(&runtime, kind, "/api/v1", [&gateway, &sqlite], of);
        println!(
            "| {row} | {p50:.2} ms | {our_p50:.2} ms | {p99:.2} ms | {our_p99:.2} ms | {added:.2} ms |"
        );
    }
}

/// How often is each server asked, where that is counted?
fn asks(argument: &str) -> Option<u32> {
    argument.strip_prefix(instructions::ARGUMENT)?.parse().ok()
}

fn print_instructions(what: &str, named: &str) {
    // As they were started.
    let all = ["upstream", "bare", "gateway", "stack", "reader"];
    // The reader reads no stream.
    let names = if named == STREAM { &all[..4] } else { &all };
    let counts = match instructions::of_threads(names.len(), named) {
        Ok(counts) => counts,
        Err(error) => return eprintln!("no instructions: {error}"),
    };
    let bare = counts[1];
    println!("| {what} | instructions a call | ÷ bare |");
    println!("|---|--:|--:|");
    for (name, count) in names.iter().zip(&counts).skip(1) {
        println!("| {name} | {count:.0} | {:.2} |", count / bare);
    }
    println!();
}

/// Throughput and CPU as ratios, and microseconds of CPU a call.
fn at_full_speed(runtime: &Runtime, kind: Kind, prefix: &str, twice: [Twice<'_>; 2]) -> [f64; 3] {
    let calls = kind.calls();
    // The first round makes the connections.
    let alone = twice.map(|(place, _)| (place, Load::new(place.address, prefix, kind)));
    let cpu = |(place, load): &(&Place, Load), calls| {
        let before = place.cpu.nanos();
        runtime.block_on(load.closed(FEW, calls));
        (place.cpu.nanos() - before) as f64 / f64::from(calls)
    };
    for it in &alone {
        cpu(it, calls / 4);
    }
    let [cpu, own] = medians((0..ROUNDS).map(|_| {
        let [theirs, ours] = alone.each_ref().map(|it| cpu(it, calls));
        [ours / theirs, ours / 1e3]
    }));
    let shared = twice.map(|(_, address)| Load::new(address, prefix, kind));
    let took = |load: &Load, calls| {
        runtime
            .block_on(load.closed(MANY, calls))
            .took
            .as_secs_f64()
    };
    for load in &shared {
        took(load, calls / 4);
    }
    let [speed] = medians((0..ROUNDS).map(|_| {
        let [theirs, ours] = shared.each_ref().map(|load| took(load, calls));
        [theirs / ours]
    }));
    [speed, cpu, own]
}

/// Milliseconds to one end of the answer: half of the calls and nearly all, there and here, and the difference.
fn in_time(
    runtime: &Runtime,
    kind: Kind,
    prefix: &str,
    places: [&Place; 2],
    end: impl Fn(&Round, usize) -> f64,
) -> [f64; 5] {
    let [theirs, ours] = places.map(|place| Load::new(place.address, prefix, kind));
    let run = |load: &Load, calls| runtime.block_on(load.open(calls));
    let calls = kind.calls();
    run(&theirs, calls / 4);
    run(&ours, calls / 4);
    medians((0..ROUNDS).map(|_| {
        let (theirs, ours) = (run(&theirs, calls), run(&ours, calls));
        let added = end(&ours, 99) - end(&theirs, 99);
        [
            end(&theirs, 50),
            end(&ours, 50),
            end(&theirs, 99),
            end(&ours, 99),
            added,
        ]
    }))
}

/// Of each figure by itself.
fn medians<const N: usize>(rounds: impl Iterator<Item = [f64; N]>) -> [f64; N] {
    let rounds: Vec<_> = rounds.collect();
    std::array::from_fn(|figure| {
        let mut figures: Vec<_> = rounds.iter().map(|round| round[figure]).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    })
}
