//! Instructions, which repeat where nanoseconds do not: counted by Valgrind in a second run of this program.
//!
//! Valgrind's callgrind writes a file each time [`collected`] returns. So one run counts everything, in the order
//! in which it is measured.

use std::path::Path;
use std::process::{Command, Stdio};

/// What the second run is told.
pub(crate) const ARGUMENT: &str = "--instructions";

/// Only what happens in here is counted.
#[inline(never)]
pub(crate) fn collected(calls: u32, call: &mut dyn FnMut()) {
    (0..calls).for_each(|_| call());
}

/// The count of each measurement of a run of this program, or why there is none.
pub(crate) fn of_this_program() -> Result<Vec<f64>, String> {
    let folder = std::env::temp_dir().join(format!("switchtower-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let counts = run(&folder);
    let _ = std::fs::remove_dir_all(&folder);
    counts
}

fn run(folder: &Path) -> Result<Vec<f64>, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let function = concat!(module_path!(), "::collected");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", "--collect-atstart=no"])
        .arg(format!("--toggle-collect={function}"))
        .arg(format!("--dump-after={function}"))
        .arg(format!(
            "--callgrind-out-file={}",
            folder.join("out").display()
        ))
        .arg(program)
        .arg(ARGUMENT)
        .stdout(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind, which counts instructions, did not start: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("valgrind: {}\n{said}", output.status));
    }
    let counts: Vec<_> = (1..)
        .map_while(|dump| std::fs::read_to_string(folder.join(format!("out.{dump}"))).ok())
        .filter_map(|dump| {
            let total = dump
                .lines()
                .find_map(|line| line.strip_prefix("totals: "))?;
            total.trim().parse().ok()
        })
        .collect();
    if counts.is_empty() {
        return Err(format!("valgrind saw no {function}"));
    }
    Ok(counts)
}
