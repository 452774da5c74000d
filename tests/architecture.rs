//! The rules of the tree, kept by reading it.
//!
//! Stages use nouns, never each other; a file that decides touches no runtime; and the folders tell
//! what happens to a request.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The five verbs, in the order in which they act.
const STAGES: [&str; 5] = ["admit", "choose", "dispatch", "meter", "settle"];
/// What stages share.
const NOUNS: [&str; 7] = [
    "call", "catalog", "keys", "limits", "money", "standing", "wire",
];
/// What stands around the chain: the way in, the way out, and the rehearsal.
const EDGES: [&str; 3] = ["client", "gateway", "testing"];

/// Names of files that are a layer, or a part of one.
const SHELL: [&str; 5] = ["layer.rs", "service.rs", "future.rs", "body.rs", "stack.rs"];

/// Files that touch the runtime under another name, and why.
const TOUCHING: [(&str, &str); 23] = [
    ("admit/key.rs", "a layer in one file"),
    (
        "admit/quota/hold.rs",
        "its drop settles what was taken, and a drop takes no arguments",
    ),
    (
        "catalog/load.rs",
        "what is loaded without a date has the prices of today",
    ),
    (
        "dispatch/kept.rs",
        "what it takes to ask again is a service and a request",
    ),
    (
        "dispatch/recover/watch.rs",
        "what it takes to ask for the rest is a service",
    ),
    (
        "dispatch/deadline/timer.rs",
        "the one timer of the body and the future",
    ),
    ("early.rs", "a future that several layers share"),
    ("clock.rs", "the only place that reads a clock"),
    (
        "woken.rs",
        "polls waits, and asks Tokio whether they heard it",
    ),
    (
        "call/handle.rs",
        "a layer that is used alone makes the call that nobody has made",
    ),
    (
        "settle/hold.rs",
        "its drop dates the record, and a drop takes no arguments",
    ),
    (
        "settle/store/postgres/connect.rs",
        "a connection is a task of the store's own thread",
    ),
    ("settle/store/postgres/runtime.rs", "that thread"),
    (
        "settle/store/postgres/store.rs",
        "it waits for a database, but not for ever",
    ),
    (
        "settle/store/postgres/leases.rs",
        "several statements are on their way at once",
    ),
    ("settle/store/postgres/write.rs", "likewise"),
    (
        "settle/journal/ledger.rs",
        "what was spent before it is opened counts now",
    ),
    (
        "settle/books.rs",
        "what was spent before rules are put in force counts now",
    ),
    (
        "settle/journal/leasing/leases.rs",
        "a lease is spent until it expires, on the clock of the thread that spends it",
    ),
    (
        "settle/journal/slot.rs",
        "the timer of whoever waits for the store",
    ),
    (
        "settle/journal/writer.rs",
        "a thread of its own, which tries again what was set aside",
    ),
    (
        "standing/roster.rs",
        "made from a catalogue alone, it begins now",
    ),
    (
        "meter/judge.rs",
        "asks for the time of the first content only, not once per frame",
    ),
];

/// Nouns that know a stage, and why.
const KNOWING: [(&str, &str, &str); 1] = [(
    "telemetry.rs",
    "settle",
    "the sentence about a record is told where all sentences are; it decides nothing",
)];

/// Files with atomics that no model of `tests/loom` replaces, and why they need none.
const UNMODELLED: [(&str, &str); 11] = [
    (
        "attempt.rs",
        "the one task of the answer writes and reads it",
    ),
    (
        "attempts.rs",
        "the one task of the request writes and reads it",
    ),
    (
        "call/handle.rs",
        "the one task of the request writes and reads it",
    ),
    (
        "choose/service.rs",
        "a counter, whose order is nobody's business",
    ),
    (
        "clock.rs",
        "one word of tests, which nothing else depends on",
    ),
    ("dispatch/retry/service.rs", "likewise"),
    (
        "gateway/linger.rs",
        "a connection and the bodies that come over it are one task",
    ),
    (
        "recovery.rs",
        "the one task of the answer writes and reads it",
    ),
    (
        "standing/density.rs",
        "one word, which nothing else depends on",
    ),
    ("sync.rs", "what the models replace"),
    (
        "testing/upstream/line.rs",
        "a connection and its body are one task",
    ),
];

/// Files with a task, a thread or a channel, and why nothing of them is on a request's path, or has no bound.
const DETACHING: [(&str, &str); 12] = [
    (
        "gateway/blocking.rs",
        "a store blocks: who manages keys waits for a thread that may",
    ),
    (
        "gateway/closing.rs",
        "a channel of one word, the last one: the shutdown",
    ),
    (
        "gateway/keys/fresh.rs",
        "a task a gateway, which ends with it",
    ),
    (
        "gateway/serve.rs",
        "a task a connection, of which there are so many at most",
    ),
    (
        "settle/store/postgres/connect.rs",
        "a task a connection, of which there are few",
    ),
    (
        "settle/store/postgres/runtime.rs",
        "a thread a store, and a channel of one word an answer",
    ),
    (
        "settle/journal/leasing/asker.rs",
        "a thread that ends with the one that writes, which asks it one question at a time",
    ),
    (
        "settle/journal/ledger.rs",
        "one thread, which ends with the last who could write to it",
    ),
    (
        "settle/store/sqlite/checkpoint.rs",
        "a thread a store, which ends with it",
    ),
    (
        "settle/store/sqlite/store.rs",
        "none: whoever asks a store may wait, and lets others in between",
    ),
    (
        "testing/upstream/builder.rs",
        "the rehearsal's provider, which ends with its handle",
    ),
    (
        "testing/upstream/server.rs",
        "likewise, a task a connection",
    ),
];

/// Files with a lock, and why nobody waits behind it.
const LOCKING: [(&str, &str); 36] = [
    (
        "admit/read/idle.rs",
        "for a service to ask, which is as good as a clone",
    ),
    ("attempt.rs", "for a copy or a change of what was found"),
    ("attempts.rs", "for one more attempt, or a look at them"),
    (
        "catalog/load.rs",
        "a cell, at the start and at a reload, by the one who loads",
    ),
    (
        "dispatch/common.rs",
        "for a clone of a service, where somebody is asked again",
    ),
    (
        "dispatch/retry/budget.rs",
        "to find a budget; to make it, once for each provider",
    ),
    (
        "gateway/byok/safe.rs",
        "who manages keys of providers waits for its turn, and nobody else does",
    ),
    (
        "keys/provider_key.rs",
        "to find the standing of an endpoint, or to make it, once",
    ),
    (
        "gateway/keys/blind.rs",
        "for whose limits are to be read again: at a refresh, or a change",
    ),
    (
        "gateway/keys/keeper.rs",
        "who manages keys waits for its turn, and who brings one that nobody knows",
    ),
    (
        "gateway/models/shelf.rs",
        "lists alone: the first to ask for a new catalogue's rows makes them",
    ),
    (
        "gateway/serve.rs",
        "permits, which bound the connections before there is a request",
    ),
    (
        "limits/own.rs",
        "to find the counts of a request, and to change its rules",
    ),
    (
        "limits/shared.rs",
        "to add and take away; several in one order, never while another is waited for",
    ),
    (
        "limits/turn.rs",
        "the thread that writes the books, and who reads what a rule is to begin with, on a thread to wait on",
    ),
    ("limits/values.rs", "to find a count"),
    (
        "recovery.rs",
        "only where an answer broke: when somebody is asked for its rest, and is heard",
    ),
    ("sent.rs", "for a look at the headers that came"),
    (
        "settle/journal/queue.rs",
        "to add an entry, or to take all of them",
    ),
    (
        "settle/journal/ticket.rs",
        "for a word to the one who waits",
    ),
    (
        "settle/journal/leasing/wish.rs",
        "for the claim's one look at its answer, while the one who writes takes it",
    ),
    ("settle/recent.rs", "for one record, or a look at it"),
    (
        "settle/store/sqlite/checkpoint.rs",
        "the one who ends the thread, and the thread",
    ),
    (
        "settle/store/sqlite/store.rs",
        "a store blocks: who asks it has a thread to wait on",
    ),
    (
        "settle/store/memory/store.rs",
        "a store blocks: who asks it has a thread to wait on",
    ),
    (
        "settle/store/names.rs",
        "to take a name or to give it back, at the start and at the end",
    ),
    (
        "settle/store/postgres/pool.rs",
        "whoever asks a store may wait, on a thread of his own",
    ),
    ("settle/store/postgres/pruned.rs", "likewise"),
    (
        "standing/limits/ledger.rs",
        "to add and take away, once at the beginning and at the end of an attempt",
    ),
    (
        "standing/roster.rs",
        "of two new catalogues one comes after the other",
    ),
    ("sync.rs", "what the models replace"),
    ("testing/probe/state.rs", "the rehearsal"),
    ("testing/probe/woken.rs", "the rehearsal"),
    ("testing/upstream/handle.rs", "the rehearsal"),
    ("testing/upstream/state.rs", "the rehearsal"),
    ("testing/watched_store.rs", "likewise"),
];

/// Files in which data waits, with the place of the bound and its name.
const HOLDING: [(&str, &str, &str); 10] = [
    (
        "admit/read/future.rs",
        "admit/read/future.rs",
        "too_large(limit)",
    ),
    ("chunks.rs", "meter/whole.rs", "KEEP"),
    (
        "dispatch/commit/queue.rs",
        "dispatch/commit/future.rs",
        "too_large(this.bounds)",
    ),
    // The events of one frame, which has been cut at their ends.
    ("gateway/retell/stream.rs", "wire/sse/scanner.rs", "LIMIT"),
    // What `commit` has held already.
    (
        "gateway/retell/whole.rs",
        "dispatch/commit/future.rs",
        "too_large(this.bounds)",
    ),
    ("meter/events.rs", "wire/sse/scanner.rs", "LIMIT"),
    ("meter/future.rs", "meter/future.rs", "ERROR_BODY"),
    ("meter/whole.rs", "meter/whole.rs", "KEEP"),
    (
        "settle/journal/aside.rs",
        "settle/journal/writer.rs",
        "is_full",
    ),
    // No more than there are leases.
    (
        "settle/journal/leasing/asks.rs",
        "settle/lease/keeper.rs",
        "self.settings.counters",
    ),
];

#[test]
fn the_folders_tell_the_story() {
    let folders: BTreeSet<String> = fs::read_dir(src())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let known = STAGES.iter().chain(&NOUNS).chain(&EDGES);
    let known: BTreeSet<String> = known.map(|&name| name.to_owned()).collect();
    assert_eq!(folders, known, "a stage, a noun or an edge?");
    assert!(
        STAGES.is_sorted(),
        "the order of acting is the order of the alphabet"
    );

    let lib = fs::read_to_string(src().join("lib.rs")).unwrap();
    let declared: Vec<_> = code(&lib)
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .filter(|name| STAGES.contains(name))
        .map(str::to_owned)
        .collect();
    assert_eq!(declared, STAGES);
}

/// The chain in `stack.rs` stands in the order of the stages, but for `meter`, which is inside
/// `dispatch`, and `settle`, which holds before it charges.
#[test]
fn the_stack_is_in_the_order_in_which_layers_act() {
    let stack = fs::read_to_string(src().join("stack.rs")).unwrap();
    let order = [
        "self.read",
        "self.quota",
        "self.choose",
        "self.settle",
        "self.recover",
        "self.fallback",
        "self.hedge",
        "self.retry",
        "self.gate",
        "self.commit",
        "self.deadline",
        "self.meter",
        "AddressLayer::new",
    ];
    let chain = &stack[stack
        .find("let layers = (")
        .expect("the chain is one tuple")..];
    let lines: Vec<_> = chain.lines().skip(1).take(order.len()).collect();
    for (line, layer) in lines.iter().zip(order) {
        assert!(line.trim().starts_with(layer), "{layer}: {line}");
        assert!(line.contains("// "), "one comment a line: {line}");
    }
}

#[test]
fn what_decides_touches_no_runtime() {
    let touching: BTreeMap<_, _> = TOUCHING.into_iter().collect();
    let mut touched = BTreeSet::new();
    for file in files() {
        if SHELL.contains(&file.name()) || EDGES.contains(&file.folder()) {
            continue;
        }
        let words = [
            "tokio::",
            "tower::",
            "tower_layer::",
            "tower_service::",
            "clock::now",
            "clock::wall",
            "Instant::now",
            "SystemTime::now",
            "poll(self",
            "fastrand::u64(..",
        ];
        for (number, line) in file.code() {
            let Some(word) = words.iter().find(|word| line.contains(**word)) else {
                continue;
            };
            assert!(
                touching.contains_key(&*file.path),
                "{}:{number} decides and touches `{word}`",
                file.path
            );
            touched.insert(file.path.clone());
        }
    }
    let listed: BTreeSet<_> = touching.keys().map(|&path| path.to_owned()).collect();
    assert_eq!(
        touched, listed,
        "what touches nothing any more needs no exemption"
    );
}

#[test]
fn stages_use_nouns_and_never_each_other() {
    for file in files().filter(|file| STAGES.contains(&file.folder())) {
        for (number, line) in file.code() {
            let others = STAGES.iter().chain(&EDGES).chain(&["stack"]);
            for other in others.filter(|other| **other != file.folder()) {
                assert!(!uses(line, other), "{}:{number} uses {other}", file.path);
            }
        }
    }
}

#[test]
fn nouns_know_no_stage() {
    let mut known = BTreeSet::new();
    for file in files() {
        let is_noun = NOUNS.contains(&file.folder()) || file.folder().is_empty();
        if !is_noun || ["lib.rs", "stack.rs", "settings.rs"].contains(&&*file.path) {
            continue;
        }
        for (number, line) in file.code() {
            for stage in STAGES.iter().chain(&EDGES) {
                if !uses(line, stage) {
                    continue;
                }
                let exempt = KNOWING
                    .iter()
                    .any(|(path, of, _)| *path == file.path && of == stage);
                assert!(exempt, "{}:{number} knows {stage}", file.path);
                known.insert(file.path.clone());
            }
        }
    }
    let listed: BTreeSet<_> = KNOWING
        .iter()
        .map(|(path, ..)| (*path).to_owned())
        .collect();
    assert_eq!(
        known, listed,
        "what knows nothing any more needs no exemption"
    );
}

#[test]
fn nobody_of_the_chain_knows_who_is_around_it() {
    for file in files().filter(|file| !EDGES.contains(&file.folder()) && file.path != "lib.rs") {
        for (number, line) in file.code() {
            for edge in EDGES {
                assert!(!uses(line, edge), "{}:{number} uses {edge}", file.path);
            }
        }
    }
}

#[test]
fn a_mod_file_holds_no_code() {
    for file in files().filter(|file| ["mod.rs", "lib.rs"].contains(&file.name())) {
        let code: Vec<_> = file
            .code()
            .map(|(_, line)| line)
            .filter(|line| !line.starts_with('#'))
            .collect();
        for item in code.join(" ").split(';').map(str::trim) {
            let item = item.strip_prefix("pub").unwrap_or(item).trim_start();
            let item = match item.strip_prefix('(') {
                Some(rest) => rest.split_once(')').expect("`pub(…)`").1.trim_start(),
                None => item,
            };
            let is_listing =
                item.is_empty() || item.starts_with("mod ") || item.starts_with("use ");
            assert!(
                is_listing && !(item.starts_with("mod ") && item.contains('{')),
                "{}: `{item}`",
                file.path
            );
        }
    }
}

/// The front page listed an event that was gone, and eight were not on it.
#[test]
fn the_front_page_lists_the_events_that_there_are() {
    let text = |name: &str| fs::read_to_string(src().join(name)).unwrap();
    let (front, telemetry) = (text("lib.rs"), text("telemetry.rs"));
    let told = code(&telemetry).collect::<Vec<_>>().join(" ");
    let told = told.replace("tracing::field::", "");
    let told = told.split("tracing::").skip(1).map(|told| {
        let mut texts = told.split('"').skip(1).step_by(2);
        // What stands where nothing is known is no name.
        let name = texts.find(|text| *text != "-").expect("each has a name");
        name.split(':').next().unwrap().to_owned()
    });
    let told: BTreeSet<_> = told.collect();
    assert!(told.len() > 30, "{told:?}");
    let (_, listed) = front.split_once("//! # Events").unwrap();
    let (listed, _) = listed.split_once("//! # Features").unwrap();
    for name in &told {
        assert!(listed.contains(&format!("`{name}")), "{name} is not listed");
    }
    let rows = listed.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("//! | `")?.split_once('`')?;
        Some(name.trim_end_matches('…'))
    });
    for name in rows {
        assert!(telemetry.contains(&format!("\"{name}")), "{name} is gone");
    }
}

#[test]
fn files_are_short() {
    let mut lengths: Vec<_> = files()
        .map(|file| (file.text.lines().count(), file.path))
        .collect();
    lengths.sort();
    let (longest, path) = lengths.last().unwrap();
    assert!(*longest <= 400, "{path} has {longest} lines");
    let (median, _) = lengths[lengths.len() / 2];
    assert!(
        median <= 120,
        "half of all files have more than {median} lines"
    );
}

/// Its docs and its empty lines apart: it is read as a whole.
#[test]
fn the_stack_fits_on_a_page_or_two() {
    let stack = files().find(|file| file.path == "stack.rs").unwrap();
    assert!(stack.code().count() < 150);
}

#[test]
fn a_layer_is_where_it_is_looked_for() {
    let paths: BTreeSet<_> = files().map(|file| file.path).collect();
    for path in paths.iter().filter(|path| path.ends_with("/layer.rs")) {
        for part in ["service.rs", "mod.rs"] {
            let part = path.replace("layer.rs", part);
            assert!(paths.contains(&part), "{part} belongs to {path}");
        }
    }
}

/// Nothing on a request's path is detached from it, and nothing that waits there is without a bound.
#[test]
fn nothing_is_spawned_on_the_path() {
    let words = [
        "spawn",
        "unbounded",
        "JoinSet",
        "JoinHandle",
        "FuturesUnordered",
        "block_on",
        "thread::",
        "mpsc",
        "channel(",
    ];
    let found = files_with(&words, |file, number, line| {
        assert!(
            !line.contains("unbounded"),
            "{}:{number}: everything has a bound",
            file.path
        );
    });
    // A handle is held, nothing is spawned.
    let found = found
        .into_iter()
        .filter(|path| path != "testing/upstream/handle.rs");
    assert_listed(
        found,
        DETACHING.map(|(path, _)| path),
        "a task or a channel?",
    );
}

/// A guard that lives across an await would be kept by whoever is not polled; clippy denies that. Here: whoever polls has no
/// lock at all, so that none is held while something else is polled.
#[test]
fn whoever_polls_holds_no_lock() {
    let words = ["Mutex", "RwLock", "RefCell", "Semaphore"];
    let found = files_with(&words, |file, number, line| {
        let is_shell = SHELL.contains(&file.name()) && file.folder() != "testing";
        assert!(!is_shell, "{}:{number} polls and locks: {line}", file.path);
    });
    for file in files().filter(|file| found.contains(&file.path)) {
        // The lock of the keys is made to be waited for.
        let waits = [
            "gateway/serve.rs",
            "gateway/keys/keeper.rs",
            "gateway/byok/safe.rs",
        ];
        if file.folder() == "testing" || waits.contains(&&*file.path) {
            continue;
        }
        for (number, line) in file.code() {
            let polls = [".await", "poll(", "poll_frame("]
                .iter()
                .any(|word| line.contains(word));
            assert!(!polls, "{}:{number} locks and polls: {line}", file.path);
        }
    }
    assert_listed(found, LOCKING.map(|(path, _)| path), "a lock?");
}

/// Whatever is kept until something else has come is kept within a bound.
#[test]
fn whatever_waits_has_a_bound() {
    let words = [
        "VecDeque",
        "BytesMut",
        "Chunks",
        "LinkedList",
        ".collect().await",
        ".to_bytes()",
    ];
    let found = files_with(&words, |_, _, _| {});
    let found = found
        .into_iter()
        .filter(|path| !path.starts_with("testing/"));
    assert_listed(found, HOLDING.map(|(path, ..)| path), "data that waits?");
    for (path, place, bound) in HOLDING {
        let place = files().find(|file| file.path == place).expect(place);
        let named = place.code().any(|(_, line)| line.contains(bound));
        assert!(
            named,
            "{path} is bounded by {bound}, which {} has not",
            place.path
        );
    }
}

/// Each layer runs under the probe, and each body of one.
#[test]
fn every_layer_is_under_contract() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let contract = fs::read_to_string(manifest.join("tests/contract.rs")).unwrap();
    let list = |of: &str| {
        let from = contract.find(&format!("\n{of}! {{")).expect(of);
        let list = &contract[from..];
        list[..list.find("\n}").expect("an end")].to_owned()
    };
    let (services, bodies) = (list("service_contract"), list("body_contract"));
    let mut layers = BTreeSet::new();
    for file in files().filter(|file| !EDGES.contains(&file.folder())) {
        let declared = file.code().filter_map(|(_, line)| {
            let name = line.strip_prefix("pub struct ")?;
            let name = name
                .split(|letter: char| !letter.is_alphanumeric())
                .next()?;
            name.ends_with("Layer").then(|| name.to_owned())
        });
        for layer in declared {
            let called = format!("{layer}::");
            assert!(services.contains(&called), "{layer} is not under contract");
            let body = src().join(&file.path).with_file_name("body.rs");
            assert!(
                file.name() != "layer.rs" || !body.exists() || bodies.contains(&called),
                "the body of {layer} is not under contract"
            );
            layers.insert(layer);
        }
    }
    let stack = files().find(|file| file.path == "stack.rs").unwrap();
    let words = stack.code().flat_map(|(_, line)| {
        line.split(|letter: char| !letter.is_alphanumeric())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    let used: BTreeSet<_> = words
        .filter(|word| word.len() > 5 && word.ends_with("Layer"))
        .collect();
    assert!(
        used.is_subset(&layers),
        "{used:?} are used, {layers:?} are known"
    );
    assert!(used.len() >= 10, "{used:?}");
}

/// Two threads at one word: either loom has seen it, or there is a reason why it need not.
#[test]
fn every_word_that_threads_race_for_is_modelled() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let models = fs::read_dir(manifest.join("tests/loom")).unwrap();
    let models = models.map(|model| fs::read_to_string(model.unwrap().path()).unwrap());
    let models: String = models.collect();
    let mut unmodelled = BTreeSet::new();
    for file in files() {
        let replaced = file.code().any(|(_, line)| line.contains("crate::sync::"));
        let own = file.code().any(|(_, line)| line.contains("Atomic"));
        assert!(
            !replaced || models.contains(&format!("src/{}", file.path)),
            "{} needs a model in tests/loom",
            file.path
        );
        if own && !replaced {
            unmodelled.insert(file.path);
        }
    }
    let listed: BTreeSet<_> = UNMODELLED
        .iter()
        .map(|(path, _)| (*path).to_owned())
        .collect();
    assert_eq!(unmodelled, listed, "a word that threads race for?");
}

// === Helpers ===

/// The files in whose code one of these words is; each such line is looked at.
fn files_with(words: &[&str], look: impl Fn(&File, usize, &str)) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in files() {
        for (number, line) in file.code() {
            if words.iter().any(|word| line.contains(word)) {
                look(&file, number, line);
                found.insert(file.path.clone());
            }
        }
    }
    found
}

/// All of them are listed, and what is listed is among them.
fn assert_listed<const N: usize>(
    found: impl IntoIterator<Item = String>,
    listed: [&str; N],
    question: &str,
) {
    let found: BTreeSet<_> = found.into_iter().collect();
    let listed: BTreeSet<_> = listed.map(str::to_owned).into();
    assert_eq!(found, listed, "{question}");
}

struct File {
    /// Within `src`, with slashes.
    path: String,
    text: String,
}

// === impl File ===

impl File {
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }

    /// The folder of `src` that it is in; empty at the root.
    fn folder(&self) -> &str {
        self.path.split_once('/').map_or("", |(folder, _)| folder)
    }

    /// Its lines of code, trimmed, with their numbers.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().map(str::trim).enumerate();
        lines
            .map(|(number, line)| (number + 1, line))
            .filter(|(_, line)| is_code(line))
    }
}

fn is_code(line: &str) -> bool {
    !line.is_empty() && !line.starts_with("//")
}

fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| is_code(line))
}

/// Does this line name that module of the crate?
fn uses(line: &str, module: &str) -> bool {
    let path = format!("crate::{module}");
    line.match_indices(&path).any(|(at, _)| {
        let next = line[at + path.len()..].chars().next();
        next.is_none_or(|next| !next.is_alphanumeric() && next != '_')
    })
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files() -> impl Iterator<Item = File> {
    let mut files = Vec::new();
    let mut folders = vec![src()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let within = path.strip_prefix(src()).unwrap();
                let parts: Vec<_> = within.iter().map(|part| part.to_str().unwrap()).collect();
                files.push(File {
                    path: parts.join("/"),
                    text: fs::read_to_string(&path).unwrap(),
                });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.into_iter()
}
