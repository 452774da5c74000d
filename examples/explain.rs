//! Who would be asked, in which order, and why: the plan of a request, without asking anyone.
//!
//! ```text
//! cargo run --example explain -- examples/explain.json
//! cargo run --example explain -- --catalog switchtower.toml --fail groq request.json
//! ```

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use switchtower::catalog::{Catalog, Endpoint};
use switchtower::choose::{Ask, plan};
use switchtower::standing::{Lineup, Roster};
use switchtower::{BoxError, Payload, Plan, Price};

const HELP: &str = "\
Explains who would be asked for a chat completion, in which order, and why. Nobody is asked.

usage: explain [--catalog FILE] [--seed NUMBER] [--fail ENDPOINT]... REQUEST

  REQUEST           a file with the JSON of a request; - reads it from the standard input
  --catalog FILE    a switchtower.toml; default examples/catalog.toml. No key is needed
  --seed NUMBER     another draw; default 1
  --fail ENDPOINT   let it have failed just now, by its tag (acme) or its key (swift@acme)";

struct Args {
    request: String,
    catalog: Option<PathBuf>,
    seed: u64,
    failing: Vec<String>,
}

fn main() -> ExitCode {
    match run() {
        Ok(explained) => {
            print!("{explained}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("explain: {problem}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<String, BoxError> {
    let Some(args) = Args::read()? else {
        return Ok(format!("{HELP}\n"));
    };
    let payload = match &*args.request {
        "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            text
        }
        file => std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?,
    };
    let payload = Payload::read(payload).map_err(|error| format!("{}: {error}", args.request))?;

    // Keys are not needed to plan, so that every name has one, and no endpoint is left out.
    let env = |_: &str| Some("none".to_owned());
    let catalog = match &args.catalog {
        Some(file) => {
            let text = std::fs::read_to_string(file);
            let text = text.map_err(|error| format!("{}: {error}", file.display()))?;
            Catalog::from_toml(&text, &file.display().to_string(), env)?
        }
        None => {
            let text = include_str!("catalog.toml")
                .replace("{acme}", "https://api.acme.example/v1")
                .replace("{beta}", "https://api.beta.example/v1");
            Catalog::from_toml(&text, "examples/catalog.toml", env)?
        }
    };
    let (lineup, now) = (Roster::from(Arc::new(catalog)).lineup(), Instant::now());
    for name in &args.failing {
        fail(&lineup, name, now)?;
    }
    let ask = Ask::new(&payload, args.seed, now).wall(SystemTime::now());
    Ok(match plan(&ask, &lineup) {
        Ok(plan) => told(&plan),
        Err(refusal) => format!("{}: {refusal}\n", refusal.status()),
    })
}

/// Lets an endpoint have failed just now.
fn fail(lineup: &Lineup, name: &str, now: Instant) -> Result<(), BoxError> {
    let is_meant = |endpoint: &Endpoint| [endpoint.tag(), endpoint.key()].contains(&name);
    let mut known = false;
    for (endpoint, standing) in lineup.endpoints() {
        if is_meant(endpoint) {
            standing.failed(now);
            known = true;
        }
    }
    match known {
        true => Ok(()),
        false => Err(format!("--fail {name}: there is no such endpoint").into()),
    }
}

fn told(plan: &Plan) -> String {
    let mut rows = vec![["", "endpoint", "in + out, USD/M", "because"].map(str::to_owned)];
    for (place, candidate) in plan.candidates.iter().enumerate() {
        rows.push([
            (place + 1).to_string(),
            candidate.endpoint.key().to_owned(),
            price(&candidate.endpoint),
            candidate.reason.to_string(),
        ]);
    }
    for rejected in &plan.rejected {
        rows.push([
            "-".to_owned(),
            rejected.endpoint.key().to_owned(),
            price(&rejected.endpoint),
            format!("removed by {}", rejected.filter.field()),
        ]);
    }
    table(&rows)
}

fn price(endpoint: &Endpoint) -> String {
    let million = |price: Option<Price>| {
        let price = price.map(|price| price.times(1_000_000).to_string());
        price.unwrap_or_else(|| "?".to_owned())
    };
    let prices = endpoint.prices();
    format!(
        "{} + {}",
        million(prices.prompt()),
        million(prices.completion())
    )
}

/// Columns as wide as their longest entry.
fn table(rows: &[[String; 4]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<_> = (0..4).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &[String; 4]| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<_> = cells
            .map(|(cell, &width)| format!("{cell:width$}"))
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

impl Args {
    /// `None` when help was asked for.
    fn read() -> Result<Option<Self>, BoxError> {
        use lexopt::prelude::*;
        let (mut request, mut catalog, mut seed, mut failing) = (None, None, 1, Vec::new());
        let mut parser = lexopt::Parser::from_env();
        while let Some(arg) = parser.next()? {
            match arg {
                Long("catalog") => catalog = Some(parser.value()?.into()),
                Long("seed") => seed = parser.value()?.parse()?,
                Long("fail") => failing.push(parser.value()?.string()?),
                Short('h') | Long("help") => return Ok(None),
                Value(file) if request.is_none() => request = Some(file.string()?),
                other => return Err(format!("{}; see --help", other.unexpected()).into()),
            }
        }
        let request =
            request.ok_or("no request: name a file, or - for the standard input; see --help")?;
        Ok(Some(Self {
            request,
            catalog,
            seed,
            failing,
        }))
    }
}
