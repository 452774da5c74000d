//! What the gateway holds: for each open stream, beside a bare hyper proxy, and after many calls.
//!
//! `cargo bench --bench memory` prints the bytes of an idle stream, and fails where they are more than 8 KiB over those of the
//! bare proxy, a large request that is kept apart; `… -- 1000000` prints the heap after each tenth of so many calls. Servers and upstream are processes of
//! their own. Ten thousand streams want 20,060 file descriptors: with fewer it opens as many as it may.

mod caller;
mod heap;
mod idle;
mod process;
#[path = "../support/raise.rs"]
mod raise;
mod soak;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;

use process::Process;

#[global_allocator]
static ALLOCATOR: heap::Counting = heap::Counting;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().collect();
    let place = |what: &str| arguments.iter().position(|argument| argument == what);
    if let Some(at) = place(process::ARGUMENT) {
        process::serve(
            &arguments[at + 1],
            arguments.get(at + 2).map(String::as_str),
        );
        return ExitCode::SUCCESS;
    }
    if place(raise::RAISED).is_none() {
        return raise::again();
    }
    let upstream = Process::start("upstream", None);
    match arguments.iter().find_map(|argument| argument.parse().ok()) {
        Some(calls) => soak::run(upstream.address, calls),
        None if idle::table(upstream.address) => {}
        None => {
            eprintln!("an idle stream holds over 8 KiB more than in the bare proxy");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
