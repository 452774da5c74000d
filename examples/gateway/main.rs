//! A self-hosted OpenRouter in one command.
//!
//! ```text
//! cargo run --example gateway                              three demo providers on this machine
//! cargo run --example gateway -- --providers env           the real ones whose keys are in the environment
//! cargo run --example gateway -- --config switchtower.toml those of a file
//! cargo run --example gateway -- … --ledger ledger.db      the books in this file
//! ```

mod args;
mod bill;
mod demo;
mod ledger;
mod log;
mod watch;

use std::process::ExitCode;
use std::time::SystemTime;

use hyper_rustls::HttpsConnectorBuilder;
use switchtower::catalog::{Catalog, Reloader};
use switchtower::gateway::{self, Gateway};
use switchtower::settle::HasBooks;
use switchtower::{Stack, client};
use tokio::net::TcpListener;

use crate::args::{Args, Providers};

#[tokio::main]
async fn main() -> ExitCode {
    log::init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("gateway: {problem}");
            ExitCode::from(2)
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let Some(args) = Args::read()? else {
        return Ok(());
    };
    if let Some(replica) = &args.release {
        println!("{}", ledger::release(&args.ledger(), replica)?);
        return Ok(());
    }
    let key = args.key()?;
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        format!(
            "cannot listen on {}: {error}; --listen takes another",
            args.listen
        )
    })?;

    // The demo providers live as long as this.
    let mut demo = None;
    let mut reloader = None;
    let catalog = match &args.providers {
        Providers::Demo => demo.insert(demo::Demo::start().await?).catalog()?.into(),
        Providers::Env => Catalog::from_toml_available(
            include_str!("../../switchtower.toml"),
            "switchtower.toml",
            |name| std::env::var(name).ok(),
        )?
        .into(),
        Providers::Config(file) => {
            let opened = Reloader::open(file, SystemTime::now())?;
            reloader.insert(opened).catalog().clone()
        }
    };
    if catalog.is_empty() {
        return Err(match &args.providers {
            Providers::Config(file) => format!("{}: there is no model in it", file.display()),
            _ => "no provider's key is in the environment: set OPENAI_API_KEY, ANTHROPIC_API_KEY, \
                  GEMINI_API_KEY, GROQ_API_KEY, DEEPSEEK_API_KEY, MISTRAL_API_KEY or OPENROUTER_API_KEY"
                .to_owned(),
        }
        .into());
    }

    // Everything between a client and a gateway:
    let tls = HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())?
        .https_or_http()
        .enable_http1()
        .enable_http2()
        .wrap_connector(client::hyper::connector());
    let place = args.ledger();
    let stack = args.bill.of_stack(Stack::new(catalog.clone()));
    // The limits of the catalogue are counted by the books as well.
    let limits = stack.ledger().books().limits().clone();
    let journal = ledger::open(
        &place,
        args.durability,
        (args.replica.as_deref(), args.keep),
        limits,
    )?;
    let stack = stack.with_ledger(journal.clone());
    watch::report(&catalog);
    if !catalog.limits().is_empty() {
        tracing::info!("limits in force: {}", catalog.limits().len());
    }
    if let Some(reloader) = reloader {
        let roster = stack.roster().clone();
        tokio::spawn(watch::watch(reloader, roster, journal.books()));
    }
    let gateway = Gateway::new(stack, client::hyper::over(tls))
        .keys([&key])
        .management_keys(Args::management_key());
    let mut gateway = args.bill.of_gateway(gateway);
    if let Some(masters) = Args::master_keys()? {
        gateway = gateway.master_keys(masters);
    }
    gateway.read_keys().await?;

    // Before anyone is told that we are here: a signal that comes at once must find its handler.
    let mut signal = signals()?;
    let books = ledger::told(&place, &journal);
    greet(
        &catalog,
        listener.local_addr()?,
        &key,
        demo.is_some(),
        &books,
    );
    // It may be replaced, and is then nobody's.
    drop(catalog);
    let (tell, told) = tokio::sync::oneshot::channel();
    let bounds = gateway::Bounds::default();
    let served = gateway::serve(listener, gateway.service(), bounds, async {
        let _ = told.await;
    });
    let signalled = async {
        signal().await;
        let _ = tell.send(());
        // The first lets streams finish, the second does not.
        signal().await;
    };
    // What is settled is stored before the end.
    let closed = async {
        served.await;
        journal.close().await;
    };
    tokio::select! { () = closed => (), () = signalled => () }
    Ok(())
}

/// What a newcomer needs: the address, the key, and something to paste.
fn greet(catalog: &Catalog, address: std::net::SocketAddr, key: &str, demo: bool, books: &str) {
    let model = match catalog.find("anthropic/claude") {
        Some(_) => "anthropic/claude",
        // The newest, as far as the catalogue tells: lists of prices begin with models that nobody serves any more. Of equals
        // the first, which is the last one backwards.
        None => {
            let models = catalog.models().iter().rev();
            let newest = models.max_by_key(|model| (model.created(), model.context_length()));
            newest.map_or("", |model| model.id())
        }
    };
    let names: Vec<_> = catalog
        .providers()
        .iter()
        .map(|provider| provider.name())
        .collect();
    println!("listening on http://{address}/api/v1  (and /v1)");
    println!(
        "{}: {}",
        if demo { "demo providers" } else { "providers" },
        names.join(", ")
    );
    println!("{books}");
    println!("\nexport OPENROUTER_API_KEY={key}\n");
    println!(
        "curl http://{address}/api/v1/chat/completions -H \"Authorization: Bearer $OPENROUTER_API_KEY\" \
         -d '{{\"model\":\"{model}\",\"messages\":[{{\"role\":\"user\",\"content\":\"hi\"}}]}}'\n"
    );
}

/// Ctrl-C, or the SIGTERM of an orchestrator. The handlers are in place when this returns.
#[cfg(unix)]
fn signals() -> std::io::Result<impl AsyncFnMut()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move || {
        tokio::select! { _ = interrupt.recv() => (), _ = terminate.recv() => () }
    })
}

#[cfg(not(unix))]
fn signals() -> std::io::Result<impl AsyncFnMut()> {
    Ok(async || drop(tokio::signal::ctrl_c().await))
}
