//! Three equal providers, and a gateway before them.

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use switchtower::catalog::Catalog;
use switchtower::dispatch::deadline::Deadlines;
use switchtower::gateway::{Bounds, Gateway, serve};
use switchtower::standing::{Roster, State};
use switchtower::testing::Upstream;
use switchtower::{Stack, client};
use tokio::net::TcpListener;

use crate::thread::{self, Thread};
use crate::trouble::good;

/// Who answers, in this order; troubles come over the first.
pub(crate) const NAMES: [&str; 3] = ["one", "two", "three"];

/// As whoever knows that their model speaks within a tenth of a second would have them; the defaults are for models that
/// think for a minute.
fn deadlines() -> Deadlines {
    Deadlines {
        headers: Duration::from_secs(2),
        first_token: Duration::from_secs(5),
        fail_over: Duration::from_secs(5),
        idle: Duration::from_secs(5),
        total: Duration::from_secs(30),
        ..Deadlines::default()
    }
}

pub(crate) struct Town {
    pub(crate) gateway: SocketAddr,
    pub(crate) upstreams: Vec<Upstream>,
    roster: Roster,
    // The gateway goes first.
    _threads: [Thread; 2],
}

// === impl Town ===

impl Town {
    pub(crate) fn new() -> Self {
        Self::with(deadlines())
    }

    /// With these deadlines.
    pub(crate) fn with(deadlines: Deadlines) -> Self {
        let (providers, upstreams) = thread::start("providers", |tell, stopped| async move {
            let mut upstreams = Vec::new();
            for (seed, name) in (0..).zip(NAMES) {
                let upstream = Upstream::builder().name(name).seed(seed).start();
                let upstream = upstream.await.unwrap();
                upstream.script(good());
                upstreams.push(upstream);
            }
            let kept = upstreams.clone();
            tell.send(upstreams).unwrap();
            let _ = stopped.await;
            for upstream in kept {
                upstream.shutdown().await;
            }
        });
        let bases: Vec<_> = upstreams.iter().map(Upstream::base_url).collect();
        let catalog = catalog(bases.iter().map(ToString::to_string));
        let (gateway, (address, roster)) =
            thread::start("gateway", move |tell, stopped| async move {
                let stack = Stack::new(catalog).deadlines(deadlines);
                let roster = stack.roster().clone();
                let service = Gateway::new(stack, client::hyper::plain())
                    .keys(["key"])
                    .service();
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send((listener.local_addr().unwrap(), roster)).unwrap();
                serve(listener, service, Bounds::default(), async {
                    drop(stopped.await)
                })
                .await;
            });
        Self {
            gateway: address,
            upstreams,
            roster,
            _threads: [gateway, providers],
        }
    }

    /// Calls that each provider has seen.
    pub(crate) fn calls(&self) -> [u64; 3] {
        std::array::from_fn(|at| self.upstreams[at].calls())
    }

    /// The circuit of the first provider: its state, and its ejections in a row.
    pub(crate) fn circuit(&self) -> (State, u32) {
        let lineup = self.roster.lineup();
        let circuit = lineup
            .circuits(Instant::now())
            .find(|circuit| circuit.tag == NAMES[0]);
        let circuit = circuit.expect("it is in the catalogue");
        (circuit.state, circuit.ejections)
    }
}

/// One model of three providers, whose answers are mended. They have no prices, so that all are drawn as often.
fn catalog(bases: impl Iterator<Item = String>) -> Arc<Catalog> {
    let mut text = String::new();
    for (name, base) in NAMES.iter().zip(bases) {
        let _ = writeln!(text, "providers.{name}.base_url = \"{base}\"");
    }
    text += "[models.\"acme/swift\"]\nrecover = true\n";
    for name in NAMES {
        let _ = writeln!(
            text,
            "[[models.\"acme/swift\".endpoints]]\nprovider = \"{name}\"\nmodel = \"swift\""
        );
    }
    Arc::new(Catalog::from_toml(&text, "bench.toml", |_| None).unwrap())
}
