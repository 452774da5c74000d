//! What a request costs: each layer and the whole stack around a client that answers at once.
//!
//! `cargo bench --bench overhead` prints the table that the README shows. Every figure is the best of
//! many rounds, net of the harness, and stands beside a yardstick from the same run: one borrowed
//! serde_json pass over the same body.

mod client;
mod counting;
mod layers;
mod measure;
mod requests;

use measure::{Cost, Table};

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _context = runtime.enter();
    // `-- profile` does nothing but what a profiler should see: the whole stack, many times.
    if std::env::args().any(|argument| argument == "profile") {
        let body = requests::json(1 << 10);
        (0..20).for_each(|_| {
            layers::stack(&body);
        });
        return;
    }
    let mut table = Table::new();
    for (size, body) in [
        ("1 KB", requests::json(1 << 10)),
        ("100 KB", requests::json(100 << 10)),
    ] {
        let yardstick = measure::of(|| requests::serde_pass(&body));
        table.row(&format!("serde_json pass, {size}"), yardstick, yardstick);
        table.row(
            &format!("View::read, {size}"),
            measure::of(|| requests::view(&body)),
            yardstick,
        );
        let harness = layers::bare(&body);
        for (name, cost) in layers::each(&body) {
            table.row(&format!("{name}, {size}"), cost - harness, yardstick);
        }
        table.row(
            &format!("whole stack, {size}"),
            layers::stack(&body) - harness,
            yardstick,
        );
    }
    let yardstick = measure::of(|| requests::serde_pass(client::EVENT.as_bytes()));
    let events = |count| layers::stream(count);
    let per_event = (events(1001) - events(1)) / 1000;
    table.row("serde_json pass, one event", yardstick, yardstick);
    table.row(
        "whole stack, per event",
        per_event - layers::bare_event(),
        yardstick,
    );
    table.print();
    let _: Cost = per_event;
}
