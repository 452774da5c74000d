//! Runs the examples as their users do: each as a process, the gateway by its command line.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;
use switchtower::catalog::Catalog;
use switchtower::settle::store::{Entry, SqliteSettings, SqliteStore, Store};

#[path = "bill/rows.rs"]
#[allow(dead_code, reason = "others need more of it")]
mod rows;

/// No step of a test takes nearly as long: only a test that fails waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

// === the short ones ===

#[test]
fn every_short_example_runs_to_its_end() {
    let short: [(&str, &[&str]); 7] = [
        (
            "axum",
            &[
                "GET /haiku: Five",
                "data: [DONE]",
                "broken, 400 Bad Request: {",
            ],
        ),
        (
            "custom_gateway",
            &[
                "swift: 200 OK after 2 calls",
                "slow: 400 Bad Request after 2 calls",
            ],
        ),
        (
            "hyper",
            &["acme\"): Failed", "beta\"): Complete\ncharged: 0.0"],
        ),
        (
            "reconcile",
            &[
                "agreed: 3\n",
                "USD in the books only\n",
                "chatcmpl-unheard-of: 0.25 USD on the invoice only\n",
            ],
        ),
        (
            "recover",
            &[
                "\"content\":\"straits.\"",
                "data: [DONE]",
                "\"acme\": Failed(Disconnected)\n\"beta\": Complete",
            ],
        ),
        (
            "reqwest",
            &["data: [DONE]", "acme\"): Failed", "beta\"): Complete"],
        ),
        (
            "tonic",
            &[
                "complete: acme says",
                "stream: \"Points \" \"set",
                "no answer: DeadlineExceeded\nno more of it: DeadlineExceeded",
                "fallback: beta answered, attempt 2",
                "broken off: Unavailable",
            ],
        ),
    ];
    for (name, said) in short {
        let output = Command::new(example(name)).env_clear().output().unwrap();
        assert!(output.status.success(), "{name}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        for part in said {
            assert!(text.contains(part), "{name}: {part:?} is missing: {text}");
        }
    }
}

/// A grant is carried out once, and a name is one order's.
#[test]
fn a_command_gives_credits_once() {
    let folder = std::env::temp_dir().join(format!("switchtower-{}-credits", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let books = folder.join("books.db");
    let credits = |args: &str| {
        let mut command = Command::new(example("credits"));
        let output = command.arg(&books).args(args.split_whitespace()).output();
        let output = output.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    };
    // Nobody would ever spend what was given in a file of another name.
    let (done, said) = credits("acme order-17 100.50");
    assert!(!done && said.contains("there are no books"), "{said}");
    assert!(!books.exists());
    drop(SqliteStore::open(&books, SqliteSettings::default()).unwrap());
    let given = (
        true,
        "order-17: acme has 100.5 USD more\nacme: 100.5 USD given, 0 USD used\n".to_owned(),
    );
    assert_eq!(credits("acme order-17 100.50"), given);
    let (done, said) = credits("acme order-17 100.5");
    assert!(
        done && said.starts_with("order-17: was there already\n"),
        "{said}"
    );
    let (done, said) = credits("other order-17 100.5");
    assert!(!done && said.contains("another credit"), "{said}");
    let (done, said) = credits("acme order-17-a -0.50 typo");
    assert!(
        done && said.ends_with("acme: 100 USD given, 0 USD used\n"),
        "{said}"
    );
    for (args, why) in [
        ("acme order-18 lots", "lots"),
        ("acme order-18 0", "nothing"),
        ("acme order-18", "usage"),
        (
            "acme order-18 9223272.036854775808",
            "cannot be given 9223372.036854775808 USD",
        ),
    ] {
        let (done, said) = credits(args);
        assert!(!done && said.contains(why), "{said}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// The books of some days, beside an invoice of theirs.
#[test]
fn an_invoice_is_compared_with_the_books_of_its_days() {
    let folder = std::env::temp_dir().join(format!("switchtower-{}-invoice", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (books, invoice) = (folder.join("books.db"), folder.join("invoice.csv"));
    std::fs::write(&invoice, "id,cost\nanswer-1,0.5\n").unwrap();
    let reconcile = |provider: &str, days: &[&str]| {
        let mut command = Command::new(example("reconcile"));
        command.arg(&books).arg(provider).arg(&invoice);
        let output = command.args(["id", "cost"]).args(days).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    };
    let (done, said) = reconcile("Acme", &[]);
    assert!(!done && said.contains("there are no books"), "{said}");

    let store = SqliteStore::open(&books, SqliteSettings::default()).unwrap();
    for (number, day) in (0..).zip(["2026-10-31", "2026-11-30", "2026-12-01"]) {
        let row = rows::row(number, rows::noon(day), "key", Some(rows::money("0.5")));
        store.commit(&[Entry::Row(Box::new(row))]).unwrap();
    }
    drop(store);
    let (done, said) = reconcile("Acme", &["2026-11-01", "2026-11-30"]);
    assert!(done && said.starts_with("agreed: 1\nwithin"), "{said}");
    let (done, said) = reconcile("Acme", &[]);
    assert!(
        done && said.contains("answer-2: 0.5 USD in the books only"),
        "{said}"
    );
    for (provider, days, why) in [
        ("acme", &[][..], "no answer of it, but of Acme"),
        ("Acme", &["2026-11-01"], "usage"),
        ("Acme", &["2026-11-01", "2026-11-31"], "2026-11-31"),
    ] {
        let (done, said) = reconcile(provider, days);
        assert!(!done && said.contains(why), "{said}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// What people write by hand, and longer.
#[test]
fn the_wrappers_take_fewer_than_forty_lines() {
    for source in [
        include_str!("../examples/hyper.rs"),
        include_str!("../examples/reqwest.rs"),
    ] {
        let is_code = |line: &&str| !line.is_empty() && !line.starts_with("//");
        let lines = source.lines().map(str::trim).filter(is_code).count();
        assert!(lines < 40, "{lines} lines:\n{source}");
    }
}

// === the plan, explained ===

#[test]
fn the_readme_shows_what_explain_prints() {
    let readme = include_str!("../README.md");
    let command = "cargo run --example explain -- ";
    let (_, rest) = readme.split_once(command).expect("a command");
    let (args, rest) = rest.split_once('\n').unwrap();
    let (_, rest) = rest.split_once("```text\n").expect("its output");
    let (printed, _) = rest.split_once("```").unwrap();
    assert_eq!(explain(args), (Some(0), printed.to_owned()));
}

#[test]
fn a_plan_is_explained_for_its_catalogue_seed_and_failures() {
    let request = Scratch::file(
        "request.json",
        r#"{"model": "anthropic/claude", "messages": [{"role": "user", "content": "hi"}]}"#,
    );
    let firsts = (0..40).map(|seed| {
        let args = format!(
            "--seed {seed} --catalog switchtower.toml {}",
            request.path()
        );
        let (_, text) = explain(&args);
        assert_eq!(explain(&args).1, text, "a seed repeats");
        let first = text.lines().nth(1).map(str::to_owned);
        first.unwrap_or_else(|| panic!("no plan: {text}"))
    });
    assert!(firsts.collect::<BTreeSet<_>>().len() > 1, "a draw");

    let nobody = Scratch::file(
        "nobody.json",
        r#"{"model": "heron", "provider": {"only": ["nobody"]}}"#,
    );
    let (code, text) = explain(nobody.path());
    assert_eq!(code, Some(0));
    assert!(
        text.starts_with("404 ") && text.contains("`provider.only` removed 4"),
        "{text}"
    );
}

#[test]
fn explain_refuses_what_it_cannot_read() {
    for (args, says) in [
        ("", "no request"),
        ("no-such.json", "no-such.json"),
        ("Cargo.toml", "Cargo.toml"),
        ("--catalog README.md examples/explain.json", "README.md:3"),
        ("--fail nobody examples/explain.json", "--fail nobody"),
        ("--seed x examples/explain.json", "x"),
        ("--sed 1 examples/explain.json", "--sed"),
    ] {
        let (code, text) = explain(args);
        assert_eq!(code, Some(2), "{args}: {text}");
        assert_eq!(text.trim_end().lines().count(), 1, "{args}: {text}");
        assert!(
            text.starts_with("explain: ") && text.contains(says),
            "{args}: {text}"
        );
    }
    let (code, help) = explain("--help");
    assert_eq!(code, Some(0));
    for flag in ["--catalog", "--seed", "--fail"] {
        assert!(help.contains(flag), "{help}");
    }
}

/// With these arguments: the exit status, and what was said.
fn explain(args: &str) -> (Option<i32>, String) {
    let mut command = Command::new(example("explain"));
    command.args(args.split_whitespace()).env_clear();
    let output = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

// === what the gateway prints, and what can be pasted ===

#[test]
fn the_address_the_key_and_a_curl_are_printed() {
    let gateway = Gateway::start(&[], &[]);
    assert!(gateway.address.ip().is_loopback());
    assert!(
        gateway
            .greeting
            .contains("demo providers: Thrift, Brisk, Whimsy"),
        "{}",
        gateway.greeting
    );
    let key = gateway.key();
    let random = key
        .strip_prefix("sk-or-v1-")
        .expect("looks like an OpenRouter key");
    assert_eq!(random.len(), 64, "256 bits");
    assert_ne!(
        key,
        Gateway::start(&[], &[]).key(),
        "another one at each start"
    );
}

#[test]
fn the_printed_lines_work_when_pasted() {
    let gateway = Gateway::start(&[], &[]);
    let answer: Value = serde_json::from_str(&gateway.paste(&gateway.curl())).expect("JSON");
    assert!(answer["id"].as_str().unwrap().starts_with("gen-"));
    assert_eq!(answer["model"], "anthropic/claude-sonnet-5.5");
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    let words = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(words.starts_with("Hello!"), "{words}");
    assert!(answer["usage"]["cost"].as_f64().unwrap() > 0.0);
}

#[test]
fn the_printed_curl_streams_when_asked_to() {
    let gateway = Gateway::start(&[], &[]);
    let curl = gateway
        .curl()
        .replacen("-d '{", "-N -d '{\"stream\":true,", 1);
    let answer = gateway.paste(&curl);
    let chunks = chunks(&answer);
    let text: String = chunks
        .iter()
        .filter_map(|c| c["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert!(text.starts_with("Hello!"), "{answer}");
    let finishes = chunks
        .iter()
        .filter_map(|c| c["choices"][0]["finish_reason"].as_str());
    assert_eq!(finishes.collect::<Vec<_>>(), ["stop"], "{answer}");
    let usages = chunks.iter().filter(|c| c["usage"].is_object());
    assert_eq!(usages.count(), 1, "{answer}");
    assert!(answer.trim_end().ends_with("data: [DONE]"), "{answer}");
}

#[test]
fn a_call_is_one_readable_line_in_the_log() {
    let mut gateway = Gateway::start(&[], &[]);
    let answer = gateway.post(r#"{"model":"anthropic/claude","messages":[{"role":"user","content":"hi"}],"provider":{"only":["thrift"]}}"#);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let line = gateway.next_log_line();
    for part in [
        "anthropic/claude-sonnet-5.5",
        "Thrift",
        "1 attempt",
        " in ",
        " out",
        "$0.000",
        "whole after ",
        " ms",
        "gen-",
    ] {
        assert!(line.contains(part), "{part:?} is missing: {line}");
    }
}

#[test]
fn help_is_given_and_is_no_failure() {
    let output = run(&["--help"], &[]);
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    let flags = [
        "--listen",
        "--providers",
        "--config",
        "--ledger",
        "--durability",
    ];
    for flag in flags.into_iter().chain(["SWITCHTOWER_KEY"]) {
        assert!(help.contains(flag), "{help}");
    }
}

/// They were the only part of a catalogue that waited for the next start.
#[test]
fn limits_that_change_hold_from_then_on() {
    let file = Scratch::file("limits.toml", &limited("users", 2));
    let mut gateway = Gateway::start(&["--config", file.path(), "--ledger", "memory"], &[]);
    std::fs::write(file.path(), limited("users", 3)).unwrap();
    while !gateway.next_log_line().contains("limits in force: 1") {}
}

/// Those that could not be set, since the books could not be read at that moment, never were.
#[test]
fn limits_that_could_not_be_set_are_set_as_soon_as_they_can_be() {
    let file = Scratch::file("later-limits.toml", &limited("users", 2));
    let folder = std::env::temp_dir().join(format!("switchtower-{}-later", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let books = folder.join("ledger.db");
    let arguments = ["--config", file.path(), "--ledger", books.to_str().unwrap()];
    let mut gateway = Gateway::start(&arguments, &[]);
    let rename = |sql| {
        let raw = rusqlite::Connection::open(&books).unwrap();
        raw.execute_batch(sql).unwrap();
    };
    rename("ALTER TABLE sums RENAME TO lost");
    std::fs::write(file.path(), limited("others", 2)).unwrap();
    while !gateway.next_log_line().contains("stay as they were") {}
    rename("ALTER TABLE lost RENAME TO sums");
    while !gateway.next_log_line().contains("limits in force: 1") {}
    drop(gateway);
    std::fs::remove_dir_all(&folder).unwrap();
}

// === what it refuses ===

#[test]
fn a_busy_port_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    refused(
        &["--listen", &address],
        &[],
        &["cannot listen on", &address],
    );
}

#[test]
fn books_that_another_process_keeps_are_refused() {
    let folder = std::env::temp_dir().join(format!("switchtower-{}-books", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("ledger.db");
    let file = file.to_str().unwrap();
    let gateway = Gateway::start(&["--ledger", file, "--durability", "power"], &[]);
    assert!(gateway.greeting.contains(file), "{}", gateway.greeting);
    refused(&["--ledger", file], &[], &[file, "another process"]);
    refused(&["--durability", "eternal"], &[], &["eternal", "power"]);
    drop(gateway);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_callers_may_spend_is_said_on_the_command_line() {
    let args = ["--prepaid", "--free-models=2,3,4", "--byok-fee", "0.05"];
    let gateway = Gateway::start(&args, &[]);
    let ask = r#"{"model":"anthropic/claude","messages":[{"role":"user","content":"hi"}]}"#;
    let answer = gateway.post(ask);
    assert!(answer.starts_with("HTTP/1.1 402"), "{answer}");
    let (_, key) = gateway.get("/api/v1/key", &gateway.key());
    let key: Value = serde_json::from_str(&key).expect("JSON");
    let free = &key["data"]["free_model_daily_requests"];
    assert_eq!(free["limit"], 3, "{key}");
    assert_eq!(key["data"]["is_free_tier"], true, "{key}");
    refused(&["--fee", "5"], &[], &["--fee 5", "0.05"]);
    refused(&["--free-models=20"], &[], &["20,50,1000"]);
}

#[test]
fn a_file_that_is_wrong_is_refused_with_its_line_and_field() {
    let file = Scratch::file(
        "wrong.toml",
        "[providers.acme]\nname = \"Acme\"\nbase_url = \"ftp://acme.example\"\n",
    );
    refused(
        &["--config", file.path()],
        &[],
        &[&format!("{}:3", file.path()), "base_url"],
    );
}

#[test]
fn a_file_that_is_no_toml_is_refused_with_its_line() {
    let file = Scratch::file("broken.toml", "[providers.acme]\nname = \n");
    refused(
        &["--config", file.path()],
        &[],
        &[&format!("{}:2", file.path())],
    );
}

#[test]
fn a_file_that_is_not_there_is_refused() {
    refused(&["--config", "no-such.toml"], &[], &["no-such.toml"]);
}

#[test]
fn an_empty_catalogue_is_refused() {
    let file = Scratch::file("empty.toml", "");
    refused(&["--config", file.path()], &[], &[file.path(), "no model"]);
}

#[test]
fn a_named_variable_that_is_not_set_is_refused() {
    let file = Scratch::file(
        "unset.toml",
        "[providers.acme]\nbase_url = \"http://127.0.0.1:9\"\nkey_env = \"ACME_KEY_OF_THIS_TEST\"\n",
    );
    refused(
        &["--config", file.path()],
        &[],
        &[&format!("{}:3", file.path()), "ACME_KEY_OF_THIS_TEST"],
    );
}

#[test]
fn an_unknown_flag_is_refused() {
    refused(&["--lisen", "127.0.0.1:0"], &[], &["--lisen"]);
}

#[test]
fn unknown_providers_are_refused() {
    refused(&["--providers", "all"], &[], &["all", "demo", "env"]);
}

#[test]
fn an_address_that_is_none_is_refused() {
    refused(&["--listen", "8080"], &[], &["8080"]);
}

#[test]
fn to_listen_to_others_needs_a_key() {
    refused(&["--listen", "0.0.0.0:0"], &[], &["SWITCHTOWER_KEY"]);
    refused(
        &["--listen", "0.0.0.0:0"],
        &[("SWITCHTOWER_KEY", "  ")],
        &["SWITCHTOWER_KEY"],
    );
}

#[test]
fn without_any_provider_key_the_environment_is_refused() {
    refused(&["--providers", "env"], &[], &["OPENAI_API_KEY"]);
}

// === what it serves ===

#[test]
fn a_key_in_the_environment_opens_its_provider_only() {
    let gateway = Gateway::start(
        &["--providers", "env"],
        &[("GROQ_API_KEY", "not-a-key"), ("SWITCHTOWER_KEY", "mine")],
    );
    assert!(
        gateway.greeting.contains("\nproviders: Groq\n"),
        "{}",
        gateway.greeting
    );
    let (_, body) = gateway.get("/api/v1/models", "mine");
    let listed: Value = serde_json::from_str(&body).expect("JSON");
    let listed: BTreeSet<_> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].as_str().unwrap().to_owned())
        .collect();

    let all = Catalog::from_toml(include_str!("../switchtower.toml"), "", |_| {
        Some("k".into())
    })
    .unwrap();
    let of_groq = all.models().iter().filter(|model| {
        model
            .endpoints()
            .iter()
            .any(|e| e.provider().slug() == "groq")
    });
    assert_eq!(listed, of_groq.map(|m| m.id().to_owned()).collect());
    assert!(!listed.is_empty() && listed.len() < all.models().len());
}

#[test]
fn the_key_of_the_environment_is_the_one_that_opens() {
    let gateway = Gateway::start(&[], &[("SWITCHTOWER_KEY", "opensesame-1234")]);
    let (head, _) = gateway.get("/v1/models", "opensesame-1234");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let (head, body) = gateway.get("/v1/models", "another");
    assert!(head.starts_with("HTTP/1.1 401"), "{head} {body}");
}

// === how it ends ===

#[test]
fn a_stream_under_way_is_finished_after_sigterm() {
    let mut gateway = Gateway::start(&[], &[]);
    let mut connection = gateway.ask(r#"{"model":"anthropic/claude","stream":true,"messages":[{"role":"user","content":"hi"}],"provider":{"only":["thrift"]}}"#);
    let mut answer = String::new();
    while !answer.contains("\"content\":\"Hello") {
        assert_ne!(connection.read_line(&mut answer).unwrap(), 0, "{answer}");
    }
    gateway.signal("TERM");
    connection
        .read_to_string(&mut answer)
        .expect("the rest of it");
    assert!(answer.contains("\"finish_reason\":\"stop\""), "{answer}");
    assert!(answer.contains("data: [DONE]"), "{answer}");
    assert!(gateway.ended().success());
    assert!(
        TcpStream::connect(gateway.address).is_err(),
        "nobody listens"
    );
}

#[test]
fn idle_connections_do_not_hold_up_the_end() {
    let mut gateway = Gateway::start(&[], &[]);
    let _idle = TcpStream::connect(gateway.address).unwrap();
    gateway.signal("INT");
    assert!(gateway.ended().success());
}

/// A signal that came between the greeting and the first poll of its handler killed the process.
#[test]
fn a_signal_right_after_the_greeting_is_heard() {
    for signal in ["TERM", "INT", "TERM", "INT", "TERM"] {
        let mut gateway = Gateway::start(&[], &[]);
        gateway.signal(signal);
        assert!(gateway.ended().success());
    }
}

#[test]
fn a_killed_gateway_leaves_its_port_free() {
    // Where Linux has room, at an address of its own, so that nobody else is given the port meanwhile.
    let listen = if cfg!(target_os = "linux") {
        "127.0.0.7:0"
    } else {
        "127.0.0.1:0"
    };
    let mut gateway = Gateway::start_on(listen, &[], &[]);
    let _held = gateway.ask(r#"{"model":"anthropic/claude","stream":true,"messages":[]}"#);
    gateway.signal("KILL");
    assert!(!gateway.ended().success());
    let again = Gateway::start_on(&gateway.address.to_string(), &[], &[]);
    assert_eq!(again.address, gateway.address);
}

// === impl Gateway ===

/// A gateway that runs, and is killed when dropped.
struct Gateway {
    child: Child,
    address: SocketAddr,
    greeting: String,
    log: Receiver<String>,
    stderr: Option<ChildStderr>,
}

impl Gateway {
    fn start(args: &[&str], env: &[(&str, &str)]) -> Self {
        Self::start_on("127.0.0.1:0", args, env)
    }

    /// Waits for the greeting, which ends with the curl.
    fn start_on(listen: &str, args: &[&str], env: &[(&str, &str)]) -> Self {
        let first = ["--listen", listen, "--ledger", "memory"];
        let mut child = command(&[&first, args].concat(), env)
            .spawn()
            .expect("the gateway starts");
        let log = lines(child.stdout.take().unwrap());
        let stderr = child.stderr.take();
        let mut gateway = Self {
            child,
            address: ([127, 0, 0, 1], 0).into(),
            greeting: String::new(),
            log,
            stderr,
        };
        loop {
            let Ok(line) = gateway.log.recv_timeout(PATIENCE) else {
                let said = gateway.complaint();
                panic!("no greeting: {said}{}", gateway.greeting);
            };
            if let Some((_, rest)) = line.split_once("listening on http://") {
                let (address, _) = rest.split_once('/').unwrap();
                gateway.address = address.parse().expect("an address");
            }
            gateway.greeting.push_str(&line);
            gateway.greeting.push('\n');
            if line.starts_with("curl ") {
                assert_ne!(gateway.address.port(), 0, "{}", gateway.greeting);
                return gateway;
            }
        }
    }

    fn complaint(&mut self) -> String {
        let _ = self.child.kill();
        let mut said = String::new();
        if let Some(mut stderr) = self.stderr.take() {
            let _ = stderr.read_to_string(&mut said);
        }
        said
    }

    fn line(&self, start: &str) -> String {
        let mut lines = self.greeting.lines();
        lines
            .find(|line| line.starts_with(start))
            .unwrap_or_else(|| panic!("no {start}: {}", self.greeting))
            .to_owned()
    }

    fn curl(&self) -> String {
        self.line("curl ")
    }

    fn key(&self) -> String {
        self.line("export OPENROUTER_API_KEY=")
            .split_once('=')
            .unwrap()
            .1
            .to_owned()
    }

    /// What the shell of a user does with the two lines; without curl, what curl would do.
    fn paste(&self, curl: &str) -> String {
        if Command::new("curl").arg("--version").output().is_err() {
            let data = curl.split_once("-d '").unwrap().1.trim_end_matches('\'');
            let answer = self.post(data);
            return answer.split_once("\r\n\r\n").unwrap().1.to_owned();
        }
        let script = format!("{}\n{curl}", self.line("export "));
        let output = Command::new("sh")
            .args(["-c", &script])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("NO_PROXY", "*")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Posts as a bare `curl -d` does, and gives the connection to read from.
    fn ask(&self, data: &str) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // HTTP/1.0, so that the answer comes unchunked and ends with the connection.
        write!(
            stream,
            "POST /api/v1/chat/completions HTTP/1.0\r\nhost: gateway\r\nauthorization: Bearer {}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{data}",
            self.key(),
            data.len(),
        )
        .unwrap();
        BufReader::new(stream)
    }

    fn post(&self, data: &str) -> String {
        let mut answer = String::new();
        self.ask(data).read_to_string(&mut answer).unwrap();
        answer.replacen("HTTP/1.0", "HTTP/1.1", 1)
    }

    fn get(&self, path: &str, key: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
        (head.to_owned(), body.to_owned())
    }

    fn next_log_line(&mut self) -> String {
        loop {
            let line = self.log.recv_timeout(PATIENCE).expect("a line");
            if !line.is_empty() {
                return line;
            }
        }
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &kill])
                .status()
                .unwrap()
                .success()
        );
    }

    fn ended(&mut self) -> ExitStatus {
        // The log ends with the process.
        while self.log.recv_timeout(PATIENCE).is_ok() {}
        self.child.wait().unwrap()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// === helpers ===

/// It says one line that holds all of `parts`, on stderr, and exits with 2.
#[track_caller]
fn refused(args: &[&str], env: &[(&str, &str)], parts: &[&str]) {
    let output = run(args, env);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} is missing: {said}");
    }
    assert!(output.stdout.is_empty(), "nothing is promised");
}

fn run(args: &[&str], env: &[(&str, &str)]) -> Output {
    // Where it listens by default, something else may.
    let default = if args.contains(&"--listen") {
        &[][..]
    } else {
        &["--listen", "127.0.0.1:0"][..]
    };
    command(&[default, args].concat(), env).output().unwrap()
}

/// The example, with nothing in its environment but `env`: no provider's key above all.
fn command(args: &[&str], env: &[(&str, &str)]) -> Command {
    let mut command = Command::new(example("gateway"));
    command
        .args(args)
        .env_clear()
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// An example's executable: `cargo test` has built it beside this one, `cargo test --test …` has not.
fn example(name: &str) -> PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    let directory = DIRECTORY.get_or_init(|| {
        let own = std::env::current_exe().unwrap();
        let profile = own.parent().and_then(|deps| deps.parent()).unwrap();
        let mut build = Command::new(env!("CARGO"));
        build
            .args(["build", "--quiet", "--examples"])
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        // What cargo tells a test about its package would make build scripts run again.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                build.env_remove(name);
            }
        }
        assert!(build.status().is_ok_and(|status| status.success()));
        profile.join("examples")
    });
    let path = directory.join(name);
    assert!(path.exists(), "no {}", path.display());
    path
}

fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// The chunks of an event stream, `[DONE]` apart.
fn chunks(answer: &str) -> Vec<Value> {
    answer
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .filter(|data| *data != "[DONE]")
        .map(|data| serde_json::from_str(data).expect("JSON"))
        .collect()
}

/// A file of a test, removed with it.
struct Scratch(PathBuf);

impl Scratch {
    fn file(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("switchtower-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A catalogue with one limit of requests.
fn limited(name: &str, limit: u64) -> String {
    format!(
        "[providers.acme]\nbase_url = \"http://127.0.0.1:9/v1\"\n\
         [[models.swift.endpoints]]\nprovider = \"acme\"\nmodel = \"swift\"\n\
         [[limits]]\nname = \"{name}\"\nscope = \"user\"\nunit = \"requests\"\nlimit = {limit}\n"
    )
}
