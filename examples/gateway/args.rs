//! The command line.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use switchtower::keys::MasterKeys;
use switchtower::settle::Durability;

use crate::bill::Bill;
use crate::ledger::Place;

const HELP: &str = "\
A self-hosted OpenRouter.

usage: gateway [--listen ADDRESS] [--providers demo|env | --config FILE] [--ledger FILE|URL|memory]
               [--durability memory|process|power] [--keep DAYS] [--replica NAME] [--release NAME]
               [--prepaid] [--free-models[=MINUTE,DAY,PAID]] [--fee F] [--credit-fee F] [--byok-fee F]

  --listen ADDRESS   where to listen; default 127.0.0.1:8080
  --providers demo   three demo providers on this machine; the default
  --providers env    the real providers whose keys are in the environment
  --config FILE      those of a switchtower.toml; it and its sources are read anew when they change
  --ledger FILE      the SQLite file that keeps the books; default switchtower.db
  --ledger URL       the PostgreSQL database, postgres://…, that keeps the books of several gateways
  --ledger memory    no books once the process ends; the default with the demo providers
  --durability …     what an answer has outlived in the ledger when its caller has seen all of it:
                     memory: nothing; process: kill -9; the default; power: a power failure
  --keep DAYS        forgets what tells of single requests after so long, 2 at least; sums and statements
                     stay; default: for ever
  --replica NAME     which of several gateways this is, if they keep their books together: a name of
                     its own for each, which it has again when it is started again; default local.
                     Over PostgreSQL those that have a name share each budget
  --release NAME     settles what the gateway of this name left when it was killed, as its next start would,
                     and ends: requests that were under way are abandoned, what they held of shared
                     budgets counts as spent, and the rest of what it had claimed is free again
  --prepaid          an account spends what it was given with POST /api/v1/credits, and no more
  --free-models      an account asks models whose names end in `:free` 20 times a minute and 50 times a
                     day, or 1000 once it was given 10 USD; =MINUTE,DAY,PAID are other numbers
  --fee F            what callers pay beside the price of an answer, 0.05 for five in a hundred of it
  --credit-fee F     likewise beside the credits that they are given
  --byok-fee F       likewise of the price of an answer that is asked with a key of their own

SWITCHTOWER_KEY is the key that callers need; without it a random one is made, and only loopback
addresses may be listened on. Who brings SWITCHTOWER_MANAGEMENT_KEY makes more, with POST /api/v1/keys.
SWITCHTOWER_MASTER_KEY, 32 bytes in hexadecimal digits or Base64 (of several the first seals, all open),
lets them bring keys of their own at providers, with POST /api/v1/byok.";

/// What is to be served, and where.
pub(crate) struct Args {
    pub(crate) listen: SocketAddr,
    pub(crate) providers: Providers,
    ledger: Option<Place>,
    pub(crate) durability: Durability,
    pub(crate) keep: Option<Duration>,
    pub(crate) replica: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) bill: Bill,
}

/// Whom does the gateway ask?
pub(crate) enum Providers {
    Demo,
    Env,
    Config(PathBuf),
}

impl Args {
    /// `None` when help was asked for, and given.
    pub(crate) fn read() -> Result<Option<Self>, lexopt::Error> {
        use lexopt::prelude::*;
        let mut args = Self {
            listen: ([127, 0, 0, 1], 8080).into(),
            providers: Providers::Demo,
            ledger: None,
            durability: Durability::default(),
            keep: None,
            replica: None,
            release: None,
            bill: Bill::default(),
        };
        let mut parser = lexopt::Parser::from_env();
        while let Some(arg) = parser.next()? {
            match arg {
                Long("listen") => {
                    let value = parser.value()?.string()?;
                    let found = value.to_socket_addrs().ok().and_then(|mut all| all.next());
                    args.listen = found.ok_or_else(|| {
                        format!(
                            "--listen {value}: not an address and a port, such as 127.0.0.1:8080"
                        )
                    })?;
                }
                Long("ledger") => {
                    let value = parser.value()?;
                    let text = value.to_str().unwrap_or_default();
                    let is_url = ["postgres://", "postgresql://"]
                        .iter()
                        .any(|scheme| text.starts_with(scheme));
                    args.ledger = Some(match text {
                        "memory" => Place::Memory,
                        url if is_url => Place::Postgres(url.to_owned()),
                        _ => Place::File(value.into()),
                    });
                }
                Long("keep") => {
                    let days: u32 = parser.value()?.parse()?;
                    args.keep = Some(Duration::from_secs(u64::from(days) * 86_400));
                }
                Long("replica") => args.replica = Some(parser.value()?.string()?),
                Long("release") => args.release = Some(parser.value()?.string()?),
                Long("durability") => {
                    args.durability = match parser.value()?.string()?.as_str() {
                        "memory" => Durability::Memory,
                        "process" => Durability::Process,
                        "power" => Durability::Power,
                        other => {
                            return Err(format!(
                                "--durability {other}: there are memory, process and power"
                            )
                            .into());
                        }
                    }
                }
                Long("config") => args.providers = Providers::Config(parser.value()?.into()),
                Long("providers") => {
                    args.providers = match parser.value()?.string()?.as_str() {
                        "demo" => Providers::Demo,
                        "env" => Providers::Env,
                        other => {
                            return Err(
                                format!("--providers {other}: there are demo and env").into()
                            );
                        }
                    }
                }
                Short('h') | Long("help") => {
                    println!("{HELP}");
                    return Ok(None);
                }
                Long(name) => {
                    let name = name.to_owned();
                    if !args.bill.read(&name, &mut parser)? {
                        return Err(unknown(Long(&name)));
                    }
                }
                other => return Err(unknown(other)),
            }
        }
        Ok(Some(args))
    }

    /// The key of who makes keys, if anybody may.
    pub(crate) fn management_key() -> Option<String> {
        let key = std::env::var("SWITCHTOWER_MANAGEMENT_KEY").ok()?;
        let key = key.trim().to_owned();
        (!key.is_empty()).then_some(key)
    }

    /// Under which callers' own keys of providers are sealed, if any are taken.
    pub(crate) fn master_keys() -> Result<Option<MasterKeys>, String> {
        let Ok(text) = std::env::var("SWITCHTOWER_MASTER_KEY") else {
            return Ok(None);
        };
        let keys = MasterKeys::parse(&text);
        keys.map(Some)
            .map_err(|why| format!("SWITCHTOWER_MASTER_KEY: {why}"))
    }

    /// Where the books are kept.
    pub(crate) fn ledger(&self) -> Place {
        match (&self.ledger, &self.providers) {
            (Some(place), _) => place.clone(),
            (None, Providers::Demo) => Place::Memory,
            (None, Providers::Env | Providers::Config(_)) => Place::File("switchtower.db".into()),
        }
    }

    /// The caller's key.
    pub(crate) fn key(&self) -> Result<String, String> {
        match std::env::var("SWITCHTOWER_KEY") {
            Ok(key) if !key.trim().is_empty() => Ok(key.trim().to_owned()),
            _ if !self.listen.ip().is_loopback() => Err(format!(
                "{} is open to others: set SWITCHTOWER_KEY to the key that callers need",
                self.listen
            )),
            _ => Ok(random_key()),
        }
    }
}

fn unknown(arg: lexopt::Arg<'_>) -> lexopt::Error {
    format!("{}; see --help", arg.unexpected()).into()
}

/// 256 bits from the operating system, by way of the TLS library that is here anyway.
fn random_key() -> String {
    let mut bytes = [0; 32];
    let provider = rustls::crypto::ring::default_provider();
    provider
        .secure_random
        .fill(&mut bytes)
        .expect("the operating system has randomness");
    bytes.iter().fold("sk-or-v1-".to_owned(), |key, byte| {
        format!("{key}{byte:02x}")
    })
}
