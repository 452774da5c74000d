//! A relay between a store and its database, which can be cut, and can freeze.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use switchtower::settle::store::{PostgresSettings, PostgresStore};

use crate::schema::{Schema, server};

/// Between the store and its database: it can be cut, and it can freeze.
pub(crate) struct Relay {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    cut: AtomicBool,
    frozen: AtomicBool,
    /// At what does it freeze?
    at: Mutex<Option<At>>,
    /// Both ends of all that is open, or was.
    ends: Mutex<Vec<TcpStream>>,
}

/// At what does it freeze?
#[derive(Clone, Copy)]
pub(crate) enum At {
    /// The next commit, of which the database does not hear.
    Commit,
    /// The next commit that the database does, and of which nobody hears.
    Committed,
}

// === impl Relay ===

impl Relay {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let relayed = state.clone();
        let server = server();
        let address = server
            .split(['@', '/'])
            .find(|part| part.contains(':') && !part.ends_with(':'));
        let address = address.expect("a host and a port").to_owned();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if relayed.cut.load(Ordering::SeqCst) {
                    continue;
                }
                let database = TcpStream::connect(&address).unwrap();
                let ends = [&client, &database].map(|end| end.try_clone().unwrap());
                relayed.ends.lock().unwrap().extend(ends);
                for (from, to, asks) in [(&client, &database, true), (&database, &client, false)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let state = relayed.clone();
                    thread::spawn(move || state.pass(from, to, asks));
                }
            }
        });
        Self { port, state }
    }

    pub(crate) fn open(&self, schema: &Schema) -> PostgresStore {
        let url = self.url(schema);
        let settings = PostgresSettings::default()
            .patience(Duration::from_secs(1))
            .pause(Duration::from_millis(1));
        PostgresStore::open(&url, settings).unwrap()
    }

    /// The address of the schema, through here.
    pub(crate) fn url(&self, schema: &Schema) -> String {
        let (start, rest) = schema.url.split_once('@').unwrap();
        let rest = rest.split_once('/').unwrap().1;
        format!("{start}@127.0.0.1:{}/{rest}", self.port)
    }

    pub(crate) fn cut(&self, cut: bool) {
        self.state.cut.store(cut, Ordering::SeqCst);
        if cut {
            for end in self.state.ends.lock().unwrap().drain(..) {
                let _ = end.shutdown(Shutdown::Both);
            }
        }
    }

    /// Freezes by itself.
    pub(crate) fn freeze_at(&self, at: At) {
        *self.state.at.lock().unwrap() = Some(at);
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.state.frozen.load(Ordering::SeqCst)
    }

    pub(crate) fn freeze(&self, frozen: bool) {
        self.state.frozen.store(frozen, Ordering::SeqCst);
    }
}

// === impl State ===

impl State {
    fn pass(&self, mut from: TcpStream, mut to: TcpStream, asks: bool) {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut bytes) {
            let commits = asks && bytes[..read].windows(6).any(|word| word == b"COMMIT");
            let at = self.at.lock().unwrap().take_if(|_| commits);
            self.frozen.fetch_or(at.is_some(), Ordering::SeqCst);
            let goes = matches!(at, Some(At::Committed));
            while !goes && self.frozen.load(Ordering::SeqCst) && !self.cut.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            if self.cut.load(Ordering::SeqCst) || to.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }
}
