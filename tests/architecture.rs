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
const NOUNS: [&str; 4] = ["catalog", "money", "standing", "wire"];
/// What stands around the chain: the way in, the way out, and the rehearsal.
const EDGES: [&str; 3] = ["client", "gateway", "testing"];

/// Names of files that are a layer, or a part of one.
const SHELL: [&str; 5] = ["layer.rs", "service.rs", "future.rs", "body.rs", "stack.rs"];

/// Files that touch the runtime under another name, and why.
const TOUCHING: [(&str, &str); 10] = [
    ("admit/key.rs", "a layer in one file"),
    (
        "catalog/load.rs",
        "what is loaded without a date has the prices of today",
    ),
    (
        "dispatch/kept.rs",
        "what it takes to ask again is a service and a request",
    ),
    (
        "dispatch/deadline/timer.rs",
        "the one timer of the body and the future",
    ),
    ("early.rs", "a future that several layers share"),
    ("clock.rs", "the only place that reads a clock"),
    (
        "call.rs",
        "a layer that is used alone makes the call that nobody has made",
    ),
    (
        "settle/hold.rs",
        "its drop dates the record, and a drop takes no arguments",
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
const UNMODELLED: [(&str, &str); 7] = [
    (
        "attempt.rs",
        "the one task of the answer writes and reads it",
    ),
    ("call.rs", "the one task of the request writes and reads it"),
    (
        "choose/service.rs",
        "a counter, whose order is nobody's business",
    ),
    ("dispatch/retry/service.rs", "likewise"),
    (
        "gateway/linger.rs",
        "a connection and the bodies that come over it are one task",
    ),
    ("sync.rs", "what the models replace"),
    (
        "testing/upstream/line.rs",
        "a connection and its body are one task",
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
        "self.choose",
        "SettleLayer::new",
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
        if !is_noun || ["lib.rs", "stack.rs"].contains(&&*file.path) {
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

/// Nothing on a request's path is detached from it.
#[test]
fn nothing_is_spawned_on_the_path() {
    for file in files().filter(|file| !EDGES.contains(&file.folder())) {
        for (number, line) in file.code() {
            assert!(!line.contains("spawn"), "{}:{number}: {line}", file.path);
            assert!(
                !line.contains("unbounded"),
                "{}:{number}: everything has a bound",
                file.path
            );
        }
    }
}

/// Two threads at one word: either loom has seen it, or there is a reason why it need not.
#[test]
fn every_word_that_threads_race_for_is_modelled() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let models = fs::read_to_string(manifest.join("tests/loom/main.rs")).unwrap();
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
