//! A server in a process of its own, so that its memory is nobody else's.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use tokio::net::TcpListener;

use crate::heap;
use crate::support::{bare, gateway, upstream};

/// What a process is told that is to serve.
pub(crate) const ARGUMENT: &str = "--serve";

/// A server, which ends when this is dropped.
pub(crate) struct Process {
    child: Child,
    ask: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

/// What a server holds.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) live: isize,
    pub(crate) resident: isize,
}

// === impl Process ===

impl Process {
    pub(crate) fn start(name: &str, upstream: Option<SocketAddr>) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([ARGUMENT, name])
            .args(upstream.map(|address| address.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        Self {
            ask: child.stdin.take(),
            address: line.trim().parse().expect("its address"),
            answers,
            child,
        }
    }

    pub(crate) fn memory(&mut self) -> Memory {
        self.ask.as_mut().unwrap().write_all(b"\n").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let (live, resident) = line.trim().split_once(' ').expect("two figures");
        Memory {
            live: live.parse().unwrap(),
            resident: resident.parse().unwrap(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.ask.take());
        let _ = self.child.wait();
    }
}

/// Serves until nobody is there to ask any more.
pub(crate) fn serve(name: &str, upstream: Option<&str>) {
    let upstream = || upstream.and_then(|address| address.parse().ok()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    println!("{}", listener.local_addr().unwrap());
    match name {
        "upstream" => drop(runtime.spawn(upstream::serve(listener))),
        "bare" => drop(runtime.spawn(bare::serve(listener, upstream()))),
        _ => drop(runtime.spawn(gateway::serve(listener, upstream()))),
    }
    for _ in std::io::stdin().lock().lines() {
        println!("{} {}", heap::live(), heap::resident());
    }
}
