//! The gateway against a bare hyper reverse proxy that forwards the same bytes.
//!
//! `cargo bench --bench proxy` prints throughput and CPU a call, as ratios to the bare proxy of the same run, and what the
//! gateway adds to the first token under a thousand calls a second. The reader is the least that any gateway costs: it collects and
//! reads what it forwards, and no more. The upstream, the bare proxy, the gateway, the stack without it and the reader have a
//! thread each, and take turns, round by round, so that the noise of the machine falls on all. CPU a call is the figure to
//! trust: throughput is that of callers, upstream and proxy together, where these have two cores to share.
//! The last table is what a SQLite file adds to both ends of an answer, beside the same gateway with its books in memory.
//! `… -- stack` prints the rows with that in their name. `… -- --instructions` counts instructions instead.

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
use load::{Kind, Load, Round};
use place::Place;
use support::{bare, gateway, upstream};
use tokio::runtime::Runtime;

const ROUNDS: usize = 9;

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
    let all = [
        ("gateway", "/api/v1", &gateway),
        ("gateway", "/v1", &gateway),
        ("stack", "/v1", &stack),
    ];

    if let Some(asks) = std::env::args().find_map(|argument| asks(&argument)) {
        let servers = [
            ("/v1", &bare),
            ("/v1", &reader),
            ("/v1", &stack),
            ("/api/v1", &gateway),
        ];
        for (prefix, place) in servers {
            let load = Load::new(place.address, prefix, Kind::Json(1 << 10));
            runtime.block_on(load.closed(asks));
        }
        return;
    }
    if std::env::args().any(|argument| argument == "--instructions") {
        return print_instructions();
    }

    let named = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let wanted = |row: &str| {
        named
            .as_ref()
            .is_none_or(|part| row.contains(part.as_str()))
    };

    let reading = [("reader", "/v1", &reader)];
    println!("| as fast as it goes | throughput ÷ bare | CPU a call ÷ bare | CPU a call |");
    println!("|---|--:|--:|--:|");
    for kind in [Kind::Json(1 << 10), Kind::Json(100 << 10), Kind::Stream] {
        // What it reads is no stream.
        let reading = reading.iter().filter(|_| !matches!(kind, Kind::Stream));
        for &(name, prefix, place) in all.iter().chain(reading) {
            let row = format!("{kind}, {name} `{prefix}`");
            if !wanted(&row) {
                continue;
            }
            let [speed, cpu, own] = at_full_speed(&runtime, kind, prefix, &bare, place);
            println!("| {row} | {speed:.2} | {cpu:.2} | {own:.1} µs |");
        }
    }
    println!();
    println!(
        "| first token at 1,000 calls a second | p50: bare | here | p99: bare | here | added at p99 |"
    );
    println!("|---|--:|--:|--:|--:|--:|");
    let kind = Kind::Short;
    for (name, prefix, place) in all {
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

fn print_instructions() {
    // As they were started.
    let names = ["upstream", "bare", "gateway", "stack", "reader"];
    let counts = match instructions::of_threads(names.len()) {
        Ok(counts) => counts,
        Err(error) => return eprintln!("no instructions: {error}"),
    };
    let bare = counts[1];
    println!("| JSON, 1 KB asked | instructions a call | ÷ bare |");
    println!("|---|--:|--:|");
    for (name, count) in names.iter().zip(&counts).skip(1) {
        println!("| {name} | {count:.0} | {:.2} |", count / bare);
    }
}

/// Throughput and CPU as ratios, and microseconds of CPU a call.
fn at_full_speed(
    runtime: &Runtime,
    kind: Kind,
    prefix: &str,
    bare: &Place,
    here: &Place,
) -> [f64; 3] {
    let [theirs, ours] = [bare, here].map(|place| Load::new(place.address, prefix, kind));
    let run = |place: &Place, load: &Load, calls| {
        let before = place.cpu.nanos();
        let round = runtime.block_on(load.closed(calls));
        let cpu = (place.cpu.nanos() - before) as f64 / f64::from(calls);
        (round.took.as_secs_f64(), cpu)
    };
    let calls = kind.calls();
    // The first round makes the connections.
    run(bare, &theirs, calls / 4);
    run(here, &ours, calls / 4);
    medians((0..ROUNDS).map(|_| {
        let (their_time, their_cpu) = run(bare, &theirs, calls);
        let (our_time, our_cpu) = run(here, &ours, calls);
        [their_time / our_time, our_cpu / their_cpu, our_cpu / 1e3]
    }))
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
