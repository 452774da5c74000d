//! The gateway against a bare hyper reverse proxy that forwards the same bytes.
//!
//! `cargo bench --bench proxy` prints throughput and CPU a call, as ratios to the bare proxy of the same
//! run. The upstream, the bare proxy and the gateway have a thread each, and the two take turns, round
//! by round, so that the noise of the machine falls on both.

mod cpu;
mod load;
mod place;
#[path = "../support/mod.rs"]
mod support;

use load::Kind;
use support::{bare, gateway, upstream};

const ROUNDS: usize = 9;

fn main() {
    let upstream = place::start("upstream", upstream::serve);
    let bare = place::start("bare", move |listener| {
        bare::serve(listener, upstream.address)
    });
    let gateway = place::start("gateway", move |listener| {
        gateway::serve(listener, upstream.address)
    });
    println!(
        "| what | throughput ÷ bare | CPU a call ÷ bare | gateway CPU a call | first token added, p99 |"
    );
    println!("|---|--:|--:|--:|--:|");
    for kind in [
        Kind::Json(1 << 10),
        Kind::Json(100 << 10),
        Kind::Stream(100),
    ] {
        for prefix in ["/api/v1", "/v1"] {
            compare(kind, prefix, &bare, &gateway);
        }
    }
}

fn compare(kind: Kind, prefix: &str, bare: &place::Place, gateway: &place::Place) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let run = |place: &place::Place, calls| {
        let before = place.cpu.nanos();
        let round = runtime.block_on(load::run(place.address, prefix, kind, calls));
        (
            round,
            (place.cpu.nanos() - before) as f64 / f64::from(calls),
        )
    };
    let calls = kind.calls();
    // The first round makes the connections.
    run(bare, calls / 4);
    run(gateway, calls / 4);
    let (mut speed, mut cpu, mut own, mut first) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let (theirs, their_cpu) = run(bare, calls);
        let (ours, our_cpu) = run(gateway, calls);
        speed.push(theirs.took.as_secs_f64() / ours.took.as_secs_f64());
        cpu.push(our_cpu / their_cpu);
        own.push(our_cpu / 1000.0);
        first.push(ours.first_p99.as_secs_f64() * 1e3 - theirs.first_p99.as_secs_f64() * 1e3);
    }
    println!(
        "| {kind}, `{prefix}` | {:.2} | {:.2} | {:.1} µs | {:.2} ms |",
        median(speed),
        median(cpu),
        median(own),
        median(first)
    );
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
