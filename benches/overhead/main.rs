//! What a request costs: each layer, the whole stack and the gateway around a client that answers at once.
//!
//! `cargo bench --bench overhead` prints the tables of `benches/README.md`. Every figure is net of the harness, and
//! stands beside a yardstick from the same run: one borrowed serde_json pass over the same body; a call of the stack also beside as
//! many instructions that do nothing. Nanoseconds are the
//! best of many rounds; instructions repeat, and want Valgrind. `-- --check` holds instructions and allocations
//! against `limits.toml`, and no time.

mod client;
mod counting;
mod instructions;
mod layers;
mod limits;
mod measure;
mod plans;
mod requests;
#[cfg(target_arch = "x86_64")]
mod straight;
mod table;

use std::process::ExitCode;

use measure::Gauge;
use table::Table;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _context = runtime.enter();
    let told = |what: &str| std::env::args().any(|argument| argument == what);
    if told(instructions::ARGUMENT) {
        tables(&mut Gauge::Instructions);
        return ExitCode::SUCCESS;
    }
    // Nothing but what a profiler should see: the whole stack, many times.
    if told("profile") {
        layers::profile(&requests::small());
        return ExitCode::SUCCESS;
    }
    let check = told("--check");
    let counted = match instructions::of_this_program() {
        Ok(counted) => counted,
        Err(error) => {
            eprintln!("no instructions: {error}");
            if check {
                return ExitCode::FAILURE;
            }
            Vec::new()
        }
    };
    let tables = tables(&mut Gauge::Rest {
        timed: !check,
        instructions: counted.into_iter(),
    });
    for table in &tables {
        println!("{table}");
    }
    if !check {
        return ExitCode::SUCCESS;
    }
    let broken = limits::broken(tables.iter().flat_map(|table| &table.rows));
    for line in &broken {
        eprintln!("over the limit: {line}");
    }
    ExitCode::from(u8::from(!broken.is_empty()))
}

fn tables(gauge: &mut Gauge) -> [Table; 4] {
    [read(gauge), plans(gauge), calls(gauge), events(gauge)]
}

fn read(gauge: &mut Gauge) -> Table {
    let mut table = Table::new("100 KB, read once");
    for (name, body) in requests::corpus() {
        let yardstick = gauge.of(|| requests::serde_pass(&body));
        let view = gauge.of(|| requests::view(&body));
        table.scan(format!("`View::read`, {name}"), body.len(), view, yardstick);
    }
    table
}

fn calls(gauge: &mut Gauge) -> Table {
    let mut table = Table::new("a call");
    for (size, body) in [
        ("1 KB", requests::small()),
        ("100 KB", requests::file("mixed")),
    ] {
        let yardstick = gauge.of(|| requests::serde_pass(&body));
        let harness = layers::bare(gauge, &body);
        table.row(format!("serde_json pass, {size}"), yardstick, yardstick);
        let mut row = |name, cost| table.row(format!("{name}, {size}"), cost - harness, yardstick);
        row("read", layers::read(gauge, &body));
        // The others do not look at the text again.
        if size == "1 KB" {
            for (name, cost) in layers::others(gauge, &body) {
                row(name, cost);
            }
        }
        row("whole stack", layers::stack(gauge, &body));
        #[cfg(target_arch = "x86_64")]
        if size == "1 KB" {
            let cost = gauge.of(straight::run);
            table.row("45,000 instructions in a row", cost, yardstick);
        }
        let cost = layers::gateway(gauge, &body) - harness;
        table.row(format!("gateway, {size}"), cost, yardstick);
    }
    table
}

fn plans(gauge: &mut Gauge) -> Table {
    let mut table = Table::new("a plan of ten endpoints");
    let body = requests::small();
    let yardstick = gauge.of(|| requests::serde_pass(&body));
    table.row("serde_json pass, 1 KB", yardstick, yardstick);
    for (wish, text) in plans::WISHES {
        for models in [5, 5_000] {
            let cost = plans::plan_of(gauge, &body, text, models);
            let wish = if wish.is_empty() {
                ""
            } else {
                &format!(", {wish}")
            };
            table.row(format!("plan{wish}, {models} models"), cost, yardstick);
        }
    }
    table
}

fn events(gauge: &mut Gauge) -> Table {
    let mut table = Table::new("an event of a stream");
    let yardstick = gauge.of(|| requests::serde_pass(client::EVENT.as_bytes()));
    table.row("serde_json pass, an event", yardstick, yardstick);
    for (when, slow) in [("there", false), ("waited for", true)] {
        let [harness, stack, gateway] = layers::event(gauge, slow);
        table.row(
            format!("whole stack, an event {when}"),
            stack - harness,
            yardstick,
        );
        table.row(
            format!("gateway, an event {when}"),
            gateway - harness,
            yardstick,
        );
    }
    table
}
