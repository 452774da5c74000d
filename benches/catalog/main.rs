//! How long it takes to read LiteLLM's whole price map, named by `SWITCHTOWER_LITELLM`, with all of its providers.
//!
//! The yardstick is one serde_json pass over the same bytes, which checks all and keeps nothing. Both are the best of some
//! rounds. `-- --check` fails where it is not read in 100 ms.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde::de::IgnoredAny;
use switchtower::catalog::Catalog;

const ROUNDS: u32 = 30;
const MOST: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    let Some(path) = std::env::var_os("SWITCHTOWER_LITELLM") else {
        println!("SWITCHTOWER_LITELLM names no price map: nothing to be read");
        return ExitCode::SUCCESS;
    };
    let map = std::fs::read(path).expect("SWITCHTOWER_LITELLM names a file");
    let toml = everybody(&map);
    let load = || {
        let files = |_: &str| Ok(map.clone());
        Catalog::from_toml_with(&toml, "switchtower.toml", |_| None, files).expect("a price map")
    };
    let yardstick = best(|| serde_json::from_slice::<IgnoredAny>(&map).expect("JSON"));
    let loaded = best(load);
    let catalog = load();
    println!("{}", catalog.reports()[0]);
    println!("| | ms | × |\n|---|--:|--:|");
    for (name, took) in [
        ("serde_json pass", yardstick),
        ("the map read, merged and built", loaded),
    ] {
        let times = took.as_secs_f64() / yardstick.as_secs_f64();
        println!(
            "| {name}, {} bytes | {:.1} | {times:.1} |",
            map.len(),
            took.as_secs_f64() * 1e3
        );
    }
    let check = std::env::args().any(|argument| argument == "--check");
    if check && loaded > MOST {
        eprintln!("over the limit: {loaded:?} is more than {MOST:?}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn best<T>(mut call: impl FnMut() -> T) -> Duration {
    let round = |_| {
        let began = Instant::now();
        black_box(call());
        began.elapsed()
    };
    (0..ROUNDS).map(round).min().unwrap_or_default()
}

/// A catalogue with every provider of the map, so that no row is skipped for want of one.
fn everybody(map: &[u8]) -> String {
    let rows: serde_json::Map<_, _> = serde_json::from_slice(map).expect("JSON");
    let names = rows
        .values()
        .filter_map(|row| row["litellm_provider"].as_str());
    let is_slug = |name: &&str| {
        name.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    };
    let mut toml = "sources = [\"litellm.json\"]\n".to_owned();
    for name in names.filter(is_slug).collect::<BTreeSet<_>>() {
        let _ = write!(
            toml,
            "[providers.{name}]\nbase_url = \"http://127.0.0.1/\"\nprices_as = [\"{name}\"]\n"
        );
    }
    toml
}
